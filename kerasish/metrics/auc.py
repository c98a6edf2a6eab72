"""AUC: the area under the ROC, precision-recall or precision-recall-gain curve."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend, ops
from .confusion import (
    ConfusionMetric,
    confusion_counts,
    even_thresholds,
    threshold_list,
    within_unit,
)

__all__ = ["AUC"]

CURVES = ("ROC", "PR", "PRGAIN")
SUMMATIONS = ("interpolation", "minoring", "majoring")


class AUC(ConfusionMetric):
    """The area under a curve of rates over all thresholds, by a Riemann sum.

    ROC: recall over false positive rate; the chance that a positive scores higher than
    a negative. PR: precision over recall. PRGAIN: the same in gains over always
    answering yes (Flach & Kull, 2015).

    Args:
        num_thresholds: how many thresholds approximate the curve, > 1.
        curve: `"ROC"`, `"PR"` or `"PRGAIN"`.
        summation_method: `"interpolation"`: the trapezoid rule, and for PR the exact
            interpolation of Davis & Goadrich (2006); `"minoring"` and `"majoring"`:
            the smaller and the larger end of each interval.
        name: name of the metric.
        dtype: kept in the config; counts are `floatx()`.
        thresholds: own thresholds in [0, 1]; one below 0 and one above 1 are added.
        multi_label: average the areas of the labels (last axis); else all labels are
            put in one heap.
        num_labels: number of labels, where the first batch shall not tell.
        label_weights: a weight for each label.
        from_logits: scores are the sigmoid of the predictions.

    Raises:
        ValueError: for a curve, summation or number outside these.

    Example:
        >>> m = keras.metrics.AUC(num_thresholds=3)
        >>> float(m([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
        0.75
    """

    _direction = "up"
    _sparing = ("thresholds",)

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.curve = _choice("curve", curve, CURVES)
        self.summation_method = _choice(
            "summation_method", summation_method, SUMMATIONS
        )
        if num_labels and not multi_label:
            raise ValueError("`num_labels` is needed only when `multi_label` is True.")
        self._given = thresholds is not None
        inner = _inner_thresholds(num_thresholds, thresholds)
        self.num_thresholds = len(inner) + 2
        # one that all scores exceed, and one that none does
        tiny = backend.epsilon()
        self._thresholds = np.asarray([-tiny, *inner, 1 + tiny])
        self.multi_label, self.num_labels = multi_label, num_labels
        self.from_logits = from_logits
        self.label_weights = (
            None if label_weights is None else np.asarray(label_weights, self.dtype)
        )
        if num_labels or not multi_label:
            self._add_counts(self._shape(num_labels))

    @property
    def thresholds(self) -> list[float]:  # type: ignore[override]
        """All thresholds, the one below 0 and the one above 1 among them."""
        return self._thresholds.tolist()

    def _shape(self, labels: int | None) -> tuple[int, ...]:
        return (self.num_thresholds, labels) if labels else (self.num_thresholds,)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: targets 0 and 1 and scores in [0, 1] of the same shape."""
        y_pred = ops.convert_to_tensor(y_pred)
        if self.multi_label:
            self._check_labels(y_pred)
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        heap_weights = None if self.multi_label else self.label_weights
        counts = confusion_counts(
            self,
            y_true,
            within_unit(y_pred),
            sample_weight,
            heap_weights,
            by_label=self.multi_label,
        )
        for name in self._keeps:
            getattr(self, name).assign_add(counts[name])

    def _check_labels(self, y_pred: Any) -> None:
        if len(y_pred.shape) != 2:
            raise ValueError(
                f"Metric `{self.name}` with `multi_label=True` expects `y_pred` of "
                f"shape (batch, labels), got {tuple(y_pred.shape)}."
            )
        if not self.variables:
            self._add_counts(self._shape(y_pred.shape[1]))
        if y_pred.shape[1] != self.true_positives.shape[1]:
            raise ValueError(
                f"Metric `{self.name}` counts {self.true_positives.shape[1]} labels, "
                f"got `y_pred` of shape {tuple(y_pred.shape)}."
            )

    def result(self) -> Any:
        """Return the area since the last reset."""
        if self.curve == "PR" and self.summation_method == "interpolation":
            pieces = self._interpolated_precision()
        else:
            x, y = self._points()
            pieces = (x[:-1] - x[1:]) * self._height(y[:-1], y[1:])
        areas = ops.sum(pieces, axis=0)
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return ops.mean(areas)
        total = ops.sum(areas * self.label_weights)
        return ops.divide_no_nan(total, ops.sum(self.label_weights))

    def _height(self, left: Any, right: Any) -> Any:
        if self.summation_method == "minoring":
            return ops.minimum(left, right)
        if self.summation_method == "majoring":
            return ops.maximum(left, right)
        return (left + right) / 2

    def _points(self) -> tuple[Any, Any]:
        """Return the curve's coordinates x and y at the thresholds."""
        if self.curve == "PR":
            return self._rate("recall"), self._rate("precision")
        if self.curve == "ROC":
            return self._rate("fall-out"), self._rate("recall")
        hits, wrong = self.true_positives.value, self.false_positives.value
        missed, quiet = self.false_negatives.value, self.true_negatives.value
        odds = ops.divide_no_nan(hits + missed, quiet + wrong)
        recall_gain = 1 - odds * ops.divide_no_nan(missed, hits)
        precision_gain = 1 - odds * ops.divide_no_nan(wrong, hits)
        recall_gain = ops.where(hits == 0, 0.0, recall_gain)
        precision_gain = ops.where(hits == 0, 1.0, precision_gain)
        return ops.maximum(recall_gain, 0.0), precision_gain

    def _interpolated_precision(self) -> Any:
        """Integrate precision over recall where TP and TP + FP vary linearly.

        With P = TP + FP and TP = a + s·P between two thresholds, the integral of
        TP / P over dTP is s·(ΔTP + a·log(P₁ / P₀)).
        """
        hits = self.true_positives.value
        chosen = hits + self.false_positives
        more_hits = hits[:-1] - hits[1:]
        slope = ops.divide_no_nan(more_hits, ops.maximum(chosen[:-1] - chosen[1:], 0))
        start = hits[1:] - slope * chosen[1:]
        both = ops.logical_and(chosen[:-1] > 0, chosen[1:] > 0)
        ratio = ops.where(both, ops.divide_no_nan(chosen[:-1], chosen[1:]), 1.0)
        area = slope * (more_hits + start * ops.log(ratio))
        return ops.divide_no_nan(area, hits[1:] + self.false_negatives[1:])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; `thresholds` if they were given."""
        config = super().get_config()
        weights = self.label_weights
        config["label_weights"] = None if weights is None else weights.tolist()
        config.pop("thresholds", None)
        if self._given:
            config["thresholds"] = self.thresholds[1:-1]
        return config


def _inner_thresholds(number: int, thresholds: Any) -> list[float]:
    """Return the thresholds but for the two that are added at the ends."""
    if thresholds is not None:
        return sorted(float(t) for t in threshold_list(thresholds))
    if number <= 1:
        raise ValueError(f"`num_thresholds` must be an integer > 1, got {number}.")
    return even_thresholds(number)[1:-1]


def _choice(name: str, value: Any, allowed: Sequence[str]) -> str:
    for choice in allowed:
        if isinstance(value, str) and value.lower() == choice.lower():
            return choice
    raise ValueError(f"`{name}` of AUC must be one of {list(allowed)}, got {value!r}.")
