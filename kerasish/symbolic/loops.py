"""Loops in expressions: `scan`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import dtypes, ops, tree
from ..graph import KerasTensor, Operation, is_symbolic
from ..registry import unique_name
from ..variable import Variable
from .cloning import clone
from .function import default_updates, place
from .piece import Piece
from .variables import Shared, SymbolicVariable, listed, symbolic

__all__ = ["Scan", "scan", "until"]


class until:
    """Returned last by a step of `scan`: stop after the step where it is true.

    Args:
        condition: symbolic scalar.
    """

    def __init__(self, condition: Any) -> None:
        self.condition = condition


class Scan(Operation):
    """A loop.

    Args:
        piece: the step: from slices and past results to new ones.
        sequences: for each slice that the step takes: (which sequence, offset).
        window: for each result how many of its past values are kept; 0: none.
        taps: (which result, how far back) for each past value that the step takes.
        carried: number of shared variables that the step changes.
        stops: whether the step says when to stop.
        n_steps: number of steps, None for what the sequences give, or a symbol.
        backwards: run through the sequences from their ends.
        truncate: through how many of the last steps gradients flow; -1: all.
    """

    def __init__(self, piece: Piece, **settings: Any) -> None:
        super().__init__(unique_name("scan"))
        self.piece, self.pieces = piece, [piece]
        self.sequences: list[tuple[int, int]] = settings["sequences"]
        self.window: list[int] = settings["window"]
        self.taps: list[tuple[int, int]] = settings["taps"]
        self.carried: int = settings["carried"]
        self.stops: bool = settings["stops"]
        self.backwards: bool = settings["backwards"]
        self.truncate: int = settings["truncate"]
        self.lengths = int(settings["counted"])

    @property
    def variables(self) -> list[Variable]:
        """Return the variables that the step reads."""
        return self.piece.variables

    def compute_output_spec(
        self, n_steps: Any, sequences: Any, *args: Any, **kwargs: Any
    ) -> tuple[list[KerasTensor], list[KerasTensor]]:
        """Return the stacked results, and the last values of shared variables."""
        steps = n_steps if isinstance(n_steps, int) else None
        if n_steps is None:
            steps = self._steps(None, [x.shape for x in sequences])
        inner = self.piece.outputs
        results = [KerasTensor((steps, *t.shape), t.dtype) for t in self._results()]
        states = inner[len(self.window) : len(self.window) + self.carried]
        lasts = [KerasTensor(t.shape, t.dtype) for t in states]
        for t in (*results, *lasts):
            t.open_sizes = True
        return results, lasts

    def _results(self) -> list[KerasTensor]:
        return self.piece.outputs[: len(self.window)]

    def _steps(self, n_steps: int | None, shapes: Sequence[Any]) -> int | None:
        """Return how many steps there are."""
        reach: dict[int, list[int]] = {}
        for which, offset in self.sequences:
            reach.setdefault(which, [0]).append(offset)
        sizes = [
            None if shapes[i][0] is None else shapes[i][0] - max(r) + min(r)
            for i, r in reach.items()
        ]
        if None in sizes:
            return None if n_steps is None else n_steps
        if n_steps is None:
            return min(s for s in sizes if s is not None)
        short = [s for s in sizes if s is not None and s < n_steps]
        if short:
            raise ValueError(
                f"`{self.name}` shall run {n_steps} steps, but a sequence is enough "
                f"for {short[0]} only."
            )
        return n_steps

    def call(
        self, n_steps: Any, sequences: Any, initials: Any, states: Any, captured: Any
    ) -> tuple[list[Any], list[Any]]:
        """Run the loop on values."""
        count = self._steps(_whole(n_steps, self.name), [x.shape for x in sequences])
        if count is None or count < 1:
            raise ValueError(
                f"`{self.name}` would run {count} steps: a loop runs at least one."
            )
        slices = [self._slices(sequences, k, count) for k in range(len(self.sequences))]
        past = [
            _window(x, size, t) if size else None
            for x, size, t in zip(initials, self.window, self._results())
        ]
        start: Any = ([p for p in past if p is not None], list(states), _false())
        if self.stops:
            start = (*start, None)

        def step(carry: Any, now: Any) -> Any:
            return self._step(carry, now, captured, count)

        xs = (ops.arange(count), slices)
        if self.stops:  # what the step that stopped gave is kept: here of the same kind
            first = step(start, tree.map_structure(lambda x: x[0], xs))[1]
            start = (*start[:-1], [ops.zeros_like(x) for x in first])
        (_, states, *_), stacked = ops.scan(step, start, xs, length=count)
        return list(stacked), list(states)

    def _slices(self, sequences: Any, k: int, count: int) -> Any:
        which, offset = self.sequences[k]
        x = sequences[which]
        x = ops.flip(x, axis=0) if self.backwards else x
        before = -min(0, *(o for w, o in self.sequences if w == which))
        return x[before + offset : before + offset + count]

    def _step(self, carry: Any, now: Any, captured: Any, count: int) -> Any:
        past, states, done, *last = carry
        number, slices = now
        if self.truncate > 0:
            keep = number >= count - self.truncate
            past = [ops.where(keep, p, ops.stop_gradient(p)) for p in past]
        windows = iter(past)
        kept = [next(windows) if size else None for size in self.window]
        taken = [kept[i][self.window[i] + back] for i, back in self.taps]  # type: ignore[index]
        found = self.piece.run([*slices, *taken, *states], captured)
        results = found[: len(self.window)]
        news = found[len(self.window) : len(self.window) + self.carried]
        if self.stops and last[0] is not None:
            results = [ops.where(done, a, b) for a, b in zip(last[0], results)]
            news = [ops.where(done, a, b) for a, b in zip(states, news)]
        moved = [
            ops.concatenate([old[1:], ops.expand_dims(new, 0)])
            for old, new in zip(kept, results)
            if old is not None
        ]
        if not self.stops:
            return (moved, news, done), results
        done = ops.logical_or(done, ops.cast(found[-1], "bool"))
        return (moved, news, done, results), results


def _false() -> Any:
    return ops.cast(0, "bool")


def _whole(n_steps: Any, name: str) -> int | None:
    """Return a number of steps, which must be known when the program is made."""
    if n_steps is None or isinstance(n_steps, int):
        return n_steps
    try:
        return int(n_steps)
    except TypeError:
        raise ValueError(
            f"The number of steps of `{name}` depends on values of another loop or "
            "condition; it can depend on inputs and shared variables only."
        ) from None


def _window(x: Any, size: int, like: KerasTensor) -> Any:
    """Return the values before the first step, stacked."""
    x = ops.cast(x, like.dtype)
    return ops.expand_dims(x, 0) if size == 1 and x.ndim == like.ndim else x[-size:]


def scan(
    fn: Callable[..., Any],
    sequences: Any = None,
    outputs_info: Any = None,
    non_sequences: Any = None,
    n_steps: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    name: str | None = None,
    strict: bool = False,
    return_list: bool = False,
) -> tuple[Any, dict[Any, Any]]:
    """Return the results of a loop: `fn` is applied step by step.

    Args:
        fn: takes, in this order, a slice of each sequence (one for each of its taps),
            past results (one for each tap), the non-sequences. Returns the new results:
            one, or a list; perhaps updates of shared variables (a dict) besides, and
            perhaps `until(condition)` at last.
        sequences: tensors to run along, or dicts `input`, `taps` (default `[0]`).
        outputs_info: for each result the value before the first step; None if `fn`
            does not take it; or a dict `initial`, `taps` (default `[-1]`); with other
            taps than -1 `initial` holds as many values as the farthest needs.
        non_sequences: what else `fn` takes, the same in each step. Other symbolic
            tensors that it uses are found.
        n_steps: a number or a symbolic scalar of whole numbers, on which a program is
            compiled for each value; default: as far as the sequences go.
        truncate_gradient: gradients flow through so many of the last steps; -1: all.
        go_backwards: run along the sequences from their ends.
        name: for messages.
        strict: `fn` may use no symbolic tensors but its arguments and shared ones.
        return_list: return a list also of one result.

    Returns:
        (results stacked along a new first axis: one or a list, updates). Pass the
        updates to `function`, if there are any. After `until` the results keep the
        values of the step that stopped, so that the last is still `result[-1]`.

    Example:
        >>> from kerasish import symbolic as S
        >>> a, k = S.vector("a"), S.iscalar("k")
        >>> powers, _ = S.scan(lambda p, a: p * a, outputs_info=keras.ops.ones_like(a),
        ...                    non_sequences=a, n_steps=k)
        >>> print(S.function([a, k], powers[-1])([1.0, 2.0, 3.0], 3))
        [ 1.  8. 27.]
    """
    loops = [_taps(x, "input", (0,)) for x in _listed_or_none(sequences)]
    starts = [_taps(x, "initial", (-1,)) for x in _listed_or_none(outputs_info)]
    if not loops and n_steps is None:
        raise ValueError("`scan` needs `n_steps` where there are no `sequences`.")
    others = [symbolic(x) for x in _listed_or_none(non_sequences)]
    name = name or "scan"
    step = _Step(fn, loops, starts, others, name, strict)
    which = [(i, tap) for i, (_, taps) in enumerate(loops) for tap in taps]
    operation = Scan(
        step.piece,
        sequences=which,
        window=step.window,
        taps=[(i, tap) for i, (_, taps) in enumerate(step.starts) for tap in taps],
        carried=len(step.states),
        stops=step.stop is not None,
        counted=is_symbolic(n_steps),
        backwards=go_backwards,
        truncate=truncate_gradient,
    )
    operation.name = unique_name(name)
    initials = [x for x, _ in step.starts]
    captured = step.piece.captured
    sequences = [x for x, _ in loops]
    given = (n_steps, sequences, initials, list(step.states), captured)
    results, lasts = operation.symbolic_call(*given)
    updates = dict(zip(step.states, lasts))
    single = len(results) == 1 and not return_list and not step.listed
    return (results[0] if single else results), updates


class _Step:
    """What `fn` says when it is called on symbols of one step."""

    def __init__(
        self,
        fn: Callable[..., Any],
        loops: list[Any],
        starts: list[Any],
        others: list[Any],
        name: str,
        strict: bool,
    ) -> None:
        slices = [
            _inner(x.shape[1:], x.dtype, x.name) for x, taps in loops for _ in taps
        ]
        self.starts = starts
        for _ in range(2):  # once more if results are wider than their first values
            past = [
                _inner(_rest(x, taps), x.dtype, x.name)
                for x, taps in self.starts
                for _ in taps
            ]
            self._call(fn, [*slices, *past, *others])
            if not self._widened():
                break
        self._check(name)
        changed = [t for t, _ in self.updates]
        self.states = [symbolic(x) for x in changed]
        news = [new for _, new in self.updates]
        self.window = [-min(taps) if taps else 0 for _, taps in self.starts]
        inside = [_inner(t.shape, t.dtype, t.name) for t in self.states]
        outputs = [*self.results, *news, *([] if self.stop is None else [self.stop])]
        outputs = _with(outputs, self.states, inside)
        self.piece = Piece([*slices, *past, *inside], outputs, outside=True)
        loose = [t for t in self.piece.captured if not isinstance(t, Shared)]
        loose = [t for t in loose if not any(t is x for x in others)]
        if strict and loose:
            raise ValueError(
                f"The step of `{name}` uses `{loose[0].name}` (made at "
                f"{place(loose[0])}), which is not among its `non_sequences`; with "
                "`strict` it must be."
            )

    def _call(self, fn: Callable[..., Any], arguments: list[Any]) -> None:
        said = fn(*arguments)
        parts = list(said) if isinstance(said, tuple) else [said]
        self.stop = parts.pop().condition if isinstance(parts[-1], until) else None
        updates: Any = {}
        if parts and (isinstance(parts[-1], Mapping) or _are_pairs(parts[-1])):
            updates = dict(parts.pop())
        self.listed = len(parts) != 1 or isinstance(parts[0], list)
        if len(parts) == 1 and isinstance(parts[0], (list, tuple)):
            parts = list(parts[0])
        self.results = [symbolic(x) for x in parts]
        pairs = list(updates.items())
        self.updates = pairs + default_updates(
            [*self.results, *(new for _, new in pairs)], pairs
        )
        missing = len(self.results) - len(self.starts)
        if not self.starts:
            self.starts = [(None, ())] * missing
        elif missing:
            raise ValueError(
                f"The step of `scan` returns {len(self.results)} results, but "
                f"`outputs_info` has {len(self.starts)} entries."
            )

    def _widened(self) -> bool:
        """Convert first values to the dtypes of the results; say if any changed."""
        changed = False
        for i, (result, (x, taps)) in enumerate(zip(self.results, self.starts)):
            if taps and x.dtype != result.dtype:
                wide = dtypes.result_type(x.dtype, result.dtype)
                if wide == result.dtype:
                    self.starts[i] = (ops.cast(x, wide), taps)
                    changed = True
        return changed

    def _check(self, name: str) -> None:
        for i, (result, (x, taps)) in enumerate(zip(self.results, self.starts)):
            if not taps:
                continue
            rest = _rest(x, taps)
            fits = len(rest) == result.ndim and all(
                a is None or b is None or a == b for a, b in zip(rest, result.shape)
            )
            if not fits or x.dtype != result.dtype:
                raise ValueError(
                    f"Result {i} of the step of `{name}` (made at {place(result)}) is "
                    f"{result.dtype} of shape {result.shape}, but its first value, "
                    f"`{x.name}`, is {x.dtype} of shape {rest}; they must be the same."
                )


def _with(outputs: list[Any], olds: list[Any], news: list[Any]) -> list[Any]:
    return clone(outputs, list(zip(olds, news))) if olds else outputs


def _are_pairs(x: Any) -> bool:
    return isinstance(x, list) and bool(x) and all(isinstance(p, tuple) for p in x)


def _listed_or_none(x: Any) -> list[Any]:
    return [] if x is None else listed(x)


def _taps(x: Any, key: str, usual: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """Return (tensor, taps) of an entry of `sequences` or `outputs_info`."""
    if x is None:
        return None, ()
    taps: Any = usual
    if isinstance(x, Mapping):
        unknown = set(x) - {key, "taps"}
        if unknown:
            raise ValueError(
                f"An entry of `scan` is a dict of {key!r} and 'taps', got {sorted(x)}."
            )
        taps, x = x.get("taps", usual), x.get(key)
        if x is None:
            return None, ()
    taps = tuple(taps) if isinstance(taps, (list, tuple)) else (taps,)
    if key == "initial" and any(t >= 0 for t in taps):
        raise ValueError(f"Taps of results are negative (the past), got {taps}.")
    return symbolic(x), taps


def _rest(x: KerasTensor, taps: tuple[int, ...]) -> tuple[int | None, ...]:
    """Return the shape of one past value."""
    return x.shape if taps == (-1,) else x.shape[1:]


def _inner(shape: Any, dtype: str, name: str) -> SymbolicVariable:
    return SymbolicVariable(shape, dtype, name)
