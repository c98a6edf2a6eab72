"""The child of `test_fuzz_files.py`: loads good files that were changed by chance."""

import faulthandler
import io
import json
import os
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import h5py
import hostile_files
import numpy as np

SECONDS = 20  # for one case, however slow the machine


def flipped(content, rng):
    data = bytearray(content)
    for place in rng.integers(0, len(data), rng.integers(1, 9)):
        data[place] = rng.integers(256)
    return bytes(data)


def cut(content, rng):
    return content[: rng.integers(len(content))]


def spliced(content, rng):
    a, b, size = rng.integers(0, len(content), 3)
    size = min(size, 512)
    return content[:a] + content[b : b + size] + content[a + size :]


def _config(content, change):
    """Change the JSON of a whole model, in an archive or an HDF5 file."""
    if content.startswith(b"PK"):
        out = io.BytesIO()
        hostile_files.repacked(
            io.BytesIO(content), out, json=change(_member(content, "config.json"))
        )
        return out.getvalue()
    out = io.BytesIO(content)
    with h5py.File(out, "r+") as file:
        for name in ("model_config", "training_config"):
            if name in file.attrs:
                file.attrs[name] = change(file.attrs[name])
    return out.getvalue()


def _bytes(content, name):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def _member(content, name):
    return _bytes(content, name).decode()


ODD = [None, -1, 0, 2**40, 1e308, "", "x" * 99, [], {}, [[]], True, "relu", "Dense"]


def structured(content, rng):
    """Put an odd value somewhere in the config."""

    def change(text):
        config = json.loads(text)
        places = []

        def walk(thing):
            keys = thing if isinstance(thing, dict) else range(len(thing))
            for key in keys:
                places.append((thing, key))
                if isinstance(thing[key], (dict, list)):
                    walk(thing[key])

        walk(config)
        thing, key = places[rng.integers(len(places))]
        thing[key] = ODD[rng.integers(len(ODD))]
        return json.dumps(config)

    return _config(content, change)


def _arrays(content, change):
    """Change the HDF5 file, or the one in an archive."""
    packed = content.startswith(b"PK")
    inner = io.BytesIO(_bytes(content, "model.weights.h5") if packed else content)
    with h5py.File(inner, "r+") as file:
        change(file)
    if not packed:
        return inner.getvalue()
    out = io.BytesIO()
    hostile_files.repacked(io.BytesIO(content), out, h5=inner.getvalue())
    return out.getvalue()


def _things(file, kind):
    found = [file] if kind is h5py.Group else []
    file.visititems(lambda _, x: found.append(x) if isinstance(x, kind) else None)
    return found


VALUES = [
    *(0, -1, 2**40, 1.5, "", "x" * 999, b"\xff\xfe", "../a", "/", "only", "bfloat16"),
    *([], ["kernel", "bias"], ["bias", "kernel"], [b"a", b"a"], ["x"] * 70),
    *(np.zeros((2, 2)), np.zeros(3, "S5"), np.bool_(True), h5py.Empty("f4")),
]


def attributes(content, rng):
    """Put another value in an attribute, or take one away."""

    def change(file):
        owners = [x for x in _things(file, (h5py.Group, h5py.Dataset)) if x.attrs]
        owner = owners[rng.integers(len(owners))]
        name = list(owner.attrs)[rng.integers(len(owner.attrs))]
        old = owner.attrs[name]
        del owner.attrs[name]
        what = rng.integers(4)
        if what == 1 and isinstance(old, np.ndarray) and len(old):
            owner.attrs[name] = rng.permutation(old)
        elif what == 2 and isinstance(old, np.ndarray):
            owner.attrs[name] = old[: rng.integers(len(old) + 1)]
        elif what:
            owner.attrs[name] = VALUES[rng.integers(len(VALUES))]

    return _arrays(content, change)


def objects(content, rng):
    """Move, copy, rename or take away a group or an array, or add an odd one."""

    def change(file):
        names = [x.name for x in _things(file, (h5py.Group, h5py.Dataset))[1:]]
        names = [n for n in names if n != "/"]
        name, other = (names[i] for i in rng.integers(0, len(names), 2))
        what = rng.integers(6)
        if what == 0:
            del file[name]
        elif what == 1:
            file.move(name, name + "_x")
        elif what == 2:
            file.copy(file[name], file, f"{name}_{rng.integers(9)}")
        elif what == 3 and not (other + "/").startswith(name + "/"):
            # They change their places; arrays of one shape could not be told apart.
            alike = getattr(file[name], "shape", 0) == getattr(file[other], "shape", 1)
            if not alike and not (name + "/").startswith(other + "/"):
                file.move(name, "/aside")
                file.move(other, name)
                file.move("/aside", other)
        elif what == 4:
            file.create_group(name.rpartition("/")[0] + f"/odd{rng.integers(9)}/vars")
        else:
            del file[name]
            file.create_group(name)

    return _arrays(content, change)


def types(content, rng):
    """Give an array another type, another shape or other values."""

    def change(file):
        arrays = _things(file, h5py.Dataset)
        name = arrays[rng.integers(len(arrays))].name
        value, kept = file[name][()], dict(file[name].attrs)
        kinds = ["f2", "f8", "i4", "u1", "?", "S3", ">f4", "c8", "V2"]
        what = rng.integers(3)
        if what == 0:
            value = np.asarray(value).astype(kinds[rng.integers(len(kinds))])
        elif what == 1:
            shapes = [(), (0,), (1, *value.shape), (3, 1, 1), value.shape[::-1]]
            value = np.resize(value, shapes[rng.integers(len(shapes))])
            if rng.random() < 0.5:
                kept.pop("kerasish_crc32", None)
        else:
            value = np.asarray(value) + 1
        del file[name]
        file[name] = value
        file[name].attrs.update(kept)

    return _arrays(content, change)


BYTES = [flipped, cut, spliced]
CHANGES = [*BYTES, attributes, objects, types, structured]


def main(seed, count):
    os.environ["JAX_PLATFORMS"] = "cpu"
    import kerasish

    rng = np.random.default_rng(seed)
    results, wrong = {}, []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        right = hostile_files.write_good(kerasish, folder).get_weights()
        good = {n: (folder / n).read_bytes() for n in hostile_files.DOORS}
        for number in range(count):
            file = list(good)[number % 4]
            door = hostile_files.DOORS[file][0]
            change = CHANGES[rng.integers(len(CHANGES) - (door != "load_model"))]
            path = folder / f"case-{file}"
            changed = change(good[file], rng)
            path.write_bytes(changed)
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                try:
                    model = hostile_files.load(kerasish, path, door)
                    kind = "loaded"
                    same = all(map(np.array_equal, model.get_weights(), right))
                    quiet = change in BYTES or not warned
                    if not same and change is not structured and quiet:
                        wrong.append([number, file, change.__name__, "other weights"])
                except Exception as error:
                    kind = type(error).__name__
                    if not isinstance(error, (ValueError, TypeError)):
                        wrong.append([number, file, change.__name__, str(error)[:500]])
            faulthandler.cancel_dump_traceback_later()
            results[kind] = results.get(kind, 0) + 1
    print(json.dumps({"results": results, "wrong": wrong}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
