"""Points in the plane: the sets of the TensorFlow Playground, moons and blobs."""

from collections.abc import Callable

import numpy as np

from ..registry import did_you_mean
from .splitting import Split, check_split, split_rows

__all__ = ["load_data"]

Points = tuple[np.ndarray, np.ndarray]
Generator = np.random.Generator

RADIUS = 5.0  # of the discs and spirals
# Centres of the bumps, by their signs.
BUMPS = {1: ((-4, 2.5), (0, -2.5), (4, 2.5)), -1: ((0, 2.5), (-4, -2.5), (4, -2.5))}


def _polar(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)


def _displaced(rng: Generator, x: np.ndarray, noise: float, size: float) -> np.ndarray:
    return x + rng.uniform(-size, size, x.shape) * noise


def _circle(rng: Generator, samples: int, noise: float) -> Points:
    inner = np.arange(samples) < samples // 2
    near, far = np.where(inner, 0, 0.7 * RADIUS), np.where(inner, 0.5, 1) * RADIUS
    x = _polar(rng.uniform(near, far), rng.uniform(0, 2 * np.pi, samples))
    seen = _displaced(rng, x, noise, RADIUS)
    return x, np.linalg.norm(seen, axis=1) < 0.5 * RADIUS


def _xor(rng: Generator, samples: int, noise: float) -> Points:
    x = rng.uniform(-5, 5, (samples, 2))
    x += np.where(x > 0, 0.3, -0.3)  # a gap along the axes
    return x, _displaced(rng, x, noise, 5).prod(axis=1) >= 0


def _gauss(rng: Generator, samples: int, noise: float) -> Points:
    y = np.arange(samples) < samples // 2
    return np.where(y, 2, -2)[:, None] + _spread(rng, samples, noise), y


def _spread(rng: Generator, samples: int, noise: float) -> np.ndarray:
    return rng.normal(0, 0.5 + 7 * noise, (samples, 2))


def _spiral(rng: Generator, samples: int, noise: float) -> Points:
    y = np.arange(samples) < samples // 2
    along = np.where(y, np.arange(samples), np.arange(samples) - samples // 2)
    along = along / np.where(y, samples // 2, samples - samples // 2)
    angle = 1.75 * 2 * np.pi * along + np.where(y, 0, np.pi)
    return _displaced(rng, _polar(RADIUS * along, angle), noise, 1), y


def _plane(rng: Generator, samples: int, noise: float) -> Points:
    x = rng.uniform(-6, 6, (samples, 2))
    return x, np.clip(_displaced(rng, x, noise, 6).sum(axis=1) / 10, -1, 1)


def _bumps(rng: Generator, samples: int, noise: float) -> Points:
    x = rng.uniform(-6, 6, (samples, 2))
    seen = _displaced(rng, x, noise, 6)
    high, low = (
        np.max([1 - np.linalg.norm(seen - c, axis=1) / 2 for c in centres], axis=0)
        for centres in BUMPS.values()
    )
    return x, np.where(high > low, np.maximum(high, 0), -np.maximum(low, 0))


def _moons(rng: Generator, samples: int, noise: float) -> Points:
    y = np.arange(samples) < samples // 2
    angle = rng.uniform(0, np.pi, samples)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = np.where(y[:, None], [1, 0.5] - x, x)
    return x + rng.normal(0, 1, x.shape) * noise, y


def _blobs(rng: Generator, samples: int, noise: float) -> Points:
    y = np.arange(samples) % 3
    centres = _polar(np.full(samples, 4.0), y * 2 * np.pi / 3)
    return centres + _spread(rng, samples, noise), y


_SETS: dict[str, Callable[[Generator, int, float], Points]] = {
    "circle": _circle,
    "xor": _xor,
    "gauss": _gauss,
    "spiral": _spiral,
    "plane": _plane,
    "bumps": _bumps,
    "moons": _moons,
    "blobs": _blobs,
}


def load_data(
    name: str = "spiral",
    samples: int = 500,
    noise: float = 0.0,
    test_split: float = 0.5,
    seed: int = 113,
) -> Split:
    """Draw points and what they belong to.

    | name | classes | the points |
    | --- | --- | --- |
    | `"circle"` | 2 | a disc of radius 2.5 within a ring from 3.5 to 5 |
    | `"xor"` | 2 | quadrants; class 1 where both coordinates have one sign |
    | `"gauss"` | 2 | clouds around (2, 2), class 1, and (-2, -2) |
    | `"spiral"` | 2 | two arms of 1.75 turns |
    | `"moons"` | 2 | two half circles of radius 1, one in the other |
    | `"blobs"` | 3 | clouds around three points of a circle of radius 4 |
    | `"plane"` | number | (x₁ + x₂) / 10, within [-1, 1] |
    | `"bumps"` | number | six cones, radius 2, height 1 or -1; the strongest wins |

    Args:
        name: see above.
        samples: how many points.
        noise: 0 to 0.5. Clouds have standard deviation 0.5 + 7 · noise; points of
            spirals and moons are moved; of the others the label is taken elsewhere,
            up to `noise` times the half width away.
        test_split: fraction of the points for the test, below 1.
        seed: of all that is drawn.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: `float32` points `(n, 2)`; `int32`
        classes `(n,)`, or `float32` numbers `(n,)`.

    Raises:
        ValueError: if there is no such set, or a number is out of range.

    Example:
        >>> (x, y), _ = keras.datasets.points.load_data("spiral", samples=200)
        >>> x.shape, sorted(set(y.tolist())), bool(abs(x).max() <= 5)
        ((100, 2), [0, 1], True)
    """
    if name not in _SETS:
        raise ValueError(f"There are no points {name!r}.{did_you_mean(name, _SETS)}")
    if samples < 1 or not 0 <= noise <= 0.5:
        raise ValueError(
            "`samples` must be positive and `noise` from 0 to 0.5, not "
            f"{samples} and {noise}."
        )
    check_split(test_split)
    x, y = _SETS[name](np.random.default_rng(seed), samples, noise)
    y = y.astype("float32" if y.dtype == float else "int32")
    return split_rows(x.astype("float32"), y, test_split, seed)
