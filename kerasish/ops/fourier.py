"""Fourier transforms, of whole signals and of short pieces of them.

Complex tensors are pairs of floats: the real and the imaginary part.
"""

from typing import Any

import numpy as np

from .. import backend, dtypes
from ..graph import Tensor, Tensors, op
from .conversion import as_float

__all__ = ["fft", "fft2", "ifft2", "irfft", "istft", "rfft", "stft"]


def _complex(x: Any, name: str, axes: int = 1) -> Any:
    if not isinstance(x, (list, tuple)) or len(x) != 2:
        raise ValueError(
            f"`{name}` needs a pair of tensors, the real and the imaginary part, got "
            f"{type(x).__name__}."
        )
    real, imaginary = map(backend.asarray, x)
    kinds = backend.dtype_name(real), backend.dtype_name(imaginary)
    if not all(map(dtypes.is_float, kinds)):
        raise ValueError(f"`{name}` needs floats, got tensors of dtypes {kinds}.")
    if tuple(real.shape) != tuple(imaginary.shape) or real.ndim < axes:
        raise ValueError(
            f"`{name}` needs two tensors of the same shape with {axes} axes or more, "
            f"got {tuple(real.shape)} and {tuple(imaginary.shape)}."
        )
    return _wide(real) + 1j * _wide(imaginary)


def _wide(x: Any) -> Any:
    """Floats of at least 32 bits: there is no complex number of two halves."""
    return x if backend.dtype_name(x) == "float64" else backend.cast(x, "float32")


def _pair(x: Any) -> tuple[Any, Any]:
    return backend.xp.real(x), backend.xp.imag(x)


@op
def fft(x: Tensors) -> tuple[Tensor, Tensor]:
    """Fourier transform along the last axis.

    X[k] = ∑ x[n] exp(−2πi k n / N)

    Args:
        x: real and imaginary part, floats of the same shape (..., N).

    Returns:
        Real and imaginary part of the transform, of that shape.

    Raises:
        ValueError: `x` is no pair of floats of the same shape.

    Example:
        >>> real, imaginary = keras.ops.fft(([1.0, 0.0, -1.0, 0.0], [0.0] * 4))
        >>> print(real)
        [0. 2. 0. 2.]
    """
    return _pair(backend.xp.fft.fft(_complex(x, "fft")))


@op
def fft2(x: Tensors) -> tuple[Tensor, Tensor]:
    """Fourier transform along the last two axes.

    X[j, k] = ∑ x[m, n] exp(−2πi (j m / M + k n / N))

    Args:
        x: real and imaginary part, floats of the same shape (..., M, N).

    Returns:
        Real and imaginary part of the transform, of that shape.

    Raises:
        ValueError: `x` is no pair of floats of the same shape.

    Example:
        >>> real, imaginary = keras.ops.fft2((np.eye(2), np.zeros((2, 2))))
        >>> print(real)
        [[2. 0.]
         [0. 2.]]
    """
    return _pair(backend.xp.fft.fft2(_complex(x, "fft2", 2)))


@op
def ifft2(x: Tensors) -> tuple[Tensor, Tensor]:
    """Inverse of `fft2`: with the other sign, and divided by M · N.

    Args:
        x: real and imaginary part, floats of the same shape (..., M, N).

    Returns:
        Real and imaginary part, of that shape.

    Raises:
        ValueError: `x` is no pair of floats of the same shape.

    Example:
        >>> real, imaginary = keras.ops.ifft2((2 * np.eye(2), np.zeros((2, 2))))
        >>> print(real)
        [[1. 0.]
         [0. 1.]]
    """
    return _pair(backend.xp.fft.ifft2(_complex(x, "ifft2", 2)))


@op
def rfft(x: Tensor, fft_length: int | None = None) -> tuple[Tensor, Tensor]:
    """Fourier transform of real numbers: its first half, the rest mirrors it.

    Args:
        x: (..., n).
        fft_length: cut or fill `x` with zeros to this length; default n.

    Returns:
        Real and imaginary part, of shape (..., fft_length // 2 + 1).

    Example:
        >>> real, imaginary = keras.ops.rfft([0.0, 1.0, 2.0, 3.0])
        >>> print(real, imaginary)
        [ 6. -2. -2.] [0. 2. 0.]
    """
    return _pair(backend.xp.fft.rfft(_wide(as_float(x)), fft_length))


@op
def irfft(x: Tensors, fft_length: int | None = None) -> Tensor:
    """Inverse of `rfft`.

    Args:
        x: real and imaginary part, floats of the same shape (..., n).
        fft_length: length of the result; default 2 (n − 1).

    Returns:
        Floats of shape (..., fft_length).

    Raises:
        ValueError: `x` is no pair of floats of the same shape.

    Example:
        >>> print(keras.ops.irfft(([6.0, -2.0, -2.0], [0.0, 2.0, 0.0])))
        [0. 1. 2. 3.]
    """
    return backend.xp.fft.irfft(_complex(x, "irfft"), fft_length)


