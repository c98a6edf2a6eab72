"""Layers that scale the values or the size of images, or cut a part out."""

from collections.abc import Sequence
from typing import Any

from ... import config, ops, random
from ...graph import Tensor
from ..layer import Layer
from .image import BaseImagePreprocessingLayer, MovingLayer

__all__ = ["CenterCrop", "MaxNumBoundingBoxes", "RandomCrop", "Rescaling", "Resizing"]

_KERNELS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


class Rescaling(Layer):
    """Scale and shift values: ``output = input * scale + offset``.

    `Rescaling(1 / 255)` takes bytes to [0, 1], `Rescaling(1 / 127.5, -1)` to [-1, 1].

    Args:
        scale: number, or one for each channel.
        offset: number, or one for each channel.

    Input and output have the same shape; integers become the compute dtype.

    Example:
        >>> layer = keras.layers.Rescaling(1 / 127.5, offset=-1)
        >>> np.asarray(layer(np.array([0, 255], "uint8"))).tolist()
        [-1.0, 1.0]
    """

    def __init__(
        self,
        scale: float | Sequence[float],
        offset: float | Sequence[float] = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        inputs = ops.cast(inputs, self.compute_dtype)
        rank = len(inputs.shape)
        return inputs * self._factor(self.scale, rank) + self._factor(self.offset, rank)

    def _factor(self, value: Any, rank: int) -> Tensor:
        x = ops.cast(ops.convert_to_tensor(value), self.compute_dtype)
        if len(x.shape) == 1 and config.image_data_format() == "channels_first":
            return ops.reshape(x, (-1, *(1,) * (rank - 2)))
        return x


class _Framing(MovingLayer):
    """A layer that makes images of one size out of a part of each.

    `transformation` is the place of that part in pixels: top, left, height, width.
    """

    def _set_size(self, height: Any, width: Any) -> None:
        for name, size in (("height", height), ("width", width)):
            if not isinstance(size, int) or size < 1:
                raise self._wrong(name, "a positive integer", size)
        self.height, self.width = height, width

    def _size_after(self, height: Any, width: Any) -> tuple[Any, Any]:
        return self.height, self.width

    def _frame(self, frame: Sequence[Any], data: Any) -> dict[str, Any]:
        return {"frame": frame, "input_shape": self._batch_and_shape(data)[1]}

    def _in_proportion(
        self, height: int, width: int, choose: Any = min
    ) -> tuple[int, int, int, int]:
        """Cut (`choose` is min) or widen (max) the image to the layer's proportions."""
        rows = choose(height, max(int(width * self.height / self.width), 1))
        columns = choose(width, max(int(height * self.width / self.height), 1))
        top, left = int((height - rows) / 2), int((width - columns) / 2)
        if choose is max:  # as much on both sides
            rows, columns = height - 2 * top, width - 2 * left
        return top, left, rows, columns

    def _moved_images(
        self, images: Tensor, transformation: Any, interpolation: str
    ) -> Tensor:
        top, left, rows, columns = transformation["frame"]
        sizes = list(images.shape)
        sizes[self.height_axis], sizes[self.width_axis] = rows, columns
        starts: list[Any] = [0] * 4
        starts[self.height_axis], starts[self.width_axis] = top, left
        part = ops.slice(images, starts, sizes)
        if (rows, columns) == (self.height, self.width):
            return part
        return ops.image.resize(
            part,
            (self.height, self.width),
            interpolation=interpolation,
            data_format=self.data_format,
        )

    def _moved_boxes(self, boxes: Tensor, transformation: Any) -> Tensor:
        top, left, rows, columns = (
            ops.cast(x, boxes.dtype) for x in transformation["frame"]
        )
        scales = [self.width / columns, self.height / rows] * 2
        return (boxes - ops.stack([left, top] * 2)) * ops.stack(scales)


class CenterCrop(_Framing):
    """Cut the middle out of images.

    Of images that are too small the largest part of the right proportions is taken
    and enlarged.

    Args:
        height, width: of the result.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input: images (batch, height, width, channels), or one image, or a dictionary with
    `"images"` and what goes with them. Output: the same of the new size.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> x = np.arange(16.0).reshape(1, 4, 4, 1)
        >>> np.asarray(keras.layers.CenterCrop(2, 2)(x))[0, :, :, 0].tolist()
        [[5.0, 6.0], [9.0, 10.0]]
    """

    interpolation = "bilinear"

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_size(height, width)

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Any:
        shape = self._batch_and_shape(data)[1]
        height, width = shape[self.height_axis], shape[self.width_axis]
        if height < self.height or width < self.width:
            return self._frame(self._in_proportion(height, width), data)
        top, left = int((height - self.height) / 2), int((width - self.width) / 2)
        return self._frame((top, left, self.height, self.width), data)


class RandomCrop(_Framing):
    """Cut a part out of images, in training at a place that is drawn for each batch.

    Outside training, and of images that are too small, the largest part of the right
    proportions in the middle is taken and resized.

    Args:
        height, width: of the result.
        seed: integer that makes the draws repeatable.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input: images (batch, height, width, channels), or one image, or a dictionary with
    `"images"` and what goes with them. Output: the same of the new size.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.RandomCrop(2, 3, seed=1)
        >>> layer(np.ones((1, 4, 4, 1)), training=True).shape
        (1, 2, 3, 1)
    """

    interpolation = "bilinear"

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, name=name, **kwargs)
        self._set_size(height, width)
        self._set_seed(seed)

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Any:
        shape = self._batch_and_shape(data)[1]
        height, width = shape[self.height_axis], shape[self.width_axis]
        free = height - self.height, width - self.width
        if not training or min(free) < 0:
            return self._frame(self._in_proportion(height, width), data)
        draws = [random.uniform((), seed=self._drawn(seed)) for _ in free]
        top, left = (ops.cast(x * (n + 1), "int32") for x, n in zip(draws, free))
        return self._frame((top, left, self.height, self.width), data)


