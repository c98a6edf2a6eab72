"""Gradient descent, plain and with rates that follow the size of past gradients."""

from typing import Any

from .. import ops
from ..graph import Tensor
from ..initializers import Constant
from ..variable import Variable
from . import arguments
from .optimizer import Optimizer


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted.

    `velocity = momentum * velocity - learning_rate * gradient` and then
    `parameter += velocity`; with `nesterov` instead
    `parameter += momentum * velocity - learning_rate * gradient`.

    Args:
        learning_rate: number, schedule, or function without arguments.
        momentum: between 0 and 1; 0 needs no memory.
        nesterov: look ahead along the velocity (Sutskever et al. 2013).
        Others: as for `Optimizer`.

    Example:
        >>> v = keras.Variable([1.0, 2.0])
        >>> optimizer = keras.optimizers.SGD(0.5, momentum=0.5)
        >>> for _ in range(2):
        ...     optimizer.apply([np.array([1.0, 0.0])], [v])
        >>> v.numpy().tolist()
        [-0.25, 2.0]
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
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
        good = isinstance(momentum, (int, float)) and 0 <= momentum <= 1
        arguments.require(good, "momentum", "a float between [0, 1]", momentum)
        self.momentum = momentum
        self.nesterov = nesterov

    def slot_groups(self, variable: Variable) -> list[dict[str, Any]]:
        return [{"momentum": "zeros"}] if self.momentum else []

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        change = now * gradient
        if not slots:
            return (parameter - change,)
        velocity = self.momentum * slots[0] - change
        if self.nesterov:
            return parameter + (self.momentum * velocity - change), velocity
        return parameter + velocity, velocity


class RMSprop(Optimizer):
    """Divides each gradient by a running root mean square of the past ones.

    `velocity = rho * velocity + (1 - rho) * gradient²` and
    `parameter -= learning_rate * gradient / sqrt(velocity + epsilon)`.

    Args:
        learning_rate: number, schedule, or function without arguments.
        rho: how much of the past is kept.
        momentum: of the change; 0 needs no memory.
        epsilon: avoids division by zero.
        centered: divide by a standard deviation: `velocity` less the square of the mean
            gradient.
        Others: as for `Optimizer`.

    Reference: Hinton 2012, "Neural Networks for Machine Learning", lecture 6.

    Example:
        >>> v = keras.Variable([1.0, 2.0])
        >>> keras.optimizers.RMSprop(0.1, rho=0.75).apply([np.array([1.0, -5.0])], [v])
        >>> print(v.numpy().round(4))
        [0.8 2.2]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
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
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def slot_groups(self, variable: Variable) -> list[dict[str, Any]]:
        wanted = {
            "velocity": True,
            "momentum": self.momentum > 0,
            "average_gradient": self.centered,
        }
        return [{name: "zeros"} for name, is_wanted in wanted.items() if is_wanted]

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        velocity, *rest = slots
        velocity = self.rho * velocity + (1 - self.rho) * ops.square(gradient)
        mean_square, new = velocity, [velocity]
        if self.centered:
            mean = self.rho * rest[-1] + (1 - self.rho) * gradient
            mean_square = velocity - ops.square(mean)
            new.append(mean)
        change = now * gradient / ops.sqrt(mean_square + self.epsilon)
        if self.momentum > 0:
            change = self.momentum * rest[0] + change
            new.insert(1, change)
        return parameter - change, *new


class Adagrad(Optimizer):
    """Divides each gradient by the root of the sum of all past squares.

    `accumulator += gradient²` and
    `parameter -= learning_rate * gradient / sqrt(accumulator + epsilon)`.

    Args:
        learning_rate: number, schedule, or function without arguments.
        initial_accumulator_value: where the sums start; not negative.
        epsilon: avoids division by zero.
        Others: as for `Optimizer`.

    Reference: Duchi, Hazan and Singer 2011, "Adaptive Subgradient Methods".

    Example:
        >>> v = keras.Variable([1.0, 2.0])
        >>> keras.optimizers.Adagrad(0.1, 0.0).apply([np.array([4.0, -5.0])], [v])
        >>> print(v.numpy().round(4))
        [0.9 2.1]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
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
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def slot_groups(self, variable: Variable) -> list[dict[str, Any]]:
        return [{"accumulator": Constant(self.initial_accumulator_value)}]

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        total = slots[0] + ops.square(gradient)
        return parameter - now * gradient / ops.sqrt(total + self.epsilon), total


