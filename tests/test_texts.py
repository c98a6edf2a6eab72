"""Texts of any length in HDF5 files: real ones load, and none is read without bound."""

import os
import struct
import tracemalloc

import h5py
import keras
import numpy as np
import pytest

import kerasish
from kerasish.saving import hdf5

pytestmark = pytest.mark.usefixtures("quick_compilation")

TEXT = h5py.string_dtype()


def long_list(path, count, **options):
    names = [f"sequential/dense_number_{i}/kernel" for i in range(count)]
    with h5py.File(path, "w", **options) as file:
        file.attrs["before"] = "a text"
        for number in range(0, count, 1000):
            piece = names[number : number + 1000]
            file.attrs.create(f"names{number // 1000}", piece, dtype=TEXT)
    return names


@pytest.mark.parametrize("count", [1, 65, 1000, 2000, 20_000])
@pytest.mark.parametrize("version", ["earliest", "v110", "latest"])
def test_lists_of_names_as_keras_writes_them(count, version, tmp_path):
    if count == 20_000 and version != "earliest":
        count = (
            4000  # more pieces go to another place then, of which no file of Keras is
        )
    path = tmp_path / "file.h5"
    names = long_list(path, count, libver=version)
    with hdf5.opened(path, "file") as file:
        assert hdf5.attribute_names(file, "names") == names
        assert hdf5.text(file, "before") == "a text"


@pytest.mark.parametrize("ending", [".h5", ".weights.h5", ".keras"])
def test_files_of_keras_with_many_small_layers(ending, tmp_path):
    path, layers = tmp_path / f"m{ending}", 70
    made = [keras.layers.Dense(1, name=f"a_dense_layer_{i}") for i in range(layers)]
    model = keras.Sequential([keras.Input((1,)), *made])
    if ending == ".weights.h5":
        model.save_weights(path)
        made = [kerasish.layers.Dense(1) for _ in range(layers)]
        loaded = kerasish.Sequential([kerasish.Input((1,)), *made])
        loaded.load_weights(path)
    else:
        model.save(path)
        loaded = kerasish.models.load_model(path)
    for a, b in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def patched(path, change):
    """Change the references to texts in the attribute `names`."""
    with h5py.File(path, "w") as file:
        file["array"] = np.zeros(20_000, "uint8")
        texts = ["x" * 60_000, *(f"name_{n}" for n in range(999))]
        file.attrs.create("names", texts, dtype=TEXT)
        place = file["array"].id.get_offset()
    content = bytearray(path.read_bytes())
    first = content.find(struct.pack("<I", 60_000), 0)
    change(content, first, place)
    path.write_bytes(content)


def one_text_for_all(content, first, place):
    for number in range(1000):
        content[first + 16 * number : first + 16 * number + 16] = content[
            first : first + 16
        ]


def a_huge_length(content, first, place):
    content[first + 16 : first + 20] = struct.pack("<I", 2**32 - 1)


def outside_of_the_file(content, first, place):
    content[first + 20 : first + 28] = struct.pack("<Q", len(content) + 8)


def a_collection_within_an_array(content, first, place):
    """Its second text is of no length and no end: HDF5 would go round in circles."""
    fake = b"GCOL\1\0\0\0" + struct.pack("<Q", 4096) + struct.pack("<HHIQ", 0, 0, 0, 0)
    content[place : place + len(fake)] = fake
    content[first + 20 : first + 28] = struct.pack("<Q", place)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (one_text_for_all, "60000000 bytes together, the whole file"),
        (a_huge_length, r"bytes together, the whole file"),
        (outside_of_the_file, "Text 1 is at byte .*, where none is"),
        (a_collection_within_an_array, "Text 1 is at byte .*, where none is"),
    ],
)
def test_references_to_texts_are_looked_at(change, match, tmp_path):
    path = tmp_path / "file.h5"
    patched(path, change)
    tracemalloc.start()
    try:
        with (
            pytest.raises(ValueError, match=match),
            hdf5.opened(path, "file") as file,
        ):
            hdf5.attribute_names(file, "names")
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()


def test_pieces_that_repeat_a_name_are_not_read_on(tmp_path):
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        for number in range(9):
            file.attrs.create(f"names{number}", ["a", "b"], dtype=TEXT)
    with hdf5.opened(path, "file") as file:
        with pytest.raises(ValueError, match="lists a name twice"):
            hdf5.attribute_names(file, "names")
        assert os.path.getsize(path) < 20_000


def test_attributes_in_another_place_are_refused(tmp_path):
    path = tmp_path / "file.h5"
    with h5py.File(path, "w", libver="latest") as file:
        for number in range(20):  # so many leave the header
            file.attrs[f"attribute{number}"] = "a text"
    with (
        pytest.raises(ValueError, match="in which model files keep none"),
        hdf5.opened(path, "file") as file,
    ):
        hdf5.text(file, "attribute3")
