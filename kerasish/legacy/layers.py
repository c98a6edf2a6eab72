"""Layers that Keras 3 has no more, made of those that it has."""

from collections.abc import Callable, Sequence
from typing import Any

from .. import activations, initializers, layers, ops, registry
from ..graph import Tensor
from ..models import Functional
from .arguments import layer_arguments
from .words import CLASSES, merged

__all__ = [
    *("AtrousConvolution1D", "AtrousConvolution2D", "CuDNNGRU", "CuDNNLSTM"),
    *("Deconvolution2D", "Deconvolution3D", "Highway", "MaxoutDense", "Merge"),
    *("SyncBatchNormalization", "ThresholdedReLU", "TimeDistributedDense", "merge"),
]


def _renamed(name: str, **fixed: Any) -> Callable[..., Any]:
    """Return what makes the layer that an old class is today."""
    cls = getattr(layers, CLASSES.get(name, name))
    old = type("old", (), {"old_spelling": True})

    def make(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = layer_arguments(cls, old, args, kwargs)
        return cls(*args, **{**fixed, **kwargs})

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"Return a layer `{cls.__name__}`, which `{name}` is today."
    return make


AtrousConvolution1D = _renamed("AtrousConvolution1D")
AtrousConvolution2D = _renamed("AtrousConvolution2D")
SyncBatchNormalization = _renamed("SyncBatchNormalization", synchronized=True)
TimeDistributedDense = _renamed("TimeDistributedDense")
_transposed = {n: _renamed(f"Conv{n}DTranspose") for n in (2, 3)}


def CuDNNLSTM(units: int, **kwargs: Any) -> Any:
    """Return an `LSTM`; on each device it runs as fast as it can."""
    return layers.LSTM(units, **kwargs)


def CuDNNGRU(units: int, **kwargs: Any) -> Any:
    """Return a `GRU` that computes as CuDNN's does."""
    return layers.GRU(units, **{"reset_after": True, **kwargs})


def ThresholdedReLU(theta: float = 1.0, **kwargs: Any) -> Any:
    """Return a `ReLU` that passes what is above `theta` and nothing else."""
    return layers.ReLU(threshold=theta, **kwargs)


def Deconvolution2D(*args: Any, output_shape: Any = None, **kwargs: Any) -> Any:
    """Return a `Conv2DTranspose`, which finds the shape of its output itself.

    Args:
        output_shape: not needed, as argument of that name or in the fourth place.
        *args, **kwargs: `nb_filter`, `nb_row`, `nb_col` and the others of Keras 1.
    """
    return _transposed[2](*args[:3], **kwargs)


def Deconvolution3D(*args: Any, output_shape: Any = None, **kwargs: Any) -> Any:
    """Return a `Conv3DTranspose`; see `Deconvolution2D`."""
    return _transposed[3](*args[:4], **kwargs)


@registry.register_keras_serializable("keras1")
class Highway(layers.Layer):
    """``gate * activation(x @ kernel + bias) + (1 - gate) * x``, with a learnt gate.

    The gate is ``sigmoid(x @ gate_kernel + gate_bias)``; its bias begins at -2, so that
    the layer begins close to the identity (Srivastava et al. 2015).

    Args:
        activation: of the transformed part.
        init: initializer of both kernels.

    Example:
        >>> Highway = keras.legacy.layers.Highway
        >>> Highway(init="zeros")(np.ones((1, 2))).shape
        (1, 2)
    """

    def __init__(
        self, activation: Any = None, init: Any = "glorot_uniform", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.init = initializers.get(init)

    def build(self, input_shape: Any) -> None:
        """Make kernels and biases, those of the gate first."""
        size = input_shape[-1]
        below = initializers.Constant(-2.0)
        self.gate_kernel = self.add_weight((size, size), self.init, name="gate_kernel")
        self.gate_bias = self.add_weight((size,), below, name="gate_bias")
        self.kernel = self.add_weight((size, size), self.init, name="kernel")
        self.bias = self.add_weight((size,), "zeros", name="bias")

    def call(self, inputs: Tensor) -> Tensor:
        """Mix what is transformed with what came in."""
        gate = ops.sigmoid(ops.matmul(inputs, self.gate_kernel) + self.gate_bias)
        made = self.activation(ops.matmul(inputs, self.kernel) + self.bias)
        return gate * made + (1.0 - gate) * inputs


@registry.register_keras_serializable("keras1")
class MaxoutDense(layers.Layer):
    """The largest of several dense layers, unit by unit (Goodfellow et al. 2013).

    Args:
        output_dim: units.
        nb_feature: how many dense layers.
        init: initializer of the kernels.

    Example:
        >>> MaxoutDense = keras.legacy.layers.MaxoutDense
        >>> MaxoutDense(3, nb_feature=2)(np.ones((1, 4))).shape
        (1, 3)
    """

    def __init__(
        self, output_dim: int, nb_feature: int = 4, init: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.output_dim, self.nb_feature = output_dim, nb_feature
        self.init = initializers.get(init)

    def build(self, input_shape: Any) -> None:
        """Make all kernels as one array."""
        shape = (self.nb_feature, input_shape[-1], self.output_dim)
        self.kernel = self.add_weight(shape, self.init, name="kernel")
        self.bias = self.add_weight(shape[::2], "zeros", name="bias")

    def call(self, inputs: Tensor) -> Tensor:
        """Return the largest."""
        each = ops.einsum("bi,kio->bko", inputs, self.kernel) + self.bias
        return ops.max(each, axis=1)


def merge(
    inputs: Sequence[Any], mode: Any = "sum", concat_axis: int = -1,
    dot_axes: Any = -1, output_shape: Any = None, output_mask: Any = None,
    arguments: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Merge a list of tensors as `mode` says.

    Args:
        inputs: symbolic tensors or arrays.
        mode: "sum", "mul", "ave", "max", "concat", "dot", "cos", or a function of the
            list.
        concat_axis, dot_axes: for these modes.
        output_shape, output_mask, arguments: for a function, as in `Lambda`.
        name: of the layer that does it.

    Example:
        >>> from kerasish.legacy.layers import merge
        >>> merge([np.ones((1, 2)), np.ones((1, 3))], mode="concat").shape
        (1, 5)
    """
    inputs = list(inputs)
    if callable(mode):
        layer = layers.Lambda(mode, output_shape, output_mask, arguments, name=name)
        return layer(inputs)
    config = {"mode": mode, "concat_axis": concat_axis, "dot_axes": dot_axes}
    cosine = mode == "cos"
    cls, made = merged("`merge`", {**config, "mode": "dot" if cosine else mode})
    for old, new in (("concat_axis", "axis"), ("dot_axes", "axes")):
        if old in made:
            made[new] = made.pop(old)
    if cosine:
        made["normalize"] = True
    return getattr(layers, cls)(name=name, **made)(inputs)


def Merge(
    layers: Sequence[Any] | None = None, mode: Any = "sum", name: str | None = None,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """Merge the outputs of models or layers: the beginning of a `Sequential` model.

    Args:
        layers: models, or layers that were called, whose outputs are merged.
        mode, **kwargs: as in `merge`.
        name: of the model of several inputs that is returned.
    """
    parts = list(layers or ())
    inputs = [x for part in parts for x in _list(part.input)]
    inputs = list({id(x): x for x in inputs}.values())
    outputs = merge([part.output for part in parts], mode, **kwargs)
    return Functional(inputs, outputs, name=name)


def _list(x: Any) -> list[Any]:
    return list(x) if isinstance(x, (list, tuple)) else [x]
