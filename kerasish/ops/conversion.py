"""What tensors are made from, and what they are: arrays, dtypes, shapes."""

from typing import Any

import numpy as np

from .. import backend, dtypes
from ..graph import KerasTensor, Tensor, is_symbolic, op
from ..variable import Variable

__all__ = [
    "array", "cast", "convert_to_numpy", "convert_to_tensor", "copy", "dtype",
    "is_tensor", "ndim", "saturate_cast", "shape", "size", "stop_gradient", "view",
    "view_as_complex", "view_as_real",
]  # fmt: skip


def as_float(x: Any) -> Any:
    """Return `x` as an array; integers and booleans become `floatx()`."""
    name = backend.dtype_name(x)
    if dtypes.is_int(name) or name == "bool":
        return backend.cast(x, dtypes.standardize_dtype(None))
    return backend.asarray(x)


def as_floats(*tensors: Any) -> list[Any]:
    """Return arrays of the one float dtype to which all promote together."""
    dtype = dtypes.result_type(*map(backend.dtype_name, tensors), float)
    return [backend.cast(x, dtype) for x in tensors]


def convert_to_tensor(
    x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None
) -> Any:
    """Make a tensor of numbers, nested lists, arrays or variables.

    Args:
        x: what to convert; tensors pass through.
        dtype: name of the dtype; default that of `x`.
        sparse, ragged: must not be True; tensors here are dense.

    Example:
        >>> print(keras.ops.convert_to_tensor([1, 2], dtype="float32"))
        [1. 2.]
    """
    if sparse or ragged:
        raise ValueError("Sparse and ragged tensors are not supported; use dense ones.")
    if is_symbolic(x):
        return x if dtype in (None, x.dtype) else cast(x, dtype)
    x = _identity(x)
    return backend.asarray(x) if dtype is None else cast(x, dtype)


@op
def _identity(x: Tensor) -> Tensor:
    """`x` with lists and variables converted."""
    return x


def array(x: Any, dtype: Any = None) -> Any:
    """Make a tensor, as `convert_to_tensor` does.

    Example:
        >>> print(keras.ops.array([1, 2]))
        [1 2]
    """
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray:
    """Return a NumPy copy of the values of a tensor, list or variable.

    Example:
        >>> keras.ops.convert_to_numpy(keras.ops.ones((2,)))
        array([1., 1.], dtype=float32)
    """
    return backend.to_numpy(_identity(x))


def is_tensor(x: Any) -> bool:
    """Say whether `x` is an array of the backend; lists and variables are not.

    Example:
        >>> keras.ops.is_tensor(keras.ops.ones(2)), keras.ops.is_tensor([1.0])
        (True, False)
    """
    return backend.is_array(x)


def shape(x: Any) -> tuple[int | None, ...]:
    """Return the shape as a tuple; None stands for unknown sizes of symbolic tensors.

    Example:
        >>> keras.ops.shape(keras.ops.zeros((2, 3)))
        (2, 3)
        >>> keras.ops.shape(keras.KerasTensor((None, 3)))
        (None, 3)
    """
    return tuple(x.shape if hasattr(x, "shape") else np.shape(_identity(x)))


def ndim(x: Any) -> int:
    """Return the number of axes.

    Example:
        >>> keras.ops.ndim([[1, 2], [3, 4]])
        2
    """
    return len(shape(x))


def size(x: Any) -> int | None:
    """Return the number of elements; None for a symbolic tensor of unknown size.

    Example:
        >>> keras.ops.size([[1, 2], [3, 4]])
        4
    """
    sizes = shape(x)
    known = [n for n in sizes if n is not None]
    return int(np.prod(known)) if len(known) == len(sizes) else None


def dtype(x: Any) -> str:
    """Return the name of the dtype of a tensor, variable or number.

    Example:
        >>> keras.ops.dtype(keras.ops.ones(2))
        'float32'
    """
    if isinstance(x, (KerasTensor, Variable)):
        return x.dtype
    return backend.dtype_name(_identity(x))


