"""Parts of images erased or exchanged, and images mixed with others of the batch."""

from collections.abc import Sequence
from typing import Any

from ... import ops, random
from ...graph import Tensor
from .colour import ColourLayer, Factor

__all__ = ["CutMix", "MixUp", "RandomErasing"]


class _BoxLayer(ColourLayer):
    """A layer that does something within a box, another one in each image."""

    def _boxes(
        self, shape: Sequence[int], heights: Tensor, widths: Tensor, seed: Any
    ) -> Tensor:
        """Draw places of boxes of sizes (batch,); True within, (batch, ..., 1)."""
        batch = heights.shape[0]
        dtype = self.compute_dtype
        draws = [
            random.uniform((batch,), 0, 1, dtype, self._drawn(seed)) for _ in range(2)
        ]
        columns = _within(draws[0], widths, shape[self.width_axis])[:, None, :]
        rows = _within(draws[1], heights, shape[self.height_axis])[:, :, None]
        return ops.expand_dims(ops.logical_and(rows, columns), self.channel_axis)


def _within(draws: Tensor, lengths: Tensor, size: int) -> Tensor:
    """Say which of `size` places stand within intervals of these lengths."""
    draws, lengths = ops.cast(draws, "float32"), ops.cast(lengths, "float32")
    first = (draws * (size - lengths))[:, None]
    places = ops.arange(size, dtype="float32")
    return ops.logical_and(places >= first, places <= first + lengths[:, None])


