"""Convolution and pooling of sequences, images and volumes.

Tensors are (batch, *sizes, channels), or (batch, channels, *sizes) with `data_format`
"channels_first". The kernels of the backend know the first kind only.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import backend, config
from ..graph import Tensor, op
from .conversion import as_float

__all__ = [
    "adaptive_average_pool", "adaptive_max_pool", "average_pool", "conv",
    "conv_transpose", "depthwise_conv", "max_pool", "separable_conv",
]  # fmt: skip

Sizes = int | Sequence[int]


def standardize_data_format(data_format: str | None) -> str:
    """Return `data_format` after a check; `None` is what the settings say."""
    formats = ("channels_last", "channels_first")
    if data_format is None:
        return config.image_data_format()
    if data_format not in formats:
        raise ValueError(
            f"`data_format` must be one of {formats}, not {data_format!r}."
        )
    return data_format


def _numbers(value: Any, rank: int, name: str) -> tuple[int, ...]:
    """One positive integer for each axis."""
    numbers = (value,) * rank if isinstance(value, (int, np.integer)) else tuple(value)
    if len(numbers) != rank or any(n <= 0 for n in numbers):
        raise ValueError(
            f"`{name}` must be a positive integer or {rank} of them, got {value!r}."
        )
    return tuple(map(int, numbers))


def _pairs(
    padding: str, sizes: Any, window: Any, strides: Any, dilation: Any
) -> list[tuple[int, int]]:
    """Cells to add before and after each axis."""
    if padding not in ("valid", "same"):
        raise ValueError(f"`padding` must be 'valid' or 'same', got {padding!r}.")
    pairs = []
    for n, k, s, d in zip(sizes, window, strides, dilation):
        reach = (k - 1) * d + 1
        if padding == "valid" and n < reach:
            raise ValueError(
                f"A window that reaches over {reach} cells does not fit into an axis "
                f"of {n} with padding 'valid'. Use padding 'same', a smaller window, "
                "or larger inputs."
            )
        total = 0 if padding == "valid" else max((-(-n // s) - 1) * s + reach - n, 0)
        pairs.append((total // 2, total - total // 2))
    return pairs


def _channels_last(
    fn: Callable[[Any], Any], x: Any, data_format: str | None, name: str
) -> Any:
    """Call `fn` on `x` with its channels moved last, and move the result's back."""
    x = backend.asarray(x)
    if x.ndim < 3:
        raise ValueError(
            f"`{name}` needs inputs with axes for batch, space and channels, got shape "
            f"{tuple(x.shape)}."
        )
    if standardize_data_format(data_format) == "channels_last":
        return fn(x)
    return backend.xp.moveaxis(fn(backend.xp.moveaxis(x, 1, -1)), -1, 1)


def _check_kernel(name: str, x: Any, kernel: Any, channels: int, axis: int) -> None:
    if kernel.ndim != x.ndim or channels % kernel.shape[axis]:
        raise ValueError(
            f"`{name}`: a kernel of shape {tuple(kernel.shape)} does not fit inputs "
            f"with {channels} channels and {x.ndim - 2} axes of space."
        )


def _convolve(
    name: str,
    inputs: Any,
    kernel: Any,
    strides: Any,
    padding: str,
    data_format: str | None,
    dilation_rate: Any,
) -> Any:
    kernel = backend.asarray(kernel)

    def run(x: Any) -> Any:
        rank, channels = x.ndim - 2, x.shape[-1]
        _check_kernel(name, x, kernel, channels, -2)
        steps = _numbers(strides, rank, "strides")
        dilation = _numbers(dilation_rate, rank, "dilation_rate")
        size = kernel.shape[:-2]
        pairs = _pairs(padding, x.shape[1:], size, steps, dilation)
        groups = channels // kernel.shape[-2]
        return backend.conv(x, kernel, steps, pairs, dilation, groups)

    return _channels_last(run, inputs, data_format, name)


