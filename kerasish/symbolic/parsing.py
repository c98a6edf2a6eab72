"""Formulas back to expressions: `parse`, the inverse of `pp`.

Python's own parser reads the text; nothing of it is run. What may stand in a formula is
a closed list: names of variables, ops, numbers, operators, subscripts, keywords.
"""

import ast
import math
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

from .. import registry, tree
from ..graph import any_symbolic, infer_call
from .control import ifelse
from .derivatives import EXTRAS
from .formula import identifier
from .gradients import jacobian

__all__ = ["parse"]

LENGTH, DEPTH = 50_000, 150  # characters; levels of calls, lists and brackets
ELEMENTS = 2**26  # of what a call without symbolic variables computes at once

_LARGE_ARRAY = (
    " An array that is too large to be written out stands in it: write a name in its "
    "place, and give the array among `variables`."
)
_OPERATORS: dict[type, str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "mod",
    ast.MatMult: "matmul",
    ast.Pow: "power",
    ast.BitAnd: "logical_and",
    ast.BitOr: "logical_or",
    ast.BitXor: "logical_xor",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
    ast.USub: "negative",
    ast.Invert: "logical_not",
}
_CONSTANTS = {"nan": math.nan, "inf": math.inf}
_EXTRAS = {**EXTRAS, "ifelse": ifelse, "jacobian": jacobian}
_NUMBERS = (int, float, complex)
_INSTEAD = {
    ast.BoolOp: "write `&` and `|` with brackets for `and` and `or`",
    ast.Not: "write `~` for `not`",
    ast.IfExp: "write `where(condition, a, b)`",
    ast.Attribute: "values have no attributes here",
    ast.Compare: "write `(a < b) & (b < c)` for a chain of comparisons",
}


def parse(text: str, variables: Mapping[str, Any] | None = None) -> Any:
    """Returns the expression that a formula stands for: the inverse of `pp`.

    No code is run: a formula holds names of variables, functions of `kerasish.ops`,
    numbers, lists, strings, operators, subscripts and keyword arguments; and before it
    lines such as `t1 = exp(x)`, which give names to parts.

    Args:
        text: the formula, at most 50,000 characters.
        variables: name -> symbolic tensor; or array, number, `keras.Variable`: where
            no symbolic tensor is met, the value itself is computed. Layers may be
            called by the names given here, too.

    Returns:
        A symbolic tensor, an array, or a nest of them.

    Raises:
        ValueError: if the text is no formula, with its place; if a name is not known;
            on JAX also before a value of more than 2²⁶ numbers would be computed.

    Example:
        >>> x = keras.KerasTensor((), name="x")
        >>> y = keras.symbolic.parse("2 * exp(x) - x ** 2", {"x": x})
        >>> keras.symbolic.pp(y)
        '2 * exp(x) - x ** 2'
        >>> float(keras.symbolic.parse("x ** 2 + 1", {"x": 3.0}))
        10.0
    """
    if not isinstance(text, str):
        raise TypeError(f"`text` is a formula, got {type(text).__name__}: {text!r}.")
    text = text.encode("utf-8", "replace").decode()
    text = text.strip().replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > LENGTH:
        raise ValueError(
            f"The formula has {len(text)} characters, more than the {LENGTH} allowed."
        )
    reader = _Reader(text, variables or {})
    try:
        return reader.lines(_parsed(text))
    except SyntaxError as error:
        lines = text.count("\n") + 1
        place = (min(error.lineno or 1, lines), max(error.offset or 1, 1) - 1, None)
        hint = _LARGE_ARRAY if "<array " in text else ""
        reader.refuse(place, f"This is no formula: {error.msg}", hint)
    except (MemoryError, RecursionError):
        raise ValueError("The formula is nested too deeply.") from None


def _parsed(text: str) -> list[ast.stmt]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as of "\\d", which is no fault here
        return ast.parse(text).body


