"""Pictures, texts, sounds and series as data: what Keras makes of them, and errors."""

import io
import os
import wave

import keras
import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

import kerasish
from kerasish.data import Dataset, from_rows
from kerasish.utils.image import resized

pytestmark = pytest.mark.usefixtures("quick_compilation")
utils, theirs = kerasish.utils, keras.utils
IMAGES = "image_dataset_from_directory"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder of pictures of many kinds and sizes, of texts and of sounds."""
    folder, draw = tmp_path_factory.mktemp("files"), np.random.default_rng(0)

    def picture(path, size, mode="RGB"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shape = (*size, len(mode)) if mode not in "LP" else size
        pixels = draw.integers(0, 256, shape).astype("uint8")
        image = Image.fromarray(pixels)
        (image.convert("P") if mode == "P" else image).save(folder / path)

    sizes = [(5, 8), (9, 4)]  # few, since Keras compiles for each
    for k, name in enumerate(
        ["b/0", "b/10", "b/5", "a/1", "a/sub/2", "a/.hid", "a-x/3"]
    ):
        picture(f"pics/{name}.{('png', 'bmp', 'PNG')[k % 3]}", sizes[k % 2])
    picture("pics/a/gray.png", (5, 8), "L")
    picture("pics/a/clear.png", (5, 8), "RGBA")
    picture("pics/a/palette.png", (9, 4), "P")
    picture("pics/top.png", (9, 4))
    picture("pics/.hidden/no.png", (5, 8))
    (folder / "pics/a/notes.md").write_text("no picture")
    (folder / "pics/empty").mkdir()
    for name, text in {"p/1": "so gut ä", "p/2": "", "n/1": "long\nand bad"}.items():
        (folder / f"texts/{name}.txt").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"texts/{name}.txt").write_bytes(text.encode())
    return folder


def write_sound(path, samples, width=2, channels=1, rate=8000):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())


# --- single pictures ------------------------------------------------------------------

LOADS = [
    {"color_mode": mode, "target_size": size, "interpolation": kind, **more}
    for mode, size, kind, more in [
        ("rgb", None, "nearest", {}),
        ("rgba", (3, 7), "nearest", {}),
        ("grayscale", (20, 9), "bilinear", {}),
        ("rgb", (7, 3), "bicubic", {"keep_aspect_ratio": True}),
        ("rgb", (4, 6), "hamming", {"keep_aspect_ratio": True}),
        ("grayscale", (2, 9), "box", {"keep_aspect_ratio": True}),
        ("rgba", (9, 9), "lanczos", {"keep_aspect_ratio": False}),
    ]
]


@pytest.mark.parametrize("wanted", LOADS, ids=lambda w: str(list(w.values())))
def test_pictures_are_read_as_in_keras(root, wanted):
    for name in ("b/0.png", "a/gray.png", "a/clear.png", "a/palette.png"):
        mine = utils.load_img(root / "pics" / name, **wanted)
        other = theirs.load_img(root / "pics" / name, **wanted)
        assert mine.mode == other.mode
        for layout in ("channels_last", "channels_first"):
            ours = utils.img_to_array(mine, layout)
            assert ours.dtype == "float32"
            np.testing.assert_array_equal(ours, theirs.img_to_array(other, layout))


def test_arrays_become_the_pictures_that_keras_makes():
    draw = np.random.default_rng(1)
    for channels in (1, 3, 4):
        for kind in ("float32", "uint8", "int32"):
            for scale in (True, False):
                x = (draw.random((3, 4, channels)) * 255).astype(kind)
                mine = utils.array_to_img(x, scale=scale)
                other = theirs.array_to_img(x, scale=scale)
                assert mine.mode == other.mode
                np.testing.assert_array_equal(np.asarray(mine), np.asarray(other))
    deep = np.arange(12.0).reshape(3, 4, 1) * 1000
    assert utils.array_to_img(deep, scale=False).mode == "I"
    assert np.asarray(utils.array_to_img(np.full((2, 2, 1), 7.0))).max() == 0
    flat = utils.array_to_img(draw.random((3, 2, 4)), "channels_first")
    assert (flat.mode, flat.size) == ("RGB", (4, 2))
    # numbers beyond the range are cut off; Keras's wrap around
    wide = utils.array_to_img(np.array([[[-3.0, 4, 300]]]), scale=False)
    assert np.asarray(wide).tolist() == [[[0, 4, 255]]]


def test_pictures_are_written(tmp_path):
    x = np.arange(24.0).reshape(2, 4, 3) * 10
    for name, more in (("a.png", {}), ("b", {"file_format": "png"}), ("c.bmp", {})):
        utils.save_img(tmp_path / name, x, scale=False, **more)
        back = utils.img_to_array(utils.load_img(tmp_path / name))
        np.testing.assert_array_equal(back, x)
    memory = io.BytesIO()
    utils.save_img(memory, x, file_format="png", scale=False)
    assert utils.load_img(io.BytesIO(memory.getvalue())).size == (4, 2)
    with pytest.warns(UserWarning, match="no RGBA pictures"):
        utils.save_img(tmp_path / "d.jpg", np.ones((2, 2, 4)), quality=90)
    with Image.open(tmp_path / "d.jpg") as image:
        assert image.mode == "RGB"
    Image.fromarray(np.full((2, 3), 9, "uint8")).save(tmp_path / "f.gif")
    assert utils.img_to_array(utils.load_img(tmp_path / "f.gif")).shape == (2, 3, 3)
    with pytest.raises(ValueError, match=r"kind 'xyz'.*file_format"):
        utils.save_img(tmp_path / "e.xyz", x)


def test_files_that_are_no_pictures_are_named(root, tmp_path, monkeypatch):
    whole = (root / "pics/b/0.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.png").write_text("hello")
    for name in ("cut.png", "text.png"):
        with pytest.raises(UnidentifiedImageError, match=f"{name}` cannot be read"):
            utils.load_img(tmp_path / name)
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        utils.load_img(tmp_path / "none.png")
    with pytest.raises(TypeError, match=r"`path` must be a path.*got 3"):
        utils.load_img(3)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)  # a bomb: more than twice that
    with pytest.raises(OSError, match=r"0.png` cannot be read: .*exceeds limit"):
        utils.load_img(root / "pics/b/0.png")


def test_without_pillow_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    with pytest.raises(ImportError, match=r'pip install "kerasish\[images\]"'):
        utils.load_img("a.png")


WRONG_PICTURES = [
    (utils.load_img, ("a.png", "cmyk"), "`color_mode`.*'cmyk'"),
    (utils.load_img, ("a.png", "rgb", None, "best"), "`interpolation`.*'best'"),
    (utils.img_to_array, (np.ones((2, 2, 2, 2)),), r"shape \(2, 2, 2, 2\)"),
    (utils.array_to_img, (np.ones((2, 2)),), r"3 axes.*\(2, 2\)"),
    (utils.array_to_img, (np.ones((2, 2, 2)),), "1, 3 or 4 channels, got 2"),
    (kerasish.preprocessing.image.smart_resize, (np.ones((2, 2)), (1, 1)), "shape"),
    (resized, (np.ones((2, 2, 1)), (0, 1)), "two positive integers"),
]


@pytest.mark.parametrize(("function", "given", "text"), WRONG_PICTURES)
def test_wrong_arguments_of_pictures_are_named(function, given, text):
    with pytest.raises(ValueError, match=text):
        function(*given)


def test_smart_resize_equals_keras():
    draw = np.random.default_rng(2)
    cases = [((7, 12, 3), (4, 4), {}), ((2, 5, 3, 1), (6, 4), {})]
    cases += [((3, 5, 8), (3, 2), {"data_format": "channels_first"})]
    cases += [((6, 9, 2), (4, 5), {"interpolation": k}) for k in ("nearest", "bicubic")]
    cases += [((9, 6, 2), (3, 5), {"interpolation": "lanczos3"})]
    for shape, size, more in cases:
        x = draw.integers(0, 256, shape).astype("uint8")
        mine = kerasish.preprocessing.image.smart_resize(x, size, **more)
        other = keras.preprocessing.image.smart_resize(x, size, **more)
        assert isinstance(mine, np.ndarray) and mine.dtype == other.dtype
        np.testing.assert_allclose(mine, other, atol=1e-3)
    tensor = kerasish.ops.ones((4, 8, 1))
    made = kerasish.preprocessing.image.smart_resize(tensor, (2, 2))
    assert kerasish.backend.is_array(made) and tuple(made.shape) == (2, 2, 1)


# --- folders --------------------------------------------------------------------------


def both(kind, folder, **given):
    """The same data set of ours and, by Grain, of Keras."""
    more = {"verbose": False, **given}
    ours = getattr(utils, kind)(folder, **more)
    return ours, getattr(theirs, kind)(folder, format="grain", **more)


FOLDERS = [
    {"shuffle": False},
    {"seed": 3},
    {"seed": 3, "validation_split": 0.3, "subset": "training"},
    {"seed": 3, "validation_split": 0.3, "subset": "validation"},
    {"shuffle": False, "validation_split": 0.45, "subset": "validation"},
    {"shuffle": False, "class_names": ["b", "a"]},
    {"shuffle": False, "labels": None, "label_mode": None},
    {"shuffle": False, "labels": [*range(12)]},
    {"shuffle": False, "class_names": ["b", "a"], "label_mode": "binary"},
    {"shuffle": False, "label_mode": "categorical"},
    {"shuffle": False, "labels": [2, 0, 1] * 4, "label_mode": "categorical"},
    {"shuffle": False, "batch_size": None},
    {"shuffle": False, "color_mode": "grayscale"},
    {"shuffle": False, "color_mode": "rgba", "data_format": "channels_first"},
    {"shuffle": False, "interpolation": "nearest", "crop_to_aspect_ratio": True},
    {"shuffle": False, "interpolation": "bicubic", "pad_to_aspect_ratio": True},
    {"shuffle": False, "interpolation": "lanczos5", "image_size": (8, 3)},
]


@pytest.mark.parametrize("given", FOLDERS, ids=str)
def test_folders_of_pictures_are_those_of_keras(root, given):
    ours, other = both(
        IMAGES, root / "pics", **{"image_size": (2, 4), "batch_size": 4, **given}
    )
    assert ours.file_paths == other.file_paths
    assert ours.class_names == getattr(other, "class_names", None)
    if given.get("shuffle", True):
        return  # the order of an epoch is ours
    made, wanted = list(ours), list(other)
    assert len(ours) == len(made) == len(wanted)
    for mine, expected in zip(made, wanted, strict=True):
        mine = mine if isinstance(mine, tuple) else (mine,)
        expected = expected if isinstance(expected, tuple) else (expected,)
        for a, b in zip(mine, expected, strict=True):
            assert np.asarray(a).dtype == np.asarray(b).dtype
            np.testing.assert_allclose(a, b, atol=2e-3)


def test_links_are_followed_if_wanted(tmp_path):
    for name in ("real/a", "far"):
        (tmp_path / name).mkdir(parents=True)
    utils.save_img(tmp_path / "far/1.png", np.ones((2, 2, 1)))
    utils.save_img(tmp_path / "real/a/0.png", np.ones((2, 2, 1)))
    (tmp_path / "real/a/link").symlink_to(tmp_path / "far")
    for follow, count in ((False, 1), (True, 2)):
        ours, other = both(
            IMAGES, tmp_path / "real", follow_links=follow, shuffle=False
        )
        assert ours.file_paths == other.file_paths
        assert len(ours.file_paths) == count


def test_both_parts_share_no_file_and_their_sizes_are_told(root, capsys):
    given = {"seed": 1, "validation_split": 0.3, "image_size": (2, 2)}
    left, right = getattr(utils, IMAGES)(root / "pics", subset="both", **given)
    assert capsys.readouterr().out == (
        "Found 10 files belonging to 4 classes.\n"
        "Using 7 files for training.\nUsing 3 files for validation.\n"
    )
    assert len({*left.file_paths, *right.file_paths}) == 10
    labels = [np.concatenate([y for _, y in right]).tolist() for _ in range(2)]
    paths = [
        os.path.relpath(p, root / "pics").split(os.sep)[0] for p in right.file_paths
    ]
    assert labels == [[right.class_names.index(name) for name in paths]] * 2


WRONG_FOLDERS = [
    ("", {"label_mode": "x"}, "`label_mode`.*'x'"),
    ("", {"color_mode": "x"}, "`color_mode`.*'x'"),
    ("", {"interpolation": "area"}, "`interpolation`.*'area'"),
    ("", {"format": "torch"}, "`format`.*'torch'"),
    ("", {"image_size": None}, "two positive integers"),
    ("", {"labels": "x"}, "`labels` must be"),
    ("", {"labels": [0, 1]}, r"len\(labels\) is 2 while we found 12 files"),
    ("", {"labels": [0.5] * 12}, "`labels` must be integers.*float64"),
    ("", {"labels": [0] * 12, "class_names": ["a"]}, "names of subfolders"),
    ("", {"labels": [5] * 12, "label_mode": "categorical"}, "numbers from 0 to 0"),
    ("", {"class_names": ["a", "zz"]}, r"\['zz'\]"),
    ("", {"class_names": ["a", "a"]}, "twice"),
    ("", {"label_mode": "binary"}, r"exactly 2 classes, but there are 4"),
    ("", {"validation_split": 0.2}, "`subset` is set, `validation_split`"),
    ("", {"subset": "both"}, "`subset` is set, `validation_split`"),
    ("", {"validation_split": 2, "subset": "both"}, "between 0 and 1, got 2"),
    ("", {"validation_split": 0.2, "subset": "test"}, "`subset`.*'test'"),
    ("", {"validation_split": 0.2, "subset": "both"}, "must provide a `seed`"),
    (
        "",
        {"validation_split": 0.01, "subset": "both", "seed": 1},
        "leaves none for val",
    ),
    ("", {"batch_size": 0}, "`batch_size` must be an integer of at least 1"),
    ("empty", {}, r"No images found in directory .*empty.*\('.bmp', .*'.png'\)"),
    ("b", {}, "one subfolder for each class; or `labels=None`"),
]


@pytest.mark.parametrize(("name", "given", "text"), WRONG_FOLDERS)
def test_wrong_folders_and_arguments_are_named(root, name, given, text):
    with pytest.raises(ValueError, match=text):
        getattr(utils, IMAGES)(root / "pics" / name, verbose=False, **given)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder that exists.*none"):
        getattr(utils, IMAGES)(tmp_path / "none")


def test_a_broken_picture_is_named_when_its_batch_is_due(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/bad.png").write_text("hello")
    with pytest.raises(OSError, match=r"bad.png` cannot be read"):
        list(getattr(utils, IMAGES)(tmp_path, verbose=False))


def test_texts_are_those_of_keras(root):
    for given in ({}, {"max_length": 4}, {"label_mode": "binary"}):
        ours, other = both(
            "text_dataset_from_directory", root / "texts", shuffle=False, **given
        )
        (x, y), (text, label) = next(iter(ours)), next(iter(other))
        assert x.tolist() == [str(t) for t in text]
        np.testing.assert_array_equal(y, np.asarray(label))
        assert y.dtype == np.asarray(label).dtype


def test_texts_feed_a_vocabulary(root):
    texts = utils.text_dataset_from_directory(
        root / "texts", verbose=False, batch_size=2, seed=1
    )
    layer = kerasish.layers.TextVectorization(output_sequence_length=3)
    layer.adapt(texts.map(lambda x, y: x))
    assert set(layer.get_vocabulary()) == {
        *("", "[UNK]", "so", "gut", "ä", "long", "and", "bad"),
    }
    shapes = {np.shape(x) for x, y in texts.map(lambda x, y: (layer(x), y))}
    assert shapes == {(2, 3), (1, 3)}


def test_texts_in_other_encodings_are_named(tmp_path):
    (tmp_path / "bad.txt").write_bytes("ä".encode("latin-1"))
    texts = utils.text_dataset_from_directory(tmp_path, None, None, verbose=False)
    with pytest.raises(ValueError, match=r"bad.txt` is not in UTF-8: byte 0 is 0xe4"):
        list(texts)
    with pytest.raises(ValueError, match="`max_length`"):
        utils.text_dataset_from_directory(tmp_path, max_length=-1)


def test_sounds_of_all_widths_are_the_same_numbers(tmp_path):
    wave_form = np.array([0, 0.5, -0.5, -1])
    for width in (1, 2, 3, 4):
        x = (wave_form * 2.0 ** (8 * width - 1)).astype("<i4")
        if width == 1:
            x = (x + 128).astype(np.uint8)
        elif width == 2:
            x = x.astype("<i2")
        elif width == 3:
            x = x.view(np.uint8).reshape(-1, 4)[:, :3].copy()
        write_sound(tmp_path / f"a/{width}.wav", x, width)
    sounds = utils.audio_dataset_from_directory(tmp_path, verbose=False, shuffle=False)
    x, y = next(iter(sounds))
    assert x.shape == (4, 4, 1) and x.dtype == "float32" and y.tolist() == [0] * 4
    np.testing.assert_array_equal(x[..., 0], [wave_form] * 4)


def test_sounds_are_filled_up_cut_and_resampled(tmp_path):
    for length in (3, 5):
        write_sound(tmp_path / f"{length}.wav", np.full(length, 8192, "<i2"))

    def made(**given):
        return next(
            iter(
                utils.audio_dataset_from_directory(
                    tmp_path, None, None, shuffle=False, verbose=False, **given
                )
            )
        )

    assert (made()[..., 0] * 4).tolist() == [[1, 1, 1, 0, 0], [1] * 5]
    assert (made(output_sequence_length=4)[..., 0] * 4).tolist() == [
        [1, 1, 1, 0],
        [1] * 4,
    ]
    assert made(sampling_rate=16000).shape == (2, 10, 1)
    # a slow wave keeps its form at half the rate
    times = np.arange(400) / 8000
    write_sound(tmp_path / "3.wav", (8000 * np.sin(500 * times)).astype("<i2"))
    slow = made(sampling_rate=4000, batch_size=1)[0, 50:150, 0]
    expected = 8000 / 32768 * np.sin(500 * times[::2][50:150])
    np.testing.assert_allclose(slow, expected, atol=2e-3)


def test_sounds_that_cannot_be_read_are_named(tmp_path):
    read = utils.audio_dataset_from_directory
    (tmp_path / "bad.wav").write_bytes(b"RIFF\x04\x00\x00\x00WAVE")
    with pytest.raises(ValueError, match=r"bad.wav` cannot be read.*\(PCM\)"):
        list(read(tmp_path, None, None, verbose=False))
    write_sound(tmp_path / "bad.wav", np.zeros(4, "<i2"), channels=2)
    write_sound(tmp_path / "one.wav", np.zeros(4, "<i2"))
    with pytest.raises(ValueError, match=r"number of channels, got \[1, 2\]"):
        list(read(tmp_path, None, None, verbose=False))
    for given in ({"ragged": True}, {"sampling_rate": 0}):
        with pytest.raises(ValueError, match=f"`{next(iter(given))}"):
            read(tmp_path, **given)
    with pytest.raises(ValueError, match="`output_sequence_length`"):
        read(tmp_path, output_sequence_length=-1)


# --- series and parts -----------------------------------------------------------------


def as_lists(data):
    return [
        [np.asarray(part).tolist() for part in b]
        if isinstance(b, tuple)
        else np.asarray(b).tolist()
        for b in data
    ]


def test_windows_are_those_of_keras():
    draw = np.random.default_rng(4)
    for _ in range(60):
        entries = int(draw.integers(6, 15))
        given = {
            "sequence_length": int(draw.integers(1, 4)),
            "sequence_stride": int(draw.integers(1, 4)),
            "sampling_rate": int(draw.integers(1, 3)),
            "batch_size": [None, 2, 5][draw.integers(3)],
            "start_index": [None, 0, 1][draw.integers(3)],
            "end_index": [None, entries - 1][draw.integers(2)],
        }
        x = draw.random((entries, 2)[: draw.integers(1, 3)]).astype("float32")
        y = [None, np.arange(entries), np.arange(entries + 3)][draw.integers(3)]
        mine = utils.timeseries_dataset_from_array(x, y, **given)
        other = theirs.timeseries_dataset_from_array(x, y, format="grain", **given)
        assert as_lists(mine) == as_lists(other), given
        assert len(mine) == len(as_lists(mine))


def test_windows_end_where_targets_end_and_are_shuffled():
    x = np.arange(10)
    data = utils.timeseries_dataset_from_array(
        x, 10 * x[:6], 3, batch_size=2, shuffle=True, seed=1, start_index=2
    )
    first, second = as_lists(data), as_lists(data)
    assert first != second
    assert sorted(y for _, batch in first for y in batch) == [20, 30, 40, 50]
    assert all(10 * w[0] == y for b in second for w, y in zip(*b))


@pytest.mark.parametrize(
    ("name", "value"),
    [("sequence_length", 0), ("sequence_length", 11), ("sequence_length", 2.5)]
    + [("sequence_stride", 0), ("sampling_rate", 11), ("start_index", -1)]
    + [("end_index", 20), ("end_index", 0), ("batch_size", 0)],
)
def test_wrong_arguments_of_windows_are_named(name, value):
    given = {"sequence_length": 3, name: value}
    with pytest.raises(ValueError, match=f"`{name}` must be an integer.*got {value}"):
        utils.timeseries_dataset_from_array(np.arange(10), None, **given)


def test_a_series_without_a_window_is_an_error():
    with pytest.raises(ValueError, match="No window of 3 entries, 5 apart, fits"):
        utils.timeseries_dataset_from_array(np.arange(10), None, 3, sampling_rate=5)


# What Keras gives with TensorFlow: (samples, sizes) -> samples of both parts.
SPLITS = [
    ((10, 0.7, None), (7, 3)),
    ((10, 3, None), (3, 7)),
    ((10, None, 3), (7, 3)),
    ((10, None, 0.25), (8, 2)),
    ((10, 0.25, None), (2, 8)),
    ((10, 0.5, 0.25), (5, 2)),
    ((10, 2, 3), (2, 3)),
    ((3, 0.5, None), (2, 1)),
    ((7, 0.5, None), (4, 3)),
    ((7, 0.9, None), (6, 1)),
]


@pytest.mark.parametrize(("given", "sizes"), SPLITS)
def test_data_are_split_as_keras_does(given, sizes):
    rows, *wanted = given
    left, right = utils.split_dataset(np.arange(rows), *wanted)
    assert (len(left), len(right)) == sizes
    assert as_lists(left) == [*range(sizes[0])]
    assert as_lists(right) == [*range(rows - sizes[1], rows)]


def test_all_kinds_of_data_are_split():
    left, right = utils.split_dataset(np.arange(10), 0.5, shuffle=True, seed=1)
    # the order of Keras with the same seed
    assert as_lists(left) + as_lists(right) == [6, 8, 9, 7, 5, 3, 0, 4, 1, 2]
    pair = np.arange(4), np.arange(4) * 2
    for data in (pair, list(pair)):
        left, right = utils.split_dataset(data, 0.5)
        assert as_lists(left) == [[0, 0], [1, 2]] and as_lists(right) == [
            [2, 4],
            [3, 6],
        ]
    left, _ = utils.split_dataset({"a": pair[1]}, 0.5)
    assert [int(row["a"]) for row in left] == [0, 2]
    batches = from_rows(lambda rows: (rows, rows), 7, 2)
    left, right = utils.split_dataset(batches, 0.5)
    assert as_lists(left) == [[[0, 1], [0, 1]], [[2, 3], [2, 3]]]
    assert as_lists(right) == [[[4, 5], [4, 5]], [[6], [6]]]


@pytest.mark.parametrize(
    ("error", "given", "text"),
    [
        (ValueError, (np.arange(10),), "At least one of `left_size`"),
        (ValueError, (np.arange(10), 0.7, 0.7), "together more than the 10 samples"),
        (ValueError, (np.arange(10), 17), "`left_size`.*from 1 to 9.*got 17"),
        (ValueError, (np.arange(10), None, 1.5), "`right_size`.*got 1.5"),
        (ValueError, (np.arange(3), 0.1), "left part would be empty"),
        (TypeError, (np.arange(3), "a"), "`left_size`.*'a'"),
        (ValueError, ((np.arange(4), np.arange(5)), 0.5), "same number of samples"),
        (TypeError, (3, 0.5), "`dataset` must be an array.*got 3"),
        (ValueError, (from_rows(lambda r: r, 2, 1).repeat(), 0.5), "has no end"),
    ],
)
def test_wrong_splits_are_errors(error, given, text):
    with pytest.raises(error, match=text):
        utils.split_dataset(*given)


# --- what scripts chain ---------------------------------------------------------------


def count_to(number):
    return Dataset(lambda epoch: range(number), number)


CHAINS = [
    (lambda d: d.map(lambda n: n * 2), [0, 2, 4, 6, 8], 5),
    (lambda d: d.filter(lambda n: n % 2), [1, 3], None),
    (lambda d: d.take(2), [0, 1], 2),
    (lambda d: d.take(-1).take(9), [0, 1, 2, 3, 4], 5),
    (lambda d: d.skip(3), [3, 4], 2),
    (lambda d: d.skip(-1), [], 0),
    (lambda d: d.repeat(2).skip(4), [4, 0, 1, 2, 3, 4], 6),
    (lambda d: d.repeat().take(7), [0, 1, 2, 3, 4, 0, 1], 7),
    (lambda d: d.batch(2), [[0, 1], [2, 3], [4]], 3),
    (lambda d: d.batch(2, drop_remainder=True), [[0, 1], [2, 3]], 2),
    (lambda d: d.batch(2).unbatch(), [0, 1, 2, 3, 4], None),
    (lambda d: d.cache().prefetch(-1), [0, 1, 2, 3, 4], 5),
    (lambda d: d.map(lambda n: (n, -n)).map(lambda a, b: a - b).take(2), [0, 2], 2),
]


@pytest.mark.parametrize(("chain", "expected", "count"), CHAINS)
def test_what_scripts_chain(chain, expected, count):
    data = chain(count_to(5))
    for _ in range(2):
        assert as_lists(data) == expected
    assert [x.tolist() for x in data.as_numpy_iterator()] == expected
    assert data.count == count
    if count is None:
        with pytest.raises(TypeError, match="is not known"):
            len(data)
    else:
        assert len(data) == count
    assert data  # also if nothing is in it


def test_shuffled_passes_and_what_is_kept():
    shuffled = count_to(6).shuffle(6, seed=2)
    first, second = as_lists(shuffled), as_lists(shuffled)
    assert sorted(first) == sorted(second) == [0, 1, 2, 3, 4, 5] and first != second
    assert as_lists(count_to(6).shuffle(6, seed=2)) == first
    same = count_to(6).shuffle(3, seed=2, reshuffle_each_iteration=False)
    assert as_lists(same) == as_lists(same)
    assert as_lists(same.take(1))[0] < 3  # a buffer of 3 gives none of the others first
    calls = []
    kept = count_to(3).map(lambda n: calls.append(n) or n).cache()
    next(iter(kept))  # a pass that is broken off keeps nothing
    assert as_lists(kept) == as_lists(kept) == [0, 1, 2] and calls == [0, 0, 1, 2]
    texts = Dataset(lambda epoch: ["a", "bcd"], 2).batch(2)
    assert next(iter(texts)).dtype == object
    with pytest.raises(ValueError, match="`filename`"):
        kept.cache("file")
    with pytest.raises(ValueError, match="`count` must be an integer of at least 0"):
        kept.take(-2)


def test_threads_read_in_order_and_stop():
    def read(rows):
        if rows[0] == 8:
            raise OSError("row 8")
        return rows

    data = from_rows(read, 10, 2, workers=3)
    assert as_lists(data.take(4)) == [[0, 1], [2, 3], [4, 5], [6, 7]]
    with pytest.raises(OSError, match="row 8"):
        list(data)


# --- training -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(root):
    """A model, pictures, and the history of three epochs in one go."""
    data = getattr(utils, IMAGES)(
        root / "pics", image_size=(2, 2), batch_size=4, seed=5, verbose=False
    ).map(lambda x, y: (x / 255, y))

    def model():
        utils.set_random_seed(1)
        layers = kerasish.layers
        made = kerasish.Sequential([layers.Flatten(), layers.Dense(4)])
        loss = kerasish.losses.SparseCategoricalCrossentropy(from_logits=True)
        made.compile("sgd", loss)
        return made

    whole = model()
    history = whole.fit(data, epochs=3, verbose=0, validation_data=data.take(2))
    return model, data, whole, history.history["loss"]


def test_models_learn_from_folders(trained):
    _, data, model, losses = trained
    assert len(losses) == 3 and losses[-1] < losses[0]
    x = np.concatenate([x for x, _ in data.epoch(0)])
    predicted = model.predict(Dataset(data.epoch, len(data)), verbose=0)
    np.testing.assert_allclose(predicted, model.predict(x, verbose=0), rtol=1e-5)
    y = np.concatenate([y for _, y in data.epoch(0)])
    np.testing.assert_allclose(
        model.evaluate(data, verbose=0), model.evaluate(x, y, verbose=0), rtol=1e-5
    )


def test_training_in_two_parts_equals_training_in_one(trained):
    model, data, _, losses = trained
    again = model()
    first = again.fit(data, epochs=1, verbose=0).history["loss"]
    rest = again.fit(data, epochs=3, initial_epoch=1, verbose=0).history["loss"]
    np.testing.assert_allclose(first + rest, losses, rtol=1e-5)


def test_data_without_an_end_need_steps(trained):
    _, data, model, _ = trained
    with pytest.raises(ValueError, match=r"has no end.*`steps_per_epoch`"):
        model.fit(data.repeat(), verbose=0)
    history = model.fit(data.repeat(), steps_per_epoch=4, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
