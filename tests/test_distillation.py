"""Distillation: numbers of Keras, files, and what Keras gets wrong."""

import copy

import keras as real
import numpy as np
import pytest

import kerasish as keras
from kerasish.distillation import Distiller, FeatureDistillation, LogitsDistillation

pytestmark = pytest.mark.usefixtures("quick_compilation")

rng = np.random.default_rng(0)
X = rng.normal(size=(8, 4)).astype("f")
Y = rng.integers(0, 3, 8)


def network(library=keras, name="net", units=3, hidden=5, dropout=0.0):
    layers = library.layers
    return library.Sequential(
        [
            keras.Input((4,)) if library is keras else real.Input((4,)),
            layers.Dense(hidden, "relu", name="block"),
            *([layers.Dropout(dropout, seed=1)] if dropout else []),
            layers.Dense(units, name="last"),
        ],
        name=name,
    )


def distiller(library, values, **options):
    """One of either library, of models with the same weights, trained a little."""
    teacher, student = (network(library, name) for name in ("teacher", "student"))
    for model, arrays in zip((teacher, student), values):
        model.set_weights(arrays)
    kinds, kl = library.distillation, library.losses.KLDivergence()
    losses = [
        kinds.LogitsDistillation(2.0, kl),
        kinds.FeatureDistillation("mse", "block", "block"),
    ]
    made = kinds.Distiller(teacher, student, losses, [0.5, 2.0], 0.3)
    loss = library.losses.SparseCategoricalCrossentropy(from_logits=True)
    made.compile(library.optimizers.SGD(0.1), loss, metrics=["accuracy"])
    return made


@pytest.fixture(scope="module")
def values():
    return [[rng.normal(size=v.shape) for v in network().weights] for _ in range(2)]


@pytest.fixture(scope="module")
def trained(values):
    ours = distiller(keras, values)
    history = ours.fit(X, Y, epochs=2, shuffle=False, verbose=0).history
    return ours, history


def test_numbers_are_those_of_keras(values, trained, close):
    theirs = distiller(real, values)
    expected = theirs.fit(X, Y, epochs=2, shuffle=False, verbose=0).history
    close(trained[1], expected)
    close(trained[0].student.get_weights(), theirs.student.get_weights())
    config, wanted = trained[0].get_config(), theirs.get_config()
    assert sorted(config) == sorted(wanted)
    assert config["distillation_losses"] == wanted["distillation_losses"]


def test_the_teacher_stays_as_it_is(values, trained, close):
    ours, _ = trained
    close(ours.teacher.get_weights(), values[0])
    assert len(ours.trainable_variables) == 4 and not ours.teacher.trainable
    close(ours.predict(X, verbose=0), ours.student.predict(X, verbose=0))


def test_it_is_saved_and_loaded(trained, tmp_path, close):
    ours, _ = trained
    ours.save(tmp_path / "d.keras")
    again = keras.models.load_model(tmp_path / "d.keras")
    close(again.predict(X, verbose=0), ours.predict(X, verbose=0))
    expected = ours.evaluate(X, Y, verbose=0, return_dict=True)
    close(again.evaluate(X, Y, verbose=0, return_dict=True), expected)
    close(copy.deepcopy(ours).get_weights(), ours.get_weights())


LOGITS = rng.normal(size=(8, 3)).astype("f"), rng.normal(size=(8, 3)).astype("f")
LOSSES = ["mse", "mae", "KLDivergence", "Huber"]


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_those_of_keras(name, close):
    def values(library):
        loss = name if name.islower() else getattr(library.losses, name)()
        kinds = library.distillation
        features = kinds.FeatureDistillation(loss)
        if name == "KLDivergence":  # of features that are no probabilities
            features = kinds.LogitsDistillation(1.0, loss)
        both = kinds.LogitsDistillation(2.0, loss), features
        return [float(one.compute_loss(*LOGITS)) for one in both]

    close(values(keras), values(real))


