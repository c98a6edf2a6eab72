"""Numbers in few bits: scales, rounding, packing."""

from typing import Any

from .. import backend, dtypes, ops
from ..graph import Tensor, op

__all__ = [
    "abs_max_quantize",
    "abs_max_quantize_grouped_with_zero_point",
    "compute_float8_amax_history",
    "compute_float8_scale",
    "fake_quant_with_min_max_vars",
    "pack_int4",
    "quantize_and_dequantize",
    "unpack_int4",
]


def abs_max_quantize(
    inputs: Tensor,
    axis: int | tuple[int, ...],
    value_range: tuple[int, int] = (-127, 127),
    dtype: str = "int8",
    epsilon: float = 1e-7,
    to_numpy: bool = False,
) -> tuple[Tensor, Tensor]:
    """Scale by the largest absolute value and round.

    ``scale = value_range[1] / (max|inputs| + epsilon)``,
    ``outputs = clip(round(inputs * scale), *value_range)``

    Args:
        inputs: tensor of floats.
        axis: over which the largest value is looked for; one scale for all of it.
        value_range: smallest and largest integer.
        dtype: of the outputs.
        epsilon: keeps zeros from dividing by zero.
        to_numpy: whether NumPy arrays are returned.

    Returns:
        The outputs, of the shape of `inputs`, and the scales, with size 1 along `axis`:
        ``inputs ≈ outputs / scale``.

    Example:
        >>> outputs, scale = keras.quantizers.abs_max_quantize([[1.0, -2.0]], axis=-1)
        >>> print(outputs, scale)
        [[  64 -127]] [[63.5]]
    """
    found = _abs_max(inputs, axis, tuple(value_range), dtype, epsilon)
    return (
        (backend.to_numpy(found[0]), backend.to_numpy(found[1])) if to_numpy else found
    )


@op
def _abs_max(
    inputs: Tensor, axis: Any, value_range: tuple[int, int], dtype: str, epsilon: float
) -> tuple[Tensor, Tensor]:
    low, high = value_range
    largest = ops.max(ops.abs(inputs), axis=axis, keepdims=True)
    scale = high / (largest + epsilon)
    outputs = ops.clip(ops.round(inputs * scale), low, high)
    return ops.cast(outputs, dtype), scale


