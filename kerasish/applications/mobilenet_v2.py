"""MobileNetV2: narrow ends, wide middles (Sandler and others, 2018).

Example:
    >>> mobilenet = keras.applications.mobilenet_v2
    >>> model = mobilenet.MobileNetV2(
    ...     input_shape=(32, 32, 3), alpha=0.35, weights=None, classes=10
    ... )
    >>> model.name, model.output_shape
    ('mobilenetv2_0.35_32', (None, 10))
"""

from typing import Any

from ..layers import (
    Add,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    ReLU,
    ZeroPadding2D,
)
from ..models import Model
from .building import (
    Plan,
    Wish,
    assembled,
    axis,
    dense_top,
    divisible,
    image_shape,
    public,
    same_padding,
    spatial,
)
from .imagenet_utils import decode_predictions, preprocessing
from .mobilenet import check_alpha, trained_size

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

FAMILY = """blocks that widen, filter and narrow, with ways around the narrow ends.
    Sandler and others, https://arxiv.org/abs/1801.04381. Images are prepared by
    `preprocess_input` beside it."""
ARGUMENTS = """
        alpha: factor of the numbers of channels."""
SIZES = (96, 128, 160, 192, 224)
# channels, how many blocks, stride of the first
STAGES = [(16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2)]
STAGES += [(320, 1, 1)]


def _normed(x: Any, name: str) -> Any:
    return BatchNormalization(axis=axis(-1), momentum=0.999, name=name)(x)


def _block(x: Any, filters: int, stride: int, n: int) -> Any:
    around, prefix = x, f"block_{n}_" if n else "expanded_conv_"
    channels = x.shape[axis()]
    kind: dict[str, Any] = {"padding": "same", "use_bias": False}
    if n:
        x = Conv2D(6 * channels, 1, name=f"{prefix}expand", **kind)(x)
        x = _normed(x, f"{prefix}expand_BN")
        x = ReLU(6.0, name=f"{prefix}expand_relu")(x)
    padding = "same"
    if stride == 2:
        x = ZeroPadding2D(same_padding(x, 3), name=f"{prefix}pad")(x)
        padding = "valid"
    middle = {"padding": padding, "use_bias": False, "name": f"{prefix}depthwise"}
    x = DepthwiseConv2D(3, strides=stride, **middle)(x)
    x = _normed(x, f"{prefix}depthwise_BN")
    x = ReLU(6.0, name=f"{prefix}depthwise_relu")(x)
    x = Conv2D(filters, 1, name=f"{prefix}project", **kind)(x)
    x = _normed(x, f"{prefix}project_BN")
    if channels == filters and stride == 1:
        x = Add(name=f"{prefix}add")([around, x])
    return x


def _features(alpha: float) -> Any:
    def features(x: Any) -> Any:
        kind = {"padding": "same", "use_bias": False}
        x = Conv2D(divisible(32 * alpha), 3, strides=2, name="Conv1", **kind)(x)
        x = ReLU(6.0, name="Conv1_relu")(_normed(x, "bn_Conv1"))
        n = 0
        for filters, depth, stride in STAGES:
            for place in range(depth):
                first = stride if place == 0 else 1
                x = _block(x, divisible(filters * alpha), first, n)
                n += 1
        last = divisible(1280 * max(alpha, 1.0))
        x = Conv2D(last, 1, use_bias=False, name="Conv_1")(x)
        return ReLU(6.0, name="out_relu")(_normed(x, "Conv_1_bn"))

    return features


def _top(x: Any, wish: Wish) -> Any:
    return dense_top(x, wish, pool=None)


def MobileNetV2(
    input_shape: Any = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    wish = Wish(
        *(include_top, weights, input_tensor, input_shape, pooling, classes),
        *(classifier_activation, name or "mobilenetv2"),
    )
    check_alpha(wish, alpha, (0.35, 0.5, 0.75, 1.0, 1.3, 1.4))
    size = trained_size(wish, SIZES)
    file = ("mobilenet_v2", str(float(alpha)), str(size))
    plan = Plan(_features(alpha), size=size, file=file, top=_top)
    rows = spatial(image_shape(wish, plan))[0]
    wish.name = name or f"mobilenetv2_{alpha:0.2f}_{rows}"
    return assembled(wish, plan)


public(MobileNetV2, __name__, "MobileNetV2", FAMILY, others=ARGUMENTS)
preprocess_input = preprocessing(__name__, "tf")
