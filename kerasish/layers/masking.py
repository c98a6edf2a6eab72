"""Mark the time steps that later layers shall skip."""

from typing import Any

from .. import ops
from ..graph import Tensor
from .layer import Layer

__all__ = ["Masking"]


class Masking(Layer):
    """Mask the time steps in which all features equal `mask_value`.

    The output is the input with 0 in these steps; its mask is
    ``any(input != mask_value, axis=-1)``.

    Args:
        mask_value: the number that padding consists of.

    Input and output: `(batch, time, ..., features)`.

    Example:
        >>> layer = keras.layers.Masking(mask_value=9.0)
        >>> x = np.array([[[9.0, 1.0], [9.0, 9.0]]])
        >>> np.asarray(layer(x)).tolist(), np.asarray(layer.compute_mask(x)).tolist()
        ([[[9.0, 1.0], [0.0, 0.0]]], [[True, False]])
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True

    def compute_mask(self, inputs: Tensor, mask: Any = None) -> Any:
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Tensor) -> Tensor:
        keep = ops.expand_dims(self.compute_mask(inputs), -1)
        return ops.where(keep, inputs, ops.zeros_like(inputs))