def soft(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_names_of_losses_mean_what_the_objects_do():
    """In Keras the default compares logits as if they were probabilities."""
    t, s = (soft(x / 2.0) for x in LOGITS)
    default = LogitsDistillation(2.0).compute_loss(*LOGITS)
    assert float(default) == pytest.approx(
        4 * np.mean(np.sum(t * np.log(t / s), -1)), rel=1e-5
    )
    expected = pytest.approx(-4 * np.mean(np.sum(t * np.log(s), -1)), rel=1e-5)
    logits = keras.losses.CategoricalCrossentropy(from_logits=True)
    for loss in ("categorical_crossentropy", logits):
        assert float(LogitsDistillation(2.0, loss).compute_loss(*LOGITS)) == expected


def test_several_outputs():
    both = [{"a": x, "b": 2 * x} for x in LOGITS]
    single = FeatureDistillation("mse").compute_loss(*LOGITS)
    assert float(FeatureDistillation("mse").compute_loss(*both)) == pytest.approx(
        5 * float(single), rel=1e-5
    )
    one = FeatureDistillation({"a": "mse", "b": None}).compute_loss(*both)
    assert float(one) == float(single)


def test_student_features_are_of_the_same_pass():
    """Else dropout would draw twice, and batch statistics move twice."""
    calls = []

    class Counted(keras.layers.Layer):
        def call(self, x, training=None):
            calls.append(training)
            return x

    student = keras.Sequential([keras.Input((4,)), Counted(name="block")], name="s")
    student.add(keras.layers.Dense(3))
    losses = FeatureDistillation("mse"), FeatureDistillation("mse", "given", "block")
    teacher = keras.Sequential([keras.Input((4,)), keras.layers.Identity(name="given")])
    teacher.add(keras.layers.Dense(3))
    made = Distiller(teacher, student, losses)
    made.compile("sgd", "mse", run_eagerly=True)
    made.fit(X[:2], X[:2, :3], verbose=0)
    assert calls.count(True) == 1


def test_weights_of_rows_and_missing_targets(values):
    ours = distiller(keras, values)
    own = ours.student.loss  # of `compile` of the distiller, not the student's
    assert own is None
    results = [
        ours.evaluate(X, Y, sample_weight=w, verbose=0, return_dict=True)
        for w in (np.ones(8, "f"), np.full(8, 2.0, "f"))
    ]
    for key, factor in (("student_loss", 2), ("distillation_loss", 1)):
        assert results[1][key] == pytest.approx(factor * results[0][key], rel=1e-5)
    alone = Distiller(ours.teacher, ours.student, LogitsDistillation(), 2.0, 0)
    alone.compile("sgd")
    found = alone.evaluate(X, verbose=0, return_dict=True)
    expected = LogitsDistillation().compute_loss(ours.teacher(X), ours.student(X))
    assert found["student_loss"] == 0
    assert found["loss"] == pytest.approx(2 * float(expected), rel=1e-5)


class Plain(keras.Model):
    def call(self, x):
        return x


LOSS = LogitsDistillation()
MISTAKES = {
    "teacher": (lambda: Distiller(3, network(), LOSS), "Teacher must be a model"),
    "shapes": (
        lambda: Distiller(network(units=2), network(), LOSS),
        "output shapes are",
    ),
    "no losses": (lambda: Distiller(network(), network(), None), "cannot be `None`"),
    "names": (lambda: Distiller(network(), network(), "mse"), "must be of the class"),
    "count": (
        lambda: Distiller(network(), network(), LOSS, [1, 2]),
        r"\(2\) must match",
    ),
    "share": (
        lambda: Distiller(network(), network(), LOSS, None, 2.0),
        "must be between 0 and 1, got 2.0",
    ),
    "layer": (
        lambda: Distiller(
            network(), network(), FeatureDistillation("mse", "block", "blok")
        ),
        "In student model: No such layer: 'blok'.*`block`",
    ),
    "no graph": (
        lambda: Distiller(network(), Plain(), FeatureDistillation("mse", None, "a")),
        "needs a Functional or Sequential student",
    ),
    "features": (
        lambda: FeatureDistillation().compute_loss(np.ones((2, 3)), np.ones((2, 4))),
        r"teacher's has shape \(2, 3\), the student's \(2, 4\)",
    ),
    "no loss": (
        lambda: Distiller(network(), network(), LOSS).compile("sgd"),
        "set `student_loss_weight=0`",
    ),
    "temperature": (lambda: LogitsDistillation(0), "must be positive, got 0"),
    "nothing": (lambda: FeatureDistillation(None), "At least one `loss`"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_mistakes_are_told(what):
    make, text = MISTAKES[what]
    with pytest.raises(ValueError, match=text):
        make()
