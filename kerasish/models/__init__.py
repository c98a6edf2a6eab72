"""Models: stacks of layers, graphs of layers, and classes of one's own."""

from typing import TYPE_CHECKING, Any

from .. import legacy, registry, saving
from .cloning import clone_model, model_from_json
from .function import Function
from .functional import Functional
from .model import Model
from .sequential import Sequential

if TYPE_CHECKING:
    from ..saving import load_model as load_model
    from ..saving import save_model as save_model

__all__ = [
    "Function",
    "Functional",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]

registry.add_namespace("models", {"Model": Model, "Sequential": Sequential})
registry.add_namespace("src.models.functional", {"Functional": Functional})


def __getattr__(name: str) -> Any:  # PEP 562: h5py is loaded when a file is touched
    if name in ("load_model", "save_model"):
        return getattr(saving, name)
    return legacy.old_name("models", name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
