"""Comparison, truth and bits, element by element, with broadcasting."""

from .. import backend
from ..graph import Tensor, op

__all__ = [
    "allclose", "bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_not",
    "bitwise_or", "bitwise_right_shift", "bitwise_xor", "equal", "greater",
    "greater_equal", "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf",
    "isposinf", "isreal", "left_shift", "less", "less_equal", "logical_and",
    "logical_not", "logical_or", "logical_xor", "not_equal", "right_shift",
]  # fmt: skip


@op
def equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether x1 = x2, element by element.

    Example:
        >>> print(keras.ops.equal([1, 2], [1, 3]))
        [ True False]
    """
    return backend.xp.equal(x1, x2)


@op
def greater(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether x1 > x2, element by element.

    Example:
        >>> print(keras.ops.greater([1, 2], 1))
        [False  True]
    """
    return backend.xp.greater(x1, x2)


@op
def greater_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether x1 ≥ x2, element by element.

    Example:
        >>> print(keras.ops.greater_equal([1, 2], 2))
        [False  True]
    """
    return backend.xp.greater_equal(x1, x2)


@op
def less(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether x1 < x2, element by element.

    Example:
        >>> print(keras.ops.less([1, 2], 2))
        [ True False]
    """
    return backend.xp.less(x1, x2)


@op
def less_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether x1 ≤ x2, element by element.

    Example:
        >>> print(keras.ops.less_equal([1, 2], 1))
        [ True False]
    """
    return backend.xp.less_equal(x1, x2)


@op
def not_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether x1 ≠ x2, element by element.

    Example:
        >>> print(keras.ops.not_equal([1, 2], [1, 3]))
        [False  True]
    """
    return backend.xp.not_equal(x1, x2)


@op
def logical_and(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether both are true (not zero).

    Example:
        >>> print(keras.ops.logical_and([True, False], [True, True]))
        [ True False]
    """
    return backend.xp.logical_and(x1, x2)


@op
def logical_or(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether at least one is true (not zero).

    Example:
        >>> print(keras.ops.logical_or([True, False], [False, False]))
        [ True False]
    """
    return backend.xp.logical_or(x1, x2)


@op
def logical_xor(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether exactly one is true (not zero).

    Example:
        >>> print(keras.ops.logical_xor([True, True], [True, False]))
        [False  True]
    """
    return backend.xp.logical_xor(x1, x2)


@op
def logical_not(x: Tensor) -> Tensor:
    """Whether each element is false (zero).

    Example:
        >>> print(keras.ops.logical_not([0, 2]))
        [ True False]
    """
    return backend.xp.logical_not(x)


@op
def isfinite(x: Tensor) -> Tensor:
    """Whether each element is neither NaN nor infinite.

    Example:
        >>> print(keras.ops.isfinite([1.0, np.nan, np.inf]))
        [ True False False]
    """
    return backend.xp.isfinite(x)


@op
def isinf(x: Tensor) -> Tensor:
    """Whether each element is +∞ or −∞.

    Example:
        >>> print(keras.ops.isinf([1.0, np.nan, -np.inf]))
        [False False  True]
    """
    return backend.xp.isinf(x)


@op
def isnan(x: Tensor) -> Tensor:
    """Whether each element is NaN.

    Example:
        >>> print(keras.ops.isnan([1.0, np.nan]))
        [False  True]
    """
    return backend.xp.isnan(x)


@op
def isneginf(x: Tensor) -> Tensor:
    """Whether each element is −∞.

    Example:
        >>> print(keras.ops.isneginf([np.inf, -np.inf]))
        [False  True]
    """
    return backend.xp.isneginf(x)


@op
def isposinf(x: Tensor) -> Tensor:
    """Whether each element is +∞.

    Example:
        >>> print(keras.ops.isposinf([np.inf, -np.inf]))
        [ True False]
    """
    return backend.xp.isposinf(x)


@op
def isreal(x: Tensor) -> Tensor:
    """Whether each element has no imaginary part.

    Example:
        >>> print(keras.ops.isreal([1.0, 2.0j]))
        [ True False]
    """
    return backend.xp.isreal(x)


@op
def isclose(
    x1: Tensor,
    x2: Tensor,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    equal_nan: bool = False,
) -> Tensor:
    """Whether |x1 − x2| ≤ atol + rtol · |x2|, element by element.

    Args:
        x1, x2: tensors that broadcast with each other.
        rtol, atol: relative and absolute tolerance.
        equal_nan: whether NaN is close to NaN.

    Example:
        >>> print(keras.ops.isclose([1.0, 2.0], [1.0, 2.1]))
        [ True False]
    """
    return backend.xp.isclose(x1, x2, rtol, atol, equal_nan)


@op
def allclose(
    x1: Tensor,
    x2: Tensor,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    equal_nan: bool = False,
) -> Tensor:
    """Whether all elements are close in the sense of `isclose`: one boolean.

    Example:
        >>> print(keras.ops.allclose([1.0, 2.0], [1.0, 2.1]))
        False
    """
    return backend.xp.allclose(x1, x2, rtol, atol, equal_nan)


@op
def isin(
    x1: Tensor, x2: Tensor, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    """Whether each element of `x1` is one of the elements of `x2`.

    Args:
        x1, x2: tensors of any shape; the result has the shape of `x1`.
        assume_unique: that neither holds an element twice; may be faster.
        invert: give "is not one of" instead.

    Example:
        >>> print(keras.ops.isin([1, 2, 3], [2, 5]))
        [False  True False]
    """
    return backend.xp.isin(x1, x2, assume_unique=assume_unique, invert=invert)


@op
def bitwise_and(x: Tensor, y: Tensor) -> Tensor:
    """Bits that are set in both integers: x & y.

    Example:
        >>> print(keras.ops.bitwise_and([5, 6], 3))
        [1 2]
    """
    return backend.xp.bitwise_and(x, y)


@op
def bitwise_or(x: Tensor, y: Tensor) -> Tensor:
    """Bits that are set in either integer: x | y.

    Example:
        >>> print(keras.ops.bitwise_or([5, 6], 3))
        [7 7]
    """
    return backend.xp.bitwise_or(x, y)


@op
def bitwise_xor(x: Tensor, y: Tensor) -> Tensor:
    """Bits that are set in exactly one: x ^ y.

    Example:
        >>> print(keras.ops.bitwise_xor([5, 6], 3))
        [6 5]
    """
    return backend.xp.bitwise_xor(x, y)


@op
def bitwise_left_shift(x: Tensor, y: Tensor) -> Tensor:
    """Shift bits left: x << y, that is x · 2 ** y.

    Example:
        >>> print(keras.ops.bitwise_left_shift([1, 3], 2))
        [ 4 12]
    """
    return backend.xp.bitwise_left_shift(x, y)


@op
def bitwise_right_shift(x: Tensor, y: Tensor) -> Tensor:
    """Shift bits right: x >> y, that is ⌊x / 2 ** y⌋.

    Example:
        >>> print(keras.ops.bitwise_right_shift([4, 13], 2))
        [1 3]
    """
    return backend.xp.bitwise_right_shift(x, y)


left_shift = bitwise_left_shift
right_shift = bitwise_right_shift


@op
def bitwise_not(x: Tensor) -> Tensor:
    """Flip all bits of integers: ~x, that is −x − 1.

    Example:
        >>> print(keras.ops.bitwise_not([0, 5]))
        [-1 -6]
    """
    return backend.xp.bitwise_not(x)


bitwise_invert = bitwise_not
