"""`.stablehlo`: programs of XLA and their weights in one zip archive.

| member | content |
| --- | --- |
| `export.json` | the endpoints: inputs, outputs, which weights they take; the weights |
| `NAME.bin` | the program of an endpoint, for `jax.export.deserialize` |
| `NAME.mlir` | the same as text: StableHLO, for people and other compilers |
| `weights/N` | the numbers of a weight, as they lie in memory, little-endian |

A program takes the list of its weights, then its inputs. Nothing is compressed.
"""

import importlib
import json
import math
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np

from .. import backend, config, documents, tree
from ..names import did_you_mean
from ..saving.atomic import replacing

__all__ = ["Exported", "created", "load", "programs"]

VERSION = 1
CONTENTS = "export.json"


def programs() -> Any:
    """Return what of the backend makes programs that are exported."""
    if config.backend() != "jax":
        raise NotImplementedError(
            "Exporting needs the JAX backend, and this is the backend "
            f"{config.backend()!r}. A saved model can be loaded with KERAS_BACKEND=jax."
        )
    return importlib.import_module("..backend.jax_export", __package__)


class _Writer:
    """A file in the making."""

    def __init__(self, file: zipfile.ZipFile, about: dict[str, Any]) -> None:
        self._file, self._about = file, about

    def add(
        self,
        name: str,
        endpoint: Any,
        weights: list[int],
        least: int,
        program: tuple[bytes, str],
    ) -> None:
        """Write an endpoint that was lowered, and so knows its outputs."""
        inputs, outputs = endpoint.inputs, endpoint.outputs
        self._about["endpoints"][name] = {
            "arguments": _numbered(endpoint.arguments),
            "inputs": [asdict(leaf) for leaf in inputs],
            "outputs": _numbered(outputs),
            "weights": weights,
            "least": least,
        }
        self._file.writestr(f"{name}.bin", program[0])
        self._file.writestr(f"{name}.mlir", program[1])


def _numbered(nest: Any) -> Any:
    """Put numbers in place of leaves."""
    return tree.pack_sequence_as(nest, range(len(tree.flatten(nest))))


@contextmanager
def created(path: str, weights: Sequence[Any]) -> Iterator[_Writer]:
    """Make a file that holds `weights`, and the endpoints that the body adds."""
    described = [
        {"path": v.path, "shape": list(v.shape), "dtype": v.dtype} for v in weights
    ]
    about = {"version": VERSION, "weights": described, "endpoints": {}}
    with replacing(path) as new, zipfile.ZipFile(new, "w") as file:
        yield _Writer(file, about)
        for number, variable in enumerate(weights):
            array = np.ascontiguousarray(variable.value)
            file.writestr(f"weights/{number}", array.reshape(-1).view("uint8").data)
        file.writestr(CONTENTS, json.dumps(about))


class Exported:
    """What `load` returns: the endpoints of a file, by their names.

    Called itself it runs `serve`, or the single endpoint there is.
    """

    def __init__(self, path: str, endpoints: dict[str, Any]) -> None:
        self.path, self.endpoints = path, endpoints

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("endpoints", ()):
            return self.endpoints[name]
        known = list(self.__dict__.get("endpoints", ()))
        raise AttributeError(
            f"The file has no endpoint {name!r}; it has {known}."
            + did_you_mean(name, known)
        )

    def __call__(self, *arguments: Any) -> Any:
        """Run the main endpoint."""
        names = list(self.endpoints)
        return getattr(self, names[0] if len(names) == 1 else "serve")(*arguments)

    def __repr__(self) -> str:
        return f"<Exported {self.path!r}: {', '.join(self.endpoints)}>"


