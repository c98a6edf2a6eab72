"""How often predictions hit their targets: five functions and the metrics on them."""

from typing import Any

from .. import backend, ops
from ..graph import Tensor, op
from ..losses.loss import pair, same_rank
from .metric import MeanMetricWrapper

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


@op
def accuracy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """1 where `y_pred` equals `y_true`, else 0; the shape stays."""
    return _as_float(ops.equal(*pair(y_true, y_pred)))


@op
def binary_accuracy(y_true: Tensor, y_pred: Tensor, threshold: float = 0.5) -> Tensor:
    """1 where `y_pred > threshold` says the same as `y_true`, else 0.

    Args:
        y_true: targets 0 and 1.
        y_pred: predictions of the same shape.
        threshold: what counts as a prediction of 1.

    Returns:
        `floatx()` tensor of the targets' shape.

    Example:
        >>> y = keras.metrics.binary_accuracy([1, 1, 0, 0], [0.9, 0.2, 0.3, 0.5])
        >>> np.asarray(y).tolist()
        [1.0, 0.0, 1.0, 1.0]
    """
    y_true, y_pred = same_rank(y_true, y_pred)
    return _as_float(ops.equal(y_true, ops.cast(y_pred > threshold, y_true.dtype)))


@op
def categorical_accuracy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """1 where the largest entry of `y_pred` stands where that of `y_true` does.

    Args:
        y_true: one-hot targets `(..., classes)`.
        y_pred: scores `(..., classes)`.

    Returns:
        `floatx()` tensor `(...)`.

    Example:
        >>> y = keras.metrics.categorical_accuracy([[0, 1], [0, 1]],
        ...                                        [[0.1, 0.9], [0.7, 0.3]])
        >>> np.asarray(y).tolist()
        [1.0, 0.0]
    """
    labels = ops.argmax(y_true, axis=-1)
    return ops.reshape(_hits(labels, y_pred), labels.shape)


@op
def sparse_categorical_accuracy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """1 where the largest entry of `y_pred` stands at the class `y_true`.

    Args:
        y_true: class numbers `(...)` or `(..., 1)`.
        y_pred: scores `(..., classes)`.

    Returns:
        `floatx()` tensor `(...)`.

    Example:
        >>> y = keras.metrics.sparse_categorical_accuracy([1, 1],
        ...                                               [[0.1, 0.9], [0.7, 0.3]])
        >>> np.asarray(y).tolist()
        [1.0, 0.0]
    """
    hits = _hits(y_true, y_pred)
    return ops.squeeze(hits, -1) if hits.shape[1:] and hits.shape[-1] == 1 else hits


@op
def top_k_categorical_accuracy(y_true: Tensor, y_pred: Tensor, k: int = 5) -> Tensor:
    """1 where the class of `y_true` is among the `k` largest entries of `y_pred`.

    Args:
        y_true: one-hot targets `(..., classes)`.
        y_pred: scores `(..., classes)`.
        k: how many guesses are free.

    Returns:
        `floatx()` tensor `(...)`.

    Example:
        >>> y = keras.metrics.top_k_categorical_accuracy(
        ...     [[0, 0, 1], [0, 1, 0]], [[0.1, 0.6, 0.3], [0.5, 0.1, 0.4]], k=2)
        >>> np.asarray(y).tolist()
        [1.0, 0.0]
    """
    return sparse_top_k_categorical_accuracy(ops.argmax(y_true, axis=-1), y_pred, k)


@op
def sparse_top_k_categorical_accuracy(
    y_true: Tensor, y_pred: Tensor, k: int = 5, from_sorted_ids: bool = False
) -> Tensor:
    """1 where the class `y_true` is among the `k` largest entries of `y_pred`.

    Args:
        y_true: class numbers `(...)`.
        y_pred: scores `(..., classes)`.
        k: how many guesses are free.
        from_sorted_ids: `y_pred` holds class numbers, the best guess first.

    Returns:
        `floatx()` tensor `(...)`.

    Example:
        >>> y = keras.metrics.sparse_top_k_categorical_accuracy(
        ...     [2, 1], [[0.1, 0.6, 0.3], [0.5, 0.1, 0.4]], k=2)
        >>> np.asarray(y).tolist()
        [1.0, 0.0]
    """
    labels = ops.reshape(y_true, (-1,))
    guesses = ops.reshape(y_pred, (-1, y_pred.shape[-1]))
    if from_sorted_ids:
        hits = ops.any(ops.equal(labels[:, None], guesses[:, :k]), axis=-1)
    else:
        hits = ops.in_top_k(ops.cast(labels, "int32"), guesses, k=k)
    return ops.reshape(_as_float(hits), y_true.shape)


def _as_float(hits: Tensor) -> Tensor:
    return ops.cast(hits, backend.floatx())


def _hits(labels: Tensor, scores: Tensor) -> Tensor:
    """Compare class numbers with the place of the largest score.

    They are compared as integers where the labels are: in 16-bit floats, the scores'
    dtype perhaps, not all class numbers exist.
    """
    if len(labels.shape) == len(scores.shape) and labels.shape[-1] == 1:
        labels = ops.squeeze(labels, -1)
    return _as_float(ops.equal(labels, ops.argmax(scores, axis=-1)))


class Accuracy(MeanMetricWrapper):
    """The share of predictions that equal their targets.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> float(keras.metrics.Accuracy()([[1], [2], [3], [4]], [[0], [2], [3], [4]]))
        0.75
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """The share of right answers to yes-or-no questions.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.
        threshold: predictions above it mean yes.

    Example:
        >>> m = keras.metrics.BinaryAccuracy()
        >>> float(m([[1], [1], [0], [0]], [[0.98], [1.0], [0.0], [0.6]]))
        0.75
    """

    _direction = "up"

    def __init__(
        self,
        name: str | None = "binary_accuracy",
        dtype: Any = None,
        threshold: float = 0.5,
    ) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)
        self.threshold = threshold


class CategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose best class is the one-hot target's.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.CategoricalAccuracy()
        >>> float(m([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]))
        0.5
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose best class is the target number.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.SparseCategoricalAccuracy()
        >>> float(m([[2], [1]], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]]))
        0.5
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose one-hot target is among the `k` best classes.

    Args:
        k: how many guesses are free.
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.TopKCategoricalAccuracy(k=1)
        >>> float(m([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]))
        0.5
    """

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "top_k_categorical_accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)
        self.k = k


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose target number is among the `k` best classes.

    Args:
        k: how many guesses are free.
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.
        from_sorted_ids: predictions are class numbers, the best first.

    Example:
        >>> m = keras.metrics.SparseTopKCategoricalAccuracy(k=1)
        >>> float(m([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]))
        0.5
    """

    _direction = "up"
    _sparing = ("from_sorted_ids",)

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(
            sparse_top_k_categorical_accuracy,
            name,
            dtype,
            k=k,
            from_sorted_ids=from_sorted_ids,
        )
        self.k, self.from_sorted_ids = k, from_sorted_ids