@op
def _cast(x: Tensor, dtype: str) -> Tensor:
    """`x` converted to the dtype of that name."""
    if "complex" in backend.dtype_name(x) and not dtype.startswith("complex"):
        x = backend.xp.real(x)
    return backend.cast(x, dtype)


def cast(x: Any, dtype: Any) -> Any:
    """Convert to another dtype. Floats are truncated to integers.

    Args:
        x: tensor of any shape.
        dtype: name of the dtype, a dtype object, or a Python type.

    Raises:
        ValueError: if there is no such dtype.

    Example:
        >>> print(keras.ops.cast([1.7, -1.7], "int32"))
        [ 1 -1]
    """
    return _cast(x, dtypes.standardize_dtype(dtype))


def saturate_cast(x: Any, dtype: Any) -> Any:
    """Convert to another dtype, clipping to what it can hold instead of wrapping.

    Args:
        x: tensor of any shape.
        dtype: as for `cast`.

    Example:
        >>> print(keras.ops.saturate_cast([-1.0, 300.0], "uint8"))
        [  0 255]
    """
    return _saturate_cast(x, dtypes.standardize_dtype(dtype))


@op
def _saturate_cast(x: Tensor, dtype: str) -> Tensor:
    """`x` limited to the numbers of the dtype, then converted."""
    low, high = _limits(dtype)
    given_low, given_high = _limits(backend.dtype_name(x))
    low, high = max(low, given_low), min(high, given_high)
    return backend.cast(backend.xp.clip(x, low, high), dtype)


def _limits(dtype: str) -> tuple[Any, Any]:
    """Smallest and largest number of the dtype."""
    if dtype == "bool":
        return 0, 1
    if dtypes.is_int(dtype):
        return np.iinfo(dtype).min, np.iinfo(dtype).max
    if dtype == "bfloat16":
        return -3.3895313892515355e38, 3.3895313892515355e38
    return float(np.finfo(dtype).min), float(np.finfo(dtype).max)


@op
def view(x: Tensor, dtype: Any = None) -> Tensor:
    """Read the same bytes as another dtype; the last axis grows or shrinks.

    Args:
        x: tensor of shape (..., n).
        dtype: name of the dtype; default that of `x`.

    Example:
        >>> print(keras.ops.view(keras.ops.array([1.0]), dtype="int32"))
        [1065353216]
    """
    name = backend.dtype_name(x) if dtype is None else dtypes.standardize_dtype(dtype)
    return backend.asarray(x).view(name)


@op
def view_as_complex(x: Tensor) -> Tensor:
    """Pairs (real, imaginary) on the last axis of size 2 become complex numbers.

    Args:
        x: tensor of shape (..., 2).

    Example:
        >>> print(keras.ops.view_as_complex([1.0, 2.0]))
        (1+2j)
    """
    x = as_float(x)
    if not x.ndim or x.shape[-1] != 2:
        raise ValueError(
            "`view_as_complex` needs a last axis of size 2 (real and imaginary part), "
            f"got shape {tuple(x.shape)}."
        )
    return x[..., 0] + 1j * x[..., 1]


@op
def view_as_real(x: Tensor) -> Tensor:
    """Complex numbers become pairs (real, imaginary) on a new last axis.

    Example:
        >>> print(keras.ops.view_as_real([1.0 + 2.0j]))
        [[1. 2.]]
    """
    return backend.xp.stack([backend.xp.real(x), backend.xp.imag(x)], axis=-1)


@op
def copy(x: Tensor) -> Tensor:
    """Return a new tensor with the same elements.

    Example:
        >>> print(keras.ops.copy([1, 2]))
        [1 2]
    """
    return backend.xp.copy(x)


@op
def stop_gradient(variable: Tensor) -> Tensor:
    """Return the tensor itself; gradients treat it as a constant.

    Example:
        >>> print(keras.ops.stop_gradient([1.0, 2.0]))
        [1. 2.]
    """
    return backend.stop_gradient(variable)
