"""Layers against overfitting: dropout, noise, a penalty on the output."""

from collections.abc import Sequence
from typing import Any

from .. import backend, ops, random, regularizers
from ..graph import Tensor
from .input_spec import InputSpec
from .layer import Layer
from .reshaping import standardize_data_format

__all__ = [
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
]


class _Noise(Layer):
    """A layer that disturbs its input in training, and else returns it as it is."""

    rate: float
    strength = "rate"  # the argument that says how much; 0 is nothing

    def _prepare(
        self, amount: float, seed: int | None, below_one: bool = False
    ) -> None:
        number = isinstance(amount, (int, float))
        if not number or not 0 <= amount <= 1 or (below_one and amount == 1):
            raise ValueError(
                f"`{self.strength}` of layer `{self.name}` must be a number between 0 "
                f"and 1{' (but not 1)' if below_one else ''}. Received: {amount!r}."
            )
        setattr(self, self.strength, amount)
        self.seed = seed
        if amount > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        amount = getattr(self, self.strength)  # traced where replicas differ in it
        if training and (backend.is_array(amount) or amount > 0):
            return self.disturb(inputs)
        return inputs

    def disturb(self, inputs: Tensor) -> Tensor:
        """Return the disturbed input."""
        raise NotImplementedError


def _noise_shape(layer: Layer, shape: Any) -> tuple[int | None, ...] | None:
    """Check `noise_shape`: `None`, or sizes of which some may be `None`."""
    if shape is None:
        return None
    if isinstance(shape, (tuple, list)) and all(
        size is None or (isinstance(size, int) and size > 0) for size in shape
    ):
        return tuple(shape)
    raise ValueError(
        f"`noise_shape` of layer `{layer.name}` must be a tuple or list of positive "
        f"integers and `None` (the input's own size). Received: {shape!r}."
    )


def _filled(layer: Layer, shape: Any, inputs: Tensor) -> tuple[int, ...]:
    """Return `noise_shape` with the input's sizes in place of `None`."""
    own = tuple(inputs.shape)
    if shape is None:
        return own
    if len(shape) != len(own) or any(
        s not in (None, 1, o) for s, o in zip(shape, own, strict=True)
    ):
        raise ValueError(
            f"`noise_shape` {tuple(shape)} of layer `{layer.name}` must broadcast to "
            f"the input, whose shape is {own}."
        )
    return tuple(o if s is None else s for s, o in zip(shape, own, strict=True))


