"""Configs without modules, as objects were described before Keras 3."""

import inspect
from collections.abc import Mapping
from typing import Any

from .. import registry

__all__ = ["deserialize_keras_object", "serialize_keras_object"]


def serialize_keras_object(instance: Any) -> Any:
    """Return `{"class_name": ..., "config": ...}`, or a function's name.

    Example:
        >>> keras.legacy.saving.serialize_keras_object(keras.initializers.Ones())
        {'class_name': 'Ones', 'config': {}}
    """
    if instance is None:
        return None
    made = registry.serialize_keras_object(instance)
    if not isinstance(made, dict) or made.get("class_name") == "function":
        return made["config"] if isinstance(made, dict) else made
    name = made["registered_name"] or made["class_name"]
    return {"class_name": name, "config": made["config"]}


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """Return the object of a config without modules, or the function of a name.

    Args:
        identifier: what `serialize_keras_object` returned; objects come back as is.
        module_objects: name -> class or function, to look at last.
        custom_objects: the same, to look at first.
        printable_module_name: for errors.

    Raises:
        ValueError: for a name that is not known.

    Example:
        >>> config = {"class_name": "Ones", "config": {}}
        >>> keras.legacy.saving.deserialize_keras_object(config)
        <Ones>
    """
    if isinstance(identifier, str):
        found = _find(identifier, module_objects, custom_objects, printable_module_name)
        return found() if inspect.isclass(found) else found
    if not isinstance(identifier, dict):
        return identifier
    if not {"class_name", "config"} <= set(identifier):
        raise ValueError(
            f"A config of {printable_module_name!r} has `class_name` and `config`; got "
            f"the keys {sorted(identifier)}."
        )
    name = identifier["class_name"]
    cls = _find(name, module_objects, custom_objects, printable_module_name)
    with registry.CustomObjectScope(custom_objects):
        made = registry.deserialize_keras_object(identifier["config"])
        return cls.from_config(made) if hasattr(cls, "from_config") else cls(**made)


def _find(name: str, ours: Any, theirs: Any, kind: str) -> Any:
    found = registry.get_registered_object(name, theirs, ours)
    if found is not None:
        return found
    try:
        return registry.find_class(name, None)
    except ValueError as error:
        raise ValueError(f"Unknown {kind}: {name!r}. {error}") from None
