"""Distances of numbers from their targets: losses as metrics, RMSE and R²."""

from typing import Any

from .. import losses, ops
from ..losses.loss import same_rank
from ..variable import Variable
from .metric import Mean, MeanMetricWrapper, Metric, broadcast_weights, check_same_shape

__all__ = [
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "R2Score",
    "RootMeanSquaredError",
    "SquaredHinge",
]


class MeanSquaredError(MeanMetricWrapper):
    """The mean of (y − ŷ)².

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.MeanSquaredError()
        >>> float(m([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]))
        0.25
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of |y − ŷ|.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.MeanAbsoluteError()
        >>> float(m([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]))
        0.25
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of 100·|y − ŷ| / |y|; targets near 0 count as epsilon.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.MeanAbsolutePercentageError()
        >>> round(float(m([[2.0, 4.0]], [[1.0, 3.0]])), 4)
        37.5
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of (log(1 + y) − log(1 + ŷ))²; negative numbers count as 0.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.MeanSquaredLogarithmicError()
        >>> round(float(m([[0.0, 1.0]], [[1.0, 1.0]])), 4)
        0.2402
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


class LogCoshError(MeanMetricWrapper):
    """The mean of log(cosh(ŷ − y)): squared when small, absolute when large.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.LogCoshError()
        >>> round(float(m([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]])), 4)
        0.1084
    """

    _direction = "down"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(losses.log_cosh, name, dtype)


class Hinge(MeanMetricWrapper):
    """The mean of max(1 − y·ŷ, 0), targets −1 and 1 (0 counts as −1).

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.Hinge()
        >>> round(float(m([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])), 4)
        1.3
    """

    _direction = "down"

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(losses.hinge, name, dtype)


class SquaredHinge(MeanMetricWrapper):
    """The mean of max(1 − y·ŷ, 0)², targets −1 and 1 (0 counts as −1).

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.SquaredHinge()
        >>> round(float(m([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])), 4)
        1.86
    """

    _direction = "down"

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


class CategoricalHinge(MeanMetricWrapper):
    """The mean of max(1 + best wrong score − right score, 0), targets one-hot.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.CategoricalHinge()
        >>> round(float(m([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])), 4)
        1.4
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "categorical_hinge", dtype: Any = None
    ) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle between y and ŷ along an axis."""
    return -losses.cosine_similarity(y_true, y_pred, axis=axis)


class CosineSimilarity(MeanMetricWrapper):
    """The mean of y·ŷ / (‖y‖ ‖ŷ‖), from −1 (opposite) to 1 (same direction).

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.
        axis: the axis of the vectors.

    Example:
        >>> m = keras.metrics.CosineSimilarity(axis=1)
        >>> round(float(m([[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]])), 4)
        0.5
    """

    _direction = "up"
    _sparing = ("axis",)

    def __init__(
        self,
        name: str | None = "cosine_similarity",
        dtype: Any = None,
        axis: int = -1,
    ) -> None:
        super().__init__(cosine_similarity, name, dtype, axis=axis)
        self.axis = axis


class RootMeanSquaredError(Mean):
    """The square root of the mean of (y − ŷ)², over all batches at once.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.RootMeanSquaredError()
        >>> float(m([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]))
        0.5
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "root_mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(name, dtype)

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add a batch of targets and predictions of the same shape."""
        y_true = ops.convert_to_tensor(y_true, dtype=self.dtype)
        y_pred = ops.convert_to_tensor(y_pred, dtype=self.dtype)
        y_true, y_pred = same_rank(y_true, y_pred)
        super().update_state(ops.square(y_pred - y_true), sample_weight)

    def result(self) -> Any:
        """Return the root of the mean since the last reset."""
        return ops.sqrt(super().result())


class R2Score(Metric):
    """The share of the targets' variance that is explained: R² = 1 − SSR / SST.

    SSR = Σ w(y − ŷ)², SST = Σ w(y − ȳ)². It is 1 for perfect predictions, 0 for the
    mean of the targets, negative for worse. With `num_regressors = p > 0`, the
    adjusted score 1 − (1 − R²)(n − 1) / (n − p − 1), while n > p + 1 values are seen.

    Args:
        class_aggregation: how the scores of several outputs are joined:
            `"uniform_average"`, `"variance_weighted_average"` or None (one for each).
        num_regressors: number of independent variables of an adjusted score; 0: plain.
        name: name of the metric.
        dtype: dtype of the computation; default `floatx()`.

    Raises:
        ValueError: for any other `class_aggregation` or a negative `num_regressors`.

    Example:
        >>> m = keras.metrics.R2Score()
        >>> round(float(m([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])), 4)
        0.5714
    """

    _direction = "up"
    sum: Variable
    squared_sum: Variable
    total_mse: Variable
    count: Variable

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        allowed = (None, "uniform_average", "variance_weighted_average")
        if class_aggregation not in allowed:
            raise ValueError(
                f"`class_aggregation` must be one of {allowed}, got "
                f"{class_aggregation!r}."
            )
        if num_regressors < 0:
            raise ValueError(f"`num_regressors` must be >= 0, got {num_regressors}.")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), "zeros", name="num_samples")

    def _build(self, outputs: int) -> None:
        for attribute, name in (
            ("squared_sum", "squared_sum"),
            ("sum", "sum"),
            ("total_mse", "residual"),
            ("count", "count"),
        ):
            setattr(self, attribute, self.add_variable((outputs,), "zeros", name=name))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions `(batch, outputs)`."""
        y_true = ops.convert_to_tensor(y_true, dtype=self.dtype)
        y_pred = ops.convert_to_tensor(y_pred, dtype=self.dtype)
        y_true, y_pred = same_rank(y_true, y_pred)
        check_matrices(y_true, y_pred, self)
        if not hasattr(self, "count"):
            self._build(y_pred.shape[-1])
        weights = ops.cast(1 if sample_weight is None else sample_weight, self.dtype)
        if len(weights.shape) == 1:
            weights = weights[:, None]
        weights = broadcast_weights(weights, y_true.shape, self)
        self.sum.assign_add(ops.sum(weights * y_true, axis=0))
        self.squared_sum.assign_add(ops.sum(weights * y_true**2, axis=0))
        self.total_mse.assign_add(ops.sum(weights * (y_true - y_pred) ** 2, axis=0))
        self.count.assign_add(ops.sum(weights, axis=0))
        self.num_samples.assign_add(ops.size(y_true))

    def result(self) -> Any:
        """Return the score since the last reset."""
        total = self.squared_sum - self.sum * (self.sum / self.count)
        scores = 1 - self.total_mse / total
        scores = ops.where(ops.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.sum(total * scores) / ops.sum(total)
        if not self.num_regressors:
            return scores
        n = self.num_samples.value
        freedom = n - self.num_regressors - 1
        adjusted = 1 - (1 - scores) * (n - 1) / ops.maximum(freedom, 1)
        return ops.where(freedom > 0, adjusted, scores)


def check_matrices(y_true: Any, y_pred: Any, metric: Metric) -> None:
    """Raise unless both are `(batch, outputs)` of one shape."""
    if len(y_true.shape) != 2 or len(y_pred.shape) != 2:
        raise ValueError(
            f"Metric `{metric.name}` ({type(metric).__name__}) expects 2D inputs "
            f"(batch, outputs), got y_true {tuple(y_true.shape)} and y_pred "
            f"{tuple(y_pred.shape)}."
        )
    check_same_shape(y_true, y_pred, metric)
