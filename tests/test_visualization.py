"""Pictures: every layer is there, nothing overlaps, texts stay inside, XML is sound."""

import struct
import sys
import xml.etree.ElementTree as xml
import zlib
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kerasish as keras
from kerasish import layers, visualization
from kerasish.visualization.axes import ticks
from kerasish.visualization.layout import place
from kerasish.visualization.picture import (
    Circle,
    Image,
    Line,
    Picture,
    Rect,
    Text,
    png_bytes,
    shorten,
    text_width,
)

# --- laws of all pictures -------------------------------------------------------------


def sound(picture):
    """The law of every picture; returns its texts."""
    root = xml.fromstring(picture.to_svg())
    written = [e.text for e in root.iter() if e.tag.endswith("}text")]
    texts = [s for s in picture.shapes if isinstance(s, Text) and s.text]
    assert [t for t in written if t] == [text.text for text in texts]
    for text in texts:
        left, top, right, bottom = text.box()
        assert left >= 0 and right <= picture.width, text
        assert top >= 0 and bottom <= picture.height, text
    for a, b in combinations(texts, 2):
        (a1, b1, c1, d1), (a2, b2, c2, d2) = a.box(), b.box()
        assert min(c1, c2) - max(a1, a2) < 1 or min(d1, d2) - max(b1, b2) < 1, (a, b)
    for shape in picture.shapes:
        if isinstance(shape, (Rect, Image)):
            assert shape.x >= 0 and shape.x + shape.width <= picture.width
            assert shape.y >= 0 and shape.y + shape.height <= picture.height
        elif isinstance(shape, Line):
            assert all(-1 <= x <= picture.width for x, _ in shape.points)
            assert all(-1 <= y <= picture.height for _, y in shape.points)
    assert picture.to_svg() == picture._repr_svg_()
    return [text.text for text in texts]


def boxes(picture):
    """The boxes of layers, by name."""
    return [s for s in picture.shapes if isinstance(s, Rect) and s.title]


def overlap(a, b):
    return (
        min(a.x + a.width, b.x + b.width) - max(a.x, b.x) > 0.01
        and min(a.y + a.height, b.y + b.height) - max(a.y, b.y) > 0.01
    )


def crosses(line, box):
    """Whether a line of upright and level pieces and slants runs through a box."""
    left, right = box.x + 0.5, box.x + box.width - 0.5
    top, bottom = box.y + 0.5, box.y + box.height - 0.5
    for (x1, y1), (x2, y2) in zip(line.points, line.points[1:]):
        if max(x1, x2) < left or min(x1, x2) > right:
            continue
        if max(y1, y2) < top or min(y1, y2) > bottom:
            continue
        for part in range(9):
            x, y = x1 + part / 8 * (x2 - x1), y1 + part / 8 * (y2 - y1)
            if left < x < right and top < y < bottom:
                return True
    return False


# --- models ---------------------------------------------------------------------------


def chain(count=100):
    stack = [layers.ReLU(name=f"r{i}") for i in range(count)]
    return keras.Sequential([keras.Input((2,), name="in"), *stack], name="chain")


def residual():
    x = inputs = keras.Input((8,), name="in")
    for i in range(8):
        y = layers.ReLU(name=f"a{i}")(x)
        y = layers.Activation("tanh", name=f"b{i}")(y)
        x = layers.Add(name=f"add{i}")([x, y])
    return keras.Model(inputs, x, name="residual")


def shared():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    both, again = layers.ReLU(name="both"), layers.ReLU(name="again")
    twice = layers.Add(name="twice")([a, a])
    joint = layers.Concatenate(name="joint")([both(a), both(b), again(again(a)), twice])
    return keras.Model([a, b], [joint, twice], name="shared")


def circle():
    """A layer that stands before and behind another."""
    x = keras.Input((4,), name="x")
    first, second = layers.ReLU(name="first"), layers.ReLU(name="second")
    return keras.Model(x, first(second(first(x))), name="circle")


