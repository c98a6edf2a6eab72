"""Turning what users have in their hands into arrays with a common first axis."""

from collections.abc import Iterator, Mapping
from numbers import Number
from typing import Any

import numpy as np

from .. import backend, config, dtypes, tree

__all__ = ["check_rows", "named_leaves", "to_array", "to_arrays"]

LABELS = (
    "For labels: `y = keras.utils.LabelEncoder().fit_transform(labels)`, or "
    "`classes, y = np.unique(labels, return_inverse=True)`."
)
TEXTS = (
    "Texts: begin a functional or Sequential model with `Input(..., dtype='string')` "
    "and a TextVectorization or StringLookup; or call such a layer on the data before."
)
BIG = 2**28  # bytes beyond which no sparse matrix is made dense


def to_arrays(value: Any, name: str) -> Any:
    """Return the structure of `value` with an array for each leaf; None stays.

    A list or tuple of arrays is a structure; nested lists of numbers are one array.

    Args:
        value: arrays, data frames, tensors, numbers in lists, or nests of these.
        name: what errors call it, for example `"x"`.

    Raises:
        ValueError: for strings, objects, ragged lists and integers beyond 32 bits.
        TypeError: for what is no array at all.
    """
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {key: to_arrays(v, f"{name}[{key!r}]") for key, v in value.items()}
    if isinstance(value, (list, tuple)) and not _is_plain(value):
        values = [to_arrays(v, f"{name}[{i}]") for i, v in enumerate(value)]
        if hasattr(value, "_fields"):
            return type(value)(*values)
        return values if isinstance(value, list) else tuple(values)
    return to_array(value, name)


def _first_leaf(value: Any) -> Any:
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return value


def _is_plain(value: Any) -> bool:
    """Say whether lists hold single numbers (or strings), not arrays."""

    def is_item(leaf: Any) -> bool:
        return isinstance(leaf, (Number, str, bytes, list)) or (
            getattr(leaf, "shape", None) == ()
        )

    return all(is_item(_first_leaf(child)) for child in value)


def to_array(value: Any, name: str = "x") -> Any:
    """Return one leaf as an array: NumPy's, or the backend's own as it is.

    Floats of 32 bits and more become `keras.config.floatx()`, smaller ones stay;
    integers of 64 bits become 32 bits wide unless 64 are enabled.

    Args:
        value: array, data frame or series, tensor, sparse matrix, nested list of
            numbers, or anything with `__array__`.
        name: what errors call it.

    Example:
        >>> from kerasish.data import to_array
        >>> to_array([[0, 1], [1, 0]]).dtype.name
        'int32'
    """
    columns = getattr(value, "columns", None)
    if not isinstance(value, np.ndarray):
        value = _foreign(value, name)
    if not isinstance(value, np.ndarray):
        return value
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ValueError(
            f"`{name}` is a masked array with {np.ma.count_masked(value)} masked "
            "values: fill them (`.filled(0)`) or leave these rows out."
        )
    if value.dtype.kind == "O":
        value = _from_objects(value, name, columns)
    return _standard(np.asarray(value), name)


def _foreign(value: Any, name: str) -> Any:
    """Return other libraries' arrays as NumPy's, those of the backend as they are."""
    if hasattr(value, "to_numpy"):  # pandas, polars: a series is a column
        array = np.asarray(value.to_numpy())
        return array[:, None] if array.ndim == 1 else array
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # torch
        value = value.detach().cpu()
        return (value.float() if "bfloat16" in str(value.dtype) else value).numpy()
    if hasattr(value, "toarray") and hasattr(value, "nnz"):  # scipy.sparse
        size = int(np.prod(value.shape)) * value.dtype.itemsize
        if size > BIG:
            raise ValueError(
                f"`{name}` is a sparse matrix that would take {size / 2**30:.1f} GiB "
                "as a dense one: give a generator that makes its batches dense."
            )
        return value.toarray()
    if isinstance(value, (list, tuple, range)):
        return _from_lists(value, name)
    if backend.is_array(value):
        return value
    if hasattr(value, "__array__") or isinstance(value, Number):
        return np.asarray(value)
    lazy = " Call its `collect()` before." if hasattr(value, "collect") else ""
    raise TypeError(
        f"`{name}` should be an array, a data frame, a tensor, lists of numbers, or a "
        f"list or dictionary of these, not {value!r:.300} of type "
        f"`{type(value).__name__}`." + lazy
    )


