"""Labels that are words, plain lists, single samples, splits by classes."""

import numpy as np
import pytest

import kerasish
from kerasish.data import to_arrays, train_validation_split
from kerasish.utils import LabelEncoder

WORDS = ["dog", "cat", "emu", "cat"]


@pytest.mark.parametrize("labels", [
    WORDS, np.array(WORDS), np.array(WORDS, object), np.array(WORDS)[:, None],
    [3, 1, 8, 1], [True, False, True], [0.5, -1.0, 0.5],
], ids=str)  # fmt: skip
def test_labels_come_back(labels):
    encoder = LabelEncoder()
    numbers = encoder.fit_transform(labels)
    assert numbers.dtype == np.int32 and numbers.shape == np.shape(labels)
    assert sorted(set(numbers.ravel().tolist())) == list(range(len(encoder)))
    assert encoder.classes == sorted(set(np.ravel(labels).tolist()))
    assert encoder.inverse_transform(numbers).tolist() == np.asarray(labels).tolist()
    again = LabelEncoder.from_config(encoder.get_config())
    assert again.transform(labels).tolist() == numbers.tolist()


def test_a_series_of_labels():
    pandas = pytest.importorskip("pandas")
    for dtype in (object, "category", "string"):
        series = pandas.Series(WORDS, dtype=dtype)
        assert LabelEncoder().fit_transform(series).tolist() == [1, 0, 2, 0]


def test_the_order_of_classes_can_be_chosen():
    encoder = LabelEncoder(["low", "middle", "high"])
    assert encoder.transform(["high", "low"]).tolist() == [2, 0]
    assert encoder.get_config() == {"classes": ["low", "middle", "high"]}
    assert LabelEncoder().get_config() == {"classes": None}


def test_predictions_become_labels():
    three, two = LabelEncoder(["a", "b", "c"]), LabelEncoder(["no", "yes"])
    rows = np.array([[0.1, 0.7, 0.2], [2.0, -1.0, 0.0]], "float32")
    assert three.inverse_transform(rows).tolist() == ["b", "a"]
    for one in ([0.2, 0.5], [[0.2], [0.5]]):
        assert two.inverse_transform(one).tolist() == ["no", "yes"]
    assert two.inverse_transform([[0.9, 0.1]]).tolist() == ["no"]


ENCODER = LabelEncoder(["cat", "dog", "emu"])
WRONG = {
    "unknown": (lambda: ENCODER.transform(["cat", "dgo"]),
                ["'dgo'", "none of the 3 classes", "Did you mean `dog`"]),
    "not fitted": (lambda: LabelEncoder().transform(WORDS), ["`fit(labels)`"]),
    "twice": (lambda: LabelEncoder(["a", "a"]), ["`classes`", "twice"]),
    "gaps": (lambda: LabelEncoder().fit(["a", None]), ["`labels`", "NoneType, str"]),
    "nan": (lambda: LabelEncoder().fit([1.0, np.nan]), ["`labels`", "NaN"]),
    "a word": (lambda: LabelEncoder().fit("cat"), ["`labels`", "'cat'"]),
    "number": (lambda: ENCODER.inverse_transform([3]), ["has 3", "0 to 2"]),
    "size": (lambda: ENCODER.inverse_transform([[0.1, 0.9]]), ["(1, 2)", "axis of 3"]),
    "text": (lambda: ENCODER.inverse_transform(["cat"]), ["`numbers`", "<U3"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_gets_an_answer(mistake):
    call, pieces = WRONG[mistake]
    with pytest.raises(ValueError) as error:
        call()
    for piece in pieces:
        assert piece in str(error.value)


# --- plain data -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    made = kerasish.Sequential(
        [kerasish.Input((2,)), kerasish.layers.Dense(3, "softmax")]
    )
    made.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    return made


def test_lists_of_numbers_and_encoded_words_train(model):
    y = ENCODER.transform(WORDS)
    history = model.fit([[0, 0], [0, 1], [1, 0], [1, 1]], y.tolist(), verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    found = ENCODER.inverse_transform(model.predict([[0, 0]], verbose=0))
    assert found.tolist()[0] in WORDS


@pytest.mark.parametrize("call", [
    lambda m, x: m(x), lambda m, x: m.predict(x, verbose=0),
    lambda m, x: m.predict(x.tolist(), verbose=0), lambda m, x: m.predict_on_batch(x),
    lambda m, x: m.fit(x, [1], verbose=0), lambda m, x: m.train_on_batch(x, [1, 1]),
])  # fmt: skip
def test_a_single_sample_is_told_how_to_be_one(model, call):
    with pytest.raises(ValueError, match=r"For one sample .*`x\[None\]`"):
        call(model, np.ones(2, "float32"))
    assert model.predict(np.ones(2)[None], verbose=0).shape == (1, 3)


def test_words_are_told_where_to_become_numbers():
    for words in (WORDS, np.array(WORDS, object)):
        with pytest.raises(ValueError, match=r"keras\.utils\.LabelEncoder\(\)"):
            to_arrays(words, "y")


# --- splits ---------------------------------------------------------------------------

ROWS = np.arange(40)
CLASSES = np.repeat([0, 1, 2], [20, 16, 4])  # sorted


def split(y=CLASSES, **options):
    (x, *_), (held, y_held, _) = train_validation_split((ROWS, y, None), options)
    assert sorted([*x, *held]) == ROWS.tolist()
    assert np.array_equal(y_held, y[held])
    return held, y_held


def test_a_split_shuffles_by_a_seed():
    held, _ = split(fraction=0.25)
    assert len(held) == 10 and not np.array_equal(np.sort(held), ROWS[30:])
    assert np.array_equal(held, split(fraction=0.25, seed=0)[0])
    assert not np.array_equal(held, split(fraction=0.25, seed=1)[0])
    assert split(fraction=0.25, shuffle=False)[0].tolist() == ROWS[30:].tolist()


def test_a_stratified_split_gives_each_class_its_share():
    for shuffle in (True, False):
        for y in (CLASSES, np.eye(3)[CLASSES]):
            _, held = split(y, fraction=0.25, stratify=True, shuffle=shuffle)
            counts = held.sum(0) if held.ndim > 1 else np.bincount(held)
            assert counts.tolist() == [5, 4, 1]
    ordered = split(fraction=0.25, stratify=True, shuffle=False)[0]
    assert sorted(ordered) == [*range(15, 20), *range(32, 36), 39]


@pytest.mark.parametrize("options, pieces", [
    ({"fraction": 0.2, "strafity": True}, ["'strafity'", "Did you mean `stratify`"]),
    ({"shuffle": True}, ["'fraction'"]),
    ({"fraction": 1.5}, ["between 0 and 1", "1.5"]),
    ({"fraction": 0.2, "stratify": True, "y": ROWS / 2}, ["40 different", "40 rows"]),
    ({"fraction": 0.2, "stratify": True, "y": None}, ["`stratify`", "0 arrays"]),
])  # fmt: skip
def test_a_mistake_in_a_split_gets_an_answer(options, pieces):
    y = options.pop("y", CLASSES)
    with pytest.raises(ValueError) as error:
        train_validation_split((ROWS, y, None), options)
    for piece in pieces:
        assert piece in str(error.value)


def test_fit_splits_by_classes(model):
    x = np.stack([ROWS, CLASSES], axis=1) / 40
    options = {"fraction": 0.25, "stratify": True}
    found = model.fit(x, CLASSES, validation_split=options, epochs=1, verbose=0,
                      batch_size=30, class_weight="balanced")  # fmt: skip
    assert "val_loss" in found.history
