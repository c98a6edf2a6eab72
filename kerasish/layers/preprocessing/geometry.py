"""Images turned over, cut, turned, moved and zoomed at random."""

import math
from typing import Any

from ... import ops, random
from ...graph import Tensor
from ...ops.warping import ORDERS, homography
from .bounding_boxes import around, corners
from .image import MovingLayer

__all__ = [
    "RandomFlip",
    "RandomPerspective",
    "RandomRotation",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
]

_MODES = ("horizontal", "vertical", "horizontal_and_vertical")


class RandomFlip(MovingLayer):
    """Turn images over in training, each with probability 1/2.

    Args:
        mode: `"horizontal"` (left becomes right), `"vertical"`, or
            `"horizontal_and_vertical"`: both at once.
        seed: integer that makes the draws repeatable.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: `mode` is another word.

    Example:
        >>> layer = keras.layers.RandomFlip("horizontal", seed=1)
        >>> x = np.arange(3.0).reshape(1, 1, 3, 1)
        >>> np.asarray(layer(x, training=True)).ravel().tolist()
        [2.0, 1.0, 0.0]
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.mode = self._choice("mode", mode, _MODES)
        self._set_seed(seed)

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Any:
        if not training:
            return None
        batch, shape = self._batch_and_shape(data)
        draws = random.uniform((batch, 1, 1, 1), seed=self._drawn(seed))
        return {"flips": draws <= 0.5, "input_shape": shape}

    def _moved_images(
        self, images: Tensor, transformation: Any, interpolation: str
    ) -> Tensor:
        axes = {"horizontal": self.width_axis, "vertical": self.height_axis}
        flipped = ops.flip(images, [a for word, a in axes.items() if word in self.mode])
        return ops.where(transformation["flips"], flipped, images)

    def _moved_boxes(self, boxes: Tensor, transformation: Any) -> Tensor:
        height, width = self._size_before(transformation)
        left, top, right, bottom = (boxes[..., i] for i in range(4))
        if "horizontal" in self.mode:
            left, right = width - right, width - left
        if "vertical" in self.mode:
            top, bottom = height - bottom, height - top
        flipped = ops.stack([left, top, right, bottom], axis=-1)
        return ops.where(transformation["flips"][:, :, 0], flipped, boxes)


class _Affine(MovingLayer):
    """A layer that moves each pixel by a matrix of its own for each image.

    The matrix says where the pixel of the output at (x, y) comes from, as eight
    numbers: `(a0 x + a1 y + a2, b0 x + b1 y + b2)`, and two zeros.
    """

    def _draw(
        self, batch: int, low: float, high: float, seed: Any, axes: int = 1
    ) -> Tensor:
        shape, seed = (batch, *(1,) * (axes - 1)), self._drawn(seed)
        return random.uniform(shape, low, high, dtype=self._draw_dtype(), seed=seed)

    def _draw_dtype(self) -> str | None:
        return None

    def _matrices(self, transformation: Any) -> Tensor:
        """Return the matrices, shape (batch, 8)."""
        raise NotImplementedError

    def _moved_images(
        self, images: Tensor, transformation: Any, interpolation: str
    ) -> Tensor:
        return ops.image.affine_transform(
            images,
            self._matrices(transformation),
            interpolation=interpolation,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )

    def _moved_boxes(self, boxes: Tensor, transformation: Any) -> Tensor:
        matrices = ops.cast(self._matrices(transformation), boxes.dtype)[:, :6]
        a0, a1, a2, b0, b1, b2 = (matrices[:, i, None, None] for i in range(6))
        # Numbers of pixels are half a pixel less than places on the image.
        x, y = corners(boxes)
        x, y = x - 0.5 - a2, y - 0.5 - b2
        area = a0 * b1 - a1 * b0
        places = (b1 * x - a1 * y) / area + 0.5, (a0 * y - b0 * x) / area + 0.5
        return around(*places)


class RandomRotation(_Affine):
    """Turn images about their middle in training, each by an angle of its own.

    Args:
        factor: the greatest angle as a share of the full circle, to both sides; a pair
            (least, greatest) for other limits. Positive angles turn counter-clockwise.
        fill_mode: what is outside: `"reflect"`, `"wrap"`, `"constant"` or `"nearest"`.
        interpolation: `"bilinear"` or `"nearest"`.
        seed: integer that makes the draws repeatable.
        fill_value: outside, with `"constant"`.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.RandomRotation((0.5, 0.5))  # half a circle
        >>> x = np.arange(4.0).reshape(1, 2, 2, 1)
        >>> np.asarray(layer(x, training=True)).round(3).ravel().tolist()
        [3.0, 2.0, 1.0, 0.0]
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, data_format=data_format, **kwargs)
        self.factor = self._range("factor", factor, -1.0, symmetric=True)
        self._set_filling(fill_mode, interpolation, fill_value, seed)

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Any:
        if not training:
            return None
        batch, shape = self._batch_and_shape(data)
        low, high = (x * 360 for x in self.factor)
        return {"angle": self._draw(batch, low, high, seed), "input_shape": shape}

    def _matrices(self, transformation: Any) -> Tensor:
        height, width = self._size_before(transformation)
        x, y = (width - 1) / 2, (height - 1) / 2
        angle = transformation["angle"] * (math.pi / 180)
        c, s = ops.cos(angle), ops.sin(angle)
        right = [c, -s, x - c * x + s * y]
        down = [s, c, y - s * x - c * y]
        return ops.stack([*right, *down, 0 * c, 0 * c], axis=1)


