"""kerasish: define, compile, fit and predict neural networks the Keras way, on JAX.

`import kerasish as keras` runs a Keras 3 script. Importing is cheap: sub-modules, and
with them JAX, are loaded when they are first used.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from . import legacy

if TYPE_CHECKING:
    from . import (
        activations as activations,
    )
    from . import backend as backend
    from . import callbacks as callbacks
    from . import config as config
    from . import constraints as constraints
    from . import datasets as datasets
    from . import distillation as distillation
    from . import distribution as distribution
    from . import doctor as doctor
    from . import dtype_policies as dtype_policies
    from . import export as export
    from . import initializers as initializers
    from . import layers as layers
    from . import losses as losses
    from . import metrics as metrics
    from . import models as models
    from . import neuralnet as neuralnet
    from . import ops as ops
    from . import optimizers as optimizers
    from . import preprocessing as preprocessing
    from . import quantizers as quantizers
    from . import random as random
    from . import regularizers as regularizers
    from . import saving as saving
    from . import tree as tree
    from . import utils as utils
    from . import visualization as visualization
    from . import wrappers as wrappers
    from .config import DTypePolicy as DTypePolicy
    from .devices import device as device
    from .graph import KerasTensor as KerasTensor
    from .graph import Operation as Operation
    from .initializers import Initializer as Initializer
    from .layers import Input as Input
    from .layers import InputSpec as InputSpec
    from .layers import Layer as Layer
    from .legacy.install import install_as_keras as install_as_keras
    from .legacy.install import uninstall_as_keras as uninstall_as_keras
    from .losses import Loss as Loss
    from .metrics import Metric as Metric
    from .models import Function as Function
    from .models import Model as Model
    from .models import Sequential as Sequential
    from .optimizers import Optimizer as Optimizer
    from .regularizers import Regularizer as Regularizer
    from .rematerialization import RematScope as RematScope
    from .rematerialization import remat as remat
    from .replicas import Replicas as Replicas
    from .variable import StatelessScope as StatelessScope
    from .variable import Variable as Variable

__version__ = "0.1.0"

_MODULES = (
    *("activations", "backend", "callbacks", "config", "constraints", "data"),
    *("dtype_policies", "dtypes", "graph", "initializers", "layers", "losses"),
    *("metrics", "mixed_precision", "models", "ops", "optimizers", "random"),
    *("registry", "regularizers", "saving", "training", "tree", "utils", "variable"),
    *("distillation", "doctor", "export", "symbolic", "wrappers"),
    *("applications", "datasets", "distribution", "preprocessing", "quantizers"),
    *("neuralnet", "visualization"),
)
_HOMES = {
    "DTypePolicy": "config",
    "FloatDTypePolicy": "dtype_policies",
    "Function": "models",
    "Initializer": "initializers",
    "Input": "layers",
    "InputSpec": "layers",
    "KerasTensor": "graph",
    "Layer": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Operation": "graph",
    "Optimizer": "optimizers",
    "Quantizer": "quantizers",
    "Regularizer": "regularizers",
    "RematScope": "rematerialization",
    "Replicas": "replicas",
    "Sequential": "models",
    "StatelessScope": "variable",
    "Variable": "variable",
    "device": "devices",
    "install_as_keras": "legacy.install",
    "name_scope": "variable",
    "remat": "rematerialization",
    "uninstall_as_keras": "legacy.install",
}

__all__ = ["__version__", *_MODULES, *_HOMES]


def version() -> str:
    """Return the version of kerasish."""
    return __version__


def __getattr__(name: str) -> Any:  # PEP 562: sub-modules are loaded at first use
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOMES:
        module = importlib.import_module(f"{__name__}.{_HOMES[name]}")
        globals()[name] = getattr(module, name)
        return globals()[name]
    return legacy.old_name("", name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


sys.meta_path.append(legacy.Finder())
