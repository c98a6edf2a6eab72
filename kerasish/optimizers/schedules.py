"""Learning-rate schedules: functions of the step that know their own config.

A schedule is given to an optimizer in place of a number; it is called with the count of
steps done so far, a whole number that starts at 0, and returns the learning rate.
"""

import math
from collections.abc import Sequence
from typing import Any

from .. import config as settings
from .. import ops, registry
from ..graph import Tensor

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


class LearningRateSchedule(registry.Configurable):
    """Base of the schedules: override `__call__(self, step)`.

    Written with `keras.ops`, it runs inside compiled training. A constructor that
    stores each argument under its own name needs no `get_config`.

    Example:
        >>> class Hyperbola(keras.optimizers.schedules.LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.5 / (step + 1)
        >>> float(keras.optimizers.SGD(Hyperbola()).learning_rate)
        0.5
    """

    def __init__(self) -> None:
        """Take no arguments; schedules that have some override this."""

    def __call__(self, step: Tensor) -> Tensor:
        raise NotImplementedError(
            f"Schedule `{type(self).__name__}` must override `__call__(self, step)`."
        )


def _positive(name: str, steps: float, schedule: LearningRateSchedule) -> float:
    if steps <= 0:
        raise ValueError(
            f"`{type(schedule).__name__}` needs `{name}` > 0: the number of steps that "
            f"the decay takes. Got {name}={steps!r}."
        )
    return steps


def _progress(step: Tensor, steps: float, staircase: bool = False) -> Tensor:
    """step / steps, rounded down for a staircase."""
    progress = ops.cast(step, settings.floatx()) / steps
    return ops.floor(progress) if staircase else progress


def _half_cosine(progress: Tensor) -> Tensor:
    """Goes smoothly from 1 at progress 0 to 0 at progress 1."""
    return 0.5 * (1.0 + ops.cos(math.pi * progress))


class ExponentialDecay(LearningRateSchedule):
    """Multiplies the rate by the same factor every `decay_steps` steps.

    `initial_learning_rate * decay_rate ** (step / decay_steps)`

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: positive number of steps after which one factor is reached.
        decay_rate: the factor.
        staircase: round the exponent down, so that the rate falls in jumps.

    Example:
        >>> rate = keras.optimizers.schedules.ExponentialDecay(0.8, 10, 0.5)
        >>> [round(float(rate(step)), 4) for step in (0, 5, 10)]
        [0.8, 0.5657, 0.4]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps, self)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        exponent = _progress(step, self.decay_steps, self.staircase)
        return self.initial_learning_rate * ops.power(self.decay_rate, exponent)


class InverseTimeDecay(LearningRateSchedule):
    """Divides the rate by a number that grows in proportion to the steps.

    `initial_learning_rate / (1 + decay_rate * step / decay_steps)`. The argument
    `decay` of Keras 2's optimizers was this with `decay_steps=1`.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: positive number of steps that count as one unit of time.
        decay_rate: growth of the divisor in one unit.
        staircase: round the time down, so that the rate falls in jumps.

    Example:
        >>> rate = keras.optimizers.schedules.InverseTimeDecay(0.1, 10, 1.0)
        >>> [round(float(rate(step)), 4) for step in (0, 10, 30)]
        [0.1, 0.05, 0.025]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps, self)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        time = _progress(step, self.decay_steps, self.staircase)
        return self.initial_learning_rate / (1.0 + self.decay_rate * time)


