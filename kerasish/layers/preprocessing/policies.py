"""Several layers of images one after the other, chosen at random or not."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops, random
from ...graph import Tensor
from .blur import RandomSharpness
from .colour import (
    ColourLayer,
    Factor,
    RandomBrightness,
    RandomColorDegeneration,
    RandomHue,
    RandomSaturation,
)
from .geometry import RandomRotation, RandomShear, RandomTranslation
from .tone import (
    AutoContrast,
    Equalization,
    RandomContrast,
    RandomPosterization,
    Solarization,
)

__all__ = ["AugMix", "RandAugment", "RandomColorJitter"]


class RandomColorJitter(ColourLayer):
    """Change brightness, contrast, saturation and hue in training, in this order.

    Args:
        value_range: least and greatest value of the images.
        brightness_factor: `factor` of `RandomBrightness`; None: brightness stays.
        contrast_factor: `factor` of `RandomContrast`; None: contrast stays.
        saturation_factor: `factor` of `RandomSaturation`; None: saturation stays.
        hue_factor: `factor` of `RandomHue`; None: hue stays.
        seed: integer that makes the draws repeatable.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input and output: images (batch, height, width, 3), or one image, or a dictionary
    with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.RandomColorJitter(brightness_factor=(0.2, 0.2))
        >>> np.asarray(layer(np.full((1, 1, 3), 100.0), training=True)).tolist()
        [[[151.0, 151.0, 151.0]]]
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        brightness_factor: Factor | None = None,
        contrast_factor: Factor | None = None,
        saturation_factor: Factor | None = None,
        hue_factor: Factor | None = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_value_range(value_range)
        self._set_seed(seed)
        self.brightness_factor = brightness_factor
        self.contrast_factor = contrast_factor
        self.saturation_factor = saturation_factor
        self.hue_factor = hue_factor
        kinds = {
            "random_brightness": (RandomBrightness, brightness_factor),
            "random_contrast": (RandomContrast, contrast_factor),
            "random_saturation": (RandomSaturation, saturation_factor),
            "random_hue": (RandomHue, hue_factor),
        }
        common = {"value_range": value_range, "seed": seed, "dtype": self.dtype_policy}
        for name, (kind, factor) in kinds.items():
            part = None
            if factor is not None:
                part = kind(factor, data_format=self.data_format, **common)
            setattr(self, name, part)
        self._parts = [part for name in kinds if (part := getattr(self, name))]

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        return [part._draw(batch, shape, self._drawn(seed)) for part in self._parts]

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        for part, drawn in zip(self._parts, transformation, strict=True):
            images = part.transform_images(images, drawn)
        return images


class RandAugment(ColourLayer):
    """Change images in training by some of eleven layers, chosen for each batch.

    The layers are `RandomShear`, `RandomTranslation`, `RandomRotation`,
    `RandomBrightness`, `RandomColorDegeneration`, `RandomContrast`, `RandomSharpness`,
    `RandomPosterization`, `Solarization`, `AutoContrast` and `Equalization`. Masks and
    boxes of objects follow.

    Args:
        value_range: least and greatest value of the images.
        num_ops: how many layers, one after the other; one may come again.
        factor: of all layers, within 0 and 1; one number f stands for (0, f).
        interpolation: `"bilinear"` or `"nearest"`, of the layers that move pixels.
        seed: integer that makes the draws repeatable.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Reference: Cubuk et al., 2019, "RandAugment: Practical Automated Data Augmentation
    with a Reduced Search Space".

    Example:
        >>> layer = keras.layers.RandAugment(seed=1)
        >>> layer(np.full((2, 8, 8, 3), 100.0), training=True).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        num_ops: int = 2,
        factor: Factor = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set(factor, value_range, seed)
        self.num_ops = num_ops
        self.interpolation = interpolation
        self._names = _set_parts(self)

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        drawn = self._drawn(seed)
        index = random.randint((self.num_ops,), 0, len(self._names), seed=drawn)
        return {"transforms": _drawn_by(self, shape, drawn), "layer_idxes": index}

    def _along(self, method: str, values: Any, transformation: Any) -> Any:
        """Let the chosen layers change `values` one after the other."""
        drawn = transformation["transforms"]
        for i in range(self.num_ops):
            index = transformation["layer_idxes"][i]
            values = _chosen(self, method, values, index, drawn)
        return values

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        return self._along("transform_images", images, transformation)

    def transform_segmentation_masks(
        self, segmentation_masks: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        if transformation is None:
            return segmentation_masks
        method = "transform_segmentation_masks"
        return self._along(method, segmentation_masks, transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        if transformation is None:
            return bounding_boxes
        return self._along("transform_bounding_boxes", bounding_boxes, transformation)


class AugMix(ColourLayer):
    """Mix images in training with what chains of random layers make of them.

    ``output = clip(m * image + (1 - m) * sum(w[i] * chain[i](image)))``: the weights w
    of the chains are drawn from the Dirichlet distribution, m from the beta
    distribution, both with the parameter alpha. Each link of each chain is one of the
    layers of `RandAugment`, or none. All this is drawn once for a batch, and what the
    layers do for each image. Labels, boxes of objects and masks stay.

    Args:
        value_range: least and greatest value of the images.
        num_chains: number of chains.
        chain_depth: number of links in each.
        factor: of all layers, within 0 and 1; one number f stands for (0, f).
        alpha: parameter of both distributions, positive; a great one makes all weights
            alike.
        all_ops: take all eleven layers; else not those which the images of corruption
            benchmarks show: brightness, colour degeneration, contrast, sharpness.
        interpolation: `"bilinear"` or `"nearest"`, of the layers that move pixels.
        seed: integer that makes the draws repeatable.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Reference: Hendrycks et al., 2019, "AugMix: A Simple Data Processing Method to
    Improve Robustness and Uncertainty".

    Example:
        >>> layer = keras.layers.AugMix(num_chains=2, chain_depth=1, seed=1)
        >>> layer(np.full((2, 8, 8, 3), 100.0), training=True).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Factor = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set(factor, value_range, seed)
        for name, number in (("num_chains", num_chains), ("chain_depth", chain_depth)):
            if not isinstance(number, int) or number < 1:
                raise self._wrong(name, "a positive integer", number)
        if not isinstance(alpha, (int, float)) or alpha <= 0:
            raise self._wrong("alpha", "a positive number", alpha)
        self.num_chains = num_chains
        self.chain_depth = chain_depth
        self.alpha = alpha
        self.all_ops = all_ops
        self.interpolation = interpolation
        self._names = _set_parts(self, () if all_ops else _LIKE_CORRUPTIONS)

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        drawn = self._drawn(seed)
        links = self.num_chains, self.chain_depth
        weights = random.gamma((self.num_chains,), self.alpha, seed=drawn)
        share = random.beta((), self.alpha, self.alpha, seed=drawn)
        index = random.randint(links, 0, len(self._names) + 1, seed=drawn)
        # As if there was one batch of images for each link.
        rows = batch * links[0] * links[1]
        return {
            "chain_mixing_weights": weights / ops.sum(weights),
            "weight_sample": share,
            "layer_idxes": index,
            "transforms": _drawn_by(self, (rows, *shape[-3:]), drawn),
        }

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        batch, mixed = images.shape[0], 0.0
        for i in range(self.num_chains):
            result = images
            for j in range(self.chain_depth):
                first = (i * self.chain_depth + j) * batch
                index = transformation["layer_idxes"][i, j]
                drawn = transformation["transforms"]
                rows = slice(first, first + batch)
                method = "transform_images"
                result = _chosen(self, method, result, index, drawn, rows)
            mixed = mixed + transformation["chain_mixing_weights"][i] * result
        share = transformation["weight_sample"]
        return self._clipped(share * images + (1 - share) * mixed)


