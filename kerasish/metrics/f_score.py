"""F scores: the weighted harmonic mean of precision and recall."""

from typing import Any

from .. import backend, ops
from ..variable import Variable
from .metric import Metric
from .regression import check_matrices

__all__ = ["F1Score", "FBetaScore"]


class FBetaScore(Metric):
    """F_β = (1 + β²)·precision·recall / (β²·precision + recall), for each class.

    Args:
        average: None for one score per class; `"micro"`: of the counts of all classes
            together; `"macro"`: the mean of the scores; `"weighted"`: their mean
            weighted by how often each class is a target.
        beta: how many times recall matters more than precision; a float > 0.
        threshold: predictions above it mean 1, a float in (0, 1]; None: the largest
            entry of each row does.
        name: name of the metric.
        dtype: dtype of the computation; default `floatx()`.

    Raises:
        ValueError: for arguments outside these ranges.

    Example:
        >>> m = keras.metrics.FBetaScore(beta=2.0, threshold=0.5)
        >>> m.update_state([[1, 1, 1], [1, 0, 0], [1, 1, 0]],
        ...                [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])
        >>> np.round(np.asarray(m.result(), "float64"), 4).tolist()
        [0.3846, 0.9091, 0.8333]
    """

    _direction = "up"
    true_positives: Variable
    false_positives: Variable
    false_negatives: Variable
    intermediate_weights: Variable

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(
                "`average` must be one of None, 'micro', 'macro' and 'weighted', got "
                f"{average!r}."
            )
        if not isinstance(beta, float) or beta <= 0:
            raise ValueError(f"`beta` must be a Python float > 0, got {beta!r}.")
        if threshold is not None and not (
            isinstance(threshold, float) and 0 < threshold <= 1
        ):
            raise ValueError(
                f"`threshold` must be None or a Python float in (0, 1], got "
                f"{threshold!r}."
            )
        self.average, self.beta, self.threshold = average, beta, threshold

    def _build(self, classes: int) -> None:
        shape = () if self.average == "micro" else (classes,)
        for name in (
            "true_positives",
            "false_positives",
            "false_negatives",
            "intermediate_weights",
        ):
            variable = self.add_variable(shape, "zeros", self.dtype, name=name)
            setattr(self, name, variable)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: targets 0 and 1 and scores, both `(batch, classes)`."""
        y_true = ops.convert_to_tensor(y_true, dtype=self.dtype)
        y_pred = ops.convert_to_tensor(y_pred, dtype=self.dtype)
        check_matrices(y_true, y_pred, self)
        if not hasattr(self, "true_positives"):
            self._build(y_pred.shape[-1])
        if self.threshold is None:
            # a row of zeros has no largest entry
            largest = ops.max(y_pred, axis=-1, keepdims=True)
            chosen = ops.logical_and(y_pred >= largest, ops.abs(y_pred) > 1e-9)
        else:
            chosen = y_pred > self.threshold
        chosen = ops.cast(chosen, self.dtype)
        weights = None
        if sample_weight is not None:
            weights = ops.cast(sample_weight, self.dtype)[:, None]
        axis = None if self.average == "micro" else 0
        for total, values in (
            (self.true_positives, chosen * y_true),
            (self.false_positives, chosen * (1 - y_true)),
            (self.false_negatives, (1 - chosen) * y_true),
            (self.intermediate_weights, y_true),
        ):
            values = values if weights is None else values * weights
            total.assign_add(ops.sum(values, axis=axis))

    def result(self) -> Any:
        """Return the score(s) since the last reset."""
        tiny = backend.epsilon()
        hits = self.true_positives.value
        precision = hits / (hits + self.false_positives + tiny)
        recall = hits / (hits + self.false_negatives + tiny)
        square = self.beta**2
        score = (1 + square) * precision * recall / (square * precision + recall + tiny)
        if self.average == "weighted":
            weights = self.intermediate_weights.value
            return ops.sum(score * (weights / (ops.sum(weights) + tiny)))
        return score if self.average is None else ops.mean(score)


class F1Score(FBetaScore):
    """F₁ = 2·precision·recall / (precision + recall), for each class.

    Args:
        average: None, `"micro"`, `"macro"` or `"weighted"`; see `FBetaScore`.
        threshold: predictions above it mean 1; None: the largest entry of each row.
        name: name of the metric.
        dtype: dtype of the computation; default `floatx()`.

    Example:
        >>> m = keras.metrics.F1Score(threshold=0.5)
        >>> m.update_state([[1, 1, 1], [1, 0, 0], [1, 1, 0]],
        ...                [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])
        >>> np.round(np.asarray(m.result(), "float64"), 4).tolist()
        [0.5, 0.8, 0.6667]
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)
