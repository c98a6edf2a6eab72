"""A model trained on one backend, saved and loaded on the other gives the same.

So do all losses, metrics and optimizers. Layers and ops: test_numpy_backend.py.
"""

import os
import pickle
import subprocess
import sys

import backend_models
import numpy as np
import pytest

import kerasish

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """What both did: JAX here first, NumPy in one other process, then JAX again."""
    home = tmp_path_factory.mktemp("backends")
    for name in "jax", "numpy":
        (home / name).mkdir()
    on_jax = backend_models.play(home / "jax")
    subprocess.run(
        [sys.executable, backend_models.__file__, home, "numpy", "jax"],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=True,
    )
    on_numpy = pickle.loads((home / "found").read_bytes())
    return home, on_jax, on_numpy


@pytest.mark.parametrize("name", backend_models.MODELS)
def test_one_step_is_the_same(both, close, name):
    _, on_jax, on_numpy = both
    ours, theirs = on_jax[name], on_numpy[name]
    for a, b in zip(ours["start"], theirs["start"], strict=True):
        np.testing.assert_array_equal(a, b)
    for what in "loss", "trained", "state", "answers":
        close(theirs[what], ours[what], 1e-5, 1e-5)
    moved = [np.abs(a - b).max() for a, b in zip(ours["start"], ours["trained"])]
    assert max(moved) > 1e-3


def test_losses_metrics_and_optimizers_are_the_same(both, close):
    on_jax, on_numpy = (found["parts"] for found in both[1:])
    assert {"losses.Huber", "metrics.AUC", "optimizers.Adam"} < set(on_jax)
    for name, ours in on_jax.items():
        close(on_numpy[name], ours, 1e-5, 1e-5)
        assert all(np.isfinite(x).all() for x in ours), name


@pytest.mark.parametrize("name", backend_models.MODELS)
def test_files_of_jax_are_read_on_numpy(both, close, name):
    _, on_jax, on_numpy = both
    expected = on_jax[name]["answers"] + on_jax[name]["trained"]
    for kind in backend_models.kinds(name):
        close(on_numpy[name][kind], expected, 1e-5, 1e-5)


def test_files_of_numpy_are_read_on_jax(both, close):
    home, _, on_numpy = both
    for name, fresh, x, _ in backend_models.built():
        expected = on_numpy[name]["answers"] + on_numpy[name]["trained"]
        for kind in backend_models.kinds(name):
            loaded = backend_models.load(home / "numpy", name, kind, fresh)
            found = backend_models.answers(loaded, x) + loaded.get_weights()
            close(found, expected, 1e-5, 1e-5)
            if kind != "weights.h5":
                assert type(loaded.optimizer).__name__ == "SGD"
                assert int(loaded.optimizer.iterations) == 1
    assert kerasish.config.backend() == "jax"
