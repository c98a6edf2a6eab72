"""Intersection over union: how well predicted regions cover the true ones."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend, ops
from .metric import Metric, broadcast_weights

__all__ = ["BinaryIoU", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"]


class IoU(Metric):
    """The mean of TP / (TP + FP + FN) over some classes, of those that occur.

    The confusion matrix of all classes is gathered; elements whose class number is not
    in `[0, num_classes)` count as nothing.

    Args:
        num_classes: number of classes.
        target_class_ids: the classes whose IoU is averaged.
        name: name of the metric.
        dtype: dtype of the confusion matrix; default int32.
        ignore_class: targets of this class count as nothing.
        sparse_y_true: whether targets are class numbers, not one-hot.
        sparse_y_pred: whether predictions are class numbers, not scores.
        axis: the axis of the classes in one-hot targets and scores.

    Raises:
        ValueError: if a target class does not exist.

    Example:
        >>> m = keras.metrics.IoU(num_classes=2, target_class_ids=[0])
        >>> round(float(m([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name=name, dtype=dtype or "int32")
        wrong = [i for i in target_class_ids if not 0 <= i < num_classes]
        if wrong:
            raise ValueError(
                f"`target_class_ids` must be in [0, {num_classes}), got {wrong}."
            )
        self.num_classes, self.target_class_ids = num_classes, list(target_class_ids)
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.total_cm = self.add_variable(
            (num_classes, num_classes),
            "zeros",
            self.dtype,
            name="total_confusion_matrix",
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of class numbers or scores, see the constructor."""
        labels = self._class_numbers(y_true, self.sparse_y_true)
        guesses = self._class_numbers(y_pred, self.sparse_y_pred)
        if labels.shape != guesses.shape:
            raise ValueError(
                f"Metric `{self.name}` needs as many targets as predictions, got "
                f"{labels.shape[0]} in y_true and {guesses.shape[0]} in y_pred."
            )
        weights = self._weights(sample_weight, labels.shape)
        counted = self._exists(labels) & self._exists(guesses)
        if self.ignore_class is not None:
            counted = counted & (labels != self.ignore_class)
        cells = ops.where(counted, labels * self.num_classes + guesses, 0)
        sums = ops.segment_sum(
            ops.where(counted, weights, ops.zeros_like(weights)),
            cells,
            num_segments=self.num_classes**2,
        )
        self.total_cm.assign_add(ops.reshape(sums, self.total_cm.shape))

    def _class_numbers(self, y: Any, sparse: bool) -> Any:
        y = ops.convert_to_tensor(y)
        y = y if sparse else ops.argmax(y, axis=self.axis)
        return ops.reshape(ops.cast(y, "int32"), (-1,))

    def _exists(self, labels: Any) -> Any:
        return (labels >= 0) & (labels < self.num_classes)

    def _weights(self, sample_weight: Any, shape: Sequence[int]) -> Any:
        if sample_weight is None:
            return ops.ones(shape, dtype=self.dtype)
        given = ops.convert_to_tensor(sample_weight)
        if "float" in backend.dtype_name(given) and "int" in self.dtype:
            warnings.warn(
                f"Metric `{self.name}` counts in {self.dtype}, so fractions of its "
                "`sample_weight` are cut off. Give the metric dtype='float32'.",
                stacklevel=3,
            )
        given = ops.cast(given, self.dtype)
        if len(given.shape) > 1:
            given = ops.reshape(given, (-1,))
        return broadcast_weights(given, shape, self)

    def result(self) -> Any:
        """Return the mean IoU since the last reset."""
        matrix = ops.cast(self.total_cm, "float32")
        wanted = np.asarray(self.target_class_ids, "int32")
        hits = ops.take(ops.diagonal(matrix), wanted)
        union = ops.sum(matrix, axis=0) + ops.sum(matrix, axis=1)
        union = ops.take(union, wanted) - hits
        occurs = ops.cast(union > 1e-9, "float32")
        tiny = backend.epsilon()
        return ops.sum(occurs * hits / (union + tiny)) / (ops.sum(occurs) + tiny)


class BinaryIoU(IoU):
    """The mean IoU of the classes 0 and 1, where scores become classes by a threshold.

    Args:
        target_class_ids: (0,), (1,) or (0, 1): whose IoU is averaged.
        threshold: scores of at least this are class 1.
        name: name of the metric.
        dtype: dtype of the confusion matrix; default int32.

    Example:
        >>> m = keras.metrics.BinaryIoU(target_class_ids=[0, 1], threshold=0.3)
        >>> round(float(m([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
        0.3333
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets 0 and 1 and scores."""
        y_pred = ops.convert_to_tensor(y_pred, dtype="float32") >= self.threshold
        super().update_state(y_true, y_pred, sample_weight)


class MeanIoU(IoU):
    """The mean of TP / (TP + FP + FN) over all classes that occur.

    Args:
        num_classes: number of classes.
        name: name of the metric.
        dtype: dtype of the confusion matrix; default int32.
        ignore_class: targets of this class count as nothing.
        sparse_y_true: whether targets are class numbers, not one-hot.
        sparse_y_pred: whether predictions are class numbers, not scores.
        axis: the axis of the classes in one-hot targets and scores.

    Example:
        >>> m = keras.metrics.MeanIoU(num_classes=2)
        >>> round(float(m([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            range(num_classes),
            name,
            dtype,
            ignore_class,
            sparse_y_true,
            sparse_y_pred,
            axis,
        )


class OneHotIoU(IoU):
    """`IoU` of one-hot targets and scores.

    Args:
        num_classes: number of classes.
        target_class_ids: the classes whose IoU is averaged.
        name: name of the metric.
        dtype: dtype of the confusion matrix; default int32.
        ignore_class: targets of this class count as nothing.
        sparse_y_pred: whether predictions are class numbers, not scores.
        axis: the axis of the classes.

    Example:
        >>> m = keras.metrics.OneHotIoU(num_classes=3, target_class_ids=[0, 2])
        >>> y = [[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]]
        >>> z = [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [0.5, 0.3, 0.1], [0.1, 0.4, 0.5]]
        >>> round(float(m(y, z)), 4)
        0.1667
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            target_class_ids,
            name,
            dtype,
            ignore_class,
            False,
            sparse_y_pred,
            axis,
        )


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot targets and scores.

    Args:
        num_classes: number of classes.
        name: name of the metric.
        dtype: dtype of the confusion matrix; default int32.
        ignore_class: targets of this class count as nothing.
        sparse_y_pred: whether predictions are class numbers, not scores.
        axis: the axis of the classes.

    Example:
        >>> m = keras.metrics.OneHotMeanIoU(num_classes=3)
        >>> y = [[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]]
        >>> z = [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [0.5, 0.3, 0.1], [0.1, 0.4, 0.5]]
        >>> round(float(m(y, z)), 4)
        0.1111
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis
        )