def nested():
    a, b = keras.Input((4,), name="in_a"), keras.Input((4,), name="in_b")
    joint = layers.Add(name="joint")([layers.ReLU(name="relu_a")(a), b])
    encoder = keras.Model([a, b], [joint, layers.ReLU(name="late")(joint)], name="enc")
    stack = [keras.Input((4,), name="in_c"), layers.ReLU(name="relu_c")]
    decoder = keras.Sequential(stack, name="dec")
    p, q = keras.Input((4,), name="p"), keras.Input((4,), name="q")
    one, two = encoder([p, q])
    return keras.Model([p, q], [decoder(one), two], name="nested")


def odd_names():
    x = keras.Input((3,), name="<in> & 'out'")
    return keras.Model(x, layers.ReLU(name='a"b\\<c>' + "long" * 30)(x), name="&<")


class InCode(keras.Model):
    def __init__(self):
        super().__init__(name="in_code")
        self.one = layers.Dense(3, activation="relu", name="one")
        self.two = layers.Dense(2, name="two")

    def call(self, inputs):
        return self.two(self.one(inputs))


def in_code():
    model = InCode()
    model(np.zeros((1, 4), "float32"))
    return model


MODELS = [chain, residual, shared, circle, nested, odd_names, in_code]
EVERYTHING = dict.fromkeys(
    ["show_shapes", "show_dtype", "show_layer_names"]
    + ["show_layer_activations", "show_trainable"],
    True,
)


@pytest.mark.parametrize("rankdir", ["TB", "LR"])
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_each_layer_is_one_box_that_nothing_covers(make, rankdir):
    model = make()
    picture = keras.utils.plot_model(model, None, rankdir=rankdir, **EVERYTHING)
    texts, found = sound(picture), boxes(picture)
    names = Counter(operation.name for operation in model.operations)
    assert Counter(box.title for box in found) == names
    assert not [pair for pair in combinations(found, 2) if overlap(*pair)]
    for name in names:
        assert name in texts
    lines = [s for s in picture.shapes if isinstance(s, Line) and s.fill == "none"]
    assert not [(ln, b.title) for ln in lines for b in found if crosses(ln, b)]


def arrows(picture):
    return [s for s in picture.shapes if isinstance(s, Line) and s.fill != "none"]


def test_there_is_an_arrow_for_each_tensor_that_is_taken():
    for make, count in ((shared, 10), (circle, 3), (residual, 32), (in_code, 0)):
        picture = keras.utils.plot_model(make(), None)
        assert len(arrows(picture)) == count, make.__name__
    texts = sound(keras.utils.plot_model(in_code(), None))
    assert "Layers in the order they were made; `call` is code." in texts


def test_what_boxes_tell():
    model = keras.Sequential([keras.Input((5,)), layers.Dense(2, activation="relu")])
    model.layers[0].trainable = False
    everything = str(keras.utils.plot_model(model, None, **EVERYTHING)).splitlines()
    assert everything[-6:] == [
        "Dense",
        model.layers[0].name,
        "activation: relu",
        "(None, 5) → (None, 2)",
        "float32",
        "trainable: no",
    ]
    assert str(keras.utils.plot_model(model, None)).splitlines() == [
        "InputLayer",
        "Dense",
    ]
    text = str(keras.utils.plot_model(shared(), None, show_shapes=True))
    assert "(None, 4), (None, 4), (None, 4), (None, 4) →" in text
    x = keras.Input((3,), dtype="int32", name="x")
    cast = keras.Model(x, keras.ops.cast(x, "float32"))
    assert "int32 → float32" in str(keras.utils.plot_model(cast, None, show_dtype=True))


