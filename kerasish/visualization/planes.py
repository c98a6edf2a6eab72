"""Maps over the plane of two inputs, and what the units of a layer answer to."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..models import Functional
from .axes import Axes, diverging, legend, mixed, spread
from .charts import labels_of, number_labels
from .picture import PALETTE, Circle, Image, Picture, Rect, Text, shorten, text_width

__all__ = ["plot_decision_boundary", "plot_feature_maps", "plot_units"]

SIDE, FINE = 400.0, 160  # pixels of a map, and points each way
# The two classes of one output: below a half orange, above it blue.
_TWO = (PALETTE[1], PALETTE[0])


def plot_decision_boundary(
    model: Any,
    X: Any,
    y: Any = None,
    class_names: Sequence[str] | None = None,
    feature_names: Sequence[str] = ("x1", "x2"),
) -> Picture:
    """Draws what a classifier of two features answers all over their plane.

    Colour tells the class, strength how sure the model is; a line is where the answer
    changes. The dots are the data.

    Args:
        model: with two inputs and one output (a probability; or a score, positive for
            class 1) or an output for each class. Any object with `predict` or
            `predict_proba`, or a function.
        X: (samples, 2).
        y: labels, one-hot rows, or None: dots without colour.
        class_names: names of the classes 0, 1, ...; default: the labels themselves.
        feature_names: two names for the axes.

    Returns:
        A `Picture`: a notebook shows it, `save(path)` writes it.

    Raises:
        ValueError: if `X` has not two columns, or `y` not as many labels.

    Example:
        >>> def ring(x):
        ...     return np.hypot(x[:, :1], x[:, 1:]) - 1
        >>> X = np.array([[0.0, 0.0], [1.0, 1.0], [-1.0, 1.0]])
        >>> picture = keras.visualization.plot_decision_boundary(ring, X, [0, 1, 1])
        >>> [shape.pixels.shape for shape in picture.shapes if hasattr(shape, "pixels")]
        [(160, 160, 3)]
    """
    X, axes = _plane(X)
    scores = _answers(model, _grid(axes))
    if scores.shape[1] == 1 and scores.min() >= 0 and scores.max() <= 1:
        scores = 2 * scores - 1
    count = max(2, scores.shape[1])
    names, numbers = [str(n) for n in class_names or range(count)], None
    if y is not None:
        names, (numbers,) = number_labels([labels_of(y)], class_names)
        if len(numbers) != len(X):
            raise ValueError(f"`X` has {len(X)} samples and `y` {len(numbers)} labels.")
        names = [*names, *map(str, range(len(names), count))]
    colours = _TWO if len(names) == 2 else PALETTE
    shapes: list[Any] = [_map(axes, _colours(scores, colours))]
    dots = [_dot(axes, point, numbers, i, colours) for i, point in enumerate(X)]
    shapes += [*axes.frame(str(feature_names[0]), str(feature_names[1])), *dots]

    def mark(colour: str) -> Any:
        return lambda x, y: [Circle(x + 20, y, 5, colour, "#ffffff")]

    entries = [(name, mark(colours[i % len(colours)])) for i, name in enumerate(names)]
    below = axes.y + SIDE + 60
    drawn, bottom = legend(entries, axes.x, below, SIDE)
    size = (axes.x + SIDE + 22, bottom)
    return Picture(
        *size, [*shapes, *drawn], "The classes over the plane of two features"
    )


def _plane(X: Any) -> tuple[np.ndarray, Axes]:
    """The samples, and a square that shows them."""
    X = np.asarray(X, "float64")
    if X.ndim != 2 or X.shape[1] != 2 or not len(X):
        raise ValueError(f"`X` must have the shape (samples, 2), got {X.shape}.")
    return X, Axes(64, 18, SIDE, SIDE, spread(X[:, 0]), spread(X[:, 1]))


def _grid(axes: Axes, fine: int = FINE) -> np.ndarray:
    """Points of the plane, (fine * fine, 2), row by row from the top."""
    middle = (np.arange(fine) + 0.5) / fine
    across = axes.across[0] + middle * (axes.across[1] - axes.across[0])
    up = axes.up[1] - middle * (axes.up[1] - axes.up[0])
    return np.stack(np.meshgrid(across, up), -1).reshape(-1, 2).astype("float32")


def _answers(model: Any, points: np.ndarray) -> np.ndarray:
    """What the model says, (points, outputs)."""
    if hasattr(model, "operations"):
        found = model.predict(points, batch_size=len(points), verbose=0)
    else:
        ask = getattr(model, "predict_proba", None) or getattr(model, "predict", model)
        found = ask(points)
    found = np.asarray(found)
    if found.ndim == 1 and found.dtype.kind not in "f":  # classes
        return np.eye(int(found.max()) + 1)[found]
    found = found.reshape(len(points), -1)
    return found.astype("float64")


def _colours(scores: np.ndarray, colours: Sequence[str]) -> np.ndarray:
    """Bytes (FINE, FINE, 3): the class's colour, the fainter the less sure."""
    if scores.shape[1] == 1:
        sure = scores[:, 0] / (np.abs(scores).max() or 1.0)
        best = (sure > 0).astype("int64")
        part = np.abs(sure)
    else:
        best = np.argmax(scores, axis=1)
        top = np.sort(scores, axis=1)
        part = top[:, -1] - top[:, -2]
        part = part / max(1.0, part.max())
    table = np.stack([mixed(c, np.ones(())) for c in colours]).astype("float64")
    full = table[best % len(table)]
    pixels = 255 + (full - 255) * (0.12 + 0.5 * part[:, None])
    pixels, best = pixels.reshape(FINE, FINE, 3), best.reshape(FINE, FINE)
    change = np.zeros((FINE, FINE), bool)
    change[1:] |= best[1:] != best[:-1]
    change[:, 1:] |= best[:, 1:] != best[:, :-1]
    pixels[change] = 60
    return np.rint(pixels).astype("uint8")


