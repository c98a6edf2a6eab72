"""Random numbers in expressions: new ones at each call of a function."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ops, random
from ..graph import KerasTensor, Tensor, is_symbolic, op
from ..variable import Variable
from .variables import Shared

__all__ = ["RandomStreams"]


@op
def draw(state: Tensor, kind: str, size: Any, parameters: Any) -> Any:
    """Draw numbers by a key; `kind` names a distribution of `DRAWS`.

    Example:
        >>> from kerasish.symbolic.streams import draw
        >>> draw(np.array([0, 1], "uint32"), "uniform", (2,), (0.0, 1.0)).shape
        (2,)
    """
    return DRAWS[kind](state, size, *parameters)


def _binomial(key: Any, size: Any, n: Any, p: Any, dtype: str) -> Any:
    return ops.cast(random.binomial(size, n, p, seed=key), dtype)


def _multinomial(key: Any, size: Any, n: int, pvals: Any, dtype: str) -> Any:
    logits = ops.log(ops.convert_to_tensor(pvals))
    rows = ops.broadcast_to(logits, (*size, logits.shape[-1]))
    flat = ops.reshape(rows, (-1, logits.shape[-1]))
    drawn = random.categorical(flat, n, seed=key)
    counts = ops.sum(ops.one_hot(drawn, logits.shape[-1]), axis=1)
    return ops.cast(ops.reshape(counts, rows.shape), dtype)


def _choice(key: Any, size: Any, a: Any, replace: bool, p: Any) -> Any:
    values = ops.arange(a) if isinstance(a, int) else ops.convert_to_tensor(a)
    count = int(np.prod(size))
    if not replace:
        # The places of the largest of log p + Gumbel noise are a draw without return.
        noise = random.uniform((values.shape[0],), 1e-20, 1.0, seed=key)
        chance = 0.0 if p is None else ops.log(ops.convert_to_tensor(p))
        places = ops.top_k(chance - ops.log(-ops.log(noise)), count)[1]
    elif p is None:
        places = random.randint((count,), 0, values.shape[0], seed=key)
    else:
        logits = ops.log(ops.convert_to_tensor(p))
        places = random.categorical(logits[None], count, seed=key)[0]
    return ops.reshape(ops.take(values, places), size)


def _permutation(key: Any, size: Any, n: int) -> Any:
    rows = random.uniform((*size, n), seed=key)
    return ops.argsort(rows, axis=-1)


DRAWS: dict[str, Callable[..., Any]] = {
    "uniform": lambda key, size, low, high: (
        low + (high - low) * random.uniform(size, seed=key)
    ),
    "normal": lambda key, size, avg, std: avg + std * random.normal(size, seed=key),
    "integers": lambda key, size, low, high: random.randint(size, low, high, seed=key),
    "binomial": _binomial,
    "multinomial": _multinomial,
    "choice": _choice,
    "permutation": _permutation,
}


class RandomStreams:
    """Makes symbolic random numbers.

    Each expression made here has a state of its own, a shared variable, which a
    function moves on at each call (unless made with `no_default_updates`). Within one
    call an expression has one value, however often it is used.

    Args:
        seed: an integer; default drawn from NumPy's generator.

    Example:
        >>> from kerasish import symbolic as S
        >>> streams = S.RandomStreams(seed=1)
        >>> f = S.function([], streams.uniform((2,)))
        >>> first, second = f(), f()
        >>> bool((first == second).any())
        False
        >>> streams.seed(1)
        >>> bool((f() == first).all())
        True
    """

    def __init__(self, seed: int | None = None) -> None:
        self.state_updates: list[tuple[Shared, KerasTensor]] = []
        self.default_seed = np.random.randint(2**31) if seed is None else seed

    def seed(self, seed: int | None = None) -> None:
        """Start all expressions made so far anew, from `seed` or the first one."""
        first = self.default_seed if seed is None else seed
        for number, (state, _) in enumerate(self.state_updates):
            state.set_value(_state(first, number))

    def _drawn(self, kind: str, size: Any, parameters: tuple[Any, ...]) -> Any:
        sizes = (size,) if isinstance(size, int) else tuple(size)
        if any(is_symbolic(n) or n is None for n in sizes):
            raise ValueError(
                f"`size` must be known when the expression is made, got {size!r}."
            )
        number = len(self.state_updates)
        first = _state(self.default_seed, number)
        state = Shared(
            Variable(first, dtype="uint32", trainable=False, name=f"{kind}_state")
        )
        state.default_update = state + np.array([0, 1], "uint32")
        self.state_updates.append((state, state.default_update))
        return draw(state, kind, sizes, parameters)

    def uniform(self, size: Any = (), low: Any = 0.0, high: Any = 1.0) -> Any:
        """Return numbers in [low, high), all equally likely."""
        return self._drawn("uniform", size, (low, high))

    def normal(self, size: Any = (), avg: Any = 0.0, std: Any = 1.0) -> Any:
        """Return normally distributed numbers."""
        return self._drawn("normal", size, (avg, std))

    def random_integers(self, size: Any = (), low: int = 0, high: int = 1) -> Any:
        """Return whole numbers from `low` to `high`, both included."""
        return self._drawn("integers", size, (low, high + 1))

    def binomial(
        self,
        size: Any = (),
        n: Any = 1,
        p: Any = 0.5,
        dtype: Any = "int32",
    ) -> Any:
        """Return how many of `n` trials succeed, each with probability `p`."""
        return self._drawn("binomial", size, (n, p, dtype))

    def multinomial(
        self,
        size: Any = (),
        n: int = 1,
        pvals: Sequence[float] = (0.5, 0.5),
        dtype: Any = "int32",
    ) -> Any:
        """Return how often each class comes in `n` draws; classes on a last axis."""
        return self._drawn("multinomial", size, (n, pvals, dtype))

    def choice(
        self, size: Any = (), a: Any = 2, replace: bool = True, p: Any = None
    ) -> Any:
        """Return elements of `a` (or of 0 ... a − 1), with probabilities `p`."""
        return self._drawn("choice", size, (a, replace, p))

    def permutation(self, size: Any = (), n: int = 1) -> Any:
        """Return 0 ... n − 1 in random order, on a last axis."""
        return self._drawn("permutation", size, (n,))

    def shuffle_row_elements(self, x: KerasTensor) -> Any:
        """Return `x` with the elements of each row (last axis) in random order."""
        if x.shape[-1] is None or None in x.shape[:-1]:
            raise ValueError(f"The sizes of `{x.name}` must be known, got {x.shape}.")
        order = self.permutation(x.shape[:-1], x.shape[-1])
        return ops.take_along_axis(x, order, axis=-1)

    def updates(self) -> list[tuple[Shared, KerasTensor]]:
        """Return the pairs (state, next state) of all expressions made so far."""
        return list(self.state_updates)


def _state(seed: int, number: int) -> np.ndarray:
    """Return the first state of the expression made as number so-and-so."""
    mixed = np.random.SeedSequence([seed % 2**32, number]).generate_state(1)
    return np.array([mixed[0], 0], "uint32")
