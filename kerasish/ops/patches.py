"""Windows of images as rows of numbers, and channels as cells of space."""

import itertools
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor, op
from .convolution import Sizes, _numbers, _pairs, standardize_data_format

__all__ = [
    "depth_to_space", "extract_patches", "extract_patches_3d", "fold", "space_to_depth",
    "unfold",
]  # fmt: skip


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


def _blocks(x: Any, block_size: int, data_format: str | None, name: str) -> bool:
    """Check the arguments; say whether channels are last."""
    if block_size < 2:
        raise ValueError(f"`block_size` must be at least 2, got {block_size!r}.")
    if x.ndim != 4:
        raise ValueError(f"`{name}` needs 4 axes, got shape {tuple(x.shape)}.")
    return standardize_data_format(data_format) == "channels_last"


@op
def depth_to_space(
    x: Tensor, block_size: int, data_format: str | None = "channels_last"
) -> Tensor:
    """Make a block of cells of the channels of each cell.

    Args:
        x: (batch, rows, columns, channels); block_size² divides the channels.
        block_size: rows and columns of a block, 2 or more.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        (batch, rows · block_size, columns · block_size, channels / block_size²).

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> x = keras.ops.reshape(keras.ops.arange(4), (1, 1, 1, 4))
        >>> print(keras.ops.depth_to_space(x, 2)[0, :, :, 0])
        [[0 1]
         [2 3]]
    """
    xp, x, b = backend.xp, backend.asarray(x), block_size
    last = _blocks(x, b, data_format, "depth_to_space")
    channels = x.shape[-1 if last else 1]
    if channels % b**2:
        raise ValueError(
            f"`depth_to_space` needs channels that block_size² = {b**2} divides, got "
            f"{channels}."
        )
    n, c = x.shape[0], channels // b**2
    if last:
        h, w = x.shape[1:3]
        x = xp.transpose(xp.reshape(x, (n, h, w, b, b, c)), (0, 1, 3, 2, 4, 5))
        return xp.reshape(x, (n, h * b, w * b, c))
    h, w = x.shape[2:]
    x = xp.transpose(xp.reshape(x, (n, c, b, b, h, w)), (0, 1, 4, 2, 5, 3))
    return xp.reshape(x, (n, c, h * b, w * b))


