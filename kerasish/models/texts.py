"""Models that begin with texts: their first part runs on the host.

A graph is cut behind the layers that work on NumPy's arrays (`on_host`) and whatever
takes texts. Training and prediction compute that first part for the data as they come,
all at once for arrays; what is compiled begins with the numbers behind the cut.
"""

import functools
from collections.abc import Callable
from typing import Any

from .. import tree
from ..data import HostData, is_source, text_arrays
from ..graph import KerasTensor, Node, evaluate

__all__ = ["Cut", "cut_of", "is_cut", "on_host"]

KEY = "behind the host"  # inputs of a model that were computed up to the cut
UNKNOWN: Any = object()


class Cut:
    """Where a graph leaves the host.

    Args:
        host: nodes that run there.
        rest: the other nodes.
        tensors: those that the rest, or the graph's end, takes from before.
    """

    def __init__(
        self, host: list[Node], rest: list[Node], tensors: list[KerasTensor]
    ) -> None:
        self.host, self.rest, self.tensors = host, rest, tensors

    def before(self, graph: Any, values: list[Any]) -> dict[str, Any]:
        """Compute the first part from the inputs' values."""
        filled = {id(t): x for t, x in zip(graph.inputs, values)}
        evaluate(self.host, filled)
        return {KEY: [filled[id(t)] for t in self.tensors]}

    def behind(self, graph: Any, inputs: dict[str, Any]) -> Any:
        """Compute the outputs from what `before` returned."""
        filled = {id(t): x for t, x in zip(self.tensors, inputs[KEY])}
        evaluate(self.rest, filled)
        return tree.map_structure(lambda t: filled[id(t)], graph.outputs_struct)


def is_cut(inputs: Any) -> bool:
    """Say whether a model's inputs were computed up to the cut already."""
    return isinstance(inputs, dict) and KEY in inputs


def cut_of(graph: Any, name: str) -> Cut | None:
    """Return where a graph leaves the host, None if it never is there.

    Args:
        graph: of a model, or None.
        name: of the model, for errors.

    Raises:
        ValueError: if there is something to train on the host, or texts come out.
    """
    if graph is None:
        return None
    known = graph.__dict__.get("_cut", UNKNOWN)
    if known is UNKNOWN:
        known = graph.__dict__["_cut"] = _cut(graph, name)
    return known


def _cut(graph: Any, name: str) -> Cut | None:
    needed: set[int] = set()  # tensors that the host takes
    host: list[Node] = []
    for node in reversed(graph.run_order):
        outputs = tree.flatten(node.outputs)
        texts = any(t.dtype == "string" for t in (*node.inputs, *outputs))
        starts = texts or getattr(node.operation, "on_host", False)
        if starts or any(id(t) in needed for t in outputs):
            host.append(node)
            needed.update(id(t) for t in node.inputs)
            _check_untrained(node.operation, name)
    if not host:
        return None
    inside = {id(node) for node in host}
    rest = [node for node in graph.run_order if id(node) not in inside]
    made = {id(t) for node in rest for t in tree.flatten(node.outputs)}
    wanted = [t for node in rest for t in node.inputs] + list(graph.outputs)
    tensors = list({id(t): t for t in wanted if id(t) not in made}.values())
    if any(t.dtype == "string" for t in tensors):
        raise ValueError(
            f"Model `{name}` returns texts, which compiled code cannot. Call it "
            "(`model(x)`), or leave its last layer out and call that on the results."
        )
    return Cut(host[::-1], rest, tensors)


def _check_untrained(operation: Any, name: str) -> None:
    if getattr(operation, "trainable_variables", None):
        raise ValueError(
            f"`{operation.name}` of model `{name}` takes texts, or gives numbers to a "
            "layer that runs on the host, but it has weights to train, which run "
            "compiled. Put the layers that turn texts into numbers into the outer "
            "model, before all that is trained."
        )


def on_host(method: Callable[..., Any], values: Callable[..., Any]) -> Any:
    """Let a method of a model (`fit` ...) take texts.

    Args:
        method: takes data as its first argument or as `x`.
        values: `values(graph, x, name)` returns what the graph's inputs are.
    """

    @functools.wraps(method)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        cut = cut_of(self._graph, self.name)
        if cut is None:
            return method(self, *args, **kwargs)

        def made(x: Any, name: str) -> Any:
            given = values(self._graph, text_arrays(x, name), self.name)
            return cut.before(self._graph, given)

        def prepared(x: Any, name: str) -> Any:
            return HostData(x, made) if is_source(x) else made(x, name)

        if args:
            args = (prepared(args[0], "x"), *args[1:])
        elif kwargs.get("x") is not None:
            kwargs["x"] = prepared(kwargs["x"], "x")
        held = kwargs.get("validation_data")
        if isinstance(held, (tuple, list)) and len(held) in (2, 3):
            kwargs["validation_data"] = (prepared(held[0], "x"), *held[1:])
        elif held is not None:
            kwargs["validation_data"] = prepared(held, "x")
        return method(self, *args, **kwargs)

    return run
