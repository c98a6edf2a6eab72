"""Transformations of Optax where an optimizer is wanted."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import kerasish as keras

pytestmark = pytest.mark.usefixtures("quick_compilation")


def network():
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(4, "tanh", name="dense")]
    layers += [keras.layers.BatchNormalization(name="batch_normalization")]
    layers = [keras.Input((3,)), *layers, keras.layers.Dense(1, name="dense_1")]
    return keras.Sequential(layers, name="sequential")


def data(rows=32):
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, 3)).astype("f"), rng.normal(size=(rows, 1)).astype(
        "f"
    )


def kernels(parameters):
    return {path: path.endswith("kernel") for path in parameters}


def transformation():
    rate = optax.cosine_decay_schedule(0.1, 20)
    clip, decay = optax.clip_by_global_norm(0.5), optax.adamw(rate, mask=kernels)
    return optax.chain(clip, decay)


@keras.saving.register_keras_serializable("tests")
def lookahead():
    return optax.MultiSteps(optax.adam(0.01), 2).gradient_transformation()


def by_hand(model, x, y, epochs, rows):
    """What Optax's documentation tells to write."""
    paths = [v.path for v in model.trainable_variables]
    parameters = dict(zip(paths, [v.value for v in model.trainable_variables]))
    rest = [v.value for v in model.non_trainable_variables]
    how = transformation()
    state = how.init(parameters)

    @jax.jit
    def step(parameters, rest, state, x, y):
        def loss(parameters):
            values = [parameters[path] for path in paths]
            outputs, new = model.stateless_call(values, rest, x, training=True)
            return jnp.mean((outputs - y) ** 2), new

        (_, rest), slopes = jax.value_and_grad(loss, has_aux=True)(parameters)
        updates, state = how.update(slopes, state, parameters)
        return optax.apply_updates(parameters, updates), rest, state

    for _ in range(epochs):
        for i in range(0, len(x), rows):
            batch = x[i : i + rows], y[i : i + rows]
            parameters, rest, state = step(parameters, rest, state, *batch)
    return [parameters[path] for path in paths]


@pytest.fixture(scope="module")
def trained():
    model = network()
    model.compile(transformation(), "mse")
    model.fit(*data(), batch_size=8, epochs=3, shuffle=False, verbose=0)
    return model


def test_fit_is_the_loop_by_hand(trained, close):
    close(
        [v.numpy() for v in trained.trainable_variables],
        by_hand(network(), *data(), epochs=3, rows=8),
        rtol=1e-6,
    )


def test_the_state_is_made_of_variables(trained):
    optimizer = trained.optimizer
    assert isinstance(optimizer, keras.optimizers.Optax)
    assert int(optimizer.iterations) == 12
    state = {v.name: v for v in optimizer.variables}
    assert state["1.0.count"].dtype == "int32" and int(state["1.0.count"]) == 12
    assert state["1.0.mu.sequential_dense_kernel"].shape == (3, 4)
    order = [v.path.replace("/", "_") for v in trained.trainable_variables]
    names = [n.removeprefix("1.0.mu.") for n in state if n.startswith("1.0.mu.")]
    assert names == order  # not by the alphabet: files know them by their numbers


def test_files_hold_the_state(trained, tmp_path, close):
    file = str(tmp_path / "m.weights.h5")
    trained.save_weights(file)
    again = network()
    again.compile(transformation(), "mse")
    again.optimizer.build(again.trainable_variables)
    again.load_weights(file)
    ours = [v.numpy() for v in again.optimizer.variables]
    close(ours, [v.numpy() for v in trained.optimizer.variables], 0, 0)
    with pytest.raises(
        ValueError, match=r"that no file can hold. Give .*Optax`.*again"
    ):
        trained.save(tmp_path / "m.keras")
    trained.save(tmp_path / "m.keras", include_optimizer=False)


def test_a_registered_function_is_saved_with_the_state(tmp_path, close):
    model = network()
    model.compile(keras.optimizers.Optax(lookahead, name="ahead"), "mse")
    slopes = [np.ones(v.shape, "f") for v in model.trainable_variables]
    model.optimizer.apply(slopes, model.trainable_variables)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert again.optimizer.name == "ahead"
    for each in (model, again):
        each.optimizer.apply(slopes, each.trainable_variables)
    close(again.get_weights(), model.get_weights(), 1e-6)
    ours = [v.numpy() for v in again.optimizer.variables]
    close(ours, [v.numpy() for v in model.optimizer.variables])
    assert int(again.optimizer.iterations) == 2


def test_an_injected_rate_is_read_and_set():
    model, (x, y) = network(), data(16)
    model.compile(optax.inject_hyperparams(optax.sgd)(learning_rate=0.1), "mse")
    assert np.isnan(model.optimizer.learning_rate)
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    model.optimizer.build(model.trainable_variables)
    history = model.fit(x, y, epochs=2, verbose=0, callbacks=[halve]).history
    np.testing.assert_allclose(history["learning_rate"], [0.05, 0.025])


def test_a_hidden_rate_is_explained(trained):
    assert np.isnan(trained.optimizer.learning_rate)
    with pytest.raises(TypeError, match=r"`optax.inject_hyperparams\(optax.adam\)"):
        trained.optimizer.learning_rate = 0.1


def variables():
    return [keras.Variable([1.0, 2.0], name=name) for name in "ab"]


def test_gradients_that_are_missing_leave_the_parameter():
    a, b = variables()
    optimizer = keras.optimizers.get(optax.adamw(0.1, weight_decay=1.0))
    optimizer.build([a, b])
    optimizer.apply([np.ones(2)], [a])
    assert b.numpy().tolist() == [1.0, 2.0]
    assert (a.numpy() < [1.0, 2.0]).all()


def test_losses_are_scaled():
    a, b = variables()
    inner = keras.optimizers.get(optax.sgd(0.5))
    optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=8.0)
    for slope in (8.0, np.inf):
        optimizer.apply([np.full(2, slope)] * 2, [a, b])
    assert a.numpy().tolist() == b.numpy().tolist() == [0.5, 1.5]
    assert float(optimizer.dynamic_scale) == 4.0


MISTAKES = {
    "nothing of Optax": (lambda: keras.optimizers.Optax(3), "`init` and `update`, or"),
    "makes nothing": (lambda: keras.optimizers.Optax(print), "from <built-in function"),
    "wants the loss": (
        lambda: keras.optimizers.get(optax.lbfgs()).apply(
            [np.ones(2)], variables()[:1]
        ),
        "missing 3 required keyword-only arguments",
    ),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_mistakes_are_told(what):
    make, text = MISTAKES[what]
    with pytest.raises(TypeError, match=text) as caught:
        make()
    if "keyword" in text:
        assert "needs a `train_step` of your own" in caught.value.__notes__[-1]


def test_other_arguments_and_names_that_are_not_unique():
    with pytest.raises(ValueError, match=r"`Optax`: .'clipnorm.*`optax.chain"):
        keras.optimizers.Optax(optax.sgd(0.1), clipnorm=1.0)
    twice = [keras.Variable([1.0], name="a") for _ in range(2)]
    with pytest.raises(ValueError, match="several are called 'a'"):
        keras.optimizers.get(optax.sgd(0.1)).build(twice)


def test_other_backends_say_no(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "numpy")
    with pytest.raises(ValueError, match="compute with JAX; the backend is 'numpy'"):
        keras.optimizers.get(optax.sgd(0.1))