def _map(axes: Axes, pixels: np.ndarray) -> Image:
    return Image(axes.x, axes.y, axes.width, axes.height, pixels, smooth=True)


def _dot(axes: Axes, point: Any, labels: Any, i: int, colours: Sequence[str]) -> Circle:
    colour = "#444444" if labels is None else colours[int(labels[i]) % len(colours)]
    return Circle(*axes.point(*point), 4, colour, "#ffffff", 1.2)


def plot_units(
    model: Any, X: Any = None, layer: Any = None, max_units: int = 8
) -> Picture:
    """Draws what each unit answers over the plane of two inputs, a column for a layer.

    Blue is positive, orange negative, white 0; each layer has a scale of its own, which
    is written below.

    Args:
        model: with two inputs, made of layers in a graph.
        X: (samples, 2): the map shows their range; default −1 to 1.
        layer: name of one layer, or the layer; default: all whose output is a row of
            units, but no activation and dropout apart.
        max_units: of a layer with more, the first ones are drawn.

    Returns:
        A `Picture`: a notebook shows it, `save(path)` writes it.

    Raises:
        ValueError: if the model has not two inputs, or there is no such layer.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
        >>> picture = keras.visualization.plot_units(model)
        >>> len([shape for shape in picture.shapes if hasattr(shape, "pixels")])
        3
    """
    graph = _graph(model)
    if len(graph.inputs) != 1 or graph.inputs[0].shape[1:] != (2,):
        shapes_in = [tuple(t.shape) for t in graph.inputs]
        raise ValueError(
            f"`plot_units` draws models of two inputs, (None, 2); `{model.name}` takes "
            f"{shapes_in}."
        )
    layers = _chosen(model, layer, 2)
    _, axes = _plane([[-1, -1], [1, 1]] if X is None else X)
    answers = _outputs(model, layers, _grid(axes, 48))
    columns = [(a.T.reshape(-1, 48, 48), x.name) for a, x in zip(answers, layers)]
    size, gap, top = 84.0, 10.0, 36.0
    shapes: list[Any] = []
    height = top + (size + gap) * max(min(len(c), max_units) for c, _ in columns)
    for number, (maps, name) in enumerate(columns):
        left = 20 + number * (size + 46)
        most = float(np.abs(maps).max()) or 1.0
        shapes.append(Text(left, 22, shorten(name, 12, size + 36), 12, bold=True))
        rows = [diverging(m / most) for m in maps[:max_units]]
        for row, pixels in enumerate(rows):
            place = (left, top + row * (size + gap), size, size)
            shapes += [Image(*place, pixels, True), Rect(*place, "none", "#767676")]
        scale = f"±{most:.3g}"
        if len(maps) > max_units:
            scale += f", {len(maps) - max_units} more"
        below = top + len(rows) * (size + gap) + 6
        shapes.append(Text(left, below, scale, 11, fill="#444444"))
    width = 20 + len(columns) * (size + 46) + 10
    return Picture(width, height + 20, shapes, "What each unit answers over the plane")


