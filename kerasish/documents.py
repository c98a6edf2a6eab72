"""What a config from outside may be: its text, its depth and its size.

A config may come from anybody, so it is looked at before anything is made of it.
"""

import json
from collections import Counter
from typing import Any

import numpy as np

from . import dtypes

__all__ = ["array", "check", "document", "shortened"]

MAX_TEXT = 64 * 2**20
MAX_VALUES = 2**21
MAX_DEPTH = 200
MAX_CALLS = 200_000


def document(content: str | bytes, where: str) -> Any:
    """Return a JSON document, refusing what is not one.

    Args:
        content: the text.
        where: where it stands, for messages.

    Raises:
        ValueError: if it is no JSON, says a thing twice, or is larger than any model's.

    Example:
        >>> from kerasish.documents import document
        >>> document('{"units": 2}', "`config`")
        {'units': 2}
    """
    marks: tuple[Any, ...] = ("[", "{", ",")
    if isinstance(content, bytes):
        marks = (b"[", b"{", b",")
    values = sum(map(content.count, marks))  # each takes much more memory than text
    if len(content) > MAX_TEXT or values > MAX_VALUES:
        raise ValueError(
            f"The file is refused: {where} is {len(content)} bytes long with some "
            f"{values} values, more than the config of a model needs."
        )
    try:
        found = json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"The file is damaged: {where} is not a JSON document. {error}"
        ) from error
    check(found)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"It says {shortened(twice)} twice.")
    return made


def check(config: Any) -> None:
    """Refuse a config that is deeper or larger than any model's.

    Raises:
        ValueError: if it is; also if it contains itself.
    """
    level, count, depth = _parts(config), 0, 0
    while level and count <= MAX_VALUES and depth <= MAX_DEPTH:
        level = [inner for outer in level for inner in _parts(outer)]
        count, depth = count + len(level), depth + 1
    if depth > MAX_DEPTH:
        raise ValueError(
            f"The config is refused: it is nested more than {MAX_DEPTH} levels deep."
        )
    if count > MAX_VALUES or _calls(config) > MAX_CALLS:
        raise ValueError(
            f"The config is refused: it has more than {MAX_VALUES} parts, or its "
            f"layers are called more than {MAX_CALLS} times, within one another."
        )


def _parts(config: Any) -> list[Any]:
    inner = config.values() if isinstance(config, dict) else config
    if not isinstance(config, (dict, list, tuple)):
        return []
    return [part for part in inner if isinstance(part, (dict, list, tuple))]


def _calls(config: Any) -> int:
    """How many objects are made and called; what is called twice calls twice."""
    if isinstance(config, dict):
        nodes = config.get("inbound_nodes")
        times = max(len(nodes), 1) if isinstance(nodes, (list, tuple)) else 1
        inner = (v for k, v in config.items() if k != "inbound_nodes")
        return times * ("class_name" in config) + times * sum(map(_calls, inner))
    return sum(map(_calls, config)) if isinstance(config, (list, tuple)) else 0


def array(config: Any) -> np.ndarray:
    """Return the numbers of a config `{"value": ..., "dtype": ...}`.

    Raises:
        ValueError: if these are no numbers.
    """
    if not isinstance(config, dict) or not {"value", "dtype"} <= config.keys():
        raise ValueError("The config of an array needs a `value` and a `dtype`.")
    name = config["dtype"]
    if not isinstance(name, str) or name not in dtypes.NAMES - {"string"}:
        raise ValueError(f"An array of the config has the dtype {shortened(name)}.")
    try:
        made = np.asarray(config["value"])
        if made.dtype.kind in "biuf":
            return made.astype(name)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"An array of the config is none: {error}") from error
    raise ValueError(f"An array of the config holds {made.dtype}, not numbers.")


def shortened(thing: Any, length: int = 200) -> str:
    """Return how a thing looks, for a message, cut if it is long."""
    text = repr(thing[:length] if isinstance(thing, (str, bytes, list)) else thing)
    return text if len(text) <= length else text[:length] + "..."
