"""Numbers of categories as vectors, and how all layers here do it."""

from typing import Any

import numpy as np

from ... import backend, dtypes, ops
from ...graph import KerasTensor
from ..layer import Layer

__all__ = ["CategoryEncoding", "check_mode", "counted", "encoded", "encoded_shape"]

MODES = ("one_hot", "multi_hot", "count")


def check_mode(layer: str, mode: Any, known: tuple[str, ...], sparse: Any) -> None:
    """Refuse an unknown output mode, and sparse results.

    Raises:
        ValueError: if so.
    """
    if mode not in known:
        raise ValueError(
            f"`output_mode` of {layer} must be one of {list(known)}, got {mode!r}."
        )
    if sparse:
        raise ValueError(
            f"`sparse=True` of {layer} is not offered: there are no sparse tensors. "
            "Leave it out, or keep the numbers (`output_mode='int'`) for an Embedding."
        )


def encoded_shape(shape: Any, mode: str, size: int | None) -> tuple[int | None, ...]:
    """Return the shape of numbers of some shape after `encoded`."""
    shape = tuple(shape)
    if mode == "int":
        return shape
    if mode == "one_hot":
        kept = shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape or (1,)
    else:
        kept = shape[:-1]
    return (*kept, size)


def encoded(numbers: Any, mode: str, size: int, dtype: str, weights: Any = None) -> Any:
    """Turn numbers of categories into vectors, in the backend.

    Args:
        numbers: integers; those outside of [0, size) count nothing.
        mode: `"one_hot"`: a vector for each number, a last axis of size 1 is dropped;
            `"multi_hot"`, `"count"`: a vector for all numbers along the last axis.
        size: length of the vectors.
        dtype: of the vectors.
        weights: what each number counts; default 1.
    """
    if mode == "one_hot":
        shape = encoded_shape(numbers.shape, mode, size)
        return ops.reshape(ops.one_hot(numbers, size, dtype=dtype), _known(shape))
    if not numbers.shape:
        numbers = ops.expand_dims(numbers, 0)
    hits = ops.one_hot(numbers, size, dtype=dtype)
    if weights is not None:
        hits = hits * ops.expand_dims(ops.cast(weights, dtype), -1)
    return ops.max(hits, axis=-2) if mode == "multi_hot" else ops.sum(hits, axis=-2)


def _known(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    return tuple(-1 if size is None else size for size in shape)


def counted(
    rows: np.ndarray, numbers: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """Return how often each number is in each row: float64 of `shape`, on the host.

    Args:
        rows: row of each number.
        numbers: from 0; negative ones are left out.
        shape: rows and how many numbers there are.
    """
    kept = numbers >= 0
    places = rows[kept] * shape[1] + numbers[kept]
    return np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape)


class CategoryEncoding(Layer):
    """Turn integers into one-hot, multi-hot or count vectors.

    Args:
        num_tokens: how many categories there are; inputs are in [0, num_tokens), others
            count nothing.
        output_mode: `"one_hot"`: a vector for each integer, a last axis of size 1 is
            dropped; `"multi_hot"`: one vector for the last axis, with a one for each
            integer in it; `"count"`: likewise, with how often.
        sparse: must be False.

    Shapes:
        Inputs (batch,) or (batch, n). Outputs (batch, num_tokens), for `"one_hot"` of
        n > 1 (batch, n, num_tokens).

    Example:
        >>> layer = keras.layers.CategoryEncoding(num_tokens=4, output_mode="count")
        >>> print(layer(np.array([[0, 1], [0, 0], [1, 2]])))
        [[1. 1. 0. 0.]
         [2. 0. 0. 0.]
         [0. 1. 1. 0.]]
    """

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_mode(type(self).__name__, output_mode, MODES, sparse)
        if not isinstance(num_tokens, int) or num_tokens < 1:
            raise ValueError(
                f"`num_tokens` of layer `{self.name}` must be a positive integer, got "
                f"{num_tokens!r}. If it is not known, an IntegerLookup finds it out."
            )
        self.num_tokens = num_tokens
        self.output_mode = output_mode
        self.sparse = False
        self.autocast = False  # numbers of categories may come as floats

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["sparse"]
        return config

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        """Return the vectors.

        Args:
            inputs: integers.
            count_weights: what each counts, of the inputs' shape; for `"count"` only.
        """
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(
                f"`count_weights` of layer `{self.name}` are for output_mode='count', "
                f"but it has output_mode={self.output_mode!r}."
            )
        numbers = ops.cast(backend.asarray(inputs), "int32")
        return encoded(
            numbers, self.output_mode, self.num_tokens, self._kind, count_weights
        )

    @property
    def _kind(self) -> str:
        return dtypes.canonical(self.dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the vectors."""
        return encoded_shape(input_shape, self.output_mode, self.num_tokens)

    def compute_output_spec(self, inputs: Any, count_weights: Any = None) -> Any:
        """Return the outputs as symbolic tensors."""
        return KerasTensor(self.compute_output_shape(inputs.shape), self._kind)
