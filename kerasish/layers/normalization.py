"""Layers that shift and scale their input to a standard range."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

from .. import config, constraints, initializers, ops, regularizers
from ..graph import Tensor
from ..variable import Variable
from .input_spec import InputSpec
from .layer import Layer

__all__ = [
    "BatchNormalization",
    "GroupNormalization",
    "LayerNormalization",
    "RMSNormalization",
    "UnitNormalization",
]

Shape = tuple[int | None, ...]
_FIND = {
    "initializer": initializers.get,
    "regularizer": regularizers.get,
    "constraint": constraints.get,
}


def _wide(x: Tensor) -> Tensor:
    """Statistics of half-precision numbers are computed in float32."""
    name = ops.dtype(x)
    return x if name in ("float32", "float64") else ops.cast(x, "float32")


def _broadcast(weight: Any, like: Tensor, axes: Sequence[int]) -> Tensor:
    """Reshape a weight that has the sizes of `like` along `axes` to its rank."""
    rank = len(like.shape)
    held = {axis % rank for axis in axes}
    shape = tuple(size if i in held else 1 for i, size in enumerate(like.shape))
    return ops.reshape(ops.cast(weight, like.dtype), shape)


def _known_sizes(
    layer: Layer, input_shape: Shape, axes: Sequence[int]
) -> tuple[int, ...]:
    """Return the sizes along `axes`, which must exist and be known."""
    rank = len(input_shape)
    for axis in axes:
        if not -rank <= axis < rank or input_shape[axis] is None:
            raise ValueError(
                f"Layer `{layer.name}` has weights along axis {axis}, which its input "
                "must have and whose size must be known. Received input of shape "
                f"{tuple(input_shape)}."
            )
    return tuple(input_shape[axis] or 0 for axis in axes)


class _Normalization(Layer):
    """What the layers with a scale `gamma` and an offset `beta` share."""

    epsilon: float

    gamma: Variable | None = None
    beta: Variable | None = None

    def _set_affine(self, center: bool, scale: bool, **options: Any) -> None:
        """Store the constructor arguments that say what gamma and beta are."""
        self.center, self.scale = center, scale
        for name, value in options.items():
            setattr(self, name, _FIND[name.rsplit("_", 1)[-1]](value))

    def _add_affine(self, shape: Sequence[int | None]) -> None:
        for name, wanted in (("gamma", self.scale), ("beta", self.center)):
            if wanted:
                weight = self.add_weight(
                    name=name,
                    shape=tuple(shape),
                    initializer=getattr(self, f"{name}_initializer"),
                    regularizer=getattr(self, f"{name}_regularizer"),
                    constraint=getattr(self, f"{name}_constraint"),
                )
                setattr(self, name, weight)

    def _affine(self, x: Tensor, axes: Sequence[int]) -> Tensor:
        """Return ``x * gamma + beta`` in the compute dtype."""
        if self.gamma is not None:
            x = x * _broadcast(self.gamma, x, axes)
        if self.beta is not None:
            x = x + _broadcast(self.beta, x, axes)
        return ops.cast(x, self.compute_dtype)


def _listed(axis: int | Sequence[int]) -> list[int]:
    return [axis] if isinstance(axis, int) else sorted(axis)


def _axes(layer: Layer, axis: Any) -> int | list[int]:
    """Check an `axis` argument that is an integer or a list of them."""
    if isinstance(axis, int):
        return axis
    if isinstance(axis, (list, tuple)) and all(isinstance(a, int) for a in axis):
        if len(set(axis)) == len(axis):
            return list(axis)
        raise ValueError(
            f"`axis` of layer `{layer.name}` has the same axis twice: {axis!r}."
        )
    raise TypeError(
        f"`axis` of layer `{layer.name}` must be an integer or a list of integers, "
        f"not {axis!r}."
    )


class BatchNormalization(_Normalization):
    """Normalize each channel by mean and variance of the batch.

    ``output = gamma * (input - mean) / sqrt(variance + epsilon) + beta``

    In training mean and variance (the biased one) are those of the batch, over all axes
    but `axis`, and update the moving ones:
    ``moving = momentum * moving + (1 - momentum) * batch``. Otherwise, and when
    `trainable` is false, the moving ones are used. A mask takes steps out of the
    statistics. In half precision statistics are computed in float32.

    Args:
        axis: the axis of the channels.
        momentum: how slowly the moving statistics follow.
        epsilon: small number against division by zero.
        center, scale: whether to have `beta`, `gamma`.
        beta_initializer, gamma_initializer, moving_mean_initializer,
            moving_variance_initializer: how the weights start.
        beta_regularizer, gamma_regularizer: penalties that are added to the loss.
        beta_constraint, gamma_constraint: applied after each update.
        renorm: batch renormalization: in training the result is corrected by
            ``r = sd / renorm_sd`` and ``d = (mean - renorm_mean) / renorm_sd``, so that
            training and use agree: ``x * r + d`` for the normalized `x`.
        renorm_clipping: dict of bounds `"rmin"`, `"rmax"` of r and `"dmax"` of ±d.
        renorm_momentum: momentum of `renorm_mean` and `renorm_stddev`.
        synchronized: accepted; statistics always are those of the whole batch, also
            where it is spread over devices.

    Call arguments:
        inputs: any rank from 2.
        training: whether to use, and learn from, the statistics of the batch.
        mask: false where a step (all but the last axis of the input) is to be skipped.

    Input and output have the same shape.

    Raises:
        ValueError: the size along `axis` is unknown, the mask has another rank, or
            `renorm_clipping` has unknown keys or an empty range.

    Reference: Ioffe & Szegedy, 2015, "Batch Normalization"; Ioffe, 2017, "Batch
    Renormalization".

    Example:
        >>> layer = keras.layers.BatchNormalization(epsilon=0.0)
        >>> np.asarray(layer(np.array([[1.0], [3.0]]), training=True)).tolist()
        [[-1.0], [1.0]]
    """

    moving_mean_initializer: Any
    moving_variance_initializer: Any
    moving_mean: Variable
    moving_variance: Variable
    moving_stddev: Variable
    renorm_mean: Variable
    renorm_stddev: Variable

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: dict[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if int(axis) != axis:
            raise TypeError(
                f"`axis` of layer `{self.name}` must be an integer: {axis!r}"
            )
        self.axis = int(axis)
        self.momentum = momentum
        self.epsilon = epsilon
        self._set_affine(
            center,
            scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            moving_mean_initializer=moving_mean_initializer,
            moving_variance_initializer=moving_variance_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )
        self.renorm = renorm
        self.renorm_clipping = renorm_clipping or ({} if renorm else renorm_clipping)
        self.renorm_momentum = renorm_momentum
        self.synchronized = synchronized
        self.supports_masking = True
        if renorm:
            self._check_clipping(self.renorm_clipping or {})

    def _check_clipping(self, bounds: dict[str, float]) -> None:
        where = f"`renorm_clipping` of layer `{self.name}`"
        if unknown := set(bounds) - {"rmin", "rmax", "dmax"}:
            raise ValueError(
                f"{where} may have the keys 'rmin', 'rmax', 'dmax'. Received: "
                f"{sorted(unknown)}."
            )
        if bounds.get("rmin", 0) > bounds.get("rmax", math.inf):
            raise ValueError(f"{where} must have rmin ≤ rmax. Received: {bounds}.")

    def build(self, input_shape: Shape) -> None:
        shape = _known_sizes(self, input_shape, [self.axis])
        self._add_affine(shape)
        starts = {
            "moving_mean": self.moving_mean_initializer,
            "moving_variance": self.moving_variance_initializer,
        }
        if self.renorm:
            starts |= {
                "moving_stddev": self._root_of_variance,
                "renorm_mean": self.moving_mean_initializer,
                "renorm_stddev": self._root_of_variance,
            }
        for name, initializer in starts.items():
            weight = self.add_weight(
                name=name,
                shape=shape,
                initializer=initializer,
                trainable=False,
                autocast=False,
            )
            setattr(self, name, weight)
        spec = {self.axis: shape[0]}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=spec)

    def _root_of_variance(self, shape: Any, dtype: Any = None) -> Tensor:
        return ops.sqrt(self.moving_variance_initializer(shape, dtype))

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = _wide(inputs)
        if training and self.trainable:
            mean, variance = self._moments(x, mask)
            correct = self._learn(x, mean, variance)
        else:
            moving = self.moving_mean, self.moving_variance
            mean, variance = (_broadcast(m, x, [self.axis]) for m in moving)
            correct = None
        x = (x - mean) * ops.rsqrt(variance + self.epsilon)
        if correct is not None:
            r, d = correct
            x = x * r + d
        return self._affine(x, [self.axis])

    def _moments(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean and variance of each channel, with axes of size 1 for the others."""
        rank = len(x.shape)
        axes = [i for i in range(rank) if i != self.axis % rank]
        if mask is None:
            return ops.moments(x, axes, keepdims=True)
        if len(mask.shape) != rank - 1:
            raise ValueError(
                f"The mask of layer `{self.name}` must have one axis less than its "
                f"input of shape {tuple(x.shape)}. Received a mask of shape "
                f"{tuple(mask.shape)}."
            )
        weight = ops.expand_dims(ops.cast(mask, x.dtype), -1)
        weight = weight * ops.ones_like(x)
        total = ops.sum(weight, axes, keepdims=True) + config.epsilon()
        mean = ops.sum(weight * x, axes, keepdims=True) / total
        squares = ops.sum(weight * ops.square(x - mean), axes, keepdims=True)
        return mean, squares / total

    def _learn(
        self, x: Tensor, mean: Tensor, variance: Tensor
    ) -> tuple[Tensor, Tensor] | None:
        """Update the moving statistics; return r and d of the renormalization."""
        self._follow("moving_mean", mean, self.momentum)
        if not self.renorm:
            self._follow("moving_variance", variance, self.momentum)
            return None
        stddev = ops.sqrt(variance + self.epsilon)
        target = _broadcast(self.renorm_mean, x, [self.axis])
        spread = _broadcast(self.renorm_stddev, x, [self.axis])
        low, high, shift = (
            (self.renorm_clipping or {}).get(key, default)
            for key, default in (("rmin", 0.0), ("rmax", math.inf), ("dmax", math.inf))
        )
        r = ops.clip(stddev / spread, low, high)
        d = ops.clip((mean - target) / spread, -shift, shift)
        self._follow("renorm_mean", mean, self.renorm_momentum)
        self._follow("renorm_stddev", stddev, self.renorm_momentum)
        self._follow("moving_stddev", stddev, self.momentum)
        self.moving_variance.assign(ops.square(self.moving_stddev) - self.epsilon)
        return ops.stop_gradient(r), ops.stop_gradient(d)

    def _follow(self, name: str, batch: Tensor, momentum: float) -> None:
        """Move a statistic towards that of the batch."""
        moving = getattr(self, name)
        batch = ops.stop_gradient(ops.reshape(batch, moving.shape))
        batch = ops.cast(batch, moving.dtype)
        moving.assign(moving * momentum + batch * (1 - momentum))


