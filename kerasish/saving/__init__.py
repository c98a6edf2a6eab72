"""Model files: `.h5`, `.weights.h5` and `.keras`, as Keras 3 writes and reads them.

Reading never runs code from a file: classes and functions are looked up in the closed
table of `kerasish.registry`, links are not followed, and every array's shape is
compared with the model's own before it is read. Saving is atomic.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ..registry import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)

if TYPE_CHECKING:
    from .api import load_model as load_model
    from .api import load_weights as load_weights
    from .api import save_model as save_model
    from .api import save_weights as save_weights
    from .comparison import compare as compare
    from .editor import KerasFileEditor as KerasFileEditor
    from .inspection import inspect as inspect

_HOMES = {
    "KerasFileEditor": "editor",
    **dict.fromkeys(
        ("load_model", "load_weights", "save_model", "save_weights"), "api"
    ),
    "compare": "comparison",
    "inspect": "inspection",
}

__all__ = [
    "CustomObjectScope",
    "KerasFileEditor",
    "compare",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "inspect",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]


def __getattr__(name: str) -> Any:  # PEP 562: h5py is loaded when a file is touched
    if name in _HOMES:
        home = importlib.import_module(f"{__name__}.{_HOMES[name]}")
        return getattr(home, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
