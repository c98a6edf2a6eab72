"""Pictures: from files to arrays and back. Pillow reads and writes them."""

import io
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from .. import config, dtypes, ops
from ..ops.convolution import standardize_data_format
from ..ops.resizing import check_resizing, fitted, in_proportion, one_of, space_axes

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]

MODES = {"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}
GRAYS = (
    "L",
    "I;16",
    "I",
)  # of one channel already; the latter two are not cut to 8 bits
FILTERS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def pillow() -> Any:
    """Return the module `PIL.Image`, or say what to install."""
    try:
        import PIL.Image
    except ImportError as error:
        raise ImportError(
            'Pictures need the package Pillow: `pip install "kerasish[images]"`.'
        ) from error
    return PIL.Image


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Read a picture from a file.

    Args:
        path: path of the file, or an `io.BytesIO` of its content.
        color_mode: `"rgb"`, `"rgba"` or `"grayscale"`.
        target_size: (rows, columns) of the result; default: those of the file.
        interpolation: how it is resized: `"nearest"`, `"bilinear"`, `"bicubic"`,
            `"hamming"`, `"box"` or `"lanczos"`, as Pillow has them.
        keep_aspect_ratio: cut it to the proportions of `target_size` before.

    Returns:
        A picture of Pillow (`PIL.Image.Image`).

    Raises:
        ImportError: Pillow is not installed.
        OSError: the file is not there, is cut off, or is no picture.
        ValueError: an argument is not as described.

    Example:
        >>> keras.utils.save_img("dots.png", np.eye(4)[..., None])
        >>> image = keras.utils.load_img("dots.png", target_size=(2, 3))
        >>> image.mode, image.size
        ('RGB', (3, 2))
    """
    one_of("color_mode", color_mode, list(MODES))
    one_of("interpolation", interpolation, FILTERS)
    image = _read(path)
    if color_mode != "grayscale" or image.mode not in GRAYS:
        image = image.convert(MODES[color_mode])
    if target_size is None:
        return image
    rows, columns = target_size
    box = None
    if keep_aspect_ratio:
        width, height = image.size
        wide = min(width, int(height * columns / rows))
        high = min(height, int(width * rows / columns))
        left, top = (width - wide) // 2, (height - high) // 2
        box = (left, top, left + wide, top + high)
    kind = getattr(pillow().Resampling, interpolation.upper())
    if image.size == (columns, rows):
        return image
    return image.resize((columns, rows), kind, box=box)


def _read(path: Any) -> Any:
    """Return the picture, all of it: what is wrong with the file comes out here."""
    images = pillow()
    if not isinstance(path, (str, bytes, os.PathLike, io.BytesIO)):
        raise TypeError(
            f"`path` must be a path or an `io.BytesIO`, got {path!r} of type "
            f"`{type(path).__name__}`."
        )
    name: Any = "BytesIO"
    try:
        if not isinstance(path, io.BytesIO):
            # Pillow keeps files of several frames open.
            path, name = io.BytesIO(Path(os.fsdecode(path)).read_bytes()), path
        image = images.open(path)
        image.load()
    except FileNotFoundError:
        raise
    except Exception as error:  # decoders raise errors of many kinds
        raise images.UnidentifiedImageError(
            f"The picture `{os.fspath(name)}` cannot be read: {error}"
        ) from error
    return image


def img_to_array(
    img: Any, data_format: str | None = None, dtype: str | None = None
) -> np.ndarray:
    """Return the numbers of a picture.

    Args:
        img: picture of Pillow, or array (rows, columns) or (rows, columns, channels).
        data_format: `"channels_last"` or `"channels_first"`, how the result is;
            default from the settings.
        dtype: dtype of the result; default: `floatx()`.

    Returns:
        Array (rows, columns, channels) or (channels, rows, columns).

    Raises:
        ValueError: the picture has other axes.

    Example:
        >>> image = keras.utils.array_to_img(np.ones((2, 3, 3)), scale=False)
        >>> keras.utils.img_to_array(image).shape
        (2, 3, 3)
    """
    last = standardize_data_format(data_format) == "channels_last"
    x = np.asarray(img, dtypes.standardize_dtype(dtype))
    if x.ndim == 2:
        x = x[..., None]
    if x.ndim != 3:
        raise ValueError(
            "`img` must have rows and columns, and may have channels, got an array of "
            f"shape {x.shape}."
        )
    return x if last else x.transpose(2, 0, 1)


def array_to_img(
    x: Any,
    data_format: str | None = None,
    scale: bool = True,
    dtype: str | None = None,
) -> Any:
    """Make a picture of numbers.

    Args:
        x: array of 3 axes with 1, 3 or 4 channels.
        data_format: `"channels_last"` or `"channels_first"`, how `x` is; default from
            the settings.
        scale: map the smallest number to 0 and the largest to 255; otherwise numbers
            are cut off at 0 and 255, one channel with larger numbers stays (mode I).
        dtype: dtype of the calculation; default: `floatx()`.

    Returns:
        A picture of Pillow (`PIL.Image.Image`) of mode L, I, RGB or RGBA.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: the array has another shape.

    Example:
        >>> image = keras.utils.array_to_img(np.array([[[1.0], [3.0]], [[2.0], [5.0]]]))
        >>> np.asarray(image).tolist()
        [[0, 127], [63, 255]]
    """
    last = standardize_data_format(data_format) == "channels_last"
    x = np.asarray(x, dtypes.standardize_dtype(dtype))
    if x.ndim != 3:
        raise ValueError(
            "`x` must have the 3 axes of a single image, got an array of shape "
            f"{x.shape}."
        )
    x = x if last else x.transpose(1, 2, 0)
    if x.shape[-1] not in (1, 3, 4):
        raise ValueError(f"`x` must have 1, 3 or 4 channels, got {x.shape[-1]}.")
    if scale:
        x = x - x.min()
        x = x / (x.max() or 1) * 255
    if x.shape[-1] == 1:
        x = x[..., 0]
        if x.max() > 255:
            return pillow().fromarray(x.astype("int32"))
    return pillow().fromarray(np.clip(x, 0, 255).astype("uint8"))


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write numbers as a picture.

    Args:
        path: path of the file, or a file object.
        x: as in `array_to_img`.
        data_format: as in `array_to_img`.
        file_format: `"png"`, `"jpeg"`, ...; default: what the ending of `path` says.
        scale: as in `array_to_img`.
        kwargs: for Pillow's `save`, such as `quality=90`.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: nobody knows how to write files of that kind.

    Example:
        >>> keras.utils.save_img("gray.png", np.ones((2, 2, 1)) * 9, scale=False)
        >>> np.asarray(keras.utils.load_img("gray.png", "grayscale")).tolist()
        [[9, 9], [9, 9]]
    """
    image = array_to_img(x, data_format, scale)
    named = isinstance(path, (str, os.PathLike))
    kind = file_format or (os.path.splitext(path)[1][1:] if named else "")
    if kind.lower() in ("jpg", "jpeg"):
        file_format = "jpeg"
        if image.mode == "RGBA":
            warnings.warn(
                "JPEG has no RGBA pictures: the fourth channel is left out.",
                stacklevel=2,
            )
            image = image.convert("RGB")
    try:
        image.save(path, format=file_format, **kwargs)
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"Pillow cannot write a picture of the kind {kind!r} ({error}): let `path` "
            "end in `.png`, `.jpg`, `.bmp`, `.gif` or the like, or give `file_format`."
        ) from error


