"""Layers with several inputs and one output, and the same as functions."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from .. import dtypes, ops
from ..graph import KerasTensor, Tensor, infer_call
from .layer import Layer

__all__ = [
    "Add",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]

Shape = tuple[int | None, ...]


class _Merge(Layer):
    """A layer that takes a list of tensors."""

    count: int | None = None  # how many tensors; None: at least one

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def _shape(self, input_shape: Any) -> Shape:
        """Check the shapes of the inputs; return that of the output."""
        raise NotImplementedError

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        # Not inferred: an unknown size may meet a known one here.
        shape = self._shape(_shapes_of(inputs))
        return KerasTensor(shape, dtypes.result_type(*(x.dtype for x in inputs)))

    def _shapes(self, shapes: Any) -> list[Shape]:
        """Check that there are the right number of shapes, and return them."""
        several = isinstance(shapes, (list, tuple)) and all(
            isinstance(shape, (list, tuple)) for shape in shapes
        )
        if several and (len(shapes) == self.count or (shapes and not self.count)):
            return [tuple(shape) for shape in shapes]
        number = self.count or "at least 1"
        raise ValueError(
            f"Layer `{self.name}` ({type(self).__name__}) must be called on a list of "
            f"{number} tensors. Received input of shape {shapes}."
        )

    def _incompatible(self, shapes: Sequence[Shape], why: str) -> ValueError:
        return ValueError(
            f"Layer `{self.name}` ({type(self).__name__}) cannot merge inputs of "
            f"shapes {[tuple(shape) for shape in shapes]}: {why}."
        )

    def _masks(self, inputs: Any, mask: Any) -> list[Any] | None:
        """Check a list of masks; `None` if there is no mask at all."""
        if mask is None:
            return None
        for argument, value in (("inputs", inputs), ("mask", mask)):
            if not isinstance(value, (list, tuple)):
                raise ValueError(
                    f"`{argument}` of `{self.name}.compute_mask` must be a list, "
                    f"not {type(value).__name__}."
                )
        if len(mask) != len(inputs):
            raise ValueError(
                f"Layer `{self.name}` needs one mask (or `None`) for each input, but "
                f"there are {len(inputs)} inputs and {len(mask)} masks."
            )
        return None if all(m is None for m in mask) else list(mask)


class _Elementwise(_Merge):
    """Inputs that broadcast; where axes are missing they follow the batch axis."""

    combine: Callable[..., Any]

    def call(self, inputs: Tensor) -> Tensor:
        rank = len(self._shape(_shapes_of(inputs)))
        return self.merge([_raise_rank(x, rank) for x in inputs])

    def merge(self, inputs: list[Tensor]) -> Tensor:
        """Merge inputs of equal rank."""
        return reduce(type(self).combine, inputs)

    def _shape(self, input_shape: Any) -> Shape:
        shapes = self._shapes(input_shape)
        rank = max(map(len, shapes))
        result: list[int | None] = []
        for axis, sizes in enumerate(zip(*(_aligned(s, rank) for s in shapes))):
            known = {n for n in sizes if n is not None and (axis == 0 or n != 1)}
            if len(known) > 1:
                what = f"sizes of axis {axis}" if axis else "batch sizes"
                raise self._incompatible(shapes, f"the {what} differ")
            if axis and None in sizes:
                result.append(None)
            else:
                result.append(known.pop() if known else sizes[0])
        return tuple(result)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        masks = self._masks(inputs, mask)
        if masks is None or any(m is None for m in masks):
            return None
        return reduce(ops.logical_or, masks)


def _shapes_of(inputs: Any) -> Any:
    if isinstance(inputs, (list, tuple)):
        return [tuple(x.shape) for x in inputs]
    return tuple(inputs.shape)


def _aligned(shape: Shape, rank: int) -> Shape:
    return shape[:1] + (1,) * (rank - len(shape)) + shape[1:]


def _raise_rank(x: Tensor, rank: int) -> Tensor:
    shape = tuple(x.shape)
    return x if len(shape) == rank else ops.reshape(x, _aligned(shape, rank))


class Add(_Elementwise):
    """Add a list of tensors: ``output = x1 + x2 + ...``.

    Shapes broadcast; where a tensor has fewer axes, they are missing after the batch.

    Raises:
        ValueError: no list, or shapes that do not fit.

    Example:
        >>> x, y = np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])
        >>> np.asarray(keras.layers.Add()([x, y])).tolist()
        [[11.0, 22.0]]
    """

    combine = staticmethod(ops.add)


class Subtract(_Elementwise):
    """Subtract the second of two tensors from the first: ``output = x1 - x2``.

    Raises:
        ValueError: not exactly two tensors, or shapes that do not fit.

    Example:
        >>> x, y = np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])
        >>> np.asarray(keras.layers.Subtract()([x, y])).tolist()
        [[-9.0, -18.0]]
    """

    count = 2
    combine = staticmethod(ops.subtract)


class Multiply(_Elementwise):
    """Multiply a list of tensors element by element: ``output = x1 * x2 * ...``.

    Shapes broadcast; where a tensor has fewer axes, they are missing after the batch.

    Raises:
        ValueError: no list, or shapes that do not fit.

    Example:
        >>> x, y = np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])
        >>> np.asarray(keras.layers.Multiply()([x, y])).tolist()
        [[10.0, 40.0]]
    """

    combine = staticmethod(ops.multiply)


class Average(_Elementwise):
    """Average a list of tensors: ``output = (x1 + ... + xn) / n``.

    Shapes broadcast; where a tensor has fewer axes, they are missing after the batch.

    Raises:
        ValueError: no list, or shapes that do not fit.

    Example:
        >>> x, y = np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])
        >>> np.asarray(keras.layers.Average()([x, y])).tolist()
        [[5.5, 11.0]]
    """

    combine = staticmethod(ops.add)

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        summed = super().compute_output_spec(inputs)
        return KerasTensor(summed.shape, dtypes.result_type(summed.dtype, float))

    def merge(self, inputs: list[Tensor]) -> Tensor:
        return super().merge(inputs) / len(inputs)


class Maximum(_Elementwise):
    """Take the largest of a list of tensors, element by element.

    Shapes broadcast; where a tensor has fewer axes, they are missing after the batch.

    Raises:
        ValueError: no list, or shapes that do not fit.

    Example:
        >>> x, y = np.array([[1.0, 20.0]]), np.array([[10.0, 2.0]])
        >>> np.asarray(keras.layers.Maximum()([x, y])).tolist()
        [[10.0, 20.0]]
    """

    combine = staticmethod(ops.maximum)


class Minimum(_Elementwise):
    """Take the smallest of a list of tensors, element by element.

    Shapes broadcast; where a tensor has fewer axes, they are missing after the batch.

    Raises:
        ValueError: no list, or shapes that do not fit.

    Example:
        >>> x, y = np.array([[1.0, 20.0]]), np.array([[10.0, 2.0]])
        >>> np.asarray(keras.layers.Minimum()([x, y])).tolist()
        [[1.0, 2.0]]
    """

    combine = staticmethod(ops.minimum)


class Concatenate(_Merge):
    """Join a list of tensors along one axis, along which alone they may differ.

    A step of the output is masked where all its parts are.

    Args:
        axis: the axis; the last one by default.

    Raises:
        ValueError: no list, or shapes that differ along another axis.

    Example:
        >>> x, y = np.array([[1.0, 2.0]]), np.array([[10.0]])
        >>> np.asarray(keras.layers.Concatenate()([x, y])).tolist()
        [[1.0, 2.0, 10.0]]
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axis, int):
            raise TypeError(
                f"`axis` of layer `{self.name}` must be an integer, not {axis!r}."
            )
        self.axis = axis

    def call(self, inputs: Tensor) -> Tensor:
        self._shape(_shapes_of(inputs))
        return ops.concatenate(inputs, axis=self.axis)

    def _shape(self, input_shape: Any) -> Shape:
        shapes = self._shapes(input_shape)
        rank = len(shapes[0])
        if any(len(shape) != rank for shape in shapes):
            raise self._incompatible(shapes, "the numbers of axes differ")
        if not -rank <= self.axis < rank:
            raise self._incompatible(shapes, f"there is no axis {self.axis}")
        result: list[int | None] = []
        for axis, sizes in enumerate(zip(*shapes)):
            known = [n for n in sizes if n is not None]
            if axis == self.axis % rank:
                result.append(None if None in sizes else sum(known))
                continue
            if len(set(known)) > 1:
                raise self._incompatible(
                    shapes, f"they may differ along axis {self.axis} only"
                )
            result.append(known[0] if known else None)
        return tuple(result)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        masks = self._masks(inputs, mask)
        if masks is None:
            return None
        full = [_full_mask(x, m) for x, m in zip(inputs, masks)]
        joined = ops.concatenate(full, axis=self.axis)
        rank = len(joined.shape)
        kept = min(rank - 1, max(len(m.shape) for m in masks if m is not None))
        return ops.any(joined, axis=tuple(range(kept, rank)))


