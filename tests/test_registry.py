"""Names and objects: configs there and back, the closed table, custom objects."""

import json
import sys

import keras
import numpy as np
import pytest

import kerasish
from kerasish import registry
from kerasish.saving import (
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)


@pytest.fixture(autouse=True)
def registered_restored():
    before = dict(registry._registered), dict(registry._registered_names)
    yield
    for table, old in zip(
        (registry._registered, registry._registered_names), before, strict=True
    ):
        table.clear()
        table.update(old)


def there_and_back(thing, **options):
    """Through JSON, as files do it."""
    return deserialize_keras_object(
        json.loads(json.dumps(serialize_keras_object(thing))), **options
    )


# --- configs of ours equal Keras's ---------------------------------------------------

OBJECTS = {
    "layer": lambda k: k.layers.Dense(3, "relu", name="d", kernel_regularizer="l2"),
    "initializer": lambda k: k.initializers.HeNormal(seed=3),
    "regularizer": lambda k: k.regularizers.L1L2(0.1, 0.2),
    "constraint": lambda k: k.constraints.MaxNorm(2.0, axis=1),
    "loss": lambda k: k.losses.BinaryCrossentropy(True, 0.25, name="b"),
    "metric": lambda k: k.metrics.MeanSquaredError(name="m"),
    "optimizer": lambda k: k.optimizers.SGD(0.5, momentum=0.25, name="s"),
    "schedule": lambda k: k.optimizers.schedules.ExponentialDecay(0.5, 10, 0.75),
    "policy": lambda k: k.DTypePolicy("mixed_float16"),
    "own function": lambda k: k.activations.tanh,
    "loss function": lambda k: k.losses.mean_squared_error,
    "nest": lambda k: {"a": [k.initializers.Zeros(), 1, None], "b": "text", "c": 1.5},
    "model": lambda k: k.Sequential(
        [k.Input((2,), name="i"), k.layers.Dense(1, name="d")], name="s"
    ),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_configs_equal_those_of_keras(name):
    mine = serialize_keras_object(OBJECTS[name](kerasish))
    theirs = keras.saving.serialize_keras_object(OBJECTS[name](keras))
    if name == "model":  # Keras has an empty one for a model that was not compiled
        assert theirs.pop("compile_config") == {}
    assert json.loads(json.dumps(mine)) == json.loads(json.dumps(theirs))


@pytest.mark.parametrize("name", OBJECTS)
def test_round_trips_and_configs_from_keras(name):
    ours = serialize_keras_object(OBJECTS[name](kerasish))
    theirs = json.loads(
        json.dumps(keras.saving.serialize_keras_object(OBJECTS[name](keras)))
    )
    for config in (ours, theirs):
        again = deserialize_keras_object(config)
        assert serialize_keras_object(again) == ours


PLAIN = [None, True, 3, 1.5, "text", [1, [2, "x"]], {"a": {"b": [None]}},
         {"class_name": "no config here"}]  # fmt: skip


@pytest.mark.parametrize("value", PLAIN, ids=str)
def test_plain_values_stay(value):
    assert there_and_back(value) == value


def test_arrays_slices_and_numbers_of_numpy():
    array = np.array([[1, 2], [3, 4]], "int16")
    back = there_and_back(array)
    assert back.dtype == "int16" and back.tolist() == array.tolist()
    assert there_and_back(kerasish.ops.ones(2)).tolist() == [1, 1]
    assert there_and_back(np.float32(0.5)) == 0.5
    assert there_and_back((slice(1, None, 2), ...)) == [slice(1, None, 2), ...]
    assert there_and_back(b"bytes") == b"bytes"


# --- one's own classes and functions -------------------------------------------------


def twice(x):
    return 2 * x


class Scale(kerasish.Layer):
    """A custom layer without `get_config`, which stores nothing under its names."""

    def __init__(self, factor, inner=None, *, offsets=(0.0,), function=None, **kwargs):
        super().__init__(**kwargs)
        self.f = factor
        self.layer = inner
        self.rest = sum(offsets)
        self.apply = function or (lambda x: x)

    def call(self, x):
        x = self.layer(x) if self.layer else x
        return self.apply(x * self.f + self.rest)


def test_custom_layers_need_no_get_config():
    register_keras_serializable("tests")(Scale)
    register_keras_serializable("tests")(twice)
    inner = kerasish.layers.Dense(2, kernel_initializer="ones", name="inner")
    layer = Scale(3.0, inner, offsets=[1.0, 2.0], function=twice, name="s")
    layer.trainable = False
    config = layer.get_config()
    assert config["factor"] == 3.0 and config["offsets"] == [1.0, 2.0]
    again = there_and_back(layer)
    x = np.ones((1, 2), "float32")
    assert np.asarray(again(x)).tolist() == np.asarray(layer(x)).tolist() == [[18, 18]]
    assert (again.name, again.trainable, again.layer.name) == ("s", False, "inner")
    # the defaults count too
    assert np.asarray(there_and_back(Scale(2.0))(x)).tolist() == [[2, 2]]


def test_recorded_arguments_follow_subclasses():
    @register_keras_serializable("tests")
    class Half(Scale):
        def __init__(self, extra=1, **kwargs):
            super().__init__(0.5, **kwargs)
            self.more = extra

    layer = there_and_back(Half(extra=4, offsets=[2.0], name="half"))
    assert (layer.more, layer.f, layer.rest, layer.name) == (4, 0.5, 2.0, "half")


def test_arguments_that_a_constructor_passes_on_are_its_own_affair():
    @register_keras_serializable("tests")
    class Four(kerasish.layers.Dense):
        def __init__(self, act="relu", **kwargs):
            super().__init__(4, activation=act, **kwargs)

    @register_keras_serializable("tests")
    class Pair(kerasish.Layer):
        def __init__(self, *layers, **kwargs):
            super().__init__(**kwargs)

    layer = there_and_back(Four("tanh", use_bias=False, name="four"))
    assert (layer.units, layer.use_bias, layer.name) == (4, False, "four")
    assert layer.activation is kerasish.activations.tanh
    assert there_and_back(Pair(name="p")).name == "p"
    with pytest.raises(NotImplementedError, match=r"Pair takes `\*layers`.*get_config"):
        Pair(layer).get_config()


def test_own_get_config_builds_on_that_of_keras():
    @register_keras_serializable("tests")
    class Shifted(kerasish.layers.Dense):
        def __init__(self, units, shift=0.0, **kwargs):
            super().__init__(units, **kwargs)
            self.by = shift

        def get_config(self):
            return {**super().get_config(), "shift": self.by}

    config = Shifted(2, shift=1.5, use_bias=False).get_config()
    plain = kerasish.layers.Dense(2, use_bias=False).get_config()
    assert set(config) == {*plain, "shift"}
    assert config["activation"] == "linear" and config["shift"] == 1.5
    assert there_and_back(Shifted(2, 1.5)).by == 1.5


def test_what_cannot_be_saved_is_refused_by_name():
    layer = Scale(1.0, function=lambda x: x)
    with pytest.raises(ValueError, match=r"Argument `function` of Scale.*lambda"):
        layer.get_config()
    with pytest.raises(
        ValueError, match=r"`factor` of Scale.*object object.*get_config"
    ):
        Scale(object()).get_config()


@pytest.mark.parametrize(
    "thing, text",
    [
        (lambda x: x, "lambda.*named function.*register_keras_serializable"),
        (object(), "type object.*no `get_config`.*register_keras_serializable"),
        (Scale, "class Scale itself; pass an instance"),
    ],
)
def test_objects_that_cannot_be_configs(thing, text):
    with pytest.raises(ValueError, match=text):
        serialize_keras_object({"a": [thing]})


def test_lambdas_in_files_are_refused():
    for config in (
        {"class_name": "__lambda__", "config": {"value": "e30="}},
        {"class_name": "Lambda", "module": "keras.layers",
         "config": {"function": {"class_name": "__lambda__", "config": {"value": ""}}}},
    ):  # fmt: skip
        for safe in (True, False):
            with pytest.raises(ValueError, match=r"lambda as byte code.*never run"):
                deserialize_keras_object(config, safe_mode=safe)


def test_names_of_registered_things_equal_those_of_keras():
    for package, name in (("Custom", None), ("shop", None), ("shop", "Other")):

        def thing(x):
            return x

        mine = register_keras_serializable(package, name)(thing)
        theirs = keras.saving.register_keras_serializable(package, name)(thing)
        assert mine is theirs is thing
        full = get_registered_name(thing)
        assert full == keras.saving.get_registered_name(thing)
        assert get_registered_object(full) is thing
        assert get_custom_objects()[full] is thing
    assert get_registered_name(twice) == "twice"
    assert get_registered_object("shop>missing") is None
    with pytest.raises(ValueError, match=r"class Plain.*needs a `get_config`"):
        register_keras_serializable()(type("Plain", (), {}))


def test_custom_objects_by_scope_argument_and_dict():
    config = serialize_keras_object({"layer": Scale(2.0, name="s"), "f": twice})
    with pytest.raises(ValueError, match="Unknown class 'Scale'"):
        deserialize_keras_object(config)
    table = {"Scale": Scale, "twice": twice}
    assert deserialize_keras_object(config, custom_objects=table)["f"] is twice
    with custom_object_scope(table):
        with custom_object_scope({"twice": max}):  # the inner one wins
            assert deserialize_keras_object(config)["f"] is max
        assert deserialize_keras_object(config)["layer"].f == 2.0
        assert kerasish.activations.get("twice") is twice
    get_custom_objects().update(table)
    assert deserialize_keras_object(config)["layer"].f == 2.0
    del get_custom_objects()["Scale"], get_custom_objects()["twice"]
    with pytest.raises(ValueError, match="Unknown"):
        deserialize_keras_object(config)


def test_a_custom_class_may_have_the_name_of_one_of_ours():
    @register_keras_serializable("mine")
    class Dense(kerasish.layers.Dense):
        pass

    assert type(there_and_back(Dense(2))) is Dense
    assert type(there_and_back(kerasish.layers.Dense(2))) is kerasish.layers.Dense
    get_custom_objects().clear()
    with pytest.raises(ValueError, match="Unknown class 'Dense'"):
        deserialize_keras_object(serialize_keras_object(Dense(2)) | {
            "registered_name": "mine>Dense", "module": "mine"})  # fmt: skip


# --- the closed table ----------------------------------------------------------------

FORGED = {
    "os.system": {"module": "os", "class_name": "system", "config": {}},
    "subprocess": {"module": "subprocess", "class_name": "Popen",
                   "config": {"args": ["touch", "/tmp/kerasish-was-here"]}},
    "builtin": {"module": "builtins", "class_name": "eval", "config": "1"},
    "function": {"module": "builtins", "class_name": "function", "config": "eval"},
    "function path": {"module": "os", "class_name": "function", "config": "os.system",
                      "registered_name": "function"},
    "module not loaded": {"module": "this", "class_name": "s", "config": {}},
    "our internals": {"module": "kerasish.registry", "class_name": "Configurable",
                      "config": {}},
    "keras internals": {"module": "keras.src.saving", "class_name": "open",
                        "config": {}},
    "numpy": {"module": "numpy", "class_name": "load", "config": {"file": "x"}},
    "dunder": {"module": "keras.layers", "class_name": "__builtins__", "config": {}},
    "function of ours": {"module": "keras.utils", "class_name": "load_model",
                         "config": {}},
    "get_file": {"module": "keras.layers", "class_name": "Lambda", "config":
                 {"function": {"module": "keras.utils", "class_name": "function",
                               "config": "get_file"}}},
}  # fmt: skip


@pytest.mark.parametrize("safe", [True, False])
@pytest.mark.parametrize("name", FORGED)
def test_a_config_names_only_what_is_in_the_table(name, safe):
    loaded = set(sys.modules)
    with pytest.raises(ValueError, match=r"Unknown (class|function)"):
        deserialize_keras_object(FORGED[name], safe_mode=safe)
    foreign = {m for m in set(sys.modules) - loaded if not m.startswith("kerasish")}
    assert not foreign


def test_the_table_holds_only_what_is_public():
    """Classes that a file may name make layers, losses ... and nothing else."""
    for space in registry.NAMESPACES:
        for name, thing in registry.namespace(space).items():
            module = getattr(thing, "__module__", "kerasish")
            assert module.split(".")[0] == "kerasish", (space, name, thing)


# --- names that people misspell ------------------------------------------------------

MISSPELT = [
    ("initializers", "glorot_unifrom", "glorot_uniform"),
    ("regularizers", "l1_l3", "l1_l2"),
    ("constraints", "max_nrm", "max_norm"),
    ("activations", "rleu", "relu|relu6"),
    ("losses", "binary_crossentrpy", "binary_crossentropy"),
    ("metrics", "binary_acuracy", "binary_accuracy"),
    ("optimizers", "adm", "adam"),
]


@pytest.mark.parametrize("space, wrong, right", MISSPELT)
def test_misspelt_names_are_answered(space, wrong, right):
    get = getattr(kerasish, space).get
    with pytest.raises(ValueError) as error:
        get(wrong)
    text = str(error.value)
    assert f"{wrong!r} is unknown" in text
    hints = [f"Did you mean `{name}`?" for name in right.split("|")]
    assert any(hint in text for hint in hints), text


def test_misspelt_classes_in_configs():
    config = {"module": "keras.layers", "class_name": "Denes", "config": {}}
    with pytest.raises(ValueError, match=r"'Denes'.*'keras.layers'.*mean `Dense`"):
        deserialize_keras_object(config)


@pytest.mark.parametrize("space", [row[0] for row in MISSPELT])
def test_get_takes_every_form(space):
    module = getattr(kerasish, space)
    names = {"initializers": "zeros", "regularizers": "l2", "constraints": "non_neg",
             "activations": "relu", "losses": "mse", "metrics": "mae",
             "optimizers": "sgd"}  # fmt: skip
    if space != "activations":  # there no activation is the linear one
        assert module.get(None) is None
    found = module.get(names[space])
    assert module.get(found) is found
    config = module.serialize(found)
    if space != "activations":
        assert type(module.get(config)) is type(found)
        if isinstance(config, dict) and not callable(found):
            assert type(module.deserialize(config)) is type(found)
    with pytest.raises(ValueError, match="3"):
        module.get(3)


def test_plain_names_in_snake_case_equal_those_of_keras():
    from keras.src.utils.naming import to_snake_case

    for name in ("Dense", "LayerNormalization", "PReLU", "Conv2DTranspose", "LSTM",
                 "GRUCell", "ReLU", "MyLayer2", "HTTPThing"):  # fmt: skip
        assert registry.to_snake_case(name) == to_snake_case(name), name
