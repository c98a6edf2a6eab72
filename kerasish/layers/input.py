"""Where a functional model begins: `Input` and the layer behind it."""

from collections.abc import Sequence
from typing import Any

from .. import config, dtypes, registry
from ..graph import KerasTensor, Node
from .layer import Layer

__all__ = ["Input", "InputLayer"]


class InputLayer(Layer):
    """The layer that `Input` makes: it hands on what it is given.

    Args:
        shape: sizes without the batch axis; None where unknown.
        batch_size: size of the batch axis, None where unknown.
        dtype: default `floatx()`.
        sparse: must be false.
        ragged: must be false.
        batch_shape: shape with the batch axis, instead of the first two.
        input_tensor: an existing symbolic tensor to wrap.
        optional: whether None may be passed.
        name: default `"input_layer"`, `"input_layer_1"` ...

    Example:
        >>> keras.layers.InputLayer((3,)).batch_shape
        (None, 3)
    """

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if "input_shape" in kwargs:
            shape = kwargs.pop("input_shape")
        if "batch_input_shape" in kwargs:
            batch_shape = kwargs.pop("batch_input_shape")
        super().__init__(name=name, **kwargs)
        if sparse or ragged:
            raise ValueError(f"`{self.name}`: sparse and ragged inputs do not exist.")
        self.batch_shape = _batch_shape(
            self.name, shape, batch_size, batch_shape, input_tensor
        )
        if dtype is None and input_tensor is not None:
            dtype = input_tensor.dtype
        self._dtype = dtypes.standardize_dtype(dtype or config.floatx())
        self.sparse, self.ragged, self.optional = False, False, bool(optional)
        self.built = True
        tensor = input_tensor or KerasTensor(
            self.batch_shape, self._dtype, name=self.name
        )
        Node(self, (), {}, tensor)

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs

    @property
    def dtype(self) -> str:
        """dtype of the input."""
        return self._dtype

    def get_config(self) -> dict[str, Any]:
        """Return shape, dtype and name."""
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "ragged": self.ragged,
            "name": self.name,
            "optional": self.optional,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "InputLayer":
        """Make the layer that `get_config` described."""
        config = registry.deserialize_keras_object(config)
        return cls(**config)


def _batch_shape(
    name: str, shape: Any, batch_size: Any, batch_shape: Any, tensor: Any
) -> tuple[int | None, ...]:
    if tensor is not None:
        return tensor.shape
    if batch_shape is not None:
        if shape is not None or batch_size is not None:
            raise ValueError(
                f"Input `{name}`: give `batch_shape`, or `shape` and `batch_size`; got "
                f"batch_shape={batch_shape}, shape={shape}, batch_size={batch_size}."
            )
        full = batch_shape
    elif shape is None:
        raise ValueError(f"Input `{name}` needs a `shape`, for instance `shape=(4,)`.")
    else:
        shape = (shape,) if isinstance(shape, int) else shape
        full = (batch_size, *shape)
    for size in full:
        if size is not None and (not isinstance(size, int) or size < 0):
            raise ValueError(
                f"Input `{name}`: sizes must be non-negative integers or None, got "
                f"shape {tuple(full)}."
            )
    return tuple(full)


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> KerasTensor:
    """Return a symbolic tensor to begin a model with.

    Args:
        shape: sizes without the batch axis; None where unknown.
        batch_size: size of the batch axis, None where unknown.
        dtype: default `floatx()`.
        sparse: must be false.
        ragged: must be false.
        batch_shape: shape with the batch axis, instead of the first two.
        name: name of the input, by which data may be given as a dict.
        tensor: an existing symbolic tensor to wrap.
        optional: whether None may be passed.

    Example:
        >>> x = keras.Input((3,))
        >>> keras.layers.Dense(2)(x).shape
        (None, 2)
    """
    layer = InputLayer(
        shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name
    )
    return layer.output
