"""Quantizers: objects that turn tensors into integers and scales."""

from typing import Any

from .. import registry
from ..graph import Tensor
from .functions import abs_max_quantize

__all__ = ["AbsMaxQuantizer", "Quantizer"]


class Quantizer(registry.Configurable):
    """Base of quantizers; it leaves tensors as they are.

    Args:
        output_dtype: dtype of what a quantizer gives.
    """

    def __init__(self, output_dtype: str = "int8") -> None:
        self.output_dtype = output_dtype

    def __call__(self, x: Tensor) -> Any:
        """Return `x` quantized."""
        return x


class AbsMaxQuantizer(Quantizer):
    """Scale by the largest absolute value and round, as `abs_max_quantize` does.

    Args:
        axis: over which the largest value is looked for, an integer or several;
            default the last.
        value_range: smallest and largest integer.
        epsilon: keeps zeros from dividing by zero.
        output_dtype: dtype of the integers.

    Example:
        >>> quantizer = keras.quantizers.AbsMaxQuantizer(axis=0)
        >>> outputs, scale = quantizer(np.array([[1.0, -2.0], [0.5, 4.0]]))
        >>> print(outputs[:, 1])
        [-64 127]
    """

    def __init__(
        self,
        axis: Any = None,
        value_range: tuple[int, int] = (-127, 127),
        epsilon: float = 1e-7,
        output_dtype: str = "int8",
    ) -> None:
        super().__init__(output_dtype=output_dtype)
        if axis is not None:
            axis = (axis,) if isinstance(axis, int) else tuple(axis)
        self.axis = axis
        low, high = value_range
        self.value_range = (low, high)
        self.epsilon = epsilon
        if output_dtype == "int8" and not -128 <= low < high <= 127:
            raise ValueError(
                f"`value_range` {value_range} does not fit int8: it must be within "
                "(-128, 127), the smaller number first."
            )

    def __call__(
        self, x: Tensor, axis: Any = None, to_numpy: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Return integers and scales: `x ≈ integers / scales`.

        Args:
            x: tensor of floats.
            axis: in place of the quantizer's own.
            to_numpy: whether NumPy arrays are returned.
        """
        if axis is None:
            axis = -1 if self.axis is None else self.axis
        return abs_max_quantize(
            x, axis, self.value_range, self.output_dtype, self.epsilon, to_numpy
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.axis is None:
            del config["axis"]
        return config
