"""Losses: how far predictions are from targets.

Plain functions `(y_true, y_pred) -> loss values, one for each sample`, and a class for
each, whose instances weigh, mask and reduce those values to one number.
"""

from typing import Any

from .. import legacy, registry
from .classification import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    sparse_categorical_crossentropy,
)
from .loss import Loss, LossFunctionWrapper
from .margin import (
    CategoricalHinge,
    Circle,
    Hinge,
    SquaredHinge,
    categorical_hinge,
    circle,
    hinge,
    squared_hinge,
)
from .probability import CTC, KLDivergence, Poisson, ctc, kl_divergence, poisson
from .regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from .segmentation import Dice, Tversky, dice, tversky

_CLASSES = (
    *(BinaryCrossentropy, BinaryFocalCrossentropy, CTC, CategoricalCrossentropy),
    *(CategoricalFocalCrossentropy, CategoricalGeneralizedCrossEntropy),
    *(CategoricalHinge, Circle, CosineSimilarity, Dice, Hinge, Huber, KLDivergence),
    *(LogCosh, Loss, MeanAbsoluteError, MeanAbsolutePercentageError),
    *(MeanSquaredError, MeanSquaredLogarithmicError, Poisson),
    *(SparseCategoricalCrossentropy, SquaredHinge, Tversky),
)
_FUNCTIONS = (
    *(binary_crossentropy, binary_focal_crossentropy, categorical_crossentropy),
    *(categorical_focal_crossentropy, categorical_generalized_cross_entropy),
    *(categorical_hinge, circle, cosine_similarity, ctc, dice, hinge, huber),
    *(kl_divergence, log_cosh, mean_absolute_error, mean_absolute_percentage_error),
    *(mean_squared_error, mean_squared_logarithmic_error, poisson),
    *(sparse_categorical_crossentropy, squared_hinge, tversky),
)
_PUBLIC: dict[str, Any] = {thing.__name__: thing for thing in (*_CLASSES, *_FUNCTIONS)}
_NAMES: dict[str, Any] = {
    **_PUBLIC,
    "LossFunctionWrapper": LossFunctionWrapper,
    **dict.fromkeys(("bce", "BCE"), binary_crossentropy),
    **dict.fromkeys(("kld", "KLD"), kl_divergence),
    **dict.fromkeys(("mae", "MAE"), mean_absolute_error),
    **dict.fromkeys(("mape", "MAPE"), mean_absolute_percentage_error),
    **dict.fromkeys(("mse", "MSE"), mean_squared_error),
    **dict.fromkeys(("msle", "MSLE"), mean_squared_logarithmic_error),
    # names of Keras 2, which its model files still hold
    "cosine_proximity": cosine_similarity,
    "huber_loss": huber,
    "kullback_leibler_divergence": kl_divergence,
    "logcosh": log_cosh,
}

get, _, _deserialize = registry.accessors("loss", _NAMES)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Make a loss from what `serialize` returned, or from its name.

    Args:
        name: dict or str.
        custom_objects: name -> class or function that the config may mention.

    Raises:
        ValueError: if there is no such loss.

    Example:
        >>> keras.losses.deserialize("mse") is keras.losses.mean_squared_error
        True
    """
    return _deserialize(name, custom_objects)


def serialize(loss: Any) -> dict[str, Any]:
    """Turn a loss into a config of plain values.

    Args:
        loss: a loss, or a function that serves as one.

    Raises:
        ValueError: for a lambda or an object without `get_config`.

    Example:
        >>> keras.losses.serialize(keras.losses.Poisson())["class_name"]
        'Poisson'
    """
    return registry.serialize_keras_object(loss)


__all__ = [*_PUBLIC, "deserialize", "get", "serialize"]

registry.add_namespace(
    "losses",
    {**_NAMES, "deserialize": deserialize, "get": get, "serialize": serialize},
)

__getattr__ = legacy.attributes(__name__)
