"""Models as boxes and arrows: a picture, or a text for Graphviz."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .. import tree
from ..graph import is_symbolic
from ..layers.layer import Layer
from ..models.summary import shape_text, type_name
from .layout import Point, place
from .picture import INK, PALE, PALETTE, Line, Picture, Rect, Text, moved, text_width

__all__ = ["Dot", "model_to_dot", "plot_model"]

FOLD = 1500.0  # pixels; a longer picture goes on in a second column
MARGIN, LINE, PAD, HEAD = 16.0, 16.0, 16.0, 26.0

# What colour the boxes of a module of layers have: the border of it.
_BLUE, _RED, _GREEN, _PINK, _ORANGE, _SKY, _OLIVE, _ = PALETTE
_COLOURS = {
    "input": INK,
    "dense": _BLUE,
    "embedding": _BLUE,
    "convolution": _GREEN,
    "conv_lstm": _PINK,
    "pooling": _SKY,
    "normalization": _ORANGE,
    "merging": _RED,
    **dict.fromkeys(("recurrent", "rnn", "cells", "bidirectional"), _PINK),
    **dict.fromkeys(("attention", "multi_head_attention"), _OLIVE),
}


class _Show(NamedTuple):
    """What `plot_model` and `model_to_dot` were asked to show."""

    shapes: bool = False
    dtype: bool = False
    names: bool = False
    nested: bool = False
    activations: bool = False
    trainable: bool = False


@dataclass
class _Box:
    """A layer: lines of text, and what is inside if it is a model that is opened.

    `draw`: what draws it, if it looks otherwise than layers do.
    """

    key: str
    title: str
    rows: list[str]
    colour: str
    inner: "_Diagram | None" = None
    draw: "Callable[[_Box], _Drawn] | None" = None


@dataclass
class _Diagram:
    """Boxes and arrows: (source, target, which output, which input).

    `order`: arrows that are not drawn and only say what stands below what.
    `entries` and `exits` are the boxes of the inputs and outputs.
    """

    boxes: list[_Box] = field(default_factory=list)
    edges: list[tuple[int, int, int, int]] = field(default_factory=list)
    order: list[tuple[int, int]] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    exits: list[int] = field(default_factory=list)


# --- from models to boxes -------------------------------------------------------------


def _diagram(model: Any, show: _Show, path: str = "") -> _Diagram:
    graph = model if hasattr(model, "run_order") else getattr(model, "_graph", None)
    if graph is None:
        layers = model.layers
        boxes = [_box(layer, [], show, path) for layer in layers]
        return _Diagram(boxes, order=[(i, i + 1) for i in range(len(boxes) - 1)])
    found = _Diagram()
    places: dict[int, int] = {}
    calls: dict[int, list[Any]] = {}
    for node in graph.all_nodes:
        calls.setdefault(id(node.operation), []).append(node)
    for operation in graph.operations:
        places[id(operation)] = len(places)
        found.boxes.append(_box(operation, calls[id(operation)], show, path))
    for tensor in graph.inputs:
        if tensor.node is None:  # a symbolic tensor that nothing made
            places[id(tensor)] = len(places)
            box = _Box(f"{path}{tensor.name}", "Input", [tensor.name], INK)
            found.boxes.append(box)
        found.entries.append(_source(tensor, places)[0])
    for node in graph.run_order:
        for number, tensor in enumerate(node.inputs):
            source, output = _source(tensor, places)
            target = places[id(node.operation)]
            found.edges.append((source, target, output, number))
    found.exits = [_source(tensor, places)[0] for tensor in graph.outputs]
    return found


def _source(tensor: Any, places: dict[int, int]) -> tuple[int, int]:
    """The box that a tensor comes from, and which of its outputs it is."""
    if tensor.node is None:
        return places[id(tensor)], 0
    outputs = [id(t) for t in tree.flatten(tensor.node.outputs)]
    return places[id(tensor.node.operation)], outputs.index(id(tensor))


def _box(operation: Any, calls: list[Any], show: _Show, path: str) -> _Box:
    rows = [operation.name] if show.names else []
    activation = getattr(operation, "activation", None)
    if show.activations and activation is not None:
        name = getattr(activation, "__name__", None) or type(activation).__name__
        rows.append(f"activation: {name}")
    if show.shapes:
        rows += _facts(operation, calls, lambda t: str(tuple(t.shape)))
    if show.dtype:
        rows += _facts(operation, calls, lambda t: t.dtype, once=True)
    if show.trainable and getattr(operation, "weights", None):
        rows.append(f"trainable: {'yes' if operation.trainable else 'no'}")
    key = f"{path}{operation.name}"
    box = _Box(key, type_name(operation), rows, _colour(operation))
    if show.nested and _is_model(operation):
        box.inner = _diagram(operation, show, f"{key}/")
    return box


def _is_model(operation: Any) -> bool:
    return hasattr(operation, "operations") and bool(operation.layers)


def _facts(
    operation: Any, calls: list[Any], fact: Any, once: bool = False
) -> list[str]:
    """A fact about what goes in and what comes out, in one row or two.

    `once`: what is the same for many tensors is told once.
    """
    if not calls:
        known = operation.compute_dtype if once else shape_text(operation)
        return [known] if known != "?" else []

    def listed(nests: list[Any]) -> str:
        texts = [fact(t) for t in tree.flatten(nests) if is_symbolic(t)]
        texts = list(dict.fromkeys(texts)) if once or len(calls) > 1 else texts
        rest = f" and {len(texts) - 3} more" if len(texts) > 4 else ""
        return ", ".join(texts[: 3 if rest else 4]) + rest

    into, out = listed([c.inputs for c in calls]), listed([c.outputs for c in calls])
    if not into or (once and into == out):
        return [out]
    if len(into) + len(out) > 48:
        return [f"{into} →", out]
    return [f"{into} → {out}"]


def _colour(operation: Any) -> str:
    for cls in type(operation).__mro__:
        colour = _COLOURS.get(cls.__module__.rpartition(".")[2])
        if colour and cls.__module__.startswith(Layer.__module__.split(".")[0]):
            return colour
    return PALE


# --- from boxes to a picture ----------------------------------------------------------


class _Drawn(NamedTuple):
    """Shapes that begin at (0, 0), and where arrows come in and go out."""

    shapes: list[Any]
    width: float
    height: float
    entries: list[Point]
    exits: list[Point]


def _draw(diagram: _Diagram, across: bool, inner: bool = False) -> _Drawn:
    """Draw boxes and arrows, from left to right if `across`."""

    def turn(point: Point) -> Point:
        return (point[1], point[0]) if across else point

    parts = [_draw_box(box, across) for box in diagram.boxes]
    # Inside a frame a point at its lower border leads each output out.
    outside = list(dict.fromkeys(diagram.exits)) if inner else []
    pins = range(len(parts), len(parts) + len(outside))
    layout = place(
        [turn((p.width, p.height)) for p in parts] + [(0.0, 0.0)] * len(pins),
        [*[edge[:2] for edge in diagram.edges], *zip(outside, pins), *diagram.order],
        last=pins,
        first=diagram.entries if inner else (),
        fold=FOLD,
        ports=_ports(diagram, parts, across),
    )
    shapes: list[Any] = []
    for number, route in enumerate(layout.routes[: len(diagram.edges) + len(pins)]):
        head = number < len(diagram.edges)
        shapes += _arrow([turn(point) for point in route], head, across)
    centers = [turn(center) for center in layout.centers]
    for part, (x, y) in zip(parts, centers):
        shift = (x - part.width / 2, y - part.height / 2)
        shapes += [moved(shape, *shift) for shape in part.shapes]
    exits = [centers[pins[outside.index(i)]] for i in diagram.exits] if inner else []
    size = turn((layout.width, layout.height))
    return _Drawn(shapes, *size, [centers[i] for i in diagram.entries], exits)


def _ports(
    diagram: _Diagram, parts: list[_Drawn], across: bool
) -> dict[tuple[int, int], float]:
    """Where arrows meet the frames of models that are opened, from their centers."""
    found = {}
    for number, (source, target, output, place_in) in enumerate(diagram.edges):
        for side, box, which in ((0, source, output), (1, target, place_in)):
            part = parts[box]
            points = part.entries if side else part.exits
            if which < len(points):
                size = part.height if across else part.width
                found[number, side] = points[which][1 if across else 0] - size / 2
    return found


def _arrow(points: list[Point], head: bool, across: bool) -> list[Any]:
    (a, b), (x, y) = points[-2], points[-1]
    upright = y != b and not (across and x != a)  # what slants comes in along the flow
    dx = 0.0 if upright else math.copysign(1.0, x - a)
    dy = math.copysign(1.0, y - b) if upright else 0.0
    if not head:
        return [Line(points, PALE, 1.3)]
    back = (x - 7 * dx, y - 7 * dy)
    if len(points) > 2 and 0 < (x - a) * dx + (y - b) * dy < 7:  # within the head
        points = [*points[:-2], (back[0], b) if dx else (a, back[1]), points[-1]]
    wings = [(back[0] + s * 3.8 * dy, back[1] - s * 3.8 * dx) for s in (1, -1)]
    tip = Line([(x, y), *wings], "none", fill=PALE)
    return [Line([*points[:-1], back], PALE, 1.3), tip]


def _draw_box(box: _Box, across: bool) -> _Drawn:
    if box.inner is not None:
        return _draw_frame(box, box.inner, across)
    if box.draw is not None:
        return box.draw(box)
    texts = [(box.title, 13.0, True), *[(row, 11.0, False) for row in box.rows]]
    width = max(96.0, *(text_width(*text) + 22 for text in texts))
    height = LINE * len(texts) + 14
    full = box.key.rpartition("/")[2]
    shapes: list[Any] = [
        Rect(0, 0, width, height, "#ffffff", box.colour, 1.5, 5, full),
        Rect(0.75, 0.75, width - 1.5, 5, box.colour),
    ]
    for number, (text, size, bold) in enumerate(texts):
        y = 20 + LINE * number
        look = INK if bold else "#444444"
        shapes.append(Text(width / 2, y, text, size, "middle", look, bold))
    return _Drawn(shapes, width, height, [], [])


def _draw_frame(box: _Box, inner: _Diagram, across: bool) -> _Drawn:
    """A model that is opened: its boxes in a frame, with its name at the top."""
    drawn = _draw(inner, across, inner=True)
    name = box.key.rpartition("/")[2]
    title = Text(PAD, 18, f"{box.title} {name}".strip(), 12, "start", INK, True)
    wide = max(drawn.width, text_width(title.text, 12, True))
    size = (wide + 2 * PAD, drawn.height + HEAD + PAD)
    shift = ((size[0] - drawn.width) / 2, HEAD)
    shapes = [
        Rect(0, 0, *size, "#f4f6f8", PALE, 1.2, 8, name),
        *[moved(shape, *shift) for shape in drawn.shapes],
    ]
    entries = [(x + shift[0], y + shift[1]) for x, y in drawn.entries]
    exits = [(x + shift[0], y + shift[1]) for x, y in drawn.exits]
    for x, y in exits:
        border = (size[0], y) if across else (x, size[1])
        shapes.append(Line([(x, y), border], PALE, 1.3))
    return _Drawn([*shapes, title], *size, entries, exits)


def _picture(diagram: _Diagram, across: bool, title: str) -> Picture:
    drawn = _draw(diagram, across)
    shapes = [moved(shape, MARGIN, MARGIN) for shape in drawn.shapes]
    width, height = drawn.width + 2 * MARGIN, drawn.height + 2 * MARGIN
    if diagram.order:
        words = "Layers in the order they were made; `call` is code."
        note = Text(MARGIN, height + 4, words, 11, fill=PALE)
        shapes.append(note)
        width, height = max(width, note.box()[2] + MARGIN), height + 16
    return Picture(width, height, shapes, title)


# --- the public functions -------------------------------------------------------------


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Picture:
    """Draws a model: a box for each layer, an arrow for each tensor between them.

    Neither Graphviz nor pydot is needed: `.svg` is written by kerasish itself, `.png`
    and `.pdf` by matplotlib (`pip install "kerasish[plot]"`). The colour of a box tells
    the kind of layer. A long chain goes on in a second column. A layer that is shared
    is one box with several arrows. Of a model whose `call` is code the layers are
    shown in the order in which they were made, without arrows.

    Args:
        model: a built model.
        to_file: path of the picture; None: none is written.
        show_shapes: whether boxes tell the shapes of inputs and outputs.
        show_dtype: whether they tell the dtypes.
        show_layer_names: whether they tell the names.
        rankdir: `"TB"`, from top to bottom, or `"LR"`, from left to right.
        expand_nested: whether models within the model are opened, each in a frame.
        dpi: pixels per inch of a `.png`, where 96 is the size of the `.svg`.
        show_layer_activations: whether boxes tell the activations.
        show_trainable: whether those with weights tell if they are trained.
        splines: for Graphviz, which is not used: ignored.

    Returns:
        The `Picture`, which a notebook shows.

    Raises:
        ValueError: if the model is not built, the ending of `to_file` is not known, or
            `rankdir` is none of the two.
        ImportError: for a `.png` without matplotlib.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> picture = keras.utils.plot_model(model, None, show_shapes=True)
        >>> print(picture)
        InputLayer
        (None, 3)
        Dense
        (None, 3) → (None, 2)
    """
    _refuse(kwargs, "plot_model")
    show = _Show(
        *(show_shapes, show_dtype, show_layer_names, expand_nested),
        *(show_layer_activations, show_trainable),
    )
    across = _across(rankdir)
    picture = _picture(_diagram(_built(model), show), across, f"Model {model.name}")
    if to_file is not None:
        picture.save(to_file, dpi)
    return picture


def _refuse(kwargs: dict[str, Any], name: str) -> None:
    if kwargs:
        raise ValueError(f"`{name}` has no argument named {', '.join(sorted(kwargs))}.")


def _across(rankdir: str) -> bool:
    if rankdir not in ("TB", "LR"):
        raise ValueError(
            f'`rankdir` must be "TB" (top to bottom) or "LR" (left to right), got '
            f"{rankdir!r}."
        )
    return rankdir == "LR"


def _built(model: Any) -> Any:
    if not (hasattr(model, "run_order") or hasattr(model, "operations")):
        raise TypeError(f"`model` must be a model, got {model!r}.")
    if not getattr(model, "built", True):
        raise ValueError(
            f"The model `{model.name}` is not built yet, so there is nothing to draw. "
            "Begin it with `Input`, call it on data, or call `build()` first."
        )
    return model


class Dot:
    """A graph in Graphviz's language DOT.

    Attributes:
        source: the text.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> keras.utils.model_to_dot(model).source.splitlines()[0]
        'digraph {'
    """

    def __init__(self, source: str) -> None:
        self.source = source

    def to_string(self) -> str:
        """Return the text."""
        return self.source

    def write(self, path: Any) -> None:
        """Write the text into a file, by custom one that ends in `.dot`."""
        Path(path).write_text(self.source, encoding="utf-8")

    def __str__(self) -> str:
        return self.source


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Dot:
    """Returns a model as a text in DOT, the language of Graphviz.

    The text is made without pydot; `dot -Tsvg` draws it. `plot_model` needs neither.

    Args:
        model: a built model.
        subgraph: whether the text is a cluster to put into another graph.
        splines: how Graphviz is to draw the arrows.

    The other arguments are those of `plot_model`.

    Returns:
        A `Dot` with `to_string()`, `source` and `write(path)`; Keras returns a `Dot` of
        pydot.

    Raises:
        ValueError: if the model is not built, or `rankdir` is not known.

    Example:
        >>> x = keras.Input((3,), name="x")
        >>> model = keras.Model(x, keras.layers.Dense(2, name="y")(x))
        >>> print(keras.utils.model_to_dot(model, dpi=96).source.split(";")[-2].strip())
        "x" -> "y"
    """
    _refuse(kwargs, "model_to_dot")
    _across(rankdir)
    show = _Show(
        *(show_shapes, show_dtype, show_layer_names, expand_nested),
        *(show_layer_activations, show_trainable),
    )
    diagram = _diagram(_built(model), show)
    head = (
        f"subgraph {_quoted('cluster_' + model.name)} {{" if subgraph else "digraph {"
    )
    look = f"graph [rankdir={rankdir}, dpi={dpi:g}, splines={_quoted(splines)}]"
    lines = [look, "node [shape=box]", *_dot_lines(diagram)]
    return Dot("\n".join([head, *[f"  {line};" for line in lines], "}\n"]))


def _dot_lines(diagram: _Diagram) -> list[str]:
    lines = []
    for box in diagram.boxes:
        if box.inner is None:
            label = "\n".join([box.title, *box.rows])
            lines.append(f"{_quoted(box.key)} [label={_quoted(label)}]")
            continue
        inner = "; ".join([f"label={_quoted(box.title)}", *_dot_lines(box.inner)])
        lines.append(f"subgraph {_quoted('cluster_' + box.key)} {{{inner}}}")
    for source, target, output, number in diagram.edges:
        start = _dot_end(diagram.boxes[source], output, "exits")
        end = _dot_end(diagram.boxes[target], number, "entries")
        lines.append(f"{_quoted(start)} -> {_quoted(end)}")
    return lines


def _dot_end(box: _Box, number: int, side: str) -> str:
    """The name of the box that an arrow meets; inside a frame the one within."""
    if box.inner is None:
        return box.key
    ends = getattr(box.inner, side) or [0 if side == "entries" else -1]
    return _dot_end(box.inner.boxes[ends[min(number, len(ends) - 1)]], 0, side)


def _quoted(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{plain}"'
