"""Arrays that promote as JAX's do, and `xp`, the functions on them.

NumPy offers a subclass two hooks, one for ufuncs (operators included) and one for all
other functions. Both convert the inputs to the dtype that JAX would use, call NumPy,
and narrow 64-bit results: so one rule serves operators, functions and the formulas of
gradients that autograd holds. Arrays are immutable, as on JAX: what `y = x; y += 1`
does must not depend on the backend.
"""

import contextlib
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from ... import dtypes

with contextlib.suppress(ImportError):
    import ml_dtypes  # noqa: F401 (registers bfloat16 and 8-bit floats with NumPy)

HALVES = ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")  # computed in float32
# Ufuncs that turn integers into floats: those without a loop from int to int or bool.
FLOATING = frozenset(
    f
    for f in vars(np).values()
    if isinstance(f, np.ufunc)
    and not any(t[0] in "lq" and t[-1] in "lq?" for t in f.types)
) | {np.reciprocal}
RUNNING = ("cumsum", "cumprod", "nancumsum", "nancumprod")  # keep an integer type
# Other functions whose arrays promote together: which positional arguments hold them.
TOGETHER = {
    "where": slice(1, 3),
    "select": slice(1, 3),
    **dict.fromkeys(("concatenate", "concat", "stack", "block"), slice(0, 1)),
    **dict.fromkeys(("hstack", "vstack", "dstack", "column_stack"), slice(0, 1)),
    **dict.fromkeys(("dot", "inner", "outer", "tensordot", "vdot", "kron"), slice(2)),
    **dict.fromkeys(("cross", "append", "solve", "lstsq", "convolve"), slice(2)),
    **dict.fromkeys(("correlate", "isclose", "allclose", "trapezoid"), slice(2)),
    **dict.fromkeys(("isin", "searchsorted", "digitize", "polyval"), slice(2)),
    **dict.fromkeys(("clip", "interp"), slice(3)),
    "einsum": slice(None),
}
# Functions that autograd asks often and that give no arrays.
ASKING = frozenset({np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj})
SCALARS = (bool, int, float, complex)
_narrow: dict[Any, Any] = {}


def enable_float64(on: bool) -> None:
    """Let 64-bit numbers stay 64 bits wide, or not."""
    dtypes.allow_64_bits(on)
    _plan.cache_clear()
    _narrow.clear()
    if not on:
        _narrow.update((np.dtype(a), np.dtype(b)) for a, b in dtypes.NARROW.items())


@cache
def _plan(floating: bool, kinds: tuple[Any, ...]) -> tuple[Any, Any]:
    """Decide how to call a function on dtypes and Python types.

    Returns:
        The dtype to convert the arrays to (None: they are right already), and the one
        to convert floating results to (None: leave them).
    """
    if any(isinstance(k, np.dtype) and k.kind in "USOTMm" for k in kinds):
        return None, None
    if not all(isinstance(k, np.dtype) or k in SCALARS for k in kinds):
        return NotImplemented, None  # a traced value: Python asks it next
    result = dtypes.result_type(*kinds)
    if floating and (dtypes.is_int(result) or result == "bool"):
        result = dtypes.canonical("float64")
    compute = np.dtype("float32" if result in HALVES else result)
    unchanged = all(k == compute for k in kinds if isinstance(k, np.dtype))
    half = as_dtype(result) if result in HALVES else None
    return None if unchanged else compute, half


def as_dtype(dtype: Any) -> np.dtype:
    """Return the NumPy dtype that a dtype is stored in."""
    name = dtypes.canonical(dtypes.standardize_dtype(dtype))
    try:
        return np.dtype(name)
    except TypeError:
        raise TypeError(
            f"NumPy knows {name!r} only with the package `ml_dtypes` installed."
        ) from None


def leaves(x: Any) -> Iterator[Any]:
    if isinstance(x, (list, tuple)):
        for item in x:
            yield from leaves(item)
    elif isinstance(x, (np.ndarray, np.generic)):
        yield x.dtype
    elif isinstance(x, (int, float, complex)):
        yield type(x)


