"""Gradient transformations of Optax in the place of an optimizer.

Nothing of Optax is imported: a transformation is a pair of functions, `init` and
`update`, whatever made it.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from .. import backend, ops
from .. import config as settings
from ..graph import Tensor
from ..variable import Variable
from .optimizer import Optimizer

__all__ = ["Optax", "is_transformation"]

RATE = "hyperparams.learning_rate"


def is_transformation(x: Any) -> bool:
    """Say whether `x` is what Optax calls a gradient transformation."""
    pair = (getattr(x, "init", None), getattr(x, "update", None))
    return not inspect.isclass(x) and all(map(callable, pair))


class Optax(Optimizer):
    """Lets a gradient transformation of Optax do the steps.

    `updates, state = transformation.update(gradients, state, parameters)`, then
    `parameters += updates`. Gradients and parameters are dicts by the paths of the
    variables, such as `"dense/kernel"`: so do masks and labels see them. `compile` and
    `optimizers.get` make one of these from a bare transformation.

    Clipping, weight decay, averaging, schedules and accumulation are matters of the
    transformation (`optax.chain`, `optax.MultiSteps`): the arguments that other
    optimizers have for them are not here.

    Args:
        transformation: `optax.adamw(1e-3)` and the like; or a function without
            arguments that returns one. A function that is registered by
            `saving.register_keras_serializable` can be saved with the model.
        loss_scale_factor: multiplies the loss (`scale_loss`) and divides the gradients.
        name: default `"optax"`.

    Raises:
        TypeError: if `transformation` is none.
        ValueError: on a backend that is not JAX; for other arguments.

    Example:
        >>> import optax
        >>> v = keras.Variable([1.0, 2.0])
        >>> optimizer = keras.optimizers.Optax(optax.sgd(0.5))
        >>> optimizer.apply([np.array([2.0, 2.0])], [v]); v.numpy().tolist()
        [0.0, 1.0]
    """

    def __init__(
        self,
        transformation: Any,
        loss_scale_factor: float | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if settings.backend() == "numpy":
            raise ValueError(
                "Transformations of Optax compute with JAX; the backend is "
                f"{settings.backend()!r}. Use an optimizer of `keras.optimizers`."
            )
        if kwargs:
            raise ValueError(
                f"Argument(s) not recognized by `Optax`: {kwargs}. What is done to the "
                "gradients is a part of the transformation, as in "
                "`optax.chain(optax.clip_by_global_norm(1.0), optax.adam(0.001))`."
            )
        super().__init__(_unknown, loss_scale_factor=loss_scale_factor, name=name)
        self.transformation = transformation
        bare = is_transformation(transformation)
        self._transformation = transformation if bare else _made(transformation)
        self._state: list[Variable] = []
        self._rebuild: Callable[..., Any] | None = None

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        with backend.eager():
            parameters = self._by_path([v.value for v in self._trainable_variables])
            first = self._transformation.init(parameters)
        names, values, self._rebuild = backend.leaves(first)
        order = _order(names, list(parameters))
        made = {i: self._slot(names[i], values[i]) for i in order}
        self._state = [made[i] for i in range(len(names))]

    def _by_path(self, values: Sequence[Any]) -> dict[str, Any]:
        paths = [v.path for v in self._trainable_variables]
        twice = sorted({path for path in paths if paths.count(path) > 1})
        if twice:
            raise ValueError(
                f"Optimizer `{self.name}` knows variables by their paths, but several "
                f"are called {twice[0]!r}. Give the layers names of their own."
            )
        return dict(zip(paths, values))

    def _slot(self, name: str, value: Any) -> Variable:
        array = backend.asarray(value)
        dtype = backend.dtype_name(array)
        return self.add_variable(
            array.shape,
            lambda shape, dtype: array,
            dtype,
            name=name.replace("/", "_") or "state",
        )

    def _apply(self, grads: list[Any], variables: list[Variable]) -> None:
        own = self._trainable_variables
        given = {id(v): ops.cast(g, v.dtype) for g, v in zip(grads, variables)}
        gradients = [
            given[id(v)] if id(v) in given else ops.zeros_like(v.value) for v in own
        ]
        old = [v.value for v in own]
        updates, new = self._update_by_transformation(gradients, old)
        for variable, value in zip(own, old):
            if id(variable) in given:
                variable.assign(value + updates[variable.path])
        for variable, value in zip(self._state, backend.leaves(new)[1], strict=True):
            variable.assign(value)

    def _update_by_transformation(
        self, gradients: list[Tensor], parameters: list[Tensor]
    ) -> tuple[Any, Any]:
        assert self._rebuild is not None
        state = self._rebuild([v.value for v in self._state])
        update = self._transformation.update
        try:
            return update(self._by_path(gradients), state, self._by_path(parameters))
        except TypeError as error:
            if "argument" in str(error):
                error.add_note(
                    f"Optimizer `{self.name}` calls `update(gradients, state, "
                    "parameters)`. A transformation that also wants the loss, or a "
                    "function, needs a `train_step` of your own."
                )
            raise

    @property
    def learning_rate(self) -> Any:
        """The rate, if `optax.inject_hyperparams` made it part of the state; else NaN.

        Elsewhere it is hidden in the functions of the transformation. A `Variable`,
        once the optimizer is built; assign a number to change it.
        """
        return next((v for v in self._state if v.name.endswith(RATE)), float("nan"))

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        rate = self.learning_rate
        if not isinstance(rate, Variable) or callable(learning_rate):
            raise TypeError(
                f"The learning rate of optimizer `{self.name}` is inside a "
                "transformation of Optax, where it cannot be set. Give that a schedule,"
                " or make it with `optax.inject_hyperparams`, as in "
                "`optax.inject_hyperparams(optax.adam)(learning_rate=0.001)`; then it "
                "can be set to numbers, once the optimizer is built."
            )
        rate.assign(learning_rate)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; without a named function they cannot be saved."""
        bare = self.transformation is self._transformation
        given = Unsavable(self.name) if bare else self.transformation
        return {
            "name": self.name,
            "transformation": given,
            "loss_scale_factor": self.loss_scale_factor,
        }


