"""Symbolic variables of all ranks and dtypes, constants, shared values."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import backend, config, dtypes
from ..graph import KerasTensor
from ..names import unique_name, users_line
from ..variable import Variable

__all__ = ["Shared", "SymbolicVariable", "constant", "shared", "tensor"]

# Shapes by name; None: an axis of unknown size.
SHAPES: dict[str, tuple[int | None, ...]] = {
    "scalar": (),
    "vector": (None,),
    "matrix": (None, None),
    "row": (1, None),
    "col": (None, 1),
    **{f"tensor{rank}": (None,) * rank for rank in range(3, 8)},
}
# The letters before them, as in `dmatrix`.
LETTERS = {
    "b": "int8",
    "w": "int16",
    "i": "int32",
    "l": "int64",
    "f": "float32",
    "d": "float64",
    "c": "complex64",
    "z": "complex128",
}
PLURALS = {"matrix": "matrices"}


class SymbolicVariable(KerasTensor):
    """A symbolic tensor that stands for a value to come.

    Args:
        shape: sizes, None where unknown.
        dtype: default `floatx()`.
        name: for formulas, errors and calls by name.

    Example:
        >>> from kerasish import symbolic as S
        >>> S.SymbolicVariable((None, 3), name="x").shape
        (None, 3)
    """

    open_sizes = True

    def __init__(
        self, shape: Sequence[int | None], dtype: Any = None, name: str | None = None
    ) -> None:
        wanted = config.floatx() if dtype is None else dtypes.standardize_dtype(dtype)
        super().__init__(shape, dtypes.canonical(wanted), name=name)
        if self.dtype != wanted:
            warnings.warn(
                f"`{self.name}` is {self.dtype} instead of {wanted}: numbers of 64 "
                'bits come with `keras.config.set_floatx("float64")`.',
                stacklevel=3,
            )
        self.where = users_line()

    def __reduce__(self) -> Any:
        return SymbolicVariable, (self.shape, self.dtype, self.name)


class Shared(KerasTensor):
    """A symbolic tensor with a value of its own, which functions read and update.

    Made by `shared`.

    Attributes:
        variable: the `keras.Variable` that holds the value.
        default_update: what it becomes after each call of a function that uses it and
            says nothing else in its `updates`: an expression, or None.
    """

    open_sizes = True

    def __init__(
        self, variable: Variable, shape: Sequence[int | None] | None = None
    ) -> None:
        sizes = variable.shape if shape is None else tuple(shape)
        super().__init__(sizes, variable.dtype, name=variable.name)
        self.variable = variable
        self.default_update: Any = None
        self.where = users_line()
        self._check(variable.shape)

    def get_value(self, borrow: bool = False) -> np.ndarray:
        """Return a NumPy copy of the value; with `borrow` perhaps its own memory."""
        return self.variable.view() if borrow else self.variable.numpy()

    def set_value(self, value: Any, borrow: bool = False) -> None:
        """Replace the value; the dtype is converted, sizes must fit the shape."""
        held = self.variable
        value = backend.asarray(getattr(value, "value", value), held.dtype)
        self._check(tuple(value.shape))
        if tuple(value.shape) == held.shape:
            held.assign(value)
        else:
            self.variable = Variable(value, dtype=held.dtype, name=held.name)

    def _check(self, shape: tuple[int, ...]) -> None:
        fits = len(shape) == len(self.shape) and all(
            wanted in (None, size) for wanted, size in zip(self.shape, shape)
        )
        if not fits:
            raise ValueError(
                f"Shared variable `{self.name}` ({self.where}) has shape {self.shape}, "
                f"got a value of shape {shape}. Where sizes may change, make it with "
                "None in their place: `shared(value, shape=(None, 3))`."
            )

    def zero(self) -> None:
        """Set every element to 0."""
        self.set_value(np.zeros(self.variable.shape))

    def clone(self) -> "Shared":
        """Return another shared variable with the same value for a start."""
        value, name = self.get_value(), self.variable.name
        copy = Variable(value, dtype=self.dtype, name=name)
        return Shared(copy, self.shape)

    def __reduce__(self) -> Any:
        return Shared, (self.variable, self.shape), {"where": self.where}


def shared(
    value: Any,
    name: str | None = None,
    dtype: Any = None,
    shape: Sequence[int | None] | None = None,
    borrow: bool = False,
) -> Shared:
    """Return a symbolic tensor that owns a value: state that calls can change.

    Args:
        value: array, number, list, or a `keras.Variable`, which is then shared as it
            is (such as a layer's weight).
        name: default `"shared"`, `"shared_1"` ...
        dtype: default: that of the value; Python's numbers are `floatx()` and int32.
        shape: sizes, with None where later values may differ; default the value's.
        borrow: kept for Theano's sake; the value is always copied.

    Example:
        >>> from kerasish import symbolic as S
        >>> total, x = S.shared(0.0, "total"), S.scalar("x")
        >>> add = S.function([x], updates=[(total, total + x)])
        >>> _ = add(2.0), add(3.0)
        >>> float(total.get_value())
        5.0
    """
    if not isinstance(value, Variable):
        name = name or unique_name("shared")
        if np.asarray(value).dtype.kind not in "biufcV":
            raise TypeError(
                f"The value of shared variable `{name}` must be numbers, got {value!r} "
                f"of type {type(value).__name__}."
            )
        value = np.array(value) if isinstance(value, np.ndarray) else value
        value = Variable(value, dtype=dtype, name=name)
    return Shared(value, shape)


def constant(x: Any, dtype: Any = None) -> Any:
    """Return `x` as an array that can stand in expressions: it is never changed.

    Numbers and NumPy arrays may stand there as they are, too.

    Example:
        >>> from kerasish import symbolic as S
        >>> float(S.constant(2.0) * 3)
        6.0
    """
    return backend.asarray(np.array(x), dtype)


def symbolic(x: Any, dtype: Any = None) -> KerasTensor:
    """Return a symbolic tensor: numbers and arrays become constants.

    A `keras.Variable` becomes a shared variable, always the same.
    """
    if isinstance(x, KerasTensor):
        return x
    if isinstance(x, Variable):
        if "_symbol" not in x.__dict__:
            x._symbol = Shared(x)  # type: ignore[attr-defined]
        return x.__dict__["_symbol"]
    return shared(x, "constant" if hasattr(x, "shape") else str(x), dtype)


def listed(x: Any) -> list[Any]:
    """Return a list: `x` itself, or of `x` alone."""
    return list(x) if isinstance(x, (list, tuple)) else [x]


def tensor(
    name: str | None = None,
    dtype: Any = None,
    shape: Sequence[int | None] = (),
) -> SymbolicVariable:
    """Return a symbolic variable of any shape.

    Args:
        name: default `"tensor"`, `"tensor_1"` ...
        dtype: default `floatx()`.
        shape: sizes, None where unknown.

    Example:
        >>> from kerasish import symbolic as S
        >>> S.tensor("images", "float32", (None, 8, 8, 3)).ndim
        4
    """
    return SymbolicVariable(shape, dtype, name or unique_name("tensor"))


def _maker(kind: str, dtype: str | None, public: str) -> Callable[..., Any]:
    def make(
        name: str | None = None,
        dtype: Any = dtype,
        shape: Sequence[int | None] | None = None,
    ) -> SymbolicVariable:
        usual = SHAPES[kind]
        if shape is not None and len(shape) != len(usual):
            raise ValueError(
                f"`{public}` has {len(usual)} axes, got shape={tuple(shape)}."
            )
        name = name or unique_name(kind)
        return SymbolicVariable(usual if shape is None else shape, dtype, name)

    make.__name__ = make.__qualname__ = public
    kept = dtype or "`floatx()`"
    make.__doc__ = f"""Return a symbolic {kind} of shape {SHAPES[kind]}, {kept}.

    Args:
        name: for formulas, errors and calls by name.
        dtype: default {kept}.
        shape: sizes that are known, such as `shape={SHAPES[kind]}`.
    """
    return make


def _makers(single: Callable[..., Any], public: str) -> Callable[..., Any]:
    def make(*names: Any, dtype: Any = None) -> list[SymbolicVariable]:
        if len(names) == 1 and isinstance(names[0], int):
            names = (None,) * names[0]
        if not names or not all(isinstance(n, str | None) for n in names):
            raise TypeError(f"`{public}` takes a count or names, got {names}.")
        more = {} if dtype is None else {"dtype": dtype}
        return [single(name, **more) for name in names]

    make.__name__ = make.__qualname__ = public
    make.__doc__ = f"Return several of `{single.__name__}`: by a count, or by names."
    return make


def _constructors() -> dict[str, Callable[..., Any]]:
    """All of them: `scalar`, `dscalar`, `scalars`, `dscalars` and so on."""
    made: dict[str, Callable[..., Any]] = {}
    for kind in SHAPES:
        for letter, dtype in {"": None, **LETTERS}.items():
            single = _maker(kind, dtype, letter + kind)
            plural = letter + PLURALS.get(kind, kind + "s")
            made |= {letter + kind: single, plural: _makers(single, plural)}
    return made


CONSTRUCTORS = _constructors()
