"""Python's operators for symbolic tensors and variables."""

from collections.abc import Callable
from typing import Any

from .. import graph
from . import arithmetic, elementwise, indexing, logic, product

BINARY: dict[str, Callable[..., Any]] = {
    "add": arithmetic.add,
    "sub": arithmetic.subtract,
    "mul": arithmetic.multiply,
    "truediv": arithmetic.divide,
    "floordiv": arithmetic.floor_divide,
    "mod": arithmetic.mod,
    "pow": arithmetic.power,
    "matmul": product.matmul,
    "and": logic.logical_and,
    "or": logic.logical_or,
    "xor": logic.logical_xor,
}
OTHERS: dict[str, Callable[..., Any]] = {
    "lt": logic.less,
    "le": logic.less_equal,
    "gt": logic.greater,
    "ge": logic.greater_equal,
    "neg": elementwise.negative,
    "abs": elementwise.absolute,
    "invert": logic.bitwise_not,
    "round": elementwise.round,
    "getitem": indexing.get_item,
}


def _swapped(fn: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, other: fn(other, x)


def _unless_symbolic(fn: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Symbolic tensors are equal only to themselves, so that they can be looked up."""

    def compare(x: Any, other: Any) -> Any:
        if graph.any_symbolic((x, other)) or other is None or isinstance(other, str):
            return NotImplemented
        return fn(x, other)

    return compare


def install() -> None:
    """Give `KerasTensor` and `Variable` their operators."""
    table = {f"__{name}__": fn for name, fn in (BINARY | OTHERS).items()}
    table |= {f"__r{name}__": _swapped(fn) for name, fn in BINARY.items()}
    table["__eq__"] = _unless_symbolic(logic.equal)
    table["__ne__"] = _unless_symbolic(logic.not_equal)
    table["__pos__"] = lambda x: x
    graph.install_operators(table)
