"""What is in a model file, and how two files differ, without building a model."""

import re
import subprocess
import sys

import h5py
import keras
import numpy as np
import pytest

import kerasish

pytestmark = pytest.mark.usefixtures("quick_compilation")

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
    assert re.search(r"hidden +\(Dense\)", text)
    assert "4 arrays, 13 numbers" in text


def test_weights_alone_name_the_layers(tmp_path):
    path = tmp_path / "m.weights.h5"
    trained(kerasish).save_weights(path)
    found = kerasish.saving.inspect(path)
    assert found.model is None
    assert not found.refused
    assert "hidden" in {a.layer for a in found.weights}
    assert "of `hidden`" in str(found)


WEIGHTS = {
    "a.weights.json": {"max_shard_size": 90 / 2**30},
    "a.safetensors": {},
    "a.h5": {},
    "a.weights.h5": {},
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_files_of_weights(name, tmp_path):
    model = trained(kerasish)
    model.save_weights(tmp_path / name, **WEIGHTS[name])
    found = kerasish.saving.inspect(tmp_path / name)
    assert (found.model, found.refused) == (None, [])
    assert {a.shape for a in found.weights} == {(2, 3), (3,), (3, 1), (1,)}
    assert {a.dtype for a in found.weights} == {"float32"}
    assert "hidden" in {(a.layer or "").split("/")[-1] for a in found.weights}
    assert all(a.checked for a in found.weights)
    assert re.search(r"checksums: (\d+) of \1 arrays have one", str(found))
    assert found.size == sum(p.stat().st_size for p in tmp_path.iterdir())
    assert all(f"{file}  " in str(found) for file, _ in found.files)
    if name.endswith(".json"):
        assert len(found.files) > 1
        (tmp_path / found.files[-1][0]).unlink()
        (text,) = kerasish.saving.inspect(tmp_path / name).refused
        assert "is missing" in text


def test_the_extra_is_named(tmp_path, monkeypatch):
    trained(kerasish).save_weights(path := tmp_path / "a.safetensors")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    for act in (kerasish.saving.inspect, lambda p: kerasish.saving.compare(p, p)):
        with pytest.raises(ImportError, match=r"pip install kerasish\[safetensors\]"):
            act(path)


def test_columns_stand_below_each_other(tmp_path):
    trained(keras).save(path := tmp_path / "a.h5")
    lines = str(kerasish.saving.inspect(path)).splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("weights:"))
    rows = lines[begin + 1 : begin + 5]
    assert {row.index("float32") for row in rows} == {rows[0].index("float32")}
    assert {row.index("of `") for row in rows} == {rows[0].index("of `")}
    assert [row.split("`")[1] for row in rows] == ["hidden", "hidden", "dense", "dense"]
    assert "checksums: none" in lines
    size = path.stat().st_size
    assert f"{size / 1024:.1f} KiB ({size:,} bytes), an HDF5 file" in lines[0]


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


def deep(k):
    """Layers in layers, with states that are not trained, and automatic names."""
    part = k.Sequential(
        [k.Input((4, 3)), k.layers.LSTM(2, name="memory"), k.layers.Dense(3)],
        name="inner",
    )
    inputs = k.Input((4, 3))
    x = k.layers.BatchNormalization()(k.layers.Dense(3)(inputs))
    model = k.Model(inputs, k.layers.Dense(3)(part(x)), name="outer")
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return model


def written(model, folder, mark):
    """The model in all formats that its library writes."""
    paths = [folder / f"{mark}{x}" for x in (".h5", ".keras", ".weights.h5")]
    paths.append(folder / f"{mark}.weights.json")
    for path in paths[:2]:
        model.save(path)
    model.save_weights(paths[2])
    model.save_weights(str(paths[3]), max_shard_size=400 / 2**30)
    if isinstance(model, kerasish.Model):
        paths += [folder / f"{mark}.safetensors", folder / f"{mark}_bare.h5"]
        for path in paths[4:]:
            model.save_weights(path)
    return paths


def test_files_of_all_formats_are_compared_with_each_other(tmp_path):
    theirs = deep(keras)
    paths = written(theirs, tmp_path, "keras")
    ours = kerasish.models.load_model(paths[1])
    paths += written(ours, tmp_path, "ours")
    for one in paths:
        for other in paths:
            found = kerasish.saving.compare(one, other)
            assert not found, f"{one.name} {other.name}: {found}"
            assert found.same >= len(ours.weights)
    dense = ours.get_layer("inner").layers[-1]
    dense.kernel.assign(dense.kernel + 0.25)
    for one in written(ours, tmp_path, "changed"):
        for other in paths:
            (change,) = kerasish.saving.compare(one, other).found
            assert change.largest == pytest.approx(0.25, rel=1e-5)
            assert not change.note


def test_weights_of_models_made_twice_find_each_other(tmp_path):
    for name in ("a.h5", "b.h5"):
        deep(kerasish).save_weights(tmp_path / name)
    found = kerasish.saving.compare(tmp_path / "a.h5", tmp_path / "b.h5")
    (seed,) = found.found
    assert seed.name.startswith("kerasish/state/seed") and found.same > 8


def test_other_dtypes_are_compared_by_value(tmp_path):
    paths = []
    for dtype in ("float32", "bfloat16", "float16"):
        layer = kerasish.layers.Dense(2, name="d", dtype=dtype)
        model = kerasish.Sequential([kerasish.Input((2,)), layer], name="s")
        model.set_weights([np.full((2, 2), 1.001), np.zeros(2)])
        for ending in (".weights.h5", ".safetensors"):
            model.save_weights(path := tmp_path / f"{dtype}{ending}")
            paths.append(path)
    for one, other in (paths[:2], paths[2:4], paths[4:]):
        assert not kerasish.saving.compare(one, other)
    for path in paths[2:4]:
        kernel, bias = kerasish.saving.compare(paths[0], path).found
        assert kernel.note == bias.note == "is float32 here, bfloat16 there"
        assert kernel.largest == pytest.approx(0.001, rel=1e-3) and bias.largest == 0
    text = str(kerasish.saving.compare(paths[0], paths[5]))
    assert "= s/d/kernel" in text or "= d/kernel" in text
    assert "there; differs by up to" in text


def test_what_one_format_has_no_room_for(tmp_path):
    model = trained(kerasish)
    model.save(tmp_path / "a.keras")
    model.save_weights(tmp_path / "a.safetensors")
    found = kerasish.saving.compare(tmp_path / "a.keras", tmp_path / "a.safetensors")
    assert not found and found.same == 4
    assert "not compared: optimizer: 10 arrays are in" in str(found)


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
    (tmp_path / "no.h5").write_bytes(b"nothing")
    assert run("inspect", str(tmp_path / "no.h5")).returncode == 1
    assert run("compare", str(path)).returncode == 2
    trained(kerasish).save(tmp_path / "other.keras")
    assert run("compare", str(path), str(tmp_path / "other.keras")).returncode == 1
    with h5py.File(tmp_path / "bad.h5", "w") as file:
        file["x"] = h5py.SoftLink("/y")
    bad = run("inspect", str(tmp_path / "bad.h5"))
    assert bad.returncode == 1 and "REFUSED" in bad.stdout