def _from_lists(value: Any, name: str) -> np.ndarray:
    try:
        return np.asarray(value)
    except ValueError:
        sizes = [np.size(row) if np.ndim(row) < 2 else len(row) for row in _rows(value)]
        other = next((i for i, size in enumerate(sizes) if size != sizes[0]), None)
        where = (
            f"row 0 has {sizes[0]} values and row {other} has {sizes[other]}"
            if other is not None
            else "their rows differ in depth or in the inner lengths"
        )
        raise ValueError(
            f"`{name}`, a list of lists, is not rectangular: {where}. Bring all rows "
            "to one length, for example with `keras.utils.pad_sequences`."
        ) from None


def _rows(value: Any) -> Iterator[list[Any]]:
    for row in value:
        flat = tree.flatten(row)
        yield list(row) if isinstance(row, (list, tuple)) else flat


def _from_objects(value: np.ndarray, name: str, columns: Any) -> np.ndarray:
    """Return an object array of numbers as floats; say where it has others."""
    table = value.reshape(len(value), -1) if value.ndim > 1 else value[:, None]
    for index, column in enumerate(table.T):
        strange = next((v for v in column if not isinstance(v, (Number, bool))), None)
        if strange is None and not any(v is None for v in column):
            continue
        place = f"column {index}"
        if columns is not None:
            place = f"column {list(columns)[index]!r}"
        hint = (
            _hint(name)
            if isinstance(strange, str)
            else "Encode, pad or drop such values."
        )
        raise ValueError(
            f"`{name}` has dtype object, and {place} holds {strange!r} of type "
            f"`{type(strange).__name__}`, which is not a number. {hint}"
        )
    return value.astype(np.float64)


def _hint(name: str) -> str:
    return f"{LABELS} {TEXTS}" if name.startswith("x") else LABELS


def _standard(value: np.ndarray, name: str) -> np.ndarray:
    """Return the array with one of the dtypes that tensors have."""
    kind, found = value.dtype.kind, value.dtype.name
    if kind in "US":
        raise ValueError(
            f"`{name}` holds strings (dtype {found}), networks need numbers. "
            + _hint(name)
        )
    if kind == "f" and found != "float16":
        wanted = config.floatx()
    elif found in dtypes.NAMES:
        wanted = dtypes.canonical(found)
    else:
        raise ValueError(
            f"`{name}` has dtype {value.dtype}, which tensors cannot have: convert it "
            "to numbers first."
        )
    if wanted == found and value.dtype.isnative:
        return value
    if kind in "iu":
        _check_range(value, wanted, name)
    return value.astype(_numpy_dtype(wanted))


def _numpy_dtype(name: str) -> Any:
    # NumPy itself does not know bfloat16; the backend does.
    return name if name != "bfloat16" else backend.asarray(0.0, name).dtype


def _check_range(value: np.ndarray, wanted: str, name: str) -> None:
    limits = np.iinfo(wanted)
    if value.size and (value.min() < limits.min or value.max() > limits.max):
        raise ValueError(
            f"`{name}` has integers from {value.min()} to {value.max()}, which do not "
            f"fit into {wanted}. Number them anew from 0 (`np.unique(..., "
            "return_inverse=True)`), or enable 64 bits by "
            "`keras.config.set_floatx('float64')`."
        )


def named_leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield each leaf that is not None with its name: `x`, `x[0]`, `x['left']`."""
    for path, leaf in tree.flatten_with_path(value):
        if leaf is not None:
            yield name + "".join(f"[{key!r}]" for key in path), leaf


def check_rows(x: Any, y: Any = None, sample_weight: Any = None) -> int:
    """Return the common number of rows of all arrays.

    Raises:
        ValueError: if the numbers differ, are 0, or an array has no first axis.
    """
    names = ("x", "y", "sample_weight")
    rows: dict[str, int] = {}
    for name, value in zip(names, (x, y, sample_weight)):
        for leaf_name, leaf in named_leaves(value, name):
            if not leaf.shape:
                raise ValueError(
                    f"`{leaf_name}` is a single number; the first axis of data must "
                    "count the samples. For one sample write `np.array([value])`."
                )
            rows[leaf_name] = leaf.shape[0]
    if not rows:
        raise ValueError("There are no data: `x` is None or holds no arrays.")
    if len(set(rows.values())) > 1:
        sizes = ", ".join(f"`{name}` has {count}" for name, count in rows.items())
        hint = ""
        if isinstance(x, (list, tuple)):
            hint = " A list of arrays means several inputs; `np.stack(x)` makes one."
        elif len(getattr(x, "shape", ())) == 1 and 1 in rows.values():
            hint = " For one sample of several numbers write `x[None]`."
        raise ValueError(
            "Data cardinality is ambiguous: all arrays must have the same number of "
            f"samples (rows), but {sizes}.{hint}"
        )
    count = next(iter(rows.values()))
    if count == 0:
        raise ValueError(f"The data are empty: `{next(iter(rows))}` has 0 samples.")
    return count
