"""Losses of classification: cross-entropies of probabilities and labels."""

import warnings
from typing import Any

from .. import ops
from ..config import epsilon
from ..graph import Tensor, op
from ..masks import set_mask
from .loss import LossFunctionWrapper, elementwise, pair


def _smooth_binary(y_true: Any, smoothing: float) -> Any:
    return y_true * (1.0 - smoothing) + 0.5 * smoothing if smoothing else y_true


def _smooth_classes(y_true: Any, smoothing: float, axis: int) -> Any:
    if not smoothing:
        return y_true
    return y_true * (1.0 - smoothing) + smoothing / y_true.shape[axis]


def _warn_of_one_class(name: str, y_pred: Any, axis: int) -> None:
    if y_pred.shape[axis] == 1:
        warnings.warn(
            f"Loss `{name}` compares classes, but `y_pred` of shape "
            f"{tuple(y_pred.shape)} has only one, so the loss is constant. For two "
            "classes use 'binary_crossentropy', or give the last layer two units.",
            SyntaxWarning,
            stacklevel=4,
        )


@elementwise
@op
def binary_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Mean of `-(y log(p) + (1 - y) log(1 - p))` over one axis.

    Args:
        y_true: labels 0 or 1 (or probabilities) `(batch, ..., d)`.
        y_pred: probabilities `p` of the same shape, kept `config.epsilon()` away from
            0 and 1; or logits.
        from_logits: whether `p = sigmoid(y_pred)`.
        label_smoothing: float in [0, 1): labels are drawn that much towards 0.5.
        axis: axis of the mean.

    Returns:
        Loss values: the shape without `axis`.

    Example:
        >>> loss = keras.losses.binary_crossentropy([0.0, 1.0], [0.5, 0.5])
        >>> round(float(loss), 4)  # log(2)
        0.6931
    """
    y_true, y_pred = pair(y_true, y_pred)
    y_true = _smooth_binary(y_true, label_smoothing)
    values = ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits)
    return ops.mean(values, axis=axis)


@elementwise
@op
def binary_focal_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Binary cross-entropy that counts easy samples less.

    The mean over one axis of `(1 - q)^gamma` times the cross-entropy, where
    `q = y p + (1 - y) (1 - p)` is the probability given to the truth.

    Args:
        y_true: labels 0 or 1 `(batch, ..., d)`.
        y_pred: probabilities `p` of the same shape, or logits.
        apply_class_balancing: whether class 1 is weighted by `alpha`, 0 by `1 - alpha`.
        alpha: float.
        gamma: float; 0 gives the plain cross-entropy.
        from_logits: whether `p = sigmoid(y_pred)`.
        label_smoothing: float in [0, 1): labels are drawn that much towards 0.5.
        axis: axis of the mean.

    Returns:
        Loss values: the shape without `axis`.

    Reference:
        Lin et al., 2017, https://arxiv.org/abs/1708.02002

    Example:
        >>> loss = keras.losses.binary_focal_crossentropy([0.0, 1.0], [0.5, 0.5])
        >>> round(float(loss), 4)  # log(2) / 4
        0.1733
    """
    y_true, y_pred = pair(y_true, y_pred)
    y_true = _smooth_binary(y_true, label_smoothing)
    p = ops.sigmoid(y_pred) if from_logits else y_pred
    truth = y_true * p + (1 - y_true) * (1 - p)
    values = ops.power(1.0 - truth, gamma) * ops.binary_crossentropy(y_true, p)
    if apply_class_balancing:
        values = values * (y_true * alpha + (1 - y_true) * (1 - alpha))
    return ops.mean(values, axis=axis)


