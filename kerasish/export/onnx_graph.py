"""An ONNX graph in the making: values, nodes, sizes that are not known."""

import ast
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["OPSET", "Graph", "Value", "same", "sizes"]

OPSET = 18
SMALL = 64  # numbers of a constant that is kept once
# The newest form of files that the readers of this opset know.
IR_VERSION = 8


class Value(NamedTuple):
    """A tensor of the graph.

    `shape` holds numbers, and sizes that are not known. It has a 1 where the program
    has copies along an axis that ONNX makes on its own.
    """

    name: str
    shape: tuple[Any, ...]


def same(a: Any, b: Any) -> bool:
    """Whether two sizes are one, known or not."""
    return str(a) == str(b)


def sizes(shape: Sequence[Any]) -> tuple[Any, ...]:
    """Plain numbers where sizes are known."""
    return tuple(int(n) if isinstance(n, (int, np.integer)) else n for n in shape)


class Graph:
    """Nodes and what they are made of; that of a loop's body has a graph around it.

    Args:
        around: the graph in which this one is a body.
    """

    def __init__(self, around: "Graph | None" = None) -> None:
        import onnx

        self.onnx = onnx
        self.root: Graph = around.root if around else self
        self.nodes: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        if around is None:
            self.constants: dict[str, Any] = {}
            self.symbols: dict[str, tuple[str, int]] = {}  # size -> input and its axis
            self._known: dict[Any, str] = {}
            self._taken: dict[str, int] = {}

    def fresh(self, name: str) -> str:
        """Return a name that nothing has yet."""
        taken = self.root._taken
        taken[name] = count = taken.get(name, -1) + 1
        return f"{name}_{count}" if count else name

    def dtype(self, dtype: Any) -> int:
        """The number that ONNX has for a kind of numbers."""
        try:
            return self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"ONNX has no numbers of the kind {dtype}.") from None

    def constant(self, value: Any, name: str | None = None) -> str:
        """Return the name of a constant; small ones of one value are kept once."""
        array = np.asarray(value)
        known, key = self.root._known, None
        if name is None and array.size <= SMALL:
            key = (array.dtype.str, array.shape, array.tobytes())
        if key in known:
            return known[key]
        own = self.fresh(name or "constant")
        self.root.constants[own] = self.onnx.numpy_helper.from_array(array, own)
        if key is not None:
            known[key] = own
        return own

    def ints(self, *values: int) -> str:
        """Return the name of a constant list of int64."""
        return self.constant(np.asarray(values, "int64"))

    def add(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; return the name of its output, or a list if there are several."""
        names = [self.fresh(kind.lower()) for _ in range(outputs)]
        node = self.onnx.helper.make_node(
            kind, inputs, names, self.fresh(kind), **attributes
        )
        self.nodes.append(node)
        return names[0] if outputs == 1 else names

    # --- sizes ------------------------------------------------------------------------

    def size(self, n: Any) -> str:
        """Return the name of a list of the one number that a size is."""
        if isinstance(n, (int, np.integer)):
            return self.ints(int(n))
        known = self.root._known
        if (key := ("size", str(n))) not in known:
            tree = ast.parse(str(n).replace("^", "**"), mode="eval").body
            known[key] = self.root._computed(tree)
        return known[key]

    def _computed(self, part: ast.AST) -> str:
        kinds = {ast.Add: "Add", ast.Sub: "Sub", ast.Mult: "Mul", ast.Pow: "Pow"}
        calls = {"floordiv": "Div", "mod": "Mod", "max": "Max", "min": "Min"}
        match part:
            case ast.Constant(value=int(number)):
                return self.ints(number)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return self.add("Neg", self._computed(inner))
            case ast.BinOp(op=op) if type(op) in kinds:
                sides = map(self._computed, (part.left, part.right))
                return self.add(kinds[type(op)], *sides)
            case ast.Call(func=ast.Name(id=name)) if name in calls:
                return self.add(calls[name], *map(self._computed, part.args))
            case ast.Name(id=name) if name in self.symbols:
                source, axis = self.symbols[name]
                return self.add("Shape", source, start=axis, end=axis + 1)
        raise ValueError(f"The size {ast.unparse(part)} cannot be said in ONNX.")

    def shape(self, shape: Sequence[Any]) -> str:
        """Return the name of a list of sizes."""
        if all(isinstance(n, (int, np.integer)) for n in shape):
            return self.ints(*map(int, shape))
        return self.add("Concat", *map(self.size, shape), axis=0)

    # --- shapes of tensors ------------------------------------------------------------

    def reshape(self, name: str, shape: Sequence[Any]) -> str:
        """Give a tensor another shape."""
        open_ = [n for n in shape if not isinstance(n, (int, np.integer))]
        if len(open_) == 1 and 0 not in shape:
            shape = [-1 if n is open_[0] else n for n in shape]
        return self.add("Reshape", name, self.shape(shape))

    def transpose(self, name: str, order: Sequence[int]) -> str:
        """Put the axes of a tensor in another order."""
        if list(order) == sorted(order):
            return name
        return self.add("Transpose", name, perm=list(map(int, order)))

    def unsqueeze(self, name: str, axes: Sequence[int]) -> str:
        """Add axes of length one, at these places of the result."""
        return self.add("Unsqueeze", name, self.ints(*axes)) if axes else name

    def expand(self, value: Value, shape: Sequence[Any]) -> str:
        """Make the copies that a value stands for."""
        if len(value.shape) == len(shape) and all(map(same, value.shape, shape)):
            return value.name
        wanted = [1 if same(*pair) else pair[1] for pair in zip(value.shape, shape)]
        return self.add("Expand", value.name, self.shape(wanted))

    # --- files ------------------------------------------------------------------------

    def described(self, name: str, dtype: Any, shape: Any) -> Any:
        """What ONNX calls the type of an input or output."""
        return self.onnx.helper.make_tensor_value_info(name, self.dtype(dtype), shape)

    def made(self, name: str) -> Any:
        """Return the graph as ONNX has it."""
        used = self._used() if self.root is self else set()
        constants = [c for name, c in self.root.constants.items() if name in used]
        return self.onnx.helper.make_graph(
            self.nodes, name, self.inputs, self.outputs, constants
        )

    def _used(self) -> set[str]:
        """The names that nodes take, those within loops included."""
        nodes, found = [*self.nodes], set()
        while nodes:
            node = nodes.pop()
            found |= {*node.input}
            for attribute in node.attribute:
                nodes += attribute.g.node
        return found

    def model(self, name: str) -> Any:
        """Return the whole model, checked."""
        helper = self.onnx.helper
        model = helper.make_model(
            self.made(name),
            producer_name="kerasish",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        self.onnx.checker.check_model(model)
        return model
