"""Functions and gradients of the graph: `K.function` and `K.gradients`."""

from collections.abc import Callable, Sequence
from typing import Any

from .. import ops, symbolic
from ..graph import KerasTensor, is_symbolic
from ..layers.layer import _calls

__all__ = ["function", "gradients"]


def gradients(loss: KerasTensor, variables: Any) -> list[KerasTensor | None]:
    """Return the gradients of (the sum of) `loss` as symbolic tensors.

    Args:
        loss: symbolic tensor.
        variables: what to differentiate with respect to: symbolic tensors, such as
            `model.input` or `layer.output`, and variables.

    Returns:
        A gradient for each; None where the loss does not depend on it.

    Raises:
        ValueError: if `loss` is not symbolic. For arrays there are `jax.grad` and, in
            training, `train_step`.
    """
    if not is_symbolic(loss):
        raise ValueError(
            f"`K.gradients` takes a symbolic loss, made from `model.output` and the "
            f"like; got {type(loss).__name__}. For values, differentiate a function "
            "with `jax.grad`."
        )
    wanted = list(variables) if isinstance(variables, (list, tuple)) else [variables]
    return symbolic.grad(
        ops.sum(loss) if loss.ndim else loss,
        wanted,
        disconnected_inputs="ignore",
        return_disconnected="none",
    )


def function(
    inputs: Sequence[Any], outputs: Any, updates: Any = None, name: Any = None
) -> Callable[[Sequence[Any]], Any]:
    """Return what computes symbolic `outputs` from values of `inputs`, compiled.

    Args:
        inputs: symbolic tensors, also of the middle of a model, and perhaps
            `K.learning_phase()`, whose value says whether layers are to train.
        outputs: symbolic tensors: a list, or one.
        updates: `(variable, symbolic tensor)` pairs, assigned after each call.

    Returns:
        A function that takes a list of values and returns NumPy arrays, as a list if
        `outputs` is one.
    """
    tensors = [x for x in inputs if is_symbolic(x)]
    given = [symbolic.In(x, name=str(i)) for i, x in enumerate(tensors)]
    wanted = list(outputs) if isinstance(outputs, (list, tuple)) else outputs
    options = {"updates": updates, "name": name, "allow_input_downcast": True}
    made: dict[bool, Any] = {}  # whether layers train -> compiled for that

    def call(values: Sequence[Any]) -> Any:
        named = list(zip(inputs, values, strict=True))
        training = any(bool(value) for x, value in named if not is_symbolic(x))
        if training not in made:
            made[training] = symbolic.function(
                given, wanted, on_unused_input="ignore", **options
            )
        before, _calls.training = _calls.training, training
        try:
            return made[training](*(v for x, v in named if is_symbolic(x)))
        finally:
            _calls.training = before

    return call
