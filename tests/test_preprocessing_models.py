"""Models that begin with texts: training, prediction, files."""

import io
import json
import zipfile

import numpy as np
import pytest

import kerasish

pytestmark = pytest.mark.usefixtures("quick_compilation")

L = kerasish.layers
TEXTS = np.array(["good film", "bad film", "very good", "very bad"] * 8)
Y = np.array([1.0, 0.0, 1.0, 0.0] * 8)


def classifier(mode="int"):
    words = L.TextVectorization(output_mode=mode)
    words.adapt(TEXTS)
    middle = [L.Embedding(words.vocabulary_size(), 4), L.GlobalAveragePooling1D()]
    model = kerasish.Sequential(
        [
            kerasish.Input((1,), dtype="string"),
            words,
            *(middle if mode == "int" else []),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    adam = kerasish.optimizers.Adam(0.1)
    model.compile(adam, "binary_crossentropy", metrics=["accuracy"])
    return model


class Batches(kerasish.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        rows = slice(8 * index, 8 * index + 8)
        return TEXTS[rows], Y[rows]


@pytest.mark.parametrize("mode", ["int", "tf_idf"])
@pytest.mark.parametrize("kind", ["str", "object", "list", "column"])
def test_arrays_of_texts(mode, kind):
    x = {
        "str": TEXTS,
        "object": TEXTS.astype(object),
        "list": TEXTS.tolist(),
        "column": TEXTS[:, None],
    }[kind]
    model = classifier(mode)
    history = model.fit(x, Y, epochs=20, verbose=0, validation_split=0.25)
    assert history.history["accuracy"][-1] == history.history["val_accuracy"][-1] == 1
    assert model.evaluate(x, Y, verbose=0)[1] == 1.0
    expected = np.asarray(model(TEXTS))
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(x), expected, rtol=1e-5)


def test_sources_of_batches_and_single_batches():
    model = classifier()
    pairs = [(TEXTS[i : i + 8], Y[i : i + 8]) for i in range(0, 32, 8)]
    for source in (iter(pairs), Batches()):
        history = model.fit(source, verbose=0, validation_data=Batches())
        assert len(history.history["val_loss"]) == 1
    held = model.fit(TEXTS, Y, verbose=0, validation_data=(TEXTS, Y)).history
    assert held["val_loss"][0] == pytest.approx(model.evaluate(Batches(), verbose=0)[0])
    assert model.predict(Batches(), verbose=0).shape == (32, 1)
    before = model.test_on_batch(TEXTS, Y)[0]
    model.train_on_batch(TEXTS, Y)
    assert model.test_on_batch(TEXTS, Y)[0] < before


def test_texts_and_numbers_by_name():
    word = kerasish.Input((1,), dtype="string", name="word")
    number = kerasish.Input((2,), name="number")
    code = L.StringLookup(vocabulary=["a", "b"], output_mode="multi_hot")(word)
    outputs = L.Dense(2)(L.Concatenate()([code, number]))
    model = kerasish.Model({"word": word, "number": number}, outputs)
    model.compile("sgd", "mse")
    x = {"word": np.array(["a", "b", "z"]), "number": np.ones((3, 2))}
    first = model.fit(x, np.ones((3, 2)), epochs=3, verbose=0).history["loss"]
    assert first[-1] < first[0]
    np.testing.assert_allclose(model.predict(x, verbose=0), model(x), rtol=1e-6)


def test_integers_that_are_looked_up():
    x = kerasish.Input((1,), dtype="int64")
    code = L.IntegerLookup(vocabulary=[5, 7], output_mode="multi_hot")(x)
    model = kerasish.Model(x, L.Dense(1)(code))
    data = np.array([[5], [6], [7]])
    for _ in range(3):  # the second call would be compiled
        np.testing.assert_allclose(model(data), model.predict(data, verbose=0))


def test_what_cannot_run_is_said():
    number = kerasish.Input((1,), dtype="int64")
    texts = L.StringLookup(vocabulary=["q"], invert=True)(number)
    model = kerasish.Model(number, texts, name="speaker")
    assert model(np.array([[1]])).tolist() == [["q"]]
    with pytest.raises(ValueError, match=r"`speaker` returns texts.*`model"):
        model.predict(np.array([[1]]), verbose=0)
    dense = L.Dense(1)(kerasish.Input((2,)))
    with pytest.raises(ValueError, match="weights to train"):
        found = L.IntegerLookup(vocabulary=[5])(dense)
        model = kerasish.Model(dense.node.inputs[0], found)
        model.predict(np.ones((1, 2)), verbose=0)

    class Own(kerasish.Model):
        def __init__(self):
            super().__init__()
            self.words = L.StringLookup(vocabulary=["q"], output_mode="multi_hot")

        def call(self, x):
            return self.words(x)

    own = Own()
    own.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"`Input.*dtype='string'.*call such a layer"):
        own.fit(TEXTS, Y, verbose=0)


# --- files ----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["int", "tf_idf"])
def test_vocabularies_are_saved(mode, tmp_path):
    model = classifier(mode)
    model.save(tmp_path / "m.keras")
    names = zipfile.ZipFile(tmp_path / "m.keras").namelist()
    assert "assets/layers/text_vectorization/vocabulary.txt" in names
    again = kerasish.models.load_model(tmp_path / "m.keras")
    assert again.layers[0].get_vocabulary() == model.layers[0].get_vocabulary()
    np.testing.assert_array_equal(again(TEXTS), model(TEXTS))
    model.save_weights(tmp_path / "m.weights.h5")
    again.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(again(TEXTS), model(TEXTS))
    with pytest.raises(ValueError, match=r"vocabulary.*Save the model as `.keras`"):
        model.save(tmp_path / "m.h5")


@pytest.mark.parametrize("tokens", [["x", "y y", ""], ["", "é", "[UNK]"]])
@pytest.mark.parametrize("mask", [None, ""])
def test_tokens_of_all_kinds_are_saved(tokens, mask, tmp_path):
    layer = L.StringLookup(num_oov_indices=2, mask_token=mask)
    layer.adapt([tokens])
    model = kerasish.Sequential([kerasish.Input((2,), dtype="string"), layer])
    model.save(tmp_path / "m.keras")
    again = kerasish.models.load_model(tmp_path / "m.keras").layers[0]
    assert again.get_vocabulary() == layer.get_vocabulary()


def test_tokens_of_several_lines_are_refused(tmp_path):
    layer = L.StringLookup()
    layer.adapt(["a\nb"])
    with pytest.raises(ValueError, match="several lines"):
        layer.save_assets(tmp_path)


def changed(path, change, **more):
    """Write the archive anew, its config changed, and with more members."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members["config.json"] = json.dumps(change(json.loads(members["config.json"])))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as new:
        for name, content in (members | more).items():
            new.writestr(name, content)
    path.write_bytes(buffer.getvalue())


@pytest.mark.parametrize("kind", ["StringLookup", "IntegerLookup", "TextVectorization"])
def test_files_of_the_machine_are_not_read(kind, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("1\n2\n")
    layer = getattr(L, kind)(vocabulary=str(secret), name="it")
    assert str(secret) not in json.dumps(layer.get_config())
    dtype = "int64" if kind == "IntegerLookup" else "string"
    model = kerasish.Sequential([kerasish.Input((1,), dtype=dtype), layer])
    path = tmp_path / "m.keras"
    model.save(path)
    loaded = kerasish.models.load_model(path).layers[0]
    assert loaded.get_vocabulary() == layer.get_vocabulary()

    def evil(config):
        config["config"]["layers"][1]["config"]["vocabulary"] = str(secret)
        return config

    changed(path, evil)
    with pytest.raises(ValueError, match=f"{kind} names the file .*secret.txt"):
        kerasish.models.load_model(path, safe_mode=False)
    with pytest.raises(ValueError, match="names the file"):
        getattr(L, kind).from_config({"vocabulary": str(secret)})


def test_strange_assets_are_refused(tmp_path):
    path = tmp_path / "m.keras"
    classifier().save(path)
    place = "assets/layers/text_vectorization/"
    changed(path, lambda config: config, **{f"{place}inner/x.txt": b"not there"})
    kerasish.models.load_model(path)
    changed(path, lambda config: config, **{f"{place}$(x)": b""})
    with pytest.raises(ValueError, match="strange name"):
        kerasish.models.load_model(path)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_statistics_go_both_ways_with_keras(ending, tmp_path):
    import keras

    ours = L.Normalization(), L.Discretization(bin_boundaries=[-1.0, 0.0])
    ours[0].adapt(np.arange(6.0).reshape(2, 3))
    model = kerasish.Sequential([kerasish.Input((3,)), *ours])
    x = np.random.RandomState(0).normal(3, 2, (4, 3)).astype("float32")
    model.save(tmp_path / f"a{ending}")
    theirs = keras.models.load_model(tmp_path / f"a{ending}")
    np.testing.assert_array_equal(theirs(x), model(x))
    theirs.layers[0].adapt(x)
    theirs.save(tmp_path / f"b{ending}")
    again = kerasish.models.load_model(tmp_path / f"b{ending}")
    np.testing.assert_array_equal(again(x), theirs(x))
