"""Expressions as formulas in Python's syntax: `pp`.

The graph is walked once, from the variables upwards, and put together the texts of the
arguments, each with its level of precedence: a bracket stands only where it must.
"""

import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .. import backend, tree
from ..graph import Node, is_symbolic
from ..variable import Variable
from .derivatives import shape_source
from .piece import is_leaf
from .variables import Shared

__all__ = ["pp"]

# Levels of precedence, from what binds least; `CALL` is what never needs brackets.
ANY, COMPARE, OR, XOR, AND, SUM, PRODUCT, UNARY, POWER, CALL = range(10)

# op -> its text, its level, the least level of each operand that needs no brackets.
Operators = dict[str, tuple[Any, ...]]
OPERATORS: Operators = {
    "less": ("%s < %s", COMPARE, OR, OR),
    "less_equal": ("%s <= %s", COMPARE, OR, OR),
    "greater": ("%s > %s", COMPARE, OR, OR),
    "greater_equal": ("%s >= %s", COMPARE, OR, OR),
    "equal": ("%s == %s", COMPARE, OR, OR),
    "not_equal": ("%s != %s", COMPARE, OR, OR),
    "logical_or": ("%s | %s", OR, OR, XOR),
    "logical_xor": ("%s ^ %s", XOR, XOR, AND),
    "logical_and": ("%s & %s", AND, AND, SUM),
    "add": ("%s + %s", SUM, SUM, PRODUCT),
    "subtract": ("%s - %s", SUM, SUM, PRODUCT),
    "multiply": ("%s * %s", PRODUCT, PRODUCT, UNARY),
    "divide": ("%s / %s", PRODUCT, PRODUCT, UNARY),
    "floor_divide": ("%s // %s", PRODUCT, PRODUCT, UNARY),
    "mod": ("%s %% %s", PRODUCT, PRODUCT, UNARY),
    "matmul": ("%s @ %s", PRODUCT, PRODUCT, UNARY),
    "negative": ("-%s", UNARY, UNARY),
    "logical_not": ("~%s", UNARY, UNARY),
    "power": ("%s ** %s", POWER, CALL, UNARY),
    "square": ("%s ** 2", POWER, CALL),
}
# Ops that change nothing that a reader of the formula cares for.
FORMALITIES = ("sum_like", "spread")
REDUCING = ("sum", "mean", "prod", "max", "min", "all", "any")
CALLS, CHARACTERS, DEPTH = 2_000, 4_000, 60  # larger formulas are cut into lines
SHORT = 6  # characters: a shorter text is repeated rather than named
FEW = 12  # numbers that an array may have to be written out


class Term(NamedTuple):
    """A part of a formula.

    Attributes:
        text: how it is written.
        level: how fast it holds together.
        minus: what remains if its leading minus is taken out, if it has one.
        chain: a product or quotient, whose sign may stand in front of all.
        number: it begins with a constant.
        depth: of calls and operators within.
    """

    text: str
    level: int = CALL
    minus: "Term | None" = None
    chain: bool = False
    depth: int = 0
    number: bool = False


class Style(NamedTuple):
    """How a language writes names, calls and operators."""

    operators: Operators
    brackets: str
    name: Callable[[str], str]
    function: Callable[[str], str]
    call: str
    item: str
    keyword: str


def title(operation: Any) -> str:
    """Return the name under which an operation stands in formulas and trees."""
    template = getattr(operation, "template", None)  # of whose call it is the gradient
    if template is not None:
        return f"gradient_of_{title(template.operation)}"
    if hasattr(operation, "pieces"):  # a condition, a loop, a Jacobian
        return type(operation).__name__.lower()
    function = getattr(operation, "function", None)
    name = getattr(function, "__name__", None) or operation.name
    return "abs" if name == "absolute" else identifier(name.lstrip("_") or name)


def identifier(name: str) -> str:
    """Return a path or name as a (dotted) name of Python."""
    parts = [re.sub(r"\W", "_", part) for part in re.split("[./]", name)]
    return ".".join(
        f"_{part}" if not part or part[0].isdigit() or keyword.iskeyword(part) else part
        for part in parts
    )


