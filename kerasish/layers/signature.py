"""What `call` takes, found once for each class."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["CallSignature", "call_signature", "parameters_of"]


def parameters_of(cls: Any, method: str) -> tuple[str, ...]:
    """Return the names of a method's parameters without `self`."""
    return tuple(inspect.signature(getattr(cls, method)).parameters)[1:]


class CallSignature:
    """What a class's `call` takes."""

    def __init__(self, call: Callable[..., Any]) -> None:
        parameters = list(inspect.signature(call).parameters.values())[1:]
        self.signature = inspect.Signature(parameters)
        self.names = [p.name for p in parameters]
        takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
        self.has_training = "training" in self.names
        self.drops_training = not (self.has_training or takes_any)
        self.has_mask = "mask" in self.names
        default = self.signature.parameters.get("training")
        self.default_training = default.default if default is not None else None
        if self.default_training is inspect.Parameter.empty:
            self.default_training = None

    def bind(self, args: Any, kwargs: Any) -> dict[str, Any]:
        """Name the arguments, in the order of the signature."""
        bound = self.signature.bind(*args, **kwargs)
        named: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            kind = self.signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                named.update(value)
            else:
                named[name] = value
        return named

    def split(self, arguments: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Arguments as positional and named ones for the call."""
        positional: list[Any] = []
        named: dict[str, Any] = {}
        for name, value in arguments.items():
            parameter = self.signature.parameters.get(name)
            if parameter is not None and parameter.kind is parameter.VAR_POSITIONAL:
                positional += list(value)
            elif (
                parameter is not None
                and not named
                and (
                    parameter.kind is not parameter.KEYWORD_ONLY
                    and name == self.names[len(positional)]
                )
            ):
                positional.append(value)
            else:
                named[name] = value
        return positional, named


_of_class = functools.cache(lambda cls: CallSignature(cls.call))


def call_signature(cls: Any) -> CallSignature:
    """Return what the `call` of a layer class takes."""
    return _of_class(cls)
