"""Means and variances, and scaling by them."""

import warnings
from typing import Any

from .. import backend, config
from ..graph import Tensor, op
from .conversion import _saturate_cast, as_float, as_floats
from .reduction import Axes, tuple_of

__all__ = [
    "batch_normalization", "layer_normalization", "moments", "normalize", "psnr",
    "rms_normalization",
]  # fmt: skip


def _wide(x: Any) -> Any:
    """`x` as floats of at least 32 bits: sums neither overflow nor get coarse."""
    x = as_float(x)
    half = backend.dtype_name(x) in ("float16", "bfloat16")
    return backend.cast(x, "float32") if half else x


def _as_tuple(axis: Any) -> tuple[int, ...]:
    return tuple(axis) if isinstance(axis, (list, tuple)) else (axis,)


@op
def moments(
    x: Tensor, axes: Axes, keepdims: bool = False, synchronized: bool = False
) -> tuple[Tensor, Tensor]:
    """Mean and variance. Half precision is computed in float32 and rounded at the end.

    Args:
        x: tensor of any shape.
        axes: axis or axes to reduce.
        keepdims: keep the reduced axes with size 1.
        synchronized: must be False; a compiled step sees the whole batch anyway.

    Example:
        >>> mean, variance = keras.ops.moments(keras.ops.array([1.0, 3.0]), axes=[0])
        >>> print(mean, variance)
        2.0 1.0
    """
    if synchronized:
        raise NotImplementedError(
            "`synchronized=True` is not supported: the whole batch is seen at once."
        )
    axes, xp, wide = tuple_of(axes), backend.xp, _wide(x)
    mean = xp.mean(wide, axis=axes, keepdims=True)
    variance = xp.mean(xp.square(wide - mean), axis=axes, keepdims=keepdims)
    mean = mean if keepdims else xp.reshape(mean, variance.shape)
    name = backend.dtype_name(as_float(x))
    if name == backend.dtype_name(wide):
        return mean, variance
    return _saturate_cast(mean, name), _saturate_cast(variance, name)


@op
def batch_normalization(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    axis: int,
    offset: Tensor | None = None,
    scale: Tensor | None = None,
    epsilon: float = 1e-3,
) -> Tensor:
    """scale · (x − mean) / √(variance + epsilon) + offset.

    Args:
        x: tensor of any shape.
        mean, variance, offset, scale: one number for each element of `axis`.
        axis: the axis that keeps its own statistics.
        epsilon: keeps away from dividing by 0.

    Reference:
        [Ioffe and Szegedy, 2015](https://arxiv.org/abs/1502.03167)

    Example:
        >>> x, one = keras.ops.array([[1.0, 2.0]]), keras.ops.array([1.0, 1.0])
        >>> print(keras.ops.batch_normalization(x, one, one, axis=-1, epsilon=0.0))
        [[0. 1.]]
    """
    x = as_float(x)
    factor = 1 / backend.xp.sqrt(_along(variance, x, axis) + epsilon)
    if scale is not None:
        factor = factor * _along(scale, x, axis)
    result = (x - _along(mean, x, axis)) * factor
    return result if offset is None else result + _along(offset, x, axis)


def _along(parameter: Any, x: Any, axis: Any) -> Any:
    """Shape a parameter with the sizes of the given axes so that it broadcasts."""
    parameter, axes = backend.asarray(parameter), _as_tuple(axis)
    if parameter.ndim != len(axes):
        return parameter
    places = [a % x.ndim for a in axes]
    sizes = [x.shape[a] if a in places else 1 for a in range(x.ndim)]
    return backend.xp.reshape(parameter, sizes)


