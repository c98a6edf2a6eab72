"""Layers that cut off, add or repeat cells along the axes of space."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from ..graph import Tensor
from ..ops.resizing import KERNELS
from .input_spec import InputSpec
from .windows import Ranked

_RANKS = "1D", "2D", "3D"
__all__ = [
    *(f"{kind}{n}" for kind in ("Cropping", "ZeroPadding") for n in _RANKS),
    *(f"UpSampling{n}" for n in _RANKS),
]

Numbers = int | Sequence[Any]


class _Bordered(Ranked):
    """A layer with two numbers for each axis: for its start and its end."""

    def _prepare(self, value: Any, name: str, data_format: str | None) -> None:
        self._set_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._edges = self._pairs(value, name)
        setattr(self, name, self._edges if self.rank > 1 else self._edges[0])

    def _pairs(self, value: Any, name: str) -> tuple[tuple[int, int], ...]:
        def wrong() -> ValueError:
            return ValueError(
                f"`{name}` of layer `{self.name}` must be one number, one for each of "
                f"the {self.rank} axes, or a pair for each. Received: {value!r}."
            )

        if isinstance(value, (int, np.integer)):
            pairs: list[Any] = [(value, value)] * self.rank
        elif self.rank == 1:
            pairs = [tuple(value)]
        else:
            pairs = [(v, v) if isinstance(v, int) else tuple(v) for v in value]
        flat = [n for pair in pairs for n in pair]
        if len(pairs) != self.rank or any(len(pair) != 2 for pair in pairs):
            raise wrong()
        if any(not isinstance(n, (int, np.integer)) or n < 0 for n in flat):
            raise wrong()
        return tuple((int(low), int(high)) for low, high in pairs)

    def _everywhere(self, edges: Sequence[Any], rest: Any) -> list[Any]:
        """One entry for each axis of the input; `rest` for batch and channels."""
        last = self.data_format == "channels_last"
        return [rest, *edges, rest] if last else [rest, rest, *edges]


class _Cropping(_Bordered):
    def call(self, inputs: Tensor) -> Tensor:
        pairs = self._everywhere(self._edges, (0, 0))
        for axis, (size, pair) in enumerate(zip(inputs.shape, pairs)):
            if sum(pair) and sum(pair) >= size:
                raise ValueError(
                    f"Layer `{self.name}` cannot cut {pair} off axis {axis} of its "
                    f"input of shape {tuple(inputs.shape)}: nothing would be left."
                )
        kept = (slice(low, -high or None) for low, high in pairs)
        return inputs[tuple(kept)]


class Cropping1D(_Cropping):
    """Cut off steps at the start and the end of sequences.

    Args:
        cropping: number of steps; a pair for start and end, or one number for both.

    Input: `(batch, steps, channels)`. Output: `(batch, fewer steps, channels)`.

    Raises:
        ValueError: the argument is not as described, or nothing would be left.

    Example:
        >>> keras.layers.Cropping1D((1, 2))(np.ones((2, 7, 4))).shape
        (2, 4, 4)
    """

    rank = 1

    def __init__(self, cropping: Numbers = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._prepare(cropping, "cropping", "channels_last")


class Cropping2D(_Cropping):
    """Cut off rows and columns at the edges of images.

    Args:
        cropping: ((top, bottom), (left, right)), a number for each axis, or one number.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input: `(batch, rows, columns, channels)`.

    Example:
        >>> keras.layers.Cropping2D(((1, 2), (0, 3)))(np.ones((2, 7, 7, 4))).shape
        (2, 4, 4, 4)
    """

    rank = 2

    def __init__(
        self,
        cropping: Numbers = ((0, 0), (0, 0)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._prepare(cropping, "cropping", data_format)


class Cropping3D(_Cropping):
    """Cut off the outer cells of volumes. Arguments as in `Cropping2D`.

    Input: `(batch, depth, rows, columns, channels)`.

    Example:
        >>> keras.layers.Cropping3D(1)(np.ones((2, 4, 5, 6, 3))).shape
        (2, 2, 3, 4, 3)
    """

    rank = 3

    def __init__(
        self,
        cropping: Numbers = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._prepare(cropping, "cropping", data_format)


class _ZeroPadding(_Bordered):
    def call(self, inputs: Tensor) -> Tensor:
        return ops.pad(inputs, self._everywhere(self._edges, (0, 0)))


class ZeroPadding1D(_ZeroPadding):
    """Add zeros before and after sequences.

    Args:
        padding: number of steps; a pair for start and end, or one number for both.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input: `(batch, steps, channels)`. Output: `(batch, more steps, channels)`.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> keras.layers.ZeroPadding1D((1, 2))(np.ones((2, 4, 3))).shape
        (2, 7, 3)
    """

    rank = 1

    def __init__(
        self, padding: Numbers = 1, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._prepare(padding, "padding", data_format)


class ZeroPadding2D(_ZeroPadding):
    """Add zeros around images.

    Args:
        padding: ((top, bottom), (left, right)), a number for each axis, or one number.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input: `(batch, rows, columns, channels)`.

    Example:
        >>> keras.layers.ZeroPadding2D((1, 2))(np.ones((2, 4, 4, 3))).shape
        (2, 6, 8, 3)
    """

    rank = 2

    def __init__(
        self, padding: Numbers = (1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._prepare(padding, "padding", data_format)


class ZeroPadding3D(_ZeroPadding):
    """Add zeros around volumes. Arguments as in `ZeroPadding2D`.

    Input: `(batch, depth, rows, columns, channels)`.

    Example:
        >>> keras.layers.ZeroPadding3D(1)(np.ones((2, 4, 4, 4, 3))).shape
        (2, 6, 6, 6, 3)
    """

    rank = 3

    def __init__(
        self,
        padding: Numbers = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._prepare(padding, "padding", data_format)


class _UpSampling(Ranked):
    size: Any

    def _prepare(self, data_format: str | None) -> None:
        self._factors = self._numbers(self.size, "size")
        self._set_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        if self.rank > 1:
            self.size = self._factors

    def _axes(self) -> zip:
        first = 2 if self.data_format == "channels_first" else 1
        return zip(range(first, first + self.rank), self._factors)

    def call(self, inputs: Tensor) -> Tensor:
        for axis, factor in self._axes():
            inputs = ops.repeat(inputs, factor, axis=axis)
        return inputs


class UpSampling1D(_UpSampling):
    """Repeat each step of sequences.

    Args:
        size: how often, a positive integer.

    Input: `(batch, steps, channels)`. Output: `(batch, steps · size, channels)`.

    Raises:
        ValueError: `size` is no positive integer.

    Example:
        >>> x = np.array([1.0, 2.0]).reshape(1, 2, 1)
        >>> np.asarray(keras.layers.UpSampling1D(2)(x)).ravel().tolist()
        [1.0, 1.0, 2.0, 2.0]
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size
        self._prepare("channels_last")


