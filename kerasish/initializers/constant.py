"""Initializers that do not draw: constants, the identity, Fourier kernels."""

import math
from typing import Any

import numpy as np

from .initializer import Initializer, Shape, astype, check_choice


class Zeros(Initializer):
    """Zeros.

    Example:
        >>> keras.initializers.Zeros()((2,)).tolist()
        [0.0, 0.0]
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> np.ndarray:
        """Return zeros of this shape and dtype (None: `floatx()`)."""
        return astype(np.zeros(shape, "float32"), dtype)


class Ones(Initializer):
    """Ones.

    Example:
        >>> keras.initializers.Ones()((2,)).tolist()
        [1.0, 1.0]
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> np.ndarray:
        """Return ones of this shape and dtype (None: `floatx()`)."""
        return astype(np.ones(shape, "float32"), dtype)


class Constant(Initializer):
    """The same given value everywhere.

    Args:
        value: a number, or an array that broadcasts to the shape asked for.

    Example:
        >>> keras.initializers.Constant(3)((2, 2)).tolist()
        [[3.0, 3.0], [3.0, 3.0]]
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Shape, dtype: Any = None) -> np.ndarray:
        """Return `value` broadcast to this shape and cast (None: `floatx()`)."""
        value = np.asarray(self.value)
        return astype(np.full(shape, value, value.dtype), dtype)


class Identity(Initializer):
    """Identity matrix times `gain`; ones on the diagonal if it is not square.

    Args:
        gain: float.

    Example:
        >>> keras.initializers.Identity(2.0)((2, 3)).tolist()
        [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Shape, dtype: Any = None) -> np.ndarray:
        """Return a matrix of this shape and dtype (None: `floatx()`).

        Raises:
            ValueError: if the shape has not two axes.
        """
        if len(shape) != 2:
            raise ValueError(
                "Identity initializer makes matrices only: expected a shape of two "
                f"axes, got shape={tuple(shape)} of rank {len(shape)}."
            )
        return astype(self.gain * np.eye(shape[0], shape[1]), dtype)

    def get_config(self) -> dict[str, Any]:
        # Keras never writes `gain`; here it is kept where it says something.
        return {} if self.gain == 1.0 else {"gain": self.gain}


class STFT(Initializer):
    """Kernel of a 1D convolution that takes a short-time Fourier transform.

    Weight of sample `t` for frequency `f` of `n`: `w[t] cos(-2 pi t f / (2 (n - 1)))`
    (the imaginary side has `sin`), divided by the norm of the window `w`.

    Args:
        side: `"real"` or `"imag"` part.
        window: name of a window of `scipy.signal.windows`, an array of `frame_length`
            numbers, or None for none.
        scaling: divide the window by its root of squares (`"density"`), by its sum of
            absolute values (`"spectrum"`), or not (None).
        periodic: whether a window given by name is periodic, not symmetric.

    Raises:
        ValueError: for a `side`, `scaling` or `window` that does not exist.

    Example:
        >>> kernel = keras.initializers.STFT("real", None)((4, 1, 3))
        >>> np.abs(kernel[:, 0].round()).tolist()
        [[1.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [1.0, 0.0, 1.0]]
    """

    def __init__(
        self,
        side: str = "real",
        window: Any = "hann",
        scaling: str | None = "density",
        periodic: bool = False,
    ) -> None:
        check_choice("side", side, ("real", "imag"))
        check_choice("scaling", scaling, ("density", "spectrum", None))
        self.side, self.window = side, window
        self.scaling, self.periodic = scaling, periodic
        if isinstance(window, str):
            self._window(1)  # says at once if there is no such window

    def _window(self, length: int) -> np.ndarray:
        if not isinstance(self.window, str):
            window = np.asarray(self.window, "float64")
            if window.shape != (length,):
                raise ValueError(
                    "STFT initializer: `window` must have one number for each sample "
                    f"of the frame, shape ({length},), got shape {window.shape}."
                )
            return window
        from scipy import signal

        return signal.get_window(self.window, length, fftbins=self.periodic)

    def __call__(self, shape: Shape, dtype: Any = None) -> np.ndarray:
        """Return the kernel.

        Args:
            shape: `(frame_length, input_channels, frequencies)`.
            dtype: name, None for `floatx()`.

        Returns:
            Array of shape `(frame_length, 1, frequencies)`.
        """
        if len(shape) != 3:
            raise ValueError(
                "STFT initializer: expected shape (frame_length, input_channels, "
                f"frequencies), got {tuple(shape)}."
            )
        frame, _, frequencies = shape
        time, frequency = np.arange(frame), np.arange(frequencies)
        angles = -math.pi * np.outer(time, frequency / max(frequencies - 1, 1))
        kernel = np.cos(angles) if self.side == "real" else np.sin(angles)
        if self.window is not None:
            window = self._window(frame)
            kernel *= window[:, None]
            if self.scaling is not None:
                kernel /= np.linalg.norm(window, 2 if self.scaling == "density" else 1)
        return astype(kernel[:, None], dtype)
