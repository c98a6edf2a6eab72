"""Convolution and pooling of the JAX backend: what slides a window over images.

On the CPU the gradients are our own. XLA runs those that JAX derives with a naive
kernel inside loops, and grouped convolutions slowly everywhere; products of matrices,
strided slices and convolutions in the layout of the forward pass run at full speed.
Elsewhere XLA is left to itself. Arrays have their channels last.

A convolution is one trilinear form: `x` at position · stride + tap · dilation - padding
times `kernel` at the tap times `g` at the position, summed. Its derivatives by `g`, `x`
and `kernel` are `_dense`, `_spread` and `_kernel_gradient`, and each is a gradient of
the others.
"""

import functools
import math
import operator
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Sizes = tuple[int, ...]
Pairs = Sequence[tuple[int, int]]
# Bytes of the patches of images that are multiplied at once: what caches hold.
AT_ONCE = 4_000_000
# Windows with more elements are not taken apart, in products of matrices and elsewhere:
# the program would get long, and the many slices slow.
FEW_TAPS, MOST_TAPS = 32, 128


class Window(NamedTuple):
    """What slides over an image, axis by axis."""

    size: Sizes
    strides: Sizes
    padding: tuple[tuple[int, int], ...]
    dilation: Sizes

    @property
    def spans(self) -> Sizes:
        """Distance from the first to the last element, both counted."""
        return tuple((n - 1) * d + 1 for n, d in zip(self.size, self.dilation))

    def output(self, size: Sizes) -> Sizes:
        """Number of positions in an image of that size."""
        rows = zip(size, self.padding, self.spans, self.strides)
        return tuple(max((n + sum(p) - t) // s + 1, 0) for n, p, t, s in rows)


def _window(size: Any, strides: Any, padding: Pairs, dilation: Any) -> Window:
    pairs = tuple((int(low), int(high)) for low, high in padding)
    return Window(tuple(size), tuple(strides), pairs, tuple(dilation))


class _Target(threading.local):
    anywhere = False  # what is traced is for other machines, and has no gradient


target = _Target()


def by_hand() -> bool:
    """Whether code is written for the CPU: the one place that asks for the platform."""
    return not target.anywhere and jax.default_backend() == "cpu"


def conv(
    x: Any,
    kernel: Any,
    strides: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int = 1,
) -> jax.Array:
    """Slide a kernel over images `x` (n, *sizes, channels).

    `kernel` is (*size, channels / groups, filters). Group i of the channels makes
    group i of the filters.
    """
    dtype = jnp.result_type(x, kernel)
    x, kernel = jnp.asarray(x, dtype), jnp.asarray(kernel, dtype)
    window = _window(kernel.shape[:-2], strides, padding, dilation)
    if not by_hand() or not jnp.issubdtype(dtype, jnp.floating):
        return _plain(x, kernel, window, groups)
    if groups > 1 and kernel.shape[-2] == 1:
        return _depthwise(x, kernel, window)
    parts = [
        _product(a, b, window) if math.prod(window.size) == 1 else _dense(a, b, window)
        for a, b in zip(jnp.split(x, groups, -1), jnp.split(kernel, groups, -1))
    ]
    return jnp.concatenate(parts, -1) if groups > 1 else parts[0]


def conv_transpose(
    x: Any,
    kernel: Any,
    strides: Sizes,
    padding: Pairs,
    dilation: Sizes,
    size: Sizes,
) -> jax.Array:
    """Gradient of `conv` by its first argument, of spatial `size`, where it gave `x`.

    Args:
        x: (n, *positions, filters), shaped as what `conv` makes of that size.
        kernel: as for `conv`: (*size, channels, filters).
    """
    dtype = jnp.result_type(x, kernel)
    x, kernel = jnp.asarray(x, dtype), jnp.asarray(kernel, dtype)
    window = _window(kernel.shape[:-2], strides, padding, dilation)
    if not by_hand():
        return _flipped(x, kernel, window, tuple(size))
    return _spread(x, kernel, window, tuple(size))


def _plain(
    x: Any, kernel: Any, window: Window, groups: int = 1, gaps: Sizes | None = None
) -> Any:
    axes = "DHW"[-len(window.size) :]
    if min(map(min, window.padding)) < 0:  # XLA on the CPU errs where one end is cut
        x = _padded(x, window.padding, gaps=gaps)
        window, gaps = window._replace(padding=((0, 0),) * len(axes)), None
    return lax.conv_general_dilated(
        x,
        kernel,
        window.strides,
        window.padding,
        gaps,
        window.dilation,
        (f"N{axes}C", f"{axes}IO", f"N{axes}C"),
        groups,
    )


def _flipped(g: Any, kernel: Any, window: Window, size: Sizes) -> Any:
    """`conv_transpose` as a convolution of `g`, spread out by the strides."""
    spread = [(n - 1) * s + 1 for n, s in zip(g.shape[1:], window.strides)]
    rows = zip(window.spans, window.padding, size, spread)
    padding = tuple((t - 1 - low, n + low - w) for t, (low, _), n, w in rows)
    axes = range(len(size))
    turned = lax.optimization_barrier(jnp.flip(kernel, axes).swapaxes(-1, -2))
    moved = window._replace(strides=(1,) * len(size), padding=padding)
    return _plain(g, turned, moved, gaps=window.strides)


# --- taking windows apart -------------------------------------------------------------


def _padded(
    x: Any, padding: Pairs, value: float = 0.0, gaps: Sizes | None = None
) -> Any:
    none = (0, 0, 0)
    gaps = gaps or (1,) * len(padding)
    edges = [(low, high, gap - 1) for (low, high), gap in zip(padding, gaps)]
    return lax.pad(x, jnp.asarray(value, x.dtype), [none, *edges, none])


def _slices(x: Any, window: Window, out: Sizes) -> list[Any]:
    """For each tap, in order, what it sees of the padded `x`: (n, *out, channels)."""
    found = []
    for tap in np.ndindex(*window.size):
        first = [i * d for i, d in zip(tap, window.dilation)]
        last = [
            f + (n - 1) * s + 1 if n else f
            for f, n, s in zip(first, out, window.strides)
        ]
        found.append(
            lax.slice(
                x,
                (0, *first, 0),
                (x.shape[0], *last, x.shape[-1]),
                (1, *window.strides, 1),
            )
        )
    return found


def _product(x: Any, kernel: Any, window: Window) -> Any:
    """Convolution as one product of matrices: patches · kernel."""
    out = window.output(x.shape[1:-1])
    patches = jnp.concatenate(_slices(_padded(x, window.padding), window, out), -1)
    rows, columns = math.prod(patches.shape[:-1]), patches.shape[-1]
    flat = patches.reshape(rows, columns) @ kernel.reshape(columns, kernel.shape[-1])
    return flat.reshape(*patches.shape[:-1], kernel.shape[-1])


def _over_batch(part: Callable[[Any, Any], Any], x: Any, g: Any, most: int) -> Any:
    """The sum of `part(x, g)` over pieces of at most `most` images."""
    n = x.shape[0]
    rows = max((r for r in range(1, min(n, most) + 1) if n % r == 0), default=1)
    if rows >= n:
        return part(x, g)

    def body(i: Any, total: Any) -> Any:
        pieces = [lax.dynamic_slice_in_dim(a, i * rows, rows) for a in (x, g)]
        return jax.tree.map(operator.add, total, part(*pieces))

    like = jax.eval_shape(part, x[:rows], g[:rows])
    start = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), like)
    return lax.fori_loop(0, n // rows, body, start)


# --- dense convolution ----------------------------------------------------------------


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _dense(x: Any, kernel: Any, window: Window) -> Any:
    return _plain(x, kernel, window)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _spread(g: Any, kernel: Any, window: Window, size: Sizes) -> Any:
    floats = jnp.issubdtype(g.dtype, jnp.inexact)  # of these alone JAX transposes
    if not floats or max(window.strides) == 1 or math.prod(window.size) > FEW_TAPS:
        return _flipped(g, kernel, window, size)
    like = jax.ShapeDtypeStruct((g.shape[0], *size, kernel.shape[-2]), g.dtype)
    return jax.linear_transpose(lambda x: _product(x, kernel, window), like)(g)[0]


_dense.defvjp(
    lambda x, kernel, window: (_dense(x, kernel, window), (x, kernel)),
    lambda window, kept, g: (
        _spread(g, kept[1], window, kept[0].shape[1:-1]),
        _kernel_gradient(kept[0], g, window),
    ),
)
_spread.defvjp(
    lambda g, kernel, window, size: (_spread(g, kernel, window, size), (g, kernel)),
    lambda window, size, kept, x: (
        _dense(x, kept[1], window),
        _kernel_gradient(x, kept[0], window),
    ),
)


def _kernel_gradient(x: Any, g: Any, window: Window) -> Any:
    if math.prod(window.size) > FEW_TAPS:
        return _correlated(x, g, window)
    x = _padded(x, window.padding)
    out, columns = g.shape[1:-1], math.prod(window.size) * x.shape[-1]

    def part(x: Any, g: Any) -> Any:
        patches = jnp.concatenate(_slices(x, window, out), -1)
        rows = math.prod(g.shape[:-1])
        return lax.dot_general(
            g.reshape(rows, g.shape[-1]),
            patches.reshape(rows, columns),
            (((0,), (0,)), ((), ())),
            preferred_element_type=jnp.promote_types(g.dtype, jnp.float32),
        )

    most = AT_ONCE // (math.prod(out) * columns * x.dtype.itemsize or 1)
    total = _over_batch(part, x, g, most).astype(x.dtype)
    return total.T.reshape(*window.size, x.shape[-1], g.shape[-1])


def _correlated(x: Any, g: Any, window: Window) -> Any:
    """The kernel's gradient as a convolution, where images are channels."""
    rows = zip(window.spans, window.padding, x.shape[1:], g.shape[1:], window.strides)
    padding = tuple((low, (o - 1) * s + t - n - low) for t, (low, _), n, o, s in rows)
    moved = Window(g.shape[1:-1], window.dilation, padding, window.strides)
    hold = lax.optimization_barrier
    turned = hold(jnp.moveaxis(x, (0, -1), (-1, 0))), hold(jnp.moveaxis(g, 0, -2))
    return jnp.moveaxis(hold(_plain(*turned, moved)), 0, -2)


# --- depthwise convolution ------------------------------------------------------------


def _filtered(x: Any, kernel: Any, window: Window) -> Any:
    """Each channel by its own filters, as a sum over the taps."""
    out, channels = window.output(x.shape[1:-1]), x.shape[-1]
    filters = kernel.reshape(-1, channels, kernel.shape[-1] // channels)
    slices = _slices(_padded(x, window.padding), window, out)
    if filters.shape[-1] == 1:
        return sum(a * b[:, 0] for a, b in zip(slices, filters))
    total = sum(a[..., None] * b for a, b in zip(slices, filters))
    return total.reshape(x.shape[0], *out, kernel.shape[-1])


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _depthwise(x: Any, kernel: Any, window: Window) -> Any:
    return _filtered(x, kernel, window)


def _depthwise_backward(window: Window, kept: Any, g: Any) -> Any:
    x, kernel = kept
    gx = jax.linear_transpose(lambda x: _filtered(x, kernel, window), x)(g)[0]
    channels, out = x.shape[-1], g.shape[1:-1]
    g = g.reshape(*g.shape[:-1], channels, g.shape[-1] // channels)

    def part(x: Any, g: Any) -> Any:  # images are summed before their pixels
        return [a[..., None] * g for a in _slices(x, window, out)]

    taps = _over_batch(part, _padded(x, window.padding), g, 1)
    axes = tuple(range(g.ndim - 2))
    return gx, jnp.stack([tap.sum(axes) for tap in taps]).reshape(kernel.shape)


_depthwise.defvjp(
    lambda x, kernel, window: (_depthwise(x, kernel, window), (x, kernel)),
    _depthwise_backward,
)


# --- pooling --------------------------------------------------------------------------


def pool(x: Any, kind: str, size: Sizes, strides: Sizes, padding: Pairs) -> jax.Array:
    """Maximum or average over windows of `x` (n, *sizes, channels).

    Args:
        kind: `"max"`, whose gradient goes to the first of equal elements, or
            `"average"`, over those elements that are no padding.
    """
    x = jnp.asarray(x)
    window = _window(size, strides, padding, (1,) * len(size))
    out = window.output(x.shape[1:-1])
    lowest = -jnp.inf if jnp.issubdtype(x.dtype, jnp.floating) else _lowest(x.dtype)
    empty, reducer = (lowest, lax.max) if kind == "max" else (0.0, lax.add)
    tiled = window.size == window.strides
    if not by_hand() or (math.prod(size) > MOST_TAPS and not tiled):
        result = lax.reduce_window(
            x,
            jnp.asarray(empty, x.dtype),
            reducer,
            (1, *window.size, 1),
            (1, *window.strides, 1),
            ((0, 0), *window.padding, (0, 0)),
        )
    elif tiled:
        result = _tiles(x, kind, window, out, empty)
    else:
        slices = _slices(_padded(x, window.padding, empty), window, out)
        best = kind == "max"
        result = _first_of_list(slices, len(slices)) if best else sum(slices)
    return result if kind == "max" else result / _counts(x, window, out)


def _lowest(dtype: Any) -> int:
    return 0 if dtype.kind == "b" else int(jnp.iinfo(dtype).min)


def _counts(x: Any, window: Window, out: Sizes) -> Any:
    """How many elements of each window are no padding; a number if it is always one."""
    counts: Any = np.ones(())
    for n, (low, _), t, s, o in zip(
        x.shape[1:], window.padding, window.size, window.strides, out
    ):
        start = np.arange(o) * s - low
        inside = np.minimum(start + t, n) - np.maximum(start, 0)
        counts = counts[..., None] * inside
    if counts.size and (counts == counts.flat[0]).all():
        counts = counts.flat[0]
    return jnp.asarray(counts[..., None], x.dtype)


def _tiles(x: Any, kind: str, window: Window, out: Sizes, empty: float) -> Any:
    """Windows that neither overlap nor leave gaps, as a reshape."""
    rows = zip(x.shape[1:], window.padding, window.size, out)
    fit = [(low, o * t - n - low) for n, (low, _), t, o in rows]
    x = _padded(x, fit, empty)
    split = [n for pair in zip(out, window.size) for n in pair]
    tiles = x.reshape(x.shape[0], *split, x.shape[-1])
    axes = tuple(range(2, tiles.ndim - 1, 2))
    return _first(tiles, axes) if kind == "max" else tiles.sum(axes)


def _order(shape: Sizes, axes: Sizes) -> Any:
    """Numbers 0, 1, 2 ... over the elements of a window, to broadcast on tiles."""
    sizes = [n if axis in axes else 1 for axis, n in enumerate(shape)]
    count = math.prod(sizes)
    return np.arange(count, dtype="int8" if count < 128 else "int32").reshape(sizes)


def _places(shape: Sizes, axes: Sizes) -> Iterator[tuple[Any, ...]]:
    """Index of each element of a window in tiles, in order."""
    for tap in np.ndindex(*(shape[axis] for axis in axes)):
        of_axis = dict(zip(axes, tap))
        yield tuple(of_axis.get(axis, slice(None)) for axis in range(len(shape)))


def _largest(parts: list[Any]) -> tuple[Any, Any]:
    """The largest of each element, and which of the parts has it first.

    The parts are compared with each other, not with the result: XLA may compute them
    twice and round otherwise, and then none would equal the largest.
    """
    best, place = parts[0], jnp.zeros(parts[0].shape, "int8")
    for number, part in enumerate(parts[1:], 1):
        place = jnp.where(part > best, np.int8(number), place)
        best = jnp.maximum(best, part)
    return best, place


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def _first(tiles: Any, axes: Sizes) -> Any:
    return tiles.max(axes)


def _first_forward(tiles: Any, axes: Sizes) -> Any:
    order = _order(tiles.shape, axes)
    if order.size <= FEW_TAPS:
        best, place = _largest([tiles[at] for at in _places(tiles.shape, axes)])
    else:
        best = tiles.max(axes)
        rows = jnp.moveaxis(tiles, axes, range(-len(axes), 0))
        place = rows.reshape(*best.shape, order.size).argmax(-1)
    place = jnp.expand_dims(place.astype(order.dtype), axes)
    return best, (place, tiles[:0])


def _first_backward(axes: Sizes, kept: Any, g: Any) -> Any:
    place, like = kept
    order = _order(like.shape, axes)
    return (jnp.where(place == order, jnp.expand_dims(g, axes), 0),)


_first.defvjp(_first_forward, _first_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def _first_of_list(slices: list[Any], count: int) -> Any:
    return functools.reduce(jnp.maximum, slices)


def _list_forward(slices: list[Any], count: int) -> Any:
    return _largest(slices)


def _list_backward(count: int, place: Any, g: Any) -> Any:
    return ([jnp.where(place == number, g, 0) for number in range(count)],)


_first_of_list.defvjp(_list_forward, _list_backward)