_LIKE_CORRUPTIONS = (
    *("random_brightness", "random_color_degeneration"),
    *("random_contrast", "random_sharpness"),
)


def _set_parts(layer: Any, without: Sequence[str] = ()) -> list[str]:
    """Make the eleven layers as attributes of `layer`; return their names."""
    low, high = layer.factor
    common = {
        "data_format": layer.data_format,
        "dtype": layer.dtype_policy,
        "bounding_box_format": layer.bounding_box_format,
    }
    seeded = common | {"seed": layer.seed}
    valued = seeded | {"value_range": layer.value_range}
    moving = seeded | {"interpolation": layer.interpolation}
    still = common | {"value_range": layer.value_range}
    pair, bits = (low, high), max(int(8 * high), 1)
    parts = {
        "random_shear": RandomShear(pair, pair, **moving),
        "random_translation": RandomTranslation(pair, pair, **moving),
        "random_rotation": RandomRotation(pair, **moving),
        "random_brightness": RandomBrightness(pair, **valued),
        "random_color_degeneration": RandomColorDegeneration(pair, **valued),
        "random_contrast": RandomContrast(pair, **valued),
        "random_sharpness": RandomSharpness(pair, **valued),
        "random_posterization": RandomPosterization((1, bits), **valued),
        "solarization": Solarization(pair, pair, **valued),
        "auto_contrast": AutoContrast(**still),
        "equalization": Equalization(**still),
    }
    names = [name for name in parts if name not in without]
    for name in names:
        setattr(layer, name, parts[name])
    return names


def _drawn_by(layer: Any, shape: tuple[int, ...], seed: Any) -> dict[str, Any]:
    """Let each part draw, all with one generator."""
    images = np.broadcast_to(np.float32(0), shape)  # only the shape matters
    return {
        name: getattr(layer, name).get_random_transformation(images, True, seed)
        for name in layer._names
    }


def _chosen(
    layer: Any, method: str, values: Any, index: Any, drawn: Any, rows: Any = None
) -> Any:
    """Return what the part number `index` makes of `values`, of the same dtypes.

    Args:
        index: the number of parts stands for none: `values` stay.
        drawn: for each part what it drew, of which `rows` (a slice) count.
    """

    def branch(name: str) -> Any:
        def run() -> Any:
            part = getattr(layer, name)
            own = drawn[name]
            if rows is not None and own is not None:
                own = {k: v if k == "input_shape" else v[rows] for k, v in own.items()}
            result = getattr(part, method)(values, own, training=True)
            if isinstance(values, dict):
                return {k: ops.cast(result[k], values[k].dtype) for k in values}
            return ops.cast(result, values.dtype)

        return run

    branches = [branch(name) for name in layer._names]
    return ops.switch(index, [*branches, lambda: values])
