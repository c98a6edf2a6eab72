"""Mistakes get answers: the right exception, who, what came, what was expected.

Each row is a mistake and pieces that its message must hold. Nothing here may train: a
mistake that is only found after a step, or never, fails its row.
"""

import warnings

import numpy as np
import pytest

import kerasish
from kerasish import layers

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
Y1 = X[:, :1]
Y3 = X[:, :3]
LABELS = np.arange(8) % 3
SPARSE = "sparse_categorical_crossentropy"


def model(units=1, loss="mse", activation=None, **options):
    made = kerasish.Sequential(
        [kerasish.Input((4,)), layers.Dense(units, activation=activation, name="out")],
        name="net",
    )
    if loss is not None:
        made.compile("sgd", loss, **options)
    return made


def two_outputs(loss="mse", **options):
    a, b = kerasish.Input((4,), name="a"), kerasish.Input((4,), name="b")
    outputs = {"p": layers.Dense(1, name="p")(a), "q": layers.Dense(1, name="q")(b)}
    made = kerasish.Model([a, b], outputs, name="pair")
    made.compile("sgd", loss, **options)
    return made


def fit(made, *data, **options):
    return made.fit(*data, verbose=0, **options)


PAIR = [X, X]
GOOD = {"p": Y1, "q": Y1}

