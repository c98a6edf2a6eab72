"""Expressions as indented trees: `debugprint`."""

import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

from .. import tree
from ..graph import is_symbolic
from ..variable import Variable
from .formula import FORMALITIES, PYTHON, Term, Writer, arguments_of, step_names, title
from .function import Compiled
from .piece import is_leaf

__all__ = ["debugprint"]

AUTOMATIC = "keras_tensor"  # how names begin that nobody chose


def debugprint(
    obj: Any,
    depth: int = -1,
    print_type: bool = False,
    file: Any = None,
    ids: str = "CHAR",
    stop_on_name: bool = False,
) -> str | None:
    """Prints an expression as a tree: a line for each call, below it its arguments.

    What stands in several places has one id, such as `[id A]`; what is below it is
    shown once, then as `···`. The steps of loops and the branches of conditions, which
    are graphs of their own, follow below.

    Args:
        obj: a symbolic tensor, a nest of them, or a compiled function, of which
            outputs and updates are shown.
        depth: how many levels to show; -1: all.
        print_type: whether each line tells dtype and shape.
        file: where to write; default the standard output. `"str"`: return the text.
        ids: `"CHAR"`: letters; `"int"`: numbers; `"id"`: Python's ids; `""`: none.
        stop_on_name: whether to leave out what is below an expression with a name.

    Returns:
        The text if `file` is `"str"`, else None.

    Raises:
        ValueError: for other `ids`.

    Example:
        >>> x = keras.KerasTensor((), name="x")
        >>> y = keras.ops.exp(x)
        >>> keras.symbolic.debugprint(2 * y + y)
        add [id A]
         ├─ multiply [id B]
         │  ├─ 2
         │  └─ exp [id C]
         │     └─ x [id D]
         └─ exp [id C]
            └─ ···
    """
    if ids not in ("CHAR", "int", "id", ""):
        raise ValueError(f'`ids` is "CHAR", "int", "id" or "", got {ids!r}.')
    printer = _Printer(depth, print_type, ids, stop_on_name)
    for label, expression in roots(obj):
        printer.tree(expression, label)
    printer.inner_graphs()
    text = "\n".join(printer.lines)
    if file == "str":
        return text
    print(text, file=sys.stdout if file is None else file)
    return None


def roots(obj: Any) -> Iterator[tuple[str, Any]]:
    """Yield the expressions of a nest or of a function, each with what it is for."""
    if isinstance(obj, Compiled):
        yield from roots(obj.outputs)
        for old, new in obj.updates:
            yield f"{old.name} ← ", new
        return
    for path, expression in tree.flatten_with_path(obj):
        if isinstance(expression, Compiled):
            yield from roots(expression)
        elif expression is not None:
            keys = [key for key in path if isinstance(key, str)]
            yield "".join(f"{key}: " for key in keys), expression


