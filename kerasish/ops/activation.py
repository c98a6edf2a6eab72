"""Activation functions, element by element or along an axis."""

import math
import warnings

from .. import backend
from ..graph import Tensor, op
from .conversion import as_float
from .reduction import Axes, tuple_of

__all__ = [
    "celu", "elu", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid", "log_softmax", "polar",
    "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus",
    "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "swish",
    "tanh_shrink", "threshold",
]  # fmt: skip


@op
def relu(x: Tensor) -> Tensor:
    """Rectified linear unit: max(x, 0).

    Example:
        >>> print(keras.ops.relu([-1.0, 2.0]))
        [0. 2.]
    """
    return backend.xp.where(backend.xp.less_equal(x, 0), 0, x)


@op
def relu6(x: Tensor) -> Tensor:
    """Rectified linear unit with a ceiling: min(max(x, 0), 6).

    Example:
        >>> print(keras.ops.relu6([-1.0, 2.0, 9.0]))
        [0. 2. 6.]
    """
    x = as_float(x)
    return backend.xp.where(x <= 0, 0, backend.xp.where(x >= 6, 6, x))


@op
def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """Leaky rectifier: x for x ≥ 0, negative_slope · x below.

    Example:
        >>> print(keras.ops.leaky_relu([-1.0, 2.0]))
        [-0.2  2. ]
    """
    x = as_float(x)
    return backend.xp.where(x >= 0, x, negative_slope * x)


