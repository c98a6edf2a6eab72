"""Initializers that draw from NumPy's generators."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend, random
from ..dtypes import is_float, standardize_dtype
from .initializer import Initializer, Shape, astype, check_choice

# Standard deviation of a standard normal that is cut off at -2 and 2.
TRUNCATED_STDDEV = 0.87962566103423978

_process = {"generator": np.random.default_rng()}


def seed_default(seed: int) -> None:
    """Set the generator of all initializers that have no seed of their own.

    Args:
        seed: non-negative int.

    Example:
        >>> keras.initializers.seed_default(1)
        >>> first = keras.initializers.RandomNormal()((3,))
        >>> keras.initializers.seed_default(1)
        >>> bool((keras.initializers.RandomNormal()((3,)) == first).all())
        True
    """
    _process["generator"] = np.random.default_rng(seed)


def draw_seed() -> int:
    """Return a seed from the process-wide generator, below 2³².

    Example:
        >>> 0 <= keras.initializers.draw_seed() < 2**32
        True
    """
    return int(_process["generator"].integers(2**32))


class RandomInitializer(Initializer):
    """Base of the initializers that draw, with what they share: the seed.

    Args:
        seed: int: each call gives the same values; a `keras.random.SeedGenerator`: each
            call moves it on; None: each call draws from the process-wide generator.

    Raises:
        ValueError: if it is anything else.
    """

    def __init__(self, seed: Any = None) -> None:
        if isinstance(seed, np.integer):
            seed = int(seed)
        if not isinstance(seed, (int, random.SeedGenerator, type(None))):
            raise ValueError(
                "`seed` of an initializer must be an integer, a "
                f"`keras.random.SeedGenerator` or None, got {seed!r}."
            )
        if isinstance(seed, int) and seed < 0:
            raise ValueError(f"`seed` of an initializer must not be negative: {seed}.")
        self.seed = seed

    def _generator(self) -> np.random.Generator:
        if self.seed is None:
            return _process["generator"]
        if isinstance(self.seed, int):
            return np.random.default_rng(self.seed)
        with backend.eager():
            key = backend.to_numpy(self.seed.next())
        return np.random.default_rng(key.tolist())

    def _draw(self, distribution: str, shape: Shape, dtype: Any) -> np.ndarray:
        """Draw in float64 for float64, else in float32.

        Args:
            distribution: `"uniform"` in [-1, 1), `"untruncated_normal"`, or
                `"truncated_normal"`, which redraws what lies beyond 2.
        """
        name = standardize_dtype(dtype)
        if not is_float(name):
            raise ValueError(
                f"Initializer `{type(self).__name__}` draws floating point numbers; "
                f"got dtype={name!r}."
            )
        kind: Any = np.float64 if name == "float64" else np.float32
        generator, shape = self._generator(), tuple(shape)
        if distribution == "uniform":
            return 2 * generator.random(shape, kind) - 1
        values = np.asarray(generator.standard_normal(shape, kind))
        if distribution == "truncated_normal":
            while (beyond := np.abs(values) > 2).any():
                values[beyond] = generator.standard_normal(beyond.sum(), kind)
        return values


class RandomNormal(RandomInitializer):
    """Normal distribution.

    Args:
        mean: float.
        stddev: float, standard deviation.
        seed: int, `SeedGenerator` or None.

    Example:
        >>> values = keras.initializers.RandomNormal(1.0, 0.1, seed=0)((1000,))
        >>> round(float(values.mean()), 1), round(float(values.std()), 1)
        (1.0, 0.1)
    """

    _distribution = "untruncated_normal"

    def __init__(
        self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None
    ) -> None:
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Shape, dtype: Any = None) -> np.ndarray:
        """Return an array of this shape and float dtype (None: `floatx()`)."""
        values = self._draw(self._distribution, shape, dtype)
        return astype(self.mean + self.stddev * values, dtype)


class TruncatedNormal(RandomNormal):
    """Normal distribution without what lies beyond two standard deviations.

    Args:
        mean: float.
        stddev: float, standard deviation before truncation (after it: 0.88 of that).
        seed: int, `SeedGenerator` or None.

    Example:
        >>> values = keras.initializers.TruncatedNormal(0.0, 1.0, seed=0)((1000,))
        >>> bool(abs(values).max() <= 2)
        True
    """

    _distribution = "truncated_normal"


class RandomUniform(RandomInitializer):
    """Uniform distribution.

    Args:
        minval: float, smallest value.
        maxval: float, just above the largest value.
        seed: int, `SeedGenerator` or None.

    Example:
        >>> values = keras.initializers.RandomUniform(2, 4, seed=0)((1000,))
        >>> round(float(values.min()), 1), round(float(values.max()), 1)
        (2.0, 4.0)
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None
    ) -> None:
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape: Shape, dtype: Any = None) -> np.ndarray:
        """Return an array of this shape and float dtype (None: `floatx()`)."""
        share = (self._draw("uniform", shape, dtype) + 1) / 2
        return astype(self.minval + (self.maxval - self.minval) * share, dtype)