class _Printer:
    """Writes trees, one below the other, with common ids."""

    def __init__(self, depth: int, types: bool, ids: str, stop_on_name: bool) -> None:
        self.depth, self.types, self.ids, self.stop = depth, types, ids, stop_on_name
        self.lines: list[str] = []
        self.writer = Writer(PYTHON)
        self.found: dict[int, int] = {}
        self.shown: set[int] = set()
        self.inner: list[tuple[Any, Any, Any]] = []  # of loops: result, names

    def tree(self, root: Any, label: str = "", indent: str = "") -> None:
        """Write an expression and what is below it (graphs may be thousands deep)."""
        stack = [(root, label, indent, indent, 0)]
        while stack:
            x, label, head, below, level = stack.pop()
            self.lines.append(head + label + self.line(x))
            children = arguments(x.node) if is_called(x) else []
            stop = level and self.stop and is_symbolic(x) and _is_named(x)
            if not children or stop or level == self.depth - 1:
                continue
            if self.seen(x):
                self.lines.append(f"{below} └─ ···")
                continue
            last = len(children) - 1
            for i, (label, child) in reversed(list(enumerate(children))):
                head = below + (" └─ " if i == last else " ├─ ")
                deeper = below + ("   " if i == last else " │ ")
                stack.append((child, label, head, deeper, level + 1))

    def line(self, x: Any) -> str:
        """Return what stands on a line: name, id, type."""
        called = is_called(x)
        text = self.operation(x) if called else self.writer.value(x).text
        if not called and not _has_tensors(x):
            return text
        text += self.id(x)
        if called and _is_named(x):
            text += f" '{x.name}'"
        return f"{text} <{x.dtype} {x.shape}>" if self.types else text

    def operation(self, x: Any) -> str:
        """Return the name of the operation, its options, which output it is."""
        node = x.node
        text, key = title(node.operation), plain_key(node, self.writer)
        named = ", ".join(options(node, self.writer))
        text += (f"{{{named}}}" if named else "") + (f"[{key}]" if key else "")
        outputs = [id(t) for t in tree.flatten(node.outputs)]
        return text if len(outputs) == 1 else f"{text}.{outputs.index(id(x))}"

    def id(self, x: Any) -> str:
        if not self.ids:
            return ""
        number = self.found.setdefault(id(x), len(self.found))
        shown = {"CHAR": _letters(number), "int": number, "id": id(x)}[self.ids]
        return f" [id {shown}]"

    def seen(self, x: Any) -> bool:
        """Say whether the call that gave `x` was shown before."""
        if id(x.node) in self.shown:
            return True
        self.shown.add(id(x.node))
        if is_loop(x.node):
            self.inner.append((x, *step_names(x.node, self.writer.names)))
        return False

    def inner_graphs(self) -> None:
        """Write the steps of loops."""
        for number in count():
            if number == len(self.inner):
                return
            if not number:
                self.lines += ["", "Inner graphs:"]
            tensor, inside, results = self.inner[number]  # which may find more of them
            self.writer.terms |= {id(x): Term(name) for x, name in inside}
            self.lines += ["", f"scan{self.id(tensor)}"]
            node = tensor.node
            labels = [f"{name}[t] ← " for name in results]
            labels += [f"{self.writer.names.of(x)} ← " for x in node.args[3]]
            labels += ["until "] * node.operation.stops
            for label, output in zip(labels, node.operation.piece.outputs):
                self.tree(output, label, " ")


def is_loop(node: Any) -> bool:
    """Say whether a call is a loop, whose step is a graph of its own."""
    return hasattr(node.operation, "taps")


def is_called(x: Any) -> bool:
    """Say whether `x` is the result of a call in the graph."""
    return is_symbolic(x) and not is_leaf(x)


def arguments(node: Any) -> list[tuple[str, Any]]:
    """Return the arguments of a call one by one, those by name with their keyword.

    Lists of tensors are taken apart, other lists are not.
    """
    found: list[tuple[str, Any]] = []
    formal = title(node.operation) in FORMALITIES
    args = node.args if formal else arguments_of(node)
    labels = [""] * len(args)
    if _has_plain_key(node):
        args = args[:1]
    elif is_loop(node):  # what the step needs besides is shown there
        args = [x for x in tree.flatten(args[:3]) if x is not None]
        labels = ["n_steps="] * (node.args[0] is not None)
        labels += [""] * len(node.args[1]) + ["first: "] * len(node.args[2])
    elif hasattr(node.operation, "branches"):
        labels = ["", "then: ", "else: "]
    by_name = [(f"{key}=", x) for key, x in node.kwargs.items() if _has_tensors(x)]
    for label, x in [*zip(labels, args), *by_name]:
        parts = tree.flatten(x) if _has_tensors(x) else [x]
        found += [(label, part) for part in parts]
    return found


def options(node: Any, writer: Writer) -> list[str]:
    """Return the arguments by name that are no tensors: `axis=1`."""
    return [
        f"{key}={writer.value(value).text}"
        for key, value in node.kwargs.items()
        if not _has_tensors(value)
    ]


def plain_key(node: Any, writer: Writer) -> str:
    """Return what stands in the brackets of `x[...]` if nothing there is symbolic."""
    return writer.index(node.args[1]) if _has_plain_key(node) else ""


def _has_plain_key(node: Any) -> bool:
    plain = len(node.args) == 2 and not _has_tensors(node.args[1])
    return plain and title(node.operation) == "get_item"


def _has_tensors(x: Any) -> bool:
    return any(is_symbolic(e) or isinstance(e, Variable) for e in tree.flatten(x))


def _is_named(x: Any) -> bool:
    return not x.name.startswith(AUTOMATIC)


def _letters(number: int) -> str:
    """A, B ... Z, BA, BB ...: the digits of a number in base 26."""
    text = chr(ord("A") + number % 26)
    while number := number // 26:
        text = chr(ord("A") + number % 26) + text
    return text
