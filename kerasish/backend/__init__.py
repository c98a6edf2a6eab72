"""The active backend: everything above this package is written against these names.

A backend is a module (one file or one small folder) that defines the names of
`CONTRACT`. It is loaded when the first of them is needed, so that `import kerasish`
stays light. The suite's `test_backend_contract` says precisely what each must do; a
third party can run it on its own backend.

| group | names | meaning |
| --- | --- | --- |
| arrays | `xp` | a namespace with the Array API standard's and NumPy's function names |
| | `asarray(x, dtype=None)` | an array of the backend; 64-bit only when enabled |
| | `adopt(x)` | of a NumPy array that nobody changes: may share its memory |
| | `to_numpy(x)` | a writable NumPy copy |
| | `is_array(x)`, `dtype_name(x)`, `cast(x, dtype)` | dtypes are strings |
| | `leaves(nest)` | names and values in it, and a function that puts others there |
| shapes | `infer(fn, specs)` | run abstractly; a tree of `Spec(shape, dtype)` |
| | `STAND_INS` | the two sizes that `infer` puts for unknown axes |
| gradients | `value_and_grad(fn)` | `fn(list) -> (scalar, aux)`; nests |
| | `stop_gradient(x)`, `custom_gradient(fn)` | |
| | `remat(fn)` | `fn`, of which nothing is kept for the gradient; may be `fn` itself |
| running | `jit(fn, donate=())`, `vmap(fn, in_axes, out_axes)` | `jit` may be idle |
| | `eager()` | a context in which computing is concrete, even within a trace |
| | `block(tree)` | wait until the arrays are computed; returns the tree |
| | `keep_programs(folder)` | where compiled programs stay between processes, or None |
| control | `scan, while_loop, fori_loop, cond, switch, associative_scan` | as jax.lax |
| | `recurrence(step, project, ...)` | a scan that treats weights well; see JAX's |
| random | `uniform, normal, ...` | the first argument is a key, uint32 of shape (2,) |
| kernels | `erf, top_k, segment_sum, index_update, ...` | what `xp` says badly |
| | `conv, conv_transpose, pool` | windows over images, channels last |
| | `flash_attention(...)` | fused; a RuntimeError where there is no such kernel |
| devices | `devices()`, `device(name)`, `enable_float64(on)` | |
| | `free_memory()` | bytes on the default device; None where it is the host's |

dtype results follow JAX's promotion rules on every backend (`kerasish.dtypes`).
"""

import importlib
import importlib.metadata
from types import ModuleType
from typing import Any, NamedTuple

from .. import config, legacy
from ..config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from ..dtypes import allow_64_bits, result_type, standardize_dtype
from ..dtypes import is_float as is_float_dtype
from ..dtypes import is_int as is_int_dtype
from ..legacy import seam

__all__ = [
    "backend",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
    "use",
]

CONTRACT = (
    *("xp", "asarray", "adopt", "to_numpy", "is_array", "dtype_name", "cast"),
    *("leaves", "infer", "STAND_INS"),
    *("value_and_grad", "stop_gradient", "custom_gradient", "remat"),
    *("jit", "vmap", "eager", "block", "keep_programs"),
    *("scan", "while_loop", "fori_loop", "cond", "switch", "associative_scan"),
    *("recurrence", "sigmoid"),
    *("uniform", "normal", "truncated_normal", "randint", "bernoulli", "gamma"),
    *("beta", "binomial", "categorical", "permutation", "split", "fold_in"),
    *("erf", "erfinv", "lgamma", "digamma", "logsumexp", "top_k", "segment_sum"),
    *("segment_max", "index_update", "index_add", "take_rows"),
    *("conv", "conv_transpose", "pool"),
    "flash_attention",
    *("devices", "device", "enable_float64", "free_memory"),
)


class Spec(NamedTuple):
    """Shape (None: an unknown axis) and dtype name of an array that is not there."""

    shape: tuple[int | None, ...]
    dtype: str


def use(name: str) -> None:
    """Load a backend and make it the active one.

    Args:
        name: `"jax"`, `"numpy"`, a dotted module name, or an entry point's name in the
            group `kerasish.backends`.

    Raises:
        ValueError: if there is no such backend, or it lacks names of the contract.
    """
    module = _find(name)
    missing = [attribute for attribute in CONTRACT if not hasattr(module, attribute)]
    if missing:
        raise ValueError(f"The backend {name!r} lacks {missing} of the contract.")
    globals().update({key: getattr(module, key) for key in CONTRACT})
    for key in seam.SHARED:
        globals()[key] = seam.joined(key, getattr(module, key))
    module.enable_float64(config.floatx() == "float64")
    if config.compilation_cache():
        module.keep_programs(config.compilation_cache())


def _find(name: str) -> ModuleType:
    if name in config.BACKENDS:
        return importlib.import_module(f"{__name__}.{name}")
    for entry in importlib.metadata.entry_points(group="kerasish.backends"):
        if entry.name == name:
            return entry.load()
    if "." in name:
        return importlib.import_module(name)
    raise ValueError(
        f"There is no backend {name!r}; known are {config.BACKENDS}, dotted module "
        "names, and installed entry points of the group `kerasish.backends`."
    )


def _floatx_changed(value: str) -> None:
    if "xp" in globals():
        globals()["enable_float64"](value == "float64")
    else:
        allow_64_bits(value == "float64")


def _cache_changed(folder: str | None) -> None:
    if "xp" in globals():
        globals()["keep_programs"](folder)


config.listeners["backend"] = use
config.listeners["floatx"] = _floatx_changed
_floatx_changed(config.floatx())  # it may have been set before
config.listeners["compilation_cache"] = _cache_changed


# Names that Keras has here, though they belong to modules above this one.
_ELSEWHERE = {
    "clear_session": "utils",
    "get_uid": "registry",
    "is_keras_tensor": "utils",
}


def __getattr__(attribute: str) -> Any:  # PEP 562: runs only while nothing is loaded
    if attribute in _ELSEWHERE:
        home = importlib.import_module(f"kerasish.{_ELSEWHERE[attribute]}")
        return getattr(home, attribute)
    if attribute not in CONTRACT or attribute in globals():
        if attribute.startswith("_"):
            raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")
        found = getattr(importlib.import_module("kerasish.legacy.backend"), attribute)
        legacy.prefer("the functions of `keras.backend`", "`keras.ops`")
        return found
    use(config.backend())
    return globals()[attribute]
