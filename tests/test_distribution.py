"""Several devices give the numbers of one; meshes and layouts are those of Keras."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import kerasish
from kerasish import config

NAMES = [f"cpu:{number}" for number in range(4)]  # there need not be so many
OURS, THEIRS = kerasish.distribution, keras.distribution

# Runs where there are four devices.
SCRIPT = """
import jax
import numpy as np
import kerasish as keras

jax.config.update("jax_disable_most_optimizations", True)
parallel, seen = keras.distribution, []
rng = np.random.default_rng(0)
x, y = rng.random((20, 6), "float32"), rng.random((20, 2), "float32")


class Look(keras.layers.Layer):
    def call(self, x):
        jax.debug.inspect_array_sharding(x, callback=self.note)
        return x

    def note(self, sharding):
        seen.append(getattr(sharding, "spec", ()))


def train(distribution, stream=False):
    parallel.set_distribution(distribution)
    keras.utils.set_random_seed(3)
    model = keras.Sequential([
        keras.Input((6,)),
        *([] if stream else [Look()]),
        keras.layers.Dense(4, "tanh", name="hidden"),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(2, name="out"),
    ])
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    if stream:
        batches = ((x[:8], y[:8]) for _ in range(4))
        history = model.fit(batches, steps_per_epoch=2, epochs=2, verbose=0)
        return model, [history.history["loss"], *model.get_weights()]
    history = model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    predicted = model.predict(x, verbose=0)
    return model, [history.history["loss"], predicted, *model.get_weights()]


def same(found, expected):
    for mine, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)


_, one = train(None)
assert not any(any(spec) for spec in seen), seen
seen.clear()
model, four = train(parallel.DataParallel())
same(four, one)
assert {tuple(spec)[:1] for spec in seen} >= {("batch",)}, seen
kernel = model.get_layer("hidden").kernel
assert [s.data.shape for s in kernel.value.addressable_shards] == [(6, 4)] * 4

mesh = parallel.DeviceMesh((2, 2), ["batch", "model"])
layouts = parallel.LayoutMap(mesh)
layouts[".*hidden/kernel"] = (None, "model")
layouts[".*out/kernel"] = ("model", None)
split = parallel.ModelParallel(layout_map=layouts, batch_dim_name="batch")
assert (split.num_model_replicas, parallel.get_device_count()) == (2, 4)
model, found = train(split)
same(found, one)
kernel = model.get_layer("hidden").kernel
for value in (None, np.ones((6, 4))):
    if value is not None:
        kernel.assign(value)
    assert [s.data.shape for s in kernel.value.addressable_shards] == [(6, 2)] * 4
parallel.set_distribution(None)
assert len(keras.Variable(1.0).value.devices()) == 1

