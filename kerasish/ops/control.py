"""Control flow: conditions, loops, scans, mapping, derivatives of one's own.

The functions given to these ops may read and assign variables: on discovering an
assignment, the variable's value becomes one more value that the loop carries.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import backend, tree
from ..graph import Tensor, op
from ..variable import Redirect, Variable, redirected, setting

__all__ = [
    "associative_scan", "cond", "custom_gradient", "fori_loop", "map", "scan", "switch",
    "vectorize", "vectorized_map", "while_loop",
]  # fmt: skip


class _Discovered(Exception):
    """A function assigned variables that were not carried along."""

    def __init__(self, variables: list[Variable]) -> None:
        super().__init__("variables assigned in control flow")
        self.variables = variables


def _pure(fn: Callable[..., Any], variables: list[Variable]) -> Callable[..., Any]:
    """`pure(values, *args) -> (result, new values)`; other assignments are an error."""

    def pure(values: Sequence[Any], *args: Any) -> tuple[Any, list[Any]]:
        known = {id(v): value for v, value in zip(variables, values)}
        redirect = Redirect(known.copy(), capture=True)
        with redirected(redirect):
            result = fn(*args)
        new = [v for key, v in redirect.assigned.items() if key not in known]
        if new:
            raise _Discovered(new)
        return result, [redirect.values[id(v)] for v in variables]

    return pure


def _stateful(run: Callable[..., tuple[Any, Any]], *functions: Any) -> Any:
    """Return the result of `run(values, *pure functions) -> (result, new values)`.

    The functions are made pure with respect to the variables that they assign.
    """
    variables: list[Variable] = []
    while True:
        with setting(autocast=None):
            values = [v.value for v in variables]
        try:
            result, new = run(values, *(_pure(fn, variables) for fn in functions))
        except _Discovered as discovery:
            variables = [*variables, *discovery.variables]
            continue
        for variable, value in zip(variables, new):
            variable.assign(value)
        return result


def _callable(fn: Any, name: str, of: str) -> None:
    if not callable(fn):
        raise TypeError(f"`{name}` of `{of}` must be a function, got {fn!r}.")


@op
def cond(pred: Tensor, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """Call one of two functions, whichever the condition says.

    Args:
        pred: one boolean (or number: not zero), also one that is not known yet.
        true_fn, false_fn: functions of no argument; their results must agree in
            structure, shapes and dtypes.

    Example:
        >>> print(keras.ops.cond(True, lambda: 1, lambda: 2))
        1
    """
    _callable(true_fn, "true_fn", "cond")
    _callable(false_fn, "false_fn", "cond")

    def run(values: Any, when_true: Any, when_false: Any) -> Any:
        return backend.cond(pred, when_true, when_false, values)

    return _stateful(run, true_fn, false_fn)


@op
def switch(
    index: Tensor, branches: Sequence[Callable[..., Any]], *operands: Any
) -> Any:
    """Call one of several functions, by number.

    Args:
        index: which; clipped to [0, len(branches) − 1].
        branches: functions of the operands; their results must agree in structure,
            shapes and dtypes.
        *operands: what is passed to the function.

    Example:
        >>> branches = [lambda x: x + 1, lambda x: x * 10]
        >>> print(keras.ops.switch(1, branches, 5))
        50
    """

    def run(values: Any, *pure: Any) -> Any:
        return backend.switch(index, pure, values, *operands)

    return _stateful(run, *branches)


@op
def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """Apply a function step by step along the first axis, carrying a state.

    `carry, y = f(carry, x)` for each slice x of `xs`; the ys are stacked.

    Args:
        f: the step; it must keep shape and dtype of the carry.
        init: first carry: a tensor or a nested structure.
        xs: tensors to walk along, all of the same first size.
        length: number of steps; needed without `xs`.
        reverse: walk backwards.
        unroll: how many steps each iteration of the compiled loop holds.

    Returns:
        (last carry, stacked ys).

    Example:
        >>> step = lambda total, x: (total + x, total)
        >>> numbers = keras.ops.arange(4)
        >>> last, before = keras.ops.scan(step, np.int32(0), numbers)
        >>> print(last, before)
        6 [0 0 1 3]
    """
    _callable(f, "f", "scan")

    def run(values: Any, step: Any) -> Any:
        def carry_on(carry: Any, x: Any) -> Any:
            (state, y), values = step(carry[1], carry[0], x)
            return (state, values), y

        loop = (carry_on, (init, values), xs, length)
        (state, values), ys = backend.scan(*loop, reverse=reverse, unroll=unroll)
        return (state, ys), values

    return _stateful(run, f)


@op
def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """Apply a function to each slice along the first axis, one after another.

    Args:
        f: function of a slice (of each tensor of `xs`, in their structure).
        xs: tensors of the same first size.

    Returns:
        The results, stacked.

    Example:
        >>> print(keras.ops.map(lambda x: x * 10, keras.ops.arange(3)))
        [ 0 10 20]
    """
    _callable(f, "f", "map")
    return scan(lambda _, x: (0, f(x)), 0, xs)[1]


@op
def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """Apply a function to each slice along the first axis, all at once.

    Args:
        function: of a slice (of each tensor of `elements`, in their structure); it must
            not assign variables.
        elements: tensors of the same first size.

    Returns:
        The results, stacked.

    Example:
        >>> print(keras.ops.vectorized_map(lambda x: x * 10, keras.ops.arange(3)))
        [ 0 10 20]
    """
    _callable(function, "function", "vectorized_map")
    return backend.vmap(function)(elements)


@op
def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """Repeat `loop_vars = body(*loop_vars)` while `cond(*loop_vars)` is true.

    Args:
        cond: gives one boolean.
        body: must keep structure, shapes and dtypes.
        loop_vars: list or tuple of tensors or structures; anything else is passed and
            returned as a single argument.
        maximum_iterations: stop after so many.

    Returns:
        The last `loop_vars`; lists become tuples.

    Example:
        >>> print(keras.ops.while_loop(lambda i: i < 10, lambda i: i * 2, 1))
        16
    """
    many = isinstance(loop_vars, (list, tuple))
    first = tuple(loop_vars) if many else (loop_vars,)

    def run(values: Any, test: Any, step: Any) -> Any:
        def going_on(state: Any) -> Any:
            count, items, values = state
            more = test(values, *items)[0]
            if maximum_iterations is None:
                return more
            return backend.xp.logical_and(more, count < maximum_iterations)

        def advance(state: Any) -> Any:
            count, items, values = state
            items, values = step(values, *items)
            return count + 1, tuple(items) if many else (items,), values

        start = (backend.cast(0, "int32"), first, values)
        _, items, values = backend.while_loop(going_on, advance, start)
        return (items if many else items[0]), values

    return _stateful(run, cond, body)


@op
def fori_loop(
    lower: Tensor, upper: Tensor, body_fun: Callable[[Any, Any], Any], init_val: Any
) -> Any:
    """Repeat `value = body_fun(i, value)` for i from `lower` to `upper` − 1.

    Args:
        lower, upper: integers.
        body_fun: must keep structure, shapes and dtypes of the value.
        init_val: first value.

    Example:
        >>> print(keras.ops.fori_loop(0, 5, lambda i, total: total + i, 0))
        10
    """

    def run(values: Any, step: Any) -> Any:
        def advance(i: Any, state: Any) -> Any:
            return step(state[1], i, state[0])

        return backend.fori_loop(lower, upper, advance, (init_val, values))

    return _stateful(run, body_fun)


@op
def associative_scan(
    f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """All running results of an associative function, computed in parallel.

    y[0] = x[0], y[i] = f(y[i − 1], x[i]), in about log₂ n rounds.

    Args:
        f: associative function of two slices, which works on whole tensors too.
        elems: tensors of the same size along the axis.
        reverse: run from the end.
        axis: along which to run.

    Example:
        >>> print(keras.ops.associative_scan(lambda a, b: a + b, keras.ops.arange(5)))
        [ 0  1  3  6 10]
    """
    _callable(f, "f", "associative_scan")
    return backend.associative_scan(f, elems, reverse=reverse, axis=axis)


def vectorize(
    pyfunc: Callable[..., Any],
    *,
    excluded: set[int | str] | None = None,
    signature: str | None = None,
) -> Callable[..., Any]:
    """Turn a function of single elements into one of tensors that broadcast.

    Args:
        pyfunc: the function.
        excluded: positions of arguments that are passed as they are, as those by name
            always are.
        signature: such as `"(n),(n)->()"`, if it works on vectors rather than numbers.

    Example:
        >>> add = keras.ops.vectorize(lambda x, y: x + y)
        >>> print(add(keras.ops.array([1, 2]), 10))
        [11 12]
    """
    _callable(pyfunc, "pyfunc", "vectorize")
    passed = set(excluded or ())
    inputs = re.findall(r"\((.*?)\)", (signature or "").split("->")[0])

    def core(place: int) -> int:
        """How many axes of an argument the function takes as a whole."""
        names = inputs[place] if place < len(inputs) else ""
        return len(names.split(",")) if names.strip() else 0

    @op
    def vectorized(*args: Tensor, **kwargs: Any) -> Any:
        places = [i for i in range(len(args)) if i not in passed]
        tensors = [backend.asarray(args[i]) for i in places]
        cuts = [x.ndim - core(i) for i, x in zip(places, tensors)]
        loop = np.broadcast_shapes(*(x.shape[:c] for x, c in zip(tensors, cuts)))

        def one(elements: Any) -> Any:
            given = dict(zip(places, elements))
            return pyfunc(*(given.get(i, x) for i, x in enumerate(args)), **kwargs)

        if not loop:
            return one(tensors)
        rows = [
            backend.xp.broadcast_to(x, (*loop, *x.shape[c:])).reshape(-1, *x.shape[c:])
            for x, c in zip(tensors, cuts)
        ]
        results = backend.vmap(one)(rows)
        return tree.map_structure(lambda y: y.reshape(*loop, *y.shape[1:]), results)

    return vectorized


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function say itself what its gradient is.

    Args:
        f: takes tensors, returns (result, function). That function takes the gradient
            of the result and returns the gradient of each argument.

    Example:
        >>> @keras.ops.custom_gradient
        ... def straight_through(x):
        ...     return keras.ops.round(x), lambda upstream: upstream
        >>> print(straight_through(keras.ops.array([0.4, 1.6])))
        [0. 2.]
    """
    own = backend.custom_gradient(f)

    @op
    def with_own_gradient(*args: Tensor, **kwargs: Tensor) -> Any:
        return own(*args, **kwargs)

    return with_own_gradient