def _map(fn: Callable[[Any], Any], x: Any) -> Any:
    """Apply `fn` to everything in nested lists, (named) tuples and dictionaries."""
    kind = type(x)
    if kind is list:
        return [_map(fn, item) for item in x]
    if kind is dict:
        return {key: _map(fn, item) for key, item in x.items()}
    if isinstance(x, tuple):
        items = [_map(fn, item) for item in x]
        return kind(*items) if hasattr(kind, "_fields") else tuple(items)
    return fn(x)


def _base(x: Any) -> Any:
    return x.view(np.ndarray) if type(x) is Array else x


def _convert(x: Any, dtype: Any) -> Any:
    if isinstance(x, (np.ndarray, np.generic)) and x.dtype != dtype:
        return x.astype(dtype)
    return x


def leave(x: Any, half: Any = None) -> Any:
    """Make a result of NumPy's an `Array` of at most 32 bits."""
    if isinstance(x, (np.ndarray, np.generic)):
        dtype = half if half is not None and x.dtype.kind == "f" else x.dtype
        dtype = _narrow.get(dtype, dtype)
        return np.asarray(x, dtype).view(Array)
    if isinstance(x, (list, tuple)):
        return _map(lambda item: leave(item, half), x)
    return x


def call_ufunc(
    ufunc: np.ufunc, inputs: Any, kwargs: Any, method: str = "__call__"
) -> Any:
    """Call a ufunc on promoted inputs."""
    half = None
    if method == "__call__" and ufunc is not np.ldexp:
        inputs = [np.asarray(x) if isinstance(x, (list, tuple)) else x for x in inputs]
        kinds = tuple(
            x.dtype if isinstance(x, (np.ndarray, np.generic)) else type(x)
            for x in inputs
        )
        compute, half = _plan(ufunc in FLOATING, kinds)
        if compute is NotImplemented:
            return NotImplemented
        if compute is not None:
            inputs = [_convert(x, compute) for x in inputs]
    elif method != "at" and _is_half(getattr(inputs[0], "dtype", None)):
        half, inputs = inputs[0].dtype, (_widen(inputs[0]), *inputs[1:])
    if kwargs:
        kwargs = _map(_base, kwargs)
    with np.errstate(all="ignore"):
        result = getattr(ufunc, method)(*map(_base, inputs), **kwargs)
        return result if "out" in kwargs else leave(result, half)


def call_function(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call a function of NumPy's that is no ufunc, with JAX's dtypes."""
    args, kwargs = _map(_base, tuple(args)), _map(_base, kwargs)
    if function.__name__ in RUNNING and args[0].dtype.kind in "iu":
        kwargs.setdefault("dtype", args[0].dtype)
    together = TOGETHER.get(function.__name__)
    if together is not None:
        compute, half = _plan(False, tuple(leaves(args[together])))
        if compute is not None:
            new = [_map(lambda x: _convert(x, compute), x) for x in args[together]]
            args = (*args[: together.start or 0], *new, *args[together.stop or 99 :])
    else:
        halves = [k for k in leaves((args, *kwargs.values())) if _is_half(k)]
        _, half = _plan(False, tuple(halves)) if halves else (None, None)
        if halves:
            args, kwargs = _map(_widen, args), _map(_widen, kwargs)
    with np.errstate(all="ignore"):
        return leave(function(*args, **kwargs), half)


def _is_half(kind: Any) -> bool:
    return isinstance(kind, np.dtype) and kind.itemsize <= 2 and kind.name in HALVES


def _widen(x: Any) -> Any:
    array = isinstance(x, (np.ndarray, np.generic))
    return x.astype(np.float32) if array and _is_half(x.dtype) else x


class Array(np.ndarray):
    """A NumPy array with JAX's dtype promotion; it is never changed in place."""

    __slots__ = ()

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any
    ) -> Any:
        return call_ufunc(ufunc, inputs, kwargs, method)

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        if func in ASKING:
            return func(*map(_base, args), **kwargs)
        return call_function(func, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        found = np.ndarray.__getitem__(self, index)
        return found if type(found) is Array else leave(found)

    def __round__(self, digits: int | None = None) -> Any:
        return np.round(self, digits or 0)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "Arrays of the NumPy backend cannot be changed in place, as on JAX: use "
            "`ops.scatter_update`, or change a copy made by `np.array(x)`."
        )

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the array converted to `dtype`; to integers as XLA does it."""
        new = as_dtype(dtype)
        with np.errstate(all="ignore"):
            if new.kind in "iu" and self.dtype.kind in "fV":
                return _saturated(_base(self).astype(np.float64), new).view(Array)
            return np.ndarray.astype(self, new, *args, **kwargs)


def _saturated(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Integers of floats: the nearest there is, 0 for NaN."""
    info = np.iinfo(dtype)
    x = np.where(np.isnan(x), 0, x)
    inside = np.clip(x, info.min, info.max).astype(dtype)
    return np.where(x >= info.max, info.max, inside).astype(dtype)


