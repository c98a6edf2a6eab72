"""Functions of JAX and modules of Flax as layers: as Keras's, and as JAX alone."""

import copy

import flax.linen as nn
import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import kerasish
from kerasish import backend, layers

pytestmark = pytest.mark.usefixtures("quick_compilation")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3)).astype("float32")
Y = RNG.normal(size=(6, 2)).astype("float32")
PARAMS = {"w": RNG.normal(size=(3, 2)), "b": [np.ones(2, "float32")]}
STATE = {"calls": np.zeros((), "int32"), "last": np.zeros(2)}


@kerasish.saving.register_keras_serializable("test_jax_layer")
@keras.saving.register_keras_serializable("test_jax_layer")
def noisy(rng, params, state, inputs, training):
    y = inputs @ params["w"] + params["b"][0]
    if training:
        y = y + rng.astype(y.dtype)
    return y, {"calls": state["calls"] + 1, "last": y[0]}


@kerasish.saving.register_keras_serializable("test_jax_layer")
@keras.saving.register_keras_serializable("test_jax_layer")
def first(rng, inputs, training):
    w = (inputs + training).T @ (rng / np.float32(2**32))[None]
    return {"w": w, "b": [np.zeros(2)]}, STATE


def plain(params, inputs):
    return jnp.tanh(inputs @ params["w"] + params["b"][0])


class Module(nn.Module):
    """Parameters, statistics and noise."""

    @nn.compact
    def __call__(self, inputs, training=False):
        y = nn.Dense(2)(inputs)
        y = nn.BatchNorm(use_running_average=not training)(y)
        return nn.Dropout(0.5, deterministic=not training)(y)


def weights(layer):
    return [(w.shape, w.trainable, np.asarray(w).tolist()) for w in layer.weights]


def test_a_function_equals_keras(close):
    def by_name(rng, inputs, params, *, state, training):
        return noisy(rng, params, state, inputs, training)

    for options in {}, {"dtype": "mixed_float16"}:
        given = {"params": PARAMS, "state": STATE, "seed": 3, **options}
        ours = layers.JaxLayer(by_name, **given)
        theirs = keras.layers.JaxLayer(noisy, **given)
        assert weights(ours) == weights(theirs)
        for training in False, True:
            mine, other = (x(X, training=training) for x in (ours, theirs))
            assert mine.dtype == other.dtype
            close(mine, other)
            assert weights(ours) == weights(theirs)
        assert ours(kerasish.Input((3,))).shape == (None, 2)


def test_a_module_equals_keras(close):
    variables = Module().init(jax.random.key(1), X)
    ours = layers.FlaxLayer(Module(), variables=variables, seed=5)
    theirs = keras.layers.FlaxLayer(Module(), variables=variables, seed=5)
    for training in True, True:
        close(ours(X, training=training), theirs(X, training=training))
        close([w.numpy() for w in ours.weights], [w.numpy() for w in theirs.weights])
    assert [w.trainable for w in ours.weights] == [w.trainable for w in theirs.weights]

    def twice(module, inputs):
        return 2 * inputs

    assert (layers.FlaxLayer(Module(), twice, variables)(X) == 2 * X).all()


def test_first_values():
    one, same, other = (layers.JaxLayer(noisy, first, seed=s) for s in (1, 1, 2))
    for layer in one, same, other:
        layer.build((None, 3))
    assert weights(one) == weights(same) != weights(other)
    # of a key of their own: what is drawn in the first call is something else
    np.testing.assert_allclose(one.params["w"], 3 * [[2 / 2**32, 2]], 1e-6)
    assert [w.path.split("/")[1] for w in one.weights] == ["b.0", "w", "calls", "last"]
    flax = layers.FlaxLayer(Module())
    flax.build((None, 3))
    assert [w.shape for w in flax.weights] == [(2,), (2,), (2,), (3, 2), (2,), (2,)]
    # also within the trial run of a layer around it
    nested = layers.TimeDistributed(layers.JaxLayer(noisy, first))
    assert nested(kerasish.Input((4, 3))).shape == (None, 4, 2)


