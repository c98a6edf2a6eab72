"""Initializers: distributions, configs, names and signatures are those of Keras."""

import inspect
import math

import keras
import numpy as np
import pytest

import kerasish
from kerasish import initializers

pytestmark = pytest.mark.usefixtures("quick_compilation")

PUBLIC = [name for name in dir(keras.initializers) if name[0] != "_"]
SHAPE = (300, 200)
KERNEL = (5, 5, 30, 60)
# (name, options, shape): the statistics of Keras's draws are the reference.
DRAWN = [
    ("RandomNormal", {"mean": 1.0, "stddev": 0.5}, SHAPE),
    ("TruncatedNormal", {"mean": 1.0, "stddev": 0.5}, SHAPE),
    ("RandomUniform", {"minval": -1.0, "maxval": 3.0}, SHAPE),
    ("VarianceScaling", {}, SHAPE),
    ("VarianceScaling", {"scale": 2.0, "distribution": "uniform"}, KERNEL),
    ("VarianceScaling", {"mode": "fan_out", "distribution": "normal"}, KERNEL),
    (
        "VarianceScaling",
        {"mode": "fan_avg", "distribution": "untruncated_normal"},
        KERNEL,
    ),
    ("VarianceScaling", {}, (50_000,)),
    (
        "VarianceScaling",
        {"mode": "fan_avg", "input_axes": [0], "output_axes": [1, 2]},
        (30, 40, 50),
    ),
    ("GlorotUniform", {}, SHAPE),
    ("GlorotNormal", {}, KERNEL),
    ("HeUniform", {}, KERNEL),
    ("HeNormal", {}, SHAPE),
    ("LecunUniform", {}, SHAPE),
    ("LecunNormal", {}, KERNEL),
    ("LecunNormal", {"input_axes": [0, 1], "output_axes": [2]}, (30, 40, 50)),
    ("Orthogonal", {"gain": 2.0}, (200, 150)),
]
FIXED = [
    ("Zeros", {}, (2, 3), None),
    ("Zeros", {}, (), "int32"),
    ("Ones", {}, (2, 3), "float16"),
    ("Ones", {}, (2,), "bool"),
    ("Constant", {"value": 2.5}, (2, 3), None),
    ("Constant", {"value": [1.0, 2.0, 3.0]}, (2, 3), None),
    ("Constant", {"value": 3}, (2,), "int32"),
    ("Identity", {}, (3, 3), None),
    ("Identity", {"gain": 0.5}, (2, 4), None),
    ("STFT", {}, (8, 1, 5), None),
    ("STFT", {"side": "imag", "scaling": "spectrum"}, (8, 1, 5), None),
    ("STFT", {"window": "hamming", "periodic": True, "scaling": None}, (8, 1, 5), None),
    ("STFT", {"window": None}, (6, 1, 4), None),
    ("STFT", {"window": [1.0, 2.0, 2.0, 1.0]}, (4, 1, 3), None),
]


@pytest.mark.parametrize(("name", "options", "shape"), DRAWN)
def test_statistics_equal_keras(name, options, shape):
    values = getattr(initializers, name)(seed=1, **options)(shape)
    theirs = getattr(keras.initializers, name)(seed=1, **options)(shape)
    theirs = np.asarray(theirs, "float64")
    assert values.shape == shape and values.dtype == np.float32
    spread = theirs.std()
    assert values.mean() == pytest.approx(theirs.mean(), abs=0.03 * spread)
    assert values.std() == pytest.approx(spread, rel=0.02)
    if "ormal" not in str((name, options)):
        return
    # the tails tell normal from truncated normal
    far = [np.mean(np.abs(v - v.mean()) > 1.9 * spread) for v in (values, theirs)]
    assert far[0] == pytest.approx(far[1], rel=0.15)


