"""What happens to gradients before an optimizer uses them."""

import warnings
from typing import Any

from .. import ops
from ..graph import Tensor
from ..variable import Variable


def present(grads: list[Any], variables: list[Variable]) -> list[tuple[Any, Variable]]:
    """The pairs (gradient as an array, variable) without those whose gradient is None.

    Raises:
        ValueError: if none is left, or a gradient has not its variable's shape.
    """
    missing = [v.path for g, v in zip(grads, variables) if g is None]
    if len(missing) == len(grads):
        raise ValueError(
            "No gradients provided for any variable: the loss does not depend on "
            f"{missing}."
        )
    if missing:
        warnings.warn(
            f"Gradients do not exist for variables {missing} when minimizing the "
            "loss: they stay as they are. Does the loss depend on them?",
            stacklevel=3,
        )
    pairs = [
        (ops.convert_to_tensor(g), v) for g, v in zip(grads, variables) if g is not None
    ]
    for gradient, variable in pairs:
        if tuple(gradient.shape) != variable.shape:
            raise ValueError(
                f"The gradient for variable `{variable.path}` of shape "
                f"{variable.shape} has shape {tuple(gradient.shape)}; they must be "
                "the same. Are gradients and variables in the same order?"
            )
    return pairs


def clip(
    grads: list[Any],
    norm: float | None,
    value: float | None,
    global_norm: float | None,
) -> list[Any]:
    """Bound each element, the norm of each gradient, or their common norm."""
    if value:
        return [ops.clip(g, -value, value) for g in grads]
    if norm:
        return [g * _shrink([g], norm) for g in grads]
    if global_norm:
        factor = _shrink(grads, global_norm)
        return [g * ops.cast(factor, g.dtype) for g in grads]
    return grads


def _shrink(grads: list[Any], limit: float) -> Tensor:
    """The factor, at most 1, that brings the common norm down to `limit`."""
    squares = sum(ops.sum(ops.square(g)) for g in grads)
    return limit / ops.maximum(ops.sqrt(squares), limit)