def _full_mask(x: Tensor, mask: Tensor | None) -> Tensor:
    """Spread a mask over the axes that it lacks; no mask is all true."""
    everywhere = ops.ones_like(x, dtype="bool")
    if mask is None:
        return everywhere
    missing = tuple(range(len(mask.shape), len(x.shape)))
    return ops.logical_and(ops.expand_dims(mask, missing), everywhere)


class Dot(_Merge):
    """Multiply two tensors and sum along one axis of each, sample by sample.

    For ``axes=1`` and inputs of shape `(batch, n)` it is the dot product of the rows.

    Args:
        axes: the axis of both, or a pair: the axis of the first and of the second;
            not the batch axis.
        normalize: whether to scale vectors along these axes to length 1 before, which
            makes the output the cosine of the angle.

    Output: `(batch, ...)`: the other axes of the first tensor, then those of the
    second; `(batch, 1)` if there are none.

    Raises:
        TypeError: `axes` is neither an integer nor a pair.
        ValueError: not exactly two tensors, or sizes that differ along the axes.

    Example:
        >>> x, y = np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])
        >>> np.asarray(keras.layers.Dot(axes=1)([x, y])).tolist()
        [[50.0]]
    """

    count = 2

    def __init__(
        self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, (int, list, tuple)):
            raise TypeError(
                f"`axes` of layer `{self.name}` must be an integer or a pair of "
                f"integers, not {axes!r}."
            )
        pair = [axes] * 2 if isinstance(axes, int) else axes
        if len(pair) != 2 or not all(isinstance(axis, int) for axis in pair):
            raise ValueError(
                f"`axes` of layer `{self.name}` must be an integer or a pair of "
                f"integers, not {axes!r}."
            )
        self.axes = axes
        self.normalize = normalize

    def call(self, inputs: Tensor) -> Tensor:
        shapes = self._shapes(_shapes_of(inputs))
        a, b = self._checked_axes(shapes)
        x, y = inputs
        if self.normalize:
            x, y = ops.normalize(x, axis=a), ops.normalize(y, axis=b)
        # Axis 0 is the batch ("a"), the summed axis is "b", the others follow.
        letters = iter("cdefghijklmnopqrstuvwxyz")
        named = [
            [
                "a" if i == 0 else "b" if i == axis else next(letters)
                for i in range(rank)
            ]
            for axis, rank in ((a, len(shapes[0])), (b, len(shapes[1])))
        ]
        free = [n for names in named for n in names if n not in "ab"]
        first, second = ("".join(names) for names in named)
        result = ops.einsum(f"{first},{second}->a{''.join(free)}", x, y)
        return result if free else ops.expand_dims(result, 1)

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        return infer_call(self._run, (inputs,), {})

    def _checked_axes(self, shapes: list[Shape]) -> list[int]:
        one = isinstance(self.axes, int)
        axes: list[int] = [self.axes] * 2 if one else list(self.axes)  # type: ignore
        for axis, shape in zip(axes, shapes):
            if not -len(shape) < axis < len(shape) or axis == 0:
                raise self._incompatible(
                    shapes, f"`axes` {self.axes} must be axes of both but the batch"
                )
        axes = [axis % len(shape) for axis, shape in zip(axes, shapes)]
        pairs = {"batch sizes": (0, 0), "sizes along `axes`": (axes[0], axes[1])}
        for what, (i, j) in pairs.items():
            if shapes[0][i] != shapes[1][j]:
                raise self._incompatible(shapes, f"the {what} differ")
        return axes

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None


