"""Numbers to the bins in which they lie."""

from typing import Any

import numpy as np

from ... import backend, dtypes, ops
from ...graph import KerasTensor
from ..layer import Layer
from .category_encoding import check_mode, encoded, encoded_shape
from .text_arrays import batches

__all__ = ["Discretization"]


def compressed(found: np.ndarray, epsilon: float) -> np.ndarray:
    """Return a summary of about 1 / epsilon values, evenly by rank.

    Args:
        found: ascending values, and below them what each counts.
        epsilon: distance in rank, as a part of all.
    """
    if found.shape[1] * epsilon < 1:
        return found
    parts = epsilon + np.arange(0.0, 1.0, epsilon)
    weights = np.cumsum(found[1])
    shares = weights / weights[-1]
    values = np.interp(parts, shares, found[0])
    totals = np.interp(parts, shares, weights)
    return np.stack([values, np.diff(totals, prepend=0.0)])


class Discretization(Layer):
    """Turn numbers into the bins in which they lie.

    Bin i holds the numbers from boundary i - 1 (itself in it) to boundary i.

    Args:
        bin_boundaries: ascending numbers; n of them make n + 1 bins.
        num_bins: how many bins `adapt` is to make, of about as many numbers each.
        epsilon: how exact the quantiles are; smaller ones need more room.
        output_mode: `"int"`: numbers of bins; `"one_hot"`, `"multi_hot"`, `"count"`:
            see `CategoryEncoding`.
        sparse: must be False.
        dtype: of vectors; numbers of bins are int32.
        name: default `"discretization"` ...

    Raises:
        ValueError: unless exactly one of `bin_boundaries` and `num_bins` is given.

    Example:
        >>> layer = keras.layers.Discretization(bin_boundaries=[0.0, 1.0, 2.0])
        >>> print(layer(np.array([[-1.5, 1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 0.0]])))
        [[0 2 3 1]
         [1 3 2 1]]
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        modes = ("int", "one_hot", "multi_hot", "count")
        check_mode(type(self).__name__, output_mode, modes, sparse)
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(
                f"Layer `{self.name}` needs either `bin_boundaries` or `num_bins`, got "
                f"bin_boundaries={bin_boundaries!r}, num_bins={num_bins!r}."
            )
        if num_bins is not None and num_bins < 1:
            raise ValueError(
                f"`num_bins` of layer `{self.name}` must be positive, got {num_bins!r}."
            )
        if not 0 < epsilon <= 1:
            raise ValueError(
                f"`epsilon` of layer `{self.name}` must be in (0, 1], got {epsilon!r}."
            )
        self.input_bin_boundaries = bin_boundaries
        self.bin_boundaries = self._boundaries(bin_boundaries)
        self.num_bins = num_bins
        self.epsilon = epsilon
        self.output_mode = output_mode
        self.sparse = False
        self._summary: Any = None

    def _boundaries(self, given: Any) -> list[float] | None:
        if given is None:
            return None
        found = np.asarray(given, float).ravel()
        if not np.all(np.diff(found) >= 0):
            raise ValueError(
                f"`bin_boundaries` of layer `{self.name}` must ascend, got {given!r}."
            )
        return found.tolist()

    @property
    def input_dtype(self) -> str:
        """dtype to which float inputs are cast."""
        return "float32"

    @property
    def output_dtype(self) -> str:
        """dtype of the outputs."""
        whole = self.output_mode == "int"
        return "int32" if whole else dtypes.canonical(self.compute_dtype)

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find boundaries between which about as many numbers lie.

        Args:
            data: array, list, or an iterable of batches.
            steps: how many batches; default: all.
        """
        if self.num_bins is None:
            raise ValueError(
                f"Layer `{self.name}` was given `bin_boundaries`, so it cannot adapt "
                "to data. Give `num_bins` instead."
            )
        self.reset_state()
        for batch in batches(data, self.name, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Take a batch into the summary of the numbers."""
        values = np.asarray(data, np.float64).ravel()
        found = np.stack([values, np.ones_like(values)])
        if self._summary is not None:
            found = np.concatenate([self._summary, found], axis=1)
        order = np.argsort(found[0], kind="stable")
        self._summary = compressed(found[:, order], self.epsilon)

    def finalize_state(self) -> None:
        """Make the boundaries of what was summed up."""
        if self._summary is not None and self.num_bins is not None:
            found = compressed(self._summary, 1 / self.num_bins)[0, :-1]
            self.bin_boundaries = found.astype(np.float32).tolist()

    def reset_state(self) -> None:
        """Forget what was summed up."""
        if self.num_bins is not None:
            self._summary = self.bin_boundaries = None

    def call(self, inputs: Any) -> Any:
        """Return the bins."""
        bounds = self._known()
        inputs = ops.cast(backend.asarray(inputs), "float32")
        bins = ops.searchsorted(
            backend.asarray(bounds, "float32"), ops.reshape(inputs, (-1,)), "right"
        )
        bins = ops.cast(ops.reshape(bins, ops.shape(inputs)), "int32")
        if self.output_mode == "int":
            return bins
        return encoded(bins, self.output_mode, len(bounds) + 1, self.output_dtype)

    def _known(self) -> list[float]:
        if self.bin_boundaries is None:
            raise ValueError(
                f"Layer `{self.name}` has no boundaries yet: call `adapt(data)`, or "
                "pass `bin_boundaries`."
            )
        return self.bin_boundaries

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the bins."""
        size = self.num_bins
        if self.bin_boundaries is not None:
            size = len(self.bin_boundaries) + 1
        return encoded_shape(input_shape, self.output_mode, size)

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return the outputs as symbolic tensors."""
        return KerasTensor(self.compute_output_shape(inputs.shape), self.output_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with boundaries that were found."""
        return {
            "bin_boundaries": self.bin_boundaries,
            "num_bins": self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": self.name,
            "dtype": self.dtype,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make the layer that `get_config` described."""
        config, found = dict(config), None
        if config.get("num_bins") is not None:
            found = config.pop("bin_boundaries", None)
        layer = cls(**config)
        if found is not None:
            layer.bin_boundaries = layer._boundaries(found)
        return layer
