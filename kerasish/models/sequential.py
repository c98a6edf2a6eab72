"""Models that are a stack of layers."""

from collections.abc import Sequence
from typing import Any

from .. import registry
from ..graph import Operation, is_symbolic
from ..layers.input import Input, InputLayer
from ..layers.layer import Layer
from ..saving import eras
from .function import Function, conform, graph_values, run_graph, with_masks
from .model import Model
from .texts import is_cut

__all__ = ["Sequential"]


class Sequential(Model):
    """A stack of layers: the output of each is the input of the next.

    Args:
        layers: the layers; more with `add`. `Input(shape)` first builds at once,
            otherwise the first data do.
        trainable: whether the weights are trained.
        name: default `"sequential"` ...

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> model.output_shape
        (None, 2)
    """

    _bookkeeping = ("_stack",)  # not the user's: `layers` has what holds weights

    def __init__(
        self,
        layers: Sequence[Any] | None = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable=trainable, name=name, **kwargs)
        self._stack: list[Layer] = []
        self._graph: Function | None = None
        for layer in layers or ():
            self._append(layer)
        self._rebuild()

    @property
    def _layers(self) -> list[Layer]:
        return self._stack

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input layer."""
        return [x for x in self._stack if not isinstance(x, InputLayer)]

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer on top.

        Raises:
            ValueError: if it is no layer, or its name is taken.
        """
        self._append(layer)
        if rebuild:
            self._rebuild()

    def _append(self, layer: Any) -> None:
        if is_symbolic(layer) and layer.node is not None:
            layer = layer.node.operation
        if not isinstance(layer, Layer):
            if not callable(layer):
                raise ValueError(
                    f"Only layers can be put into the Sequential model `{self.name}`, "
                    f"got {layer!r} of type {type(layer).__name__}."
                )
            layer = registry.namespace("layers")["Lambda"](layer)
        if any(x.name == layer.name for x in self._stack):
            raise ValueError(
                f"All layers of the Sequential model `{self.name}` need names of their "
                f"own: `{layer.name}` is taken. Pass `name=` to the layer."
            )
        if isinstance(layer, InputLayer) and self._stack:
            raise ValueError(
                f"The Sequential model `{self.name}` begins with "
                f"`{self._stack[0].name}`; an Input can only come first."
            )
        if not self._stack and layer._sample_shape is not None:
            shape = layer._sample_shape
            self._stack.append(Input(batch_shape=shape).node.operation)  # type: ignore[union-attr,arg-type]
        self._stack.append(layer)

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the top layer off and return it."""
        layer = self._stack.pop()
        self.built, self._graph = False, None
        if rebuild:
            self._rebuild()
        return layer

    def _rebuild(self) -> None:
        """Build at once if the input's shape is known."""
        self.built, self._graph = False, None
        first = self._stack[0] if self._stack else None
        if isinstance(first, InputLayer) and len(self._stack) > 1:
            self.build(first.batch_shape)
        elif isinstance(first, Model) and first._graph is not None:
            self.build(first.input_shape)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of `input_shape` (with batch axis)."""
        if not self._stack:
            raise ValueError(
                f"The Sequential model `{self.name}` has no layers: `add` some."
            )
        if input_shape is None:
            raise ValueError(
                f"Pass the input's shape to build the Sequential model `{self.name}`, "
                "for instance `build((None, 4))`, or begin it with `Input`."
            )
        first = self._stack[0]
        if isinstance(first, Model) and len(first.inputs or ()) > 1:
            x = start = [
                Input(batch_shape=t.shape, dtype=t.dtype) for t in first.inputs
            ]
        elif not isinstance(first, InputLayer):
            dtype = "int32" if type(first).__name__ == "Embedding" else None
            tensor = Input(batch_shape=input_shape, dtype=dtype)
            self._stack.insert(0, tensor.node.operation)  # type: ignore[union-attr,arg-type]
        if isinstance(self._stack[0], InputLayer):
            x = start = self._stack[0].output
        for layer in self.layers:
            x = layer(x)
        self._graph = Function(start, x)
        self.built = True

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Run the layers one after the other."""
        if is_cut(inputs):
            return run_graph(self._need_graph("output"), inputs, self.name)
        first = self._stack[0] if self._stack else None
        inputs = with_masks(inputs, mask)
        if isinstance(first, InputLayer):
            if self._graph is not None and _holds_arrays(inputs):
                (inputs,) = graph_values(self._graph, inputs, self.name)
            elif not isinstance(inputs, list):
                inputs = conform(inputs, first.output, self.name)
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the layers' configs."""
        config = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": registry.serialize_keras_object(self.dtype_policy),
            "layers": [registry.serialize_keras_object(x) for x in self._stack],
        }
        if self.built and self._stack and isinstance(self._stack[0], InputLayer):
            config["build_input_shape"] = self._stack[0].batch_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Make the model that `get_config` described."""
        with registry.CustomObjectScope(custom_objects), registry.looked_at(config):
            config = eras.inner(config)
            layers = [registry.deserialize_keras_object(x) for x in config["layers"]]
            for layer in layers:
                if not isinstance(layer, Operation):
                    raise ValueError(
                        f"The config names {layer!r} where a layer belongs."
                    )
        model = cls(layers, name=config.get("name"))
        if config.get("dtype") is not None:
            model.dtype_policy = registry.deserialize_keras_object(config["dtype"])
        if config.get("trainable") is False:
            model.trainable = False
        shape = config.get("build_input_shape")
        if not model.built and shape:
            model.build(tuple(shape))
        return model


def _holds_arrays(inputs: Any) -> bool:
    """Say whether inputs are a dictionary or a list of arrays, not lists of numbers."""
    if isinstance(inputs, (list, tuple)):
        return bool(inputs) and bool(getattr(inputs[0], "shape", ()))
    return isinstance(inputs, dict)