class VarianceScaling(RandomInitializer):
    """Distribution of variance `scale / n`, `n` following from the weight's shape.

    Uniform draws lie within `sqrt(3 scale / n)`; truncated normal ones have this
    variance after truncation.

    Args:
        scale: positive float.
        mode: what `n` counts: inputs of a unit (`"fan_in"`), outputs (`"fan_out"`) or
            the mean of both (`"fan_avg"`).
        distribution: `"truncated_normal"`, `"untruncated_normal"` or `"uniform"`.
        seed: int, `SeedGenerator` or None.
        input_axes: axes of the weight whose sizes multiply to the inputs' number. Used
            if `output_axes` is given too; else all axes but the last count.
        output_axes: likewise for the outputs; else all axes but the last but one.

    Raises:
        ValueError: for a scale that is not positive, an unknown mode or distribution.

    Example:
        >>> values = keras.initializers.VarianceScaling(2.0, seed=0)((50, 40))
        >>> round(float(values.std()), 1)  # sqrt(2 / 50)
        0.2
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        if scale <= 0:
            raise ValueError(f"Argument `scale` must be positive, got scale={scale}.")
        distribution = distribution.lower()
        if distribution == "normal":
            distribution = "truncated_normal"
        check_choice("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        check_choice("distribution", distribution, tuple(_DISTRIBUTIONS))
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def __call__(self, shape: Shape, dtype: Any = None) -> np.ndarray:
        """Return an array of this shape and float dtype (None: `floatx()`)."""
        fan_in, fan_out = _fans(shape, self.input_axes, self.output_axes)
        fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        stddev = math.sqrt(self.scale / max(1.0, fans[self.mode]))
        values = self._draw(self.distribution, shape, dtype)
        return astype(stddev * _DISTRIBUTIONS[self.distribution] * values, dtype)


# What brings each distribution, as drawn, to a standard deviation of one.
_DISTRIBUTIONS = {
    "truncated_normal": 1 / TRUNCATED_STDDEV,
    "untruncated_normal": 1.0,
    "uniform": math.sqrt(3),
}


def _fans(
    shape: Shape, input_axes: Sequence[int] | None, output_axes: Sequence[int] | None
) -> tuple[int, int]:
    """Number of inputs and of outputs of a unit whose weights have this shape."""
    shape = tuple(shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[i] for i in input_axes), math.prod(
            shape[i] for i in output_axes
        )
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    # The last two axes are input and output channels; the others are positions of a
    # convolution's kernel.
    positions = math.prod(shape[:-2])
    return positions * shape[-2], positions * shape[-1]


class _NamedScaling(VarianceScaling):
    """A `VarianceScaling` whose scale, mode and distribution have a name.

    Args:
        seed: int, `SeedGenerator` or None.
        input_axes: axes of the weight that count as inputs, see `VarianceScaling`.
        output_axes: axes that count as outputs.
    """

    _scaling: tuple[float, str, str]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self._scaling, seed, input_axes, output_axes)


class GlorotUniform(_NamedScaling):
    """Uniform within `sqrt(6 / (fan_in + fan_out))`; also called Xavier uniform.

    Args:
        seed: int, `SeedGenerator` or None.
        input_axes: axes of the weight that count as inputs, see `VarianceScaling`.
        output_axes: axes that count as outputs.

    Reference:
        Glorot and Bengio, 2010, https://proceedings.mlr.press/v9/glorot10a.html

    Example:
        >>> values = keras.initializers.GlorotUniform(seed=0)((300, 300))
        >>> round(float(values.max()), 2)
        0.1
    """

    _scaling = 1.0, "fan_avg", "uniform"


class GlorotNormal(_NamedScaling):
    """Truncated normal of variance `2 / (fan_in + fan_out)`; also Xavier normal.

    Args:
        seed: int, `SeedGenerator` or None.
        input_axes: axes of the weight that count as inputs, see `VarianceScaling`.
        output_axes: axes that count as outputs.

    Reference:
        Glorot and Bengio, 2010, https://proceedings.mlr.press/v9/glorot10a.html

    Example:
        >>> values = keras.initializers.GlorotNormal(seed=0)((100, 100))
        >>> round(float(values.std()), 2)
        0.1
    """

    _scaling = 1.0, "fan_avg", "truncated_normal"


class HeUniform(_NamedScaling):
    """Uniform within `sqrt(6 / fan_in)`, for layers with rectifiers.

    Args:
        seed: int, `SeedGenerator` or None.
        input_axes: axes of the weight that count as inputs, see `VarianceScaling`.
        output_axes: axes that count as outputs.

    Reference:
        He et al., 2015, https://arxiv.org/abs/1502.01852

    Example:
        >>> values = keras.initializers.HeUniform(seed=0)((600, 100))
        >>> round(float(values.max()), 2)
        0.1
    """

    _scaling = 2.0, "fan_in", "uniform"


class HeNormal(_NamedScaling):
    """Truncated normal of variance `2 / fan_in`, for layers with rectifiers.

    Args:
        seed: int, `SeedGenerator` or None.
        input_axes: axes of the weight that count as inputs, see `VarianceScaling`.
        output_axes: axes that count as outputs.

    Reference:
        He et al., 2015, https://arxiv.org/abs/1502.01852

    Example:
        >>> values = keras.initializers.HeNormal(seed=0)((200, 100))
        >>> round(float(values.std()), 2)
        0.1
    """

    _scaling = 2.0, "fan_in", "truncated_normal"


class LecunUniform(_NamedScaling):
    """Uniform within `sqrt(3 / fan_in)`.

    Args:
        seed: int, `SeedGenerator` or None.
        input_axes: axes of the weight that count as inputs, see `VarianceScaling`.
        output_axes: axes that count as outputs.

    Reference:
        Klambauer et al., 2017, https://arxiv.org/abs/1706.02515

    Example:
        >>> values = keras.initializers.LecunUniform(seed=0)((300, 100))
        >>> round(float(values.max()), 2)
        0.1
    """

    _scaling = 1.0, "fan_in", "uniform"


class LecunNormal(_NamedScaling):
    """Truncated normal of variance `1 / fan_in`.

    Args:
        seed: int, `SeedGenerator` or None.
        input_axes: axes of the weight that count as inputs, see `VarianceScaling`.
        output_axes: axes that count as outputs.

    Reference:
        Klambauer et al., 2017, https://arxiv.org/abs/1706.02515

    Example:
        >>> values = keras.initializers.LecunNormal(seed=0)((100, 100))
        >>> round(float(values.std()), 2)
        0.1
    """

    _scaling = 1.0, "fan_in", "truncated_normal"


class Orthogonal(RandomInitializer):
    """Matrix with orthonormal rows or columns, whichever are fewer, times `gain`.

    The Q of the QR decomposition of normal draws, its signs chosen so that it is
    uniform among the orthogonal matrices. Axes before the last are flattened.

    Args:
        gain: float.
        seed: int, `SeedGenerator` or None.

    Reference:
        Saxe et al., 2014, https://arxiv.org/abs/1312.6120

    Example:
        >>> q = keras.initializers.Orthogonal(seed=0)((3, 2))
        >>> np.abs((q.T @ q).round(3)).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Shape, dtype: Any = None) -> np.ndarray:
        """Return an array of this shape and float dtype (None: `floatx()`).

        Raises:
            ValueError: if the shape has fewer than two axes.
        """
        if len(shape) < 2:
            raise ValueError(
                "Orthogonal initializer: the tensor must be at least two-dimensional, "
                f"got shape={tuple(shape)} of rank {len(shape)}."
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = max(rows, columns), min(rows, columns)
        q, r = np.linalg.qr(self._draw("untruncated_normal", tall, dtype))
        q = q * np.sign(np.diag(r))
        q = q.T if rows < columns else q
        return astype(self.gain * q.reshape(shape), dtype)
