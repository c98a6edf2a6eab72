"""Models as estimators of scikit-learn: its own checks, and what they do not ask."""

import builtins
import functools
import importlib.util
import pickle

import numpy as np
import pytest
import sklearn
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import kerasish as keras
from kerasish.legacy.scikit_learn import KerasClassifier, KerasRegressor
from kerasish.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

pytestmark = pytest.mark.usefixtures("quick_compilation")

CLASSIFIES = {"loss": "categorical_crossentropy", "activation": "softmax"}


class Network:
    """A function whose text, which names the tests, is the same in each process."""

    def __call__(self, X, y, loss="mse", activation=None):
        keras.utils.set_random_seed(0)  # scikit-learn wants the same model each time
        last = keras.layers.Dense(y.shape[1], activation)
        layers = [keras.layers.Dense(8, "tanh"), last]
        model = keras.Sequential([keras.Input(X.shape[1:]), *layers])
        model.compile(keras.optimizers.Adam(0.05), loss)
        return model

    def __repr__(self):
        return "network"


network = Network()


def fitting(epochs):
    """Whole epochs as one batch: the order of the rows is of no importance."""
    return {"epochs": epochs, "batch_size": 200, "shuffle": False, "verbose": 0}


ESTIMATORS = [
    SKLearnClassifier(network, model_kwargs=CLASSIFIES, fit_kwargs=fitting(50)),
    SKLearnRegressor(network, fit_kwargs=fitting(50)),
    SKLearnTransformer(network, fit_kwargs=fitting(2)),
]


def expected_failures(estimator):
    """Checks that do not pass, with the reasons."""
    if isinstance(estimator, SKLearnRegressor):
        why = "predictions have the dtype of the model, which is float32"
        return {"check_regressor_multioutput": why}
    return {}


# Those that run only where an environment variable was set before SciPy was loaded.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
# A single class is no mistake there.
@pytest.mark.filterwarnings("ignore:`softmax` over axis -1")
@pytest.mark.filterwarnings("ignore:Loss `categorical_crossentropy` compares")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


# Validating on what was trained on: programs for these rows are there already.
ALL = [(np.arange(60), np.arange(60))]


@pytest.fixture(scope="module")
def data():
    X = np.random.default_rng(0).random((60, 3)).astype("float32")
    return X, np.where(X[:, 0] > 0.5, "yes", "no")


def compiled(units, loss, activation=None, rate=0.2):
    dense = keras.layers.Dense(units, activation)
    model = keras.Sequential([keras.Input((3,)), dense])
    model.compile(keras.optimizers.Adam(rate), loss)
    return model


SPARSE = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
OUTPUTS = {
    "one-hot": (2, "categorical_crossentropy", "softmax"),
    "numbers": (2, SPARSE, None),
    "one unit": (1, "binary_crossentropy", "sigmoid"),
    "a logit": (1, keras.losses.BinaryCrossentropy(from_logits=True), None),
}


@pytest.mark.parametrize("how", OUTPUTS)
def test_labels_reach_each_kind_of_loss(how, data):
    X, y = data
    classifier = SKLearnClassifier(compiled(*OUTPUTS[how]), fit_kwargs=fitting(60))
    assert classifier.epoch_ == 0
    assert classifier.fit(X, y).score(X, y) > 0.9
    assert classifier.classes_.tolist() == ["no", "yes"]
    assert classifier.n_features_in_ == 3 and classifier.epoch_ == 60
    p = classifier.predict_proba(X)
    assert p.shape == (60, 2)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-5)
    assert (classifier.predict(X) == np.array(["no", "yes"])[p.argmax(1)]).all()
    assert ((classifier.decision_function(X) > 0) == (p[:, 1] > 0.5)).all()


def test_a_model_is_copied_and_stays_as_it_is(data):
    X, y = data
    model = compiled(*OUTPUTS["one unit"])
    before = model.get_weights()
    classifier = SKLearnClassifier(model, fit_kwargs=fitting(1)).fit(X, y)
    assert classifier.model_ is not model
    for old, new in zip(before, model.get_weights()):
        np.testing.assert_array_equal(old, new)
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.predict(X), classifier.predict(X))


def test_warm_start_goes_on(data):
    X, y = data
    model = compiled(*OUTPUTS["one unit"])
    for warm, updates in ((False, 2), (True, 4)):
        classifier = SKLearnClassifier(model, warm, fit_kwargs=fitting(2))
        classifier.fit(X, y).fit(X, y)
        assert int(classifier.model_.optimizer.iterations) == updates
    with pytest.raises(ValueError, match=r"trained on the classes .* also \['maybe'\]"):
        classifier.fit(X, np.where(y == "no", "maybe", y))


def test_weights_of_rows_and_labels(data):
    X, y = data
    model = compiled(*OUTPUTS["one unit"])
    classifier = SKLearnClassifier(model, fit_kwargs=fitting(60))
    weights = np.where(y == "no", 100.0, 1.0)
    assert set(classifier.fit(X, y, sample_weight=weights).predict(X)) == {"no"}
    assert set(classifier.fit(X, y, class_weight={"yes": 100.0}).predict(X)) == {"yes"}
    with sklearn.config_context(enable_metadata_routing=True):
        classifier.set_fit_request(sample_weight=True)
        classifier.set_score_request(sample_weight=False)
        heavy = np.where(y == "yes", 100.0, 1.0)
        found = cross_validate(
            classifier, X, y, cv=ALL, params={"sample_weight": heavy}
        )
    assert found["test_score"][0] == np.mean(y == "yes")