@elementwise
@op
def categorical_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Cross-entropy of distributions over classes: `-sum(y log(p))`.

    Args:
        y_true: one-hot labels (or probabilities) `(batch, ..., classes)`.
        y_pred: probabilities `p` of the same shape, divided by their sum and kept
            `config.epsilon()` away from 0 and 1; or logits.
        from_logits: whether `p = softmax(y_pred)`.
        label_smoothing: float in [0, 1): the share of the labels that is spread
            evenly over the classes.
        axis: axis of the classes.

    Returns:
        Loss values: the shape without `axis`.

    Example:
        >>> loss = keras.losses.categorical_crossentropy([0.0, 1.0], [0.75, 0.25])
        >>> round(float(loss), 4)  # log(4)
        1.3863
    """
    y_true, y_pred = pair(y_true, y_pred)
    _warn_of_one_class("categorical_crossentropy", y_pred, axis)
    y_true = _smooth_classes(y_true, label_smoothing, axis)
    return ops.categorical_crossentropy(
        y_true, y_pred, from_logits=from_logits, axis=axis
    )


@elementwise
@op
def categorical_focal_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Cross-entropy that counts easy samples less.

    The sum over the classes of `-alpha (1 - p)^gamma y log(p)`.

    Args:
        y_true: one-hot labels `(batch, ..., classes)`.
        y_pred: probabilities `p` of the same shape, divided by their sum; or logits.
        alpha: float, or one for each class.
        gamma: float; 0 gives `alpha` times the plain cross-entropy.
        from_logits: whether `p = softmax(y_pred)`.
        label_smoothing: float in [0, 1): the share of the labels that is spread
            evenly over the classes.
        axis: axis of the classes.

    Returns:
        Loss values: the shape without `axis`.

    Reference:
        Lin et al., 2017, https://arxiv.org/abs/1708.02002

    Example:
        >>> loss = keras.losses.categorical_focal_crossentropy([0.0, 1.0], [0.5, 0.5])
        >>> round(float(loss), 4)  # log(2) / 16
        0.0433
    """
    y_true, y_pred = pair(y_true, y_pred)
    _warn_of_one_class("categorical_focal_crossentropy", y_pred, axis)
    y_true = _smooth_classes(y_true, label_smoothing, axis)
    p = ops.softmax(y_pred, axis=axis) if from_logits else y_pred
    p = p / ops.sum(p, axis=axis, keepdims=True)
    p = ops.clip(p, epsilon(), 1.0 - epsilon())
    weights = ops.power(1.0 - p, gamma) * ops.convert_to_tensor(alpha, dtype=p.dtype)
    return -ops.sum(weights * y_true * ops.log(p), axis=axis)


@op
def sparse_categorical_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Tensor:
    """Cross-entropy of class numbers: `-log(p[y])`.

    Args:
        y_true: class numbers from 0, `(batch, ...)` or with an axis of size one where
            the classes are.
        y_pred: probabilities `p` of shape `(batch, ..., classes)`, divided by their sum
            and kept `config.epsilon()` away from 0 and 1; or logits.
        from_logits: whether `p = softmax(y_pred)`.
        ignore_class: int, a label whose loss is 0 and does not count in a mean.
        axis: axis of the classes.

    Returns:
        Loss values: the shape of `y_pred` without `axis`.

    Raises:
        ValueError: if the shapes do not fit.

    Example:
        >>> p = [[0.5, 0.25, 0.25], [0.5, 0.25, 0.25]]
        >>> loss = keras.losses.sparse_categorical_crossentropy([0, 2], p)
        >>> [round(float(x), 4) for x in loss]  # log(2), log(4)
        [0.6931, 1.3863]
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[axis] == 1:
        y_true = ops.squeeze(y_true, axis=axis)
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(
            y_true, y_pred, from_logits=from_logits, axis=axis
        )
    counted = ops.not_equal(y_true, ignore_class)
    # Ignored entries get harmless numbers, so that their gradients are 0, not NaN.
    values = ops.sparse_categorical_crossentropy(
        ops.where(counted, y_true, 0),
        ops.where(ops.expand_dims(counted, axis), y_pred, 1.0),
        from_logits=from_logits,
        axis=axis,
    )
    values = ops.where(counted, values, 0.0)
    set_mask(values, counted)
    return values


@op
def categorical_generalized_cross_entropy(
    y_true: Tensor, y_pred: Tensor, q: float
) -> Tensor:
    """Cross-entropy that noisy labels harm less: `(1 - p[y]^q) / q`.

    Between the cross-entropy (`q` near 0) and the mean absolute error (`q` near 1).

    Args:
        y_true: class numbers from 0, `(batch, ...)`.
        y_pred: probabilities `p` of shape `(batch, ..., classes)`.
        q: float in (0, 1).

    Returns:
        Loss values `(batch, ...)`.

    Reference:
        Zhang and Sabuncu, 2018, https://arxiv.org/abs/1805.07836

    Example:
        >>> loss = keras.losses.categorical_generalized_cross_entropy
        >>> float(loss([0], [[0.25, 0.75]], q=0.5)[0])
        1.0
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, axis=-1)
    labels = ops.one_hot(
        ops.cast(y_true, "int32"), y_pred.shape[-1], dtype=y_pred.dtype
    )
    return (1 - ops.power(ops.sum(y_pred * labels, axis=-1), q)) / q


