"""Quantizers, and layers and models whose weights have few bits."""

import json

import keras
import numpy as np
import pytest

import kerasish
from kerasish import backend

pytestmark = pytest.mark.usefixtures("quick_compilation")

Q = kerasish.quantizers
X = np.random.RandomState(0).normal(size=(4, 6)).astype("float32")
# Each two rows have numbers below and above zero.
CROSSING = np.abs(X) * np.array([[1], [-1], [1], [-1]], "float32")
NIBBLES = np.arange(-8, 7, dtype="int8").reshape(5, 3)
FUNCTIONS = [
    ("abs_max_quantize", (X, 0), {}),
    ("abs_max_quantize", (X, (0, 1)), {"value_range": (-8, 7)}),
    ("abs_max_quantize", (X.astype("float16"), -1), {}),
    ("abs_max_quantize", (X, -1), {"value_range": (0, 255), "dtype": "uint8"}),
    ("abs_max_quantize", (X, -1), {"to_numpy": True}),
    ("abs_max_quantize_grouped_with_zero_point", (CROSSING, 4), {}),
    ("abs_max_quantize_grouped_with_zero_point", (CROSSING, 2), {"to_numpy": True}),
    (
        "abs_max_quantize_grouped_with_zero_point",
        (CROSSING, 9),
        {"value_range": (-4, 3)},
    ),
    ("pack_int4", (NIBBLES,), {}),
    ("pack_int4", (NIBBLES,), {"axis": -1}),
    ("pack_int4", ((NIBBLES + 8).astype("uint8"),), {"dtype": "uint8"}),
    ("unpack_int4", (NIBBLES * 9, 5), {"axis": 1}),
    ("unpack_int4", (NIBBLES * 9, 9), {"dtype": "uint8"}),
    ("quantize_and_dequantize", (X, 0.01, "float8_e4m3fn", "float32"), {}),
    ("quantize_and_dequantize", (X, 0.5, "float8_e5m2", "float16"), {}),
    ("compute_float8_amax_history", (X, np.array([1.0, 2.0, 3.0], "float32")), {}),
    ("compute_float8_scale", (np.float32(2.0), np.float32(1.0), 448.0), {}),
    ("compute_float8_scale", (np.float32(2.0), np.float32(1.0), 448.0, 2), {}),
    ("compute_float8_scale", (np.float32(0.0), np.float32(3.0), 448.0), {}),
    ("compute_float8_scale", (np.float32("inf"), np.float32(3.0), 448.0), {}),
    ("fake_quant_with_min_max_vars", (X, -1.0, 1.0), {}),
    ("fake_quant_with_min_max_vars", (X, -0.7, 1.1, 4, True), {}),
    ("fake_quant_with_min_max_vars", (X, 0.2, 1.0), {}),
    ("fake_quant_with_min_max_vars", (X, -0.3, -0.1, 2), {}),
    (
        "fake_quant_with_min_max_vars",
        (X, np.full(6, -1.0), np.linspace(0.5, 1, 6)),
        {"axis": 1},
    ),
]


def flat(result):
    result = result if isinstance(result, tuple) else (result,)
    return [np.asarray(x) for x in result]


@pytest.mark.parametrize("name, args, kwargs", FUNCTIONS)
def test_functions_equal_keras(name, args, kwargs, close):
    mine = flat(getattr(Q, name)(*args, **kwargs))
    other = flat(getattr(keras.quantizers, name)(*args, **kwargs))
    assert [x.dtype for x in mine] == [x.dtype for x in other]
    rough = 1e-3 if other[-1].dtype == "float16" else 1e-6
    for x, y in zip(mine, other, strict=True):
        close(x.astype("float32"), y.astype("float32"), rtol=rough, atol=rough)


