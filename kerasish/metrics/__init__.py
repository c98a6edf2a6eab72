"""Metrics: what is measured beside the loss, gathered over batches.

A metric is a function of targets and predictions and its mean over all samples, or
counts at thresholds and a rate of them.
"""

from typing import Any

from .. import registry
from ..losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from .accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .auc import AUC
from .confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from .correlation import (
    ConcordanceCorrelation,
    PearsonCorrelation,
    concordance_correlation,
    pearson_correlation,
)
from .f_score import F1Score, FBetaScore
from .iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from .metric import Mean, MeanMetricWrapper, Metric, Sum
from .probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from .regression import (
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    R2Score,
    RootMeanSquaredError,
    SquaredHinge,
)

_CLASSES = {
    name: thing
    for name, thing in list(globals().items())
    if isinstance(thing, type) and issubclass(thing, Metric)
}
_FUNCTIONS = {
    name: thing
    for name, thing in list(globals().items())
    if getattr(thing, "__module__", "").startswith(__name__) and name not in _CLASSES
}
# Short names, and those under which a metric's own `name` or function is known.
_ALIASES: dict[str, Any] = {
    "bce": BinaryCrossentropy,
    "fbeta_score": FBetaScore,
    "kld": KLDivergence,
    "log_cosh": LogCoshError,
    "logcosh": LogCoshError,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "mse": MeanSquaredError,
    "msle": MeanSquaredLogarithmicError,
}
_CAPITALS = {name.upper(): thing for name, thing in _ALIASES.items() if len(name) < 5}

get, _, deserialize = registry.accessors(
    "metric",
    {registry.to_snake_case(name): thing for name, thing in _CLASSES.items()}
    | _CLASSES
    | _ALIASES
    | _CAPITALS,
)


def serialize(metric: Metric) -> dict[str, Any]:
    """Turn a metric into a config of plain values.

    Args:
        metric: a metric, or a function of this namespace.

    Example:
        >>> keras.metrics.serialize(keras.metrics.Mean())["class_name"]
        'Mean'
    """
    return registry.serialize_keras_object(metric)


registry.add_namespace("metrics", {**_CLASSES, **_FUNCTIONS, "get": get})
