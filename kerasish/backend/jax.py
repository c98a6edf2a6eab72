"""The JAX backend: XLA on CPU, GPU and TPU. The names are those of the contract."""

import math
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental.compilation_cache import compilation_cache
from jax.scipy import special

from .. import dtypes
from . import Spec
from .jax_recurrence import recurrence  # noqa: F401 (of the contract)
from .jax_sharding import everywhere, spread
from .jax_windows import by_hand, conv, conv_transpose, pool  # noqa: F401 (likewise)

# Stand-ins for unknown axes. An axis that differs between the two abstract runs is
# unknown. They have many divisors, so that reshape(x, (-1, 4)) and split work, and
# are too odd to be met by chance.
STAND_INS = 6720, 13440
# Products with at most this many multiplications are written as multiply-and-sum:
# XLA:CPU calls a library for each dot, which costs more than such arithmetic.
TINY_PRODUCT = 2048
# Bytes from which on a NumPy array is copied once, while the caller waits. JAX shares
# the memory of arrays that begin on a multiple of `ALIGNMENT` bytes.
LARGE, ALIGNMENT = 2**20, 64

Array = jax.Array


_mapping = threading.local()  # how many times the code that is traced is mapped


def _tiny(x1: Any, x2: Any) -> bool:
    if not (1 <= x1.ndim <= 2 and x2.ndim == 2 and x1.shape[-1] == x2.shape[0]):
        return False
    return x1.size * x2.shape[1] <= TINY_PRODUCT


def matmul(x1: Any, x2: Any, **options: Any) -> Array:
    """Multiply matrices as jnp.matmul does; tiny ones so that XLA:CPU can fuse them."""
    x1, x2 = jnp.asarray(x1), jnp.asarray(x2)
    if x1.ndim > 2 == x2.ndim and x1.shape[-1] == x2.shape[0]:
        # As one matrix: for the gradient of `x2` XLA:CPU would transpose it otherwise.
        rows = x1.reshape(math.prod(x1.shape[:-1]), x1.shape[-1])
        product = matmul(rows, x2, **options)
        return product.reshape(*x1.shape[:-1], x2.shape[1])
    many = getattr(_mapping, "depth", 0)  # products at once are better as a dot
    if options or many or not by_hand() or not _tiny(x1, x2):
        return jnp.matmul(x1, x2, **options)
    dtype = jnp.result_type(x1, x2)
    if dtype not in (jnp.float32, jnp.float64):  # 16 bits would round each product
        return jnp.matmul(x1, x2)
    return (x1[..., :, None].astype(dtype) * x2.astype(dtype)).sum(-2, dtype=dtype)


_CHAIN = re.compile(r"((?:\.{3})?\w*)(\w+),\2(\w*)->\1\3")


def einsum(subscripts: str, *operands: Any, **options: Any) -> Array:
    """As jnp.einsum; where that multiplies two matrices of several axes, by matmul."""
    chain = None if options else _CHAIN.fullmatch(subscripts.replace(" ", ""))
    letters = "".join(chain.groups()).lstrip(".") if chain else ""
    if chain is None or len(set(letters)) < len(letters):
        return jnp.einsum(subscripts, *operands, **options)
    x, kernel = map(jnp.asarray, operands)
    summed = len(chain[2])
    rest, inner = x.shape[:-summed], x.shape[-summed:]
    if inner != kernel.shape[:summed] or kernel.ndim != summed + len(chain[3]):
        return jnp.einsum(subscripts, x, kernel)
    size = math.prod(inner)
    columns = kernel.reshape(size, math.prod(kernel.shape[summed:]))
    product = matmul(x.reshape(*rest, size), columns)
    return product.reshape(*rest, *kernel.shape[summed:])


class _Namespace:
    """jax.numpy, with the few functions of this module in place of its own."""

    matmul, einsum = staticmethod(matmul), staticmethod(einsum)

    def __getattr__(self, name: str) -> Any:
        found = getattr(jnp, name)
        setattr(self, name, found)
        return found


xp: Any = _Namespace()


