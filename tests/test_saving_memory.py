"""Saving and loading touch each weight once: no draws in vain, no second copies."""

import io
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import kerasish
from kerasish.saving.archive import Place
from kerasish.variable import undrawn

WIDE = 200  # a kernel of 200 x 200 is large enough not to be drawn in vain


class Counting(kerasish.initializers.Initializer):
    """Ones; counts how often they are drawn."""

    drawn = 0

    def __call__(self, shape, dtype=None):
        Counting.drawn += 1
        return np.ones(shape, dtype)


@pytest.fixture(autouse=True)
def _fresh():
    Counting.drawn = 0


def wide_model(**kwargs):
    layers = [
        kerasish.layers.Dense(WIDE, kernel_initializer=Counting(), name=f"dense_{i}")
        for i in range(2)
    ]
    model = kerasish.Sequential([kerasish.Input((WIDE,)), *layers])
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_loading_draws_nothing_in_vain(ending, tmp_path):
    model = wide_model()
    x = np.random.default_rng(0).random((8, WIDE), "float32")
    model.fit(x, x, verbose=0)
    drawn = Counting.drawn
    model.save(tmp_path / f"m{ending}")
    with kerasish.utils.custom_object_scope({"Counting": Counting}):
        loaded = kerasish.saving.load_model(tmp_path / f"m{ending}")
    assert drawn == 2 and Counting.drawn == 2
    for ours, theirs in zip(model.variables, loaded.variables):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    model.fit(x, x, verbose=0, shuffle=False)
    loaded.fit(x, x, verbose=0, shuffle=False)
    for ours, theirs in zip(model.variables, loaded.variables):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_what_is_not_loaded_is_drawn():
    with undrawn():
        read, given, left = (
            kerasish.Variable(Counting(), shape=(WIDE, WIDE)) for _ in range(3)
        )
        small = kerasish.Variable(Counting(), shape=(3,))
        assert Counting.drawn == 1 and small.drawn and not read.drawn
        assert read.shape == (WIDE, WIDE) and read.dtype == "float32"
        with kerasish.variable.abstract():  # the shape alone
            assert read.value.shape == read.shape
        assert not read.drawn
        assert float(read.numpy().sum()) == WIDE**2
        given.assign(np.zeros(given.shape))
        assert Counting.drawn == 2
    assert Counting.drawn == 3
    assert float(left.numpy().sum()) == WIDE**2 and not given.numpy().any()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        left.nothing  # noqa: B018


def test_layers_that_read_their_weights_while_they_are_made(tmp_path):
    @kerasish.saving.register_keras_serializable("test_saving_memory")
    class Scaled(kerasish.layers.Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight(
                shape=(input_shape[-1], WIDE), initializer=Counting()
            )
            self.total = float(self.kernel.numpy().sum())

        def call(self, inputs):
            return inputs @ self.kernel / self.total

    model = kerasish.Sequential([kerasish.Input((WIDE,)), Scaled()])
    model.layers[0].kernel.assign(np.full((WIDE, WIDE), 2.0))
    model.save(tmp_path / "m.keras")
    loaded = kerasish.saving.load_model(tmp_path / "m.keras")
    assert loaded.layers[0].total == WIDE**2
    assert float(loaded.layers[0].kernel.numpy().min()) == 2.0


def test_archives_are_whole_and_packed_ones_are_read(tmp_path):
    model = wide_model()
    path, packed = tmp_path / "m.keras", tmp_path / "packed.keras"
    model.save(path)
    with (
        zipfile.ZipFile(path) as archive,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as other,
    ):
        assert archive.testzip() is None
        for name in archive.namelist():
            other.writestr(name, archive.read(name))
    for each in path, packed:
        other = wide_model()
        other.load_weights(each)
        for a, b in zip(model.weights, other.weights):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_an_archive_without_its_end_of_weights_is_refused(tmp_path):
    model = wide_model()
    model.save(path := tmp_path / "m.keras")
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("model.weights.h5")
    content = path.read_bytes()
    directory = content.index(b"PK\x01\x02")
    cut = content[: info.header_offset + 5000]
    end = bytearray(content[directory:])
    place = end.rindex(b"PK\x05\x06") + 16
    end[place : place + 4] = len(cut).to_bytes(4, "little")
    path.write_bytes(cut + end)
    with pytest.raises(ValueError, match="overlaps another one, or the end"):
        kerasish.saving.load_model(path, custom_objects={"Counting": Counting})


def test_a_place_in_a_file_is_a_file():
    whole = io.BytesIO(b"0123456789")
    part = Place(whole, 2, 5)
    assert part.read() == b"23456" and part.tell() == 5 and part.read() == b""
    assert part.seek(-2, 2) == 3 and part.read(9) == b"56"
    growing = Place(whole, 8)
    assert growing.seek(0, 2) == 2 and growing.write(b"ab") == 2
    assert growing.truncate(3) == 3 and whole.getvalue() == b"0123456789a"
    with pytest.raises(EOFError):
        Place(whole, 2, 50).read()


SCRIPT = """
import sys
import numpy as np
import kerasish as keras

def used(key):
    with open("/proc/self/status") as file:
        found = next(line for line in file if line.startswith(key))
    return int(found.split()[1]) / 1024

def peak(run):
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = used("VmRSS")
    result = run()
    print(used("VmHWM") - before)
    return result

def model(width):
    return keras.Sequential([keras.Input((width,)), keras.layers.Dense(width)])

path = sys.argv[1]
for width in 8, 3600:  # what is needed once is there before it is measured
    made = model(width)
    sum(float(w.numpy().sum()) for w in made.weights)  # all are there
    save = (lambda: made.save_weights(path)) if "weights" in path else (
        lambda: made.save(path))
    if width > 8: peak(save)
    else: save()
    load = (lambda: made.load_weights(path)) if "weights" in path else (
        lambda: keras.saving.load_model(path))
    if width > 8: loaded = peak(load)
    else: load()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
def test_extra_memory(ending, tmp_path):
    size = 3600**2 * 4 / 2**20
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / f"m{ending}")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    saving, loading = map(float, run.stdout.split())
    assert saving < 0.5 * size and loading < 1.2 * size
