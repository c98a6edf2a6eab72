"""Names: made automatically, spelled another way, and misspelt."""

import difflib
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any

__all__ = [
    "did_you_mean",
    "get_uid",
    "reset_names",
    "to_snake_case",
    "unique_name",
    "users_line",
]

_PACKAGE = os.path.dirname(os.path.abspath(__file__))

_counts: Counter[str] = Counter()


def unique_name(prefix: str) -> str:
    """Return `prefix` the first time, then `prefix_1`, `prefix_2` ..."""
    prefix = to_snake_case(prefix)
    count = _counts[prefix]
    _counts[prefix] += 1
    return f"{prefix}_{count}" if count else prefix


def get_uid(prefix: str = "") -> int:
    """Return 1, 2, 3 ... for the same prefix.

    Example:
        >>> first = keras.backend.get_uid("run")
        >>> keras.backend.get_uid("run") - first
        1
    """
    _counts[prefix] += 1
    return _counts[prefix]


def reset_names() -> None:
    """Start counting names anew, as `clear_session` does."""
    _counts.clear()


def to_snake_case(name: str) -> str:
    """`"LayerNormalization"` -> `"layer_normalization"`.

    Example:
        >>> keras.names.to_snake_case("PReLU2D")
        'p_re_lu2d'
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def did_you_mean(name: Any, candidates: Iterable[str]) -> str:
    """Return `" Did you mean `x`?"` for the nearest candidate, or an empty string."""
    near = difflib.get_close_matches(str(name)[:100], list(candidates), n=1, cutoff=0.6)
    return f" Did you mean `{near[0]}`?" if near else ""


def users_line() -> str:
    """Return the place in the user's code that is running: `"script.py, line 3"`."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    if frame is None:
        return "unknown place"
    return f"{os.path.basename(frame.f_code.co_filename)}, line {frame.f_lineno}"