@pytest.mark.parametrize("rankdir", ["TB", "LR"])
def test_models_within_are_opened_in_frames(rankdir):
    closed = keras.utils.plot_model(nested(), None, rankdir=rankdir)
    assert {box.title for box in boxes(closed)} == {"p", "q", "enc", "dec"}
    opened = keras.utils.plot_model(nested(), None, expand_nested=True, rankdir=rankdir)
    sound(opened)
    found = {box.title: box for box in boxes(opened)}
    inside = {"enc": ["in_a", "in_b", "relu_a", "joint", "late"]}
    inside["dec"] = ["in_c", "relu_c"]
    for frame, names in inside.items():
        big = found.pop(frame)
        for name in names:
            box = found[name]
            assert big.x < box.x and box.x + box.width < big.x + big.width
            assert big.y < box.y and box.y + box.height < big.y + big.height
        assert not overlap(big, found["p"]) and not overlap(big, found["q"])
    assert not [p for p in combinations(found.values(), 2) if overlap(*p)]


def test_a_hundred_layers_go_on_in_columns():
    picture = keras.utils.plot_model(chain(), None)
    columns = {round(box.x + box.width / 2) for box in boxes(picture)}
    assert 3 <= len(columns) <= 8 and picture.height < 2000
    assert (
        len({round(b.y) for b in boxes(keras.utils.plot_model(chain(9), None))}) == 10
    )
    wide = keras.utils.plot_model(chain(), None, rankdir="LR")
    assert wide.width < 2500


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 12))
    node = st.integers(0, count - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=24))
    size = st.tuples(st.sampled_from([30, 90, 200]), st.sampled_from([20, 50]))
    sizes = draw(st.lists(size, min_size=count, max_size=count))
    return sizes, edges, draw(st.sampled_from([None, 150]))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(graphs())
def test_the_layout_of_any_graph(graph):
    sizes, edges, fold = graph
    found = place(sizes, edges, fold=fold)
    drawn = [
        Rect(x - w / 2, y - h / 2, w, h) for (x, y), (w, h) in zip(found.centers, sizes)
    ]
    assert not [pair for pair in combinations(drawn, 2) if overlap(*pair)]
    for box in drawn:
        assert box.x >= -0.01 and box.x + box.width <= found.width + 0.01
        assert box.y >= -0.01 and box.y + box.height <= found.height + 0.01
    for (source, target), route in zip(edges, found.routes):
        for end, box in ((route[0], drawn[source]), (route[-1], drawn[target])):
            level = min(abs(end[1] - box.y), abs(end[1] - box.y - box.height))
            assert source == target or level < 0.01
            assert box.x - 0.01 <= end[0] <= box.x + box.width + 0.01
        assert not [box for box in drawn if crosses(Line(route), box)]
    if all(a < b for a, b in edges) and fold is None:
        assert all(found.centers[a][1] < found.centers[b][1] for a, b in edges)


def test_a_graph_as_text_for_graphviz(tmp_path):
    dot = keras.utils.model_to_dot(nested(), expand_nested=True, rankdir="LR", dpi=96)
    assert dot.to_string() == dot.source == str(dot)
    dot.write(tmp_path / "x.dot")
    assert (tmp_path / "x.dot").read_text() == dot.source
    assert dot.source.startswith("digraph {\n  graph [rankdir=LR, dpi=96, splines=")
    for edge in (
        '"p" -> "enc/in_a"',
        '"q" -> "enc/in_b"',
        '"enc/joint" -> "dec/in_c"',
        '"enc/in_b" -> "enc/joint"',
    ):
        assert dot.source.count(edge) == 1, edge
    assert 'subgraph "cluster_enc" {label="Functional"' in dot.source
    x = keras.Input((4,), name="x")
    model = keras.Model(x, layers.ReLU(name="end")(in_code()(x)))
    source = keras.utils.model_to_dot(model, expand_nested=True).source
    assert '"x" -> "in_code/one"' in source and '"in_code/two" -> "end"' in source
    part = keras.utils.model_to_dot(odd_names(), subgraph=True, show_shapes=True).source
    assert part.startswith('subgraph "cluster_&<" {')
    assert r'"a\"b\\<c>' in part and r"\n(None, 3) → (None, 3)" in part


