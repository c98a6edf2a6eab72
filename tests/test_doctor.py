"""The doctor: each finding with a model that has the fault and one that has not."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import kerasish
from kerasish import doctor, layers, losses, optimizers
from kerasish.doctor import DoctorWarning
from kerasish.doctor.examination import examine

pytestmark = [
    pytest.mark.usefixtures("quick_compilation"),
    pytest.mark.filterwarnings("ignore:`softmax` over axis -1 always gives 1"),
]

RNG = np.random.default_rng(0)
ROWS = 60
X = RNG.normal(size=(ROWS, 4)).astype("float32")
SIDE = (X[:, 0] + X[:, 1] > 0).astype("float32")  # two classes
THIRD = (np.argsort(np.argsort(X[:, 0])) * 3 // ROWS).astype("int32")  # three
REAL = X[:, 0] - 2 * X[:, 1]
HOT = np.eye(3, dtype="float32")[THIRD]
BCE, SPARSE = "binary_crossentropy", "sparse_categorical_crossentropy"
Dense = layers.Dense


def net(*parts, loss=BCE, optimizer="adam", eager=True, features=4, **options):
    """A model that is compiled; eager ones of the same shapes share all compilation."""
    made = kerasish.Sequential([kerasish.Input((features,)), *parts], name="net")
    made.compile(optimizer, loss, run_eagerly=eager, **options)
    return made


def two(**options):
    return net(Dense(4, "tanh"), Dense(1, "sigmoid"), **options)


def three(activation="softmax", loss=SPARSE, **options):
    return net(Dense(4, "tanh"), Dense(3, activation), loss=loss, **options)


def line(activation=None, loss="mse", **options):
    return net(Dense(4, "tanh"), Dense(1, activation), loss=loss, **options)


def hidden(activation="tanh", last="glorot_uniform", optimizer="adam", **options):
    first = Dense(4, activation, name="first", **options)
    last = Dense(1, "sigmoid", kernel_initializer=last)
    return net(first, last, optimizer=optimizer)


def frozen(made):
    made.trainable = False
    return made


def updated(made, count):
    """Seem to have been trained, without a training."""
    made.optimizer.build(made.trainable_variables)
    made.optimizer.iterations.assign(count)
    return made


def changed(x, rows=slice(None), column=0, value=np.nan):
    x = x.copy()
    x[rows, column] = value
    return x


def constant(value):
    return kerasish.initializers.Constant(value)


def wide(deviation):
    return kerasish.initializers.RandomNormal(stddev=deviation, seed=0)


def deep(activation, start, last="sigmoid", **options):
    parts = [Dense(4, activation, kernel_initializer=start) for _ in range(9)]
    return net(*parts, Dense(1, last), **options)


ORDER = np.argsort(SIDE)
NOISE = np.arange(ROWS) % 2
LOGITS = losses.BinaryCrossentropy(from_logits=True)

# Code -> what is diagnosed with the fault, and what without it: model, data, options.
CASES = {
    "refused": (lambda: (line(), X, HOT), lambda: (line(), X, REAL)),
    "not_finite": (lambda: (two(), changed(X, 7), SIDE), lambda: (two(), X, SIDE)),
    "constant_columns": (
        lambda: (two(), changed(X, column=2, value=5.0), SIDE),
        lambda: (two(), changed(X, slice(9), column=2, value=5.0), SIDE)),
    "large_inputs": (
        lambda: (two(), X * 1000, SIDE),
        lambda: (net(layers.Rescaling(0.001), Dense(4, "tanh"), Dense(1, "sigmoid")),
                 X * 1000, SIDE)),
    "unscaled_inputs": (
        lambda: (two(), X * [1, 1, 1, 0.001], SIDE),
        lambda: (two(), X * [1, 1, 1, 0.1], SIDE)),
    "unscaled_targets": (lambda: (line(), X, 500 * REAL), lambda: (line(), X, REAL)),
    "class_imbalance": (
        lambda: (two(), X, np.arange(ROWS) == 5),
        lambda: (two(), X, np.arange(ROWS) < 5)),
    "sorted_labels": (
        lambda: (two(), X[ORDER], SIDE[ORDER], {"validation_split": 0.4}),
        lambda: (two(), X, SIDE, {"validation_split": 0.4})),
    "label_range": (
        lambda: (two(), X, 2 * SIDE - 1), lambda: (two(), X, 0.5 * SIDE)),
    "softmax_of_one": (
        lambda: (net(Dense(4, "tanh"), Dense(1, "softmax")), X, SIDE),
        lambda: (three(), X, THIRD)),
    "loss_expects_logits": (
        lambda: (two(loss=LOGITS), X, SIDE),
        lambda: (line(loss=LOGITS), X, SIDE)),
    "loss_expects_probabilities": (
        lambda: (three(None), X, THIRD), lambda: (three(), X, THIRD)),
    "squared_error_of_classes": (
        lambda: (three(None, "mse"), X, HOT),
        lambda: (three(None, "mse"), X, X[:, 1:])),
    "accuracy_of_regression": (
        lambda: (line(metrics=["accuracy"]), X, REAL),
        lambda: (line("sigmoid", metrics=["accuracy"]), X, SIDE)),
    "out_of_reach": (
        lambda: (line("sigmoid"), X, REAL), lambda: (line("sigmoid"), X, SIDE)),
    "frozen": (lambda: (frozen(two()), X, SIDE), lambda: (two(), X, SIDE)),
    "dead_units": (
        lambda: (hidden("relu", bias_initializer=constant(-50)), X, SIDE),
        lambda: (hidden("relu"), X, SIDE)),
    "saturated_units": (
        lambda: (hidden("tanh", kernel_initializer=wide(500)), X, SIDE),
        lambda: (hidden("tanh", kernel_initializer=wide(0.5)), X, SIDE)),
    "duplicated_units": (  # with one kernel of zeros units can part, with two never
        lambda: (hidden("tanh", "zeros", kernel_initializer="zeros"), X, SIDE),
        lambda: (hidden("tanh", kernel_initializer="zeros"), X, SIDE)),
    "vanishing_gradients": (
        lambda: (deep("sigmoid", wide(0.5)), X, SIDE),
        lambda: (deep("relu", "he_normal"), X, SIDE)),
    "exploding_gradients": (
        lambda: (deep("relu", wide(5), None, loss="mse"), X, REAL),
        lambda: (deep("relu", wide(0.7), None, loss="mse"), X, REAL)),
    "learning_rate_low": (
        lambda: (hidden(optimizer=optimizers.SGD(1e-5)), X, NOISE),
        lambda: (hidden(optimizer=optimizers.SGD(0.1)), X, NOISE)),
    "learning_rate_high": (
        lambda: (line(optimizer=optimizers.SGD(30.0)), X, REAL),
        lambda: (line(optimizer=optimizers.SGD(0.03)), X, REAL)),
    "constant_predictions": (
        lambda: (updated(hidden(last=wide(1e-4)), 500), X, SIDE),
        lambda: (updated(hidden(last=wide(1.0)), 500), X, SIDE)),
    "few_updates": (
        lambda: (updated(hidden(last=wide(0.1)), 5), X, NOISE),
        lambda: (updated(hidden(last=wide(0.1)), 200), X, NOISE)),
    "loss_at_chance": (
        lambda: (updated(hidden(last=wide(0.1)), 500), X, NOISE),
        lambda: (hidden(last=wide(0.1)), X, NOISE)),
}  # fmt: skip
FIT_ALONE = ("diverged",)  # it needs a history


def report(case):
    made, x, y, *options = case()
    return made.diagnose(x, y, **(options[0] if options else {}))


@pytest.mark.parametrize("code", CASES)
def test_a_fault_is_found(code):
    faulty = report(CASES[code][0])
    assert code in faulty.codes, faulty
    found = next(f for f in faulty if f.code == code)
    numbers = [v for v in found.evidence.values() if isinstance(v, (int, float))]
    assert numbers or code == "refused"
    assert found.suggestion in repr(faulty)
    assert found.problem.count("{") == found.suggestion.count("{{") == 0
    assert not faulty.notes


@pytest.mark.parametrize("code", CASES)
def test_who_is_well_is_not_told_so(code):
    healthy = report(CASES[code][1])
    assert code not in healthy.codes, healthy
    assert not healthy.notes


REFUSED = {
    "one-hot for numbers": (lambda: three(), HOT, "(None, 3)"),
    "numbers for one-hot": (lambda: three(loss="categorical_crossentropy"), THIRD,
                            "`sparse_categorical_crossentropy`"),
    "more classes than units": (lambda: three(), THIRD + 2, "from 2 to 4"),
    "fewer rows": (lambda: three(), THIRD[:9], "`y` has 9"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_fit_refuses_is_a_finding(name):
    made, y, piece = REFUSED[name]
    found = made().diagnose(X, y)
    assert found.codes == ["refused"] and piece in found.findings[0].problem


def test_pixels_are_scaled_by_their_255():
    found = net(Dense(1, "sigmoid"), eager=False).diagnose(
        (np.abs(X) * 80).astype("uint8"), SIDE)  # fmt: skip
    assert found.codes == ["large_inputs"]
    assert "Rescaling(1 / 255)" in found.findings[0].suggestion


def test_each_finding_has_a_case_and_a_row_in_the_guide():
    assert {*CASES, *FIT_ALONE} == set(doctor.TEXTS)
    guide = Path(__file__).parents[1] / "docs" / "guide" / "doctor.md"
    rows = [line.split("`")[1] for line in guide.read_text("utf-8").splitlines()
            if line.startswith("| `")]  # fmt: skip
    assert rows == list(doctor.TEXTS)


GATE = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
HEALTHY = {
    "two classes": lambda: (two(), X, SIDE),
    "three classes": lambda: (three(metrics=["accuracy"]), X, THIRD),
    "one-hot": lambda: (three(loss="categorical_crossentropy"), X, HOT),
    "regression": lambda: (line(metrics=["mae"]), X, REAL),
    "gates": lambda: (net(Dense(8, "tanh"), Dense(1, "sigmoid"), features=2,
                          eager=False), np.array(GATE), [0, 1, 1, 0]),
    "noise in the hidden layer": lambda: (
        net(Dense(4, "relu"), layers.Dropout(0.5), Dense(1, "sigmoid"),
            eager=False), X, SIDE),
    "words": lambda: (net(layers.Embedding(200, 2), layers.Flatten(),
                          Dense(1, "sigmoid"), eager=False),
                      np.arange(240).reshape(60, 4) % 200, SIDE),
    "frozen in part": lambda: (net(frozen(Dense(4, "tanh")), Dense(1, "sigmoid")),
                               X, SIDE),
}  # fmt: skip


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_said_when_all_is_well(name):
    found = report(HEALTHY[name])
    assert not found and not found.notes and len(found) == 0, found
    assert "no finding" in repr(found)


def test_a_trained_model_is_well_and_its_ends_are_no_fault():
    model = net(Dense(8, "tanh"), Dense(1, "sigmoid"),
                optimizer=optimizers.Adam(0.1), eager=False)  # fmt: skip
    model.fit(X, SIDE, epochs=200, verbose=0)
    assert model.predict(X, verbose=0).std() > 0.45
    assert not model.diagnose(X, SIDE), model.diagnose(X, SIDE)


# --- nothing changes, nothing breaks --------------------------------------------------


def states():
    drawn = np.random.get_state()[1].tolist(), random.getstate()
    seed = kerasish.random.default_generator().state
    return drawn, np.asarray(seed.value).tolist()


def trained(diagnoses):
    kerasish.utils.set_random_seed(3)
    model = kerasish.Sequential(
        [Dense(4, "relu"), layers.BatchNormalization(), layers.Dropout(0.4),
         Dense(1, "sigmoid", activity_regularizer="l2")])  # fmt: skip
    model.compile(optimizers.SGD(0.1, momentum=0.9), BCE, metrics=["accuracy"])
    losses_of = []
    for _ in range(2):
        if diagnoses:
            before = states() if model.built else None
            assert not model.diagnose(X, SIDE).notes
            assert before in (None, states())
            calls = [vars(layer).get("call") for layer in model._flatten_layers()]
            assert calls == [None] * len(calls)
        history = model.fit(X, SIDE, epochs=2, verbose=0)
        losses_of.append(history.history)
    variables = [*model.variables, *model.optimizer.variables]
    return losses_of, [np.asarray(v.value).tolist() for v in variables], states()


def test_to_look_changes_nothing_to_the_last_bit():
    assert trained(True) == trained(False)


def test_the_step_that_is_looked_at_is_that_of_fit():
    """Gradient and update by hand; losses that are scaled come out the same."""
    x, y = X[:, :1].astype("float32"), REAL.astype("float32")
    slope = -2 * np.mean(x[:, 0] * (y - 3 * x[:, 0]))
    for factor in (None, 1024.0):
        model = net(Dense(1, use_bias=False, kernel_initializer=constant(3.0)),
                    loss="mse", features=1, optimizer=optimizers.SGD(
                        0.1, loss_scale_factor=factor))  # fmt: skip
        model.diagnose(x, y)
        seen = examine(model, x, y, None)
        [kernel] = seen.weights
        assert kernel.norm == 3.0
        assert kernel.gradient == pytest.approx(abs(slope), rel=1e-4)
        assert kernel.update == pytest.approx(abs(0.1 * slope), rel=1e-3)
        assert seen.after < seen.loss


class Broken(kerasish.Model):
    def call(self, x):
        raise RuntimeError("broken")


class OwnStep(kerasish.Model):
    def __init__(self):
        super().__init__()
        self.dense = Dense(2)

    def call(self, x):
        return {"a": self.dense(x), "b": [x]}

    def train_step(self, data):
        return {"loss": 0.0}


def own(kind):
    made = kind()
    made.compile("sgd", run_eagerly=True)
    return made


ODD = {
    "words": lambda: (two(), ["a"] * 4, [0] * 4),
    "ragged": lambda: (two(), [[1.0], [1.0, 2.0]], [0, 1]),
    "nothing": lambda: (two(), None, None),
    "no rows": lambda: (two(), X[:0], SIDE[:0]),
    "no targets": lambda: (two(), X, None),
    "a source": lambda: (two(), iter([(X, SIDE)]), None),
    "not compiled": lambda: (kerasish.Sequential([kerasish.Input((4,)), Dense(1)]),
                             X, SIDE),
    "not built": lambda: (kerasish.Sequential([Dense(1)]), X, SIDE),
    "broken": lambda: (own(Broken), X, SIDE),
    "a step of its own": lambda: (own(OwnStep), X, SIDE),
    "recurrent": lambda: (net(layers.Reshape((4, 1)), layers.LSTM(2),
                              Dense(1, "sigmoid"), eager=False), X, SIDE),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_looking_never_raises(name):
    made, x, y = ODD[name]()
    found = made.diagnose(x, y)
    assert isinstance(found, doctor.Report)
    says = bool(found.notes) or "refused" in found.codes
    silent = ("no targets", "not compiled", "not built", "a step of its own")
    assert says == (name not in (*silent, "recurrent")), found


def test_a_report_prints_as_a_table():
    found = two().diagnose(changed(X, 7), 2 * SIDE - 1)
    assert found and len(found) == 2 == len(list(found))
    lines = repr(found).splitlines()
    assert lines[0] == "Model `net`, 60 rows: 2 finding(s)"
    assert lines[1].startswith("  not_finite   `x` has 1 values that are NaN")
    assert lines[2].strip() == "-> Drop these rows or fill the gaps."
    page = found._repr_html_()
    assert page.count("<tr>") == 3 and "label_range" in page
    assert found.findings[0].evidence["bad_rows"] == 1


# --- in `fit` -------------------------------------------------------------------------

MOVING = {  # before the first step
    "frozen": lambda: (frozen(two()), X, SIDE, {}),
    "loss_expects_logits": lambda: (two(loss=LOGITS), X, SIDE, {}),
    "accuracy_of_regression": lambda: (line(metrics=["accuracy"]), X, REAL, {}),
    "sorted_labels": lambda: (two(), X[ORDER], SIDE[ORDER], {"validation_split": 0.4}),
    "diverged": lambda: (line(optimizer=optimizers.SGD(3.0)), X, REAL, {"epochs": 4}),
}


@pytest.mark.parametrize("code", MOVING)
def test_fit_warns_of_what_is_certain(code, monkeypatch):
    made, x, y, options = MOVING[code]()
    start = doctor.TEXTS[code][0].split("{")[0]
    with pytest.warns(DoctorWarning, match=f"kerasish doctor: {start}") as told:
        made.fit(x, y, verbose=0, batch_size=ROWS, **options)
    assert [Path(w.filename).name for w in told] == [Path(__file__).name]
    kerasish.config.disable_doctor()
    try:
        made.fit(x, y, verbose=0, batch_size=ROWS, epochs=1)  # warnings are errors
    finally:
        kerasish.config.enable_doctor()


def test_fit_warns_of_a_long_training_that_led_nowhere():
    kwargs = {"kernel_initializer": "zeros"}
    made = net(Dense(4, "relu", **kwargs), Dense(1, "sigmoid", **kwargs), eager=False)
    with pytest.warns(DoctorWarning, match="After 400 updates the loss is 0.69"):
        made.fit(X, NOISE, epochs=400, batch_size=ROWS, verbose=0)
    assert "duplicated_units" in made.diagnose(X, NOISE).codes


def test_the_environment_switches_it_off():
    code = "from kerasish import config; print(config.is_doctor_enabled())"
    for value, said in (("0", "False"), ("1", "True")):
        chosen = {**os.environ, "KERASISH_DOCTOR": value}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True,
                              text=True, env=chosen)  # fmt: skip
        assert done.stdout.strip() == said, done.stderr


def test_what_fit_looks_at_takes_no_time():
    made = two()
    made.fit(X, SIDE, batch_size=ROWS, verbose=0)
    data = kerasish.data.adapt(X, SIDE)
    begin = time.process_time()
    for _ in range(100):
        assert not list(doctor.before_training(made, data, None))
        assert not list(doctor.after_training(made, data))
    assert time.process_time() - begin < 100 * 0.002
