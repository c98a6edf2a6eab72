"""Optimizers for gradients of all the data: Rprop's family and L-BFGS."""

import numpy as np
import pytest

import kerasish

pytestmark = pytest.mark.usefixtures("quick_compilation")
VARIANTS = ("rprop+", "rprop-", "irprop-", "sag", "slr")


def rprop(variant, gradient_of, w, steps, low, high):
    """An independent version, one weight at a time; returns all the points."""
    sign, size = np.zeros(w.size), np.full(w.size, 0.1)
    points = []
    for _ in range(steps):
        g = gradient_of(w)
        s = sign * np.sign(g)
        moved_back = [variant == "rprop+" and x < 0 for x in s]
        last = sign * size
        for i in range(w.size):
            if s[i] > 0:
                size[i] = min(1.2 * size[i], high)
            elif s[i] < 0:
                size[i] = max(0.5 * size[i], low)
        sign = np.sign(g)
        live = np.flatnonzero(g)
        if variant in ("sag", "slr") and live.size:
            measure = np.abs(g) if variant == "sag" else size
            k = live[np.argmin(measure[live])]
            rest = sum(size[i] * g[i] for i in range(w.size) if i != k)
            size[k] = np.clip(-(rest + 1e-6) / g[k], low, high)
        w = w.copy()
        for i in range(w.size):
            if moved_back[i]:
                w[i] += last[i]
                sign[i] = 0
            elif variant == "irprop-" and s[i] < 0:
                sign[i] = 0
            else:
                w[i] -= sign[i] * size[i]
        points.append(w)
    return np.array(points)


@pytest.mark.parametrize("variant", VARIANTS)
def test_rprop_follows_its_definition(variant):
    """On a bent valley of three weights, in two variables of which one rests."""
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(4, 4))
    matrix = matrix @ matrix.T

    def gradient_of(w):
        return matrix @ w + np.sin(3 * w)

    start = rng.normal(size=4)
    points = rprop(variant, gradient_of, start, 50, 1e-6, 0.2)
    a, b = (kerasish.Variable(x, dtype="float32") for x in np.split(start, [1]))
    optimizer = kerasish.optimizers.Rprop(0.1, variant, step_max=0.2)
    wide = kerasish.backend.to_numpy
    for point in points[:25]:  # later, 32 bits see other signs
        g = gradient_of(np.concatenate([wide(a.value), wide(b.value)]))
        optimizer.apply([g[:1], g[1:]], [a, b])
        now = np.concatenate([wide(a.value), wide(b.value)])
        np.testing.assert_allclose(now, point, atol=2e-5)
    # the signs of the gradient were different ones
    assert len(np.unique(np.sign([gradient_of(p) for p in points]), axis=0)) > 4


def test_a_weight_whose_gradient_comes_late_begins_with_the_learning_rate():
    v = kerasish.Variable([0.0, 0.0])
    optimizer = kerasish.optimizers.Rprop(0.25)
    for g in ([1.0, 0.0], [1.0, 0.0], [1.0, -1.0]):
        optimizer.apply([np.array(g)], [v])
    steps = 0.25 * (1 + 1.2 + 1.44)
    np.testing.assert_allclose(v.numpy(), [-steps, 0.25], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda o: o.Rprop(variant="rprop"), "`variant` must be one of"),
        (lambda o: o.Rprop(step_min=2.0, step_max=1.0), "`step_max` must be positive"),
        (lambda o: o.Rprop(shrink=1.5), "`shrink` must be between 0 and 1"),
        (lambda o: o.Rprop(grow=0.9), "`grow` must be above 1"),
        (lambda o: o.LBFGS(memory=0), "`memory` must be a positive integer"),
        (lambda o: o.LBFGS(clipnorm=1.0), "not recognized by `LBFGS`"),
    ],
)
def test_arguments_out_of_range(make, text):
    with pytest.raises(ValueError, match=text):
        make(kerasish.optimizers)


def descend(gradient_of, start, steps):
    variables = [kerasish.Variable(x, dtype="float64") for x in np.split(start, [2])]
    optimizer = kerasish.optimizers.LBFGS(memory=3)
    points = [start]
    for _ in range(steps):
        parts = np.split(gradient_of(points[-1]), [2])
        optimizer.apply(parts, variables)
        points.append(np.concatenate([v.numpy() for v in variables]))
    return np.array(points)


@pytest.fixture
def double():
    before = kerasish.config.floatx()
    kerasish.config.set_floatx("float64")
    yield
    kerasish.config.set_floatx(before)


def test_lbfgs_solves_a_quadratic_in_few_steps(double):
    scales = np.array([1.0, 3.0, 10.0, 30.0, 100.0])
    points = descend(lambda w: scales * (w - 1), np.zeros(5), 35)
    np.testing.assert_allclose(points[-1], 1.0, atol=2e-4)
    # gradient descent at its best rate, 2 / (1 + 100)
    w = np.zeros(5)
    for _ in range(35):
        w = w - 2 / 101 * scales * (w - 1)
    assert np.abs(w - 1).max() > 0.3


def test_lbfgs_turns_back_where_the_gradient_is_not_finite_or_uphill(double):
    """The sum of w - log(w), which is least at 1 and is not there below 0."""

    def gradient_of(w):
        with np.errstate(all="ignore"):
            return np.where(w > 0, 1 - 1 / w, np.nan)

    points = descend(gradient_of, np.array([30.0, 0.1, 2.0, 9.0, 5.0]), 60)
    assert (points <= 0).any()  # it went too far, and came back
    np.testing.assert_allclose(points[-1], 1.0, atol=1e-3)


def small_model(optimizer):
    layers = kerasish.layers
    model = kerasish.Sequential(
        [kerasish.Input((4,)), layers.Dense(5, "tanh"), layers.Dense(3, "softmax")]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("name", ["LBFGS", "Rprop"])
def test_full_batches_save_load_resume(name, tmp_path, close):
    """Iris to a loss that Adam does not reach in the steps; exactly so from a file."""
    kerasish.utils.set_random_seed(1)
    (x, y), _ = kerasish.datasets.iris.load_data()
    x = (x - x.mean(0)) / x.std(0)
    options = {"memory": 3} if name == "LBFGS" else {"variant": "irprop-"}
    model = small_model(getattr(kerasish.optimizers, name)(**options))
    how = {"batch_size": len(x), "verbose": 0, "shuffle": False}
    model.fit(x, y, epochs=30, **how)
    path = str(tmp_path / "m.keras")
    model.save(path)
    loaded = kerasish.models.load_model(path)
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    losses = [m.fit(x, y, epochs=20, **how).history["loss"] for m in (model, loaded)]
    assert losses[0] == losses[1]
    assert min(losses[0]) < {"LBFGS": 0.045, "Rprop": 0.07}[name]
    close(loaded.get_weights(), model.get_weights(), rtol=0, atol=0)
