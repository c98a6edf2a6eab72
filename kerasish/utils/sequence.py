"""Sequences of unlike lengths into one array."""

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["pad_sequences"]


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Cut or fill sequences so that all have the same length.

    Args:
        sequences: sequences of numbers, or of vectors of one shape.
        maxlen: the common length; default: that of the longest.
        dtype: dtype of the result; `object` for strings of unlike lengths.
        padding: where `value` fills short ones up: `"pre"` before, `"post"` after.
        truncating: where long ones lose entries: `"pre"` or `"post"`.
        value: the filling.

    Returns:
        Array `(number of sequences, maxlen, ...)`.

    Raises:
        ValueError: if one is not a sequence, or its entries have another shape.

    Example:
        >>> keras.utils.pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2).tolist()
        [[0, 1], [2, 3], [5, 6]]
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise ValueError(f"`{name}` must be 'pre' or 'post', got {side!r}.")
    textual = dtype is object or np.dtype(dtype).kind in "OSU"
    if isinstance(value, str) and not textual:
        raise ValueError(
            f"`value` {value!r} is a string, which dtype {dtype} cannot hold; "
            "set `dtype=object` for strings of any length."
        )
    lengths = _lengths(sequences)
    maxlen = max(lengths, default=0) if maxlen is None else maxlen
    filled = [s for s, length in zip(sequences, lengths) if length]
    entry = np.asarray(filled[0]).shape[1:] if filled else ()
    result = np.full((len(lengths), maxlen, *entry), value, dtype=dtype)
    for row, (sequence, length) in enumerate(zip(sequences, lengths)):
        kept = min(length, maxlen)
        if not kept:
            continue
        start = length - kept if truncating == "pre" else 0
        values = np.asarray(sequence[start : start + kept], dtype=dtype)
        if values.shape[1:] != entry:
            raise ValueError(
                f"Each entry of `sequences[{row}]` has shape {values.shape[1:]}, those "
                f"of the first sequence have shape {entry}."
            )
        start = maxlen - kept if padding == "pre" else 0
        result[row, start : start + kept] = values
    return result


def _lengths(sequences: Any) -> list[int]:
    if not hasattr(sequences, "__len__"):
        raise ValueError(
            "`sequences` must be a list or array of sequences, got "
            f"{type(sequences).__name__}."
        )
    for row, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise ValueError(
                f"`sequences` must hold sequences; entry {row} is {sequence!r}."
            )
    return [len(sequence) for sequence in sequences]
