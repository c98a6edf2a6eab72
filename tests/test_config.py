"""Settings: calls, environment variables, the user's file, devices, float types."""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import kerasish
from kerasish import backend, config

ROOT = Path(__file__).parents[1]
NUMPY = config.backend() == "numpy"


@pytest.fixture(autouse=True)
def settings_restored():
    before = dict(config._settings)
    yield
    config.set_floatx(before["floatx"])
    config._settings.update(before)


# --- calls ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, values",
    [
        ("floatx", ("bfloat16", "float16", "float64", "float32")),
        ("epsilon", (1e-3, 1, 1e-7)),
        ("image_data_format", ("channels_first", "channels_last")),
        ("max_epochs", (3, None)),
        ("max_steps_per_epoch", (2, None)),
    ],
)
def test_what_is_set_is_returned(name, values):
    for value in values:
        getattr(config, f"set_{name}")(value)
        assert getattr(config, name)() == value
        if hasattr(keras.backend, name):
            assert getattr(kerasish.backend, name)() == value


@pytest.mark.parametrize(
    "name, is_on", [("interactive_logging", True), ("traceback_filtering", True),
                    ("flash_attention", False)],
)  # fmt: skip
def test_switches(name, is_on):
    state = getattr(config, f"is_{name}_enabled")
    assert state() is is_on
    for verb, expected in (("disable", False), ("enable", True), ("disable", False)):
        getattr(config, f"{verb}_{name}")()
        assert state() is expected


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: config.set_floatx("float31"), "`floatx`.*'float64'.*not 'float31'"),
        (lambda: config.set_floatx("int32"), "`floatx` must be one of.*'int32'"),
        (lambda: config.set_epsilon(0), "`epsilon` must be a positive number, not 0"),
        (lambda: config.set_epsilon("1"), "`epsilon`.*not '1'"),
        (lambda: config.set_image_data_format("last"), "channels_first.*not 'last'"),
        (lambda: config.set_dtype_policy(3), "`policy` must be a DTypePolicy.*not 3"),
        (lambda: config.set_dtype_policy("mixed_float8"), "'mixed_float8' as a dtype"),
        (lambda: config.set_backend("tensorflow"), "no backend 'tensorflow'.*'jax'"),
        (lambda: kerasish.device("tpu:7"), "no device 'tpu:7'.*cpu:0"),
        (lambda: kerasish.device("cpu:99"), "no device 'cpu:99'.*cpu:0"),
    ],
)
def test_wrong_values_are_named(call, text):
    before = dict(config._settings)
    with pytest.raises(ValueError, match=text):
        call()
    assert config._settings == before


def test_names_and_signatures_are_those_of_keras():
    for name in config.__all__:
        mine, theirs = getattr(config, name), getattr(keras.config, name, None)
        if inspect.isfunction(theirs):
            assert list(inspect.signature(mine).parameters) == list(
                inspect.signature(theirs).parameters
            ), name
    public = {name for name in dir(keras.config) if name[0] != "_"}
    assert not public - set(dir(config))


# --- dtype policies ------------------------------------------------------------------

POLICIES = ["float32", "float16", "mixed_float16", "mixed_bfloat16", "int32", None]


@pytest.mark.parametrize("name", POLICIES)
def test_policies_equal_those_of_keras(name):
    mine, theirs = (k.dtype_policies.get(name) for k in (kerasish, keras))
    for attribute in ("name", "compute_dtype", "variable_dtype"):
        assert getattr(mine, attribute) == getattr(theirs, attribute)
    assert mine.get_config() == theirs.get_config()
    assert kerasish.dtype_policies.serialize(mine) == keras.dtype_policies.serialize(
        theirs
    )
    assert kerasish.dtype_policies.deserialize(keras.dtype_policies.serialize(theirs))
    assert kerasish.DTypePolicy(mine.name) == mine
    assert len({mine, kerasish.DTypePolicy(mine.name)}) == 1


def test_the_policy_is_that_of_layers_made_from_now_on():
    assert config.dtype_policy().name == "float32"
    config.set_dtype_policy("mixed_bfloat16")
    layer = kerasish.layers.Dense(2)
    config.set_dtype_policy(kerasish.DTypePolicy("float32"))
    assert (layer.compute_dtype, layer.variable_dtype) == ("bfloat16", "float32")
    assert kerasish.layers.Dense(2).compute_dtype == "float32"
    assert backend.dtype_name(layer(np.ones((1, 2)))) == "bfloat16"
    assert {v.dtype for v in layer.weights} == {"float32"}


# --- float types ---------------------------------------------------------------------


