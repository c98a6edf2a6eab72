"""Many copies of one model, trained at once from different seeds.

One template model is traced. Each variable of the template has a partner that holds the
values of all replicas along a first axis. A step of the replicas maps the template's
step over these values, and the same engine repeats it as repeats any model's step.
"""

import copy
import functools
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import backend, initializers, registry, tree
from .callbacks import History
from .callbacks.logs import EACH
from .callbacks.monitor import Monitor
from .data import unpack_x_y_sample_weight
from .graph import KerasTensor, infer_call
from .layers.owner import unique
from .models import Model, clone_model
from .optimizers import Optimizer
from .random import default_generator
from .saving.atomic import replacing
from .training import Trainer
from .training.preparing import Preparation
from .training.step_function import step_function
from .training.trainer import logs_as
from .utils.seeding import seeded
from .variable import Variable, functional

__all__ = ["Replicas"]

RATE = "_learning_rate"  # the optimizer's attribute


class Replicas(Trainer):
    """Copies of a model that differ by their seeds, trained in one vectorised program.

    They have a model's `compile`, `fit`, `evaluate` and `predict`. Replica i begins
    with the weights that the model has after `keras.utils.set_random_seed(seeds[i])`,
    and takes the steps it would take alone. All see the same batches.

    Args:
        model: the model to copy, whose own weights are not used; or a function without
            arguments that makes a model.
        n: how many replicas.
        seeds: list of `n` integers; default: drawn.
        hyperparameters: dict of lists with a number for each replica. `"learning_rate"`
            and other names are attributes of the optimizer, `"dropout.rate"` or
            `"dense.kernel_regularizer.l2"` of a layer. They may be used in arithmetic
            only: what decides which code runs is the same for all.

    Attributes:
        model: the template; its weights are not used. Freeze layers here.
        seeds, hyperparameters: as given.

    Raises:
        ValueError: if a number or length is wrong, or a hyper-parameter is not there.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> replicas = keras.Replicas(model, 3, seeds=[0, 1, 2])
        >>> replicas.compile("sgd", "mse")
        >>> _ = replicas.fit(np.ones((4, 1)), np.ones(4), epochs=2, verbose=0)
        >>> replicas.predict(np.ones((5, 1)), verbose=0).shape
        (3, 5, 1)
    """

    history: Any = None

    def __init__(
        self,
        model: Model | Callable[[], Model],
        n: int,
        seeds: Sequence[int] | None = None,
        hyperparameters: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        if n is True or not isinstance(n, (int, np.integer)) or n < 1:
            raise ValueError(f"`n` must be a positive integer, got {n!r}.")
        if not callable(model):
            raise ValueError(
                f"`model` must be a model or a function that makes one, got {model!r}."
            )
        self.n = int(n)
        if seeds is None:
            seeds = [initializers.draw_seed() for _ in range(n)]
        self.seeds = [int(seed) for seed in self._one_each("seeds", seeds)]
        self.hyperparameters = {
            name: [float(x) for x in self._one_each(f"hyperparameters[{name!r}]", row)]
            for name, row in (hyperparameters or {}).items()
        }
        is_model = isinstance(model, Model)
        self._make = functools.partial(clone_model, model) if is_model else model  # type: ignore[arg-type]
        with seeded(self.seeds[0]):
            self.model = self._make()
        if not isinstance(self.model, Model):
            raise ValueError(f"`model` must make a Model, but made {self.model!r}.")
        self.built = False
        self._pairs: list[tuple[Variable, Variable]] = []  # template's, replicas'
        self._places: dict[str, tuple[Any, str, Variable]] = {}
        if self.model.built:
            self._draw()

    def _one_each(self, name: str, given: Any) -> list[Any]:
        if isinstance(given, str) or not hasattr(given, "__len__"):
            raise ValueError(f"`{name}` must be a list, got {given!r}.")
        if len(given) != self.n:
            raise ValueError(
                f"`{name}` has {len(given)} entries, but there are {self.n} replicas: "
                "give one for each."
            )
        return list(given)

    # --- variables --------------------------------------------------------------------

    def _stacked(self, variables: Sequence[Variable]) -> list[Variable]:
        """The partners of the template's variables.

        A learning rate that all have in common is its own partner.
        """
        known = {id(v): partner for v, partner in self._pairs}
        if self.built:
            known[id(default_generator().state)] = self._noise
        for v in variables:
            if id(v) not in known:
                known[id(v)] = self._pair(v, np.stack([v.numpy()] * self.n))
            known[id(v)].trainable = v.trainable
        return [known[id(v)] for v in variables]

    def _pair(self, variable: Variable, values: Any) -> Variable:
        name, dtype = variable.name, variable.dtype
        partner = Variable(values, dtype=dtype, autocast=False, name=name)
        partner.path, partner.trainable = variable.path, variable.trainable
        self._pairs.append((variable, partner))
        return partner

    @property
    def trainable_variables(self) -> list[Variable]:
        """What is trained; the first axis counts replicas, as in the next ones."""
        return self._stacked(self.model.trainable_variables)

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The model's other variables, and the hyper-parameters."""
        rest = [default_generator().state, *self._numbers()]
        return self._stacked([*self.model.non_trainable_variables, *rest])

    @property
    def variables(self) -> list[Variable]:
        """All of them."""
        return [*self.trainable_variables, *self.non_trainable_variables]

    @property
    def metrics(self) -> list[Any]:
        """The template's metrics."""
        return self.model.metrics

    @property
    def metrics_variables(self) -> list[Variable]:
        """The metrics' variables."""
        return self._stacked(self.model.metrics_variables)

    def get_weights(self) -> list[np.ndarray]:
        """Return the weights as NumPy arrays, whose first axis counts replicas."""
        return [v.numpy() for v in self._stacked(self.model.weights)]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Assign the weights, in the order of `get_weights`."""
        for variable, x in zip(self._stacked(self.model.weights), weights, strict=True):
            variable.assign(x)

    def _draw(self, data: Any = None) -> None:
        """Give each replica the first weights of its seed."""
        if self.built:
            return
        if not self.model.built:
            Preparation.build_model(self.model, data)
        rows = [self._first_values(seed, data) for seed in self.seeds]
        shapes = [v.shape for v in self.model.variables]
        if any([x.shape for x in row[:-1]] != shapes for row in rows):
            raise ValueError(
                "The function that makes the models must make them all alike, but "
                "their weights differ in number or shape."
            )
        *columns, noise = map(np.stack, zip(*rows))
        for variable, values in zip(self.model.variables, columns):
            self._pair(variable, values)
        self._noise = Variable(noise, trainable=False, name="noise")
        self.built = True

    def _first_values(self, seed: int, data: Any) -> list[np.ndarray]:
        with seeded(seed):
            model = self._make()
            if not model.built:
                Preparation.build_model(model, data)
            return [v.numpy() for v in (*model.variables, default_generator().state)]

    # --- hyper-parameters -------------------------------------------------------------

    def _find_hyperparameters(self) -> None:
        self._places = {}
        for name, values in self.hyperparameters.items():
            owner, attribute = _place(self.model, name)
            number = vars(owner)[attribute]
            if attribute != RATE:  # that is a variable already
                number = Variable(float(number), trainable=False, name=attribute)
                self._places[name] = owner, attribute, number
            self._pair(number, np.array(values))
        known = {id(v) for v, _ in self._pairs}
        for v in getattr(self.model.optimizer, "variables", ()):
            if v.name == "learning_rate" and id(v) not in known:
                self._pairs.append((v, v))  # common to all: callbacks may set it

    def _numbers(self) -> list[Variable]:
        """What stands in the template for numbers that differ between replicas."""
        return [v for _, _, v in self._places.values()]

    @contextmanager
    def _single(self) -> Iterator[None]:
        """Let the template have the hyper-parameters of one replica."""
        places = list(self._places.values())
        before = [vars(owner)[attribute] for owner, attribute, _ in places]
        try:
            for owner, attribute, variable in places:
                vars(owner)[attribute] = variable.value
            yield
        finally:
            for (owner, attribute, _), value in zip(places, before):
                vars(owner)[attribute] = value

    def _check_hyperparameters(self, batch: Any) -> None:
        """Raise if a step does not read one, or needs to know its value."""
        step = step_function(self.model, "train")
        for name, (owner, attribute, variable) in self._places.items():
            symbol = KerasTensor((), variable.dtype)
            before = vars(owner).pop(attribute)

            def traced(value: Any, *batch: Any, place: Any = (owner, attribute)) -> Any:
                vars(place[0])[place[1]] = value
                return step(batch)

            try:
                missed = _failure(lambda *batch: step(batch), *batch)
                error = _failure(traced, symbol, *batch)
            finally:
                vars(owner)[attribute] = before
            if missed is None or error is not None:
                why = "whose value decides which code runs, or is needed by Python"
                if missed is None:
                    why = "which no training step reads"
                raise ValueError(
                    f"`hyperparameters` has {name!r}, {why}: it cannot differ between "
                    "the replicas of one program."
                ) from error

    # --- steps ------------------------------------------------------------------------

    def _map(
        self, fn: Callable[..., Any], known: Sequence[Variable], *args: Any
    ) -> Any:
        """Run `fn`, code on the template's variables, for all replicas at once."""
        known = unique([*known, default_generator().state, *self._numbers()])
        partners = self._stacked(known)
        axes = [None if p is v else 0 for v, p in zip(known, partners)]
        changed: list[int] = []

        def run(*args: Any) -> Any:
            with self._single():
                return fn(*args)

        pure = functional(run, known)

        def one(values: list[Any], args: Any) -> Any:
            result, new = pure(values, *args)
            pairs = enumerate(zip(values, new))
            changed[:] = [i for i, (before, after) in pairs if after is not before]
            return _arrays(result), [new[i] for i in changed]

        values = [p.value for p in partners]
        result, new = backend.vmap(one, in_axes=(axes, None))(values, args)
        for i, value in zip(changed, new):
            partners[i].assign(value)
        return result

    def _step(self, kind: str, data: Any) -> Any:
        batch = unpack_x_y_sample_weight(data)
        return self._map(
            step_function(self.model, kind), _state(self.model, kind), batch
        )

    def train_step(self, data: Any) -> dict[str, Any]:
        """Train all replicas on one batch."""
        return _with_means(self._step("train", data))

    def test_step(self, data: Any) -> dict[str, Any]:
        """Evaluate all replicas on one batch."""
        return _with_means(self._step("test", data))

    def predict_step(self, data: Any) -> Any:
        """Return the outputs for one batch; their second axis counts replicas."""
        return tree.map_structure(_swapped, self._step("predict", data))

    def get_metrics_result(self) -> dict[str, Any]:
        """Return each metric's mean over replicas and, as `..._each`, its values."""
        model = self.model
        return _with_means(self._map(model.get_metrics_result, model.metrics_variables))

    def reset_metrics(self) -> None:
        """Begin all metrics anew."""
        self._map(self.model.reset_metrics, self.model.metrics_variables)

    def _has_own_logs(self, kind: str) -> bool:
        return self.model._has_own_logs(kind)

    def _clear_losses(self) -> None:
        """Nothing: the template clears its own."""

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Say how to train; the arguments are those of `Model.compile`."""
        self.model.compile(*args, **kwargs)
        weights = {id(v) for v in self.model.variables}
        self._pairs = [pair for pair in self._pairs if id(pair[0]) in weights]
        self._find_hyperparameters()
        assert self.model._compiled is not None
        self._compiled, self.loss = self.model._compiled, self.model.loss
        self._compiled.prepared = _Preparation()
        self.optimizer = _Optimizers(self) if self.model.optimizer else None
        self._forwards, self.stop_training = None, False

    def _train(self, *args: Any) -> None:
        super()._train(*args)
        model, optimizer = self.model, self.model.optimizer
        if isinstance(optimizer, Optimizer) and optimizer.use_ema:
            finish = optimizer.finalize_variable_values
            self._map(lambda: finish(model.trainable_variables), _state(model))

    _prepare_to_predict = _draw

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Do what `Model.evaluate` does; each number is an array of shape (n,)."""
        as_dict = kwargs.pop("return_dict", False)
        logs = super().evaluate(*args, **{**kwargs, "return_dict": True})
        return logs_as(_of_each(logs), as_dict, self)

    def _one_batch(self, *args: Any) -> dict[str, Any]:
        return _of_each(super()._one_batch(*args))

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Do what `Model.predict` does; the arrays have shape (n, rows, ...)."""
        return tree.map_structure(_swapped, super().predict(*args, **kwargs))

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs of all replicas for one batch of inputs."""
        return tree.map_structure(_swapped, super().predict_on_batch(x))

    def ensemble(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Predict with all together; the arguments are those of `predict`.

        Returns:
            `(mean, spread)`: the outputs' mean and standard deviation over replicas.
        """
        outputs = self.predict(*args, **kwargs)
        mean = tree.map_structure(lambda x: x.mean(axis=0), outputs)
        return mean, tree.map_structure(lambda x: x.std(axis=0), outputs)

    @property
    def histories(self) -> list[History]:
        """A `History` for each replica."""
        if self.history is None:
            raise ValueError("The replicas have no history yet: call `fit` first.")
        found = [History() for _ in range(self.n)]
        for i, one in enumerate(found):
            one.epoch = list(self.history.epoch)
            one.history = _of_replica(self.history.history, i)
        return found

    def replica(self, i: int) -> Model:
        """Return replica `i` as an ordinary model, with its optimizer's state."""
        if not -self.n <= i < self.n:
            raise ValueError(f"There is no replica {i!r}: there are {self.n}.")
        if not self.built:
            raise ValueError(
                "The replicas have no weights yet: call `fit` (or `predict`) first, or "
                "give the model an `Input`."
            )
        model = copy.deepcopy(self.model)
        known = _state(self.model)
        for mine, v, partner in zip(_state(model), known, self._stacked(known)):
            mine.assign(partner.value if partner is v else partner.value[i])
        for name in self._places:
            owner, attribute = _place(model, name)
            vars(owner)[attribute] = self.hyperparameters[name][i]
        model._seed, model._epochs_done = self._seed, self._epochs_done
        if model._compiled is not None:
            model._compiled.prepared = Preparation()
        if self.history is not None:
            model.history = self.histories[i]
        return model

    def ranking(self, monitor: str | None = None, mode: str = "auto") -> list[int]:
        """Return the replicas' numbers, the best first, NaN last.

        Args:
            monitor: name of a loss or metric, whose value in the last epoch counts;
                default: `"val_loss"` if there is one, else `"loss"`.
            mode: `"min"`, `"max"`, or `"auto"`: read off the metric.
        """
        told = [history.history for history in self.histories]
        monitor = monitor or ("val_loss" if "val_loss" in told[0] else "loss")
        if monitor not in told[0]:
            raise ValueError(
                f"`monitor` is {monitor!r}, but the history has {sorted(told[0])}."
                + registry.did_you_mean(monitor, told[0])
            )
        watch = Monitor(monitor, mode)
        watch.set_model(self)
        last = np.array([history[monitor][-1] for history in told])
        return np.argsort(-watch._sign() * last, kind="stable").tolist()

    def best(self, monitor: str | None = None, mode: str = "auto") -> Model:
        """Return the best replica as an ordinary model; see `ranking`."""
        return self.replica(self.ranking(monitor, mode)[0])

    def _kept(self) -> list[Variable]:
        """What a file keeps: all but the metrics, which begin anew."""
        slots = getattr(self.model.optimizer, "variables", ())
        return [*self.variables, *self._stacked(slots)]

    def save(self, filepath: Any, overwrite: bool = True) -> None:
        """Save all, with optimizer and history, as an archive of arrays (`.npz`).

        Args:
            filepath: where; `overwrite`: if False, an existing file is an error.
        """
        if not overwrite and os.path.exists(filepath):
            raise FileExistsError(f"{filepath!r} exists. Pass `overwrite=True`.")
        history = self.history and self.history.history
        about = {
            "model": registry.described(self.model),
            "compiled": self.model.get_compile_config(),
            "given": [self.n, self.seeds, self.hyperparameters],
            "epoch": self.history and self.history.epoch,
            "history": history
            and {k: np.array(x).tolist() for k, x in history.items()},
            "done": [self._seed, self._epochs_done],
        }
        arrays = [v.numpy() for v in self._kept()]
        arrays = [x if x.dtype.kind in "biuf" else x.astype("float32") for x in arrays]
        with replacing(filepath) as new, open(new, "wb") as file:
            np.savez(file, *arrays, about=np.array(json.dumps(about)))

    @classmethod
    def load(cls, filepath: Any, custom_objects: Any = None) -> "Replicas":
        """Load what `save` wrote; no code in the file is run.

        Args:
            filepath: where; `custom_objects`: as `load_model` takes them.
        """
        with np.load(filepath, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            arrays = [file[f"arr_{i}"] for i in range(len(file.files) - 1)]
        with registry.CustomObjectScope(custom_objects):
            make = registry.deserialize_keras_object
            self = cls(make(about["model"]), *about["given"])
            if about["compiled"] is not None:
                self.compile(**make(about["compiled"]))
        if isinstance(self.model.optimizer, Optimizer):
            Preparation.build_optimizer(self.model)
        kept = self._kept()
        if [v.shape for v in kept] != [x.shape for x in arrays]:
            raise ValueError(
                f"{filepath!r} is damaged: its arrays do not fit its model."
            )
        for variable, value in zip(kept, arrays):
            variable.assign(value)
        if about["history"]:
            self.history = History()
            self.history.epoch, self.history.history = about["epoch"], about["history"]
        self._seed, self._epochs_done = about["done"]
        return self


class _Preparation(Preparation):
    """Prepares the template first, and then the replicas."""

    def __call__(self, model: Any, data: Any, compiled: Any) -> None:
        first = self._known is None
        super().__call__(model.model, data, compiled)
        model._draw(data)
        if first:
            model._check_hyperparameters(self._known)


class _Optimizers:
    """The optimizer of all replicas, as callbacks see it."""

    def __init__(self, replicas: Replicas) -> None:
        self._replicas = replicas
        self._optimizer = replicas.model.optimizer

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._optimizer, name)

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's variables; the first axis counts replicas."""
        return self._replicas._stacked(self._optimizer.variables)

    @property
    def learning_rate(self) -> Any:
        """The rate that all have in common, or an array of shape (n,)."""
        rate = self._optimizer.learning_rate
        is_number = isinstance(rate, Variable)  # and no schedule
        return self._replicas._stacked([rate])[0] if is_number else rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        rate = self.learning_rate
        if getattr(rate, "shape", ()):
            rate.assign(np.broadcast_to(np.asarray(value), rate.shape))
        else:
            self._optimizer.learning_rate = value


def _place(model: Model, name: str) -> tuple[Any, str]:
    """The object that owns the number of that name, and its attribute there."""
    layers = {layer.name: layer for layer in model._flatten_layers(include_self=False)}
    first, *rest = name.split(".")
    owner = layers.get(first)
    if owner is None or not rest:
        owner, rest = model.optimizer, [first, *rest]
        owner = getattr(owner, "inner_optimizer", owner)
    *path, attribute = rest
    for part in path:
        owner = getattr(owner, part, None)
    if attribute == "learning_rate" and isinstance(owner, Optimizer):
        attribute = RATE
    value = getattr(owner, "__dict__", {}).get(attribute)
    if isinstance(value, bool) or not isinstance(value, (int, float, Variable)):
        raise ValueError(
            f"`hyperparameters` has {name!r}, which is {value!r} and not a number that "
            "the optimizer or a layer holds. Name an attribute of the optimizer "
            f"(`learning_rate`), or of one of the layers {sorted(layers)} "
            "(`dropout.rate`)."
        )
    return owner, attribute


def _failure(fn: Callable[..., Any], *args: Any) -> Exception | None:
    """How `fn` fails in an abstract run where it lacks or must know a number."""
    try:
        infer_call(fn, args, {})
    except (AttributeError, TypeError) as error:
        return error
    return None


def _state(model: Model, kind: str = "train") -> list[Variable]:
    """The variables of a model that a step of this kind may use."""
    metrics = () if kind == "predict" else model.metrics_variables
    slots = getattr(model.optimizer, "variables", ()) if kind == "train" else ()
    return unique([*model.variables, *metrics, *slots])


def _arrays(result: Any) -> Any:
    def array(x: Any) -> Any:
        if isinstance(x, Variable):
            return x.value
        return None if x is None else backend.asarray(x)

    return tree.map_structure(array, result)


def _swapped(x: Any) -> Any:
    return x.swapaxes(0, 1) if x.ndim > 1 else x


def _with_means(logs: dict[str, Any]) -> dict[str, Any]:
    means = {key: backend.xp.mean(x, axis=0) for key, x in logs.items()}
    return {**means, **{key + EACH: x for key, x in logs.items()}}


def _of_each(logs: dict[str, Any]) -> dict[str, Any]:
    return {k.removesuffix(EACH): x for k, x in logs.items() if k.endswith(EACH)}


def _of_replica(history: dict[str, list[Any]], i: int) -> dict[str, list[Any]]:
    """The history of replica `i` from that of all; what they share stays."""
    found = {k: x for k, x in history.items() if k + EACH not in history}
    return {
        key.removesuffix(EACH): [row[i] for row in rows] if key.endswith(EACH) else rows
        for key, rows in found.items()
    }
