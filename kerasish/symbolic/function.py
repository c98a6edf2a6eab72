"""Functions from symbolic inputs to symbolic outputs, with updates of shared state."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from .. import backend, registry, tree
from ..graph import KerasTensor, Node, is_symbolic, toposort
from ..variable import Variable, functional
from . import modes
from .cloning import Pairs, clone, pairs_of
from .piece import Piece, leaves
from .variables import Shared, shared

__all__ = ["Compiled", "In", "evaluated", "function"]


class In:
    """An input of a function that has a value of its own if none is passed.

    Args:
        variable: symbolic variable.
        name: to pass it by; default the variable's name.
        value: default value, None for none.

    Example:
        >>> from kerasish import symbolic as S
        >>> x, y = S.scalars("x", "y")
        >>> f = S.function([x, S.In(y, value=1.0)], x + y)
        >>> float(f(2.0)), float(f(2.0, y=5.0))
        (3.0, 7.0)
    """

    def __init__(
        self, variable: KerasTensor, name: str | None = None, value: Any = None
    ) -> None:
        if not is_symbolic(variable):
            raise TypeError(
                f"`inputs` are symbolic variables, got {variable!r} of type "
                f"{type(variable).__name__}."
            )
        if isinstance(variable, Shared):
            raise TypeError(
                f"Shared variable `{variable.name}` has a value of its own and cannot "
                "be an input; to put another in its place use `givens`."
            )
        self.variable, self.value = variable, value
        self.name = name or variable.name


def function(
    inputs: Sequence[Any] = (),
    outputs: Any = None,
    mode: Any = None,
    updates: Pairs = None,
    givens: Pairs = None,
    no_default_updates: bool = False,
    name: str | None = None,
    allow_input_downcast: bool = False,
    profile: bool = False,
    on_unused_input: str = "raise",
) -> "Compiled":
    """Compile symbolic expressions to a function of values.

    The whole becomes one program (on the NumPy backend it runs call by call).

    Args:
        inputs: symbolic variables, or `In(variable, value=default)`. Tensors in the
            middle of an expression can be inputs, too.
        outputs: an expression, a list, a dict, or None (for the updates alone).
        mode: `"FAST_RUN"` (default), `"FAST_COMPILE"` (step by step, for debuggers),
            or a mode such as `NanGuardMode()`.
        updates: pairs (shared variable or `keras.Variable`, its new value), all made
            from the old values, after the outputs.
        givens: pairs (tensor, what stands in its place).
        no_default_updates: leave out the updates that shared variables have by
            themselves, as those of random streams do.
        name: for messages.
        allow_input_downcast: let values lose digits: 1.5 for an integer input.
        profile: time each call of the graph: `print(f.profile.summary())`.
        on_unused_input: `"raise"`, `"warn"` or `"ignore"` where outputs and updates
            do not depend on an input.

    Returns:
        A function; its results are NumPy arrays, in the structure of `outputs`.

    Raises:
        ValueError: if something else is needed than inputs and shared variables.

    Example:
        >>> from kerasish import symbolic as S
        >>> x, w = S.vector("x"), S.shared([1.0, 2.0], "w")
        >>> f = S.function([x], keras.ops.sum(x * w), updates=[(w, w * 10.0)])
        >>> float(f([1.0, 1.0])), float(f([1.0, 1.0]))
        (3.0, 30.0)
    """
    if is_symbolic(inputs) or isinstance(inputs, In):
        raise TypeError(f"`inputs` is a list of symbolic variables, got {inputs!r}.")
    given = [x if isinstance(x, In) else In(x) for x in inputs]
    pairs = pairs_of(updates, "updates")
    wanted = tree.flatten(outputs)
    for x in wanted:
        if not is_symbolic(x) and x is not None:
            raise TypeError(
                f"`outputs` are symbolic expressions, got {x!r} of type "
                f"{type(x).__name__}."
            )
    if not no_default_updates:
        pairs += default_updates([*wanted, *(new for _, new in pairs)], pairs)
    replaced = pairs_of(givens, "givens")
    if replaced:
        both = clone((outputs, [new for _, new in pairs]), replaced)
        outputs, news = both
        pairs = [(target, new) for (target, _), new in zip(pairs, news)]
    chosen = modes.Profile() if profile else modes.get(mode)
    made = Compiled(given, outputs, pairs, chosen, name, allow_input_downcast)
    _check_unused(made, on_unused_input)
    return made


def _check_unused(made: "Compiled", unused: str) -> None:
    if unused not in ("raise", "warn", "ignore"):
        raise ValueError(
            f"`on_unused_input` is 'raise', 'warn' or 'ignore', got {unused!r}."
        )
    idle = [] if unused == "ignore" else made.unused()
    if idle:
        text = (
            f"`{made.name}` does not depend on its input(s) {idle}. If that is meant, "
            'pass on_unused_input="ignore".'
        )
        if unused == "raise":
            raise ValueError(text)
        warnings.warn(text, stacklevel=3)


def default_updates(
    wanted: Iterable[Any], pairs: Sequence[tuple[Any, Any]]
) -> list[tuple[Any, Any]]:
    """Return the updates that shared variables in `wanted` have by themselves."""
    tensors = [x for x in wanted if is_symbolic(x)]
    told = {id(old) for old, _ in pairs}
    return [
        (t, t.default_update)
        for t in leaves(tensors)
        if isinstance(t, Shared) and t.default_update is not None and id(t) not in told
    ]


class Compiled:
    """A function made by `function`; see there.

    Attributes:
        inputs: list of `In`.
        outputs: the expressions, in their structure.
        updates: pairs (shared variable, expression of its new value).
        piece: the graph, from the inputs to all of these.
        profile: the times, if it was made with `profile=True`.
    """

    def __init__(
        self,
        inputs: Sequence[In],
        outputs: Any,
        updates: Sequence[tuple[Any, Any]],
        mode: modes.Mode,
        name: str | None = None,
        downcast: bool = False,
    ) -> None:
        self.name = name or registry.unique_name("function")
        self.inputs, self.outputs = list(inputs), outputs
        self.updates = [(old, updated(old, new)) for old, new in updates]
        self.mode, self.downcast = mode, downcast
        self.profile = mode if isinstance(mode, modes.Profile) else None
        self._many = not is_symbolic(outputs)
        self._wanted = [x for x in tree.flatten(outputs) if x is not None]
        given = [x.variable for x in self.inputs]
        news = [new for _, new in self.updates]
        self.piece = Piece(given, [*self._wanted, *news])
        self._check_sources()
        self._fixed = fixed_tensors(self.piece)
        self._programs: dict[Any, Callable[..., Any]] = {}
        self._changed: list[int] = []

    def _check_sources(self) -> None:
        names = [x.name for x in self.inputs]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"Two inputs of `{self.name}` are named {twice[0]!r}.")
        loose = [t for t in self.piece.captured if not isinstance(t, Shared)]
        if loose:
            places = [f"`{t.name}` (made at {place(t)})" for t in loose]
            raise ValueError(
                f"`{self.name}` needs {', '.join(places)}, which is not among the "
                f"`inputs` {names}, nor is it shared or replaced by `givens`."
            )

    def unused(self) -> list[str]:
        """Return the names of inputs on which nothing depends."""
        used = {id(t) for node in self.piece.order for t in node.inputs}
        used |= {id(t) for t in self.piece.outputs}
        return [x.name for x in self.inputs if id(x.variable) not in used]

    def get_shared(self) -> list[Any]:
        """Return the shared variables that the function reads or updates."""
        found = [*self.piece.shared, *(old for old, _ in self.updates)]
        return list({id(x): x for x in found}.values())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs from values, by position or name; make the updates."""
        return self._run(None, args, kwargs)

    def repeat(self, steps: int, *args: Any, **kwargs: Any) -> Any:
        """Call the function `steps` times, in one program; return the last outputs.

        Example:
            >>> from kerasish import symbolic as S
            >>> w = S.shared(1.0, "w")
            >>> double = S.function([], w, updates=[(w, 2.0 * w)])
            >>> float(double.repeat(4)), float(w.get_value())
            (8.0, 16.0)
        """
        if not isinstance(steps, (int, np.integer)) or steps < 1:
            raise ValueError(f"`steps` is a whole number from 1 on, got {steps!r}.")
        return self._run(int(steps), args, kwargs)

    def _run(self, steps: int | None, args: Any, kwargs: Any) -> Any:
        values = self._values(args, kwargs)
        variables = self._variables()
        state = [v.value for v in variables]
        if not self.mode.compiled:
            program = self._program({})
            for _ in range((steps or 1) - 1):
                state = self._stepped(program, state, values)
            results, news = program(state, values)
        else:
            program, rest = self._compiled(values, steps is not None)
            results, news = program(state, rest, *([steps] if steps else []))
        for i, new in zip(self._changed, news):
            variables[i].replace(new)
        found = [backend.to_numpy(x) for x in results]
        if not self._many:
            return found[0]
        if self.outputs is None:
            return None
        return tree.pack_sequence_as(self.outputs, found)

    def _variables(self) -> list[Variable]:
        """All the state: what shared variables hold now, and layers' variables."""
        held = [getattr(x, "variable", x) for x in self.get_shared()]
        return list({id(v): v for v in (*held, *self.piece.variables)}.values())

    def _values(self, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
        if len(args) > len(self.inputs):
            raise TypeError(
                f"`{self.name}` takes {len(self.inputs)} inputs "
                f"{[x.name for x in self.inputs]}, got {len(args)} by position."
            )
        values = [value_for(i, x, self) for i, x in zip(self.inputs, args)]
        for given in self.inputs[len(args) :]:
            if given.name not in kwargs and given.value is None:
                raise TypeError(f"`{self.name}` misses its input `{given.name}`.")
            x = kwargs.pop(given.name, given.value)
            values.append(value_for(given, x, self))
        for name in kwargs:
            names = [x.name for x in self.inputs]
            if name in names:
                raise TypeError(f"`{self.name}` got `{name}` by position and by name.")
            raise TypeError(
                f"`{self.name}` has no input {name!r}; it takes {names}."
                + registry.did_you_mean(name, names)
            )
        return values

    def _compiled(
        self, values: list[Any], repeated: bool
    ) -> tuple[Callable[..., Any], list[Any]]:
        """Return the program, and the values to pass to it.

        Values on which the lengths of loops depend are a part of the program.
        """
        known = {}
        for given, x in zip(self.inputs, values):
            if id(given.variable) in self._fixed:
                known[id(given.variable)] = np.asarray(x)
        for t in self.piece.shared:
            if id(t) in self._fixed:
                known[id(t)] = t.get_value()
        key = (repeated, *((k, x.shape, x.tobytes()) for k, x in known.items()))
        rest = [
            None if id(i.variable) in known else x for i, x in zip(self.inputs, values)
        ]
        if key not in self._programs:
            if len(self._programs) >= PROGRAMS:
                self._programs.pop(next(iter(self._programs)))
            run = self._program(known, repeated)
            self._programs[key] = backend.jit(run)
        return self._programs[key], rest

    def _program(
        self, known: dict[int, Any], repeated: bool = False
    ) -> Callable[..., Any]:
        """Return `run(state, values, steps) -> (results, new state that changed)`."""

        def once(values: list[Any]) -> list[Any]:
            filled = [
                known[id(i.variable)]
                if x is None
                else backend.asarray(x, i.variable.dtype)
                for i, x in zip(self.inputs, values)
            ]
            captured = [known.get(id(t), t.variable.value) for t in self.piece.shared]
            results = self.piece.run(filled, captured, self._call)
            news = results[len(self._wanted) :]
            for (target, _), new in zip(self.updates, news):
                getattr(target, "variable", target).assign(new)
            return results[: len(self._wanted)]

        def run(state: list[Any], values: list[Any], steps: Any = 1) -> Any:
            pure = functional(once, self._variables())
            if repeated:
                state = backend.fori_loop(
                    0, steps - 1, lambda _, now: pure(now, values)[1], state
                )
            results, news = pure(state, values)
            pairs = enumerate(zip(state, news))
            self._changed = [i for i, (old, new) in pairs if old is not new]
            return results, [news[i] for i in self._changed]

        return run

    def _stepped(self, program: Any, state: list[Any], values: list[Any]) -> list[Any]:
        news = program(state, values)[1]
        state = list(state)
        for i, new in zip(self._changed, news):
            state[i] = new
        return state

    def _call(self, node: Node, args: Any, kwargs: Any) -> Any:
        results = tree.flatten(node.outputs)
        known = self.mode.compiled and id(results[0]) in self._fixed
        with backend.eager() if known else nullcontext():
            return self.mode.call(node, args, kwargs)

    def __repr__(self) -> str:
        names = ", ".join(x.name for x in self.inputs)
        return f"<function {self.name}({names})>"


PROGRAMS = 64  # kept of a function whose loops have lengths of their own


def place(tensor: KerasTensor) -> str:
    """Return the line of the user's code that made a tensor."""
    if tensor.node is not None and tensor.node.inputs:
        return tensor.node.where
    return getattr(tensor, "where", "an unknown place")


def updated(target: Any, new: Any) -> KerasTensor:
    """Return the new value of a shared variable as an expression that fits."""
    if not isinstance(target, Shared | Variable):
        raise TypeError(
            "`updates` are pairs (shared variable, new value); the first of one is "
            f"{target!r} of type {type(target).__name__}."
        )
    if not is_symbolic(new):
        new = shared(new, dtype=target.dtype)
    fits = new.ndim == target.ndim and all(
        a is None or b is None or a == b for a, b in zip(new.shape, target.shape)
    )
    if not fits:
        raise ValueError(
            f"`{target.name}` has shape {target.shape}, its update `{new.name}` (made "
            f"at {place(new)}) has shape {new.shape}; they must be the same."
        )
    loses = _ORDER[np.dtype(new.dtype).kind] > _ORDER[np.dtype(target.dtype).kind]
    if loses and "bfloat" not in target.dtype + new.dtype:
        raise TypeError(
            f"`{target.name}` is {target.dtype}, its update `{new.name}` (made at "
            f"{place(new)}) is {new.dtype}: convert it with `keras.ops.cast`."
        )
    return new


# Kinds of numbers, from narrow to wide.
_ORDER = {"b": 0, "i": 1, "u": 1, "f": 2, "V": 2, "c": 3}


def value_for(given: In, x: Any, function: Compiled) -> Any:
    """Return the value of an input as an array of its dtype, or say what is wrong."""
    t = given.variable
    if not backend.is_array(x):
        x = np.asarray(getattr(x, "value", x))
    shape, kind = tuple(x.shape), np.dtype(x.dtype).kind
    if len(shape) != t.ndim or any(a not in (None, b) for a, b in zip(t.shape, shape)):
        raise ValueError(
            f"Input `{given.name}` of `{function.name}` (made at {place(t)}) has shape "
            f"{t.shape}, got a value of shape {shape}."
        )
    if str(x.dtype) == t.dtype:
        return x
    if kind not in _ORDER:
        raise TypeError(
            f"Input `{given.name}` of `{function.name}` takes numbers ({t.dtype}), got "
            f"{x.dtype}."
        )
    wanted = np.dtype(t.dtype)
    if _ORDER[kind] > _ORDER[wanted.kind] or wanted.kind in "iu":
        plain = np.asarray(x)
        narrow = plain.astype(wanted)
        if not function.downcast and (narrow != plain).any():
            raise TypeError(
                f"Input `{given.name}` of `{function.name}` is {t.dtype} and cannot "
                f"hold {np.array2string(plain, threshold=6)}; convert it, or allow it "
                "with `allow_input_downcast=True`."
            )
        return narrow
    return np.asarray(x, wanted) if isinstance(x, np.ndarray) else x


def fixed_tensors(piece: Piece) -> set[int]:
    """Return the ids of what the numbers of steps of loops depend on.

    Their values must be known before a program can be made.
    """
    lengths = [t for node in piece.order for t in lengths_of(node)]
    found = {id(t) for t in leaves(lengths)}
    for node in toposort(lengths):
        found |= {id(t) for t in tree.flatten(node.outputs)}
    return found


def lengths_of(node: Node) -> list[KerasTensor]:
    """Return the inputs of a call that say how many steps a loop has."""
    count = getattr(node.operation, "lengths", 0)
    return node.inputs[:count]


def evaluated(tensor: KerasTensor, inputs_to_values: Any = None) -> np.ndarray:
    """Compute a symbolic tensor; the function is kept for the next time.

    Args:
        tensor: the expression; `tensor.eval(...)` is the same.
        inputs_to_values: dict: symbolic variable, or its name -> value.

    Example:
        >>> from kerasish import symbolic as S
        >>> x, y = S.scalars("x", "y")
        >>> float((x + y).eval({x: 1.5, y: 2.5}))
        4.0
    """
    given = dict(inputs_to_values or {})
    by_name = {t.name: t for t in leaves([tensor])}
    inputs = []
    for key in given:
        if isinstance(key, str) and key not in by_name:
            raise ValueError(
                f"`{tensor.name}` depends on no {key!r}."
                + registry.did_you_mean(key, by_name)
            )
        inputs.append(by_name[key] if isinstance(key, str) else key)
    programs = tensor.__dict__.setdefault("_programs", {})
    key = tuple(map(id, inputs))
    if key not in programs:
        programs[key] = function(inputs, tensor, on_unused_input="ignore")
    return programs[key](*given.values())
