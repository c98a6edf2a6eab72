"""A piece of the graph as a pure function of values."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .. import tree
from ..graph import KerasTensor, Node, evaluate, toposort
from ..variable import Variable
from .variables import Shared

__all__ = ["Piece", "leaves", "variables_of"]

Call = Callable[[Node, Any, Any], Any]


def is_leaf(tensor: KerasTensor) -> bool:
    """Say whether nothing leads to the tensor: a variable, or a model's input."""
    return tensor.node is None or not tensor.node.inputs


def leaves(
    outputs: Iterable[KerasTensor], known: Iterable[KerasTensor] = ()
) -> list[KerasTensor]:
    """Return what the outputs depend on, going no deeper than `known`."""
    known, outputs = list(known), list(outputs)
    stop = {id(t) for t in known}
    order = toposort(outputs, known)
    found = [t for node in order for t in node.inputs] + outputs
    loose = {id(t): t for t in found if is_leaf(t) and id(t) not in stop}
    return list(loose.values())


def variables_of(node: Node) -> list[Variable]:
    """Return the `keras.Variable`s that a call reads: its layer's, its arguments."""
    given = [x for x in tree.flatten((node.args, node.kwargs)) if _is_variable(x)]
    return [*given, *getattr(node.operation, "variables", ())]


def _is_variable(x: Any) -> bool:
    return isinstance(x, Variable)


class Piece:
    """What leads from some tensors to others.

    Args:
        given: the tensors whose values are passed.
        outputs: what is computed.
        outside: compute beforehand what does not depend on `given`; else the piece
            holds everything down to the leaves.

    Attributes:
        captured: further tensors whose values it needs.
        variables: the `keras.Variable`s that it reads.
        order: its calls, in an order in which they can run.
    """

    def __init__(
        self,
        given: Sequence[KerasTensor],
        outputs: Sequence[KerasTensor],
        outside: bool = False,
    ) -> None:
        self.given, self.outputs = list(given), list(outputs)
        stop = [*given, *leaves(outputs, given)]
        order = toposort(outputs, stop)
        if outside:
            made = {id(t) for t in given}
            inner = []
            for node in order:
                if any(id(t) in made for t in node.inputs):
                    inner.append(node)
                    made |= {id(t) for t in tree.flatten(node.outputs)}
            order = inner
        self.order = order
        own = {id(t) for n in order for t in tree.flatten(n.outputs)}
        own |= {id(t) for t in given}
        needed = [t for n in order for t in n.inputs] + self.outputs
        self.captured = list({id(t): t for t in needed if id(t) not in own}.values())
        read = [v for node in order for v in variables_of(node)]
        self.variables = list({id(v): v for v in read}.values())

    def run(
        self, values: Sequence[Any], captured: Sequence[Any], call: Call | None = None
    ) -> list[Any]:
        """Compute the outputs. `call(node, args, kwargs)` may watch each call."""
        filled = {id(t): x for t, x in zip(self.given, values, strict=True)}
        filled |= {id(t): x for t, x in zip(self.captured, captured, strict=True)}
        evaluate(self.order, filled, call or blamed)
        return [filled[id(t)] for t in self.outputs]

    @property
    def shared(self) -> list[Shared]:
        """Return the shared variables among what is captured."""
        return [t for t in self.captured if isinstance(t, Shared)]


def blamed(node: Node, args: Any, kwargs: Any) -> Any:
    """Call a node's operation; an error tells which call failed, and its line."""
    try:
        return node.operation(*args, **kwargs)
    except Exception as error:
        if not getattr(error, "blamed", False):
            error.blamed = True  # type: ignore[attr-defined]
            error.add_note(told(node, args, kwargs))
        raise


def told(node: Node, args: Any, kwargs: Any) -> str:
    """Return which call a node is, on what, and the line that made it."""
    values = {id(t): x for t, x in zip(node.inputs, _inputs(node, args, kwargs))}
    what = [
        f"`{t.name}` {tuple(getattr(values[id(t)], 'shape', ()))}" for t in node.inputs
    ]
    return f"In `{node.operation.name}`, made at {node.where}, of {', '.join(what)}."


def _inputs(node: Node, args: Any, kwargs: Any) -> list[Any]:
    """Return the values in place of a node's symbolic inputs, in their order."""
    found: list[Any] = []

    def look(template: Any, value: Any) -> None:
        if isinstance(template, KerasTensor):
            found.append(value)
        elif isinstance(template, dict):
            for key in template:
                look(template[key], value[key])
        elif isinstance(template, (list, tuple)):
            for one, other in zip(template, value):
                look(one, other)

    look(node.args, args)
    look(node.kwargs, kwargs)
    return found
