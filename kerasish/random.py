"""Random numbers: repeatable, by a seed or by a generator that is part of the state.

With the JAX backend the same seed gives the same numbers as Keras on JAX, but for
`dropout`: its masks come from a cheaper generator, the same on each backend.
"""

import math
import random as python_random
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import backend, dtypes, registry
from .graph import Tensor, op
from .variable import Variable, name_scope

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]


class SeedGenerator:
    """Gives a new key at each call; layers own one, so that calls differ.

    The state is a variable of two numbers: the seed, and a counter of the calls.

    Args:
        seed: an integer; default drawn from Python's `random`.
        name: default `"seed_generator"`, `"seed_generator_1"` ...

    Example:
        >>> seeds = keras.random.SeedGenerator(7)
        >>> np.asarray(seeds.next()).tolist(), np.asarray(seeds.next()).tolist()
        ([7, 0], [7, 1])
    """

    def __init__(
        self, seed: int | None = None, name: str | None = None, **kwargs: Any
    ) -> None:
        if set(kwargs) - {"backend"}:
            raise TypeError(f"`SeedGenerator` takes no argument {sorted(kwargs)}.")
        if seed is not None and not isinstance(seed, (int, np.integer)):
            raise ValueError(
                f"`seed` must be an integer or None, got {seed!r} of type "
                f"{type(seed).__name__}."
            )
        self.seed = seed
        self.name = name or registry.unique_name("seed_generator")
        first = _drawn_seed() if seed is None else seed
        with name_scope(self.name):
            self.state = Variable(
                np.array([first % 2**32, 0], "uint32"),
                dtype="uint32",
                trainable=False,
                aggregation="none",
                name="seed_generator_state",
            )

    def next(self, ordered: bool = True) -> Any:
        """Return the state as a key (uint32, shape (2,)) and go one further.

        Args:
            ordered: count up; else jump by a congruence, as the default generator does.
        """
        key = self.state.value
        step = np.array([0, 1], "uint32")
        self.state.assign(key + step if ordered else (key + 1) * 5387 % 933199)
        return key

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SeedGenerator":
        """Make a generator from what `get_config` returned."""
        return cls(**config)


def _drawn_seed() -> int:
    """A seed by Python's generator, drawn as Keras draws it."""
    return python_random.randint(1, 10**9)


class _Default:
    """The generator that is used where no seed is given."""

    generator: SeedGenerator | None = None
    stale = False  # a new seed is drawn at the next use


def default_generator() -> SeedGenerator:
    """Return the generator that is used where no seed is given.

    It stays the same object, so that compiled programs can carry its state along.

    Example:
        >>> keras.random.default_generator().name
        'default_seed_generator'
    """
    if _Default.generator is None:
        _Default.generator = SeedGenerator(name="default_seed_generator")
        _Default.generator.state.ambient = True
    elif _Default.stale:
        # Not an assignment: within an abstract run that would be forgotten.
        with backend.eager():
            seed = backend.asarray(np.array([_drawn_seed(), 0], "uint32"))
        _Default.generator.state.replace(seed)
    _Default.stale = False
    return _Default.generator


def default_state() -> np.ndarray | None:
    """Return the state of the default generator, None if nothing was drawn yet."""
    if _Default.generator is None or _Default.stale:
        return None
    return _Default.generator.state.numpy()


def seed_default(seed: int) -> None:
    """Start the default generator anew; `keras.utils.set_random_seed` calls this.

    As in Keras its seed is drawn from Python's generator, at its next use.
    """
    python_random.seed(seed)
    _Default.stale = True


def _key(seed: Any) -> Any:
    """The key that a `seed` argument stands for."""
    if seed is None:
        return default_generator().next(ordered=False)
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if isinstance(seed, (int, np.integer)):
        return backend.asarray(np.array([int(seed) % 2**32, 0], "uint32"))
    if getattr(seed, "shape", None) == (2,) and str(seed.dtype) == "uint32":
        return seed
    raise ValueError(
        "`seed` must be an integer, a `SeedGenerator` or None, got "
        f"{seed!r} of type {type(seed).__name__}."
    )


def _float(dtype: Any, who: str) -> str:
    """Name of the dtype, which must be a float; default `floatx()`."""
    name = dtypes.standardize_dtype(dtype)
    if not dtypes.is_float(name):
        raise ValueError(f"`{who}` needs a float `dtype`, got {name!r}.")
    return name


