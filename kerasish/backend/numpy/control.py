"""Running and control flow: plain Python loops with the meanings of jax.lax."""

import functools
import operator
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from ... import tree
from .. import Spec
from .array import as_dtype, leave
from .composed import asarray, xp
from .gradients import stop_gradient


class _StandIns(threading.local):
    """Two stand-ins for unknown axes: those that the abstract run of the thread has.

    They have many divisors, and are no sizes that people give to layers. `infer`
    computes for real: the more axes are unknown, the smaller they are.
    """

    sizes = usual = 264, 528

    def __getitem__(self, i: int) -> int:
        return self.sizes[i]

    @contextmanager
    def chosen(self, specs: Sequence[Spec]) -> Iterator[tuple[int, int]]:
        """Sizes for arguments, of which two may be multiplied but for a common axis."""
        *_, second, first = sorted([0, 1, *(shape.count(None) for shape, _ in specs)])
        axes, before = first + max(second - 1, 0), self.sizes
        self.sizes = self.usual if axes < 2 else (44, 88) if axes < 4 else (12, 24)
        try:
            yield self.sizes
        finally:
            self.sizes = before


STAND_INS = _StandIns()


def infer(fn: Callable[..., Any], specs: Sequence[Spec]) -> Any:
    """Shapes and dtypes of what `fn` returns; axes that follow unknown ones are None.

    The function is run, on made-up numbers: matrices that can be inverted and have a
    Cholesky factor, integers that are 0.

    Args:
        fn: takes as many arrays as there are specs, returns a tree of arrays.
        specs: shape (None for an unknown axis) and dtype of each argument.

    Returns:
        The tree with a `Spec` in place of each array.
    """

    def run(size: int) -> Any:
        made = [_example(shape, dtype, size) for shape, dtype in specs]
        return fn(*made)

    unknown = any(None in shape for shape, _ in specs)
    with STAND_INS.chosen(specs) as sizes:
        try:
            first = run(sizes[0])
            second = run(sizes[1]) if unknown else first
        except (TypeError, ValueError, IndexError) as error:
            text = re.sub(rf"\b({sizes[0]}|{sizes[1]})\b", "None", str(error))
            if text != str(error):
                error.args = (text,)
            raise

    def merge(a: Any, b: Any) -> Any:
        if a is None:
            return None
        a, b = asarray(stop_gradient(a)), asarray(stop_gradient(b))
        shape = tuple(i if i == j else None for i, j in zip(a.shape, b.shape))
        return Spec(shape, a.dtype.name)

    return tree.map_structure(merge, first, second)


def _example(shape: Any, dtype: str, size: int) -> Any:
    shape = tuple(size if d is None else d for d in shape)
    kind = as_dtype(dtype)
    if kind.kind in "biu":
        return leave(np.zeros(shape, kind))
    value = np.full(shape, 0.5)
    if len(shape) > 1 and shape[-1]:
        rows, columns = np.arange(shape[-2]), shape[-1]
        # four points of a plane differ, no three of them on a line
        value[..., rows, rows % columns] += 1 + rows // columns % 2
    return leave(value.astype(kind))


def jit(fn: Callable[..., Any], donate: Sequence[int] = ()) -> Callable[..., Any]:
    """Return `fn`: nothing is compiled here."""
    return fn


def eager() -> Any:
    """Context in which computing is concrete: it always is here."""
    return nullcontext()


def block(x: Any) -> Any:
    """Return `x`: it is computed already."""
    return x


def keep_programs(folder: str | None) -> None:
    """Do nothing: no program is compiled."""


def free_memory() -> int | None:
    """Bytes that are free on the device; None, since its memory is the host's."""
    return None


def devices() -> list[str]:
    """Names of the devices."""
    return ["cpu:0"]


def device(name: str) -> AbstractContextManager[None]:
    """Context in which arrays go to the named device, always the CPU."""
    if name.lower() not in ("cpu", "cpu:0"):
        raise ValueError(
            f"There is no device {name!r} for NumPy; there is only 'cpu:0'."
        )
    return nullcontext()


def _at(i: int, x: Any, axis: Any) -> Any:
    if axis is None or x is None:
        return x
    return xp.take(x, i, axis=axis) if axis else x[i]


