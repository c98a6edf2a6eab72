"""Data sets: Keras's numbers from Keras's files, nothing run, small sets from seeds."""

import gzip
import hashlib
import inspect
import io
import os
import pickle
import struct
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.datasets import load_iris

from kerasish import config, datasets
from kerasish.datasets import cache, pickles

NAMES = """boston_housing california_housing cifar10 cifar100 fashion_mnist imdb mnist
    reuters""".split()
FUNCTIONS = ("load_data", "get_word_index", "get_label_names")
RNG = np.random.default_rng(0)


def texts(count):
    lists = np.empty(count, object)
    lists[:] = [RNG.integers(1, 30, RNG.integers(1, 12)).tolist() for _ in lists]
    return lists


def pixels(count):
    return RNG.integers(0, 256, (count, 3072), "uint8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Small files with the layout of the real ones."""
    place = tmp_path_factory.mktemp("sets")
    two = {"y_train": RNG.integers(0, 9, 40), "y_test": RNG.integers(0, 9, 30)}
    np.savez(place / "imdb.npz", x_train=texts(40), x_test=texts(30), **two)
    np.savez(place / "reuters.npz", x=texts(51), y=RNG.integers(0, 46, 51))
    images = [RNG.integers(0, 256, (n, 28, 28), "uint8") for n in (40, 30)]
    np.savez(place / "mnist.npz", x_train=images[0], x_test=images[1], **two)
    for name in ("boston_housing", "california_housing"):
        np.savez(place / f"{name}.npz", x=RNG.random((700, 8)), y=RNG.random(700))
    hundred = place / "cifar-100-python"
    hundred.mkdir()
    for name, rows in (("train", 7), ("test", 5)):
        batch = {
            b"data": pixels(rows),
            b"fine_labels": RNG.integers(0, 100, rows).tolist(),
            b"coarse_labels": RNG.integers(0, 20, rows).tolist(),
        }
        (hundred / name).write_bytes(pickle.dumps(batch, 4))
    return place


def same(ours, theirs):
    for mine, other in zip(sum(ours, ()), sum(theirs, ()), strict=True):
        assert (mine.dtype, mine.shape) == (other.dtype, other.shape)
        assert mine.tolist() == other.tolist()


WORDS = [
    {},
    {"maxlen": 8},
    {"num_words": 10},
    {"num_words": 10, "oov_char": None},
    {"skip_top": 5},
    {"start_char": None, "index_from": 0, "seed": 7},
    {"num_words": 20, "skip_top": 4, "maxlen": 9, "start_char": 5, "oov_char": 7}
    | {"index_from": 1, "seed": 0},
]
CASES = [
    *(("imdb", options) for options in WORDS),
    *(("reuters", options) for options in [*WORDS, {"test_split": 0.43, "seed": 3}]),
    ("mnist", {}),
    ("boston_housing", {}),
    ("boston_housing", {"test_split": 0.37, "seed": 5}),
    ("california_housing", {"test_split": 0.0}),
    ("california_housing", {"version": "small"}),
]


@pytest.mark.parametrize("name,options", CASES)
def test_numbers_are_those_of_keras(name, options, folder, monkeypatch):
    path = str(folder / f"{name}.npz")
    theirs = sys.modules[f"keras.src.datasets.{name}"]
    monkeypatch.setattr(theirs, "get_file", lambda *_, **__: path)
    ours = getattr(datasets, name).load_data(path=path, **options)
    same(ours, getattr(keras.datasets, name).load_data(**options))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A cache of Keras's, an empty one of ours, and no network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "theirs"))
    monkeypatch.setenv("KERASISH_HOME", str(tmp_path / "ours"))

    def offline(*_, **__):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", offline)
    (tmp_path / "theirs" / "datasets").mkdir(parents=True)
    return tmp_path / "theirs" / "datasets"


@pytest.mark.parametrize("mode", ["fine", "coarse"])
def test_cifar_100(mode, folder, home, monkeypatch):
    (home / "cifar-100-python").symlink_to(folder / "cifar-100-python")
    theirs = sys.modules["keras.src.datasets.cifar100"]
    monkeypatch.setattr(theirs, "get_file", lambda *_, **__: str(folder))
    ours = datasets.cifar100.load_data(mode)
    same(ours, keras.datasets.cifar100.load_data(mode))
    with pytest.raises(ValueError, match="`label_mode` must be 'fine' or 'coarse'"):
        datasets.cifar100.load_data("both")


def python_2(data, labels):
    """A batch as Python 2 wrote it: the real files are such."""
    head = b"\x80\x02}q\x01(U\x04datacnumpy.core.multiarray\n_reconstruct\n(cnumpy\n"
    head += b"ndarray\nK\x00\x85U\x01btR(K\x01K\x02M\x00\x0c\x86cnumpy\ndtype\n(U\x02u1"
    head += b"K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
    numbers = b"".join(b"K" + bytes([n]) for n in labels)
    tail = b"tbU\x06labels](" + numbers + b"eu."
    return head + struct.pack("<I", data.size) + data.tobytes() + tail


def test_cifar_10_in_both_orders_of_axes(home, tmp_path, monkeypatch):
    target, folder = "cifar-10-batches-py-target", "cifar-10-batches-py"
    files = [f"data_batch_{n}" for n in range(1, 6)] + ["test_batch"]
    batches = [(pixels(2), [n, 9 - n]) for n in range(6)]
    (tmp_path / folder).mkdir()
    for name, (data, labels) in zip(files, batches):
        (tmp_path / folder / name).write_bytes(python_2(data, labels))
    archive = home / f"{target}_archive"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / folder, folder)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    right = cache.FILES[target]._replace(hash=found)
    monkeypatch.setitem(cache.FILES, target, right)
    (x, y), (x_test, y_test) = datasets.cifar10.load_data()
    assert x.shape == (10, 32, 32, 3) and x.dtype == y.dtype == y_test.dtype == "uint8"
    assert y.ravel().tolist() == [0, 9, 1, 8, 2, 7, 3, 6, 4, 5]
    # red, then green, then blue; each row by row
    assert x[3, 4, 5].tolist() == batches[1][0][1][4 * 32 + 5 :: 1024].tolist()
    config.set_image_data_format("channels_first")
    try:
        found = datasets.cifar10.load_data()[1][0]
    finally:
        config.set_image_data_format("channels_last")
    assert np.array_equal(found, x_test.transpose(0, 3, 1, 2))
    (home / target / folder / "test_batch").write_bytes(
        pickle.dumps({b"data": pixels(2)}, 4)
    )
    with pytest.raises(ValueError, match="no batch of CIFAR: it should hold `data` of"):
        datasets.cifar10.load_data()


