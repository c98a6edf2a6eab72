"""Training of all repetitions in one program."""

import functools
import time
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import backend, initializers, ops
from .. import config as settings
from ..optimizers.rprop import Rules
from .network import Plan, double_precision

__all__ = ["ALGORITHMS", "Fitted", "Search", "fit"]

ALGORITHMS = ("backprop", "rprop+", "rprop-", "irprop-", "sag", "slr")
FIRST = 0.1  # step of the resilient algorithms
SECONDS = 0.2  # of one program: so long may Ctrl-C wait


class Search(NamedTuple):
    """How the weights are looked for; see `neuralnet`."""

    algorithm: str
    threshold: float
    stepmax: int
    learningrate: float
    limits: tuple[float, float]
    factors: tuple[float, float]
    lifesign: str
    lifesign_step: int


class Fitted(NamedTuple):
    """What came out, for each repetition."""

    weights: np.ndarray
    errors: np.ndarray
    reached: np.ndarray
    steps: np.ndarray
    done: np.ndarray
    seconds: float


def start(plan: Plan, given: Any, rep: int, seed: Any) -> np.ndarray:
    """Return the first weights, (repetitions, all weights), and check what is given."""
    with double_precision():
        drawn = initializers.RandomNormal(0.0, 1.0, seed)((rep, plan.size), "float64")
        weights = backend.to_numpy(drawn)
    if given is None:
        return weights
    vectors = _vectors(given, plan)
    if vectors.ndim != 2 or vectors.shape[1] != plan.size or len(vectors) > rep:
        raise ValueError(
            f"`startweights` must be {plan.size} numbers, or a list of matrices "
            f"{plan.shapes}, for at most {rep} repetitions; got shape {vectors.shape}."
        )
    weights[: len(vectors)] = vectors
    return weights


def _vectors(given: Any, plan: Plan) -> np.ndarray:
    """Numbers or matrices, of one repetition or more, as (repetitions, weights)."""
    listed = isinstance(given, (list, tuple)) and len(given) > 0
    if listed and isinstance(given[0], (list, tuple)) and hasattr(given[0][0], "ndim"):
        return np.concatenate([_vectors(one, plan) for one in given])
    if listed and hasattr(given[0], "ndim") and given[0].ndim == 2:
        shapes = [np.shape(m) for m in given]
        if shapes != plan.shapes:
            raise ValueError(
                f"The matrices of `startweights` must have the shapes {plan.shapes}, "
                f"the first row for the intercepts; got {shapes}."
            )
        return np.concatenate([np.asarray(m).T.ravel() for m in given])[None]
    return np.atleast_2d(np.asarray(given, "float64"))


def fit(plan: Plan, search: Search, x: Any, y: Any, weights: np.ndarray) -> Fitted:
    """Train from each row of `weights`, (repetitions, all weights)."""
    begun = time.perf_counter()
    with double_precision():
        program = _program(plan, search, settings.backend())
        state = _loop(search, _first(plan, search, weights), program, x, y)
    free, _, _, _, steps, errors, largest = state
    whole = np.zeros((len(free), plan.size))
    whole[:, plan.free] = free
    for place, value in plan.excluded:
        whole[:, place] = value
    done = largest <= search.threshold
    return Fitted(whole, errors, largest, steps, done, time.perf_counter() - begun)


def _first(plan: Plan, search: Search, weights: np.ndarray) -> list[np.ndarray]:
    """Free weights, remembered signs, step sizes, done?, steps, errors, gradients."""
    free = weights[:, plan.free]
    size = np.full_like(free, min(FIRST, search.limits[1]))
    done, steps = np.zeros(len(free), bool), np.zeros(len(free), "int32")
    return [free, np.zeros_like(free), size, done, steps, *np.zeros((2, len(free)))]


@functools.lru_cache(maxsize=32)
def _program(plan: Plan, search: Search, _: str) -> Any:
    """The compiled loop: a function of the state, a number of rounds, and the data."""
    rules = Rules(search.algorithm, *search.limits, *search.factors)

    def updated(gradient: Any, free: Any, sign: Any, size: Any) -> Any:
        if search.algorithm == "backprop":
            return free - search.learningrate * gradient, sign, size
        return rules.step(gradient, free, sign, size)

    def run(state: Any, rounds: Any, x: Any, y: Any) -> Any:
        def going_on(state: Any) -> Any:
            done, count = state[3], state[-1]
            return ops.logical_and(count < rounds, ops.any(ops.logical_not(done)))

        def step(state: Any) -> Any:
            *old, done, steps, _, _, count = state
            errors, gradient = plan.gradients(old[0], x, y)
            largest = ops.max(ops.abs(gradient), axis=1)
            done = ops.logical_or(largest <= search.threshold, ops.isnan(largest))
            # the last round only finds out what the last step has led to
            rests = ops.logical_or(done, steps >= search.stepmax)
            new = updated(gradient, *old)
            stays = ops.expand_dims(rests, 1)
            kept = [ops.where(stays, a, b) for a, b in zip(old, new)]
            steps = steps + ops.cast(ops.logical_not(rests), "int32")
            return (*kept, done, steps, errors, largest, count + 1)

        count = ops.zeros((), "int32")
        return backend.while_loop(going_on, step, (*state, count))[:-1]

    return backend.jit(run)


def _loop(search: Search, first: Any, run: Any, x: Any, y: Any) -> list[np.ndarray]:
    """Run programs of some rounds each, so that one can look on, and stop it."""
    count, chunk = 0, 100
    x, y, *first = map(backend.asarray, (x, y, *first))
    state = tuple(first)
    while count <= search.stepmax:
        size = min(chunk, search.stepmax + 1 - count)
        if search.lifesign == "full":  # stop where something is to be said
            size = min(size, search.lifesign_step - count % search.lifesign_step)
        begun = time.perf_counter()
        state = backend.block(run(state, backend.asarray(size, "int32"), x, y))
        if time.perf_counter() - begun < SECONDS / 2:
            chunk *= 2
        count += size
        done = backend.to_numpy(state[3])
        if search.lifesign == "full" and count % search.lifesign_step == 0:
            print(f"step {count:>7,}: {done.sum()} of {done.size} repetitions done")
        if done.all():
            break
    return [backend.to_numpy(array) for array in state]


def report(search: Search, fitted: Fitted, lines: Sequence[str]) -> None:
    """Print what came out, if wanted; warn of repetitions that did not arrive."""
    if search.lifesign != "none":
        for line in lines:
            print(line)
        print(f"{fitted.seconds:.2f} seconds")
    left, count = np.sum(~fitted.done), fitted.done.size
    if not left:
        return
    lost = int(np.isnan(fitted.reached).sum())
    why = (
        f"did not reach the threshold {search.threshold:g} in {search.stepmax:,} steps"
    )
    how = "Raise `stepmax` or `threshold`, or scale the covariates"
    if lost:
        why, how = "did not converge (the error of some became NaN)", "Scale the data"
    warnings.warn(
        f"{left} of {count} repetitions {why}, and are left out. {how}.",
        stacklevel=4,
    )