class Names:
    """Names of variables, weights and constants: to each its own."""

    def __init__(self) -> None:
        self.found: dict[int, str] = {}
        self.taken: set[str] = set()

    def of(self, leaf: Any) -> str:
        """Return the name of a tensor that nothing made, or of a variable."""
        if id(leaf) not in self.found:
            name = getattr(leaf, "path", None) or leaf.name or "variable"
            self.found[id(leaf)] = self.free(identifier(name))
        return self.found[id(leaf)]

    def free(self, name: str) -> str:
        """Return the name, with a number if something else is called so."""
        number, unique = 1, name
        while unique in self.taken:
            number += 1
            unique = f"{name}_{number}"
        self.taken.add(unique)
        return unique

    def steps(self) -> Iterator[str]:
        """Yield `t1`, `t2` ..., without those that are taken."""
        number = 0
        while True:
            number += 1
            if f"t{number}" not in self.taken:
                yield f"t{number}"


def leaves_of(node: Node) -> Iterator[Any]:
    """Yield the variables, and the symbolic tensors that nothing made, of a call."""
    for leaf in tree.flatten((arguments_of(node), node.kwargs)):
        if isinstance(leaf, Variable) or (is_symbolic(leaf) and is_leaf(leaf)):
            yield leaf


def arguments_of(node: Node) -> tuple[Any, ...]:
    """Return the arguments of a call by position, as a reader wants to see them.

    Of conditions they are the branches, of a Jacobian the expression, not what these
    are computed from; of a formality only the first.
    """
    operation: Any = node.operation
    if hasattr(operation, "branches"):
        sides = operation.branches
        several = len(sides[0]) > 1
        return (node.args[0], *(list(side) if several else side[0] for side in sides))
    if hasattr(operation, "wrt"):
        return operation.pieces[0].outputs[0], operation.wrt
    name = title(operation)
    if name == "count":
        return shape_source(node.args[0]), *node.args[1:]
    formal = name in FORMALITIES and _sum_of(node.args[0], node.args[-1]) is not None
    return node.args[:1] if formal or name == "spread" else node.args


def _sum_of(x: Any, like: Any) -> dict[str, Any] | None:
    """Return along what `x` is summed to have the shape of `like`; None: it depends."""
    extra = getattr(x, "ndim", 0) - like.ndim
    if extra < 0:
        return None
    pairs = enumerate(zip(like.shape, x.shape[extra:]))
    kept = [i for i, (n, now) in pairs if n == 1 and now != 1]
    if kept:
        return None if extra else {"axis": tuple(kept), "keepdims": True}
    if extra and like.ndim:
        return {"axis": tuple(range(extra))}
    return {}


def shown(node: Node) -> list[Any]:
    """Return the symbolic tensors among the arguments that a reader sees."""
    nest = (arguments_of(node), node.kwargs)
    return [x for x in tree.flatten(nest) if is_symbolic(x)]


def calls_below(expression: Any) -> list[Node]:
    """Return the calls that a formula shows, each below those that it needs."""
    order: list[Node] = []
    done: set[int] = set()
    stack = [
        (x.node, False)
        for x in reversed(tree.flatten(expression))
        if is_symbolic(x) and not is_leaf(x)
    ]
    while stack:  # as `graph.toposort`
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif id(node) not in done:
            done.add(id(node))
            below = [t.node for t in reversed(shown(node)) if not is_leaf(t)]
            stack += [(node, True), *((other, False) for other in below)]
    return order


def step_names(node: Node, names: Names) -> tuple[list[tuple[Any, str]], list[str]]:
    """Return the names in the step of a loop: of what it takes, of its results."""
    operation: Any = node.operation
    count = len(operation.window)
    results = [names.free(f"y{i + 1}" if count > 1 else "y") for i in range(count)]
    sequences = [names.of(x) if is_leaf(x) else names.free("s") for x in node.args[1]]
    found = [
        *(_at(sequences[which], offset) for which, offset in operation.sequences),
        *(_at(results[which], offset) for which, offset in operation.taps),
        *(f"{names.of(x)}[t]" for x in node.args[3]),
    ]
    return list(zip(operation.piece.given, found)), results


def _at(name: str, offset: int) -> str:
    return f"{name}[t{offset:+d}]" if offset else f"{name}[t]"


