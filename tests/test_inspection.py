"""What is in a model file, and how two files differ, without building a model."""

import subprocess
import sys

import h5py
import keras
import numpy as np
import pytest

import kerasish

ENDINGS = (".h5", ".keras")


def trained(k, name="net"):
    model = k.Sequential(
        [k.Input((2,)), k.layers.Dense(3, name="hidden"), k.layers.Dense(1)], name=name
    )
    model.compile("adam", "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    return model


@pytest.mark.parametrize("library", [kerasish, keras], ids=["ours", "Keras"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_models(library, ending, tmp_path):
    path = tmp_path / f"m{ending}"
    trained(library).save(path)
    found = kerasish.saving.inspect(path)
    assert found.model == "Sequential net"
    assert ("hidden", "Dense") in found.layers
    assert sorted(a.shape for a in found.weights) == [(1,), (2, 3), (3,), (3, 1)]
    assert len(found.optimizer) == 10
    assert found.training.startswith("Adam, loss m")
    assert found.versions["keras_version"] == "3.15.1"
    assert not found.refused
    text = str(found)
    assert "hidden (Dense)" in text
    assert "4 arrays, 13 numbers" in text


def test_weights_alone_name_the_layers(tmp_path):
    path = tmp_path / "m.weights.h5"
    trained(kerasish).save_weights(path)
    found = kerasish.saving.inspect(path)
    assert found.model is None
    assert not found.refused
    assert "hidden" in {a.layer for a in found.weights}
    assert "of `hidden`" in str(found)


def outward(file):
    file["model_weights"]["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")


def looped(file):
    file["model_weights"]["loop"] = file["model_weights"]


def garbled(file):
    file.attrs["model_config"] = "{"


@pytest.mark.parametrize(
    ("change", "words", "arrays"),
    [(outward, "a link", 0), (looped, "in another place", 0), (garbled, "JSON", 4)],
)
def test_what_is_refused_is_listed(change, words, arrays, tmp_path):
    path = tmp_path / "m.h5"
    trained(kerasish).save(path)
    with h5py.File(path, "r+") as file:
        change(file)
    found = kerasish.saving.inspect(path)
    assert any(words in text for text in found.refused)
    assert len(found.weights) == arrays
    assert "REFUSED" in str(found)


def test_other_files_are_errors(tmp_path):
    path = tmp_path / "m.h5"
    with pytest.raises(FileNotFoundError, match="There is no file"):
        kerasish.saving.inspect(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="neither an HDF5 file"):
        kerasish.saving.inspect(path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_differences(ending, tmp_path):
    a, b, c = (tmp_path / f"{name}{ending}" for name in "abc")
    model = trained(kerasish)
    model.save(a)
    assert not kerasish.saving.compare(a, a)
    bias = model.layers[-1].bias
    bias.assign(bias + 0.5)
    model.save(b)
    (one,) = kerasish.saving.compare(a, b).found
    assert one.largest == pytest.approx(0.5, rel=1e-5)
    trained(kerasish, "other").save(c)
    model.layers[0].kernel.assign(np.full((2, 3), np.nan))
    model.save(a)
    assert any(np.isnan(d.largest) for d in kerasish.saving.compare(a, b).found)
    assert not kerasish.saving.compare(a, a)


def test_differences_of_structure(tmp_path):
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    for path, units in ((a, 3), (b, 4)):
        model = kerasish.Sequential(
            [kerasish.Input((2,)), kerasish.layers.Dense(units, name="d")], name="s"
        )
        if units == 4:
            model.add(kerasish.layers.Dense(1, name="last"))
        model.save_weights(path)
    found = kerasish.saving.compare(a, b)
    notes = {d.name.rsplit("/", 2)[-2] + "/" + d.name[-6:]: d.note for d in found.found}
    assert "is (2, 3) float32 here, (2, 4) float32 there" in notes.values()
    assert any("is not in" in note for note in notes.values())


def test_commands(tmp_path):
    path = tmp_path / "m.keras"
    trained(kerasish).save(path)

    def run(*words):
        command = [sys.executable, "-m", "kerasish", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    shown = run("inspect", str(path))
    assert shown.returncode == 0
    assert "Sequential net" in shown.stdout
    assert run("compare", str(path), str(path)).returncode == 0
    failed = run("inspect", str(tmp_path / "none.h5"))
    assert failed.returncode == 2
    assert "There is no file" in failed.stderr
    assert "Traceback" not in failed.stderr