@op
def space_to_depth(
    x: Tensor, block_size: int, data_format: str | None = "channels_last"
) -> Tensor:
    """Make channels of the cells of each block; undoes `depth_to_space`.

    Args:
        x: (batch, rows, columns, channels); block_size divides rows and columns.
        block_size: rows and columns of a block, 2 or more.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        (batch, rows / block_size, columns / block_size, channels · block_size²).

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> x = keras.ops.reshape(keras.ops.arange(4), (1, 2, 2, 1))
        >>> print(keras.ops.space_to_depth(x, 2)[0, 0, 0])
        [0 1 2 3]
    """
    xp, x, b = backend.xp, backend.asarray(x), block_size
    last = _blocks(x, b, data_format, "space_to_depth")
    n, (h, w) = x.shape[0], x.shape[1:3] if last else x.shape[2:]
    if h % b or w % b:
        raise ValueError(
            f"`space_to_depth` needs rows and columns that {b} divides, got {h} and "
            f"{w}."
        )
    if last:
        c = x.shape[-1]
        x = xp.reshape(x, (n, h // b, b, w // b, b, c))
        x = xp.transpose(x, (0, 1, 3, 2, 4, 5))
        return xp.reshape(x, (n, h // b, w // b, b * b * c))
    c = x.shape[1]
    x = xp.reshape(x, (n, c, h // b, b, w // b, b))
    x = xp.transpose(x, (0, 1, 3, 5, 2, 4))
    return xp.reshape(x, (n, b * b * c, h // b, w // b))


def _both(value: Any, name: str, least: int = 1) -> tuple[int, int]:
    numbers = (value,) * 2 if isinstance(value, (int, np.integer)) else tuple(value)
    if len(numbers) != 2 or any(n < least for n in numbers):
        raise ValueError(
            f"`{name}` must be one integer or two, {least} or more, got {value!r}."
        )
    return int(numbers[0]), int(numbers[1])


@op
def unfold(
    x: Tensor,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Tensor:
    """Lay the windows of images out as columns.

    Args:
        x: (batch, channels, rows, columns).
        kernel_size: rows and columns of a window; one number or a pair.
        dilation: cells from one element of a window to the next.
        padding: zeros to add at both ends of each axis.
        stride: cells from one window to the next.

    Returns:
        (batch, channels · cells of a window, windows).

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> x = keras.ops.reshape(keras.ops.arange(6), (1, 1, 2, 3))
        >>> print(keras.ops.unfold(x, 2)[0])
        [[0 1]
         [1 2]
         [3 4]
         [4 5]]
    """
    xp, x = backend.xp, backend.asarray(x)
    if x.ndim != 4:
        raise ValueError(f"`unfold` needs 4 axes, got shape {tuple(x.shape)}.")
    size, apart = _both(kernel_size, "kernel_size"), _both(dilation, "dilation")
    pad, step = _both(padding, "padding", 0), _both(stride, "stride")
    x = xp.pad(xp.moveaxis(x, 1, -1), [(0, 0), *((p, p) for p in pad), (0, 0)])
    _pairs("valid", x.shape[1:3], size, step, apart)
    cells = _windows(x, 2, size, step, apart)
    n, down, across, count, channels = cells.shape
    cells = xp.transpose(cells, (0, 4, 3, 1, 2))
    return xp.reshape(cells, (n, channels * count, down * across))


@op
def fold(
    x: Tensor,
    output_size: Sizes,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Tensor:
    """Put windows back into images; where they overlap they add up.

    Args:
        x: (batch, channels · cells of a window, windows), as `unfold` returns it.
        output_size: rows and columns of the images.
        kernel_size, dilation, padding, stride: as in `unfold`.

    Returns:
        (batch, channels, rows, columns).

    Raises:
        ValueError: an argument is not as described, or the shape does not fit them.

    Example:
        >>> x = keras.ops.ones((1, 4, 2))
        >>> print(keras.ops.fold(x, (2, 3), 2)[0, 0])
        [[1. 2. 1.]
         [1. 2. 1.]]
    """
    xp, x = backend.xp, backend.asarray(x)
    out, size = _both(output_size, "output_size"), _both(kernel_size, "kernel_size")
    apart, pad = _both(dilation, "dilation"), _both(padding, "padding", 0)
    step, count = _both(stride, "stride"), size[0] * size[1]
    whole = [n + 2 * p for n, p in zip(out, pad)]
    places = [
        (n - (k - 1) * d - 1) // s + 1 for n, k, d, s in zip(whole, size, apart, step)
    ]
    if x.ndim != 3 or x.shape[1] % count or x.shape[2] != places[0] * places[1]:
        raise ValueError(
            f"`fold` needs the shape (batch, channels · {count}, "
            f"{places[0] * places[1]}) for these arguments, got {tuple(x.shape)}."
        )
    channels = x.shape[1] // count
    windows = xp.reshape(x, (-1, channels, *size, *places))
    index = [
        np.arange(k)[:, None] * d + np.arange(n) * s
        for k, d, n, s in zip(size, apart, places, step)
    ]
    rows = index[0][:, None, :, None] + 0 * index[1][None, :, None, :]
    columns = index[1][None, :, None, :] + 0 * rows
    moved = xp.transpose(windows, (2, 3, 4, 5, 0, 1))
    empty = (*whole, moved.shape[4], channels)
    zeros = xp.zeros(empty, dtype=backend.dtype_name(x))
    full = xp.transpose(backend.index_add(zeros, (rows, columns), moved), (2, 3, 0, 1))
    return full[:, :, pad[0] : pad[0] + out[0], pad[1] : pad[1] + out[1]]
