"""How far predicted probabilities are from the true ones."""

from typing import Any

from .. import losses
from .metric import MeanMetricWrapper

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "KLDivergence",
    "Poisson",
    "SparseCategoricalCrossentropy",
]


class KLDivergence(MeanMetricWrapper):
    """The mean of Σ y·log(y / ŷ) over the classes.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.KLDivergence()
        >>> round(float(m([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])), 4)
        0.4581
    """

    _direction = "down"

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(losses.kl_divergence, name, dtype)


class Poisson(MeanMetricWrapper):
    """The mean of ŷ − y·log ŷ.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.Poisson()
        >>> round(float(m([[0, 1], [0, 0]], [[1, 1], [0, 0]])), 4)
        0.5
    """

    _direction = "down"

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(losses.poisson, name, dtype)


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean of −y·log ŷ − (1 − y)·log(1 − ŷ).

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.
        from_logits: whether ŷ is the sigmoid of the predictions.
        label_smoothing: s in [0, 1]: targets 0 and 1 become s/2 and 1 − s/2.

    Example:
        >>> m = keras.metrics.BinaryCrossentropy()
        >>> round(float(m([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])), 4)
        0.8149
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(
            losses.binary_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )
        self.from_logits, self.label_smoothing = from_logits, label_smoothing


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean of −Σ y·log ŷ over the classes, targets one-hot.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.
        from_logits: whether ŷ is the softmax of the predictions.
        label_smoothing: s in [0, 1]: targets become (1 − s)·y + s / classes.
        axis: the axis of the classes.

    Example:
        >>> m = keras.metrics.CategoricalCrossentropy()
        >>> y = m([[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]])
        >>> round(float(y), 4)
        1.1769
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            losses.categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.from_logits, self.label_smoothing = from_logits, label_smoothing
        self.axis = axis


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean of −log ŷ[y], targets class numbers.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.
        from_logits: whether ŷ is the softmax of the predictions.
        ignore_class: a class number that counts as nothing, for instance −1.
        axis: the axis of the classes.

    Example:
        >>> m = keras.metrics.SparseCategoricalCrossentropy()
        >>> round(float(m([1, 2], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]])), 4)
        1.1769
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            losses.sparse_categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
        self.from_logits, self.ignore_class = from_logits, ignore_class
        self.axis = axis
