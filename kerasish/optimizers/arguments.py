"""The arguments that all optimizers share: handed on, checked, refused, translated."""

import inspect
from typing import Any

from .. import registry
from .schedules import InverseTimeDecay

SHARED = (
    *("weight_decay", "clipnorm", "clipvalue", "global_clipnorm"),
    *("use_ema", "ema_momentum", "ema_overwrite_frequency"),
    *("loss_scale_factor", "gradient_accumulation_steps", "name"),
)
CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")


def shared(arguments: dict[str, Any]) -> dict[str, Any]:
    """Pick what a constructor hands on to the base, from its `locals()`."""
    return {key: arguments[key] for key in SHARED} | arguments["kwargs"]


def refuse(cls: type, unknown: dict[str, Any]) -> None:
    """Raise for constructor arguments that `cls` does not have."""
    if unknown:
        known = [
            name
            for base in cls.__mro__
            if "__init__" in vars(base)
            for name in inspect.signature(vars(base)["__init__"]).parameters
        ]
        name = next(iter(unknown))
        hint = registry.did_you_mean(name, known)
        raise ValueError(
            f"Argument(s) not recognized by `{cls.__name__}`: {unknown}.{hint}"
        )


def require(good: Any, name: str, text: str, value: Any) -> None:
    """Raise unless an argument is what it must be."""
    if not good:
        raise ValueError(f"`{name}` must be {text}. Received: {name}={value!r}")


def check(arguments: dict[str, Any]) -> None:
    """Raise if a shared argument is out of its range."""
    given = {key: arguments[key] for key in CLIPS}
    if sum(value is not None for value in given.values()) > 1:
        raise ValueError(
            "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. "
            "Received: " + ", ".join(f"{k}={v}" for k, v in given.items())
        )
    for key, value in given.items():
        require(value is None or value >= 0, key, "a positive number or None", value)
    _check_whole(arguments, "gradient_accumulation_steps", 2)
    if arguments["use_ema"]:
        momentum = arguments["ema_momentum"]
        require(0 <= momentum <= 1, "ema_momentum", "in the range [0, 1]", momentum)
        _check_whole(arguments, "ema_overwrite_frequency", 1)


def _check_whole(arguments: dict[str, Any], name: str, least: int) -> None:
    value = arguments[name]
    good = not value or (isinstance(value, int) and value >= least)
    require(good, name, f"an integer >= {least} or None", value)


def translated(config: dict[str, Any]) -> dict[str, Any]:
    """Return an optimizer's config of any Keras in the words of Keras 3."""
    config = {
        key: value
        for key, value in config.items()
        if key not in ("is_legacy_optimizer", "jit_compile")
    }
    if "lr" in config:
        config["learning_rate"] = config.pop("lr")
    decay = config.pop("decay", None)
    if decay:
        config["learning_rate"] = InverseTimeDecay(config["learning_rate"], 1, decay)
    return config
