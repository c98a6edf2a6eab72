"""Files of weights: reports, checksums, shards, safetensors; nothing silently wrong."""

import contextlib
import json
import os
import shutil
import sys
import warnings

import h5py
import keras
import numpy as np
import pytest

import kerasish
from kerasish.saving import checksums, shards
from kerasish.saving.matching import same_but_for_ones

pytestmark = pytest.mark.usefixtures("quick_compilation")

LIBRARIES = {"ours": kerasish, "Keras": keras}
# name -> arguments of `save_weights` besides the path
FILES = {
    "w.h5": {},
    "w.weights.h5": {},
    "w.weights.json": {"max_shard_size": 200 / 2**30},
    "w.safetensors": {},
}


def net(k=kerasish, names=("a", "b"), units=(3, 2)):
    layers = [k.layers.Dense(n, name=name) for n, name in zip(units, names)]
    batch = k.layers.BatchNormalization(name="norm")
    return k.Sequential([k.Input((4,)), batch, *layers])


def filled(model, start=1.0):
    """Each number of a model is another one."""
    count = start
    for variable in model.weights:
        size = int(np.prod(variable.shape))
        variable.assign(np.arange(count, count + size).reshape(variable.shape))
        count += size
    return model


def same(model, other):
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def arrays_of(path):
    """The places of the arrays in an HDF5 file, those of `kerasish` left out."""
    found = []
    with h5py.File(path) as file:
        file.visititems(lambda n, x: found.append(n) if hasattr(x, "shape") else None)
    return [name for name in found if not name.startswith("kerasish")]


# --- reports --------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_the_report_of_a_file_that_fits(name, tmp_path):
    model, other = filled(net()), net()
    model.save_weights(tmp_path / name, **FILES[name])
    report = other.load_weights(tmp_path / name)
    same(model, other)
    assert sorted(report.loaded) == sorted((v.path, v.shape) for v in other.weights)
    assert (report.missing, report.unexpected, report.reshaped) == ([], [], [])
    assert repr(report) == (
        "<LoadReport: 8 loaded, 0 missing, 0 unexpected, 0 reshaped>"
    )
    lines = str(report).splitlines()
    assert len(lines) == 9 and all(line.endswith("| loaded") for line in lines[1:])


@pytest.mark.parametrize("name", FILES)
def test_the_report_of_skipped_weights(name, tmp_path):
    filled(net()).save_weights(tmp_path / name, **FILES[name])
    other = net(units=(3, 5))
    with pytest.raises(ValueError, match=r"(?s)file +\| model.*\(3, 2\).*\(3, 5\)"):
        other.load_weights(tmp_path / name)
    with pytest.warns(UserWarning, match="Skipped"):
        report = other.load_weights(tmp_path / name, skip_mismatch=True)
    assert [w.shape for w in report.missing] == [(3, 5), (5,)]
    assert [w.shape for w in report.unexpected] == [(3, 2), (2,)]
    assert len(report.loaded) == 6
    assert "2 missing" in repr(report) and "| skipped" in repr(report)


@pytest.mark.parametrize("name", ["w.h5", "w.safetensors"])
def test_the_report_of_names(name, tmp_path):
    model = filled(net())
    model.save_weights(tmp_path / name)
    other = net(names=("a", "c"))
    report = other.load_weights(tmp_path / name, by_name=True)
    np.testing.assert_array_equal(other.layers[1].kernel, model.layers[1].kernel)
    assert [w.name.split("/")[-2:] for w in report.missing] == [
        ["c", "kernel"],
        ["c", "bias"],
    ]
    assert [w.shape for w in report.unexpected] == [(3, 2), (2,)]
    assert "| missing" in str(report) and "| unexpected" in str(report)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((3, 1, 4), (3, 4), True),
        ((3, 4), (1, 3, 4, 1), True),
        ((), (1,), True),
        ((3, 1), (1, 3), False),
        ((1, 1, 3), (3, 1), False),
        ((2, 3), (6,), False),
        ((3, 4), (4, 3), False),
    ],
)
def test_what_may_be_reshaped(first, second, expected):
    assert same_but_for_ones(first, second) is expected
    assert same_but_for_ones(second, first) is expected