_own_choice = jax.config.read("jax_enable_x64")  # who switched it on wants it on


def enable_float64(on: bool) -> None:
    """Switch 64-bit numbers on or off for the process."""
    on = on or _own_choice
    if jax.config.read("jax_enable_x64") != on:
        jax.config.update("jax_enable_x64", on)
    dtypes.allow_64_bits(on)


def _canonical(dtype: Any) -> Any:
    return None if dtype is None else jax.dtypes.canonicalize_dtype(dtype)


def asarray(x: Any, dtype: str | None = None) -> Array:
    """Convert numbers, lists and arrays; 64-bit types become 32-bit unless enabled."""
    if hasattr(x, "__array__") and not isinstance(x, (np.ndarray, jax.Array)):
        x = np.asarray(x)
    wanted = _canonical(dtype)
    if wanted is not None and isinstance(x, (bool, int, float)):
        x = np.asarray(x, wanted)
    if isinstance(x, np.ndarray) and x.dtype.kind in "biufcV":
        return _placed(x, wanted)
    return jnp.asarray(x, wanted)


def _placed(x: np.ndarray, wanted: Any) -> Array:
    """Put a copy of an array on the device.

    `jnp.asarray` would compile a program for each new shape, copy twice, or (told the
    dtype) share the memory of some arrays. `device_put` may share it, or read it later:
    so it gets a copy of ours, or we wait until it made its own.
    """
    if wanted not in (None, x.dtype):
        return jax.device_put(x.astype(wanted), everywhere())
    if x.nbytes >= LARGE and x.ctypes.data % ALIGNMENT:
        return block(jax.device_put(x, everywhere()))
    return jax.device_put(x.copy(), everywhere())


def adopt(x: np.ndarray) -> Array:
    """Take over an array that nobody changes; aligned to 64 bytes it is not copied."""
    return jax.device_put(x, everywhere())


def to_numpy(x: Any) -> np.ndarray:
    """Return a writable NumPy copy."""
    return np.array(x)


def is_array(x: Any) -> bool:
    """Say whether `x` is an array of this backend (concrete or traced)."""
    return isinstance(x, jax.Array)


def dtype_name(x: Any) -> str:
    """Return the dtype of an array or number by name."""
    if hasattr(x, "dtype"):
        return jnp.dtype(x.dtype).name
    return jnp.result_type(x).name


def cast(x: Any, dtype: str) -> Array:
    """Convert `x` to `dtype`; the result's type is never weak."""
    if not isinstance(x, jax.Array):
        return asarray(x, dtype)
    wanted = _canonical(dtype)
    return x if x.dtype == wanted and not x.weak_type else x.astype(wanted)


def leaves(nest: Any) -> tuple[list[str], list[Any], Callable[..., Any]]:
    """Take a pytree apart: names such as `"dense.kernel"`, leaves, the way back."""
    paths, treedef = jax.tree.flatten_with_path(nest)
    names = [jax.tree_util.keystr(p, simple=True, separator=".") for p, _ in paths]
    values = [value for _, value in paths]
    return names, values, lambda new: jax.tree.unflatten(treedef, new)


def infer(fn: Callable[..., Any], specs: Sequence[Spec]) -> Any:
    """Shapes and dtypes of what `fn` returns; axes that follow unknown ones are None.

    Args:
        fn: takes as many arrays as there are specs, returns a tree of arrays.
        specs: shape (None for an unknown axis) and dtype of each argument.

    Returns:
        The tree with a `Spec` in place of each array.
    """

    def run(size: int) -> Any:
        arguments = [
            jax.ShapeDtypeStruct(
                tuple(size if d is None else d for d in shape), _canonical(dtype)
            )
            for shape, dtype in specs
        ]
        # A new function object each time: JAX would reuse a trace made before.
        return jax.eval_shape(lambda *arrays: fn(*arrays), *arguments)

    unknown = any(None in shape for shape, _ in specs)
    try:
        first = run(STAND_INS[0])
        second = run(STAND_INS[1]) if unknown else first
    except (TypeError, ValueError) as error:
        text = re.sub(rf"\b({STAND_INS[0]}|{STAND_INS[1]})\b", "None", str(error))
        if text != str(error):
            error.args = (text,)
        raise

    def merge(a: Any, b: Any) -> Spec:
        shape = tuple(i if i == j else None for i, j in zip(a.shape, b.shape))
        return Spec(shape, jnp.dtype(a.dtype).name)

    return jax.tree.map(merge, first, second)


