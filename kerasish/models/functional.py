"""Models made of a graph: `Model(inputs, outputs)`, and their configs."""

import inspect
from typing import Any

from .. import registry
from ..legacy.arguments import accept
from ..legacy.methods import model_arguments
from ..saving import eras
from .graph_config import graph_config, graph_from_config
from .model import Model

__all__ = ["Functional"]


class Functional(Model):
    """A model defined by symbolic inputs and outputs; `Model(inputs, outputs)` is one.

    Args:
        inputs: symbolic tensors: one, a list, tuple or dict of them.
        outputs: likewise.
        name: default `"functional"` ...

    Example:
        >>> x = keras.Input((3,))
        >>> model = keras.Model(x, keras.layers.Dense(2)(x))
        >>> model(np.zeros((5, 3))).shape
        (5, 2)
    """

    def __init__(
        self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any
    ) -> None:
        trainable = kwargs.pop("trainable", None)
        super().__init__(inputs=inputs, outputs=outputs, name=name, **kwargs)
        if trainable is not None:
            self.trainable = trainable

    def get_config(self) -> dict[str, Any]:
        """Return the graph as a config that Keras reads too."""
        if type(self) is Functional or _takes_graph(type(self)):
            return {
                "name": self.name,
                "trainable": self.trainable,
                **graph_config(self._need_graph("config")),
            }
        return super().get_config()

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Make the model that `get_config` described."""
        with registry.CustomObjectScope(custom_objects), registry.looked_at(config):
            if "layers" not in config or "output_layers" not in config:
                return super().from_config(config)
            inputs, outputs = graph_from_config(eras.inner(config))
            model = cls(inputs=inputs, outputs=outputs, name=config.get("name"))
        if config.get("trainable") is False:
            model.trainable = False
        return model


def _takes_graph(cls: type) -> bool:
    names = inspect.signature(cls).parameters
    return "inputs" in names and "outputs" in names


accept([Functional], model_arguments)