def abs_max_quantize_grouped_with_zero_point(
    inputs: Tensor,
    block_size: int,
    value_range: tuple[int, int] = (-8, 7),
    dtype: str = "int8",
    epsilon: float = 1e-7,
    to_numpy: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Round each block of rows with a scale and a zero of its own, in each column.

    ``inputs ≈ (outputs - zero) * scale``; a block's range is widened to hold 0.

    Args:
        inputs: matrix of floats, of shape (rows, columns).
        block_size: rows of a block; the last one may be shorter.
        value_range: smallest and largest integer.
        dtype: of the outputs and of the zeros.
        epsilon: keeps a block of zeros from dividing by zero.
        to_numpy: whether NumPy arrays are returned.

    Returns:
        outputs (rows, columns), scale (blocks, columns), zero (blocks, columns).

    Example:
        >>> inputs = np.array([[0.0], [1.5], [-3.0], [0.0]])
        >>> outputs, scale, zero = (
        ...     keras.quantizers.abs_max_quantize_grouped_with_zero_point(inputs, 2))
        >>> print(outputs[:, 0], zero[:, 0])
        [-8  7 -8  7] [-8  7]
    """
    if len(inputs.shape) != 2:
        raise ValueError(
            f"`inputs` must be a matrix, but its shape is {tuple(inputs.shape)}."
        )
    found = _grouped(inputs, block_size, tuple(value_range), dtype, epsilon)
    if to_numpy:
        first, second, third = map(backend.to_numpy, found)
        return first, second, third
    return found


@op
def _grouped(
    inputs: Tensor, size: int, value_range: tuple[int, int], dtype: str, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    low, high = value_range
    rows, columns = inputs.shape
    blocks = -(-rows // size)
    padded = ops.pad(inputs, [[0, blocks * size - rows], [0, 0]])
    padded = ops.reshape(padded, (blocks, size, columns))
    smallest = ops.minimum(ops.min(padded, axis=1), 0)
    largest = ops.maximum(ops.max(padded, axis=1), 0)
    scale = ops.maximum(largest - smallest, epsilon) / (high - low)
    zero = ops.clip(ops.round(low - smallest / scale), low, high)
    outputs = ops.round(padded / scale[:, None]) + zero[:, None]
    outputs = ops.reshape(ops.clip(outputs, low, high), (blocks * size, columns))
    return ops.cast(outputs[:rows], dtype), scale, ops.cast(zero, dtype)


@op
def quantize_and_dequantize(
    inputs: Tensor, scale: Tensor, quantized_dtype: str, compute_dtype: str
) -> Tensor:
    """Round to numbers of `quantized_dtype` times `scale`.

    Args:
        inputs: tensor of floats.
        scale: the size of 1 in the quantized numbers.
        quantized_dtype: `"float8_e4m3fn"` or `"float8_e5m2"`.
        compute_dtype: of the result.

    Example:
        >>> print(keras.quantizers.quantize_and_dequantize(
        ...     np.array([0.126], "float32"), 0.01, "float8_e4m3fn", "float32"))
        [0.13]
    """
    largest = FLOAT8_MAX[dtypes.standardize_dtype(quantized_dtype)]
    scale = ops.cast(scale, compute_dtype)
    scaled = ops.clip(ops.cast(inputs, compute_dtype) / scale, -largest, largest)
    return ops.cast(ops.cast(scaled, quantized_dtype), compute_dtype) * scale


FLOAT8_MAX = {"float8_e4m3fn": 448.0, "float8_e5m2": 57344.0}


@op
def compute_float8_scale(
    amax: Tensor, scale: Tensor, dtype_max: float, margin: int = 0
) -> Tensor:
    """Return the scale at which `amax` is the largest 8-bit number.

    ``amax / dtype_max * 2 ** margin``, or `scale` if `amax` is 0 or not finite.

    Args:
        amax: largest absolute value.
        scale: the scale before.
        dtype_max: largest number of the dtype: 448 of `float8_e4m3fn`, 57344 of
            `float8_e5m2`.
        margin: how many powers of two are left free.

    Example:
        >>> print(keras.quantizers.compute_float8_scale(2.0, 1.0, 448.0))
        0.004464286
    """
    usable = ops.logical_and(ops.greater(amax, 0), ops.isfinite(amax))
    return ops.where(usable, amax / dtype_max * 2.0**margin, scale)


@op
def compute_float8_amax_history(x: Tensor, amax_history: Tensor) -> Tensor:
    """Move a history of largest absolute values on by one step.

    Args:
        x: tensor whose largest absolute value comes in, at the first place.
        amax_history: vector.

    Example:
        >>> history = keras.quantizers.compute_float8_amax_history(
        ...     np.array([-5.0, 2.0]), np.array([1.0, 2.0, 3.0]))
        >>> print(history)
        [5. 3. 1.]
    """
    newest = ops.cast(ops.max(ops.abs(x)), backend.dtype_name(amax_history))
    moved = ops.roll(amax_history, -1)
    return ops.concatenate([ops.reshape(newest, (1,)), moved[1:]])


@op
def _packed(arr: Tensor, axis: int) -> Tensor:
    dtype = backend.dtype_name(arr)
    nibbles = ops.moveaxis(ops.bitwise_and(ops.cast(arr, "int32"), 15), axis, 0)
    if nibbles.shape[0] % 2:
        nibbles = ops.pad(nibbles, [[0, 1], *[[0, 0]] * (nibbles.ndim - 1)])
    packed = nibbles[::2] + 16 * nibbles[1::2]
    if dtype == "int8":
        packed = packed - 256 * ops.cast(packed > 127, "int32")
    return ops.moveaxis(ops.cast(packed, dtype), 0, axis)


def pack_int4(
    arr: Tensor, axis: int = 0, dtype: str = "int8"
) -> tuple[Tensor, tuple[int, ...], int]:
    """Put two numbers of four bits in each byte.

    Args:
        arr: integers from -8 to 7 of dtype int8, or from 0 to 15 of dtype uint8.
        axis: neighbours along it share a byte; an odd length is padded by 0.
        dtype: `"int8"` or `"uint8"`, that of `arr`.

    Returns:
        The bytes, their shape, and the length along `axis` before.

    Example:
        >>> packed, shape, length = keras.quantizers.pack_int4(
        ...     np.array([1, 2, 3], "int8"))
        >>> print(packed, shape, length)
        [33  3] (2,) 3
    """
    arr = ops.convert_to_tensor(arr)
    _check_byte("arr", arr, dtype)
    packed = _packed(arr, axis)
    return packed, tuple(packed.shape), arr.shape[axis]


def _check_byte(name: str, array: Tensor, dtype: str) -> None:
    found = dtypes.standardize_dtype(array.dtype)
    if dtype not in ("int8", "uint8"):
        raise ValueError(f"`dtype` must be 'int8' or 'uint8', not {dtype!r}.")
    if found not in ("int8", "uint8") or (name == "arr" and found != dtype):
        raise TypeError(f"`{name}` must be of dtype {dtype!r}, not {found!r}.")


def unpack_int4(
    packed: Tensor, orig_len: int, axis: int = 0, dtype: str = "int8"
) -> Tensor:
    """Undo `pack_int4`.

    Args:
        packed: bytes.
        orig_len: how many numbers there were along `axis`.
        axis: the axis that was packed.
        dtype: `"int8"`: the numbers are -8 to 7; `"uint8"`: 0 to 15.

    Example:
        >>> print(keras.quantizers.unpack_int4(np.array([33, 3], "int8"), 3))
        [1 2 3]
    """
    packed = ops.convert_to_tensor(packed)
    _check_byte("packed", packed, dtype)
    return _unpacked(packed, orig_len, axis, dtype)


@op
def _unpacked(packed: Tensor, length: int, axis: int, dtype: str) -> Tensor:
    pairs = ops.moveaxis(ops.bitwise_and(ops.cast(packed, "int32"), 255), axis, 0)
    numbers = ops.stack([pairs % 16, pairs // 16], axis=1)
    numbers = ops.reshape(numbers, (-1, *pairs.shape[1:]))[:length]
    if dtype == "int8":
        numbers = numbers - 16 * ops.cast(numbers > 7, "int32")
    return ops.moveaxis(ops.cast(numbers, dtype), 0, axis)


def fake_quant_with_min_max_vars(
    inputs: Tensor,
    min_vals: Any,
    max_vals: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    axis: int | None = None,
) -> Tensor:
    """Round to the numbers that `num_bits` can tell apart between two bounds.

    The bounds are moved a little, so that 0 is one of those numbers. The gradient
    passes where the input is between the bounds; elsewhere it is the bound's.

    Args:
        inputs: tensor of floats.
        min_vals, max_vals: the bounds: numbers, or vectors along `axis`.
        num_bits: how many bits an integer has.
        narrow_range: whether the smallest integer is left out.
        axis: the axis that has bounds of its own for each entry.

    Example:
        >>> y = keras.quantizers.fake_quant_with_min_max_vars(
        ...     np.array([-2.0, 0.3, 0.9]), -1.0, 1.0, num_bits=2)
        >>> print(np.round(np.asarray(y), 3))
        [-1.333  0.     0.667]
    """
    steps = 2**num_bits - 1 - bool(narrow_range)
    if steps < 1:
        raise ValueError(
            f"`num_bits` {num_bits!r} with `narrow_range` {narrow_range!r} leaves no "
            "two numbers to round to."
        )
    return _fake_quantized(inputs, min_vals, max_vals, steps, axis)


@op
def _fake_quantized(
    inputs: Tensor, low: Tensor, high: Tensor, steps: int, axis: int | None
) -> Tensor:
    inputs = ops.convert_to_tensor(inputs)
    dtype = backend.dtype_name(inputs)
    low, high = ops.cast(low, dtype), ops.cast(high, dtype)
    if axis is not None:
        shape = [1] * inputs.ndim
        shape[axis] = inputs.shape[axis]
        low, high = ops.reshape(low, shape), ops.reshape(high, shape)
    scale = (high - low) / steps
    zero = ops.clip(ops.round(-low / scale), 0, steps)
    bottom, top = -zero * scale, (steps - zero) * scale
    # Between the moved bounds the gradient is the input's, beyond them the bound's.
    clipped = ops.where(
        inputs < bottom,
        low + ops.stop_gradient(bottom - low),
        ops.where(inputs > top, high + ops.stop_gradient(top - high), inputs),
    )
    rounded = ops.floor((clipped - bottom) / scale + 0.5) * scale + bottom
    return ops.cast(clipped + ops.stop_gradient(rounded - clipped), dtype)
