"""Control flow by Python loops, with the meanings of jax.lax, for backends without one.

`Loops(xp, asarray, stop_gradient)` has `vmap`, `scan`, `recurrence`, `while_loop`,
`fori_loop`, `cond`, `switch` and `associative_scan` of the contract. Gradients flow
through them as through any Python code.
"""

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree


def _spread(axes: Any, x: Any) -> Any:
    """Repeat axes, given for a part of the tree `x`, for each leaf of it."""
    if axes is None or isinstance(axes, int):
        return tree.map_structure(lambda _: axes, x)
    children = [_spread(a, item) for a, item in zip(_values(axes), _values(x))]
    return tree.pack_sequence_as(
        x, [leaf for c in children for leaf in tree.flatten(c)]
    )


def _values(x: Any) -> list[Any]:
    """Return the children of a list, tuple or dictionary in walking order."""
    return [x[key] for key in sorted(x)] if isinstance(x, dict) else list(x)


def _map(fn: Callable[[Any], Any], x: Any) -> Any:
    return tree.map_structure(fn, x, none_is_leaf=False)


class Loops:
    """Control flow over the arrays of one backend.

    Args:
        xp: its namespace of functions.
        asarray: converts numbers, lists and arrays to its arrays.
        stop_gradient: gives the concrete value of an array that is traced.
    """

    def __init__(
        self,
        xp: Any,
        asarray: Callable[[Any], Any],
        stop_gradient: Callable[[Any], Any],
    ) -> None:
        self._xp, self._asarray, self._concrete = xp, asarray, stop_gradient

    def _at(self, i: int, x: Any, axis: Any) -> Any:
        if axis is None or x is None:
            return x
        return self._xp.take(x, i, axis=axis) if axis else x[i]

    def _stack(self, axis: Any, *values: Any) -> Any:
        if axis is None or values[0] is None:
            return values[0]
        return self._xp.stack([self._asarray(v) for v in values], axis=axis)

    def _size(self, x: Any, axis: int = 0) -> int:
        return np.shape(self._concrete(x))[axis]

    def vmap(
        self, fn: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0
    ) -> Callable[..., Any]:
        """Map `fn` over an axis of its arguments and stack the results.

        Args:
            fn: a function of trees of arrays.
            in_axes: the axis of all arguments, or a tuple with one for each (a number,
                None for no mapping, or a tree of these).
            out_axes: where the new axis stands in the results; a number, None or a
                tree.
        """

        def call(*args: Any) -> Any:
            axes = _spread(
                in_axes if isinstance(in_axes, int) else tuple(in_axes), args
            )
            sizes = {
                self._size(x, axis)
                for x, axis in zip(tree.flatten(args), tree.flatten(axes))
                if axis is not None and x is not None
            }
            if len(sizes) != 1:
                raise ValueError(
                    "`vmap` needs mapped axes of one size, but they have "
                    f"{sorted(sizes)}."
                )
            results = [
                fn(*tree.map_structure(functools.partial(self._at, i), args, axes))
                for i in range(sizes.pop())
            ]
            return tree.map_structure(
                self._stack, _spread(out_axes, results[0]), *results
            )

        return call

    def scan(
        self,
        f: Callable[[Any, Any], tuple[Any, Any]],
        init: Any,
        xs: Any = None,
        length: int | None = None,
        reverse: bool = False,
        unroll: int | bool = 1,
    ) -> tuple[Any, Any]:
        """Carry a value over the leading axis of `xs`: `carry, y = f(carry, x)`.

        Returns:
            The last carry and the stacked `y`.
        """
        xp = self._xp
        leaves = [x for x in tree.flatten(xs) if x is not None]
        size = length if length is not None else self._size(leaves[0])
        carry = _map(self._asarray, init)
        if size == 0:  # one step on zeros says what the results look like
            y = f(carry, _map(lambda x: xp.zeros(x.shape[1:], dtype=x.dtype), xs))[1]
            return carry, _map(lambda v: xp.zeros((0, *np.shape(v)), dtype=v.dtype), y)
        ys: list[Any] = []
        for i in reversed(range(size)) if reverse else range(size):
            carry, y = f(carry, _map(operator.itemgetter(i), xs))
            ys.append(y)
        if reverse:
            ys.reverse()
        return carry, tree.map_structure(functools.partial(self._stack, 0), *ys)

    def recurrence(
        self,
        step: Callable[..., tuple[Any, Any]],
        init: Any,
        project: Callable[..., Any],
        inputs: Any,
        consts: Any,
        multiply: Callable[[Any, Any], Any],
        weights: list[Any],
        mask: Any = None,
        reverse: bool = False,
        unroll: bool = False,
    ) -> tuple[Any, Any]:
        """Carry a state over time: `carry, y = step(product, carry, x, keep)`."""

        def product(k: int | None, left: Any = None, x: Any = None) -> Any:
            result = None if k is None else multiply(left, weights[k])
            return x if result is None else result if x is None else x + result

        def one(carry: Any, now: Any) -> Any:
            return step(product, carry, *now)

        return self.scan(one, init, (project(inputs, consts), mask), reverse=reverse)

    def while_loop(
        self, cond: Callable[[Any], Any], body: Callable[[Any], Any], init: Any
    ) -> Any:
        """Repeat `value = body(value)` as long as `cond(value)`."""
        value = _map(self._asarray, init)
        while cond(value):
            value = body(value)
        return value

    def fori_loop(
        self, lower: Any, upper: Any, body: Callable[[Any, Any], Any], init: Any
    ) -> Any:
        """Repeat `value = body(i, value)` for i from `lower` to `upper` - 1."""
        value = _map(self._asarray, init)
        for i in range(int(lower), int(upper)):
            value = body(i, value)
        return value

    def cond(self, pred: Any, true_fn: Any, false_fn: Any, *operands: Any) -> Any:
        """Call one of two functions."""
        return (true_fn if bool(self._concrete(pred)) else false_fn)(*operands)

    def switch(
        self, index: Any, branches: Sequence[Callable[..., Any]], *operands: Any
    ) -> Any:
        """Call the branch of that index, clamped into the range."""
        found = min(max(int(self._concrete(index)), 0), len(branches) - 1)
        return branches[found](*operands)

    def associative_scan(
        self,
        f: Callable[[Any, Any], Any],
        elems: Any,
        reverse: bool = False,
        axis: int = 0,
    ) -> Any:
        """Running combination of slices along `axis` by an associative function."""
        xp = self._xp
        order = range(self._size(tree.flatten(elems)[0], axis))[:: -1 if reverse else 1]

        def part(i: int) -> Any:
            return tree.map_structure(
                lambda x: xp.take(x, np.array([i]), axis=axis), elems
            )

        results: list[Any] = []
        for i in order:
            results.append(f(results[-1], part(i)) if results else part(i))
        if reverse:
            results.reverse()
        return tree.map_structure(lambda *v: xp.concatenate(v, axis), *results)
