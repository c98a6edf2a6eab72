"""`.safetensors` of other tools, and of people who mean harm."""

import json
import tracemalloc

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import kerasish

pytestmark = pytest.mark.usefixtures("quick_compilation")

KERNEL, BIAS = np.arange(6.0, dtype="float32").reshape(2, 3), np.ones(3, "float32")
LAST = np.full((3, 1), 7, "float32")


def net(dtype="float32"):
    return kerasish.Sequential(
        [
            kerasish.Input((2,)),
            kerasish.layers.Dense(3, name="first", dtype=dtype),
            kerasish.layers.Dense(1, name="last", use_bias=False, dtype=dtype),
        ],
        name="net",
    )


@pytest.mark.parametrize(
    "names",
    [
        ("first/bias", "first/kernel", "last/kernel"),
        ("net/first/bias", "net/first/kernel", "net/last/kernel"),
        ("other/first/bias", "other/first/kernel", "other/last/kernel"),
        ("a/bias", "a/kernel", "b/kernel"),  # the layers' order decides
    ],
)
def test_names_of_others(names, tmp_path):
    save_file(
        dict(zip(names, (BIAS, KERNEL, LAST))), path := tmp_path / "a.safetensors"
    )
    model = net()
    assert len(model.load_weights(path).loaded) == 3
    for ours, theirs in zip(model.get_weights(), (KERNEL, BIAS, LAST), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "content",
    [
        {"first/kernel": KERNEL, "first/bias": BIAS},
        {"x.w": KERNEL, "x.b": BIAS, "y.w": LAST},
        {"last/bias": BIAS, "last/kernel": KERNEL, "first/kernel": LAST},
        {"a/kernel": KERNEL.T.copy(), "a/bias": BIAS, "b/kernel": LAST},
    ],
)
def test_what_does_not_fit_is_shown_in_a_table(content, tmp_path):
    save_file(content, path := tmp_path / "a.safetensors")
    model = net()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"(?s)file +\| model"):
        model.load_weights(path)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64", "float32"])
@pytest.mark.parametrize("own", ["float32", "bfloat16"])
def test_other_dtypes_go_in_by_value(dtype, own, tmp_path):
    other = net("float32" if dtype == "float64" else dtype)
    other.set_weights([KERNEL, BIAS, LAST])
    other.save_weights(path := tmp_path / "a.safetensors")
    if dtype == "float64":
        content = {k: v.astype(dtype) for k, v in load_file(path).items()}
        save_file(content, path)
    model = net(own)
    model.load_weights(path)
    for ours, theirs in zip(model.get_weights(), (KERNEL, BIAS, LAST), strict=True):
        np.testing.assert_array_equal(np.asarray(ours, "float32"), theirs)


def test_the_package_reads_what_we_write(tmp_path):
    model = net()
    model.layers[0].kernel.assign(KERNEL)
    model.save_weights(path := tmp_path / "a.safetensors")
    found = load_file(path)
    assert {name: a.shape for name, a in found.items()} == {
        v.path: v.shape for v in model.weights
    }
    np.testing.assert_array_equal(found[model.layers[0].kernel.path], KERNEL)
    start = int.from_bytes(path.read_bytes()[:8], "little") + 8
    assert start % 8 == 0  # the arrays are aligned


# --- hostile ones ---------------------------------------------------------------------


def stored(header, data=b"\0" * 48):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(begin=0, end=24, shape=(2, 3), dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


WHOLE = {"first/kernel": entry(), "first/bias": entry(24, 36, [3])}
WHOLE["last/kernel"] = entry(36, 48, [3, 1])
TWICE = json.dumps(WHOLE).encode().replace(b"first/bias", b"last/kernel")
HOSTILE = {
    "a header longer than the file": (2**40).to_bytes(8, "little") + b"{" + b" " * 99,
    "a header of all the memory": b"\xff" * 8 + b"{" + b" " * 99,
    "no header": stored(b"{"),
    "a list for a header": stored(b"[]"),
    "cut short": stored(WHOLE)[:-5],
    "cut within the header": stored(WHOLE)[:60],
    "something behind": stored(WHOLE) + b"more",
    "offsets that overlap": stored({**WHOLE, "last/kernel": entry(24, 36, [3, 1])}),
    "a hole": stored({**WHOLE, "last/kernel": entry(40, 52, [3, 1])}, b"\0" * 52),
    "offsets backwards": stored({**WHOLE, "last/kernel": entry(48, 36, [3, 1])}),
    "offsets beyond the end": stored({**WHOLE, "last/kernel": entry(36, 2**50, [3])}),
    "negative offsets": stored({**WHOLE, "last/kernel": entry(-12, 0, [3, 1])}),
    "the same key twice": stored(TWICE),
    "a huge shape": stored({**WHOLE, "last/kernel": entry(36, 48, [2**40, 2**40])}),
    "a shape that overflows": stored({**WHOLE, "x": entry(36, 48, [2**63, 2])}),
    "a negative shape": stored({**WHOLE, "last/kernel": entry(36, 48, [-3, -1])}),
    "an unknown type": stored({**WHOLE, "last/kernel": entry(36, 48, [3, 1], "F77")}),
    "a type that is a list": stored({**WHOLE, "x": entry(36, 48, [3], ["F32"])}),
    "metadata that are numbers": stored({**WHOLE, "__metadata__": {"kerasish": 3}}),
    "deep metadata": stored({**WHOLE, "__metadata__": {"kerasish": "[" * 10**5}}),
    "deep header": stored(b'{"a":' * 10**5),
    "checksums that are no document": stored(
        {**WHOLE, "__metadata__": {"kerasish": "{'"}}
    ),
    "checksums of other arrays": stored(
        {**WHOLE, "__metadata__": {"kerasish": '{"x": 1}'}}
    ),
    "wrong checksums": stored(
        {**WHOLE, "__metadata__": {"kerasish": json.dumps(dict.fromkeys(WHOLE, 1))}}
    ),
    "names that lead upwards": stored({"../../x": entry(0, 48, [12])}),
}


def test_the_pattern_of_the_hostile_ones_loads(tmp_path):
    (path := tmp_path / "a.safetensors").write_bytes(stored(WHOLE))
    model = net()
    model.load_weights(path)
    assert not any(np.any(w) for w in model.get_weights())


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name, tmp_path):
    (path := tmp_path / "a.safetensors").write_bytes(HOSTILE[name])
    model = net()
    before = model.get_weights()
    tracemalloc.start()
    with pytest.raises(ValueError) as info:
        model.load_weights(path)
    assert tracemalloc.get_traced_memory()[1] < 2**25
    tracemalloc.stop()
    assert len(str(info.value)) > 20
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_inspected(name, tmp_path):
    (path := tmp_path / "a.safetensors").write_bytes(HOSTILE[name])
    try:
        found = kerasish.saving.inspect(path)
    except ValueError as error:  # not one of its kind at all
        assert "is neither" in str(error) or "not a JSON" in str(error)
    else:
        harmless = ("wrong checksums", "names that lead upwards")
        assert bool(found.refused) == (name not in harmless)
        assert str(found)
