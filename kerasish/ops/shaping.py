"""The same elements in another shape or order; joining, cutting, repeating."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor, Tensors, op
from .reduction import tuple_of

__all__ = [
    "append", "array_split", "broadcast_to", "concatenate", "dsplit", "dstack",
    "expand_dims", "extract_sequences", "flip", "fliplr", "flipud", "hsplit", "hstack",
    "moveaxis", "pad", "ravel", "rearrange", "repeat", "reshape", "roll", "rot90",
    "split", "squeeze", "stack", "swapaxes", "tile", "transpose", "unstack", "vsplit",
    "vstack",
]  # fmt: skip


@op
def reshape(x: Tensor, newshape: int | Sequence[int]) -> Tensor:
    """Give the elements, in row-major order, a new shape.

    Args:
        x: tensor of any shape.
        newshape: sizes; one of them may be −1, which stands for what is left over.

    Example:
        >>> print(keras.ops.reshape([[1, 2, 3], [4, 5, 6]], (3, -1)))
        [[1 2]
         [3 4]
         [5 6]]
    """
    return backend.xp.reshape(x, tuple_of(newshape))


@op
def ravel(x: Tensor) -> Tensor:
    """Flatten to one axis.

    Example:
        >>> print(keras.ops.ravel([[1, 2], [3, 4]]))
        [1 2 3 4]
    """
    return backend.xp.ravel(x)


@op
def transpose(x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """Reorder the axes: axis i of the result is axis axes[i] of `x`.

    Args:
        x: tensor of any shape.
        axes: a permutation of the axes; default: reversed.

    Example:
        >>> print(keras.ops.transpose([[1, 2, 3], [4, 5, 6]]))
        [[1 4]
         [2 5]
         [3 6]]
    """
    return backend.xp.transpose(x, axes)


@op
def moveaxis(
    x: Tensor, source: int | Sequence[int], destination: int | Sequence[int]
) -> Tensor:
    """Move axes to new places; the others keep their order.

    Args:
        x: tensor of any shape.
        source, destination: where the axes are, and where they go.

    Example:
        >>> keras.ops.moveaxis(keras.ops.ones((2, 3, 4)), 0, -1).shape
        (3, 4, 2)
    """
    return backend.xp.moveaxis(x, tuple_of(source), tuple_of(destination))


@op
def swapaxes(x: Tensor, axis1: int, axis2: int) -> Tensor:
    """Exchange two axes.

    Example:
        >>> keras.ops.swapaxes(keras.ops.ones((2, 3, 4)), 0, 2).shape
        (4, 3, 2)
    """
    return backend.xp.swapaxes(x, axis1, axis2)


@op
def expand_dims(x: Tensor, axis: int | Sequence[int]) -> Tensor:
    """Insert axes of size 1 at the given places of the result.

    Example:
        >>> print(keras.ops.expand_dims([1, 2], 0))
        [[1 2]]
    """
    return backend.xp.expand_dims(x, tuple_of(axis))


@op
def squeeze(x: Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """Remove axes of size 1: those given, or all.

    Example:
        >>> print(keras.ops.squeeze([[1, 2]]))
        [1 2]
    """
    return backend.xp.squeeze(x, tuple_of(axis))


@op
def broadcast_to(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Repeat along new axes and axes of size 1 until the shape is as given.

    Example:
        >>> print(keras.ops.broadcast_to([1, 2], (2, 2)))
        [[1 2]
         [1 2]]
    """
    return backend.xp.broadcast_to(x, tuple(shape))