def add(inputs: Any, **kwargs: Any) -> Tensor:
    """Add a list of tensors; `kwargs` go to the `Add` layer that does it.

    Example:
        >>> float(keras.layers.add([np.ones((1, 1)), np.ones((1, 1))])[0, 0])
        2.0
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Tensor:
    """Subtract the second of two tensors from the first, by a `Subtract` layer.

    Example:
        >>> float(keras.layers.subtract([np.ones((1, 1)), np.ones((1, 1))])[0, 0])
        0.0
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Tensor:
    """Multiply a list of tensors element by element, by a `Multiply` layer.

    Example:
        >>> float(keras.layers.multiply([np.ones((1, 1)), 3 * np.ones((1, 1))])[0, 0])
        3.0
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Tensor:
    """Average a list of tensors, by an `Average` layer.

    Example:
        >>> float(keras.layers.average([np.ones((1, 1)), 3 * np.ones((1, 1))])[0, 0])
        2.0
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Tensor:
    """Take the largest of a list of tensors, by a `Maximum` layer.

    Example:
        >>> float(keras.layers.maximum([np.ones((1, 1)), 3 * np.ones((1, 1))])[0, 0])
        3.0
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Tensor:
    """Take the smallest of a list of tensors, by a `Minimum` layer.

    Example:
        >>> float(keras.layers.minimum([np.ones((1, 1)), 3 * np.ones((1, 1))])[0, 0])
        1.0
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Tensor:
    """Join a list of tensors along `axis`, by a `Concatenate` layer.

    Example:
        >>> keras.layers.concatenate([np.ones((1, 2)), np.ones((1, 3))]).shape
        (1, 5)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: int | Sequence[int] = -1, **kwargs: Any) -> Tensor:
    """Multiply two tensors and sum along `axes`, by a `Dot` layer.

    Example:
        >>> keras.layers.dot([np.ones((2, 3, 4)), np.ones((2, 5, 4))], axes=2).shape
        (2, 3, 5)
    """
    return Dot(axes=axes, **kwargs)(inputs)