def _window(window: Any, sequence_length: int, fft_length: int) -> np.ndarray | Any:
    """The window in the middle of zeros, of length `fft_length`."""
    if sequence_length > fft_length:
        raise ValueError(
            f"`fft_length` must be at least `sequence_length`, got {fft_length} and "
            f"{sequence_length}."
        )
    known = {"hann": (0.5, 0.5), "hamming": (0.54, 0.46)}
    if window is None:
        return _wide(backend.xp.ones(fft_length))
    if isinstance(window, str):
        if window not in known:
            raise ValueError(
                f"`window` must be one of {list(known)}, a tensor or None, got "
                f"{window!r}."
            )
        a, b = known[window]
        turns = np.arange(sequence_length) / sequence_length
        window = a - b * np.cos(2 * np.pi * turns)
    window = _wide(as_float(backend.asarray(window)))
    if tuple(window.shape) != (sequence_length,):
        raise ValueError(
            f"`window` must have shape ({sequence_length},), the `sequence_length`, "
            f"got {tuple(window.shape)}."
        )
    left = (fft_length - sequence_length) // 2
    return backend.xp.pad(window, [(left, fft_length - sequence_length - left)])


def _places(frames: int, length: int, stride: int) -> np.ndarray:
    return np.arange(frames)[:, None] * stride + np.arange(length)


@op
def stft(
    x: Tensor,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = "hann",
    center: bool = True,
) -> tuple[Tensor, Tensor]:
    """Short-time Fourier transform: `rfft` of overlapping pieces of a signal.

    Args:
        x: floats of shape (..., n).
        sequence_length: numbers of `x` in a piece.
        sequence_stride: numbers from one piece to the next.
        fft_length: length of the transform, at least `sequence_length`; the piece
            stands in the middle of zeros.
        window: weights of a piece: `"hann"`, `"hamming"`, a tensor of shape
            (sequence_length,), or None for ones along `fft_length`.
        center: mirror the ends of `x`, so that piece i has its middle at
            i · sequence_stride.

    Returns:
        Real and imaginary part, of shape (..., pieces, fft_length // 2 + 1).

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> real, imaginary = keras.ops.stft(np.ones(6, "float32"), 4, 2, 4)
        >>> np.round(np.asarray(real), 2).tolist()[0]
        [2.0, -1.0, 0.0]
    """
    xp, x = backend.xp, backend.asarray(x)
    if not dtypes.is_float(backend.dtype_name(x)):
        raise ValueError(
            f"`stft` needs floats, got a tensor of dtype {backend.dtype_name(x)}."
        )
    weights = _window(window, sequence_length, fft_length)
    x = _wide(x)
    if center:
        widths = [(0, 0)] * (x.ndim - 1) + [(fft_length // 2, fft_length // 2)]
        x = xp.pad(x, widths, mode="reflect")
    if x.shape[-1] < fft_length:
        raise ValueError(
            f"`stft` needs signals of at least {fft_length} numbers, the `fft_length`, "
            f"got {x.shape[-1]}."
        )
    frames = 1 + (x.shape[-1] - fft_length) // sequence_stride
    pieces = xp.take(x, _places(frames, fft_length, sequence_stride), axis=-1)
    return _pair(xp.fft.rfft(pieces * weights))


@op
def istft(
    x: Tensors,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Tensor:
    """Inverse of `stft`: the pieces are weighted, added, and divided by all weights².

    Args:
        x: real and imaginary part, of shape (..., pieces, fft_length // 2 + 1).
        sequence_length, sequence_stride, fft_length, window, center: as in `stft`.
        length: how many numbers to return at most; default all.

    Returns:
        Floats of shape (..., length).

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> x = np.array([1.0, 2.0, 4.0, 8.0, 9.0, 7.0], "float32")
        >>> back = keras.ops.istft(keras.ops.stft(x, 4, 1, 4), 4, 1, 4)
        >>> print(np.round(np.asarray(back), 3))
        [1. 2. 4. 8. 9. 7.]
    """
    xp = backend.xp
    weights = _window(window, sequence_length, fft_length)
    pieces = xp.fft.irfft(_complex(x, "istft", 2), fft_length) * weights
    frames, lead = pieces.shape[-2], tuple(pieces.shape[:-2])
    total = (frames - 1) * sequence_stride + fft_length
    places = _places(frames, fft_length, sequence_stride)
    moved = xp.moveaxis(xp.reshape(pieces, (-1, frames, fft_length)), 0, -1)
    zeros = xp.zeros((total, moved.shape[-1]), dtype=backend.dtype_name(moved))
    added = xp.moveaxis(backend.index_add(zeros, (places,), moved), -1, 0)
    squares = xp.broadcast_to(weights * weights, (frames, fft_length))
    norm = backend.index_add(zeros[:, 0], (places,), squares)
    small = norm <= 1e-11
    result = xp.reshape(
        xp.where(small, added, added / xp.where(small, 1, norm)), (-1, total)
    )
    result = xp.reshape(result, (*lead, total))
    start = fft_length // 2 if center else 0
    end = total - start if length is None else start + length
    return result[..., start:end]