def test_functions_take_symbolic_tensors():
    x = kerasish.KerasTensor((None, 6))
    outputs, scale = Q.abs_max_quantize(x, axis=-1)
    assert (outputs.shape, outputs.dtype) == ((None, 6), "int8")
    assert (scale.shape, scale.dtype) == ((None, 1), "float32")
    assert Q.fake_quant_with_min_max_vars(x, -1.0, 1.0).shape == (None, 6)


def test_gradient_of_fake_quantization_equals_keras(close):
    import jax

    args = [X, np.float32(-0.7), np.float32(1.1)]

    def gradient(library, total):
        def loss(x):
            y = library.quantizers.fake_quant_with_min_max_vars(x, -0.7, 1.1, 4)
            return total(y * library.ops.sin(y + np.arange(6, dtype="float32")))

        return loss

    theirs = jax.grad(gradient(keras, jax.numpy.sum))(X)
    mine = backend.value_and_grad(
        lambda xs: (gradient(kerasish, kerasish.ops.sum)(xs[0]), ())
    )
    close(np.asarray(mine([backend.asarray(args[0])])[1][0]), np.asarray(theirs))


def test_blocks_without_zero_are_kept_close_where_keras_loses_them():
    x = np.linspace(1.0, 2.0, 12, dtype="float32").reshape(6, 2)

    def error(library):
        quantizers = library.quantizers
        found = quantizers.abs_max_quantize_grouped_with_zero_point(x, 2)
        outputs, scale, zero = (np.asarray(a, "float32") for a in found)
        back = (outputs - zero.repeat(2, 0)) * scale.repeat(2, 0)
        return np.abs(back - x).max()

    assert error(kerasish) < 0.07
    assert error(keras) > 0.5


QUANTIZERS = [
    ("AbsMaxQuantizer", {}),
    ("AbsMaxQuantizer", {"axis": 0, "value_range": (-8, 7)}),
    ("Int8QuantizationConfig", {}),
    ("Int8QuantizationConfig", {"activation_quantizer": None}),
    ("Int4QuantizationConfig", {}),
    ("Int4QuantizationConfig", {"block_size": None}),
    ("Float8QuantizationConfig", {}),
    ("GPTQConfig", {"dataset": ["a"], "tokenizer": None, "weight_bits": 3}),
    ("AWQConfig", {"dataset": ["a"], "tokenizer": None, "group_size": -1}),
]


@pytest.mark.parametrize("name, kwargs", QUANTIZERS)
def test_objects_and_their_configs_equal_keras(name, kwargs):
    ours, theirs = (
        getattr(lib.quantizers, name)(**kwargs) for lib in (kerasish, keras)
    )
    config = Q.serialize(ours)
    other = keras.quantizers.serialize(theirs)
    assert json.loads(json.dumps(config)) == json.loads(json.dumps(other))
    again = Q.deserialize(json.loads(json.dumps(config)))
    assert type(again) is type(ours)
    assert Q.serialize(again) == config
    assert Q.get(config).get_config() == ours.get_config()
    if hasattr(theirs, "mode"):
        assert ours.mode == theirs.mode
    if hasattr(theirs, "dtype_policy_string"):
        assert ours.dtype_policy_string() == theirs.dtype_policy_string()


def test_quantizers_are_found():
    assert Q.get(None) is None
    assert isinstance(Q.get("AbsMaxQuantizer"), Q.AbsMaxQuantizer)
    assert Q.get(Q.AbsMaxQuantizer, axis=1).axis == (1,)
    assert kerasish.Quantizer is Q.Quantizer
    assert Q.Quantizer()(X) is X
    outputs, scale = Q.AbsMaxQuantizer(axis=0)(X, axis=1, to_numpy=True)
    assert (outputs.shape, scale.shape) == ((4, 6), (4, 1))
    with pytest.raises(ValueError, match="quantizer identifier: 'nope' is unknown"):
        Q.get("nope")