class Adadelta(Optimizer):
    """Gradients in units of the changes that were made: no rate to tune.

    `a = rho * a + (1 - rho) * gradient²`,
    `change = -gradient * sqrt(d + epsilon) / sqrt(a + epsilon)`,
    `d = rho * d + (1 - rho) * change²`, `parameter += learning_rate * change`.

    Args:
        learning_rate: number, schedule, or function without arguments; the paper's
            rule has 1.
        rho: how much of the past is kept.
        epsilon: avoids division by zero, and gets the first step going.
        Others: as for `Optimizer`.

    Reference: Zeiler 2012, arXiv:1212.5701.

    Example:
        >>> v = keras.Variable([1.0, 2.0])
        >>> optimizer = keras.optimizers.Adadelta(1.0, rho=0.75, epsilon=0.01)
        >>> optimizer.apply([np.array([4.0, -5.0])], [v])
        >>> print(v.numpy().round(3))
        [0.8 2.2]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
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
        self.rho = rho
        self.epsilon = epsilon

    def slot_groups(self, variable: Variable) -> list[dict[str, Any]]:
        return [{"accumulated_grad": "zeros", "accumulated_delta_var": "zeros"}]

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        squares, changes = slots
        squares = self.rho * squares + (1 - self.rho) * ops.square(gradient)
        ratio = ops.sqrt(changes + self.epsilon) / ops.sqrt(squares + self.epsilon)
        change = -ratio * gradient
        changes = self.rho * changes + (1 - self.rho) * ops.square(change)
        return parameter + now * change, squares, changes


class Ftrl(Optimizer):
    """Follow the regularized leader: sparse solutions for huge, shallow models.

    With `g = gradient + 2 * l2_shrinkage * parameter`, `n` the sum of squared
    gradients and `p = -learning_rate_power`:
    `linear += g - (n_new**p - n**p) / learning_rate * parameter`,
    `quadratic = n_new**p / learning_rate + 2 * l2 + beta / learning_rate`,
    `parameter = (clip(linear, -l1, l1) - linear) / quadratic`.

    Args:
        learning_rate: number, schedule, or function without arguments.
        learning_rate_power: not positive; 0 for a rate that does not fall.
        initial_accumulator_value: where `n` starts; not negative.
        l1_regularization_strength: `l1`; not negative.
        l2_regularization_strength: `l2`; not negative.
        l2_shrinkage_regularization_strength: `l2_shrinkage`; not negative.
        beta: the paper's beta.
        Others: as for `Optimizer`.

    Raises:
        ValueError: for an argument of the wrong sign.

    Reference: McMahan et al. 2013, "Ad Click Prediction: a View from the Trenches".

    Example:
        >>> v = keras.Variable([0.0, 0.0])
        >>> optimizer = keras.optimizers.Ftrl(0.5, l1_regularization_strength=0.1)
        >>> optimizer.apply([np.array([3.0, -0.05])], [v])
        >>> print(v.numpy().round(3))
        [-0.481  0.   ]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
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
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        for argument in (
            "initial_accumulator_value",
            "l1_regularization_strength",
            "l2_regularization_strength",
            "l2_shrinkage_regularization_strength",
        ):
            value = getattr(self, argument)
            arguments.require(value >= 0, argument, "positive or zero", value)
        power = learning_rate_power
        text = "negative or zero"
        arguments.require(power <= 0, "learning_rate_power", text, power)

    def slot_groups(self, variable: Variable) -> list[dict[str, Any]]:
        start = Constant(self.initial_accumulator_value)
        return [{"accumulator": start, "linear": "zeros"}]

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        total, linear = slots
        new_total = total + ops.square(gradient)
        power, new_power = (
            ops.power(n, -self.learning_rate_power) for n in (total, new_total)
        )
        shrinkage = 2.0 * self.l2_shrinkage_regularization_strength
        linear = linear + gradient + shrinkage * parameter
        linear = linear - (new_power - power) / now * parameter
        quadratic = (
            new_power + self.beta
        ) / now + 2.0 * self.l2_regularization_strength
        limit = self.l1_regularization_strength
        inside = ops.clip(linear, -limit, limit)
        return (inside - linear) / quadratic, new_total, linear


class Lion(Optimizer):
    """Steps of one size: the sign of a momentum.

    `parameter -= learning_rate * sign(beta_1 * m + (1 - beta_1) * gradient)` and
    `m = beta_2 * m + (1 - beta_2) * gradient`.

    Args:
        learning_rate: number, schedule, or function without arguments; 3 to 10 times
            smaller than Adam's.
        beta_1: weight of the momentum in the step; in (0, 1].
        beta_2: how much of the past the momentum keeps.
        Others: as for `Optimizer`.

    Reference: Chen et al. 2023, arXiv:2302.06675.

    Example:
        >>> v = keras.Variable([1.0, 2.0])
        >>> keras.optimizers.Lion(0.25).apply([np.array([4.0, -5.0])], [v])
        >>> v.numpy().tolist()
        [0.75, 2.25]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
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
        text = "in the range (0, 1]; at 0 this is the sign of the gradient"
        arguments.require(0 < beta_1 <= 1, "beta_1", text, beta_1)

    def slot_groups(self, variable: Variable) -> list[dict[str, Any]]:
        return [{"momentum": "zeros"}]

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        (momentum,) = slots
        sign = ops.sign(self.beta_1 * momentum + (1 - self.beta_1) * gradient)
        momentum = self.beta_2 * momentum + (1 - self.beta_2) * gradient
        return parameter - now * sign, momentum
