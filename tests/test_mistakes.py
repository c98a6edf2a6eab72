"""Mistakes get answers: the right exception, who, what came, what was expected."""

import warnings

import numpy as np
import pytest

import kerasish as keras
from kerasish import layers

X, Y = np.ones((8, 4), "float32"), np.ones((8, 2), "float32")


def model(units=2, loss="mse", activation=None, **compiled):
    made = keras.Sequential(
        [keras.Input((4,)), layers.Dense(units, activation=activation, name="last")]
    )
    made.compile("sgd", loss, **compiled)
    return made


def two_outputs(**compiled):
    x = keras.Input((4,), name="x")
    a, b = layers.Dense(1, name="a")(x), layers.Dense(2, name="b")(x)
    made = keras.Model(x, [a, b])
    made.compile("sgd", "mse", **compiled)
    return made


def fit(made, x=X, y=Y, **options):
    return made.fit(x, y, verbose=0, **options)


LABELS = np.arange(8) % 2
# name: (what is done, exception, what its text says)
MISTAKES = {
    "input of another width": (
        lambda: fit(model(), X[:, :3]),
        ValueError,
        ["input", "sequential", "(None, 4)", "(None, 3)"],
    ),
    "layer on another width": (
        lambda: model().layers[0](np.ones((2, 5))),
        ValueError,
        ["`last`", "axis -1", "value 4", "(2, 5)"],
    ),
    "too few axes": (
        lambda: layers.Dense(2, name="d")(np.ones(3)),
        ValueError,
        ["`d`", "min_ndim=2", "(3,)"],
    ),
    "target wider than output": (
        lambda: fit(model(1), y=np.ones((8, 3))),
        ValueError,
        ["(None, 3)", "(None, 1)", "mean_squared_error", "3 units"],
    ),
    "target narrower than output": (
        lambda: fit(model(3), y=np.ones((8, 1))),
        ValueError,
        ["(None, 1)", "(None, 3)", "1 unit"],
    ),
    "one number for three outputs": (
        lambda: fit(model(3), y=np.ones(8)),
        ValueError,
        ["(None,)", "(None, 3)"],
    ),
    "one-hot for sparse": (
        lambda: fit(model(2, "sparse_categorical_crossentropy")),
        ValueError,
        ["integer class numbers", "(None, 2)", "categorical_crossentropy"],
    ),
    "integers for one-hot": (
        lambda: fit(model(2, "categorical_crossentropy"), y=LABELS),
        ValueError,
        ["(None,)", "(None, 2)", "sparse_categorical_crossentropy"],
    ),
    "label too large": (
        lambda: fit(model(2, "sparse_categorical_crossentropy"), y=LABELS + 1),
        ValueError,
        ["2 units", "0 to 1", "from 1 to 2", "3 units"],
    ),
    "label negative": (
        lambda: fit(model(2, "sparse_categorical_crossentropy"), y=LABELS - 1),
        ValueError,
        ["from -1 to 0"],
    ),
    "label not whole": (
        lambda: fit(model(2, "sparse_categorical_crossentropy"), y=LABELS * 0.5),
        ValueError,
        ["whole class numbers", "0.5"],
    ),
    "x and y of different lengths": (
        lambda: fit(model(), y=Y[:5]),
        ValueError,
        ["`x` has 8", "`y` has 5"],
    ),
    "no target": (
        lambda: fit(model(), y=None),
        ValueError,
        ["no target", "pass `y`"],
    ),
    "misspelt loss": (
        lambda: model(loss="mean_squred_error"),
        ValueError,
        ["loss", "'mean_squred_error'", "Did you mean `mean_squared_error`"],
    ),
    "misspelt optimizer": (
        lambda: model().compile("adm", "mse"),
        ValueError,
        ["optimizer", "'adm'", "Did you mean `adam`"],
    ),
    "misspelt activation": (
        lambda: layers.Dense(2, activation="rleu"),
        ValueError,
        ["activation", "'rleu'", "Did you mean `relu`"],
    ),
    "misspelt metric": (
        lambda: model(metrics=["accurcy"]),
        ValueError,
        ["metric", "'accurcy'", "Did you mean `accuracy`"],
    ),
    "misspelt initializer": (
        lambda: layers.Dense(2, kernel_initializer="glorot_unifrm"),
        ValueError,
        ["initializer", "Did you mean `glorot_uniform`"],
    ),
    "misspelt layer class": (
        lambda: layers.Dese(2),
        AttributeError,
        ["Dese"],
    ),
    "misspelt module": (
        lambda: keras.layer,
        AttributeError,
        ["'layer'", "Did you mean `layers`"],
    ),
    "misspelt name of a layer": (
        lambda: model().get_layer("lst"),
        ValueError,
        ["'lst'", "Did you mean `last`"],
    ),
    "unknown argument of a layer": (
        lambda: layers.Dense(2, activaton="relu"),
        ValueError,
        ["Dense", "activaton", "Did you mean `activation`"],
    ),
    "unknown argument of fit": (
        lambda: model().fit(X, Y, epoch=3),
        TypeError,
        ["epoch"],
    ),
    "fit before compile": (
        lambda: fit(keras.Sequential([keras.Input((4,)), layers.Dense(2)])),
        ValueError,
        ["`compile()`", "`fit()`"],
    ),
    "evaluate before compile": (
        lambda: keras.Sequential([keras.Input((4,)), layers.Dense(2)]).evaluate(X, Y),
        ValueError,
        ["`compile()`", "`evaluate()`"],
    ),
    "empty data": (
        lambda: fit(model(), X[:0], Y[:0]),
        ValueError,
        ["empty"],
    ),
    "object array": (
        lambda: fit(model(), np.array([[object()] * 4] * 8)),
        (TypeError, ValueError),
        ["`x`", "object"],
    ),
    "text": (
        lambda: fit(model(), y=np.array(["a", "b"] * 4)),
        (TypeError, ValueError),
        ["`y`"],
    ),
    "batch_size=0": (
        lambda: fit(model(), batch_size=0),
        ValueError,
        ["`batch_size`", "0"],
    ),
    "epochs is text": (
        lambda: fit(model(), epochs="3"),
        ValueError,
        ["`epochs`", "'3'"],
    ),
    "validation_freq=0": (
        lambda: fit(model(), validation_data=(X, Y), validation_freq=0),
        ValueError,
        ["`validation_freq`", "0"],
    ),
    "wrong number of inputs": (
        lambda: two_outputs().predict([X, X], verbose=0),
        ValueError,
        ["1 input", "'x'", "2"],
    ),
    "wrong key of an input": (
        lambda: two_outputs().predict({"xx": X}, verbose=0),
        ValueError,
        ["'x'", "xx"],
    ),
    "wrong key of a target": (
        lambda: fit(two_outputs(), y={"a": X[:, :1], "c": Y}),
        ValueError,
        ["'c'", "'a', 'b'"],
    ),
    "wrong key of a loss": (
        lambda: fit(two_outputs(loss_weights={"a": 1.0, "bb": 2.0}), y=[X[:, :1], Y]),
        ValueError,
        ["`loss_weights`", "'bb'", "'a', 'b'"],
    ),
    "one target for two outputs": (
        lambda: fit(two_outputs()),
        ValueError,
        ["2 outputs", "`y`"],
    ),
    "metrics of one output only": (
        lambda: fit(two_outputs(metrics=["mae"]), y=[X[:, :1], Y]),
        ValueError,
        ["2 outputs", "`metrics`"],
    ),
    "a source for train_on_batch": (
        lambda: model().train_on_batch(iter([(X, Y)])),
        ValueError,
        ["train_on_batch", "one batch"],
    ),
    "Dense on an unknown width": (
        lambda: layers.Dense(2, name="d")(keras.Input((None,))),
        ValueError,
        ["`d`"],
    ),
    "not a layer in Sequential": (
        lambda: keras.Sequential([3]),
        ValueError,
        ["Only layers", "3"],
    ),
    "two layers of one name": (
        lambda: keras.Sequential(
            [layers.Dense(1, name="a"), layers.Dense(1, name="a")]
        ),
        ValueError,
        ["`a`", "name"],
    ),
    "inputs that lead nowhere": (
        lambda: keras.Model(keras.Input((2,)), layers.Dense(1)(keras.Input((2,)))),
        ValueError,
        ["not connected"],
    ),
    "a symbolic tensor as condition": (
        lambda: bool(keras.Input((2,), name="flag")),
        ValueError,
        ["`flag`", "kerasish.ops"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gets_an_answer(name):
    act, kind, texts = MISTAKES[name]
    with pytest.raises(kind) as caught:
        act()
    message = str(caught.value)
    for text in texts:
        assert text in message, message


def test_an_error_inside_a_layer_names_it():
    class Odd(keras.Layer):
        def call(self, x):
            return keras.ops.reshape(x, (7, 3))

    with pytest.raises((TypeError, ValueError)) as caught:
        keras.Sequential([keras.Input((4,)), Odd(name="odd")])
    assert any("odd" in note and "(None, 4)" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_in_the_input_is_reported_and_training_goes_on(bad):
    x = X.copy()
    x[3, 2] = bad
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = fit(model(), x, epochs=2)
    texts = [str(w.message) for w in caught]
    assert any("`x`" in t and "row 3" in t for t in texts), texts
    assert any("loss is" in t and "epoch 1" in t for t in texts), texts
    assert len(history.history["loss"]) == 2


def test_labels_of_minus_one_and_one_are_reported():
    with pytest.warns(UserWarning, match="between 0 and 1, but they go from -1"):
        fit(model(1, "binary_crossentropy", "sigmoid"), y=LABELS * 2 - 1)


def test_n_and_n_by_1_are_aligned():
    target = np.arange(8.0)
    flat, column = (
        fit(model(1), y=y, shuffle=False) for y in (target, target[:, None])
    )
    assert np.isfinite([*flat.history["loss"], *column.history["loss"]]).all()


def test_from_logits_of_the_loss_reaches_accuracy():
    made = model(
        1, keras.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    made.set_weights([np.zeros((4, 1)), [0.2]])  # probability 0.55, logit 0.2
    assert made.evaluate(X, np.ones(8), verbose=0)[1] == 1.0