class PiecewiseConstantDecay(LearningRateSchedule):
    """One constant rate up to and including each boundary, another after it.

    Args:
        boundaries: increasing numbers of steps.
        values: the rates, one more than there are boundaries.

    Raises:
        ValueError: if the two lengths do not fit, or `boundaries` is empty.

    Example:
        >>> rate = keras.optimizers.schedules.PiecewiseConstantDecay([10], [0.5, 0.25])
        >>> [float(rate(step)) for step in (0, 10, 11)]
        [0.5, 0.5, 0.25]
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        if not boundaries or len(boundaries) != len(values) - 1:
            raise ValueError(
                "`PiecewiseConstantDecay` needs at least one of `boundaries` and one "
                f"more of `values`. Got boundaries={boundaries!r} (length "
                f"{len(boundaries)}), values={values!r} (length {len(values)})."
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        rate = ops.cast(self.values[0], settings.floatx())
        step = ops.convert_to_tensor(step)
        for boundary, value in zip(self.boundaries, self.values[1:]):
            rate = ops.where(step > boundary, value, rate)
        return rate


class PolynomialDecay(LearningRateSchedule):
    """Goes from one rate to another along a power of the remaining time.

    `(initial - end) * (1 - step / decay_steps) ** power + end`; from `decay_steps` on
    it stays at the end, or, with `cycle`, `decay_steps` is stretched to the next
    multiple that is not yet over, so that the rate jumps up again.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: positive number of steps that the way takes.
        end_learning_rate: the rate reached.
        power: 1 for a straight line.
        cycle: whether it starts again.

    Example:
        >>> rate = keras.optimizers.schedules.PolynomialDecay(0.5, 100, 0.25)
        >>> [float(rate(step)) for step in (0, 50, 100, 200)]
        [0.5, 0.375, 0.25, 0.25]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps, self)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        progress = _progress(step, self.decay_steps)
        if self.cycle:
            progress = progress / ops.maximum(ops.ceil(progress), 1.0)
        else:
            progress = ops.minimum(progress, 1.0)
        span = self.initial_learning_rate - self.end_learning_rate
        return span * ops.power(1.0 - progress, self.power) + self.end_learning_rate