@op
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Exponential linear unit: x for x > 0, alpha · (eˣ − 1) below.

    Example:
        >>> print(np.round(np.asarray(keras.ops.elu([-1.0, 2.0])), 3))
        [-0.632  2.   ]
    """
    x = as_float(x)
    below = backend.xp.expm1(backend.xp.where(x > 0, 0, x))
    return backend.xp.where(x > 0, x, alpha * below)


@op
def selu(x: Tensor) -> Tensor:
    """Scaled exponential linear unit: 1.0507 · elu(x, 1.6733).

    The two numbers keep mean 0 and variance 1 from layer to layer
    ([Klambauer et al., 2017](https://arxiv.org/abs/1706.02515)).

    Example:
        >>> print(np.round(np.asarray(keras.ops.selu([-1.0, 2.0])), 3))
        [-1.111  2.101]
    """
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


@op
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Continuously differentiable elu: x for x > 0, alpha · (e^(x/alpha) − 1) below.

    Example:
        >>> print(np.round(np.asarray(keras.ops.celu([-1.0, 2.0], alpha=2.0)), 3))
        [-0.787  2.   ]
    """
    x = as_float(x)
    below = backend.xp.expm1(backend.xp.where(x > 0, 0, x) / alpha)
    return backend.xp.where(x > 0, x, alpha * below)


@op
def gelu(x: Tensor, approximate: bool = True) -> Tensor:
    """Gaussian error linear unit: x · Φ(x), Φ the normal distribution function.

    Args:
        x: tensor of any shape.
        approximate: Φ(x) ≈ (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2.

    Reference:
        [Hendrycks and Gimpel, 2016](https://arxiv.org/abs/1606.08415)

    Example:
        >>> print(np.round(np.asarray(keras.ops.gelu([-1.0, 2.0])), 3))
        [-0.159  1.955]
    """
    x = as_float(x)
    if approximate:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return x * (0.5 * (1.0 + backend.xp.tanh(inner)))
    return x * (0.5 * (1.0 + backend.erf(x / math.sqrt(2))))


@op
def sigmoid(x: Tensor) -> Tensor:
    """Logistic function 1 / (1 + e⁻ˣ), without overflow.

    Example:
        >>> print(np.round(np.asarray(keras.ops.sigmoid([-1.0, 0.0, 2.0])), 3))
        [0.269 0.5   0.881]
    """
    return backend.sigmoid(as_float(x))


@op
def log_sigmoid(x: Tensor) -> Tensor:
    """Logarithm of the sigmoid: −log(1 + e⁻ˣ), without overflow.

    Example:
        >>> print(np.round(np.asarray(keras.ops.log_sigmoid([-1.0, 0.0, 2.0])), 3))
        [-1.313 -0.693 -0.127]
    """
    return -softplus(-as_float(x))


@op
def softplus(x: Tensor) -> Tensor:
    """Smooth rectifier log(1 + eˣ), without overflow.

    Example:
        >>> print(np.round(np.asarray(keras.ops.softplus([-1.0, 0.0, 2.0])), 3))
        [0.313 0.693 2.127]
    """
    return backend.xp.logaddexp(as_float(x), 0.0)


@op
def silu(x: Tensor) -> Tensor:
    """Sigmoid linear unit, or swish: x · sigmoid(x).

    Example:
        >>> print(np.round(np.asarray(keras.ops.silu([-1.0, 0.0, 2.0])), 3))
        [-0.269  0.     1.762]
    """
    return as_float(x) * sigmoid(x)


swish = silu


@op
def hard_sigmoid(x: Tensor) -> Tensor:
    """Piecewise linear sigmoid: relu6(x + 3) / 6.

    Example:
        >>> print(keras.ops.hard_sigmoid([-3.0, 0.0, 3.0]))
        [0.  0.5 1. ]
    """
    return relu6(as_float(x) + 3.0) / 6.0


@op
def hard_silu(x: Tensor) -> Tensor:
    """Piecewise version of `silu`: x · hard_sigmoid(x).

    Example:
        >>> print(keras.ops.hard_silu([-3.0, 0.0, 3.0]))
        [-0.  0.  3.]
    """
    return as_float(x) * hard_sigmoid(x)


hard_swish = hard_silu


@op
def hard_tanh(x: Tensor) -> Tensor:
    """Piecewise linear tanh: x limited to [−1, 1].

    Example:
        >>> print(keras.ops.hard_tanh([-2.0, 0.5, 2.0]))
        [-1.   0.5  1. ]
    """
    xp = backend.xp
    return xp.where(xp.greater(x, 1), 1, xp.where(xp.less(x, -1), -1, x))


@op
def softsign(x: Tensor) -> Tensor:
    """x / (1 + |x|).

    Example:
        >>> print(keras.ops.softsign([-1.0, 0.0, 3.0]))
        [-0.5   0.    0.75]
    """
    x = as_float(x)
    return x / (1 + backend.xp.abs(x))


@op
def tanh_shrink(x: Tensor) -> Tensor:
    """x − tanh(x).

    Example:
        >>> print(np.round(np.asarray(keras.ops.tanh_shrink([-1.0, 0.0, 3.0])), 3))
        [-0.238  0.     2.005]
    """
    x = as_float(x)
    return x - backend.xp.tanh(x)


@op
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """x where |x| > threshold, else 0.

    Example:
        >>> print(keras.ops.hard_shrink([-0.4, 0.0, 1.0]))
        [0. 0. 1.]
    """
    x = as_float(x)
    return backend.xp.where(backend.xp.abs(x) > threshold, x, 0)


@op
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """Move x towards 0 by `threshold`; 0 where |x| ≤ threshold.

    Example:
        >>> print(keras.ops.soft_shrink([-1.5, 0.2, 1.0]))
        [-1.   0.   0.5]
    """
    x, xp = as_float(x), backend.xp
    lowered = xp.where(x > threshold, x - threshold, 0)
    return xp.where(x < -threshold, x + threshold, lowered)


@op
def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """x where x > threshold, else `default_value`.

    Example:
        >>> print(keras.ops.threshold([-1.0, 0.5, 3.0], 1.0, 9.0))
        [9. 9. 3.]
    """
    return backend.xp.where(backend.xp.greater(x, threshold), x, default_value)


@op
def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """Smooth rectifier (x + √(x² + b)) / 2.

    Example:
        >>> print(np.round(np.asarray(keras.ops.squareplus([-1.0, 0.0, 3.0])), 3))
        [0.618 1.    3.303]
    """
    x = as_float(x)
    return (x + backend.xp.sqrt(x**2 + b)) / 2


@op
def sparse_plus(x: Tensor) -> Tensor:
    """0 for x ≤ −1, x for x ≥ 1, (x + 1)² / 4 between.

    Example:
        >>> print(keras.ops.sparse_plus([-2.0, 0.0, 3.0]))
        [0.   0.25 3.  ]
    """
    x, xp = as_float(x), backend.xp
    return xp.where(x <= -1, 0, xp.where(x < 1, 0.25 * (x + 1) ** 2, x))


@op
def sparse_sigmoid(x: Tensor) -> Tensor:
    """0 for x ≤ −1, 1 for x ≥ 1, (x + 1) / 2 between.

    Example:
        >>> print(keras.ops.sparse_sigmoid([-2.0, 0.0, 3.0]))
        [0.  0.5 1. ]
    """
    x, xp = as_float(x), backend.xp
    return xp.where(x <= -1, 0, xp.where(x >= 1, 1, 0.5 * (x + 1)))


@op
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """Gated linear unit: a · sigmoid(b), where a and b are the halves of `x`.

    Args:
        x: tensor whose size along the axis is even.
        axis: along which to halve.

    Reference:
        [Dauphin et al., 2017](https://arxiv.org/abs/1612.08083)

    Example:
        >>> print(keras.ops.glu([4.0, 0.0]))
        [2.]
    """
    x = as_float(x)
    if x.shape[axis] % 2:
        raise ValueError(
            f"`glu` needs an even size along axis {axis}, got shape {tuple(x.shape)}."
        )
    value, gate = backend.xp.split(x, 2, axis=axis)
    return value * sigmoid(gate)


@op
def softmax(x: Tensor, axis: Axes = -1) -> Tensor:
    """Positive numbers that sum to one along the axis: eˣ / ∑eˣ.

    Args:
        x: tensor with at least one axis.
        axis: axis, several, or None for all.

    Example:
        >>> print(np.round(np.asarray(keras.ops.softmax([0.0, 1.0, 2.0])), 3))
        [0.09  0.245 0.665]
    """
    x, axis = as_float(x), tuple_of(axis)
    if isinstance(axis, int) and x.shape[axis] == 1:
        warnings.warn(
            f"`softmax` over axis {axis} always gives 1, since that axis has size 1. "
            "Did you mean `sigmoid`?",
            stacklevel=3,
        )
    top = backend.stop_gradient(backend.xp.max(x, axis=axis, keepdims=True))
    powers = backend.xp.exp(x - top)
    return powers / backend.xp.sum(powers, axis=axis, keepdims=True)


@op
def log_softmax(x: Tensor, axis: Axes = -1) -> Tensor:
    """Logarithm of the softmax: x − log ∑eˣ, without overflow.

    Args:
        x: tensor with at least one axis.
        axis: axis, several, or None for all.

    Example:
        >>> print(np.round(np.asarray(keras.ops.log_softmax([0.0, 1.0, 2.0])), 3))
        [-2.408 -1.408 -0.408]
    """
    x, axis = as_float(x), tuple_of(axis)
    shifted = x - backend.stop_gradient(backend.xp.max(x, axis=axis, keepdims=True))
    total = backend.xp.sum(backend.xp.exp(shifted), axis=axis, keepdims=True)
    return shifted - backend.xp.log(total)


@op
def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """Probabilities, many of them exactly 0: the closest point of the simplex.

    max(x − τ, 0) with the τ that makes it sum to one.

    Reference:
        [Martins and Astudillo, 2016](https://arxiv.org/abs/1602.02068)

    Example:
        >>> print(keras.ops.sparsemax([0.0, 1.0, 1.5]))
        [0.   0.25 0.75]
    """
    xp = backend.xp
    logits = xp.moveaxis(as_float(x), axis, -1)
    falling = xp.flip(xp.sort(logits, axis=-1), -1)
    count = xp.arange(1, logits.shape[-1] + 1, dtype=backend.dtype_name(logits))
    sums = xp.cumsum(falling, axis=-1)
    support = xp.sum(1 + count * falling > sums, axis=-1, keepdims=True)
    tau = (xp.take_along_axis(sums, support - 1, axis=-1) - 1) / support
    return xp.moveaxis(xp.maximum(logits - tau, 0), -1, axis)


@op
def polar(abs_: Tensor, angle: Tensor) -> Tensor:
    """Complex number of that absolute value and angle: abs · (cos + i sin).

    Example:
        >>> print(np.round(np.asarray(keras.ops.polar(2.0, 0.0))))
        (2+0j)
    """
    abs_, angle = as_float(abs_), as_float(angle)
    return abs_ * (backend.xp.cos(angle) + 1j * backend.xp.sin(angle))
