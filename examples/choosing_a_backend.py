"""The backend is chosen by an environment variable, by a file, or in code."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# What each process runs: two neurons learn XOR on whatever backend there is.
PROGRAM = """
import numpy as np
import kerasish as keras
{line}
keras.utils.set_random_seed(1)
model = keras.Sequential([
    keras.Input((2,)),
    keras.layers.Dense(4, activation="tanh"),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(keras.optimizers.SGD(0.5), "binary_crossentropy")
(x, y), _ = keras.datasets.gates.load_data("xor")
losses = model.fit(x, y, epochs=20, verbose=0).history["loss"]
print(keras.config.backend(), losses[-1])
"""
IN_CODE = 'keras.config.set_backend("numpy")'


def run(folder, environment=None, in_file=None, line=""):
    """Run the program in a process of its own; return the backend and the loss."""
    if in_file:
        (folder / "kerasish.json").write_text(json.dumps({"backend": in_file}))
    clean = {k: v for k, v in os.environ.items() if not k.endswith("_BACKEND")}
    variables = {**clean, "KERASISH_HOME": str(folder), **(environment or {})}
    command = [sys.executable, "-c", PROGRAM.format(line=line)]
    done = subprocess.run(
        command, env=variables, capture_output=True, text=True, check=True
    )
    backend, loss = done.stdout.split()
    return backend, float(loss)


def main():
    """Choose in each way; return what ran."""
    ways = {
        "nothing said": {},
        "numpy in the file": {"in_file": "numpy"},
        "jax in the file, numpy by variable": {
            "in_file": "jax",
            "environment": {"KERASISH_BACKEND": "numpy"},
        },
        "jax by variable, numpy in code": {
            "environment": {"KERASISH_BACKEND": "jax"},
            "line": IN_CODE,
        },
    }
    found = {}
    for name, way in ways.items():
        with tempfile.TemporaryDirectory() as folder:
            found[name] = backend, loss = run(Path(folder), **way)
        print(f"{name:34} -> {backend:5} loss {loss:.6f}")
    return found


if __name__ == "__main__":
    main()
