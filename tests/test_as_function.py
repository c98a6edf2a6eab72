"""Models as plain functions of their variables, inside transformations of JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import kerasish as keras

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(scope="module")
def model():
    regularized = keras.layers.Dense(4, "tanh", kernel_regularizer="l2", name="first")
    inner = [keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
    layers = [regularized, *inner, keras.layers.Dense(1, name="last")]
    return keras.Sequential([keras.Input((3,)), *layers], name="net")


X = np.random.default_rng(0).normal(size=(8, 3)).astype("f")


def test_it_computes_what_the_model_computes(model, close):
    function, variables = model.as_function()
    close(function(variables, X), model(X))
    close(jax.jit(function)(variables, X), model(X))
    one_by_one = jax.vmap(lambda x: function(variables, x[None])[0])
    close(one_by_one(X), model(X))


def test_variables_are_a_tree_by_paths(model):
    _, variables = model.as_function()
    net = variables["trainable_variables"]["net"]
    assert net["first"]["kernel"].shape == (3, 4)
    assert sorted(net) == ["batch_normalization", "first", "last"]
    assert len(jax.tree.leaves(variables)) == len(model.variables)


def test_gradients_are_those_of_the_model(model, close):
    function, variables = model.as_function()

    def loss(trained):
        outputs, losses = function(
            {**variables, "trainable_variables": trained}, X, return_losses=True
        )
        return jnp.sum(outputs**2) + sum(losses)

    slopes = jax.grad(loss)(variables["trainable_variables"])["net"]
    _, theirs = model.value_and_gradients(
        lambda: jnp.sum(model(X) ** 2) + sum(model.losses)
    )
    close(slopes["first"]["kernel"], theirs[0])
    close(slopes["last"]["bias"], theirs[-1])


def test_what_is_assigned_comes_back_and_goes_in(model, close):
    function, variables = model.as_function()
    before = [v.numpy() for v in model.variables]
    step = jax.jit(lambda v: function(v, X, training=True, return_variables=True))
    outputs, new = step(variables)
    again, newer = step(new)
    assert np.abs(outputs - again).max() > 0  # other masks of dropout
    close(step(variables)[0], outputs)
    assert jax.tree.structure(new) == jax.tree.structure(variables)
    close([v.numpy() for v in model.variables], before)
    model.set_state_tree(newer)
    means = newer["non_trainable_variables"]["net"]["batch_normalization"]
    mean = next(v for v in model.variables if v.name == "moving_mean")
    close(mean.numpy(), means["moving_mean"])
    model.set_state_tree(variables)


def test_ensembles_are_stacked_variables(model, close):
    function, variables = model.as_function()
    both = jax.tree.map(lambda v: jnp.stack([v, v * 2]), variables)
    found = jax.vmap(function, in_axes=(0, None))(both, X)
    assert found.shape == (2, 8, 1)
    close(found[0], model(X))


def test_mistakes_are_told(model):
    function, variables = model.as_function()
    trained = variables["trainable_variables"]["net"]
    wrong = {"net": {**trained, "lst": trained["last"]}}
    del wrong["net"]["last"]
    with pytest.raises(ValueError, match=r"no place for 'net/lst/.*mean `net/last/"):
        function({**variables, "trainable_variables": wrong}, X)
    with pytest.raises(ValueError, match=r"non_trainable_variables .* lacks 'net/"):
        function({"trainable_variables": variables["trainable_variables"]}, X)
    with pytest.raises(ValueError, match="must be built before `as_function`"):
        keras.Sequential([keras.layers.Dense(1)]).as_function()
    twice = [keras.layers.Dense(1, name="a") for _ in range(2)]
    stacks = [keras.Sequential([layer], name="s") for layer in twice]

    class Both(keras.Model):
        def __init__(self):
            super().__init__(name="both")
            self.stacks = stacks

        def call(self, x):
            return self.stacks[0](x) + self.stacks[1](x)

    unclear = Both()
    unclear(X)
    with pytest.raises(ValueError, match="several are called 'both/s/a/kernel'"):
        unclear.as_function()
