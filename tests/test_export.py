"""Models as programs for other machines: ONNX, run by onnxruntime; StableHLO."""

import shutil
import zipfile

import numpy as np
import pytest

import kerasish as keras
from kerasish import activations, export, layers, ops

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytestmark = [
    pytest.mark.usefixtures("quick_compilation"),
    pytest.mark.skipif(
        keras.config.backend() != "jax", reason="programs are traced by JAX"
    ),
]
Input, Model = keras.Input, keras.Model
BATCH = 3


def dense():
    x = Input((4,))
    y = layers.Dense(5, activation="relu")(x)
    y = layers.BatchNormalization()(layers.Dropout(0.5)(y))
    y = layers.Dense(3, activity_regularizer="l2")(layers.GaussianNoise(0.1)(y))
    return Model(x, layers.Softmax()(y))


def images():
    x = Input((9, 8, 2))
    found = [
        layers.Conv2D(4, 3, padding="same", strides=2)(x),
        layers.Conv2D(2, 3, dilation_rate=2, groups=2)(x),
        layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same")(x),
        layers.SeparableConv2D(3, 2)(x),
        layers.Conv2DTranspose(2, 3, strides=2)(x),
        layers.Conv2DTranspose(2, 2, strides=3, padding="same")(x),
        layers.MaxPooling2D(3, 2, padding="same")(x),
        layers.AveragePooling2D(2, 1, padding="same")(x),
        layers.AveragePooling2D((2, 3))(x),
        layers.GlobalMaxPooling2D()(x),
        layers.GlobalAveragePooling2D()(x),
        layers.ZeroPadding2D(((1, 0), (0, 2)))(x),
        layers.Cropping2D(1)(x),
        layers.UpSampling2D(2)(x),
        layers.Resizing(5, 6)(x),
        layers.Rescaling(0.1, 1)(layers.Flatten()(x)),
        layers.RandomFlip(seed=1)(x),
    ]
    return Model(x, found)


def series():
    x = Input((6, 3))
    found = [
        layers.LSTM(2)(x),
        layers.GRU(2, return_sequences=True)(x),
        layers.GRU(2, reset_after=False, go_backwards=True)(x),
        layers.SimpleRNN(2, unroll=True)(x),
        layers.Bidirectional(layers.LSTM(2, return_sequences=True))(x),
        layers.Conv1D(2, 3, padding="causal")(x),
        layers.TimeDistributed(layers.Dense(2))(x),
        layers.AveragePooling1D(2)(x),
    ]
    return Model(x, found)


def words():
    x = Input((None,), dtype="int32", name="words")
    y = layers.Embedding(7, 4, mask_zero=True)(x)
    return Model(x, [layers.LSTM(3)(y), layers.GlobalAveragePooling1D()(y)])


def tokens():
    x = Input((5, 8))
    found = [
        layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True),
        layers.GroupQueryAttention(4, 2, 2)(x, x),
        layers.Attention()([x, x]),
        layers.LayerNormalization()(x),
        layers.GroupNormalization(2)(x),
        layers.RMSNormalization()(x),
        layers.UnitNormalization()(x),
        layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d")(x),
        layers.Permute((2, 1))(layers.Reshape((10, 4))(x)),
    ]
    return Model(x, found)


def activated():
    x = Input((4,))
    names = """relu relu6 leaky_relu elu selu gelu silu celu softplus softsign sigmoid
        hard_sigmoid hard_silu tanh hard_tanh exponential mish log_softmax softmax
        log_sigmoid linear glu tanh_shrink soft_shrink hard_shrink squareplus
        sparse_plus sparse_sigmoid sparsemax""".split()
    found = [layers.Activation(getattr(activations, name))(x) for name in names]
    y = layers.PReLU(alpha_initializer="ones")(x)
    return Model(x, [*found, layers.ReLU(2.0, 0.2, 0.1)(y)])


def merged():
    """Two inputs and the outputs in a dict."""
    a, b = Input((4,), name="a"), Input((4,), name="b")
    kinds = "Add Subtract Multiply Average Maximum Minimum Concatenate".split()
    found = {kind: getattr(layers, kind)()([a, b]) for kind in kinds}
    found["dot"] = layers.Dot(1)([a, b])
    inner = keras.Sequential([Input((4,)), layers.Dense(4)])
    found["twice"] = inner(inner(b))
    return Model({"a": a, "b": b}, found)


