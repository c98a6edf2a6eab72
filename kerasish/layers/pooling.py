"""Layers that summarize windows, or the whole, of sequences, images and volumes."""

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..graph import Tensor
from .input_spec import InputSpec
from .windows import Ranked

_RANKS = "1D", "2D", "3D"
__all__ = [
    *(f"{kind}Pooling{n}" for kind in ("Max", "Average") for n in _RANKS),
    *(f"Global{kind}Pooling{n}" for kind in ("Max", "Average") for n in _RANKS),
    *(f"Adaptive{kind}Pooling{n}" for kind in ("Max", "Average") for n in _RANKS),
]

Sizes = int | Sequence[int]


class _Pooling(Ranked):
    def _prepare(
        self, pool_size: Sizes, strides: Any, padding: str, data_format: str | None
    ) -> None:
        self.pool_size = self._numbers(pool_size, "pool_size")
        given = strides is not None
        self.strides = self._numbers(strides, "strides") if given else self.pool_size
        self.padding = padding.lower()
        if self.padding not in ("valid", "same"):
            raise ValueError(
                f"`padding` of layer `{self.name}` must be 'valid' or 'same', not "
                f"{padding!r}."
            )
        self._set_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _pool(self, op: Any, inputs: Tensor) -> Tensor:
        return op(inputs, self.pool_size, self.strides, self.padding, self.data_format)


class _MaxPooling(_Pooling):
    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._prepare(pool_size, strides, padding, data_format)

    def call(self, inputs: Tensor) -> Tensor:
        return self._pool(ops.max_pool, inputs)


