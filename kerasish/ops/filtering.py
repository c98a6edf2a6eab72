"""Filters of images: weighted sums over small windows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor, op
from .conversion import as_float
from .convolution import standardize_data_format

__all__ = ["gaussian_blur", "sobel_edges", "ssim"]


def gaussian_weights(size: int, sigma: Any) -> Any:
    """Weights of the normal distribution; they sum to 1."""
    xp = backend.xp
    t = xp.arange(size, dtype="float32") - (size - 1) / 2
    weights = xp.exp(-0.5 * (t / sigma) ** 2)
    return weights / xp.sum(weights)


def convolved(images: Any, along: Sequence[Any], padding: str = "same") -> Any:
    """Convolve each channel with one row of weights for each axis of space.

    Args:
        images: floats of shape (batch, rows, columns, channels).
        along: weights along the rows and along the columns.
        padding: `"same"` adds zeros, `"valid"` none.
    """
    xp, channels = backend.xp, images.shape[-1]
    for axis, weights in enumerate(along):
        n = weights.shape[0]
        shape = (n, 1, 1, 1) if axis == 0 else (1, n, 1, 1)
        kernel = backend.cast(xp.reshape(weights, shape), backend.dtype_name(images))
        kernel = xp.broadcast_to(kernel, (*shape[:3], channels))
        pairs = [(0, 0), (0, 0)]
        if padding == "same":
            pairs[axis] = ((n - 1) // 2, n // 2)
        images = backend.conv(images, kernel, (1, 1), pairs, (1, 1), channels)
    return images


def batched(images: Any, data_format: str | None, name: str) -> Any:
    """Images as (batch, rows, columns, channels), and the way back."""
    xp = backend.xp
    if images.ndim not in (3, 4):
        raise ValueError(
            f"`{name}` needs a batch of images with 4 axes or one image with 3, got "
            f"shape {tuple(images.shape)}."
        )
    last = standardize_data_format(data_format) == "channels_last"
    single = images.ndim == 3
    x = images[None] if single else images

    def back(y: Any) -> Any:
        y = y if last else xp.moveaxis(y, 3, 1)
        return y[0] if single else y

    return (x if last else xp.moveaxis(x, 1, -1)), back


@op
def gaussian_blur(
    images: Tensor,
    kernel_size: tuple[int, int] = (3, 3),
    sigma: tuple[float, float] = (1.0, 1.0),
    data_format: str | None = None,
) -> Tensor:
    """Smooth images by weights of the normal distribution.

    A cell at a distance of (i, j) counts with exp(−i² / 2σ₀² − j² / 2σ₁²), divided by
    the sum of all weights. Zeros stand beyond the edges.

    Args:
        images: (batch, rows, columns, channels), or one image without the batch.
        kernel_size: cells along the rows and the columns.
        sigma: σ₀ and σ₁, in cells.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Returns:
        Images of the same shape; integers become `floatx()`.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> x = keras.ops.reshape([0.0, 0.0, 1.0, 0.0, 0.0], (1, 5, 1))
        >>> y = keras.ops.image.gaussian_blur(x, (1, 3))
        >>> print(np.round(np.asarray(y[0, :, 0]), 3))
        [0.    0.274 0.452 0.274 0.   ]
    """
    if np.shape(kernel_size) != (2,) or any(n <= 0 for n in kernel_size):
        raise ValueError(
            f"`kernel_size` must be two positive integers, got {kernel_size!r}."
        )
    x, back = batched(as_float(images), data_format, "gaussian_blur")
    spread = as_float(backend.asarray(sigma))
    if tuple(spread.shape) != (2,):
        raise ValueError(f"`sigma` must be two numbers, got {sigma!r}.")
    return back(
        convolved(
            x, [gaussian_weights(n, spread[i]) for i, n in enumerate(kernel_size)]
        )
    )


@op
def sobel_edges(images: Tensor, data_format: str | None = None) -> Tensor:
    """Slopes of images by Sobel's filter: differences smoothed by (1, 2, 1) across.

    Args:
        images: (batch, rows, columns, channels), or one image without the batch; zeros
            stand beyond the edges.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Returns:
        The shape of `images` with one more axis: slopes down and across.

    Example:
        >>> x = keras.ops.reshape(keras.ops.arange(9.0), (1, 3, 3, 1))
        >>> print(keras.ops.image.sobel_edges(x)[0, 1, 1, 0])
        [24.  8.]
    """
    xp, images = backend.xp, backend.asarray(images)
    x, back = batched(as_float(images), data_format, "sobel_edges")
    slope, smooth = xp.asarray([-1.0, 0.0, 1.0]), xp.asarray([1.0, 2.0, 1.0])
    both = [back(convolved(x, along)) for along in ((slope, smooth), (smooth, slope))]
    return backend.cast(xp.stack(both, axis=-1), backend.dtype_name(images))


@op
def ssim(
    image1: Tensor,
    image2: Tensor,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Tensor:
    """Structural similarity of two images, 1 for equal ones.

    The mean over all windows of
    (2 μ₁μ₂ + c₁) (2 σ₁₂ + c₂) / ((μ₁² + μ₂² + c₁) (σ₁² + σ₂² + c₂)), with means and
    variances weighted by a normal distribution, and cᵢ = (kᵢ · max_val)².

    Args:
        image1, image2: (batch, rows, columns, channels), or images without the batch.
        max_val: the largest value minus the least one that images may have.
        filter_size: cells of a window along each axis.
        filter_sigma: standard deviation of the weights, in cells.
        k1, k2: small numbers that keep the quotient stable.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Returns:
        One number for each image of the batch.

    Raises:
        ValueError: the images are smaller than a window, or differ in shape.

    Reference:
        [Wang et al., 2004](https://doi.org/10.1109/TIP.2003.819861)

    Example:
        >>> x = np.ones((2, 12, 12, 1), "float32")
        >>> print(keras.ops.image.ssim(x, x))
        [1. 1.]
    """
    xp, given = backend.xp, backend.asarray(image1)
    x, _ = batched(as_float(image1), data_format, "ssim")
    y, _ = batched(as_float(image2), data_format, "ssim")
    if tuple(x.shape) != tuple(y.shape) or min(x.shape[1:3]) < filter_size:
        raise ValueError(
            f"`ssim` needs two images of the same shape of at least {filter_size} rows "
            f"and columns, the `filter_size`, got {tuple(x.shape)} and "
            f"{tuple(y.shape)}."
        )
    x, y = (backend.cast(i, "float32") for i in (x, y))
    bell = gaussian_weights(filter_size, filter_sigma)

    def mean(t: Any) -> Any:
        return convolved(t, (bell, bell), "valid")

    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    mx, my = mean(x), mean(y)
    light = (2 * mx * my + c1) / (mx * mx + my * my + c1)
    spread = mean(x * x + y * y) - mx * mx - my * my
    structure = (2 * (mean(x * y) - mx * my) + c2) / (spread + c2)
    found = xp.mean(light * structure, axis=(1, 2, 3))
    found = found[0] if given.ndim == 3 else found
    return backend.cast(found, backend.dtype_name(given))