def test_bounds():
    limit = math.sqrt(6 / 500)
    values = initializers.GlorotUniform(seed=0)(SHAPE)
    assert limit * 0.999 < values.max() <= limit and -limit <= values.min()
    values = initializers.TruncatedNormal(0.0, 1.0, seed=0)(SHAPE)
    assert 1.99 < np.abs(values).max() <= 2.0
    values = initializers.RandomUniform(3.0, 4.0, seed=0)(SHAPE, "float64")
    assert values.min() >= 3.0 and values.max() < 4.0


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 3, 4), (3, 3, 2, 30)])
def test_orthogonal_matrices(shape):
    q = initializers.Orthogonal(gain=1.5, seed=0)(shape).reshape(-1, shape[-1])
    q = q if q.shape[0] >= q.shape[1] else q.T
    np.testing.assert_allclose(q.T @ q, 2.25 * np.eye(q.shape[1]), atol=1e-5)


@pytest.mark.parametrize(("name", "options", "shape", "dtype"), FIXED)
def test_values_equal_keras(name, options, shape, dtype):
    values = getattr(initializers, name)(**options)(shape, dtype)
    theirs = np.asarray(getattr(keras.initializers, name)(**options)(shape, dtype))
    assert isinstance(values, np.ndarray) and values.shape == theirs.shape
    np.testing.assert_allclose(values, theirs, rtol=1e-5, atol=2e-6)
    assert values.dtype == (dtype or "float32")


def test_dtypes_of_draws():
    for dtype in ("float16", "float32", "float64"):
        assert initializers.HeNormal(seed=0)((3, 4), dtype).dtype == dtype
    assert initializers.HeNormal(seed=0)((3, 4), "bfloat16").dtype.name == "bfloat16"
    assert initializers.HeNormal(seed=0)(()).shape == ()
    assert initializers.HeNormal(seed=0)((0, 2)).shape == (0, 2)


@pytest.mark.parametrize(("name", "options", "shape"), DRAWN)
def test_seeds(name, options, shape):
    shape = (6, 5, 4, 3)[: len(shape)]
    make = getattr(initializers, name)
    fixed = make(seed=7, **options)
    np.testing.assert_array_equal(fixed(shape), fixed(shape))
    np.testing.assert_array_equal(fixed(shape), fixed.clone()(shape))
    assert (fixed(shape) != make(seed=8, **options)(shape)).any()
    free = make(**options)
    assert (free(shape) != free(shape)).any()
    initializers.seed_default(3)
    first = free(shape)
    initializers.seed_default(3)
    np.testing.assert_array_equal(first, free(shape))


def test_a_seed_generator_moves_on():
    def draws():
        seed = kerasish.random.SeedGenerator(5)
        make = initializers.RandomNormal(seed=seed)
        return make((4,)), make((4,)), make.get_config()

    first, second, config = draws()
    assert (first != second).any()
    np.testing.assert_array_equal(first, draws()[0])
    theirs = keras.initializers.RandomNormal(seed=keras.random.SeedGenerator(5))
    assert config["seed"]["class_name"] == "SeedGenerator"
    assert config["seed"]["module"] == theirs.get_config()["seed"]["module"]
    again = initializers.RandomNormal.from_config(config)
    assert isinstance(again.seed, kerasish.random.SeedGenerator)


def test_set_random_seed_seeds_the_initializers():
    kerasish.utils.set_random_seed(11)
    first = initializers.GlorotUniform()((3, 3))
    kerasish.utils.set_random_seed(11)
    np.testing.assert_array_equal(first, initializers.GlorotUniform()((3, 3)))


CONFIGS = [(name, options) for name, options, *_ in DRAWN + FIXED]


@pytest.mark.parametrize(("name", "options"), CONFIGS)
def test_config_equals_keras_and_round_trips(name, options):
    ours = getattr(initializers, name)(**options)
    theirs = getattr(keras.initializers, name)(**options)
    expected = theirs.get_config()
    if name == "Identity" and options:
        expected = options  # Keras forgets the gain
    assert ours.get_config() == expected
    config = initializers.serialize(ours)
    written = keras.initializers.serialize(theirs)
    assert {**config, "config": 0} == {**written, "config": 0}
    again = initializers.deserialize(config)
    assert type(again) is type(ours) and again.get_config() == ours.get_config()
    assert keras.initializers.deserialize(config).get_config() == theirs.get_config()


@pytest.mark.parametrize("name", PUBLIC)
def test_signature_equals_keras(name):
    def arguments(thing):
        parameters = inspect.signature(thing).parameters.values()
        return [(p.name, p.kind, p.default) for p in parameters]

    ours, theirs = getattr(initializers, name), getattr(keras.initializers, name)
    assert arguments(ours) == arguments(theirs)
    assert ours.__doc__ and ours.__name__ == theirs.__name__
    if inspect.isclass(theirs):
        call = arguments(theirs.__call__)
        assert arguments(ours.__call__)[: len(call)] == call


