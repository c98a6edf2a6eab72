"""Copies of expressions with other tensors in them."""

from collections.abc import Iterable, Mapping
from typing import Any

from .. import ops, tree
from ..graph import FunctionOperation, KerasTensor, is_symbolic, toposort
from ..variable import Variable
from .variables import shared

__all__ = ["clone", "pairs_of"]

Pairs = Mapping[Any, Any] | Iterable[tuple[Any, Any]] | None


def pairs_of(pairs: Pairs, argument: str) -> list[tuple[Any, Any]]:
    """Return (what, what it becomes) pairs; each thing may stand there once."""
    listed = list(pairs.items() if isinstance(pairs, Mapping) else pairs or ())
    seen: set[int] = set()
    for pair in listed:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"`{argument}` are pairs (old, new), got {pair!r}.")
        if id(pair[0]) in seen:
            raise ValueError(
                f"`{argument}` says twice what `{getattr(pair[0], 'name', pair[0])}` "
                "becomes."
            )
        seen.add(id(pair[0]))
    return [(old, new) for old, new in listed]


def clone(output: Any, replace: Pairs = None, strict: bool = True) -> Any:
    """Return a copy of expressions in which tensors are replaced.

    Args:
        output: an expression, or a nest of them.
        replace: pairs (tensor anywhere in the expressions, what comes in its place: an
            expression, an array or a number).
        strict: whether dtypes must agree; else the new tensor is converted.

    Raises:
        TypeError: if ranks differ, or with `strict` dtypes.

    Example:
        >>> from kerasish import symbolic as S
        >>> x, y = S.scalars("x", "y")
        >>> float(S.clone(x * x + 1.0, {x: y + 1.0}).eval({y: 2.0}))
        10.0
    """
    new_of: dict[int, Any] = {}
    olds = []
    for old, new in pairs_of(replace, "replace"):
        if not isinstance(old, KerasTensor):
            kind = "a `keras.Variable`" if isinstance(old, Variable) else repr(old)
            raise TypeError(f"Only symbolic tensors can be replaced, not {kind}.")
        new_of[id(old)] = _fitting(old, new, strict)
        olds.append(old)

    def current(x: Any) -> Any:
        return new_of.get(id(x), x) if is_symbolic(x) else x

    outputs = [x for x in tree.flatten(output) if is_symbolic(x)]
    for node in toposort(outputs, olds):
        if not any(id(t) in new_of for t in node.inputs):
            continue
        args, kwargs = node.fill(current)
        operation: Any = node.operation
        if isinstance(operation, FunctionOperation):
            operation = operation.function
        results = tree.flatten(operation(*args, **kwargs))
        new_of |= zip(map(id, tree.flatten(node.outputs)), results)
    return tree.map_structure(current, output)


def _fitting(old: KerasTensor, new: Any, strict: bool) -> KerasTensor:
    if not is_symbolic(new):
        new = shared(new, dtype=None if hasattr(new, "dtype") else old.dtype)
    if new.ndim != old.ndim or (strict and new.dtype != old.dtype):
        raise TypeError(
            f"`{old.name}` is {old.dtype} of shape {old.shape}; what shall replace it, "
            f"`{new.name}`, is {new.dtype} of shape {new.shape}."
        )
    return new if new.dtype == old.dtype else ops.cast(new, old.dtype)