# Each row: what is called, the exception, pieces of the message.
SHAPES = {
    "input size": (lambda: fit(model(), X[:, :3], Y1), ValueError,
                   ["`input_layer`", "`net`", "(None, 4)", "(None, 3)"]),
    "input size in predict": (lambda: model().predict(X[:, :3], verbose=0), ValueError,
                              ["`input_layer`", "(None, 4)", "3)"]),
    "input size of a layer": (lambda: layers.Dense(2, name="d")(np.ones(3)), ValueError,
                              ["`d`", "min_ndim=2", "ndim=1", "(3,)"]),
    "size changed": (lambda: [d(X) for d in [layers.Dense(2, name="d")]
                              for _ in [d(X[:, :2])]], ValueError,
                     ["`d`", "axis -1", "value 2", "(8, 4)"]),
    "concatenate": (lambda: layers.Concatenate(name="c")([X, X[:3]]), ValueError,
                    ["`c`", "(8, 4)", "(3, 4)"]),
    "broadcast n,3 on n,1": (lambda: fit(model(), X, Y3), ValueError,
                             ["target", "(None, 3)", "`out`", "(None, 1)",
                              "3 units"]),
    "broadcast n,1 on n,3": (lambda: fit(model(3), X, Y1), ValueError,
                             ["(None, 1)", "(None, 3)", "1 unit"]),
    "broadcast n on n,3": (lambda: fit(model(3), X, Y1[:, 0]), ValueError,
                           ["(None,)", "(None, 3)"]),
    "broadcast in evaluate": (lambda: model().evaluate(X, Y3, verbose=0), ValueError,
                              ["(None, 3)", "(None, 1)"]),
    "broadcast in validation": (
        lambda: fit(model(), X, Y1, validation_data=(X, Y3)), ValueError,
        ["(None, 3)", "(None, 1)"]),
    "broadcast on a batch": (lambda: model().train_on_batch(X, Y3), ValueError,
                             ["(None, 3)", "(None, 1)"]),
    "broadcast of a stream": (lambda: fit(model(), iter([(X, Y3)])), ValueError,
                              ["(None, 3)", "(None, 1)"]),
    "one-hot for sparse": (
        lambda: fit(model(3, SPARSE), X, Y3), ValueError,
        ["sparse_categorical_crossentropy", "(None, 3)", "categorical_crossentropy"]),
    "labels for one-hot": (
        lambda: fit(model(3, "categorical_crossentropy"), X, LABELS), ValueError,
        ["categorical_crossentropy", "(None,)", "sparse_categorical_crossentropy"]),
    "labels out of range": (
        lambda: fit(model(2, SPARSE), X, LABELS), ValueError,
        ["2 units", "0 to 1", "from 0 to 2", "3 units"]),
    "negative labels": (
        lambda: fit(model(3, SPARSE), X, LABELS - 1),
        ValueError, ["0 to 2", "from -1 to 1"]),
    "labels out of range in evaluate": (
        lambda: model(2, SPARSE).evaluate(X, LABELS, verbose=0), ValueError,
        ["0 to 1", "from 0 to 2"]),
    "fractional labels": (
        lambda: fit(model(3, SPARSE), X, LABELS / 2),
        ValueError, ["whole class numbers", "0.5"]),
    "embedding range": (lambda: layers.Embedding(3, 2, name="e")(np.array([[3]])),
                        ValueError, ["`e`", "3", "input_dim"]),
}  # fmt: skip
DATA = {
    "lengths": (lambda: fit(model(), X, Y1[:5]), ValueError,
                ["`x` has 8", "`y` has 5", "same number of samples"]),
    "lengths of weights": (lambda: fit(model(), X, Y1, sample_weight=np.ones(3)),
                           ValueError, ["`sample_weight` has 3"]),
    "no targets": (lambda: fit(model(), X), ValueError, ["`y`", "target", "`out`"]),
    "no data": (lambda: fit(model()), ValueError, ["no data", "`x`"]),
    "empty": (lambda: fit(model(), X[:0], Y1[:0]), ValueError, ["empty", "`x`", "0 s"]),
    "empty list": (lambda: fit(model(), [], []), ValueError, ["empty", "`x`"]),
    "empty generator": (lambda: fit(model(), iter(())), ValueError, ["empty", "yield"]),
    "empty in predict": (lambda: model().predict(X[:0], verbose=0), ValueError,
                         ["empty"]),
    "strings": (lambda: fit(model(), X, np.array(["a"] * 8)), ValueError,
                ["`y` holds strings", "np.unique"]),
    "objects": (lambda: fit(model(), np.array([[1, "a"]] * 8, object), Y1), ValueError,
                ["`x` has dtype object", "column 1", "'a'"]),
    "ragged": (lambda: fit(model(), [[1.0, 2.0], [1.0]], [0.0, 1.0]), ValueError,
               ["`x`", "not rectangular", "row 1 has 1", "pad_sequences"]),
    "a string": (lambda: fit(model(), "data.csv", Y1), TypeError,
                 ["`x`", "'data.csv'"]),
    "a number": (lambda: fit(model(), 3.0, Y1), ValueError, ["`x`", "single number"]),
    "list generator": (lambda: fit(model(), ([X, Y1] for _ in range(2))), ValueError,
                       ["batch 0", "tuple", "list of 2"]),
    "y beside a generator": (lambda: fit(model(), iter([(X, Y1)]), Y1), ValueError,
                             ["`y` should not be passed"]),
    "batch_size zero": (lambda: fit(model(), X, Y1, batch_size=0), ValueError,
                        ["`batch_size` must be at least 1", "not 0"]),
    "batch_size float": (lambda: fit(model(), X, Y1, batch_size=2.5), TypeError,
                         ["`batch_size` must be an integer", "2.5"]),
    "batch_size in predict": (lambda: model().predict(X, batch_size=-1, verbose=0),
                              ValueError, ["`batch_size`", "-1"]),
    "epochs": (lambda: fit(model(), X, Y1, epochs=2.5), ValueError,
               ["`epochs`", "2.5"]),
    "negative epochs": (lambda: fit(model(), X, Y1, epochs=-1), ValueError,
                        ["`epochs`", "-1"]),
    "steps": (lambda: fit(model(), X, Y1, steps_per_epoch=0), ValueError,
              ["`steps", "0"]),
    "validation_split": (lambda: fit(model(), X, Y1, validation_split=1.5), ValueError,
                         ["`validation_split`", "1.5"]),
    "validation_freq": (lambda: fit(model(), X, Y1, validation_freq=0), ValueError,
                        ["`validation_freq`", "0"]),
    "shuffle": (lambda: fit(model(), X, Y1, shuffle="yes"), ValueError,
                ["`shuffle`", "'yes'"]),
    "class_weight": (lambda: fit(model(), X, LABELS / 1.5, class_weight={0: 1.0}),
                     ValueError, ["`class_weight`", "integer classes"]),
    "callback class": (
        lambda: fit(model(), X, Y1, callbacks=[kerasish.callbacks.TerminateOnNaN]),
        TypeError, ["`callbacks`", "class `TerminateOnNaN` itself"]),
    "function as callback": (lambda: fit(model(), X, Y1, callbacks=[print]), TypeError,
                             ["`callbacks`", "LambdaCallback"]),
}  # fmt: skip
NAMES = {
    "loss": (lambda: model(loss="mean_squard_error"), ValueError,
             ["loss", "'mean_squard_error'", "mean `mean_squared_error`"]),
    "loss in a dict": (lambda: two_outputs({"p": "mse", "q": "mea"}), ValueError,
                       ["'mea'", "Did you mean `m"]),
    "optimizer": (lambda: model(loss=None).compile("adm", "mse"), ValueError,
                  ["optimizer", "'adm'", "Did you mean `adam`"]),
    "activation": (lambda: layers.Dense(2, "rleu"), ValueError,
                   ["activation", "'rleu'", "Did you mean `relu"]),
    "initializer": (lambda: layers.Dense(2, kernel_initializer="glorot_unifrom"),
                    ValueError, ["initializer", "mean `glorot_uniform`"]),
    "metric": (lambda: model(metrics=["accurcy"]), ValueError,
               ["metric", "'accurcy'", "mean `accuracy`"]),
    "layer": (lambda: layers.Dens, AttributeError, ["Dens", "Did you mean `Dense`"]),
    "module": (lambda: kerasish.optimizer, AttributeError, ["mean `optimizers`"]),
    "layer's argument": (lambda: layers.Dense(2, activaton="relu"), ValueError,
                         ["Dense", "'activaton'", "mean `activation`"]),
    "optimizer's argument": (lambda: kerasish.optimizers.Adam(learnin_rate=1),
                             ValueError, ["learnin_rate", "learning_rate"]),
    "fit's argument": (lambda: fit(model(), X, Y1, epoch=2), TypeError, ["'epoch'"]),
    "compile's argument": (lambda: model(loss=None).compile("sgd", "mse", metric=[]),
                           TypeError, ["'metric'"]),
    "layer by name": (lambda: model().get_layer("ot"), ValueError,
                      ["'ot'", "['out']", "Did you mean `out`"]),
    "policy": (lambda: layers.Dense(2, dtype="float31"), ValueError, ["'float31'"]),
    "monitor": (lambda: fit(model(), X, Y1, epochs=2, callbacks=[
        kerasish.callbacks.EarlyStopping(monitor="los")]), ValueError,
        ["`EarlyStopping`", "`los`", "mean `loss`"]),
}  # fmt: skip
COMPILE = {
    "fit first": (lambda: fit(model(loss=None), X, Y1), ValueError,
                  ["`compile()`", "`fit()`"]),
    "evaluate first": (lambda: model(loss=None).evaluate(X, Y1), ValueError,
                       ["`compile()`", "`evaluate()`"]),
    "batch first": (lambda: model(loss=None).train_on_batch(X, Y1), ValueError,
                    ["`compile()`", "`train_on_batch()`"]),
    "no optimizer name": (lambda: model(loss=None).compile(3, "mse"), ValueError,
                          ["optimizer", "3"]),
    "metrics not a list": (lambda: model(metrics=kerasish.metrics.MeanSquaredError()),
                           ValueError, ["`metrics` must be a list or dict"]),
    "jit_compile": (lambda: model(jit_compile="yes"), ValueError,
                    ["`jit_compile`", "'yes'"]),
    "steps_per_execution": (lambda: model(steps_per_execution=0), ValueError,
                            ["`steps_per_execution`", "0"]),
    "loss_weights": (lambda: model(loss_weights="heavy"), ValueError,
                     ["`loss_weights`", "'heavy'"]),
    "accuracy without targets": (lambda: fit(model(metrics=["accuracy"]), X),
                                 ValueError, ["`y`"]),
}  # fmt: skip
SEVERAL = {
    "too few inputs": (lambda: fit(two_outputs(), [X], GOOD), ValueError,
                       ["`pair`", "2 input(s)", "['a', 'b']", "got 1"]),
    "one array": (lambda: fit(two_outputs(), X, GOOD), ValueError,
                  ["2 input(s)", "['a', 'b']"]),
    "wrong input name": (lambda: fit(two_outputs(), {"a": X, "c": X}, GOOD), ValueError,
                         ["['b']", "['a', 'c']"]),
    "wrong target name": (lambda: fit(two_outputs(), PAIR, {"p": Y1, "r": Y1}),
                          ValueError, ["`y`", "'r'", "['p', 'q']"]),
    "missing target": (lambda: fit(two_outputs(), PAIR, {"p": Y1}), ValueError,
                       ["`q`", "target", "`y`"]),
    "too few targets": (lambda: fit(two_outputs(), PAIR, [Y1]), ValueError,
                        ["`y`", "list of 1", "2 output(s)", "['p', 'q']"]),
    "array for two": (lambda: fit(two_outputs(), PAIR, Y1), ValueError,
                      ["2 outputs", "['p', 'q']", "`y`", "(None, 1)"]),
    "loss name": (lambda: fit(two_outputs({"p": "mse", "qq": "mse"}), PAIR, GOOD),
                  ValueError, ["`loss`", "'qq'", "['p', 'q']"]),
    "loss list": (lambda: fit(two_outputs(["mse"] * 3), PAIR, GOOD), ValueError,
                  ["`loss`", "list of 3", "2 output(s)"]),
    "loss_weights list": (lambda: fit(two_outputs(loss_weights=[1.0]), PAIR, GOOD),
                          ValueError, ["`loss_weights`", "list of 1", "2 output(s)"]),
    "metrics list": (lambda: fit(two_outputs(metrics=["mae"] * 3), PAIR, GOOD),
                     ValueError, ["2 outputs", "`metrics`", "got 3"]),
    "metrics name": (lambda: fit(two_outputs(metrics={"z": "mae"}), PAIR, GOOD),
                     ValueError, ["`metrics`", "'z'", "['p', 'q']"]),
    "weights name": (lambda: fit(two_outputs(), PAIR, GOOD,
                                 sample_weight={"z": np.ones(8)}),
                     ValueError, ["`sample_weight`", "'z'"]),
    "class_weight": (lambda: fit(two_outputs(), PAIR, GOOD, class_weight={0: 1.0}),
                     ValueError, ["`class_weight`", "single output"]),
}  # fmt: skip
TABLE = {**SHAPES, **DATA, **NAMES, **COMPILE, **SEVERAL}


