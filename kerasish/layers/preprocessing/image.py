"""The base of the layers that change images, and what goes with them."""

from collections.abc import Sequence
from typing import Any

from ... import dtypes, ops, random
from ...graph import Tensor
from ...ops.warping import ORDERS
from ..layer import Layer
from ..reshaping import standardize_data_format
from .arguments import Argued
from .bounding_boxes import clip_to_image_size, convert_format

__all__ = ["BaseImagePreprocessingLayer", "MovingLayer"]


class BaseImagePreprocessingLayer(Argued, Layer):
    """A layer that changes images, at random or not, and what goes with them.

    It is called with images, or with a dictionary: `"images"`, and if wanted
    `"labels"`, `"bounding_boxes"` (a dictionary of `"boxes"` and `"labels"`) and
    `"segmentation_masks"`; other keys pass. One image may stand without a batch axis.
    Results are in the compute dtype, also for images of integers.

    What is drawn is drawn once, by `get_random_transformation`, and given to all
    `transform_...` methods; these always get batches. Where nothing is to be done,
    since the layer is random and does not train, what is drawn is None.

    Args:
        factor: how strong; what it means is said by each layer.
        bounding_box_format: how boxes are written, see `utils.bounding_boxes`.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
    """

    def __init__(
        self,
        factor: Any = None,
        bounding_box_format: str | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.factor = factor
        self.bounding_box_format = bounding_box_format
        self.data_format = standardize_data_format(data_format)
        last = self.data_format == "channels_last"
        self.height_axis = -3 if last else -2
        self.width_axis = -2 if last else -1
        self.channel_axis = -1 if last else -3

    # --- for the constructors of layers -----------------------------------------------

    def _set_seed(self, seed: int | None) -> None:
        self.seed = seed
        self.generator = random.SeedGenerator(seed)

    def _range(
        self,
        name: str,
        value: Any,
        lowest: float = 0,
        highest: float = 1.0,
        symmetric: bool = False,
    ) -> tuple[float, float]:
        """Return `value`, one number or two, as a checked pair (low, high).

        One number f is (-f, f) if `symmetric`, else (0, f).
        """
        pair = value if isinstance(value, (list, tuple)) else (value,)
        if not all(isinstance(x, (int, float)) for x in pair) or len(pair) not in (
            1,
            2,
        ):
            raise self._wrong(name, "one number or two", value)
        if len(pair) == 2:
            low, high = sorted(pair)
        else:
            high = abs(pair[0]) if symmetric else pair[0]
            low = -high if symmetric else 0
        if not lowest <= low <= high <= highest:
            raise self._wrong(name, f"within {lowest} and {highest}", value)
        return low, high

    def _set_value_range(self, value_range: Any) -> None:
        pair = tuple(value_range) if isinstance(value_range, Sequence) else ()
        if len(pair) != 2 or not pair[0] < pair[1]:
            raise self._wrong("value_range", "the least and the greatest", value_range)
        self.value_range = value_range

    # --- for their methods ------------------------------------------------------------

    def _batch_and_shape(self, data: Any) -> tuple[int, tuple[int, ...]]:
        """Return the number of images, and the shape of all."""
        shape = tuple((data["images"] if isinstance(data, dict) else data).shape)
        return (shape[0] if len(shape) == 4 else 1), shape

    def _drawn(self, seed: Any) -> Any:
        return self.generator if seed is None else seed

    # --- what layers override ---------------------------------------------------------

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Any:
        """Draw what is to be done, once for all that belongs together."""
        return None

    def transform_images(
        self, images: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        """Return the changed images, a batch."""
        raise NotImplementedError(
            f"{type(self).__name__} must define `transform_images`."
        )

    def transform_labels(
        self, labels: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        """Return the changed labels: the same, as a rule."""
        return labels

    def transform_segmentation_masks(
        self, segmentation_masks: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        """Return the changed masks: the same, as a rule."""
        return segmentation_masks

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Return the changed boxes with their labels, in the layer's format.

        Boxes of which nothing is left get the label -1. A layer that moves pixels
        says how boxes follow in `_moved_boxes`.
        """
        if transformation is None or self.bounding_box_format is None:
            return bounding_boxes
        name, before = self.bounding_box_format, self._size_before(transformation)
        boxes = convert_format(bounding_boxes["boxes"], name, "xyxy", *before)
        moved = self._moved_boxes(boxes, transformation)
        if moved is None:
            return bounding_boxes
        after = self._size_after(*before)
        clipped = clip_to_image_size(
            {**bounding_boxes, "boxes": moved}, *after, bounding_box_format="xyxy"
        )
        boxes = convert_format(clipped["boxes"], "xyxy", name, *after)
        return {**clipped, "boxes": ops.cast(boxes, self.compute_dtype)}

    def _moved_boxes(self, boxes: Tensor, transformation: Any) -> Tensor | None:
        """Boxes (batch, boxes, 4) as `xyxy` after the change; None: nothing moves."""
        return None

    def _size_before(self, transformation: Any) -> tuple[Any, Any]:
        """Height and width of the images for which `transformation` was drawn."""
        if isinstance(transformation, dict) and "input_shape" in transformation:
            shape = transformation["input_shape"]
            return shape[self.height_axis], shape[self.width_axis]
        return None, None

    def _size_after(self, height: Any, width: Any) -> tuple[Any, Any]:
        """Height and width that images of this size get."""
        return height, width

    # --- the call ---------------------------------------------------------------------

    def call(self, data: Any, training: bool = True) -> Any:
        if not isinstance(data, dict):
            images, single = self._batch_of(data)
            transformation = self.get_random_transformation(images, training=training)
            images = self.transform_images(images, transformation, training=training)
            return images[0] if single else images
        parts = self._checked(data)
        parts["images"], single = self._batch_of(data["images"])
        if single:
            for key in parts.keys() & {"labels", "bounding_boxes", _MASKS}:
                parts[key] = _each(lambda x: x[None], parts[key])
        transformation = self.get_random_transformation(parts, training=training)
        for key in parts.keys() & {"images", "labels", "bounding_boxes", _MASKS}:
            transform = getattr(self, f"transform_{key}")
            result = transform(parts[key], transformation, training=training)
            parts[key] = _each(lambda x: x[0], result) if single else result
        return parts

    def _batch_of(self, images: Any) -> tuple[Tensor, bool]:
        """Return images as a batch of the compute dtype; whether it was one image."""
        images = ops.cast(ops.convert_to_tensor(images), self.compute_dtype)
        rank = len(images.shape)
        if rank not in (3, 4):
            raise ValueError(
                f"Layer `{self.name}` ({type(self).__name__}) takes an image (3 axes) "
                f"or a batch of images (4 axes), not shape {tuple(images.shape)}."
            )
        return (images[None], True) if rank == 3 else (images, False)

    def _checked(self, data: dict[str, Any]) -> dict[str, Any]:
        who = f"Layer `{self.name}` ({type(self).__name__})"
        if "images" not in data:
            raise ValueError(
                f"{who} got a dictionary without the key 'images': {sorted(data)}."
            )
        boxes = data.get("bounding_boxes")
        if boxes is not None and self.bounding_box_format is None:
            raise ValueError(
                f"{who} got 'bounding_boxes', but does not know their format: pass it "
                "`bounding_box_format`, e.g. `bounding_box_format='xyxy'`."
            )
        if boxes is not None and not (isinstance(boxes, dict) and "boxes" in boxes):
            raise ValueError(
                f"'bounding_boxes' given to {who} must be a dictionary with 'boxes' "
                f"and 'labels', not {type(boxes).__name__}."
            )
        return dict(data)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if "factor" not in self._arguments:
            config.pop("factor", None)
        if self.bounding_box_format is None:
            config.pop("bounding_box_format", None)
        return config


class MovingLayer(BaseImagePreprocessingLayer):
    """A random layer that moves pixels: masks and boxes follow the images."""

    interpolation = "nearest"
    _fill_modes: Sequence[str] = ("reflect", "wrap", "constant", "nearest")

    def _set_filling(
        self, fill_mode: str, interpolation: str, fill_value: float, seed: int | None
    ) -> None:
        self.fill_mode = self._choice("fill_mode", fill_mode, self._fill_modes)
        self.interpolation = self._choice("interpolation", interpolation, [*ORDERS])
        self.fill_value = fill_value
        self._set_seed(seed)

    def _own_draw_dtype(self) -> str | None:
        """The compute dtype, if Keras draws in it: other numbers in half precision."""
        return self.compute_dtype if dtypes.is_float(self.compute_dtype) else None

    def transform_images(
        self, images: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        if transformation is None:
            return images
        return self._moved_images(images, transformation, self.interpolation)

    def transform_segmentation_masks(
        self, segmentation_masks: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        if transformation is None:
            return segmentation_masks
        masks = ops.cast(segmentation_masks, "float32")
        moved = self._moved_images(masks, transformation, "nearest")
        return ops.cast(moved, segmentation_masks.dtype)

    def _moved_images(
        self, images: Tensor, transformation: Any, interpolation: str
    ) -> Tensor:
        raise NotImplementedError


_MASKS = "segmentation_masks"


def _each(change: Any, part: Any) -> Any:
    """`change` of a tensor, or of each in a dictionary."""
    if isinstance(part, dict):
        return {key: change(x) for key, x in part.items()}
    return change(part)
