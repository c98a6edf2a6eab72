"""`compile`, `fit`, `evaluate` and `predict`: what models inherit."""

from collections.abc import Callable, Sequence
from typing import Any

from .. import config, doctor, initializers, optimizers, registry
from ..callbacks import CallbackList, History
from ..data import BatchStream, adapt, train_validation_split
from ..metrics import Mean
from ..optimizers import LossScaleOptimizer, Optimizer
from .checks import check_compile, check_counts, warn_of_nan
from .compiled import CompileLoss, CompileMetrics
from .loop import Runner, fetch, resident, to_device
from .predicting import Forwards
from .preparing import Preparation
from .sharing import insides
from .step_function import is_default
from .steps import Steps
from .validation import Validation

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
        self.kept: dict[str, Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "kept": {}}

    def to_test(self, model: Any) -> tuple[Any, dict[int, Any]]:
        """Return the programs that evaluate, and how quick they are known to be.

        Both are kept until something changes on which the programs may depend.
        """
        flags = [v.trainable for v in model.variables]
        known, contents = self.kept, self.kept.get("contents")
        if not (contents and contents.unchanged() and known["flags"] == flags):
            programs = self.prepared.programs(model, self, "test")
            known.update(programs=programs, paces={}, flags=flags)
            known["contents"] = insides(model)
        return known["programs"], known["paces"]


