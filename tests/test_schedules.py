"""Learning-rate schedules: each a row of one table, each law a test over the rows."""

import inspect

import jax
import keras
import numpy as np
import pytest

import kerasish
from kerasish import backend

STEPS = np.arange(200)
ROWS = {
    "exponential": ("ExponentialDecay", (0.1, 10, 0.5), {}),
    "exponential stairs": ("ExponentialDecay", (0.1, 10, 0.5, True), {}),
    "inverse time": ("InverseTimeDecay", (0.1, 10, 0.5), {"name": "mine"}),
    "inverse time stairs": ("InverseTimeDecay", (0.1, 10, 0.5, True), {}),
    "pieces": ("PiecewiseConstantDecay", ([10, 50, 51], [1.0, 0.5, 0.25, 2.0]), {}),
    "polynomial": ("PolynomialDecay", (0.1, 50), {}),
    "polynomial cycle": ("PolynomialDecay", (0.1, 50, 0.01, 2.0, True), {}),
    "cosine": ("CosineDecay", (0.1, 100), {"alpha": 0.05}),
    "cosine warm": (
        "CosineDecay",
        (0.1, 100),
        {"warmup_target": 0.5, "warmup_steps": 20},
    ),
    "cosine target": ("CosineDecay", (0.1, 100, 0.1), {"warmup_target": 0.5}),
    "restarts": ("CosineDecayRestarts", (0.1, 20), {}),
    "restarts equal": ("CosineDecayRestarts", (0.1, 20, 1.0, 0.9, 0.1), {}),
    "restarts longer": ("CosineDecayRestarts", (0.1, 20, 1.5, 0.9, 0.1), {}),
}
each = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())


def make(library, row):
    name, args, kwargs = row
    return getattr(library.optimizers.schedules, name)(*args, **kwargs)


@each
def test_equals_keras(row, close):
    theirs = jax.jit(jax.vmap(make(keras, row)))(STEPS)
    ours = backend.jit(make(kerasish, row))(backend.asarray(STEPS))
    close(ours, theirs)
    assert backend.dtype_name(ours) == "float32"


@each
@pytest.mark.parametrize("step", [0, 20, 37])
def test_a_python_number_a_variable_and_an_array_are_the_same(row, step, close):
    rate = make(kerasish, row)
    variable = kerasish.Variable(step, dtype="int32")
    for each_step in (variable, backend.asarray(step)):
        close(rate(each_step), rate(step))


@each
def test_config_equals_keras_and_round_trips(row, close):
    ours, theirs = make(kerasish, row), make(keras, row)
    assert ours.get_config() == theirs.get_config()
    schedules = kerasish.optimizers.schedules
    config = schedules.serialize(ours)
    assert config == keras.optimizers.schedules.serialize(theirs)
    again = schedules.deserialize(config)
    assert type(again) is type(ours)
    assert again.get_config() == ours.get_config()
    close(again(7), ours(7))


def test_public_names_and_signatures_are_those_of_keras():
    theirs = vars(keras.optimizers.schedules)
    for name, thing in theirs.items():
        if name.startswith("_"):
            continue
        mine = getattr(kerasish.optimizers.schedules, name)
        if name != "LearningRateSchedule":
            expected = inspect.signature(thing).parameters
            found = inspect.signature(mine).parameters
            assert list(found) == list(expected), name
            for key, parameter in expected.items():
                assert found[key].default == parameter.default, (name, key)
        assert mine.__doc__


@pytest.mark.parametrize("t_mul", [1.2, 2.0, 3.0])
def test_each_wave_starts_at_its_height(t_mul):
    """Also where rounding would put the start at the end of the wave before."""
    rate = kerasish.optimizers.schedules.CosineDecayRestarts(1.0, 1000, t_mul)
    starts = np.ceil(1000 * np.cumsum(t_mul ** np.arange(8)) - 1e-6)
    np.testing.assert_allclose(np.asarray(rate(starts)), 1.0, atol=1e-5)


def test_a_schedule_of_the_user(close):
    @kerasish.saving.register_keras_serializable("tests")
    class Root(kerasish.optimizers.schedules.LearningRateSchedule):
        def __init__(self, scale):
            self.scale = scale

        def __call__(self, step):
            return self.scale / kerasish.ops.sqrt(kerasish.ops.cast(step, "float32"))

    optimizer = kerasish.optimizers.SGD(Root(2.0))
    again = kerasish.optimizers.SGD.from_config(optimizer.get_config())
    close(again._learning_rate(16), 0.5)


@pytest.mark.parametrize(
    ("name", "args", "text"),
    [
        (
            "ExponentialDecay",
            (0.1, 0, 0.5),
            "`ExponentialDecay` needs `decay_steps` > 0",
        ),
        ("PolynomialDecay", (0.1, -1), "decay_steps=-1"),
        ("CosineDecay", (0.1, 0), "`CosineDecay` needs `decay_steps` > 0"),
        ("CosineDecayRestarts", (0.1, 0), "`first_decay_steps` > 0"),
        ("PiecewiseConstantDecay", ([1, 2], [1.0, 2.0]), "one more of `values`"),
        ("PiecewiseConstantDecay", ([], [1.0]), "at least one of `boundaries`"),
    ],
)
def test_errors(name, args, text):
    with pytest.raises(ValueError, match=text):
        getattr(kerasish.optimizers.schedules, name)(*args)


def test_the_base_says_what_to_override():
    with pytest.raises(NotImplementedError, match="must override `__call__"):
        kerasish.optimizers.schedules.LearningRateSchedule()(0)
