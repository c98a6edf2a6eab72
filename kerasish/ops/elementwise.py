"""Functions of one tensor, element by element. The shape stays."""

from .. import backend
from ..graph import Tensor, op
from .conversion import as_float

__all__ = [
    "abs", "absolute", "angle", "arccos", "arccosh", "arcsin", "arcsinh", "arctan",
    "arctanh", "cbrt", "ceil", "clip", "conj", "conjugate", "cos", "cosh", "deg2rad",
    "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "fabs", "floor", "i0", "imag",
    "log", "log10", "log1p", "log2", "nan_to_num", "negative", "rad2deg", "real",
    "reciprocal", "round", "rsqrt", "sign", "signbit", "sin", "sinc", "sinh", "sqrt",
    "square", "tan", "tanh", "trunc",
]  # fmt: skip


@op
def absolute(x: Tensor) -> Tensor:
    """Absolute value |x| of each element; the modulus of complex numbers.

    Example:
        >>> print(keras.ops.absolute([-2.0, 3.0]))
        [2. 3.]
    """
    return backend.xp.absolute(x)


abs = absolute


@op
def angle(x: Tensor) -> Tensor:
    """Angle of each complex number in the plane, in radians.

    0 or π for real numbers.

    Example:
        >>> print(np.round(np.asarray(keras.ops.angle([1.0, -1.0])), 3))
        [0.    3.142]
    """
    return backend.xp.angle(x)


@op
def arccos(x: Tensor) -> Tensor:
    """Inverse cosine of each element, in [0, π]. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.arccos([1.0, 0.0])), 3))
        [0.    1.571]
    """
    return backend.xp.arccos(x)


@op
def arccosh(x: Tensor) -> Tensor:
    """Inverse hyperbolic cosine log(x + √(x² − 1)), for x ≥ 1. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.arccosh([1.0, 2.0])), 3))
        [0.    1.317]
    """
    return backend.xp.arccosh(x)


@op
def arcsin(x: Tensor) -> Tensor:
    """Inverse sine of each element, in [−π/2, π/2]. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.arcsin([0.0, 1.0])), 3))
        [0.    1.571]
    """
    return backend.xp.arcsin(x)


@op
def arcsinh(x: Tensor) -> Tensor:
    """Inverse hyperbolic sine log(x + √(x² + 1)). Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.arcsinh([0.0, 1.0])), 3))
        [0.    0.881]
    """
    return backend.xp.arcsinh(x)


@op
def arctan(x: Tensor) -> Tensor:
    """Inverse tangent of each element, in (−π/2, π/2). Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.arctan([0.0, 1.0])), 3))
        [0.    0.785]
    """
    return backend.xp.arctan(x)


@op
def arctanh(x: Tensor) -> Tensor:
    """Inverse hyperbolic tangent log((1 + x) / (1 − x)) / 2. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.arctanh([0.0, 0.5])), 3))
        [0.    0.549]
    """
    return backend.xp.arctanh(x)


@op
def cbrt(x: Tensor) -> Tensor:
    """Cube root of each element. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.cbrt([8.0, -27.0])), 3))
        [ 2. -3.]
    """
    return backend.xp.cbrt(x)


@op
def ceil(x: Tensor) -> Tensor:
    """Smallest integer not below each element, as a float. Integers become floats.

    Example:
        >>> print(keras.ops.ceil([1.2, -1.2]))
        [ 2. -1.]
    """
    return backend.xp.ceil(as_float(x))


@op
def conjugate(x: Tensor) -> Tensor:
    """Complex conjugate of each element; real numbers stay.

    Example:
        >>> print(keras.ops.conjugate([1.0 + 2.0j]))
        [1.-2.j]
    """
    return backend.xp.conjugate(x)


conj = conjugate


@op
def cos(x: Tensor) -> Tensor:
    """Cosine of each element, given in radians. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.cos([0.0, 1.0])), 3))
        [1.   0.54]
    """
    return backend.xp.cos(x)


@op
def cosh(x: Tensor) -> Tensor:
    """Hyperbolic cosine (eˣ + e⁻ˣ) / 2. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.cosh([0.0, 1.0])), 3))
        [1.    1.543]
    """
    return backend.xp.cosh(x)


@op
def deg2rad(x: Tensor) -> Tensor:
    """Convert degrees to radians: π x / 180. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.deg2rad([90.0, 180.0])), 3))
        [1.571 3.142]
    """
    return backend.xp.deg2rad(x)


