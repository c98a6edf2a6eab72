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
# What is made of a config, each as often as it is called. Layers take long: models have
# up to some thousand. What stands beside them in their configs is quickly made.
MAX_LAYERS, MAX_OBJECTS = 10_000, 60_000
QUICK = ("initializer", "regularizer", "constraint", "dtype")
PLAIN = ("__", "function", "DTypePolicy")
NAMED = ("metrics", "weighted_metrics")  # where a text alone has an object made


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
    kind: Any = b'"class_name"' if isinstance(content, bytes) else '"class_name"'
    values = sum(map(content.count, marks))  # each takes much more memory than text
    objects = content.count(kind)
    if len(content) > MAX_TEXT or values > MAX_VALUES or objects > MAX_OBJECTS:
        raise ValueError(
            f"The file is refused: {where} is {len(content)} bytes long with some "
            f"{values} values and {objects} objects, more than the config of a model "
            "needs."
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
    if count > MAX_VALUES:
        raise ValueError(f"The config is refused: it has more than {MAX_VALUES} parts.")
    layers, objects = _made([config])
    if layers > MAX_LAYERS or objects > MAX_OBJECTS:
        raise ValueError(
            f"The config is refused: it describes {layers} layers and calls of them, "
            f"in all {objects} objects; up to {MAX_LAYERS} and {MAX_OBJECTS} are made."
        )


def _parts(config: Any) -> list[Any]:
    inner = config.values() if isinstance(config, dict) else config
    if not isinstance(config, (dict, list, tuple)):
        return []
    return [part for part in inner if isinstance(part, (dict, list, tuple))]


def _made(config: Any, key: str = "") -> tuple[int, int]:
    """How many layers and objects are made or called; what is called twice, twice."""
    layers = objects = 0
    parts = config.items() if isinstance(config, dict) else (("", p) for p in config)
    for name, part in parts:
        if isinstance(part, (dict, list, tuple)) and name != "inbound_nodes":
            more = _made(part, name)
            layers, objects = layers + more[0], objects + more[1]
            layers += _texts(part) if name in NAMED else 0
    if not isinstance(config, dict) or "class_name" not in config:
        return layers, objects
    nodes = config.get("inbound_nodes")
    calls = nodes if isinstance(nodes, (list, tuple)) else ()
    times, arguments = max(len(calls), 1), _made(calls)
    quick = str(config["class_name"]).startswith(PLAIN)
    quick = quick or (not objects and str(key).endswith(QUICK))
    layers, objects = times * (layers + (not quick)), times * (objects + 1)
    return layers + arguments[0], objects + arguments[1]


def _texts(config: Any) -> int:
    """How many texts stand in a list, or in lists and dicts within it."""
    inner = list(config.values()) if isinstance(config, dict) else config
    return sum(isinstance(x, str) for x in inner) + sum(map(_texts, _parts(inner)))


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
