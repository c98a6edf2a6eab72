"""Masks: which entries of a tensor count. They travel with the tensors.

A mask is attached to the array, tracer or symbolic tensor itself where that takes
attributes (`_keras_mask`), else kept beside it for as long as the array lives.
"""

import weakref
from typing import Any

__all__ = ["get_mask", "set_mask"]

_beside: dict[int, Any] = {}


def get_mask(x: Any) -> Any:
    """Return the mask that travels with `x`, None if there is none."""
    if hasattr(x, "_keras_mask"):
        return x._keras_mask
    return _beside.get(id(x))


def set_mask(x: Any, mask: Any) -> None:
    """Let `mask` travel with `x`; None takes a mask off."""
    if mask is None and get_mask(x) is None:
        return
    try:
        x._keras_mask = mask
    except AttributeError:
        if id(x) not in _beside:
            weakref.finalize(x, _beside.pop, id(x), None)
        _beside[id(x)] = mask
