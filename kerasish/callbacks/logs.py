"""The dictionaries of losses and metrics that callbacks are given."""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["EACH", "LazyLogs"]

# Follows the name of what `Replicas` report of each replica; the mean has the name.
EACH = "_each"


class LazyLogs(dict[str, Any]):
    """A dictionary whose values are fetched from the device when somebody reads them.

    A callback that does not look at its logs costs no waiting. Truth does not fetch:
    the logs of a batch are never empty.

    Args:
        fetch: called once, without arguments, at the first reading or writing; returns
            the dictionary.

    Example:
        >>> from kerasish.callbacks import LazyLogs
        >>> logs = LazyLogs(lambda: {"loss": 0.25})
        >>> logs["loss"], dict(logs)
        (0.25, {'loss': 0.25})
    """

    def __init__(self, fetch: Callable[[], dict[str, Any]]) -> None:
        # C code such as json's asks for the size without a method call: an unread
        # dictionary must not look empty.
        super().__init__(unread=None)
        self._fetch: Callable[[], dict[str, Any]] | None = fetch

    def _load(self) -> None:
        if self._fetch is not None:
            fetch, self._fetch = self._fetch, None
            values = to_python(fetch())
            dict.clear(self)
            dict.update(self, values)

    def __bool__(self) -> bool:
        return self._fetch is not None or len(self) > 0

    def copy(self) -> dict[str, Any]:
        """Return a plain dictionary."""
        return dict(self)

    def __copy__(self) -> dict[str, Any]:
        return dict(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


def _reading(name: str) -> Any:
    """Return dict's method of that name with a load before it."""
    plain = getattr(dict, name)

    def method(self: LazyLogs, *args: Any, **kwargs: Any) -> Any:
        self._load()
        return plain(self, *args, **kwargs)

    method.__name__ = name
    method.__doc__ = plain.__doc__
    return method


for _name in (
    *("__getitem__", "__setitem__", "__delitem__", "__contains__", "__iter__"),
    *("__len__", "__repr__", "__eq__", "__ne__", "__reversed__", "__or__", "__ror__"),
    *("__ior__", "get", "items", "keys", "values", "pop", "popitem", "clear"),
    *("setdefault", "update"),
):
    setattr(LazyLogs, _name, _reading(_name))


def to_python(logs: dict[str, Any] | None) -> dict[str, Any]:
    """Return logs with plain floats for values: sorted, nested dictionaries opened.

    What is not a number (the outputs of a predicted batch) stays as it is.
    """
    if isinstance(logs, LazyLogs):
        return logs
    result: dict[str, Any] = {}
    if not logs:
        return result
    for key, value in sorted(logs.items()):
        if type(value) is float:
            result[key] = value
        elif isinstance(value, dict):
            result.update(to_python(value))
        else:
            result[key] = _number(value)
    return result


def _number(value: Any) -> Any:
    if isinstance(value, (str, bytes)):
        return value
    if isinstance(value, (int, np.number)) or np.ndim(value) == 0:
        try:
            return float(value)
        except (TypeError, ValueError):
            return value
    return value
