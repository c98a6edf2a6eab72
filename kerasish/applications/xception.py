"""Xception: depthwise separable convolutions (Chollet, 2016).

Example:
    >>> xception = keras.applications.xception
    >>> model = xception.Xception(weights=None, include_top=False)
    >>> model.output_shape
    (None, None, None, 2048)
"""

from typing import Any

from ..layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    MaxPooling2D,
    SeparableConv2D,
)
from .building import Plan, axis, standard
from .imagenet_utils import decode_predictions, preprocessing

__all__ = ["Xception", "decode_predictions", "preprocess_input"]

FAMILY = """depthwise separable convolutions with ways around them.
    Chollet, https://arxiv.org/abs/1610.02357. Images are prepared by
    `preprocess_input` beside it."""


def _normed(x: Any, name: str | None = None) -> Any:
    return BatchNormalization(axis=axis(-1), name=name)(x)


def _relu(x: Any, name: str) -> Any:
    return Activation("relu", name=f"{name}_act")(x)


def _separable(x: Any, filters: int, name: str) -> Any:
    kind = {"padding": "same", "use_bias": False}
    x = SeparableConv2D(filters, 3, name=name, **kind)(x)
    return _normed(x, f"{name}_bn")


def _halving(x: Any, block: int, filters: tuple[int, int]) -> Any:
    kind = {"padding": "same", "use_bias": False}
    around = _normed(Conv2D(filters[1], 1, strides=2, **kind)(x))
    for n, count in enumerate(filters, 1):
        name = f"block{block}_sepconv{n}"
        x = x if (block, n) == (2, 1) else _relu(x, name)
        x = _separable(x, count, name)
    name = f"block{block}_pool"
    x = MaxPooling2D(3, strides=2, padding="same", name=name)(x)
    return Add()([x, around])


def _features(x: Any) -> Any:
    for n, (filters, stride) in enumerate(((32, 2), (64, 1)), 1):
        name = f"block1_conv{n}"
        x = Conv2D(filters, 3, strides=stride, use_bias=False, name=name)(x)
        x = _relu(_normed(x, f"{name}_bn"), name)
    for block, filters in enumerate((128, 256, 728), 2):
        x = _halving(x, block, (filters, filters))
    for block in range(5, 13):
        around = x
        for n in (1, 2, 3):
            name = f"block{block}_sepconv{n}"
            x = _separable(_relu(x, name), 728, name)
        x = Add()([x, around])
    x = _halving(x, 13, (728, 1024))
    for n, filters in enumerate((1536, 2048), 1):
        name = f"block14_sepconv{n}"
        x = _relu(_separable(x, filters, name), name)
    return x


Xception = standard(
    __name__,
    "Xception",
    "xception",
    FAMILY,
    Plan(_features, size=299, smallest=71, file=("xception",)),
)
preprocess_input = preprocessing(__name__, "tf")
