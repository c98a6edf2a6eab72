"""Derivatives of single ops, as expressions that read like those of a textbook.

A rule says what flows back through one op. A gradient that is the same everywhere stays
a plain number, and products with 0 and 1 are never made, so that formulas are short.
What flows is meant as broadcast to the shape of the op's result.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

from .. import backend, dtypes, ops
from ..graph import KerasTensor, Tensor, is_symbolic, op

__all__ = [
    "EXTRAS",
    "count",
    "filled",
    "note_shapes",
    "plus",
    "sum_like",
    "times",
]


@op
def sum_like(gradient: Tensor, like: Tensor) -> Any:
    """Sum over the axes along which `like` was broadcast, so that its shape results.

    Args:
        gradient: of any shape to or from which `like` can be broadcast.
        like: gives the shape.

    Example:
        >>> from kerasish.symbolic.derivatives import sum_like
        >>> print(sum_like(np.ones((3, 2)), np.zeros(2)))
        [3. 3.]
    """
    extra = gradient.ndim - like.ndim
    if extra > 0:
        gradient = ops.sum(gradient, axis=tuple(range(extra)))
    shape = (1,) * max(-extra, 0) + tuple(gradient.shape)
    axes = [i for i, n in enumerate(like.shape) if n == 1 and shape[i] != 1]
    if axes:
        gradient = ops.sum(ops.reshape(gradient, shape), axis=axes, keepdims=True)
    return ops.broadcast_to(gradient, like.shape)


@op
def spread(gradient: Tensor, result: Tensor, like: Tensor) -> Any:
    """Return what flows back from `result` to `like`, of the same rank.

    Where both turn out to have the same shape, that is the gradient itself.

    Args:
        gradient: broadcasts to the shape of `result`; a scalar stays one.
        result, like: give the shapes.

    Example:
        >>> from kerasish.symbolic.derivatives import spread
        >>> print(spread(1.0, np.zeros((3, 2)), np.zeros((1, 2))))
        3.0
    """
    sizes = [math.prod(x.shape) for x in (result, like)]
    gradient = ops.convert_to_tensor(gradient, like.dtype)
    if gradient.ndim == 0:
        return gradient if sizes[0] == sizes[1] else gradient * (sizes[0] / sizes[1])
    return sum_like(ops.broadcast_to(gradient, result.shape), like)


@op
def count(x: Tensor, axis: Any = None) -> Any:
    """Return how many elements there are, in all or along axes, in the dtype of `x`.

    Example:
        >>> from kerasish.symbolic.derivatives import count
        >>> float(count(np.zeros((2, 3))))
        6.0
    """
    return ops.cast(_size(tuple(x.shape), axis), x.dtype)


def _size(shape: tuple[int | None, ...], axis: Any) -> int | None:
    axes = range(len(shape)) if axis is None else axis
    total = 1
    for i in (axes,) if isinstance(axes, int) else axes:
        size = shape[i]
        if size is None:
            return None
        total *= size
    return total


# What formulas may hold besides ops.
EXTRAS = {"sum_like": sum_like, "spread": spread, "count": count}


# --- arithmetic that leaves out what changes nothing ---------------------------------


def is_number(x: Any) -> bool:
    """Say whether `x` is a plain number."""
    return isinstance(x, (int, float, complex)) and not isinstance(x, bool)


def _tidy(x: Any) -> Any:
    return int(x) if isinstance(x, float) and x.is_integer() else x


def _made_by(x: Any, function: Callable[..., Any]) -> tuple[Any, ...] | None:
    """Return the arguments of the op if it made `x`."""
    made = is_symbolic(x) and x.node is not None
    if made and getattr(x.node.operation, "function", None) is function:
        return tuple(x.node.args)
    return None


def times(a: Any, b: Any) -> Any:
    """Return a · b, numbers first."""
    if is_number(a) and is_number(b):
        return _tidy(a * b)
    if is_number(b):
        a, b = b, a
    if is_number(a):
        return _scaled(a, b)
    for x, other in ((a, b), (b, a)):
        inner = _made_by(x, ops.negative)
        if inner:
            return minus(0, times(inner[0], other))
        scaled = _made_by(x, ops.multiply)
        if scaled and is_number(scaled[0]):
            pair = (scaled[1], other) if x is a else (other, scaled[1])
            return times(scaled[0], times(*pair))
        short = _short(x, other)
        if short is not None:
            return short
        fraction = _made_by(x, ops.divide)
        if fraction and is_number(fraction[0]):
            return over(times(fraction[0], other), fraction[1])
    return ops.square(a) if a is b else a * b


def _equal(a: Any, b: Any, depth: int = 3) -> bool:
    """Say whether two expressions are the same, looking some calls deep."""
    if a is b or (is_number(a) and is_number(b) and a == b):
        return True
    if not depth or not (is_symbolic(a) and is_symbolic(b)) or not (a.node and b.node):
        return False
    functions = [getattr(x.node.operation, "function", x) for x in (a, b)]
    if functions[0] is not functions[1] or a.node.kwargs or b.node.kwargs:
        return False
    pairs = list(zip(a.node.args, b.node.args))
    whole = len(pairs) == len(a.node.args) == len(b.node.args)
    return whole and all(_equal(x, y, depth - 1) for x, y in pairs)


def _cancelled(numerator: Any, denominator: Any, factor: Any) -> Any:
    """Return numerator / denominator · factor where the two cancel, else None."""
    if _equal(factor, denominator):
        return numerator
    product = _made_by(factor, ops.multiply) or ()
    for i, x in enumerate(product):
        if _equal(x, denominator):
            return times(numerator, product[1 - i])
    return None


def _short(x: Any, factor: Any, depth: int = 4) -> Any:
    """Return x · factor where that is shorter: where something cancels."""
    if not depth:
        return None
    inner = _made_by(x, ops.negative)
    if inner:
        short = _short(inner[0], factor, depth - 1)
        return None if short is None else minus(0, short)
    fraction = _made_by(x, ops.divide)
    if fraction:
        return _cancelled(fraction[0], fraction[1], factor)
    for function, join in ((ops.add, plus), (ops.subtract, minus)):
        terms = _made_by(x, function) or ()
        parts = [_short(term, factor, depth - 1) for term in terms]
        if parts and None not in parts:
            return join(*parts)
    return None


def _scaled(number: Any, x: Any) -> Any:
    if number == 0:
        return 0
    if number == 1:
        return x
    inner = _made_by(x, ops.negative)
    if inner:
        return times(-number, inner[0])
    if number == -1:
        return minus(0, x)
    inner = _made_by(x, ops.multiply)
    if inner and is_number(inner[0]):
        return times(number * inner[0], inner[1])
    fraction = _made_by(x, ops.divide)
    if fraction and is_number(fraction[0]):
        return over(number * fraction[0], fraction[1])
    return _tidy(number) * x


def plus(a: Any, b: Any) -> Any:
    """Return a + b."""
    if is_number(a) and is_number(b):
        return _tidy(a + b)
    if is_number(a) and a == 0:
        return b
    if is_number(b) and b == 0:
        return a
    inner = _made_by(b, ops.negative)
    if inner:
        return minus(a, inner[0])
    inner = _made_by(a, ops.negative)
    if inner:
        return minus(b, inner[0])
    return _scaled(2, a) if a is b else a + b


def minus(a: Any, b: Any) -> Any:
    """Return a − b."""
    if is_number(a) and is_number(b):
        return _tidy(a - b)
    if is_number(b) and b == 0:
        return a
    inner = _made_by(b, ops.negative)
    if inner:
        return plus(a, inner[0])
    if not (is_number(a) and a == 0):
        return a - b
    difference = _made_by(b, ops.subtract)
    if difference:
        return minus(difference[1], difference[0])
    product = _made_by(b, ops.multiply)
    if product and is_number(product[0]):
        return times(-product[0], product[1])
    return -b


def over(a: Any, b: Any) -> Any:
    """Return a / b."""
    if is_number(b):
        return _tidy(a / b) if is_number(a) else times(1 / b, a)
    if is_number(a) and a == 0:
        return 0
    inner = _made_by(a, ops.negative)
    if inner:
        return minus(0, over(inner[0], b))
    return a / b


def raised(a: Any, b: Any) -> Any:
    """Return aᵇ."""
    if is_number(b):
        if b == 0:
            return 1
        if b == 1:
            return a
        return _tidy(a**b) if is_number(a) else a ** _tidy(b)
    return a**b


def filled(value: Any, like: KerasTensor) -> KerasTensor:
    """Return a gradient in the full shape of a tensor."""
    if is_number(value):
        if value == 0:
            return ops.zeros_like(like)
        ones = ops.ones_like(like)
        return ones if value == 1 else times(value, ones)
    if same_shape(value, like):
        return value
    pairs = zip(value.shape, like.shape)
    if value.ndim == like.ndim and all(a == b or None in (a, b) for a, b in pairs):
        return sum_like(value, like)
    return value * ops.ones_like(like)


# --- shapes --------------------------------------------------------------------------


def same_shape(a: KerasTensor, b: KerasTensor) -> bool:
    """Say whether two tensors are sure to have the same shape."""
    if a is b or (a.shape == b.shape and None not in a.shape):
        return True
    return a.ndim == b.ndim and _root(a) is _root(b)


def note_shapes(tensors: Iterable[KerasTensor]) -> None:
    """Find out about shapes from the beginning of a graph on, however deep it is."""
    for tensor in tensors:
        _root(tensor)


def _root(x: KerasTensor) -> KerasTensor:
    """Return the tensor from which `x` has its shape through elementwise ops."""
    chain = []
    while "_shape_root" not in x.__dict__:
        chain.append(x)
        tensors = elementwise_arguments(x)
        if len(tensors) == 2 and _root(tensors[0]) is _root(tensors[1]):
            tensors = tensors[:1]
        if len(tensors) != 1 or tensors[0].ndim != x.ndim:
            break
        x = tensors[0]
    root = x.__dict__.get("_shape_root", x)
    for link in chain:
        link.__dict__["_shape_root"] = root
    return root


def shape_source(x: Any) -> Any:
    """Return a short expression of most likely the same shape: for reading only."""
    while is_symbolic(x):
        same = [t for t in elementwise_arguments(x) if t.shape == x.shape]
        if not same:
            break
        x = same[0]
    return x


def elementwise_arguments(x: KerasTensor) -> list[KerasTensor]:
    if x.node is None:
        return []
    function = getattr(x.node.operation, "function", None)
    if function not in UNARY and function not in BINARY:
        return []
    if not all(is_number(a) or is_symbolic(a) for a in x.node.args):
        return []
    return [t for t in x.node.inputs if t.ndim]


def _reduced(c: Any, y: KerasTensor, target: KerasTensor, carries: bool) -> Any:
    """Sum what flows back over the axes along which `target` was broadcast to `y`.

    Args:
        carries: whether `c` has its full size along those axes in any case.
    """
    if same_shape(y, target):
        return c
    if not carries and (is_number(c) or not same_shape(c, y)):
        if y.shape == target.shape:  # most likely nothing was broadcast
            return spread(c, y, target)
        c = filled(c, y)
    if is_number(c):
        c = filled(c, target)
    extra = c.ndim - target.ndim
    if extra > 0:
        summed = ops.sum(c, axis=None if target.ndim == 0 else tuple(range(extra)))
        if None not in target.shape and summed.shape == target.shape:
            return summed
    return c if same_shape(c, target) else sum_like(c, target)


# --- rules ---------------------------------------------------------------------------

# op -> what flows back: (gradient, x, y = op(x)).
UNARY: dict[Any, Callable[[Any, Any, Any], Any]] = {
    ops.negative: lambda g, x, y: minus(0, g),
    ops.exp: lambda g, x, y: times(g, y),
    ops.expm1: lambda g, x, y: times(g, ops.exp(x)),
    ops.log: lambda g, x, y: over(g, x),
    ops.log1p: lambda g, x, y: over(g, plus(1, x)),
    ops.log2: lambda g, x, y: over(g, times(0.6931471805599453, x)),
    ops.log10: lambda g, x, y: over(g, times(2.302585092994046, x)),
    ops.sqrt: lambda g, x, y: over(g, times(2, y)),
    ops.rsqrt: lambda g, x, y: times(times(-0.5, g), over(y, x)),
    ops.square: lambda g, x, y: times(times(2, g), x),
    ops.reciprocal: lambda g, x, y: minus(0, over(g, ops.square(x))),
    ops.sin: lambda g, x, y: times(g, ops.cos(x)),
    ops.cos: lambda g, x, y: minus(0, times(g, ops.sin(x))),
    ops.tan: lambda g, x, y: times(g, plus(1, ops.square(y))),
    ops.arcsin: lambda g, x, y: over(g, ops.sqrt(minus(1, ops.square(x)))),
    ops.arccos: lambda g, x, y: minus(0, over(g, ops.sqrt(minus(1, ops.square(x))))),
    ops.arctan: lambda g, x, y: over(g, plus(1, ops.square(x))),
    ops.sinh: lambda g, x, y: times(g, ops.cosh(x)),
    ops.cosh: lambda g, x, y: times(g, ops.sinh(x)),
    ops.tanh: lambda g, x, y: times(g, minus(1, ops.square(y))),
    ops.arcsinh: lambda g, x, y: over(g, ops.sqrt(plus(ops.square(x), 1))),
    ops.arccosh: lambda g, x, y: over(g, ops.sqrt(minus(ops.square(x), 1))),
    ops.arctanh: lambda g, x, y: over(g, minus(1, ops.square(x))),
    ops.sigmoid: lambda g, x, y: times(g, times(y, minus(1, y))),
    ops.softplus: lambda g, x, y: times(g, ops.sigmoid(x)),
    ops.relu: lambda g, x, y: ops.where(x > 0, _float(g), 0.0),
    ops.absolute: lambda g, x, y: times(g, ops.sign(x)),
    ops.erf: lambda g, x, y: times(
        times(1.1283791670955126, g), ops.exp(minus(0, ops.square(x)))
    ),
}
# op -> for each argument: (gradient, first, second, y), and whether it carries sizes.
BINARY: dict[Any, tuple[Callable[..., Any], Callable[..., Any], bool]] = {
    ops.add: (lambda g, a, b, y: g, lambda g, a, b, y: g, False),
    ops.subtract: (lambda g, a, b, y: g, lambda g, a, b, y: minus(0, g), False),
    ops.multiply: (
        lambda g, a, b, y: times(g, b),
        lambda g, a, b, y: times(g, a),
        True,
    ),
    ops.divide: (
        lambda g, a, b, y: over(g, b),
        lambda g, a, b, y: minus(0, over(times(g, a), raised(b, 2))),
        True,
    ),
    ops.power: (
        lambda g, a, b, y: times(g, times(b, raised(a, minus(b, 1)))),
        lambda g, a, b, y: times(g, times(_log_of_base(a), y)),
        True,
    ),
    ops.maximum: (
        lambda g, a, b, y: ops.where(a >= b, _float(g), 0.0),
        lambda g, a, b, y: ops.where(a >= b, 0.0, _float(g)),
        False,
    ),
    ops.minimum: (
        lambda g, a, b, y: ops.where(a <= b, _float(g), 0.0),
        lambda g, a, b, y: ops.where(a <= b, 0.0, _float(g)),
        False,
    ),
}
BINARY[ops.true_divide] = BINARY[ops.divide]
UNARY[ops.abs] = UNARY[ops.absolute]


def _float(g: Any) -> Any:
    return float(g) if is_number(g) else g


def _log_of_base(a: Any) -> Any:
    """Return log a; 0 for a = 0, where aᵇ does not change with a positive b."""
    if is_number(a):
        return float(backend.to_numpy(ops.log(float(a)))) if a > 0 else 0
    return ops.log(ops.where(a > 0, a, 1.0))


def _sum(
    g: Any, y: KerasTensor, x: Any, axis: Any = None, keepdims: bool = False
) -> list[Any]:
    if is_number(g) or g.ndim == 0 or keepdims or axis is None:
        return [g]
    axis = tuple(axis) if isinstance(axis, (list, tuple)) else axis
    return [ops.expand_dims(filled(g, y), axis)]


def _mean(
    g: Any, y: KerasTensor, x: Any, axis: Any = None, keepdims: bool = False
) -> list[Any]:
    size = _size(x.shape, axis)
    share = over(g, size or count(_root(x), *_given(axis)))
    return _sum(share, y, x, axis, keepdims)


def _given(axis: Any) -> tuple[Any, ...]:
    return () if axis is None else (axis,)


def _matmul(g: Any, y: KerasTensor, x1: Any, x2: Any) -> list[Any] | None:
    a, b = x1, x2
    ranks = (getattr(a, "ndim", None), getattr(b, "ndim", None))
    if ranks == (1, 1):
        return [times(g, b), times(g, a)]
    if ranks not in ((2, 2), (2, 1), (1, 2)):
        return None
    g = filled(g, y)
    if ranks == (2, 2):
        return [g @ _transposed(b), _transposed(a) @ g]
    if ranks == (2, 1):
        return [ops.outer(g, b), g @ a]
    return [b @ g, ops.outer(a, g)]


def _transposed(x: Any) -> Any:
    inner = _made_by(x, ops.transpose)
    return inner[0] if inner and len(inner) == 1 else ops.transpose(x)


def _transpose(g: Any, y: KerasTensor, x: Any, axes: Any = None) -> list[Any] | None:
    return [_transposed(filled(g, y))] if axes is None else None


def _where(
    g: Any, y: KerasTensor, condition: Any, x1: Any = None, x2: Any = None
) -> list[Any]:
    g = _float(g)
    sides = (ops.where(condition, g, 0.0), ops.where(condition, 0.0, g))
    pairs = zip(sides, (x1, x2))
    return [0, *(_reduced(c, y, x, False) if is_symbolic(x) else 0 for c, x in pairs)]


def _softmax(g: Any, y: KerasTensor, x: Any, axis: int = -1) -> list[Any]:
    short = None if is_number(g) else _short(g, y)
    g = filled(g, y)
    if short is not None:
        return [minus(short, times(y, ops.sum(short, axis=axis, keepdims=True)))]
    return [y * (g - ops.sum(g * y, axis=axis, keepdims=True))]


def _log_softmax(g: Any, y: KerasTensor, x: Any, axis: int = -1) -> list[Any]:
    g = filled(g, y)
    total = ops.sum(g, axis=axis, keepdims=True)
    return [minus(g, times(ops.softmax(x, axis), total))]


def _reshape(g: Any, y: KerasTensor, x: Any, newshape: Any) -> list[Any] | None:
    return None if None in x.shape else [ops.reshape(filled(g, y), x.shape)]


# Ops of other kinds: (gradient, result, arguments) -> what flows to each argument in
# its own shape, or None where the rule does not know.
OTHERS: dict[Any, Callable[..., Any]] = {
    ops.sum: _sum,
    ops.mean: _mean,
    ops.matmul: _matmul,
    ops.dot: _matmul,
    ops.transpose: _transpose,
    ops.where: _where,
    ops.softmax: _softmax,
    ops.log_softmax: _log_softmax,
    ops.reshape: _reshape,
}
# Ops through which nothing flows.
FLAT = {ops.stop_gradient, ops.sign, ops.floor, ops.ceil, ops.round, ops.ones_like}
FLAT |= {ops.zeros_like, count}


def flows_back(
    function: Any, g: Any, y: KerasTensor, given: dict[str, Any]
) -> list[Any] | None:
    """Return the gradients of an op's arguments, in their order; None: no rule knows.

    Args:
        function: the op.
        g: gradient of its result: a number (the same everywhere) or a tensor.
        y: its result.
        given: its arguments by name, in the order of its signature.
    """
    if function in OTHERS:
        symbols = is_symbolic(next(iter(given.values())))
        return OTHERS[function](g, y, **given) if symbols else None
    values = list(given.values())
    if not all(is_number(x) or is_symbolic(x) for x in values):
        return None
    if function in UNARY:
        return [UNARY[function](g, values[0], y)] if len(values) == 1 else None
    if function not in BINARY:
        return None
    first, second, carries = BINARY[function]
    flows = []
    for rule, x in zip((first, second), values):
        wanted = is_symbolic(x) and dtypes.is_float(x.dtype)
        flow = rule(g, *values, y) if wanted else 0
        flows.append(_reduced(flow, y, x, carries) if wanted else 0)
    return flows
