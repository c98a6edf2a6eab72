"""Images bent at random, as if they were drawn on rubber."""

from collections.abc import Sequence
from typing import Any

from ... import ops, random
from ...graph import Tensor
from ...ops.warping import FILL_MODES, moved_by, smooth_moves, warped
from .image import MovingLayer

__all__ = ["RandomElasticTransform"]


class RandomElasticTransform(MovingLayer):
    """Bend images in training: each pixel moves a little, with those beside it.

    The moves are ``alpha * sigma * smooth(noise)``: standard normal noise, one for
    rows and one for columns, smoothed over `sigma` pixels. With the number `d` that is
    drawn from `scale` for the batch, ``alpha = 0.1 * d * max(height, width)`` and
    ``sigma = 0.05 * d * min(height, width)``. The probability that an image is bent is
    itself drawn for each, uniform in `factor`. Masks follow.

    Args:
        factor: limits of the probability; one number f stands for (0, f).
        scale: limits of `d` within 0 and 1; one number s stands for (0, s).
        interpolation: `"bilinear"` or `"nearest"`.
        fill_mode: what is outside: `"reflect"`, `"wrap"`, `"constant"`, `"nearest"` or
            `"mirror"`, as in `ops.image.map_coordinates`.
        fill_value: outside, with `"constant"`.
        value_range: least and greatest value of the images.
        seed: integer that makes the draws repeatable.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input and output: images (batch, height, width, channels), or one image, or a
    dictionary with `"images"` and what goes with them.

    Raises:
        ValueError: an argument is not as described.
        NotImplementedError: there are boxes of objects, whose edges would be bent.

    Reference: Simard et al., 2003, "Best Practices for Convolutional Neural Networks
    Applied to Visual Document Analysis".

    Example:
        >>> layer = keras.layers.RandomElasticTransform((1.0, 1.0), (0.9, 1.0), seed=1)
        >>> x = np.arange(20.0)[:, None, None] + np.zeros((20, 20, 1))  # rows
        >>> moves = np.asarray(layer(x, training=True)) - x
        >>> bool(0.2 < np.abs(moves).mean() < np.abs(moves).max() < 5)
        True
    """

    _fill_modes = FILL_MODES

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, data_format=data_format, **kwargs)
        self.factor = self._range("factor", factor)
        self.scale = self._range("scale", scale)
        self._set_filling(fill_mode, interpolation, fill_value, seed)
        self._set_value_range(value_range)

    def get_elastic_transform_params(
        self, height: int, width: int, factor: Any
    ) -> tuple[Any, Any]:
        """Return alpha and sigma for images of this size."""
        return 0.1 * max(height, width) * factor, 0.05 * min(height, width) * factor

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Any:
        if not training:
            return None
        batch, shape = self._batch_and_shape(data)
        size = shape[self.height_axis], shape[self.width_axis]
        seed = self._drawn(seed)
        dtype = self._own_draw_dtype()
        probability = random.uniform((batch,), *self.factor, seed=seed)
        chosen = random.uniform((batch,), seed=seed) < probability
        distortion = random.uniform((), *self.scale, dtype=dtype, seed=seed)
        noise = random.normal((2, batch, *size), dtype=dtype, seed=seed)
        widest = self.get_elastic_transform_params(*size, self.scale[1])[1]
        numbers = self.get_elastic_transform_params(*size, distortion)
        return {
            "apply_transform": chosen,
            "distortion_factor": distortion,
            "moves": smooth_moves(noise, *numbers, widest),
            "input_shape": shape,
        }

    def _moved_images(
        self, images: Tensor, transformation: Any, interpolation: str
    ) -> Tensor:
        moved = warped(
            self.name,
            images,
            moved_by(transformation["moves"]),
            interpolation,
            self.fill_mode,
            self.fill_value,
            self.data_format,
        )
        chosen = transformation["apply_transform"][:, None, None, None]
        return ops.where(chosen, moved, images)

    def transform_images(
        self, images: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        moved = super().transform_images(images, transformation, training)
        return moved if transformation is None else ops.clip(moved, *self.value_range)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        if transformation is None:
            return bounding_boxes
        raise NotImplementedError(
            f"Layer `{self.name}` (RandomElasticTransform) cannot bend boxes of "
            "objects: their edges would not stay straight. Leave the boxes away, or "
            "use a layer such as `RandomShear`."
        )