MISTAKES = [
    (lambda: Q.pack_int4(NIBBLES.astype("int32")), TypeError, "not 'int32'"),
    (lambda: Q.pack_int4(NIBBLES, dtype="int16"), ValueError, "or 'uint8', not"),
    (lambda: Q.unpack_int4(X, 4), TypeError, "`packed` must be of dtype 'int8'"),
    (lambda: Q.fake_quant_with_min_max_vars(X, -1, 1, 1, True), ValueError, "no two"),
    (
        lambda: Q.abs_max_quantize_grouped_with_zero_point(X[0], 2),
        ValueError,
        r"must be a matrix, but its shape is \(6,\)",
    ),
    (lambda: Q.AbsMaxQuantizer(value_range=(-500, 3)), ValueError, "not fit int8"),
    (lambda: Q.Int8QuantizationConfig("foo"), ValueError, "`weight_quantizer` of Int8"),
    (lambda: Q.Int4QuantizationConfig(block_size=0), ValueError, "-1 or a positive"),
    (
        lambda: Q.Int4QuantizationConfig(Q.AbsMaxQuantizer()),
        ValueError,
        "take no quantizers: pass `block_size=None`",
    ),
    (lambda: Q.GPTQConfig([], None, weight_bits=7), ValueError, r"\(2, 3, 4, 8\), not"),
    (lambda: Q.AWQConfig([], None, num_grid_points=0), ValueError, "`num_grid_points`"),
    (lambda: Q.GPTQConfig([], None, hessian_damping=3), ValueError, "between 0 and 1"),
]


@pytest.mark.parametrize("make, error, message", MISTAKES)
def test_mistakes_are_explained(make, error, message):
    with pytest.raises(error, match=message):
        make()


# --- layers ---------------------------------------------------------------------------


def config_of(library, name):
    configs = library.quantizers
    return {
        "int8": lambda: configs.Int8QuantizationConfig(),
        "int8-weights": lambda: configs.Int8QuantizationConfig(None, None),
        "int4": lambda: configs.Int4QuantizationConfig(),
        "int4-rows": lambda: configs.Int4QuantizationConfig(block_size=None),
    }[name]()


CONFIGS = ["int8", "int8-weights", "int4", "int4-rows"]
INDICES = np.array([[0, 3], [1, 1]])
LAYERS = [
    ("Dense", {"units": 5, "activation": "relu"}, (4, 6)),
    ("Dense", {"units": 3, "use_bias": False}, (2, 4, 6)),
    ("EinsumDense", ("ab,bc->ac", 5, None, "c"), (4, 6)),
    ("EinsumDense", ("abc,cde->abde", (None, 4, 5)), (2, 3, 6)),
    ("EinsumDense", ("abcd,cde->abe", (None, 5), None, "e"), (2, 3, 4, 6)),
    ("EinsumDense", ("btd,hdk->bthk", (None, 4, 5)), (2, 3, 6)),
    ("EinsumDense", ("abc,bcd->abd", (3, 5)), (2, 3, 6)),
    ("Embedding", {"input_dim": 5, "output_dim": 4}, None),
    ("ReversibleEmbedding", {"input_dim": 5, "output_dim": 4}, None),
    (
        "ReversibleEmbedding",
        {"input_dim": 5, "output_dim": 4, "tie_weights": False},
        None,
    ),
]
layers = pytest.mark.parametrize("name, arguments, shape", LAYERS)


def built(library, name, arguments, shape, **more):
    kind = getattr(library.layers, name)
    given = arguments if isinstance(arguments, tuple) else ()
    named = {} if given else arguments
    layer = kind(*given, **named, name="it", **more)
    called(layer, shape)
    return layer


def called(layer, shape):
    if shape is None:
        found = [np.asarray(layer(INDICES))]
        if "Reversible" in type(layer).__name__:
            found.append(np.asarray(layer(X[:, :4], reverse=True)))
        return found
    x = np.random.RandomState(1).normal(size=shape).astype("float32")
    return [np.asarray(layer(x))]


def described(layer):
    return [(w.name, tuple(w.shape), w.dtype, w.trainable) for w in layer.weights]