def test_what_plot_model_refuses(tmp_path):
    unbuilt = keras.Sequential([layers.Dense(2)], name="raw")
    cases = [
        (ValueError, "`raw` is not built yet", (unbuilt, None), {}),
        (ValueError, 'must be "TB"', (chain(2), None), {"rankdir": "up"}),
        (ValueError, "saved as .svg", (chain(2), tmp_path / "x.bmp"), {}),
        (ValueError, "no argument named layer_range", (chain(2),), {"layer_range": 1}),
        (TypeError, "must be a model, got 3", (3, None), {}),
    ]
    for kind, message, args, kwargs in cases:
        with pytest.raises(kind, match=message):
            keras.utils.plot_model(*args, **kwargs)
    with pytest.raises(ValueError, match="is not built yet"):
        keras.utils.model_to_dot(unbuilt)


# --- files ----------------------------------------------------------------------------


def test_files_by_their_ending(tmp_path, monkeypatch):
    shapes = [
        Rect(10, 10, 40, 30, "#0072B2", radius=4),
        Circle(80, 25, 10, "#D55E00"),
        Line([(5, 60), (95, 60)], dashed=True),
        Line([(60, 90), (70, 70), (80, 90)], "none", fill="#009E73"),
        Text(10, 80, "$a < b & c$\x00", 10, turn=-90),
        Image(10, 90, 20, 5, np.full((2, 3, 3), 7, "uint8")),
    ]
    picture = Picture(100, 100, shapes, "<&>")
    picture.save(tmp_path / "x.svg")
    root = xml.parse(tmp_path / "x.svg").getroot()
    assert (
        root[0].text == "<&>" and [e.text for e in root if e.text][1] == "$a < b & c$ "
    )
    picture.save(tmp_path / "x.png", dpi=96)
    data = (tmp_path / "x.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (100, 100)
    import matplotlib.image

    seen = matplotlib.image.imread(tmp_path / "x.png")[..., :3]
    for (x, y), colour in [
        ((30, 25), (0, 0.447, 0.698)),
        ((80, 25), (0.835, 0.369, 0)),
    ]:
        np.testing.assert_allclose(seen[y, x], colour, atol=0.01)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "kerasish\[plot\]"'):
        picture.save(tmp_path / "y.png")
    assert repr(picture) == "<Picture 100x100: <&>>"


def test_the_png_within_an_svg_holds_the_pixels():
    pixels = np.arange(2 * 3 * 3, dtype="uint8").reshape(2, 3, 3)
    data = png_bytes(pixels)
    size = struct.unpack(">I", data[33:37])[0]
    rows = np.frombuffer(zlib.decompress(data[41 : 41 + size]), "uint8").reshape(2, 10)
    assert (rows[:, 0] == 0).all() and (rows[:, 1:].reshape(2, 3, 3) == pixels).all()


def test_small_helpers():
    assert ticks(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert ticks(1, 7, whole=True) == [2, 4, 6]
    assert ticks(0.5, 1.5, whole=True) == [1]
    assert ticks(0.001, 1000, log=True) == [10.0**p for p in range(-3, 4)]
    assert ticks(2, 30, log=True) == [2, 5, 10, 20]
    assert shorten("abc", 10, 100) == "abc"
    short = shorten("a" * 50, 10, 60)
    assert short.endswith("…") and text_width(short, 10) <= 60


# --- charts ---------------------------------------------------------------------------


def curves(picture, name):
    return [s for s in picture.shapes if getattr(s, "title", "") == name]


def test_the_course_of_a_training():
    nan = float("nan")
    logs = {
        "accuracy": [0.5, 0.6, 0.7, 0.8],
        "loss": [1.0, 0.1, nan, 0.01],
        "val_loss": [0.5, 0.25],
        "loss_each": [[1, 2], [3, 4], [5, 6], [7, 8]],
    }
    history = keras.callbacks.History()
    history.extend(0, logs, 4)
    picture = history.plot()
    texts = sound(picture)
    assert {"loss", "val_loss", "accuracy", "loss_each", "epoch"} <= set(texts)
    (first, dot), (validation,) = curves(picture, "loss"), curves(picture, "val_loss")
    assert isinstance(dot, Circle) and not first.dashed and validation.dashed
    assert validation.points[-1][0] == pytest.approx(dot.x)  # every second epoch
    assert first.points[0][1] < first.points[1][1] < dot.y  # smaller is lower
    assert len(curves(picture, "loss_each")) == 2
    steep = history.plot(["loss"], log=True)
    sound(steep)
    ((_, high), (_, low)), last = (
        curves(steep, "loss")[0].points,
        curves(steep, "loss")[1],
    )
    assert low - high == pytest.approx(last.y - low)  # both a tenth
    assert not curves(steep, "accuracy")
    one = visualization.plot_history({"loss": [2.0]})
    assert [type(s) for s in curves(one, "loss")] == [Circle] and sound(one)
    many = {f"metric_{i}": [1.0, 2.0] for i in range(5)}
    assert sound(visualization.plot_history(many))
    with pytest.raises(ValueError, match=r"has \['accuracy', .*got \['acc'\]"):
        history.plot(["acc"])
    with pytest.raises(ValueError, match="no epochs yet"):
        keras.callbacks.History().plot()


def test_confusion_matrices():
    truth, scores = [0, 0, 1, 2], np.eye(3)[[0, 1, 1, 2]] * 0.9
    for y, p in [(truth, scores), (np.eye(3)[truth], np.argmax(scores, 1))]:
        texts = sound(visualization.plot_confusion_matrix(y, p))
        cells = [t for t in texts if t.isdigit()]
        assert texts[-1] == "3 of 4 right (75.0 %)"
        assert "".join(cells) == "001101101022001"  # names, counts
    names = ["a < b", "a rather long name", "c"]
    words = [names[i] for i in truth]
    picture = visualization.plot_confusion_matrix(words, scores, names, normalize=True)
    numbers = [t for t in sound(picture) if t[1:2] == "."]
    assert numbers == ["0.50", "0.50", *["0.00"] * 2, "1.00", *["0.00"] * 3, "1.00"]
    texts = sound(visualization.plot_confusion_matrix([0, 1, 1], [[0.2], [0.7], [0.5]]))
    assert texts[-1] == "3 of 3 right (100.0 %)"
    assert sound(visualization.plot_confusion_matrix(range(40), range(40)))
    with pytest.raises(ValueError, match="3 labels and `y_pred` 2"):
        visualization.plot_confusion_matrix([0, 1, 1], [0, 1])
    with pytest.raises(ValueError, match="label 2 belongs to none of the 2 classes"):
        visualization.plot_confusion_matrix([0, 2], [0, 1], ["a", "b"])


# --- networks and planes --------------------------------------------------------------


@pytest.fixture(scope="module")
def network():
    model = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(3, activation="tanh", name="hidden"),
            layers.Dropout(0.1),
            layers.Dense(1, activation="sigmoid", use_bias=False, name="out"),
        ],
        name="net",
    )
    kernel = np.array([[1, -2, 3], [-4, 5, 6]], "float32")
    model.set_weights(
        [kernel, np.array([7, -8, 9.5]), np.array([[0.25], [-0.5], [0.75]])]
    )
    return model


