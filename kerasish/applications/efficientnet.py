"""EfficientNet: depth, width and size grow together (Tan and Le, 2019).

Example:
    >>> efficientnet = keras.applications.efficientnet
    >>> model = efficientnet.EfficientNetB0(weights=None, include_top=False)
    >>> model.output_shape
    (None, None, None, 1280)
"""

import math
from typing import Any

from ..layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    Multiply,
    Normalization,
    Reshape,
    ZeroPadding2D,
)
from ..layers.preprocessing.resizing import Rescaling
from .building import (
    Plan,
    Wish,
    axis,
    classifier,
    divisible,
    same_padding,
    standard,
)
from .imagenet_utils import DEVIATION, decode_predictions, preprocessing

__all__ = [
    *(f"EfficientNetB{n}" for n in range(8)),
    "decode_predictions",
    "preprocess_input",
]

FAMILY = """blocks that widen, filter and weigh their channels.
    Tan and Le, https://arxiv.org/abs/1905.11946. The model takes pixels from 0 to
    255."""
# kernel, how many blocks, channels, expansion, stride of the first
STAGES = [
    (3, 1, 16, 1, 1),
    (3, 2, 24, 6, 2),
    (5, 2, 40, 6, 2),
    (3, 3, 80, 6, 2),
    (5, 3, 112, 6, 1),
    (5, 4, 192, 6, 2),
    (3, 1, 320, 6, 1),
]
# factors of channels and blocks, size of images, dropout before the top
SIZES = [(1.0, 1.0, 224, 0.2), (1.0, 1.1, 240, 0.2), (1.1, 1.2, 260, 0.3)]
SIZES += [(1.2, 1.4, 300, 0.3), (1.4, 1.8, 380, 0.4), (1.6, 2.2, 456, 0.4)]
SIZES += [(1.8, 2.6, 528, 0.5), (2.0, 3.1, 600, 0.5)]
DROPPED = 0.2  # rate at which the last block is left out in training


def initial(scale: float, distribution: str) -> dict[str, Any]:
    """Return the config of an initializer that looks at the outputs."""
    config = {"scale": scale, "mode": "fan_out", "distribution": distribution}
    return {"class_name": "VarianceScaling", "config": config}


KERNEL = initial(2.0, "truncated_normal")
TOP = initial(1.0 / 3.0, "uniform")


class Blocks:
    """The parts of which both EfficientNets are made.

    Args:
        momentum: of the batch normalization.
    """

    def __init__(self, momentum: float) -> None:
        self.momentum = momentum

    def normed(self, x: Any, name: str, active: str | None = None) -> Any:
        """Batch normalization, and silu if it has a name."""
        x = BatchNormalization(axis=axis(), momentum=self.momentum, name=name)(x)
        return Activation("silu", name=active)(x) if active else x

    def convolved(self, x: Any, filters: int, size: int, name: str, **kind: Any) -> Any:
        """A convolution without bias."""
        kind = {"padding": "same", "use_bias": False, "name": name, **kind}
        return Conv2D(filters, size, kernel_initializer=KERNEL, **kind)(x)

    def weighed(self, x: Any, squeezed: int, prefix: str) -> Any:
        """Multiply each channel by a number between 0 and 1 that all of them tell."""
        channels = x.shape[axis()]
        shape = (1, 1, channels) if axis() == 3 else (channels, 1, 1)
        y = GlobalAveragePooling2D(name=f"{prefix}se_squeeze")(x)
        y = Reshape(shape, name=f"{prefix}se_reshape")(y)
        for name, count, activation in (
            ("reduce", squeezed, "silu"),
            ("expand", channels, "sigmoid"),
        ):
            kind = {"activation": activation, "use_bias": True}
            y = self.convolved(y, count, 1, f"{prefix}se_{name}", **kind)
        return Multiply(name=f"{prefix}se_excite")([x, y])

    def added(self, x: Any, around: Any, rate: float, prefix: str) -> Any:
        """Add what went around, if it fits; leave the block out at a rate."""
        if rate > 0:
            shape = (None, 1, 1, 1)
            x = Dropout(rate, noise_shape=shape, name=f"{prefix}drop")(x)
        return Add(name=f"{prefix}add")([x, around])