def smart_resize(
    x: Any,
    size: tuple[int, int],
    interpolation: str = "bilinear",
    data_format: str = "channels_last",
    **kwargs: Any,
) -> Any:
    """Resize images without distortion: they are cut to the new proportions before.

    Args:
        x: (rows, columns, channels), or a batch of such.
        size: new numbers of rows and columns.
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos3"` or
            `"lanczos5"`; see `ops.image.resize`.
        data_format: `"channels_last"` or `"channels_first"`.
        kwargs: `backend_module`, for Keras's sake.

    Returns:
        A NumPy array if `x` is one, else a tensor; floats (of arrays, `"nearest"` keeps
        integers).

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> image = np.arange(6.0).reshape(1, 6, 1)
        >>> keras.preprocessing.image.smart_resize(image, (2, 4))[..., 0].tolist()
        [[2.0, 2.25, 2.75, 3.0], [2.0, 2.25, 2.75, 3.0]]
    """
    if unknown := set(kwargs) - {"backend_module"}:
        raise TypeError(f"`smart_resize` has no arguments {sorted(unknown)}.")
    if isinstance(x, np.ndarray):
        return resized(x, size, interpolation, data_format, crop=True)
    x = ops.cast(ops.convert_to_tensor(x), config.floatx())
    return ops.image.resize(
        x, size, interpolation, crop_to_aspect_ratio=True, data_format=data_format
    )


def resized(
    x: np.ndarray,
    size: Any,
    interpolation: str = "bilinear",
    data_format: str | None = None,
    crop: bool = False,
    pad: bool = False,
) -> np.ndarray:
    """Return `ops.image.resize` by NumPy, which compiles nothing for each new size."""
    check_resizing(size, interpolation, crop, pad)
    size = int(size[0]), int(size[1])
    if interpolation != "nearest" or x.dtype.kind == "f":
        x = np.asarray(x, config.floatx())
    axes = space_axes(x, data_format, "resize")
    x = in_proportion(x, axes, size, crop, pad, xp=np)
    return fitted(x, axes, size, interpolation, xp=np)
