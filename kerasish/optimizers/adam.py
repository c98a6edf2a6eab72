"""Adam and its kin: a running mean of the gradient over its running size."""

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..graph import Tensor
from ..variable import Variable
from . import arguments
from .optimizer import Optimizer


def follow(average: Tensor, target: Tensor, keep: float) -> Tensor:
    """Move a running average: `keep * average + (1 - keep) * target`."""
    return average + (1 - keep) * (target - average)


class Adam(Optimizer):
    """Adaptive moments: a running mean of the gradient over its root mean square.

    `m = beta_1 * m + (1 - beta_1) * gradient`, `v = beta_2 * v + (1 - beta_2) *
    gradient²`, `a = learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)` in step `t`,
    `parameter -= a * m / (sqrt(v) + epsilon)`.

    Args:
        learning_rate: number, schedule, or function without arguments.
        beta_1: how much of the past the mean keeps.
        beta_2: how much of the past the mean square keeps.
        epsilon: avoids division by zero.
        amsgrad: divide by the largest `v` so far (Reddi et al. 2018).
        Others: as for `Optimizer`.

    Reference: Kingma and Ba 2014, arXiv:1412.6980.

    Example:
        >>> v = keras.Variable([1.0, 2.0])
        >>> keras.optimizers.Adam(0.25).apply([np.array([4.0, -5.0])], [v])
        >>> print(v.numpy().round(4))
        [0.75 2.25]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    def slot_groups(self, variable: Variable) -> list[dict[str, Any]]:
        groups = [{"momentum": "zeros", "velocity": "zeros"}]
        return [*groups, {"velocity_hat": "zeros"}] if self.amsgrad else groups

    def prepare(self, step: Tensor, learning_rate: Tensor) -> Tensor:
        first, second = (1 - ops.power(b, step) for b in (self.beta_1, self.beta_2))
        return learning_rate * ops.sqrt(second) / first

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        mean, size, *largest = slots
        mean = follow(mean, gradient, self.beta_1)
        size = follow(size, ops.square(gradient), self.beta_2)
        largest = [ops.maximum(x, size) for x in largest]
        root = ops.sqrt(largest[0] if largest else size)
        return parameter - now * mean / (root + self.epsilon), mean, size, *largest


class AdamW(Adam):
    """Adam with weight decay beside it instead of in the gradient.

    First `parameter -= learning_rate * weight_decay * parameter`, then as `Adam`.

    Args:
        learning_rate: number, schedule, or function without arguments.
        weight_decay: strength of the decay.
        beta_1: how much of the past the mean keeps.
        beta_2: how much of the past the mean square keeps.
        epsilon: avoids division by zero.
        amsgrad: divide by the largest mean square so far.
        Others: as for `Optimizer`.

    Raises:
        ValueError: if `weight_decay` is None.

    Reference: Loshchilov and Hutter 2017, arXiv:1711.05101.

    Example:
        >>> v = keras.Variable([1.0, 2.0])
        >>> keras.optimizers.AdamW(0.25, 0.5).apply([np.array([4.0, -5.0])], [v])
        >>> print(v.numpy().round(4))
        [0.625 2.   ]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        decay = weight_decay
        arguments.require(decay is not None, "weight_decay", "a float", decay)
        own = (beta_1, beta_2, epsilon, amsgrad)
        super().__init__(learning_rate, *own, **arguments.shared(locals()))


class Adamax(Optimizer):
    """Adam with the largest gradient, slowly forgotten, in place of the mean square.

    `m = beta_1 * m + (1 - beta_1) * gradient`, `u = max(beta_2 * u, |gradient|)`,
    `parameter -= learning_rate / (1 - beta_1**t) * m / (u + epsilon)` in step `t`.

    Args:
        learning_rate: number, schedule, or function without arguments.
        beta_1: how much of the past the mean keeps.
        beta_2: how slowly the largest is forgotten.
        epsilon: avoids division by zero.
        Others: as for `Optimizer`.

    Reference: Kingma and Ba 2014, arXiv:1412.6980, section 7.

    Example:
        >>> v = keras.Variable([1.0, 2.0])
        >>> keras.optimizers.Adamax(0.25).apply([np.array([4.0, -5.0])], [v])
        >>> print(v.numpy().round(4))
        [0.75 2.25]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
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
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def slot_groups(self, variable: Variable) -> list[dict[str, Any]]:
        return [{"momentum": "zeros", "norm": "zeros"}]

    def prepare(self, step: Tensor, learning_rate: Tensor) -> Tensor:
        return learning_rate / (1 - ops.power(self.beta_1, step))

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        mean, norm = slots
        mean = follow(mean, gradient, self.beta_1)
        norm = ops.maximum(self.beta_2 * norm, ops.abs(gradient))
        return parameter - now * mean / (norm + self.epsilon), mean, norm


class Nadam(Optimizer):
    """Adam with Nesterov's momentum, which grows from beta_1 / 2 to beta_1.

    With `u_t = beta_1 * (1 - 0.96**t / 2)`, `U_t = u_1 * ... * u_t`, and `m`, `v` as in
    Adam: `m' = u_(t+1) * m / (1 - U_(t+1)) + (1 - u_t) * gradient / (1 - U_t)`,
    `parameter -= learning_rate * m' / (sqrt(v / (1 - beta_2**t)) + epsilon)`.

    Args:
        learning_rate: number, schedule, or function without arguments.
        beta_1: how much of the past the mean keeps.
        beta_2: how much of the past the mean square keeps.
        epsilon: avoids division by zero.
        Others: as for `Optimizer`.

    Reference: Dozat 2016, "Incorporating Nesterov Momentum into Adam".

    Example:
        >>> v = keras.Variable([1.0, 2.0])
        >>> keras.optimizers.Nadam(0.25).apply([np.array([4.0, -5.0])], [v])
        >>> print(v.numpy().round(3))
        [0.734 2.266]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
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
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def slot_groups(self, variable: Variable) -> list[dict[str, Any]]:
        return [{"momentum": "zeros", "velocity": "zeros"}]

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        dtype = (
            self._trainable_variables[0].dtype if self._trainable_variables else None
        )
        self._u_product = Variable(1.0, dtype=dtype, trainable=False, name="u_product")

    def _momentum(self, step: Tensor) -> Tensor:
        return self.beta_1 * (1 - 0.5 * ops.power(0.96, step))

    def _update(self, grads: list, variables: list, learning_rate: Tensor) -> None:
        step = ops.cast(self.iterations, self._u_product.dtype) + 1.0
        self._u_product.assign(self._u_product.value * self._momentum(step))
        super()._update(grads, variables, learning_rate)

    def prepare(self, step: Tensor, learning_rate: Tensor) -> Any:
        product = ops.cast(self._u_product, step.dtype)
        now, following = self._momentum(step), self._momentum(step + 1.0)
        of_mean = learning_rate * following / (1 - product * following)
        of_gradient = learning_rate * (1 - now) / (1 - product)
        return of_mean, of_gradient, 1 - ops.power(self.beta_2, step)

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        of_mean, of_gradient, correction = now
        mean, size = slots
        mean = follow(mean, gradient, self.beta_1)
        size = follow(size, ops.square(gradient), self.beta_2)
        change = of_mean * mean + of_gradient * gradient
        change = change / (ops.sqrt(size / correction) + self.epsilon)
        return parameter - change, mean, size


