"""Names that the contract of backends shares with the functions of `K`."""

import functools
import importlib
from collections.abc import Callable
from typing import Any

__all__ = ["SHARED", "joined"]

# What the contract means by them is for arrays; `K` takes symbols and variables, too.
SHARED = ("cast", "logsumexp", "sigmoid", "stop_gradient", "switch", "truncated_normal")


@functools.cache
def _symbolic(kind: Any) -> bool:
    """Whether these are symbolic tensors or variables, not arrays."""
    return hasattr(kind, "symbolic")


def joined(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the contract that serves as that of `K`, too."""

    def old(*args: Any, **kwargs: Any) -> Any:
        module = importlib.import_module("kerasish.legacy.backend")
        return getattr(module, name)(*args, **kwargs)

    @functools.wraps(function)
    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        kind: Any = type(x)
        return (old if _symbolic(kind) else function)(x, *args, **kwargs)

    @functools.wraps(function)
    def switch(x: Any, branches: Any, *args: Any) -> Any:
        theirs = isinstance(branches, (list, tuple))
        return (function if theirs else old)(x, branches, *args)

    @functools.wraps(function)
    def truncated_normal(x: Any, *args: Any, **kwargs: Any) -> Any:
        theirs = hasattr(x, "shape")  # a key; `K` takes a shape
        return (function if theirs else old)(x, *args, **kwargs)

    return {"switch": switch, "truncated_normal": truncated_normal}.get(name, call)