@op
def conv(
    inputs: Tensor,
    kernel: Tensor,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """Slide a kernel over sequences, images or volumes.

    y[p, f] = ∑ x[p · stride + t · dilation, c] · kernel[t, c, f] over t and c

    Args:
        inputs: (batch, *sizes, channels).
        kernel: (*window, channels / groups, filters); group i of the channels makes
            group i of the filters.
        strides: cells from one place to the next; one number, or one for each axis.
        padding: `"valid"`, or `"same"`: zeros around, so that ⌈size / stride⌉ come out.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        dilation_rate: cells from one element of the kernel to the next.

    Returns:
        (batch, *new sizes, filters).

    Example:
        >>> x = keras.ops.reshape([1.0, 2.0, 4.0, 8.0], (1, 4, 1))
        >>> print(keras.ops.conv(x, [[[1.0]], [[10.0]]])[0, :, 0])
        [21. 42. 84.]
    """
    return _convolve(
        "conv", inputs, kernel, strides, padding, data_format, dilation_rate
    )


@op
def depthwise_conv(
    inputs: Tensor,
    kernel: Tensor,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """Convolve each channel with its own filters.

    Args:
        inputs: (batch, *sizes, channels).
        kernel: (*window, channels, filters of each channel).
        strides, padding, data_format, dilation_rate: as in `conv`.

    Returns:
        (batch, *new sizes, channels · filters).

    Example:
        >>> x = np.ones((1, 3, 2), "float32")
        >>> print(keras.ops.depthwise_conv(x, [[[1.0], [2.0]]])[0, 0])
        [1. 2.]
    """
    kernel = backend.asarray(kernel)
    if len(inputs.shape) == kernel.ndim:
        first = standardize_data_format(data_format) == "channels_first"
        channels = inputs.shape[1 if first else -1]
        if kernel.shape[-2] != channels:
            raise ValueError(
                f"`depthwise_conv`: a kernel of shape {tuple(kernel.shape)} does not "
                f"fit inputs with {channels} channels."
            )
        flat = kernel.shape[-2] * kernel.shape[-1]
        kernel = backend.xp.reshape(kernel, (*kernel.shape[:-2], 1, flat))
    return _convolve(
        "depthwise_conv", inputs, kernel, strides, padding, data_format, dilation_rate
    )


@op
def separable_conv(
    inputs: Tensor,
    depthwise_kernel: Tensor,
    pointwise_kernel: Tensor,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """Convolve each channel by itself, then mix the channels at each place.

    Args:
        inputs: (batch, *sizes, channels).
        depthwise_kernel: (*window, channels, filters of each channel).
        pointwise_kernel: (1, ..., channels · filters of each channel, filters).
        strides, padding, data_format, dilation_rate: as in `conv`.

    Example:
        >>> x = np.ones((1, 3, 2), "float32")
        >>> y = keras.ops.separable_conv(x, [[[1.0], [2.0]]], [[[1.0], [1.0]]])
        >>> print(y[0, 0])
        [3.]
    """
    mixed = depthwise_conv(
        inputs, depthwise_kernel, strides, padding, data_format, dilation_rate
    )
    return conv(mixed, pointwise_kernel, data_format=data_format)


@op
def conv_transpose(
    inputs: Tensor,
    kernel: Tensor,
    strides: Sizes = 1,
    padding: str = "valid",
    output_padding: Sizes | None = None,
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """Spread each element over a window: the gradient of `conv`, also `deconvolution`.

    y[p · stride + t · dilation, f] = ∑ x[p, c] · kernel[t, f, c] over p, t, c that meet

    Args:
        inputs: (batch, *sizes, channels).
        kernel: (*window, filters, channels).
        strides, dilation_rate, data_format: as in `conv`.
        padding: `"valid"` keeps all; `"same"` makes size · stride.
        output_padding: cells at the end beyond (size - 1) · stride + window, less
            2 · ⌊window / 2⌋ with `"same"`; default what gives the sizes above.

    Example:
        >>> x = keras.ops.reshape([1.0, 2.0], (1, 2, 1))
        >>> print(keras.ops.conv_transpose(x, [[[1.0]], [[10.0]]], strides=2)[0, :, 0])
        [ 1. 10.  2. 20.]
    """
    kernel = backend.asarray(kernel)

    def run(x: Any) -> Any:
        rank = x.ndim - 2
        if kernel.shape[-1] != x.shape[-1]:
            _check_kernel("conv_transpose", x, kernel, x.shape[-1] or 1, -1)
        steps = _numbers(strides, rank, "strides")
        dilation = _numbers(dilation_rate, rank, "dilation_rate")
        extra = output_padding
        extra = (extra,) * rank if extra is None or isinstance(extra, int) else extra
        sizes, pairs = [], []
        for n, k, s, d, e in zip(x.shape[1:], kernel.shape, steps, dilation, extra):
            size, pair = _spread_size(n, (k - 1) * d + 1, s, padding, e)
            sizes.append(size)
            pairs.append(pair)
        return backend.conv_transpose(x, kernel, steps, pairs, dilation, tuple(sizes))

    return _channels_last(run, inputs, data_format, "conv_transpose")


def _spread_size(
    n: int, reach: int, stride: int, padding: str, extra: int | None
) -> tuple[int, tuple[int, int]]:
    """Size of an axis after `conv_transpose`, and what is cut off at its ends."""
    if padding not in ("valid", "same"):
        raise ValueError(f"`padding` must be 'valid' or 'same', got {padding!r}.")
    same, whole = padding == "same", (n - 1) * stride + reach
    if extra is None:
        size = n * stride if same else whole + max(stride - reach, 0)
    elif extra < 0 or extra >= stride > 1:
        raise ValueError(
            f"`output_padding` must be from 0 to less than the stride {stride}, got "
            f"{extra}."
        )
    else:
        size = whole + extra - (2 * (reach // 2) if same else 0)
    low = max(whole - size, 0) // 2 if same else 0
    return size, (low, whole - size - low)


def _pool(
    kind: str, inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: Any
) -> Any:
    def run(x: Any) -> Any:
        rank = x.ndim - 2
        size = _numbers(pool_size, rank, "pool_size")
        steps = size if strides is None else _numbers(strides, rank, "strides")
        pairs = _pairs(padding, x.shape[1:], size, steps, (1,) * rank)
        return backend.pool(x, kind, size, steps, pairs)

    return _channels_last(run, inputs, data_format, f"{kind}_pool")


@op
def max_pool(
    inputs: Tensor,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Largest element of each window, channel by channel.

    Args:
        inputs: (batch, *sizes, channels).
        pool_size: size of the window; one number, or one for each axis.
        strides: cells from one window to the next; default `pool_size`.
        padding: `"valid"`, or `"same"`: ⌈size / stride⌉ windows, some beyond the edge.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    The gradient goes to the first of equal elements.

    Example:
        >>> x = keras.ops.reshape([1.0, 2.0, 4.0, 3.0], (1, 4, 1))
        >>> print(keras.ops.max_pool(x, 2)[0, :, 0])
        [2. 4.]
    """
    return _pool("max", inputs, pool_size, strides, padding, data_format)


@op
def average_pool(
    inputs: Tensor,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Average of each window, channel by channel; cells beyond the edge do not count.

    Args:
        inputs: (batch, *sizes, channels).
        pool_size, strides, padding, data_format: as in `max_pool`.

    Example:
        >>> x = keras.ops.reshape([1.0, 2.0, 4.0, 3.0], (1, 4, 1))
        >>> print(keras.ops.average_pool(x, 2)[0, :, 0])
        [1.5 3.5]
    """
    return _pool("average", inputs, pool_size, strides, padding, data_format)


def _adapt(kind: str, inputs: Any, output_size: Any, data_format: Any) -> Any:
    """Reduce axis by axis: window i of o reaches from ⌊i n / o⌋ to ⌈(i + 1) n / o⌉."""

    def run(x: Any) -> Any:
        xp, x = backend.xp, as_float(x) if kind == "average" else x
        sizes = _numbers(output_size, x.ndim - 2, "output_size")
        for axis, o in enumerate(sizes, 1):
            n = x.shape[axis]
            start, end = np.arange(o) * n // o, -(-(np.arange(o) + 1) * n // o)
            cells = start[:, None] + np.arange((end - start).max())
            inside = cells < end[:, None]
            x = xp.take(x, xp.asarray(np.minimum(cells, end[:, None] - 1)), axis=axis)
            if kind == "max":  # cells too many repeat the last one
                x = xp.max(x, axis=axis + 1)
                continue
            shape = (*inside.shape, *(1,) * (x.ndim - axis - 2))
            share = inside / (end - start)[:, None]
            weights = backend.asarray(share.reshape(shape), backend.dtype_name(x))
            x = xp.sum(x * weights, axis=axis + 1)
        return x

    return _channels_last(run, inputs, data_format, f"adaptive_{kind}_pool")


@op
def adaptive_max_pool(
    inputs: Tensor, output_size: Sizes, data_format: str | None = None
) -> Tensor:
    """Largest elements of so many windows that `output_size` come out of any size.

    Window i of o on an axis of n cells reaches from ⌊i n / o⌋ to ⌈(i + 1) n / o⌉.

    Args:
        inputs: (batch, *sizes, channels).
        output_size: number of windows; one number, or one for each axis.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Example:
        >>> x = keras.ops.reshape([1.0, 2.0, 4.0, 3.0, 5.0], (1, 5, 1))
        >>> print(keras.ops.adaptive_max_pool(x, 2)[0, :, 0])
        [4. 5.]
    """
    return _adapt("max", inputs, output_size, data_format)


@op
def adaptive_average_pool(
    inputs: Tensor, output_size: Sizes, data_format: str | None = None
) -> Tensor:
    """Averages of so many windows that `output_size` come out of any size.

    Args:
        inputs: (batch, *sizes, channels).
        output_size, data_format: as in `adaptive_max_pool`.

    Example:
        >>> x = keras.ops.reshape([1.0, 2.0, 3.0, 4.0, 5.0], (1, 5, 1))
        >>> print(keras.ops.adaptive_average_pool(x, 2)[0, :, 0])
        [2. 4.]
    """
    return _adapt("average", inputs, output_size, data_format)