def test_units_and_weights(network):
    picture = visualization.plot_network(
        network, ["a", "b"], ["c"], error=0.125, steps=40
    )
    texts = sound(picture)
    weights = "7 −8 9.5 1 −2 3 −4 5 6 0.25 −0.5 0.75".split()
    assert Counter(weights) <= Counter(texts)
    assert {"a", "b", "c", "tanh", "Dropout", "error 0.125   steps 40"} <= set(texts)
    assert len([s for s in picture.shapes if isinstance(s, Circle)]) == 6
    lines = {float(s.title): s for s in picture.shapes if isinstance(s, Line)}
    assert lines[9.5].line > lines[5].line and lines[5].stroke != lines[-4].stroke
    few = visualization.plot_network(network, max_units=2)
    assert "⋮ 1 more" in sound(few) and len(curves(few, "3")) == 0
    branched = residual()
    cases = [
        (ValueError, "`input_names` has 1 names for 2 units", network, (["a"],)),
        (ValueError, "`raw` is not built", keras.Sequential(name="raw"), ()),
        (ValueError, "it branches at", branched, ()),
        (ValueError, "is a ReLU|it has none", odd_names(), ()),
    ]
    for kind, message, model, args in cases:
        with pytest.raises(kind, match=message):
            visualization.plot_network(model, *args)


