"""Functions about models of Keras 1 and 2."""

from typing import Any

from .. import registry
from ..saving import eras

__all__ = ["model_from_config"]


def model_from_config(
    config: dict[str, Any], custom_objects: dict[str, Any] | None = None
) -> Any:
    """Make a model from `{"class_name": ..., "config": ...}` of any era.

    Example:
        >>> from kerasish.legacy.models import model_from_config
        >>> dense = {"name": "d", "output_dim": 3, "batch_input_shape": [None, 2]}
        >>> layers = [{"class_name": "Dense", "config": dense}]
        >>> config = {"class_name": "Sequential", "config": layers}
        >>> model_from_config(config).output_shape
        (None, 3)
    """
    with registry.CustomObjectScope(custom_objects):
        return registry.deserialize_keras_object(eras.modern(config))