class Dropout(_Noise):
    """Set inputs to 0 at random in training, and scale up the others.

    ``output = input * keep / (1 - rate)`` where `keep` is 0 with probability `rate`
    and else 1; so the expected sum stays. Outside training nothing happens.

    Args:
        rate: share of the inputs to drop, between 0 and 1.
        noise_shape: shape of `keep`, which is broadcast to the input; `None` entries
            are the input's sizes. `(None, 1, None)` drops whole time series.
        seed: integer that makes the noise repeatable.

    Input and output have the same shape.

    Raises:
        ValueError: `rate` or `noise_shape` is not as described.

    Reference: Srivastava et al., 2014, "Dropout: A Simple Way to Prevent Neural
    Networks from Overfitting".

    Example:
        >>> layer = keras.layers.Dropout(0.5, seed=0)
        >>> y = np.asarray(layer(np.ones((4, 100)), training=True))
        >>> sorted(set(y.ravel().tolist()))
        [0.0, 2.0]
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._prepare(rate, seed)
        self.noise_shape = _noise_shape(self, noise_shape)

    def disturb(self, inputs: Tensor) -> Tensor:
        return random.dropout(
            inputs,
            self.rate,
            noise_shape=self._keep_shape(inputs),
            seed=self.seed_generator,
        )

    def _keep_shape(self, inputs: Tensor) -> tuple[int, ...] | None:
        return _filled(self, self.noise_shape, inputs)


class _SpatialDropout(Dropout):
    """Dropout of whole channels of `ndim` axes."""

    ndim: int
    data_format: str = "channels_last"

    def __init__(self, rate: float, **kwargs: Any) -> None:
        super().__init__(rate, **kwargs)
        self.input_spec = InputSpec(ndim=self.ndim)

    def _keep_shape(self, inputs: Tensor) -> tuple[int, ...]:
        channel = 1 if self.data_format == "channels_first" else self.ndim - 1
        return tuple(
            size if axis in (0, channel) else 1
            for axis, size in enumerate(inputs.shape)
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["trainable"]  # the constructor takes none
        config["dtype"] = self.dtype_policy.name
        return config


class SpatialDropout1D(_SpatialDropout):
    """Drop whole channels of sequences, since neighbours in time say the same.

    Args:
        rate: share of the channels to drop, between 0 and 1.
        seed: integer that makes the noise repeatable.

    Input and output: `(batch, time, channels)`.

    Raises:
        ValueError: `rate` is not between 0 and 1.

    Reference: Tompson et al., 2014, "Efficient Object Localization Using Convolutional
    Networks".

    Example:
        >>> layer = keras.layers.SpatialDropout1D(0.5, seed=1)
        >>> y = np.asarray(layer(np.ones((2, 5, 3)), training=True))
        >>> bool((y == y[:, :1]).all())
        True
    """

    ndim = 3

    def __init__(
        self,
        rate: float,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype)


class SpatialDropout2D(_SpatialDropout):
    """Drop whole channels of images, since neighbouring pixels say the same.

    Args:
        rate: share of the channels to drop, between 0 and 1.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        seed: integer that makes the noise repeatable.

    Input and output: `(batch, rows, columns, channels)`, or with `"channels_first"`
    `(batch, channels, rows, columns)`.

    Raises:
        ValueError: `rate` is not between 0 and 1, or `data_format` is another word.

    Reference: Tompson et al., 2014, "Efficient Object Localization Using Convolutional
    Networks".

    Example:
        >>> layer = keras.layers.SpatialDropout2D(0.5, seed=1)
        >>> y = np.asarray(layer(np.ones((2, 4, 4, 3)), training=True))
        >>> bool((y == y[:, :1, :1]).all())
        True
    """

    ndim = 4

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        self.data_format = standardize_data_format(data_format)


class SpatialDropout3D(_SpatialDropout):
    """Drop whole channels of volumes, since neighbouring voxels say the same.

    Args:
        rate: share of the channels to drop, between 0 and 1.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        seed: integer that makes the noise repeatable.

    Input and output: `(batch, depth, rows, columns, channels)`, or with
    `"channels_first"` `(batch, channels, depth, rows, columns)`.

    Raises:
        ValueError: `rate` is not between 0 and 1, or `data_format` is another word.

    Reference: Tompson et al., 2014, "Efficient Object Localization Using Convolutional
    Networks".

    Example:
        >>> layer = keras.layers.SpatialDropout3D(0.5, seed=1)
        >>> y = np.asarray(layer(np.ones((2, 2, 2, 2, 3)), training=True))
        >>> bool((y == y[:, :1, :1, :1]).all())
        True
    """

    ndim = 5

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        self.data_format = standardize_data_format(data_format)


class GaussianNoise(_Noise):
    """Add normal noise in training: ``output = input + stddev * z``, `z` from N(0, 1).

    Args:
        stddev: standard deviation of the noise, between 0 and 1.
        seed: integer that makes the noise repeatable.

    Input and output have the same shape.

    Raises:
        ValueError: `stddev` is not between 0 and 1.

    Example:
        >>> layer = keras.layers.GaussianNoise(0.1, seed=1)
        >>> x = np.zeros(1000)
        >>> 0.09 < float(np.std(layer(x, training=True))) < 0.11
        True
    """

    stddev: float
    strength = "stddev"

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._prepare(stddev, seed)

    def disturb(self, inputs: Tensor) -> Tensor:
        return inputs + random.normal(
            inputs.shape,
            stddev=self.stddev,
            dtype=self.compute_dtype,
            seed=self.seed_generator,
        )


class GaussianDropout(_Noise):
    """Multiply by normal noise in training: ``output = input * z``, `z` from N(1, s²).

    ``s = sqrt(rate / (1 - rate))`` is the spread that dropout with this rate has.

    Args:
        rate: drop probability of the dropout that is imitated, from 0 to below 1.
        seed: integer that makes the noise repeatable.

    Input and output have the same shape.

    Raises:
        ValueError: `rate` is not between 0 and 1, or is 1 (infinite noise).

    Reference: Srivastava et al., 2014, "Dropout: A Simple Way to Prevent Neural
    Networks from Overfitting".

    Example:
        >>> layer = keras.layers.GaussianDropout(0.5, seed=1)
        >>> x = np.ones(1000)
        >>> 0.9 < float(np.std(layer(x, training=True))) < 1.1
        True
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._prepare(rate, seed, below_one=True)

    def disturb(self, inputs: Tensor) -> Tensor:
        return inputs * random.normal(
            inputs.shape,
            mean=1.0,
            stddev=(self.rate / (1 - self.rate)) ** 0.5,
            dtype=self.compute_dtype,
            seed=self.seed_generator,
        )


class AlphaDropout(_Noise):
    """Dropout that keeps mean 0 and variance 1, as self-normalizing networks need.

    Dropped inputs become ``m = -scale * alpha``, the value at which `selu` saturates;
    then ``output = a * x + b`` with ``a = ((1 - rate) * (1 + rate * m²)) ** -0.5`` and
    ``b = -a * rate * m``.

    Args:
        rate: share of the inputs to drop, from 0 to below 1.
        noise_shape: shape of the pattern, as in `Dropout`.
        seed: integer that makes the noise repeatable.

    Input and output have the same shape.

    Raises:
        ValueError: `rate` is not between 0 and 1, or is 1 (nothing would be left).

    Reference: Klambauer et al., 2017, "Self-Normalizing Neural Networks".

    Example:
        >>> layer = keras.layers.AlphaDropout(0.2, seed=1)
        >>> y = np.asarray(layer(np.zeros(1000), training=True))
        >>> sorted(set(y.tolist()))
        [-1.23..., 0.30...]
    """

    saturation = -1.0507009873554805 * 1.6732632423543772

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._prepare(rate, seed, below_one=True)
        _noise_shape(self, noise_shape)
        self.noise_shape = noise_shape

    def disturb(self, inputs: Tensor) -> Tensor:
        shape = _filled(self, self.noise_shape, inputs)
        kept = random.uniform(shape, seed=self.seed_generator) >= self.rate
        low = self.saturation
        a = ((1 - self.rate) * (1 + self.rate * low**2)) ** -0.5
        b = -a * low * self.rate
        return a * ops.where(kept, inputs, ops.cast(low, inputs.dtype)) + b


class ActivityRegularization(Layer):
    """Add a penalty on the input to the loss: ``l1 * sum(|x|) + l2 * sum(x²)``.

    The penalty is divided by the batch size. The output is the input.

    Args:
        l1: weight of the absolute values, at least 0.
        l2: weight of the squares, at least 0.

    Input and output have the same shape.

    Example:
        >>> layer = keras.layers.ActivityRegularization(l1=0.5)
        >>> y = layer(np.array([[1.0, -3.0], [0.0, 2.0]]))
        >>> float(layer.losses[0])
        1.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        return inputs

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("activity_regularizer", None)  # it is `l1` and `l2`
        return config