def images(picture):
    return [s for s in picture.shapes if isinstance(s, Image)]


def test_decision_boundaries(network):
    X = np.array([[-1, 0], [1, 0], [0, 0.5]], "float32")

    def side(points):  # positive to the right
        return points[:, :1]

    picture = visualization.plot_decision_boundary(side, X, ["l", "r", "l"], ["l", "r"])
    assert {"l", "r", "x1", "x2"} <= set(sound(picture))
    (pixels,) = [image.pixels.astype(int) for image in images(picture)]
    assert pixels[80, 5, 0] > pixels[80, 5, 2] and pixels[80, -5, 0] < pixels[80, -5, 2]
    assert (pixels[:, 80] == 60).all()  # the boundary, at 0
    dots = [s for s in picture.shapes if isinstance(s, Circle)][:3]
    assert dots[0].fill == dots[2].fill != dots[1].fill and dots[0].x < dots[1].x
    assert dots[2].y < dots[0].y

    def three(points):
        return np.eye(3)[np.digitize(points[:, 0], [-0.4, 0.4])]

    (image,) = images(visualization.plot_decision_boundary(three, X))
    assert len(np.unique(image.pixels.reshape(-1, 3), axis=0)) == 4  # and the line
    chance = images(visualization.plot_decision_boundary(network, X, [0, 1, 1]))[0]
    assert chance.pixels.shape == (160, 160, 3)
    with pytest.raises(ValueError, match=r"\(samples, 2\), got \(3, 1\)"):
        visualization.plot_decision_boundary(side, X[:, :1])
    with pytest.raises(ValueError, match="3 samples and `y` 2 labels"):
        visualization.plot_decision_boundary(side, X, [0, 1])


def test_maps_of_units(network):
    picture = visualization.plot_units(network, max_units=2)
    texts = sound(picture)
    assert "hidden" in texts and "out" in texts and "±1, 1 more" in texts
    maps = images(picture)
    assert len(maps) == 3
    points = np.array([[-1.1, 1.1], [1.1, 1.1]])  # the upper corners, nearly
    value = np.tanh(points @ [1, -4] + 7)  # the first unit
    corners = maps[0].pixels[0, [0, -1]].astype(int)
    assert all((c[2] > c[0]) == (v > 0) for c, v in zip(corners, value))
    assert len(images(visualization.plot_units(network, layer="hidden"))) == 3
    with pytest.raises(ValueError, match=r"no layer 'x'.*\['hidden', 'dropout"):
        visualization.plot_units(network, layer="x")
    with pytest.raises(ValueError, match=r"two inputs.*\[\(None, 4\), \(None, 4\)\]"):
        visualization.plot_units(shared())
    with pytest.raises(ValueError, match="`call` is code"):
        visualization.plot_units(in_code())


def test_feature_maps():
    conv = layers.Conv2D(3, 1, use_bias=False, name="conv")
    model = keras.Sequential([keras.Input((4, 6, 1)), conv, layers.Flatten()])
    conv.set_weights([np.array([1, -1, 0.5], "float32").reshape(1, 1, 1, 3)])
    image = np.zeros((4, 6, 1), "float32")
    image[1, 2] = 2
    picture = visualization.plot_feature_maps(model, image, max_maps=2)
    assert sound(picture) == ["conv: ±2, 1 more"]
    plus, minus = [m.pixels.astype(int) for m in images(picture)]
    assert plus[1, 2].tolist() == [0, 114, 178] and minus[1, 2].tolist() == [213, 94, 0]
    assert (np.delete(plus.reshape(24, 3), 8, axis=0) == 255).all()
    again = visualization.plot_feature_maps(model, image[None], "conv")
    assert len(images(again)) == 3
