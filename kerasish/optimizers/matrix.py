"""Optimizers that treat a matrix as a matrix, not as a bag of numbers."""

import re
from typing import Any

from .. import ops
from ..graph import Tensor
from ..variable import Variable
from . import arguments
from .adam import follow
from .optimizer import Optimizer


class Adafactor(Optimizer):
    """Adam's mean squares of a matrix kept as one number per row and per column.

    In step `t`, with `b = 1 - t**beta_2_decay` and `s = gradient² + epsilon_1`:
    `row = b * row + (1 - b) * mean(s over columns)`, `column` alike,
    `velocity = row * column / mean(row)` (of a vector: a running mean of `s`),
    `u = gradient / sqrt(velocity)`, `u /= max(1, rms(u) / clip_threshold)`,
    `parameter -= max(epsilon_2, rms(parameter)) * rate * u`, where `rate` is
    `min(learning_rate, 1 / sqrt(t))`. Only the last two axes are factored.

    Args:
        learning_rate: number, schedule, or function without arguments.
        beta_2_decay: how fast `b` goes to 1.
        epsilon_1: avoids division by zero.
        epsilon_2: the least length of a parameter that counts.
        clip_threshold: largest root mean square of `u`.
        relative_step: False: `rate` is the learning rate itself.
        Others: as for `Optimizer`.

    Reference: Shazeer and Stern 2018, arXiv:1804.04235.

    Example:
        >>> v = keras.Variable([[1.0, 1.0], [1.0, 1.0]])
        >>> keras.optimizers.Adafactor(0.25).apply([np.array([[2.0, 2], [4, 4]])], [v])
        >>> print(v.numpy().round(4))
        [[0.75 0.75]
         [0.75 0.75]]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
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
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def _create_slots(self, variables: list[Variable]) -> list[list[Variable]]:
        slots: list[list[Variable]] = []
        for variable in variables:
            name, shape = variable.name, variable.shape
            if variable.overwrite_with_gradient:
                slots.append([])
                continue
            if len(shape) < 2:  # placeholders, as in Keras's files
                factors = [Variable(0, trainable=False, name=name) for _ in range(2)]
                self._variables.extend(factors)
            else:
                factors = [
                    self.add_variable(part, dtype=variable.dtype, name=name)
                    for part in (shape[:-1], (*shape[:-2], shape[-1]))
                ]
            velocity = self.add_variable_from_reference(variable, "velocity")
            slots.append([*factors, velocity])
        return slots

    def prepare(self, step: Tensor, learning_rate: Tensor) -> Any:
        if self.relative_step:
            learning_rate = ops.minimum(learning_rate, 1.0 / ops.sqrt(step))
        return learning_rate, 1.0 - ops.power(step, self.beta_2_decay)

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        learning_rate, keep = now
        row, column, velocity = slots
        square = ops.square(gradient) + self.epsilon_1
        if len(parameter.shape) < 2:
            velocity = keep * velocity + (1 - keep) * square
        else:
            row = keep * row + (1 - keep) * ops.mean(square, axis=-1)
            column = keep * column + (1 - keep) * ops.mean(square, axis=-2)
            share = row / ops.mean(row, axis=-1, keepdims=True)
            velocity = ops.expand_dims(share, -1) * ops.expand_dims(column, -2)
        change = gradient / ops.sqrt(velocity)
        change = change / ops.maximum(1.0, _rms(change) / self.clip_threshold)
        length = ops.maximum(self.epsilon_2, _rms(parameter))
        return parameter - length * learning_rate * change, row, column, velocity


def _rms(x: Tensor) -> Tensor:
    return ops.sqrt(ops.mean(ops.square(x)))


class Muon(Optimizer):
    """Momentum of a matrix made orthogonal; Adam for everything that is not a matrix.

    `m = momentum * m + gradient`, `s = gradient + momentum * m` (`s = m` without
    `nesterov`), `parameter -= learning_rate * rms_rate * sqrt(max(shape)) * O(s)`,
    where `O` brings all singular values near 1: `ns_steps` times
    `X = a X + (b X Xᵀ + c (X Xᵀ)²) X`, from `X = s / |s|`.

    Args:
        learning_rate: number, schedule, or function without arguments.
        adam_beta_1: `beta_1` of Adam.
        adam_beta_2: `beta_2` of Adam.
        adam_weight_decay: weight decay of the parameters that Adam updates.
        epsilon: of Adam.
        weight_decay: of the matrices.
        exclude_layers: regular expressions; Adam updates parameters whose path contains
            a match. The output layer is usually excluded.
        exclude_embeddings: Adam updates what has "embedding" in its path.
        muon_a: `a`.
        muon_b: `b`.
        muon_c: `c`.
        adam_lr_ratio: Adam's learning rate as a multiple of Muon's.
        momentum: how much of the past is kept.
        ns_steps: number of iterations.
        nesterov: look ahead along the momentum.
        rms_rate: size of an update's elements as a fraction of the learning rate, which
            makes Adam's rates fit (arXiv:2502.16982); None: `O(s)` as it is.
        Others: as for `Optimizer`.

    Reference: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/.

    Example:
        >>> v = keras.Variable([[1.0, 0.0], [0.0, 1.0]])
        >>> optimizer = keras.optimizers.Muon(0.5, weight_decay=None, rms_rate=None)
        >>> optimizer.apply([np.array([[1.0, 0.0], [0.0, 9.0]])], [v])
        >>> print(v.numpy().round(1))
        [[0.6 0. ]
         [0.  0.6]]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        exclude_layers: list[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.775,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **arguments.shared(locals()))
        self.adam_beta_1 = adam_beta_1
        self.adam_beta_2 = adam_beta_2
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = epsilon
        self.exclude_layers = exclude_layers or []
        self.exclude_embeddings = exclude_embeddings
        self.muon_a = muon_a
        self.muon_b = muon_b
        self.muon_c = muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = momentum
        self.ns_steps = ns_steps
        self.nesterov = nesterov
        self.rms_rate = rms_rate

    def _uses_adam(self, variable: Variable) -> bool:
        if len(variable.shape) != 2:
            return True
        if self.exclude_embeddings and "embedding" in variable.path.lower():
            return True
        return any(re.search(word, variable.path) for word in self.exclude_layers)

    def _decay_of(self, variable: Variable) -> float | None:
        if self._uses_adam(variable) and self._use_weight_decay(variable):
            return self.adam_weight_decay
        return super()._decay_of(variable)

    def slot_groups(self, variable: Variable) -> list[dict[str, Any]]:
        if self._uses_adam(variable):
            return [{"momentum": "zeros", "velocity": "zeros"}]
        return [{"momentum": "zeros"}]

    def prepare(self, step: Tensor, learning_rate: Tensor) -> Any:
        betas = self.adam_beta_1, self.adam_beta_2
        first, second = (1 - ops.power(beta, step) for beta in betas)
        adam_rate = learning_rate * self.adam_lr_ratio
        return learning_rate, adam_rate * ops.sqrt(second) / first

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        rate, adam_rate = now
        if len(slots) == 2:
            mean = follow(slots[0], gradient, self.adam_beta_1)
            size = follow(slots[1], ops.square(gradient), self.adam_beta_2)
            change = adam_rate * mean / (ops.sqrt(size) + self.epsilon)
            return parameter - change, mean, size
        momentum = self.momentum * slots[0] + gradient
        ahead = gradient + self.momentum * momentum if self.nesterov else momentum
        change = rate * self._orthogonal(ahead)
        if self.rms_rate is not None:
            change = change * (max(parameter.shape) ** 0.5 * self.rms_rate)
        return parameter - change, momentum

    def _orthogonal(self, x: Tensor) -> Tensor:
        tall = x.shape[0] > x.shape[1]
        x = ops.transpose(x) if tall else x  # then X Xᵀ is the smaller product
        x = x / (ops.sqrt(ops.sum(ops.square(x))) + 1e-7)
        for _ in range(self.ns_steps):
            gram = ops.matmul(x, ops.transpose(x))
            inner = self.muon_b * gram + self.muon_c * ops.matmul(gram, gram)
            x = self.muon_a * x + ops.matmul(inner, x)
        return ops.transpose(x) if tall else x
