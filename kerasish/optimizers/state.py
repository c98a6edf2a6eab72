"""The variables that an optimizer owns: creating, listing, saving and loading them."""

import warnings
from collections.abc import Sequence
from typing import Any

from .. import config as settings
from .. import registry
from ..variable import Variable, setting


class Stateful(registry.Configurable):
    """Owns variables, in the order of their creation."""

    name: str
    built = False
    _variables: list[Variable]

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own variables: counter, learning rate, then the slots."""
        return list(self._variables)

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Create a variable that belongs to the optimizer.

        Args:
            shape: its shape.
            initializer: an initializer, its name, or a function of (shape, dtype).
            dtype: default: `floatx()`.
            aggregation: how replicas on several devices are combined.
            layout: of the tensor over devices.
            name: default: numbered.
        """
        initializer = registry.namespace("initializers")["get"](initializer)
        with setting(path=(self.name,)):
            variable = Variable(
                initializer,
                shape,
                dtype or settings.floatx(),
                trainable=False,
                aggregation=aggregation,
                layout=layout,
                name=name,
            )
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(
        self,
        reference_variable: Variable,
        name: str | None = None,
        initializer: Any = "zeros",
    ) -> Variable:
        """Create a variable like a parameter: same shape and dtype.

        Args:
            reference_variable: the parameter.
            name: what is appended to the parameter's path for a name; default `"var"`.
            initializer: as in `add_variable`.
        """
        path = reference_variable.path.replace("/", "_")
        return self.add_variable(
            reference_variable.shape,
            initializer,
            reference_variable.dtype,
            layout=reference_variable.layout,
            name=f"{path}_{name or 'var'}",
        )

    def add_optimizer_variables(
        self,
        trainable_variables: Sequence[Variable],
        name: str | Sequence[str],
        initializer: Any = "zeros",
    ) -> Any:
        """Create one variable, or several, like each of the parameters.

        Args:
            trainable_variables: the parameters.
            name: one name, or a list of names.
            initializer: one for all, or a list, one for each name.

        Returns:
            A list with a variable for each parameter, `None` where the parameter is
            overwritten by its gradient; for several names, a tuple of such lists.

        Raises:
            ValueError: if there are not as many initializers as names.
        """
        names = [name] if isinstance(name, str) else list(name)
        if not isinstance(initializer, (list, tuple)):
            initializer = [initializer] * len(names)
        if len(names) != len(initializer):
            raise ValueError(
                f"`initializer` must be one for each name: got {len(names)} names "
                f"{name!r} and {len(initializer)} initializers {initializer!r}."
            )
        made: tuple[list[Any], ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for part, its_name, its_initializer in zip(made, names, initializer):
                part.append(
                    None
                    if variable.overwrite_with_gradient
                    else self.add_variable_from_reference(
                        variable, its_name, its_initializer
                    )
                )
        return made[0] if isinstance(name, str) else made

    def _counter(self, name: str, value: float, dtype: str) -> Variable:
        with setting(path=(self.name,)):
            return Variable(
                value,
                dtype=dtype,
                trainable=False,
                aggregation="only_first_replica",
                name=name,
            )

    def __setattr__(self, name: str, value: Any) -> None:
        if "_variables" not in self.__dict__:
            raise RuntimeError(
                f"Optimizer `{type(self).__name__}`: call `super().__init__(...)` as "
                "the first statement of `__init__`."
            )
        if isinstance(value, Variable) and all(value is not v for v in self._variables):
            self._variables.append(value)
        super().__setattr__(name, value)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the values of all `variables`, in their order."""
        if not self.built:
            raise ValueError(
                f"Optimizer `{self.name}` must be built before `set_weights`: call "
                "`optimizer.build(trainable_variables)`."
            )
        variables = self.variables
        if len(weights) != len(variables):
            raise ValueError(
                f"Optimizer `{self.name}` has {len(variables)} variables "
                f"{[v.path for v in variables]}, got {len(weights)} values."
            )
        for variable, weight in zip(variables, weights):
            variable.assign(weight)

    def save_own_variables(self, store: Any) -> None:
        """Write the values of `variables` to a mapping, under "0", "1" ..."""
        for number, variable in enumerate(self.variables):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote; warn and skip if it does not fit."""
        variables = self.variables
        if len(store.keys()) != len(variables):
            warnings.warn(
                f"Skipping variable loading for optimizer `{self.name}`: it has "
                f"{len(variables)} variables, the saved one has {len(store.keys())}."
                + ("" if self.built else " It is not built yet: call `build` first."),
                stacklevel=2,
            )
            return
        for number, variable in enumerate(variables):
            variable.assign(store[str(number)])
