"""What must exist before the first step: weights, losses, metrics, slots, programs."""

from collections.abc import Callable
from typing import Any

from .. import backend, tree
from ..data import ArrayData
from ..graph import KerasTensor, infer_call
from ..layers.owner import unique
from ..optimizers import Optimizer
from ..random import default_generator
from ..variable import abstract
from .checks import check_data
from .loop import to_device
from .program import EagerProgram, Program
from .sharing import make_of
from .step_function import is_default, step_function

__all__ = ["Preparation"]


class Preparation:
    """Brings a compiled model to the point where steps can be traced."""

    def __init__(self) -> None:
        self.y_pred: Any = None
        self._known: Any = None
        self._kinds: Any = None
        self._programs: dict[Any, dict[Any, Program]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {}  # symbolic tensors and compiled programs are made anew

    def __setstate__(self, saved: dict[str, Any]) -> None:
        Preparation.__init__(self)

    def __call__(self, model: Any, data: Any, compiled: Any) -> None:
        """Build what is not built yet; check the data once.

        Args:
            model: the model.
            data: `ArrayData` or `BatchStream`.
            compiled: the model's `CompileState`.
        """
        batch = _sample(data)
        specs = _symbolic(batch)
        x, y, _ = specs
        if not _is_same(self._known, specs) or not model.built:
            uses_outputs = compiled.loss is not None or compiled.metrics is not None
            # A model with steps of its own may do without a `call`.
            if uses_outputs or not all(part.built for part in model._flatten_layers()):
                run = self._outputs_of_rows if compiled.eager else self._outputs
                self.y_pred = run(model, batch[0] if compiled.eager else x)
            kinds = _kinds(y, self.y_pred)
            if self._kinds is None or kinds != self._kinds:
                self._build(model, compiled, specs)
            elif compiled.loss is not None and is_default(model, "compute_loss"):
                compiled.loss.check(y, self.y_pred)
            self._known, self._kinds = specs, kinds
        elif compiled.loss is not None and is_default(model, "compute_loss"):
            compiled.loss.check(y, self.y_pred)
        if isinstance(data, ArrayData):
            check_data(batch, compiled.loss if compiled.loss else None)

    @staticmethod
    def build_model(model: Any, data: Any) -> None:
        """Make the weights of a model for its first data."""
        x, _, _ = _symbolic(_sample(data))
        Preparation._outputs(model, x)

    @staticmethod
    def _outputs(model: Any, x: Any) -> Any:
        """Run the model abstractly, which builds it; return symbolic outputs."""
        outputs = infer_call(lambda x: model._call_for_training(x, False), (x,), {})
        model.built = True
        return outputs

    @staticmethod
    def _outputs_of_rows(model: Any, x: Any) -> Any:
        """Like `_outputs`, but on a few real rows, as a debugger wants to see it."""
        rows = to_device(tree.map_structure(lambda a: None if a is None else a[:2], x))
        with abstract():
            outputs = model._call_for_training(rows, False)
        model.built = True
        return tree.map_structure(
            lambda a: KerasTensor((None, *a.shape[1:]), backend.dtype_name(a)), outputs
        )

    def _build(self, model: Any, compiled: Any, specs: Any) -> None:
        _, y, _ = specs
        names = model.output_names
        if compiled.loss is not None:
            compiled.loss.build(y, self.y_pred, names)
        if compiled.metrics is not None:
            used = compiled.loss.losses if compiled.loss is not None else None
            compiled.metrics.build(y, self.y_pred, names, used)
            # Metrics may make their variables at the first batch: let them do it now.
            infer_call(_no_result(compiled.metrics.update_state), (y, self.y_pred), {})
        if isinstance(model.optimizer, Optimizer):
            self.build_optimizer(model)

    @staticmethod
    def build_optimizer(model: Any) -> None:
        """Give the optimizer slots for the trainable variables."""
        trained = model.trainable_variables
        if not model.optimizer.built:
            model.optimizer.build(trained)

    def programs(self, model: Any, compiled: Any, kind: str) -> Callable[..., Program]:
        """Return `programs(rows, batch_size, most_epochs)` for a kind of step.

        The programs of `"train"` also take `check=(rows, batch_size)` of validation
        data to be evaluated after each epoch.
        """
        if kind == "train" and isinstance(model.optimizer, Optimizer):
            self.build_optimizer(model)
        metrics = model.metrics_variables
        trained = model.trainable_variables
        rest = [*model.non_trainable_variables, default_generator().state]
        if kind == "train":
            slots = list(model.optimizer.variables) if model.optimizer else []
            changing, fixed = unique([*trained, *rest, *slots, *metrics]), []
        else:
            changing = unique([*rest, *metrics])
            fixed = [v for v in trained if id(v) not in {id(c) for c in changing}]
        known = [*changing, *fixed]
        unused = () if kind == "train" else ("optimizer",)
        make = None if compiled.eager else make_of(model, known, unused)
        flags = tuple((id(v), v.trainable) for v in known)
        # Without a make, what else a compiled step holds is known in part.
        rest_of = _hyperparameters(model.optimizer) if make is None else make
        found = self._programs.setdefault((kind, flags, rest_of), {})
        program_class = EagerProgram if compiled.eager else Program

        def made(kind: str, *sizes: Any) -> Program:
            parts = model.get_metrics_result, model.reset_metrics, changing, fixed
            shared = None if make is None else (kind, make)
            rest = metrics, shared, model._has_own_logs(kind), *sizes
            return program_class(step_function(model, kind), *parts, *rest)

        def program(
            rows: int,
            batch_size: int,
            most_epochs: int,
            by_step: bool = False,
            check: tuple[int, int] | None = None,
        ) -> Program:
            key = rows, batch_size, most_epochs, by_step, check
            if key not in found:
                checks = None if check is None else made("test", *check)
                found[key] = made(kind, *key[:4], checks)
            return found[key]

        return program


def _hyperparameters(optimizer: Any) -> tuple[Any, ...]:
    """What of an optimizer a compiled step holds; other values need another program."""
    found: list[Any] = []
    for key, value in sorted(getattr(optimizer, "__dict__", {}).items()):
        if isinstance(value, Optimizer):
            found.append((key, *_hyperparameters(value)))
        elif isinstance(value, (bool, int, float, str)) or callable(value):
            found.append((key, value))  # a schedule counts as the object it is
    return tuple(found)


def _sample(data: Any) -> Any:
    return data.arrays if isinstance(data, ArrayData) else data.peek()


def _symbolic(batch: Any) -> Any:
    """Symbolic stand-ins for a batch, with an unknown number of rows."""

    def spec(a: Any) -> Any:
        if a is None:
            return None
        dtype = backend.dtype_name(backend.asarray(a[:0]))
        return KerasTensor((None, *a.shape[1:]), dtype)

    return tuple(tree.map_structure(spec, part) for part in batch)


def _is_same(known: Any, specs: Any) -> bool:
    """Say whether inputs and targets are alike; weights may come and go."""
    if known is None:
        return False
    a, b = tree.flatten(known[:2]), tree.flatten(specs[:2])
    return len(a) == len(b) and all(
        (x is None) == (y is None)
        and (x is None or (x.shape, x.dtype) == (y.shape, y.dtype))
        for x, y in zip(a, b)
    )


def _kinds(y: Any, y_pred: Any) -> Any:
    """What of targets and outputs decides which metrics are meant by `"accuracy"`."""
    return [
        None if x is None else (len(x.shape), x.shape[-1:])
        for x in tree.flatten((y, y_pred))
    ]


def _no_result(fn: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any) -> None:
        fn(*args)

    return run
