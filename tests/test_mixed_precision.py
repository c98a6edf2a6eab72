"""Training in float16: losses are scaled up as far as the gradients stay finite."""

import keras
import numpy as np
import pytest

import kerasish

pytestmark = pytest.mark.usefixtures("quick_compilation")

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(12, 4)).astype("float32")
Y = (X @ RANDOM.normal(size=(4, 1))).astype("float32")
FAR = np.full((4, 1), 1e6, "float32")  # targets: the gradients leave float16
FIT = {"batch_size": 4, "epochs": 4, "shuffle": False, "verbose": 0}


def net(library, scale=None, steps=2000, **options):
    """A model in `mixed_float16`, whose loss is scaled by `scale` first."""
    layers = library.layers
    library.config.set_dtype_policy("mixed_float16")
    try:
        stack = [layers.Dense(6, "tanh"), layers.Dense(1)]
        model = library.Sequential([library.Input((4,)), *stack])
        random = np.random.RandomState(1)
        model.set_weights([random.uniform(-0.5, 0.5, w.shape) for w in model.weights])
        optimizer = library.optimizers.SGD(0.05, momentum=0.5)
        if scale is not None:
            wrap = library.optimizers.LossScaleOptimizer
            optimizer = wrap(optimizer, scale, dynamic_growth_steps=steps)
        model.compile(optimizer, "mse", **options)
    finally:
        library.config.set_dtype_policy("float32")
    return model


def scaling(model):
    """The scale, the good steps since it changed, and all steps done."""
    optimizer = model.optimizer
    counters = (optimizer.dynamic_scale, optimizer.step_counter, optimizer.iterations)
    return [float(np.asarray(v)) for v in counters]


@pytest.mark.parametrize("scale, steps", [(None, 2000), (2.0**20, 2), (8.0, 3)])
def test_a_training_equals_keras_and_the_same_batch_by_batch(scale, steps, close):
    theirs, ours, slowly = (net(k, scale, steps) for k in (keras, kerasish, kerasish))
    expected = theirs.fit(X, Y, **FIT).history["loss"]
    losses = ours.fit(X, Y, **FIT).history["loss"]
    close(losses, expected, rtol=1e-3)
    assert losses[-1] < losses[0] / 2
    assert scaling(ours) == scaling(theirs)
    for batch in [*range(0, 12, 4)] * 4:
        slowly.train_on_batch(X[batch : batch + 4], Y[batch : batch + 4])
    assert scaling(slowly) == scaling(ours)
    for one, other in zip(slowly.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_steps_that_overflow_are_skipped_and_the_scale_follows():
    model = net(kerasish, 1024.0, 2)
    seen = []
    for y in (Y[:4], FAR, FAR, Y[:4], Y[:4], Y[:4]):
        before = model.get_weights()
        model.train_on_batch(X[:4], y)
        same = [np.array_equal(a, b) for a, b in zip(model.get_weights(), before)]
        assert all(same) or not any(same)
        seen.append((all(same), *scaling(model)))
    assert seen == [
        (False, 1024.0, 1, 1),
        (True, 512.0, 0, 1),
        (True, 256.0, 0, 1),
        (False, 256.0, 1, 2),
        (False, 512.0, 0, 3),  # two good steps in a row
        (False, 512.0, 1, 4),
    ]


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_saved_training_goes_on_with_its_scale(ending, tmp_path):
    path = tmp_path / f"m.{ending}"
    model = net(kerasish, 2.0**20, 5)
    model.fit(X, Y, **FIT)
    model.save(path)
    again = kerasish.saving.load_model(path)
    optimizer = again.optimizer
    assert type(optimizer) is kerasish.optimizers.LossScaleOptimizer
    assert type(optimizer.inner_optimizer) is kerasish.optimizers.SGD
    assert scaling(again) == scaling(model)
    if ending == "keras":  # of `.h5`, Keras forgets the number of steps
        assert scaling(keras.saving.load_model(path)) == scaling(model)
    for one in (model, again):
        one.fit(X, Y, **FIT)
    assert scaling(again) == scaling(model)
    for one, other in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("library", [keras, kerasish])
def test_who_scales(library):
    wraps = library.optimizers.LossScaleOptimizer
    optimizer = net(library).optimizer
    assert isinstance(optimizer, wraps) and optimizer.name == "loss_scale_optimizer"
    assert type(optimizer.inner_optimizer) is library.optimizers.SGD
    assert type(net(library, 8.0).optimizer.inner_optimizer) is library.optimizers.SGD
    assert not isinstance(net(library, auto_scale_loss=False).optimizer, wraps)
    model = net(library)
    model.dtype_policy = library.DTypePolicy("mixed_bfloat16")
    model.compile("sgd", "mse")
    assert not isinstance(model.optimizer, wraps)