def value_and_grad(fn: Callable[[list[Any]], tuple[Any, Any]]) -> Callable[..., Any]:
    """Turn `fn(list) -> (scalar, aux)` into `list -> ((scalar, aux), gradients)`."""
    return jax.value_and_grad(fn, has_aux=True)


stop_gradient = lax.stop_gradient
custom_gradient = jax.custom_gradient
remat = jax.checkpoint


def jit(fn: Callable[..., Any], donate: Sequence[int] = ()) -> Callable[..., Any]:
    """Compile `fn`; the arrays of the arguments at `donate` may be overwritten."""
    return jax.jit(fn, donate_argnums=tuple(donate))


def vmap(
    fn: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0
) -> Callable[..., Any]:
    """Map `fn` over an axis of its arguments, as jax.vmap does."""

    def mapped(*args: Any) -> Any:
        _mapping.depth = getattr(_mapping, "depth", 0) + 1
        try:
            return fn(*args)
        finally:
            _mapping.depth -= 1

    return jax.vmap(mapped, in_axes, out_axes)


eager = jax.ensure_compile_time_eval
block = jax.block_until_ready


def keep_programs(folder: str | None) -> None:
    """Keep compiled programs in a folder for other processes; None: keep none."""
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    compilation_cache.reset_cache()  # JAX reads the folder once


scan = lax.scan
while_loop = lax.while_loop
fori_loop = lax.fori_loop
associative_scan = lax.associative_scan


def cond(
    pred: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any], *operands: Any
) -> Any:
    """As `lax.cond`; with a condition that is known nothing is compiled for it."""
    if isinstance(pred, jax.core.Tracer):
        return lax.cond(pred, true_fn, false_fn, *operands)
    result = (true_fn if pred else false_fn)(*operands)
    return jax.tree.map(jnp.asarray, result)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """As `lax.switch`; with an index that is known nothing is compiled for it."""
    if isinstance(index, jax.core.Tracer):
        return lax.switch(index, branches, *operands)
    chosen = branches[min(max(int(index), 0), len(branches) - 1)]
    return jax.tree.map(jnp.asarray, chosen(*operands))


def uniform(
    key: Any, shape: Any, dtype: str, minval: Any = 0.0, maxval: Any = 1.0
) -> Any:
    """Draw from [minval, maxval)."""
    return jax.random.uniform(key, shape, _canonical(dtype), minval, maxval)


def normal(key: Any, shape: Any, dtype: str) -> Any:
    """Draw from the standard normal distribution."""
    return jax.random.normal(key, shape, _canonical(dtype))


def truncated_normal(key: Any, lower: Any, upper: Any, shape: Any, dtype: str) -> Any:
    """Draw from the standard normal distribution within [lower, upper]."""
    return jax.random.truncated_normal(key, lower, upper, shape, _canonical(dtype))


def randint(key: Any, shape: Any, minval: Any, maxval: Any, dtype: str) -> Any:
    """Draw integers from [minval, maxval)."""
    return jax.random.randint(key, shape, minval, maxval, _canonical(dtype))


def bernoulli(key: Any, p: Any, shape: Any) -> Any:
    """Draw booleans that are true with probability `p`."""
    return jax.random.bernoulli(key, p, shape)


def gamma(key: Any, alpha: Any, shape: Any, dtype: str) -> Any:
    """Draw from the gamma distribution with shape parameter `alpha` and scale 1."""
    return jax.random.gamma(key, alpha, shape, _canonical(dtype))


