"""Gradients of ordinary, mutable code with respect to variables."""

from collections.abc import Callable, Sequence
from typing import Any

from .. import backend, tree
from ..masks import get_mask, set_mask
from ..variable import Variable, functional

__all__ = ["value_and_gradients"]


def value_and_gradients(
    fn: Callable[[], Any],
    variables: Sequence[Variable],
    others: Sequence[Variable] = (),
) -> tuple[Any, list[Any]]:
    """Run `fn` and differentiate the scalar it returns.

    Args:
        fn: takes nothing; returns the scalar, or `(scalar, anything else)`. It may
            read and assign variables.
        variables: what to differentiate with respect to.
        others: variables that `fn` may assign (statistics, seeds, metrics); they have
            their new values afterwards.

    Returns:
        `(what fn returned, gradients in the order of variables)`; arrays have their
        masks.

    Example:
        >>> from kerasish.training import value_and_gradients
        >>> v = keras.Variable(3.0)
        >>> value, gradients = value_and_gradients(lambda: v * v, [v])
        >>> float(value), float(gradients[0])
        (9.0, 6.0)
    """
    inner = functional(fn, [*variables, *others])
    rest = [v.value for v in others]

    def objective(values: list[Any]) -> tuple[Any, Any]:
        result, new = inner([*values, *rest])
        scalar = result[0] if isinstance(result, tuple) else result
        masks = [get_mask(x) for x in tree.flatten(result)]
        return scalar, (result, masks, new[len(variables) :])

    values = [v.value for v in variables]
    (_, (result, masks, new)), gradients = backend.value_and_grad(objective)(values)
    for x, mask in zip(tree.flatten(result), masks):
        if mask is not None:
            set_mask(x, mask)
    for variable, before, value in zip(others, rest, new):
        if value is not before:
            variable.assign(value)
    return result, gradients
