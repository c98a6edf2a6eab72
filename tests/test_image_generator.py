"""`ImageDataGenerator` of Keras 1 and 2: its numbers, its batches, its errors."""

import importlib
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import kerasish
from kerasish import legacy

pytestmark = [
    pytest.mark.filterwarnings("ignore::kerasish.legacy.LegacyWarning"),
    pytest.mark.filterwarnings("ignore:Please import:DeprecationWarning"),  # Keras
    pytest.mark.usefixtures("quick_compilation"),
]
ours = importlib.import_module("kerasish.legacy.image")
Generator = ours.ImageDataGenerator
DRAW = np.random.default_rng(0)
X = (DRAW.random((5, 8, 8, 3)) * 255).astype("float32")  # square: see below
Y = np.arange(5)


@pytest.fixture(scope="module")
def theirs():
    pytest.importorskip("keras")
    return importlib.import_module("keras._tf_keras.keras.preprocessing.image")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    for name in ("cat/1.png", "cat/2.jpg", "cat/sub/3.bmp", "dog/4.PNG", "dog/5.bmp"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        x = DRAW.random((6, 9, 3))
        kerasish.utils.save_img(root / name, x)
    (root / "dog/notes.txt").write_text("no picture")
    (root / ".hidden").mkdir()
    return root


# --- numbers --------------------------------------------------------------------------

CHANGES = [
    {"rotation_range": 30},
    {"shear_range": 20, "zoom_range": 0.3},
    {"channel_shift_range": 30.0, "horizontal_flip": True, "vertical_flip": True},
    {"rotation_range": 20, "fill_mode": "reflect", "interpolation_order": 3},
    {"zoom_range": [0.5, 0.8], "fill_mode": "constant", "cval": 7.0},
    {"samplewise_std_normalization": True, "rescale": 1 / 255},
    {"samplewise_center": True, "rotation_range": 9, "fill_mode": "wrap"},
    {"rescale": 0.5, "preprocessing_function": np.negative},
]


@pytest.mark.parametrize("given", CHANGES, ids=str)
@pytest.mark.filterwarnings("ignore:This ImageDataGenerator:UserWarning")
def test_batches_are_those_of_keras_with_the_same_seed(theirs, given):
    mine = Generator(**given).flow(X, Y, batch_size=2, seed=4)
    other = theirs.ImageDataGenerator(**given).flow(X, Y, batch_size=2, seed=4)
    assert len(mine) == len(other) == 3
    for _ in range(7):  # three epochs
        (x, y), (expected, labels) = next(mine), next(other)
        assert y.tolist() == labels.tolist()
        assert x.dtype == expected.dtype == "float32"
        np.testing.assert_allclose(x, expected, atol=1e-3)


def test_draws_are_those_of_keras_but_for_the_directions(theirs):
    for given in (
        {"width_shift_range": 0.4, "brightness_range": (0.5, 1.5)},
        {"height_shift_range": 2, "zoom_range": 0.2},
        {"width_shift_range": [-2, 3], "height_shift_range": 0.3},
        {"width_shift_range": 1.5, "rotation_range": 5, "shear_range": 3},
    ):
        for seed in range(3):
            mine = Generator(**given).get_random_transform((6, 6, 3), seed)
            other = theirs.ImageDataGenerator(**given)
            other = other.get_random_transform((6, 6, 3), seed)
            # Keras moves columns by the range of the height
            mine["tx"], mine["ty"] = mine["ty"], mine["tx"]
            assert mine == other


def test_pictures_move_in_the_direction_that_is_asked_for():
    x = np.zeros((6, 8, 1))
    x[2, 3] = 1
    given = {"fill_mode": "constant"}
    across = Generator(width_shift_range=[2], **given).random_transform(x, seed=0)
    down = Generator(height_shift_range=[2], **given).random_transform(x, seed=0)
    assert [tuple(i[:2]) for i in np.argwhere(across)] in ([(2, 1)], [(2, 5)])
    assert [tuple(i[:2]) for i in np.argwhere(down)] in ([(0, 3)], [(4, 3)])
    first = Generator(data_format="channels_first", **given)
    moved = first.apply_transform(np.moveaxis(x, -1, 0), {"tx": 1, "ty": -1})
    assert np.argwhere(moved).tolist() == [[0, 3, 2]]


def test_pictures_that_are_not_square_turn_about_their_middle():
    x = DRAW.random((5, 9, 2))
    turned = Generator().apply_transform(x, {"theta": 180})
    np.testing.assert_allclose(turned, x[::-1, ::-1], atol=1e-9)
    quarter = Generator(fill_mode="constant").apply_transform(x, {"theta": 90})
    np.testing.assert_allclose(quarter[:, 2:7], np.rot90(x[:, 2:7]), atol=1e-9)
    zoomed = Generator().apply_transform(np.arange(5.0)[:, None, None], {"zy": 0.5})
    assert zoomed.ravel().tolist() == [1, 1.5, 2, 2.5, 3]


def test_warps_equal_keras_on_squares(theirs):
    axes = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
    for given in (
        {"theta": 20, "tx": 1, "ty": 2, "shear": 5, "zx": 0.8, "zy": 0.9},
        {},
    ):
        for order in (0, 1, 2):
            mine = ours.apply_affine_transform(X[0], **given, **axes, order=order)
            other = theirs.apply_affine_transform(
                X[0].copy(), **given, **axes, order=order
            )
            np.testing.assert_allclose(mine, other, atol=1e-3)


def test_brightness_is_that_of_keras_but_not_rounded(theirs):
    for x in (X[0], X[0] * 2 - 100):  # within 0 to 255, and beyond
        for scale in (True, False):
            mine = ours.apply_brightness_shift(x, 1.3, scale)
            other = theirs.apply_brightness_shift(x.copy(), 1.3, scale)
            np.testing.assert_allclose(mine, other, atol=4.5)
    small = Generator(brightness_range=(2, 2)).random_transform(X[0] / 255)
    np.testing.assert_allclose(small, X[0] / 255 * 2, rtol=1e-6)  # Keras: black
    shifted = ours.apply_channel_shift(X[0], 30.0)
    np.testing.assert_array_equal(shifted, theirs.apply_channel_shift(X[0], 30.0, 2))


FITS = [
    {"featurewise_center": True},
    {"featurewise_std_normalization": True},
    {"zca_whitening": True, "zca_epsilon": 1e-2},
    {"featurewise_std_normalization": True, "zca_whitening": True, "zca_epsilon": 0.1},
    {"featurewise_std_normalization": True, "data_format": "channels_first"},
]


@pytest.mark.parametrize("given", FITS, ids=str)
@pytest.mark.filterwarnings("ignore:This ImageDataGenerator:UserWarning")
@pytest.mark.filterwarnings("ignore:Expected input to be images:UserWarning")
def test_what_is_learnt_of_data_is_what_keras_learns(theirs, given):
    x = X.transpose(0, 3, 1, 2) if "data_format" in given else X
    x = x[:, :3, :4] if "data_format" in given else x[:, :4, :3]
    mine, other = Generator(**given), theirs.ImageDataGenerator(**given)
    mine.fit(x)
    other.fit(x.copy())
    expected = other.standardize(x[1].copy())
    np.testing.assert_allclose(mine.standardize(x[1]), expected, atol=2e-3)
    assert mine.mean.shape == other.mean.shape


def test_learning_of_changed_pictures_is_repeatable():
    def learnt(seed):
        generator = Generator(featurewise_center=True, rotation_range=40)
        generator.fit(X, augment=True, rounds=2, seed=seed)
        return generator.mean

    assert np.array_equal(learnt(1), learnt(1)) and not np.array_equal(
        learnt(1), learnt(2)
    )
    kept = X.copy()
    Generator(rescale=2, samplewise_center=True).standardize(X[0])
    assert np.array_equal(kept, X)  # nothing is changed in place


def test_a_generator_that_has_learnt_nothing_says_so():
    for name in ("featurewise_center", "zca_whitening"):
        with pytest.warns(UserWarning, match=r"has no effect.*call `fit\(x\)`"):
            Generator(**{name: True}).standardize(X[0])


# --- batches of arrays ----------------------------------------------------------------


def test_batches_carry_weights_and_further_arrays():
    flow = Generator().flow((X, [Y * 2]), Y, 2, False, sample_weight=Y * 10)
    (x, more), y, weights = flow[1]
    np.testing.assert_array_equal(x, X[2:4])
    assert (more.tolist(), y.tolist(), weights.tolist()) == ([4, 6], [2, 3], [20, 30])
    assert isinstance(Generator().flow(X, batch_size=2)[0], np.ndarray)
    assert isinstance(flow, kerasish.utils.PyDataset) and flow.n == 5


def test_epochs_have_orders_of_their_own_and_begin_anew():
    flow = Generator().flow(X, Y, batch_size=2, seed=1)
    first = [y.tolist() for _, y in (flow[0], flow[1], flow[2])]
    assert first == [[2, 1], [4, 0], [3]]  # Keras's with the same seed
    flow.on_epoch_end()
    second = [y.tolist() for _, y in (flow[0], flow[1], flow[2])]
    assert second == [[0, 3], [1, 4], [2]]
    np.random.seed(3)
    drawn = Generator(rotation_range=90).flow(X, Y, 2)
    assert not np.array_equal(drawn[0][0], drawn[0][0])  # without a seed: anew
    next(flow)
    flow.reset()
    assert next(flow)[1].tolist() == [0, 3]


def test_subsets_of_arrays():
    y = np.array([0, 1, 0, 1, 0])
    generator = Generator(validation_split=0.4)
    parts = [generator.flow(X, y, subset=s) for s in ("training", "validation")]
    assert [part.y.tolist() for part in parts] == [[0, 1, 0], [0, 1]]
    with pytest.raises(ValueError, match="different number of classes"):
        generator.flow(X, Y, subset="training")
    assert generator.flow(X, Y, subset="training", ignore_class_split=True).n == 3


def test_pictures_are_saved(tmp_path):
    flow = Generator().flow(
        X, batch_size=2, shuffle=False, save_to_dir=tmp_path, save_prefix="p", seed=1
    )
    flow[1]
    assert sorted(name.split("_")[:2] for name in os.listdir(tmp_path)) == [
        ["p", "2"],
        ["p", "3"],
    ]


WRONG = [
    (lambda: Generator(zoom_range="a"), ValueError, "`zoom_range`.*'a'"),
    (lambda: Generator(brightness_range=1.0), ValueError, "`brightness_range`.*1.0"),
    (lambda: Generator(fill_mode="x"), ValueError, "`fill_mode`.*'x'"),
    (lambda: Generator(validation_split=2), ValueError, "`validation_split`.*2"),
    (lambda: Generator(data_format="x"), ValueError, "data_format"),
    (lambda: Generator().fit(X[0]), ValueError, r"4 axes.*\(8, 8, 3\)"),
    (lambda: Generator().flow(X[0]), ValueError, r"4 axes.*\(8, 8, 3\)"),
    (lambda: Generator().flow(X, Y[:3]), ValueError, "5 pictures, but `y` 3"),
    (lambda: Generator().flow(X, Y)[1], ValueError, "There are 1 batches, but 1"),
    (lambda: Generator().flow(X, subset="all"), ValueError, "`subset`.*'all'"),
    (lambda: Generator().flow(X, subset="training"), ValueError, "validation_split="),
]


@pytest.mark.parametrize(("call", "error", "text"), WRONG)
def test_wrong_arguments_are_named(call, error, text):
    with pytest.raises(error, match=text):
        call()
    with pytest.warns(UserWarning, match="have 2 channels"):
        Generator().flow(X[..., :2])


# --- batches of files -----------------------------------------------------------------


def test_folders_are_those_of_keras(theirs, folder, capsys):
    given = {
        "target_size": (5, 5),
        "seed": 2,
        "batch_size": 2,
        "classes": ["cat", "dog"],
    }
    for mode in ("categorical", "binary", "sparse", "input"):
        makers = Generator, theirs.ImageDataGenerator
        mine, other = (
            make(rescale=1 / 255, rotation_range=10).flow_from_directory(
                folder, class_mode=mode, **given
            )
            for make in makers
        )
        assert capsys.readouterr().out == "Found 5 images belonging to 2 classes.\n" * 2
        for name in ("filenames", "class_indices", "image_shape", "n", "num_classes"):
            assert getattr(mine, name) == getattr(other, name)
        assert mine.classes.tolist() == other.classes.tolist()
        for _ in range(4):
            (x, y), (expected, labels) = next(mine), next(other)
            np.testing.assert_allclose(x, expected, atol=1e-5)
            np.testing.assert_allclose(y, labels, atol=1e-5)
            assert y.dtype == labels.dtype


def test_parts_of_folders(folder, theirs):
    for subset in ("training", "validation"):
        mine, other = (
            make(validation_split=0.4).flow_from_directory(
                folder, subset=subset, classes=["cat", "dog"]
            )
            for make in (Generator, theirs.ImageDataGenerator)
        )
        assert mine.filenames == other.filenames
    whole = Generator().flow_from_directory(
        folder, classes=["."], class_mode=None, target_size=(2, 3), color_mode="rgba"
    )
    assert whole[0].shape == (5, 2, 3, 4)
    found = Generator().flow_from_directory(folder)  # hidden folders are no classes
    assert found.class_indices == {"cat": 0, "dog": 1}
    with pytest.raises(ValueError, match=r"names no subfolders.*\['bird'\]"):
        Generator().flow_from_directory(folder, classes=["cat", "bird"])
    with pytest.raises(ValueError, match=r"no pictures \(`.png`.*classes=\['.'\]"):
        Generator().flow_from_directory(folder / ".hidden")
    for name in ("class_mode", "color_mode"):
        with pytest.raises(ValueError, match=f"`{name}`.*'x'"):
            Generator().flow_from_directory(folder, **{name: "x"})


TABLE = pd.DataFrame(
    {
        "filename": ["dog/4.PNG", "cat/1.png", "cat/2.jpg", "dog/5.bmp", "no.png"],
        "class": ["d", "c", "c", "d", "d"],
        "v": [1.0, 2, 3, 4, 5],
        "w": [1.0, 1, 2, 2, 3],
        "both": [["d"], ["c", "d"], ["c"], ["d"], ["d"]],
    }
)
TABLES = [
    {},
    {"class_mode": "binary"},
    {"class_mode": "sparse", "classes": ["d", "c"]},
    {"classes": ["d"]},
    {"y_col": "both"},
    {"class_mode": "raw", "y_col": "v"},
    {"class_mode": "raw", "y_col": ["v", "w"], "weight_col": "w"},
    {"class_mode": "multi_output", "y_col": ["v", "w"]},
    {"class_mode": None},
    {"class_mode": "input", "weight_col": "w"},
    {"subset": "training"},
    {"subset": "validation"},
]


@pytest.mark.parametrize("given", TABLES, ids=str)
@pytest.mark.filterwarnings("ignore:Found 1 invalid image:UserWarning")
def test_tables_are_read_as_in_keras(theirs, folder, given, capsys, close):
    given = {"target_size": (3, 3), "shuffle": False, **given}
    split = {"validation_split": 0.5 if "subset" in given else 0.0}
    with pytest.warns(UserWarning, match="1 names that are no pictures.*no.png"):
        mine = Generator(**split).flow_from_dataframe(TABLE, folder, **given)
    other = theirs.ImageDataGenerator(**split).flow_from_dataframe(
        TABLE, folder, **given
    )
    told = capsys.readouterr().out.splitlines()
    assert told[0] == told[1]
    assert mine.filenames == other.filenames
    assert getattr(mine, "class_indices", None) == getattr(other, "class_indices", None)
    parts, expected = (b if isinstance(b, tuple) else (b,) for b in (mine[0], other[0]))
    close(list(parts), list(expected))


def test_wrong_tables_are_named(folder):
    flow = Generator().flow_from_dataframe
    good = TABLE[:4]
    with pytest.raises(KeyError, match=r"no column 'clas'.*'class'"):
        flow(good, folder, y_col="clas")
    with pytest.raises(TypeError, match=r"names of classes in the column 'v'.*astype"):
        flow(good, folder, y_col="v")
    with pytest.raises(ValueError, match="needs 2 classes, but there are 1"):
        flow(good[1:3], folder, class_mode="binary")
    with pytest.raises(TypeError, match=r"no arguments \['shuffel'\]"):
        flow(good, folder, shuffel=True)
    with (
        pytest.warns(UserWarning, match="5 names that are no pictures"),
        pytest.raises(ValueError, match="check `directory` and `x_col`"),
    ):
        flow(TABLE, None, drop_duplicates=False)
    unseen = flow(TABLE, folder, validate_filenames=False, shuffle=False)
    with pytest.raises(FileNotFoundError, match=r"no\.png"):
        unseen[0]


# --- training -------------------------------------------------------------------------


def test_models_learn_from_generators():
    layers = kerasish.layers
    model = kerasish.Sequential([layers.Flatten(), layers.Dense(1)])
    model.compile(kerasish.optimizers.SGD(1e-3), "mse")
    generator = Generator(samplewise_std_normalization=True, rotation_range=3)
    flow = generator.flow(X, Y.astype("float32"), batch_size=2, seed=1)
    flow.workers = 2
    history = model.fit(flow, epochs=4, verbose=0, validation_data=flow)
    losses = history.history["loss"]
    assert len(losses) == 4 and losses[-1] < losses[0]
    still = generator.flow(X, batch_size=2, shuffle=False)
    assert model.predict(still, verbose=0).shape == (5, 1)


def test_batches_are_functions_of_the_seed_however_many_threads_make_them():
    generator = Generator(rotation_range=90, horizontal_flip=True)
    one, many = (generator.flow(X, Y, 1, seed=1) for _ in range(2))
    for _ in range(2):
        with ThreadPoolExecutor(3) as pool:
            made = list(pool.map(many.__getitem__, range(5)))
        for (x, y), (other, label) in zip([one[i] for i in range(5)], made):
            np.testing.assert_array_equal(x, other)
            assert y == label
        one.on_epoch_end()
        many.on_epoch_end()


def test_the_old_names_say_what_is_preferred(monkeypatch):
    monkeypatch.setattr(legacy, "_told", set())
    with pytest.warns(legacy.LegacyWarning, match="`image_dataset_from_directory`"):
        kerasish.preprocessing.image.ImageDataGenerator()
    with pytest.raises(AttributeError, match="nothing"):
        kerasish.preprocessing.image.nothing  # noqa: B018