class _Reader:
    """Turns the tree of a formula into calls of ops."""

    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self.text = text
        self.names = {**_CONSTANTS}
        for name, value in variables.items():
            # as `pp` writes it, and as Python's parser hands it over
            normal = unicodedata.normalize("NFKC", identifier(name))
            self.names |= {normal: value, name: value}
        self.depth = 0

    def refuse(self, node: Any, message: str, hint: str = "") -> NoReturn:
        """Raise an error that shows the place."""
        line, column, end = node if isinstance(node, tuple) else _place(node, self.text)
        shown = [*self.text.split("\n"), ""][line - 1]
        first = max(0, column - 60)
        shown = shown[first : column + 60]
        marks = "^" * max(1, min((end or column + 1) - column, 60))
        raise ValueError(
            f"{message} (line {line}, column {column + 1}).{hint}\n"
            f"    {shown}\n    {' ' * (column - first)}{marks}"
        ) from None

    def lines(self, body: list[ast.stmt]) -> Any:
        """Read lines `t1 = ...` and the formula below them."""
        if not body:
            raise ValueError("The formula is empty.")
        *steps, last = body
        given = set(self.names)
        for step in steps:
            if not isinstance(step, ast.Assign) or len(step.targets) > 1:
                self.refuse(step, "A line before the formula is `name = ...`")
            target = step.targets[0]
            if not isinstance(target, ast.Name):
                self.refuse(target, "What gets a value is a plain name")
            if target.id in given:
                self.refuse(target, f"`{target.id}` is a variable")
            self.names[target.id] = self.value(step.value)
        if not isinstance(last, ast.Expr):
            self.refuse(last, "The last line must be a formula")
        return self.value(last.value)

    def value(self, node: ast.expr) -> Any:
        """Return what a part of the formula stands for."""
        read = _READERS.get(type(node))
        if read is None:
            self.refuse(node, _no_place(node))
        self.depth += 1
        if self.depth > DEPTH:
            self.refuse(node, f"The formula is nested deeper than {DEPTH} levels")
        found = read(self, node)
        self.depth -= 1
        return found

    def apply(self, node: ast.AST, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call an op."""
        return self.run(node, registry.namespace("ops")[name], args, kwargs)

    def run(self, node: ast.AST, function: Any, args: Any, kwargs: Any) -> Any:
        try:
            count = 0
            if not any_symbolic((*args, *kwargs.values())) and is_op(function):
                count = _elements(infer_call(function, args, kwargs))
            if count <= ELEMENTS:
                return function(*args, **kwargs)
        except Exception as error:
            message = str(error).strip().split("\n")[0].rstrip(".")
            self.refuse(node, f"{type(error).__name__}: {message}")
        self.refuse(node, f"The result would have {count} elements, too many")

    def name(self, node: Any) -> Any:
        """Read a name, or one with dots, such as that of a weight."""
        name = _dotted(node)
        if name in self.names:
            return self.names[name]
        ops = registry.namespace("ops")
        if name in ops:
            self.refuse(node, f"`{name}` is a function: write `{name}(...)`")
        if name is None or name.partition(".")[0] in self.names:
            self.refuse(node, _no_place(node))
        near = registry.did_you_mean(name, self.names | ops)
        known = ", ".join(f"`{n}`" for n in list(self.names)[2:12]) or "none"
        self.refuse(node, f"Unknown name `{name}`; variables are {known}", near)

    def constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, bytes):
            self.refuse(node, "Bytes have no place in a formula")
        return node.value

    def unary(self, node: ast.UnaryOp) -> Any:
        inner = node.operand
        if isinstance(node.op, ast.Not):
            self.refuse(node, _no_place(node.op))
        if isinstance(node.op, ast.UAdd):
            return self.value(inner)
        found = self.value(inner)
        literal = isinstance(inner, ast.Constant) or found is _CONSTANTS["inf"]
        if isinstance(node.op, ast.USub) and literal and type(found) in _NUMBERS:
            return -found
        return self.apply(node, _OPERATORS[type(node.op)], found)

    def binary(self, node: ast.BinOp) -> Any:
        """Read `a + b - c`: a long chain is no deep one."""
        chain: list[ast.BinOp] = []
        first: ast.expr = node
        while isinstance(first, ast.BinOp):
            chain.append(first)
            first = first.left
        found = self.value(first)
        for link in reversed(chain):
            if type(link.op) not in _OPERATORS:
                self.refuse(link, _no_place(link.op))
            name = _OPERATORS[type(link.op)]
            found = self.apply(link, name, found, self.value(link.right))
        return found

    def comparison(self, node: ast.Compare) -> Any:
        if len(node.ops) > 1 or type(node.ops[0]) not in _OPERATORS:
            self.refuse(node, _no_place(node if len(node.ops) > 1 else node.ops[0]))
        sides = self.value(node.left), self.value(node.comparators[0])
        return self.apply(node, _OPERATORS[type(node.ops[0])], *sides)

    def call(self, node: ast.Call) -> Any:
        name = _dotted(node.func) or "..."
        own = {key: x for key, x in self.names.items() if callable(x)}
        functions = {**registry.namespace("ops"), **_EXTRAS, **own}
        if name not in functions:
            near = registry.did_you_mean(name, functions)
            self.refuse(node.func, f"Unknown function `{name}`", near)
        for argument in (*node.args, *node.keywords):
            if (
                isinstance(argument, ast.Starred)
                or getattr(argument, "arg", "") is None
            ):
                self.refuse(argument, "Stars have no place in a formula")
        args = [self.value(x) for x in node.args]
        kwargs = {str(x.arg): self.value(x.value) for x in node.keywords}
        return self.run(node, functions[name], args, kwargs)

    def subscript(self, node: ast.Subscript) -> Any:
        x, key = self.value(node.value), self.key(node.slice)
        if isinstance(x, (list, tuple, dict)) and isinstance(key, (int, str)):
            parts = x if isinstance(x, dict) else dict(enumerate(x))
            if key not in parts:
                self.refuse(node, f"There is no part {key!r}")
            return parts[key]
        return self.apply(node, "get_item", x, key)

    def key(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Tuple):
            return tuple(self.key(part) for part in node.elts)
        if isinstance(node, ast.Slice):
            parts = (node.lower, node.upper, node.step)
            return slice(*(part and self.value(part) for part in parts))
        found = self.value(node)
        return np.array(found) if isinstance(node, ast.List) else found

    def nest(self, node: Any) -> Any:
        values = [self.value(x) for x in node.elts]
        return tuple(values) if isinstance(node, ast.Tuple) else values

    def mapping(self, node: ast.Dict) -> Any:
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        if len(keys) < len(node.keys):
            self.refuse(node, "Keys of a dict are strings or numbers")
        return dict(zip(keys, map(self.value, node.values)))


_READERS: dict[type, Callable[[_Reader, Any], Any]] = {
    ast.Constant: _Reader.constant,
    ast.Name: _Reader.name,
    ast.Attribute: _Reader.name,
    ast.UnaryOp: _Reader.unary,
    ast.BinOp: _Reader.binary,
    ast.Compare: _Reader.comparison,
    ast.Call: _Reader.call,
    ast.Subscript: _Reader.subscript,
    ast.List: _Reader.nest,
    ast.Tuple: _Reader.nest,
    ast.Dict: _Reader.mapping,
}


def is_op(function: Any) -> bool:
    """Say whether a function is one of `kerasish.ops`."""
    return registry.module_and_name(function)[0] == registry.NAMESPACES["ops"]


def _elements(results: Any) -> int:
    shapes = [getattr(x, "shape", ()) for x in tree.flatten(results)]
    return sum(math.prod(size or 1 for size in shape) for shape in shapes)


def _no_place(node: ast.AST) -> str:
    hint = _INSTEAD.get(type(node))
    text = f"`{type(node).__name__}` has no place in a formula"
    return f"{text}; {hint}" if hint else text


def _dotted(node: ast.AST) -> str | None:
    """Return `a.b.c` as a text, None if the node is no such name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def _place(node: Any, text: str) -> tuple[int, int, int | None]:
    """Line, column and end of a node, in characters (Python counts bytes)."""
    line = text.split("\n")[node.lineno - 1].encode()
    column = len(line[: node.col_offset].decode(errors="replace"))
    if node.end_lineno != node.lineno:
        return node.lineno, column, None
    return (
        node.lineno,
        column,
        len(line[: node.end_col_offset].decode(errors="replace")),
    )
