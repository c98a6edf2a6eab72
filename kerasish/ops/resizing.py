"""Images of other sizes: by interpolation, by cutting and by padding.

Each axis is resized by itself: new cells are weighted sums of old ones, and the weights
are a kernel of the distance. Cells are little squares, so the middle of cell i is at
i + 1/2.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import backend, dtypes
from ..graph import Tensor, op
from .conversion import as_float
from .convolution import standardize_data_format

__all__ = ["crop_images", "pad_images", "resize", "scale_and_translate"]


def space_axes(images: Any, data_format: str | None, name: str) -> tuple[int, int]:
    """Return the axes of rows and columns; images are a batch or a single one."""
    if images.ndim not in (3, 4):
        raise ValueError(
            f"`{name}` needs a batch of images with 4 axes or one image with 3, got "
            f"shape {tuple(images.shape)}."
        )
    last = standardize_data_format(data_format) == "channels_last"
    first = images.ndim - (3 if last else 2)
    return first, first + 1


def one_of(name: str, value: Any, known: Sequence[str]) -> None:
    """Raise a ValueError unless the argument is one of the known names."""
    if value not in known:
        raise ValueError(f"`{name}` must be one of {list(known)}, got {value!r}.")


def _triangle(t: Any, xp: Any) -> Any:
    return xp.maximum(1 - t, 0)


def _cubic(t: Any, xp: Any) -> Any:
    """Keys's cubic with a = -1/2."""
    near = (1.5 * t - 2.5) * t * t + 1
    far = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return xp.where(t <= 1, near, xp.where(t < 2, far, 0.0))


def _lanczos(radius: int) -> Callable[[Any, Any], Any]:
    def kernel(t: Any, xp: Any) -> Any:
        return xp.where(t < radius, xp.sinc(t) * xp.sinc(t / radius), 0.0)

    return kernel


KERNELS: dict[str, Callable[[Any, Any], Any]] = {
    "bilinear": _triangle,
    "bicubic": _cubic,
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
}


def stretched(
    x: Any,
    axis: int,
    size: int,
    interpolation: str,
    scale: Any = None,
    shift: Any = 0.0,
    antialias: bool = False,
    xp: Any = None,
) -> Any:
    """Resize one axis of floats.

    Args:
        x: floats.
        axis: which axis, counted from the front.
        size: its new size.
        interpolation: a name of `KERNELS`.
        scale: new cells for each old one; default: the new size over the old one.
        shift: new cells by which the result is moved.
        antialias: where many cells become one, the kernel reaches over all of them.
        xp: the namespace that computes; default: the backend's.
    """
    on_host = xp is not None
    xp, old = xp or backend.xp, x.shape[axis]
    step = 1 / scale if scale is not None else old / size
    places = (xp.arange(size, dtype="float32") + 0.5 - shift) * step - 0.5
    distance = xp.abs(places[None, :] - xp.arange(old, dtype="float32")[:, None])
    if antialias:
        distance = distance / xp.maximum(xp.asarray(step, dtype="float32"), 1.0)
    weights = KERNELS[interpolation](distance, xp)
    total = xp.sum(weights, axis=0, keepdims=True)
    counts = xp.abs(total) > 1000 * np.finfo("float32").eps
    weights = xp.where(counts, weights / xp.where(counts, total, 1.0), 0.0)
    weights = xp.where((places >= -0.5) & (places <= old - 0.5), weights, 0.0)
    if on_host:
        return _few_cells(x, axis, weights.astype(x.dtype))
    weights = backend.cast(weights, backend.dtype_name(x))
    return xp.moveaxis(xp.matmul(xp.moveaxis(x, axis, -1), weights), -1, axis)


def _few_cells(x: np.ndarray, axis: int, weights: np.ndarray) -> np.ndarray:
    """Multiply an axis by a matrix of which a few neighbours in each column count."""
    counts = weights != 0
    first, after = counts.argmax(0), len(weights) - counts[::-1].argmax(0)
    shape = [1] * x.ndim
    shape[axis] = -1
    total: Any = 0
    for step in range(int((after - first).max())):
        cells = np.minimum(first + step, len(weights) - 1)
        share = np.where(first + step < after, weights[cells, np.arange(len(cells))], 0)
        total = total + np.take(x, cells, axis) * share.reshape(shape)
    return total


def _nearest(x: Any, axis: int, size: int, xp: Any) -> Any:
    old = x.shape[axis]
    cells = np.floor((np.arange(size) + 0.5) * (old / size)).astype("int32")
    return xp.take(x, np.minimum(cells, old - 1), axis=axis)


