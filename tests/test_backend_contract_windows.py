"""What a backend's `conv`, `conv_transpose` and `pool` must do, in sums of products.

Part of the contract: `KERASISH_BACKEND=my_package.my_backend pytest
tests/test_backend_contract*.py` tests a backend of your own.
"""

import itertools

import numpy as np
import pytest

from kerasish import backend

pytestmark = pytest.mark.usefixtures("quick_compilation")
xp = backend.xp

# Sizes, window, strides, padding, dilation; axis by axis.
WINDOWS = [
    ((6,), (3,), (1,), ((0, 0),), (1,)),
    ((7,), (2,), (3,), ((1, 0),), (2,)),
    ((7,), (3,), (2,), ((-1, 2),), (1,)),
    ((5, 6), (3, 2), (1, 1), ((1, 1), (0, 1)), (1, 1)),
    ((5, 6), (2, 3), (2, 1), ((0, 1), (0, 0)), (1, 2)),
    ((5, 6), (1, 1), (2, 3), ((0, 0), (0, 0)), (1, 1)),
    ((8, 9), (7, 5), (2, 1), ((3, 3), (1, 2)), (1, 1)),
    ((3, 4, 3), (2, 2, 1), (1, 2, 2), ((0, 1), (1, 0), (0, 0)), (1, 1, 1)),
]
# Channels, groups, filters.
CHANNELS = [(3, 1, 4), (4, 2, 6), (3, 3, 3), (2, 2, 4)]