def test_axes_of_length_one_are_reported(tmp_path):
    path = tmp_path / "w.weights.h5"
    model = filled(net())
    model.save_weights(path)
    with h5py.File(path, "a") as file:
        place = next(n for n in arrays_of(path) if file[n].shape == (4, 3))
        value = file[place][()]
        del file[place]
        file[place] = value[:, None]
    other = net()
    with pytest.warns(UserWarning, match=r"(?s)length one.*\(4, 1, 3\).*\(4, 3\)"):
        report = other.load_weights(path)
    same(model, other)
    assert [w.shape for w in report.reshaped] == [(4, 3)]
    assert len(report.loaded) == 8 and "1 reshaped" in repr(report)


# --- checksums ------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".h5", ".keras", ".weights.h5"])
def test_real_keras_does_not_mind_checksums(ending, tmp_path):
    model, path = filled(net()), tmp_path / f"m{ending}"
    if ending == ".weights.h5":
        model.save_weights(path)
        other = net(keras)
        other.load_weights(path)
    else:
        model.save(path)
        other = keras.models.load_model(path)
    same(model, other)


def change_values(file, place):
    file[place][...] = np.asarray(file[place]) + 1


def change_one_bit(file, place):
    raw = np.asarray(file[place]).view("uint32")
    raw.flat[0] ^= 1
    file[place][...] = raw.view("float32")


def change_type(file, place):
    value, attributes = file[place][()], dict(file[place].attrs)
    del file[place]
    file[place] = value.view("int32")
    file[place].attrs.update(attributes)


def add_nan(file, place):
    file[place][0] = np.nan


CHANGES = [change_values, change_one_bit, change_type, add_nan]


@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5", "w_00000.weights.h5", "m.h5"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda f: f.__name__)
def test_changed_values_are_noticed_before_they_are_used(change, name, tmp_path):
    model, other, path = filled(net()), filled(net(), 100.0), tmp_path / name
    index = tmp_path / "w.weights.json" if "_0" in name else path
    if name == "m.h5":
        model.save(path)
    else:
        model.save_weights(index, **FILES[index.name])
    place = arrays_of(path)[-1]
    with h5py.File(path, "a") as file:
        change(file, place)
    before = other.get_weights()
    with pytest.raises(ValueError, match=rf"file is damaged.*`/{place}`.*checksum"):
        other.load_weights(index)
    for a, b in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_changed_bytes_of_safetensors_are_noticed(tmp_path):
    path = tmp_path / "w.safetensors"
    filled(net()).save_weights(path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"file is damaged.*checksum"):
        net().load_weights(path)
    path.write_bytes(content[:-3])
    with pytest.raises(ValueError, match="file is damaged"):
        net().load_weights(path)


def test_nan_of_ours_load_and_others_are_reported(tmp_path):
    path = tmp_path / "w.weights.h5"
    model = filled(net())
    model.layers[1].bias.assign([1.0, np.nan, np.inf])
    model.save_weights(path)
    other = net()
    other.load_weights(path)  # quietly: it was written so
    same(model, other)
    with h5py.File(path, "a") as file:
        for place in arrays_of(path):
            del file[place].attrs[checksums.NAME]
    other = net()
    with pytest.warns(UserWarning, match=r"(?s)NaN or infinity.*\(3,\)"):
        other.load_weights(path)
    same(model, other)


def test_a_checksum_tells_types_and_shapes_apart():
    values = np.arange(6, dtype="float32")
    variants = [values, values.reshape(2, 3), values.view("int32"), values + 1]
    variants += [values.astype(">f4"), values.astype("float64")]
    assert len({checksums.checksum(v) for v in variants}) == len(variants)
    assert checksums.checksum(values[::2]) == checksums.checksum(values[::2].copy())
    assert checksums.checksum(np.zeros((0, 3))) != checksums.checksum(np.zeros((3, 0)))
    for big in (np.full(4, 3e38, "float32"), np.full(4, 6e4, "float16")):
        assert checksums.finite(big)  # though their sum is not
    assert not checksums.finite(np.array([1, np.nan]))


# --- what was left out, or put in -----------------------------------------------------


def another_weight(file, place):
    group = file[place]
    group["7"] = np.zeros(3, "float32")
    if names := list(group.attrs.get("weight_names", [])):
        group.attrs["weight_names"] = [*names, b"7"]


def a_weight_less(file, place):
    """Leave out the name, where there is one, and not the array only."""
    group = file[place]
    if names := list(group.attrs.get("weight_names", [])):
        group.attrs["weight_names"] = names[:-1]
    else:
        del group["1"]


def an_array_less(file, place):
    group = file[place]
    names = group.attrs.get("weight_names", ["1"])
    del group[names[-1]]