class Lamb(Optimizer):
    """Adam whose step for each parameter is as long as the parameter itself.

    `s = (m / (1 - beta_1**t)) / (sqrt(v / (1 - beta_2**t)) + epsilon)` with `m`, `v` as
    in Adam; `parameter -= learning_rate * |parameter| / |s| * s`, where the ratio of
    norms is 1 if one of them is 0. For very large batches.

    Args:
        learning_rate: number, schedule, or function without arguments.
        beta_1: how much of the past the mean keeps.
        beta_2: how much of the past the mean square keeps.
        epsilon: avoids division by zero.
        Others: as for `Optimizer`.

    Reference: You et al. 2019, arXiv:1904.00962.

    Example:
        >>> v = keras.Variable([3.0, 4.0])
        >>> keras.optimizers.Lamb(0.2).apply([np.array([1.0, 0.0])], [v])
        >>> print(v.numpy().round(4))
        [2. 4.]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
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
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def slot_groups(self, variable: Variable) -> list[dict[str, Any]]:
        return [{"momentum": "zeros", "velocity": "zeros"}]

    def prepare(self, step: Tensor, learning_rate: Tensor) -> Any:
        first, second = (1 - ops.power(b, step) for b in (self.beta_1, self.beta_2))
        return learning_rate, first, second

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        learning_rate, first, second = now
        mean, size = slots
        mean = follow(mean, gradient, self.beta_1)
        size = follow(size, ops.square(gradient), self.beta_2)
        change = (mean / first) / (ops.sqrt(size / second) + self.epsilon)
        norms = [ops.sqrt(ops.sum(ops.square(x))) for x in (parameter, change)]
        both = (norms[0] > 0) & (norms[1] > 0)
        ratio = ops.where(both, norms[0] / ops.where(both, norms[1], 1.0), 1.0)
        return parameter - learning_rate * ratio * change, mean, size


class ScheduleFreeAdamW(Optimizer):
    """Adam that averages the parameters instead of lowering the rate.

    With `z` the point where steps are made, `x` its average and the parameter
    `y = (1 - beta_1) * z + beta_1 * x`, in step `t`:
    `z -= learning_rate * gradient / (sqrt(v / (1 - beta_2**t)) + epsilon)`,
    `x += (z - x) / t`. `v` is as in Adam; only `z` ("momentum") and `v` are stored.

    Args:
        learning_rate: number, schedule, or function without arguments.
        beta_1: how near the parameter is to the average; positive.
        beta_2: how much of the past the mean square keeps.
        epsilon: avoids division by zero.
        warmup_steps: steps in which the rate rises in a straight line to its value.
        Others: as for `Optimizer`.

    Reference: Defazio et al. 2024, arXiv:2405.15682.

    Example:
        >>> v = keras.Variable([1.0, 2.0])
        >>> keras.optimizers.ScheduleFreeAdamW(0.25).apply([np.array([4.0, -5.0])], [v])
        >>> print(v.numpy().round(4))
        [0.75 2.25]
    """

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
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
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.warmup_steps = warmup_steps

    def slot_groups(self, variable: Variable) -> list[dict[str, Any]]:
        def copy(shape: tuple[int, ...], dtype: str) -> Any:
            return variable.numpy()

        return [{"momentum": copy, "velocity": "zeros"}]

    def prepare(self, step: Tensor, learning_rate: Tensor) -> Any:
        if self.warmup_steps > 0:
            rise = ops.minimum(step / self.warmup_steps, 1.0)
            learning_rate = learning_rate * rise
        return learning_rate, 1 - ops.power(self.beta_2, step), 1.0 / step

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        learning_rate, correction, weight = now
        point, size = slots
        average = (parameter - (1 - self.beta_1) * point) / self.beta_1
        size = follow(size, ops.square(gradient), self.beta_2)
        root = ops.sqrt(size / correction) + self.epsilon
        point = point - learning_rate * gradient / root
        average = (1 - weight) * average + weight * point
        return (1 - self.beta_1) * point + self.beta_1 * average, point, size
