"""Metrics: what is measured beside the loss, gathered over batches.

A metric is a function of targets and predictions and its mean over all samples, or
counts at thresholds and a rate of them.
"""

from typing import Any

from .. import legacy, registry
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
from . import (
    accuracy,
    auc,
    confusion,
    correlation,
    f_score,
    iou,
    metric,
    probabilistic,
    regression,
)
from .accuracy import *  # noqa: F403
from .auc import *  # noqa: F403
from .confusion import *  # noqa: F403
from .correlation import *  # noqa: F403
from .f_score import *  # noqa: F403
from .iou import *  # noqa: F403
from .metric import *  # noqa: F403
from .probabilistic import *  # noqa: F403
from .regression import *  # noqa: F403

# Losses that Keras offers as metric functions too.
_LOSSES = (
    *(binary_crossentropy, binary_focal_crossentropy, categorical_crossentropy),
    *(categorical_focal_crossentropy, categorical_hinge, hinge, huber, kl_divergence),
    *(log_cosh, mean_absolute_error, mean_absolute_percentage_error),
    *(mean_squared_error, mean_squared_logarithmic_error, poisson),
    *(sparse_categorical_crossentropy, squared_hinge),
)
_MODULES = (
    *(accuracy, auc, confusion, correlation, f_score, iou, metric, probabilistic),
    regression,
)
_OWN = {name: getattr(module, name) for module in _MODULES for name in module.__all__}
_CLASSES = {name: thing for name, thing in _OWN.items() if isinstance(thing, type)}
# Short names, and those under which a metric's own `name` or function is known.
_ALIASES = {
    "bce": "BinaryCrossentropy",
    "fbeta_score": "FBetaScore",
    "kld": "KLDivergence",
    "log_cosh": "LogCoshError",
    "logcosh": "LogCoshError",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "mse": "MeanSquaredError",
    "msle": "MeanSquaredLogarithmicError",
}
_NAMES = {
    **_CLASSES,
    **{registry.to_snake_case(name): thing for name, thing in _CLASSES.items()},
    **{name: _CLASSES[full] for name, full in _ALIASES.items()},
    **{
        name.upper(): _CLASSES[full] for name, full in _ALIASES.items() if len(name) < 5
    },
}

get, _, deserialize = registry.accessors("metric", _NAMES)


def serialize(metric: Any) -> dict[str, Any]:
    """Turn a metric into a config of plain values.

    Args:
        metric: a metric, or a function of this namespace.

    Example:
        >>> keras.metrics.serialize(keras.metrics.Mean())["class_name"]
        'Mean'
    """
    return registry.serialize_keras_object(metric)


__all__ = [
    *_OWN,
    *(function.__name__ for function in _LOSSES),
    *("deserialize", "get", "serialize"),
]

registry.add_namespace("metrics", {**_OWN, "get": get})

__getattr__ = legacy.attributes(__name__)
