"""Images turned over, cut, turned, moved and zoomed at random."""

from typing import Any

from ... import ops, random
from ...graph import Tensor
from .image import MovingLayer

__all__ = ["RandomFlip"]

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
        if mode not in _MODES:
            raise self._wrong("mode", f"one of {', '.join(_MODES)}", mode)
        self.mode = mode
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
