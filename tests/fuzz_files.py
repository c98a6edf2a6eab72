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


def _member(content, name):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()


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


CHANGES = [flipped, cut, spliced, structured]


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
            change = CHANGES[rng.integers(4 if door == "load_model" else 3)]
            path = folder / f"case-{file}"
            changed = change(good[file], rng)
            path.write_bytes(changed)
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    model = hostile_files.load(kerasish, path, door)
                    kind = "loaded"
                    same = all(map(np.array_equal, model.get_weights(), right))
                    if not same and change is not structured:
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