@op
def resize(
    images: Tensor,
    size: tuple[int, int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """Resize images to a number of rows and columns.

    y[j] = ∑ᵢ w(i − p) x[i] / ∑ᵢ w(i − p) along both axes, where p = (j + ½) · old / new
    − ½ is the place of the new cell among the old ones.

    Args:
        images: (batch, rows, columns, channels), or one image without the batch.
        size: new numbers of rows and columns.
        interpolation: the kernel w: `"nearest"`, `"bilinear"`, `"bicubic"`,
            `"lanczos3"` or `"lanczos5"`.
        antialias: smooth first when images become smaller; not for `"nearest"`.
        crop_to_aspect_ratio: keep the proportions by cutting off what is too much.
        pad_to_aspect_ratio: keep the proportions by adding cells of `fill_value`.
        fill_mode: `"constant"`, the only way to pad.
        fill_value: what padded cells hold.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Returns:
        Images of the new size, of the same dtype; integers are rounded.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> x = keras.ops.reshape([0.0, 4.0], (1, 1, 2, 1))
        >>> print(keras.ops.image.resize(x, (1, 4))[0, 0, :, 0])
        [0. 1. 3. 4.]
    """
    images = backend.asarray(images)
    one_of("fill_mode", fill_mode, ["constant"])
    check_resizing(size, interpolation, crop_to_aspect_ratio, pad_to_aspect_ratio)
    size = int(size[0]), int(size[1])
    axes = space_axes(images, data_format, "resize")
    images = in_proportion(
        images, axes, size, crop_to_aspect_ratio, pad_to_aspect_ratio, fill_value
    )
    x = images if interpolation == "nearest" else as_float(images)
    x = fitted(x, axes, size, interpolation, antialias)
    dtype = backend.dtype_name(images)
    return backend.cast(backend.xp.round(x) if dtypes.is_int(dtype) else x, dtype)


def check_resizing(size: Any, interpolation: str, crop: bool, pad: bool) -> None:
    """Raise a ValueError unless images can be resized like that."""
    one_of("interpolation", interpolation, ["nearest", *KERNELS])
    if crop and pad:
        raise ValueError(
            "Only one of `crop_to_aspect_ratio` and `pad_to_aspect_ratio` may be True."
        )
    if np.shape(size) != (2,) or any(n <= 0 for n in size):
        raise ValueError(f"`size` must be two positive integers, got {size!r}.")


def fitted(
    x: Any,
    axes: tuple[int, int],
    size: tuple[int, int],
    interpolation: str,
    antialias: bool = False,
    xp: Any = None,
) -> Any:
    """Resize the axes of rows and columns; `xp` is as in `stretched`."""
    for axis, n in zip(axes, size):
        if interpolation == "nearest":
            x = _nearest(x, axis, n, xp or backend.xp)
        elif n != x.shape[axis]:
            x = stretched(x, axis, n, interpolation, antialias=antialias, xp=xp)
    return x


def in_proportion(
    x: Any,
    axes: tuple[int, int],
    size: tuple[int, int],
    crop: bool,
    pad: bool,
    fill: float = 0,
    xp: Any = None,
) -> Any:
    """Cut or pad images to the proportions of `size`, or neither."""
    if not crop and not pad:
        return x
    choose: Any = min if crop else max
    rows, columns = (x.shape[axis] for axis in axes)
    new = (
        choose(rows, max(int(columns * size[0] / size[1]), 1)),
        choose(columns, max(int(rows * size[1] / size[0]), 1)),
    )
    before = [int(abs(n - x.shape[axis]) / 2) for n, axis in zip(new, axes)]
    if crop:
        return _cut(x, axes, before, new)
    return _padded(x, axes, [(b, b) for b in before], fill, xp)


def _cut(x: Any, axes: Sequence[int], starts: Any, sizes: Any) -> Any:
    index = [slice(None)] * x.ndim
    for axis, start, size in zip(axes, starts, sizes):
        index[axis] = slice(start, start + size)
    return x[tuple(index)]


def _padded(
    x: Any, axes: Sequence[int], pairs: Any, fill: float = 0, xp: Any = None
) -> Any:
    widths = [(0, 0)] * x.ndim
    for axis, pair in zip(axes, pairs):
        widths[axis] = pair
    return (xp or backend.xp).pad(x, widths, constant_values=fill)


def _edges(
    what: str, axis: str, old: int, before: Any, after: Any, new: Any, sign: int
) -> tuple[int, int]:
    """Cells to cut (sign -1) or add (1) before and after; two of three are given."""
    if [before, after, new].count(None) != 1:
        raise ValueError(
            f"Exactly two of the {what} before and after and the target size must be "
            f"given for the {axis}, got {before}, {after} and {new}."
        )
    change = (new - old) * sign if new is not None else 0
    before = change - after if before is None else before
    after = change - before if after is None else after
    if before < 0 or after < 0 or (sign < 0 and before + after >= old):
        raise ValueError(
            f"The {what} of the {axis} must not be negative, and cells must be left; "
            f"got {before} before and {after} after for {old} cells."
        )
    return before, after


@op
def pad_images(
    images: Tensor,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Add zeros around images. For each axis two of the three numbers are given.

    Args:
        images: (batch, rows, columns, channels), or one image without the batch.
        top_padding, bottom_padding: rows to add above and below.
        left_padding, right_padding: columns to add on the left and on the right.
        target_height, target_width: rows and columns of the result.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Raises:
        ValueError: more or fewer numbers are given, or one is negative.

    Example:
        >>> x = keras.ops.ones((1, 2, 2, 1))
        >>> x = keras.ops.image.pad_images(x, 1, 0, target_height=3, target_width=3)
        >>> print(x[0, :, :, 0])
        [[0. 0. 0.]
         [1. 1. 0.]
         [1. 1. 0.]]
    """
    images = backend.asarray(images)
    axes = space_axes(images, data_format, "pad_images")
    rows, columns = (images.shape[axis] for axis in axes)
    pairs = (
        _edges("padding", "rows", rows, top_padding, bottom_padding, target_height, 1),
        _edges(
            "padding", "columns", columns, left_padding, right_padding, target_width, 1
        ),
    )
    return _padded(images, axes, pairs)


@op
def crop_images(
    images: Tensor,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Cut off the edges of images. For each axis two of the three numbers are given.

    Args:
        images: (batch, rows, columns, channels), or one image without the batch.
        top_cropping, bottom_cropping: rows to cut off above and below.
        left_cropping, right_cropping: columns to cut off on the left and on the right.
        target_height, target_width: rows and columns of the result.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Raises:
        ValueError: more or fewer numbers are given, one is negative, or nothing would
            be left.

    Example:
        >>> x = keras.ops.reshape(keras.ops.arange(9), (1, 3, 3, 1))
        >>> x = keras.ops.image.crop_images(x, 1, 0, target_height=2, target_width=2)
        >>> print(x[0, :, :, 0])
        [[3 4]
         [6 7]]
    """
    images = backend.asarray(images)
    axes = space_axes(images, data_format, "crop_images")
    rows, columns = (images.shape[axis] for axis in axes)
    high = _edges(
        "cropping", "rows", rows, top_cropping, bottom_cropping, target_height, -1
    )
    wide = _edges(
        "cropping", "columns", columns, left_cropping, right_cropping, target_width, -1
    )
    sizes = rows - sum(high), columns - sum(wide)
    return _cut(images, axes, (high[0], wide[0]), sizes)


_METHODS = {"linear": "bilinear", "trilinear": "bilinear", "triangle": "bilinear"}
_METHODS |= {"cubic": "bicubic", "tricubic": "bicubic"}


@op
def scale_and_translate(
    images: Tensor,
    output_shape: tuple[int, ...],
    scale: Tensor,
    translation: Tensor,
    spatial_dims: tuple[int, ...],
    method: str,
    antialias: bool = True,
) -> Tensor:
    """Scale images and move them, along any axes, by any (not only whole) numbers.

    y[j] = ∑ᵢ w(i − p) x[i] / ∑ᵢ w(i − p) with p = (j + ½ − translation) / scale − ½,
    and 0 where p lies outside.

    Args:
        images: tensor of any shape.
        output_shape: shape of the result.
        scale, translation: one number for each of `spatial_dims`.
        spatial_dims: the axes that change.
        method: the kernel w: `"linear"`, `"bilinear"`, `"trilinear"`, `"triangle"`,
            `"cubic"`, `"bicubic"`, `"tricubic"`, `"lanczos3"` or `"lanczos5"`.
        antialias: smooth first along axes that shrink.

    Returns:
        Tensor of shape `output_shape`; integers become `floatx()`.

    Raises:
        ValueError: the method is not one of those, or the numbers do not fit the axes.

    Example:
        >>> x = keras.ops.array([1.0, 2.0, 3.0])
        >>> move = keras.ops.image.scale_and_translate
        >>> print(move(x, (3,), [1.0], [1.0], (0,), "linear"))
        [0. 1. 2.]
    """
    one_of("method", method, [*KERNELS, *_METHODS])
    x, scale, translation = map(as_float, (images, scale, translation))
    wanted = (len(spatial_dims),)
    if tuple(scale.shape) != wanted or tuple(translation.shape) != wanted:
        raise ValueError(
            f"`scale` and `translation` must have shape {wanted}, one number for each "
            f"of `spatial_dims`, got {tuple(scale.shape)} and "
            f"{tuple(translation.shape)}."
        )
    kernel = _METHODS.get(method, method)
    for n, axis in enumerate(spatial_dims):
        axis = axis % x.ndim
        size = output_shape[axis]
        x = stretched(x, axis, size, kernel, scale[n], translation[n], antialias)
    return x