class Trainer(Steps):
    """Mixed into `Model`: training, evaluation, prediction."""

    optimizer: Any = None
    loss: Any = None
    stop_training = False
    _compiled: CompileState | None = None
    _forwards: Forwards | None = None

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
        check_compile(jit_compile, steps_per_execution)
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
        self._forwards = None

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

    # --- training ---------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float | dict[str, Any] = 0.0,
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
            validation_split: fraction of the rows, from the end, to validate on; or
                `{"fraction": 0.2, "shuffle": True, "stratify": True, "seed": 0}`: after
                shuffling, with each class's share in both parts.
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
        check_counts(epochs, initial_epoch, validation_freq)
        held = None
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = train_validation_split(
                (x, y, sample_weight), validation_split
            )
            held = validation_data
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
        compiled.prepared(self, data, compiled)
        doctor.tell(doctor.before_training, self, data, held)
        callbacks = self._callback_list(
            callbacks, True, verbose, epochs=epochs, steps=data.steps
        )
        validate = None
        if validation_data is not None:
            size = validation_batch_size or batch_size
            feed = self._validation_feed(validation_data, size, validation_steps)
            compiled.prepared(self, feed, compiled)
            tester = self._tester(feed, callbacks)
            validate = Validation(feed, validation_freq, tester)
        runner = self._runner("train", callbacks)
        try:
            self._train(runner, data, initial_epoch, epochs, validate)
        finally:
            _close(runner, data, validate and validate.data)
        callbacks.end()
        doctor.tell(doctor.after_training, self, data)
        return self.history  # type: ignore[attr-defined]

    def _train(
        self,
        runner: Runner,
        data: Any,
        initial: int,
        epochs: int,
        validate: Validation | None,
    ) -> None:
        callbacks = runner.callbacks
        arrays = resident(data)
        most = 1 if arrays is None else runner.most_epochs(data.rows)
        eager = self._compile_state("fit").eager
        if validate is not None and arrays is not None and not eager:
            validate.join(runner, data, self)
        one_program = validate is None or validate.inside
        bulk = most > 1 and one_program and not callbacks.needs_epochs
        self.stop_training = False
        resumed = callbacks.begin(initial)
        first, runner.first, logs = resumed or (initial, 0, {})
        place = self._epochs_done, runner.first, bool(resumed)
        data, epoch, told = data.at(self._shuffle_seed(), *place), first, False
        while epoch < epochs and not self.stop_training:
            if epoch > first and isinstance(data, BatchStream) and not data.ready():
                break
            if bulk and epoch > first:
                count, several = runner.epochs(
                    data, arrays, self._epochs_done, epochs - epoch, most
                )
                self._epochs_done += count
                callbacks.extend(epoch, several)
                told = told or warn_of_nan(several, epoch)
                logs = {key: values[-1] for key, values in several.items()}
            else:
                count = 1
                callbacks.on_epoch_begin(epoch)
                left = epochs - epoch if one_program else 1
                ran = runner.epoch(data, arrays, self._epochs_done, most, left)()
                logs, runner.first = ran or (logs if runner.first else {}), 0
                if validate is not None:
                    validate(epoch, logs, callbacks)
                self._epochs_done += 1
                callbacks.on_epoch_end(epoch, logs)
                told = told or warn_of_nan({k: [x] for k, x in logs.items()}, epoch)
            epoch += count
        if isinstance(self.optimizer, Optimizer) and epochs > initial:
            self.optimizer.finalize_variable_values(self.trainable_variables)  # type: ignore[attr-defined]
        callbacks.on_train_end(logs)

    def _runner(self, kind: str, callbacks: CallbackList) -> Runner:
        compiled = self._compile_state("fit" if kind == "train" else "evaluate")
        if kind == "test":
            programs, paces = compiled.to_test(self)
            return Runner(programs, callbacks, kind, paces=paces)
        programs = compiled.prepared.programs(self, compiled, kind)
        return Runner(programs, callbacks, kind, lambda: self.stop_training)

    def _validation_feed(self, given: Any, batch_size: Any, steps: Any) -> Any:
        is_arrays = isinstance(given, (tuple, list)) and len(given) in (2, 3)
        x, y, weight = (*given, None)[:3] if is_arrays else (given, None, None)
        size = batch_size if is_arrays else None
        return adapt(x, y, weight, batch_size=size, steps=steps)

    def _tester(
        self, data: Any, callbacks: CallbackList
    ) -> Callable[[], dict[str, Any]]:
        """Return a function that evaluates on `data`, which stay on the device."""
        kept: list[Any] = []

        def evaluate() -> dict[str, Any]:
            if not kept:
                kept.extend((self._runner("test", callbacks), resident(data)))
            runner, arrays = kept
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
        compiled.prepared(self, data, compiled)
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
        forwards = self._forward_passes()
        if (batch_size, verbose, steps, callbacks) == (None, 0, None, None):
            outputs = forwards.few(x)
            if outputs is not None:
                return outputs
        steps = _limited(steps, config.max_steps_per_epoch())
        data = adapt(x, batch_size=batch_size, steps=steps)
        self._prepare_to_predict(data)
        forwards.met(x, getattr(data, "x", None))
        told = None
        if callbacks is not None or verbose:
            told = self._callback_list(
                callbacks, False, verbose, epochs=1, steps=data.steps
            )
        self.stop_predicting = False
        if told is not None:
            told.on_predict_begin()
        try:
            outputs = forwards.all(data, told, lambda: self.stop_predicting)
        finally:
            _close(data)
        if told is not None:
            told.on_predict_end()
        return outputs

    def _prepare_to_predict(self, data: Any) -> None:
        if not self.built:  # type: ignore[attr-defined]
            Preparation.build_model(self, data)

    def _forward_passes(self) -> Forwards:
        if self._forwards is None:
            eager = self._compiled is not None and self._compiled.eager
            self._forwards = Forwards(self, eager)
        return self._forwards

    def diagnose(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        validation_split: float | dict[str, Any] = 0.0,
    ) -> doctor.Report:
        """Look for what keeps the model from learning, and say what to do.

        At most 1,000 rows are looked at; one step is run on them, as `fit` does, and
        forgotten: weights, seeds and the optimizer stay as they are. A model that is
        not built yet is built, as its first `fit` would.

        Args:
            x, y, sample_weight: arrays, as in `fit`.
            validation_split: what `fit` will be given, to look at that, too.

        Returns:
            A report: it prints as a table, is true if there are `findings`, and lists
            them as records. See the guide "The learning doctor".

        Example:
            >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
            >>> model.compile("sgd", "mse")
            >>> x = np.array([[0.0, 1e6], [1.0, 3e6], [0.5, 2e6]])
            >>> model.diagnose(x, np.array([0.0, 1.0, 0.5])).codes[0]
            'unscaled_inputs'
        """
        return doctor.diagnose(self, x, y, sample_weight, validation_split)

    # --- single batches ---------------------------------------------------------------

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Train on one batch; return its loss and metrics."""
        logs = self._one_batch("train", x, y, sample_weight, class_weight)
        return logs_as(logs, return_dict, self)

    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Evaluate on one batch; return its loss and metrics."""
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
        compiled.prepared(self, data, compiled)
        programs = compiled.prepared.programs(self, compiled, kind)
        program = programs(data.rows, data.rows, 1)
        return fetch(program.run(to_device(data.arrays)))

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch of inputs, as NumPy arrays."""
        data = adapt(x)
        if isinstance(data, BatchStream):
            raise ValueError("`predict_on_batch` takes the arrays of one batch.")
        self._prepare_to_predict(data)
        return self._forward_passes().batch(data.x)

    # --- helpers ----------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        saved: dict[str, Any] = super().__getstate__()  # type: ignore[assignment]
        for name in ("history", "_running"):  # they hold the callbacks
            saved.pop(name, None)
        return {**saved, "_forwards": None}

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

    def _has_own_logs(self, kind: str) -> bool:
        """Whether logs are what a step returns, not the metrics after the last one."""
        names = (f"{kind}_step", "compute_metrics", "get_metrics_result")
        return not all(is_default(self, name) for name in names)

    _seed: int | None = None
    _epochs_done = 0

    def _shuffle_seed(self) -> int:
        """The seed of this model's shuffling; drawn once, kept in files."""
        if self._seed is None:
            self._seed = initializers.draw_seed()
        return self._seed


def logs_as(logs: dict[str, Any], return_dict: bool, model: Any) -> Any:
    """Logs as a dict sorted by name, or a list in Keras's order.

    That is the losses, the metrics as given, then by name those of several outputs.
    """
    if return_dict:
        return dict(sorted(logs.items()))
    compiled = model._compiled
    order = ["loss"]
    if compiled.loss is not None:
        order += [metric.name for metric in compiled.loss.metrics]
    if compiled.metrics is not None:
        order += [metric.name for metric in compiled.metrics.metrics]
    first = [name for name in order if name in logs]
    rest = sorted(name for name in logs if name not in first)
    values = [logs[name] for name in (*first, *rest)]
    return values[0] if len(values) == 1 else values


def _limited(count: Any, limit: int | None) -> Any:
    if limit is None:
        return count
    return limit if count is None else min(count, limit)


def _close(*feeds: Any) -> None:
    for feed in feeds:
        if isinstance(feed, (BatchStream, Runner)):
            feed.close()