@op
def layer_normalization(
    x: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    axis: Axes = -1,
    epsilon: float | None = None,
    **kwargs: Any,
) -> Tensor:
    """gamma · (x − mean) / √(variance + epsilon) + beta, over the given axes.

    Args:
        x: tensor of any shape. Half precision is computed in float32.
        gamma, beta: of the sizes of `axis`; default 1 and 0.
        axis: axis or axes over which mean and variance are taken.
        epsilon: default `keras.config.epsilon()`.
        **kwargs: `rms_scaling=True` (deprecated): leave out mean and beta.

    Reference:
        [Ba et al., 2016](https://arxiv.org/abs/1607.06450)

    Example:
        >>> print(np.round(np.asarray(keras.ops.layer_normalization([1.0, 3.0])), 3))
        [-1.  1.]
    """
    rms_scaling = kwargs.pop("rms_scaling", False)
    if kwargs:
        raise TypeError(f"`layer_normalization` takes no argument {sorted(kwargs)}.")
    wide, axes = _wide(x), _as_tuple(axis)
    mean, variance = moments(wide, axes, keepdims=True)
    epsilon = config.epsilon() if epsilon is None else epsilon
    factor = 1 / backend.xp.sqrt(variance + epsilon)
    if gamma is not None:
        factor = factor * _along(gamma, wide, axes)
    if rms_scaling:
        warnings.warn(
            "`rms_scaling=True` divides by the standard deviation and is deprecated; "
            "use `keras.ops.rms_normalization`.",
            stacklevel=3,
        )
        result = wide * factor
    else:
        result = (wide - mean) * factor
        result = result if beta is None else result + _along(beta, wide, axes)
    return backend.cast(result, backend.dtype_name(as_float(x)))


@op
def rms_normalization(
    x: Tensor,
    scale: Tensor | None = None,
    axis: Axes = -1,
    epsilon: float | None = None,
) -> Tensor:
    """scale · x / √(mean(x²) + epsilon), over the given axes.

    Args:
        x: tensor of any shape. Half precision is computed in float32.
        scale: of the sizes of `axis`; default 1.
        axis: axis or axes over which the mean is taken.
        epsilon: default `keras.config.epsilon()`.

    Reference:
        [Zhang and Sennrich, 2019](https://arxiv.org/abs/1910.07467)

    Example:
        >>> print(np.round(np.asarray(keras.ops.rms_normalization([1.0, 7.0])), 3))
        [0.2 1.4]
    """
    wide, axes, xp = _wide(x), _as_tuple(axis), backend.xp
    epsilon = config.epsilon() if epsilon is None else epsilon
    power = xp.mean(xp.square(wide), axis=axes, keepdims=True)
    result = wide * (1 / xp.sqrt(power + epsilon))
    if scale is not None:
        result = result * _along(scale, wide, axes)
    return backend.cast(result, backend.dtype_name(as_float(x)))


@op
def normalize(
    x: Tensor, axis: Axes = -1, order: int = 2, epsilon: float | None = None
) -> Tensor:
    """x / max(‖x‖, epsilon), so that the norm along the axis is one.

    Args:
        x: tensor; integers become floats.
        axis: axis or axes of the vectors; None: the whole tensor.
        order: p ≥ 1 of the norm (∑|x|ᵖ)^(1/p).
        epsilon: default `keras.config.epsilon()`.

    Example:
        >>> print(np.round(np.asarray(keras.ops.normalize([3.0, 4.0])), 3))
        [0.6 0.8]
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"`order` must be an integer ≥ 1, got {order!r}.")
    x, xp = as_float(x), backend.xp
    epsilon = config.epsilon() if epsilon is None else epsilon
    powers = xp.square(x) if order == 2 else xp.abs(x) ** order
    total = xp.sum(powers, axis=tuple_of(axis), keepdims=True)
    # the limit comes before the root, whose slope at 0 is infinite
    return x / xp.maximum(total, epsilon**order) ** (1 / order)


@op
def psnr(x1: Tensor, x2: Tensor, max_val: float) -> Tensor:
    """Peak signal-to-noise ratio 20 log₁₀(max) − 10 log₁₀(mean((x1 − x2)²)), in dB.

    Args:
        x1, x2: tensors of the same shape.
        max_val: the largest value that a signal can have, such as 255.

    Example:
        >>> print(keras.ops.psnr(np.array([0.0, 1.0]), np.array([1.0, 0.0]), 1.0))
        0.0
    """
    x1, x2 = as_floats(x1, x2)
    if x1.shape != x2.shape:
        raise ValueError(
            "`x1` and `x2` of `psnr` must have the same shape, got "
            f"{tuple(x1.shape)} and {tuple(x2.shape)}."
        )
    log10, error = backend.xp.log10, _wide(x1) - _wide(x2)
    ratio = 20 * log10(_wide(max_val))
    ratio = ratio - 10 * log10(backend.xp.mean(backend.xp.square(error)))
    return backend.cast(ratio, backend.dtype_name(x1))
