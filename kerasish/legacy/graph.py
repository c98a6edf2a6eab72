"""Functions and gradients of the graph: `K.function` and `K.gradients`."""

from collections.abc import Callable, Sequence
from typing import Any

from .. import backend, ops, registry
from ..graph import KerasTensor, Operation, is_symbolic, toposort
from ..layers.layer import _calls
from ..models import Function
from ..variable import functional

__all__ = ["Gradient", "function", "gradients"]


class Gradient(Operation):
    """The gradients of the sum of `loss` with respect to some of what it depends on.

    Args:
        loss: symbolic tensor.
        variables: symbolic tensors before it, and variables.
    """

    def __init__(self, loss: KerasTensor, variables: Sequence[Any]) -> None:
        super().__init__(registry.unique_name("gradient"))
        self.tensors = [x for x in variables if is_symbolic(x)]
        self.variables = [x for x in variables if not is_symbolic(x)]
        made = {id(t) for t in self.tensors}
        needed = [t for node in toposort([loss], self.tensors) for t in node.inputs]
        loose = [t for t in needed if t.node is None or not t.node.inputs]
        others = {id(t): t for t in loose if id(t) not in made}
        self.inputs = [*self.tensors, *others.values()]
        self.graph = Function(self.inputs, loss)
        layers = [x for x in self.graph.operations if hasattr(x, "variables")]
        held = [*self.variables, *(v for layer in layers for v in layer.variables)]
        self.held = list({id(v): v for v in held}.values())
        self.order = [id(x) for x in variables]

    def call(self, *values: Any) -> list[Any]:
        """Return the gradients, in the order of `variables`."""
        count, known = len(self.tensors), len(self.variables)
        rest = [v.value for v in self.held[known:]]

        def objective(now: list[Any]) -> tuple[Any, None]:
            inputs = [*now[:count], *values[count:]]
            run = functional(lambda: self.graph.run(inputs), self.held)
            return ops.sum(run([*now[count:], *rest])[0]), None

        given = [*values[:count], *(v.value for v in self.variables)]
        gradients = backend.value_and_grad(objective)(given)[1]
        found = dict(zip(map(id, (*self.tensors, *self.variables)), gradients))
        return [found[key] for key in self.order]


def gradients(loss: KerasTensor, variables: Any) -> list[KerasTensor]:
    """Return the gradients of (the sum of) `loss` as symbolic tensors.

    Args:
        loss: symbolic tensor.
        variables: what to differentiate with respect to: symbolic tensors on which
            the loss depends, such as `model.input` or `layer.output`, and variables.

    Raises:
        ValueError: if `loss` is not symbolic. For arrays there are `jax.grad` and, in
            training, `train_step`.
    """
    if not is_symbolic(loss):
        raise ValueError(
            f"`K.gradients` takes a symbolic loss, made from `model.output` and the "
            f"like; got {type(loss).__name__}. For values, differentiate a function "
            "with `jax.grad`."
        )
    wanted = list(variables) if isinstance(variables, (list, tuple)) else [variables]
    operation = Gradient(loss, wanted)
    return operation.symbolic_call(*operation.inputs)


def function(
    inputs: Sequence[Any], outputs: Any, updates: Any = None, name: Any = None
) -> Callable[[Sequence[Any]], Any]:
    """Return what computes symbolic `outputs` from values of `inputs`.

    Args:
        inputs: symbolic tensors, also of the middle of a model, and perhaps
            `K.learning_phase()`, whose value says whether layers are to train.
        outputs: symbolic tensors: a list, or one.
        updates: `(variable, symbolic tensor)` pairs, assigned after each call.

    Returns:
        A function that takes a list of values and returns NumPy arrays, as a list if
        `outputs` is one.
    """
    tensors = [x for x in inputs if is_symbolic(x)]
    several = isinstance(outputs, (list, tuple))
    wanted = list(outputs) if several else [outputs]
    pairs = list(updates or ())
    graph = Function(tensors, [*wanted, *(new for _, new in pairs)], name)

    def call(values: Sequence[Any]) -> Any:
        named = list(zip(inputs, values, strict=True))
        phases = [bool(value) for x, value in named if not is_symbolic(x)]
        arrays = [ops.convert_to_tensor(v, x.dtype) for x, v in named if is_symbolic(x)]
        before, _calls.training = _calls.training, any(phases)
        try:
            results = graph.run(arrays)
        finally:
            _calls.training = before
        for (target, _), value in zip(pairs, results[len(wanted) :]):
            target.assign(value)
        made = [ops.convert_to_numpy(x) for x in results[: len(wanted)]]
        return made if several else made[0]

    return call