def _spread(axes: Any, x: Any) -> Any:
    """Repeat axes, given for a part of the tree `x`, for each leaf of it."""
    if axes is None or isinstance(axes, int):
        return tree.map_structure(lambda _: axes, x)
    children = [_spread(a, item) for a, item in zip(tree_values(axes), tree_values(x))]
    return tree.pack_sequence_as(
        x, [leaf for c in children for leaf in tree.flatten(c)]
    )


def tree_values(x: Any) -> list[Any]:
    """Return the children of a list, tuple or dictionary in walking order."""
    return [x[key] for key in sorted(x)] if isinstance(x, dict) else list(x)


def vmap(
    fn: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0
) -> Callable[..., Any]:
    """Map `fn` over an axis of its arguments and stack the results.

    Args:
        fn: a function of trees of arrays.
        in_axes: the axis of all arguments, or a tuple with one for each (a number, None
            for no mapping, or a tree of these).
        out_axes: where the new axis stands in the results; a number, None or a tree.
    """

    def call(*args: Any) -> Any:
        axes = _spread(in_axes if isinstance(in_axes, int) else tuple(in_axes), args)
        sizes = {
            np.shape(stop_gradient(x))[axis]
            for x, axis in zip(tree.flatten(args), tree.flatten(axes))
            if axis is not None and x is not None
        }
        if len(sizes) != 1:
            raise ValueError(
                f"`vmap` needs mapped axes of one size, but they have {sorted(sizes)}."
            )
        results = [
            fn(*tree.map_structure(functools.partial(_at, i), args, axes))
            for i in range(sizes.pop())
        ]
        return tree.map_structure(_stack, _spread(out_axes, results[0]), *results)

    return call


def _stack(axis: Any, *values: Any) -> Any:
    if axis is None or values[0] is None:
        return values[0]
    return xp.stack([asarray(v) for v in values], axis=axis)


def scan(
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
    leaves = [x for x in tree.flatten(xs) if x is not None]
    size = length if length is not None else np.shape(stop_gradient(leaves[0]))[0]
    carry = _arrays(init)
    if size == 0:  # one step on zeros says what the results look like
        y = f(carry, _map(lambda x: xp.zeros(x.shape[1:], dtype=x.dtype), xs))[1]
        return carry, _map(lambda v: xp.zeros((0, *np.shape(v)), dtype=v.dtype), y)
    ys: list[Any] = []
    for i in reversed(range(size)) if reverse else range(size):
        carry, y = f(carry, _map(operator.itemgetter(i), xs))
        ys.append(y)
    if reverse:
        ys.reverse()
    return carry, tree.map_structure(lambda *v: _stack(0, *v), *ys)


def recurrence(
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

    return scan(one, init, (project(inputs, consts), mask), reverse=reverse)


def _map(fn: Callable[[Any], Any], x: Any) -> Any:
    return tree.map_structure(fn, x, none_is_leaf=False)


def _arrays(x: Any) -> Any:
    return _map(asarray, x)


def while_loop(
    cond: Callable[[Any], Any], body: Callable[[Any], Any], init: Any
) -> Any:
    """Repeat `value = body(value)` as long as `cond(value)`."""
    value = _arrays(init)
    while cond(value):
        value = body(value)
    return value


def fori_loop(
    lower: Any, upper: Any, body: Callable[[Any, Any], Any], init: Any
) -> Any:
    """Repeat `value = body(i, value)` for i from `lower` to `upper` - 1."""
    value = _arrays(init)
    for i in range(int(lower), int(upper)):
        value = body(i, value)
    return value


def cond(pred: Any, true_fn: Any, false_fn: Any, *operands: Any) -> Any:
    """Call one of two functions."""
    return (true_fn if bool(stop_gradient(pred)) else false_fn)(*operands)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """Call the branch of that index, clamped into the range."""
    return branches[min(max(int(stop_gradient(index)), 0), len(branches) - 1)](
        *operands
    )


def associative_scan(
    f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """Running combination of slices along `axis` by an associative function."""
    size = np.shape(stop_gradient(tree.flatten(elems)[0]))[axis]
    order = range(size)[:: -1 if reverse else 1]

    def part(i: int) -> Any:
        return tree.map_structure(lambda x: xp.take(x, np.array([i]), axis=axis), elems)

    results: list[Any] = []
    for i in order:
        results.append(f(results[-1], part(i)) if results else part(i))
    if reverse:
        results.reverse()
    return tree.map_structure(lambda *v: xp.concatenate(v, axis), *results)
