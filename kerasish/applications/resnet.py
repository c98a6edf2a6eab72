"""ResNet: blocks that add to what they get (He and others, 2015).

Example:
    >>> resnet = keras.applications.resnet
    >>> model = resnet.ResNet50(weights=None, include_top=False, pooling="avg")
    >>> model.output_shape
    (None, 2048)
"""

from typing import Any

from ..layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    MaxPooling2D,
    ZeroPadding2D,
)
from .building import Plan, axis, standard
from .imagenet_utils import decode_predictions, preprocessing

__all__ = [
    "ResNet50",
    "ResNet101",
    "ResNet152",
    "decode_predictions",
    "preprocess_input",
]

FAMILY = """four stages of blocks of three convolutions with a way around each.
    He, Zhang, Ren and Sun, https://arxiv.org/abs/1512.03385. Images are prepared by
    `preprocess_input` beside it."""
DEPTHS = {"50": (3, 4, 6, 3), "101": (3, 4, 23, 3), "152": (3, 8, 36, 3)}


def normed(x: Any, name: str) -> Any:
    """Batch normalization as all ResNets have it."""
    return BatchNormalization(axis=axis(), epsilon=1.001e-5, name=name)(x)


def activated(x: Any, name: str, end: str = "relu") -> Any:
    """Batch normalization and relu."""
    return Activation("relu", name=f"{name}_{end}")(normed(x, f"{name}_bn"))


def stem(x: Any, normalized: bool) -> Any:
    """A wide convolution and a pool, a quarter of the rows and columns."""
    x = ZeroPadding2D(3, name="conv1_pad")(x)
    x = Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = activated(x, "conv1") if normalized else x
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    return MaxPooling2D(3, strides=2, name="pool1_pool")(x)


def _block(x: Any, filters: int, stride: int, first: bool, name: str) -> Any:
    around = x
    if first:
        around = Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(x)
        around = normed(around, f"{name}_0_bn")
    x = Conv2D(filters, 1, strides=stride, name=f"{name}_1_conv")(x)
    x = activated(x, f"{name}_1")
    x = Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x)
    x = activated(x, f"{name}_2")
    x = Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    x = normed(x, f"{name}_3_bn")
    x = Add(name=f"{name}_add")([around, x])
    return Activation("relu", name=f"{name}_out")(x)


def _features(depths: tuple[int, ...]) -> Any:
    def features(x: Any) -> Any:
        x = stem(x, normalized=True)
        for stage, depth in enumerate(depths):
            for n in range(depth):
                stride = 2 if n == 0 and stage else 1
                name = f"conv{stage + 2}_block{n + 1}"
                x = _block(x, 64 * 2**stage, stride, n == 0, name)
        return x

    return features


def variants(home: str, version: str, features: Any, family: str) -> list[Any]:
    """Return the functions for 50, 101 and 152 layers."""
    made = []
    for layers, depths in DEPTHS.items():
        name = f"ResNet{layers}{version}"
        file = ("resnet", name.lower())
        plan = Plan(features(depths), file=file, pools=("avg_pool", "max_pool"))
        made.append(standard(home, name, name.lower(), family, plan))
    return made


ResNet50, ResNet101, ResNet152 = variants(__name__, "", _features, FAMILY)
preprocess_input = preprocessing(__name__, "caffe")
