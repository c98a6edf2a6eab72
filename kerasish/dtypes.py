"""Dtype names and the rule by which mixed dtypes promote.

Above the backends a dtype is a string. Promotion is JAX's on every backend: Python
scalars are weak (they take the other side's width), integers never widen floats, and
results stay within 32 bits unless 64 bits were allowed.
"""

from functools import cache
from typing import Any

from . import config

__all__ = [
    "allow_64_bits",
    "canonical",
    "is_float",
    "is_int",
    "result_type",
    "standardize_dtype",
]

NAMES = frozenset(config.KNOWN_DTYPES)
ALIASES = {
    bool: "bool",
    int: "int32",
    complex: "complex64",
    str: "string",
    "int": "int32",
    "bool_": "bool",
}
NARROW = {
    "int64": "int32",
    "uint64": "uint32",
    "float64": "float32",
    "complex128": "complex64",
}
# Each type and the next wider ones; `int`, `float` and `complex` are Python scalars.
WIDER: dict[Any, tuple[Any, ...]] = {
    "bool": (int,),
    int: ("uint8", "int8"),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": (float,),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": (float,),
    float: ("bfloat16", "float16", complex),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    complex: ("complex64",),
    "complex64": ("complex128",),
    "complex128": (),
}
_settings = {"64 bits": False}


def allow_64_bits(allowed: bool) -> None:
    """Let 64-bit numbers stay 64 bits wide; backends call it from `enable_float64`."""
    _settings["64 bits"] = bool(allowed)


def canonical(name: str) -> str:
    """Return the dtype in which `name` is stored: 32 bits wide if 64 are not allowed.

    Example:
        >>> from kerasish import dtypes
        >>> dtypes.canonical("float64")
        'float32'
    """
    return name if _settings["64 bits"] else NARROW.get(name, name)


def standardize_dtype(dtype: Any) -> str:
    """Return the name of a dtype.

    Args:
        dtype: a name, a NumPy, JAX, TensorFlow or PyTorch dtype, a Python type, or None
            for `keras.config.floatx()`.

    Raises:
        ValueError: if it is not a dtype that tensors can have.

    Example:
        >>> keras.backend.standardize_dtype(np.int8)
        'int8'
    """
    if type(dtype) is str and dtype in NAMES:
        return dtype
    if dtype is None or dtype is float or (type(dtype) is str and dtype == "float"):
        return config.floatx()
    if isinstance(dtype, (str, type)) and dtype in ALIASES:
        return ALIASES[dtype]
    for name in (getattr(dtype, "name", None), getattr(dtype, "__name__", None)):
        if isinstance(name, str):
            name = ALIASES.get(name, name)
            if name in NAMES:
                return name
    name = str(dtype).removeprefix("torch.")
    if name in NAMES:
        return name
    raise ValueError(
        f"Invalid dtype: {dtype!r}. Expected one of {sorted(NAMES)}, or a dtype object "
        "or Python type of that meaning."
    )


def result_type(*dtypes: Any) -> str:
    """Return the dtype that an operation on several dtypes gives.

    The least upper bound in JAX's promotion lattice. The Python types `int`, `float`
    and `complex` stand for weak scalars; None stands for `keras.config.floatx()`.

    Args:
        *dtypes: dtypes in any form that `standardize_dtype` takes; none means `floatx`.

    Raises:
        ValueError: for 8-bit floats and strings, which never promote implicitly.

    Example:
        >>> keras.backend.result_type("int32", "float16")
        'float16'
        >>> keras.backend.result_type("int8", float)
        'float32'
    """
    if not dtypes:
        return config.floatx()
    joined = _join(tuple(map(_node, dtypes)))
    if joined is float:
        return canonical(config.floatx())
    return canonical(WEAK.get(joined, joined))


WEAK: dict[Any, str] = {int: "int64", complex: "complex128"}


def _node(dtype: Any) -> Any:
    """Return the key of `dtype` in the lattice."""
    weak = dtype is int or dtype is float or dtype is complex
    return dtype if weak else standardize_dtype(dtype)


@cache
def _above(dtype: Any) -> frozenset[Any]:
    """Return `dtype` and everything wider."""
    if dtype not in WIDER:
        raise ValueError(
            f"{dtype!r} does not promote implicitly: cast it with "
            '`keras.ops.cast(x, "float32")` first.'
        )
    return frozenset({dtype}).union(*map(_above, WIDER[dtype]))


@cache
def _join(dtypes: tuple[Any, ...]) -> Any:
    if len(set(dtypes)) == 1 and not str(dtypes[0]).startswith("float8"):
        return dtypes[0]
    common = frozenset.intersection(*map(_above, dtypes))
    return next(d for d in common if _above(d) == common)


def is_float(dtype: str) -> bool:
    """Say whether the dtype of this name is a floating point type."""
    return dtype.startswith(("float", "bfloat"))


def is_int(dtype: str) -> bool:
    """Say whether the dtype of this name is an integer type; `"bool"` is not."""
    return dtype.startswith(("int", "uint"))
