"""Pictures: arrays of them, and lazily what Keras 1 and 2 had here besides."""

import importlib
from typing import Any

from ..utils.image import *  # noqa: F403
from ..utils.image import __all__ as _names

__all__ = list(_names)


def __getattr__(name: str) -> Any:
    """Return `ImageDataGenerator` and the like, which are loaded when asked for."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}.")
    return getattr(importlib.import_module("kerasish.legacy.image"), name)