class _Endpoint:
    def __init__(self, name: str, about: dict[str, Any], weights: Any, run: Any):
        self.name, self._about = name, about
        self._weights, self._run = weights, run

    def __call__(self, *arguments: Any) -> Any:
        """Run the program on arrays, nested as when it was written."""
        wanted = self._about["arguments"]
        if len(arguments) != len(wanted):
            raise TypeError(
                f"Endpoint {self.name!r} takes {len(wanted)} arguments, got "
                f"{len(arguments)}."
            )
        values: dict[int, Any] = {}
        _paired(wanted, list(arguments), values, self.name)
        inputs = [
            self._input(values[number], about)
            for number, about in enumerate(self._about["inputs"])
        ]
        outputs = self._run(self._weights, *inputs)
        return tree.map_structure(lambda i: outputs[i], self._about["outputs"])

    def _input(self, value: Any, about: dict[str, Any]) -> Any:
        array = backend.asarray(value)
        shape, given = tuple(about["shape"]), tuple(array.shape)
        least = self._about["least"]
        lows = [1, *[least] * len(shape[1:])]  # of sizes that are open
        fits = len(shape) == len(given) and all(
            m >= low if n is None else m == n for n, m, low in zip(shape, given, lows)
        )
        if not fits:
            open_ = f", each size that is open at least {least}" if least > 1 else ""
            raise ValueError(
                f"Input `{about['name']}` of endpoint {self.name!r} has the shape "
                f"{shape}{open_}; got {given}."
            )
        return backend.cast(array, about["dtype"])


def _paired(wanted: Any, given: Any, found: dict[int, Any], name: str) -> None:
    """Find the value of each input in arguments."""
    if isinstance(wanted, int):
        found[wanted] = given
        return
    keys = range(len(wanted)) if isinstance(wanted, list) else wanted
    kind = (list, tuple) if isinstance(wanted, list) else dict
    if not isinstance(given, kind) or len(given) != len(wanted) or any(
        isinstance(wanted, dict) and key not in given for key in keys
    ):  # fmt: skip
        raise ValueError(
            f"Endpoint {name!r} takes arguments nested as {wanted}, got {given!r}."
        )
    for key in keys:
        _paired(wanted[key], given[key], found, name)


def load(filepath: str | os.PathLike[str]) -> Exported:
    """Load a `.stablehlo` file: its functions, for which no model is needed.

    The programs are XLA's: they compute and do nothing else, but they are handed to
    XLA as they are, which was not made for files of strangers. Load what you trust.

    Args:
        filepath: what `Model.export` or `ExportArchive.write_out` wrote.

    Returns:
        An object with a function for each endpoint; called itself it runs `serve`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, or is something else.
        NotImplementedError: if the backend is not JAX.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.export("model.stablehlo", verbose=False)
        >>> keras.export.load("model.stablehlo")(np.zeros((5, 2), "float32")).shape
        (5, 1)
    """
    path = os.fspath(filepath)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"There is no file {path!r}.")
    try:
        with zipfile.ZipFile(path) as file:
            return Exported(path, _read(file, path))
    except (zipfile.BadZipFile, LookupError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path!r} is no exported program, or it is damaged. "
            f"{type(error).__name__}: {error}"
        ) from error


def _member(file: zipfile.ZipFile, name: str) -> bytes:
    about = file.getinfo(name)
    if about.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"The file is refused: its `{name}` is compressed.")
    return file.read(name)


def _read(file: zipfile.ZipFile, path: str) -> dict[str, Any]:
    about = documents.document(_member(file, CONTENTS), f"`{CONTENTS}`")
    if about["version"] != VERSION:
        raise ValueError(
            f"{path!r} was written by a newer version: its form is {about['version']}."
        )
    weights = [
        _weight(_member(file, f"weights/{number}"), described)
        for number, described in enumerate(about["weights"])
    ]
    return {
        name: _Endpoint(
            name,
            endpoint,
            [weights[i] for i in endpoint["weights"]],
            _raised(_member(file, f"{name}.bin"), name),
        )
        for name, endpoint in about["endpoints"].items()
    }


def _raised(program: bytes, name: str) -> Any:
    raised = programs().raised
    try:
        return raised(program)
    except Exception as error:  # of any kind: JAX takes the bytes as they come
        raise ValueError(
            f"The file is damaged: the program of {name!r} cannot be read. {error}"
        ) from error


def _weight(data: bytes, about: dict[str, Any]) -> Any:
    dtype = np.asarray(backend.asarray(0, about["dtype"])).dtype
    if len(data) != math.prod(about["shape"]) * dtype.itemsize:
        raise ValueError(f"The file is damaged: `{about['path']}` has another size.")
    return backend.asarray(np.frombuffer(data, dtype).reshape(about["shape"]))