class _ByAxis(_Affine):
    """An affine layer with one factor for the height and one for the width."""

    _least = -1.0

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._heights = self._limits("height_factor", height_factor)
        self._widths = self._limits("width_factor", width_factor)
        self._set_filling(fill_mode, interpolation, fill_value, seed)

    def _limits(self, name: str, factor: Any) -> tuple[float, float]:
        return self._range(name, factor, -1.0, symmetric=True)


class RandomTranslation(_ByAxis):
    """Move images up or down and left or right in training.

    Args:
        height_factor: how far at most, as a share of the height, to both sides; a pair
            (least, greatest) for other limits. Positive numbers move down.
        width_factor: likewise; positive numbers move to the right.
        fill_mode: what is outside: `"reflect"`, `"wrap"`, `"constant"` or `"nearest"`.
        interpolation: `"bilinear"` or `"nearest"`.
        seed: integer that makes the draws repeatable.
        fill_value: outside, with `"constant"`.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.RandomTranslation(0.0, (0.5, 0.5), "constant")
        >>> x = np.arange(1.0, 5).reshape(1, 1, 4, 1)
        >>> np.asarray(layer(x, training=True)).ravel().tolist()
        [0.0, 0.0, 1.0, 2.0]
    """

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Any:
        if not training:
            return None
        batch, shape = self._batch_and_shape(data)
        down = self._draw(batch, *self._heights, seed, 2) * shape[self.height_axis]
        right = self._draw(batch, *self._widths, seed, 2) * shape[self.width_axis]
        moves = ops.concatenate([right, down], axis=1)
        return {"translations": moves, "input_shape": shape}

    def _matrices(self, transformation: Any) -> Tensor:
        moves = transformation["translations"]
        right, down = moves[:, 0], moves[:, 1]
        none, one = 0 * down, 0 * down + 1
        return ops.stack([one, none, -right, none, one, -down, none, none], axis=1)


