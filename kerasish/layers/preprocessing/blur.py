"""Images made sharper or more blurred at random."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops, random
from ...graph import Tensor
from .colour import ColourLayer, Factor

__all__ = ["RandomGaussianBlur", "RandomSharpness"]


def _smoothed(images: Tensor, kernel: Tensor, layer: ColourLayer) -> Tensor:
    """Convolve each channel with a kernel of two axes; zeros stand around."""
    channels = images.shape[layer.channel_axis]
    kernels = ops.repeat(ops.cast(kernel, images.dtype)[:, :, None], channels, axis=2)
    return ops.depthwise_conv(
        images, kernels[..., None], padding="same", data_format=layer.data_format
    )


class RandomSharpness(ColourLayer):
    """Sharpen or blur images in training.

    ``output = clip(smooth + 2 * f * (image - smooth))`` with f uniform in `factor`, one
    for each image, and `smooth` the mean of 3 x 3 pixels of which the middle counts
    five times. 0 is the smooth image, 0.5 the image as it is, 1 twice as sharp.

    Args:
        factor: limits of f within 0 and 1; one number f stands for (0, f).
        value_range: least and greatest value of the images.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        seed: integer that makes the draws repeatable.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.RandomSharpness((0.0, 0.0))
        >>> x = np.zeros((3, 3, 1))
        >>> x[1, 1] = 130
        >>> np.asarray(layer(x, training=True))[..., 0].round().tolist()
        [[10.0, 10.0, 10.0], [10.0, 50.0, 10.0], [10.0, 10.0, 10.0]]
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
        return {"factor": self._uniform((batch,), self.factor, seed)}

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        kernel = np.ones((3, 3), "float32")
        kernel[1, 1] = 5
        smooth = _smoothed(images, ops.convert_to_tensor(kernel / 13), self)
        f = ops.cast(transformation["factor"], images.dtype)[:, None, None, None]
        return self._clipped(smooth + 2 * f * (images - smooth))


class RandomGaussianBlur(ColourLayer):
    """Blur images in training by the normal distribution, each with a probability.

    The probability is itself drawn for each image, uniform in `factor`; the spread is
    drawn for all images of a batch together, for rows and columns apart. Around the
    image stand zeros.

    Args:
        factor: limits of the probability; one number f stands for (0, f).
        kernel_size: pixels that count, an odd number, or two: in a row, in a column.
        sigma: limits of the standard deviation in pixels; one number s, at most 1,
            stands for (0, s).
        value_range: least and greatest value of the images.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        seed: integer that makes the draws repeatable.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.RandomGaussianBlur((1.0, 1.0), sigma=(1, 1))
        >>> x = np.zeros((3, 3, 1))
        >>> x[1, 1] = 100
        >>> np.asarray(layer(x, training=True))[..., 0].round().tolist()
        [[8.0, 12.0, 8.0], [12.0, 20.0, 12.0], [8.0, 12.0, 8.0]]
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        kernel_size: int | Sequence[int] = 3,
        sigma: Factor = 1.0,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set(factor, value_range, seed)
        sizes = (
            (kernel_size,) * 2 if isinstance(kernel_size, int) else tuple(kernel_size)
        )
        odd = all(isinstance(n, int) and n > 0 and n % 2 == 1 for n in sizes)
        if len(sizes) != 2 or not odd:
            raise self._wrong("kernel_size", "one or two odd numbers", kernel_size)
        self.kernel_size = sizes
        pair = isinstance(sigma, (list, tuple))
        highest = float("inf") if pair else 1.0
        self.sigma = self._range("sigma", sigma, highest=highest)

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        probability = self._uniform((batch,), self.factor, seed)
        chosen = self._uniform((batch,), (0, 1), seed) < probability
        low, high = self.sigma
        sigma = random.uniform((2,), low, high, self.compute_dtype, self._drawn(seed))
        return {"should_apply_blur": chosen, "blur_factor": sigma}

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        sigmas = ops.cast(transformation["blur_factor"], "float32")
        along_row, along_column = (
            _bell(size, sigmas[i]) for i, size in enumerate(self.kernel_size)
        )
        kernel = along_column[:, None] * along_row
        chosen = transformation["should_apply_blur"][:, None, None, None]
        return ops.where(chosen, _smoothed(images, kernel, self), images)


def _bell(size: int, sigma: Tensor) -> Tensor:
    """The normal density at `size` places around 0, with the sum 1."""
    places = ops.arange(size, dtype="float32") - (size - 1) / 2
    spread = 2 * ops.maximum(sigma, 1e-6) ** 2
    return ops.softmax(-(places**2) / spread)
