"""Rematerialization: the same numbers and traces left, with less that is kept."""

import threading

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import kerasish
from kerasish import layers

X = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
MODES = ["full", "activations", "larger_than", "list_of_layers", None]


def made(library, build, mode, **options):
    with library.RematScope(mode, **options):
        return build(library)


def jaxpr(layer, gradient=False):
    """The program of a call, or of its gradient, as text."""
    trained = [v.value for v in layer.trainable_variables]
    rest = [v.value for v in layer.non_trainable_variables]

    def total(trained, x):
        return layer.stateless_call(trained, rest, x)[0].sum()

    return str(jax.make_jaxpr(jax.grad(total) if gradient else total)(trained, X))


def nested(library):
    block = library.Sequential([library.layers.Dense(2, "tanh", name="chosen")])
    parts = [library.layers.Dense(4, name="first"), block]
    return library.Sequential([library.Input((3,)), *parts])


LAYERS = {
    "dense": lambda library: library.layers.Dense(2, "tanh", name="chosen"),
    "statistics": lambda library: library.layers.BatchNormalization(),
    "nested": nested,
}


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("mode", MODES)
def test_as_much_is_rematerialized_as_in_keras(mode, kind):
    for threshold in (12, 11) if mode == "larger_than" else (1024,):
        options = {"output_size_threshold": threshold, "layer_names": ["chosen"]}
        counts = []
        for library in kerasish, keras:
            layer = made(library, LAYERS[kind], mode, **options)
            if not layer.built:
                layer.build(X.shape)
            counts.append(jaxpr(layer).count("remat"))
        assert counts[0] == counts[1]


def test_what_was_computed_is_computed_again():
    layer = made(kerasish, LAYERS["dense"], "full")
    layer.build(X.shape)
    # Keeping what tanh gave, the gradient needs it no second time.
    text = jaxpr(layer, gradient=True)
    assert text.count("tanh") == 2 and "differentiated=True" in text
    layer = LAYERS["dense"](kerasish)
    layer.build(X.shape)
    with kerasish.RematScope():  # where it is called does not matter
        assert jaxpr(layer, gradient=True).count("tanh") == 1


class Penalty(layers.Layer):
    def __init__(self):
        super().__init__()
        self.supports_masking = True
        self.inner = layers.ActivityRegularization(l2=0.1)
        self.calls = self.add_weight((), "zeros", trainable=False)

    def call(self, inputs):
        self.calls.assign_add(1.0)
        self.add_loss(kerasish.ops.mean(inputs))
        return self.inner(inputs)


def busy():
    """All that a layer may leave behind: masks, losses, statistics, seeds."""
    steps = kerasish.Input((4,), dtype="int32")
    x = layers.Embedding(5, 3, mask_zero=True)(steps)
    x = layers.BatchNormalization()(Penalty()(x))
    x = layers.GlobalAveragePooling1D()(layers.Dropout(0.5, seed=1)(x))
    return kerasish.Model(steps, layers.Dense(1, activity_regularizer="l2")(x))


def test_training_is_the_same(quick_compilation, close):
    rows = np.random.default_rng(0).integers(0, 5, (6, 4))
    found = []
    for mode in None, "full":
        kerasish.utils.set_random_seed(3)
        with kerasish.RematScope(mode):
            model = busy()
        model.compile(kerasish.optimizers.SGD(0.1), "mse")
        history = model.fit(rows, X[:, :1], batch_size=6, epochs=2, verbose=0).history
        found.append((history["loss"], [v.numpy() for v in model.variables]))
        assert float(model.layers[2].calls) == 2
    close(*found)


def test_what_a_call_leaves_behind():
    rows = np.array([[1, 2, 0, 0]])
    for mode in "full", "larger_than":
        embedding = made(
            kerasish, lambda _: layers.Embedding(5, 3, mask_zero=True), mode
        )
        penalty = made(kerasish, lambda _: Penalty(), mode, output_size_threshold=1)
        outputs = embedding(rows)
        mask = kerasish.masks.get_mask(outputs)
        assert np.asarray(mask).tolist() == [[True, True, False, False]]
        penalty(outputs)
        assert [float(x) for x in penalty.losses] == pytest.approx(
            [float(outputs.mean()), 0.1 * float((outputs**2).sum())]
        )
        assert float(penalty.calls) == 1


def test_scopes_take_each_others_place():
    def is_covered():
        return layers.Dense(1)._remat_scope is not None

    found = [is_covered()]
    with kerasish.RematScope():
        thread = threading.Thread(target=lambda: found.append(is_covered()))
        thread.start()
        thread.join()
        with kerasish.RematScope(None):
            found.append(is_covered())
        found.append(is_covered())
        with pytest.raises(KeyError), kerasish.RematScope(None):
            raise KeyError
        found.append(is_covered())
    assert [*found, is_covered()] == [False, False, False, True, True, False]


def test_a_function(close):
    @kerasish.remat
    def wave(x, times=1.0):
        """Sines."""
        return {"y": jnp.sin(jnp.sin(x * times)), "none": None}

    def kept(x):
        return jnp.sin(jnp.sin(x * 2.0)).sum()

    again = jax.grad(lambda x: wave(x, times=2.0)["y"].sum())
    close(again(X), jax.grad(kept)(X))
    assert str(jax.make_jaxpr(again)(X)).count("sin ") == 3  # one again
    assert (wave.__name__, wave.__doc__) == ("wave", "Sines.")
    assert wave(X)["none"] is None
    count = kerasish.Variable(0.0)
    kerasish.remat(count.assign_add)(2.0)
    assert float(count) == 2
    x = kerasish.Input((3,))
    model = kerasish.Model(x, kerasish.remat(kerasish.ops.sin)(x))
    assert jaxpr(model).count("remat") == 1


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: kerasish.RematScope("all"), "one of .*'full'.*, not 'all'"),
        (lambda: kerasish.RematScope(layer_names="dense"), r"write `\['dense'\]`"),
        (lambda: kerasish.remat(3), "must be callable, not 3"),
    ],
)
def test_refusals(make, text):
    with pytest.raises((TypeError, ValueError), match=text):
        make()