@op
def flip(x: Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """Reverse the order along the given axes, or along all.

    Example:
        >>> print(keras.ops.flip([[1, 2], [3, 4]], axis=1))
        [[2 1]
         [4 3]]
    """
    return backend.xp.flip(x, tuple_of(axis))


@op
def fliplr(x: Tensor) -> Tensor:
    """Reverse the second axis (left to right).

    Example:
        >>> print(keras.ops.fliplr([[1, 2], [3, 4]]))
        [[2 1]
         [4 3]]
    """
    return backend.xp.fliplr(x)


@op
def flipud(x: Tensor) -> Tensor:
    """Reverse the first axis (up to down).

    Example:
        >>> print(keras.ops.flipud([[1, 2], [3, 4]]))
        [[3 4]
         [1 2]]
    """
    return backend.xp.flipud(x)


@op
def rot90(array: Tensor, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """Rotate by 90 degrees in the plane of two axes, from the first to the second.

    Args:
        array: tensor with at least two axes.
        k: how many times.
        axes: the plane.

    Example:
        >>> print(keras.ops.rot90(keras.ops.array([[1, 2], [3, 4]])))
        [[2 4]
         [1 3]]
    """
    return backend.xp.rot90(array, k=k, axes=tuple(axes))


@op
def roll(
    x: Tensor,
    shift: int | Sequence[int],
    axis: int | Sequence[int] | None = None,
) -> Tensor:
    """Shift elements along axes; those pushed out at the end come in at the start.

    Args:
        x: tensor of any shape.
        shift: number of places, one for each axis.
        axis: default: the flattened tensor is rolled.

    Example:
        >>> print(keras.ops.roll([1, 2, 3], 1))
        [3 1 2]
    """
    return backend.xp.roll(x, tuple_of(shift), tuple_of(axis))


@op
def tile(x: Tensor, repeats: int | Sequence[int]) -> Tensor:
    """Lay copies of the whole tensor side by side.

    Args:
        x: tensor of any shape.
        repeats: number of copies along each axis.

    Example:
        >>> print(keras.ops.tile([1, 2], 2))
        [1 2 1 2]
    """
    return backend.xp.tile(x, tuple_of(repeats))


@op
def repeat(x: Tensor, repeats: Any, axis: int | None = None) -> Tensor:
    """Repeat each element on the spot.

    Args:
        x: tensor of any shape.
        repeats: a number, or one number for each element of the axis.
        axis: default: the flattened tensor is used.

    Example:
        >>> print(keras.ops.repeat([1, 2], 2))
        [1 1 2 2]
    """
    if isinstance(repeats, (list, tuple)):
        repeats = np.asarray(repeats)
    return backend.xp.repeat(x, repeats, axis=axis)


@op
def concatenate(xs: Tensors, axis: int | None = 0) -> Tensor:
    """Join tensors along an existing axis.

    Args:
        xs: tensors that agree in all other sizes; dtypes are promoted.
        axis: where to join; None: all are flattened first.

    Example:
        >>> print(keras.ops.concatenate([[1, 2], [3]]))
        [1 2 3]
    """
    return backend.xp.concatenate(xs, axis=axis)


@op
def stack(x: Tensors, axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis.

    Example:
        >>> print(keras.ops.stack([[1, 2], [3, 4]], axis=1))
        [[1 3]
         [2 4]]
    """
    return backend.xp.stack(x, axis=axis)


@op
def hstack(xs: Tensors) -> Tensor:
    """Join along the second axis, vectors along their only one.

    Example:
        >>> print(keras.ops.hstack([[1, 2], [3]]))
        [1 2 3]
    """
    return backend.xp.hstack(xs)


@op
def vstack(xs: Tensors) -> Tensor:
    """Join along the first axis; vectors count as rows.

    Example:
        >>> print(keras.ops.vstack([[1, 2], [3, 4]]))
        [[1 2]
         [3 4]]
    """
    return backend.xp.vstack(xs)


@op
def dstack(xs: Tensors) -> Tensor:
    """Join along the third axis, which is added where it lacks.

    Example:
        >>> keras.ops.dstack([keras.ops.ones((2, 3)), keras.ops.ones((2, 3))]).shape
        (2, 3, 2)
    """
    return backend.xp.dstack(xs)


@op
def append(x1: Tensor, x2: Tensor, axis: int | None = None) -> Tensor:
    """Join two tensors; without `axis` both are flattened.

    Example:
        >>> print(keras.ops.append([1, 2], [[3, 4]]))
        [1 2 3 4]
    """
    return backend.xp.append(x1, x2, axis=axis)


@op
def split(
    x: Tensor, indices_or_sections: int | Sequence[int], axis: int = 0
) -> list[Tensor]:
    """Cut a tensor into several along an axis.

    Args:
        x: tensor of any shape.
        indices_or_sections: number of equal parts, or the indices where to cut.
        axis: along which to cut.

    Returns:
        List of tensors.

    Example:
        >>> [part.tolist() for part in keras.ops.split([1, 2, 3, 4], 2)]
        [[1, 2], [3, 4]]
    """
    return list(backend.xp.split(x, tuple_of(indices_or_sections), axis=axis))


@op
def array_split(
    x: Tensor, indices_or_sections: int | Sequence[int], axis: int = 0
) -> list[Tensor]:
    """Cut as `split` does, but the first parts may be longer by one.

    Example:
        >>> [part.tolist() for part in keras.ops.array_split([1, 2, 3], 2)]
        [[1, 2], [3]]
    """
    return list(backend.xp.array_split(x, tuple_of(indices_or_sections), axis=axis))


@op
def hsplit(x: Tensor, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """Cut along the second axis, vectors along their only one.

    Example:
        >>> [part.tolist() for part in keras.ops.hsplit([[1, 2], [3, 4]], 2)]
        [[[1], [3]], [[2], [4]]]
    """
    return list(backend.xp.hsplit(x, tuple_of(indices_or_sections)))


@op
def vsplit(x: Tensor, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """Cut along the first axis.

    Example:
        >>> [part.tolist() for part in keras.ops.vsplit([[1, 2], [3, 4]], 2)]
        [[[1, 2]], [[3, 4]]]
    """
    return list(backend.xp.vsplit(x, tuple_of(indices_or_sections)))


@op
def dsplit(x: Tensor, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """Cut along the third axis.

    Example:
        >>> [part.shape for part in keras.ops.dsplit(keras.ops.ones((2, 3, 4)), 2)]
        [(2, 3, 2), (2, 3, 2)]
    """
    return list(backend.xp.dsplit(x, tuple_of(indices_or_sections)))


@op
def unstack(x: Tensor, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """Cut into slices along an axis, which disappears: the inverse of `stack`.

    Args:
        x: tensor of any shape.
        num: number of slices, where the size of the axis is unknown.
        axis: along which to cut.

    Example:
        >>> [row.tolist() for row in keras.ops.unstack([[1, 2], [3, 4]])]
        [[1, 2], [3, 4]]
    """
    x = backend.xp.moveaxis(x, axis, 0)
    if num is not None and num > x.shape[0]:
        raise ValueError(
            f"`num={num}` slices were asked of an axis of size {x.shape[0]}."
        )
    return [x[i] for i in range(x.shape[0] if num is None else num)]


@op
def pad(
    x: Tensor,
    pad_width: int | Sequence[Any],
    mode: str = "constant",
    constant_values: Any = None,
) -> Tensor:
    """Add elements before and after along each axis.

    Args:
        x: tensor of any shape.
        pad_width: one number; (before, after) for all axes; or such a pair per axis.
        mode: `"constant"`, `"reflect"`, `"symmetric"`, `"edge"`, `"wrap"`, `"empty"`,
            `"linear_ramp"`, `"maximum"`, `"mean"`, `"median"` or `"minimum"`.
        constant_values: what mode `"constant"` puts; default 0.

    Raises:
        ValueError: if `constant_values` is given with another mode.

    Example:
        >>> print(keras.ops.pad([1, 2], (1, 2)))
        [0 1 2 0 0]
    """
    if isinstance(pad_width, (list, tuple)):
        pad_width = tuple(map(tuple_of, pad_width))
    if mode == "constant":
        fill = 0 if constant_values is None else constant_values
        return backend.xp.pad(x, pad_width, mode=mode, constant_values=fill)
    if constant_values is not None:
        raise ValueError(
            "`constant_values` can only be given with `mode='constant'`, got "
            f"mode={mode!r} and constant_values={constant_values!r}."
        )
    return backend.xp.pad(x, pad_width, mode=mode)


@op
def rearrange(tensor: Tensor, pattern: str, **axes_lengths: int) -> Tensor:
    """Reshape and transpose by naming the axes, as the einops library does.

    Args:
        tensor: tensor of any shape.
        pattern: `"axes -> axes"`. Each name stands for an axis; names in parentheses
            are one axis that is split (on the left) or merged (on the right).
        **axes_lengths: sizes of named axes; one in each pair of parentheses may lack.

    Raises:
        ValueError: if the pattern does not fit the tensor.

    Reference:
        [Rogozhnikov, 2022](https://openreview.net/forum?id=oapKSVM2bcj)

    Example:
        >>> x = keras.ops.array([[1, 2, 3], [4, 5, 6]])
        >>> print(keras.ops.rearrange(x, "a (b c) -> (c a) b", c=3))
        [[1]
         [4]
         [2]
         [5]
         [3]
         [6]]
    """
    left, arrow, right = pattern.partition("->")
    sources, targets = _groups(left), _groups(right)
    names = [name for group in sources for name in group]
    wanted = [name for group in targets for name in group]
    tensor = backend.asarray(tensor)
    if not arrow or sorted(names) != sorted(wanted) or len(set(names)) != len(names):
        raise ValueError(
            f"`pattern` must be 'axes -> axes' with each name once on both sides, got "
            f"{pattern!r}."
        )
    if len(sources) != tensor.ndim:
        raise ValueError(
            f"`pattern` {pattern!r} has {len(sources)} axes on the left, the tensor "
            f"has shape {tuple(tensor.shape)}."
        )
    sizes = dict(axes_lengths)
    for group, size in zip(sources, tensor.shape):
        _complete(group, size, sizes)
    order = [names.index(name) for name in wanted]
    split_up = tensor.reshape([sizes[name] for name in names])
    merged = [int(np.prod([sizes[name] for name in group])) for group in targets]
    return backend.xp.transpose(split_up, order).reshape(merged)


def _groups(side: str) -> list[list[str]]:
    """`"a (b c)"` becomes `[["a"], ["b", "c"]]`; `()` and `1` are empty groups."""
    found = re.findall(r"\(([^()]*)\)|(\w+)", side)
    groups = [inner.split() if not name else [name] for inner, name in found]
    return [[name for name in group if name != "1"] for group in groups]


def _complete(group: list[str], size: int, sizes: dict[str, int]) -> None:
    """Find the size that lacks in a group of axes whose product is `size`."""
    unknown = [name for name in group if name not in sizes]
    known = int(np.prod([sizes[name] for name in group if name in sizes]))
    if len(unknown) == 1 and known and size % known == 0:
        sizes[unknown[0]] = size // known
    elif unknown or known != size:
        raise ValueError(
            f"The axes {group} of `rearrange` do not make up the size {size}; known "
            f"sizes: {sizes}."
        )


@op
def extract_sequences(x: Tensor, sequence_length: int, sequence_stride: int) -> Tensor:
    """Cut overlapping windows out of the last axis.

    Args:
        x: tensor of shape (..., n).
        sequence_length: length of each window, at most n.
        sequence_stride: distance from one window's start to the next.

    Returns:
        Tensor of shape (..., (n − length) // stride + 1, length).

    Example:
        >>> print(keras.ops.extract_sequences(keras.ops.arange(5), 3, 2))
        [[0 1 2]
         [2 3 4]]
    """
    x = backend.asarray(x)
    starts = np.arange(0, x.shape[-1] - sequence_length + 1, sequence_stride)
    return x[..., starts[:, None] + np.arange(sequence_length)]
