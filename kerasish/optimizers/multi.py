"""Several optimizers for one model, each for some of its parameters."""

import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from typing import Any

from .. import registry
from ..variable import Variable
from .loss_scale import LossScaleOptimizer
from .optimizer import Optimizer

__all__ = ["MultiOptimizer", "OptimizerMap"]


def _check(optimizer: Any, what: str) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise ValueError(
            f"{what} must be a Keras Optimizer instance, got {optimizer!r} of type "
            f"{type(optimizer).__name__}."
        )
    if isinstance(optimizer, (LossScaleOptimizer, MultiOptimizer)):
        raise ValueError(
            f"{what} cannot be {type(optimizer).__name__}: wrap the `MultiOptimizer` "
            "as a whole instead."
        )
    return optimizer


class OptimizerMap(MutableMapping[str, Optimizer]):
    """Regular expressions for paths of variables -> optimizers.

    A path is looked up as it is first, then as a full match of the expressions; the
    default serves the rest.

    Args:
        default_optimizer: for variables that match nothing.
        optimizer_map: dict, expression -> optimizer.

    Raises:
        TypeError: if `default_optimizer` is no optimizer or `optimizer_map` no dict.

    Example:
        >>> table = keras.optimizers.OptimizerMap(keras.optimizers.SGD())
        >>> table["encoder/.*"] = keras.optimizers.Adam()
        >>> [type(table[path]).__name__ for path in ("encoder/kernel", "kernel")]
        ['Adam', 'SGD']
    """

    def __init__(
        self,
        default_optimizer: Optimizer,
        optimizer_map: dict[str, Optimizer] | None = None,
    ) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(
                "`default_optimizer` must be a Keras Optimizer instance, got "
                f"{default_optimizer!r}."
            )
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(f"`optimizer_map` must be a dict, got {optimizer_map!r}.")
        self.default_optimizer = default_optimizer
        self.optimizer_map = optimizer_map or {}

    def __getitem__(self, key: str) -> Optimizer:
        if key in self.optimizer_map:
            return self.optimizer_map[key]
        found = [
            pattern for pattern in self.optimizer_map if re.fullmatch(pattern, key)
        ]
        if len(found) > 1:
            raise ValueError(
                f"Multiple optimizers assigned to variable `{key}`: the expressions "
                f"{found} all match. Make them exclude each other."
            )
        return self.optimizer_map[found[0]] if found else self.default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if not isinstance(key, str):
            raise ValueError(f"A key must be a string (a path), got {key!r}.")
        if key in self.optimizer_map:
            raise ValueError(
                f"'{key}' already exists in the OptimizerMap with value "
                f"{self.optimizer_map[key]}. Delete it first."
            )
        self.optimizer_map[key] = _check(optimizer, f"The optimizer for '{key}'")

    def __delitem__(self, key: str) -> None:
        del self.optimizer_map[key]

    def __len__(self) -> int:
        return len(self.optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self.optimizer_map)

    def __call__(self, variable: Variable) -> Optimizer:
        return self[variable.path]

    def get_config(self) -> dict[str, Any]:
        """Return the configs of the optimizers."""
        return registry.config_of(self)

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> "OptimizerMap":
        """Make the map that `get_config` described."""
        return cls(**registry.deserialize_keras_object(config, custom_objects))


class MultiOptimizer(Optimizer):
    """Hands each parameter to the optimizer that is chosen for it.

    It has no learning rate of its own: see `optimizers`.

    Args:
        optimizer_map: an `OptimizerMap`, or a function of a variable that returns an
            optimizer.
        loss_scale_factor: as for `Optimizer`; set on all optimizers.
        name: default: `"multi_optimizer"`.

    Example:
        >>> table = keras.optimizers.OptimizerMap(keras.optimizers.SGD(1.0),
        ...     {"slow": keras.optimizers.SGD(0.25)})
        >>> v, slow = keras.Variable(1.0, name="v"), keras.Variable(1.0, name="slow")
        >>> keras.optimizers.MultiOptimizer(table).apply([1.0, 1.0], [v, slow])
        >>> float(v), float(slow)
        (0.0, 0.75)
    """

    optimizers: list[Optimizer]

    def __init__(
        self,
        optimizer_map: OptimizerMap | Callable[[Variable], Optimizer],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        self.__dict__["optimizers"] = []
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self.optimizer_map = optimizer_map
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in (*optimizer_map.values(), optimizer_map.default_optimizer):
                self._add(optimizer)

    def _add(self, optimizer: Optimizer) -> None:
        if all(optimizer is not known for known in self.optimizers):
            optimizer.loss_scale_factor = self.loss_scale_factor
            self.optimizers.append(optimizer)

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        self._chosen: dict[int, Optimizer] = {}
        for variable in variables:
            chosen = self.optimizer_map(variable)
            self._chosen[id(variable)] = _check(
                chosen, f"The optimizer for variable `{variable.path}`"
            )
            self._add(chosen)
        for optimizer, theirs in self._shares(variables):
            optimizer.build(theirs)
        super().build(variables)

    def _shares(
        self, variables: Iterable[Variable]
    ) -> list[tuple[Optimizer, list[Variable]]]:
        """Each optimizer that has any of the variables, with those it has."""
        shares = [
            (optimizer, [v for v in variables if self._chosen[id(v)] is optimizer])
            for optimizer in self.optimizers
        ]
        return [share for share in shares if share[1]]

    def __setstate__(self, saved: dict[str, Any]) -> None:
        super().__setstate__(saved)
        self._chosen = {id(v): self.optimizer_map(v) for v in self._trainable_variables}

    @property
    def variables(self) -> list[Variable]:
        """Its own variables, then those of each optimizer."""
        return [*self._variables, *(v for o in self.optimizers for v in o.variables)]

    @property
    def learning_rate(self) -> Any:
        """Not there: each of `optimizers` has its own."""
        raise AttributeError(
            "A `MultiOptimizer` has no learning rate: read or set `learning_rate` of "
            "each of its `optimizers`."
        )

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        _ = self.learning_rate

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "loss_scale_factor":
            for optimizer in self.optimizers:
                optimizer.loss_scale_factor = value

    def apply(
        self,
        grads: Iterable[Any],
        trainable_variables: Iterable[Variable] | None = None,
    ) -> None:
        """Let each optimizer do a step on its parameters; see `Optimizer`."""
        grads = list(grads)
        if not grads:
            return
        variables = self._match(grads, trainable_variables)
        gradient_of = {id(v): g for g, v in zip(grads, variables)}
        for optimizer, theirs in self._shares(variables):
            optimizer.apply([gradient_of[id(v)] for v in theirs], theirs)
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Let each optimizer put its averages in place."""
        for optimizer, theirs in self._shares(var_list):
            optimizer.finalize_variable_values(theirs)

    def get_config(self) -> dict[str, Any]:
        """Return its own arguments, the optimizers' configs among them."""
        return {"name": self.name, **registry.config_of(self, skip=("name",))}
