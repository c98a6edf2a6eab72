"""How well predictions rise and fall with their targets."""

from typing import Any

from .. import backend, ops
from ..graph import Tensor, op
from ..losses.loss import pair
from .metric import MeanMetricWrapper

__all__ = [
    "ConcordanceCorrelation",
    "PearsonCorrelation",
    "concordance_correlation",
    "pearson_correlation",
]


def _moments(y_true: Tensor, y_pred: Tensor, axis: int) -> tuple[Tensor, ...]:
    """Return means, standard deviations and covariance along an axis."""
    y_true, y_pred = pair(y_true, y_pred)
    means = [ops.mean(y, axis=axis, keepdims=True) for y in (y_true, y_pred)]
    rests = [y_true - means[0], y_pred - means[1]]
    deviations = [ops.sqrt(ops.mean(ops.square(r), axis=axis)) for r in rests]
    covariance = ops.mean(rests[0] * rests[1], axis=axis)
    return (*(ops.squeeze(m, axis) for m in means), *deviations, covariance)


@op
def pearson_correlation(y_true: Tensor, y_pred: Tensor, axis: int = -1) -> Tensor:
    """The correlation cov(y, ŷ) / (σ_y·σ_ŷ) along an axis, from −1 to 1.

    Args:
        y_true: targets.
        y_pred: predictions of the same shape.
        axis: the axis that is summed over.

    Returns:
        Tensor without that axis; nan where a row does not vary.

    Example:
        >>> y = keras.metrics.pearson_correlation([[0.0, 1.0, 2.0]], [[0.0, 1.0, 5.0]])
        >>> np.round(np.asarray(y, "float64"), 4).tolist()
        [0.9449]
    """
    _, _, spread, other, covariance = _moments(y_true, y_pred, axis)
    return covariance / (spread * other)


@op
def concordance_correlation(y_true: Tensor, y_pred: Tensor, axis: int = -1) -> Tensor:
    """Agreement 2·cov(y, ŷ) / (σ²_y + σ²_ŷ + (ȳ − mean ŷ)²), from −1 to 1.

    Unlike Pearson's correlation, it falls when scale or offset are wrong.

    Args:
        y_true: targets.
        y_pred: predictions of the same shape.
        axis: the axis that is summed over.

    Returns:
        Tensor without that axis.

    Example:
        >>> y = keras.metrics.concordance_correlation([[0., 1., 2.]], [[1., 2., 3.]])
        >>> np.round(np.asarray(y, "float64"), 4).tolist()
        [0.5714]
    """
    mean, other_mean, spread, other, covariance = _moments(y_true, y_pred, axis)
    norm = spread**2 + other**2 + ops.square(mean - other_mean)
    return 2 * covariance / (norm + backend.epsilon())


class PearsonCorrelation(MeanMetricWrapper):
    """The mean of the correlations cov(y, ŷ) / (σ_y·σ_ŷ) of all samples.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.
        axis: the axis along which values are correlated; 0: along the batch.

    Example:
        >>> m = keras.metrics.PearsonCorrelation()
        >>> round(float(m([[0.0, 1.0, 2.0]], [[0.0, 1.0, 5.0]])), 4)
        0.9449
    """

    _direction = "up"

    def __init__(
        self,
        name: str | None = "pearson_correlation",
        dtype: Any = None,
        axis: int = -1,
    ) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)
        self.axis = axis


class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean of the concordance correlations of all samples (Lin, 1989).

    2·cov(y, ŷ) / (σ²_y + σ²_ŷ + (ȳ − mean ŷ)²), which also falls with a wrong scale or
    offset.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.
        axis: the axis along which values are correlated; 0: along the batch.

    Example:
        >>> m = keras.metrics.ConcordanceCorrelation()
        >>> round(float(m([[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]])), 4)
        0.5714
    """

    _direction = "up"

    def __init__(
        self,
        name: str | None = "concordance_correlation",
        dtype: Any = None,
        axis: int = -1,
    ) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
        self.axis = axis
