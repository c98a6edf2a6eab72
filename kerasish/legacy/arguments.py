"""Calls of constructors with the arguments of Keras 1, Keras 2 and tf.keras."""

import functools
import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any

from .. import registry
from . import prefer
from .words import ARGUMENTS, HARMLESS, JOINED, exchanged, harmless, taken_by, today

__all__ = ["accept", "layer_arguments", "optimizer_arguments", "spelling"]

Arguments = tuple[tuple[Any, ...], dict[str, Any]]

# What constructors of today say something about themselves.
_TODAY = {
    *("groups", "input_dim", "kernel_constraint", "kernel_initializer"),
    *("kernel_regularizer", "sparse", "stateful", "batch_input_shape"),
}
_OLD = (
    {*ARGUMENTS, *HARMLESS, "weights", *(part for parts in JOINED for part in parts)}
    - _TODAY
) | {"input_length"}
_OLD_OF_OPTIMIZERS = {"decay", "epsilon", "lr", "schedule_decay"}


def accept(classes: Iterable[type], words: Callable[..., Arguments]) -> None:
    """Let the constructors of classes take older arguments, too.

    Args:
        classes: of ours; so are the bases whose constructors they have.
        words: `words(class, object, args, kwargs)` returns today's arguments.
    """
    for cls in classes:
        maker = next(base for base in cls.__mro__ if "__init__" in vars(base))
        old = vars(maker)["__init__"]
        if maker.__module__.startswith("kerasish.") and not hasattr(old, "__wrapped__"):
            maker.__init__ = _accepting(maker, old, words)  # type: ignore[misc]


def _accepting(maker: type, init: Any, words: Callable[..., Arguments]) -> Any:
    many = len(inspect.signature(init).parameters) > 3

    @functools.wraps(init)
    def call(self: Any, *args: Any, **kwargs: Any) -> None:
        if kwargs or (many and len(args) > 2):
            args, kwargs = words(maker, self, args, kwargs)
        init(self, *args, **kwargs)

    return call


# --- layers --------------------------------------------------------------------------


_taken = functools.cache(taken_by)


def layer_arguments(
    cls: type, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Arguments:
    """Spell the arguments of a layer's constructor as it takes them today.

    Args:
        cls: the class whose constructor is called.
        layer: the object that is being made.
        args, kwargs: what the call gives.
    """
    old = [key for key in kwargs if key in _OLD and key not in _taken(cls)]
    if old or getattr(layer, "old_spelling", False):
        args, kwargs = _kernel_size(cls, args, kwargs)
    if not old:
        return args, kwargs
    where = f"Layer `{kwargs.get('name', cls.__name__)}`"
    taken, made = _taken(cls), dict(kwargs)
    if made.get("dim_ordering") is None:
        made.pop("dim_ordering", None)
    for parts, whole in JOINED.items():
        if parts[0] in made and parts[0] not in taken:
            prefer(f"the argument `{parts[0]}`", f"`{whole}`")
            made[whole] = tuple(made.pop(part) for part in parts)
    _input_length(made, taken)
    if "weights" in made and "weights" not in taken:
        _begin_with(layer, made.pop("weights"))
    for key in [key for key in old if key in made]:
        name = today(key, taken)
        if name is not None:
            prefer(f"the argument `{key}`", f"`{name}`")
            made[name] = _without_name(exchanged(key, made.pop(key), where))
        elif key in HARMLESS and harmless(key, made[key]):
            prefer(f"the argument `{key}`", "to leave it out")
            del made[key]
    return args, made


def _kernel_size(cls: type, args: tuple[Any, ...], kwargs: Any) -> Arguments:
    """`Convolution2D(32, 3, 3)`: the rows and columns of the kernel stood apart."""
    found = re.search(r"(\d)D", cls.__name__)
    rank = int(found[1]) if found else 0
    apart = rank > 1 and len(args) == rank + 1 and "kernel_size" in _taken(cls)
    if not apart or not all(isinstance(x, int) for x in args):
        return args, kwargs
    call = f"`{cls.__name__}({args[0]}, {args[1:]})`"
    prefer(f"a kernel given as `{cls.__name__}{args}`", call)
    return (args[0], args[1:]), kwargs


def _input_length(made: dict[str, Any], taken: Any) -> None:
    """The length of sequences belonged to the first layer, as did their width."""
    if (length := made.pop("input_length", None)) is None:
        return
    prefer("the argument `input_length`", "`Input` as the first layer")
    length = tuple(length) if isinstance(length, (list, tuple)) else (length,)
    if "input_dim" in made and "input_dim" not in taken:
        made["input_shape"] = (*length, made.pop("input_dim"))
    elif "input_dim" in taken:
        made["input_shape"] = length


def _begin_with(layer: Any, weights: Any) -> None:
    """Let a layer's weights be these once it is built."""
    if weights is None:
        return
    prefer("the argument `weights`", "`set_weights`")

    def build(*args: Any, **kwargs: Any) -> None:
        del layer.build
        layer.build(*args, **kwargs)
        layer.set_weights(weights)

    layer.build = build


def _without_name(value: Any) -> Any:
    """Initializers of Keras 1 were called with a name."""
    if (
        not inspect.isfunction(value)
        or "name" not in inspect.signature(value).parameters
    ):
        return value
    return lambda shape, dtype=None: value(shape, name=None)


def spelling(cls: Any, name: str) -> Any:
    """Return the same class for those who call it `name` and mean Keras 1's arguments.

    `Convolution2D(32, 3, 3)` has kernels of 3 x 3, as in Keras 1 and 2; to
    `Conv2D(32, 3, 3)` the last number is the stride, as in Keras 3.
    """
    members = {"__doc__": cls.__doc__, "__module__": "kerasish.layers"}
    made = type(cls.__name__, (cls,), {**members, "__qualname__": name})
    made.old_spelling = True  # type: ignore[attr-defined]
    registry._home[id(made)] = ("layers", cls.__name__)
    return made


# --- optimizers ----------------------------------------------------------------------


def optimizer_arguments(
    cls: type, optimizer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Arguments:
    """Spell the arguments of an optimizer's constructor: `lr`, `decay` and their like.

    `decay` makes the rate `lr / (1 + decay * step)`, as in Keras 1 and 2.
    """
    if _OLD_OF_OPTIMIZERS.isdisjoint(kwargs):
        return args, kwargs
    made = dict(kwargs)
    parameters = inspect.signature(cls).parameters
    if "epsilon" in made and made["epsilon"] is None:
        del made["epsilon"]
    if made.get("schedule_decay") == 0.004 and "schedule_decay" not in parameters:
        del made["schedule_decay"]  # what it is today
    if "lr" in made and "learning_rate" not in made:
        prefer("the argument `lr`", "`learning_rate`")
        made["learning_rate"] = made.pop("lr")
        if args:  # a default that a class of the user's hands on
            args = (made.pop("learning_rate"), *args[1:])
    decay = made.pop("decay", None)
    if decay:
        prefer("the argument `decay`", "`schedules.InverseTimeDecay(rate, 1, decay)`")
        rate = args[0] if args else made.get("learning_rate")
        rate = parameters["learning_rate"].default if rate is None else rate
        schedules = registry.namespace("optimizers.schedules")
        rate = schedules["InverseTimeDecay"](rate, 1, decay)
        if args:
            args = (rate, *args[1:])
        else:
            made["learning_rate"] = rate
    return args, made
