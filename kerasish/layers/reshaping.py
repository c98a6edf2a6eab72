"""Layers that move values about without changing them."""

import math
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..graph import KerasTensor, Tensor
from ..ops.convolution import standardize_data_format
from .input_spec import InputSpec
from .layer import Layer

__all__ = ["Flatten", "Permute", "RepeatVector", "Reshape"]

Shape = tuple[int | None, ...]


class Flatten(Layer):
    """Make one axis of all axes but the batch: `(batch, a, b, ...)` → `(batch, a·b·…)`.

    Args:
        data_format: with `"channels_first"` the channels (axis 1) are moved last
            before, so that weights fit both layouts; default from the settings.

    Input `(batch,)` gives `(batch, 1)`.

    Raises:
        ValueError: `data_format` is another word.

    Example:
        >>> keras.layers.Flatten()(np.ones((2, 3, 4))).shape
        (2, 12)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Tensor) -> Tensor:
        batch, *rest = inputs.shape
        if self.data_format == "channels_first" and len(rest) > 1:
            inputs = ops.moveaxis(inputs, 1, -1)
        return ops.reshape(inputs, (batch, math.prod(rest)))


class Reshape(Layer):
    """Give the axes after the batch another shape: `(batch, ...)` → `(batch, *shape)`.

    Args:
        target_shape: sizes without the batch axis; one of them may be -1 (or `None`)
            and follows from the others.

    Raises:
        ValueError: the sizes do not multiply to the input's, or two are -1.

    Example:
        >>> keras.layers.Reshape((-1, 2))(np.ones((5, 3, 4))).shape
        (5, 6, 2)
    """

    def __init__(self, target_shape: Sequence[int | None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape: tuple[Any, ...] = tuple(target_shape)
        if sum(size in (-1, None) for size in self.target_shape) > 1:
            raise ValueError(
                f"`target_shape` of layer `{self.name}` may have one -1 (or `None`) at "
                f"most. Received: {self.target_shape}."
            )

    def call(self, inputs: Tensor) -> Tensor:
        return ops.reshape(inputs, (inputs.shape[0], *self._target(inputs.shape)))

    def compute_output_spec(self, inputs: KerasTensor) -> KerasTensor:
        # Not inferred: sizes that are all given may stand for unknown ones.
        shape = (inputs.shape[0], *self._target(inputs.shape))
        return KerasTensor(shape, inputs.dtype)

    def _target(self, input_shape: Any) -> Shape:
        """Resolve the free size; `None` where it depends on unknown ones."""
        free = [size in (-1, None) for size in self.target_shape]
        given = math.prod(s for s, f in zip(self.target_shape, free) if not f)
        if None in input_shape[1:]:
            return tuple(None if f else s for s, f in zip(self.target_shape, free))
        total = math.prod(input_shape[1:])
        size, rest = divmod(total, given) if any(free) and given else (1, total - given)
        if rest:
            raise ValueError(
                f"Layer `{self.name}` cannot turn its input of shape "
                f"{tuple(input_shape)} into `target_shape` {self.target_shape}: beside "
                f"the batch axis there are {total} values, not {given}"
                f"{' times anything' if any(free) else ''}."
            )
        return tuple(size if f else s for s, f in zip(self.target_shape, free))


class Permute(Layer):
    """Reorder the axes after the batch: axis `i` of the output is axis `dims[i-1]`.

    Args:
        dims: the axes 1, 2, ... in their new order; the batch axis 0 is left out.

    Raises:
        ValueError: `dims` is no permutation of 1, 2, ...

    Example:
        >>> keras.layers.Permute((2, 1))(np.ones((5, 3, 4))).shape
        (5, 4, 3)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"`dims` of layer `{self.name}` must be a permutation of 1, 2, ..., "
                f"{len(self.dims)}. Received: {self.dims}."
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Tensor) -> Tensor:
        return ops.transpose(inputs, (0, *self.dims))


class RepeatVector(Layer):
    """Repeat each vector `n` times: `(batch, features)` → `(batch, n, features)`.

    Args:
        n: how often, a positive integer.

    Raises:
        TypeError: `n` is no integer.
        ValueError: `n` is not positive.

    Example:
        >>> np.asarray(keras.layers.RepeatVector(2)(np.array([[1.0, 5.0]]))).tolist()
        [[[1.0, 5.0], [1.0, 5.0]]]
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(n, int):
            raise TypeError(
                f"`n` of layer `{self.name}` must be an integer, not {n!r}."
            )
        if n <= 0:
            raise ValueError(f"`n` of layer `{self.name}` must be positive, not {n}.")
        self.n = n
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Tensor) -> Tensor:
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)
