"""Python's operators on symbolic tensors and variables: each calls the op behind it."""

from collections.abc import Callable
from typing import Any

from . import registry

__all__ = ["Operators"]


def _unary(name: str) -> Callable[[Any], Any]:
    return lambda x: registry.namespace("ops")[name](x)


def _binary(name: str) -> Callable[[Any, Any], Any]:
    return lambda x, other: registry.namespace("ops")[name](x, other)


def _swapped(name: str) -> Callable[[Any, Any], Any]:
    return lambda x, other: registry.namespace("ops")[name](other, x)


def _equal(x: Any, other: Any) -> Any:
    """Symbolic tensors are equal only to themselves, so that they can be looked up."""
    if x.symbolic or getattr(other, "symbolic", False):
        return NotImplemented
    return _compared("equal", x, other)


def _compared(name: str, x: Any, other: Any) -> Any:
    if other is None or isinstance(other, str):
        return NotImplemented
    return registry.namespace("ops")[name](x, other)


class Operators:
    """Base of what Python's operators work on."""

    symbolic = False

    __add__, __radd__ = _binary("add"), _swapped("add")
    __sub__, __rsub__ = _binary("subtract"), _swapped("subtract")
    __mul__, __rmul__ = _binary("multiply"), _swapped("multiply")
    __truediv__, __rtruediv__ = _binary("divide"), _swapped("divide")
    __floordiv__, __rfloordiv__ = _binary("floor_divide"), _swapped("floor_divide")
    __mod__, __rmod__ = _binary("mod"), _swapped("mod")
    __pow__, __rpow__ = _binary("power"), _swapped("power")
    __matmul__, __rmatmul__ = _binary("matmul"), _swapped("matmul")
    __and__, __rand__ = _binary("logical_and"), _swapped("logical_and")
    __or__, __ror__ = _binary("logical_or"), _swapped("logical_or")
    __xor__, __rxor__ = _binary("logical_xor"), _swapped("logical_xor")
    __lt__, __le__ = _binary("less"), _binary("less_equal")
    __gt__, __ge__ = _binary("greater"), _binary("greater_equal")
    __eq__ = _equal

    def __ne__(self, other: Any) -> Any:
        return _compared("not_equal", self, other)

    __neg__, __abs__ = _unary("negative"), _unary("absolute")
    __invert__, __round__ = _unary("logical_not"), _unary("round")
    __getitem__ = _binary("get_item")
    __hash__ = object.__hash__

    def __pos__(self) -> Any:
        return self