@pytest.mark.parametrize("mistake", TABLE)
def test_a_mistake_gets_an_answer(mistake):
    call, kind, pieces = TABLE[mistake]
    with pytest.raises(kind) as error:
        call()
    text = " ".join([str(error.value), *getattr(error.value, "__notes__", ())])
    for piece in pieces:
        assert any(one in text for one in piece.split("|")), f"{piece!r} not in: {text}"
    assert len(str(error.value)) < 600


def test_what_only_resembles_a_mistake_is_taken():
    """The alignment (n,) with (n, 1), a single output as a list, sparse columns."""
    for made, y in (
        (model(), Y1[:, 0]), (model(), [Y1]), (model(), {"out": Y1}),
        (model(3, SPARSE), LABELS[:, None]),
        (model(1, "binary_crossentropy", "sigmoid"), (Y1 > 0)),
    ):  # fmt: skip
        fit(made, X, y)
    fit(two_outputs({"p": "mse"}), PAIR, {"p": Y1})


# --- warnings: training goes on ------------------------------------------------------


def nan_at(row, column):
    x = X.copy()
    x[row, column] = np.nan
    return x


WARNINGS = {
    "nan in x": (lambda: fit(model(), nan_at(5, 2), Y1, epochs=2),
                 ["`x` has 1 values", "nan in row 5, column 2", "epoch 1"]),
    "nan in y": (lambda: fit(model(), X, nan_at(3, 0)[:, :1]), ["`y`", "row 3"]),
    "infinite x": (lambda: fit(model(), np.full_like(X, np.inf), Y1),
                   ["`x` has 32", "infinite", "row 0"]),
    "nan in validation": (
        lambda: fit(model(), X, Y1, validation_data=(nan_at(1, 1), Y1)),
        ["row 1, column 1"]),
    "labels -1 and 1": (
        lambda: fit(model(1, "binary_crossentropy", "sigmoid"), X, np.sign(Y1)),
        ["between 0 and 1", "from -1.0 to 1.0", "hinge"]),
    "loss overflows": (
        lambda: fit(model(), X * 1e25, Y1, epochs=3), ["The loss is", "epoch 1",
                                                       "TerminateOnNaN"]),
    "class without weight": (
        lambda: fit(model(3, SPARSE, "softmax"), X, LABELS,
                    class_weight={0: 2.0, 1: 1.0}), ["`class_weight`", "[2]"]),
    "out of data": (lambda: fit(model(), iter([(X, Y1)]), epochs=2, steps_per_epoch=1),
                    ["ran out of data"]),
    "batch_size of a stream": (lambda: fit(model(), iter([(X, Y1)]), batch_size=2),
                               ["`batch_size=2` is ignored"]),
    "softmax on one unit": (
        lambda: fit(model(1, "binary_crossentropy", "softmax"), X, Y1 > 0),
        ["`softmax` over axis -1", "size 1", "mean `sigmoid`"]),
    "nothing to minimise": (lambda: fit(_without_loss(), X, Y1), ["`net`", "`loss`"]),
}  # fmt: skip


