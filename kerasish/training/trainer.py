"""`compile`, `fit`, `evaluate` and `predict`: what models inherit."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import backend, config, optimizers, registry, tree
from ..callbacks import CallbackList, History
from ..data import (
    ArrayData,
    adapt,
    train_validation_split,
    unpack_x_y_sample_weight,
)
from ..graph import KerasTensor, infer_call
from ..masks import get_mask
from ..metrics import Mean
from ..optimizers import Optimizer
from ..random import default_seed
from ..variable import Variable
from . import predicting, stateless, steps
from .checks import check_data
from .compiled import CompileLoss, CompileMetrics, total
from .gradients import value_and_gradients
from .loop import Runner, to_device
from .program import Program

__all__ = ["Trainer"]
