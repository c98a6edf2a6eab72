"""A backend on PyTorch in one file: how a third party adds one to kerasish.

    export PYTHONPATH=. KERASISH_BACKEND=examples.torch_backend
    python examples/digits.py
    python -m pytest tests/test_backend_contract*.py

The names are those of `kerasish.backend.CONTRACT`. They come from three places:

- written here: arrays, functions and their gradients, windows, random numbers;
- `kerasish.backend.loops`: control flow by Python loops, over any array library;
- the NumPy backend: abstract runs, what is idle when nothing is compiled, and all
  functions that are not in `FUNCTIONS`. Those compute, but have no gradients.

Needs torch 2, which kerasish does not install, and computes on the CPU. All tests of
the contract pass. Left out are gradients of functions such as `cov`, `histogram` or
`svd` and by the parameters of gamma and beta numbers, a fused kernel for attention,
other devices, and compilation.
"""

import functools
import math
import operator
import re
import threading
import warnings
from collections.abc import Callable
from typing import Any

import ml_dtypes  # noqa: F401 (comes with JAX; registers bfloat16 with NumPy)
import numpy as np
import torch
from torch.nn import functional as nn

from kerasish import dtypes, tree
from kerasish.backend import numpy as host
from kerasish.backend.loops import Loops

# --- arrays ---------------------------------------------------------------------------

# Torch computes little with unsigned integers: they are kept in wider signed ones, and
# each result is cut to their bits.
UNSIGNED = {
    "uint16": (torch.int32, 2**16 - 1),
    "uint32": (torch.int64, 2**32 - 1),
    "uint64": (torch.int64, -1),
}
NAMES = {getattr(torch, n): n for n in dtypes.NAMES if hasattr(torch, n)}
BITS = {2: (torch.int16, np.int16), 1: (torch.uint8, np.uint8)}
KNOWN = (np.ndarray, np.generic, bool, int, float, complex)


def stored(kind: str) -> torch.dtype:
    """Return torch's dtype in which arrays of a dtype are kept."""
    return UNSIGNED[kind][0] if kind in UNSIGNED else getattr(torch, kind)


def kind_of(dtype: Any) -> str:
    return dtypes.canonical(dtypes.standardize_dtype(dtype))


class Array:
    """A tensor with JAX's dtype promotion that is never changed in place.

    Attributes:
        tensor: torch's.
        kind: the name of the dtype.
    """

    __slots__ = ("_keras_mask", "kind", "tensor")
    __array_ufunc__ = None  # so that NumPy's arrays leave operators to this class
    __hash__ = object.__hash__

    def __init__(self, tensor: torch.Tensor, kind: str | None = None) -> None:
        kind = kind or dtypes.canonical(NAMES[tensor.dtype])
        wanted = stored(kind)
        tensor = tensor if tensor.dtype == wanted else tensor.to(wanted)
        if kind in UNSIGNED:
            tensor = tensor & UNSIGNED[kind][1]
        self.tensor, self.kind = tensor, kind

    shape = property(lambda self: tuple(self.tensor.shape))
    ndim = property(lambda self: self.tensor.ndim)
    size = property(lambda self: self.tensor.numel())
    dtype = property(lambda self: np.dtype(self.kind))
    nbytes = property(lambda self: self.size * self.dtype.itemsize)
    T = property(lambda self: xp.transpose(self))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(to_numpy(self), dtype)

    def astype(self, dtype: Any) -> "Array":
        return cast(self, dtype)

    def view(self, dtype: Any) -> "Array":
        return adopt(to_numpy(self).view(np.dtype(kind_of(dtype))))

    def reshape(self, *shape: Any) -> "Array":
        return xp.reshape(self, shape[0] if len(shape) == 1 else shape)

    def __getitem__(self, index: Any) -> "Array":
        places = index if isinstance(index, tuple) else (index,)
        tensor, places = forwards(self.tensor, places)
        return Array(tensor[places], self.kind)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError("Arrays cannot be changed in place: use `ops.scatter_update`.")

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        return len(self.tensor)

    def __repr__(self) -> str:
        return f"Array({to_numpy(self)!r})"

    def __str__(self) -> str:
        return str(to_numpy(self))

    def __format__(self, spec: str) -> str:
        return format(self.tensor.item() if not self.ndim else str(self), spec)


def forwards(x: torch.Tensor, places: Any) -> tuple[torch.Tensor, tuple[Any, ...]]:
    """Turn axes that are walked backwards, which torch's slices cannot, and indices."""
    used = sum(1 if p is not None and p is not Ellipsis else 0 for p in places)
    axis, found = 0, []
    for p in places:
        if isinstance(p, slice) and p.step is not None and p.step < 0:
            steps = range(x.shape[axis])[p]
            x, last = x.flip(axis), x.shape[axis] - 1
            p = slice(last - steps.start, last - steps[-1] + 1 if steps else 0, -p.step)
        elif isinstance(p, (Array, np.ndarray, list)):
            p = asarray(p).tensor
            p = p if p.dtype == torch.bool else p.long()
        axis += x.ndim - used if p is Ellipsis else p is not None
        found.append(p)
    return x, tuple(found)


def asarray(x: Any, dtype: Any = None, copy: Any = None) -> Array:
    """Convert numbers, lists, arrays and tensors; 64 bits become 32 unless enabled."""
    if isinstance(x, torch.Tensor):
        x = Array(x)
    if isinstance(x, (list, tuple)) and any(map(is_array, tree.flatten(x))):
        x = xp.stack([asarray(item) for item in x])
    if not isinstance(x, Array):
        new = np.array(x)
        if new.dtype.kind in "OUSMm":
            raise TypeError(f"Cannot make an array of numbers of {x!r}.")
        x = adopt(new)
    return x if dtype is None else cast(x, dtype)


