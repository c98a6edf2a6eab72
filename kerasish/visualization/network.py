"""Small networks as units and weights, the way textbooks draw them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..activations import linear
from ..layers.dense import Dense
from ..layers.input import InputLayer
from ..models.summary import type_name
from .picture import INK, PALE, Circle, Line, Picture, Rect, Text, shorten, text_width

__all__ = ["plot_network"]

PLUS, MINUS = "#0072B2", "#D55E00"
ACROSS, DOWN, RADIUS, NUMBERED = 220.0, 74.0, 17.0, 40
# What changes no units' number, and is named below the layer it follows.
_AFTER = ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Dropout")


class _Column(NamedTuple):
    """A layer: its caption, kernel (units before, units) and bias."""

    caption: list[str]
    units: int
    kernel: np.ndarray | None = None
    bias: np.ndarray | None = None


def plot_network(
    model: Any,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    max_units: int = 12,
    error: float | None = None,
    steps: int | None = None,
    show_weights: bool | None = None,
) -> Picture:
    """Draws each unit and each weight of a stack of `Dense` layers.

    Blue weights are positive, orange ones negative, and thick ones large; where they
    are few each has its number. Squares with a 1 are biases. Below stand error and
    steps, as `neuralnet` of R has them.

    Args:
        model: built; `Dense` layers one after the other, with activations and dropout.
        input_names: names of the inputs; default x1, x2, ...
        output_names: names of the outputs; default y1, y2, ...
        max_units: of a layer with more, the first ones are drawn.
        error: default: the last loss of the last `fit`.
        steps: default: how often the optimizer has stepped.
        show_weights: whether each weight has its number; None: where they are few.

    Returns:
        A `Picture`: a notebook shows it, `save(path)` writes it.

    Raises:
        ValueError: if the model is not built, or is no stack of `Dense` layers.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.set_weights([np.array([[2.5], [-1.5]]), np.array([0.5])])
        >>> print(keras.visualization.plot_network(model, ["a", "b"], error=0.25))
        1
        0.5
        a
        2.5
        y1
        −1.5
        b
        input  Dense
        error 0.25
    """
    columns = _columns(model)
    first = _names(input_names, columns[0].units, "input_names", "x")
    last = _names(output_names, columns[-1].units, "output_names", "y")
    left = 40 + max(text_width(text, 12) for text in first)
    places = _places(columns, max_units, left)
    shapes = _weights(columns, places, show_weights)
    for number, (column, spots) in enumerate(zip(columns, places)):
        inside = 0 < number < len(columns) - 1
        shapes += _units(spots, column, [] if inside else last if number else first)
    bottom = max(y for spots in places for _, y in spots.values()) + 44
    for column, spots in zip(columns, places):
        for row, text in enumerate(column.caption):
            place = (spots[0][0], bottom + 15 * row, shorten(text, 11, ACROSS - 10))
            shapes.append(Text(*place, 11, "middle", "#444444"))
    facts = _facts(model, error, steps)
    bottom += 15 * max(len(column.caption) for column in columns) + 14
    width = places[-1][0][0] + 40 + max(text_width(text, 12) for text in last)
    width = max(width, text_width(facts, 13, True) + 40)
    shapes.append(Text(width / 2, bottom, facts, 13, "middle", bold=True))
    return Picture(width, bottom + 18, shapes, f"The network {model.name}. {facts}")


def _columns(model: Any) -> list[_Column]:
    """The layers, from the inputs on."""
    if not model.built:
        raise ValueError(
            f"The network `{model.name}` is not built yet, so it has no weights. Begin "
            "it with `Input`, or call it on data first."
        )
    columns: list[_Column] = []
    for layer in _chain(model):
        kind = type_name(layer)
        if isinstance(layer, Dense):
            kernel, *rest = [np.asarray(w, "float64") for w in layer.get_weights()]
            columns = columns or [_Column(["input"], len(kernel))]
            function = getattr(layer.activation, "__name__", "")
            caption = [kind, function] if layer.activation is not linear else [kind]
            bias = rest[0] if layer.use_bias else None
            columns.append(_Column(caption, kernel.shape[1], kernel, bias))
        elif kind in _AFTER and columns:
            function = getattr(getattr(layer, "activation", None), "__name__", "")
            columns[-1].caption.append(function or kind)
        elif not isinstance(layer, InputLayer):
            raise _not_dense(model, f"`{layer.name}` is a {kind}")
    if not columns:
        raise _not_dense(model, "it has none")
    return columns


def _chain(model: Any) -> list[Any]:
    """The layers one after the other, or an error where they branch."""
    graph = model._graph
    if graph is None:
        return list(model.layers)
    nodes = [node for node in graph.run_order if node.inputs]
    ends = [*graph.inputs, *[node.outputs for node in nodes]]
    for before, node in zip(ends, nodes):
        if len(node.inputs) != 1 or node.inputs[0] is not before:
            raise _not_dense(model, f"it branches at `{node.operation.name}`")
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise _not_dense(model, "it has several inputs or outputs")
    return [node.operation for node in nodes]


def _not_dense(model: Any, why: str) -> ValueError:
    return ValueError(
        "`plot_network` draws the units of one stack of Dense layers; in "
        f"`{model.name}` {why}. `plot_model` draws every model."
    )


def _names(given: Any, units: int, argument: str, sign: str) -> list[str]:
    names = [f"{sign}{i + 1}" for i in range(units)] if given is None else list(given)
    if len(names) != units:
        raise ValueError(f"`{argument}` has {len(names)} names for {units} units.")
    return [str(name) for name in names]


def _places(
    columns: list[_Column], most: int, left: float
) -> list[dict[int, tuple[float, float]]]:
    """The center of each unit that is drawn; -1: the bias; -2: the rest of many."""
    tall = max(min(column.units, most) + (column.units > most) for column in columns)
    places = []
    for number, column in enumerate(columns):
        x = left + ACROSS * number
        keys = [*range(min(column.units, most)), *[-2] * (column.units > most)]
        top = 40 + DOWN * (1 + (tall - len(keys)) / 2)
        spots = {key: (x, top + DOWN * row) for row, key in enumerate(keys)}
        if number + 1 < len(columns) and columns[number + 1].bias is not None:
            spots[-1] = (x, 40.0)
        places.append(spots)
    return places


def _weights(
    columns: list[_Column], places: list[Any], numbered: bool | None
) -> list[Any]:
    """Lines, and their numbers where none is hidden by another."""
    edges = []
    for column, here, there in zip(columns[1:], places, places[1:]):
        assert column.kernel is not None
        for source, a in here.items():
            for target, b in there.items():
                if min(source, target) == -2 or target < 0:
                    continue
                row = column.bias if source == -1 else column.kernel[source]
                edges.append((a, b, float(row[target])))  # type: ignore[index]
    most = max(abs(weight) for _, _, weight in edges) or 1.0
    shapes: list[Any] = []
    for a, b, weight in sorted(edges, key=lambda edge: abs(edge[2])):
        thick = 0.4 + 3.6 * abs(weight) / most
        colour = PLUS if weight >= 0 else MINUS
        shapes.append(Line([a, b], colour, thick, title=f"{weight:.6g}"))
    if not (len(edges) <= NUMBERED if numbered is None else numbered):
        return shapes
    taken = [
        (x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS)
        for spots in places
        for x, y in spots.values()
    ]
    numbers = [_number(a, b, weight, taken) for a, b, weight in edges]
    return shapes + [ground for ground, _ in numbers] + [text for _, text in numbers]


def _number(a: Any, b: Any, weight: float, taken: list[Any]) -> tuple[Rect, Text]:
    """A number on its line, where it covers least of what is there."""
    colour = PLUS if weight >= 0 else MINUS
    best, least = None, float("inf")
    for part in (0.3, 0.26, 0.34, 0.22, *np.arange(0.38, 0.84, 0.04)):
        x, y = (p + part * (q - p) for p, q in zip(a, b))
        words = f"{weight:.3g}".replace("-", "−")
        text = Text(x, y + 4, words, 11, "middle", colour)
        covered = sum(_overlap(text.box(), box) for box in taken)
        if covered < least:
            best, least = text, covered
    assert best is not None
    left, top, right, bottom = best.box()
    taken.append(best.box())
    ground = Rect(left, top, right - left, bottom - top, "#ffffff", radius=3)
    return ground, best


def _overlap(a: Any, b: Any) -> float:
    wide, high = (min(a[i + 2], b[i + 2]) - max(a[i], b[i]) for i in (0, 1))
    return max(0.0, wide) * max(0.0, high)


def _units(spots: Any, column: _Column, names: list[str]) -> list[Any]:
    shapes: list[Any] = []
    for key, (x, y) in spots.items():
        if key == -2:
            more = f"⋮ {column.units - len([k for k in spots if k >= 0])} more"
            shapes.append(Text(x, y + 4, more, 12, "middle", "#444444"))
        elif key == -1:
            shapes.append(Rect(x - 12, y - 12, 24, 24, "#eeeeee", PALE, 1.2))
            shapes.append(Text(x, y + 4, "1", 12, "middle"))
        else:
            shapes.append(Circle(x, y, RADIUS, "#ffffff", INK, 1.5))
            if names and column.kernel is None:
                shapes.append(Text(x - RADIUS - 8, y + 4, names[key], 12, "end"))
            elif names:
                shapes.append(Text(x + RADIUS + 8, y + 4, names[key], 12))
    return shapes


def _facts(model: Any, error: float | None, steps: int | None) -> str:
    """`error 0.25  steps 100`, as far as they are known."""
    losses = getattr(getattr(model, "history", None), "history", {}).get("loss", [])
    error = losses[-1] if error is None and len(losses) else error
    optimizer = getattr(model, "optimizer", None)
    if steps is None and optimizer is not None:
        steps = int(np.asarray(optimizer.iterations)) or None
    told = [] if error is None else [f"error {error:.4g}"]
    return "   ".join(told + ([] if steps is None else [f"steps {steps:,}"]))
