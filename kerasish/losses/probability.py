"""Losses between distributions and of sequences: divergence, Poisson, CTC."""

from typing import Any

from .. import ops
from ..config import epsilon
from ..graph import Tensor, op
from .loss import LossFunctionWrapper, elementwise, pair


@elementwise
@op
def kl_divergence(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Kullback-Leibler divergence over the last axis: `sum(y log(y / p))`.

    Args:
        y_true: probabilities `y` of shape `(batch, ..., d)`.
        y_pred: probabilities `p` of the same shape; both are clipped to
            `[config.epsilon(), 1]`.

    Returns:
        Loss values `(batch, ...)`.

    Example:
        >>> round(float(keras.losses.kl_divergence([0.0, 1.0], [0.5, 0.5])), 4)
        0.6931
    """
    y_true, y_pred = pair(y_true, y_pred)
    y_true = ops.clip(y_true, epsilon(), 1)
    y_pred = ops.clip(y_pred, epsilon(), 1)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


@elementwise
@op
def poisson(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Mean of `y_pred - y_true * log(y_pred)` over the last axis.

    The negative log likelihood of counts under Poisson distributions, up to a constant.

    Args:
        y_true: counts `(batch, ..., d)`.
        y_pred: positive expected counts of the same shape.

    Returns:
        Loss values `(batch, ...)`.

    Example:
        >>> round(float(keras.losses.poisson([2.0, 3.0], [1.0, 1.0])), 4)
        1.0
    """
    y_true, y_pred = pair(y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + epsilon()), axis=-1)


@op
def ctc(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Connectionist temporal classification: minus the log probability of a sequence.

    Summed over all ways to stretch the labels, with blanks between, to the length of
    the predictions.

    Args:
        y_true: labels `(batch, length)`; 0 is the blank and fills up short ones.
        y_pred: logits `(batch, steps, classes)`, the blank being class 0.

    Returns:
        Loss values `(batch,)`.

    Raises:
        ValueError: for tensors of another rank.

    Reference:
        Graves et al., 2006, https://dl.acm.org/doi/10.1145/1143844.1143891

    Example:
        >>> loss = keras.losses.ctc([[1]], np.zeros((1, 2, 2), "float32"))
        >>> round(float(loss[0]), 4)  # 3 of 4 paths give that label: log(4 / 3)
        0.2877
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if len(y_true.shape) != 2 or len(y_pred.shape) != 3:
        raise ValueError(
            "Loss `ctc` expects labels `y_true` of shape (batch, length) and logits "
            "`y_pred` of shape (batch, steps, classes), got y_true.shape="
            f"{tuple(y_true.shape)} and y_pred.shape={tuple(y_pred.shape)}."
        )
    batch, steps, _ = y_pred.shape
    lengths = ops.sum(ops.cast(ops.not_equal(y_true, 0), "int32"), axis=-1)
    return ops.ctc_loss(
        ops.cast(y_true, "int32"),
        y_pred,
        lengths,
        ops.full((batch,), steps, dtype="int32"),
        mask_index=0,
    )


class KLDivergence(LossFunctionWrapper):
    """Kullback-Leibler divergence of distributions, see `kl_divergence`.

    Args:
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> round(float(keras.losses.KLDivergence()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


class Poisson(LossFunctionWrapper):
    """Negative log likelihood of counts, see `poisson`.

    Args:
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> round(float(keras.losses.Poisson()([[2.0, 3.0]], [[1.0, 1.0]])), 4)
        1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)


class CTC(LossFunctionWrapper):
    """Connectionist temporal classification of sequences, see `ctc`.

    Args:
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> loss = keras.losses.CTC()([[1]], np.zeros((1, 2, 2), "float32"))
        >>> round(float(loss), 4)
        0.2877
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "ctc",
        dtype: Any = None,
    ) -> None:
        super().__init__(ctc, reduction, name, dtype)
