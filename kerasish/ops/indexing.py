"""Picking elements out, putting elements in, sorting, searching."""

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend
from ..graph import KerasTensor, Tensor, Tensors, is_symbolic, op
from .segments import segment_max, segment_min, segment_prod

__all__ = [
    "argpartition", "argsort", "get_item", "in_top_k", "nonzero", "scatter",
    "scatter_update", "searchsorted", "select", "slice", "slice_update", "sort", "take",
    "take_along_axis", "top_k", "unique", "unravel_index", "where",
]  # fmt: skip


@op
def get_item(x: Tensor, key: Any) -> Tensor:
    """`x[key]`, with integers, slices, None, `...` and index tensors as in NumPy.

    Example:
        >>> print(keras.ops.get_item(keras.ops.array([[1, 2], [3, 4]]), (..., 1)))
        [2 4]
    """
    return backend.asarray(x)[tuple(key) if isinstance(key, list) else key]


@op
def take(x: Tensor, indices: Tensor, axis: int | None = None) -> Tensor:
    """Pick elements (or slices) by index along an axis.

    Args:
        x: tensor of any shape.
        indices: integers of any shape; negative ones count from the end.
        axis: default: of the flattened tensor.

    Returns:
        Shape of `x` with the shape of `indices` in place of the axis.

    Example:
        >>> print(keras.ops.take([[1, 2, 3], [4, 5, 6]], [2, 0], axis=1))
        [[3 1]
         [6 4]]
    """
    return backend.xp.take(x, indices, axis=axis)


@op
def take_along_axis(x: Tensor, indices: Tensor, axis: int | None = None) -> Tensor:
    """Pick elements by an index tensor that matches `x` outside of the axis.

    Args:
        x: tensor of any shape.
        indices: integers, with as many axes as `x`.
        axis: default: both flattened.

    Returns:
        Tensor of the shape of `indices`.

    Example:
        >>> x = keras.ops.array([[1, 2], [3, 4]])
        >>> print(keras.ops.take_along_axis(x, keras.ops.array([[1], [0]]), axis=1))
        [[2]
         [3]]
    """
    return backend.xp.take_along_axis(x, indices, axis=axis)


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """Elements of `x1` where the condition holds, else of `x2`.

    Args:
        condition: booleans (or numbers: not zero).
        x1, x2: tensors that broadcast with `condition`. If both are left out, the
            result is `nonzero(condition)`.

    Example:
        >>> print(keras.ops.where([True, False], [1, 2], 0))
        [1 0]
    """
    if (x1 is None) != (x2 is None):
        raise ValueError("`where` needs both `x1` and `x2`, or neither.")
    return nonzero(condition) if x1 is None else _where(condition, x1, x2)


