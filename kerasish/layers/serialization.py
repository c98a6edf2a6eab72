"""Layers to configs and back."""

from collections.abc import Mapping
from typing import Any

from .. import registry
from .layer import Layer

__all__ = ["deserialize", "serialize"]


def serialize(layer: Layer) -> dict[str, Any]:
    """Turn a layer into a config of plain values, without its weights.

    Args:
        layer: a layer of ours, or of a registered class.

    Example:
        >>> keras.layers.serialize(keras.layers.Dense(3))["config"]["units"]
        3
    """
    return registry.serialize_keras_object(layer)


def deserialize(
    config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Layer:
    """Make the layer that `serialize` described, with new weights.

    Args:
        config: what `serialize` returned.
        custom_objects: name -> class or function that the config may mention.

    Raises:
        ValueError: the config describes something else than a layer, or mentions a
            name that is not known.

    Example:
        >>> config = keras.layers.serialize(keras.layers.Dense(3))
        >>> keras.layers.deserialize(config).units
        3
    """
    made = registry.deserialize_keras_object(config, custom_objects)
    if not isinstance(made, Layer):
        raise ValueError(
            "`deserialize` expects the config of a layer, but this one describes "
            f"{made!r}: {config}."
        )
    return made
