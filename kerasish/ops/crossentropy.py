"""Classes as numbers, as vectors, and how far a prediction is from them."""

from typing import Any

from .. import backend, config, dtypes
from ..graph import Tensor, op
from .activation import log_softmax, softplus
from .conversion import as_float, as_floats

__all__ = [
    "binary_crossentropy", "categorical_crossentropy", "multi_hot", "one_hot",
    "sparse_categorical_crossentropy",
]  # fmt: skip


@op
def one_hot(
    x: Tensor, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """Vectors with a one at the place that each integer says, zeros elsewhere.

    Args:
        x: integers of any shape; those outside of [0, num_classes) give zeros only.
        num_classes: length of the vectors.
        axis: where the new axis goes.
        dtype: default `keras.config.floatx()`.
        sparse: must be False.

    Example:
        >>> print(keras.ops.one_hot([0, 2], 3))
        [[1. 0. 0.]
         [0. 0. 1.]]
    """
    if sparse:
        raise ValueError("Sparse tensors are not supported; leave `sparse=False`.")
    x, xp = backend.asarray(x), backend.xp
    places = [1] * (x.ndim + 1)
    places[axis] = num_classes
    classes = xp.reshape(xp.arange(num_classes), places)
    hits = xp.equal(xp.expand_dims(x, axis), classes)
    return backend.cast(hits, dtypes.standardize_dtype(dtype))


@op
def multi_hot(
    inputs: Tensor,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
    **kwargs: Any,
) -> Tensor:
    """Vectors with ones at all the places that a row of integers says.

    Args:
        inputs: integers of shape (n,) or (batch, n).
        num_classes: length of the vectors.
        axis: where the classes go.
        dtype: default `keras.config.floatx()`.
        sparse: must be False.
        **kwargs: `num_tokens`, an older name of `num_classes`.

    Returns:
        Shape (num_classes,) or (batch, num_classes).

    Example:
        >>> print(keras.ops.multi_hot(keras.ops.array([[0, 2], [1, 1]]), 3))
        [[1. 0. 1.]
         [0. 1. 0.]]
    """
    number = kwargs.pop("num_tokens", num_classes)
    if number is None or kwargs:
        raise ValueError(
            f"`multi_hot` needs `num_classes`; got num_classes={num_classes!r} and "
            f"unknown arguments {sorted(kwargs)}."
        )
    hot = one_hot(inputs, number, axis=axis, dtype=dtype, sparse=sparse)
    return backend.xp.max(hot, axis=1 if hot.ndim > 2 else 0)


def _check_shapes(target: Any, output: Any) -> None:
    if tuple(target.shape) != tuple(output.shape):
        raise ValueError(
            "`target` and `output` must have the same shape, got "
            f"{tuple(target.shape)} and {tuple(output.shape)}."
        )


def _check_axes(x: Any, name: str) -> None:
    if x.ndim < 1:
        raise ValueError(f"`{name}` must have at least one axis, got a single number.")


@op
def binary_crossentropy(
    target: Tensor, output: Tensor, from_logits: bool = False
) -> Tensor:
    """−t log p − (1 − t) log(1 − p), element by element.

    Args:
        target: t: 0, 1, or probabilities between.
        output: p, of the same shape; kept `keras.config.epsilon()` away from 0 and 1.
        from_logits: `output` is not p but z with p = sigmoid(z).

    Example:
        >>> loss = keras.ops.binary_crossentropy([1.0, 0.0], [0.5, 0.1])
        >>> print(np.round(np.asarray(loss), 3))
        [0.693 0.105]
    """
    target, output = as_floats(target, output)
    _check_shapes(target, output)
    if from_logits:
        return softplus(output) - target * output
    tiny, xp = config.epsilon(), backend.xp
    output = xp.clip(output, tiny, 1.0 - tiny)
    return -(target * xp.log(output) + (1.0 - target) * xp.log(1.0 - output))


def _as_like(target: Any, output: Any) -> Any:
    """Integers and booleans become the dtype of the prediction, not wider."""
    if dtypes.is_float(backend.dtype_name(target)):
        return target
    return backend.cast(target, backend.dtype_name(output))


def _log_probabilities(output: Any, from_logits: bool, axis: int) -> Any:
    if from_logits:
        return log_softmax(output, axis=axis)
    tiny, xp = config.epsilon(), backend.xp
    output = output / xp.sum(output, axis=axis, keepdims=True)
    return xp.log(xp.clip(output, tiny, 1.0 - tiny))


@op
def categorical_crossentropy(
    target: Tensor, output: Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """−∑ t log p over the classes.

    Args:
        target: t: one-hot vectors or probabilities.
        output: p, of the same shape; scaled to sum to one and kept
            `keras.config.epsilon()` away from 0 and 1.
        from_logits: `output` is not p but z with p = softmax(z).
        axis: where the classes are.

    Returns:
        The shape without that axis.

    Example:
        >>> loss = keras.ops.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
        >>> print(np.round(np.asarray(loss), 3))
        [0.693]
    """
    target, output = backend.asarray(target), as_float(output)
    _check_axes(target, "target")
    _check_axes(output, "output")
    _check_shapes(target, output)
    logarithms = _log_probabilities(output, from_logits, axis)
    return -backend.xp.sum(_as_like(target, output) * logarithms, axis=axis)


@op
def sparse_categorical_crossentropy(
    target: Tensor, output: Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """−log p of the class that the target says.

    Args:
        target: class indices, of the shape of `output` without the classes, or with
            size 1 in place of them.
        output: p; scaled to sum to one and kept `keras.config.epsilon()` away from 0
            and 1.
        from_logits: `output` is not p but z with p = softmax(z).
        axis: where the classes are.

    Example:
        >>> loss = keras.ops.sparse_categorical_crossentropy([1], [[0.5, 0.5]])
        >>> print(np.round(np.asarray(loss), 3))
        [0.693]
    """
    target, output = backend.asarray(target), as_float(output)
    _check_axes(output, "output")
    if target.ndim == output.ndim and target.shape[-1] == 1:
        target = backend.xp.squeeze(target, axis=-1)
    place = axis % output.ndim
    expected = tuple(n for a, n in enumerate(output.shape) if a != place)
    if tuple(target.shape) != expected:
        raise ValueError(
            "`target` must have the shape of `output` without the classes, got "
            f"target.shape={tuple(target.shape)} for "
            f"output.shape={tuple(output.shape)}, axis={axis}."
        )
    target = backend.cast(target, "int32")
    logarithms = _log_probabilities(output, from_logits, axis)
    hot = one_hot(target, output.shape[axis], axis=axis, dtype="bool")
    return -backend.xp.sum(backend.xp.where(hot, logarithms, 0), axis=axis)
