"""Windows that slide over a series of measurements."""

from typing import Any

import numpy as np

from ..data import Dataset, from_rows
from ..ops.resizing import one_of

__all__ = ["timeseries_dataset_from_array"]

FORMATS = ("tf", "grain")


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Dataset:
    """Make a data set of windows over a series.

    The window that begins at s is data[s], data[s + r], ..., data[s + (n − 1) r], with
    n = `sequence_length` and r = `sampling_rate`; its target is targets[s]. The windows
    begin at 0, `sequence_stride`, 2 · `sequence_stride`, ..., as long as both lie in
    the data.

    Args:
        data: array (time, ...) or list.
        targets: array with the target of the window that begins at each time, so that
            `data[sequence_length:]` for it means predicting the next value; or None.
        sequence_length: entries of a window.
        sequence_stride: entries from the beginning of a window to that of the next.
        sampling_rate: entries from one of a window to the next of it.
        batch_size: windows of a batch; None: single windows.
        shuffle: whether each pass has an order of its own.
        seed: of shuffling.
        start_index: entries before it are not used.
        end_index: entries from it on are not used.
        format: `"tf"` or `"grain"`, for Keras's sake: the data set is ours.

    Returns:
        A `kerasish.data.Dataset` of pairs `(windows, targets)`, or of windows alone,
        of shape (batch, sequence_length, ...).

    Raises:
        ValueError: an argument is not as described, or no window fits.

    Example:
        >>> x = np.arange(6)
        >>> data = keras.utils.timeseries_dataset_from_array(x, x[3:], 3, batch_size=2)
        >>> [(x.tolist(), y.tolist()) for x, y in data]
        [([[0, 1, 2], [1, 2, 3]], [3, 4]), ([[2, 3, 4]], [5])]
    """
    one_of("format", format, FORMATS)
    data = np.asarray(data)
    targets = None if targets is None else np.asarray(targets)
    start = 0 if start_index is None else start_index
    end = len(data) if end_index is None else end_index
    last = max(len(data) - 1, 1)
    _check(len(data), "sequence_length", sequence_length, 1, len(data))
    _check(len(data), "sequence_stride", sequence_stride, 1, last)
    _check(len(data), "sampling_rate", sampling_rate, 1, last)
    _check(len(data), "start_index", start, 0, last)
    _check(len(data), "end_index", end, start + 1, len(data))
    steps = np.arange(sequence_length) * sampling_rate
    begins = end - int(steps[-1])
    if targets is not None:
        begins = min(begins, len(targets))
    starts = np.arange(start, begins, sequence_stride)
    if not len(starts):
        raise ValueError(
            f"No window of {sequence_length} entries, {sampling_rate} apart, fits into "
            f"the entries {start} to {end} of the data"
            + ("." if targets is None else f" with a target among {len(targets)}.")
        )

    def batch(rows: np.ndarray) -> Any:
        first = starts[rows]
        x = data[first[:, None] + steps]
        return x if targets is None else (x, targets[first])

    return from_rows(batch, len(starts), batch_size, shuffle, seed)


def _check(entries: int, name: str, value: Any, least: int, most: int) -> None:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        raise ValueError(
            f"`{name}` must be an integer from {least} to {most} for data of {entries} "
            f"entries, got {value!r}."
        )