def computed():
    x = Input((4,))
    y = ops.where(x > 0.5, ops.exp(x), ops.sqrt(ops.abs(x)) + ops.floor(x))
    y = ops.concatenate([y, ops.cumsum(x, 1), ops.sort(x), ops.flip(x, 1)], 1)
    y = ops.clip(y, -1, 1)
    found = [y, ops.argmax(y, 1), ops.top_k(x, 2)[0], ops.argsort(x), ops.var(y, 1)]
    found += [ops.one_hot(ops.cast(x > 0, "int32"), 3), ops.take(y, [0, 2], axis=1)]
    found += [ops.expm1(x / 100), ops.log1p(ops.abs(x)), ops.rsqrt(ops.square(x) + 1)]
    found += [ops.logical_and(x > 0, x < 1), ops.round(x * 3), ops.power(y + 2.0, 3)]
    found += [layers.Discretization([0.0, 0.5])(x)]
    return Model(x, found)


def half():
    policy = keras.dtype_policies.DTypePolicy("mixed_float16")
    x = Input((4,))
    return Model(x, layers.Dense(2, dtype="float32")(layers.Dense(3, dtype=policy)(x)))


MODELS = [
    *(dense, images, series, words, tokens, activated, merged, computed, half),
]


def some_weights(model):
    rng = np.random.default_rng(1)
    for v in model.weights:
        v.assign(v + rng.uniform(0.1, 0.5, v.shape).astype(v.dtype))
    return model


def data(model):
    rng = np.random.default_rng(2)
    found = {}
    for tensor in model.inputs:
        shape = (BATCH, *(5 if n is None else n for n in tensor.shape[1:]))
        numbers = rng.normal(size=shape)
        if "int" in tensor.dtype:
            numbers = rng.integers(0, 7, shape)
        found[tensor.name] = numbers.astype(tensor.dtype)
    return found


def run(path, inputs):
    session = onnxruntime.InferenceSession(str(path))
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs)))


@pytest.mark.parametrize("make", MODELS)
def test_onnxruntime_computes_what_the_model_computes(make, tmp_path):
    model, path = some_weights(make()), tmp_path / "model.onnx"
    model.export(path, verbose=False)
    onnx.checker.check_model(str(path), full_check=True)
    inputs = data(model)
    given = inputs if len(inputs) > 1 else next(iter(inputs.values()))
    expected = model.predict_on_batch(given)
    found = run(path, inputs)
    if isinstance(expected, dict):
        assert set(found) == set(expected)
        found, expected = [[x[k] for k in sorted(x)] for x in (found, expected)]
    else:
        found = [*found.values()]
        expected = expected if isinstance(expected, list) else [expected]
    tolerance = 2e-3 if make is half else 1e-5
    for one, two in zip(found, expected, strict=True):
        assert one.dtype == two.dtype
        np.testing.assert_allclose(one, two, rtol=tolerance, atol=tolerance)
    first = run(path, {name: x[:1] for name, x in inputs.items()}).values()
    for one, two in zip(first, run(path, inputs).values()):
        np.testing.assert_allclose(one, two[:1], rtol=1e-5, atol=1e-5)


@pytest.fixture(scope="module")
def small():
    x = Input((4,), name="features")
    return some_weights(Model(x, layers.Dense(2, name="scores")(x), name="small"))


def test_names_and_open_sizes_are_in_the_file(small, tmp_path, capsys):
    small.export(tmp_path / "m.onnx")
    assert "serve(features (None, 4) float32) -> scores" in capsys.readouterr().out
    file = onnx.load(tmp_path / "m.onnx")
    (entry,), (result,) = file.graph.input, file.graph.output
    assert (entry.name, result.name) == ("features", "scores")
    sizes = entry.type.tensor_type.shape.dim
    assert (sizes[0].dim_param, sizes[1].dim_value) == ("batch", 4)
    assert {w.path for w in small.weights} <= {x.name for x in file.graph.initializer}
    assert file.producer_name == "kerasish"


def test_sizes_can_be_given(small, tmp_path):
    spec = keras.InputSpec("float32", (2, 4))
    small.export(tmp_path / "m.onnx", verbose=False, input_signature=[spec])
    sizes = onnx.load(tmp_path / "m.onnx").graph.input[0].type.tensor_type.shape.dim
    assert [n.dim_value for n in sizes] == [2, 4]


def test_what_is_outside_a_table_is_no_number(tmp_path):
    x = Input((2,), dtype="int32", name="x")
    model = Model(x, layers.Embedding(3, 2)(x))
    model.export(tmp_path / "m.onnx", verbose=False)
    (found,) = run(tmp_path / "m.onnx", {"x": np.array([[1, 9]], "int32")}).values()
    assert np.isnan(found).tolist() == [[[False, False], [True, True]]]


# --- StableHLO ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(small, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "small.stablehlo"
    small.export(path, verbose=False)
    return path


