"""Whether what is saved will be found again: asked when it is saved."""

import inspect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from .. import registry

__all__ = ["check_constructors", "check_names", "culprit", "named"]

WAYS_OUT = (
    "Two ways out: decorate it with "
    "`@kerasish.saving.register_keras_serializable()`, and let its `get_config` return "
    "each argument of the constructor as numbers, strings, lists or dicts."
)


@contextmanager
def named() -> Iterator[dict[int, Any]]:
    """Collect the classes and functions that configs mention by their names."""
    found = registry._local.names = {}
    try:
        yield found
    finally:
        del registry._local.names


def check_names(things: Iterable[Any]) -> None:
    """Look things up as loading does, and refuse those for which others are found.

    What is not found at all can be loaded with `custom_objects`.
    """
    for thing in things:
        if registry.is_ours(thing):
            continue
        name = registry.get_registered_name(thing)
        try:
            found = (
                registry.find_class(thing.__name__, None, name)
                if inspect.isclass(thing)
                else registry.deserialize_keras_object(
                    {"class_name": "function", "config": name}
                )
            )
        except ValueError:
            continue
        if found is not thing:
            raise ValueError(
                f"`{name}` of {thing.__module__} would be loaded as `{name}` of "
                f"{found.__module__}, which is another. {WAYS_OUT} Or rename it."
            )


def parts(model: Any) -> Iterator[Any]:
    """Yield the layers without layers, and what the model was compiled with."""
    yield from (x for x in model._flatten_layers() if not x._layers)
    compiled = [getattr(model, n, None) for n in ("optimizer", "loss")]
    yield from (x for x in compiled if hasattr(x, "get_config"))


def check_constructors(model: Any) -> None:
    """Refuse layers, losses ... whose config lacks what the constructor must have."""
    for part in parts(model):
        cls = type(part)
        maker = inspect.getmodule(cls.from_config)
        if maker is None or not maker.__name__.startswith("kerasish."):
            continue  # the user's own `from_config` knows better
        config = part.get_config()
        for name, one in list(inspect.signature(cls.__init__).parameters.items())[1:]:
            needed = one.default is one.empty and one.kind not in (
                one.VAR_KEYWORD,
                one.VAR_POSITIONAL,
            )
            if needed and name not in config:
                raise ValueError(
                    f"Argument `{name}` of {cls.__name__} is not in what its "
                    f"`get_config` returns. {WAYS_OUT}"
                )


def culprit(model: Any) -> str:
    """Name the argument of a layer's config that cannot be serialized, if it is one."""
    for part in parts(model):
        for name, value in _config(part).items():
            try:
                registry.serialize_keras_object(value)
            except ValueError:
                return f"Argument `{name}` of {type(part).__name__} is the cause. "
    return ""


def _config(part: Any) -> dict[str, Any]:
    try:
        return part.get_config()
    except (ValueError, NotImplementedError):  # which said what it is about
        return {}
