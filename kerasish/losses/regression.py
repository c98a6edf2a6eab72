"""Losses of regression: distances between numbers."""

import math
from typing import Any

from .. import ops
from ..config import epsilon
from ..graph import Tensor, op
from .loss import LossFunctionWrapper, elementwise, pair


@elementwise
@op
def mean_squared_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Mean of squares over the last axis: `mean((y_true - y_pred)^2)`.

    Args:
        y_true: targets `(batch, ..., d)`.
        y_pred: predictions of the same shape.

    Returns:
        Loss values `(batch, ...)`.

    Example:
        >>> float(keras.losses.mean_squared_error([0.0, 0.0], [1.0, 3.0]))
        5.0
    """
    y_true, y_pred = pair(y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


@elementwise
@op
def mean_absolute_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Mean of absolute differences over the last axis: `mean(|y_true - y_pred|)`.

    Args:
        y_true: targets `(batch, ..., d)`.
        y_pred: predictions of the same shape.

    Returns:
        Loss values `(batch, ...)`.

    Example:
        >>> float(keras.losses.mean_absolute_error([0.0, 0.0], [1.0, -3.0]))
        2.0
    """
    y_true, y_pred = pair(y_true, y_pred)
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


@elementwise
@op
def mean_absolute_percentage_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Mean relative difference in percent: `100 mean(|y_true - y_pred| / |y_true|)`.

    Args:
        y_true: targets `(batch, ..., d)`; smaller ones count as `config.epsilon()`.
        y_pred: predictions of the same shape.

    Returns:
        Loss values `(batch, ...)`.

    Example:
        >>> float(keras.losses.mean_absolute_percentage_error([2.0, 4.0], [1.0, 4.0]))
        25.0
    """
    y_true, y_pred = pair(y_true, y_pred)
    scale = ops.maximum(ops.abs(y_true), epsilon())
    return 100.0 * ops.mean(ops.abs((y_true - y_pred) / scale), axis=-1)


@elementwise
@op
def mean_squared_logarithmic_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Mean of `(log(y_true + 1) - log(y_pred + 1))^2` over the last axis.

    Args:
        y_true: targets `(batch, ..., d)`; below `config.epsilon()` they count as that.
        y_pred: predictions of the same shape, likewise.

    Returns:
        Loss values `(batch, ...)`.

    Example:
        >>> float(keras.losses.mean_squared_logarithmic_error([1.0], [1.0]))
        0.0
    """
    y_true, y_pred = pair(y_true, y_pred)
    first = ops.log(ops.maximum(y_pred, epsilon()) + 1.0)
    second = ops.log(ops.maximum(y_true, epsilon()) + 1.0)
    return ops.mean(ops.square(first - second), axis=-1)


@elementwise
@op
def huber(y_true: Tensor, y_pred: Tensor, delta: float = 1.0) -> Tensor:
    """Quadratic for small errors, linear for large ones; mean over the last axis.

    `e^2 / 2` where `|e| <= delta`, else `delta |e| - delta^2 / 2`, for the error `e`.

    Args:
        y_true: targets `(batch, ..., d)`.
        y_pred: predictions of the same shape.
        delta: float, where it becomes linear.

    Returns:
        Loss values `(batch, ...)`.

    Reference:
        Huber, 1964, https://projecteuclid.org/euclid.aoms/1177703732

    Example:
        >>> float(keras.losses.huber([0.0, 0.0], [1.0, 4.0]))
        2.0
    """
    y_true, y_pred = pair(y_true, y_pred)
    error = ops.abs(y_pred - y_true)
    square = 0.5 * ops.square(error)
    line = delta * error - 0.5 * delta**2
    return ops.mean(ops.where(error <= delta, square, line), axis=-1)


@elementwise
@op
def log_cosh(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Mean of `log(cosh(y_pred - y_true))` over the last axis.

    About `e^2 / 2` for small errors and `|e| - log(2)` for large ones.

    Args:
        y_true: targets `(batch, ..., d)`.
        y_pred: predictions of the same shape.

    Returns:
        Loss values `(batch, ...)`.

    Example:
        >>> round(float(keras.losses.log_cosh([0.0, 0.0], [0.0, 1.0])), 4)
        0.2169
    """
    y_true, y_pred = pair(y_true, y_pred)
    error = y_pred - y_true
    return ops.mean(error + ops.softplus(-2.0 * error) - math.log(2.0), axis=-1)


@elementwise
@op
def cosine_similarity(y_true: Tensor, y_pred: Tensor, axis: int = -1) -> Tensor:
    """Minus the cosine of the angle between two vectors: -1 is the same direction.

    Args:
        y_true: targets `(batch, ..., d)`; a zero vector gives 0.
        y_pred: predictions of the same shape.
        axis: axis along which the vectors lie.

    Returns:
        Loss values: the shape without `axis`.

    Example:
        >>> float(keras.losses.cosine_similarity([0.0, 2.0], [0.0, 3.0]))
        -1.0
    """
    y_true, y_pred = pair(y_true, y_pred)
    y_true, y_pred = ops.normalize(y_true, axis=axis), ops.normalize(y_pred, axis=axis)
    return -ops.sum(y_true * y_pred, axis=axis)


class MeanSquaredError(LossFunctionWrapper):
    """Mean of squared errors, see `mean_squared_error`.

    Args:
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> float(keras.losses.MeanSquaredError()([[0.0, 0.0]], [[1.0, 3.0]]))
        5.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """Mean of absolute errors, see `mean_absolute_error`.

    Args:
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> float(keras.losses.MeanAbsoluteError()([[0.0, 0.0]], [[1.0, -3.0]]))
        2.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """Mean relative error in percent, see `mean_absolute_percentage_error`.

    Args:
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> float(keras.losses.MeanAbsolutePercentageError()([[2.0]], [[1.0]]))
        50.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """Mean squared difference of logarithms, see `mean_squared_logarithmic_error`.

    Args:
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> loss = keras.losses.MeanSquaredLogarithmicError()
        >>> round(float(loss([[1.0]], [[3.0]])), 4)  # log(2)^2
        0.4805
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(LossFunctionWrapper):
    """Quadratic for small errors, linear for large ones, see `huber`.

    Args:
        delta: float, where it becomes linear.
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> float(keras.losses.Huber(delta=2.0)([[0.0]], [[4.0]]))
        6.0
    """

    _unwritten = {"delta": 1.0}

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(huber, reduction, name, dtype, delta=delta)


class LogCosh(LossFunctionWrapper):
    """Logarithm of the hyperbolic cosine of the error, see `log_cosh`.

    Args:
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> round(float(keras.losses.LogCosh()([[0.0]], [[1.0]])), 4)
        0.4338
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "log_cosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)


class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine of the angle between vectors, see `cosine_similarity`.

    Args:
        axis: axis along which the vectors lie.
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> float(keras.losses.CosineSimilarity()([[0.0, 2.0]], [[0.0, 3.0]]))
        -1.0
    """

    _unwritten = {"axis": -1}

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
