"""Knowledge distillation: a small model learns from a large one."""

from .. import registry
from .distiller import Distiller
from .losses import DistillationLoss, FeatureDistillation, LogitsDistillation

__all__ = [
    "DistillationLoss",
    "Distiller",
    "FeatureDistillation",
    "LogitsDistillation",
]

registry.add_namespace("distillation", {name: globals()[name] for name in __all__})
