"""`.safetensors`: the weights by the paths of their variables.

The package of that name is an extra. The order of the weights and their checksums stand
in the file's metadata, which other readers leave alone.
"""

import json
import posixpath
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from . import checksums, hdf5
from .atomic import replacing
from .legacy_h5 import separate
from .matching import Bundle, load, match_bundles
from .report import LoadReport
from .weights_h5 import pieces

__all__ = ["DTYPES", "ENDING", "Entry", "load_weights", "opened", "save_weights"]

ENDING = ".safetensors"
# How the format calls the kinds of numbers.
DTYPES = {
    **{
        f"{kind}{n}": f"{kind[0].upper()}{n}"
        for kind in ("int", "uint")
        for n in (8, 16, 32, 64)
    },
    **{f"float{n}": f"F{n}" for n in (16, 32, 64)},
    "bool": "BOOL",
    "bfloat16": "BF16",
    "complex64": "C64",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
}
ALIGNMENT = 8


def _package() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "Files of this format need the package `safetensors`: "
            "`pip install kerasish[safetensors]`."
        ) from error
    return safetensors


class Entry(NamedTuple):
    """An array of an open file, as `matching` wants it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    file: Any
    checksum: int | None

    def read(self) -> np.ndarray:
        """Return the array, if it has its checksum or none is known."""
        value = np.asarray(self.file.get_tensor(self.name))
        if self.checksum is not None:
            checksums.verify(checksums.checksum(value), self.checksum, f"`{self.name}`")
        return value


def save_weights(path: str, model: Any) -> None:
    """Write the weights of a model to a file.

    The package would do that in a file of its own naming, or would copy all arrays.
    """
    _package()  # or the file could not be read again here
    weights = [pair for bundle in model_bundles(model) for pair in bundle.weights]
    views = {name: np.ascontiguousarray(v.view()) for name, v in weights}
    sums = {name: checksums.checksum(array) for name, array in views.items()}
    header: dict[str, Any] = {"__metadata__": {"kerasish": json.dumps(sums)}}
    arrays = sorted(views.items(), key=lambda pair: (-pair[1].itemsize, pair[0]))
    end = 0
    for name, array in arrays:
        begin, end = end, end + array.nbytes
        header[name] = {
            "dtype": DTYPES[array.dtype.name],
            "shape": array.shape,
            "data_offsets": (begin, end),
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    with replacing(path) as new, open(new, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, array in arrays:
            file.write(array.reshape(-1).view("uint8").data)


def load_weights(
    path: str, model: Any, skip_mismatch: bool = False, by_name: bool = False
) -> LoadReport:
    """Read the weights of a model.

    Raises:
        ValueError: with a table, if the file does not fit; nothing is changed then.
    """
    own = model_bundles(model)
    with opened(path) as theirs:
        if by_name:
            known = {bundle.name: bundle for bundle in theirs}
            couples = [(known[b.name], b) for b in own if b.name in known]
        else:
            couples = match_bundles(theirs, own)
        return load(theirs, own, couples, skip_mismatch)


def model_bundles(model: Any) -> list[Bundle]:
    """Describe the layers with weights, by the paths of these."""
    weights = model.weights
    names = separate([v.path for v in weights])
    owners = {id(v): p.owner for p in pieces(model) for v in p.variables}
    bundles = _by_layer(zip(names, weights))
    for bundle in bundles:
        owner = owners.get(id(bundle.weights[0][1]))
        bundle.automatic = owner is not None and Bundle.of(owner, []).automatic
    return bundles


@contextmanager
def opened(path: str) -> Iterator[list[Bundle]]:
    """Open a file and describe the layers in it."""
    package = _package()
    try:
        with package.safe_open(path, "numpy") as file:
            sums = hdf5.document((file.metadata() or {}).get("kerasish", "{}"), path)
            names = list(file.keys())
            if isinstance(sums, dict) and sums:
                if set(names) != sums.keys():
                    raise ValueError(
                        f"The file is damaged: it should hold {sorted(sums)}, but "
                        f"holds {sorted(names)}."
                    )
                names = list(sums)
            yield _by_layer((name, _entry(file, name, sums)) for name in names)
    except package.SafetensorError as error:
        raise ValueError(f"The file is damaged: {path!r}. {error}") from error


def _entry(file: Any, name: str, sums: Any) -> Entry:
    known = sums.get(name) if isinstance(sums, dict) else None
    about = file.get_slice(name)
    shape, code = tuple(about.get_shape()), about.get_dtype()
    dtype = next((name for name, c in DTYPES.items() if c == code), code)
    return Entry(name, shape, dtype, file, known if isinstance(known, int) else None)


def _by_layer(weights: Iterable[tuple[str, Any]]) -> list[Bundle]:
    """Group weights by what their paths have before the last part.

    The first part is left out if all have the same: the name of the model says nothing.
    """
    weights = list(weights)
    heads = {name.split("/")[0] for name, _ in weights}
    found: dict[str, Bundle] = {}
    for name, thing in weights:
        layer = posixpath.dirname(name)
        if len(heads) == 1:
            layer = layer.partition("/")[2]
        found.setdefault(layer, Bundle(layer)).weights.append((name, thing))
    return list(found.values())