@op
def normal(
    shape: Sequence[int],
    mean: Tensor = 0.0,
    stddev: Tensor = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Tensor:
    """Draw from the normal distribution.

    Args:
        shape: of the result.
        mean, stddev: numbers, or tensors that broadcast.
        dtype: a float; default `keras.config.floatx()`.
        seed: integer (the same numbers each time), `SeedGenerator`, or None for the
            default generator.

    Example:
        >>> keras.random.normal((2, 3), seed=1).shape
        (2, 3)
    """
    name = _float(dtype, "normal")
    sample = backend.normal(_key(seed), tuple(shape), name)
    return sample * backend.cast(stddev, name) + backend.cast(mean, name)


@op
def truncated_normal(
    shape: Sequence[int],
    mean: Tensor = 0.0,
    stddev: Tensor = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Tensor:
    """Draw from the normal distribution within two standard deviations of the mean.

    Args:
        shape: of the result.
        mean, stddev: of the distribution before it is cut.
        dtype: a float; default `keras.config.floatx()`.
        seed: as in `normal`.

    Example:
        >>> x = keras.random.truncated_normal((100,), seed=1)
        >>> bool((abs(np.asarray(x)) <= 2).all())
        True
    """
    name = _float(dtype, "truncated_normal")
    sample = backend.truncated_normal(_key(seed), -2.0, 2.0, tuple(shape), name)
    return sample * backend.cast(stddev, name) + backend.cast(mean, name)


@op
def uniform(
    shape: Sequence[int],
    minval: Tensor = 0.0,
    maxval: Tensor = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Tensor:
    """Draw from the uniform distribution on [minval, maxval).

    Args:
        shape: of the result.
        minval, maxval: limits.
        dtype: a float; default `keras.config.floatx()`. For integers see `randint`.
        seed: as in `normal`.

    Example:
        >>> keras.random.uniform((2, 3), seed=1).shape
        (2, 3)
    """
    name = _float(dtype, "uniform")
    return backend.uniform(_key(seed), tuple(shape), name, minval, maxval)


@op
def randint(
    shape: Sequence[int],
    minval: Tensor,
    maxval: Tensor,
    dtype: Any = "int32",
    seed: Any = None,
) -> Tensor:
    """Draw integers from minval to maxval − 1, each as likely as the others.

    Args:
        shape: of the result.
        minval, maxval: limits.
        dtype: an integer type.
        seed: as in `normal`.

    Example:
        >>> keras.random.randint((2, 3), 0, 10, seed=1).shape
        (2, 3)
    """
    name = dtypes.standardize_dtype(dtype)
    if not dtypes.is_int(name):
        raise ValueError(f"`randint` needs an integer `dtype`, got {name!r}.")
    return backend.randint(_key(seed), tuple(shape), minval, maxval, name)


@op
def categorical(
    logits: Tensor, num_samples: int, dtype: Any = "int32", seed: Any = None
) -> Tensor:
    """Draw classes with probabilities softmax(logits).

    Args:
        logits: tensor of shape (batch, classes).
        num_samples: draws for each row.
        dtype: of the class indices.
        seed: as in `normal`.

    Returns:
        Class indices of shape (batch, num_samples).

    Example:
        >>> logits = np.array([[0.0, -np.inf]], "float32")
        >>> print(keras.random.categorical(logits, 3, seed=1))
        [[0 0 0]]
    """
    logits = backend.asarray(logits)
    if logits.ndim != 2:
        raise ValueError(
            "`logits` must have shape (batch, classes), got shape "
            f"{tuple(logits.shape)}."
        )
    name = dtypes.standardize_dtype(dtype)
    return backend.categorical(_key(seed), logits, num_samples, name)


@op
def dropout(
    inputs: Tensor,
    rate: float,
    noise_shape: Sequence[int | None] | None = None,
    seed: Any = None,
) -> Tensor:
    """Set a random fraction of the elements to 0; scale the rest by 1 / (1 − rate).

    Args:
        inputs: tensor of any shape.
        rate: the fraction, from 0 to 1.
        noise_shape: of the mask, which is broadcast: size 1 where elements share their
            fate; None stands for the size of `inputs`.
        seed: as in `normal`.

    Example:
        >>> x = np.ones((4,), "float32")
        >>> print(keras.random.dropout(x, 0.5, seed=3))
        [2. 0. 2. 0.]
    """
    inputs = backend.asarray(inputs)
    sizes = inputs.shape if noise_shape is None else noise_shape
    shape = tuple(n if m is None else m for n, m in zip(inputs.shape, sizes))
    kept = _mask(_key(seed), 1.0 - rate, shape)
    if isinstance(rate, (int, float)) and rate >= 1:
        return backend.xp.zeros_like(inputs)
    return backend.xp.where(kept, inputs / (1.0 - rate), 0)


def _mask(key: Any, kept: Any, shape: tuple[int, ...]) -> Tensor:
    """True with probability `kept`.

    Element i is hashed with both numbers of the key: 7 times cheaper than threefry,
    which would take a sixth of the time of a dense layer's training. Which numbers
    these are matters to nobody, so long as they look independent of each other, of
    those of other keys, and of their neighbours.
    """
    xp = backend.xp
    first = _mixed(key[0:1] ^ _mixed(key[1:2] + np.array([0x9E3779B9], "uint32")))
    second = _mixed(first + np.array([0x85EBCA6B], "uint32"))
    places = xp.arange(math.prod(shape), dtype="uint32")
    hashed = _mixed(_mixed(places + first) ^ second).reshape(shape)
    return backend.cast(hashed >> 8, "float32") * 2.0**-24 < kept


def _mixed(x: Any) -> Any:
    """A permutation of the 32-bit numbers in which each bit depends on all bits.

    The constants are those of C. Wellons, "Prospecting for Hash Functions", 2018.
    """
    x = (x ^ (x >> 16)) * np.array([0x7FEB352D], "uint32")
    x = (x ^ (x >> 15)) * np.array([0x846CA68B], "uint32")
    return x ^ (x >> 16)


@op
def shuffle(x: Tensor, axis: int = 0, seed: Any = None) -> Tensor:
    """Put the elements along an axis in random order.

    As in Keras on JAX each line of elements gets an order of its own. To shuffle whole
    rows, shuffle their indices and `take` them.

    Args:
        x: tensor of any shape.
        axis: along which to shuffle.
        seed: as in `normal`.

    Example:
        >>> sorted(keras.random.shuffle([1, 2, 3], seed=1).tolist())
        [1, 2, 3]
    """
    return backend.permutation(_key(seed), backend.asarray(x), axis, independent=True)


@op
def gamma(
    shape: Sequence[int], alpha: Tensor, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Draw from the gamma distribution: density ∝ x^(α − 1) e⁻ˣ.

    Args:
        shape: of the result.
        alpha: number or tensor that broadcasts.
        dtype: a float; default `keras.config.floatx()`.
        seed: as in `normal`.

    Example:
        >>> keras.random.gamma((2, 3), 2.0, seed=1).shape
        (2, 3)
    """
    name = _float(dtype, "gamma")
    return backend.gamma(_key(seed), alpha, tuple(shape), name)


@op
def beta(
    shape: Sequence[int],
    alpha: Tensor,
    beta: Tensor,
    dtype: Any = None,
    seed: Any = None,
) -> Tensor:
    """Draw from the beta distribution: density ∝ x^(α − 1) (1 − x)^(β − 1).

    Args:
        shape: of the result.
        alpha, beta: numbers or tensors that broadcast.
        dtype: a float; default `keras.config.floatx()`.
        seed: as in `normal`.

    Example:
        >>> keras.random.beta((2, 3), 2.0, 3.0, seed=1).shape
        (2, 3)
    """
    name = _float(dtype, "beta")
    return backend.beta(_key(seed), alpha, beta, tuple(shape), name)


@op
def binomial(
    shape: Sequence[int],
    counts: Tensor,
    probabilities: Tensor,
    dtype: Any = None,
    seed: Any = None,
) -> Tensor:
    """Draw how many of `counts` trials succeed.

    Args:
        shape: of the result.
        counts, probabilities: numbers or tensors that broadcast.
        dtype: a float; default `keras.config.floatx()`.
        seed: as in `normal`.

    Example:
        >>> keras.random.binomial((2, 3), 10, 0.5, seed=1).shape
        (2, 3)
    """
    name = _float(dtype, "binomial")
    return backend.binomial(_key(seed), counts, probabilities, tuple(shape), name)


registry.add_namespace("random", {name: globals()[name] for name in __all__})