def test_pipelines_searches_and_cross_validation(data):
    X, y = data
    classifier = SKLearnClassifier(
        compiled(*OUTPUTS["one unit"]), fit_kwargs=fitting(60)
    )
    assert cross_val_score(classifier, X, y, cv=ALL)[0] > 0.8
    pipeline = make_pipeline(StandardScaler(), classifier)
    options = {"sklearnclassifier__fit_kwargs": [fitting(0), fitting(60)]}
    search = GridSearchCV(pipeline, options, cv=ALL).fit(X, y)
    assert search.best_params_ == {"sklearnclassifier__fit_kwargs": fitting(60)}
    assert search.score(X, y) > 0.9


def test_regressors_and_transformers(data):
    X, _ = data
    regressor = SKLearnRegressor(compiled(2, "mse"), fit_kwargs=fitting(60))
    targets = X[:, :2] + 1
    assert regressor.fit(X, targets).score(X, targets) > 0.9
    assert regressor.predict(X[:4]).shape == (4, 2)
    transformer = SKLearnTransformer(compiled(2, "mse"), fit_kwargs=fitting(60))
    found = transformer.fit(X, targets).transform(X)
    np.testing.assert_allclose(found, transformer.model_.predict(X), rtol=1e-6)
    names = transformer.get_feature_names_out().tolist()
    assert names == ["sklearntransformer0", "sklearntransformer1"]
    images = SKLearnRegressor(functools.partial(flat, units=1), fit_kwargs=fitting(1))
    assert images.fit(np.ones((4, 2, 2)), np.ones(4)).predict(np.ones((3, 2, 2))).shape


def flat(X, y, units):
    layers = [keras.layers.Flatten(), keras.layers.Dense(units)]
    model = keras.Sequential([keras.Input(X.shape[1:]), *layers])
    model.compile("sgd", "mse")
    return model


MISTAKES = {
    "no model": (3, TypeError, "must be a compiled model, or a function"),
    "no return": (lambda X, y: None, TypeError, "it returned None. Is there"),
    "uncompiled": (keras.Sequential(), RuntimeError, "call `model.compile"),
    "units": (
        compiled(3, "categorical_crossentropy", "softmax"),
        ValueError,
        r"has 3 output units, but there are 2 classes in `y`: \['no', 'yes'\]",
    ),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_mistakes_are_told(what, data):
    model, error, text = MISTAKES[what]
    with pytest.raises(error, match=text):
        SKLearnClassifier(model).fit(*data)


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    true = builtins.__import__

    def no_sklearn(name, *args, **kwargs):
        if name.split(".")[0] == "sklearn":
            raise ImportError(f"No module named {name!r}")
        return true(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_sklearn)
    name, file = "kerasish.wrappers.elsewhere", keras.wrappers.estimators.__file__
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(ImportError, match=r'pip install "kerasish\[sklearn\]"'):
        module.SKLearnClassifier(network)


# --- Keras 1 and 2 -------------------------------------------------------------------


def build(hidden=4, units=1, loss="binary_crossentropy", activation="sigmoid"):
    layers = [keras.layers.Dense(hidden, "tanh"), keras.layers.Dense(units, activation)]
    model = keras.Sequential([keras.Input((3,)), *layers])
    metrics = ["accuracy"] if activation else None
    model.compile(keras.optimizers.Adam(0.1), loss, metrics=metrics)
    return model


class Inherited(KerasClassifier):
    def __call__(self, hidden):
        return build(hidden)


def test_old_classifiers(data):
    X, y = data
    old = KerasClassifier(build_fn=build, hidden=5, nb_epoch=30, verbose=0)
    assert len(old.fit(X, y).history["loss"]) == 30
    assert old.model.layers[0].units == 5
    p = old.predict_proba(X)
    assert p.shape == (60, 2)
    assert (old.predict(X) == old.classes_[p.argmax(1)]).all()
    assert old.score(X, y) == pytest.approx(np.mean(old.predict(X) == y))
    options = {"units": 2, "loss": "categorical_crossentropy", "activation": "softmax"}
    old.set_params(**options)
    for targets in (y, np.eye(2)[(y == "yes").astype(int)]):
        assert old.fit(X, targets, epochs=1).epoch == [0]
        assert old.predict(X).shape == (60,)
    assert Inherited(hidden=5, epochs=1, verbose=0).fit(X, y).epoch == [0]


def test_old_classifiers_are_searched(data):
    old = KerasClassifier(build, hidden=5, verbose=0)
    search = GridSearchCV(old, {"epochs": [1, 30]}, cv=ALL, refit=False).fit(*data)
    assert search.best_params_ == {"epochs": 30}


def test_old_regressors(data):
    X, _ = data
    regression = {"loss": "mse", "activation": None}
    old = KerasRegressor(build, epochs=40, verbose=0, **regression)
    old.fit(X, X[:, 0])
    assert old.predict(X).shape == (60,)
    error = np.mean((old.predict(X) - X[:, 0]) ** 2)
    assert old.score(X, X[:, 0]) == pytest.approx(-error, rel=1e-4)


def test_old_mistakes(data):
    with pytest.raises(ValueError, match=r"hiden is not a legal.*`hidden`"):
        KerasClassifier(build, hiden=5)
    old = KerasClassifier(build, activation=None, loss="mse", verbose=0)
    old.fit(*data)
    with pytest.raises(ValueError, match="not configured to compute accuracy"):
        old.score(*data)
    with pytest.raises(ValueError, match=r"has classes \['maybe'\]"):
        old.score(data[0], np.where(data[1] == "no", "maybe", "yes"))
