"""Filters of images: weighted sums over small windows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor, op
from .conversion import as_float
from .convolution import standardize_data_format

__all__ = ["gaussian_blur"]


def _bell(size: int, sigma: Any) -> Any:
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
    return back(convolved(x, [_bell(n, spread[i]) for i, n in enumerate(kernel_size)]))