class Writer:
    """Puts terms together.

    Args:
        style: of the language.

    Attributes:
        terms: id of a tensor -> how it is written, if not by its name.
    """

    def __init__(self, style: Style) -> None:
        self.style, self.names = style, Names()
        self.terms: dict[int, Term] = {}

    def value(self, x: Any) -> Term:
        """Return the text of an argument: a tensor, a constant, a nest of them."""
        if is_symbolic(x) and id(x) in self.terms:
            return self.terms[id(x)]
        if is_constant(x):
            return constant(x.get_value())
        if isinstance(x, Variable) or is_symbolic(x):
            return Term(self.style.name(self.names.of(x)))
        if isinstance(x, (list, tuple, dict)):
            return self.nest(x)
        return constant(x)

    def nest(self, x: Any) -> Term:
        values = [self.value(e) for e in (x.values() if isinstance(x, dict) else x)]
        text = ", ".join(value.text for value in values)
        depth = 1 + max((value.depth for value in values), default=0)
        if isinstance(x, dict):
            pairs = [f"{constant(k).text}: {v.text}" for k, v in zip(x, values)]
            return Term(f"{{{', '.join(pairs)}}}", depth=depth)
        if isinstance(x, list):
            return Term(f"[{text}]", depth=depth)
        return Term(f"({text},)" if len(values) == 1 else f"({text})", depth=depth)

    def call(self, node: Node) -> Term:
        """Return the text of a call."""
        name, args = title(node.operation), arguments_of(node)
        if name in FORMALITIES and len(args) == 1:
            return self.formality(node.args[0], node.args[-1])
        if hasattr(node.operation, "taps"):
            return self.loop(node)
        if name == "get_item" and len(args) == 2:
            return self.item(*args)
        operator = None if node.kwargs else self.style.operators.get(name)
        if operator is not None and len(operator) == len(args) + 2:
            parts = [self.value(x) for x in args]
            signed = all(not t.dtype.startswith("uint") for t in node.inputs)
            return self.operator(name, parts, signed)
        return self.written(name, args, node.kwargs)

    def written(self, name: str, args: Iterable[Any], kwargs: dict[str, Any]) -> Term:
        """Return `name(args, key=value)`."""
        parts = [self.value(x) for x in args]
        if name in REDUCING and "axis" in kwargs:
            kwargs = _tidied(kwargs)
        named = {key: self.value(x) for key, x in kwargs.items()}
        texts = [
            *(p.text for p in parts),
            *(self.style.keyword % (key, p.text) for key, p in named.items()),
        ]
        depth = 1 + max((p.depth for p in (*parts, *named.values())), default=0)
        head = self.style.function(name)
        return Term(self.style.call % (head, ", ".join(texts)), depth=depth)

    def formality(self, x: Any, like: Any) -> Term:
        """Return what has the shape of another tensor: perhaps a sum."""
        along = {} if not is_symbolic(x) or x.ndim == 0 else _sum_of(x, like)
        if not along and (not is_symbolic(x) or x.ndim in (0, like.ndim)):
            return self.value(x)
        return self.written("sum", [x], along or {})

    def loop(self, node: Node) -> Term:
        """Return `scan(step, sequences, first values)`, the step as a formula."""
        steps, sequences, initials, *_ = node.args
        operation: Any = node.operation
        inside, results = step_names(node, self.names)
        for x, name in inside:
            self.terms[id(x)] = Term(self.style.name(name))
        calls = calls_below(operation.piece.outputs)
        for inner in calls:
            if id(tree.flatten(inner.outputs)[0]) not in self.terms:
                self.enter(inner, Term("...") if is_large(calls) else self.call(inner))
        step = operation.piece.outputs[: len(results)]
        before = [f"[-{n}:]" if n > 1 else "[-1]" for n in operation.window]
        names = [name + index for name, index in zip(results, before)]
        firsts = {n: x for n, x in zip(names, initials) if x is not None}
        if steps is not None:
            firsts["n_steps"] = steps
        return self.written(
            "scan", [step[0] if len(step) == 1 else step, *sequences], firsts
        )

    def enter(self, node: Node, term: Term) -> None:
        """Remember how the results of a call are written."""
        outputs = tree.flatten_with_path(node.outputs)
        for place, (path, tensor) in enumerate(outputs):
            if hasattr(node.operation, "pieces") or hasattr(node.operation, "template"):
                path = (place,) if len(outputs) > 1 else ()
            keys = "".join(f"[{constant(key).text}]" for key in path)
            whole = Term(self.bracketed(term, CALL) + keys) if keys else term
            self.terms[id(tensor)] = whole

    def operator(self, name: str, parts: list[Term], signed: bool) -> Term:
        """Return a term; signs of float and signed numbers move where they read best.

        That changes no bit: rounding is the same on both sides of zero. A product that
        is a factor needs no brackets, which changes the last bit at most.
        """
        first, last = parts[0], parts[-1]
        if name in ("add", "subtract") and signed and last.minus is not None:
            name = "subtract" if name == "add" else "add"
            parts = [first, last.minus]
        if name == "negative" and signed and first.chain and first.minus is None:
            text, depth = f"-{first.text}", first.depth + 1
            return Term(text, PRODUCT, first, True, depth, first.number)
        if name == "negative" and signed and first.chain and first.minus is not None:
            return first.minus
        numbers = first.number and last.number and not first.chain
        if name == "multiply" and signed and last.chain and not (numbers or last.minus):
            parts = [first, last._replace(level=POWER)]  # a · (b · c) = (a · b) · c
        made = self.joined(name, parts)
        if name == "negative" and signed:
            return made._replace(minus=first)
        if name not in ("multiply", "divide"):
            return made
        if first.level == PRODUCT and not first.chain:
            return made
        minus = first.minus and self.joined(name, [first.minus, parts[1]])._replace(
            chain=True, number=first.minus.number
        )
        return made._replace(chain=True, minus=minus, number=first.number)

    def joined(self, name: str, parts: list[Term]) -> Term:
        template, level, *least = self.style.operators[name]
        texts = [self.bracketed(part, low) for part, low in zip(parts, least)]
        if name == "negative" and texts[0].startswith("-"):
            texts = [self.style.brackets % texts[0]]
        depth = 1 + max(part.depth for part in parts)
        return Term(filled(template, texts), level, depth=depth)

    def bracketed(self, term: Term, least: int) -> str:
        return term.text if term.level >= least else self.style.brackets % term.text

    def item(self, x: Any, key: Any) -> Term:
        """Return `x[key]`."""
        base = self.value(x)
        text = self.style.item % (self.bracketed(base, CALL), self.index(key))
        return Term(text, depth=base.depth + 1)

    def index(self, key: Any) -> str:
        """Return what stands in the brackets of `x[key]`."""
        if isinstance(key, (list, tuple)):
            return ", ".join(map(self.index, key)) or "()"
        if isinstance(key, slice):
            parts = [
                "" if part is None else self.value(part).text
                for part in (key.start, key.stop, key.step)
            ]
            return ":".join(parts if parts[2] else parts[:2])
        return self.value(key).text


