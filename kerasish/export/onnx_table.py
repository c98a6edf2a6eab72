"""What each step of a program is in ONNX: steps that work number by number, and rows.

A row takes the graph, the names of the inputs, and the step; it returns the name of the
output, or a list of names.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .onnx_graph import Graph

__all__ = ["ELEMENTWISE", "IDENTICAL", "NESTED", "REDUCTIONS"]

Row = Callable[..., str]

# Steps that say something to a compiler, or about gradients.
IDENTICAL = {
    *("copy", "copy_p", "device_put", "optimization_barrier", "stop_gradient"),
    *("sharding_constraint", "name", "pvary", "reshard"),
}
# Steps that run a program: where that stands.
NESTED = {
    **dict.fromkeys(("jit", "pjit", "remat", "remat2", "checkpoint"), "jaxpr"),
    "closed_call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
    "custom_vjp_call_jaxpr": "fun_jaxpr",
    "custom_lin": "call_jaxpr",
}
REDUCTIONS = {
    "reduce_sum": "ReduceSum",
    "reduce_max": "ReduceMax",
    "reduce_min": "ReduceMin",
    "reduce_prod": "ReduceProd",
}


def _like(g: Graph, step: Any, number: float) -> str:
    return g.constant(np.asarray(number, step.invars[0].aval.dtype))


def _of(name: str, then: str | None = None) -> Row:
    """Return a row of one operator, and another one behind it."""

    def row(g: Graph, inputs: list[str], step: Any) -> str:
        result = g.add(name, *inputs)
        return g.add(then, result) if then else result

    return row


def _bits(name: str, of_bits: str) -> Row:
    """Return a row that is one operator for booleans, another one for integers."""

    def row(g: Graph, inputs: list[str], step: Any) -> str:
        truths = step.invars[0].aval.dtype == bool
        return g.add(name if truths else of_bits, *inputs)

    return row


def _compared(name: str, inverse: bool = False) -> Row:
    def row(g: Graph, inputs: list[str], step: Any) -> str:
        if step.invars[0].aval.dtype == bool:
            inputs = [g.add("Cast", x, to=g.dtype("int32")) for x in inputs]
        result = g.add(name, *inputs)
        return g.add("Not", result) if inverse else result

    return row


def _log1p(g: Graph, inputs: list[str], step: Any) -> str:
    return g.add("Log", g.add("Add", *inputs, _like(g, step, 1)))


def _expm1(g: Graph, inputs: list[str], step: Any) -> str:
    """2 tanh(x/2) / (1 - tanh(x/2)), which is right near 0; exp(x) - 1 far from it."""
    one, two = _like(g, step, 1), _like(g, step, 2)
    half = g.add("Tanh", g.add("Div", *inputs, two))
    near = g.add("Div", g.add("Mul", half, two), g.add("Sub", one, half))
    far = g.add("Sub", g.add("Exp", *inputs), one)
    is_near = g.add("Less", g.add("Abs", *inputs), one)
    return g.add("Where", is_near, near, far)


def _square(g: Graph, inputs: list[str], step: Any) -> str:
    return g.add("Mul", inputs[0], inputs[0])


def _integer_pow(g: Graph, inputs: list[str], step: Any) -> str:
    power = int(step.params["y"])
    if power == 2:
        return _square(g, inputs, step)
    return g.add("Pow", inputs[0], _like(g, step, power))


def _clamp(g: Graph, inputs: list[str], step: Any) -> str:
    low, x, high = inputs
    return g.add("Min", g.add("Max", x, low), high)


def _select(g: Graph, inputs: list[str], step: Any) -> str:
    which, *cases = inputs
    if len(cases) > 2:
        raise ValueError(f"It chooses among {len(cases)} cases, not two.")
    if step.invars[0].aval.dtype != bool:
        which = g.add("Cast", which, to=g.dtype(bool))
    return g.add("Where", which, *reversed(cases))


def _cast(g: Graph, inputs: list[str], step: Any) -> str:
    return g.add("Cast", *inputs, to=g.dtype(step.params["new_dtype"]))


def _round(g: Graph, inputs: list[str], step: Any) -> str:
    if int(step.params["rounding_method"]) == 1:  # halves to even numbers
        return g.add("Round", *inputs)
    up = g.add("Floor", g.add("Add", g.add("Abs", *inputs), _like(g, step, 0.5)))
    return g.add("Mul", up, g.add("Sign", *inputs))


def _is_finite(g: Graph, inputs: list[str], step: Any) -> str:
    return g.add("Not", g.add("Or", g.add("IsInf", *inputs), g.add("IsNaN", *inputs)))


def _rem(g: Graph, inputs: list[str], step: Any) -> str:
    return g.add("Mod", *inputs, fmod=1)


def _erfc(g: Graph, inputs: list[str], step: Any) -> str:
    return g.add("Sub", _like(g, step, 1), g.add("Erf", *inputs))


def _exp2(g: Graph, inputs: list[str], step: Any) -> str:
    return g.add("Pow", _like(g, step, 2), *inputs)


ELEMENTWISE: dict[str, Row] = {
    **{name.lower(): _of(name) for name in "Add Sub Mul Div Max Min Neg".split()},
    **{name.lower(): _of(name) for name in "Abs Sign Floor Ceil Sqrt Pow".split()},
    **{name.lower(): _of(name) for name in "Exp Log Tanh Sin Cos Tan Erf".split()},
    **{name.lower(): _of(name) for name in "Asin Acos Atan Sinh Cosh".split()},
    **{name.lower(): _of(name) for name in "Asinh Acosh Atanh".split()},
    "logistic": _of("Sigmoid"),
    "add_any": _of("Add"),
    "rsqrt": _of("Sqrt", "Reciprocal"),
    "not": _bits("Not", "BitwiseNot"),
    "and": _bits("And", "BitwiseAnd"),
    "or": _bits("Or", "BitwiseOr"),
    "xor": _bits("Xor", "BitwiseXor"),
    "eq": _of("Equal"),
    "ne": _of("Equal", "Not"),
    **{name: _compared("Less") for name in ("lt", "lt_to")},
    **{name: _compared("LessOrEqual") for name in ("le", "le_to")},
    "gt": _compared("Greater"),
    "ge": _compared("GreaterOrEqual"),
    "log1p": _log1p,
    "expm1": _expm1,
    "exp2": _exp2,
    "erfc": _erfc,
    "square": _square,
    "integer_pow": _integer_pow,
    "clamp": _clamp,
    "select_n": _select,
    "convert_element_type": _cast,
    "round": _round,
    "is_finite": _is_finite,
    "rem": _rem,
}
