"""The NumPy backend: a plain reference, easy to debug and to read.

Nothing is compiled; gradients come from the package `autograd` (extra
`kerasish[numpy]`). The names are those of the contract in `kerasish.backend`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import tree
from . import formulas
from .array import Array, enable_float64, leave
from .composed import asarray, xp
from .control import (
    STAND_INS,
    associative_scan,
    block,
    cond,
    device,
    devices,
    eager,
    fori_loop,
    free_memory,
    infer,
    jit,
    keep_programs,
    recurrence,
    scan,
    switch,
    vmap,
    while_loop,
)
from .gradients import (
    Traced,
    cast,
    custom_gradient,
    stop_gradient,
    value_and_grad,
)
from .kernels import (
    digamma,
    erf,
    erfinv,
    flash_attention,
    index_add,
    index_update,
    lgamma,
    logsumexp,
    segment_max,
    segment_sum,
    sigmoid,
    take_rows,
    top_k,
)
from .random import (
    bernoulli,
    beta,
    binomial,
    categorical,
    fold_in,
    gamma,
    normal,
    permutation,
    randint,
    split,
    truncated_normal,
    uniform,
)
from .windows import conv, conv_transpose, pool


def adopt(x: np.ndarray) -> Array:
    """Take over an array that nobody changes."""
    return leave(x)


def to_numpy(x: Any) -> np.ndarray:
    """Return a writable NumPy copy."""
    return np.array(x)


def is_array(x: Any) -> bool:
    """Say whether `x` is an array of this backend (concrete or traced)."""
    return isinstance(x, (Array, Traced))


def leaves(nest: Any) -> tuple[list[str], list[Any], Callable[..., Any]]:
    """Take a nest apart: names such as `"dense.kernel"`, leaves, the way back."""
    names = [".".join(map(str, path)) for path, _ in tree.flatten_with_path(nest)]
    return names, tree.flatten(nest), lambda new: tree.pack_sequence_as(nest, new)


def remat(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return `fn`: what it computes on the way is kept, as ever."""
    return fn


def dtype_name(x: Any) -> str:
    """Return the dtype of an array or number by name."""
    return (x if hasattr(x, "dtype") else asarray(x)).dtype.name


enable_float64(False)