def test_a_program_is_loaded_without_its_model(small, exported):
    loaded = export.load(exported)
    assert repr(loaded).endswith("small.stablehlo': serve>")
    for rows in (1, 5):
        x = np.random.default_rng(0).normal(size=(rows, 4)).astype("float32")
        expected = x @ small.get_weights()[0] + small.get_weights()[1]
        np.testing.assert_allclose(loaded(x), expected, rtol=1e-5)
        np.testing.assert_allclose(loaded.serve(x.tolist()), expected, rtol=1e-5)


def test_the_archive_is_what_the_docs_say(small, exported):
    import jax

    with zipfile.ZipFile(exported) as file:
        assert "stablehlo.dot_general" in file.read("serve.mlir").decode()
        weights = [np.frombuffer(file.read(f"weights/{i}"), "<f4") for i in (0, 1)]
        program = jax.export.deserialize(bytearray(file.read("serve.bin")))
    weights = [w.reshape(v.shape) for w, v in zip(weights, small.weights)]
    found = program.call(weights, np.ones((2, 4), "float32"))[0]
    np.testing.assert_allclose(found, small(np.ones((2, 4))), rtol=1e-5)


def test_a_subclass_with_nested_inputs(tmp_path):
    class Nested(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x):
            return {"y": self.dense(x["a"]), "z": (x["b"], x["a"])}

    model = Nested()
    x = {name: np.ones((2, 3), "float32") for name in "ab"}
    expected = model(x)
    model.export(tmp_path / "m.stablehlo", verbose=False)
    found = export.load(tmp_path / "m.stablehlo")(x)
    np.testing.assert_allclose(found["y"], expected["y"], rtol=1e-6)
    np.testing.assert_array_equal(found["z"][0], x["b"])


def test_images_of_any_size(tmp_path):
    x = Input((None, None, 1), name="x")
    y = layers.MaxPooling2D()(layers.Conv2D(2, 3, padding="same")(x))
    model = Model(x, layers.Conv2DTranspose(1, 2, strides=2)(y))
    for ending in ("onnx", "stablehlo"):
        model.export(tmp_path / f"m.{ending}", verbose=False)
    image = np.random.default_rng(0).uniform(size=(1, 65, 70, 1)).astype("float32")
    expected = model.predict_on_batch(image)
    (found,) = run(tmp_path / "m.onnx", {"x": image}).values()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    program = export.load(tmp_path / "m.stablehlo")
    np.testing.assert_allclose(program(image), expected, rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="each size that is open at least 64; got"):
        program(image[:, :9])


WRONG_CALLS = {
    "the shape \\(None, 4\\); got \\(2, 3\\)": (np.ones((2, 3)),),
    "takes 1 arguments, got 2": (np.ones((2, 4)),) * 2,
}


@pytest.mark.parametrize("text", WRONG_CALLS)
def test_inputs_of_a_program_are_checked(exported, text):
    with pytest.raises((ValueError, TypeError), match=text):
        export.load(exported)(*WRONG_CALLS[text])


def test_an_endpoint_that_is_not_there(exported):
    with pytest.raises(
        AttributeError, match=r"no endpoint 'serv'.*Did you mean `serve`"
    ):
        _ = export.load(exported).serv


