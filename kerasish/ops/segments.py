"""Reductions over the rows that share an id."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend, dtypes
from ..graph import Tensor, op

__all__ = [
    "segment_max", "segment_min", "segment_prod", "segment_sum",
]  # fmt: skip


def _number_of_segments(ids: Any, num_segments: int | None) -> int:
    if num_segments is not None:
        return num_segments
    try:
        return int(backend.xp.max(ids)) + 1
    except TypeError:
        raise ValueError(
            "`num_segments` must be given in compiled code: the ids are not known."
        ) from None


@op
def segment_sum(
    data: Tensor,
    segment_ids: Tensor,
    num_segments: int | None = None,
    sorted: bool = False,
) -> Tensor:
    """Sum of the rows that share an id; 0 where there is none.

    Args:
        data: tensor of shape (n, …).
        segment_ids: integers of shape (n,); rows with an id outside of
            [0, num_segments) are left out.
        num_segments: default the largest id plus one.
        sorted: a promise that the ids ascend.

    Returns:
        Tensor of shape (num_segments, …).

    Example:
        >>> print(keras.ops.segment_sum(np.array([1, 2, 4]), np.array([0, 1, 0]), 2))
        [5 2]
    """
    number = _number_of_segments(segment_ids, num_segments)
    return backend.segment_sum(data, segment_ids, number)


@op
def segment_max(
    data: Tensor,
    segment_ids: Tensor,
    num_segments: int | None = None,
    sorted: bool = False,
) -> Tensor:
    """Maximum of the rows that share an id; −∞ (or least integer) where there is none.

    Arguments and result as in `segment_sum`.

    Example:
        >>> print(keras.ops.segment_max(np.array([1, 2, 4]), np.array([0, 1, 0]), 2))
        [4 2]
    """
    number = _number_of_segments(segment_ids, num_segments)
    return backend.segment_max(data, segment_ids, number)


@op
def segment_min(
    data: Tensor,
    segment_ids: Tensor,
    num_segments: int | None = None,
    sorted: bool = False,
) -> Tensor:
    """Minimum of the rows that share an id; ∞ (or largest integer) where there is none.

    Arguments and result as in `segment_sum`.

    Example:
        >>> print(keras.ops.segment_min(np.array([1, 2, 4]), np.array([0, 1, 0]), 2))
        [1 2]
    """
    number = _number_of_segments(segment_ids, num_segments)
    name = backend.dtype_name(backend.asarray(data))
    largest = np.iinfo(name).max if dtypes.is_int(name) else np.inf
    return _segmented(backend.xp.minimum, data, segment_ids, number, largest)


@op
def segment_prod(
    data: Tensor,
    segment_ids: Tensor,
    num_segments: int | None = None,
    sorted: bool = False,
) -> Tensor:
    """Product of the rows that share an id; 1 where there is none.

    Arguments and result as in `segment_sum`.

    Example:
        >>> print(keras.ops.segment_prod(np.array([3, 2, 4]), np.array([0, 1, 0]), 2))
        [12  2]
    """
    number = _number_of_segments(segment_ids, num_segments)
    return _segmented(backend.xp.multiply, data, segment_ids, number, 1)


def _segmented(
    combine: Callable[[Any, Any], Any], data: Any, ids: Any, number: int, empty: Any
) -> Any:
    """Reduce each segment by any associative function.

    Rows are sorted by id and combined by one scan that starts anew at each new id; the
    last row of each id then holds its result.
    """
    xp = backend.xp
    data, ids = backend.asarray(data), backend.asarray(ids)
    order = xp.argsort(ids)
    data, ids = xp.take(data, order, axis=0), xp.take(ids, order)
    changes, ends = ids[1:] != ids[:-1], xp.ones((1,), dtype="bool")
    column = (-1, *(1,) * (data.ndim - 1))

    def join(left: Any, right: Any) -> Any:
        (old, a), (new, b) = left, right
        return old | new, xp.where(xp.reshape(new, column), b, combine(a, b))

    starts = xp.concatenate([ends, changes])
    running = backend.associative_scan(join, (starts, data))[1]
    wanted = xp.concatenate([changes, ends]) & (ids >= 0) & (ids < number)
    # all other rows go to one more row, which is dropped
    target = xp.where(wanted, ids, number)
    shape = (number + 1, *data.shape[1:])
    result = xp.full(shape, empty, dtype=backend.dtype_name(data))
    return backend.index_update(result, target, running)[:number]