@pytest.mark.parametrize(
    ("name", "place"), [("w.h5", "b"), ("w.weights.h5", "layers/dense_1/vars")]
)
@pytest.mark.parametrize("change", [another_weight, a_weight_less, an_array_less])
def test_weights_too_many_or_too_few(change, name, place, tmp_path):
    filled(net()).save_weights(tmp_path / name)
    with h5py.File(tmp_path / name, "a") as file:
        change(file, place)
    other = net()
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"(?s)is missing|file +\| model"):
        other.load_weights(tmp_path / name)
    for a, b in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# --- shards ---------------------------------------------------------------------------


def trained(k):
    model = net(k)
    model.compile("adam", "mean_squared_error")
    model.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    return model


@pytest.mark.parametrize("bytes_", [200, 10**6])
@pytest.mark.parametrize(
    ("writer", "reader"), [("ours", "Keras"), ("Keras", "ours"), ("ours", "ours")]
)
def test_shards_both_ways(writer, reader, bytes_, tmp_path):
    path = str(tmp_path / "w.weights.json")
    model, other = trained(LIBRARIES[writer]), trained(LIBRARIES[reader])
    model.train_on_batch(np.ones((4, 4)), np.zeros((4, 2)))
    model.save_weights(path, max_shard_size=bytes_ / 2**30)
    other.load_weights(path)
    same(model, other)
    for a, b in zip(model.optimizer.variables, other.optimizer.variables):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
    shards = len(os.listdir(tmp_path)) - 1
    assert shards == 1 if bytes_ == 10**6 else shards > 1


def test_the_index_is_that_of_keras(tmp_path):
    found = []
    for library, k in LIBRARIES.items():
        folder = tmp_path / library
        folder.mkdir()
        trained(k).save_weights(str(folder / "w.weights.json"), max_shard_size=2e-7)
        index = json.loads((folder / "w.weights.json").read_text())
        found.append((index["weight_map"], index["metadata"]["total_size"]))
        arrays = {n: arrays_of(folder / n) for n in sorted(os.listdir(folder))[1:]}
        found[-1] += (arrays,)
    assert found[0] == found[1]


def test_shards_of_another_save_are_noticed(tmp_path):
    path = tmp_path / "w.weights.json"
    size = FILES[path.name]
    filled(net()).save_weights(path, **size)
    names = sorted(os.listdir(tmp_path))
    shutil.copy(tmp_path / names[-1], tmp_path / "old")
    filled(net(), 50.0).save_weights(path, **size)
    os.replace(tmp_path / "old", tmp_path / names[-1])
    with pytest.raises(ValueError, match=r"damaged.*not saved together"):
        net().load_weights(path)
    os.unlink(tmp_path / names[-1])
    with pytest.raises(ValueError, match=r"damaged: shard .* is missing"):
        net().load_weights(path)


def test_fewer_shards_leave_none_behind(tmp_path):
    path = tmp_path / "w.weights.json"
    (tmp_path / "w_00077.weights.h5").write_text("somebody else's")
    filled(net()).save_weights(path, **FILES[path.name])
    model = filled(net(), 9.0)
    model.save_weights(path, max_shard_size=1)
    names = ["w.weights.json", "w_00000.weights.h5", "w_00077.weights.h5"]
    assert sorted(os.listdir(tmp_path)) == names
    with pytest.raises(ValueError, match="`max_shard_size` allows only 8"):
        model.save_weights(path, max_shard_size=8 / 2**30)
    assert sorted(os.listdir(tmp_path)) == names
    other = net()
    other.load_weights(path)
    same(model, other)


def test_a_reader_of_shards_goes_on_with_those_of_a_later_save(tmp_path, monkeypatch):
    path, size = tmp_path / "w.weights.json", FILES["w.weights.json"]
    filled(net()).save_weights(path, **size)
    model, other, inner = filled(net(), 9.0), net(), shards.read_index

    def slow(index):
        found = inner(index)
        monkeypatch.setattr(shards, "read_index", inner)
        model.save_weights(path, **size)
        return found

    monkeypatch.setattr(shards, "read_index", slow)
    other.load_weights(path)
    same(model, other)