def test_fit_equals_jax(close):
    module = nn.BatchNorm(use_running_average=False)
    values = module.init(jax.random.key(0), Y)

    def loss(params):
        y = plain(params["plain"], X)
        y, new = module.apply(
            {"params": params["flax"], "batch_stats": values["batch_stats"]},
            y,
            mutable=["batch_stats"],
        )
        return ((y - Y) ** 2).mean(), new

    start = jax.tree.map(jnp.float32, {"plain": PARAMS, "flax": values["params"]})
    gradients, new = jax.jit(jax.grad(loss, has_aux=True))(start)
    expected = jax.tree.map(lambda p, g: p - 0.1 * g, start, gradients)
    model = kerasish.Sequential(
        [
            kerasish.Input((3,)),
            layers.JaxLayer(plain, params=PARAMS),
            layers.FlaxLayer(module, variables=values),
        ]
    )
    model.compile(kerasish.optimizers.SGD(0.1), "mse")
    model.fit(X, Y, batch_size=6, verbose=0)
    close(
        [w.numpy() for w in model.weights],
        jax.tree.leaves([expected["plain"], expected["flax"], new]),
        rtol=1e-4,
    )
    model.layers[0].trainable = False
    assert len(model.trainable_weights) == 2


def test_files(tmp_path, close):
    model = kerasish.Sequential(
        [kerasish.Input((3,)), layers.JaxLayer(noisy, first, seed=4)]
    )
    model.layers[0].params["w"].assign(PARAMS["w"])
    model.save(tmp_path / "m.keras")
    loaded = kerasish.saving.load_model(tmp_path / "m.keras")
    assert weights(loaded) == weights(model) and loaded.layers[0].seed == 4
    assert weights(copy.deepcopy(model)) == weights(model)
    theirs = keras.Sequential(
        [keras.Input((3,)), keras.layers.JaxLayer(noisy, first, PARAMS, STATE)]
    )
    theirs.save_weights(tmp_path / "k.weights.h5")
    loaded.load_weights(tmp_path / "k.weights.h5")
    assert weights(loaded) == weights(theirs)
    ours, other = loaded.layers[0].get_config(), theirs.layers[0].get_config()
    assert ours == other | {"seed": 4, "name": ours["name"], "dtype": ours["dtype"]}


class WithConfig(nn.Dense):
    def get_config(self):
        return {"features": self.features}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def test_configs_of_modules():
    def method(module, inputs):
        return module(inputs)

    objects = {"WithConfig": WithConfig, "method": method}
    with kerasish.saving.custom_object_scope(objects):
        layer = layers.FlaxLayer(WithConfig(2), method)
        config = layers.serialize(layer)
        made = layers.deserialize(config)
    assert made.module == layer.module and made.method is method
    assert set(config["config"]) == set(
        "name trainable dtype native_serialization_platforms module method".split()
    )
    with pytest.raises(ValueError, match="Unknown"):
        layers.deserialize(config)


REFUSED = {
    "callable, not 3": lambda: layers.JaxLayer(3),
    "needs first values: pass `init_fn`": lambda: layers.JaxLayer(plain),
    r"takes \['params', 'x'\]; it must take `inputs`": lambda: layers.JaxLayer(
        lambda params, x: x
    ),
    r"`init_fn` of .* takes \['a'\]": lambda: layers.JaxLayer(plain, lambda a: a),
    "holds 'text' at 'a', which is no array": lambda: layers.JaxLayer(
        plain, params={"a": "text"}
    ),
    r"must return \(outputs, new state\).* an? ": lambda: layers.JaxLayer(
        lambda state, inputs: inputs, state=STATE
    )(X),
    r"must return \(params, state\)": lambda: layers.JaxLayer(noisy, lambda inputs: 1)(
        X
    ),
    r"holds \['z'\]; it must hold .*\['calls', 'last'\]": lambda: layers.JaxLayer(
        lambda state, inputs: (inputs, {"z": 1}), state=STATE
    )(X),
    "flax.linen.Module.*, not <class": lambda: layers.FlaxLayer(nn.Dense),
    "not 3.*kerasish.flax": lambda: layers.FlaxLayer(3),
    "`method` of a FlaxLayer must be callable": lambda: layers.FlaxLayer(Module(), "f"),
    "`call_fn` `<lambda>` could not be found again": lambda: layers.JaxLayer(
        lambda inputs: inputs
    ).get_config(),
    "without `init_fn`": lambda: layers.JaxLayer(
        noisy, params=PARAMS, state=STATE
    ).get_config(),
    "`module` of FlaxLayer cannot be saved": lambda: layers.FlaxLayer(
        Module()
    ).get_config(),
}


@pytest.mark.parametrize("text", REFUSED)
def test_refusals(text):
    with pytest.raises((TypeError, ValueError), match=text):
        REFUSED[text]()


def test_another_backend(monkeypatch):
    monkeypatch.setattr(backend, "backend", lambda: "numpy")
    with pytest.raises(
        NotImplementedError, match=r"is 'numpy'.*set_backend\(\"jax\"\)"
    ):
        layers.JaxLayer(plain, params=PARAMS)
