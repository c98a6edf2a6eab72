"""The worked example of a third party's backend: examples/torch_backend.py."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAME = "examples.torch_backend"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None,
    reason="torch is not installed: half a gigabyte, four with what it needs on Linux",
)

XOR = """
import numpy as np
import kerasish as keras

keras.utils.set_random_seed(1)
x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
y = np.array([[0], [1], [1], [0]], "float32")
layers = [keras.layers.Dense(8, "tanh"), keras.layers.Dense(1, "sigmoid")]
model = keras.Sequential([keras.Input((2,)), *layers])
model.compile(keras.optimizers.Adam(0.1), "mse")
model.fit(x, y, epochs=150, verbose=0)
print(keras.config.backend(), np.round(model.predict(x, verbose=0)).ravel().tolist())
"""


def run(*command):
    """Run Python on the torch backend; return what it prints."""
    done = subprocess.run(
        [sys.executable, *command],
        env=os.environ
        | {"KERASISH_BACKEND": NAME, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_xor_learns():
    assert run("-c", XOR).split("\n")[0] == f"{NAME} [0.0, 1.0, 1.0, 0.0]"


def test_the_contract():
    files = sorted(map(str, Path(__file__).parent.glob("test_backend_contract*.py")))
    out = run("-m", "pytest", "-q", "-p", "no:cacheprovider", *files)
    assert "failed" not in out and " passed" in out


def test_digits_are_recognised():
    out = run("examples/digits.py")
    accuracy = float(out.partition("test accuracy ")[2].partition("%")[0])
    assert accuracy > 97