def _without_loss():
    made = model(loss=None)
    made.compile("sgd")
    return made


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("name", WARNINGS)
def test_a_doubtful_thing_gets_a_warning(name):
    call, pieces = WARNINGS[name]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        history = call()
    text = " ".join(str(one.message) for one in seen)
    for piece in pieces:
        assert piece in text, f"{piece!r} not in: {text}"
    assert len(history.history["loss"]) >= 1
    assert len({str(one.message) for one in seen}) <= 2


def test_checks_run_once_and_not_for_each_epoch():
    with pytest.warns(UserWarning) as seen:
        fit(model(), nan_at(0, 0), Y1, epochs=20, batch_size=2)
    assert len(seen) == 2  # the data, the loss


# --- custom steps --------------------------------------------------------------------


def test_a_step_that_returns_too_little_state_is_told():
    class Wrong(kerasish.Sequential):
        def train_step(self, state, data):
            return {"loss": 0.0}, state[:2]

    made = Wrong([kerasish.Input((4,)), layers.Dense(1)])
    made.compile("sgd", "mse")
    with pytest.raises(ValueError) as error:
        fit(made, X, Y1)
    assert "`train_step`" in str(error.value) and "got 2" in str(error.value)


@pytest.mark.parametrize("returned", [None, 3.0, [1.0]])
def test_a_step_that_returns_no_logs_is_told(returned):
    class Wrong(kerasish.Sequential):
        def train_step(self, data):
            return returned

    made = Wrong([kerasish.Input((4,)), layers.Dense(1)])
    made.compile("sgd", "mse")
    with pytest.raises(ValueError) as error:
        fit(made, X, Y1)
    text = str(error.value)
    assert "`train_step` of Wrong" in text and "dict" in text and repr(returned) in text


def test_a_loss_function_that_returns_nothing_is_told():
    def nothing(y_true, y_pred):
        _ = y_true - y_pred

    with pytest.raises(ValueError, match=r"loss `nothing` returned None.*`return`"):
        fit(model(loss=nothing), X, Y1)


def test_a_model_that_returns_nothing_is_told():
    class Empty(kerasish.Model):
        def call(self, x):
            layers.Dense(1)

    made = Empty()
    made.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"`call` of Empty returned None.*`return`"):
        fit(made, X, Y1)