class CosineDecay(LearningRateSchedule):
    """Falls along half a cosine wave, after a linear warm-up if wanted.

    Warm-up: from `initial_learning_rate` straight to `warmup_target` in
    `warmup_steps` steps. Then, with `p` from 0 to 1 in the next `decay_steps` steps and
    `peak` the rate so far: `peak * ((1 - alpha) * (1 + cos(pi * p)) / 2 + alpha)`.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: positive number of steps of the decay.
        alpha: the last rate as a fraction of the peak.
        warmup_target: the rate after the warm-up; default: no warm-up.
        warmup_steps: number of steps of the warm-up.

    Reference: Loshchilov and Hutter 2016, "SGDR", arXiv:1608.03983.

    Example:
        >>> rate = keras.optimizers.schedules.CosineDecay(0.5, 100)
        >>> [round(float(rate(step)), 4) for step in (0, 50, 100)]
        [0.5, 0.25, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps, self)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: Tensor) -> Tensor:
        if self.warmup_target is None:
            return self._decay(step, self.initial_learning_rate)
        rate = self._decay(step - self.warmup_steps, self.warmup_target)
        if not self.warmup_steps:
            return rate
        rise = self.warmup_target - self.initial_learning_rate
        warm = self.initial_learning_rate + rise * _progress(step, self.warmup_steps)
        return ops.where(step < self.warmup_steps, warm, rate)

    def _decay(self, step: Tensor, peak: float) -> Tensor:
        progress = ops.minimum(_progress(step, self.decay_steps), 1.0)
        return peak * ((1.0 - self.alpha) * _half_cosine(progress) + self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine wave again and again, each longer and lower than the one before.

    With `p` from 0 to 1 within the wave number `i`, which takes
    `first_decay_steps * t_mul ** i` steps:
    `initial * ((1 - alpha) * m_mul ** i * (1 + cos(pi * p)) / 2 + alpha)`.

    Args:
        initial_learning_rate: the rate at step 0.
        first_decay_steps: positive number of steps of the first wave.
        t_mul: growth of the length from wave to wave.
        m_mul: change of the height from wave to wave.
        alpha: the lowest rate as a fraction of the initial one.

    Reference: Loshchilov and Hutter 2016, "SGDR", arXiv:1608.03983.

    Example:
        >>> rate = keras.optimizers.schedules.CosineDecayRestarts(0.5, 100)
        >>> [round(float(rate(step)), 4) for step in (0, 50, 99, 200)]
        [0.5, 0.25, 0.0001, 0.25]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = _positive("first_decay_steps", first_decay_steps, self)
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        wave, progress = self._locate(_progress(step, self.first_decay_steps))
        height = ops.power(float(self.m_mul), wave) * _half_cosine(progress)
        rate = (1.0 - self.alpha) * height + self.alpha
        return self.initial_learning_rate * rate

    def _locate(self, time: Tensor) -> tuple[Tensor, Tensor]:
        """The number of the wave at `time`, in first waves, and how far through it."""
        if self.t_mul == 1.0:
            wave = ops.floor(time)
            return wave, time - wave
        # The first i waves take (t_mul ** i - 1) / (t_mul - 1): a geometric series.
        grown = 1.0 - time * (1.0 - self.t_mul)
        wave = ops.log(grown) / math.log(self.t_mul)
        wave = ops.floor(wave + 1e-5)  # a start must not round down to the end before
        length = ops.power(float(self.t_mul), wave)
        start = (1.0 - length) / (1.0 - self.t_mul)
        return wave, (time - start) / length


class OneCycle(LearningRateSchedule):
    """Rises to a large rate, then falls to almost none: one cycle for all of training.

    In the first `warmup_fraction` of the steps it goes from `initial_learning_rate` to
    `max_learning_rate`, in the rest down to `end_learning_rate`, where it stays. The
    large rates in the middle act as regularization. `LearningRateFinder` finds a peak.

    Args:
        max_learning_rate: the peak.
        total_steps: number of steps of the cycle: epochs * batches of an epoch.
        warmup_fraction: between 0 and 1; 0: no rise.
        initial_learning_rate: the rate at step 0; default: 1/25 of the peak.
        end_learning_rate: the last rate; default: 1/10,000 of the first.
        anneal: `"cosine"`, both ways along half a wave, or `"linear"`.

    Raises:
        ValueError: for an argument out of its range.

    Reference: Smith and Topin 2018, "Super-Convergence", arXiv:1708.07120.

    Example:
        >>> rate = keras.optimizers.schedules.OneCycle(1.0, 100)
        >>> [round(float(rate(step)), 4) for step in (0, 15, 30, 65, 100)]
        [0.04, 0.52, 1.0, 0.5, 0.0]
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: float,
        warmup_fraction: float = 0.3,
        initial_learning_rate: float | None = None,
        end_learning_rate: float | None = None,
        anneal: str = "cosine",
        name: str = "OneCycle",
    ) -> None:
        if not 0 <= warmup_fraction < 1:
            raise ValueError(
                "`warmup_fraction` of `OneCycle` must be at least 0 and less than 1. "
                f"Got warmup_fraction={warmup_fraction!r}."
            )
        if anneal not in ("cosine", "linear"):
            raise ValueError(
                '`anneal` of `OneCycle` must be "cosine" or "linear". Got '
                f"anneal={anneal!r}."
            )
        self.max_learning_rate = max_learning_rate
        self.total_steps = _positive("total_steps", total_steps, self)
        self.warmup_fraction = warmup_fraction
        self.initial_learning_rate = initial_learning_rate
        self.end_learning_rate = end_learning_rate
        self.anneal = anneal
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        first, last = self.initial_learning_rate, self.end_learning_rate
        first = self.max_learning_rate / 25 if first is None else first
        last = first / 1e4 if last is None else last
        done, turn = _progress(step, self.total_steps), self.warmup_fraction
        down = self._way(self.max_learning_rate, last, (done - turn) / (1.0 - turn))
        if not turn:
            return down
        up = self._way(first, self.max_learning_rate, done / turn)
        return ops.where(done < turn, up, down)

    def _way(self, start: float, end: float, progress: Tensor) -> Tensor:
        progress = ops.clip(progress, 0.0, 1.0)
        left = _half_cosine(progress) if self.anneal == "cosine" else 1.0 - progress
        return end + (start - end) * left


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """Return the config of a schedule: a dictionary for `deserialize`.

    Example:
        >>> rate = keras.optimizers.schedules.ExponentialDecay(0.8, 10, 0.5)
        >>> keras.optimizers.schedules.serialize(rate)["config"]["decay_rate"]
        0.5
    """
    return registry.serialize_keras_object(learning_rate_schedule)


def deserialize(
    config: dict[str, Any], custom_objects: dict[str, Any] | None = None
) -> LearningRateSchedule:
    """Return the schedule that `serialize` described.

    Args:
        config: a dictionary with `class_name` and `config`.
        custom_objects: names of your own classes -> the classes.

    Example:
        >>> arguments = {"boundaries": [3], "values": [0.5, 0.25]}
        >>> config = {"class_name": "PiecewiseConstantDecay", "config": arguments}
        >>> float(keras.optimizers.schedules.deserialize(config)(4))
        0.25
    """
    config = {"module": "keras.optimizers.schedules", **config}
    return registry.deserialize_keras_object(config, custom_objects)


registry.add_namespace("optimizers.schedules", {k: globals()[k] for k in __all__})
