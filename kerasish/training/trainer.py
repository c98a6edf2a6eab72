"""`compile`, `fit`, `evaluate` and `predict`: what models inherit."""

import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import config, initializers, optimizers, registry, tree
from ..callbacks import CallbackList, History
from ..data import (
    ArrayData,
    BatchStream,
    adapt,
    train_validation_split,
    unpack_x_y_sample_weight,
)
from ..metrics import Mean
from ..optimizers import LossScaleOptimizer, Optimizer
from ..variable import Variable, state
from .compiled import CompileLoss, CompileMetrics, total
from .gradients import value_and_gradients
from .loop import Runner, fetch, to_device
from .predicting import Predictor
from .preparing import Preparation
from .stateless import Stateless

__all__ = ["Trainer"]


class CompileState:
    """What `compile` was given and made of it; a plain object, not a layer's state."""

    def __init__(self, given: dict[str, Any], eager: bool) -> None:
        self.given, self.eager = given, eager
        self.loss_tracker = Mean(name="loss")
        self.loss = None
        if given["loss"] is not None:
            self.loss = CompileLoss(given["loss"], given["loss_weights"])
        self.metrics: CompileMetrics | None = None
        if given["metrics"] is not None or given["weighted_metrics"] is not None:
            self.metrics = CompileMetrics(given["metrics"], given["weighted_metrics"])
        self.prepared = Preparation()