def idx(magic, *shape):
    values = RNG.integers(0, 256, shape, "uint8").tobytes()
    return struct.pack(f">{1 + len(shape)}I", magic, *shape) + values


def test_fashion_mnist(home, monkeypatch):
    theirs = sys.modules["keras.src.datasets.fashion_mnist"]
    place = home / "fashion-mnist"
    place.mkdir()
    monkeypatch.setattr(theirs, "get_file", lambda name, **_: str(place / name))
    for part, rows in (("train", 3), ("t10k", 2)):
        for name, content in (
            ("images-idx3", idx(0x803, rows, 28, 28)),
            ("labels-idx1", idx(0x801, rows)),
        ):
            file = place / f"{part}-{name}-ubyte.gz"
            file.write_bytes(gzip.compress(content))
    same(datasets.fashion_mnist.load_data(), keras.datasets.fashion_mnist.load_data())
    file = place / "t10k-images-idx3-ubyte.gz"
    for bad in (
        gzip.compress(idx(0x803, 2, 28, 28)[:-1]),
        gzip.compress(idx(0x803, 2, 28, 27)),
        gzip.compress(idx(0x801, 2)),
        gzip.compress(b""),
        b"no archive",
        gzip.compress(idx(0x803, 2, 28, 28))[:-9],
    ):
        file.write_bytes(bad)
        with pytest.raises(ValueError, match=r"t10k-images.* (no file of|is damaged)"):
            datasets.fashion_mnist.load_data()


def test_signatures_and_names_are_those_of_keras():
    for name in NAMES:
        for function in FUNCTIONS:
            mine = getattr(getattr(datasets, name), function, None)
            other = getattr(getattr(keras.datasets, name), function, None)
            assert (mine is None) == (other is None), (name, function)
            if other is not None:
                assert [
                    (p.name, p.default, p.kind)
                    for p in inspect.signature(mine).parameters.values()
                ] == [
                    (p.name, p.default, p.kind)
                    for p in inspect.signature(other).parameters.values()
                ]
    names = keras.datasets.reuters.get_label_names()
    assert datasets.reuters.get_label_names() == names