def _tidied(kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a sum with the axis as one writes it."""
    axis = kwargs["axis"]
    if isinstance(axis, (tuple, list)) and len(axis) == 1:
        return {**kwargs, "axis": axis[0]}
    return {k: x for k, x in kwargs.items() if k != "axis" or x is not None}


def filled(template: str, texts: list[str]) -> str:
    """Return a template with its places filled, `%1$s` being the first."""
    if "%1$s" not in template:
        return template % tuple(texts)
    return re.sub(r"%(\d)\$s", lambda found: texts[int(found[1]) - 1], template)


def constant(x: Any) -> Term:
    """Return the text of what is no tensor of the graph: numbers, arrays, strings."""
    if x is Ellipsis:
        return Term("...")
    if isinstance(x, str):
        return Term(f'"{x}"' if repr(x) == f"'{x}'" and '"' not in x else repr(x))
    if backend.is_array(x):
        x = backend.to_numpy(x)
    if isinstance(x, np.ndarray) and x.ndim == 0:
        x = x[()]
    if isinstance(x, np.ndarray):
        return Term(_array(x), number=True)
    if callable(x):
        return Term(f"<function {getattr(x, '__name__', type(x).__name__)}>")
    text = str(x) if isinstance(x, np.generic) else repr(x)
    if isinstance(x, slice) or not isinstance(x, (int, float, complex, np.generic)):
        return Term(text)
    if text.startswith("-"):
        return Term(text, UNARY, Term(text[1:], number=True), number=True)
    return Term(text, number=True)


def is_constant(x: Any) -> bool:
    """Say whether a tensor is a number or an array that stands in the expression."""
    number = r"-?[\d.]+(e[+-]?\d+)?|-?inf|nan|constant"
    return isinstance(x, Shared) and re.fullmatch(number, x.name) is not None


def _array(x: np.ndarray) -> str:
    if x.size > FEW or not x.size:
        return f"<array {x.dtype.name} {x.shape}>"
    texts = np.array([str(number) for number in x.ravel()], "O").reshape(x.shape)
    numbers = str(texts.tolist()).replace("'", "")
    if x.dtype.name in ("float32", "float64", "int32", "int64", "bool"):
        return numbers
    return f'array({numbers}, dtype="{x.dtype.name}")'


# --- the public functions -------------------------------------------------------------

PYTHON = Style(OPERATORS, "(%s)", str, str, "%s(%s)", "%s[%s]", "%s=%s")


def pp(expression: Any, share: bool = False) -> str:
    """Returns an expression as one formula in Python's syntax.

    Operators stand between their operands, with the fewest brackets; other calls are
    written as such. `parse` reads the formula back.

    Args:
        expression: a symbolic tensor, or a nest of them.
        share: whether what is used more than once gets a line and a name of its own,
            `t1`, `t2` ... A formula of more than 2,000 calls or 4,000 characters, or
            60 calls deep, is cut into such lines in any case.

    Returns:
        The text. Numbers and arrays of up to twelve numbers are written in full,
        larger ones as `<array float32 (3, 4)>`; weights by their paths, with dots.

    Example:
        >>> x, y = keras.KerasTensor((), name="x"), keras.KerasTensor((), name="y")
        >>> keras.symbolic.pp(2 * keras.ops.exp(x) - (y - x) ** 2)
        '2 * exp(x) - (y - x) ** 2'
        >>> z = keras.ops.exp(x * y)
        >>> print(keras.symbolic.pp(z / (1 + z), share=True))
        t1 = exp(x * y)
        t1 / (1 + t1)
    """
    return "\n".join(lines_of(expression, share, PYTHON, "%s = %s"))


def lines_of(expression: Any, share: bool, style: Style, line: str) -> list[str]:
    """Return the formula, and before it a line for each part that has a name.

    Args:
        line: how a part is given its name: `"%s = %s"`.
    """
    nodes = calls_below(expression)
    share = share or is_large(nodes)
    lines = _lines(expression, nodes, share, style, line)
    if not share and len(lines[0]) > CHARACTERS:
        return _lines(expression, nodes, True, style, line)
    return lines


def _lines(
    expression: Any, nodes: list[Node], share: bool, style: Style, line: str
) -> list[str]:
    writer = Writer(style)
    for leaf in (leaf for node in nodes for leaf in leaves_of(node)):
        writer.names.of(leaf)
    uses = _uses(expression, nodes) if share else Counter()
    steps, lines = writer.names.steps(), []
    for node in nodes:
        term = writer.call(node)
        often = uses[id(node)] > 1 and len(term.text) > SHORT
        if share and (often or term.depth >= DEPTH):
            name = style.name(next(steps))
            lines.append(line % (name, term.text))
            term = Term(name)
        writer.enter(node, term)
    return [*lines, writer.value(expression).text]


def _uses(expression: Any, nodes: Iterable[Node]) -> Counter[int]:
    """How often the result of each call stands in the formula; id(call) -> number."""
    ends = [x for x in tree.flatten(expression) if is_symbolic(x)]
    used = [*ends, *(tensor for node in nodes for tensor in shown(node))]
    return Counter(id(tensor.node) for tensor in used)


def is_large(nodes: Iterable[Node]) -> bool:
    """Say whether the formula on one line would be too much to read, or to hold."""
    sizes: dict[int, int] = {}
    depths: dict[int, int] = {}
    for node in nodes:
        below = [id(t.node) for t in shown(node) if id(t.node) in sizes]
        sizes[id(node)] = min(1 + sum(sizes[i] for i in below), 2 * CALLS)
        depths[id(node)] = 1 + max((depths[i] for i in below), default=0)
    return any(s > CALLS for s in sizes.values()) or any(
        d > DEPTH for d in depths.values()
    )
