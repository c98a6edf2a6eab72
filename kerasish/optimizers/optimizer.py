"""The base of all optimizers: everything about them but the rule of the update.

An optimizer of ours states its slots (`slot_groups`) and one pure function (`update`).
The base creates the slots and applies, in this order: gradients that are missing or
overwrite, the loss scale, accumulation, clipping, weight decay, the update, averaging,
constraints. It is ordinary code that reads and assigns `Variable`s, so it runs eagerly
and, under `functional`, compiled.
"""

import re
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

from .. import config as settings
from .. import ops, registry
from ..graph import Tensor
from ..variable import Variable, functional
from . import arguments, gradients
from .schedules import LearningRateSchedule
from .state import Stateful

__all__ = ["Optimizer"]


class Optimizer(Stateful):
    """Base of the optimizers, and what each of them can do.

    In one step: `gradient = clip(gradient / loss_scale_factor)`,
    `parameter -= learning_rate * weight_decay * parameter`, then the rule of the class.

    To write your own, override `build` (create variables) and `update_step` (assign
    them), as in the example.

    Args:
        learning_rate: a number, a schedule, or a function without arguments.
        weight_decay: number, or `None` for no decay.
        clipnorm: largest Euclidean norm of each single gradient.
        clipvalue: largest absolute value of each element of a gradient.
        global_clipnorm: largest norm of all gradients taken together. Only one of the
            three may be given; `None` and 0 mean no clipping.
        use_ema: keep an exponential moving average of each parameter:
            `average = ema_momentum * average + (1 - ema_momentum) * parameter`.
        ema_momentum: between 0 and 1.
        ema_overwrite_frequency: put the averages in the parameters' place every so many
            steps; `None`: only at the end, by `finalize_variable_values`.
        loss_scale_factor: multiplies the loss (`scale_loss`) and divides the gradients,
            against underflow in 16 bits.
        gradient_accumulation_steps: update only every so many calls, from the mean of
            their gradients. `None`: at each call.
        name: default: the class's name in snake case.

    Raises:
        ValueError: for an unknown argument or one out of its range.

    Example:
        >>> class Plain(keras.optimizers.Optimizer):
        ...     def update_step(self, gradient, variable, learning_rate):
        ...         self.assign_sub(variable, learning_rate * gradient)
        >>> v = keras.Variable([1.0, 2.0])
        >>> Plain(0.5).apply([np.array([2.0, 2.0])], [v]); v.numpy().tolist()
        [0.0, 1.0]
    """

    def __init__(
        self,
        learning_rate: Any,
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
        self.__dict__["_variables"] = []
        arguments.refuse(type(self), kwargs)
        self.name = name or registry.unique_name(type(self).__name__)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        arguments.check(self.__dict__)
        self.built = False
        self._trainable_variables: list[Variable] = []
        self._index: dict[int, int] = {}
        self._undecayed: list[Variable] = []
        self._undecayed_names: list[str] = []
        self._iterations = self._counter("iteration", 0, "int32")
        self._learning_rate = self._as_learning_rate(learning_rate)

    # --- the rule: what our own classes define ---------------------------------------

    def slot_groups(self, variable: Variable) -> list[dict[str, Any]]:
        """Return the slots of a parameter: name -> initializer.

        The groups only fix the order in which the variables of all parameters are
        created: those of one group side by side.
        """
        return []

    def prepare(self, step: Tensor, learning_rate: Tensor) -> Any:
        """Return what is the same for all parameters in one step.

        Args:
            step: number of this update, from 1, as a float scalar.
            learning_rate: float scalar.
        """
        return learning_rate

    def update(
        self, now: Any, gradient: Tensor, parameter: Tensor, *slots: Tensor
    ) -> tuple[Tensor, ...]:
        """Return the new parameter and its new slots: a pure function.

        Args:
            now: what `prepare` returned.
            gradient: array of the parameter's shape and dtype.
            parameter: the old value.
            *slots: the old values, in the order of `slot_groups`.
        """
        raise NotImplementedError(
            f"Optimizer `{type(self).__name__}` must override "
            "`update_step(self, gradient, variable, learning_rate)`."
        )

    # --- variables -------------------------------------------------------------------

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the optimizer's variables for a list of parameters.

        Args:
            variables: what `apply` will be given gradients for, in this order.
        """
        if self.built:
            return
        variables = list(variables)
        self._trainable_variables = variables
        self._index = {id(v): i for i, v in enumerate(variables)}
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            name = "gradient_accumulator"
            self._accumulators = [
                self.add_variable_from_reference(v, name) for v in variables
            ]
        self._slots = self._create_slots(variables)
        self.built = True

    def _create_slots(self, variables: list[Variable]) -> list[list[Variable]]:
        groups = [
            [] if v.overwrite_with_gradient else self.slot_groups(v) for v in variables
        ]
        slots: list[list[Variable]] = [[] for _ in variables]
        for number in range(max(map(len, groups), default=0)):
            for variable, mine, group in zip(variables, slots, groups):
                names = group[number] if number < len(group) else {}
                mine += [
                    self.add_variable_from_reference(variable, name, initializer)
                    for name, initializer in names.items()
                ]
        return slots

    def __setstate__(self, saved: dict[str, Any]) -> None:
        self.__dict__.update(saved)
        self._index = {id(v): i for i, v in enumerate(self._trainable_variables)}

    def _get_variable_index(self, variable: Variable) -> int:
        if id(variable) not in self._index:
            raise ValueError(
                f"Unknown variable: `{variable.path}`. Optimizer `{self.name}` was "
                f"built for {[v.path for v in self._trainable_variables]}; it serves "
                "only these. Make a new optimizer for other variables."
            )
        return self._index[id(variable)]

    @property
    def iterations(self) -> Any:
        """Number of updates done: an int32 scalar."""
        if self.gradient_accumulation_steps:
            return ops.floor_divide(self._iterations, self.gradient_accumulation_steps)
        return self._iterations

    @property
    def learning_rate(self) -> Any:
        """The current learning rate: a Variable or, from a schedule, an array.

        Assign a number to change it (nothing is compiled anew), or a schedule.
        """
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self._iterations)
        return rate if isinstance(rate, Variable) else rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        old = self._learning_rate
        if callable(learning_rate):
            self._learning_rate = learning_rate
            self._variables[:] = [v for v in self._variables if v is not old]
        elif isinstance(old, Variable):
            old.assign(learning_rate)
        else:
            raise TypeError(
                f"The learning rate of optimizer `{self.name}` is given by {old!r}, "
                f"so it cannot be set to the number {learning_rate!r}. Make the "
                "optimizer with a number as `learning_rate`, or set a schedule."
            )

    lr = learning_rate  # its name in Keras 1 and 2

    def _as_learning_rate(self, value: Any) -> Any:
        if callable(value):
            return value
        number = hasattr(value, "dtype") and getattr(value, "shape", None) == ()
        if isinstance(value, bool) or not (isinstance(value, Real) or number):
            raise ValueError(
                "`learning_rate` must be a number, a `LearningRateSchedule` or a "
                f"function without arguments. Got {value!r} of type "
                f"{type(value).__name__}."
            )
        return self._counter("learning_rate", float(value), settings.floatx())

    # --- one step --------------------------------------------------------------------

    def apply(
        self,
        grads: Iterable[Any],
        trainable_variables: Iterable[Variable] | None = None,
    ) -> None:
        """Update parameters by their gradients, in place.

        Args:
            grads: one array for each parameter, or `None` for a parameter to leave.
            trainable_variables: the parameters; default: those it was built with. The
                first call builds the optimizer.

        Raises:
            ValueError: if gradients and parameters do not fit, or all are `None`.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._match(grads, trainable_variables)
        pairs = self._overwrite(gradients.present(grads, variables))
        if pairs:
            grads, variables = map(list, zip(*pairs))
            if self.loss_scale_factor is not None:
                grads = [g / self.loss_scale_factor for g in grads]
            self._apply(grads, variables)
            for variable in variables:
                if variable.constraint is not None:
                    variable.assign(variable.constraint(variable.value))
        self._iterations.assign_add(1)

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[Any, Variable]]
    ) -> Variable:
        """Update parameters from pairs (gradient, parameter); see `apply`."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def stateless_apply(
        self,
        optimizer_variables: Sequence[Any],
        grads: Sequence[Any],
        trainable_variables: Sequence[Any],
    ) -> tuple[list[Any], list[Any]]:
        """Do a step as a pure function: for `jit`, `scan` and the like.

        Args:
            optimizer_variables: values of `optimizer.variables`.
            grads: one array for each parameter.
            trainable_variables: values of the parameters it was built with.

        Returns:
            New values of the parameters and of `optimizer.variables`.
        """
        if not self.built:
            raise ValueError(
                f"Optimizer `{self.name}` must be built before `stateless_apply`: call "
                "`optimizer.build(trainable_variables)`."
            )
        parameters, own = self._trainable_variables, self.variables
        for what, values, expected in (
            ("optimizer_variables", optimizer_variables, own),
            ("trainable_variables", trainable_variables, parameters),
        ):
            if len(values) != len(expected):
                raise ValueError(
                    f"`{what}` must hold {len(expected)} arrays, one for each of "
                    f"{[v.path for v in expected]}. Got {len(values)}."
                )
        pure = functional(lambda: self.apply(grads), [*parameters, *own])
        values = pure([*trainable_variables, *optimizer_variables])[1]
        return values[: len(parameters)], values[len(parameters) :]

    def update_step(
        self, gradient: Tensor, variable: Variable, learning_rate: Tensor
    ) -> None:
        """Update one parameter; to be overridden in optimizers of your own.

        Args:
            gradient: array of the parameter's shape.
            variable: the parameter.
            learning_rate: the current rate, a scalar.
        """
        now = self._prepared(learning_rate, variable.dtype)
        self._update_one(now, gradient, variable)

    def assign(self, variable: Variable, value: Any) -> None:
        """Replace the value of a parameter or an own variable."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to the value of a parameter or an own variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from the value of a parameter or an own variable."""
        variable.assign_sub(value)

    def _match(self, grads: list[Any], variables: Any) -> list[Variable]:
        """The parameters that the gradients belong to; builds if need be."""
        if variables is None and not self.built:
            raise ValueError(
                f"Optimizer `{self.name}` got gradients without variables before it "
                "was built. Pass `trainable_variables`, or call "
                "`optimizer.build(trainable_variables)` first."
            )
        variables = list(self._trainable_variables if variables is None else variables)
        if not self.built:
            self.build(variables)
            self.built = True
        if len(grads) != len(variables):
            raise ValueError(
                f"Optimizer `{self.name}` got {len(grads)} gradients for "
                f"{len(variables)} variables {[v.path for v in variables]}; it needs "
                "one for each, `None` for a variable to leave."
            )
        for variable in variables:
            self._get_variable_index(variable)
        return variables

    def _overwrite(
        self, pairs: list[tuple[Any, Variable]]
    ) -> list[tuple[Any, Variable]]:
        """Assign "gradients" that are the next value itself (scales of float8).

        Returns:
            The other pairs.
        """
        for gradient, variable in pairs:
            if not variable.overwrite_with_gradient:
                continue
            if self.gradient_accumulation_steps:
                largest = self._accumulators[self._get_variable_index(variable)]
                seen, due = ops.maximum(gradient, largest), self._is_due()
                largest.assign(ops.where(due, ops.zeros_like(seen), seen))
                gradient = ops.where(due, seen, variable)
            variable.assign(gradient)
        return [pair for pair in pairs if not pair[1].overwrite_with_gradient]

    def _is_due(self) -> Tensor:
        """Whether this call completes an accumulation."""
        return (self._iterations.value + 1) % self.gradient_accumulation_steps == 0

    def _apply(self, grads: list[Any], variables: list[Variable]) -> None:
        learning_rate = ops.convert_to_tensor(self.learning_rate)
        if self.gradient_accumulation_steps:
            self._accumulate(grads, variables, learning_rate)
        else:
            self._step(grads, variables, learning_rate)
        if self.use_ema:
            self._average()

    def _accumulate(
        self, grads: list[Any], variables: list[Variable], learning_rate: Tensor
    ) -> None:
        totals = [self._accumulators[self._get_variable_index(v)] for v in variables]
        for total, gradient in zip(totals, grads):
            total.assign_add(gradient)

        def step() -> None:
            count = self.gradient_accumulation_steps
            self._step(
                [total.value / count for total in totals], variables, learning_rate
            )
            for total in totals:
                total.assign(ops.zeros_like(total))

        ops.cond(self._is_due(), step, lambda: None)

    def _step(
        self, grads: list[Any], variables: list[Variable], learning_rate: Tensor
    ) -> None:
        limits = self.clipnorm, self.clipvalue, self.global_clipnorm
        grads = gradients.clip(grads, *limits)
        for variable in variables:
            decay = self._decay_of(variable)
            if decay is not None:
                value = variable.value
                variable.assign(value - value * (decay * learning_rate))
        self._update(grads, variables, learning_rate)

    def _update(
        self, grads: list[Any], variables: list[Variable], learning_rate: Tensor
    ) -> None:
        if type(self).update_step is not Optimizer.update_step:
            for gradient, variable in zip(grads, variables):
                self.update_step(gradient, variable, learning_rate)
            return
        prepared: dict[bool, Any] = {}
        for gradient, variable in zip(grads, variables):
            double = variable.dtype == "float64"
            if double not in prepared:
                prepared[double] = self._prepared(learning_rate, variable.dtype)
            self._update_one(prepared[double], gradient, variable)

    def _prepared(self, learning_rate: Tensor, dtype: str) -> Any:
        # In 16 bits 0.999 is 1 and step 257 is step 256, so never less than 32.
        dtype = "float64" if dtype == "float64" else "float32"
        step = ops.cast(self.iterations, dtype) + 1.0
        return self.prepare(step, ops.cast(learning_rate, dtype))

    def _update_one(self, now: Any, gradient: Tensor, variable: Variable) -> None:
        slots = self._slots[self._get_variable_index(variable)]
        gradient = ops.cast(gradient, variable.dtype)
        new = self.update(
            now, gradient, variable.value, *[slot.value for slot in slots]
        )
        for target, value in zip((variable, *slots), new):
            target.assign(value)

    # --- weight decay and averaging --------------------------------------------------

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[Variable] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Say which parameters do not decay; to be called before training.

        Args:
            var_list: parameters.
            var_names: regular expressions; a parameter whose name contains a match is
                excluded, so `["bias"]` excludes all biases.
        """
        self._undecayed = list(var_list or ())
        self._undecayed_names = list(var_names or ())

    def _use_weight_decay(self, variable: Variable) -> bool:
        listed = any(variable is v for v in self._undecayed)
        return not listed and not any(
            re.search(pattern, variable.name) for pattern in self._undecayed_names
        )

    def _decay_of(self, variable: Variable) -> float | None:
        return self.weight_decay if self._use_weight_decay(variable) else None

    def _average(self) -> None:
        """Move the averages; put them in the parameters' place when it is time."""
        done = ops.convert_to_tensor(self.iterations)
        momentum = ops.where(done == 0, 0.0, self.ema_momentum)
        frequency = self.ema_overwrite_frequency
        for variable, average in zip(self._trainable_variables, self._averages):
            if average is None:
                continue
            keep = ops.cast(momentum, variable.dtype)
            average.assign(keep * average.value + (1 - keep) * variable.value)
            if frequency:
                due = (done + 1) % frequency == 0
                variable.assign(ops.where(due, average, variable))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Put the averages in the parameters' place, if there are any.

        Args:
            var_list: the parameters it was built with.
        """
        if not self.use_ema:
            return
        if len(var_list) != len(self._averages):
            raise ValueError(
                f"Optimizer `{self.name}` keeps averages of {len(self._averages)} "
                f"variables, got {len(var_list)} to overwrite: "
                f"{[v.path for v in var_list]}."
            )
        for variable in var_list:
            average = self._averages[self._get_variable_index(variable)]
            if average is not None:
                variable.assign(average)

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Multiply the loss by `loss_scale_factor`, if there is one."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # --- state and config ------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values, without the state."""
        rate = self._learning_rate
        if isinstance(rate, Variable):
            rate = float(rate.numpy())
        return {
            "name": self.name,
            "learning_rate": registry.serialize_keras_object(rate),
            **registry.config_of(self, skip=("name", "learning_rate")),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Any:
        """Make an optimizer from its config; those of Keras 1 and 2 are understood.

        Args:
            config: what `get_config` returned.
            custom_objects: names of your own classes -> the classes.
        """
        config = {
            key: registry.deserialize_keras_object(value, custom_objects)
            for key, value in arguments.translated(config).items()
        }
        return cls(**config)
