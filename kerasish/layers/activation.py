"""Activations as layers."""

from collections.abc import Sequence
from typing import Any

from .. import activations, constraints, initializers, ops, regularizers
from ..graph import Tensor
from .input_spec import InputSpec
from .layer import Layer

__all__ = ["ELU", "Activation", "LeakyReLU", "PReLU", "ReLU", "Softmax"]


def _not_negative(layer: Layer, argument: str, value: Any) -> float:
    if value is None or value < 0:
        raise ValueError(
            f"`{argument}` of layer `{layer.name}` must be a number that is not "
            f"negative. Received: {value!r}."
        )
    return value


class Activation(Layer):
    """Apply a function element by element: ``output = activation(input)``.

    Args:
        activation: function, or name of one (see `keras.activations`); `None` is the
            identity.

    Input and output have the same shape.

    Raises:
        ValueError: there is no activation of that name.

    Example:
        >>> layer = keras.layers.Activation("relu")
        >>> np.asarray(layer(np.array([-3.0, 0.0, 2.0]))).tolist()
        [0.0, 0.0, 2.0]
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        return self.activation(inputs)


class ReLU(Layer):
    """Rectified linear unit: ``output = min(max(input, 0), max_value)``, generalized.

    Above `threshold` the input is kept (up to `max_value`); below it the output is
    ``negative_slope * (input - threshold)``.

    Args:
        max_value: largest output, not negative; `None` is no bound.
        negative_slope: slope below the threshold, not negative.
        threshold: where the rectification happens, not negative.

    Input and output have the same shape.

    Raises:
        ValueError: one of the arguments is negative.

    Example:
        >>> layer = keras.layers.ReLU(max_value=6.0, negative_slope=0.5)
        >>> np.asarray(layer(np.array([-2.0, 3.0, 9.0]))).tolist()
        [-1.0, 3.0, 6.0]
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if max_value is not None:
            _not_negative(self, "max_value", max_value)
        self.max_value = max_value
        self.negative_slope = _not_negative(self, "negative_slope", negative_slope)
        self.threshold = _not_negative(self, "threshold", threshold)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        return activations.relu(
            inputs,
            negative_slope=self.negative_slope,
            max_value=self.max_value,
            threshold=self.threshold,
        )


class LeakyReLU(Layer):
    """A rectifier that leaks: ``input`` above 0, ``negative_slope * input`` below.

    Args:
        negative_slope: slope below 0, not negative. (`alpha` is its old name.)

    Input and output have the same shape.

    Raises:
        ValueError: the slope is negative or `None`.

    Example:
        >>> layer = keras.layers.LeakyReLU(negative_slope=0.5)
        >>> np.asarray(layer(np.array([-2.0, 0.0, 4.0]))).tolist()
        [-1.0, 0.0, 4.0]
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.negative_slope = _not_negative(self, "negative_slope", negative_slope)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)


class PReLU(Layer):
    """A rectifier that learns its slopes: ``max(input, 0) + alpha * min(input, 0)``.

    Args:
        alpha_initializer: how the slopes start.
        alpha_regularizer: penalty on the slopes that is added to the loss.
        alpha_constraint: applied to the slopes after each update.
        shared_axes: axes (1 is the first after the batch) along which all inputs have
            the same slope, e.g. `[1, 2]` for one slope per channel of an image.

    Input and output have the same shape; `alpha` has it too, without the batch axis
    and with size 1 along `shared_axes`.

    Raises:
        ValueError: the input's shape is unknown along an axis that is not shared.

    Reference: He et al., 2015, "Delving Deep into Rectifiers".

    Example:
        >>> layer = keras.layers.PReLU(alpha_initializer="ones", shared_axes=[1])
        >>> np.asarray(layer(np.array([[-2.0, 3.0]]))).tolist(), layer.alpha.shape
        ([[-2.0, 3.0]], (1,))
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        if isinstance(shared_axes, int):
            shared_axes = [shared_axes]
        self.shared_axes = None if shared_axes is None else list(shared_axes)
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        rank, shared = len(input_shape), self.shared_axes or []
        if not all(0 < axis < rank for axis in shared):
            raise ValueError(
                f"`shared_axes` of layer `{self.name}` must be between 1 and "
                f"{rank - 1} for an input of shape {tuple(input_shape)}, "
                f"not {shared}."
            )
        shape = {a: 1 if a in shared else input_shape[a] for a in range(1, rank)}
        if unknown := [axis for axis, size in shape.items() if size is None]:
            raise ValueError(
                f"Layer `{self.name}` has a slope per input, so that the axes "
                f"{unknown} of its input of shape {tuple(input_shape)} must be known, "
                "or stand in `shared_axes`."
            )
        self.alpha = self.add_weight(
            name="alpha",
            shape=tuple(shape.values()),
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        own = {axis: size for axis, size in shape.items() if axis not in shared}
        self.input_spec = InputSpec(ndim=rank, axes=own)

    def call(self, inputs: Tensor) -> Tensor:
        return activations.relu(inputs) - self.alpha * activations.relu(-inputs)


class ELU(Layer):
    """Exponential linear unit: ``input`` above 0, ``alpha * (exp(input) - 1)`` below.

    Args:
        alpha: the negative of the limit at minus infinity.

    Input and output have the same shape.

    Reference: Clevert et al., 2016, "Fast and Accurate Deep Network Learning by
    Exponential Linear Units (ELUs)".

    Example:
        >>> layer = keras.layers.ELU(alpha=2.0)
        >>> np.asarray(layer(np.array([-1.0, 0.0, 3.0]))).tolist()
        [-1.264..., 0.0, 3.0]
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        return activations.elu(inputs, alpha=self.alpha)


class Softmax(Layer):
    """Turn scores into shares that sum to 1: ``exp(x) / sum(exp(x))`` along `axis`.

    Args:
        axis: axis, or list of axes, along which the shares sum to 1.

    Call arguments:
        inputs: scores.
        mask: same shape as `inputs` or one that broadcasts to it; where it is false the
            share is 0 (also where all of a row is masked).

    Input and output have the same shape.

    Raises:
        ValueError: the mask does not broadcast to the input.

    Example:
        >>> layer = keras.layers.Softmax()
        >>> x = np.array([[0.0, 0.0, 5.0]])
        >>> np.asarray(layer(x, mask=np.array([[True, True, False]]))).tolist()
        [[0.5, 0.5, 0.0]]
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            return self._softmax(inputs)
        self._check_mask(inputs, mask)
        mask = ops.cast(mask, "bool")
        # Half the lowest number: the maximum can still be subtracted from it.
        low = -3e4 if self.compute_dtype == "float16" else -1e38
        shares = self._softmax(ops.where(mask, inputs, ops.cast(low, inputs.dtype)))
        return ops.where(mask, shares, ops.zeros_like(shares))

    def _softmax(self, inputs: Tensor) -> Tensor:
        if isinstance(self.axis, int):
            return activations.softmax(inputs, axis=self.axis)
        total = ops.logsumexp(inputs, axis=tuple(self.axis), keepdims=True)
        return ops.exp(inputs - total)

    def _check_mask(self, inputs: Tensor, mask: Tensor) -> None:
        same = len(mask.shape) <= len(inputs.shape) and all(
            m in (1, i)
            for m, i in zip(mask.shape[::-1], inputs.shape[::-1], strict=False)
        )
        if not same:
            raise ValueError(
                f"The mask of layer `{self.name}` must broadcast to the input of shape "
                f"{tuple(inputs.shape)}, but has shape {tuple(mask.shape)}."
            )