@op
def _where(condition: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    return backend.xp.where(condition, x1, x2)


@op
def select(condlist: Tensors, choicelist: Tensors, default: Tensor = 0) -> Tensor:
    """Elements of the first choice whose condition holds, else the default.

    Args:
        condlist: boolean tensors.
        choicelist: as many tensors to choose from.
        default: where no condition holds.

    Example:
        >>> x = keras.ops.arange(4)
        >>> print(keras.ops.select([x < 1, x > 2], [x - 9, x + 9], 0))
        [-9  0  0 12]
    """
    return backend.xp.select(condlist, choicelist, default)


def nonzero(x: Any) -> tuple[Any, ...]:
    """Indices of the elements that are not zero: one tensor for each axis.

    Their number depends on the values, so it does not work in compiled code; there use
    the three-argument `where`.

    Example:
        >>> print(keras.ops.nonzero([0, 5, 7])[0])
        [1 2]
    """
    if is_symbolic(x):
        return tuple(KerasTensor((None,), "int32") for _ in x.shape)
    return _nonzero(x)


@op
def _nonzero(x: Tensor) -> Any:
    return tuple(backend.cast(i, "int32") for i in backend.xp.nonzero(x))


@op
def slice(inputs: Tensor, start_indices: Any, shape: Sequence[int]) -> Tensor:
    """Cut out a block: `inputs[start : start + shape]` along each axis.

    Args:
        inputs: tensor of n axes.
        start_indices: n integers, also as a tensor of shape (n,). The block is moved
            where it would reach over the end.
        shape: n sizes; −1: all that is left (only where the start is a number).

    Example:
        >>> print(keras.ops.slice([[1, 2, 3], [4, 5, 6]], (0, 1), (2, 2)))
        [[2 3]
         [5 6]]
    """
    inputs = backend.asarray(inputs)
    return inputs[_block(inputs.shape, start_indices, shape)]


@op
def slice_update(inputs: Tensor, start_indices: Any, updates: Tensor) -> Tensor:
    """Put a block of values in place of a part of a tensor.

    Args:
        inputs: tensor of n axes.
        start_indices: n integers: where the block begins. The block is moved where it
            would reach over the end.
        updates: tensor of n axes.

    Returns:
        A new tensor of the shape of `inputs`.

    Example:
        >>> print(keras.ops.slice_update([1, 2, 3, 4], [1], [8, 9]))
        [1 8 9 4]
    """
    inputs, updates = backend.asarray(inputs), backend.asarray(updates)
    updates = backend.cast(updates, backend.dtype_name(inputs))
    block = _block(inputs.shape, start_indices, updates.shape)
    return backend.index_update(inputs, block, updates)


def _block(sizes: Sequence[int], starts: Any, shape: Sequence[int]) -> Any:
    """Index of a block: slices where the starts are known, index tensors if traced."""
    try:
        starts = [int(starts[i]) for i in range(len(sizes))]
    except TypeError:  # traced
        return _traced_block(sizes, starts, shape)
    index = []
    for size, start, extent in zip(sizes, starts, shape):
        start = start + size if start < 0 else start
        extent = size - start if extent == -1 else extent
        start = max(0, min(start, size - extent))
        index.append(builtins.slice(start, start + extent))
    return tuple(index)


def _traced_block(sizes: Sequence[int], starts: Any, shape: Sequence[int]) -> Any:
    if -1 in shape:
        raise ValueError(
            f"`shape` of `slice` must not have −1 in compiled code, where the start is "
            f"not known; got {tuple(shape)}."
        )
    index = []
    for axis, (size, extent) in enumerate(zip(sizes, shape)):
        start = starts[axis]
        start = backend.xp.where(start < 0, start + size, start)
        start = backend.xp.clip(start, 0, size - extent)
        steps = backend.xp.arange(extent, dtype="int32")
        places = [-1 if i == axis else 1 for i in range(len(sizes))]
        index.append(backend.xp.reshape(start + steps, places))
    return tuple(index)


@op
def scatter(indices: Tensor, values: Tensor, shape: Sequence[int]) -> Tensor:
    """Put values into zeros; values for the same place add up.

    Args:
        indices: integers of shape (n, k): where in the first k axes.
        values: tensor of shape (n, …).
        shape: of the result.

    Example:
        >>> places, values = np.array([[0], [2], [0]]), np.array([1, 2, 3])
        >>> print(keras.ops.scatter(places, values, (4,)))
        [4 0 2 0]
    """
    values = backend.asarray(values)
    zeros = backend.xp.zeros(shape, dtype=backend.dtype_name(values))
    return backend.index_add(zeros, _columns(indices), values)


@op
def scatter_update(
    inputs: Tensor, indices: Tensor, updates: Tensor, reduction: str | None = None
) -> Tensor:
    """Replace elements, or combine them with new ones.

    Args:
        inputs: tensor of any shape.
        indices: integers of shape (n, k): where in the first k axes.
        updates: tensor of shape (n, …).
        reduction: None (replace), `"add"`, `"max"`, `"min"` or `"mul"`; values for the
            same place are combined too.

    Returns:
        A new tensor of the shape of `inputs`.

    Example:
        >>> print(keras.ops.scatter_update([1, 2, 3], [[0], [2]], [8, 9]))
        [8 2 9]
    """
    inputs, places = backend.asarray(inputs), _columns(indices)
    updates = backend.cast(updates, backend.dtype_name(inputs))
    if reduction is None:
        return backend.index_update(inputs, places, updates)
    if reduction == "add":
        return backend.index_add(inputs, places, updates)
    if reduction not in _REDUCTIONS:
        raise ValueError(
            f"`reduction` must be None, 'add', 'max', 'min' or 'mul', got "
            f"{reduction!r}."
        )
    segment, combine = _REDUCTIONS[reduction]
    rows, rest = inputs.shape[: len(places)], inputs.shape[len(places) :]
    ids = backend.xp.zeros((), dtype="int32")
    for size, place in zip(rows, places):
        ids = ids * size + place % size
    updates = backend.xp.broadcast_to(updates, (*ids.shape, *rest))
    updates = backend.xp.reshape(updates, (-1, *rest))
    found = segment(updates, backend.xp.ravel(ids), int(np.prod(rows)))
    return getattr(backend.xp, combine)(inputs, backend.xp.reshape(found, inputs.shape))


_REDUCTIONS: dict[str, tuple[Any, str]] = {
    "max": (segment_max, "maximum"),
    "min": (segment_min, "minimum"),
    "mul": (segment_prod, "multiply"),
}


def _columns(indices: Any) -> tuple[Any, ...]:
    """Indices of shape (..., k) as k index tensors."""
    indices = backend.asarray(indices)
    return tuple(indices[..., i] for i in range(indices.shape[-1]))


@op
def unravel_index(indices: Tensor, shape: Sequence[int]) -> tuple[Tensor, ...]:
    """Turn indices of a flattened tensor into indices for each axis.

    Example:
        >>> [int(i) for i in keras.ops.unravel_index(5, (2, 3))]
        [1, 2]
    """
    return tuple(backend.xp.unravel_index(indices, tuple(shape)))


@op
def sort(x: Tensor, axis: int | None = -1) -> Tensor:
    """Sort in ascending order along an axis; None: the flattened tensor.

    Example:
        >>> print(keras.ops.sort([3, 1, 2]))
        [1 2 3]
    """
    return backend.xp.sort(x, axis=axis)


@op
def argsort(x: Tensor, axis: int | None = -1) -> Tensor:
    """Indices (int32) that sort a tensor; equal elements keep their order.

    Args:
        x: tensor of any shape.
        axis: along which to sort; None: the flattened tensor.

    Example:
        >>> print(keras.ops.argsort([3, 1, 2]))
        [1 2 0]
    """
    if not np.ndim(x):
        return backend.cast(0, "int32")
    return backend.cast(backend.xp.argsort(x, axis=axis), "int32")


@op
def argpartition(x: Tensor, kth: int, axis: int = -1) -> Tensor:
    """Indices that put the k-th smallest element in its place, smaller ones before it.

    Args:
        x: tensor of any shape.
        kth: index of that element in sorted order.
        axis: along which to sort.

    Example:
        >>> int(keras.ops.argpartition(keras.ops.array([3, 1, 2]), 1)[1])
        2
    """
    return backend.cast(backend.xp.argpartition(x, kth, axis=axis), "int32")


@op
def searchsorted(sorted_sequence: Tensor, values: Tensor, side: str = "left") -> Tensor:
    """Where to insert values into a sorted sequence so that it stays sorted.

    Args:
        sorted_sequence: ascending numbers, shape (n,).
        values: tensor of any shape.
        side: `"left"`: before equal elements, `"right"`: after them.

    Returns:
        int32 tensor of the shape of `values`, numbers from 0 to n.

    Example:
        >>> print(keras.ops.searchsorted([1, 3, 5], [0, 3, 9]))
        [0 1 3]
    """
    if np.ndim(sorted_sequence) != 1:
        raise ValueError(
            "`sorted_sequence` must have one axis, got shape "
            f"{np.shape(sorted_sequence)}. `keras.ops.vectorized_map` handles more."
        )
    found = backend.xp.searchsorted(sorted_sequence, values, side=side)
    return backend.cast(found, "int32")


@op
def top_k(x: Tensor, k: int, sorted: bool = True) -> list[Tensor]:
    """The `k` largest elements along the last axis, and their indices.

    Args:
        x: tensor of shape (..., n).
        k: how many, at most n.
        sorted: whether they must be in descending order; they always are.

    Returns:
        Values and int32 indices, each of shape (..., k).

    Example:
        >>> values, indices = keras.ops.top_k(keras.ops.array([5, 9, 7]), 2)
        >>> print(values, indices)
        [9 7] [1 2]
    """
    return list(backend.top_k(backend.asarray(x), k))


@op
def in_top_k(targets: Tensor, predictions: Tensor, k: int) -> Tensor:
    """Whether the score of the target is among the `k` largest; ties count.

    Args:
        targets: class indices of shape (batch,).
        predictions: scores of shape (batch, classes).
        k: how many.

    Returns:
        Booleans of shape (batch,).

    Example:
        >>> scores = keras.ops.array([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3]])
        >>> print(keras.ops.in_top_k(keras.ops.array([2, 1]), scores, 2))
        [ True False]
    """
    predictions, targets = backend.asarray(predictions), backend.asarray(targets)
    classes = predictions.shape[-1]
    places = backend.xp.clip(
        backend.xp.where(targets < 0, targets + classes, targets), 0, classes - 1
    )
    score = backend.xp.take_along_axis(
        predictions, backend.xp.expand_dims(places, -1), -1
    )
    better = backend.xp.sum(predictions > score, axis=-1)
    known = (targets >= -classes) & (targets < classes)
    return known & (better < k)


def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different elements of a tensor, in ascending order.

    Their number depends on the values: in compiled code and on symbolic tensors give
    `size`.

    Args:
        x: tensor of any shape.
        sorted: the result is always sorted.
        return_index, return_inverse, return_counts: also return where each first
            occurs, which each element of `x` is, how often each occurs.
        axis: look for different slices along it; default: elements.
        size: length of the result: longer ones are cut, shorter ones filled.
        fill_value: to fill with; default the smallest.

    Returns:
        The values; a tuple if more was asked for.

    Example:
        >>> print(keras.ops.unique([3, 1, 3]))
        [1 3]
    """
    more = (return_index, return_inverse, return_counts)
    return _unique(x, *more, axis=axis, size=size, fill_value=fill_value)


@op
def _unique(
    x: Tensor,
    return_index: bool,
    return_inverse: bool,
    return_counts: bool,
    **options: Any,
) -> Any:
    return backend.xp.unique(x, return_index, return_inverse, return_counts, **options)