class RandomErasing(_BoxLayer):
    """Fill a box in images in training, each image with a probability.

    The probability is itself drawn for each image, uniform in `factor`. Labels, boxes
    of objects and masks stay.

    Args:
        factor: limits of the probability; one number f stands for (0, f).
        scale: limits of the squared share of height and width that the box has, each
            drawn apart; one number s stands for (0, s).
        fill_value: what the box is filled with; None: normal noise, as far as it is
            within the value range.
        value_range: least and greatest value of the images.
        seed: integer that makes the draws repeatable.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.

    Reference: Zhong et al., 2017, "Random Erasing Data Augmentation".

    Example:
        >>> layer = keras.layers.RandomErasing((1.0, 1.0), fill_value=0, seed=1)
        >>> y = np.asarray(layer(np.ones((20, 20, 3)), training=True))
        >>> 0 < float((y == 0).mean()) < 0.5
        True
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: Factor = (0.02, 0.33),
        fill_value: float | None = None,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set(factor, value_range, seed)
        self.scale = self._range("scale", scale)
        if not isinstance(fill_value, (int, float, type(None))):
            raise self._wrong("fill_value", "a number or None", fill_value)
        self.fill_value = fill_value

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        dtype, drawn = self.compute_dtype, self._drawn(seed)
        share = ops.sqrt(random.uniform((batch, 2), *self.scale, dtype, drawn))
        masks = self._boxes(
            shape,
            share[:, 1] * shape[self.height_axis],
            share[:, 0] * shape[self.width_axis],
            seed,
        )
        probability = self._uniform((batch,), self.factor, seed)
        chosen = self._uniform((batch,), (0, 1), seed) < probability
        if self.fill_value is None:
            noise = random.normal((batch, *shape[-3:]), dtype=dtype, seed=drawn)
            fill = self._clipped(noise * self.value_range[1])
        else:
            fill = ops.full((1, 1, 1, 1), self.fill_value, dtype)
        return {"apply_erasing": chosen, "batch_masks": masks, "fill_value": fill}

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        chosen = transformation["apply_erasing"][:, None, None, None]
        erased = ops.logical_and(chosen, transformation["batch_masks"])
        return ops.where(erased, transformation["fill_value"], images)


class CutMix(_BoxLayer):
    """Put a box of another image of the batch into each image in training.

    Labels (one-hot, or shares of classes) become ``weight * label + (1 - weight) *
    other label``, with the share of the image that is left as weight. The area of the
    box is drawn from the beta distribution whose parameters, both the same, are drawn
    uniform in `factor`. Masks get the box of the other's mask.

    Args:
        factor: limits of the parameter within 0 and 1; one number f stands for (0, f).
        seed: integer that makes the draws repeatable.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input and output: images (batch, height, width, channels), or a dictionary with
    `"images"`, `"labels"` (batch, classes) and `"segmentation_masks"`.

    Raises:
        ValueError: `factor` is not as described.
        NotImplementedError: there are boxes of objects, which cannot be cut.

    Reference: Yun et al., 2019, "CutMix: Regularization Strategy to Train Strong
    Classifiers with Localizable Features".

    Example:
        >>> layer = keras.layers.CutMix(seed=1)
        >>> data = {"images": np.ones((2, 8, 8, 3)), "labels": np.eye(2)}
        >>> np.asarray(layer(data, training=True)["labels"]).sum(1).tolist()
        [1.0, 1.0]
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set(factor, (0, 255), seed)

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        dtype, drawn = self.compute_dtype, self._drawn(seed)
        parameter = random.uniform((), *self.factor, dtype, drawn)
        left = random.beta((batch,), parameter, parameter, dtype, drawn)
        share = ops.sqrt(1 - left)
        height, width = shape[self.height_axis], shape[self.width_axis]
        masks = self._boxes(shape, share * height, share * width, seed)
        weight = (1 - share**2)[:, None, None, None]
        order = random.shuffle(ops.arange(batch, dtype="int32"), seed=drawn)
        return {"permutation_order": order, "batch_masks": masks, "mix_weight": weight}

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        others = ops.take(images, transformation["permutation_order"], axis=0)
        return ops.where(transformation["batch_masks"], others, images)

    def transform_segmentation_masks(
        self, segmentation_masks: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        return self.transform_images(segmentation_masks, transformation, training)

    def transform_labels(
        self, labels: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        return _mixed(labels, transformation) if transformation else labels

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        raise NotImplementedError(
            f"CutMix (layer `{self.name}`) cannot cut boxes of objects: pass images, "
            "labels and segmentation masks only, or use MixUp."
        )


class MixUp(ColourLayer):
    """Blend each image with another one of the batch in training, and their labels.

    ``output = weight * image + (1 - weight) * other``, with a weight for each image
    from the beta distribution with both parameters `alpha`. Labels (one-hot, or shares
    of classes) and masks are blended alike; boxes of objects are those of both images.

    Args:
        alpha: parameter of the beta distribution, greater than 0; small ones give
            weights near 0 and 1.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        seed: integer that makes the draws repeatable.

    Input and output: images (batch, height, width, channels), or a dictionary with
    `"images"`, `"labels"` (batch, classes), `"bounding_boxes"`,
    `"segmentation_masks"`.

    Raises:
        ValueError: `alpha` is not positive.

    Reference: Zhang et al., 2017, "mixup: Beyond Empirical Risk Minimization".

    Example:
        >>> layer = keras.layers.MixUp(seed=1)
        >>> data = {"images": np.ones((2, 8, 8, 3)), "labels": np.eye(2)}
        >>> np.asarray(layer(data, training=True)["labels"]).sum(1).tolist()
        [1.0, 1.0]
    """

    def __init__(
        self,
        alpha: float = 0.2,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        if not isinstance(alpha, (int, float)) or alpha <= 0:
            raise self._wrong("alpha", "a positive number", alpha)
        self.alpha = alpha
        self._set_seed(seed)

    def _draw(self, batch: int, shape: tuple[int, ...], seed: Any) -> Any:
        drawn = self._drawn(seed)
        order = random.shuffle(ops.arange(batch, dtype="int32"), seed=drawn)
        weight = random.beta((batch,), self.alpha, self.alpha, seed=drawn)
        return {"mix_weight": weight, "permutation_order": order}

    def _changed(self, images: Tensor, transformation: Any) -> Tensor:
        return _mixed(images, transformation)

    def transform_segmentation_masks(
        self, segmentation_masks: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        return (
            _mixed(segmentation_masks, transformation)
            if transformation
            else (segmentation_masks)
        )

    def transform_labels(
        self, labels: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        return _mixed(labels, transformation) if transformation else labels

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        if not transformation:
            return bounding_boxes
        order = transformation["permutation_order"]
        return {
            key: ops.concatenate([x, ops.take(x, order, axis=0)], axis=1)
            for key, x in bounding_boxes.items()
        }


def _mixed(values: Tensor, transformation: Any) -> Tensor:
    """Blend each with the one that was drawn for it; integers become floats."""
    others = ops.take(values, transformation["permutation_order"], axis=0)
    weight = ops.reshape(transformation["mix_weight"], (-1, *(1,) * (values.ndim - 1)))
    if "float" in str(values.dtype):
        weight = ops.cast(weight, values.dtype)
    return weight * values + (1 - weight) * others
