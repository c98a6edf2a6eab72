"""Training: what `compile` means, the steps, the compiled loop."""

from .gradients import value_and_gradients
from .trainer import Trainer

__all__ = ["Trainer", "value_and_gradients"]
