"""Model files of Keras 1, Keras 2 and tf.keras, written as they wrote them."""

import json

import h5py
import keras
import numpy as np
import pytest
from eras import files, layers

import kerasish
from kerasish.saving import eras

pytestmark = pytest.mark.usefixtures("quick_compilation")

CASES = [(row, era) for row, (_, _, eras) in layers.ROWS.items() for era in eras]
rng = np.random.default_rng(7)


def reference(row):
    """Return the layer in a model of real Keras, with weights drawn anew, and data."""
    today, shape, _ = layers.ROWS[row]
    model = keras.Sequential([keras.Input(shape), today(keras)])
    model.set_weights([rng.uniform(0.1, 0.9, w.shape) for w in model.get_weights()])
    return model, rng.normal(size=(3, *shape)).astype("float32")


def near(a, b, tolerance=2e-6):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# --- layers --------------------------------------------------------------------------


@pytest.mark.parametrize(("row", "era"), CASES)
def test_layers_of_each_era_compute_what_they_did(row, era, tmp_path):
    model, x = reference(row)
    layer = model.layers[0]
    weights = {"layer": layers.stored(layer, era)}
    path = files.h5(tmp_path / "m.h5", era, layers.stack(row, era), weights)
    loaded = kerasish.saving.load_model(path)
    assert [x.name for x in loaded.layers] == ["layer"]
    near(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert len(loaded.losses) == len(model.losses)
    for ours, theirs in zip(loaded.losses, model.losses):
        near(ours, theirs)
    # the bare weights, into a model of the same JSON
    bare = str(tmp_path / "w.h5")
    with h5py.File(bare, "w") as file:
        files.bare(file, weights)
    text = json.dumps({**layers.stack(row, era), "keras_version": files.VERSIONS[era]})
    again = kerasish.models.model_from_json(text)
    again.load_weights(bare)
    near(again.predict(x, verbose=0), model.predict(x, verbose=0))
    # and what we write of it, real Keras reads
    loaded.save(str(tmp_path / "new.keras"))
    new = keras.saving.load_model(str(tmp_path / "new.keras"))
    near(new.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("era", ["keras1", "keras2"])
def test_embedding_begins_a_stack(era, tmp_path):
    table = rng.normal(size=(20, 3)).astype("float32")
    arguments = {"input_dim": 20, "output_dim": 3, "input_length": 4}
    if era == "keras1":
        arguments |= {"init": "uniform", "dropout": 0.0, "W_regularizer": None}
        arguments |= {"input_dtype": "int32"}
        weights = {"e_W": table}
    else:
        arguments |= {"embeddings_initializer": layers.RANDOM, "mask_zero": False}
        weights = {"e/embeddings:0": table}
    config = {"name": "e", "batch_input_shape": [None, 4], **arguments}
    stack = [{"class_name": "Embedding", "config": config}]
    stack = {"class_name": "Sequential", "config": stack}
    path = files.h5(tmp_path / "m.h5", era, stack, {"e": weights})
    x = rng.integers(0, 20, (5, 4))
    near(kerasish.saving.load_model(path).predict(x, verbose=0), table[x])


@pytest.mark.parametrize("era", ["keras1", "keras2", "tf2"])
@pytest.mark.parametrize("place", ["activation", "gate"])
def test_hard_sigmoid_is_that_of_its_era(era, place, tmp_path):
    key = "inner_activation" if era == "keras1" else "recurrent_activation"
    row = "LSTM" if place == "gate" else "Dense"
    model, x = reference(row)
    old = layers.stack(row, era)
    inner = (
        old["config"] if isinstance(old["config"], list) else old["config"]["layers"]
    )
    inner[-1]["config"][key if place == "gate" else "activation"] = "hard_sigmoid"
    weights = {"layer": layers.stored(model.layers[0], era)}
    path = files.h5(tmp_path / "m.h5", era, old, weights)
    loaded = kerasish.saving.load_model(path)

    def hard(x):
        return keras.ops.clip(0.2 * x + 0.5, 0, 1)

    layer = model.layers[0]
    if place == "gate":
        layer.cell.recurrent_activation = hard
    else:
        layer.activation = hard
    near(loaded.predict(x, verbose=0), np.asarray(layer(x)))
    loaded.save(str(tmp_path / "new.keras"))
    again = kerasish.saving.load_model(str(tmp_path / "new.keras"))
    near(again.predict(x, verbose=0), np.asarray(layer(x)))


# --- kernels of Theano ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("era", "backend"),
    [("keras1", None), ("keras1", "tensorflow"), ("keras2", "theano")],
)
@pytest.mark.parametrize("filters", [4, 3])  # 3: the axes could be taken for each other
def test_kernels_of_theano(era, backend, filters, tmp_path):
    kernel = rng.normal(size=(3, 3, 3, filters)).astype("float32")
    bias = rng.normal(size=filters).astype("float32")
    config = {"name": "c", "batch_input_shape": [None, 3, 6, 6]}
    turned = kernel if backend == "tensorflow" else kernel[::-1, ::-1]
    if era == "keras1":
        kind = "Convolution2D"
        config |= {"nb_filter": filters, "nb_row": 3, "nb_col": 3, "subsample": [1, 1]}
        config |= {"dim_ordering": "th", "border_mode": "same"}
        end = ":0" if backend == "tensorflow" else ""
        file = {f"c_W{end}": turned.transpose(3, 2, 0, 1), f"c_b{end}": bias}
    else:
        kind = "Conv2D"
        config |= {"filters": filters, "kernel_size": [3, 3], "padding": "same"}
        config |= {"data_format": "channels_first"}
        file = {"c/kernel:0": turned, "c/bias:0": bias}
    stack = {
        "class_name": "Sequential",
        "config": [{"class_name": kind, "config": config}],
    }
    path = files.h5(tmp_path / "m.h5", era, stack, {"c": file}, backend=backend)
    loaded = kerasish.saving.load_model(path)
    near(loaded.get_weights()[0], kernel)
    x = rng.normal(size=(2, 3, 6, 6)).astype("float32")
    same = keras.layers.Conv2D(filters, 3, padding="same")
    same.build((None, 6, 6, 3))
    same.set_weights([kernel, bias])
    expected = np.moveaxis(np.asarray(same(np.moveaxis(x, 1, -1))), -1, 1)
    near(loaded.predict(x, verbose=0), expected, 1e-5)


@pytest.mark.parametrize("backend", ["tensorflow", "theano"])
def test_names_tell_the_backend_of_keras_1(backend, tmp_path):
    """Theano turned kernels in both orders of axes, and its names had no `:0`."""
    kernel = rng.normal(size=(3, 3, 2, 4)).astype("float32")
    config = {"name": "c", "batch_input_shape": [None, 6, 6, 2], "nb_filter": 4}
    config |= {"nb_row": 3, "nb_col": 3, "dim_ordering": "tf"}
    stack = [{"class_name": "Convolution2D", "config": config}]
    end, turned = (
        (":0", kernel) if backend == "tensorflow" else ("", kernel[::-1, ::-1])
    )
    weights = {"c": {f"c_W{end}": turned, f"c_b{end}": np.zeros(4)}}
    stack = {"class_name": "Sequential", "config": stack}
    path = files.h5(tmp_path / "m.h5", "keras1", stack, weights)
    near(kerasish.saving.load_model(path).get_weights()[0], kernel)


def test_models_within_of_keras_1_and_theano(tmp_path):
    lstm, x = reference("LSTM")
    kernel = rng.normal(size=(2, 5, 3)).astype("float32")
    kinds = [
        layers.spelled("LSTM", "keras1", "l"),
        layers.spelled("Conv1D", "keras1", "c"),
    ]
    kinds[1][1].update(filter_length=2, nb_filter=3, subsample_length=1, input_dim=3)
    kinds[1][1].pop("batch_input_shape")
    kernel = rng.normal(size=(2, 3, 3)).astype("float32")
    stack = [{"class_name": kind, "config": config} for kind, config in kinds]
    inner = {"class_name": "Sequential", "config": stack, "name": "in"}
    stored = layers.stored(lstm.layers[0], "keras1", "l")
    stored = {name.removesuffix(":0"): value for name, value in stored.items()}
    stored |= {"c_W": kernel[::-1, None], "c_b": np.zeros(3)}
    stack = {"class_name": "Sequential", "config": [inner]}
    path = files.h5(tmp_path / "m.h5", "keras1", stack, {"in": stored})
    convolution = keras.layers.Conv1D(3, 2)
    convolution.build((None, 5, 3))
    convolution.set_weights([kernel, np.zeros(3)])
    expected = convolution(lstm.predict(x, verbose=0))
    found = kerasish.saving.load_model(path).predict(x, verbose=0)
    near(found, np.asarray(expected), 1e-5)


# --- graphs --------------------------------------------------------------------------


def dense(name, units, era, node):
    key = "output_dim" if era == "keras1" else "units"
    config = {"name": name, key: units, "activation": "linear"}
    return {
        "class_name": "Dense",
        "config": config,
        "name": name,
        "inbound_nodes": node,
    }


def entry(name, size, shape=None):
    config = {"batch_input_shape": [None, *(shape or (size,))], "name": name}
    config |= {"sparse": False}
    return {"class_name": "InputLayer", "config": config, "name": name,
            "inbound_nodes": []}  # fmt: skip


def call(*inputs, **kwargs):
    return [[name, node, tensor, kwargs] for name, node, tensor in inputs]


@pytest.mark.parametrize("era", ["keras1", "keras2", "tf2"])
def test_graphs_with_shared_layers_and_models_within(era, tmp_path):
    inside = {
        "name": "inside",
        "layers": [entry("i", 3), dense("d", 3, era, [call(("i", 0, 0))])],
        "input_layers": [["i", 0, 0]],
        "output_layers": [["d", 0, 0]],
    }
    merge = {"class_name": "Concatenate", "config": {"name": "m", "axis": -1}}
    if era == "keras1":
        config = {"name": "m", "mode": "concat", "concat_axis": -1, "dot_axes": -1}
        config |= {"mode_type": "raw", "output_shape": None, "arguments": {}}
        merge = {"class_name": "Merge", "config": config}
    # a model within has a call of its own, so that those out here count from 1
    within = {"class_name": "Functional" if era == "tf2" else "Model", "name": "inside",
              "config": inside,
              "inbound_nodes": [call(("s", 0, 0)), call(("s", 1, 0))]}  # fmt: skip
    nodes = [call(("a", 0, 0)), call(("b", 0, 0))]
    config = {
        "name": "whole",
        "layers": [
            *(entry("a", 2), entry("b", 2), dense("s", 3, era, nodes), within),
            merge | {"name": "m", "inbound_nodes": [
                call(("inside", 2, 0), ("inside", 1, 0))]},
            dense("o", 1, era, [call(("m", 0, 0))]),
        ],
        "input_layers": [["a", 0, 0], ["b", 0, 0]],
        "output_layers": [["o", 0, 0], ["m", 0, 0]],
    }  # fmt: skip
    if era == "keras1":  # nodes had no keyword arguments then
        config = json.loads(json.dumps(config).replace(", {}]", "]"))
    s, d, o = (rng.normal(size=n).astype("float32") for n in ((2, 3), (3, 3), (6, 1)))
    zero = np.zeros(3, "float32")
    weights = {"s": {"s/kernel:0": s, "s/bias:0": zero},
               "inside": {"d/kernel:0": d, "d/bias:0": zero},
               "o": {"o/kernel:0": o, "o/bias:0": zero[:1]}}  # fmt: skip
    whole = {"class_name": "Model", "config": config}
    path = files.h5(tmp_path / "m.h5", era, whole, weights)
    a, b = (rng.normal(size=(4, 2)).astype("float32") for _ in range(2))
    merged = np.concatenate([b @ s @ d, a @ s @ d], -1)
    for model in (kerasish.saving.load_model(path),
                  kerasish.Model.from_config(config)):  # fmt: skip
        if not np.any(model.get_weights()[1]):
            model.load_weights(path)
        out, middle = model.predict([a, b], verbose=0)
        near(middle, merged, 1e-5)
        near(out, merged @ o, 1e-5)


def test_states_and_keyword_tensors(tmp_path):
    config = {
        "name": "whole",
        "layers": [
            *(entry("x", 0, (3, 4)), entry("h", 4), entry("c", 4)),
            {"class_name": "LSTM", "name": "l",
             "config": {"name": "l", "units": 4, "time_major": False},
             "inbound_nodes": [call(("x", 0, 0), ("h", 0, 0), ("c", 0, 0))]},
            {"class_name": "MultiHeadAttention", "name": "m",
             "config": {"name": "m", "num_heads": 2, "key_dim": 2,
                        "query_shape": [None, 3, 4], "value_shape": [None, 3, 4]},
             "inbound_nodes": [call(("x", 0, 0), value=["x", 0, 0])]},
        ],
        "input_layers": [["x", 0, 0], ["h", 0, 0], ["c", 0, 0]],
        "output_layers": [["l", 0, 0], ["m", 0, 0]],
    }  # fmt: skip
    model = kerasish.Model.from_config(config)
    x, h, c = (rng.normal(size=s) for s in ((2, 3, 4), (2, 4), (2, 4)))
    lstm, attention = model.predict([x, h, c], verbose=0)
    near(lstm, model.get_layer("l")(x, initial_state=[h, c]), 1e-5)
    near(attention, model.get_layer("m")(x, x), 1e-5)


SLICES = {"slice_spec": [{"start": None, "stop": None, "step": None},
                         {"start": 1, "stop": 3, "step": None}]}  # fmt: skip
X = ["x", 0, 0]
FUNCTIONS = [
    ("math.add", [*X, {"y": 2.0, "name": None}], lambda x: x + 2),
    ("math.multiply", [*X, {"y": X}], lambda x: x * x),
    (
        "__operators__.add",
        [*X, {"y": [1.0, 2.0, 3.0, 4.0]}],
        lambda x: x + [1, 2, 3, 4],
    ),
    ("math.subtract", ["_CONSTANT_VALUE", -1, 1.0, {"y": X}], lambda x: 1 - x),
    ("math.truediv", ["_CONSTANT_VALUE", -1, 2.0, {"y": X}], lambda x: 2 / x),
    (
        "math.reduce_mean",
        [*X, {"axis": 1, "keepdims": True}],
        lambda x: x.mean(1)[:, None],
    ),
    ("math.reduce_max", [*X, {"axis": -1}], lambda x: x.max(-1)),
    ("nn.relu", [*X, {"name": None}], lambda x: np.maximum(x, 0)),
    ("math.exp", X, np.exp),
    ("expand_dims", [*X, {"axis": 1}], lambda x: x[:, None]),
    ("reshape", [*X, {"shape": [-1, 2, 2]}], lambda x: x.reshape(-1, 2, 2)),
    ("concat", [[*X, {"axis": -1}], X], lambda x: np.concatenate([x, x], -1)),
    ("__operators__.getitem", [*X, SLICES], lambda x: x[:, 1:3]),
    ("clip_by_value", [*X, {"clip_value_min": 0.0, "clip_value_max": 1.0}], None),
    ("math.reduce_sum", [*X, {"reduction_indices": 1}], None),
]


@pytest.mark.parametrize(("function", "node", "expected"), FUNCTIONS)
def test_functions_of_tensorflow_in_graphs(function, node, expected):
    kind = "SlicingOpLambda" if function.endswith("getitem") else "TFOpLambda"
    config = {
        "name": "whole",
        "layers": [
            entry("x", 4),
            {"class_name": kind, "config": {"name": "f", "function": function},
             "name": "f", "inbound_nodes": [node]},
        ],
        "input_layers": [X],
        "output_layers": [["f", 0, 0]],
    }  # fmt: skip
    if expected is None:
        with pytest.raises(ValueError, match=r"`f` .*TensorFlow"):
            kerasish.Model.from_config(config)
        return
    x = rng.uniform(0.5, 2, (3, 4)).astype("float32")
    model = kerasish.Model.from_config(config)
    near(model.predict(x, verbose=0), expected(x), 1e-5)


@pytest.mark.parametrize(
    ("op", "inputs", "constants", "expected"),
    [
        ("AddV2", ["x", "add/y"], {"1": 2.0}, lambda x: x + 2),
        ("Sub", ["sub/x", "x"], {"0": 2.0}, lambda x: 2 - x),
        ("Mul", ["x", "x"], {}, lambda x: x * x),
        ("Exp", ["x"], {}, np.exp),
    ],
)
def test_operations_of_tensorflow_in_graphs(op, inputs, constants, expected):
    node = {"name": "f", "op": op, "input": inputs, "attr": {"T": {"type": "DT_FLOAT"}}}
    config = {"name": "f", "node_def": node, "constants": constants}
    calls = [[[*X, {}] for name in inputs if name == "x"]]
    config = {
        "name": "whole",
        "layers": [
            entry("x", 4),
            {"class_name": "TensorFlowOpLayer", "config": config, "name": "f",
             "inbound_nodes": calls},
        ],
        "input_layers": [X],
        "output_layers": [["f", 0, 0]],
    }  # fmt: skip
    x = rng.uniform(0.5, 2, (3, 4)).astype("float32")
    model = kerasish.Model.from_config(config)
    near(model.predict(x, verbose=0), expected(x), 1e-5)


# --- what is refused -----------------------------------------------------------------

REFUSED = [
    ("MaxoutDense", {"output_dim": 3}, "`layer` of class MaxoutDense"),
    ("Highway", {}, "`layer` of class Highway .* two `Dense`"),
    ("CuDNNLSTM", {"units": 3}, "`layer` of class CuDNNLSTM"),
    ("Dense", {"units": 3, "quickness": 2}, "`layer` of class Dense .* `quickness`=2"),
    ("BatchNormalization", {"mode": 2}, "`layer` .* `mode`=2"),
    ("LSTM", {"units": 2, "time_major": True}, "`layer` .* `time_major`=True"),
    ("Convolution2D", {"nb_filter": 1, "nb_row": 1, "nb_col": 1, "border_mode": "full"},
     "`layer` .* `border_mode`='full'"),
    ("Merge", {"mode": "cos"}, "`layer` .* `mode`='cos'"),
    ("Merge", {"mode": "sum", "layers": [1]}, "`layer` .* holds its inputs' layers"),
    ("Lambda", {"function": ["4wEAAA==", None, None], "function_type": "lambda"},
     "`layer` is a Lambda.* never run.*custom_objects={'layer': function}"),
    ("Nonsense", {}, "Unknown class 'Nonsense'"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "arguments", "match"), REFUSED)
def test_what_is_gone_is_named(kind, arguments, match):
    config = {"name": "layer", "batch_input_shape": [None, 3], **arguments}
    layers = [{"class_name": kind, "config": config}]
    stack = json.dumps({"class_name": "Sequential", "config": layers})
    with pytest.raises(ValueError, match=match):
        kerasish.models.model_from_json(stack)


@pytest.mark.parametrize("library", [keras, kerasish], ids=["keras", "kerasish"])
def test_ops_of_keras_3_are_told_from_layers(library, tmp_path):
    """`.h5` files tell of both the class alone; Keras itself takes ops for layers."""
    ops, layers = library.ops, library.layers
    x = library.Input((4,))
    y = layers.Add()([x * 2.0, layers.Dense(4)(x)]) + ops.sin(x)
    y = ops.concatenate([y, ops.sum(ops.maximum(y, 0.1), axis=-1, keepdims=True)], -1)
    y = layers.ReLU()(layers.Concatenate()([y[:, 1:], ops.leaky_relu(y, 0.1)]))
    model = library.Model(x, y)
    file = str(tmp_path / "m.h5")
    model.save(file)
    rows = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
    loaded = kerasish.saving.load_model(file)
    np.testing.assert_allclose(loaded(rows), model(rows), rtol=1e-6)
    assert [layer.name for layer in loaded.layers] == [x.name for x in model.layers]


def test_a_lambda_gets_its_function_from_whoever_loads_it():
    config = {"name": "twice", "batch_input_shape": [None, 3], "arguments": {}}
    config |= {"function": ["4wEAAA==", None, None], "function_type": "lambda"}
    config |= {"output_shape": None, "output_shape_type": "raw", "module": "__main__"}
    stack = json.dumps([{"class_name": "Lambda", "config": config}])
    whole = f'{{"class_name": "Sequential", "config": {stack}}}'
    own = {"twice": lambda x: 2 * x}
    model = kerasish.models.model_from_json(whole, custom_objects=own)
    assert model.predict(np.ones((1, 3)), verbose=0).tolist() == [[2.0, 2.0, 2.0]]


# --- damage --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_mangled_old_configs_give_an_error_of_ours(seed):
    """Each mutation of a valid config loads, or raises a ValueError or TypeError."""
    draw = np.random.default_rng(seed)
    row, era = CASES[draw.integers(len(CASES))]
    config = json.loads(json.dumps(layers.stack(row, era)))
    places = []

    def visit(x):
        for key in list(x) if isinstance(x, dict) else range(len(x)):
            places.append((x, key))
            if isinstance(x[key], (dict, list)):
                visit(x[key])

    visit(config)
    where, key = places[draw.integers(len(places))]
    where[key] = [None, -1, "x", [], {}, [[["a"]]], {"class_name": 3}][draw.integers(7)]
    try:
        eras.modern(config, "2.1.0")
    except ValueError as error:
        assert "`" in str(error) or "damaged" in str(error)