@pytest.mark.parametrize("library", LIBRARIES)
def test_shards_half_of_which_are_replaced(library, tmp_path, monkeypatch):
    path, size = tmp_path / "w.weights.json", FILES["w.weights.json"]
    old, other, inner = filled(net(LIBRARIES[library])), net(), os.replace
    old.save_weights(str(path), **size)
    for calls in range(len(list(tmp_path.iterdir()))):  # that many are renamed
        left = iter(range(calls))

        def failing(source, target, left=left):
            if next(left, None) is None:
                raise KeyboardInterrupt
            inner(source, target)

        monkeypatch.setattr(os, "replace", failing)
        with pytest.raises(KeyboardInterrupt):
            filled(net(), 9.0 + calls).save_weights(path, **size)
        other.load_weights(path)
        same(old, other)
    monkeypatch.undo()
    new = filled(net(), 50.0)
    new.save_weights(path, **size)
    for last in (net(), net(keras)):
        last.load_weights(str(path))
        same(new, last)
    names = {p.name for p in tmp_path.iterdir()} - {path.name}
    assert names == set(shards.read_index(str(path))[0])


@pytest.mark.parametrize(
    "name", ["../w.h5", "/etc/w.h5", "a/w.h5", "a\\w.h5", "w.txt", 3, None, "c:w.h5"]
)
def test_an_index_names_only_files_beside_it(name, tmp_path):
    path = tmp_path / "w.weights.json"
    path.write_text(json.dumps({"weight_map": {"/layers/a/vars": [name]}}))
    with pytest.raises(ValueError, match="The file is refused: the index names"):
        net().load_weights(path)


@pytest.mark.parametrize("content", ["{", "{}", '{"weight_map": []}', '{"a": 1}'])
def test_what_is_no_index(content, tmp_path):
    path = tmp_path / "w.weights.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"not a JSON|no `weight_map`|neither"):
        net().load_weights(path)


def test_endings_of_weights(tmp_path):
    model = net()
    with pytest.warns(UserWarning, match=r"w\.weights\.json"):
        model.save_weights(tmp_path / "w.weights.h5", max_shard_size=1)
    assert (tmp_path / "w.weights.json").exists()
    for name, size in [("w.weights.json", None), ("w.h5", 1), ("w.keras", None)]:
        with pytest.raises(ValueError, match="`filepath` must end in"):
            model.save_weights(tmp_path / name, max_shard_size=size)
    with pytest.raises(ValueError, match="zipped=False"):
        model.save(tmp_path / "m.keras", zipped=False)


# --- safetensors ----------------------------------------------------------------------


def test_safetensors_of_others(tmp_path):
    from safetensors.numpy import load_file, save_file

    model = filled(net())
    model.save_weights(tmp_path / "w.safetensors")
    content = load_file(tmp_path / "w.safetensors")
    assert sorted(content) == sorted(v.path for v in model.weights)
    save_file(content, tmp_path / "others.bin")  # no order, no checksums
    other = net()
    other.load_weights(tmp_path / "others.bin")
    same(model, other)
    content.pop(next(iter(content)))
    save_file(content, tmp_path / "less.safetensors")
    with pytest.raises(ValueError, match=r"file +\| model"):
        net().load_weights(tmp_path / "less.safetensors")


def test_safetensors_follow_names_and_keep_sixteen_bits(tmp_path):
    path = tmp_path / "w.safetensors"
    model, other = filled(net(units=(4, 4))), net(names="ba", units=(4, 4))
    model.save_weights(path)
    other.load_weights(path)
    np.testing.assert_array_equal(other.layers[1].kernel, model.layers[2].kernel)
    half = kerasish.Sequential(
        [kerasish.Input((2,)), kerasish.layers.Dense(2, dtype="bfloat16")]
    )
    half.save_weights(path)
    twin = kerasish.models.clone_model(half)
    twin.load_weights(path)
    same(half, twin)


def test_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ImportError, match=r"pip install kerasish\[safetensors\]"):
        net().save_weights(tmp_path / "w.safetensors")
    assert os.listdir(tmp_path) == []


# --- formats --------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_the_content_tells_the_format(name, tmp_path):
    model, other = filled(net()), net()
    model.save_weights(tmp_path / name, **FILES[name])
    os.rename(tmp_path / name, tmp_path / "file")
    other.load_weights(tmp_path / "file")
    same(model, other)
    with pytest.raises(ValueError, match="but no model"):
        kerasish.models.load_model(tmp_path / "file")