class Unsavable:
    """Stands in a config for functions; says so when that is written."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get_config(self) -> dict[str, Any]:
        """Raise an error that tells the ways out."""
        raise ValueError(
            f"Optimizer `{self.name}` is a transformation of Optax, made of functions "
            "that no file can hold. Give `keras.optimizers.Optax` a function that "
            "returns it, decorated with "
            "`@kerasish.saving.register_keras_serializable()`; or leave it out, and "
            "`compile` again after loading."
        )


def _unknown() -> float:
    """The learning rate, as far as one can tell."""
    return float("nan")


def _made(make: Any) -> Any:
    """Call a function that makes a transformation."""
    found = make() if inspect.isroutine(make) else make
    if not is_transformation(found):
        raise TypeError(
            "`transformation` must be a transformation of Optax, with `init` and "
            f"`update`, or a function without arguments that returns one; got {found!r}"
            f"{'' if found is make else f' from {make!r}'}."
        )
    return found


def _order(names: list[str], paths: list[str]) -> list[int]:
    """Order leaves by the parameters' order in place of that of their names.

    Files hold an optimizer's state by numbers, and automatic names change.
    """
    first: dict[str, int] = {}
    keys = []
    for place, name in enumerate(names):
        dotted = f".{name}."
        found = [p for p in paths if f".{p}." in dotted]
        path = max(found, key=len, default="")
        before = dotted.partition(f".{path}.")[0] if path else dotted
        number = paths.index(path) if path else 0
        keys.append((first.setdefault(before, place), number, place))
    return sorted(range(len(names)), key=keys.__getitem__)