class _AveragePooling(_Pooling):
    def __init__(
        self,
        pool_size: Sizes,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._prepare(pool_size, strides, padding, data_format)

    def call(self, inputs: Tensor) -> Tensor:
        return self._pool(ops.average_pool, inputs)


class MaxPooling1D(_MaxPooling):
    """Keep the largest element of each window of sequences.

    Args:
        pool_size: size of the window.
        strides: cells from one window to the next; default `pool_size`.
        padding: `"valid"`: windows that fit; `"same"`: ⌈size / stride⌉ windows.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input: `(batch, steps, channels)`. Output: `(batch, fewer steps, channels)`. With
    `"channels_first"` the channels are axis 1.

    Raises:
        ValueError: an argument is not as described, or no window fits.

    Example:
        >>> x = np.array([1.0, 5.0, 2.0, 3.0]).reshape(1, 4, 1)
        >>> np.asarray(keras.layers.MaxPooling1D(2)(x)).ravel().tolist()
        [5.0, 3.0]
    """

    rank = 1


class MaxPooling2D(_MaxPooling):
    """Keep the largest element of each window of images.

    Input: `(batch, rows, columns, channels)`. Arguments as in `MaxPooling1D`, where
    numbers may be pairs.

    Example:
        >>> keras.layers.MaxPooling2D(2)(np.ones((1, 28, 28, 3))).shape
        (1, 14, 14, 3)
    """

    rank = 2


class MaxPooling3D(_MaxPooling):
    """Keep the largest element of each window of volumes.

    Input: `(batch, depth, rows, columns, channels)`. Arguments as in `MaxPooling1D`,
    where numbers may be triples.

    Example:
        >>> keras.layers.MaxPooling3D(2)(np.ones((1, 4, 6, 8, 3))).shape
        (1, 2, 3, 4, 3)
    """

    rank = 3


class AveragePooling1D(_AveragePooling):
    """Average each window of sequences. Cells beyond the edge do not count.

    Input: `(batch, steps, channels)`. Arguments as in `MaxPooling1D`.

    Example:
        >>> x = np.array([1.0, 5.0, 2.0, 3.0]).reshape(1, 4, 1)
        >>> np.asarray(keras.layers.AveragePooling1D(2)(x)).ravel().tolist()
        [3.0, 2.5]
    """

    rank = 1


class AveragePooling2D(_AveragePooling):
    """Average each window of images. Cells beyond the edge do not count.

    Input: `(batch, rows, columns, channels)`. Arguments as in `MaxPooling1D`, where
    numbers may be pairs.

    Example:
        >>> keras.layers.AveragePooling2D(2)(np.ones((1, 5, 6, 3))).shape
        (1, 2, 3, 3)
    """

    rank = 2


class AveragePooling3D(_AveragePooling):
    """Average each window of volumes. Cells beyond the edge do not count.

    Input: `(batch, depth, rows, columns, channels)`. Arguments as in `MaxPooling1D`,
    where numbers may be triples.

    Example:
        >>> keras.layers.AveragePooling3D(2)(np.ones((1, 4, 6, 8, 3))).shape
        (1, 2, 3, 4, 3)
    """

    rank = 3


class _GlobalPooling(Ranked):
    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._set_data_format(data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _space(self) -> tuple[int, ...]:
        first = 2 if self.data_format == "channels_first" else 1
        return tuple(range(first, first + self.rank))


class _GlobalMaxPooling(_GlobalPooling):
    def call(self, inputs: Tensor) -> Tensor:
        return ops.max(inputs, axis=self._space, keepdims=self.keepdims)


class _GlobalAveragePooling(_GlobalPooling):
    def call(self, inputs: Tensor) -> Tensor:
        return ops.mean(inputs, axis=self._space, keepdims=self.keepdims)


class GlobalMaxPooling1D(_GlobalMaxPooling):
    """Keep the largest element of each channel.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        keepdims: keep the axes of space, with size 1.

    Input: `(batch, steps, channels)`. Output: `(batch, channels)`.

    Example:
        >>> x = np.array([1.0, 5.0, 2.0, 3.0]).reshape(1, 4, 1)
        >>> np.asarray(keras.layers.GlobalMaxPooling1D()(x)).tolist()
        [[5.0]]
    """

    rank = 1


class GlobalMaxPooling2D(_GlobalMaxPooling):
    """Keep the largest element of each channel of images.

    Input: `(batch, rows, columns, channels)`. Arguments as in `GlobalMaxPooling1D`.

    Example:
        >>> keras.layers.GlobalMaxPooling2D()(np.ones((2, 4, 4, 3))).shape
        (2, 3)
    """

    rank = 2


class GlobalMaxPooling3D(_GlobalMaxPooling):
    """Keep the largest element of each channel of volumes.

    Input: `(batch, depth, rows, columns, channels)`. Arguments as in
    `GlobalMaxPooling1D`.

    Example:
        >>> keras.layers.GlobalMaxPooling3D()(np.ones((2, 4, 4, 4, 3))).shape
        (2, 3)
    """

    rank = 3


class GlobalAveragePooling1D(_GlobalAveragePooling):
    """Average each channel of sequences, over the steps that a mask lets through.

    Input: `(batch, steps, channels)`. Arguments as in `GlobalMaxPooling1D`; `call`
    takes a boolean `mask` of shape `(batch, steps)`.

    Example:
        >>> x = np.array([1.0, 5.0, 3.0, 3.0]).reshape(1, 4, 1)
        >>> np.asarray(keras.layers.GlobalAveragePooling1D()(x)).tolist()
        [[3.0]]
    """

    rank = 1

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            return super().call(inputs)
        axis = self._space[0]
        weights = ops.expand_dims(ops.cast(mask, inputs.dtype), 3 - axis)
        total = ops.sum(inputs * weights, axis=axis, keepdims=self.keepdims)
        count = ops.sum(weights, axis=axis, keepdims=self.keepdims)
        return ops.divide_no_nan(total, count)

    def compute_mask(self, inputs: Tensor, mask: Any = None) -> None:
        return None


class GlobalAveragePooling2D(_GlobalAveragePooling):
    """Average each channel of images.

    Input: `(batch, rows, columns, channels)`. Arguments as in `GlobalMaxPooling1D`.

    Example:
        >>> keras.layers.GlobalAveragePooling2D()(np.ones((2, 4, 4, 3))).shape
        (2, 3)
    """

    rank = 2


class GlobalAveragePooling3D(_GlobalAveragePooling):
    """Average each channel of volumes.

    Input: `(batch, depth, rows, columns, channels)`. Arguments as in
    `GlobalMaxPooling1D`.

    Example:
        >>> keras.layers.GlobalAveragePooling3D()(np.ones((2, 4, 4, 4, 3))).shape
        (2, 3)
    """

    rank = 3


class _AdaptivePooling(Ranked):
    def __init__(
        self, output_size: Sizes, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        try:
            self.output_size = self._numbers(output_size, "output_size")
        except ValueError as error:
            raise TypeError(*error.args) from None
        self._set_data_format(data_format)


class _AdaptiveMaxPooling(_AdaptivePooling):
    def call(self, inputs: Tensor) -> Tensor:
        return ops.adaptive_max_pool(inputs, self.output_size, self.data_format)


class _AdaptiveAveragePooling(_AdaptivePooling):
    def call(self, inputs: Tensor) -> Tensor:
        return ops.adaptive_average_pool(inputs, self.output_size, self.data_format)


class AdaptiveMaxPooling1D(_AdaptiveMaxPooling):
    """Keep the largest elements of so many windows that a given size comes out.

    Window i of o on an axis of n cells reaches from ⌊i n / o⌋ to ⌈(i + 1) n / o⌉.

    Args:
        output_size: number of windows.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input: `(batch, steps, channels)`. Output: `(batch, output_size, channels)`.

    Example:
        >>> keras.layers.AdaptiveMaxPooling1D(3)(np.ones((2, 7, 4))).shape
        (2, 3, 4)
    """

    rank = 1


class AdaptiveMaxPooling2D(_AdaptiveMaxPooling):
    """Keep the largest elements of so many windows that a given size comes out.

    Input: `(batch, rows, columns, channels)`. Arguments as in `AdaptiveMaxPooling1D`,
    where the size may be a pair.

    Example:
        >>> keras.layers.AdaptiveMaxPooling2D((3, 2))(np.ones((2, 7, 7, 4))).shape
        (2, 3, 2, 4)
    """

    rank = 2


class AdaptiveMaxPooling3D(_AdaptiveMaxPooling):
    """Keep the largest elements of so many windows that a given size comes out.

    Input: `(batch, depth, rows, columns, channels)`. Arguments as in
    `AdaptiveMaxPooling1D`, where the size may be a triple.

    Example:
        >>> keras.layers.AdaptiveMaxPooling3D(2)(np.ones((2, 3, 4, 5, 4))).shape
        (2, 2, 2, 2, 4)
    """

    rank = 3


class AdaptiveAveragePooling1D(_AdaptiveAveragePooling):
    """Average so many windows that a given size comes out.

    Input: `(batch, steps, channels)`. Arguments as in `AdaptiveMaxPooling1D`.

    Example:
        >>> keras.layers.AdaptiveAveragePooling1D(3)(np.ones((2, 7, 4))).shape
        (2, 3, 4)
    """

    rank = 1


class AdaptiveAveragePooling2D(_AdaptiveAveragePooling):
    """Average so many windows that a given size comes out.

    Input: `(batch, rows, columns, channels)`. Arguments as in `AdaptiveMaxPooling1D`,
    where the size may be a pair.

    Example:
        >>> keras.layers.AdaptiveAveragePooling2D(2)(np.ones((2, 7, 7, 4))).shape
        (2, 2, 2, 4)
    """

    rank = 2


class AdaptiveAveragePooling3D(_AdaptiveAveragePooling):
    """Average so many windows that a given size comes out.

    Input: `(batch, depth, rows, columns, channels)`. Arguments as in
    `AdaptiveMaxPooling1D`, where the size may be a triple.

    Example:
        >>> keras.layers.AdaptiveAveragePooling3D(2)(np.ones((2, 3, 4, 5, 4))).shape
        (2, 2, 2, 2, 4)
    """

    rank = 3