def plot_feature_maps(
    model: Any, image: Any, layer: Any = None, max_maps: int = 32
) -> Picture:
    """Draws what the channels of a layer answer to one picture.

    Args:
        model: of pictures, made of layers in a graph.
        image: one picture, with or without the axis of the batch.
        layer: name of a layer, or the layer; default: the first that gives maps.
        max_maps: of a layer with more channels, the first ones are drawn.

    Returns:
        A `Picture`: a notebook shows it, `save(path)` writes it.

    Raises:
        ValueError: if there is no such layer.

    Example:
        >>> layers = [keras.Input((6, 6, 1)), keras.layers.Conv2D(3, 3)]
        >>> model = keras.Sequential(layers)
        >>> picture = keras.visualization.plot_feature_maps(model, np.ones((6, 6, 1)))
        >>> len([shape for shape in picture.shapes if hasattr(shape, "pixels")])
        3
    """
    chosen = _chosen(model, layer, 4)[0]
    image = np.asarray(image, "float32")
    image = image if image.ndim == len(_graph(model).inputs[0].shape) else image[None]
    maps = _outputs(model, [chosen], image[:1])[0][0]
    if getattr(chosen, "data_format", None) != "channels_first":
        maps = np.moveaxis(maps, -1, 0)
    count = min(len(maps), max_maps)
    columns = min(8, int(np.ceil(count**0.5)))
    high, wide = maps.shape[1:]
    size, gap, top = 72.0, 6.0, 36.0
    tall = size * high / wide
    most = float(np.abs(maps).max()) or 1.0
    shapes: list[Any] = []
    for number, values in enumerate(maps[:count]):
        row, column = divmod(number, columns)
        place = (16 + column * (size + gap), top + row * (tall + gap), size, tall)
        shapes += [
            Image(*place, diverging(values / most)),
            Rect(*place, "none", "#767676"),
        ]
    rest = f", {len(maps) - count} more" if len(maps) > count else ""
    title = f"{chosen.name}: ±{most:.3g}{rest}"
    shapes.append(Text(16, 22, title, 12, bold=True))
    width = max(columns * (size + gap), text_width(title, 12, True)) + 30
    height = top + (tall + gap) * -(-count // columns) + 12
    return Picture(width, height, shapes, f"Feature maps of {chosen.name}")


def _graph(model: Any) -> Any:
    graph = getattr(model, "_graph", None)
    if graph is None:
        raise ValueError(
            f"The layers of `{getattr(model, 'name', model)}` have no recorded "
            "outputs: the model is not built yet, or its `call` is code."
        )
    return graph


def _chosen(model: Any, layer: Any, rank: int) -> list[Any]:
    """The layers to draw: those with weights and outputs of that rank, or the given."""
    graph = _graph(model)
    layers = [x for x in graph.operations if x.nodes[0].inputs and len(x.nodes) == 1]
    fitting = [x for x in layers if _rank(x) == rank]
    if layer is None:
        chosen = [x for x in fitting if getattr(x, "weights", None)]
    else:
        chosen = [x for x in fitting if x is layer or x.name == layer]
    if not chosen:
        raise ValueError(
            f"`layer`: no layer {layer!r} of `{model.name}` has an output of {rank} "
            f"axes; such are {[x.name for x in fitting]}."
        )
    return chosen


def _rank(layer: Any) -> int:
    return len(getattr(layer.nodes[0].outputs, "shape", ()))


def _outputs(model: Any, layers: list[Any], x: np.ndarray) -> list[np.ndarray]:
    """What the layers give for x."""
    cut = Functional(_graph(model).inputs_struct, [layer.output for layer in layers])
    found = cut.predict_on_batch(x)
    return [np.asarray(a, "float64") for a in found]
