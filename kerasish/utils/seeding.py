"""One seed for all that is random, and a fresh start between experiments."""

import gc
import random as python_random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from .. import config, initializers, random, registry
from ..initializers import drawn
from ..training import sharing

__all__ = ["clear_session", "seeded", "set_random_seed"]


def set_random_seed(seed: int) -> None:
    """Seed Python's, NumPy's and kerasish's own generators.

    What follows is then the same in each run: first weights, dropout, shuffling.

    Args:
        seed: an integer from 0 to 2³² − 1.

    Raises:
        ValueError: for anything else.

    Example:
        >>> keras.utils.set_random_seed(1)
        >>> first = np.asarray(keras.random.normal((2,)))
        >>> keras.utils.set_random_seed(1)
        >>> bool((np.asarray(keras.random.normal((2,))) == first).all())
        True
    """
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(
            f"`seed` must be an integer from 0 to 2**32 - 1, got {seed!r} of type "
            f"{type(seed).__name__}."
        )
    python_random.seed(seed)
    np.random.seed(seed)
    random.seed_default(seed)
    initializers.seed_default(seed)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Have `set_random_seed(seed)` within a block; afterwards all is as it was.

    Args:
        seed: an integer from 0 to 2³² − 1.
    """
    python, plain = python_random.getstate(), np.random.get_state()
    weights, noise = dict(drawn._process), random._Default
    before = noise.generator and noise.generator.state.numpy()
    stale = noise.stale or noise.generator is None
    set_random_seed(seed)
    try:
        yield
    finally:
        if before is not None:
            random.default_generator().state.assign(before)
        noise.stale = stale
        drawn._process.update(weights)
        np.random.set_state(plain)
        python_random.setstate(python)


def clear_session(free_memory: bool = True) -> None:
    """Start counting automatic names anew: the next Dense is `dense` again.

    Models are ordinary objects that go when nobody holds them; there is no registry
    that keeps them. Compiled programs wait for another model of the same make.

    Args:
        free_memory: collect unreachable cycles and drop compiled programs now.

    Example:
        >>> keras.utils.clear_session()
        >>> keras.metrics.AUC().name
        'auc'
    """
    registry.reset_names()
    config.set_dtype_policy(None)
    if free_memory:
        sharing.forget()
        gc.collect()