def stored(layer):
    store = {}
    layer.save_own_variables(store)
    return {k: np.asarray(v) for k, v in store.items()}


@layers
@pytest.mark.parametrize("config", CONFIGS)
def test_quantized_layers_equal_keras(name, arguments, shape, config, close):
    ours, theirs = (built(lib, name, arguments, shape) for lib in (kerasish, keras))
    random = np.random.RandomState(2)
    values = [random.normal(size=w.shape) for w in theirs.weights]
    for lib, layer in ((kerasish, ours), (keras, theirs)):
        layer.set_weights(values)
        before = called(layer, shape)
        layer.quantize(config=config_of(lib, config))
    rough = 1.5 if config.startswith("int4") else 0.2
    assert all(np.abs(a - b).max() < rough for a, b in zip(before, called(ours, shape)))
    assert described(ours) == described(theirs)
    assert ours.quantization_mode == theirs.quantization_mode
    assert ours.dtype_policy.name == theirs.dtype_policy.name
    close(
        [np.asarray(w).astype("float32") for w in ours.weights],
        [np.asarray(w).astype("float32") for w in theirs.weights],
    )
    close(called(ours, shape), called(theirs, shape), rtol=1e-4, atol=1e-5)
    assert json.loads(json.dumps(ours.get_config())) == json.loads(
        json.dumps(theirs.get_config())
    )
    mine, other = stored(ours), stored(theirs)
    assert [(k, v.dtype) for k, v in mine.items()] == [
        (k, v.dtype) for k, v in other.items()
    ]
    again = type(ours).from_config(ours.get_config())
    called(again, shape)
    assert described(again) == described(ours)
    again.load_own_variables(other)
    close(called(again, shape), called(theirs, shape), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("config", ["int8", "int4"])
def test_adapted_layers_are_quantized_and_saved_as_in_keras(config, close):
    def made(library):
        layer = library.layers.Dense(5, name="it")
        layer.build((None, 6))
        layer.set_weights([np.sin(np.arange(30)).reshape(6, 5), np.arange(5)])
        layer.enable_lora(2)
        layer.quantize(config=config_of(library, config))
        ab = [w for w in layer.weights if "lora" in w.name]
        for w in ab:
            w.assign(np.cos(np.arange(w.shape[0] * w.shape[1])).reshape(w.shape))
        return layer

    ours, theirs = made(kerasish), made(keras)
    assert described(ours) == described(theirs)
    close(np.asarray(ours(X)), np.asarray(theirs(X)), atol=1e-5)
    mine, other = stored(ours), stored(theirs)
    close([*mine.values()], [*other.values()], atol=1.0)  # rounding
    plain = kerasish.layers.Dense(5, dtype=ours.dtype_policy.name)
    plain.build((None, 6))
    plain.load_own_variables(mine)
    assert np.abs(np.asarray(plain(X)) - np.asarray(ours(X))).max() < 1.5
    late = kerasish.layers.Dense(5)
    late.build((None, 6))
    late.quantize(config)
    late.enable_lora(2)
    assert described(late) == described(ours)


def test_gradient_passes_a_quantized_layer(close):
    layer = kerasish.layers.Dense(5)
    layer.build((None, 6))
    kernel = np.asarray(layer.kernel)
    layer.quantize("int8")

    def loss(xs):
        return kerasish.ops.sum(layer(xs[0])), ()

    gradient = backend.value_and_grad(loss)([backend.asarray(X)])[1][0]
    close(np.asarray(gradient), np.tile(kernel.sum(1), (4, 1)), atol=0.02)


REFUSED = [
    (lambda d, c: d.quantize(), ValueError, "needs a `mode`"),
    (lambda d, c: d.quantize("bad"), ValueError, "must be one of .*'bad'"),
    (lambda d, c: d.quantize(config=3), ValueError, "QuantizationConfig, not 3"),
    (lambda d, c: d.quantize("gptq"), ValueError, "needs a `config`: a `GPTQConfig`"),
    (
        lambda d, c: d.quantize("int4", config=Q.Int8QuantizationConfig()),
        ValueError,
        "is 'int4', but `config` is of mode 'int8'",
    ),
    (
        lambda d, c: d.quantize(config=Q.GPTQConfig(["a"], None)),
        NotImplementedError,
        "rounding weights by how a model answers a dataset is not implemented",
    ),
    (lambda d, c: c.quantize("int8"), NotImplementedError, r"\(Conv2D\) cannot be qu"),
    (
        lambda d, c: kerasish.layers.Dense(2, name="d").quantize("int8"),
        ValueError,
        r"Layer `d` \(Dense\) has no weights to quantize: call it on data",
    ),
    (
        lambda d, c: (d.quantize("int8"), d.quantize("int8")),
        ValueError,
        "`d` is quantized already: 'int8_from_float32'",
    ),
    (
        lambda d, c: (d.quantize("int8"), setattr(d, "dtype_policy", "float32")),
        ValueError,
        "its policy cannot become 'float32', since the weights it had are gone",
    ),
    (
        lambda d, c: kerasish.layers.Dense(2, quantization_config=3),
        ValueError,
        "`quantization_config` of layer .* not 3",
    ),
]


@pytest.mark.parametrize("act, error, message", REFUSED)
def test_what_cannot_be_quantized_is_said(act, error, message):
    dense = kerasish.layers.Dense(2, name="d")
    dense.build((None, 3))
    convolution = kerasish.layers.Conv2D(2, 2)
    convolution.build((None, 4, 4, 1))
    with pytest.raises(error, match=message):
        act(dense, convolution)


def test_own_kinds_of_layers_must_be_asked_for():
    class Own(kerasish.layers.Dense):
        pass

    layer = Own(2)
    layer.build((None, 3))
    with pytest.raises(NotImplementedError, match="pass `type_check=False`"):
        layer.quantize("int8")
    layer.quantize("int8", type_check=False)
    assert layer.kernel.dtype == "int8"


def test_setting_a_quantized_policy_quantizes():
    layer = kerasish.layers.Dense(2)
    layer.build((None, 3))
    layer.dtype_policy = "int4/2_from_float32"
    assert layer.dtype_policy.name == "int4/2_from_float32"
    assert layer.kernel_scale.shape == (2, 2)


# --- models ---------------------------------------------------------------------------


def test_a_classifier_of_digits_stays_good_and_gets_small(tmp_path, close):
    datasets = pytest.importorskip("sklearn.datasets")
    images, labels = datasets.load_digits(return_X_y=True)
    images = (images / 16).astype("float32")
    L = kerasish.layers
    model = kerasish.Sequential(
        [
            kerasish.Input((64,)),
            L.Dense(128, activation="relu"),
            L.BatchNormalization(),
            L.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images[:1400], labels[:1400], epochs=12, verbose=0)
    before = model.evaluate(images[1400:], labels[1400:], verbose=0)[1]
    model.save_weights(tmp_path / "floats.weights.h5")
    model.quantize("int8")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    after = model.evaluate(images[1400:], labels[1400:], verbose=0)[1]
    assert before > 0.85 and abs(before - after) < 0.01
    assert [k.quantization_mode for k in model.layers] == ["int8", None, "int8"]
    model.save_weights(tmp_path / "int8.weights.h5")
    sizes = [(tmp_path / f"{n}.weights.h5").stat().st_size for n in ("floats", "int8")]
    assert sizes[1] < sizes[0] - 20_000
    model.save(tmp_path / "m.keras")
    expected = model.predict(images[:50], verbose=0)
    for library in (kerasish, keras):
        again = library.saving.load_model(tmp_path / "m.keras", compile=False)
        close(np.asarray(again.predict(images[:50], verbose=0)), expected, atol=1e-5)
        again.load_weights(tmp_path / "int8.weights.h5")
        again.save(tmp_path / "again.keras")
        back = kerasish.saving.load_model(tmp_path / "again.keras", compile=False)
        close(back.predict(images[:50], verbose=0), expected, atol=1e-5)


def test_models_choose_layers():
    L = kerasish.layers

    def made():
        layers = [L.Dense(2, name=n) for n in ("first", "second")]
        return kerasish.Sequential([kerasish.Input((3,)), *layers])

    def modes(**kwargs):
        model = made()
        model.quantize("int8", **kwargs)
        return [layer.quantization_mode for layer in model.layers]

    assert modes() == ["int8", "int8"]
    assert modes(filters="fir.t") == ["int8", None]
    assert modes(filters=["x", "second"]) == [None, "int8"]
    assert modes(filters=lambda layer: layer.name == "first") == ["int8", None]
    with pytest.raises(ValueError, match="`filters` of `quantize` must be"):
        modes(filters=3)
    with pytest.raises(ValueError, match=r"no arguments \['foo'\]"):
        modes(foo=1)
    with pytest.raises(NotImplementedError, match=r"'float8': layers have .*'int4'\)"):
        made().quantize("float8")
    with pytest.raises(ValueError, match="these are not built"):
        kerasish.Sequential([L.Dense(2)]).quantize("int8")


def regression(library, **options):
    """A model of two dense layers, a compilation of it, and data."""
    layers = [
        library.layers.Dense(n, name=f"d{n}", activation=kind, **options)
        for n, kind in ((6, "relu"), (1, None))
    ]
    model = library.Sequential([library.Input((6,)), *layers])
    random = np.random.RandomState(1)
    model.set_weights([random.uniform(-0.5, 0.5, w.shape) for w in model.weights])
    return model


def fitted(model, optimizer=None, epochs=5):
    """Losses of a training, and the layers and names of weights that it changed."""
    if optimizer is not None:
        model.compile(optimizer, "mse")
    before = [np.array(w) for w in model.weights]
    y = X.sum(-1, keepdims=True)
    logs = model.fit(X, y, epochs=epochs, shuffle=False, verbose=0).history["loss"]
    pairs = zip(model.weights, before)
    changed = [w.path for w, old in pairs if not np.array_equal(np.array(w), old)]
    return logs, {"/".join(path.split("/")[-2:]) for path in changed}


BIASES = {"d6/bias", "d1/bias"}


@pytest.mark.filterwarnings("ignore:Layer InputLayer", "ignore:__array__ impl")
def test_what_stays_in_floats_trains_on_as_in_keras(close):
    ours, theirs = regression(kerasish), regression(keras)
    for model in (ours, theirs):
        model.quantize("int8")
    found = [
        fitted(model, library.optimizers.SGD(0.05))
        for model, library in ((ours, kerasish), (theirs, keras))
    ]
    assert found[0][1] == BIASES
    close(found[0][0], found[1][0], rtol=1e-4)
    for mine, other in zip(ours.weights, theirs.weights, strict=True):
        close(np.asarray(mine), np.asarray(other), rtol=1e-4)


def test_training_goes_on_after_quantizing():
    model = regression(kerasish)
    first, all_paths = fitted(model, kerasish.optimizers.Adam(0.05))
    assert len(all_paths) == 4
    model.quantize("int8")  # the optimizer has slots of more weights; Keras refuses
    then, paths = fitted(model)
    assert paths == BIASES and then[-1] < then[0] < first[0]
    for layer in model.layers:
        layer.enable_lora(2)
    losses, paths = fitted(model, kerasish.optimizers.Adam(0.05))
    low_rank = {f"d{n}/lora_kernel_{x}" for n in (6, 1) for x in "ab"}
    assert paths == BIASES | low_rank and losses[-1] < losses[0]


def test_a_training_without_anything_to_train_is_said():
    model = regression(kerasish, use_bias=False)
    model.quantize("int8")
    with pytest.warns(UserWarning, match=r"nothing left to train.*`enable_lora"):
        assert fitted(model, "sgd", 1)[1] == set()