def beta(key: Any, a: Any, b: Any, shape: Any, dtype: str) -> Any:
    """Draw from the beta distribution."""
    return jax.random.beta(key, a, b, shape, _canonical(dtype))


def binomial(key: Any, n: Any, p: Any, shape: Any, dtype: str) -> Any:
    """Draw the number of successes in `n` trials of probability `p`."""
    return jax.random.binomial(key, n, p, shape, _canonical(dtype))


def categorical(key: Any, logits: Any, num_samples: int, dtype: str) -> Any:
    """Draw `num_samples` class indices for each row of `logits` (rows, classes)."""
    shape = (logits.shape[0], num_samples)
    drawn = jax.random.categorical(key, logits[..., None], axis=1, shape=shape)
    return drawn.astype(_canonical(dtype))


def permutation(key: Any, x: Any, axis: int = 0, independent: bool = False) -> Any:
    """Shuffle `x` along `axis`, keeping slices whole unless `independent`."""
    return jax.random.permutation(key, x, axis, independent=independent)


split = jax.random.split
fold_in = jax.random.fold_in

sigmoid = lax.logistic
erf = special.erf
erfinv = special.erfinv
lgamma = special.gammaln
digamma = special.digamma


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log of the sum of exp, without overflow."""
    return special.logsumexp(x, axis=axis, keepdims=keepdims)


top_k = lax.top_k


def segment_sum(data: Any, ids: Any, num_segments: int | None) -> Any:
    """Sum the rows of `data` that share an id."""
    return jax.ops.segment_sum(data, ids, num_segments)


def segment_max(data: Any, ids: Any, num_segments: int | None) -> Any:
    """Maximum of the rows of `data` that share an id."""
    return jax.ops.segment_max(data, ids, num_segments)


def index_update(x: Any, indices: Any, values: Any) -> Any:
    """`x` with `x[indices]` replaced by `values`."""
    return x.at[indices].set(values)


def index_add(x: Any, indices: Any, values: Any) -> Any:
    """`x` with `values` added to `x[indices]`; repeated indices add up."""
    place = x.at[indices]
    return (place.max if x.dtype == bool else place.add)(values)


def devices() -> list[str]:
    """Names of the devices, the default one first: `"gpu:0"`, `"cpu:0"` ..."""
    return [_device_name(device) for device in jax.devices()]


def free_memory() -> int | None:
    """Bytes that are free on the default device; None if its memory is the host's."""
    (used,) = jnp.zeros(()).devices()
    stats = used.memory_stats()
    return stats and stats["bytes_limit"] - stats["bytes_in_use"]


def _device_name(found: Any) -> str:
    kind = "gpu" if found.platform in ("cuda", "rocm", "gpu") else found.platform
    return f"{kind}:{found.id}"


def device(name: str) -> AbstractContextManager[Any]:
    """Context in which new arrays and computations go to the named device."""
    kind, _, index = name.lower().partition(":")
    try:
        candidates = jax.devices(kind)
    except RuntimeError:
        candidates = []
    number = int(index or 0) if (index or "0").isdigit() else -1
    if not 0 <= number < len(candidates):
        raise ValueError(
            f"There is no device {name!r} for JAX here; there are {devices()} "
            "and always 'cpu:0'."
        )
    return jax.default_device(candidates[number])


def take_rows(x: Any, start: Any, size: int, order: Any = None) -> Any:
    """Rows `start` to `start + size` of `x`, or of `x[order]`; `size` is fixed."""
    if order is None:
        return spread(lax.dynamic_slice_in_dim(x, start, size))
    chosen = lax.dynamic_slice_in_dim(order, start, size)
    return spread(x.at[chosen].get(mode="promise_in_bounds"))


def flash_attention(
    query: Any, key: Any, value: Any, bias: Any, mask: Any, scale: Any, is_causal: bool
) -> Any:
    """Attention by cuDNN's fused kernel; a RuntimeError where there is none."""
    return jax.nn.dot_product_attention(
        *(query, key, value, bias, mask),
        scale=scale,
        is_causal=is_causal,
        implementation="cudnn",
    )