def adopt(x: np.ndarray) -> Array:
    """Take over an array that nobody changes: it shares its memory."""
    kind, x = x.dtype.name, np.asarray(x)
    x = x if x.flags.writeable and x.flags.c_contiguous else np.array(x, order="C")
    if kind in UNSIGNED:
        return Array(torch.from_numpy(x.astype(np.int64)), dtypes.canonical(kind))
    if x.dtype.kind == "V" or kind.startswith(("bfloat", "float8")):  # of ml_dtypes
        bits = torch.from_numpy(x.view(BITS[x.itemsize][1]))
        return Array(bits.view(getattr(torch, kind)))
    return Array(torch.from_numpy(x))


def to_numpy(x: Any) -> np.ndarray:
    """Return a writable NumPy copy."""
    if not isinstance(x, Array):
        return np.array(x)
    tensor = x.tensor.detach()
    if x.kind.startswith(("bfloat", "float8")):
        bits = tensor.contiguous().view(BITS[tensor.element_size()][0])
        return bits.numpy().copy().view(x.dtype)
    return np.array(tensor.resolve_conj().numpy(), dtype=x.dtype)


def is_array(x: Any) -> bool:
    """Say whether `x` is an array of this backend."""
    return isinstance(x, Array)


def dtype_name(x: Any) -> str:
    """Return the dtype of an array or number by name."""
    return x.dtype.name if hasattr(x, "dtype") else asarray(x).kind


def cast(x: Any, dtype: Any) -> Array:
    """Convert `x` to `dtype`; floats to the nearest integer that there is."""
    kind, x = kind_of(dtype), asarray(x)
    if kind == x.kind:
        return x
    tensor = x.tensor
    if dtypes.is_int(kind) and tensor.is_floating_point():
        info = np.iinfo(kind)
        tensor = tensor.detach().double().nan_to_num(0)
        tensor = tensor.clamp(info.min, info.max).to(torch.int64)
    with warnings.catch_warnings():  # of the imaginary part
        warnings.simplefilter("ignore")
        return Array(tensor.to(stored(kind)), kind)


def promoted(values: Any, floating: bool = False) -> tuple[list[torch.Tensor], str]:
    """Tensors of the dtype that JAX would compute in, and its name."""
    values = [x if isinstance(x, (Array, *KNOWN[2:])) else asarray(x) for x in values]
    kind = joined(
        tuple(x.kind if isinstance(x, Array) else type(x) for x in values), floating
    )
    dtype = stored(kind)
    return [
        x.tensor.to(dtype) if isinstance(x, Array) else torch.tensor(x, dtype=dtype)
        for x in values
    ], kind


@functools.cache
def joined(kinds: Any, floating: bool) -> str:
    kind = dtypes.result_type(*kinds)
    whole = kind == "bool" or dtypes.is_int(kind)
    return dtypes.canonical("float64") if floating and whole else kind


def enable_float64(on: bool) -> None:
    """Let 64-bit numbers stay 64 bits wide, or not."""
    dtypes.allow_64_bits(on)
    joined.cache_clear()
    host.enable_float64(on)


# --- functions: `xp` ------------------------------------------------------------------


def elementwise(
    fn: Callable[..., Any], floating: bool = False, kind: str | None = None
) -> Callable[..., Array]:
    """A function of torch's on arrays that promote together."""

    def call(*values: Any, **options: Any) -> Array:
        tensors, common = promoted(values, floating)
        try:
            result = fn(*tensors, **options)
        except RuntimeError as error:  # so torch speaks of shapes that do not fit
            raise ValueError(str(error)) from error
        same = result.dtype == tensors[0].dtype
        return Array(result, kind or (common if same else None))

    return call


def axes_of(x: torch.Tensor, axis: Any) -> tuple[int, ...]:
    axes = range(x.ndim) if axis is None else axis if np.iterable(axis) else (axis,)
    return tuple(a % x.ndim for a in axes)


def reduction(fn: Any, floating: bool = False, kind: Any = None) -> Any:
    """`fn(tensor, axes, keepdims)`, of the dtype that `kind(name)` says."""

    def call(
        x: Any,
        axis: Any = None,
        dtype: Any = None,
        keepdims: bool = False,
        **options: Any,
    ) -> Array:
        (x,), own = promoted([x if dtype is None else cast(x, dtype)], floating)
        result = (
            fn(x, axes_of(x, axis), keepdims, **options)
            if x.ndim
            else fn(x[None], (0,), False, **options)
        )
        return Array(result, kind(own) if kind else own)

    return call


def total(kind: str) -> str:
    """The dtype of sums: integers are summed in 32 bits at least."""
    if dtypes.is_int(kind) or kind == "bool":
        return dtypes.canonical("uint64" if kind.startswith("u") else "int64")
    return kind


def product(x: torch.Tensor, axes: Any, keepdims: bool) -> torch.Tensor:
    for axis in sorted(axes, reverse=True):
        x = x.prod(axis, keepdim=keepdims)
    return x


def place(fn: Any) -> Any:
    """argmax and argmin, of all elements or along an axis."""

    def call(x: Any, axis: int | None = None, keepdims: bool = False) -> Array:
        x = asarray(x).tensor
        x = x.to(torch.uint8) if x.dtype == torch.bool else x
        if axis is None and keepdims:
            return Array(fn(x).reshape([1] * x.ndim))
        return Array(fn(x, axis, keepdim=keepdims))

    return call


