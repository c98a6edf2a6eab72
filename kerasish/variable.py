"""Variables, the only state there is, and `functional`, which makes using them pure.

Layers, optimizers and metrics are ordinary objects that read and assign `Variable`s.
Compiled code must be pure. `functional(fn, variables)` bridges the two: it redirects,
for the calling thread alone, reads and assignments of those variables to values that
are passed in, runs `fn`, and hands the new values back.
"""

import math
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from . import backend, dtypes, registry
from .operators import Operators

__all__ = ["StatelessScope", "Variable", "functional", "name_scope"]


class Redirect:
    """Where one thread finds the values of variables for a while.

    Args:
        values: id of a variable -> its value.
        capture: keep assignments to any variable (else only to those in `values`).
        closed: reading a variable found in no redirect at all is an error.
    """

    def __init__(
        self, values: dict[int, Any], capture: bool = False, closed: bool = False
    ) -> None:
        self.values, self.capture, self.closed = values, capture, closed
        self.parent: Redirect | None = None
        self.assigned: dict[int, Variable] = {}  # id -> variable


LARGE = 2**14  # numbers from which on it pays not to draw what is not needed
# How many numbers of four bytes this machine's memory holds.
ROOM = 2**40
if hasattr(os, "sysconf"):
    ROOM = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4


class _ThreadState(threading.local):
    redirect: Redirect | None = None
    undrawn: "list[Variable] | None" = None
    allowance: int = ROOM  # numbers that variables may still have, within `undrawn`
    autocast: str | None = None
    inferring = False
    path: tuple[str, ...] = ()


state = _ThreadState()


@contextmanager
def setting(**values: Any) -> Iterator[None]:
    """Change attributes of the thread's `state` for a while."""
    before = {key: getattr(state, key) for key in values}
    try:
        for key, value in values.items():
            setattr(state, key, value)
        yield
    finally:
        for key, value in before.items():
            setattr(state, key, value)


@contextmanager
def redirected(redirect: Redirect) -> Iterator[Redirect]:
    """Let variables of this thread live in `redirect` for a while."""
    redirect.parent = state.redirect
    with setting(redirect=redirect):
        yield redirect


