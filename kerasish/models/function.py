"""A piece of the graph between inputs and outputs, callable on values."""

from typing import Any

import numpy as np

from .. import backend, dtypes, ops, registry, tree
from ..graph import (
    KerasTensor,
    Node,
    Operation,
    evaluate,
    infer_call,
    is_symbolic,
    toposort,
)
from ..layers.input import Input, InputLayer
from ..masks import get_mask, set_mask
from .texts import cut_of, is_cut

__all__ = ["Function"]


class Function(Operation):
    """The computation from symbolic `inputs` to symbolic `outputs`.

    Args:
        inputs: symbolic tensors: one, or a nest.
        outputs: symbolic tensors that depend on them: one, or a nest.
        name: default `"function"` ...

    Raises:
        ValueError: if an output depends on a tensor that is not among the inputs.

    Example:
        >>> x = keras.KerasTensor((None, 2))
        >>> double = keras.Function(x, x * 2.0)
        >>> np.asarray(double(np.ones((1, 2), "float32"))).tolist()
        [[2.0, 2.0]]
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.inputs_struct, self.outputs_struct = inputs, outputs
        self.inputs: list[KerasTensor] = _tensors(inputs, "inputs")
        self.outputs: list[KerasTensor] = _tensors(outputs, "outputs")
        self.run_order = toposort(self.outputs, self.inputs)
        self._check_sources()
        given = [t.node for t in self.inputs if t.node is not None]
        self.all_nodes = list(dict.fromkeys([*given, *self.run_order]))
        self.operations = _by_depth(self.all_nodes, self.outputs, self.inputs)

    def _check_sources(self) -> None:
        known = {id(t) for t in self.inputs}
        made = {id(t) for n in self.run_order for t in tree.flatten(n.outputs)}
        for node in self.run_order:
            loose = [t for t in node.inputs if id(t) not in known | made]
            if not node.inputs and id(node.outputs) not in known:
                loose = [node.outputs]
            if loose:
                raise ValueError(
                    "`inputs` and `outputs` are not connected: the outputs depend on "
                    f"{loose[0]} (through `{node.operation.name}`), which is not among "
                    "the inputs."
                )
        for tensor in self.outputs:
            if tensor.node is None and id(tensor) not in known:
                raise ValueError(f"The output {tensor} depends on none of the inputs.")

    def call(self, inputs: Any) -> Any:
        """Compute the outputs for values of the inputs (or new symbolic tensors)."""
        return self.run(tree.flatten(inputs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape(s) of the outputs for shape(s) of the inputs."""
        shapes: list[Any] = []
        tree.map_shape_structure(shapes.append, input_shape)
        if len(shapes) != len(self.inputs):
            raise ValueError(
                f"`{self.name}` has {len(self.inputs)} input(s), of shapes "
                f"{[t.shape for t in self.inputs]}. Received: input_shape={input_shape}"
            )
        given = [KerasTensor(s, t.dtype) for s, t in zip(shapes, self.inputs)]
        outputs = infer_call(self.run, (given,), {})
        return tree.map_structure(lambda t: t.shape, outputs)

    def run(self, values: list[Any]) -> Any:
        """Compute the outputs; `values` in the order of `self.inputs`."""
        filled = {id(t): x for t, x in zip(self.inputs, values)}
        evaluate(self.run_order, filled)
        return tree.map_structure(lambda t: filled[id(t)], self.outputs_struct)

    def __getstate__(self) -> dict[str, Any]:
        """Flat, since a deep graph would exhaust the stack when pickled or copied."""
        places: dict[int, int] = {}

        def number(x: Any) -> Any:
            return _Place(places[id(x)]) if is_symbolic(x) else x

        def spec(x: KerasTensor) -> _Spec:
            places[id(x)] = len(places)
            return _Spec((x.shape, x.dtype, x.name))

        loose = [t for t in self.inputs if t.node is None]
        given = [spec(t) for t in loose]
        nodes = []
        for node in self.all_nodes:
            args, kwargs = node.fill(number)
            nodes.append(
                (node.operation, args, kwargs, tree.map_structure(spec, node.outputs))
            )
        ends = tree.map_structure(number, (self.inputs_struct, self.outputs_struct))
        return {"name": self.name, "given": given, "calls": nodes, "ends": ends}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        tensors = [KerasTensor(*spec.parts) for spec in saved["given"]]

        def look_up(x: Any) -> Any:
            return tensors[x.number] if isinstance(x, _Place) else x

        def tensor(spec: Any) -> KerasTensor:
            shape, dtype, name = spec.parts
            tensors.append(KerasTensor(shape, dtype, name=name))
            return tensors[-1]

        for operation, args, kwargs, outputs in saved["calls"]:
            filled, named = tree.map_structure(look_up, (args, kwargs))
            Node(operation, filled, named, tree.map_structure(tensor, outputs))
        inputs, outputs = tree.map_structure(look_up, saved["ends"])
        Function.__init__(self, inputs, outputs, saved["name"])


class _Place:
    """Stands for a tensor in a pickled graph: its number."""

    def __init__(self, number: int) -> None:
        self.number = number


class _Spec:
    """Stands for a tensor in a pickled graph: shape, dtype and name."""

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts = parts


def _tensors(structure: Any, what: str) -> list[KerasTensor]:
    found = tree.flatten(structure)
    for x in found:
        if not is_symbolic(x):
            raise ValueError(
                f"All `{what}` of a model must be symbolic tensors (from `Input` and "
                f"calls on it), got {x!r} of type {type(x).__name__}."
            )
    return found


