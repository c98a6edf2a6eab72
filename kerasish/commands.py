"""What `python -m kerasish` does: each command is a function that returns its status.

0: all is well; 1: files differ, one is refused, or something was not learnt.
"""

import importlib.metadata
import os
import platform
import runpy
import sys
from pathlib import Path

from . import (
    __version__,
    backend,
    datasets,
    layers,
    losses,
    models,
    optimizers,
    saving,
    utils,
)
from .names import did_you_mean
from .playground.server import PORT, serve

__all__ = ["compare", "convert", "examples", "export", "inspect", "playground"]
__all__ += ["run", "version"]

PACKAGES = ("numpy", "jax", "jaxlib", "h5py", "tqdm")
WHOLE = (".keras", ".h5", ".hdf5")
WEIGHTS = (".weights.h5", ".safetensors")
# Examples that are part of the package: they need nothing but it.
GATES = ("and", "or", "nand", "xor")
# Where a checkout of the sources has more of them.
FOLDER = Path(__file__).parents[1] / "examples"


def version() -> int:
    """Print the versions of all that takes part, the backend and its devices."""
    rows = [("kerasish", __version__), ("Python", platform.python_version())]
    for name in PACKAGES:
        try:
            rows.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            rows.append((name, "not installed"))
    rows += [
        ("backend", backend.backend()),
        ("devices", ", ".join(backend.devices())),
        ("floatx", backend.floatx()),
    ]
    for name, value in rows:
        print(f"{name:10}{value}")
    return 0


def inspect(file: str) -> int:
    """Print what a model file holds."""
    contents = saving.inspect(file)
    print(contents)
    return int(bool(contents.refused))


def compare(file: str, other: str) -> int:
    """Print how two model files differ."""
    differences = saving.compare(file, other)
    print(differences)
    return int(bool(differences))


def convert(file: str, other: str) -> int:
    """Write a model file in another format, which its ending tells."""
    _refuse_itself(file, other)
    weights = other.endswith(WEIGHTS)
    if not weights and not other.endswith(WHOLE):
        raise ValueError(
            f"{other!r} must end in one of {(*WHOLE, *WEIGHTS)}; for other programs "
            "there is the command `export`."
        )
    model = saving.load_model(file)
    if weights:
        saving.save_weights(model, other)
    else:
        saving.save_model(model, other)
    print(f"{other}: {model.name}, {model.count_params():,} parameters")
    return 0


def export(file: str, other: str) -> int:
    """Write the program of a saved model: `.onnx` or `.stablehlo`."""
    _refuse_itself(file, other)
    saving.load_model(file, compile=False).export(other)
    return 0


def _refuse_itself(file: str, other: str) -> None:
    if os.path.exists(other) and os.path.samefile(file, other):
        raise ValueError(f"{file!r} and {other!r} are one file.")


def _scripts() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.py"))


def examples() -> int:
    """Print the names of what `run` runs."""
    for name in GATES:
        print(f"{name:20} a small network learns the truth table")
    for name in _scripts():
        text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
        print(f"{name:20} {text.partition(chr(10))[0].strip(chr(34))}")
    return 0


def run(name: str) -> int:
    """Run an example."""
    if name.lower() in GATES:
        return _gate(name.lower())
    if name not in _scripts():
        known = [*GATES, *_scripts()]
        raise ValueError(
            f"There is no example {name!r}; there are {known}."
            + did_you_mean(name, known)
        )
    sys.argv = [name]
    runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
    return 0


def playground(port: int = PORT, browser: bool = True) -> int:
    """Try small networks on a page in the browser, until Ctrl-C."""
    serve(port, browser)
    return 0


def _gate(name: str) -> int:
    """Let a small network learn a gate; print what it says beside what is right."""
    utils.set_random_seed(0)
    (x, y), _ = datasets.gates.load_data(name)
    hidden = [layers.Dense(4, "tanh")] if name == "xor" else []
    parts = [layers.Input((2,)), *hidden, layers.Dense(1, "sigmoid")]
    model = models.Sequential(parts, name=name)
    model.compile(optimizers.Adam(0.1), losses.BinaryCrossentropy())
    costs = model.fit(x, y, epochs=300, verbose=0).history["loss"]
    answers = model.predict(x, verbose=0)
    print(f"{name.upper()}: {model.count_params()} weights, 300 epochs, ", end="")
    print(f"cost {costs[0]:.3f} to {costs[-1]:.3f}\na b | right learned")
    for (a, b), right, answer in zip(x, y[:, 0], answers[:, 0]):
        print(f"{a:.0f} {b:.0f} | {right:5.0f} {answer:7.3f}")
    return int(((answers > 0.5) != y).any())
