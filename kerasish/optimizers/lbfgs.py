"""L-BFGS: steps that know the curvature from the gradients of the last steps."""

from typing import Any

from .. import ops
from ..graph import Tensor
from ..variable import Variable
from . import arguments
from .optimizer import Optimizer
from .rprop import apart, together

__all__ = ["LBFGS"]

STEEPER = 0.9  # of the first slope: how far uphill a trial may end
FLAT = 1e-6  # of the last gradient: none is left, as where a loss is clipped
GROWTH = 5.0  # of a move over the one before
TRIALS = 20.0  # on one line, before what is there is taken


class LBFGS(Optimizer):
    """Limited-memory BFGS for full-batch training, with a line search by gradients.

    The direction is `d = -H g`, where `H` stands for the inverse Hessian that the last
    `memory` pairs `s` (change of the parameters) and `y` (change of the gradient) with
    `s·y > 0` tell; it begins as `s·y / y·y`.

    Each call of the optimizer is one trial: with the gradient `g` at `base + t d`,
    where `t` begins as `learning_rate`, and the slope along the line, `g·d`,

    - if the slope is above `0.9 |slope at base|`, or not finite, or nothing is left of
      the gradient (as where a loss is clipped), the trial went too far: the next one is
      at a smaller `t` on the same line, where the slopes say that the bottom of the
      valley is, and within 0.1 and 0.5 of the last;
    - else the point becomes the base, its pair is kept, and there is a new direction.

    So it needs no values of the loss, and a step costs one gradient; one that was a
    trial too far is seen in the logs as a loss that rises once. The first move is no
    longer than `learning_rate`, in the sum of absolute values; no later one begins
    longer than five times the last.

    A gradient of other data looks like curvature: train with
    `fit(batch_size=len(x))` and without dropout, or let `gradient_accumulation_steps`
    gather the batches of an epoch. Clipping, decay and averaging of gradients would
    mislead it too; it has no such arguments.

    Args:
        learning_rate: the first `t` on each line; 1 is right almost always.
        memory: number of pairs. Each needs the room of two copies of all parameters.
        loss_scale_factor: as for `Optimizer`.
        gradient_accumulation_steps: as for `Optimizer`.
        name: default `"lbfgs"`.

    Raises:
        ValueError: if `memory` is no positive integer; for other arguments.

    Reference: Liu and Nocedal 1989, "On the limited memory BFGS method for large scale
    optimization"; for searches that look at gradients only: Kafka and Wilke 2021,
    "Resolving learning rates adaptively by locating stochastic non-negative associated
    gradient projection points using line searches".

    Example:
        >>> v = keras.Variable([-1.2, 1.0])
        >>> optimizer = keras.optimizers.LBFGS()
        >>> for _ in range(60):  # the valley of Rosenbrock
        ...     a, b = v.numpy()
        ...     bend = 200 * (b - a * a)
        ...     optimizer.apply([np.array([2 * (a - 1) - 2 * a * bend, bend])], [v])
        >>> print(v.numpy().round(3))
        [1. 1.]
    """

    def __init__(
        self,
        learning_rate: Any = 1.0,
        memory: int = 10,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise ValueError(
                f"Argument(s) not recognized by `LBFGS`: {kwargs}. It has `memory`, "
                "`loss_scale_factor` and `gradient_accumulation_steps`; what else is "
                "done to gradients would mislead it about the curvature."
            )
        super().__init__(
            learning_rate,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            name=name,
        )
        good = isinstance(memory, int) and memory > 0
        arguments.require(good, "memory", "a positive integer", memory)
        self.memory = memory

    def _create_slots(self, variables: list[Variable]) -> list[list[Variable]]:
        """Vectors over all parameters, not slots of each."""
        own = [v for v in variables if not v.overwrite_with_gradient]
        size = sum(v.value.size for v in own)
        double = bool(own) and all(v.dtype == "float64" for v in own)
        shapes = {
            "base": (size,),
            "gradient": (size,),
            "direction": (size,),
            "moves": (self.memory, size),
            "changes": (self.memory, size),
            "length": (),
            "trials": (),
        }
        dtype = "float64" if double else "float32"
        self._state = [
            self.add_variable(shape, dtype=dtype, name=name)
            for name, shape in shapes.items()
        ]
        return [[] for _ in variables]

    def _update(
        self, grads: list[Any], variables: list[Variable], learning_rate: Tensor
    ) -> None:
        own = [v for v in self._trainable_variables if not v.overwrite_with_gradient]
        given = {id(v): g for v, g in zip(variables, grads)}
        dtype = self._state[0].dtype
        gradient = together([given.get(id(v), ops.zeros_like(v.value)) for v in own])
        new, *state = self.update(
            ops.cast(learning_rate, dtype),
            ops.cast(gradient, dtype),
            ops.cast(together([v.value for v in own]), dtype),
            *[v.value for v in self._state],
        )
        for variable, value in zip(own, apart(new, own)):
            if id(variable) in given:
                variable.assign(value)
        for variable, value in zip(self._state, state):
            variable.assign(value)

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        base, old, direction, moves, changes, length, trials = slots
        before, here = ops.vdot(old, direction), ops.vdot(gradient, direction)
        far = ops.logical_not(here <= -STEEPER * before)  # so also if it is NaN
        far = ops.logical_or(far, _longest(gradient) <= FLAT * _longest(old))
        far = ops.logical_and(far, ops.logical_and(trials > 0, trials < TRIALS))

        move, change = parameter - base, gradient - old
        new_moves, new_changes = self._remembered(
            move, change, moves, changes, trials > 0
        )
        downhill = -_times_inverse_hessian(gradient, new_moves, new_changes)
        first = 1.0 / ops.maximum(ops.sum(ops.abs(gradient)), 1.0)
        known = ops.any(new_changes[-1] != 0)

        shorter = length * ops.clip(before / (before - here), 0.1, 0.5)
        shorter = ops.where(ops.isfinite(here), shorter, 0.1 * length)
        room = GROWTH * _longest(move) / ops.maximum(_longest(downhill), 1e-30)
        room = ops.where(room > 0, ops.minimum(room, 1.0), 1.0)
        begin = now * ops.where(known, room, first)
        length = ops.where(far, shorter, begin)
        base, old = (
            ops.where(far, a, b) for a, b in ((base, parameter), (old, gradient))
        )
        direction = ops.where(far, direction, downhill)
        moves, changes = (
            ops.where(far, a, b)
            for a, b in ((moves, new_moves), (changes, new_changes))
        )
        trials = ops.where(far, trials + 1.0, ops.ones_like(trials))
        new = base + length * direction
        return new, base, old, direction, moves, changes, length, trials

    def _remembered(
        self, move: Tensor, change: Tensor, moves: Tensor, changes: Tensor, begun: Any
    ) -> tuple[Tensor, Tensor]:
        """The pairs with the newest one, if it tells of a curvature above zero."""
        good = ops.vdot(move, change) > 1e-10 * ops.vdot(change, change)
        good = ops.logical_and(good, begun)
        moved, changed = (
            ops.where(good, ops.concatenate([old[1:], new[None]]), old)
            for old, new in ((moves, move), (changes, change))
        )
        return moved, changed

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values, without the state."""
        config = super().get_config()
        shared = "loss_scale_factor", "gradient_accumulation_steps"
        keys = ("name", "learning_rate", "memory", *shared)
        return {key: config[key] for key in keys}


def _longest(x: Tensor) -> Tensor:
    return ops.max(ops.abs(x))


def _times_inverse_hessian(gradient: Tensor, moves: Tensor, changes: Tensor) -> Tensor:
    """`H g` by the two loops over the pairs; pairs that are still zero do nothing."""
    count = moves.shape[0]
    products = ops.sum(moves * changes, axis=1)
    inverse = ops.where(products > 0, 1.0 / ops.where(products > 0, products, 1.0), 0.0)
    shares: list[Any] = [None] * count
    for i in reversed(range(count)):
        shares[i] = inverse[i] * ops.vdot(moves[i], gradient)
        gradient = gradient - shares[i] * changes[i]
    newest = ops.vdot(changes[-1], changes[-1])
    scale = ops.where(
        newest > 0, products[-1] / ops.where(newest > 0, newest, 1.0), 1.0
    )
    gradient = gradient * scale
    for i in range(count):
        share = inverse[i] * ops.vdot(changes[i], gradient)
        gradient = gradient + moves[i] * (shares[i] - share)
    return gradient
