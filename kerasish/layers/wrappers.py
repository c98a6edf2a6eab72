"""Layers that hold another layer and do something with it."""

from typing import Any

from .. import backend, legacy, tree
from .layer import Layer

__all__ = ["Wrapper", "checked_layer"]


class Wrapper(Layer):
    """Base of layers that hold one other layer; a subclass writes `call`.

    Args:
        layer: the layer within; it is built with this one.

    Raises:
        ValueError: `layer` is no layer.

    Example:
        >>> class Twice(keras.layers.Wrapper):
        ...     def call(self, inputs):
        ...         return 2 * self.layer(inputs)
        >>> layer = Twice(keras.layers.Dense(1, kernel_initializer="ones"))
        >>> np.asarray(layer(np.ones((1, 3)))).tolist()
        [[6.0]]
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = checked_layer(layer, f"`layer` of layer `{self.name}`")

    def build(self, input_shape: Any = None) -> None:
        layer = self.layer
        if not layer.built and (type(layer).build is not Layer.build or layer._layers):
            layer.build(input_shape)
        layer.built = True

    def _in_own_type(self, outputs: Any) -> Any:
        """The outputs of the layer within in the dtype of this one, if they differ."""

        def cast(x: Any) -> Any:
            own = backend.is_float_dtype(backend.dtype_name(x))
            return backend.cast(x, self.compute_dtype) if own else x

        return tree.map_structure(cast, outputs)


def checked_layer(layer: Any, who: str) -> Layer:
    """Return `layer` if it is one."""
    if not isinstance(layer, Layer):
        raise ValueError(f"{who} must be a layer, such as `Dense(3)`, not {layer!r}.")
    return layer


# `TimeDistributed` and `Bidirectional` were here once.
__getattr__ = legacy.attributes(__name__)
