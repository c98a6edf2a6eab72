"""Colours of images changed at random: brightness, hue, saturation, gray."""

from collections.abc import Callable, Sequence
from typing import Any

from ... import ops, random
from ...graph import Tensor
from .image import BaseImagePreprocessingLayer

__all__ = [
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomGrayscale",
    "RandomHue",
    "RandomSaturation",
]

Factor = float | Sequence[float]


class ColourLayer(BaseImagePreprocessingLayer):
    """A random layer that changes values and leaves pixels where they are."""

    symmetric = False  # whether one number f as `factor` means (-f, f)
    lowest, highest = 0.0, 1.0  # of `factor`

    def _set(self, factor: Any, value_range: Any, seed: int | None) -> None:
        self.factor = self._range(
            "factor", factor, self.lowest, self.highest, self.symmetric
        )
        self._set_value_range(value_range)
        self._set_seed(seed)

    @property
    def _width(self) -> float:
        return self.value_range[1] - self.value_range[0]

    def _clipped(self, images: Tensor) -> Tensor:
        return ops.clip(images, *self.value_range)

    def _to_unit(self, images: Tensor) -> Tensor:
        """Return values of the value range as values from 0 to 1."""
        return (images - self.value_range[0]) / self._width

    def _from_unit(self, images: Tensor) -> Tensor:
        return images * self._width + self.value_range[0]

    def _uniform(
        self, shape: Sequence[int], limits: Sequence[float], seed: Any
    ) -> Tensor:
        low, high = limits
        return random.uniform(shape, low, high, seed=self._drawn(seed))

    def _with_hsv(
        self, images: Tensor, change: Callable[[Tensor, Tensor, Tensor], list[Tensor]]
    ) -> Tensor:
        """Return images whose hue, saturation and value are changed."""
        layout = {"data_format": self.data_format}
        hsv = ops.image.rgb_to_hsv(self._to_unit(images), **layout)
        parts = ops.unstack(hsv, 3, axis=self.channel_axis)
        hsv = ops.stack(change(*parts), axis=self.channel_axis)
        return self._from_unit(ops.image.hsv_to_rgb(hsv, **layout))

    def _gray(self, images: Tensor) -> Tensor:
        """Return the images with one channel, which may be the only one before."""
        if images.shape[self.channel_axis] == 1:
            return images
        return ops.image.rgb_to_grayscale(images, data_format=self.data_format)

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Any:
        batch, shape = self._batch_and_shape(data)
        return self._draw(batch, shape, seed) if training else None

    def transform_images(
        self, images: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        if transformation is None or not training:
            return images
        return ops.cast(self._changed(images, transformation), images.dtype)

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        """Draw for so many images what is to be done."""
        raise NotImplementedError

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        """Return the changed images, whose dtype may be another."""
        raise NotImplementedError


class RandomBrightness(ColourLayer):
    """Add a number to all of an image in training, another one for each image.

    ``output = clip(image + delta * (max - min))`` with `delta` uniform in `factor`.

    Args:
        factor: limits of `delta` within -1 and 1; one number f stands for (-f, f).
        value_range: least and greatest value of the images.
        seed: integer that makes the draws repeatable.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.RandomBrightness((0.5, 0.5), value_range=(0, 1))
        >>> np.asarray(layer(np.full((1, 1, 3), 0.25), training=True)).tolist()
        [[[0.75, 0.75, 0.75]]]
    """

    symmetric = True
    lowest = -1.0

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, **kwargs)
        self._set(factor, value_range, seed)

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        delta = self._uniform((batch, 1, 1, 1), self.factor, seed)
        return {"rgb_delta": delta * self._width}

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        delta = ops.cast(transformation["rgb_delta"], images.dtype)
        return self._clipped(images + delta)