class Trainer(Stateless):
    """Mixed into `Model`: training, evaluation, prediction."""

    optimizer: Any = None
    loss: Any = None
    stop_training = False
    _compiled: CompileState | None = None
    _predictor: Predictor | None = None

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how to train.

        Args:
            optimizer: name or object.
            loss: name, function or object; a list or dict of them by outputs.
            loss_weights: factors of the outputs' losses.
            metrics: list of names, functions or objects; by outputs if several.
                `"accuracy"` picks the right one by the shapes.
            weighted_metrics: likewise, these get the sample weights.
            run_eagerly: run Python for each step, to debug.
            steps_per_execution: accepted; how many steps run at once is measured.
            jit_compile: False is like `run_eagerly=True`.
            auto_scale_loss: whether `mixed_float16` models scale their losses.

        Raises:
            ValueError: for names that do not exist, with the nearest that does.

        Example:
            >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
            >>> model.compile("adam", "mse", metrics=["mae"])
            >>> model.optimizer.name
            'adam'
        """
        if jit_compile not in (True, False, "auto"):
            raise ValueError(
                f'`jit_compile` is True, False or "auto": {jit_compile!r}.'
            )
        if not isinstance(steps_per_execution, int) or steps_per_execution < 1:
            raise ValueError(
                f"`steps_per_execution` must be a positive integer, got "
                f"{steps_per_execution!r}."
            )
        found = optimizers.get(optimizer)
        mixed = self.dtype_policy.name == "mixed_float16"  # type: ignore[attr-defined]
        scales = isinstance(found, LossScaleOptimizer)
        if auto_scale_loss and mixed and found is not None and not scales:
            found = LossScaleOptimizer(found, name="loss_scale_optimizer")
        given = {
            "optimizer": found,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": bool(run_eagerly),
            "steps_per_execution": steps_per_execution,
            "jit_compile": bool(jit_compile),
        }
        eager = bool(run_eagerly) or jit_compile is False
        self._compiled = CompileState(given, eager)
        self.optimizer, self.loss = found, loss
        self.run_eagerly, self.jit_compile = bool(run_eagerly), bool(jit_compile)
        self.steps_per_execution = steps_per_execution
        self.stop_training = False
        self._predictor = None

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled is not None

    def get_compile_config(self) -> dict[str, Any] | None:
        """Return the arguments of `compile` as plain values, None if not compiled."""
        if self._compiled is None:
            return None
        return registry.serialize_keras_object(self._compiled.given)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Call `compile` with what `get_compile_config` returned."""
        given = registry.deserialize_keras_object(config)
        self.compile(**given)
        if self.built and isinstance(self.optimizer, Optimizer):  # type: ignore[attr-defined]
            self.optimizer.build(self.trainable_variables)  # type: ignore[attr-defined]

    def _compile_state(self, method: str) -> CompileState:
        if self._compiled is None:
            raise ValueError(f"You must call `compile()` before calling `{method}()`.")
        return self._compiled

    # --- metrics ----------------------------------------------------------------------

    @property
    def metrics(self) -> list[Any]:
        """The loss's mean, the metrics of `compile`, and those of layers."""
        found: list[Any] = []
        if self._compiled is not None:
            found.append(self._compiled.loss_tracker)
            if self._compiled.metrics is not None:
                found.append(self._compiled.metrics)
            if self._compiled.loss is not None:
                found += self._compiled.loss.metrics
        return found + super().metrics  # type: ignore[misc]

    @property
    def metrics_names(self) -> list[str]:
        """Names of `metrics`."""
        return [metric.name for metric in self.metrics]

    @property
    def metrics_variables(self) -> list[Variable]:
        """Variables of `metrics`."""
        return [v for metric in self.metrics for v in metric.variables]

    def reset_metrics(self) -> None:
        """Begin all metrics anew."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """Return the results of all metrics by name."""
        found: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.current_value()
            if isinstance(result, dict):
                found.update(result)
            else:
                found[metric.name] = result
        return found

    # --- one step; override these to train differently --------------------------------

    def train_step(self, data: Any) -> dict[str, Any]:
        """Train on one batch.

        Override it, in this form or as `train_step(self, state, data)`, where `state`
        is (trainable, non-trainable, optimizer, metrics values) and `(logs, state)` is
        returned.

        Args:
            data: `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

        Returns:
            Logs: name -> value.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)

        def forward() -> tuple[Any, Any, Any]:
            y_pred = self._call_for_training(x, True)
            loss = self._compute_loss(x, y, y_pred, sample_weight, True)
            scaled = loss if self.optimizer is None else self.optimizer.scale_loss(loss)
            return scaled, loss, y_pred

        (_, loss, y_pred), gradients = self.value_and_gradients(forward)
        variables = self.trainable_variables  # type: ignore[attr-defined]
        if variables:
            self.optimizer.apply(gradients, variables)
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Evaluate on one batch; see `train_step`."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self._call_for_training(x, False)
        loss = self._compute_loss(x, y, y_pred, sample_weight, False)
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """Return the outputs for one batch."""
        return self._call_for_training(unpack_x_y_sample_weight(data)[0], False)

    def value_and_gradients(self, fn: Callable[[], Any]) -> tuple[Any, list[Any]]:
        """Run `fn` and differentiate what it returns by the trainable variables.

        Args:
            fn: takes nothing, returns the loss or `(loss, anything else)`.

        Returns:
            `(what fn returned, gradients in the order of trainable_variables)`.
        """
        trained = self.trainable_variables  # type: ignore[attr-defined]
        others = [*self.non_trainable_variables, *self.metrics_variables]  # type: ignore[attr-defined]
        return value_and_gradients(fn, trained, _unique(others))

    def _call_for_training(self, x: Any, training: bool) -> Any:
        if "training" in inspect.signature(type(self).call).parameters:  # type: ignore[attr-defined]
            return self(x, training=training)  # type: ignore[operator]
        return self(x)  # type: ignore[operator]

    def _track_loss(self, loss: Any, x: Any) -> None:
        if self._compiled is not None:
            rows = next(a for a in tree.flatten(x) if a is not None).shape[0]
            self._compiled.loss_tracker.update_state(loss, sample_weight=rows)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the total loss of a batch: `compile`'s, `add_loss` and penalties.

        Override it to compute another; `self.loss_tracker`'s mean follows by itself.
        """
        values = []
        if self._compiled is not None and self._compiled.loss is not None:
            loss = self._compiled.loss(y, y_pred, sample_weight)
            if loss is not None:
                values.append(loss)
        values += self.losses  # type: ignore[attr-defined]
        if not values and not state.inferring and training:
            warnings.warn(
                f"Model `{self.name}` has nothing to minimise: `compile` got no "  # type: ignore[attr-defined]
                "`loss`, and no layer called `add_loss`.",
                stacklevel=2,
            )
        return total(values)

    def _compute_loss(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool
    ) -> Any:
        """Call `compute_loss`, which users may override without `training`."""
        taken = inspect.signature(self.compute_loss).parameters
        kinds = [p.kind for p in taken.values()]
        options = {}
        if "training" in taken or inspect.Parameter.VAR_KEYWORD in kinds:
            options["training"] = training
        return self.compute_loss(
            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **options
        )

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Update the metrics of `compile` with a batch; return all results."""
        if self._compiled is not None and self._compiled.metrics is not None:
            self._compiled.metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    @property
    def loss_tracker(self) -> Any:
        """The metric that averages the loss."""
        return self._compile_state("loss_tracker").loss_tracker

    # --- training ---------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ) -> History:
        """Train for a number of epochs.

        Args:
            x: arrays of inputs (one, or a list or dict), lists of numbers, a data
                frame; or a generator, `PyDataset` or loader of batches `(x, y)`.
            y: targets.
            batch_size: rows of a batch, 32 by default.
            epochs: number of the last epoch.
            verbose: 0 silent, 1 a bar, 2 a line for each epoch.
            callbacks: list of callbacks.
            validation_split: fraction of the rows, from the end, to validate on.
            validation_data: `(x, y)` or `(x, y, sample_weight)` or a data set.
            shuffle: whether each epoch has an order of its own, a function of the
                model's seed and its count of epochs.
            class_weight: dict class -> weight, or `"balanced"`.
            sample_weight: weight of each row; multiplied with `class_weight`.
            initial_epoch: number of epochs done already.
            steps_per_epoch: batches of an epoch; default: all.
            validation_steps: likewise for validation.
            validation_batch_size: default `batch_size`.
            validation_freq: validate each so many epochs, or after the listed ones.

        Returns:
            `History`: its `history` maps names to lists of floats.

        Raises:
            ValueError, TypeError: for data that do not fit the model or each other.

        Example:
            >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
            >>> model.compile("sgd", "mse")
            >>> history = model.fit(np.ones((4, 1)), np.ones(4), epochs=3, verbose=0)
            >>> len(history.history["loss"])
            3
        """
        compiled = self._compile_state("fit")
        epochs = _limited(epochs, config.max_epochs())
        _check_counts(epochs, initial_epoch, validation_freq)
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = train_validation_split(
                (x, y, sample_weight), validation_split
            )
        data = adapt(
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=_limited(steps_per_epoch, config.max_steps_per_epoch()),
            shuffle=shuffle,
            class_weight=class_weight,
            seed=self._shuffle_seed(),
        )
        compiled.prepared(self, data, compiled, "fit")
        callbacks = self._callback_list(
            callbacks, True, verbose, epochs=epochs, steps=data.steps
        )
        validate = None
        if validation_data is not None:
            size = validation_batch_size or batch_size
            feed = self._validation_feed(validation_data, size, validation_steps)
            compiled.prepared(self, feed, compiled, "fit", what="validation data")
            validate = (feed, validation_freq)
        try:
            self._train(data, initial_epoch, epochs, callbacks, validate)
        finally:
            _close(data, validate)
        return self.history  # type: ignore[attr-defined]

    def _train(
        self,
        data: Any,
        initial: int,
        epochs: int,
        callbacks: CallbackList,
        validate: Any,
    ) -> None:
        compiled = self._compile_state("fit")
        programs = compiled.prepared.programs(self, compiled, "train")
        runner = Runner(programs, callbacks, "train", lambda: self.stop_training)
        arrays = to_device(data.arrays) if isinstance(data, ArrayData) else None
        most = 1
        if arrays is not None and validate is None and not callbacks.needs_epochs:
            most = runner.most_epochs(data.rows, epochs - initial)
        self.stop_training = False
        tester = self._tester(validate[0], callbacks) if validate else dict
        callbacks.on_train_begin()
        epoch, logs = initial, {}
        while epoch < epochs and not self.stop_training:
            if epoch > initial and isinstance(data, BatchStream) and not data.ready():
                break
            if most > 1 and epoch > initial:
                count, several = runner.epochs(
                    data, arrays, self._epochs_done, epochs - epoch, most
                )
                callbacks.extend(epoch, several)
                _warn_nan(several, epoch)
                logs = {key: values[-1] for key, values in several.items()}
            else:
                count = 1
                callbacks.on_epoch_begin(epoch)
                logs = runner.epoch(data, arrays, self._epochs_done, most)()
                if validate is not None and _is_due(epoch, validate[1]):
                    found = tester()
                    logs.update({f"val_{key}": x for key, x in found.items()})
                callbacks.on_epoch_end(epoch, logs)
                _warn_nan({key: [x] for key, x in logs.items()}, epoch)
            epoch += count
            self._epochs_done += count
        if isinstance(self.optimizer, Optimizer) and epochs > initial:
            self.optimizer.finalize_variable_values(self.trainable_variables)  # type: ignore[attr-defined]
        callbacks.on_train_end(logs)

    def _validation_feed(self, given: Any, batch_size: Any, steps: Any) -> Any:
        is_arrays = isinstance(given, (tuple, list)) and len(given) in (2, 3)
        x, y, weight = (*given, None)[:3] if is_arrays else (given, None, None)
        size = batch_size if is_arrays else None
        return adapt(x, y, weight, batch_size=size, steps=steps)

    def _tester(
        self, data: Any, callbacks: CallbackList
    ) -> Callable[[], dict[str, Any]]:
        """Return a function that evaluates on `data`, which stay on the device."""
        compiled = self._compile_state("evaluate")
        programs = compiled.prepared.programs(self, compiled, "test")
        runner = Runner(programs, callbacks, "test")
        arrays = to_device(data.arrays) if isinstance(data, ArrayData) else None

        def evaluate() -> dict[str, Any]:
            callbacks.on_test_begin()
            logs = runner.epoch(data, arrays, 0)()
            callbacks.on_test_end(logs)
            return logs

        return evaluate

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Return the loss and the metrics on data.

        Args:
            x, y, batch_size, verbose, sample_weight, callbacks: as in `fit`.
            steps: batches to evaluate; default: all.
            return_dict: return a dict by name, else a list (a number if there is only
                the loss).

        Example:
            >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
            >>> model.compile("sgd", "mse")
            >>> sorted(model.evaluate(np.ones((4, 1)), np.ones(4), verbose=0,
            ...                       return_dict=True))
            ['loss']
        """
        if kwargs:
            raise ValueError(f"`evaluate` takes no arguments {sorted(kwargs)}.")
        compiled = self._compile_state("evaluate")
        steps = _limited(steps, config.max_steps_per_epoch())
        data = adapt(x, y, sample_weight, batch_size=batch_size, steps=steps)
        compiled.prepared(self, data, compiled, "evaluate")
        callbacks = self._callback_list(
            callbacks, False, verbose, epochs=1, steps=data.steps
        )
        try:
            logs = self._tester(data, callbacks)()
        finally:
            _close(data)
        return logs_as(logs, return_dict, self)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the outputs for inputs, as NumPy arrays.

        Args:
            x, batch_size, verbose, callbacks: as in `fit`.
            steps: batches to predict; default: all.

        Example:
            >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
            >>> model.predict(np.zeros((5, 3)), verbose=0).tolist()[0]
            [0.0, 0.0]
        """
        steps = _limited(steps, config.max_steps_per_epoch())
        data = adapt(x, batch_size=batch_size, steps=steps)
        self._prepare_to_predict(data)
        callbacks = self._callback_list(
            callbacks, False, verbose, epochs=1, steps=data.steps
        )
        self.stop_predicting = False
        callbacks.on_predict_begin()
        try:
            outputs = self._predict_function().all(
                data, callbacks, lambda: self.stop_predicting
            )
        finally:
            _close(data)
        callbacks.on_predict_end()
        return outputs

    def _prepare_to_predict(self, data: Any) -> None:
        if not self.built:  # type: ignore[attr-defined]
            Preparation.build_model(self, data)

    def _predict_function(self) -> Predictor:
        variables = self.variables  # type: ignore[attr-defined]
        known = self._predictor
        if known is None or [*map(id, known.variables)] != [*map(id, variables)]:
            eager = self._compiled is not None and self._compiled.eager
            self._predictor = Predictor(self, eager)
        assert self._predictor is not None
        return self._predictor

    # --- single batches ---------------------------------------------------------------

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Train on one batch; return the loss and metrics so far.

        Metrics go on over calls until `reset_metrics()`.
        """
        logs = self._one_batch("train", x, y, sample_weight, class_weight)
        return logs_as(logs, return_dict, self)

    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Evaluate on one batch; return the loss and metrics so far."""
        logs = self._one_batch("test", x, y, sample_weight, None)
        return logs_as(logs, return_dict, self)

    def _one_batch(
        self, kind: str, x: Any, y: Any, sample_weight: Any, class_weight: Any
    ) -> dict[str, Any]:
        name = f"{kind}_on_batch"
        compiled = self._compile_state(name)
        data = adapt(x, y, sample_weight, class_weight=class_weight)
        if isinstance(data, BatchStream):
            raise ValueError(
                f"`{name}` takes arrays of one batch, not a source of them."
            )
        compiled.prepared(self, data, compiled, name)
        programs = compiled.prepared.programs(self, compiled, kind)
        program = programs(data.rows, data.rows, 1)
        return fetch(program.run(to_device(data.arrays), reset=False))

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch of inputs, as NumPy arrays."""
        data = adapt(x)
        if isinstance(data, BatchStream):
            raise ValueError("`predict_on_batch` takes the arrays of one batch.")
        self._prepare_to_predict(data)
        outputs = self._predict_function().batch(
            (to_device(data.arrays[0]), None, None)
        )
        return tree.map_structure(np.array, outputs)

    # --- helpers ----------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        saved: dict[str, Any] = super().__getstate__()  # type: ignore[assignment]
        saved.pop("history", None)
        return {**saved, "_predictor": None}

    def _callback_list(
        self, given: Any, history: bool, verbose: Any, **params: Any
    ) -> CallbackList:
        verbose = 1 if verbose == "auto" else verbose
        if isinstance(given, CallbackList):
            return given
        return CallbackList(
            given,
            add_history=history,
            add_progbar=bool(verbose),
            model=self,
            verbose=verbose,
            **params,
        )

    _seed: int | None = None
    _epochs_done = 0

    def _shuffle_seed(self) -> int:
        """The seed of this model's shuffling; drawn once, kept in files."""
        if self._seed is None:
            self._seed = initializers.draw_seed()
        return self._seed


def logs_as(logs: dict[str, Any], return_dict: bool, model: Any) -> Any:
    """Logs as a dict sorted by name, or a list: losses, then metrics as given."""
    if return_dict:
        return dict(sorted(logs.items()))
    compiled = model._compiled
    order = ["loss"]
    if compiled.loss is not None:
        order += [metric.name for metric in compiled.loss.metrics]
    if compiled.metrics is not None:
        order += compiled.metrics.names
    first = [name for name in order if name in logs]
    values = [logs[name] for name in (*first, *(k for k in logs if k not in first))]
    return values[0] if len(values) == 1 else values


def _unique(variables: list[Variable]) -> list[Variable]:
    return list({id(v): v for v in variables}.values())


def _limited(count: Any, limit: int | None) -> Any:
    if limit is None:
        return count
    return limit if count is None else min(count, limit)


def _check_counts(epochs: Any, initial: Any, freq: Any) -> None:
    for name, value in (("epochs", epochs), ("initial_epoch", initial)):
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or value < 0:
            raise ValueError(f"`{name}` must be a non-negative integer, got {value!r}.")
    if isinstance(freq, int) and freq < 1:
        raise ValueError(f"`validation_freq` must be at least 1, got {freq}.")
    if not isinstance(freq, (int, list, tuple, set, range)):
        raise ValueError(
            "`validation_freq` must be an integer or a list of epoch numbers, got "
            f"{freq!r}."
        )


def _is_due(epoch: int, freq: Any) -> bool:
    if isinstance(freq, int):
        return (epoch + 1) % freq == 0
    return epoch + 1 in freq


def _warn_nan(logs: dict[str, list[Any]], first_epoch: int) -> None:
    """Warn once, when the loss turns NaN or infinite, and say when."""
    values = np.asarray(logs.get("loss", []))
    bad = np.flatnonzero(~np.isfinite(values.astype("float64")))
    if len(bad):
        warnings.warn(
            f"The loss is {values[bad[0]]} in epoch {first_epoch + int(bad[0]) + 1}. "
            "Training goes on; the `TerminateOnNaN` callback would stop it. Usual "
            "causes: a learning rate that is too high, NaN in the data, a logarithm "
            "of 0.",
            stacklevel=4,
        )


def _close(*feeds: Any) -> None:
    for feed in feeds:
        feed = feed[0] if isinstance(feed, tuple) else feed
        if isinstance(feed, BatchStream):
            feed.close()