@pytest.mark.parametrize("name", FILES)
def test_damaged_files_are_errors_or_do_no_harm(name, tmp_path):
    model = filled(net())
    model.save_weights(tmp_path / name, **FILES[name])
    content = (tmp_path / name).read_bytes()
    rng = np.random.default_rng(0)
    other = net()
    for _ in range(40):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 4):
            damaged[place] = rng.integers(256)
        if rng.random() < 0.2:
            damaged = damaged[: rng.integers(len(damaged))]
        (tmp_path / name).write_bytes(damaged)
        with warnings.catch_warnings(), contextlib.suppress(ValueError):
            warnings.simplefilter("ignore")
            other.load_weights(tmp_path / name)
            same(model, other)  # else it would be silently wrong


# --- types of numbers -----------------------------------------------------------------

POLICIES = ["float16", "bfloat16", "float32", "mixed_bfloat16", "mixed_float16"]


def typed(k, policy):
    layers = [
        k.layers.Dense(3, dtype=policy, name="a"),
        k.layers.BatchNormalization(dtype=policy, name="n"),
    ]
    return k.Sequential([k.Input((4,)), *layers])


@pytest.mark.parametrize("ending", [".h5", ".keras", ".weights.h5"])
@pytest.mark.parametrize("stored", POLICIES)
def test_types_of_floats_are_cast_by_value(stored, ending, tmp_path):
    path, theirs = tmp_path / f"m{ending}", typed(keras, stored)
    theirs.weights[1].assign([0.1, -7.0, 3.0])
    (theirs.save_weights if "w" in ending else theirs.save)(path)
    values = [np.asarray(w, "float32") for w in theirs.get_weights()]
    models = [typed(kerasish, p) for p in ("float16", "bfloat16", "float32")]
    for model in models:
        model.load_weights(path)
    if "w" not in ending:
        models.append(kerasish.models.load_model(path))
        assert models[-1].weights[0].dtype == theirs.weights[0].dtype
    for model in models:
        for a, b in zip(model.get_weights(), values, strict=True):
            np.testing.assert_allclose(np.asarray(a, "float32"), b, rtol=0.01)


@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5"])
@pytest.mark.parametrize("kind", ["int64", "uint8", "bool"])
def test_numbers_of_another_kind_are_told(kind, name, tmp_path):
    filled(net()).save_weights(tmp_path / name)
    with h5py.File(tmp_path / name, "a") as file:
        place = next(n for n in arrays_of(tmp_path / name) if file[n].shape == (4, 3))
        value = file[place][()].astype(kind)
        del file[place]
        file[place] = value
    other = net()
    match = r"(?s)another kind.*\(4, 3\).*in the file, floats in the model"
    with pytest.warns(UserWarning, match=match):
        other.load_weights(tmp_path / name)
    np.testing.assert_array_equal(other.layers[1].kernel, value)


def test_numbers_of_another_kind_in_safetensors(tmp_path):
    from safetensors.numpy import load_file, save_file

    path = tmp_path / "w.safetensors"
    filled(net()).save_weights(path)
    content = load_file(path)
    name = next(n for n in content if content[n].shape == (4, 3))
    save_file({**content, name: content[name].astype("int64")}, path)
    with pytest.warns(UserWarning, match="integers in the file, floats in the model"):
        net().load_weights(path)


def test_longer_floats_are_cast_quietly(tmp_path):
    path, model, other = tmp_path / "w.weights.h5", filled(net()), net()
    model.save_weights(path)
    with h5py.File(path, "a") as file:
        for place in arrays_of(path):
            value = file[place][()].astype("float64")
            del file[place]
            file[place] = value
    other.load_weights(path)
    same(model, other)


def test_bytes_of_an_unknown_type_are_refused(tmp_path):
    model = typed(kerasish, "bfloat16")
    model.save_weights(tmp_path / "w.weights.h5")
    with h5py.File(tmp_path / "w.weights.h5", "a") as file:
        file["layers/dense/vars/1"].attrs["dtype"] = "float8_e5m2"
    with pytest.raises(ValueError, match="only bfloat16 is read"):
        model.load_weights(tmp_path / "w.weights.h5")


def test_groups_are_those_of_keras(tmp_path):
    found = []
    for k in (kerasish, keras):
        inner = k.Sequential([k.Input((3,)), k.layers.Dense(2)])
        model = k.Sequential([k.Input((3,)), inner, k.layers.Dense(1)])
        model.save_weights(tmp_path / "m.weights.h5")
        with h5py.File(tmp_path / "m.weights.h5") as file:
            file.visit((names := []).append)
        found.append({name for name in names if not name.startswith("kerasish")})
    assert found[0] == found[1]