def test_files_and_hashes_are_those_of_keras(monkeypatch):
    asked = {}

    def get_file(fname, origin, file_hash=None, cache_subdir="datasets", **_):
        asked[fname] = (origin, file_hash, cache_subdir)
        raise InterruptedError

    for name in NAMES:
        module = sys.modules[f"keras.src.datasets.{name}"]
        monkeypatch.setattr(module, "get_file", get_file)
        for function in FUNCTIONS[:2]:
            if hasattr(module, function):
                with pytest.raises(InterruptedError):
                    getattr(module, function)()
    assert len(asked) == 10
    for name, (origin, file_hash, subdir) in asked.items():
        source = cache.FILES[name]
        assert (source.origin, source.hash, source.subdir) == (
            origin,
            file_hash,
            subdir,
        )


def test_the_cache_of_keras_is_used_if_the_hash_is_right(folder, home, monkeypatch):
    content = (folder / "mnist.npz").read_bytes()
    (home / "mnist.npz").write_bytes(content)
    text = r"`mnist.npz` is not in the cache \(or is damaged.*no network.*fetch https:"
    with pytest.raises(OSError, match=text) as caught:
        datasets.mnist.load_data()
    for part in ("11 MB", cache.FILES["mnist.npz"].hash, str(home / "mnist.npz")):
        assert part in str(caught.value)
    right = cache.FILES["mnist.npz"]._replace(hash=hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(cache.FILES, "mnist.npz", right)
    same(datasets.mnist.load_data(), datasets.mnist.load_data(str(home / "mnist.npz")))
    with pytest.raises(OSError, match=r"`other.npz` is not in the cache"):
        datasets.mnist.load_data("other.npz")


class Runs:
    def __reduce__(self):
        return os.mkdir, ("canary",)


HOSTILE = {
    "a call": Runs(),
    "a call in a list": [1, Runs()],
    "a function": np.load,
    "a class": Path,
    "floats": 0.5,
    "texts": "words",
    "an array": np.ones(2),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_pickle_runs_anything(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    entries = np.empty(2, object)
    entries[:] = [[1, 2], HOSTILE[name]]
    arrays = dict.fromkeys(("x_train", "y_train", "x_test", "y_test"), entries)
    np.savez("i.npz", **arrays)
    with pytest.raises(ValueError, match=r"i\.npz: x_train` is refused"):
        datasets.imdb.load_data(str(tmp_path / "i.npz"))
    Path("batch").write_bytes(pickle.dumps({b"data": entries}, 4))
    with pytest.raises(ValueError, match="`batch` is refused"):
        pickles.read_pickle("batch")
    assert not Path("canary").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        b"\x80\x04N.",
        b"cnumpy\nndarray\n(tR.",
        b"cnumpy\nndarray.tofile\n.",
        b"cbuiltins\neval\n(V1\ntR.",
        pickle.dumps(np.ones(3), 4),
        python_2(pixels(2), [1])[:-2000],
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(tRN(Nb.",
    ],
)
def test_damaged_pickles_are_refused(content, tmp_path):
    (tmp_path / "batch").write_bytes(content)
    with pytest.raises(ValueError, match=r"batch` (is refused|holds no dictionary)"):
        pickles.read_pickle(tmp_path / "batch")


def test_files_that_are_no_npz_or_lack_something(tmp_path):
    path = tmp_path / "m.npz"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"is no `.npz` file"):
        datasets.mnist.load_data(str(path))
    np.savez(path, x_train=[1])
    with pytest.raises(ValueError, match=r"lacks \['x_test.npy', 'y_test.npy'"):
        datasets.mnist.load_data(str(path))
    for content, text in ((b'{"the": "x"}', "no index of words"), (b"{", "Expecting")):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=text):
            datasets.imdb.get_word_index(str(path))


@pytest.mark.parametrize(
    "call,error,text",
    [
        (lambda: datasets.imdb.load_data(words=3), TypeError, r"arguments \['words'\]"),
        (lambda: datasets.california_housing.load_data("x"), ValueError, "`version`"),
        (lambda: datasets.reuters.load_data(test_split=1), ValueError, "`test_split`"),
        (lambda: datasets.iris.load_data(-1), ValueError, "`test_split` argument: -1"),
        (lambda: datasets.gates.load_data("nor "), ValueError, "Did you mean `nor`"),
        (lambda: datasets.gates.load_data(inputs=0), ValueError, "`inputs` must be 1"),
        (lambda: datasets.points.load_data("spirals"), ValueError, "mean `spiral`"),
        (lambda: datasets.points.load_data(noise=2), ValueError, "`noise` from 0"),
    ],
)
def test_mistakes(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_texts_that_are_all_too_long(folder):
    for name in ("imdb", "reuters"):
        with pytest.raises(ValueError, match="shorter than maxlen=1, no sequence"):
            getattr(datasets, name).load_data(str(folder / f"{name}.npz"), maxlen=1)


def test_iris_is_that_of_scikit_learn():
    (x, y), (x_test, y_test) = datasets.iris.load_data(test_split=0.0)
    theirs = load_iris()
    assert x.shape == (150, 4) and len(x_test) == len(y_test) == 0
    rows = sorted(zip(x.tolist(), y.tolist()))
    known = zip(theirs.data.astype("float32").tolist(), theirs.target.tolist())
    assert rows == sorted(known)
    assert datasets.iris.get_label_names() == tuple(theirs.target_names)


TABLES = {  # for the rows 00, 01, 10, 11
    "and": "0001",
    "or": "0111",
    "xor": "0110",
    "nand": "1110",
    "nor": "1000",
    "xnor": "1001",
    "parity": "0110",
    "majority": "0001",
}


def test_gates():
    for name, outputs in TABLES.items():
        (x, y), (x_test, y_test) = datasets.gates.load_data(name)
        assert "".join(f"{int(v)}" for v in y[:, 0]) == outputs, name
        assert y.dtype == "float32" and y.shape == (4, 1)
        assert np.array_equal(x, x_test) and np.array_equal(y, y_test)
    (x, y), _ = datasets.gates.load_data("adder", 3)
    assert x.shape == (8, 3) and np.array_equal(y @ [1, 2], x.sum(1))
    assert datasets.gates.load_data("parity", 5)[0][1].sum() == 16


def truth(name, x):
    """What the points without noise must belong to, by their definition."""
    radius = np.linalg.norm(x, axis=1)
    if name == "circle":
        return radius < 2.5
    if name == "xor":
        return x[:, 0] * x[:, 1] > 0
    if name == "gauss":
        return x.sum(axis=1) > 0
    if name == "plane":
        return np.clip(x.sum(axis=1) / 10, -1, 1)
    if name == "spiral":
        turned = np.arctan2(x[:, 0], x[:, 1]) - 2 * np.pi * 1.75 * radius / 5
        return np.cos(turned) > 0
    if name == "blobs":
        return np.round(np.arctan2(x[:, 0], x[:, 1]) * 3 / 2 / np.pi) % 3
    centres = [(-4, 2.5), (0, 2.5), (4, 2.5), (-4, -2.5), (0, -2.5), (4, -2.5)]
    near = 1 - np.linalg.norm(x[:, None] - centres, axis=2) / 2
    best = np.argmax(near, axis=1)
    return np.maximum(near.max(axis=1), 0) * np.array([1, -1, 1, -1, 1, -1])[best]


@pytest.mark.parametrize("name", ["circle", "xor", "gauss", "plane", "spiral", "blobs"])
def test_points_belong_where_they_should(name):
    (x, y), (x_test, y_test) = datasets.points.load_data(name, 300, test_split=0.25)
    assert x.shape == (225, 2) and x_test.shape == (75, 2) and x.dtype == "float32"
    np.testing.assert_allclose(y, truth(name, x), atol=1e-5)
    classes = np.bincount(y_test) if y.dtype == "int32" else [1]
    assert min(classes) > 0


def test_bumps_and_moons():
    (x, y), _ = datasets.points.load_data("bumps", 300)
    np.testing.assert_allclose(y, truth("bumps", x), atol=1e-5)
    assert y.min() < -0.5 < 0.5 < y.max() and (y == 0).any()
    (x, y), _ = datasets.points.load_data("moons", 300)
    centre = np.where(y[:, None] == 1, [1, 0.5], [0, 0])
    np.testing.assert_allclose(np.linalg.norm(x - centre, axis=1), 1, rtol=1e-5)
    assert ((x - centre)[:, 1] * (1 - 2 * y) >= 0).all()


def test_points_follow_seed_and_noise():
    def digest(**options):
        file = io.BytesIO()
        for part in sum(datasets.points.load_data(**options), ()):
            np.save(file, part.round(2))
        return hashlib.sha256(file.getvalue()).hexdigest()

    for name in ("spiral", "gauss", "circle", "xor", "moons", "bumps", "plane"):
        calm, wild = {"name": name}, {"name": name, "noise": 0.3}
        assert digest(**calm) == digest(**calm)
        assert len({digest(**calm), digest(**wild), digest(**calm, seed=1)}) == 3
    (_, y), _ = datasets.points.load_data("xor", 500, noise=0.5)
    (x, clean), _ = datasets.points.load_data("xor", 500)
    assert 0.05 < np.mean(y != truth("xor", x)) < 0.5 and np.all(
        clean == truth("xor", x)
    )
