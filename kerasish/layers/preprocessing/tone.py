"""Tones of images: contrast, inversion, fewer levels, histograms."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops, random
from ...graph import Tensor
from .colour import ColourLayer, Factor
from .image import BaseImagePreprocessingLayer

__all__ = [
    "AutoContrast",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "Equalization",
    "RandomContrast",
    "RandomInvert",
    "RandomPosterization",
    "Solarization",
]


class RandomContrast(ColourLayer):
    """Change the contrast of images in training.

    ``output = clip((image - mean) * times + mean)`` with the mean of each channel of
    each image, and `times` uniform between 1 - low and 1 + high, one for each image.

    Args:
        factor: (low, high) within 0 and 1; one number f stands for (0, f).
        value_range: least and greatest value of the images.
        seed: integer that makes the draws repeatable.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.RandomContrast((0.0, 1.0), seed=1)
        >>> y = np.asarray(layer(np.array([[[90.0], [110.0]]]), training=True))
        >>> float(y.mean()), bool(y[0, 1, 0] - y[0, 0, 0] > 20)
        (100.0, True)
    """

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
        low, high = 1 - self.factor[0], 1 + self.factor[1]
        times = random.uniform(
            (batch, 1, 1, 1), low, high, self.compute_dtype, self._drawn(seed)
        )
        return {"contrast_factor": times}

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        times = ops.cast(transformation["contrast_factor"], "float32")
        x = ops.cast(images, "float32")
        mean = ops.mean(x, (self.height_axis, self.width_axis), keepdims=True)
        return self._clipped((x - mean) * times + mean)


class RandomInvert(ColourLayer):
    """Turn light to dark in training: ``output = max - image``.

    The probability is itself drawn for each image, uniform in `factor`.

    Args:
        factor: limits of the probability; one number f stands for (0, f).
        value_range: least and greatest value of the images.
        seed: integer that makes the draws repeatable.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.RandomInvert((1.0, 1.0))
        >>> y = np.asarray(layer(np.array([[[55.0, 0.0, 255.0]]]), training=True))
        >>> y.round().tolist()
        [[[200.0, 255.0, 0.0]]]
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set(factor, value_range, seed)

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        probability = self._uniform((batch,), self.factor, seed)
        draws = self._uniform((batch,), (0, 1), seed)
        return {"apply_inversion": draws < probability}

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        chosen = transformation["apply_inversion"][:, None, None, None]
        return ops.where(chosen, self.value_range[1] - images, images)


class RandomPosterization(ColourLayer):
    """Keep only the first bits of each value in training, as a poster has few tones.

    Values are scaled to 0 ... 255; of their eight bits the first n are kept, with n
    drawn for each image from low to high - 1.

    Args:
        factor: (low, high) within 1 and 8; one number n stands for (1, n).
        value_range: least and greatest value of the images.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        seed: integer that makes the draws repeatable.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.RandomPosterization((1, 2))
        >>> np.asarray(layer(np.array([[[55.0, 130.0, 255.0]]]), training=True))
        array([[[  0., 128., 128.]]], dtype=float32)
    """

    lowest, highest = 1, 8

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        pair = factor if isinstance(factor, (list, tuple)) else (self.lowest, factor)
        self._set(pair, value_range, seed)

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        low, high = self.factor
        kept = random.randint((batch,), low, high, "uint8", self._drawn(seed))
        return {"shift_factor": 8 - kept}

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        shift = transformation["shift_factor"][:, None, None, None]
        scaled = self._to_unit(ops.cast(images, "float32")) * 255
        levels = ops.cast(ops.clip(scaled, 0, 255), "uint8")
        kept = ops.left_shift(ops.right_shift(levels, shift), shift)
        return self._from_unit(ops.cast(kept, "float32") / 255)