class RandomColorDegeneration(ColourLayer):
    """Blend images with their gray values in training.

    ``output = clip(image + share * (gray - image))`` with `share` uniform in `factor`,
    one for each image. At 1 only gray is left; below 0 colours get stronger.

    Args:
        factor: limits of `share` within -1 and 1; one number f stands for (-f, f).
        value_range: least and greatest value of the images.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        seed: integer that makes the draws repeatable.

    Input and output: images (batch, height, width, channels) of 1 or 3 channels, or
    one image, or a dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.RandomColorDegeneration((1.0, 1.0))
        >>> gray = np.asarray(layer(np.array([[[100.0, 0.0, 0.0]]]), training=True))
        >>> gray.round().tolist()
        [[[30.0, 30.0, 30.0]]]
    """

    symmetric = True
    lowest = -1.0

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set(factor, value_range, seed)

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        return {"factor": self._uniform((batch, 1, 1, 1), self.factor, seed)}

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        share = ops.cast(transformation["factor"], images.dtype)
        return self._clipped(images + share * (self._gray(images) - images))


class RandomHue(ColourLayer):
    """Turn the hue of images in training, each by an angle of its own.

    The angle is half of a number uniform in `factor`, to one side or the other; 1 is
    the full circle of colours.

    Args:
        factor: limits within 0 and 1; one number f stands for (0, f).
        value_range: least and greatest value of the images.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        seed: integer that makes the draws repeatable.

    Input and output: images (batch, height, width, 3), or one image, or a dictionary
    with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described, or there are not 3 channels.

    Example:
        >>> layer = keras.layers.RandomHue((1.0, 1.0))  # red becomes cyan
        >>> red = np.array([[[100.0, 0.0, 0.0]]])
        >>> np.asarray(layer(red, training=True)).round(3).tolist()
        [[[0.0, 100.0, 100.0]]]
    """

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set(factor, value_range, seed)

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        side = ops.where(self._uniform((batch,), (0, 1), seed) > 0.5, -0.5, 0.5)
        return {"factor": side * self._uniform((batch,), self.factor, seed)}

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        turn = ops.cast(transformation["factor"], images.dtype)[:, None, None]
        return self._with_hsv(images, lambda h, s, v: [ops.mod(h + turn, 1), s, v])


class RandomSaturation(ColourLayer):
    """Multiply the saturation of images in training, by a number for each image.

    The number is ``f / (1 - f)`` with f uniform in `factor`: 0 gives gray, 0.5 leaves
    the image as it is, 1 gives pure colours. Saturation stays between 0 and 1.

    Args:
        factor: limits of f within -1 and 1; one number f stands for (-f, f). Where f
            is negative the image gets gray.
        value_range: least and greatest value of the images.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        seed: integer that makes the draws repeatable.

    Input and output: images (batch, height, width, 3), or one image, or a dictionary
    with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described, or there are not 3 channels.

    Example:
        >>> layer = keras.layers.RandomSaturation((0.0, 0.0))
        >>> y = np.asarray(layer(np.array([[[100.0, 0.0, 50.0]]]), training=True))
        >>> y.round().tolist()
        [[[100.0, 100.0, 100.0]]]
    """

    symmetric = True
    lowest = -1.0

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set(factor, value_range, seed)

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        f = self._uniform((batch,), self.factor, seed)
        return {"factor": f / (1 - f + 1e-7)}

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        times = ops.cast(transformation["factor"], images.dtype)[:, None, None]
        rgb = self._with_hsv(images, lambda h, s, v: [h, ops.clip(s * times, 0, 1), v])
        return self._clipped(rgb)


class RandomGrayscale(ColourLayer):
    """Make images gray in training, each with a probability.

    Args:
        factor: the probability.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        seed: integer that makes the draws repeatable.

    Input and output: images (batch, height, width, channels) of 1 or 3 channels, or
    one image, or a dictionary with `"images"` and what goes with them. The number of
    channels stays.

    Raises:
        ValueError: `factor` is not between 0 and 1.

    Example:
        >>> layer = keras.layers.RandomGrayscale(1.0)
        >>> y = np.asarray(layer(np.array([[[100.0, 50.0, 0.0]]]), training=True))
        >>> y.round(1).tolist()
        [[[59.2..., 59.2..., 59.2...]]]
    """

    def __init__(
        self,
        factor: float = 0.5,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._range("factor", factor)
        self._set_seed(seed)

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        draws = self._uniform((batch,), (0, 1), seed)
        return (draws < self.factor)[:, None, None, None]

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        return ops.where(transformation, self._gray(images), images)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["seed"]  # as in Keras
        return config