for _name in (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
    *("and", "or", "xor", "lshift", "rshift"),
):  # x += y makes a new array
    setattr(Array, f"__i{_name}__", getattr(np.ndarray, f"__{_name}__"))


def enter(x: Any) -> Any:
    """Make an argument that comes from outside one that promotes and can be traced."""
    kind = type(x)
    if kind is Array or kind is float or kind is int or kind is str or x is None:
        return x
    if kind is list or kind is tuple:
        return kind([enter(item) for item in x])
    if isinstance(x, (np.ndarray, np.generic)):
        return leave(x)
    if hasattr(x, "__array__") and not isinstance(x, type):
        return leave(np.asarray(x))
    return x


class Namespace:
    """The functions of a NumPy module, called with `Array`s.

    Args:
        module: `numpy` or one of its sub-modules.
        own: functions that stand in for NumPy's, or add to them.
        is_traced: tells values within a gradient from others.
        call_traced: `call_traced(path, args, kwargs)` calls a function on such.
        path: where the module is, `"linalg."` for instance.
    """

    def __init__(
        self,
        module: ModuleType,
        own: dict[str, Any],
        is_traced: Callable[[Any], bool],
        call_traced: Callable[[str, Any, Any], Any],
        path: str = "",
    ) -> None:
        self._parts = module, own, is_traced, call_traced, path

    def __getattr__(self, name: str) -> Any:
        module, own, is_traced, call_traced, path = self._parts
        path += name
        found = own[path] if path in own else getattr(module, name)
        if isinstance(found, ModuleType):
            found = Namespace(found, own, is_traced, call_traced, path + ".")
        elif path not in own and callable(found) and not isinstance(found, type):
            found = _entry(found, path, is_traced, call_traced)
        setattr(self, name, found)
        return found


def _entry(
    function: Callable[..., Any],
    path: str,
    is_traced: Callable[[Any], bool],
    call_traced: Callable[[str, Any, Any], Any],
) -> Callable[..., Any]:
    """Wrap NumPy's `function`."""
    call_numpy: Any = call_ufunc if isinstance(function, np.ufunc) else call_function

    def any_traced(items: Any) -> bool:
        for x in items:
            if any_traced(x) if isinstance(x, (list, tuple)) else is_traced(x):
                return True
        return False

    def call(*args: Any, **kwargs: Any) -> Any:
        args = tuple([enter(x) for x in args])
        if kwargs:
            if kwargs.get("dtype") is not None:
                kwargs["dtype"] = as_dtype(kwargs["dtype"])
            kwargs = {key: enter(x) for key, x in kwargs.items()}
        if any_traced(args) or (kwargs and any_traced(kwargs.values())):
            return call_traced(path, args, kwargs)
        result = call_numpy(function, args, kwargs)
        return np.asarray(result).view(Array) if isinstance(result, bool) else result

    call.__name__ = path.rpartition(".")[2]
    call.__doc__ = function.__doc__
    return call
