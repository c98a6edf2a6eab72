"""Layers that work on the host, on texts and numbers in NumPy's arrays."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ... import backend, dtypes
from ...graph import KerasTensor, is_symbolic
from ..layer import Layer

__all__ = ["HostLayer", "batches", "host_array", "texts"]


def host_array(x: Any, name: str) -> Any:
    """Return a value as a NumPy array, texts as `str`; symbolic tensors as they are.

    Args:
        x: array, text, number, or nested lists of these.
        name: of the layer, for errors.

    Raises:
        TypeError: within compiled code, where values are not known.
    """
    if x is None or is_symbolic(x):
        return x
    if hasattr(x, "to_numpy"):
        x = x.to_numpy()
    try:
        array = np.asarray(x)
    except Exception as error:
        if not backend.is_array(x):
            raise
        raise TypeError(
            f"Layer `{name}` works on the host, outside of compiled code, so it cannot "
            "be called within `fit`, `predict` or `jit` on tensors that are computed "
            "there. Let it come first in a functional or Sequential model, where it "
            "is computed before; or prepare the data with it, batch by batch."
        ) from error
    if array.dtype.kind in "US" and not isinstance(x, np.ndarray):
        array = np.asarray(x, object)  # NumPy's texts lose zeros at their ends
    if array.dtype.kind in "SO":
        array = texts(array) if array.size else array.astype(str)
    return array


def texts(array: np.ndarray) -> np.ndarray:
    """Return an array of bytes or objects with each text as `str`; numbers stay."""
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8")
    flat = [x.decode("utf-8") if isinstance(x, bytes) else x for x in array.flat]
    if not all(isinstance(x, str) for x in flat):
        strange = next(x for x in flat if not isinstance(x, str))
        if isinstance(strange, (bool, int, float, np.number)):
            return np.array(flat).reshape(array.shape)
        raise TypeError(
            f"Texts were expected, but there is {strange!r} of type "
            f"`{type(strange).__name__}`. Fill in a text, for instance ''."
        )
    made = np.empty(len(flat), object)
    made[:] = flat
    return made.reshape(array.shape)


def batches(data: Any, name: str, steps: int | None = None) -> Iterator[np.ndarray]:
    """Yield what `adapt` is given, as arrays: all at once, or batch by batch.

    Args:
        data: array, nested lists; or an iterable of these (a generator, a `PyDataset`,
            a data set); of batches that are tuples the first part counts.
        name: of the layer.
        steps: how many batches; default: all.
    """
    whole = isinstance(data, (list, tuple, str, bytes, np.ndarray)) or any(
        hasattr(data, known) for known in ("shape", "__array__", "to_numpy")
    )
    if whole:
        yield host_array(data, name)
        return
    if not isinstance(data, Iterable):
        raise TypeError(
            f"`adapt` of layer `{name}` takes arrays, lists, or an iterable of "
            f"batches, got {type(data).__name__}."
        )
    for number, batch in enumerate(data):
        if number == steps:
            return
        yield host_array(batch[0] if isinstance(batch, tuple) else batch, name)


class HostLayer(Layer):
    """Base of layers that compute with NumPy, before what is compiled.

    A subclass defines `call` on NumPy arrays, `compute_output_shape`, and says in
    `output_dtype` what comes out.
    """

    on_host = True

    @property
    def output_dtype(self) -> str:
        """dtype of the outputs."""
        return dtypes.canonical(self.compute_dtype)

    def _convert_nest(self, x: Any) -> Any:
        return host_array(x, self.name)

    def _result(self, array: np.ndarray) -> Any:
        """The backend's form of a result; texts stay NumPy's."""
        if self.output_dtype == "string":
            return array
        return backend.asarray(array, self.output_dtype)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs as symbolic tensors."""
        inputs = args[0] if args else kwargs["inputs"]
        if isinstance(inputs, (list, tuple)):
            shape: Any = [x.shape for x in inputs]
        else:
            shape = inputs.shape
        return KerasTensor(self.compute_output_shape(shape), self.output_dtype)