class BinaryCrossentropy(LossFunctionWrapper):
    """Cross-entropy of labels 0 and 1, see `binary_crossentropy`.

    Args:
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: float in [0, 1): labels are drawn that much towards 0.5.
        axis: axis of the mean.
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> loss = keras.losses.BinaryCrossentropy(from_logits=True)
        >>> round(float(loss([[0.0, 1.0]], [[0.0, 0.0]])), 4)  # log(2)
        0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """Binary cross-entropy that counts easy samples less.

    See `binary_focal_crossentropy`.

    Args:
        apply_class_balancing: whether class 1 is weighted by `alpha`, 0 by `1 - alpha`.
        alpha: float.
        gamma: float; 0 gives the plain cross-entropy.
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: float in [0, 1): labels are drawn that much towards 0.5.
        axis: axis of the mean.
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> loss = keras.losses.BinaryFocalCrossentropy(gamma=1.0)
        >>> round(float(loss([[0.0, 1.0]], [[0.5, 0.5]])), 4)  # log(2) / 2
        0.3466
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of one-hot labels, see `categorical_crossentropy`.

    Args:
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: float in [0, 1): the share of the labels that is spread
            evenly over the classes.
        axis: axis of the classes.
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> loss = keras.losses.CategoricalCrossentropy()
        >>> round(float(loss([[0.0, 1.0]], [[0.75, 0.25]])), 4)  # log(4)
        1.3863
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """Cross-entropy that counts easy samples less.

    See `categorical_focal_crossentropy`.

    Args:
        alpha: float, or one for each class.
        gamma: float; 0 gives `alpha` times the plain cross-entropy.
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: float in [0, 1): the share of the labels that is spread
            evenly over the classes.
        axis: axis of the classes.
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> loss = keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=1.0)
        >>> round(float(loss([[0.0, 1.0]], [[0.5, 0.5]])), 4)  # log(2) / 2
        0.3466
    """

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of class numbers, see `sparse_categorical_crossentropy`.

    Args:
        from_logits: whether predictions are logits, not probabilities.
        ignore_class: int, a label that does not count, or None.
        reduction: see `Loss`.
        axis: axis of the classes.
        name: str.
        dtype: see `Loss`.

    Example:
        >>> loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
        >>> round(float(loss([1, -1], [[0.75, 0.25], [0.5, 0.5]])), 4)  # log(4)
        1.3863
    """

    _unwritten = {"axis": -1}

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """Cross-entropy that noisy labels harm less.

    See `categorical_generalized_cross_entropy`.

    Args:
        q: float in (0, 1): near 0 like the cross-entropy, near 1 like the mean
            absolute error.
        reduction: see `Loss`.
        name: str.
        dtype: see `Loss`.

    Raises:
        ValueError: if `q` is not between 0 and 1.

    Example:
        >>> loss = keras.losses.CategoricalGeneralizedCrossEntropy(q=0.5)
        >>> float(loss([0], [[0.25, 0.75]]))
        1.0
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(f"`q` must be in the interval (0, 1), got q={q}.")
        super().__init__(
            categorical_generalized_cross_entropy, reduction, name, dtype, q=q
        )
