"""Shifting and scaling features so that their mean is 0 and their variance 1."""

from typing import Any

import numpy as np

from ... import backend, config, ops
from ..layer import Layer
from .text_arrays import batches

__all__ = ["Normalization"]


class Normalization(Layer):
    """Shift and scale features to mean 0 and variance 1: (x - mean) / sqrt(variance).

    Args:
        axis: the axis, or axes, whose entries each have a mean and a variance of their
            own; None: one for all.
        mean, variance: given instead of found by `adapt`: numbers or arrays that
            broadcast to those axes.
        invert: whether to go back: x * sqrt(variance) + mean.

    Raises:
        ValueError: if only one of `mean` and `variance` is given.

    Example:
        >>> layer = keras.layers.Normalization(axis=None)
        >>> layer.adapt(np.array([1.0, 2.0, 3.0, 4.0, 5.0], "float32"))
        >>> print(np.asarray(layer(np.array([3.0, 5.0]))).round(3))
        [0.    1.414]
    """

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        axes = () if axis is None else axis
        self.axis = (axes,) if isinstance(axes, int) else tuple(axes)
        if (mean is None) != (variance is None):
            raise ValueError(
                f"Layer `{self.name}` needs `mean` and `variance`, or none of them: "
                f"got mean={mean!r}, variance={variance!r}."
            )
        self.input_mean, self.input_variance = mean, variance
        self.invert = invert
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make the statistics for inputs of this shape."""
        rank = len(input_shape)
        wrong = [axis for axis in self.axis if not -rank <= axis < rank]
        if wrong:
            raise ValueError(
                f"`axis` of layer `{self.name}` has {wrong}, but its input has {rank} "
                f"axes: shape {tuple(input_shape)}."
            )
        kept = sorted(axis % rank for axis in self.axis)
        if any(input_shape[axis] is None for axis in kept):
            raise ValueError(
                f"Layer `{self.name}` keeps a mean for each entry of the axes {kept}, "
                f"so these must be known, but the input has shape "
                f"{tuple(input_shape)}. Give its `Input` their sizes."
            )
        self._reduced = tuple(axis for axis in range(rank) if axis not in kept)
        self._wide = tuple(input_shape[a] if a in kept else 1 for a in range(rank))
        shape = tuple(input_shape[axis] for axis in kept)
        if self.input_mean is None:
            self.adapt_mean = self._statistic("mean", shape, "zeros")
            self.adapt_variance = self._statistic("variance", shape, "ones")
            self.count = self.add_weight((), "zeros", "int32", False, name="count")
        else:
            self._check_given()

    def _check_given(self) -> None:
        for name in ("mean", "variance"):
            shape = np.shape(getattr(self, f"input_{name}"))
            try:
                fits = np.broadcast_shapes(shape, self._wide) == self._wide
            except ValueError:
                fits = False
            if not fits:
                raise ValueError(
                    f"`{name}` of layer `{self.name}` has shape {shape}, which does "
                    f"not broadcast to the shape {self._wide} of its statistics."
                )

    def _statistic(self, name: str, shape: tuple[int, ...], initial: str) -> Any:
        return self.add_weight(
            shape, initial, trainable=False, autocast=False, name=name
        )

    @property
    def mean(self) -> Any:
        """The mean, of a shape that broadcasts to the inputs."""
        return self._broadcast(self.input_mean, "adapt_mean")

    @property
    def variance(self) -> Any:
        """The variance, of a shape that broadcasts to the inputs."""
        return self._broadcast(self.input_variance, "adapt_variance")

    def _broadcast(self, given: Any, name: str) -> Any:
        if not self.built:
            return given
        if given is None:
            return ops.reshape(getattr(self, name).value, self._wide)
        array = backend.asarray(given, self.compute_dtype)
        return ops.broadcast_to(array, self._wide)

    def adapt(self, data: Any) -> None:
        """Find the mean and the variance of data.

        Args:
            data: array, list, or an iterable of batches.
        """
        if self.input_mean is not None:
            raise ValueError(
                f"Layer `{self.name}` was given `mean` and `variance`, so it cannot "
                "adapt to data. Leave them out."
            )
        count, mean, variance = 0, np.zeros(()), np.zeros(())
        for batch in batches(data, self.name):
            if not self.built:
                self.build(batch.shape)
            array = np.asarray(batch, np.float64)
            axes = tuple(a for a in self._reduced if a < array.ndim)
            size = int(np.prod([array.shape[a] for a in axes]))
            shift = array.mean(axes) - mean
            share = size / max(count + size, 1)
            variance = variance + share * (
                array.var(axes) - variance + (1 - share) * shift**2
            )
            mean, count = mean + share * shift, count + size
        if not count:
            raise ValueError(f"Layer `{self.name}` was given no data to adapt to.")
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)

    def finalize_state(self) -> None:
        """Do nothing: the statistics are used as they are."""

    def call(self, inputs: Any) -> Any:
        """Return the inputs shifted and scaled."""
        inputs = ops.cast(inputs, self.compute_dtype)
        mean = ops.cast(self.mean, self.compute_dtype)
        spread = ops.sqrt(ops.cast(self.variance, self.compute_dtype))
        spread = ops.maximum(spread, config.epsilon())
        return inputs * spread + mean if self.invert else (inputs - mean) / spread

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""

        def plain(value: Any) -> Any:
            return value if value is None else np.asarray(value).tolist()

        return Layer.get_config(self) | {
            "axis": self.axis,
            "mean": plain(self.input_mean),
            "variance": plain(self.input_variance),
        }