class Solarization(ColourLayer):
    """Invert what is lighter than a threshold, in training.

    A number is added first: ``x = clip(image + addition)``; then the output is `x`
    where it is below the threshold, else ``max + min - x``. Both numbers are drawn for
    each image, as if values went from 0 to 255.

    Args:
        addition_factor: what is added as a share of 255, from 0 to 1; one number f
            stands for uniform in (0, f), a pair for (low, high).
        threshold_factor: the same for the threshold; 0 inverts all.
        value_range: least and greatest value of the images.
        seed: integer that makes the draws repeatable.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.Solarization(value_range=(0, 255))
        >>> y = np.asarray(layer(np.array([[[55.0, 0.0, 255.0]]]), training=True))
        >>> y.round().tolist()
        [[[200.0, 255.0, 0.0]]]
    """

    def __init__(
        self,
        addition_factor: Factor = 0.0,
        threshold_factor: Factor = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.addition_factor = self._range("addition_factor", addition_factor)
        self.threshold_factor = self._range("threshold_factor", threshold_factor)
        self._set_value_range(value_range)
        self._set_seed(seed)

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        factors = self.addition_factor, self.threshold_factor
        additions, thresholds = (
            random.uniform(
                (batch, 1, 1, 1), low, high, self.compute_dtype, self._drawn(seed)
            )
            for low, high in ((255 * low, 255 * high) for low, high in factors)
        )
        return {"additions": additions, "thresholds": thresholds}

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        x = self._to_unit(images) * 255
        x = ops.clip(x + ops.cast(transformation["additions"], x.dtype), 0, 255)
        below = x < ops.cast(transformation["thresholds"], x.dtype)
        return self._from_unit(ops.where(below, x, 255 - x) / 255)


class AutoContrast(ColourLayer):
    """Stretch each channel of each image to the whole value range.

    ``output = (image - low) / (high - low) * (max - min) + min`` with the least and
    the greatest value of the channel; a channel of one value stays. This is done in
    training and out of it.

    Args:
        value_range: least and greatest value of the images.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: `value_range` is not as described.

    Example:
        >>> layer = keras.layers.AutoContrast()
        >>> np.asarray(layer(np.array([[[10.0], [30.0], [50.0]]]))).ravel().tolist()
        [0.0, 127.5, 255.0]
    """

    def __init__(self, value_range: Sequence[float] = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_value_range(value_range)

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Any:
        return None

    def transform_images(
        self, images: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        x = ops.cast(images, "float32")
        axes = (self.height_axis, self.width_axis)
        low = ops.min(x, axes, keepdims=True)
        spread = ops.max(x, axes, keepdims=True) - low
        unit = (x - low) / ops.where(spread > 0, spread, 1)
        stretched = ops.where(spread > 0, self._from_unit(unit), x)
        return ops.cast(self._clipped(stretched), images.dtype)


class Equalization(ColourLayer):
    """Make all tones equally frequent in each channel of each image, in training.

    Values are sorted into `bins`; each becomes the share of pixels in lower bins or
    its own, less those in the lowest: ``(cdf - cdf_min) / (pixels - cdf_min)``, rounded
    to one of 256 tones of the value range.

    Args:
        value_range: least and greatest value of the images.
        bins: number of tones that are told apart.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.Equalization()
        >>> dark = np.array([[[1.0], [2.0], [3.0], [200.0]]])
        >>> np.asarray(layer(dark, training=True)).ravel().tolist()
        [0.0, 85.0, 170.0, 255.0]
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        bins: int = 256,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_value_range(value_range)
        if not isinstance(bins, int) or bins < 2:
            raise self._wrong("bins", "an integer of at least 2", bins)
        self.bins = bins

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Any:
        return None

    def transform_images(
        self, images: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        if not training:
            return images
        tones, restore = planes(self, images)
        unit = ops.clip(self._to_unit(tones), 0, 1)
        index = ops.cast(unit * (self.bins - 1), "int32")
        counts = histograms(index, self.bins)
        total = ops.cumsum(counts, axis=-1)
        least = ops.take_along_axis(total, ops.min(index, axis=-1, keepdims=True), -1)
        rest = ops.maximum(total[:, -1:] - least, 1)
        table = ops.maximum(ops.round((total - least) / rest * 255), 0)
        tones_after = ops.take_along_axis(table, index, axis=-1)
        equal = self._from_unit(tones_after / 255)
        # A channel of one tone has nothing to be spread.
        equal = ops.where(total[:, -1:] > least, equal, tones)
        return ops.cast(restore(equal), images.dtype)


class ContrastLimitedAdaptiveHistogramEqualization(ColourLayer):
    """Make tones equally frequent in each part of an image, within limits (CLAHE).

    Each channel of each image is cut into tiles; its last rows and columns are
    mirrored where the tiles reach further. Of each tile the pixels of 256 tones are
    counted. Counts above ``clip_limit * pixels / 256`` are cut there, and what is cut
    off is given to all tones alike; this limits how steep contrasts get. With the
    running sum of the counts, ``(sum - sum[0]) / (pixels - sum[0])`` is the new tone. A
    pixel gets a mean of what the four nearest tiles make of it, weighted by how near
    it is to their middles. This is done in training and out of it.

    Args:
        value_range: least and greatest value of the images.
        clip_limit: how many times the mean a count may be; 0 or less: no limit.
        tile_grid_size: number of tiles along the height and the width.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Reference: Zuiderveld, 1994, "Contrast Limited Adaptive Histogram Equalization".

    Example:
        >>> layer = keras.layers.ContrastLimitedAdaptiveHistogramEqualization(
        ...     clip_limit=0, tile_grid_size=(1, 1))
        >>> dark = np.array([[[1.0], [2.0], [3.0], [4.0]]])
        >>> np.asarray(layer(dark)).ravel().tolist()
        [63.75, 127.5, 191.25, 255.0]
    """

    tones = 256

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Sequence[int] = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_value_range(value_range)
        if not isinstance(clip_limit, (int, float)):
            raise self._wrong("clip_limit", "a number", clip_limit)
        self.clip_limit = clip_limit
        grid = tuple(tile_grid_size) if isinstance(tile_grid_size, Sequence) else ()
        if len(grid) != 2 or not all(isinstance(n, int) and n > 0 for n in grid):
            raise self._wrong("tile_grid_size", "two positive integers", tile_grid_size)
        self.tile_grid_size = tile_grid_size

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        return None

    def transform_images(
        self, images: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        values, restore = planes(self, images)
        height, width = images.shape[self.height_axis], images.shape[self.width_axis]
        unit = ops.clip(self._to_unit(values), 0, 1)
        tones = ops.cast(unit * (self.tones - 1), "int32")
        tones = ops.reshape(tones, (-1, height, width))
        equal = ops.reshape(self._equalized(tones), values.shape)
        result = restore(self._from_unit(equal))
        return ops.cast(self._clipped(result), images.dtype)

    def _equalized(self, tones: Tensor) -> Tensor:
        """New tones, from 0 to 1, of whole numbers of shape (planes, height, width)."""
        count, *sizes = tones.shape
        grid = self.tile_grid_size
        lengths = [-(-size // n) for size, n in zip(sizes, grid, strict=True)]
        whole = tones
        for axis, (size, n, length) in enumerate(zip(sizes, grid, lengths), start=1):
            whole = ops.take(whole, _mirrored(size, n * length), axis=axis)
        (down, across), (high, wide) = grid, lengths
        tiles = ops.reshape(whole, (count, down, high, across, wide))
        tiles = ops.transpose(tiles, (0, 1, 3, 2, 4))
        tables = self._tables(ops.reshape(tiles, (-1, high * wide)))
        tables = ops.reshape(tables, (-1,))
        first = ops.reshape(ops.arange(count, dtype="int32"), (-1, 1, 1)) * down
        rows, columns = (_beside(*x) for x in zip(sizes, grid, lengths, strict=True))
        total: Any = 0.0
        for row, share in rows:
            for column, part in columns:
                tile = (first + row[:, None]) * across + column
                seen = ops.take(tables, tile * self.tones + tones)
                total = total + seen * part * share[:, None]
        return total

    def _tables(self, tiles: Tensor) -> Tensor:
        """What each tone becomes in each tile: from (tiles, pixels) to (tiles, 256)."""
        pixels = tiles.shape[1]
        counts = histograms(tiles, self.tones)
        if self.clip_limit > 0:
            limit = self.clip_limit * pixels / self.tones
            kept = ops.minimum(counts, limit)
            counts = kept + ops.sum(counts - kept, axis=1, keepdims=True) / self.tones
        running = ops.cumsum(counts, axis=1)
        least = running[:, :1]
        return (running - least) / ops.maximum(pixels - least, 1e-6)


def _mirrored(size: int, length: int) -> np.ndarray:
    """The first `length` places of an axis that is mirrored again and again."""
    place = np.arange(length) % (2 * size)
    return np.minimum(place, 2 * size - 1 - place).astype("int32")


def _beside(size: int, tiles: int, length: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The tiles before and after the middle of each place, and how much they count."""
    place = np.arange(size) / length - 0.5
    before = np.floor(place)
    share = (place - before).astype("float32")
    both = [(before, 1 - share), (before + 1, share)]
    return [(np.clip(n, 0, tiles - 1).astype("int32"), w) for n, w in both]


def planes(layer: BaseImagePreprocessingLayer, images: Tensor) -> tuple[Tensor, Any]:
    """Return channels of images as float rows, (batch x channels, pixels), and the
    function that puts such rows together again."""
    last = layer.data_format == "channels_last"
    x = ops.transpose(images, (0, 3, 1, 2)) if last else images
    shape = tuple(x.shape)

    def restore(rows: Tensor) -> Tensor:
        again = ops.reshape(rows, shape)
        return ops.transpose(again, (0, 2, 3, 1)) if last else again

    rows = ops.reshape(x, (shape[0] * shape[1], shape[2] * shape[3]))
    return ops.cast(rows, "float32"), restore


def histograms(index: Tensor, bins: int) -> Tensor:
    """Count how often each of 0 ... bins - 1 stands in each row."""
    rows, length = index.shape
    places = ops.arange(rows, dtype="int32")[:, None] * bins + index
    ones = ops.ones((rows * length,), "float32")
    counts = ops.segment_sum(ones, ops.reshape(places, (-1,)), rows * bins)
    return ops.reshape(counts, (rows, bins))