def weighed_top(rate: float, **options: Any) -> Any:
    """Return the top: the mean over the image, dropout, a dense layer."""

    def top(x: Any, wish: Wish) -> Any:
        x = GlobalAveragePooling2D(name="avg_pool")(x)
        x = Dropout(rate, name="top_dropout")(x) if rate > 0 else x
        return classifier(x, wish, kernel_initializer=TOP, **options)

    return top


def depthwise(
    blocks: Blocks, x: Any, kernel: int, stride: int, prefix: str, padded: bool
) -> Any:
    """The convolution of each channel alone; where it halves, some pad before it."""
    padding, name = "same", f"{prefix}dwconv{'' if padded else '2'}"
    if padded and stride == 2:
        x = ZeroPadding2D(same_padding(x, kernel), name=f"{prefix}dwconv_pad")(x)
        padding = "valid"
    kind: dict[str, Any] = {"padding": padding, "use_bias": False, "name": name}
    kind["depthwise_initializer"] = KERNEL
    x = DepthwiseConv2D(kernel, strides=stride, **kind)(x)
    return blocks.normed(x, f"{prefix}bn", f"{prefix}activation")


def mobile_block(
    blocks: Blocks,
    x: Any,
    filters: int,
    kernel: int,
    expansion: int,
    stride: int,
    rate: float,
    prefix: str,
    padded: bool,
) -> Any:
    """Widen, filter, weigh, narrow."""
    around, channels = x, x.shape[axis()]
    if expansion != 1:
        x = blocks.convolved(x, channels * expansion, 1, f"{prefix}expand_conv")
        x = blocks.normed(x, f"{prefix}expand_bn", f"{prefix}expand_activation")
    x = depthwise(blocks, x, kernel, stride, prefix, padded)
    x = blocks.weighed(x, max(1, channels // 4), prefix)
    x = blocks.convolved(x, filters, 1, f"{prefix}project_conv")
    x = blocks.normed(x, f"{prefix}project_bn")
    if stride == 1 and channels == filters:
        x = blocks.added(x, around, rate, prefix)
    return x


def _features(width: float, depth: float, scaled: bool = False) -> Any:
    blocks = Blocks(momentum=0.99)

    def features(x: Any) -> Any:
        x = Rescaling(1.0 / 255.0)(x)
        x = Normalization(axis=axis())(x)
        if scaled:  # the weights of ImageNet were made with variances not their roots
            x = Rescaling([1.0 / math.sqrt(s) for s in DEVIATION])(x)
        x = ZeroPadding2D(same_padding(x, 3), name="stem_conv_pad")(x)
        kind = {"strides": 2, "padding": "valid"}
        x = blocks.convolved(x, divisible(32 * width), 3, "stem_conv", **kind)
        x = blocks.normed(x, "stem_bn", "stem_activation")
        repeats = [math.ceil(depth * stage[1]) for stage in STAGES]
        done = 0
        for stage, (kernel, _, filters, expansion, stride) in enumerate(STAGES, 1):
            for n in range(repeats[stage - 1]):
                prefix = f"block{stage}{chr(97 + n)}_"
                shape = (divisible(filters * width), kernel, expansion)
                rate = DROPPED * done / sum(repeats)
                step = 1 if n else stride
                x = mobile_block(blocks, x, *shape, step, rate, prefix, padded=True)
                done += 1
        x = blocks.convolved(x, divisible(1280 * width), 1, "top_conv")
        return blocks.normed(x, "top_bn", "top_activation")

    return features


def _variant(n: int) -> Any:
    width, depth, size, rate = SIZES[n]
    plan = Plan(
        _features(width, depth),
        size=size,
        file=("efficientnet", f"b{n}"),
        top=weighed_top(rate),
        pools=("avg_pool", "max_pool"),
        trained=_features(width, depth, scaled=True),
    )
    name = f"EfficientNetB{n}"
    return standard(__name__, name, name.lower(), FAMILY, plan)


EfficientNetB0, EfficientNetB1, EfficientNetB2, EfficientNetB3 = map(_variant, range(4))
EfficientNetB4, EfficientNetB5, EfficientNetB6, EfficientNetB7 = (
    _variant(n) for n in range(4, 8)
)
preprocess_input = preprocessing(__name__, "identity")
