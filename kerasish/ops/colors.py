"""Colours of images: gray values, and hue, saturation and value."""

from typing import Any

from .. import backend, dtypes
from ..graph import Tensor, op
from .conversion import as_float
from .convolution import standardize_data_format

__all__ = ["hsv_to_rgb", "rgb_to_grayscale", "rgb_to_hsv"]

GRAY = 0.2989, 0.587, 0.114


def _channels(images: Any, data_format: str | None, name: str) -> tuple[list[Any], int]:
    """Return red, green and blue (or the like), and the axis they stand on."""
    last = standardize_data_format(data_format) == "channels_last"
    axis = -1 if last else -3
    if images.ndim not in (3, 4) or images.shape[axis] != 3:
        raise ValueError(
            f"`{name}` needs images of 3 or 4 axes, 3 channels among them on axis "
            f"{axis}, got shape {tuple(images.shape)}."
        )
    return [backend.xp.take(images, i, axis=axis) for i in range(3)], axis


def _floats(images: Any, name: str) -> Any:
    images = backend.asarray(images)
    dtype = backend.dtype_name(images)
    if not dtypes.is_float(dtype):
        raise ValueError(
            f"`{name}` needs floats between 0 and 1, got images of dtype {dtype}. Cast "
            "them and divide by the largest value."
        )
    return images


@op
def rgb_to_grayscale(images: Tensor, data_format: str | None = None) -> Tensor:
    """Gray values of colours: 0.2989 red + 0.587 green + 0.114 blue.

    Args:
        images: (batch, rows, columns, 3), or one image without the batch.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Returns:
        Images with one channel, of the same dtype.

    Raises:
        ValueError: there are not 3 channels.

    Example:
        >>> x = keras.ops.reshape([1.0, 0.0, 0.0], (1, 1, 3))
        >>> print(keras.ops.image.rgb_to_grayscale(x))
        [[[0.2989]]]
    """
    images = backend.asarray(images)
    rgb, axis = _channels(images, data_format, "rgb_to_grayscale")
    gray = sum(as_float(c) * weight for c, weight in zip(rgb, GRAY))
    gray = backend.xp.expand_dims(gray, axis)
    return backend.cast(gray, backend.dtype_name(images))


@op
def rgb_to_hsv(images: Tensor, data_format: str | None = None) -> Tensor:
    """Hue, saturation and value of colours.

    With M and m the largest and the least of red, green and blue: value M, saturation
    (M − m) / M, and the hue as an angle of the circle of colours, 1 for 360°.

    Args:
        images: floats from 0 to 1, (batch, rows, columns, 3), or one image.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Raises:
        ValueError: there are not 3 channels, or no floats.

    Example:
        >>> x = keras.ops.reshape([0.0, 0.5, 0.25], (1, 1, 3))
        >>> print(np.round(np.asarray(keras.ops.image.rgb_to_hsv(x)), 4))
        [[[0.4167 1.     0.5   ]]]
    """
    xp, images = backend.xp, _floats(images, "rgb_to_hsv")
    (r, g, b), axis = _channels(images, data_format, "rgb_to_hsv")
    value = xp.maximum(xp.maximum(r, g), b)
    spread = value - xp.minimum(xp.minimum(r, g), b)
    saturation = xp.where(value > 0, spread / xp.where(value > 0, value, 1), 0)
    safe = xp.where(spread > 0, spread, 1)
    hue = xp.where(
        value == r,
        (g - b) / safe,
        xp.where(value == g, (b - r) / safe + 2, (r - g) / safe + 4),
    )
    hue = xp.where(spread > 0, hue / 6, 0)
    hue = xp.where(hue < 0, hue + 1, hue)
    return xp.stack([hue, saturation, value], axis=axis)


@op
def hsv_to_rgb(images: Tensor, data_format: str | None = None) -> Tensor:
    """Colours of hue, saturation and value; the inverse of `rgb_to_hsv`.

    With t = (n + 6 · hue) mod 6 for n = 5, 3, 1 a channel is
    value · (1 − saturation · max(0, min(t, 4 − t, 1))).

    Args:
        images: floats from 0 to 1, (batch, rows, columns, 3), or one image.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Raises:
        ValueError: there are not 3 channels, or no floats.

    Example:
        >>> x = keras.ops.reshape([0.5, 1.0, 0.5], (1, 1, 3))
        >>> print(keras.ops.image.hsv_to_rgb(x))
        [[[0.  0.5 0.5]]]
    """
    xp, images = backend.xp, _floats(images, "hsv_to_rgb")
    (hue, saturation, value), axis = _channels(images, data_format, "hsv_to_rgb")

    def channel(n: int) -> Any:
        t = xp.mod(n + 6 * hue, 6)
        share = xp.clip(xp.minimum(t, 4 - t), 0, 1)
        return value - value * saturation * share

    return xp.stack([channel(5), channel(3), channel(1)], axis=axis)
