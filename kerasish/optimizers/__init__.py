"""Optimizers: how parameters follow their gradients; and learning-rate schedules."""

from typing import Any

from .. import registry
from ..legacy.arguments import accept, optimizer_arguments
from . import legacy, schedules
from .adam import Adam, Adamax, AdamW, Lamb, Nadam, ScheduleFreeAdamW
from .descent import SGD, Adadelta, Adagrad, Ftrl, Lion, RMSprop
from .lbfgs import LBFGS
from .loss_scale import LossScaleOptimizer
from .matrix import Adafactor, Muon
from .multi import MultiOptimizer, OptimizerMap
from .optax import Optax, is_transformation
from .optimizer import Optimizer
from .rprop import Rprop

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "LBFGS",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optax",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "Rprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "legacy",
    "schedules",
    "serialize",
]

# Names are found in any case: "adam", "Adam", "rmsprop", "RMSprop".
_classes: dict[str, Any] = {
    name.lower(): globals()[name] for name in __all__ if name[0].isupper()
}
_get, _serialize, _deserialize = registry.accessors("optimizer", _classes)


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """Return the config of an optimizer: a dictionary for `deserialize`.

    Example:
        >>> keras.optimizers.serialize(keras.optimizers.Lion())["class_name"]
        'Lion'
    """
    return _serialize(optimizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Optimizer:
    """Make an optimizer from what `serialize` returned.

    Args:
        config: a dictionary with `class_name` (in any case) and `config`.
        custom_objects: names of your own classes -> the classes.

    Example:
        >>> config = {"class_name": "sgd", "config": {"learning_rate": 0.5}}
        >>> float(keras.optimizers.deserialize(config).learning_rate)
        0.5
    """
    known = _classes.get(config["class_name"].lower())
    if known is not None:
        config = {**config, "module": "keras.optimizers", "class_name": known.__name__}
    return _deserialize(config, custom_objects)


def get(identifier: Any) -> Optimizer | None:
    """Return an optimizer from its name, config, class or itself; None from None.

    Args:
        identifier: a name in any case, a dictionary as for `deserialize`, ..., or a
            gradient transformation of Optax.

    Raises:
        ValueError: if it is none of these.

    Example:
        >>> keras.optimizers.get("AdamW").get_config()["weight_decay"]
        0.004
    """
    if isinstance(identifier, str) and identifier.lower() in _classes:
        identifier = identifier.lower()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if not isinstance(identifier, Optimizer) and is_transformation(identifier):
        return Optax(identifier)
    found = _get(identifier)
    if found is not None and not isinstance(found, Optimizer):
        raise ValueError(
            f"Could not interpret optimizer identifier: {identifier!r} of type "
            f"{type(identifier).__name__} is no optimizer."
        )
    return found


registry.add_namespace("optimizers", {name: globals()[name] for name in __all__})
accept(_classes.values(), optimizer_arguments)