def along(fn: Any, axis: Any = -1, kind: Any = None) -> Any:
    """`fn(tensor, axis)` along one axis; None stands for all elements in a row."""
    default = axis

    def call(x: Any, axis: Any = default, dtype: Any = None, **options: Any) -> Array:
        x = asarray(x) if dtype is None else cast(x, dtype)
        tensor = x.tensor if axis is not None else x.tensor.reshape(-1)
        result = fn(tensor, 0 if axis is None else axis, **options)
        return Array(result, kind(x.kind) if kind else x.kind)

    return call


def moving(fn: Any) -> Any:
    """`fn(tensor, ...)`, which leaves elements as they are."""

    def call(x: Any, *args: Any, **options: Any) -> Any:
        x = asarray(x)
        result = fn(x.tensor, *args, **options)
        if isinstance(result, (list, tuple)):
            return [Array(part, x.kind) for part in result]
        return Array(result, x.kind)

    return call


def joining(fn: Any) -> Any:
    """`fn(tensors, ...)` of arrays that promote together."""

    def call(arrays: Any, *args: Any, **options: Any) -> Array:
        tensors, kind = promoted(list(arrays))
        return Array(fn(tensors, *args, **options), kind)

    return call


def concatenate(xs: Any, axis: int | None = 0) -> torch.Tensor:
    return torch.cat([x.reshape(-1) for x in xs] if axis is None else xs, axis or 0)


def split(x: torch.Tensor, parts: Any, axis: int = 0, even: bool = True) -> Any:
    if even and np.ndim(parts) == 0 and x.shape[axis] % int(parts):
        raise ValueError(
            f"Axis {axis} of size {x.shape[axis]} has no {parts} equal parts."
        )
    parts = int(parts) if np.ndim(parts) == 0 else [int(i) for i in parts]
    return torch.tensor_split(x, parts, axis)


def expand_dims(x: torch.Tensor, axis: Any) -> torch.Tensor:
    axes = [axis] if np.ndim(axis) == 0 else list(axis)
    for a in sorted(a % (x.ndim + len(axes)) for a in axes):
        x = x.unsqueeze(a)
    return x


def squeeze(x: torch.Tensor, axis: Any = None) -> torch.Tensor:
    if axis is None:
        return x.squeeze()
    if any(x.shape[a] != 1 for a in axes_of(x, axis)):
        raise ValueError(f"Cannot squeeze axes {axis} of shape {tuple(x.shape)}.")
    return x.squeeze(axes_of(x, axis))


def repeat(x: torch.Tensor, repeats: Any, axis: int | None = None) -> torch.Tensor:
    counts = asarray(repeats).tensor.long()
    return x.repeat_interleave(counts, axis)


def roll(x: torch.Tensor, shift: Any, axis: Any = None) -> torch.Tensor:
    return torch.roll(x, tree.map_structure(int, shift), axis)


def pad(
    x: torch.Tensor, width: Any, mode: str = "constant", constant_values: Any = 0
) -> torch.Tensor:
    edges = np.broadcast_to(np.asarray(width), (x.ndim, 2)).tolist()
    if mode == "constant":
        flat = [n for pair in reversed(edges) for n in pair]
        fill = constant_values.tensor if is_array(constant_values) else constant_values
        return nn.pad(x, flat, value=fill if x.dtype != torch.bool else bool(fill))
    for axis, pair in enumerate(edges):
        if any(pair):
            order = np.pad(np.arange(x.shape[axis]), pair, mode=mode)
            x = x.index_select(axis, torch.from_numpy(order))
    return x


def take(x: Any, indices: Any, axis: int | None = None, mode: str = "fill") -> Array:
    """As on JAX: NaN, or the extreme integer, where an index is out of range."""
    x, at = asarray(x), asarray(indices).tensor.long()
    tensor, axis = (x.tensor.reshape(-1), 0) if axis is None else (x.tensor, axis)
    size, axis = tensor.shape[axis], axis % tensor.ndim
    inside = (at >= -size) & (at < size)
    at = {"clip": at.clamp(0, size - 1), "wrap": at.remainder(size)}.get(
        mode, torch.where(inside, at.remainder(max(size, 1)), 0)
    )
    shape = (*tensor.shape[:axis], *at.shape, *tensor.shape[axis + 1 :])
    found = Array(tensor.index_select(axis, at.reshape(-1)).reshape(shape), x.kind)
    if mode != "fill" or inside.all():
        return found
    missing = ~inside.reshape(at.shape + (1,) * (len(shape) - axis - at.ndim))
    blank = host.xp.take(host.asarray([0], x.kind), 1).item()
    return xp.where(Array(missing), Array(torch.tensor(blank), x.kind), found)


def take_along_axis(x: torch.Tensor, indices: Any, axis: int | None = -1) -> Any:
    at = asarray(indices).tensor.long()
    size = x.numel() if axis is None else x.shape[axis]
    return torch.take_along_dim(x, at.remainder(size), axis)


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None:
        return borrowed(host.xp.where, "where")(condition)
    tensors, kind = promoted([x, y])
    return Array(torch.where(asarray(condition, "bool").tensor, *tensors), kind)


def clip(x: Any, min: Any = None, max: Any = None) -> Array:
    x = asarray(x) if min is None else xp.maximum(x, min)
    return x if max is None else xp.minimum(x, max)


def full_like(x: Any, value: Any, dtype: Any = None, shape: Any = None) -> Array:
    x = asarray(x)
    value = asarray(value, x.kind if dtype is None else dtype)
    return xp.broadcast_to(value, x.shape if shape is None else shape)


