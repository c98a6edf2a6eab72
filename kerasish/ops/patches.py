"""Windows of images as rows of numbers, and channels as cells of space."""

import itertools
from typing import Any

from .. import backend
from ..graph import Tensor, op
from .convolution import Sizes, _numbers, _pairs, standardize_data_format

__all__ = ["extract_patches", "extract_patches_3d"]


def _windows(x: Any, rank: int, size: Any, strides: Any, dilation: Any) -> Any:
    """All cells of each window, in rows: (batch, *places, cells, channels)."""
    xp = backend.xp
    places = [
        (n - (k - 1) * d - 1) // s + 1
        for n, k, s, d in zip(x.shape[1 : 1 + rank], size, strides, dilation)
    ]
    cells = []
    for offset in itertools.product(*map(range, size)):
        index = tuple(
            slice(o * d, o * d + (n - 1) * s + 1, s)
            for o, d, n, s in zip(offset, dilation, places, strides)
        )
        cells.append(x[(slice(None), *index)])
    return xp.stack(cells, axis=-2)


def _patches(
    name: str,
    rank: int,
    images: Any,
    size: Any,
    strides: Any,
    dilation_rate: Any,
    padding: str,
    data_format: str | None,
) -> Any:
    xp, images = backend.xp, backend.asarray(images)
    size = _numbers(size, rank, "size")
    strides = size if strides is None else _numbers(strides, rank, "strides")
    dilation = _numbers(dilation_rate, rank, "dilation_rate")
    if images.ndim not in (rank + 1, rank + 2):
        raise ValueError(
            f"`{name}` needs inputs of {rank + 2} axes, or {rank + 1} without the "
            f"batch, got shape {tuple(images.shape)}."
        )
    last = standardize_data_format(data_format) == "channels_last"
    single = images.ndim == rank + 1
    x = images[None] if single else images
    x = x if last else xp.moveaxis(x, 1, -1)
    pairs = _pairs(padding, x.shape[1:-1], size, strides, dilation)
    if any(map(sum, pairs)):
        x = xp.pad(x, [(0, 0), *pairs, (0, 0)])
    found = _windows(x, rank, size, strides, dilation)
    found = xp.reshape(found, (*found.shape[:-2], found.shape[-2] * found.shape[-1]))
    found = found if last else xp.moveaxis(found, -1, 1)
    return found[0] if single else found


@op
def extract_patches(
    images: Tensor,
    size: Sizes,
    strides: Sizes | None = None,
    dilation_rate: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Lay the windows of images out as channels.

    Args:
        images: (batch, rows, columns, channels), or one image without the batch.
        size: rows and columns of a window; one number or a pair.
        strides: cells from one window to the next; default `size`.
        dilation_rate: cells from one element of a window to the next.
        padding: `"valid"`, or `"same"`: zeros around.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Returns:
        (batch, windows down, windows across, size[0] · size[1] · channels).

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> x = keras.ops.reshape(keras.ops.arange(8), (1, 2, 4, 1))
        >>> print(keras.ops.image.extract_patches(x, 2)[0, 0])
        [[0 1 4 5]
         [2 3 6 7]]
    """
    return _patches(
        "extract_patches", 2, images, size, strides, dilation_rate, padding, data_format
    )


@op
def extract_patches_3d(
    volumes: Tensor,
    size: Sizes,
    strides: Sizes | None = None,
    dilation_rate: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Lay the windows of volumes out as channels. Arguments as in `extract_patches`.

    Args:
        volumes: (batch, depth, rows, columns, channels), or one without the batch.

    Returns:
        (batch, *windows along each axis, cells of a window · channels).

    Example:
        >>> keras.ops.image.extract_patches_3d(np.ones((2, 4, 6, 6, 3)), 2).shape
        (2, 2, 3, 3, 24)
    """
    return _patches(
        "extract_patches_3d",
        3,
        volumes,
        size,
        strides,
        dilation_rate,
        padding,
        data_format,
    )
