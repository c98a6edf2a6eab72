"""Resilient propagation: each weight has its own step; of a gradient only the sign."""

import math
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..graph import Tensor
from ..variable import Variable
from . import arguments
from .optimizer import Optimizer

__all__ = ["VARIANTS", "Rprop", "Rules", "apart", "together"]

VARIANTS = ("rprop+", "rprop-", "irprop-", "sag", "slr")
DELTA = 1e-6  # of the globally convergent variants, against a division by zero


class Rules:
    """The numbers of the family, and its one step as a pure function.

    Args:
        variant: see `Rprop`.
        low: the least step.
        high: the largest step.
        shrink: factor of a step after the gradient changed its sign.
        grow: factor of a step after it did not.
    """

    def __init__(
        self, variant: str, low: float, high: float, shrink: float, grow: float
    ) -> None:
        self.variant = variant
        self.low, self.high = low, high
        self.shrink, self.grow = shrink, grow

    def step(
        self, gradient: Tensor, parameter: Tensor, sign: Tensor, size: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the new parameter, remembered sign and step size of each weight.

        Args:
            gradient: of any shape; for `"sag"` and `"slr"` the last axis holds all
                weights of a network.
            parameter: the weights.
            sign: -1, 0 or 1: what the last step remembered.
            size: the last step size.
        """
        now = ops.sign(gradient)
        same = sign * now
        grown = ops.minimum(size * self.grow, self.high)
        shrunk = ops.maximum(size * self.shrink, self.low)
        new = ops.where(same > 0, grown, ops.where(same < 0, shrunk, size))
        if self.variant in ("sag", "slr"):
            new = self._with_one_special(gradient, now, new)
        if self.variant == "rprop+":  # size is still that of the move to take back
            move = ops.where(same < 0, sign * size, -now * new)
        elif self.variant == "irprop-":
            move = ops.where(same < 0, 0 * new, -now * new)
        else:
            return parameter - now * new, now, new
        return parameter + move, ops.where(same < 0, 0 * now, now), new

    def _with_one_special(self, gradient: Tensor, sign: Tensor, size: Tensor) -> Tensor:
        """Let one step make the whole move a descent along the gradient."""
        measure = ops.abs(gradient) if self.variant == "sag" else size
        measure = ops.where(sign == 0, float("inf"), measure)  # it could not be divided
        chosen = ops.expand_dims(ops.argmin(measure, axis=-1), -1)
        chosen = ops.equal(ops.arange(gradient.shape[-1]), chosen)
        others = ops.where(chosen, 0 * size, size * gradient)
        total = ops.sum(others, axis=-1, keepdims=True) + DELTA
        divisor = ops.where(sign == 0, ops.ones_like(gradient), gradient)
        special = ops.clip(-total / divisor, self.low, self.high)
        return ops.where(ops.logical_and(chosen, sign != 0), special, size)


def together(arrays: Sequence[Tensor]) -> Tensor:
    """Return all numbers of some arrays as one vector."""
    return ops.concatenate([ops.reshape(x, (-1,)) for x in arrays])


def apart(vector: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    """Return the numbers of a vector as arrays of given shapes and dtypes."""
    found, begin = [], 0
    for array in like:
        end = begin + math.prod(array.shape)
        part = ops.reshape(vector[begin:end], array.shape)
        found.append(ops.cast(part, array.dtype))
        begin = end
    return found


class Rprop(Optimizer):
    """Resilient propagation, for gradients of all the data.

    Each weight has a step size, which grows while its gradient keeps its sign and
    shrinks when that changes: `size *= grow` or `size *= shrink`. Then

    - `"rprop+"`: after a change of the sign the last move is taken back, and the next
      one looks at no sign; else `parameter -= sign(gradient) * size`.
    - `"rprop-"`: `parameter -= sign(gradient) * size`, always.
    - `"irprop-"`: as `"rprop-"`, but after a change of the sign the weight rests once.
    - `"sag"`, `"slr"`: as `"rprop-"`, but the step of one weight of the whole network
      (that with the smallest absolute gradient, or the smallest step) is
      `-(sum(size * gradient) over the others + 1e-6) / gradient`, within the limits.

    The size of a gradient does not matter, so neither does a factor of the loss. Signs
    of noisy gradients mislead it: train with `fit(batch_size=len(x))`, or let
    `gradient_accumulation_steps` gather the batches of an epoch.

    Args:
        learning_rate: size of the first step; later ones do not look at it. The papers
            begin with 0.1, which is much for networks of many units.
        variant: one of those above.
        step_min: the least step size.
        step_max: the largest step size.
        shrink: between 0 and 1.
        grow: above 1.
        Others: as for `Optimizer`.

    Raises:
        ValueError: if an argument is out of its range.

    Reference: Riedmiller and Braun 1993, "A direct adaptive method for faster
    backpropagation learning: the RPROP algorithm"; Igel and Hüsken 2000, "Improving the
    Rprop learning algorithm"; Anastasiadis, Magoulas and Vrahatis 2005, "New globally
    convergent training scheme based on the resilient propagation algorithm".

    Example:
        >>> v = keras.Variable([1.0, -1.0])
        >>> optimizer = keras.optimizers.Rprop(0.5)
        >>> for _ in range(3):
        ...     optimizer.apply([2 * v.numpy()], [v])
        ...     print(v.numpy().tolist())
        [0.5, -0.5]
        [-0.10000002384185791, 0.10000002384185791]
        [0.5, -0.5]
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        variant: str = "rprop+",
        step_min: float = 1e-6,
        step_max: float = 50.0,
        shrink: float = 0.5,
        grow: float = 1.2,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **arguments.shared(locals()))
        arguments.require(variant in VARIANTS, "variant", f"one of {VARIANTS}", variant)
        good = 0 < step_min <= step_max
        text = "positive and not below `step_min`"
        arguments.require(good, "step_max", text, step_max)
        arguments.require(0 < shrink < 1, "shrink", "between 0 and 1", shrink)
        arguments.require(grow > 1, "grow", "above 1", grow)
        self.variant = variant
        self.step_min = step_min
        self.step_max = step_max
        self.shrink = shrink
        self.grow = grow

    def slot_groups(self, variable: Variable) -> list[dict[str, Any]]:
        return [{"sign": "zeros", "size": "zeros"}]

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        sign, size = slots
        size = ops.where(size == 0, ops.cast(now, size.dtype), size)  # the first step
        limits = self.step_min, self.step_max
        rules = Rules(self.variant, *limits, self.shrink, self.grow)
        return rules.step(gradient, parameter, sign, size)

    def _update(
        self, grads: list[Any], variables: list[Variable], learning_rate: Tensor
    ) -> None:
        if self.variant not in ("sag", "slr"):
            return super()._update(grads, variables, learning_rate)
        slots = [self._slots[self._get_variable_index(v)] for v in variables]
        columns = [variables, *zip(*slots)]
        old = [together([v.value for v in column]) for column in columns]
        now = self._prepared(learning_rate, old[0].dtype)
        new = self.update(now, ops.cast(together(grads), old[0].dtype), *old)
        for column, vector in zip(columns, new):
            for variable, value in zip(column, apart(vector, [*variables])):
                variable.assign(value)
        return None