def dot(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    if x.ndim == 0 or y.ndim == 0:
        return x * y
    return torch.tensordot(x, y, dims=([-1], [max(y.ndim - 2, 0)]))


def tensordot(x: torch.Tensor, y: torch.Tensor, axes: Any = 2) -> torch.Tensor:
    if np.ndim(axes):
        axes = [[int(i) for i in np.atleast_1d(a)] for a in axes]
    return torch.tensordot(x, y, dims=axes)


def einsum(subscripts: str, *operands: Any, **_: Any) -> Array:
    tensors, kind = promoted(operands)
    return Array(torch.einsum(subscripts, *tensors), kind)


def quantile(
    x: Any, q: Any, axis: Any = None, keepdims: bool = False, method: str = "linear"
) -> Array:
    (x,), kind = promoted([x], floating=True)
    axes = axes_of(x, axis)
    rest = [a for a in range(x.ndim) if a not in axes]
    rows = x.permute(*rest, *axes).reshape([*(x.shape[a] for a in rest), -1])
    q = asarray(q, kind).tensor
    found = torch.quantile(rows, q, -1, interpolation=method)
    if keepdims:
        sizes = [1 if a in axes else n for a, n in enumerate(x.shape)]
        found = found.reshape([*q.shape, *sizes])
    return Array(found, kind)


def norm(
    x: torch.Tensor, ord: Any = None, axis: Any = None, keepdims: bool = False
) -> Any:
    return torch.linalg.norm(x, ord, axis, keepdim=keepdims)


def several(fn: Any) -> Any:
    """A function of one array that gives several."""

    def call(x: Any, *args: Any, **options: Any) -> Any:
        (x,), _ = promoted([x], floating=True)
        return tuple(map(Array, fn(x, *args, **options)))

    return call


def spectrum(fn: Any) -> Any:
    """A Fourier transform: of the array, then sizes and axes."""

    def call(x: Any, *sizes: Any, **options: Any) -> Array:
        (x,), _ = promoted([x], floating=True)
        options = {"dim" if k.startswith("ax") else k: v for k, v in options.items()}
        return Array(fn(x, *sizes, **options))

    return call


def named(text: str, **kind: Any) -> dict[str, Callable[..., Array]]:
    """Elementwise functions that torch calls the same, or as `name:torch's name`."""
    pairs = (word.partition(":") for word in text.split())
    return {a: elementwise(getattr(torch, b or a), **kind) for a, _, b in pairs}


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **named(
        "sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh exp "
        "exp2 expm1 log log2 log10 log1p sqrt arctan2 hypot logaddexp logaddexp2 "
        "divide true_divide reciprocal sinc deg2rad rad2deg copysign nextafter i0 "
        "float_power:pow",
        floating=True,
    ),
    **named(
        "add subtract multiply mod:remainder remainder power:pow negative "
        "positive maximum minimum fmax fmin fmod gcd lcm square sign abs absolute:abs "
        "fabs:abs floor ceil trunc bitwise_and bitwise_or bitwise_xor bitwise_not "
        "invert:bitwise_not bitwise_left_shift bitwise_right_shift "
        "left_shift:bitwise_left_shift right_shift:bitwise_right_shift "
        "conj:conj_physical conjugate:conj_physical matmul inner kron real angle"
    ),
    **named(
        "equal:eq not_equal:ne less:lt less_equal:le greater:gt greater_equal:ge "
        "logical_and logical_or logical_xor logical_not isnan isinf isfinite signbit "
        "isposinf isneginf isreal",
        kind="bool",
    ),
    "round": elementwise(lambda x, d=0: torch.round(x, decimals=int(d))),
    "floor_divide": elementwise(functools.partial(torch.div, rounding_mode="floor")),
    "cbrt": elementwise(lambda x: x.sign() * x.abs() ** (1 / 3), floating=True),
    "nan_to_num": elementwise(
        lambda x, copy=True, **k: x.nan_to_num(**k) if x.is_floating_point() else x
    ),
    "dot": elementwise(dot),
    "tensordot": elementwise(tensordot),
    "outer": elementwise(lambda x, y: torch.outer(x.reshape(-1), y.reshape(-1))),
    "vdot": elementwise(lambda x, y: (x.conj() * y).sum()),
    "vecdot": elementwise(lambda x, y, axis=-1: (x.conj() * y).sum(axis)),
    "trapezoid": elementwise(
        lambda y, x=None, dx=1.0, axis=-1: torch.trapezoid(
            y, **({"dx": dx} if x is None else {"x": x}), dim=axis
        )
    ),
    "sum": reduction(lambda x, a, k: x.sum(a, keepdim=k), kind=total),
    "nansum": reduction(
        lambda x, a, k: x.nan_to_num(0.0).sum(a, keepdim=k), kind=total
    ),
    "prod": reduction(product, kind=total),
    "mean": reduction(lambda x, a, k: x.mean(a, keepdim=k), True),
    "nanmean": reduction(lambda x, a, k: x.nanmean(a, keepdim=k), True),
    "var": reduction(
        lambda x, a, k, ddof=0: x.var(a, correction=ddof, keepdim=k), True
    ),
    "std": reduction(
        lambda x, a, k, ddof=0: x.std(a, correction=ddof, keepdim=k), True
    ),
    "max": reduction(
        lambda x, a, k, initial=None: (
            x.amax(a, keepdim=k).clamp(min=initial)
            if initial is not None
            else x.amax(a, keepdim=k)
        )
    ),
    "min": reduction(
        lambda x, a, k, initial=None: (
            x.amin(a, keepdim=k).clamp(max=initial)
            if initial is not None
            else x.amin(a, keepdim=k)
        )
    ),
    "any": reduction(lambda x, a, k: x.bool().any(a, keepdim=k), kind=lambda _: "bool"),
    "all": reduction(lambda x, a, k: x.bool().all(a, keepdim=k), kind=lambda _: "bool"),
    "argmax": place(torch.argmax),
    "argmin": place(torch.argmin),
    "argsort": along(
        lambda x, a, **_: x.sort(dim=a, stable=True).indices,
        kind=lambda _: dtypes.canonical("int64"),
    ),
    "sort": along(lambda x, a, **_: x.sort(dim=a, stable=True).values),
    "cumsum": along(torch.cumsum, None, lambda k: total(k) if k == "bool" else k),
    "cumprod": along(torch.cumprod, None, lambda k: total(k) if k == "bool" else k),
    "diff": along(lambda x, a, n=1: torch.diff(x, n, a)),
    "quantile": quantile,
    "percentile": lambda x, q, *a, **k: quantile(x, asarray(q) / 100.0, *a, **k),
    "median": lambda x, *a, **k: quantile(x, 0.5, *a, **k),
    "reshape": moving(lambda x, shape: x.reshape(tree.map_structure(int, shape))),
    "ravel": moving(lambda x: x.reshape(-1)),
    "transpose": moving(
        lambda x, axes=None: x.permute(axes or (*range(x.ndim),)[::-1])
    ),
    "permute_dims": moving(lambda x, axes: x.permute(axes)),
    "matrix_transpose": moving(lambda x: x.transpose(-1, -2)),
    "moveaxis": moving(lambda x, source, destination: x.movedim(source, destination)),
    "swapaxes": moving(lambda x, axis1, axis2: x.transpose(axis1, axis2)),
    "expand_dims": moving(expand_dims),
    "squeeze": moving(squeeze),
    "broadcast_to": moving(lambda x, shape: torch.broadcast_to(x, tuple(shape))),
    "tile": moving(lambda x, n: torch.tile(x, tuple(np.atleast_1d(n).tolist()))),
    "repeat": moving(repeat),
    "roll": moving(roll),
    "flip": moving(lambda x, axis=None: x.flip(axes_of(x, axis))),
    "pad": moving(pad),
    "split": moving(split),
    "array_split": moving(functools.partial(split, even=False)),
    "unstack": moving(lambda x, axis=0: x.unbind(axis)),
    "take": take,
    "take_along_axis": moving(take_along_axis),
    "triu": moving(lambda x, k=0: x.triu(k)),
    "tril": moving(lambda x, k=0: x.tril(k)),
    "diag": moving(lambda x, k=0: torch.diag(x, k)),
    "diagonal": moving(
        lambda x, offset=0, axis1=0, axis2=1: x.diagonal(offset, axis1, axis2)
    ),
    "trace": lambda x, *a, **k: xp.sum(xp.diagonal(x, *a, **k), axis=-1),
    "copy": moving(lambda x: x),
    "where": where,
    "clip": clip,
    "full_like": full_like,
    "zeros_like": lambda x, *a, **k: full_like(x, 0, *a, **k),
    "ones_like": lambda x, *a, **k: full_like(x, 1, *a, **k),
    "imag": elementwise(lambda x: x.imag if x.is_complex() else x * 0),
    **dict.fromkeys(("concatenate", "concat"), joining(concatenate)),
    "stack": joining(lambda xs, axis=0: torch.stack(xs, axis)),
    "vstack": joining(torch.vstack),
    "hstack": joining(torch.hstack),
    "dstack": joining(torch.dstack),
    "einsum": einsum,
    "array": asarray,
    "asarray": asarray,
    "astype": cast,
    "linalg.norm": elementwise(norm, floating=True),
    "linalg.slogdet": several(torch.linalg.slogdet),
    "linalg.qr": several(torch.linalg.qr),
    "linalg.eigh": several(torch.linalg.eigh),
    "linalg.matrix_power": moving(torch.linalg.matrix_power),
    **{
        f"linalg.{name}": elementwise(getattr(torch.linalg, name), floating=True)
        for name in "inv cholesky solve det".split()
    },
    **{
        f"fft.{name}": spectrum(getattr(torch.fft, name))
        for name in "fft ifft rfft irfft fft2 ifft2".split()
    },
}