class Resizing(_Framing):
    """Resize images.

    Args:
        height, width: of the result.
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos3"` or
            `"lanczos5"`.
        crop_to_aspect_ratio: keep the proportions by cutting off what is too much.
        pad_to_aspect_ratio: keep the proportions by adding pixels of `fill_value`.
        fill_mode: `"constant"`, the only way to pad.
        fill_value: what added pixels hold.
        antialias: smooth first when images become smaller.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input: images (batch, height, width, channels), or one image, or a dictionary with
    `"images"` and what goes with them. Output: the same of the new size.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> x = np.array([0.0, 4.0]).reshape(1, 1, 2, 1)
        >>> np.asarray(keras.layers.Resizing(1, 4)(x)).ravel().tolist()
        [0.0, 1.0, 3.0, 4.0]
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_size(height, width)
        self.interpolation = self._choice("interpolation", interpolation, _KERNELS)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError(
                f"Layer `{self.name}` can have only one of `crop_to_aspect_ratio` and "
                "`pad_to_aspect_ratio`."
            )
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        self.fill_mode = self._choice("fill_mode", fill_mode, ("constant",))
        self.fill_value = fill_value
        self.antialias = antialias

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Any:
        shape = self._batch_and_shape(data)[1]
        height, width = shape[self.height_axis], shape[self.width_axis]
        if self.crop_to_aspect_ratio:
            return self._frame(self._in_proportion(height, width), data)
        if self.pad_to_aspect_ratio:
            return self._frame(self._in_proportion(height, width, max), data)
        return self._frame((0, 0, height, width), data)

    def _moved_images(
        self, images: Tensor, transformation: Any, interpolation: str
    ) -> Tensor:
        return ops.image.resize(
            images,
            (self.height, self.width),
            interpolation=interpolation,
            antialias=self.antialias,
            crop_to_aspect_ratio=self.crop_to_aspect_ratio,
            pad_to_aspect_ratio=self.pad_to_aspect_ratio,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )


class MaxNumBoundingBoxes(BaseImagePreprocessingLayer):
    """Give all images the same number of boxes: the first ones, then filling.

    Args:
        max_number: how many boxes.
        fill_value: number in boxes and labels that are filled in.

    Input and output: a dictionary with `"images"` and `"bounding_boxes"`; images pass
    as they are.

    Raises:
        ValueError: `max_number` is no positive integer.

    Example:
        >>> layer = keras.layers.MaxNumBoundingBoxes(2, bounding_box_format="xyxy")
        >>> boxes = {"boxes": np.ones((1, 1, 4)), "labels": np.array([[7]])}
        >>> x = {"images": np.ones((1, 8, 8, 3)), "bounding_boxes": boxes}
        >>> np.asarray(layer(x)["bounding_boxes"]["labels"]).tolist()
        [[7, -1]]
    """

    def __init__(self, max_number: int, fill_value: float = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(max_number, int) or max_number < 1:
            raise self._wrong("max_number", "a positive integer", max_number)
        self.max_number = max_number
        self.fill_value = fill_value

    def transform_images(
        self, images: Tensor, transformation: Any = None, training: bool = True
    ) -> Tensor:
        return images

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        def filled(x: Any) -> Tensor:
            x = ops.convert_to_tensor(x)[:, : self.max_number]
            widths = [(0, 0)] * len(x.shape)
            widths[1] = (0, self.max_number - x.shape[1])
            return ops.pad(x, widths, constant_values=self.fill_value)

        return {key: filled(x) for key, x in bounding_boxes.items()}

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.fill_value == -1:
            del config["fill_value"]
        return config
