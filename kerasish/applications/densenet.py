"""DenseNet: each layer sees all before it (Huang and others, 2016)."""

from typing import Any

from .. import config
from ..layers import (
    Activation,
    AveragePooling2D,
    Concatenate,
    Conv2D,
    MaxPooling2D,
    ZeroPadding2D,
)
from .building import Plan, axis, standard
from .imagenet_utils import decode_predictions, preprocessing
from .resnet import activated, normed

__all__ = [
    "DenseNet121",
    "DenseNet169",
    "DenseNet201",
    "decode_predictions",
    "preprocess_input",
]

FAMILY = """four blocks, in which each layer sees what all before it found.
    Huang, Liu, van der Maaten and Weinberger, https://arxiv.org/abs/1608.06993. Images
    are prepared by `preprocess_input` beside it. Their channels come last."""
GROWTH = 32


def channels_last_only(family: str) -> None:
    """Refuse images whose channels come first.

    Raises:
        ValueError: if they do.
    """
    if config.image_data_format() == "channels_first":
        raise ValueError(
            f"{family} needs images whose channels come last: call "
            "`keras.config.set_image_data_format('channels_last')`."
        )


def _layer(x: Any, name: str) -> Any:
    new = activated(x, f"{name}_0")
    new = Conv2D(4 * GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(new)
    new = activated(new, f"{name}_1")
    kind = {"padding": "same", "use_bias": False}
    new = Conv2D(GROWTH, 3, name=f"{name}_2_conv", **kind)(new)
    return Concatenate(axis=axis(), name=f"{name}_concat")([x, new])


def _transition(x: Any, name: str) -> Any:
    x = activated(x, name)
    filters = x.shape[axis()] // 2
    x = Conv2D(filters, 1, use_bias=False, name=f"{name}_conv")(x)
    return AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)


def _features(depths: tuple[int, ...]) -> Any:
    def features(x: Any) -> Any:
        channels_last_only("DenseNet")
        x = ZeroPadding2D(3)(x)
        x = Conv2D(64, 7, strides=2, use_bias=False, name="conv1_conv")(x)
        x = ZeroPadding2D(1)(activated(x, "conv1"))
        x = MaxPooling2D(3, strides=2, name="pool1")(x)
        for block, depth in enumerate(depths):
            x = _transition(x, f"pool{block + 1}") if block else x
            for n in range(depth):
                x = _layer(x, f"conv{block + 2}_block{n + 1}")
        return Activation("relu", name="relu")(normed(x, "bn"))

    return features


def _variant(name: str, depths: tuple[int, ...]) -> Any:
    pools = ("avg_pool", "max_pool")
    plan = Plan(_features(depths), file=("densenet", name.lower()), pools=pools)
    return standard(__name__, name, name.lower(), FAMILY, plan)


DenseNet121 = _variant("DenseNet121", (6, 12, 24, 16))
DenseNet169 = _variant("DenseNet169", (6, 12, 32, 32))
DenseNet201 = _variant("DenseNet201", (6, 12, 48, 32))
preprocess_input = preprocessing(__name__, "torch")
