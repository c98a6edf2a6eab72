"""Sequences of one length, and lazily what Keras 1 and 2 had here besides."""

import importlib
from typing import Any

from ..utils.sequence import *  # noqa: F403
from ..utils.sequence import __all__ as _names

__all__ = list(_names)


def __getattr__(name: str) -> Any:
    """Return `TimeseriesGenerator` and the like, loaded when asked for."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}.")
    return getattr(importlib.import_module("kerasish.legacy.sequence"), name)
