"""Random numbers that depend on a key alone: NumPy's Philox generator under the key.

The distributions are those of the other backends, the numbers are not.
"""

from typing import Any

import numpy as np

from .array import as_dtype, leave
from .composed import asarray, xp
from .gradients import cast, primitive, stop_gradient
from .kernels import erf, erfinv

DRAW, SPLIT, FOLD = 0, 1 << 40, 1 << 41  # streams of a key that never meet


def _generator(key: Any, stream: int = DRAW) -> np.random.Generator:
    high, low = (int(word) for word in np.asarray(stop_gradient(key)))
    # Not a list: NumPy would make floats of whole numbers from 2^63 on.
    words = np.array([high << 32 | low, stream], np.uint64)
    return np.random.Generator(np.random.Philox(key=words))


def split(key: Any, num: int = 2) -> Any:
    """Return `num` new keys, shape (num, 2)."""
    words = _generator(key, SPLIT).integers(0, 1 << 32, (num, 2), np.uint32)
    return leave(words)


def fold_in(key: Any, data: Any) -> Any:
    """Return a new key that depends on `key` and the integer `data`."""
    stream = FOLD + (int(stop_gradient(data)) & 0xFFFFFFFF)
    return leave(_generator(key, stream).integers(0, 1 << 32, 2, np.uint32))


def uniform(
    key: Any, shape: Any, dtype: str, minval: Any = 0.0, maxval: Any = 1.0
) -> Any:
    """Draw from [minval, maxval)."""
    # As many random bits as the type can hold: rounding must not give maxval.
    bits = {"float16": 11, "bfloat16": 8, "float64": 53}.get(as_dtype(dtype).name, 24)
    drawn = _generator(key).integers(0, 1 << bits, shape) * 2.0**-bits
    drawn = asarray(drawn, dtype)
    return cast(drawn * (maxval - minval) + minval, dtype)


def normal(key: Any, shape: Any, dtype: str) -> Any:
    """Draw from the standard normal distribution."""
    return asarray(_generator(key).standard_normal(shape), dtype)


def truncated_normal(key: Any, lower: Any, upper: Any, shape: Any, dtype: str) -> Any:
    """Draw from the standard normal distribution within [lower, upper]."""
    root = np.sqrt(2).astype(np.float32)
    low, high = erf(asarray(lower) / root), erf(asarray(upper) / root)
    drawn = root * erfinv(uniform(key, shape, "float32") * (high - low) + low)
    return cast(xp.clip(drawn, lower, upper), dtype)


def randint(key: Any, shape: Any, minval: Any, maxval: Any, dtype: str) -> Any:
    """Draw integers from [minval, maxval)."""
    low, high = _constants(minval, maxval)
    drawn = _generator(key).integers(low, high, shape)
    return asarray(drawn, dtype)


def bernoulli(key: Any, p: Any, shape: Any) -> Any:
    """Draw booleans that are true with probability `p`."""
    return leave(_generator(key).random(shape) < _constants(p)[0])


@primitive  # without gradients: a derivative by `alpha`, `a` or `b` is an error
def _gamma(alpha: Any, key: Any, shape: Any) -> Any:
    return leave(_generator(key).standard_gamma(alpha, shape))


@primitive
def _beta(a: Any, b: Any, key: Any, shape: Any) -> Any:
    return leave(_generator(key).beta(a, b, shape))


def gamma(key: Any, alpha: Any, shape: Any, dtype: str) -> Any:
    """Draw from the gamma distribution with shape parameter `alpha` and scale 1."""
    return cast(_gamma(alpha, key, shape), dtype)


def beta(key: Any, a: Any, b: Any, shape: Any, dtype: str) -> Any:
    """Draw from the beta distribution."""
    return cast(_beta(a, b, key, shape), dtype)


def binomial(key: Any, n: Any, p: Any, shape: Any, dtype: str) -> Any:
    """Draw the number of successes in `n` trials of probability `p`."""
    n, p = _constants(n, p)
    drawn = _generator(key).binomial(np.asarray(n).astype(np.int64), p, shape)
    return asarray(drawn, dtype)


def categorical(key: Any, logits: Any, num_samples: int, dtype: str) -> Any:
    """Draw `num_samples` class indices for each row of `logits` (rows, classes)."""
    logits = _constants(logits)[0].astype(np.float64)
    noise = _generator(key).gumbel(size=(logits.shape[0], num_samples, logits.shape[1]))
    return asarray(np.argmax(logits[:, None, :] + noise, -1), dtype)


def permutation(key: Any, x: Any, axis: int = 0, independent: bool = False) -> Any:
    """Shuffle `x` (a number n: the integers below n) along `axis`.

    Slices are kept whole unless `independent`.
    """
    if np.ndim(stop_gradient(x)) == 0:
        return leave(_generator(key).permutation(int(stop_gradient(x))))
    if independent:
        columns = [-1 if a == axis % x.ndim else 1 for a in range(x.ndim)]
        order = np.arange(x.shape[axis]).reshape(columns)
        order = _generator(key).permuted(np.broadcast_to(order, x.shape), axis=axis)
        return xp.take_along_axis(x, leave(order), axis=axis)
    order = _generator(key).permutation(x.shape[axis])
    return xp.take(x, leave(order), axis=axis)


def _constants(*values: Any) -> list[np.ndarray]:
    return [np.asarray(stop_gradient(v)) for v in values]
