"""`summary()`: a table of layers, in a terminal and in a notebook."""

import html
import re
import shutil
from typing import Any

from ..graph import is_symbolic
from ..layers.input import InputLayer
from ..layers.layer import Layer
from ..layers.owner import unique

__all__ = ["shape_text", "summary_html", "summary_text", "type_name"]


def _rows(model: Any, nested: bool, trainable: bool, depth: int = 0) -> list[list[str]]:
    """One row for each layer or op: name, shape, parameters, sources, trained."""
    connected = _is_branched(model)
    found = []
    for layer in model.operations:
        if isinstance(layer, InputLayer) and not connected:
            continue
        indent = "  " * depth + ("└ " if depth else "")
        row = [
            f"{indent}{layer.name} ({type_name(layer)})",
            shape_text(layer),
            _parameters(layer),
        ]
        if connected:
            row.append(", ".join(_sources(model, layer)) or "-")
        if trainable:
            row.append(_trained(layer))
        found.append(row)
        if nested and hasattr(layer, "operations"):
            inner = _rows(layer, nested, False, depth + 1)
            width = len(row)
            found += [(r[:3] + [""] * width)[:width] for r in inner]
    return found


def type_name(layer: Any) -> str:
    """The class of a layer, or the op's name as Keras's classes are called."""
    if isinstance(layer, Layer):
        return type(layer).__name__
    name = getattr(layer.function, "__name__", "Operation")
    return "".join(part.capitalize() for part in name.split("_"))


def _is_branched(model: Any) -> bool:
    """Whether the graph is more than a chain, so that sources need a column."""
    graph = model._graph
    if graph is None or type(model).__name__ == "Sequential":
        return False
    return (
        len(graph.inputs) > 1
        or any(
            len(node.inputs) > 1 or (len(node.operation.nodes) > 1 and node.inputs)
            for node in graph.run_order
        )
        or len(graph.outputs) > 1
        or _forks(graph)
    )


def _forks(graph: Any) -> bool:
    used = [id(t) for node in graph.run_order for t in node.inputs]
    return len(used) != len(set(used))


def shape_text(layer: Any) -> str:
    """The shape of what a layer gave when it was first called; `?` if it was not."""
    shapes = [str(_output_shape(node.outputs)) for node in layer.nodes[:1]]
    if shapes:
        return shapes[0]
    known = getattr(layer, "_output_shapes", [])
    return ", ".join(map(str, known)) or "?"


def _output_shape(outputs: Any) -> Any:
    if is_symbolic(outputs):
        return outputs.shape
    if isinstance(outputs, dict):
        return {k: _output_shape(v) for k, v in outputs.items()}
    if isinstance(outputs, (list, tuple)):
        return [_output_shape(x) for x in outputs]
    return outputs


def _parameters(layer: Any) -> str:
    if not isinstance(layer, Layer):
        return "0"
    return f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"


def _sources(model: Any, layer: Any) -> list[str]:
    own = {id(node) for node in model._graph.all_nodes}
    return [
        f"{tensor.node.operation.name}[{tensor._keras_history[1]}]"
        f"[{tensor._keras_history[2]}]"
        for node in layer.nodes
        if id(node) in own
        for tensor in node.inputs
        if tensor.node is not None
    ]


def _trained(layer: Any) -> str:
    weights = getattr(layer, "weights", [])
    return ("Y" if layer.trainable else "N") if weights else "-"


def _heads(model: Any, trainable: bool) -> list[str]:
    heads = ["Layer (type)", "Output Shape", "Param #"]
    heads += ["Connected to"] if _is_branched(model) else []
    return heads + (["Trainable"] if trainable else [])


def summary_text(
    model: Any,
    line_length: int | None = None,
    positions: Any = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Any = None,
) -> str:
    """Return the table and the counts of parameters as text."""
    heads = _heads(model, show_trainable)
    rows = _in_range(model, _rows(model, expand_nested, show_trainable), layer_range)
    space = line_length or min(shutil.get_terminal_size().columns, 100)
    widths = _widths([heads, *rows], space, positions)
    lines = [
        f'Model: "{model.name}"',
        _rule(widths, "┏━┳┓"),
        *_cells(heads, widths, "┃"),
    ]
    lines.append(_rule(widths, "┡━╇┩"))
    for number, row in enumerate(rows):
        if number:
            lines.append(_rule(widths, "├─┼┤"))
        lines += _cells(row, widths, "│")
    lines += [_rule(widths, "└─┴┘"), *_totals(model)]
    return "\n".join(lines) + "\n"


