"""Models of equal make share compiled programs; others do not."""

import numpy as np
import pytest

import kerasish
from kerasish import layers
from kerasish.training import sharing

pytestmark = pytest.mark.usefixtures("quick_compilation")

if kerasish.config.backend() != "jax":
    pytest.skip("nothing is compiled", allow_module_level=True)

X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


@pytest.fixture(autouse=True)
def traced(monkeypatch):
    """Counts what is traced."""
    count = []
    trace = sharing.Compiled._trace

    def counted(self, *args):
        count.append(1)
        return trace(self, *args)

    monkeypatch.setattr(sharing.Compiled, "_trace", counted)
    sharing.forget()
    yield count
    sharing.forget()


def net(units=4, rate=0.1, activation="relu", names=(None, None), seed=None, **how):
    model = kerasish.Sequential(
        [
            kerasish.Input((3,)),
            layers.Dense(units, activation=activation, name=names[0]),
            layers.Dropout(rate, seed=seed),
            layers.Dense(1, name=names[1]),
        ]
    )
    given = {"optimizer": "adam", "loss": "mse", "metrics": ["mae"]} | how
    model.compile(**given)
    return model


def fit(model, **options):
    given = {"epochs": 2, "batch_size": 4, "verbose": 0} | options
    return model.fit(X, Y, **given).history


def test_equal_models_are_compiled_once_and_train_apart(traced):
    kerasish.utils.set_random_seed(3)
    alone = net(), net()
    weights = [model.get_weights() for model in alone]
    histories = [fit(alone[0])]
    sharing.forget()
    histories.append(fit(alone[1]))  # compiled for itself
    assert len(traced) == 2

    kerasish.utils.set_random_seed(3)
    shared = net(), net()
    for model, values in zip(shared, weights):
        model.set_weights(values)
    before = len(traced)
    sharing.forget()
    assert [fit(model) for model in shared] == histories
    assert len(traced) == before + 1
    for a, b in zip(alone, shared):
        for one, other in zip(a.get_weights(), b.get_weights()):
            np.testing.assert_array_equal(one, other)


def test_the_lines_that_made_a_graph_do_not_matter(traced):
    for add in (lambda x: x + 1.0, lambda x: (
        x + 1.0
    )):  # fmt: skip
        inputs = kerasish.Input((3,))
        model = kerasish.Model(inputs, add(layers.Dense(1)(inputs)))
        model.compile("sgd", "mse")
        fit(model)
    assert len(traced) == 1


def test_names_seeds_and_learning_rates_do_not_matter(traced):
    fit(net())
    fit(net(names=("first", "relu"), seed=7))
    fit(net(optimizer=kerasish.optimizers.Adam(0.5)))
    assert len(traced) == 1


class Penalty(kerasish.regularizers.Regularizer):
    def __call__(self, x):
        return kerasish.ops.sum(x)


def own_relu(x):
    return kerasish.ops.relu(x)


def changed(model):
    model.layers[1].rate = 0.3
    return model


def frozen(model):
    model.layers[0].trainable = False
    return model


def penalized(model):
    model.layers[0].kernel.regularizer = kerasish.regularizers.L2(0.1)
    return model


@pytest.mark.parametrize(
    "other",
    [
        lambda: net(units=5),
        lambda: net(rate=0.2),
        lambda: net(activation="tanh"),
        lambda: net(loss="mae"),
        lambda: net(metrics=["mse"]),
        lambda: net(optimizer="sgd"),
        lambda: net(optimizer=kerasish.optimizers.Adam(beta_1=0.8)),
        lambda: net(activation=own_relu),
        lambda: changed(net()),
        lambda: frozen(net()),
        lambda: penalized(net()),
    ],
)
def test_what_differs_is_compiled_for_itself(traced, other):
    fit(net())
    fit(other())
    assert len(traced) == 2


def test_an_attribute_that_changes_after_training_takes_effect(traced):
    model = net()
    fit(model)
    model.layers[1].rate = 0.0
    model.layers[0].activation = kerasish.activations.tanh
    weights = model.get_weights()
    fit(model)
    assert len(traced) == 2
    fresh = net(rate=0.0, activation="tanh")
    model.set_weights(weights)
    fresh.set_weights(weights)
    args = {"x": X, "y": Y, "verbose": 0}
    assert model.evaluate(**args) == fresh.evaluate(**args)


@pytest.mark.parametrize("kind", ["loss", "layer", "metric", "regularizer"])
def test_foreign_code_is_never_shared(traced, kind):
    """It may depend on globals: the second model must see the new value."""
    scale = [1.0]

    class Scaled(layers.Layer):
        def call(self, x):
            return x * scale[0]

    def scaled(y_true, y_pred):
        return kerasish.ops.mean((y_true - y_pred) ** 2) * scale[0]

    def build():
        if kind == "loss":
            model = net(rate=0.0, loss=scaled)
        elif kind == "metric":
            model = net(rate=0.0, metrics=[scaled])
        elif kind == "regularizer":
            model = net(rate=0.0)
            model.layers[0].kernel.regularizer = Penalty()
        else:
            model = kerasish.Sequential([layers.Dense(1), Scaled()])
            model.compile("sgd", "mse")
        return model

    first = build()
    fit(first)
    scale[0] = 0.0
    second = build()
    history = fit(second)
    assert len(traced) == 2
    if kind == "loss":
        assert history["loss"] == [0.0, 0.0]


def test_shared_layers_and_separate_ones_differ(traced):
    def build(shared):
        x = kerasish.Input((3,))
        one = layers.Dense(3)
        two = one if shared else layers.Dense(3)
        model = kerasish.Model(x, layers.Dense(1)(two(one(x))))
        model.compile("sgd", "mse")
        return model

    for shared in (True, False, True, False):
        fit(build(shared))
    assert len(traced) == 2


def test_only_so_many_are_kept(monkeypatch):
    monkeypatch.setattr(sharing, "MOST_KEPT", 2)
    for key in "abc":
        sharing.compiled(key)
    assert list(sharing._kept) == ["b", "c"]
    assert sharing.compiled("c") is sharing.compiled("c")
    assert sharing.compiled(None) is not sharing.compiled(None)


def test_no_model_is_kept_alive():
    import gc
    import weakref

    model = net()
    fit(model)
    alive = weakref.ref(model)
    del model
    gc.collect()
    assert alive() is None