def test_every_class_has_a_row():
    classes = {t.__name__ for t in map(keras.initializers.__dict__.get, PUBLIC)}
    rows = {name for name, *_ in CONFIGS}
    assert classes - rows == {"Initializer", "get", "serialize", "deserialize"}


def test_names_mean_what_they_mean_in_keras():
    for name in [*initializers._NAMES, "glorot_uniform", "zeros", "normal", "uniform"]:
        ours = initializers.get(name)
        if name in ("constant", "Constant"):
            continue  # Keras fails: it wants a value
        assert type(ours).__name__ == type(keras.initializers.get(name)).__name__
    assert initializers.get(None) is None
    assert isinstance(initializers.get(initializers.Ones), initializers.Ones)
    given = initializers.HeNormal()
    assert initializers.get(given) is given
    config = {"class_name": "HeNormal", "config": {"seed": 3}}
    assert initializers.get(config).seed == 3


def test_get_takes_arrays_and_functions():
    values = np.arange(4.0).reshape(2, 2)
    for given in (values, kerasish.backend.asarray(values), kerasish.Variable(values)):
        np.testing.assert_array_equal(initializers.get(given)((2, 2)), values)
    with pytest.raises(ValueError, match=r"shape \(2, 2\).*weight of shape \(4,\)"):
        initializers.get(values)((4,))

    def twos(shape, dtype=None):
        return np.full(shape, 2.0)

    assert initializers.get(twos) is twos


def test_own_initializers():
    class Halves(kerasish.Initializer):
        def __init__(self, factor):
            self.factor = factor

        def __call__(self, shape, dtype=None):
            return np.full(shape, self.factor / 2, dtype)

    variable = kerasish.Variable(Halves(3.0), shape=(2,))
    assert variable.numpy().tolist() == [1.5, 1.5]
    assert Halves(3.0).clone().factor == 3.0
    with kerasish.saving.custom_object_scope({"Halves": Halves}):
        again = initializers.deserialize(initializers.serialize(Halves(3.0)))
    assert again.factor == 3.0


ERRORS = [
    (lambda: initializers.HeNormal(seed=1.5), "`seed`.*an integer.*got 1.5"),
    (lambda: initializers.HeNormal(seed=-1), "`seed`.*must not be negative: -1"),
    (lambda: initializers.VarianceScaling(scale=0), "`scale` must be positive"),
    (
        lambda: initializers.VarianceScaling(mode="fan"),
        "`mode`: expected one of 'fan_in', 'fan_out', 'fan_avg', got 'fan'",
    ),
    (
        lambda: initializers.VarianceScaling(distribution="unifrom"),
        "`distribution`.*got 'unifrom'. Did you mean `uniform`",
    ),
    (lambda: initializers.Identity()((2, 2, 2)), r"shape=\(2, 2, 2\) of rank 3"),
    (lambda: initializers.Orthogonal()((2,)), r"shape=\(2,\) of rank 1"),
    (lambda: initializers.STFT(side="both"), "`side`.*'real', 'imag', got 'both'"),
    (lambda: initializers.STFT(window="hamn"), "hamn"),
    (lambda: initializers.STFT()((4, 2)), r"frequencies\), got \(4, 2\)"),
    (lambda: initializers.STFT(window=[1, 2])((4, 1, 3)), r"shape \(4,\), got"),
    (lambda: initializers.HeNormal()((2, 2), "int32"), "`HeNormal`.*dtype='int32'"),
    (
        lambda: initializers.get("glorot_unform"),
        "Could not interpret initializer identifier.*Did you mean `glorot_uniform`",
    ),
    (lambda: initializers.get([1, 2]), r"identifier: \[1, 2\]"),
]


@pytest.mark.parametrize(("call", "text"), ERRORS, ids=[text for _, text in ERRORS])
def test_errors(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_an_initializer_without_call_says_so():
    with pytest.raises(NotImplementedError, match="`Initializer` must define"):
        initializers.Initializer()((2,))
