"""Several layers in a row, as one, for data on its way into a model."""

from collections.abc import Sequence
from typing import Any

from .. import registry
from .layer import Layer
from .signature import call_signature
from .wrappers import checked_layer

__all__ = ["Pipeline"]


class Pipeline(Layer):
    """Apply layers one after the other: a chain of preprocessing.

    Unlike a `Sequential` model it is no model: it has no inputs of its own, and takes
    whatever its first layer takes, dictionaries too.

    Args:
        layers: list of layers.
        name: default "pipeline".

    Call arguments:
        inputs: those of the first layer.
        training: passed on to the layers that take it; True unless said otherwise.
        mask: of the inputs, passed on to the layers that take one.

    Returns:
        What the last layer returns; the inputs if there is none.

    Raises:
        ValueError: not all `layers` are layers.

    Example:
        >>> steps = [keras.layers.Flatten(), keras.layers.RepeatVector(2)]
        >>> keras.layers.Pipeline(steps)(np.ones((4, 3, 5))).shape
        (4, 2, 15)
    """

    def __init__(self, layers: Sequence[Any], name: str | None = None) -> None:
        super().__init__(name=name)
        who = f"Each of the `layers` of layer `{self.name}`"
        self.layers = [checked_layer(layer, who) for layer in layers]

    def call(self, inputs: Any, training: bool = True, mask: Any = None) -> Any:
        for layer in self.layers:
            takes = call_signature(type(layer))
            options = {"training": training} if takes.has_training else {}
            if takes.has_mask and mask is not None:
                options["mask"] = mask
            inputs = layer(inputs, **options)
        return inputs

    def get_config(self) -> dict[str, Any]:
        layers = [registry.serialize_keras_object(layer) for layer in self.layers]
        return {"name": self.name, "layers": layers}
