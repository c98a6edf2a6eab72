"""Losses with a margin: hinges between classes, circle loss between embeddings."""

from typing import Any

from .. import ops
from ..graph import Tensor, op
from ..masks import set_mask
from .loss import LossFunctionWrapper, elementwise, pair


def _signs(y_true: Any) -> Any:
    """Labels 0 and 1 become -1 and 1; anything else stays."""
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0), ops.equal(y_true, 1)))
    return ops.where(binary, 2 * y_true - 1, y_true)


@elementwise
@op
def hinge(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Mean of `max(1 - y_true * y_pred, 0)` over the last axis.

    Args:
        y_true: labels -1 or 1 (or 0 or 1, then 0 counts as -1) `(batch, ..., d)`.
        y_pred: predictions of the same shape, any numbers.

    Returns:
        Loss values `(batch, ...)`.

    Example:
        >>> float(keras.losses.hinge([-1.0, 1.0], [-2.0, 0.5]))
        0.25
    """
    y_true, y_pred = pair(y_true, y_pred)
    return ops.mean(ops.maximum(1.0 - _signs(y_true) * y_pred, 0.0), axis=-1)


@elementwise
@op
def squared_hinge(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Mean of `max(1 - y_true * y_pred, 0)^2` over the last axis.

    Args:
        y_true: labels -1 or 1 (or 0 or 1, then 0 counts as -1) `(batch, ..., d)`.
        y_pred: predictions of the same shape, any numbers.

    Returns:
        Loss values `(batch, ...)`.

    Example:
        >>> float(keras.losses.squared_hinge([-1.0, 1.0], [-2.0, 0.5]))
        0.125
    """
    y_true, y_pred = pair(y_true, y_pred)
    margin = ops.maximum(1.0 - _signs(y_true) * y_pred, 0.0)
    return ops.mean(ops.square(margin), axis=-1)


@elementwise
@op
def categorical_hinge(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """By how much less than 1 the true class is ahead: `max(other - true + 1, 0)`.

    `true` is the prediction for the true class, `other` the largest of the others.

    Args:
        y_true: one-hot labels `(batch, ..., classes)`.
        y_pred: predictions of the same shape, any numbers.

    Returns:
        Loss values `(batch, ...)`.

    Example:
        >>> float(keras.losses.categorical_hinge([0.0, 1.0], [0.25, 0.5]))
        0.75
    """
    y_true, y_pred = pair(y_true, y_pred)
    true = ops.sum(y_true * y_pred, axis=-1)
    other = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(other - true + 1.0, 0.0)


@op
def circle(
    y_true: Tensor,
    y_pred: Tensor,
    ref_labels: Tensor | None = None,
    ref_embeddings: Tensor | None = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    """Circle loss: embeddings of one class near each other, of others far apart.

    With the distances `d = max(1 - cosine, 0)` and the margin `m`,
    `softplus(logsumexp(gamma (d + m) (d - m)) + logsumexp(gamma w (1 - m - d)))`, where
    the first sum is over the same class, the second over the others, and
    `w = max(1 + m - d, 0)`.

    Args:
        y_true: class numbers `(batch,)`.
        y_pred: embeddings of length one `(batch, d)`.
        ref_labels: class numbers of what to compare with; None: `y_true`.
        ref_embeddings: what to compare with `(references, d)`; None: `y_pred`.
        remove_diagonal: leave out the comparison of the i-th with the i-th.
        gamma: float, scale.
        margin: float.

    Returns:
        Loss values `(batch,)`: 0, not counting in a mean, for a sample alone in its
        class.

    Reference:
        Sun et al., 2020, https://arxiv.org/abs/2002.10857

    Example:
        >>> e = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> loss = keras.losses.circle([0, 0, 1], e, gamma=1.0)
        >>> [round(float(x), 4) for x in loss]  # log(1 + exp(-2 m^2)) twice
        [0.5459, 0.5459, 0.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    labels = ops.reshape(ops.cast(y_true, "int32"), (-1, 1))
    others = labels if ref_labels is None else ops.cast(ref_labels, "int32")
    references = y_pred if ref_embeddings is None else ref_embeddings
    cosines = ops.matmul(y_pred, ops.transpose(ops.cast(references, y_pred.dtype)))
    distance = ops.maximum(1.0 - cosines, 0.0)
    same = ops.equal(labels, ops.reshape(others, (1, -1)))
    different = ops.logical_not(same)
    if remove_diagonal:
        itself = ops.eye(same.shape[0], same.shape[1], dtype="bool")
        same = ops.logical_and(same, ops.logical_not(itself))
    near = gamma * ops.maximum(distance + margin, 0.0) * (distance - margin)
    far = gamma * ops.maximum(1.0 + margin - distance, 0.0) * (1.0 - margin - distance)
    none = float("-inf")
    values = ops.softplus(
        ops.logsumexp(ops.where(same, near, none), axis=1)
        + ops.logsumexp(ops.where(different, far, none), axis=1)
    )
    set_mask(values, values > 0)
    return values


class Hinge(LossFunctionWrapper):
    """Mean of `max(1 - y_true * y_pred, 0)`, see `hinge`.

    Args:
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> float(keras.losses.Hinge()([[-1.0, 1.0]], [[-2.0, 0.5]]))
        0.25
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(LossFunctionWrapper):
    """Mean of `max(1 - y_true * y_pred, 0)^2`, see `squared_hinge`.

    Args:
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> float(keras.losses.SquaredHinge()([[-1.0, 1.0]], [[-2.0, 0.5]]))
        0.125
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(LossFunctionWrapper):
    """By how much less than 1 the true class is ahead, see `categorical_hinge`.

    Args:
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> float(keras.losses.CategoricalHinge()([[0.0, 1.0]], [[0.25, 0.5]]))
        0.75
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)


class Circle(LossFunctionWrapper):
    """Embeddings of one class near each other, of others far apart, see `circle`.

    Args:
        gamma: float, scale.
        margin: float.
        remove_diagonal: leave out the comparison of a sample with itself.
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Reference:
        Sun et al., 2020, https://arxiv.org/abs/2002.10857

    Example:
        >>> e = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> round(float(keras.losses.Circle(gamma=1.0)([0, 0, 1], e)), 4)
        0.5459
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            circle,
            reduction,
            name,
            dtype,
            gamma=gamma,
            margin=margin,
            remove_diagonal=remove_diagonal,
        )
