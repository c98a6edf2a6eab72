"""Compiled functions that models of the same make share.

A program depends on a model's structure, not on its weights, which are arguments. So
two models built alike can use one compilation. They are alike if walking through all
that their step can reach meets the same classes, functions and values in the same
order. Only code of our own is compared: what a user's function computes may depend on
globals and files, and a model that holds one has its programs to itself.
"""

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np

from .. import backend, config
from ..initializers import Initializer
from ..layers.owner import Contents
from ..metrics import Metric
from ..variable import Variable
from .outputs import Outputs

__all__ = ["Compiled", "compiled", "forget", "insides", "make_of"]

MOST_KEPT = 64  # compiled functions
MOST_BYTES = 2**16  # of an array that is compared by its values

_kept: OrderedDict[Hashable, "Compiled"] = OrderedDict()
_lock = threading.Lock()


class Compiled:
    """`fn(*args)` compiled, for functions that compute the same.

    Which of them is traced does not matter, and none is kept alive.

    Args:
        donate: positions of arguments whose memory may be reused.
    """

    def __init__(self, donate: tuple[int, ...] = ()) -> None:
        self._turn = threading.local()
        self._run = backend.jit(self._trace, donate=donate)

    def __call__(self, fn: Callable[..., Any], *args: Any) -> Any:
        """Run the compiled form of `fn`."""
        self._turn.fn = fn
        try:
            return self._run(*args)
        finally:
            del self._turn.fn

    def _trace(self, *args: Any) -> Any:
        return self._turn.fn(*args)


def compiled(key: Hashable | None, donate: tuple[int, ...] = ()) -> Compiled:
    """Return the compiled function of that key; one of its own for None."""
    if key is None:
        return Compiled(donate)
    with _lock:
        found = _kept.get(key)
        if found is None:
            found = _kept[key] = Compiled(donate)
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
    return found


def forget() -> None:
    """Drop all shared programs, as `clear_session` does."""
    with _lock:
        _kept.clear()


# What no step reads, or what is only a name.
_IDLE = {
    *("_arguments", "nodes", "node", "_path", "path", "_seed", "seed", "history"),
    *("_forwards", "_epochs_done", "stop_training", "prepared", "given", "_index"),
    *("_value", "exposed", "_undecayed_names", "_losses", "_build_shapes"),
    *("_sample_shape", "_output_shapes", "_draw", "kept", "_last_run", "_running"),
    "_users_line",
}
_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis))


class _Foreign(Exception):
    """Something whose behaviour cannot be told from what it holds."""


def make_of(
    model: Any, variables: Sequence[Variable], unused: Sequence[str] = ()
) -> Hashable | None:
    """Return what a model's compiled step depends on, None if that cannot be told.

    Args:
        model: the model, which holds all that the step uses.
        variables: what the step is given; others must not be met.
        unused: attributes that the step does not use.
    """
    places = {id(v): i for i, v in enumerate(variables)}
    seen: dict[int, int] = {}
    settings = (config.floatx(), config.epsilon(), config.image_data_format())
    tokens: list[Any] = [config.backend(), *settings]
    stack = [model, *reversed(variables)]
    skipped = _IDLE.union(unused)
    try:
        while stack:
            x = stack.pop()
            if id(x) in seen and not isinstance(x, _PLAIN):
                tokens.append(("again", seen[id(x)]))
                continue
            if isinstance(x, Variable) and id(x) not in places:
                raise _Foreign
            token, parts = _opened(x, skipped)
            if parts is not None:
                seen[id(x)] = len(seen)
                stack += reversed(parts)
            tokens.append(token)
        return tuple(tokens)
    except (_Foreign, TypeError):
        return None


def insides(model: Any) -> Contents | None:
    """Return all collections on which a step may depend; None as for `make_of`.

    As long as these are unchanged, and no variable is frozen, so is the make.
    """
    seen: dict[int, Any] = {}
    met: list[Any] = []
    stack = [model]
    try:
        while stack:
            x = stack.pop()
            if id(x) in seen or isinstance(x, Variable):
                continue
            seen[id(x)] = x
            _, parts = _opened(x, _IDLE)
            if parts is not None:
                stack += parts
                met += [x] if type(x) is list else []
                met += [x.values()] if type(x) is dict else []
                met += [vars(x).values()] if hasattr(x, "__dict__") else []
    except (_Foreign, TypeError):
        return None
    return Contents([], met)


def _opened(x: Any, skipped: set[str]) -> tuple[Hashable, list[Any] | None]:
    """What `x` is by itself, and what it is made of."""
    kind = type(x)
    if isinstance(x, _PLAIN):
        return (kind, x), None
    if kind is tuple and all(isinstance(part, _PLAIN) for part in x):
        return (x, tuple(map(type, x))), None
    if kind in (list, tuple):
        return (kind, len(x)), [*x]
    if kind is dict:
        return (kind, tuple(x)), [*x.values()]
    if isinstance(x, (FunctionType, BuiltinFunctionType, type)):
        return _ours(x), None
    if kind is MethodType:
        return (kind,), [x.__func__, x.__self__]
    if kind is functools.partial:
        return (kind,), [x.func, x.args, x.keywords]
    if isinstance(x, (np.ndarray, np.generic)) and x.nbytes <= MOST_BYTES:
        return (str(x.dtype), x.shape, x.tobytes()), None
    attributes = dict(_read_attributes(x, skipped))
    return (_ours(kind), tuple(attributes)), [*attributes.values()]


def _ours(thing: Any) -> Any:
    if not (thing.__module__ or "").startswith("kerasish."):
        raise _Foreign
    return thing


def _read_attributes(x: Any, skipped: set[str]) -> Iterator[tuple[str, Any]]:
    """The attributes that can matter to a step."""
    if isinstance(x, Initializer):
        return
    named = isinstance(x, Metric) or (isinstance(x, Outputs) and x.count > 1)
    for name, value in vars(x).items():
        only_a_name = name in ("name", "names", "known") and not named
        if not (name in skipped or only_a_name or isinstance(value, Initializer)):
            yield name, value
