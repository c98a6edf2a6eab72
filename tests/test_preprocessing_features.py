"""Statistics, quantiles and feature spaces; properties; what errors say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kerasish

pytestmark = pytest.mark.usefixtures("quick_compilation")

L = kerasish.layers
FS = kerasish.utils.FeatureSpace
NUMBERS = np.random.RandomState(1).normal(size=1000).astype("float32")
SMALL = np.array([[-1.5, 1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 0.0]])
# As Keras finds them with TensorFlow.
QUANTILES = [-0.7580679655, -0.1920040399, 0.3151590526, 0.8532819748]


def bounds(data, **kwargs):
    layer = L.Discretization(**kwargs)
    layer.adapt(data)
    return layer.bin_boundaries


def test_quantiles_are_those_of_keras():
    np.testing.assert_allclose(bounds(NUMBERS, num_bins=5), QUANTILES, rtol=1e-5)
    np.testing.assert_allclose(bounds(SMALL, num_bins=4), [0.0, 0.5, 1.3], rtol=1e-6)
    assert bounds(SMALL, num_bins=2) == [0.5]
    assert bounds(np.ones(5), num_bins=3) == [1.0, 1.0]
    assert bounds(NUMBERS, num_bins=1) == []
    pieces = (NUMBERS[i : i + 128] for i in range(0, 1000, 128))
    found = bounds(pieces, num_bins=5)
    expected = [-0.7343528867, -0.1846201420, 0.3197902143, 0.8634673953]
    np.testing.assert_allclose(found, expected, atol=5e-4)


@pytest.mark.parametrize("axis", [-1, None, (1, 2)])
def test_normalization_adapts_as_keras(axis):
    import keras

    x = np.random.RandomState(0).normal(2, 3, (8, 4, 3)).astype("float32")
    ours, theirs = L.Normalization(axis=axis), keras.layers.Normalization(axis=axis)
    ours.adapt(x)
    theirs.adapt(x)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-4, atol=1e-5)
    pieces = L.Normalization(axis=axis)
    pieces.adapt(x[i : i + 3] for i in range(0, 8, 3))
    for mine, other in zip(pieces.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5)


def test_orders_of_adapted_vocabularies_are_those_of_keras():
    layer = L.StringLookup()
    layer.adapt(np.array(["b", "a", "c", "é", "Z", "10", "9"]))
    assert layer.get_vocabulary() == ["[UNK]", "é", "c", "b", "a", "Z", "9", "10"]
    layer = L.IntegerLookup(mask_token=0)
    layer.adapt(np.array([[12, 0, 42], [42, 1000, 36], [5, 0, -1]]))
    assert layer.get_vocabulary() == [0, -1, 42, 1000, 36, 12, 5]
    layer = L.StringLookup(output_mode="tf_idf", max_tokens=3, pad_to_max_tokens=True)
    layer.adapt(np.array([["a", "c", "d", "d"], ["d", "z", "b", "z"]]))
    expected = [[1.2039728, 1.0216513, 0.0]]
    found = layer(np.array([["a", "d", "d", "q"]]))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    layer = L.TextVectorization(ngrams=2, max_tokens=8)
    layer.adapt(["foo bar", "bar baz", "baz bada boom"])
    special, rest = layer.get_vocabulary()[:2], layer.get_vocabulary()[2:]
    assert special == ["", "[UNK]"]
    assert rest == ["baz", "bar", "foo bar", "foo", "boom", "baz bada"]
    layer = L.TextVectorization()
    layer.adapt(["It's a-b_c! <b>x</b> é É ß 10%", "\tfoo\u00a0bar"])
    words = layer.get_vocabulary(include_special_tokens=False)
    assert words == ["é", "ß", "É", "its", "foo\xa0bar", "bxb", "abc", "10"]


def test_zeros_at_the_ends_of_texts_count():
    layer = L.StringLookup(vocabulary=["a", "a\0", "b"])
    assert layer(["a", "a\0"]).tolist() == [1, 2]
    assert layer("a\0") == 2


# --- properties -----------------------------------------------------------------------

tokens = st.lists(st.text(max_size=5), min_size=1, max_size=9, unique=True)


@settings(max_examples=50, deadline=None)
@given(tokens.filter(lambda found: "[UNK]" not in found), st.integers(1, 4))
def test_tokens_come_back(found, unknown):
    there = L.StringLookup(vocabulary=found, num_oov_indices=unknown)
    back = L.StringLookup(vocabulary=found, num_oov_indices=unknown, invert=True)
    assert back(there(found)).tolist() == found
    vectors = L.StringLookup(vocabulary=found, output_mode="one_hot")(found)
    assert np.asarray(vectors).sum() == len(found)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=6), st.integers(1, 50))
def test_bins_are_in_range_and_of_the_text_alone(texts, bins):
    for salt in (None, 3):
        layer = L.Hashing(bins, salt=salt)
        found = np.asarray(layer(texts))
        assert ((found >= 0) & (found < bins)).all()
        assert found.tolist() == [int(layer([text])[0]) for text in texts]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=2, max_size=20
    )
)
def test_normalized_data_have_mean_0_and_variance_1(rows):
    x = np.array(rows, "float32")
    layer = L.Normalization()
    layer.adapt(x)
    found = np.asarray(layer(x), "float64")[:, x.std(0) > 1]
    np.testing.assert_allclose(found.mean(0), 0.0, atol=1e-3)
    np.testing.assert_allclose(found.var(0), 1.0, atol=1e-3)


# --- errors ---------------------------------------------------------------------------

ERRORS = [
    (lambda: L.StringLookup()(["a"]), "has no vocabulary yet"),
    (lambda: L.StringLookup(vocabulary=["a", "a"]), "'a' twice"),
    (lambda: L.StringLookup(vocabulary=["a", ""], mask_token=""), "the mask token"),
    (lambda: L.StringLookup(vocabulary=[]), "is empty"),
    (lambda: L.StringLookup(vocabulary=[1]), "`str`, but there is 1"),
    (lambda: L.StringLookup(max_tokens=1), "`max_tokens` must be at least 2"),
    (lambda: L.StringLookup(max_tokens=2, vocabulary=["a", "b"]), "has 3 tokens"),
    (lambda: L.StringLookup(output_mode="x"), "must be one of .* got 'x'"),
    (lambda: L.StringLookup(sparse=True), "`sparse=True`"),
    (lambda: L.StringLookup(invert=True, output_mode="count"), "`invert=True` needs"),
    (lambda: L.StringLookup(vocabulary=["a"], output_mode="tf_idf"), "`idf_weights`"),
    (
        lambda: L.StringLookup(vocabulary=["a"], num_oov_indices=0)(["b"]),
        r"num_oov_indices=0.*\['b'\]",
    ),
    (lambda: L.StringLookup(vocabulary=["a"]).adapt(["b"]), "cannot adapt"),
    (lambda: L.StringLookup().adapt([None]), "there is None"),
    (lambda: L.TextVectorization()([["a", "b"]]), r"split.*\(1, 2\)"),
    (lambda: L.TextVectorization(split="x"), "`split` .* got 'x'"),
    (lambda: L.TextVectorization(ngrams=0), "`ngrams`"),
    (lambda: L.TextVectorization(output_sequence_length=0), "positive integer"),
    (lambda: L.Hashing(0), "`num_bins` .* got 0"),
    (lambda: L.Hashing(3, salt="a"), "`salt` .* got 'a'"),
    (lambda: L.Hashing(3, dtype="float32"), "`dtype` .* 'float32'"),
    (lambda: L.HashedCrossing(3)(["a"]), "at least two arrays"),
    (lambda: L.Discretization(), "either `bin_boundaries` or `num_bins`"),
    (lambda: L.Discretization(num_bins=3)(SMALL), "no boundaries yet"),
    (lambda: L.Discretization(bin_boundaries=[2, 1]), "must ascend"),
    (lambda: L.CategoryEncoding(0), "`num_tokens` .* got 0"),
    (lambda: L.Normalization(mean=1.0), "`mean` and `variance`"),
    (lambda: L.Normalization(axis=3)(SMALL), r"`axis` .* \[3\]"),
    (
        lambda: L.MelSpectrogram(8, sequence_length=9),
        "`sequence_length` .* at most .*8",
    ),
    (lambda: L.MelSpectrogram(8, sequence_stride=0), "`sequence_stride` .* not 0"),
    (lambda: L.MelSpectrogram(min_freq=9e3), "`max_freq` .* more than .* 9000.0"),
    (lambda: L.MelSpectrogram(window="x"), "`window` .* 'hamming'.* 'x'"),
    (lambda: L.STFTSpectrogram("x"), "`mode` .* 'log', .* 'x'"),
    (lambda: L.STFTSpectrogram(padding="causal"), "`padding` .* 'causal'"),
    (lambda: L.STFTSpectrogram(frame_step=300), "`frame_step` .* 256.* 300"),
    (lambda: L.STFTSpectrogram(fft_length=8), "`fft_length` .* 256.* 8"),
    (lambda: FS({}), "at least one column"),
    (lambda: FS({"a": "flot"}), "'a' .* 'flot'"),
    (lambda: FS({"a": "float"}, crosses=[("a", "b")]), r"\['b'\]"),
    (lambda: FS({"a": "float_normalized"})({"a": [1.0]}), "`adapt"),
    (lambda: FS({"a": "float"})({"b": [1.0]}), r"missing are \['a'\]"),
]


@pytest.mark.parametrize("call, text", ERRORS, ids=[text for _, text in ERRORS])
def test_errors(call, text):
    with pytest.raises((ValueError, TypeError), match=text):
        call()


# --- feature spaces -------------------------------------------------------------------

TABLE = {
    "f": [0.1, 0.2, 0.3, 0.4],
    "n": [1.0, 2.0, 3.0, 4.0],
    "d": [0.0, 0.5, 1.5, 9.0],
    "i": [0, 1, 5, 1],
    "s": ["a", "b", "a", "c"],
    "h": ["x", "y", "z", "w"],
    "ih": [7, 8, 9, 7],
    "r": [0.0, 127.5, 255.0, 51.0],
}
# Columns that are not zero, as Keras has them with TensorFlow.
FILLED = [
    [0, 3, 6, 11, 15, 17, 20, 43, 60],
    [1, 3, 5, 9, 14, 17, 18, 22, 26, 59],
    [2, 3, 5, 10, 12, 17, 18, 20, 43, 56],
    [2, 3, 7, 9, 15, 17, 18, 21, 36, 55],
]


def space(**kwargs):
    features = {
        "f": "float",
        "n": FS.float_normalized(),
        "d": FS.float_discretized(num_bins=3),
        "i": FS.integer_categorical(num_oov_indices=1),
        "s": "string_categorical",
        "h": FS.string_hashed(num_bins=4),
        "ih": "integer_hashed",
        "r": FS.float_rescaled(scale=1 / 255),
    }
    crosses = [("i", "s"), FS.cross(("s", "h"), crossing_dim=8)]
    made = FS(features, crosses=crosses, hashing_dim=5, **kwargs)
    made.adapt(TABLE)
    return made


def test_feature_space_is_that_of_keras():
    found = np.asarray(space()(TABLE))
    assert found.shape == (4, 63)
    assert [np.flatnonzero(row).tolist() for row in found] == FILLED
    numbers = [0.1, -1.3416407, 0.0], [0.4, 1.3416407, 0.2]
    np.testing.assert_allclose(found[[0, 3]][:, [3, 17, 18]], numbers, rtol=1e-6)
    row = {name: column[1] for name, column in TABLE.items()}
    np.testing.assert_array_equal(space()(row), found[1])
    apart = space(output_mode="dict")(TABLE)
    assert list(apart)[-2:] == ["i_X_s", "s_X_h"]
    np.testing.assert_array_equal(np.concatenate(list(apart.values()), 1), found)


def test_feature_space_in_a_model_and_in_files(tmp_path):
    made = space()
    outputs = L.Dense(1)(made.get_encoded_features())
    model = kerasish.Model(made.get_inputs(), outputs)
    model.compile("sgd", "mse")
    table = {name: np.array(column) for name, column in TABLE.items()}
    losses = model.fit(table, np.ones(4), epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    again = kerasish.models.load_model(tmp_path / "model.keras")
    expected = model.predict(table, verbose=0)
    np.testing.assert_allclose(again.predict(table, verbose=0), expected, rtol=1e-6)
    made.save(tmp_path / "space.keras")
    loaded = kerasish.models.load_model(tmp_path / "space.keras")
    np.testing.assert_array_equal(loaded(TABLE), made(TABLE))


def test_config():
    config = kerasish.utils.Config(a=1)
    config.b = 2
    config["c"] = 3
    del config.b
    assert config.as_dict() == {"a": 1, "c": 3} == dict(config.items())
    assert (config.get("q", 5), "a" in config, len(config)) == (5, True, 2)
    config.freeze()
    for change in (lambda: config.update(a=2), lambda: config.pop("a")):
        with pytest.raises(ValueError, match="frozen"):
            change()
    with pytest.raises(AttributeError, match="'zz'"):
        _ = config.zz
    config.unfreeze()
    config.update({"a": 9})
    assert config.to_json() == '{"a": 9, "c": 3}'
    assert repr(config) == "<Config {'a': 9, 'c': 3}>"
