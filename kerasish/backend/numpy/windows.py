"""Convolution and pooling: sums over the taps of a window. Channels are last.

A convolution is one trilinear form: `x` at position · stride + tap · dilation - padding
times `kernel` at the tap times `g` at the position, summed. Its derivatives by `g`, `x`
and `kernel` are `_conv`, `_spread` and `_taps`, and each is a gradient of the others.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import dtypes
from .array import HALVES, leave
from .composed import asarray, xp
from .gradients import cast, defvjp, primitive, stop_gradient

Sizes = tuple[int, ...]
Pairs = Sequence[tuple[int, int]]


class Window(NamedTuple):
    """What slides over images of a spatial `size`."""

    taps: Sizes
    strides: Sizes
    padding: Pairs
    dilation: Sizes
    size: Sizes
    groups: int = 1

    def views(self) -> Iterator[tuple[slice, ...]]:
        """For each tap, in order, the part of a padded image that it sees."""
        out = [
            max((n + sum(p) - (t - 1) * d - 1) // s + 1, 0)
            for t, s, p, d, n in zip(*self[:5])
        ]
        for tap in np.ndindex(*self.taps):
            rows = zip(tap, self.dilation, self.strides, out)
            yield (
                slice(None),
                *(slice(i * d, i * d + n * s, s) for i, d, s, n in rows),
            )

    def pad(self, x: Any, value: float = 0) -> tuple[np.ndarray, np.ndarray]:
        """A padded image, and the view on it that the taps see."""
        edges = [(max(low, 0), max(high, 0)) for low, high in self.padding]
        edges = [(0, 0), *edges, (0, 0)]
        grown = np.pad(np.asarray(x), edges, constant_values=value)
        cut = (slice(max(-low, 0), None) for low, _ in self.padding)
        return grown, grown[(slice(None), *cut)]

    def inside(self) -> tuple[slice, ...]:
        """Where the image is in the padded one."""
        starts = [max(low, 0) for low, _ in self.padding]
        return (slice(None), *(slice(i, i + n) for i, n in zip(starts, self.size)))

    def split(self, x: Any) -> np.ndarray:
        """Pixels by groups of channels: (groups, pixels, channels of one)."""
        x = np.asarray(x)
        return x.reshape(-1, self.groups, x.shape[-1] // self.groups).swapaxes(0, 1)

    def kernels(self, kernel: Any) -> np.ndarray:
        """The kernel by taps and groups: (taps, groups, channels, filters of one)."""
        *_, channels, filters = kernel.shape
        shape = (-1, channels, self.groups, filters // self.groups)
        return np.asarray(kernel).reshape(shape).swapaxes(1, 2)


def _join(x: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Undo `split`."""
    return x.swapaxes(0, 1).reshape(*shape, x.shape[0] * x.shape[-1])


@primitive
def _conv(x: Any, kernel: Any, window: Window) -> Any:
    _, seen = window.pad(x)
    shape, total = (), 0
    for view, k in zip(window.views(), window.kernels(kernel)):
        shape = seen[view].shape[:-1]
        total = total + window.split(seen[view]) @ k
    return leave(_join(np.asarray(total), shape))


@primitive
def _spread(g: Any, kernel: Any, window: Window) -> Any:
    channels = kernel.shape[-2] * window.groups
    whole, seen = window.pad(np.zeros((len(g), *window.size, channels), g.dtype))
    for view, k in zip(window.views(), window.kernels(kernel)):
        seen[view] += _join(window.split(g) @ k.swapaxes(-1, -2), g.shape[:-1])
    return leave(whole[window.inside()])


@primitive
def _taps(x: Any, g: Any, window: Window) -> Any:
    _, seen = window.pad(x)
    found = [
        window.split(seen[view]).swapaxes(-1, -2) @ window.split(g)
        for view in window.views()
    ]
    per_group = np.stack(found).swapaxes(1, 2)  # taps, channels, groups, filters
    return leave(per_group.reshape(*window.taps, per_group.shape[1], g.shape[-1]))


defvjp(
    _conv,
    lambda y, x, kernel, window: lambda g: _spread(g, kernel, window),
    lambda y, x, kernel, window: lambda g: _taps(x, g, window),
)
defvjp(
    _spread,
    lambda y, g, kernel, window: lambda x: _conv(x, kernel, window),
    lambda y, g, kernel, window: lambda x: _taps(x, g, window),
)
defvjp(
    _taps,
    lambda y, x, g, window: lambda kernel: _spread(g, kernel, window),
    lambda y, x, g, window: lambda kernel: _conv(x, kernel, window),
)


def _alike(x: Any, kernel: Any) -> tuple[Any, Any, str]:
    """Both in the dtype to compute in, and the dtype of the result."""
    x, kernel = asarray(x), asarray(kernel)
    dtype = dtypes.result_type(x.dtype.name, kernel.dtype.name)
    wide = "float32" if dtype in HALVES else dtype
    return cast(x, wide), cast(kernel, wide), dtype


def conv(
    x: Any,
    kernel: Any,
    strides: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int = 1,
) -> Any:
    """Slide a kernel over images `x` (n, *sizes, channels).

    `kernel` is (*size, channels / groups, filters). Group i of the channels makes
    group i of the filters.
    """
    x, kernel, dtype = _alike(x, kernel)
    size, taps = x.shape[1:-1], kernel.shape[:-2]
    window = Window(taps, strides, padding, dilation, size, groups)
    return cast(_conv(x, kernel, window), dtype)


def conv_transpose(
    x: Any, kernel: Any, strides: Sizes, padding: Pairs, dilation: Sizes, size: Sizes
) -> Any:
    """Gradient of `conv` by its argument of spatial `size`, where it gave `x`."""
    x, kernel, dtype = _alike(x, kernel)
    window = Window(kernel.shape[:-2], strides, padding, dilation, tuple(size))
    return cast(_spread(x, kernel, window), dtype)


def pool(x: Any, kind: str, size: Sizes, strides: Sizes, padding: Pairs) -> Any:
    """Maximum or average over windows of `x` (n, *sizes, channels).

    Args:
        kind: `"max"`, whose gradient goes to the first of equal elements, or
            `"average"`, over those elements that are no padding.
    """
    x = asarray(x)
    ones = (1,) * len(size)
    if kind == "average":
        image, kernel = np.ones((1, *x.shape[1:-1], 1)), np.ones((*size, 1, 1))
        counts = conv(image, kernel, strides, padding, ones)
        kernel = xp.ones((*size, 1, x.shape[-1]), dtype=x.dtype)
        return conv(x, kernel, strides, padding, ones, x.shape[-1]) / cast(
            counts, x.dtype
        )
    window = Window(size, strides, padding, ones, x.shape[1:-1])
    values = np.asarray(stop_gradient(x))
    lowest = -np.inf if values.dtype.kind not in "iub" else _lowest(values.dtype)
    _, seen = window.pad(values, lowest)
    _, places = window.pad(np.arange(values.size).reshape(values.shape))
    best = np.stack([seen[v] for v in window.views()]).argmax(0)[None]
    where = np.stack([places[v] for v in window.views()])
    return xp.take(xp.ravel(x), leave(np.take_along_axis(where, best, 0)[0]))


def _lowest(dtype: np.dtype) -> int:
    return 0 if dtype.kind == "b" else int(np.iinfo(dtype).min)
