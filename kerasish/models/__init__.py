"""Models: stacks of layers, graphs of layers, and classes of one's own."""

from .. import registry
from .cloning import clone_model, model_from_json
from .function import Function
from .functional import Functional
from .model import Model
from .sequential import Sequential

__all__ = [
    "Function",
    "Functional",
    "Model",
    "Sequential",
    "clone_model",
    "model_from_json",
]

registry.add_namespace("models", {"Model": Model, "Sequential": Sequential})
registry.add_namespace("src.models.functional", {"Functional": Functional})