class UpSampling2D(_UpSampling):
    """Enlarge images by whole factors.

    Args:
        size: factor of the rows and columns; one number or a pair.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos3"` or
            `"lanczos5"`: the kernel that weighs neighbours, wherever pixels are taken
            to be little squares; beyond the edges nothing counts.

    Input: `(batch, rows, columns, channels)`.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> x = np.array([0.0, 4.0]).reshape(1, 1, 2, 1)
        >>> layer = keras.layers.UpSampling2D((1, 2), interpolation="bilinear")
        >>> np.asarray(layer(x)).ravel().tolist()
        [0.0, 1.0, 3.0, 4.0]
    """

    rank = 2

    def __init__(
        self,
        size: Numbers = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size = size
        self.interpolation = interpolation.lower()
        if self.interpolation != "nearest" and self.interpolation not in KERNELS:
            raise ValueError(
                f"`interpolation` of layer `{self.name}` must be one of "
                f"{['nearest', *KERNELS]}, not {interpolation!r}."
            )
        self._prepare(data_format)

    def call(self, inputs: Tensor) -> Tensor:
        if self.interpolation == "nearest":
            return super().call(inputs)
        size = tuple(inputs.shape[axis] * factor for axis, factor in self._axes())
        return ops.image.resize(
            inputs, size, self.interpolation, data_format=self.data_format
        )


class UpSampling3D(_UpSampling):
    """Repeat each cell of volumes along each axis.

    Args:
        size: how often; one number or a triple.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input: `(batch, depth, rows, columns, channels)`.

    Example:
        >>> keras.layers.UpSampling3D(2)(np.ones((1, 2, 3, 4, 5))).shape
        (1, 4, 6, 8, 5)
    """

    rank = 3

    def __init__(
        self,
        size: Numbers = (2, 2, 2),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size = size
        self._prepare(data_format)
