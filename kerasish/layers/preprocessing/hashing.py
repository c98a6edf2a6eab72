"""Layers that put texts and integers into bins by their hashes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtype_policies, dtypes
from .category_encoding import check_mode, encoded, encoded_shape
from .hashing_functions import crossed, fingerprint, siphash
from .text_arrays import HostLayer, host_array

__all__ = ["HashedCrossing", "Hashing", "hashed", "salt_of"]


def salt_of(salt: Any, layer: str) -> tuple[int, int] | None:
    """Return a salt as a key of two integers.

    Raises:
        ValueError: if it is no integer, nor two.
    """
    if salt is None:
        return None
    parts = (salt, salt) if isinstance(salt, (int, np.integer)) else tuple(salt)
    if len(parts) == 2 and all(isinstance(part, (int, np.integer)) for part in parts):
        return int(parts[0]), int(parts[1])
    raise ValueError(
        f"`salt` of {layer} must be an integer or two of them, got {salt!r}."
    )


def each(function: Callable[[Any], int], array: np.ndarray) -> np.ndarray:
    """Apply a function to each different value once; int64 of the array's shape."""
    known: dict[Any, int] = {}
    for value in array.flat:
        if value not in known:
            known[value] = function(value)
    found = [known[value] for value in array.flat]
    return np.array(found, np.int64).reshape(array.shape)


def hashed(array: np.ndarray, bins: int, key: tuple[int, int] | None) -> np.ndarray:
    """Return the bin of each text, or of each integer as it is written."""

    def bin_of(value: Any) -> int:
        text = str(int(value)) if array.dtype.kind in "iub" else str(value)
        data = text.encode("utf-8")
        return (fingerprint(data) if key is None else siphash(data, key)) % bins

    if array.dtype.kind not in "iubUO":
        raise ValueError(
            f"Texts or integers can be hashed, not values of dtype {array.dtype}."
        )
    return each(bin_of, array)


def _bins(num_bins: Any, layer: str) -> int:
    if not isinstance(num_bins, (int, np.integer)) or num_bins < 1:
        raise ValueError(
            f"`num_bins` of {layer} must be a positive integer, got {num_bins!r}."
        )
    return int(num_bins)


class Hashing(HostLayer):
    """Put texts and integers into bins by their hashes.

    Without a salt the bin is the FarmHash fingerprint of 64 bits modulo `num_bins`,
    with one it is SipHash-2-4; so it is the same on each machine.

    Args:
        num_bins: how many bins.
        mask_value: the value that gets bin 0, which no other gets then.
        salt: an integer, or two, that choose the hash function.
        output_mode: `"int"`: the numbers of the bins; `"one_hot"`, `"multi_hot"`,
            `"count"`: see `CategoryEncoding`.
        sparse: must be False.

    Raises:
        ValueError: if an argument is not one of these.

    Example:
        >>> layer = keras.layers.Hashing(num_bins=3)
        >>> print(layer([["A"], ["B"], ["C"], ["D"], ["E"]]).ravel())
        [1 0 1 1 2]
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        modes = ("int", "one_hot", "multi_hot", "count")
        check_mode(type(self).__name__, output_mode, modes, sparse)
        if output_mode == "int":
            kwargs["dtype"] = _of_integers(kwargs.get("dtype"), type(self).__name__)
        super().__init__(**kwargs)
        self.num_bins = _bins(num_bins, type(self).__name__)
        self.mask_value = mask_value
        key = salt_of(salt, type(self).__name__)
        self.salt = None if key is None else list(key)
        self.output_mode = output_mode
        self.sparse = False
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the bins.

        Args:
            inputs: texts or integers, of any shape.
        """
        bins, key = self.num_bins, salt_of(self.salt, self.name)
        if inputs.dtype.kind == "f":
            inputs = inputs.astype("int64")
        if self.mask_value is None:
            found = hashed(inputs, bins, key)
        else:
            rest = hashed(inputs, bins - 1, key) + 1 if bins > 1 else 0
            found = np.where(inputs == self.mask_value, 0, rest)
        return _shown(self, found)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the bins."""
        return encoded_shape(input_shape, self.output_mode, self.num_bins)


def _of_integers(dtype: Any, layer: str) -> Any:
    if dtype is None:
        return "int64"
    if not dtypes.is_int(dtype_policies.get(dtype).compute_dtype):
        raise ValueError(
            f"`dtype` of {layer} must be one of integers when output_mode='int', got "
            f"{dtype!r}."
        )
    return dtype


def _shown(layer: Any, bins: np.ndarray) -> Any:
    numbers = layer._result(bins)
    if layer.output_mode == "int":
        return numbers
    numbers = layer._result(bins).astype("int32")
    return encoded(numbers, layer.output_mode, layer.num_bins, layer.output_dtype)


class HashedCrossing(HostLayer):
    """Put combinations of several features into bins by their hashes.

    Args:
        num_bins: how many bins.
        output_mode: `"int"`: the numbers of the bins; `"one_hot"`: vectors.
        sparse: must be False.
        name: default `"hashed_crossing"` ...
        dtype: of the outputs; default `"int64"`, for `"one_hot"` `"float32"`.

    Raises:
        ValueError: if an argument is not one of these.

    Example:
        >>> layer = keras.layers.HashedCrossing(num_bins=5)
        >>> features = np.array(["A", "B", "A"]), np.array([101, 101, 102])
        >>> print(layer(features))
        [1 4 3]
    """

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        layer = type(self).__name__
        check_mode(layer, output_mode, ("int", "one_hot"), sparse)
        if output_mode == "int":
            dtype = _of_integers(dtype, layer)
        super().__init__(name=name, dtype=dtype, **kwargs)
        self.num_bins = _bins(num_bins, layer)
        self.output_mode = output_mode
        self.sparse = False
        self.built = True

    def _convert_nest(self, x: Any) -> Any:
        if isinstance(x, (list, tuple)):
            return [host_array(part, self.name) for part in x]
        return super()._convert_nest(x)

    def call(self, inputs: Any) -> Any:
        """Return the bins.

        Args:
            inputs: list of at least two arrays of texts or integers, all of shape (),
                (batch,) or (batch, 1).
        """
        if not isinstance(inputs, list) or len(inputs) < 2:
            raise ValueError(
                f"Layer `{self.name}` must be called on a list of at least two arrays, "
                f"got {inputs!r}."
            )
        shapes = {part.shape for part in inputs}
        if len(shapes) > 1 or any(s[1:] not in ((), (1,)) for s in shapes):
            raise ValueError(
                f"The inputs of layer `{self.name}` must have one shape: (), (batch,) "
                f"or (batch, 1); got {[part.shape for part in inputs]}."
            )
        columns = [self._parts(part) for part in inputs]
        found = [crossed(list(row)) % self.num_bins for row in zip(*columns)]
        return _shown(self, np.array(found, np.int64).reshape(inputs[0].shape))

    def _parts(self, part: np.ndarray) -> list[int]:
        if part.dtype.kind in "iub":
            return [int(x) for x in part.flat]
        if part.dtype.kind not in "UO":
            raise ValueError(
                f"The inputs of layer `{self.name}` must be texts or integers, got "
                f"dtype {part.dtype}."
            )
        return [fingerprint(x.encode("utf-8")) for x in part.flat]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the bins."""
        return encoded_shape(input_shape[0], self.output_mode, self.num_bins)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "num_bins": self.num_bins,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": self.name,
            "dtype": self.dtype,
        }