def functional(
    fn: Callable[..., Any], variables: Sequence["Variable"]
) -> Callable[..., Any]:
    """Make `fn`, which may read and assign `variables`, a pure function of them.

    Args:
        fn: any function. Inside a compiled trace it must not touch variables that are
            not listed here or by an enclosing `functional`.
        variables: the variables it reads or assigns.

    Returns:
        `pure(values, *args, **kwargs) -> (fn's result, new values)`; `values` are in
        the order of `variables`, and the variables themselves stay as they are.

    Example:
        >>> v = keras.Variable(1.0)
        >>> step = keras.variable.functional(lambda x: v.assign_add(x), [v])
        >>> float(step([10.0], 5.0)[1][0]), float(v.value)
        (15.0, 1.0)
    """
    variables = tuple(variables)
    keys = tuple(map(id, variables))

    def pure(values: Sequence[Any], *args: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        if len(values) != len(keys):
            raise ValueError(
                f"Expected {len(keys)} values, one for each variable, got "
                f"{len(values)}."
            )
        redirect = Redirect(dict(zip(keys, values)), closed=True)
        with redirected(redirect):
            result = fn(*args, **kwargs)
        return result, [redirect.values[key] for key in keys]

    return pure


@contextmanager
def abstract() -> Iterator[None]:
    """Run code for its shapes alone: assignments are forgotten afterwards."""
    with redirected(Redirect({}, capture=True)), setting(inferring=True):
        yield


@contextmanager
def name_scope(name: str, **kwargs: Any) -> Iterator[None]:
    """Put `name` before the paths of variables that are made within.

    Args:
        name: one part of a path.

    Example:
        >>> with keras.name_scope("encoder"):
        ...     v = keras.Variable(1.0, name="scale")
        >>> v.path
        'encoder/scale'
    """
    if not isinstance(name, str) or "/" in name:
        raise ValueError(f"`name` of a scope is a string without '/', got {name!r}.")
    with setting(path=(*state.path, name)):
        yield


@contextmanager
def undrawn(allowance: int = ROOM) -> Iterator[None]:
    """Draw the first values of large variables made within only when they are read.

    For models whose weights are loaded next. What was not given a value by the end
    draws it then.

    Args:
        allowance: how many numbers they may have, all together.
    """
    made: list[Variable] = []
    with setting(undrawn=made, allowance=allowance):
        yield
    for variable in made:
        _ = variable._value  # is drawn by being read
        del variable._draw


class StatelessScope:
    """Run code on other values of variables, and keep its assignments apart.

    Args:
        state_mapping: pairs (variable, value to read in its place).

    Example:
        >>> v = keras.Variable(1.0)
        >>> with keras.StatelessScope([(v, 2.0)]) as scope:
        ...     _ = v.assign_add(1.0)
        >>> float(scope.get_current_value(v)), float(v.value)
        (3.0, 1.0)
    """

    def __init__(
        self,
        state_mapping: Sequence[tuple["Variable", Any]] | None = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ) -> None:
        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self.losses: list[Any] = []
        pairs = list(state_mapping or ())
        for variable, value in pairs:
            if not isinstance(variable, Variable):
                raise ValueError(
                    "`state_mapping` must hold pairs (Variable, value); "
                    f"its first parts include {variable!r}."
                )
            variable.check_shape(value)
        self._redirect = Redirect({id(v): v.convert(x) for v, x in pairs}, True)

    def __enter__(self) -> "StatelessScope":
        self._context = redirected(self._redirect)
        self._context.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._context.__exit__(*exception)

    def get_current_value(self, variable: "Variable") -> Any:
        """Return the value that the variable has in this scope, None if untouched."""
        return self._redirect.values.get(id(variable))


class layouts:
    """What `keras.distribution` says of new variables."""

    of: Callable[["Variable"], Any] | None = None  # their layouts; None: there are none


class Variable(Operators):
    """A named array that can be replaced: a weight, a statistic, a counter, a seed.

    Args:
        initializer: the first value; or, with `shape`, a function of (shape, dtype) or
            an initializer's name.
        shape: tuple of sizes; needed with an initializer, else taken from the value.
        dtype: name of the dtype; default: the value's, or `floatx()`.
        trainable: whether optimizers may change it.
        autocast: whether layers that compute in 16 bits read it in 16 bits.
        aggregation: how replicas on several devices are combined: `"none"`, `"mean"`,
            `"sum"` or `"only_first_replica"`.
        name: default `"variable"`, `"variable_1"` ...

    Example:
        >>> v = keras.Variable([1.0, 2.0], name="v")
        >>> _ = v.assign(v * 10.0)
        >>> v.numpy().tolist()
        [10.0, 20.0]
    """

    __array_priority__ = 1000.0  # array + variable is the variable's to compute

    def __init__(
        self,
        initializer: Any,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "none",
        synchronization: str = "auto",
        name: str | None = None,
        layout: Any = None,
    ) -> None:
        self.name = name or registry.unique_name("variable")
        if "/" in self.name:
            raise ValueError(f"`name` of a variable has no '/', got {self.name!r}.")
        allowed = ("none", "mean", "sum", "only_first_replica")
        if aggregation is not None and aggregation not in allowed:
            raise ValueError(
                f"`aggregation` must be in {allowed}, got {aggregation!r}."
            )
        self.path = "/".join((*state.path, self.name))
        self.trainable = bool(trainable)
        self.born_trainable = self.trainable
        self.frozen = False  # trained, but for the time being its layer is not
        self.aggregation, self.synchronization = aggregation or "none", synchronization
        self.layout = layout
        self.regularizer: Any = None
        self.constraint: Any = None
        self.overwrite_with_gradient = False
        # Whether somebody outside may hold the array (it may be one that was passed
        # in), so that it must not be overwritten in place by a compiled step.
        self.exposed = True
        value = self._first_value(initializer, shape, dtype)
        self.shape: tuple[int, ...] = tuple(value.shape)
        if isinstance(value, backend.Spec):
            self.dtype: str = value.dtype
        else:
            self.dtype = backend.dtype_name(value)
            if layout is None and layouts.of is not None:
                self.layout = layouts.of(self)
            self._value = self._placed(value)
        self.autocast = bool(autocast)
        self._castable = self.autocast and dtypes.is_float(self.dtype)
        # Used by code that does not hold it (the default seed): a trace that does not
        # know it takes its present value, and what it assigns ends with the trace.
        self.ambient = False

    def _first_value(self, initializer: Any, shape: Any, dtype: Any) -> Any:
        if isinstance(initializer, str):
            initializer = registry.namespace("initializers")["get"](initializer)
        if not callable(initializer):
            dtype = dtypes.standardize_dtype(dtype) if dtype is not None else None
            if dtype is None and not hasattr(initializer, "dtype"):
                dtype = _dtype_of_plain(initializer)
            with backend.eager():
                return backend.asarray(
                    getattr(initializer, "value", initializer), dtype
                )
        if shape is None:
            raise ValueError(
                f"Variable `{self.name}` needs a `shape`, since its initializer is a "
                f"function: {initializer!r}."
            )
        shape = tuple(shape) if not isinstance(shape, int) else (shape,)
        if any(size is None for size in shape):
            raise ValueError(
                f"Variable `{self.name}` (path `{self.path}`) needs a known size on "
                f"each axis, got shape {shape}."
            )
        dtype = dtypes.standardize_dtype(dtype)
        self._claim(shape)

        def draw() -> Any:
            with backend.eager():
                found = initializer(shape, dtype=dtype)
                self.exposed = backend.is_array(found)
                return backend.asarray(found, dtype)

        if state.undrawn is None or math.prod(shape) < LARGE:
            return draw()
        self._draw = draw
        state.undrawn.append(self)
        return backend.Spec(shape, dtypes.canonical(dtype))

    def _claim(self, shape: tuple[int, ...]) -> None:
        """Refuse a shape for which there is no room, before any is taken."""
        size = math.prod(shape)
        if size > state.allowance:
            why = "the file holds fewer numbers than its config asks for"
            if size > ROOM:
                why = f"this machine has room for {ROOM} numbers"
            raise ValueError(f"Variable `{self.path}` {shape} is refused: {why}.")
        if state.undrawn is not None:
            state.allowance -= size

    if not TYPE_CHECKING:  # which would then believe in any attribute

        def __getattr__(self, name: str) -> Any:
            if name != "_value" or "_draw" not in self.__dict__:
                raise AttributeError(f"A Variable has no attribute {name!r}.")
            self._value = self._draw()
            return self._value

    @property
    def value(self) -> Any:
        """The current array."""
        redirect = state.redirect
        if redirect is None:
            self.exposed = True
            value = self._value
        else:
            value = self._find(redirect)
        if self._castable and state.autocast and state.autocast != self.dtype:
            return backend.cast(value, state.autocast)
        return value

    def _find(self, redirect: Redirect | None) -> Any:
        key, closed = id(self), False
        while redirect is not None:
            if key in redirect.values:
                return redirect.values[key]
            closed = closed or redirect.closed
            redirect = redirect.parent
        if state.inferring and not self.drawn:  # only the shape matters
            return backend.xp.zeros(self.shape, self.dtype)
        if closed and not self.ambient:
            raise RuntimeError(
                f"Variable `{self.path}` is read inside a compiled function that does "
                "not know it, so its present value would be frozen into the program. "
                "Make it an attribute of a layer, metric or model (or list it in "
                "`functional`), and create it before the first step."
            )
        self.exposed = True
        return self._value

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape))

    def check_shape(self, value: Any) -> None:
        """Raise if `value` has not this variable's shape."""
        shape = tuple(np.shape(value) if not hasattr(value, "shape") else value.shape)
        if shape != self.shape:
            raise ValueError(
                f"Variable `{self.path}` has shape {self.shape}, the value to assign "
                f"has shape {shape}; they must be the same."
            )

    def convert(self, value: Any) -> Any:
        """Return `value` as an array of this variable's dtype."""
        return backend.cast(_plain(value), self.dtype)

    def assign(self, value: Any) -> Any:
        """Replace the value; shape must be equal, the dtype is converted.

        Returns:
            The new array.
        """
        value = self.convert(value)
        self.check_shape(value)
        redirect = state.redirect
        if redirect is None:
            self._value, self.exposed = self._placed(value), True
        elif redirect.capture or id(self) in redirect.values:
            redirect.values[id(self)] = value
            redirect.assigned[id(self)] = self
        elif self.ambient:
            redirect.values[id(self)] = value
        else:
            raise RuntimeError(
                f"Variable `{self.path}` is assigned inside a function that is being "
                "traced and does not know it: the new value would be lost. Make it an "
                "attribute of a layer, metric or model, or list it in `functional`."
            )
        return value

    def assign_add(self, value: Any) -> Any:
        """Add to the value; returns the new array."""
        return self.assign(self._plain() + _plain(value))

    def assign_sub(self, value: Any) -> Any:
        """Subtract from the value; returns the new array."""
        return self.assign(self._plain() - _plain(value))

    def _plain(self) -> Any:
        if state.autocast is None:
            return self.value
        with setting(autocast=None):
            return self.value

    def replace(self, value: Any) -> None:
        """Put in an array of the right shape and dtype that nobody else holds."""
        # Other threads may be using the value of a variable that is the process's.
        self._value, self.exposed = value, self.ambient

    def defer(self, draw: Callable[[], Any]) -> None:
        """Forget the value; it is what `draw()` returns, if somebody needs it."""
        self.__dict__.pop("_value", None)
        self._draw = draw

    def private(self) -> Any:
        """Return the array for a compiled step that may overwrite it in place."""
        if self.exposed:
            return self._placed(backend.adopt(backend.to_numpy(self._value)))
        return self._value

    def _placed(self, value: Any) -> Any:
        """Return a value on the devices where the variable belongs."""
        return value if self.layout is None else self.layout.place(value)

    def numpy(self) -> np.ndarray:
        """Return a NumPy copy of the value."""
        if state.redirect is None:
            return backend.to_numpy(self._value)
        return backend.to_numpy(self.value)

    def view(self) -> np.ndarray:
        """Return the value for reading at once: where it can, without a copy."""
        return np.asarray(self._value)

    @property
    def drawn(self) -> bool:
        """Whether there is a value yet; see `undrawn`."""
        return "_value" in self.__dict__

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.numpy(), dtype)

    def __jax_array__(self) -> Any:
        return self.value

    def __getstate__(self) -> dict[str, Any]:
        saved = {**self.__dict__, "_value": self.numpy()}
        saved.pop("_draw", None)
        return saved

    def __setstate__(self, saved: dict[str, Any]) -> None:
        self.__dict__.update(saved)
        self._value = backend.asarray(saved["_value"], self.dtype)
        self.exposed = False

    def __repr__(self) -> str:
        value = "" if state.redirect is not None else f", value={self.numpy()}"
        what = f"path={self.path}, shape={self.shape}, dtype={self.dtype}"
        return f"<Variable {what}{value}>"

    def __bool__(self) -> bool:
        if self.shape:
            raise TypeError(
                f"Variable `{self.path}` is not one number: no truth value."
            )
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __index__(self) -> int:
        return int(self.value)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"Variable `{self.path}` is a single number: no length.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self.value[i] for i in range(len(self)))


def _plain(value: Any) -> Any:
    """The array of a variable or list; the rest as it is."""
    if isinstance(value, (list, tuple)):
        return backend.asarray(value)
    return value.value if isinstance(value, Variable) else value


def _dtype_of_plain(value: Any) -> str:
    """Python numbers and lists of them: floats are floatx, integers int32."""
    kind = np.asarray(value).dtype.kind
    return {"f": dtypes.standardize_dtype(None), "i": "int32", "b": "bool"}.get(
        kind, dtypes.standardize_dtype(np.asarray(value).dtype)
    )
