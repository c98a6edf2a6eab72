"""Expressions and symbolic functions as boxes and arrows."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from .. import backend, tree
from ..graph import is_symbolic
from ..symbolic.formula import (
    OPERATORS,
    PYTHON,
    Term,
    Writer,
    calls_below,
    constant,
    is_constant,
    step_names,
    title,
)
from ..symbolic.function import Compiled
from ..symbolic.piece import is_leaf
from ..symbolic.printing import (
    arguments,
    is_called,
    is_loop,
    options,
    plain_key,
    roots,
)
from ..symbolic.variables import Shared
from ..variable import Variable
from .model_graph import LINE, MARGIN, _Box, _Diagram, _draw, _Drawn
from .picture import (
    INK,
    PALE,
    PALETTE,
    Line,
    Picture,
    Rect,
    Text,
    moved,
    shorten,
    text_width,
)

__all__ = ["plot_expression"]

ROOM, SMALL, STRIP = 220.0, 9.5, 13.0  # widest text; label of an arrow, room for it
_BLUE, _RED, _GREEN, *_ = PALETTE
# Calls whose arguments may come in from any side.
EITHER_WAY = ("add", "multiply", "equal", "not_equal", "maximum", "minimum")
# kind of box -> fill, border, radius of its corners (None: round ends)
LOOKS: dict[str, tuple[str, str, float | None]] = {
    "variable": ("#dcebf7", _BLUE, None),
    "shared": ("#d8f0e6", _GREEN, None),
    "constant": ("#f1f1f1", PALE, 0.0),
    "operation": ("#ffffff", INK, 5.0),
    "output": ("#fbe5d6", _RED, None),
}


def plot_expression(
    expression: Any,
    to_file: Any = None,
    show_shapes: bool = True,
    expand: bool = True,
    dpi: float = 200,
) -> Picture:
    """Draws an expression or a symbolic function: a box for each call, arrows between.

    Variables are blue, shared variables and weights green, constants grey. The
    arguments of a call come in from left to right.

    Args:
        expression: a symbolic tensor, a nest of them, or a function made by
            `kerasish.symbolic.function`, of which outputs and updates are drawn.
        to_file: path of a picture to write: `.svg`, or with matplotlib
            (`pip install "kerasish[plot]"`) `.png` or `.pdf`.
        show_shapes: whether arrows tell the shapes, and dtypes that are not float32.
        expand: whether the steps of loops and the branches of conditions are opened,
            each in a frame.
        dpi: pixels per inch of a `.png`, where 96 is the size of the `.svg`.

    Returns:
        A `Picture`, which a notebook shows.

    Raises:
        TypeError: if there is nothing symbolic in `expression`.

    Example:
        >>> from kerasish import symbolic as S
        >>> x = S.scalar("x")
        >>> picture = keras.visualization.plot_expression(2 * keras.ops.exp(x))
        >>> print(picture)
        x
        ()
        exp
        2
        ()
        *
        ()
        result
        variable  constant  operation  output
    """
    ends = list(roots(expression))
    if not any(is_symbolic(end) for _, end in ends):
        raise TypeError(
            "`expression` is a symbolic tensor, a nest of them or a function made by "
            f"`symbolic.function`, got {expression!r}."
        )
    maker = _Maker(show_shapes, expand, Writer(PYTHON))
    diagram = maker.diagram([end for _, end in ends])
    for label, end in ends:
        maker.output(diagram, label, end)
    drawn = _draw(diagram, False)
    shapes = [moved(shape, MARGIN, MARGIN) for shape in drawn.shapes]
    legend, width = _legend(maker.kinds, drawn.height + 2 * MARGIN + 4)
    width = max(width, drawn.width + 2 * MARGIN)
    name = expression.name if isinstance(expression, Compiled) else "Expression"
    picture = Picture(width, drawn.height + 3 * MARGIN + 8, shapes + legend, name)
    if to_file is not None:
        picture.save(to_file, dpi)
    return picture


class _Maker:
    """Turns graphs into diagrams."""

    def __init__(self, shapes: bool, expand: bool, writer: Writer) -> None:
        self.shapes, self.expand, self.writer = shapes, expand, writer
        self.kinds: set[str] = set()
        self.places: dict[int, tuple[int, int]] = {}  # tensor -> box, which output

    def diagram(self, ends: Sequence[Any]) -> _Diagram:
        """Return boxes and arrows of what leads to `ends`."""
        found = _Diagram()
        for node in calls_below(list(ends)):
            self.call(found, node)
        return found

    def call(self, diagram: _Diagram, node: Any) -> None:
        """Add the box of a call, and arrows to it."""
        name, rows = title(node.operation), options(node, self.writer)
        parts = OPERATORS.get(name)
        sign = parts[0].replace("%s", "").replace("%%", "%").strip() if parts else name
        sign = f"[{plain_key(node, self.writer)}]" if name == "get_item" else sign
        sources = []
        opened = self.expand and is_loop(node)
        for label, x in _into(node) if opened else arguments(node):
            if _is_number(x, parts is not None):
                sources.append(self.source(diagram, x))
            else:
                rows.append(label + constant(x).text)
        outputs = [t for t in tree.flatten(node.outputs) if is_symbolic(t)]
        entries = 0 if name in EITHER_WAY else len(sources)
        made = self.box(diagram, "operation", sign, rows, outputs, entries)
        place = len(diagram.boxes) - 1
        self.places |= {id(t): (place, i) for i, t in enumerate(outputs)}
        diagram.edges += [(box, place, out, i) for i, (box, out) in enumerate(sources)]
        if opened:
            made.key, made.inner = "", self.step(node)

    def step(self, node: Any) -> _Diagram:
        """Return what is inside of a loop."""
        piece, found = node.operation.piece, _Diagram()
        outside, self.places = self.places, {}
        named, _ = step_names(node, self.writer.names)
        self.writer.terms |= {id(x): Term(name) for x, name in named}
        captured = [(x, self.named(x)) for x in piece.captured]
        for x, name in [*named, *captured]:
            found.entries.append(self.leaf(found, x, name))
        for inner in piece.order:
            self.call(found, inner)
        found.exits = [self.source(found, end)[0] for end in piece.outputs]
        self.places = outside
        return found

    def named(self, x: Any) -> str:
        """Return the name of a variable, or of what computes a tensor."""
        return self.writer.value(x).text if is_leaf(x) else title(x.node.operation)

    def source(self, diagram: _Diagram, x: Any) -> tuple[int, int]:
        """Return the box that a value comes from, and which of its outputs it is."""
        if id(x) in self.places and (is_symbolic(x) or isinstance(x, Variable)):
            return self.places[id(x)]
        if (is_symbolic(x) or isinstance(x, Variable)) and not is_constant(x):
            return self.leaf(diagram, x, self.named(x)), 0
        text = self.writer.value(x).text
        self.box(diagram, "constant", text, [], [x] if hasattr(x, "ndim") else [], 0)
        return len(diagram.boxes) - 1, 0

    def leaf(self, diagram: _Diagram, x: Any, name: str) -> int:
        """Add the box of a variable."""
        kind = "shared" if isinstance(x, (Shared, Variable)) else "variable"
        kind = "constant" if is_constant(x) else kind
        self.box(diagram, kind, name, [], [x], 0)
        self.places[id(x)] = (len(diagram.boxes) - 1, 0)
        return len(diagram.boxes) - 1

    def output(self, diagram: _Diagram, label: str, end: Any) -> None:
        """Add the box of an output that has a name, or of an update."""
        source = self.source(diagram, end)
        label = label.strip(" :")
        if label.endswith("←"):
            label = f"new {label.rstrip(' ←')}"
        elif not label and is_called(end):
            label = "result"
        if label:
            diagram.edges.append((source[0], len(diagram.boxes), source[1], 0))
            self.box(diagram, "output", label, [], [], 1)

    def box(
        self,
        diagram: _Diagram,
        kind: str,
        text: str,
        rows: list[str],
        results: Sequence[Any],
        inputs: int,
    ) -> _Box:
        self.kinds.add(kind)
        told = dict.fromkeys(map(_type, results)) if self.shapes else {}
        size = 13.0 if kind == "operation" else 11.0
        made = _Box(
            key=text,
            title=shorten(text, size, ROOM),
            rows=[shorten(row, 11, ROOM) for row in rows],
            colour=LOOKS[kind][1],
            draw=partial(
                _draw_node, kind, ", ".join(told), inputs, max(1, len(results))
            ),
        )
        diagram.boxes.append(made)
        return made


def _into(node: Any) -> list[tuple[str, Any]]:
    """What flows into the boxes at which the step of a loop begins, one by one."""
    steps, sequences, initials, states, _ = node.args
    operation = node.operation
    found = [sequences[which] for which, _ in operation.sequences]
    found += [initials[which] for which, _ in operation.taps]
    found += [*states, *operation.piece.captured]
    ends = [] if steps is None else [("n_steps=", steps)]
    return [*(("", x) for x in found), *ends]


def _is_number(x: Any, operand: bool) -> bool:
    """Say whether an argument has a box of its own: a tensor, an operand."""
    if is_symbolic(x) or isinstance(x, Variable) or backend.is_array(x):
        return True
    return hasattr(x, "dtype") or isinstance(x, float) or operand


def _type(x: Any) -> str:
    dtype = getattr(x.dtype, "name", None) or str(x.dtype)
    return str(tuple(x.shape)) + (f" {dtype}" if dtype != "float32" else "")


def _draw_node(kind: str, label: str, inputs: int, outputs: int, box: _Box) -> _Drawn:
    """A box with its text, and below it where the arrows leave what shape they are."""
    fill, stroke, radius = LOOKS[kind]
    texts = [(box.title, 13.0 if kind == "operation" else 11.0, kind == "operation")]
    texts += [(row, 11.0, False) for row in box.rows]
    width = max(36.0, *(text_width(*text) + 18 for text in texts))
    if label:
        width = max(width, 2 * text_width(label, SMALL) + 14)
    height = LINE * len(texts) + 10
    corner = height / 2 if radius is None else radius
    shapes: list[Any] = [Rect(0, 0, width, height, fill, stroke, 1.4, corner, box.key)]
    for number, (text, size, bold) in enumerate(texts):
        y = 17 + LINE * number
        shapes.append(Text(width / 2, y, text, size, "middle", INK, bold))
    full = height
    if label:
        full += STRIP
        shapes.append(Line([(width / 2, height), (width / 2, full)], PALE, 1.3))
        shapes.append(Text(width / 2 + 4, full - 3, label, SMALL, fill=PALE))
    entries = [(width * (i + 1) / (inputs + 1), 0.0) for i in range(inputs)]
    return _Drawn(shapes, width, full, entries, [(width / 2, full)] * outputs)


def _legend(kinds: set[str], y: float) -> tuple[list[Any], float]:
    """What the colours mean, and how wide that is."""
    shapes: list[Any] = []
    x = MARGIN
    for kind, (fill, stroke, radius) in LOOKS.items():
        if kind in kinds:
            corner = 5.0 if radius is None else radius / 2
            shapes.append(Rect(x, y, 16, 10, fill, stroke, 1.2, corner))
            shapes.append(Text(x + 21, y + 9, kind, SMALL, fill=PALE))
            x += 21 + text_width(kind, SMALL) + 16
    return shapes, x
