"""Arithmetic of two tensors that broadcast with each other."""

from .. import backend
from ..graph import Tensor, op

__all__ = [
    "add", "arctan2", "divide", "divide_no_nan", "floor_divide", "fmax", "fmin", "fmod",
    "gcd", "heaviside", "hypot", "lcm", "ldexp", "logaddexp", "logaddexp2", "maximum",
    "minimum", "mod", "multiply", "nextafter", "power", "subtract", "true_divide",
]  # fmt: skip


@op
def add(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum x1 + x2, with broadcasting.

    Example:
        >>> print(keras.ops.add([1, 2], 3))
        [4 5]
    """
    return backend.xp.add(x1, x2)


@op
def arctan2(x1: Tensor, x2: Tensor) -> Tensor:
    """Angle of the point (x2, x1) in the plane, in (−π, π]. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.arctan2([1.0, -1.0], [1.0, 0.0])), 3))
        [ 0.785 -1.571]
    """
    return backend.xp.arctan2(x1, x2)


@op
def divide(x1: Tensor, x2: Tensor) -> Tensor:
    """Quotient x1 / x2, with broadcasting. Integers become floats.

    Example:
        >>> print(keras.ops.divide([1, 3], 2))
        [0.5 1.5]
    """
    return backend.xp.divide(x1, x2)


true_divide = divide


@op
def divide_no_nan(x1: Tensor, x2: Tensor) -> Tensor:
    """Quotient x1 / x2, and 0 where x2 is 0. Integers become floats.

    Example:
        >>> print(keras.ops.divide_no_nan([1.0, 3.0], [2.0, 0.0]))
        [0.5 0. ]
    """
    zero = backend.xp.equal(x2, 0)
    quotient = backend.xp.divide(x1, backend.xp.where(zero, 1, x2))
    return backend.xp.where(zero, 0, quotient)


@op
def floor_divide(x1: Tensor, x2: Tensor) -> Tensor:
    """Quotient rounded down: ⌊x1 / x2⌋.

    Example:
        >>> print(keras.ops.floor_divide([7, -7], 2))
        [ 3 -4]
    """
    return backend.xp.floor_divide(x1, x2)


@op
def fmax(x1: Tensor, x2: Tensor) -> Tensor:
    """Larger element of each pair; NaN only where both are.

    Example:
        >>> print(keras.ops.fmax([1.0, np.nan], [0.0, 2.0]))
        [1. 2.]
    """
    return backend.xp.fmax(x1, x2)


@op
def fmin(x1: Tensor, x2: Tensor) -> Tensor:
    """Smaller element of each pair; NaN only where both are.

    Example:
        >>> print(keras.ops.fmin([1.0, np.nan], [0.0, 2.0]))
        [0. 2.]
    """
    return backend.xp.fmin(x1, x2)


@op
def fmod(x1: Tensor, x2: Tensor) -> Tensor:
    """Remainder of x1 / x2 with the sign of x1, as in C.

    Example:
        >>> print(keras.ops.fmod([7, -7], 3))
        [ 1 -1]
    """
    return backend.xp.fmod(x1, x2)


@op
def gcd(x1: Tensor, x2: Tensor) -> Tensor:
    """Greatest common divisor of integers.

    Example:
        >>> print(keras.ops.gcd([12, 7], 18))
        [6 1]
    """
    return backend.xp.gcd(x1, x2)


@op
def heaviside(x1: Tensor, x2: Tensor) -> Tensor:
    """Step function: 0 for x1 < 0, x2 for x1 = 0, else 1.

    Example:
        >>> print(keras.ops.heaviside([-1.0, 0.0, 2.0], 0.5))
        [0.  0.5 1. ]
    """
    return backend.xp.heaviside(x1, x2)


@op
def hypot(x1: Tensor, x2: Tensor) -> Tensor:
    """Length √(x1² + x2²) of the hypotenuse, without overflow. Integers become floats.

    Example:
        >>> print(keras.ops.hypot(3.0, [4.0, 0.0]))
        [5. 3.]
    """
    return backend.xp.hypot(x1, x2)


@op
def lcm(x1: Tensor, x2: Tensor) -> Tensor:
    """Least common multiple of integers.

    Example:
        >>> print(keras.ops.lcm([4, 7], 6))
        [12 42]
    """
    return backend.xp.lcm(x1, x2)


@op
def ldexp(x1: Tensor, x2: Tensor) -> Tensor:
    """x1 · 2 ** x2 for integers x2.

    Example:
        >>> print(keras.ops.ldexp([0.5, 3.0], [2, 1]))
        [2. 6.]
    """
    return backend.xp.ldexp(x1, x2)


@op
def logaddexp(x1: Tensor, x2: Tensor) -> Tensor:
    """log(exp(x1) + exp(x2)), without overflow. Integers become floats.

    Example:
        >>> print(keras.ops.logaddexp([0.0, 1000.0], [0.0, 1000.0]))
        [6.9314718e-01 1.0006932e+03]
    """
    return backend.xp.logaddexp(x1, x2)


@op
def logaddexp2(x1: Tensor, x2: Tensor) -> Tensor:
    """log2(2 ** x1 + 2 ** x2), without overflow. Integers become floats.

    Example:
        >>> print(keras.ops.logaddexp2([0.0, 1000.0], [0.0, 1000.0]))
        [1.000e+00 1.001e+03]
    """
    return backend.xp.logaddexp2(x1, x2)


@op
def maximum(x1: Tensor, x2: Tensor) -> Tensor:
    """Larger element of each pair; NaN where either is.

    Example:
        >>> print(keras.ops.maximum([1, 5], [3, 2]))
        [3 5]
    """
    return backend.xp.maximum(x1, x2)


@op
def minimum(x1: Tensor, x2: Tensor) -> Tensor:
    """Smaller element of each pair; NaN where either is.

    Example:
        >>> print(keras.ops.minimum([1, 5], [3, 2]))
        [1 2]
    """
    return backend.xp.minimum(x1, x2)


@op
def mod(x1: Tensor, x2: Tensor) -> Tensor:
    """Remainder of x1 / x2 with the sign of x2, as Python's `%`.

    Example:
        >>> print(keras.ops.mod([7, -7], 3))
        [1 2]
    """
    return backend.xp.mod(x1, x2)


@op
def multiply(x1: Tensor, x2: Tensor) -> Tensor:
    """Product x1 · x2, with broadcasting.

    Example:
        >>> print(keras.ops.multiply([1, 2], [3, 4]))
        [3 8]
    """
    return backend.xp.multiply(x1, x2)


@op
def nextafter(x1: Tensor, x2: Tensor) -> Tensor:
    """The next float after x1 in the direction of x2. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.nextafter(1.0, 2.0)), 3))
        1.0
    """
    return backend.xp.nextafter(x1, x2)


@op
def power(x1: Tensor, x2: Tensor) -> Tensor:
    """x1 to the power x2, with broadcasting.

    Example:
        >>> print(keras.ops.power([2, 3], 2))
        [4 9]
    """
    return backend.xp.power(x1, x2)


@op
def subtract(x1: Tensor, x2: Tensor) -> Tensor:
    """Difference x1 − x2, with broadcasting.

    Example:
        >>> print(keras.ops.subtract([1, 2], 3))
        [-2 -1]
    """
    return backend.xp.subtract(x1, x2)