class RandomZoom(_ByAxis):
    """Make what is in images smaller or larger in training.

    Args:
        height_factor: f draws from 1 - f to 1 + f, a pair (low, high) from 1 + low to
            1 + high: the height that is seen, as a share of the height of the image.
            So positive numbers make things smaller.
        width_factor: likewise; by default as drawn for the height, which keeps the
            proportions.
        fill_mode: what is outside: `"reflect"`, `"wrap"`, `"constant"` or `"nearest"`.
        interpolation: `"bilinear"` or `"nearest"`.
        seed: integer that makes the draws repeatable.
        fill_value: outside, with `"constant"`.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.RandomZoom((1.0, 1.0), fill_mode="constant")
        >>> x = np.ones((1, 4, 4, 1))
        >>> np.asarray(layer(x, training=True))[0, :, :, 0].sum().round(2).item()
        4.0
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        rest = (fill_mode, interpolation, seed, fill_value, data_format)
        super().__init__(height_factor, width_factor, *rest, **kwargs)

    def _limits(self, name: str, factor: Any) -> tuple[float, float]:
        if name == "width_factor" and factor is None:
            return self._heights
        low, high = super()._limits(name, factor)
        if low == -1:
            raise self._wrong(name, "greater than -1: nothing would be seen", factor)
        return 1 + low, 1 + high

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Any:
        if not training:
            return None
        batch, shape = self._batch_and_shape(data)
        high = wide = self._draw(batch, *self._heights, seed, 2)
        if self.width_factor is not None:
            wide = self._draw(batch, *self._widths, seed, 2)
        return {"height_zoom": high, "width_zoom": wide, "input_shape": shape}

    def _matrices(self, transformation: Any) -> Tensor:
        height, width = self._size_before(transformation)
        high = transformation["height_zoom"][:, 0]
        wide = transformation["width_zoom"][:, 0]
        right, down = (width - 1) / 2 * (1 - wide), (height - 1) / 2 * (1 - high)
        none = 0 * wide
        return ops.stack([wide, none, right, none, high, down, none, none], axis=1)


class RandomShear(_Affine):
    """Slant images in training: rows move by their height, columns by their place.

    Args:
        x_factor: how far rows move at most, per pixel of height, to both sides; a pair
            (least, greatest) for other limits. At most 1.
        y_factor: likewise for columns.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_mode: what is outside: `"reflect"`, `"wrap"`, `"constant"` or `"nearest"`.
        fill_value: outside, with `"constant"`.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        seed: integer that makes the draws repeatable.

    Both slants of an image are turned round with probability 1/2.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.RandomShear(x_factor=0.2, y_factor=0.1, seed=1)
        >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.x_factor = self._range("x_factor", x_factor, -1.0, symmetric=True)
        self.y_factor = self._range("y_factor", y_factor, -1.0, symmetric=True)
        self._set_filling(fill_mode, interpolation, fill_value, seed)

    def _draw_dtype(self) -> str | None:
        return self._own_draw_dtype()

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Any:
        if not training:
            return None
        batch, shape = self._batch_and_shape(data)
        turned = self._draw(batch, 0.0, 1.0, seed, 2) > 0.5
        y = self._draw(batch, *self.y_factor, seed, 2)
        x = self._draw(batch, *self.x_factor, seed, 2)
        slants = ops.concatenate([x, y], axis=1)
        return {
            "shear_factor": ops.where(turned, -slants, slants),
            "input_shape": shape,
        }

    def _matrices(self, transformation: Any) -> Tensor:
        x, y = (transformation["shear_factor"][:, i] for i in range(2))
        none, one = 0 * x, 0 * x + 1
        return ops.stack([one, x, none, y, one, none, none, none], axis=1)


class RandomPerspective(MovingLayer):
    """See some of the images in perspective in training.

    The first corner stays, the others move at random.

    Args:
        factor: limits of the probability that an image is changed, itself drawn; one
            number f stands for (0, f).
        scale: how far corners move at most: by scale / 2 of their distance to the
            first, along each axis; from 0 to 1.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_value: what is outside.
        seed: integer that makes the draws repeatable.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.RandomPerspective(scale=0.5, seed=1)
        >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = self._range("factor", factor)
        if not isinstance(scale, (int, float)) or not 0 <= scale <= 1:
            raise self._wrong("scale", "a number from 0 to 1", scale)
        self.scale = scale
        self.interpolation = self._choice("interpolation", interpolation, [*ORDERS])
        self.fill_value = fill_value
        self._set_seed(seed)

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Any:
        if not training:
            return None
        batch, shape = self._batch_and_shape(data)
        seed = self._drawn(seed)
        dtype = self._own_draw_dtype()
        probability = random.uniform((batch,), *self.factor, seed=seed)
        chosen = random.uniform((batch,), seed=seed) < probability
        x, y = shape[self.width_axis] - 1, shape[self.height_axis] - 1
        start = ops.cast([[[0, 0], [x, 0], [0, y], [x, y]]], dtype or "float32")
        start = ops.broadcast_to(start, (batch, 4, 2))
        half = self.scale / 2
        change = random.uniform((batch, 4, 2), -half, half, dtype=dtype, seed=seed)
        return {
            "apply_perspective": chosen,
            "start_points": start,
            "end_points": start + start * change,
            "input_shape": shape,
        }

    def _moved_images(
        self, images: Tensor, transformation: Any, interpolation: str
    ) -> Tensor:
        moved = ops.image.perspective_transform(
            images,
            transformation["start_points"],
            transformation["end_points"],
            interpolation=interpolation,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )
        chosen = transformation["apply_perspective"][:, None, None, None]
        return ops.where(chosen, moved, images)

    def _moved_boxes(self, boxes: Tensor, transformation: Any) -> Tensor:
        ends, starts = transformation["end_points"], transformation["start_points"]
        numbers = homography(*(ops.cast(x, boxes.dtype) for x in (ends, starts)))
        a, b, c, d, e, f, g, h = (numbers[:, i, None, None] for i in range(8))
        # Numbers of pixels are half a pixel less than places on the image.
        x, y = (place - 0.5 for place in corners(boxes))
        k = g * x + h * y + 1
        moved = around((a * x + b * y + c) / k + 0.5, (d * x + e * y + f) / k + 0.5)
        return ops.where(
            transformation["apply_perspective"][:, None, None], moved, boxes
        )
