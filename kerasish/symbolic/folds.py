"""Loops of simple shapes: `map`, `reduce`, `foldl`, `foldr`."""

from collections.abc import Callable
from typing import Any

from .loops import scan

__all__ = ["foldl", "foldr", "map", "reduce"]


def map(
    fn: Callable[..., Any],
    sequences: Any,
    non_sequences: Any = None,
    go_backwards: bool = False,
    name: str | None = None,
) -> tuple[Any, dict[Any, Any]]:
    """Apply a function to each slice of sequences; see `scan`.

    Example:
        >>> from kerasish import symbolic as S
        >>> x = S.vector("x")
        >>> print(S.map(lambda e: e**2, x)[0].eval({x: [1.0, 2.0, 3.0]}))
        [1. 4. 9.]
    """
    return scan(fn, sequences, None, non_sequences, None, -1, go_backwards, name)


def reduce(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    go_backwards: bool = False,
    name: str | None = None,
) -> tuple[Any, dict[Any, Any]]:
    """Apply a function to slices and its last result; return the last of all.

    Example:
        >>> from kerasish import symbolic as S
        >>> x = S.vector("x")
        >>> total, _ = S.reduce(lambda e, sum: sum + e, x, 0.0)
        >>> float(total.eval({x: [1.0, 2.0, 3.0]}))
        6.0
    """
    results, updates = scan(
        fn, sequences, outputs_info, non_sequences, None, -1, go_backwards, name
    )
    if isinstance(results, list):
        return [x[-1] for x in results], updates
    return results[-1], updates


def foldl(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    name: str | None = None,
) -> tuple[Any, dict[Any, Any]]:
    """The same as `reduce`, from the first slice to the last."""
    return reduce(fn, sequences, outputs_info, non_sequences, False, name)


def foldr(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    name: str | None = None,
) -> tuple[Any, dict[Any, Any]]:
    """The same as `reduce`, from the last slice to the first."""
    return reduce(fn, sequences, outputs_info, non_sequences, True, name)