def changed(path, copy, **members):
    """Copy a zip archive with other members, None: left out."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = members.get(
                name.replace("/", "_").replace(".", "_"), old.read(name)
            )
            if content is not None:
                new.writestr(name, content)
    return copy


DAMAGES = {
    "no weight": {"weights_0": None},
    "short weight": {"weights_0": b"1234"},
    "another program": {"serve_bin": b"1234"},
    "no contents": {"export_json": None},
    "contents of another kind": {"export_json": b"[1]"},
    "a newer version": {"export_json": b'{"version": 2}'},
    "a part of the contents": {"export_json": b'{"version": 1, "weights": []}'},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_programs_are_refused(exported, tmp_path, damage):
    path = changed(exported, tmp_path / "bad.stablehlo", **DAMAGES[damage])
    with pytest.raises(ValueError, match=r"damaged|newer version"):
        export.load(path)


def test_other_files_are_refused(exported, tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        export.load(tmp_path / "none.stablehlo")
    (tmp_path / "short").write_bytes(exported.read_bytes()[:-30])
    with pytest.raises(ValueError, match="no exported program"):
        export.load(tmp_path / "short")
    packed = tmp_path / "packed"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("export.json", b" " * 10_000)
    with pytest.raises(ValueError, match=r"refused: its `export.json` is compressed"):
        export.load(packed)


# --- archives -------------------------------------------------------------------------


def test_an_archive_holds_several_functions(small, tmp_path, capsys):
    archive = export.ExportArchive()
    scale = keras.Variable(np.array([2.0, 3.0]), name="scale")
    spec = [keras.InputSpec("float32", (None, 4))]
    call = archive.track_and_add_endpoint("serve", small, spec)
    assert call(np.ones((2, 4))).shape == (2, 2)
    archive.add_variable_collection("more", [scale])
    archive.add_endpoint("scaled", lambda x: small(x) * scale, spec)
    two = [keras.InputSpec("float32", (None,), name=name) for name in "xy"]
    archive.add_endpoint("add", lambda x, y: x + y, two)
    assert archive.variables == [*small.variables, scale]
    assert archive.trainable_variables == archive.variables
    assert archive.non_trainable_variables == []
    archive.write_out(tmp_path / "m.stablehlo")
    assert "scaled(input_0 (None, 4) float32)" in capsys.readouterr().out
    loaded = export.load(tmp_path / "m.stablehlo")
    x = np.ones((2, 4), "float32")
    np.testing.assert_allclose(loaded(x) * np.array([2, 3]), loaded.scaled(x))
    assert np.asarray(loaded.add([1.0], [2.0])).tolist() == [3.0]
    with zipfile.ZipFile(tmp_path / "m.stablehlo") as file:
        assert len([n for n in file.namelist() if n.startswith("weights/")]) == 3
    with pytest.raises(ValueError, match=r"holds one function, not .*'scaled'"):
        archive.write_out(tmp_path / "m.onnx")


SPEC = [keras.InputSpec("float32", (None, 4))]


def unknown(archive, path):
    variable = keras.Variable(1.0, name="stranger")
    archive.add_endpoint("f", lambda x: x * variable, SPEC)
    archive.write_out(f"{path}/f.stablehlo")


def twice(archive, path):
    archive.add_endpoint("f", abs, SPEC)
    archive.add_endpoint("f", abs, SPEC)


MISTAKES = {
    "`track` its layer, or use.*Variable `stranger`": unknown,
    "an endpoint 'f' already": twice,
    "nothing to export": lambda a, path: a.write_out(f"{path}/f.onnx"),
    "must end in `.onnx`.*got 'f.pb'": lambda a, path: a.write_out("f.pb"),
    "needs `input_signature`": lambda a, path: a.add_endpoint("f", abs),
    "a name as Python's are": lambda a, path: a.add_endpoint("a b", abs, SPEC),
    "the shape of each input": lambda a, path: a.add_endpoint("f", abs, ["float32"]),
    "must be a layer or a model, got 3": lambda a, path: a.track(3),
    "has no variables to track": lambda a, path: a.track(layers.Dense(2)),
    "must be a list, tuple or set": lambda a, p: a.add_variable_collection("c", 3),
    "must be `keras.Variable`s, got 3": lambda a, p: a.add_variable_collection(
        "c", [3]
    ),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes_with_archives_are_said(tmp_path, text):
    with pytest.raises(ValueError, match=text):
        MISTAKES[text](export.ExportArchive(), tmp_path)


class Inverse(layers.Layer):
    def call(self, x):
        return ops.erfinv(x)


def refused(inputs, *rest, **options):
    return lambda path: keras.Sequential([inputs, *rest]).export(path, **options)


REFUSED = {
    "'tf_saved_model' needs another.*`.onnx`": lambda p: dense().export(p + "x"),
    "'openvino' needs another": refused(Input((4,)), format="openvino"),
    "one of .*Did you mean `onnx`": refused(Input((4,)), format="onx"),
    "not built": lambda p: keras.Sequential([layers.Dense(2)]).export(p),
    "`erf_inv` of `Inverse.call`": refused(Input((2,)), Inverse()),
    "is text": refused(Input((2,), dtype="string"), layers.StringLookup(2)),
    "sizes that are left open.*input_signature": refused(
        Input((None, None, 1)), layers.MaxPooling2D(padding="same")
    ),
    "has no options \\['platforms'\\]": lambda p: dense().export(p, platforms=["cpu"]),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_exported_is_said(tmp_path, text):
    with pytest.raises((ValueError, TypeError), match=text):
        REFUSED[text](str(tmp_path / "m.onnx"))
    assert not list(tmp_path.iterdir())


def test_a_failed_export_leaves_the_old_file(exported, tmp_path):
    path = tmp_path / "m.stablehlo"
    shutil.copy(exported, path)
    with pytest.raises(ValueError, match=r"`platforms` are some of .*'abacus'"):
        dense().export(path, platforms=["abacus"])
    assert path.read_bytes() == exported.read_bytes()


def test_the_package_onnx_is_an_extra(monkeypatch, small):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ImportError, match=r"kerasish\[onnx\]"):
        small.export("m.onnx")