class LayerNormalization(_Normalization):
    """Normalize each sample by mean and variance of its own features.

    ``output = gamma * (input - mean) / sqrt(variance + epsilon) + beta`` with mean and
    variance over `axis`. In half precision they are computed in float32.

    Args:
        axis: the axis, or list of axes, of the features.
        epsilon: small number against division by zero.
        center, scale: whether to have `beta`, `gamma`, of the input's sizes along
            `axis`.
        beta_initializer, gamma_initializer: how the weights start.
        beta_regularizer, gamma_regularizer: penalties that are added to the loss.
        beta_constraint, gamma_constraint: applied after each update.

    Input and output have the same shape.

    Raises:
        TypeError: `axis` is neither an integer nor a list of integers.
        ValueError: the size along `axis` is unknown.

    Reference: Ba et al., 2016, "Layer Normalization".

    Example:
        >>> layer = keras.layers.LayerNormalization(epsilon=0.0)
        >>> np.asarray(layer(np.array([[1.0, 3.0], [0.0, 10.0]]))).tolist()
        [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        self.rms_scaling = kwargs.pop("rms_scaling", False)
        if self.rms_scaling:
            warnings.warn(
                "`rms_scaling` of `LayerNormalization` divides by the standard "
                "deviation, not the root mean square; use `RMSNormalization`.",
                stacklevel=2,
            )
        super().__init__(**kwargs)
        self.axis = _axes(self, axis)
        self.epsilon = epsilon
        self._set_affine(
            center,
            scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        self.axis = _listed(self.axis)
        sizes = _known_sizes(self, input_shape, self.axis)
        if self.rms_scaling:
            self.center, center = False, self.center
            self._add_affine(sizes)
            self.center = center
        else:
            self._add_affine(sizes)

    def call(self, inputs: Tensor) -> Tensor:
        x = _wide(inputs)
        mean, variance = ops.moments(x, _listed(self.axis), keepdims=True)
        if not self.rms_scaling:
            x = x - mean
        return self._affine(x * ops.rsqrt(variance + self.epsilon), _listed(self.axis))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"rms_scaling": self.rms_scaling}


class GroupNormalization(_Normalization):
    """Normalize each group of channels of each sample by its mean and variance.

    ``output = gamma * (input - mean) / sqrt(variance + epsilon) + beta`` with mean and
    variance over all axes but the batch, within a group of neighbouring channels. One
    group is layer normalization of the sample, as many as channels is instance
    normalization.

    Args:
        groups: number of groups; the number of channels must be a multiple of it. -1 is
            a group per channel.
        axis: the axis of the channels.
        epsilon: small number against division by zero.
        center, scale: whether to have `beta`, `gamma`, one number per channel.
        beta_initializer, gamma_initializer: how the weights start.
        beta_regularizer, gamma_regularizer: penalties that are added to the loss.
        beta_constraint, gamma_constraint: applied after each update.

    Input and output have the same shape.

    Raises:
        ValueError: the number of channels is unknown, or no multiple of `groups`.

    Reference: Wu & He, 2018, "Group Normalization".

    Example:
        >>> layer = keras.layers.GroupNormalization(groups=2, epsilon=0.0)
        >>> np.asarray(layer(np.array([[1.0, 3.0, 0.0, 10.0]]))).tolist()
        [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(axis, int):
            raise TypeError(
                f"`axis` of layer `{self.name}` must be an integer, not {axis!r}."
            )
        self.groups = groups
        self.axis = axis
        self.epsilon = epsilon
        self._set_affine(
            center,
            scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        (channels,) = _known_sizes(self, input_shape, [self.axis])
        if self.groups == -1:
            self.groups = channels
        if self.groups < 1 or channels % self.groups:
            raise ValueError(
                f"Layer `{self.name}`: the number of channels must be a multiple of "
                f"`groups` {self.groups}, but axis {self.axis} of the input of shape "
                f"{tuple(input_shape)} has size {channels}."
            )
        self._add_affine([channels])
        spec = {self.axis: channels}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=spec)

    def call(self, inputs: Tensor) -> Tensor:
        shape = tuple(inputs.shape)
        axis = self.axis % len(shape)
        inner = (self.groups, shape[axis] // self.groups)
        x = ops.reshape(_wide(inputs), shape[:axis] + inner + shape[axis + 1 :])
        over = [i for i in range(1, len(shape) + 1) if i != axis]
        mean, variance = ops.moments(x, over, keepdims=True)
        x = (x - mean) * ops.rsqrt(variance + self.epsilon)
        return self._affine(ops.reshape(x, shape), [axis])


class RMSNormalization(Layer):
    """Divide by the root mean square: ``x / sqrt(mean(x²) + epsilon) * scale``.

    The mean is over `axis`. In half precision it is computed in float32.

    Args:
        axis: the axis, or list of axes, of the features.
        epsilon: small number against division by zero.

    Input and output have the same shape; `scale` has the input's sizes along `axis`.

    Raises:
        TypeError: `axis` is neither an integer nor a list of integers.
        ValueError: the size along `axis` is unknown.

    Reference: Zhang & Sennrich, 2019, "Root Mean Square Layer Normalization".

    Example:
        >>> layer = keras.layers.RMSNormalization()
        >>> np.allclose(layer(np.array([[1.0, 7.0]])), [[0.2, 1.4]])
        True
    """

    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        _axes(self, axis)
        self.axis = axis
        self.epsilon = epsilon

    def build(self, input_shape: Shape) -> None:
        self.axis = _listed(self.axis)
        sizes = _known_sizes(self, input_shape, self.axis)
        self.scale = self.add_weight(name="scale", shape=sizes, initializer="ones")

    def call(self, x: Tensor) -> Tensor:
        wide = _wide(x)
        axes = _listed(self.axis)
        square = ops.mean(ops.square(wide), axis=tuple(axes), keepdims=True)
        wide = wide * ops.rsqrt(square + self.epsilon)
        wide = wide * _broadcast(self.scale, wide, axes)
        return ops.cast(wide, self.compute_dtype)


class UnitNormalization(Layer):
    """Scale to length 1: ``output = x / sqrt(sum(x²))``, the sum being over `axis`.

    Args:
        axis: the axis, or list of axes, of the vectors.

    Input and output have the same shape. A vector of zeros stays one.

    Raises:
        TypeError: `axis` is neither an integer nor a list of integers.

    Example:
        >>> layer = keras.layers.UnitNormalization()
        >>> np.allclose(layer(np.array([[3.0, 4.0]])), [[0.6, 0.8]])
        True
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = _axes(self, axis)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        x = _wide(inputs)
        axes = tuple(_listed(self.axis))
        square = ops.sum(ops.square(x), axis=axes, keepdims=True)
        # The bound is tiny, and keeps the gradient at 0 finite.
        x = x * ops.rsqrt(ops.maximum(square, 1e-24))
        return ops.cast(x, self.compute_dtype)