def places(window):
    """Number of places along each axis."""
    rows = zip(*window)
    return tuple((n + sum(p) - (k - 1) * d - 1) // s + 1 for n, k, s, p, d in rows)


def entries(window):
    """(place, tap, cell) for each product of a convolution within the image."""
    for place in np.ndindex(*places(window)):
        for tap in np.ndindex(*window[1]):
            rows = zip(place, tap, *window[2:])
            cell = tuple(i * s + t * d - p[0] for i, t, s, p, d in rows)
            if all(0 <= c < n for c, n in zip(cell, window[0])):
                yield place, tap, cell


def reference(x, kernel, window, groups):
    """Convolution by its definition."""
    filters = kernel.shape[-1] // groups
    y = np.zeros((len(x), *places(window), kernel.shape[-1]))
    for place, tap, cell in entries(window):
        for g, channels in enumerate(np.split(x[:, *cell], groups, -1)):
            own = slice(g * filters, (g + 1) * filters)
            y[:, *place, own] += channels @ kernel[*tap][:, own]
    return y


def numbers(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape)


def close(ours, expected):
    for mine, other in zip(ours, expected, strict=True):
        mine = backend.to_numpy(mine)
        assert mine.shape == other.shape and mine.dtype == np.float32
        np.testing.assert_allclose(mine, other, rtol=2e-4, atol=2e-4)


def compute(fn, *values):
    values = [backend.asarray(v.astype("float32")) for v in values]
    return backend.jit(lambda xs: list(fn(*xs)))(values)


def pulled(fn, g, *values):
    """Gradients of ∑ fn(*values) · g."""

    def total(xs):
        return xp.sum(fn(*xs) * g), ()

    return backend.value_and_grad(total)(list(values))[1]


CASES = [
    pytest.param(w, c, id=f"{i}-{c}")
    for (i, w), c in itertools.product(enumerate(WINDOWS), CHANNELS)
    if c == CHANNELS[0] or i in (1, 3, 4, 7)
]


@pytest.mark.parametrize("window, channels", CASES)
def test_convolution_and_its_gradients(window, channels):
    sizes, taps, *how = window
    count, groups, filters = channels
    x = numbers(2, *sizes, count)
    kernel = numbers(*taps, count // groups, filters)
    g = numbers(2, *places(window), filters)
    gx, gk = np.zeros_like(x), np.zeros_like(kernel)
    per = count // groups, filters // groups
    for place, tap, cell in entries(window):
        for i in range(groups):
            a = slice(i * per[0], (i + 1) * per[0])
            b = slice(i * per[1], (i + 1) * per[1])
            gx[:, *cell, a] += g[:, *place, b] @ kernel[*tap][:, b].T
            gk[*tap][:, b] += x[:, *cell, a].T @ g[:, *place, b]

    def all_of(x, kernel, g):
        def conv(x, kernel):
            return backend.conv(x, kernel, *how, groups)

        results = [conv(x, kernel), *pulled(conv, g, x, kernel)]
        if groups == 1:
            results.append(backend.conv_transpose(g, kernel, *how, sizes))
        return results

    expected = [reference(x, kernel, window, groups), gx, gk]
    close(compute(all_of, x, kernel, g), expected + [gx] * (groups == 1))


@pytest.mark.parametrize("window", WINDOWS[:7], ids=range(7))
def test_gradients_of_gradients(window):
    """Each derivative of the trilinear form is a gradient of the others."""
    sizes, taps, *how = window
    x, kernel = numbers(2, *sizes, 3), numbers(*taps, 3, 2)
    g, dx, dk = numbers(2, *places(window), 2), x[::-1], kernel[..., ::-1]

    def all_of(x, kernel, g, dx, dk):
        def along(g):
            found = pulled(lambda *v: backend.conv(*v, *how), g, x, kernel)
            return xp.sum(found[0] * dx) + xp.sum(found[1] * dk)

        def spread(g):
            def fn(g, kernel):
                return backend.conv_transpose(g, kernel, *how, sizes)

            found = pulled(fn, dx, g, kernel)
            return xp.sum(found[0] * g) + xp.sum(found[1] * dk)

        return pulled(along, 1.0, g) + pulled(spread, 1.0, g)

    of_dx = reference(dx, kernel, window, 1)
    expected = [of_dx + reference(v, dk, window, 1) for v in (x, dx)]
    close(compute(all_of, x, kernel, g, dx, dk), expected)


@pytest.mark.parametrize("window", [w for w in WINDOWS if max(w[4]) == 1], ids=str)
@pytest.mark.parametrize("kind", ["max", "average"])
def test_pooling_and_its_gradient(window, kind):
    """Of equal elements the first has the gradient; padding does not count."""
    sizes, taps, strides, padding, _ = window
    x = np.round(numbers(2, *sizes, 3))  # with equal ones
    out = places(window)
    g = numbers(2, *out, 3)
    y, gx = np.zeros((2, *out, 3)), np.zeros_like(x)
    cells = {}
    for place, _, cell in entries(window):
        cells.setdefault(place, []).append(cell)
    for place, seen in cells.items():
        values = np.stack([x[:, *cell] for cell in seen])
        first = values.argmax(0)
        y[:, *place] = values.max(0) if kind == "max" else values.mean(0)
        for number, cell in enumerate(seen):
            share = first == number if kind == "max" else 1 / len(seen)
            gx[:, *cell] += g[:, *place] * share

    def all_of(x, g):
        def pool(x):
            return backend.pool(x, kind, taps, strides, padding)

        return [pool(x), *pulled(pool, g, x)]

    close(compute(all_of, x, g), [y, gx])


def test_tiles_of_any_remainder():
    for size, padding in ((7, (0, 0)), (7, (0, 1)), (8, (0, 0)), (6, (1, 1))):
        x = numbers(1, size, size, 1).astype("float32")
        ours = backend.pool(backend.asarray(x), "max", (2, 2), (2, 2), (padding,) * 2)
        edges = ((0, 0), padding, padding, (0, 0))
        padded = np.pad(x, edges, constant_values=-np.inf)
        fit = len(padded[0]) // 2 * 2
        tiles = padded[:, :fit, :fit].reshape(1, fit // 2, 2, fit // 2, 2, 1)
        close([ours], [tiles.max((2, 4))])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int32"])
def test_dtypes_stay(dtype):
    x = backend.cast(backend.asarray(np.arange(12.0).reshape(1, 6, 2)), dtype)
    kernel = backend.cast(backend.asarray(np.ones((2, 2, 3))), dtype)
    y = backend.conv(x, kernel, (1,), ((0, 0),), (1,))
    assert backend.dtype_name(y) == dtype
    expected = [6.0, 14.0, 22.0, 30.0, 38.0]
    assert backend.to_numpy(backend.cast(y, "float32"))[0, :, 0].tolist() == expected
    top = backend.pool(x, "max", (2,), (2,), ((0, 0),))
    assert backend.dtype_name(top) == dtype
    assert backend.to_numpy(backend.cast(top, "float32"))[0, :, 1].tolist() == [
        3,
        7,
        11,
    ]


def test_large_batches_in_pieces():
    """The sum over a batch is the sum over its pieces."""
    x, g = numbers(6, 40, 40, 8), numbers(6, 38, 38, 4)

    def gradient(x, g):
        kernel = xp.zeros((3, 3, 8, 4), dtype="float32")
        how = (1, 1), ((0, 0), (0, 0)), (1, 1)
        return pulled(lambda kernel: backend.conv(x, kernel, *how), g, kernel)

    whole = compute(gradient, x, g)[0]
    pieces = [compute(gradient, x[i:][:1], g[i:][:1])[0] for i in range(6)]
    parts = sum(map(backend.to_numpy, pieces))
    np.testing.assert_allclose(backend.to_numpy(whole), parts, rtol=1e-3, atol=1e-3)