def borrowed(fn: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A function of the NumPy backend, which computes but has no gradient here."""

    def call(*args: Any, **options: Any) -> Any:
        given = (args, options)
        found = fn(*to_host(args), **to_host(options))
        result = tree.map_structure(
            lambda x: adopt(np.asarray(x)) if isinstance(x, (np.ndarray, bool)) else x,
            found,
        )
        floats = any(
            is_array(x) and x.tensor.is_floating_point() for x in tree.flatten(result)
        )
        if floats and any(map(recording, tree.flatten(given))):
            raise NotImplementedError(
                f"`{name}` has no gradient on the torch backend. Use "
                "`keras.ops.stop_gradient` on its arguments if they are constants."
            )
        return result

    return call


def to_host(x: Any) -> Any:
    """Arrays of the NumPy backend in place of those of this one."""
    return tree.map_structure(
        lambda a: host.adopt(to_numpy(a)) if is_array(a) else a, x
    )


class Namespace:
    """`xp`: the functions above, and those of the NumPy backend under other names."""

    def __init__(self, path: str = "") -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        path = self._path + name
        found = FUNCTIONS.get(path)
        if path in ("linalg", "fft"):
            found = Namespace(path + ".")
        elif found is None:
            found = operator.attrgetter(path)(host.xp)
            plain = not callable(found) or isinstance(found, type)
            found = found if plain else borrowed(found, path)
        setattr(self, name, found)
        return found


xp: Any = Namespace()


def operate(name: str, swapped: bool) -> Callable[[Any, Any], Any]:
    """An operator; variables and symbolic tensors have their own."""

    def call(x: Any, y: Any) -> Any:
        if not isinstance(y, (Array, *KNOWN)):
            return NotImplemented
        return getattr(xp, name)(y, x) if swapped else getattr(xp, name)(x, y)

    return call


for short, name in {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "power",
    "matmul": "matmul",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "left_shift",
    "rshift": "right_shift",
}.items():
    setattr(Array, f"__{short}__", operate(name, False))
    setattr(Array, f"__r{short}__", operate(name, True))
for short, name in {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}.items():
    setattr(Array, f"__{short}__", operate(name, False))
for short, name in {
    "neg": "negative",
    "abs": "abs",
    "invert": "invert",
    "pos": "positive",
    "round": "round",
}.items():
    setattr(Array, f"__{short}__", lambda x, *a, _n=name: getattr(xp, _n)(x, *a))
for name in "bool int float complex".split():
    setattr(Array, f"__{name}__", lambda x, _n=name: getattr(x.tensor, f"__{_n}__")())
Array.__index__ = lambda x: x.tensor.__index__()
Array.item, Array.tolist = lambda x: x.tensor.item(), lambda x: x.tensor.tolist()
METHODS = "sum prod mean var std max min any all argmax argmin ravel squeeze transpose"
for name in (*METHODS.split(), "swapaxes", "repeat", "cumsum", "round", "dot", "clip"):
    setattr(Array, name, lambda x, *a, _n=name, **k: getattr(xp, _n)(x, *a, **k))

# --- gradients ------------------------------------------------------------------------

_nesting = threading.local()  # how many gradients the thread is within


def recording(x: Any) -> bool:
    return is_array(x) and x.tensor.requires_grad


def stop_gradient(x: Any) -> Any:
    """Return `x` as a constant."""
    return Array(x.tensor.detach(), x.kind) if is_array(x) else x


def value_and_grad(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Turn `fn(list) -> (scalar, aux)` into `list -> ((scalar, aux), gradients)`."""

    def call(values: Any, *args: Any) -> Any:
        values = [asarray(v) for v in values]
        roots = [root(v.tensor) for v in values]
        depth = getattr(_nesting, "depth", 0)
        _nesting.depth = depth + 1
        try:
            with torch.enable_grad():
                inner = [Array(r, v.kind) for r, v in zip(roots, values)]
                value, aux = fn(inner, *args)
        finally:
            _nesting.depth = depth
        value = asarray(value)
        if value.shape != ():
            raise TypeError(f"Gradients are of scalars; `fn` gave shape {value.shape}.")
        grads = pulled(value.tensor, roots, depth > 0)
        if not depth:  # nobody differentiates these again
            value, aux = tree.map_structure(stop_gradient, (value, aux))
        return (value, aux), [Array(g, v.kind) for g, v in zip(grads, values)]

    return call


def root(x: torch.Tensor) -> torch.Tensor:
    """A tensor to take a gradient of, which still is part of an outer gradient."""
    if x.requires_grad:
        return x.view_as(x)
    return x.detach().requires_grad_(x.is_floating_point() or x.is_complex())


def pulled(value: torch.Tensor, roots: Any, again: bool) -> list[torch.Tensor]:
    wanted = [r for r in roots if r.requires_grad]
    found: Any = [None] * len(wanted)
    if value.requires_grad:
        found = torch.autograd.grad(
            value, wanted, create_graph=again, allow_unused=True
        )
    rest = iter(found)
    grads = [next(rest) if r.requires_grad else None for r in roots]
    return [torch.zeros_like(r) if g is None else g for g, r in zip(grads, roots)]


def custom_gradient(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Let `fn(*args) -> (output, grad_fn)` say its own gradient."""

    def call(*args: Any, **options: Any) -> Any:
        leaves = [asarray(x) for x in tree.flatten(args)]
        if not any(map(recording, leaves)):
            return fn(*args, **options)[0]
        outputs: list[Any] = []

        def run(tensors: Any) -> Any:
            values = [Array(t, x.kind) for t, x in zip(tensors, leaves)]
            return fn(*tree.pack_sequence_as(args, values), **options)

        class Rule(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *tensors: Any) -> Any:
                ctx.save_for_backward(*tensors)
                outputs[:] = [tree.map_structure(asarray, run(tensors)[0])]
                return tuple(x.tensor for x in tree.flatten(outputs[0]))

            @staticmethod
            def backward(ctx: Any, *upstream: Any) -> Any:
                # Anew, as these may be differentiated again.
                grad_fn = run(ctx.saved_tensors)[1]
                back = tree.pack_sequence_as(outputs[0], list(map(Array, upstream)))
                grads = grad_fn(back)
                if len(args) == 1 and not (
                    isinstance(grads, tuple) and len(grads) == 1
                ):
                    grads = (grads,)
                flat = tree.flatten(tuple(grads))
                return tuple(None if g is None else asarray(g).tensor for g in flat)

        results = Rule.apply(*(x.tensor for x in leaves))
        kinds = [x.kind for x in tree.flatten(outputs[0])]
        return tree.pack_sequence_as(outputs[0], list(map(Array, results, kinds)))

    return call


# --- running: nothing is compiled, so much is idle, as on the NumPy backend -----------

STAND_INS = host.STAND_INS
jit, eager, block, remat, leaves = (
    host.jit,
    host.eager,
    host.block,
    host.remat,
    host.leaves,
)
keep_programs, free_memory = host.keep_programs, host.free_memory
devices = host.devices


def device(name: str) -> Any:
    """Context in which arrays go to the named device, always the CPU."""
    return host.device(name)


def infer(fn: Callable[..., Any], specs: Any) -> Any:
    """Shapes and dtypes of what `fn` returns: it is run on made-up numbers."""

    def on_host(*values: Any) -> Any:
        try:
            return to_host(fn(*map(asarray, values)))
        except (RuntimeError, ValueError) as error:
            text = re.sub(r"(?<=\d)x(?=\d)", " × ", str(error))
            raise ValueError(text) from error

    return host.infer(on_host, specs)


loops = Loops(xp, asarray, stop_gradient)
vmap, scan, recurrence = loops.vmap, loops.scan, loops.recurrence
while_loop, fori_loop = loops.while_loop, loops.fori_loop
cond, switch, associative_scan = loops.cond, loops.switch, loops.associative_scan

# --- random numbers: counters, made random under a key of two words of 32 bits --------

STRIDE, FACTORS = 0x9E3779B97F4A7C15, (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


def signed(x: int) -> int:
    return (x & 2**64 - 1) - (x >> 63 << 64)


def mixed(x: torch.Tensor) -> torch.Tensor:
    """Permute 64-bit numbers (Steele and others, "Fast splittable ...", 2014)."""
    for shift, factor in zip((30, 27), FACTORS):
        x = (x ^ (x >> shift & 2 ** (64 - shift) - 1)) * signed(factor)
    return x ^ (x >> 31 & 2**33 - 1)


def drawn(key: Any, shape: Any) -> torch.Tensor:
    """Numbers from [0, 1)."""
    high, low = to_numpy(key).tolist()
    start = mixed(torch.tensor(signed(high << 32 | low)))
    places = torch.arange(1, math.prod(shape) + 1) * signed(STRIDE)
    bits = mixed(start + places) >> 11 & 2**53 - 1
    return bits.reshape(tuple(shape)).double() * 2.0**-53


def uniform(
    key: Any, shape: Any, dtype: str, minval: Any = 0.0, maxval: Any = 1.0
) -> Array:
    """Draw from [minval, maxval)."""
    fine = {"float16": 2**10, "bfloat16": 2**7, "float64": 2**52}.get(dtype, 2**23)
    numbers = Array((drawn(key, shape) * fine).floor() / fine)  # none rounds to 1
    return cast(numbers * (maxval - minval) + minval, dtype)


def normal(key: Any, shape: Any, dtype: str) -> Array:
    """Draw from the standard normal distribution."""
    radius, angle = drawn(key, (2, *shape))  # Box and Muller
    numbers = (-2 * (1 - radius).log()).sqrt() * (2 * math.pi * angle).cos()
    return cast(Array(numbers, kind_of("float64")), dtype)


def truncated_normal(key: Any, lower: Any, upper: Any, shape: Any, dtype: str) -> Array:
    """Draw from the standard normal distribution within [lower, upper]."""
    low, high = (erf(asarray(x) / math.sqrt(2)) for x in (lower, upper))
    place = erfinv(uniform(key, shape, "float32") * (high - low) + low)
    return cast(clip(math.sqrt(2) * place, lower, upper), dtype)


def randint(key: Any, shape: Any, minval: Any, maxval: Any, dtype: str) -> Array:
    """Draw integers from [minval, maxval)."""
    low, high = (asarray(x).tensor.detach().double() for x in (minval, maxval))
    return cast(Array((drawn(key, shape) * (high - low) + low).floor().long()), dtype)


def bernoulli(key: Any, p: Any, shape: Any) -> Array:
    """Draw booleans that are true with probability `p`."""
    return Array(drawn(key, shape) < asarray(p).tensor.detach())


def categorical(key: Any, logits: Any, num_samples: int, dtype: str) -> Array:
    """Draw `num_samples` class indices for each row of `logits` (rows, classes)."""
    scores = asarray(logits).tensor.detach().double()
    noise = drawn(key, (scores.shape[0], num_samples, scores.shape[1]))
    return cast(Array((scores[:, None] - (-noise.log()).log()).argmax(-1)), dtype)


def permutation(key: Any, x: Any, axis: int = 0, independent: bool = False) -> Array:
    """Shuffle `x` along `axis`, keeping slices whole unless `independent`."""
    x = asarray(x)
    x = xp.arange(int(x)) if not x.ndim else x
    sizes = x.shape if independent else [x.shape[axis]]
    order = drawn(key, sizes).argsort(axis if independent else 0)
    moved = xp.take_along_axis if independent else xp.take
    return moved(x, Array(order), axis=axis)


gamma, beta = borrowed(host.gamma, "gamma"), borrowed(host.beta, "beta")
binomial = borrowed(host.binomial, "binomial")
split, fold_in = borrowed(host.split, "split"), borrowed(host.fold_in, "fold_in")

# --- kernels --------------------------------------------------------------------------

sigmoid = elementwise(torch.sigmoid, floating=True)
erf = elementwise(torch.erf, floating=True)
erfinv = elementwise(torch.erfinv, floating=True)
lgamma = elementwise(torch.lgamma, floating=True)
digamma = elementwise(torch.digamma, floating=True)
logsumexp = reduction(lambda x, a, k: x.logsumexp(a, keepdim=k), floating=True)


def top_k(x: Any, k: int) -> tuple[Array, Array]:
    """Largest `k` along the last axis, descending, and their indices."""
    x = asarray(x)
    found = x.tensor.sort(dim=-1, descending=True, stable=True)
    return Array(found.values[..., :k], x.kind), Array(found.indices[..., :k])


def segments(data: Any, ids: Any, count: int | None) -> Any:
    """Rows, their ids, those out of range one past the end, and how many there are."""
    ids = asarray(ids).tensor.long()
    count = count if count is not None else int(ids.max()) + 1 if ids.numel() else 0
    return asarray(data), torch.where((ids < 0) | (ids >= count), count, ids), count


def segment_sum(data: Any, ids: Any, num_segments: int | None = None) -> Array:
    """Sum the rows of `data` that share an id."""
    data, ids, count = segments(data, ids, num_segments)
    room = torch.zeros((count + 1, *data.shape[1:]), dtype=data.tensor.dtype)
    return Array(room.index_add(0, ids, data.tensor)[:-1], data.kind)


def segment_max(data: Any, ids: Any, num_segments: int | None = None) -> Array:
    """Maximum of the rows of `data` that share an id; the lowest number if none."""
    data, ids, count = segments(data, ids, num_segments)
    room = torch.full(
        (count + 1, *data.shape[1:]), lowest(data), dtype=data.tensor.dtype
    )
    ids = ids.reshape(-1, *[1] * (data.ndim - 1)).expand(data.shape)
    found = room.scatter_reduce(0, ids, data.tensor, "amax", include_self=False)
    return Array(found[:-1], data.kind)


def lowest(x: Array) -> float:
    if x.tensor.is_floating_point():
        return -math.inf
    return 0 if x.kind == "bool" else int(np.iinfo(x.kind).min)


def updated(x: Any, indices: Any, values: Any, write: Any) -> Array:
    """`write(all elements, positions, values)` at the positions of `x[indices]`."""
    x = asarray(x)
    at = Array(torch.arange(x.size), "int32").reshape(x.shape)[indices].tensor.long()
    values = cast(values, x.kind).tensor.expand(at.shape).reshape(-1)
    return Array(write(x.tensor.reshape(-1), at.reshape(-1), values), x.kind).reshape(
        x.shape
    )


def index_update(x: Any, indices: Any, values: Any) -> Array:
    """`x` with `x[indices]` replaced by `values`."""
    return updated(x, indices, values, lambda a, at, v: a.scatter(0, at, v))


def index_add(x: Any, indices: Any, values: Any) -> Array:
    """`x` with `values` added to `x[indices]`; repeated indices add up."""
    return updated(x, indices, values, lambda a, at, v: a.index_add(0, at, v))


def take_rows(x: Any, start: Any, size: int, order: Any = None) -> Array:
    """Rows `start` to `start + size` of `x`, or of `x[order]`; `size` is fixed."""
    first = min(max(int(start), 0), len(x if order is None else order) - size)
    rows = slice(first, first + size)
    return x[rows] if order is None else x[order[rows]]


CONV = nn.conv1d, nn.conv2d, nn.conv3d
TRANSPOSED = nn.conv_transpose1d, nn.conv_transpose2d, nn.conv_transpose3d
MAXIMUM = nn.max_pool1d, nn.max_pool2d, nn.max_pool3d
MEAN = nn.avg_pool1d, nn.avg_pool2d, nn.avg_pool3d


def images(*values: Any) -> tuple[list[torch.Tensor], str]:
    """In the dtype to compute windows in, and the dtype of the result."""
    tensors, kind = promoted(values)
    wide = kind if kind in ("float32", "float64") else "float32"
    return [t.to(stored(wide)) for t in tensors], kind


def first(x: torch.Tensor) -> torch.Tensor:
    return x.movedim(-1, 1)  # torch has channels first


def edges(padding: Any) -> list[int]:
    return [n for pair in reversed(padding) for n in pair]


def back(x: torch.Tensor, kind: str) -> Array:
    return Array(x.movedim(1, -1).to(stored(kind)), kind)


def conv(
    x: Any, kernel: Any, strides: Any, padding: Any, dilation: Any, groups: int = 1
) -> Array:
    """Slide a kernel (*size, channels / groups, filters) over images `x`."""
    (x, kernel), kind = images(x, kernel)
    x = nn.pad(first(x), edges(padding))
    kernel = kernel.movedim((-1, -2), (0, 1))
    how = {"stride": strides, "dilation": dilation, "groups": groups}
    return back(CONV[len(strides) - 1](x, kernel, **how), kind)


def conv_transpose(
    x: Any, kernel: Any, strides: Any, padding: Any, dilation: Any, size: Any
) -> Array:
    """Gradient of `conv` by its argument of spatial `size`, where it gave `x`."""
    (x, kernel), kind = images(x, kernel)
    spread = TRANSPOSED[len(strides) - 1](
        first(x), kernel.movedim((-1, -2), (0, 1)), stride=strides, dilation=dilation
    )
    rows = zip(padding, size, spread.shape[2:])
    cut = [(-low, low + n - m) for (low, _), n, m in rows]
    return back(nn.pad(spread, edges(cut)), kind)


def pool(x: Any, kind: str, size: Any, strides: Any, padding: Any) -> Array:
    """Maximum or average over windows of `x` (n, *sizes, channels)."""
    (x,), dtype = images(x)
    x, number = first(x), len(size) - 1
    if kind == "max":
        grown = nn.pad(x, edges(padding), value=-math.inf)
        return back(MAXIMUM[number](grown, tuple(size), tuple(strides)), dtype)
    grown, ones = (nn.pad(a, edges(padding)) for a in (x, torch.ones_like(x[:1, :1])))
    mean, share = (MEAN[number](a, tuple(size), tuple(strides)) for a in (grown, ones))
    return back(mean / share, dtype)


def flash_attention(*_: Any) -> Any:
    """A fused kernel for attention, which is not here."""
    raise RuntimeError(
        "The torch backend has no fused kernel: leave `flash_attention`."
    )


enable_float64(False)