def _by_depth(
    nodes: list[Node], outputs: list[KerasTensor], inputs: list[KerasTensor]
) -> list[Operation]:
    """Operations from inputs to outputs: by distance from the outputs, then by first
    visit when going back from the outputs. Files keep weights in this order."""
    stop = {id(t) for t in inputs}
    depth: dict[int, int] = {}
    of_operation: dict[int, int] = {}
    for node in reversed(nodes):
        own = max(depth.get(id(node), 0), of_operation.get(id(node.operation), 0))
        depth[id(node)] = of_operation[id(node.operation)] = own
        for tensor in node.inputs:
            if tensor.node is not None:
                key = id(tensor.node)
                depth[key] = max(depth.get(key, 0), own + 1)
    visited: dict[int, int] = {}
    stack = list(reversed(outputs))
    finished: set[int] = set()
    while stack:
        tensor = stack.pop()
        source = tensor.node
        if source is None or id(source) in finished:
            continue
        finished.add(id(source))
        visited.setdefault(id(source.operation), len(visited))
        if id(tensor) not in stop:
            stack += reversed(source.inputs)
    for node in nodes:
        visited.setdefault(id(node.operation), len(visited))
    unique = {id(n.operation): n.operation for n in nodes}
    return sorted(unique.values(), key=lambda o: (-of_operation[id(o)], visited[id(o)]))


def conform(x: Any, wanted: KerasTensor, model: str) -> Any:
    """Give a model's input the dtype and rank that the model was defined for."""
    if x is None:
        return x
    if wanted.dtype == "string" and not is_symbolic(x):
        return _fit_rank(np.asarray(x), wanted, model)
    mask = get_mask(x)
    if not backend.is_array(x) and not is_symbolic(x):
        x = backend.asarray(x)
    given = x.dtype if is_symbolic(x) else backend.dtype_name(x)
    floats = dtypes.is_float(given) and dtypes.is_float(wanted.dtype)
    if given != wanted.dtype and not floats:  # floats: each layer casts for itself
        x = ops.cast(x, wanted.dtype)
    x = _fit_rank(x, wanted, model)
    set_mask(x, mask)
    return x


def _fit_rank(x: Any, wanted: KerasTensor, model: str) -> Any:
    given = shape = tuple(x.shape)
    expected = wanted.shape
    if len(shape) == len(expected) + 1 and shape[-1] == 1:
        x, shape = x[..., 0], shape[:-1]
    elif len(shape) == len(expected) - 1 and expected[-1] == 1:
        x, shape = x[..., None], (*shape, 1)
    fits = len(shape) == len(expected) and all(
        a == b or a is None or b is None for a, b in zip(shape[1:], expected[1:])
    )
    if not fits:
        raise ValueError(
            f"Input `{wanted.name}` of model `{model}` expects shape {expected}, but "
            f"received an input of shape {given}."
            + " For one sample write `x[None]`: the first axis counts the samples."
            * (len(given) == len(expected) - 1)
        )
    return x


def make_graph(inputs: Any, outputs: Any) -> Function:
    """Return the graph; inputs in the middle of another one get inputs of their own."""
    if isinstance(inputs, Function):
        return inputs
    if not all(map(is_symbolic, tree.flatten(inputs))):
        return Function(inputs, outputs)  # which says what is wrong
    sources = [t.node.operation if t.node else None for t in tree.flatten(inputs)]
    if not all(isinstance(source, InputLayer) for source in sources):
        whole = Function(inputs, outputs)
        fresh = tree.map_structure(
            lambda t: Input(batch_shape=t.shape, dtype=t.dtype, name=t.name), inputs
        )
        inputs, outputs = fresh, whole.run(tree.flatten(fresh))
    return Function(inputs, outputs)


def run_graph(graph: Function, inputs: Any, name: str) -> Any:
    """Compute a model's outputs; `inputs` may be a nest, or a dict by input names."""
    if is_cut(inputs):
        return cut_of(graph, name).behind(graph, inputs)  # type: ignore[union-attr]
    return graph.run(graph_values(graph, inputs, name))


def with_masks(inputs: Any, masks: Any) -> Any:
    """Return inputs that carry `masks`: copies, since the caller's shall stay bare."""

    def carrier(x: Any, mask: Any) -> Any:
        if mask is None or mask is get_mask(x):
            return x
        x = ops.copy(x)
        set_mask(x, mask)
        return x

    return inputs if masks is None else tree.map_structure(carrier, inputs, masks)


def graph_values(graph: Function, inputs: Any, name: str) -> list[Any]:
    """Return what a graph's inputs are, in their order, with dtype and rank."""
    values = _in_order(graph, inputs, name)
    return [conform(x, t, name) for x, t in zip(values, graph.inputs)]


def _in_order(graph: Function, inputs: Any, name: str) -> list[Any]:
    names = [t.name for t in graph.inputs]
    structure = graph.inputs_struct
    if isinstance(inputs, dict):
        keys = names
        if isinstance(structure, dict):
            keys = sorted(structure)
            if set(keys) - set(inputs) and not set(names) - set(inputs):
                keys = names
        missing = [k for k in keys if k not in inputs and not _optional(graph, k)]
        if missing:
            raise ValueError(
                f"Model `{name}` expects inputs named {keys}; missing are {missing}, "
                f"got {sorted(inputs)}."
                + registry.did_you_mean(missing[0], map(str, inputs))
            )
        return [inputs.get(key) for key in keys]
    values = tree.flatten(inputs)
    if len(values) != len(names):
        shapes = [tuple(getattr(x, "shape", ())) for x in values]
        raise ValueError(
            f"Model `{name}` expects {len(names)} input(s) named {names}, but it got "
            f"{len(values)} of shapes {shapes}."
        )
    return values


def _optional(graph: Function, key: str) -> bool:
    for tensor in graph.inputs:
        if tensor.name == key and tensor.node is not None:
            return getattr(tensor.node.operation, "optional", False)
    return False