def trained():
    model = kerasish.Sequential([kerasish.Input((3,)), kerasish.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    x = np.random.default_rng(0).normal(size=(8, 3))
    history = model.fit(x, x.sum(1), epochs=2, verbose=0)
    return model, x, history


def test_float64_is_float64_everywhere():
    config.set_floatx("float64")
    model, x, history = trained()
    dtypes = {v.dtype for v in (*model.weights, *model.optimizer.variables[2:])}
    assert dtypes == {"float64"}
    predicted = model.predict(x, verbose=0)
    assert predicted.dtype == "float64"
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(predicted, x @ kernel + bias, rtol=1e-14)
    assert model.evaluate(x, x.sum(1), verbose=0)[0] < history.history["loss"][0]
    assert backend.dtype_name(kerasish.ops.ones((1,)) + 1e-12) == "float64"
    # and back again
    config.set_floatx("float32")
    model, x, _ = trained()
    assert {v.dtype for v in model.weights} == {"float32"}
    assert model.predict(x, verbose=0).dtype == "float32"


@pytest.mark.skipif(NUMPY, reason="NumPy itself has no bfloat16")
def test_bfloat16_is_the_default_of_weights_and_data():
    config.set_floatx("bfloat16")
    layer = kerasish.layers.Dense(2)
    assert backend.dtype_name(layer(np.ones((1, 3)))) == "bfloat16"
    assert {v.dtype for v in layer.weights} == {"bfloat16"}


def test_epsilon_is_used():
    y = np.array([1.0], "float32")
    zero = np.zeros(1, "float32")
    losses = []
    for epsilon in (1e-7, 1e-3):
        config.set_epsilon(epsilon)
        losses.append(float(kerasish.losses.binary_crossentropy(y, zero)))
    np.testing.assert_allclose(losses, -np.log([1e-7, 1e-3]), rtol=1e-4)


# --- limits --------------------------------------------------------------------------


def test_limits_of_smoke_tests():
    model, x, _ = trained()
    config.set_max_epochs(2)
    config.set_max_steps_per_epoch(3)
    steps = []
    count = kerasish.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: steps.append(batch)
    )
    history = model.fit(
        x, x.sum(1), batch_size=1, epochs=9, verbose=0, callbacks=[count]
    )
    assert len(history.history["loss"]) == 2 and steps == [0, 1, 2] * 2
    assert model.predict(x, batch_size=1, verbose=0).shape == (3, 1)


# --- devices -------------------------------------------------------------------------


def test_device_is_a_context():
    for name in ("cpu", "cpu:0", "CPU:0"):
        with kerasish.device(name):
            array = kerasish.ops.ones((2,))
        assert np.asarray(array).tolist() == [1.0, 1.0]
        if not NUMPY:
            assert {d.platform for d in array.devices()} == {"cpu"}
    assert "cpu:0" in backend.devices()


# --- environment and file, in fresh interpreters -------------------------------------

FILES = {
    "good": '{"floatx": "float64", "epsilon": 1e-4, "image_data_format": '
    '"channels_first", "backend": "numpy"}',
    "empty object": "{}",
    "not json": '{"floatx": ',
    "not an object": '["float32"]',
    "unknown key": '{"floatx": "float32", "float": 1}',
    "float type": '{"floatx": "float31"}',
    "epsilon": '{"epsilon": -1}',
    "epsilon text": '{"epsilon": "small"}',
    "format": '{"image_data_format": "last"}',
    "backend": '{"backend": 3}',
}
PROGRAM = """
import json, os, sys

def fresh():
    for name in [n for n in sys.modules if n.split(".")[0] == "kerasish"]:
        del sys.modules[name]
    try:
        from kerasish import config as c
        return [c.floatx(), c.epsilon(), c.image_data_format(), c.backend()]
    except ValueError as error:
        return str(error)

home, files, environments = json.loads(sys.argv[1])
os.environ["KERASISH_HOME"] = home
path = os.path.join(home, "kerasish.json")
found = {"absent": fresh(), "created": os.path.exists(home)}
os.mkdir(home)
for name, text in files.items():
    with open(path, "w") as file:
        file.write(text)
    found[name] = fresh()
with open(path, "w") as file:
    file.write('{"backend": "numpy"}')
found["choices"] = []
for environment in environments:
    for key in ("KERASISH_BACKEND", "KERAS_BACKEND"):
        os.environ.pop(key, None)
    os.environ.update(environment)
    found["choices"].append(fresh()[3])
for key in ("KERASISH_HOME", "KERASISH_BACKEND", "KERAS_BACKEND"):
    os.environ.pop(key, None)
os.environ["HOME"] = home
os.mkdir(os.path.join(home, ".kerasish"))
os.rename(path, os.path.join(home, ".kerasish", "kerasish.json"))
found["at home"] = fresh()[3]
found["left"] = [name for _, _, names in os.walk(home) for name in names]
print(json.dumps(found))
"""
CHOICES = [  # environment -> backend, where the file says "numpy"
    ({}, "numpy"),
    ({"KERASISH_BACKEND": "jax"}, "jax"),
    ({"KERAS_BACKEND": "jax"}, "jax"),
    ({"KERAS_BACKEND": "torch"}, "numpy"),  # Keras's, which we do not have
    ({"KERASISH_BACKEND": "jax", "KERAS_BACKEND": "numpy"}, "jax"),
    ({"KERASISH_BACKEND": "", "KERAS_BACKEND": "jax"}, "jax"),
]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    home = tmp_path_factory.mktemp("settings") / "home"
    argument = json.dumps([str(home), FILES, [env for env, _ in CHOICES]])
    clean = {k: v for k, v in os.environ.items() if not k.startswith("KERAS")}
    return json.loads(run(PROGRAM, clean, argument)), home / "kerasish.json"


def run(code, environment, *arguments):
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_settings_file_is_read_and_never_made(found):
    found, _ = found
    defaults = ["float32", 1e-7, "channels_last", "jax"]
    assert found["absent"] == found["empty object"] == defaults
    assert found["good"] == ["float64", 1e-4, "channels_first", "numpy"]
    assert found["created"] is False and found["left"] == ["kerasish.json"]
    assert found["at home"] == "numpy"


@pytest.mark.parametrize(
    "case, text",
    [
        ("not json", "is not JSON: Expecting value"),
        ("not an object", "must hold an object of ('floatx', 'epsilon'"),
        ("unknown key", "has unknown keys ['float']; known are"),
        ("float type", "`floatx` must be one of"),
        ("epsilon", "`epsilon` must be a positive number, not -1"),
        ("epsilon text", "`epsilon` must be a positive number, not 'small'"),
        ("format", "`image_data_format` must be one of"),
        ("backend", "`backend` must be a string, not 3"),
    ],
)
def test_mistakes_in_the_settings_file_are_named(found, case, text):
    found, path = found
    assert text in found[case] and str(path) in found[case]


def test_where_the_backend_comes_from(found):
    assert found[0]["choices"] == [backend for _, backend in CHOICES]


TRAINING = """
import kerasish, numpy as np, jax
hits = []
jax.monitoring.register_event_listener(lambda name, **_: hits.append(name))
model = kerasish.Sequential([kerasish.Input((3,)), kerasish.layers.Dense(2)])
model.compile("sgd", "mse")
model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
print("hits", sum("cache_hits" in name for name in hits))
"""


@pytest.mark.skipif(NUMPY, reason="nothing is compiled")
def test_compiled_programs_are_kept_in_the_folder_that_is_set(tmp_path):
    folder = tmp_path / "programs"
    env = {**os.environ, "KERASISH_COMPILATION_CACHE": str(folder)}
    assert run(TRAINING, env).split() == ["hits", "0"]
    assert list(folder.iterdir())
    assert int(run(TRAINING, env).split()[1]) > 0


def test_the_folder_of_programs_can_be_set_and_unset(tmp_path):
    kerasish.config.set_compilation_cache(tmp_path)
    try:
        assert kerasish.config.compilation_cache() == str(tmp_path)
    finally:
        kerasish.config.set_compilation_cache(None)
    assert kerasish.config.compilation_cache() is None


def test_a_backend_that_is_not_there_says_so_when_it_is_needed():
    code = """
import kerasish
try:
    kerasish.ops.ones(2)
except ValueError as error:
    print(error)
"""
    environment = {**os.environ, "KERASISH_BACKEND": "torch"}
    assert "There is no backend 'torch'; known are ('jax', 'numpy')" in run(
        code, environment
    )


def test_a_backend_of_ones_own_is_imported_by_its_dotted_name():
    """The library runs on the NumPy backend under another name, without JAX."""
    code = """
import sys
import numpy as np
import kerasish
model = kerasish.Sequential([kerasish.Input((2,)), kerasish.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
print(model.predict(np.ones((3, 2)), verbose=0).shape, kerasish.backend.backend(),
      "jax" in sys.modules)
"""
    environment = {**os.environ, "KERASISH_BACKEND": "kerasish.backend.numpy"}
    assert (
        run(code, environment).split() == "(3, 1) kerasish.backend.numpy False".split()
    )
