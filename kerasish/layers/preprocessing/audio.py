"""Layers that turn sound into pictures: how loud each frequency is at each time."""

import math
from typing import Any

import numpy as np

from ... import config, ops
from ...graph import Tensor
from ...initializers import STFT
from ..input_spec import InputSpec
from ..windows import Ranked
from .arguments import Argued

__all__ = ["MelSpectrogram", "STFTSpectrogram"]

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")
Shape = tuple[int | None, ...]


class _Spectrogram(Argued, Ranked):
    rank = 1


class MelSpectrogram(_Spectrogram):
    """Loudness of sound in bands that are about equally wide to the ear.

    The powers ``|STFT|^mag_exp`` are added up in triangles that overlap; their corners
    are evenly spaced in ``mel(f) = 1127 ln(1 + f / 700)``. Then, unless told otherwise,
    ``10 log10(max(power, min_power) / max(ref_power, min_power))``, raised to at least
    `top_db` below the greatest of all values, those of the other sounds included.

    Args:
        fft_length: samples in a Fourier transform.
        sequence_stride: samples from one piece to the next.
        sequence_length: samples of a piece, at most `fft_length`, which is the default.
        window: `"hann"`, `"hamming"`, an array of `sequence_length` weights, or None.
        sampling_rate: samples in a second.
        num_mel_bins: number of bands.
        min_freq: least frequency in hertz.
        max_freq: greatest frequency in hertz; default half the sampling rate.
        power_to_db: whether to return decibels instead of powers.
        top_db: decibels from the loudest to the faintest value.
        mag_exp: 1 for magnitudes, 2 for powers.
        min_power: what counts as silence.
        ref_power: the power of zero decibels.

    Input: (..., samples). Output: (..., num_mel_bins, pieces); the first piece has its
    middle at the first sample.

    Raises:
        ValueError: an argument is not as described.

    Reference:
        [Davis & Mermelstein, 1980](https://doi.org/10.1109/TASSP.1980.1163420)

    Example:
        >>> layer = keras.layers.MelSpectrogram(64, 32, num_mel_bins=3)
        >>> tone = np.sin(2 * np.pi * 1000 / 16000 * np.arange(96, dtype="float32"))
        >>> print(np.round(np.asarray(layer(tone))[:, 1], 1))
        [ 23.8  21.6 -55.6]
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.fft_length, self.sequence_stride = fft_length, sequence_stride
        self.sequence_length = sequence_length or fft_length
        self.window = window
        self.sampling_rate, self.num_mel_bins = sampling_rate, num_mel_bins
        self.min_freq = min_freq
        self.max_freq = max_freq or int(sampling_rate / 2)
        self.power_to_db, self.top_db, self.mag_exp = power_to_db, top_db, mag_exp
        self.min_power, self.ref_power = min_power, ref_power
        for name in ("fft_length", "sequence_stride", "sequence_length"):
            self._check_count(name, getattr(self, name))
        self._check_count("num_mel_bins", num_mel_bins)
        if self.sequence_length > fft_length:
            most = f"at most `fft_length`, {fft_length}"
            raise self._wrong("sequence_length", most, sequence_length)
        if not self.min_freq < self.max_freq:
            more = f"more than `min_freq`, {min_freq}"
            raise self._wrong("max_freq", more, self.max_freq)
        if isinstance(window, str):
            self._choice("window", window, ("hann", "hamming"))

    def call(self, inputs: Tensor) -> Tensor:
        """Return the spectrogram of the sound."""
        x = ops.cast(inputs, self.compute_dtype)
        sizes = (self.sequence_length, self.sequence_stride, self.fft_length)
        real, imaginary = ops.stft(x, *sizes, window=self.window)
        power = ops.power(real**2 + imaginary**2, self.mag_exp / 2)
        weights = self.linear_to_mel_weight_matrix(
            self.num_mel_bins,
            self.fft_length // 2 + 1,
            self.sampling_rate,
            self.min_freq,
            self.max_freq,
        )
        bands = ops.swapaxes(ops.matmul(power, weights), -1, -2)
        if self.power_to_db:
            bands = self._decibels(bands)
        return ops.cast(bands, self.compute_dtype)

    def _decibels(self, power: Tensor) -> Tensor:
        least, reference = self.min_power, max(self.min_power, self.ref_power)
        decibels = 10 * (ops.log10(ops.maximum(power, least)) - math.log10(reference))
        return ops.maximum(decibels, ops.max(decibels) - self.top_db)

    def linear_to_mel_weight_matrix(
        self,
        num_mel_bins: int = 20,
        num_spectrogram_bins: int = 129,
        sampling_rate: int = 8000,
        lower_edge_hertz: float = 125.0,
        upper_edge_hertz: float = 3800.0,
        dtype: str = "float32",
    ) -> Tensor:
        """Return how much each frequency counts in each band.

        Args:
            num_mel_bins: number of bands.
            num_spectrogram_bins: number of frequencies from 0 to half the rate.
            sampling_rate: samples in a second.
            lower_edge_hertz, upper_edge_hertz: where the first band begins and the
                last one ends.
            dtype: of the result.

        Returns:
            Tensor of shape (num_spectrogram_bins, num_mel_bins). Zero hertz are in no
            band.
        """

        def mel(frequency: Any) -> Any:
            return 1127 * np.log1p(np.asarray(frequency) / 700)

        found = mel(np.linspace(0, sampling_rate / 2, num_spectrogram_bins))[1:, None]
        ends = mel([lower_edge_hertz, upper_edge_hertz])
        corners = np.linspace(ends[0], ends[1], num_mel_bins + 2)
        width = np.diff(corners)
        rising = (found - corners[:-2]) / width[:-1]
        falling = (corners[2:] - found) / width[1:]
        weights = np.maximum(0, np.minimum(rising, falling))
        return ops.convert_to_tensor(np.pad(weights, ((1, 0), (0, 0))), dtype)


class STFTSpectrogram(_Spectrogram):
    """Short-time Fourier transform, as a convolution whose kernels may be trained.

    ``X[p, f] = ∑ w[t] x[p · frame_step + t] exp(−πi t f / (n − 1))`` over the samples t
    of a frame, for n = fft_length // 2 + 1 frequencies f from 0 to half the sampling
    rate. The kernels are the weights `real_kernel` and `imag_kernel`.

    Args:
        mode: what to return: `"magnitude"` |X|, `"log"` its logarithm, `"psd"` |X|²,
            doubled between the first and the last frequency; `"real"`, `"imag"`,
            `"angle"` of X; or `"stft"`, real and imaginary parts one after the other.
            Below 10^-3.5 (`config.epsilon()`, squared) magnitudes are not told apart.
        frame_length: samples of a frame.
        frame_step: samples from one frame to the next, at most `frame_length`; default
            half of it.
        fft_length: at least `frame_length`; default the next power of two.
        window: name of a window of `scipy.signal.windows`, an array of `frame_length`
            weights, or None.
        periodic: whether a window given by name is periodic, not symmetric.
        scaling: divide the window by its root of squares (`"density"`), by its sum of
            absolute values (`"spectrum"`), or not (None).
        padding: `"valid"`: frames that fit; `"same"`: ⌈samples / frame_step⌉ frames,
            zeros beyond the ends.
        expand_dims: give frequencies an axis of their own.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Input: (batch, samples, channels), or (batch, channels, samples) for channels first.
    Output: (batch, frames, channels · n), channels first (batch, channels · n, frames);
    with `expand_dims` (batch, frames, n, channels) and (batch, channels, frames, n).
    Mode `"stft"` has 2n for n.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.STFTSpectrogram("psd", 4, scaling=None, window=None)
        >>> sound = np.array([1, -1, 1, -1, 2, 2, 2, 2], "float32").reshape(1, 8, 1)
        >>> np.round(np.asarray(layer(sound))).tolist()
        [[[0.0, 0.0, 16.0], [16.0, 20.0, 4.0], [64.0, 0.0, 0.0]]]
    """

    real_kernel: Any = None
    imag_kernel: Any = None

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mode = self._choice("mode", mode, _MODES)
        self.frame_length, self.frame_step = frame_length, frame_step
        self.fft_length = fft_length
        self.window, self.periodic = window, periodic
        scalings = ("density", "spectrum", None)
        self.scaling = self._choice("scaling", scaling, scalings)
        self.padding = self._choice("padding", padding, ("valid", "same"))
        self.expand_dims = expand_dims
        self._set_data_format(data_format)
        self._check_count("frame_length", frame_length)
        if frame_step is not None and not 0 < frame_step <= frame_length:
            limits = f"from 1 to `frame_length`, {frame_length}"
            raise self._wrong("frame_step", limits, frame_step)
        if fft_length is not None and fft_length < frame_length:
            least = f"`frame_length`, {frame_length}, or more"
            raise self._wrong("fft_length", least, fft_length)
        self._sides = [mode] if mode in ("real", "imag") else ["real", "imag"]
        STFT("real", window, scaling, periodic)  # says at once what is wrong
        self.input_spec = InputSpec(ndim=3)

    def build(self, input_shape: Shape) -> None:
        """Make the kernels."""
        length = self.fft_length or 2 ** math.ceil(math.log2(self.frame_length))
        for side in self._sides:
            kernel = self.add_weight(
                name=f"{side}_kernel",
                shape=(self.frame_length, 1, length // 2 + 1),
                initializer=STFT(side, self.window, self.scaling, self.periodic),
            )
            setattr(self, f"{side}_kernel", kernel)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the spectrogram of the sound."""
        x = ops.cast(inputs, self.compute_dtype)
        if self.data_format == "channels_last":
            x = ops.swapaxes(x, 1, 2)
        y = self._of_mode([self._convolved(x, side) for side in self._sides])
        if not self.expand_dims:
            channels, frames, features = y.shape[1:]
            y = ops.reshape(ops.swapaxes(y, 1, 2), (-1, frames, channels * features))
            return y if self.data_format == "channels_last" else ops.swapaxes(y, 1, 2)
        return ops.moveaxis(y, 1, -1) if self.data_format == "channels_last" else y

    def _convolved(self, x: Tensor, side: str) -> Tensor:
        """(batch, channels, samples) -> (batch, channels, frames, frequencies)."""
        channels, samples = x.shape[1:]
        y = ops.conv(
            ops.reshape(x, (-1, samples, 1)),
            getattr(self, f"{side}_kernel"),
            strides=self.frame_step or max(self.frame_length // 2, 1),
            padding=self.padding,
            data_format="channels_last",
        )
        return ops.reshape(y, (-1, channels, *y.shape[1:]))

    def _of_mode(self, parts: list[Tensor]) -> Tensor:
        if self.mode in ("real", "imag"):
            return parts[0]
        if self.mode == "stft":
            return ops.concatenate(parts, axis=-1)
        if self.mode == "angle":
            return ops.arctan2(parts[1], parts[0])
        power = parts[0] ** 2 + parts[1] ** 2
        if self.mode == "psd":
            inner = np.ones(power.shape[-1])
            inner[1:-1] = 2
            return power * ops.cast(inner, power.dtype)
        magnitude = ops.sqrt(ops.maximum(power, config.epsilon()))
        return ops.log(magnitude) if self.mode == "log" else magnitude
