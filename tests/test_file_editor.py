"""The editor of files: what it shows, changes and writes, beside real Keras's."""

import re
from pathlib import Path

import h5py
import numpy as np
import pytest

import kerasish
from kerasish.saving import KerasFileEditor

keras = pytest.importorskip("keras")


def model(root=kerasish, second=2, names=("first", "second")):
    layers = root.layers
    return root.Sequential(
        [
            root.Input((4,)),
            layers.Dense(3, name=names[0]),
            layers.BatchNormalization(name="norm"),
            layers.Dense(second, name=names[1]),
        ],
        name="net",
    )


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = model(keras)
    made.save_weights("net.weights.h5")
    made.save("net.keras")
    return "net.weights.h5"


@pytest.mark.parametrize("name", ["net.weights.h5", "net.keras"])
def test_summary_is_that_of_keras(path, name, capsys):
    texts = []
    for root in (kerasish, keras):
        editor = root.saving.KerasFileEditor(name)
        editor.summary()
        texts.append(capsys.readouterr().out)
        assert editor.object_metadata["/layers/dense"] == {"name": "first"}
    # of two builds of one model, rich's lines end in blanks
    ours, theirs = (re.sub(r" +\n", "\n", text) for text in texts)
    assert ours == theirs
    assert ("Saved with Keras" in ours) == (name == "net.keras")


@pytest.mark.parametrize("second", [2, 5])
def test_comparisons_come_to_keras_results(path, second, capsys):
    found = KerasFileEditor(path).compare(model(second=second))
    ours = capsys.readouterr().out
    theirs = keras.saving.KerasFileEditor(path).compare(model(keras, second))
    assert found["status"] == theirs["status"] == ("success", "error")[second == 5]
    shown = [line for line in ours.splitlines() if line.startswith("...")]
    theirs = capsys.readouterr().out.splitlines()
    assert shown == [line for line in theirs if line.startswith("...")]
    assert (found["match_count"], found["error_count"]) == ((8, 0), (6, 2))[second == 5]


def test_comparison_says_what_is_missing(path, capsys):
    other = kerasish.Sequential([kerasish.Input((4,)), *model().layers[::2]])
    other.add(kerasish.layers.Embedding(2, 2))
    KerasFileEditor(path).delete_weight("first", "1")
    editor = KerasFileEditor(path)
    editor.delete_weight("first", "1")
    found = editor.compare(other)
    text = capsys.readouterr().out
    assert found == {"status": "error", "error_count": 3, "match_count": 3}
    for line in (
        "...Weight /layers/dense/1 present in reference model, missing from saved file",
        "...Object /layers/embedding present in reference model, missing from",
        "...Object /layers/batch_normalization present in saved file, missing from",
        "    In saved file, /layers/batch_normalization contains the following keys:",
        "Found 3 errors: saved file is not compatible with the reference model",
    ):
        assert line in text


def test_an_edited_file_is_loaded_by_both(path):
    editor = KerasFileEditor(path)
    editor.delete_object("norm")
    editor.rename_object("layers/dense_1", "dense_2")
    editor.add_object("layers/dense_1", {"0": np.ones((3, 3), "float32")})
    editor.add_weights("layers/dense_1", {"1": np.zeros(3, "float32")})
    editor.save("new.weights.h5")
    for root in (kerasish, keras):
        layers = root.layers
        changed = root.Sequential(
            [root.Input((4,)), *(layers.Dense(n) for n in (3, 3, 2))], name="net"
        )
        changed.load_weights("new.weights.h5")
        found = changed.get_weights()
        np.testing.assert_array_equal(found[2], np.ones((3, 3)))
        np.testing.assert_array_equal(
            found[0], editor.weights_dict["layers"]["dense"]["0"]
        )


def test_a_file_that_keras_edited_is_loaded(path):
    editor = keras.saving.KerasFileEditor(path)
    editor.rename_object("layers/dense_1", "dense_2")
    editor.resave_weights("new.weights.h5")
    again = KerasFileEditor("new.weights.h5")
    again.rename_object("dense_2", "dense_1")
    again.resave_weights("again.weights.h5")
    one, two = model(), model(names=("others", "names"))
    one.load_weights(path)
    two.load_weights("again.weights.h5")
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_names_of_layers_nested_objects_and_dtypes_stay(path):
    layers = kerasish.layers
    inner = kerasish.Sequential([layers.Dense(2, name="deep")], name="inner")
    outer = kerasish.Sequential(
        [kerasish.Input((2,)), inner, layers.Dense(1, dtype="bfloat16", name="last")]
    )
    outer.save_weights("outer.weights.h5")
    KerasFileEditor("outer.weights.h5").save("outer.weights.h5")  # over itself
    assert not kerasish.saving.compare("outer.weights.h5", "outer.weights.h5")
    found = kerasish.saving.inspect("outer.weights.h5")
    assert {(a.layer, a.dtype) for a in found.weights} == {
        ("inner/deep", "float32"),
        ("last", "bfloat16"),
    }
    assert outer.load_weights("outer.weights.h5").loaded


@pytest.mark.parametrize("name", ["layers/dense", "dense", "first", "/layers/dense"])
def test_objects_are_found_by_place_by_its_end_and_by_layer(path, name):
    editor = KerasFileEditor(path)
    editor.rename_object(name, "other")
    assert [*editor.weights_dict["layers"]] == [
        "batch_normalization",
        "other",
        "dense_1",
    ]
    assert "/layers/dense" not in editor.object_metadata


MISTAKES = {
    "'layers/densse' is not in the file.*Did you mean": lambda e: e.delete_object(
        "layers/densse"
    ),
    "'x' stands for several": lambda e: (
        e.add_object("layers/dense/x", {}),
        e.add_object("layers/dense_1/x", {}),
        e.delete_object("x"),
    ),
    "`/layers/dense_1` in the file already": lambda e: e.rename_object(
        "dense", "dense_1"
    ),
    "`new_name` must end in a name, got 'a/b'": lambda e: e.rename_object(
        "dense", "a/b"
    ),
    "`layers/dense` in the file already": lambda e: e.add_object("layers/dense", {}),
    "no object `/nope`": lambda e: e.add_object("nope/dense", {}),
    r"no weight '7'; it has \['0', '1'\]": lambda e: e.delete_weight("dense", "7"),
    "must be a dict of names": lambda e: e.add_weights("dense", [1]),
    "no array of numbers": lambda e: e.add_weights("dense", {"2": "text"}),
    "must end in `.weights.h5`, got 'x.h5'": lambda e: e.save("x.h5"),
    "must be a model, got 3": lambda e: e.compare(3),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes_are_said(path, text):
    with pytest.raises(ValueError, match=text):
        MISTAKES[text](KerasFileEditor(path))


def test_other_files_are_refused(path):
    with pytest.raises(FileNotFoundError, match="no file"):
        KerasFileEditor("none.weights.h5")
    model().save("net.h5")
    with pytest.raises(ValueError, match=r"must end in `\.keras`"):
        KerasFileEditor("net.h5")
    model().save("old.h5")
    Path("old.h5").rename("old.weights.h5")
    with pytest.raises(ValueError, match=r"the layout of `\.h5` files"):
        KerasFileEditor("old.weights.h5")
    with h5py.File(path, "r+") as file:
        file["layers/dense/vars/9"] = h5py.ExternalLink("/etc/passwd", "/x")
    with pytest.raises(ValueError, match="links to other places"):
        KerasFileEditor(path)