@op
def erf(x: Tensor) -> Tensor:
    """Error function 2/√π ∫₀ˣ exp(−t²) dt of each element. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.erf([0.0, 1.0])), 3))
        [0.    0.843]
    """
    return backend.erf(as_float(x))


@op
def erfc(x: Tensor) -> Tensor:
    """Complementary error function 1 − erf(x). Integers become floats.

    Above 1 by the Chebyshev fit of Press et al., Numerical Recipes, 6.2: relative error
    below 1.2e-7, where the difference would lose all digits.

    Example:
        >>> print(np.round(np.asarray(keras.ops.erfc([0.0, 1.0])), 3))
        [1.    0.157]
    """
    x, xp = as_float(x), backend.xp
    z = xp.maximum(x, 1.0)
    t = 1.0 / (1.0 + 0.5 * z)
    power = xp.zeros_like(t)
    for coefficient in _ERFC:
        power = power * t + coefficient
    return xp.where(x > 1, t * xp.exp(power - z * z), 1.0 - backend.erf(x))


_ERFC = [0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806]
_ERFC += [0.09678418, 0.37409196, 1.00002368, -1.26551223]


@op
def erfinv(x: Tensor) -> Tensor:
    """Inverse of `erf`, for −1 < x < 1. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.erfinv([0.0, 0.5])), 3))
        [0.    0.477]
    """
    return backend.erfinv(as_float(x))


@op
def exp(x: Tensor) -> Tensor:
    """Exponential eˣ of each element. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.exp([0.0, 1.0])), 3))
        [1.    2.718]
    """
    return backend.xp.exp(x)


@op
def exp2(x: Tensor) -> Tensor:
    """Power 2ˣ of each element. Integers become floats.

    Example:
        >>> print(keras.ops.exp2([3.0, -1.0]))
        [8.  0.5]
    """
    return backend.xp.exp2(x)


@op
def expm1(x: Tensor) -> Tensor:
    """eˣ − 1, exact also for small x. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.expm1([0.0, 1.0])), 3))
        [0.    1.718]
    """
    return backend.xp.expm1(x)


@op
def fabs(x: Tensor) -> Tensor:
    """Absolute value of each element, as a float. Integers become floats.

    Example:
        >>> print(keras.ops.fabs([-2, 3]))
        [2. 3.]
    """
    return backend.xp.fabs(x)


@op
def floor(x: Tensor) -> Tensor:
    """Largest integer not above each element, as a float. Integers become floats.

    Example:
        >>> print(keras.ops.floor([1.2, -1.2]))
        [ 1. -2.]
    """
    return backend.xp.floor(as_float(x))


@op
def i0(x: Tensor) -> Tensor:
    """Modified Bessel function of the first kind and order 0. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.i0([0.0, 1.0])), 3))
        [1.    1.266]
    """
    return backend.xp.i0(x)


@op
def imag(x: Tensor) -> Tensor:
    """Imaginary part of each element; zeros for real tensors.

    Example:
        >>> print(keras.ops.imag([1.0 + 2.0j]))
        [2.]
    """
    return backend.xp.imag(x)


@op
def log(x: Tensor) -> Tensor:
    """Natural logarithm of each element. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.log([1.0, 10.0])), 3))
        [0.    2.303]
    """
    return backend.xp.log(x)


@op
def log10(x: Tensor) -> Tensor:
    """Logarithm to base 10. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.log10([1.0, 100.0])), 3))
        [0. 2.]
    """
    return backend.xp.log10(x)


@op
def log1p(x: Tensor) -> Tensor:
    """log(1 + x), exact also for small x. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.log1p([0.0, 1.0])), 3))
        [0.    0.693]
    """
    return backend.xp.log1p(x)


@op
def log2(x: Tensor) -> Tensor:
    """Logarithm to base 2. Integers become floats.

    Example:
        >>> print(keras.ops.log2([1.0, 8.0]))
        [0. 3.]
    """
    return backend.xp.log2(x)


@op
def negative(x: Tensor) -> Tensor:
    """Change the sign of each element.

    Example:
        >>> print(keras.ops.negative([1, -2]))
        [-1  2]
    """
    return backend.xp.negative(x)


@op
def rad2deg(x: Tensor) -> Tensor:
    """Convert radians to degrees: 180 x / π. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.rad2deg([1.0, 3.0])), 3))
        [ 57.296 171.887]
    """
    return backend.xp.rad2deg(x)


@op
def real(x: Tensor) -> Tensor:
    """Real part of each element.

    Example:
        >>> print(keras.ops.real([1.0 + 2.0j]))
        [1.]
    """
    return backend.xp.real(x)


