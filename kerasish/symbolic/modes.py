"""How functions run: compiled, step by step, watched for NaN, timed."""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend, registry, tree
from ..graph import Node
from .piece import blamed

__all__ = ["Mode", "MonitorMode", "NanGuardMode", "Profile", "get"]


class Mode:
    """How a function computes.

    Args:
        compiled: make one program of the whole; else compute call by call, in Python,
            so that a debugger can step through.
    """

    def __init__(self, compiled: bool = True) -> None:
        self.compiled = compiled

    def call(self, node: Node, args: Any, kwargs: Any) -> Any:
        """Run one call of the graph."""
        return blamed(node, args, kwargs)


class MonitorMode(Mode):
    """Computes step by step and shows each call to functions of yours.

    Args:
        pre_func: `pre_func(node, inputs)`, before the call; inputs are NumPy arrays.
        post_func: `post_func(node, outputs)`, after it.

    Example:
        >>> from kerasish import symbolic as S
        >>> x = S.scalar("x")
        >>> show = S.MonitorMode(post_func=lambda node, out: print(node, *out))
        >>> y = S.function([x], keras.ops.exp(x) * 2.0, mode=show)(0.0)
        <exp of x> 1.0
        <multiply of keras_tensor> 2.0
    """

    def __init__(
        self,
        pre_func: Callable[[Any, list[np.ndarray]], Any] | None = None,
        post_func: Callable[[Any, list[np.ndarray]], Any] | None = None,
    ) -> None:
        super().__init__(compiled=False)
        self.pre_func, self.post_func = pre_func, post_func

    def call(self, node: Node, args: Any, kwargs: Any) -> Any:
        """Run one call of the graph between the two functions."""
        if self.pre_func is not None:
            self.pre_func(node, _arrays((args, kwargs)))
        results = blamed(node, args, kwargs)
        if self.post_func is not None:
            self.post_func(node, _arrays(results))
        return results


class NanGuardMode(MonitorMode):
    """Computes step by step and stops at the first number that is none.

    Args:
        nan: stop at NaN.
        inf: stop at infinite numbers.
        big: stop at numbers beyond ±1e10.

    Raises:
        FloatingPointError: when the function is called and a result has such numbers;
            the message names the call, its inputs and the line that made it.

    Example:
        >>> from kerasish import symbolic as S
        >>> x = S.scalar("x")
        >>> f = S.function([x], keras.ops.log(x), mode=S.NanGuardMode())
        >>> f(-1.0)
        Traceback (most recent call last):
            ...
        FloatingPointError: NaN in the result of `log`...
    """

    def __init__(self, nan: bool = True, inf: bool = True, big: bool = True) -> None:
        super().__init__(self._look_at_inputs, self._look_at_outputs)
        self.nan, self.inf, self.big = nan, inf, big

    def _fault(self, arrays: list[np.ndarray]) -> str | None:
        for x in arrays:
            if x.dtype.kind not in "fc":
                continue
            if self.nan and np.isnan(x).any():
                return "NaN"
            if self.inf and np.isinf(x).any():
                return "an infinite number"
            if self.big and (np.abs(x[np.isfinite(x)]) > 1e10).any():
                return "a number beyond 1e10"
        return None

    def _look_at_inputs(self, node: Node, arrays: list[np.ndarray]) -> None:
        self._inputs = arrays
        fault = self._fault(arrays)
        if fault:
            raise FloatingPointError(
                f"{fault} in what `{node.operation.name}` (made at {node.where}) was "
                f"given: {_shortly(arrays)}."
            )

    def _look_at_outputs(self, node: Node, arrays: list[np.ndarray]) -> None:
        fault = self._fault(arrays)
        if fault:
            names = ", ".join(f"`{t.name}`" for t in node.inputs)
            raise FloatingPointError(
                f"{fault} in the result of `{node.operation.name}` of {names}, made at "
                f"{node.where}; its inputs were {_shortly(self._inputs)}."
            )


def _arrays(nest: Any) -> list[np.ndarray]:
    return [backend.to_numpy(x) for x in tree.flatten(nest) if backend.is_array(x)]


def _shortly(arrays: list[np.ndarray]) -> str:
    return ", ".join(np.array2string(x, threshold=6, precision=6) for x in arrays)


class Profile(Mode):
    """Times each call of the graph, which therefore runs step by step.

    Attributes:
        calls: how often the function was called.
        seconds: call of the graph -> (how often, seconds).
    """

    def __init__(self) -> None:
        super().__init__(compiled=False)
        self.seconds: dict[Node, list[float]] = defaultdict(lambda: [0, 0.0])

    def call(self, node: Node, args: Any, kwargs: Any) -> Any:
        """Run one call of the graph and note how long it takes."""
        start = time.perf_counter()
        results = backend.block(blamed(node, args, kwargs))
        entry = self.seconds[node]
        entry[0] += 1
        entry[1] += time.perf_counter() - start
        return results

    def summary(self) -> str:
        """Return a table: the share of each operation, then of each call."""
        total = sum(seconds for _, seconds in self.seconds.values()) or 1.0
        by_name: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
        for node, (times, seconds) in self.seconds.items():
            entry = by_name[_kind(node)]
            entry[0] += times
            entry[1] += seconds
        lines = [f"{total:.6f} s in all", "", "share  seconds    calls  operation"]
        lines += _rows(by_name.items(), total)
        lines += ["", "share  seconds    calls  call"]
        by_node = {
            f"{node.operation.name} ({node.where})": entry
            for node, entry in self.seconds.items()
        }
        return "\n".join([*lines, *_rows(by_node.items(), total)])


def _kind(node: Node) -> str:
    function = getattr(node.operation, "function", type(node.operation))
    return function.__name__


def _rows(entries: Any, total: float) -> list[str]:
    ordered = sorted(entries, key=lambda entry: -entry[1][1])
    return [
        f"{100 * seconds / total:4.1f} %  {seconds:.6f}  {times:6.0f}  {name}"
        for name, (times, seconds) in ordered
    ]


NAMES: dict[str, Callable[[], Mode]] = {
    "FAST_RUN": Mode,
    "FAST_COMPILE": lambda: Mode(False),
    "NanGuardMode": NanGuardMode,
}


def get(mode: Any) -> Mode:
    """Return the mode that a name, None or a mode itself stands for."""
    if mode is None:
        return Mode()
    if isinstance(mode, Mode):
        return mode
    if mode not in NAMES:
        raise ValueError(
            f"`mode` is one of {[*NAMES]} or a mode, got {mode!r}."
            + registry.did_you_mean(str(mode), NAMES)
        )
    return NAMES[mode]()
