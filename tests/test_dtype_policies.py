"""dtype policies: names, maps, configs, and what layers do with them."""

import json

import keras
import numpy as np
import pytest

import kerasish
from kerasish import backend

pytestmark = pytest.mark.usefixtures("quick_compilation")

P = kerasish.dtype_policies
NAMES = [
    *("float32", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"),
    *("int8_from_float32", "int8_from_mixed_bfloat16", "int4_from_float32"),
    *("int4/32_from_float32", "int4/-1_from_bfloat16", "float8_from_mixed_float16"),
    *("gptq/4/128_from_float32", "gptq/8/-1_from_float32", "awq/4/64_from_float32"),
]


def facts(policy):
    numbers = ("block_size", "weight_bits", "group_size", "amax_history_length")
    return [
        type(policy).__name__,
        policy.name,
        policy.compute_dtype,
        policy.variable_dtype,
        policy.quantization_mode,
        policy.get_config(),
        {n: getattr(policy, n) for n in numbers if hasattr(policy, n)},
    ]


@pytest.mark.parametrize("name", NAMES)
def test_policies_equal_keras(name):
    ours, theirs = P.get(name), keras.dtype_policies.get(name)
    assert facts(ours) == facts(theirs)
    config = P.serialize(ours)
    assert config == keras.dtype_policies.serialize(theirs)
    assert P.deserialize(json.loads(json.dumps(config))) == ours == P.get(config)
    assert facts(keras.dtype_policies.deserialize(config)) == facts(theirs)


@pytest.mark.parametrize(
    "name, message",
    [
        ("foo", "Cannot read 'foo' as a dtype policy"),
        ("int8_from_foo", "Cannot read 'foo' as a dtype policy"),
        ("int8_to_float32", "Cannot read 'int8_to_float32'"),
        ("int9_from_float32", "must start with one of"),
        ("int8_from_float16", "range of numbers of float32 or bfloat16"),
        ("int4/0_from_float32", r"must be 'int4/block_size'.*Received: 'int4/0'"),
        ("gptq_from_float32", "must be 'gptq/weight_bits/group_size'"),
        ("gptq/5/128_from_float32", "weight_bits matches 2|3|4|8"),
        ("awq/8/128_from_float32", "weight_bits matches 4"),
    ],
)
def test_mistaken_names_are_explained(name, message):
    with pytest.raises(ValueError, match=message):
        P.get(name)
    with pytest.raises(ValueError):
        keras.dtype_policies.get(name)


def test_default_policy_is_the_global_one():
    assert P.DTypePolicy() == P.get(None) == P.FloatDTypePolicy("float32")
    assert P.QuantizedDTypePolicy("int8").name == "int8_from_float32"
    with pytest.raises(TypeError, match="positive integer, not 0"):
        P.QuantizedFloat8DTypePolicy("float8", "float32", 0)
    try:
        kerasish.config.set_dtype_policy("mixed_bfloat16")
        assert P.DTypePolicy().name == "mixed_bfloat16"
        kerasish.config.set_dtype_policy("int8_from_float32")
        assert kerasish.layers.Dense(1).quantization_mode == "int8"
    finally:
        kerasish.config.set_dtype_policy(None)


@pytest.mark.parametrize("autocast", [True, False])
def test_inputs_are_converted_as_in_keras(autocast):
    ours, theirs = P.get("mixed_float16"), keras.DTypePolicy("mixed_float16")
    for x in (np.ones(2), np.ones(2, "float32"), np.ones(2, "int32")):
        mine = ours.convert_input(x, autocast, "float16")
        other = theirs.convert_input(x, autocast, "float16")
        assert backend.is_array(mine)
        assert backend.dtype_name(mine) == str(other.dtype)
    for plain in ("text", 1.5, [1.0, 2.0], None):
        assert ours.convert_input(plain, autocast, "float16") is plain
    symbol = ours.convert_input(kerasish.KerasTensor((None, 3)), autocast, "float16")
    assert (symbol.shape, symbol.dtype) == (
        (None, 3),
        "float16" if autocast else "float32",
    )


def test_maps_look_up_paths_as_in_keras():
    maps = [lib.dtype_policies.DTypePolicyMap("float32") for lib in (kerasish, keras)]
    for found in maps:
        found["encoder"] = "mixed_float16"
        found["encoder/d.*"] = "mixed_bfloat16"
        found["head/query"] = found["encoder"]
    paths = "encoder encoder/dense encoder/x x/encoder head head/query".split()
    for path in paths:
        assert maps[0][path].name == maps[1][path].name, path
    assert list(maps[0]) == list(maps[1])
    assert len(maps[0]) == 3 and "encoder" in maps[0] and "head" not in maps[0]
    assert maps[0].name == maps[1].name == "map_float32"
    again = P.deserialize(json.loads(json.dumps(P.serialize(maps[0]))))
    assert again == maps[0] and again != P.DTypePolicyMap()
    assert P.serialize(maps[0]) == keras.dtype_policies.serialize(maps[1])


def test_mistakes_with_maps_are_explained():
    policies = P.DTypePolicyMap(policy_map={"a": "float16"})
    with pytest.raises(ValueError, match=r"has .*float16.* for 'a' already"):
        policies["a"] = "float32"
    del policies["a"]
    policies.update({"a.*": "float16", ".*b": "float32"})
    with pytest.raises(ValueError, match=r"'ab' matches several keys.*'a\.\*'"):
        policies["ab"]
    with pytest.raises(TypeError, match="is a string, not 3"):
        policies[3] = "float32"
    with pytest.raises(ValueError, match="cannot be a `DTypePolicyMap`"):
        P.DTypePolicyMap(policies)
    with pytest.raises(TypeError, match="must be a dict, not 3"):
        P.DTypePolicyMap(policy_map=3)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", P.get("mixed_bfloat16")])
def test_the_policy_of_a_layer_may_be_set(policy):
    layer = kerasish.layers.Dense(2)
    assert backend.dtype_name(layer(np.ones((1, 3)))) == "float32"
    layer.dtype_policy = policy
    assert layer.dtype_policy == P.get("mixed_bfloat16")
    assert backend.dtype_name(layer(np.ones((1, 3)))) == "bfloat16"
    assert {w.dtype for w in layer.weights} == {"float32"}
    layer.dtype_policy = None
    assert layer.dtype_policy.name == "float32"
    with pytest.raises(ValueError, match="Cannot read 'foo'"):
        layer.dtype_policy = "foo"


def test_a_map_reaches_the_layers_within():
    def made(library):
        policies = library.dtype_policies.DTypePolicyMap("float32")
        policies["it/(query|key)"] = "mixed_bfloat16"
        policies["it/value"] = "bfloat16"
        layer = library.layers.MultiHeadAttention(2, 3, name="it", dtype=policies)
        layer.build((None, 4, 6), (None, 4, 6))
        x = np.ones((1, 4, 6), "float32")
        parts = [k for k in layer._flatten_layers() if k.weights]
        out = str(layer(x, x).dtype).removeprefix("jax.numpy.")
        return [(k.name, k.compute_dtype, k.variable_dtype) for k in parts], out

    assert made(kerasish) == made(keras)
    assert ("value", "bfloat16", "bfloat16") in made(kerasish)[0]


def test_setting_the_policy_of_a_layer_with_a_map_changes_the_map():
    policies = P.DTypePolicyMap()
    layer = kerasish.layers.Dense(2, dtype=policies, name="it")
    assert layer.compute_dtype == "float32"
    layer.dtype_policy = "float16"
    assert policies["it"].name == layer.compute_dtype == "float16"
    assert layer.dtype_policy is policies
    again = kerasish.layers.Dense.from_config(layer.get_config())
    assert again.dtype_policy == policies and again.compute_dtype == "float16"