@op
def reciprocal(x: Tensor) -> Tensor:
    """1 / x of each element. Integers become floats.

    Example:
        >>> print(keras.ops.reciprocal([2.0, 4.0]))
        [0.5  0.25]
    """
    return backend.xp.reciprocal(x)


@op
def rsqrt(x: Tensor) -> Tensor:
    """1 / √x of each element. Integers become floats.

    Example:
        >>> print(keras.ops.rsqrt([4.0, 16.0]))
        [0.5  0.25]
    """
    return 1 / backend.xp.sqrt(x)


@op
def sign(x: Tensor) -> Tensor:
    """Sign of each element: −1, 0 or 1.

    Example:
        >>> print(keras.ops.sign([-2.0, 0.0, 5.0]))
        [-1.  0.  1.]
    """
    return backend.xp.sign(x)


@op
def signbit(x: Tensor) -> Tensor:
    """Whether the sign bit is set; True for −0.0 too.

    Example:
        >>> print(keras.ops.signbit([-0.0, 1.0]))
        [ True False]
    """
    return backend.xp.signbit(x)


@op
def sin(x: Tensor) -> Tensor:
    """Sine of each element, given in radians. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.sin([0.0, 1.0])), 3))
        [0.    0.841]
    """
    return backend.xp.sin(x)


@op
def sinc(x: Tensor) -> Tensor:
    """sin(πx) / (πx), and 1 at 0. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.sinc([0.0, 0.5])), 3))
        [1.    0.637]
    """
    return backend.xp.sinc(x)


@op
def sinh(x: Tensor) -> Tensor:
    """Hyperbolic sine (eˣ − e⁻ˣ) / 2. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.sinh([0.0, 1.0])), 3))
        [0.    1.175]
    """
    return backend.xp.sinh(x)


@op
def sqrt(x: Tensor) -> Tensor:
    """Square root of each element. Integers become floats.

    Example:
        >>> print(keras.ops.sqrt([4.0, 9.0]))
        [2. 3.]
    """
    return backend.xp.sqrt(x)


@op
def square(x: Tensor) -> Tensor:
    """x² of each element.

    Example:
        >>> print(keras.ops.square([3, -4]))
        [ 9 16]
    """
    return backend.xp.square(x)


@op
def tan(x: Tensor) -> Tensor:
    """Tangent of each element, given in radians. Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.tan([0.0, 1.0])), 3))
        [0.    1.557]
    """
    return backend.xp.tan(x)


@op
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ). Integers become floats.

    Example:
        >>> print(np.round(np.asarray(keras.ops.tanh([0.0, 1.0])), 3))
        [0.    0.762]
    """
    return backend.xp.tanh(x)


@op
def trunc(x: Tensor) -> Tensor:
    """Drop the fractional part: round towards zero.

    Example:
        >>> print(keras.ops.trunc([1.7, -1.7]))
        [ 1. -1.]
    """
    return backend.xp.trunc(x)


@op
def round(x: Tensor, decimals: int = 0) -> Tensor:
    """Round to the given number of decimals; halves go to the even neighbour.

    Args:
        x: tensor of any shape.
        decimals: negative numbers round to tens, hundreds ...

    Example:
        >>> print(keras.ops.round([0.5, 1.5, 2.6]))
        [0. 2. 3.]
    """
    return backend.xp.round(x, decimals)


@op
def clip(x: Tensor, x_min: Tensor, x_max: Tensor) -> Tensor:
    """Limit each element to [x_min, x_max]: min(max(x, x_min), x_max).

    Args:
        x: tensor of any shape; booleans become int32.
        x_min, x_max: numbers or tensors that broadcast with `x`; None for no limit.

    Example:
        >>> print(keras.ops.clip([-2, 0, 9], 0, 5))
        [0 0 5]
    """
    if backend.dtype_name(x) == "bool":
        x = backend.cast(x, "int32")
    return backend.xp.clip(x, x_min, x_max)


@op
def nan_to_num(
    x: Tensor,
    nan: float = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Tensor:
    """Replace NaN and infinities by finite numbers.

    Args:
        x: tensor of any shape.
        nan: what stands in for NaN.
        posinf, neginf: for ±∞; default the largest and smallest number of the dtype.

    Example:
        >>> print(keras.ops.nan_to_num([np.nan, np.inf, 1.0], posinf=9.0))
        [0. 9. 1.]
    """
    return backend.xp.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
