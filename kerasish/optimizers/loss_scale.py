"""Automatic loss scaling, for gradients that underflow in 16 bits."""

from collections.abc import Iterable, Sequence
from typing import Any

from .. import ops
from ..graph import Tensor
from ..initializers import Constant
from ..variable import Variable
from . import arguments
from .optimizer import Optimizer

__all__ = ["LossScaleOptimizer"]

# What other optimizers take and this one does not; old files hold these values.
UNUSED = dict.fromkeys(arguments.SHARED[:-1]) | {"use_ema": False, "ema_momentum": 0.99}


class LossScaleOptimizer(Optimizer):
    """Wraps an optimizer; scales the loss as far up as the gradients stay finite.

    A step with a gradient that is not finite is skipped and halves the scale;
    `dynamic_growth_steps` good steps in a row double it.

    Args:
        inner_optimizer: the optimizer that does the steps; its own
            `loss_scale_factor` is switched off.
        initial_scale: scale of the first step.
        dynamic_growth_steps: good steps until the scale is doubled.
        name: default: `"loss_scale_optimizer"`.

    Raises:
        ValueError: for arguments that belong to `inner_optimizer`.

    Reference: Micikevicius et al. 2017, arXiv:1710.03740.

    Example:
        >>> v, sgd = keras.Variable([1.0, 2.0]), keras.optimizers.SGD(0.5)
        >>> optimizer = keras.optimizers.LossScaleOptimizer(sgd, initial_scale=8)
        >>> for gradient in ([8.0, 16.0], [1.0, np.inf]):
        ...     optimizer.apply([np.array(gradient)], [v])
        >>> v.numpy().tolist(), float(optimizer.dynamic_scale)
        ([0.5, 1.0], 4.0)
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(inner_optimizer, Optimizer):
            raise TypeError(
                "`inner_optimizer` must be an optimizer, got "
                f"{inner_optimizer!r} of type {type(inner_optimizer).__name__}."
            )
        if not kwargs.pop("dynamic", True):
            raise ValueError(
                "`LossScaleOptimizer` always adapts: `dynamic=False` is gone. For a "
                "fixed scale set `loss_scale_factor` on the inner optimizer."
            )
        for key in UNUSED.keys() & kwargs.keys():
            if kwargs.pop(key) != UNUSED[key]:
                raise ValueError(
                    f"LossScaleOptimizer does not support `{key}`. Instead, set "
                    f"`{key}` on the `inner_optimizer`."
                )
        super().__init__(learning_rate=0.0, name=name, **kwargs)
        self.inner_optimizer = inner_optimizer
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        inner_optimizer.loss_scale_factor = None

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        start = Constant(self.initial_scale)
        self.step_counter = self.add_variable((), dtype="int32", name="step_counter")
        self.dynamic_scale = self.add_variable(
            (), start, dtype="float32", name="dynamic_scale"
        )
        self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> list[Variable]:
        """Its own variables, then those of the inner optimizer."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def iterations(self) -> Any:
        """Number of updates that the inner optimizer has done."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    def apply(
        self,
        grads: Iterable[Any],
        trainable_variables: Iterable[Variable] | None = None,
    ) -> None:
        """Do a step with gradients of the scaled loss, or skip it; see `Optimizer`."""
        grads = list(grads)
        if not grads:
            return
        variables = self._match(grads, trainable_variables)
        scale, count = self.dynamic_scale.value, self.step_counter.value
        finite = self.check_finite(grads)
        unscaled = [
            g
            if g is None or v.overwrite_with_gradient
            else g / ops.cast(scale, g.dtype)
            for g, v in zip(grads, variables)
        ]
        inner = self.inner_optimizer
        ops.cond(finite, lambda: inner.apply(unscaled, variables), lambda: None)
        grows = finite & (count == self.dynamic_growth_steps - 1)
        factor = ops.where(finite, ops.where(grows, 2.0, 1.0), 0.5)
        self.dynamic_scale.assign(scale * factor)
        self.step_counter.assign(ops.where(finite & ~grows, count + 1, 0))

    def check_finite(self, grads: Iterable[Any]) -> Tensor:
        """Whether all numbers in all gradients are finite: a bool scalar."""
        parts = [ops.all(ops.isfinite(g)) for g in grads if g is not None]
        return ops.all(ops.stack(parts)) if parts else ops.convert_to_tensor(True)

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Multiply the loss by the current scale."""
        return loss * (self.dynamic_scale.value if self.built else self.initial_scale)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Let the inner optimizer put its averages in place."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """Return its own arguments, the inner optimizer's config among them."""
        config = super().get_config()
        return {k: v for k, v in config.items() if k not in {*UNUSED, "learning_rate"}}
