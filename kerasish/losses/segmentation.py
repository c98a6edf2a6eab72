"""Losses of segmentation: how much of two regions does not overlap."""

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..config import epsilon
from ..graph import Tensor, op
from .loss import LossFunctionWrapper, elementwise, pair

Axis = int | Sequence[int] | None


@elementwise
@op
def dice(y_true: Tensor, y_pred: Tensor, axis: Axis = None) -> Tensor:
    """One minus twice the overlap by the sum: `1 - 2 sum(y p) / (sum(y) + sum(p))`.

    Args:
        y_true: labels 0 or 1, any shape.
        y_pred: probabilities `p` of the same shape.
        axis: axes of the sums; None: all, so that the loss is one number.

    Returns:
        Loss values: the shape without `axis`.

    Reference:
        Milletari et al., 2016, https://arxiv.org/abs/1606.04797

    Example:
        >>> round(float(keras.losses.dice([1.0, 1.0, 0.0], [1.0, 0.0, 0.0])), 4)
        0.3333
    """
    y_true, y_pred = pair(y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    sizes = ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis)
    return 1 - 2.0 * both / (sizes + epsilon())


@elementwise
@op
def tversky(
    y_true: Tensor,
    y_pred: Tensor,
    alpha: float = 0.5,
    beta: float = 0.5,
    axis: Axis = None,
) -> Tensor:
    """One minus the overlap by a weighted sum.

    `1 - t / (t + alpha sum(y (1 - p)) + beta sum((1 - y) p))` with `t = sum(y p)`; the
    Dice loss if both weights are 0.5.

    Args:
        y_true: labels 0 or 1, any shape.
        y_pred: probabilities `p` of the same shape.
        alpha: float, weight of what is missed.
        beta: float, weight of what is wrongly found.
        axis: axes of the sums; None: all, so that the loss is one number.

    Returns:
        Loss values: the shape without `axis`.

    Reference:
        Salehi et al., 2017, https://arxiv.org/abs/1706.05721

    Example:
        >>> round(float(keras.losses.tversky([1.0, 1.0, 0.0], [1.0, 0.0, 0.0])), 4)
        0.3333
    """
    y_true, y_pred = pair(y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    missed = ops.sum(y_true * (1 - y_pred), axis=axis)
    wrong = ops.sum((1 - y_true) * y_pred, axis=axis)
    return 1 - both / (both + alpha * missed + beta * wrong + epsilon())


class Dice(LossFunctionWrapper):
    """One minus twice the overlap by the sum, see `dice`.

    Args:
        reduction: see `Loss`.
        name: str.
        axis: axes of the sums, such as `(1, 2, 3)` for one value per image; None: all.
        dtype: see `Loss`.

    Example:
        >>> loss = keras.losses.Dice(axis=1)
        >>> round(float(loss([[1.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]])), 4)
        0.1667
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "dice",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dice, reduction, name, dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """One minus the overlap by a weighted sum, see `tversky`.

    Args:
        alpha: float, weight of what is missed.
        beta: float, weight of what is wrongly found.
        reduction: see `Loss`.
        name: str.
        axis: axes of the sums, such as `(1, 2, 3)` for one value per image; None: all.
        dtype: see `Loss`.

    Example:
        >>> loss = keras.losses.Tversky(alpha=0.0, beta=1.0)
        >>> round(float(loss([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
        0.0
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "tversky",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis
        )