def _in_range(model: Any, rows: list[list[str]], layer_range: Any) -> list[list[str]]:
    if layer_range is None:
        return rows
    if len(layer_range) != 2:
        raise ValueError(f"`layer_range` must be (first, last), got {layer_range!r}.")
    names = [row[0].strip("└ ").split(" (")[0] for row in rows]
    places = []
    for pattern in layer_range:
        hits = [i for i, n in enumerate(names) if n == pattern or re.match(pattern, n)]
        if not hits:
            raise ValueError(
                f"`layer_range`: no layer matches {pattern!r} in model `{model.name}`."
            )
        places.append(hits)
    first, last = min(places[0]), max(places[1])
    return rows[min(first, last) : max(first, last) + 1]


def _widths(rows: list[list[str]], space: int, positions: Any) -> list[int]:
    """Width of each column: as wide as its text, less where space is short."""
    natural = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    if positions is not None:
        ends = [int(space * p) if p <= 1 else int(p) for p in positions[: len(natural)]]
        return [max(4, b - a - 3) for a, b in zip([0, *ends], ends)]
    room = space - 3 * len(natural) - 1
    widths = [max(n, w) for n, w in zip(natural, (31, 22, 13, 17, 9))]
    while sum(widths) > room and max(widths) > 12:
        widths[widths.index(max(widths))] -= 1
    return widths


def _rule(widths: list[int], marks: str) -> str:
    left, line, cross, right = tuple(marks)
    return left + cross.join(line * (w + 2) for w in widths) + right


def _cells(row: list[str], widths: list[int], bar: str) -> list[str]:
    """The lines of a row; text that is too long goes on below."""
    wrapped = [_wrap(text, width) for text, width in zip(row, widths)]
    height = max(map(len, wrapped))
    lines = []
    for i in range(height):
        cells = [
            (part[i] if i < len(part) else "").rjust(w)
            if column == 2
            else (part[i] if i < len(part) else "").ljust(w)
            for column, (part, w) in enumerate(zip(wrapped, widths))
        ]
        lines.append(bar + "".join(f" {cell} {bar}" for cell in cells))
    return lines


def _wrap(text: str, width: int) -> list[str]:
    lines = []
    while len(text) > width:
        cut = text.rfind(" ", 1, width + 1)
        cut = cut if cut > 0 else width
        lines.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*lines, text]


def _totals(model: Any) -> list[str]:
    trained = unique(model.trainable_weights)
    rest = unique(model.non_trainable_weights)
    slots: list[Any] = []
    if getattr(model.optimizer, "built", False) and model.optimizer is not None:
        slots = list(getattr(model.optimizer, "variables", []))
    parts = [("Total", [*trained, *rest, *slots]), ("Trainable", trained)]
    parts.append(("Non-trainable", rest))
    parts += [("Optimizer", slots)] if slots else []
    lines = [f" {name} params: {_count(group)}" for name, group in parts]
    if not model.built:
        lines.append(" (not built yet: call it on data, or `build` it)")
    return lines


def _count(variables: list[Any]) -> str:
    sizes = {"bfloat16": 2, "bool": 1}
    number = sum(v.size for v in variables)
    size: float = sum(
        v.size * sizes.get(v.dtype, int(re.sub(r"\D", "", v.dtype) or 8) // 8)
        for v in variables
    )
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{number:,} ({size:.2f} {unit})"
        size /= 1024
    raise AssertionError


def summary_html(model: Any) -> str:
    """Return the table as HTML, for notebooks."""

    def line(cells: list[str], tag: str) -> str:
        inner = ""
        for column, cell in enumerate(cells):
            name, bracket, kind = html.escape(cell).partition(
                " (" if not column else "\0"
            )
            kind = f' <span style="opacity:0.7">({kind}</span>' if bracket else ""
            bold = name if column or tag == "th" else f"<b>{name}</b>"
            side = "right" if column == 2 else "left"
            inner += f'<{tag} style="text-align:{side}">{bold}{kind}</{tag}>'
        return f"<tr>{inner}</tr>"

    head = line(_heads(model, False), "th")
    body = "".join(line(row, "td") for row in _rows(model, False, False))
    totals = "<br>".join(html.escape(text.strip()) for text in _totals(model))
    title = f"<b>Model: {html.escape(model.name)}</b>"
    return f"{title}<table>{head}{body}</table>{totals}"