_, one = train(None, stream=True)
_, four = train(parallel.DataParallel(devices=["cpu:0", "cpu:2"]), stream=True)
same(four, one)
moved = parallel.distribute_tensor(x[:8], parallel.TensorLayout(("batch", None), mesh))
assert {s.data.shape for s in moved.addressable_shards} == {(4, 6)}
"""


def test_four_devices_train_like_one(tmp_path):
    flags = "--xla_force_host_platform_device_count=4"
    flags = f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()
    root = str(Path(__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        env={**os.environ, "XLA_FLAGS": flags, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr[-3000:]


def facts(library):
    """What can be known without as many devices."""
    mesh = library.DeviceMesh((2, 2), ["batch", "model"], NAMES)
    layouts = library.LayoutMap(mesh)
    layouts["dense.*kernel"] = (None, "model")
    layouts["bias"] = library.TensorLayout(("model",), mesh)
    layouts["late"] = library.TensorLayout(("batch",))
    paths = ["dense/kernel", "a/dense/kernel", "bias", "x/bias", "dense.*kernel", "no"]
    found = [layouts[path] for path in paths]
    split = library.ModelParallel(layout_map=layouts, batch_dim_name="model")
    plain = library.DataParallel(devices=NAMES[:3])
    return [
        (mesh.shape, mesh.axis_names, mesh.devices.tolist(), repr(mesh)),
        [layout and layout.axes for layout in found],
        [repr(layout) for layout in found],
        layouts["late"].device_mesh is mesh,
        (len(layouts), list(layouts), "bias" in layouts),
        (split.batch_dim_name, split.num_model_replicas, split.device_mesh is mesh),
        (split.get_data_layout((8, 2)).axes, split.get_tensor_layout("no")),
        split.get_tensor_layout("dense/kernel").axes,
        (plain.device_mesh.shape, plain.batch_dim_name, plain.num_model_replicas),
        (plain.get_data_layout((8, 2, 1)).axes, repr(plain)),
        (plain.num_processes, plain.data_shard_id, plain.auto_shard_dataset),
        (library.list_devices(), library.get_device_count("CPU")),
        library.distribution(),
    ]


def test_meshes_and_layouts_are_those_of_keras():
    assert facts(OURS) == facts(THEIRS)


def mistakes(library):
    mesh = library.DeviceMesh((2,), ["a"], NAMES[:2])
    layouts = library.LayoutMap(mesh)
    layouts["x.*"] = layouts["xy.*"] = ("a",)
    return {
        "empty": lambda: library.DeviceMesh((), []),
        "should have same size": lambda: library.DeviceMesh((2, 2), ["a"], NAMES),
        "does not match the number": lambda: library.DeviceMesh((3,), ["a"], NAMES),
        "Invalid axis names": lambda: library.TensorLayout(("b",), mesh),
        "mesh is not set": lambda: library.TensorLayout(("b",)).backend_layout,
        "already exist": lambda: layouts.__setitem__("x.*", ("a",)),
        "should be a TensorLayout": lambda: layouts.__setitem__("z", ["a"]),
        "multiple layout": lambda: layouts["xyz"],
        "must specify a layout_map": lambda: library.ModelParallel(),
        "must be a `LayoutMap`": lambda: library.ModelParallel(layout_map={}),
        "Expect `mesh` to be": lambda: library.DataParallel(device_mesh=3),
    }


@pytest.mark.parametrize("text", mistakes(OURS))
def test_mistakes_are_those_of_keras(text):
    for library in (OURS, THEIRS):
        with pytest.raises(ValueError, match=text):
            mistakes(library)[text]()


def test_own_mistakes(monkeypatch):
    mesh = OURS.DeviceMesh((2, 2), ["a", "b"], NAMES)
    layouts = OURS.LayoutMap(mesh)
    with pytest.raises(ValueError, match=r"`batch_dim_name` must be one of \['a', 'b'"):
        OURS.ModelParallel(layout_map=layouts, batch_dim_name="c")
    with pytest.raises(TypeError, match=r"has no arguments \['mesh'\]"):
        OURS.ModelParallel(layout_map=layouts, mesh=mesh)
    with pytest.raises(ValueError, match="A distribution is a `DataParallel`"):
        OURS.set_distribution(mesh)
    with pytest.warns(UserWarning, match="spreads batches over 'a', the first axis"):
        OURS.DataParallel(mesh)
    monkeypatch.setitem(config._settings, "backend", "numpy")
    with pytest.raises(ValueError, match="needs the JAX backend"):
        OURS.DataParallel()


def test_a_scope_ends():
    layer = kerasish.layers.Dense(2)
    with OURS.DataParallel(devices=["cpu:0"]).scope():
        assert OURS.distribution().num_model_replicas == 1
        layer.build((None, 3))
        assert layer.kernel.layout.axes == (None, None)
    assert OURS.distribution() is None and kerasish.Variable(1.0).layout is None
    assert layer(np.ones((1, 3))).shape == (1, 2)


def test_signatures_are_those_of_keras():
    def parameters(thing):
        return [
            (p.name, str(p.kind), repr(p.default))
            for p in inspect.signature(thing).parameters.values()
        ]

    for name in OURS.__all__:
        mine, other = getattr(OURS, name), getattr(THEIRS, name)
        assert parameters(mine) == parameters(other), name
        if inspect.isclass(other):
            methods = [n for n, _ in inspect.getmembers(other, inspect.isfunction)]
            assert not [n for n in methods if n[0] != "_" and not hasattr(mine, n)]


def test_processes_are_joined_by_the_environment(monkeypatch):
    calls = []
    monkeypatch.setattr(
        OURS.jax_sharding, "initialize", lambda *given: calls.append(given)
    )
    OURS.initialize("a:1,b:1", process_id=0)
    monkeypatch.setenv("KERAS_DISTRIBUTION_JOB_ADDRESSES", "c:1")
    monkeypatch.setenv("KERAS_DISTRIBUTION_NUM_PROCESSES", "3")
    monkeypatch.setenv("KERAS_DISTRIBUTION_PROCESS_ID", "2")
    OURS.initialize()
    assert calls == [("a:1", 2, 0), ("c:1", 3, 2)]
