"""MobileNetV3: a searched MobileNet that weighs its channels (Howard and others, 2019).

Example:
    >>> model = keras.applications.MobileNetV3Small(
    ...     input_shape=(32, 32, 3), minimalistic=True, weights=None, classes=10
    ... )
    >>> model.name, model.output_shape
    ('MobileNetV3Small', (None, 10))
"""

from typing import Any

from ..layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Multiply,
    ReLU,
    ZeroPadding2D,
)
from ..layers.preprocessing.resizing import Rescaling
from ..models import Model
from .building import Plan, Wish, assembled, axis, divisible, public, same_padding
from .imagenet_utils import decode_predictions, preprocessing
from .mobilenet import check_alpha

__all__ = ["decode_predictions", "preprocess_input"]

FAMILY = """blocks of MobileNetV2, some of which weigh their channels.
    Howard and others, https://arxiv.org/abs/1905.02244. The model takes pixels from 0
    to 255."""
ARGUMENTS = """
        alpha: factor of the numbers of channels.
        minimalistic: with plain layers only: kernels of 3, relu, no weighing.
        dropout_rate: before the top.
        include_preprocessing: begin with a layer that maps pixels to -1 ... 1."""
# expansion, channels, kernel, stride, whether it weighs, whether it has hard swish
SMALL: list[tuple[float, int, int, int, bool, bool]] = [
    (1, 16, 3, 2, True, False),
    (72 / 16, 24, 3, 2, False, False),
    (88 / 24, 24, 3, 1, False, False),
    (4, 40, 5, 2, True, True),
    *[(6, 40, 5, 1, True, True)] * 2,
    *[(3, 48, 5, 1, True, True)] * 2,
    (6, 96, 5, 2, True, True),
    *[(6, 96, 5, 1, True, True)] * 2,
]
LARGE: list[tuple[float, int, int, int, bool, bool]] = [
    (1, 16, 3, 1, False, False),
    (4, 24, 3, 2, False, False),
    (3, 24, 3, 1, False, False),
    (3, 40, 5, 2, True, False),
    *[(3, 40, 5, 1, True, False)] * 2,
    (6, 80, 3, 2, False, True),
    (2.5, 80, 3, 1, False, True),
    *[(2.3, 80, 3, 1, False, True)] * 2,
    *[(6, 112, 3, 1, True, True)] * 2,
    (6, 160, 5, 2, True, True),
    *[(6, 160, 5, 1, True, True)] * 2,
]


def _active(x: Any, swish: bool) -> Any:
    return Activation("hard_silu")(x) if swish else ReLU()(x)


def _normed(x: Any, name: str) -> Any:
    return BatchNormalization(axis=axis(-1), momentum=0.999, name=name)(x)


def _weighed(x: Any, prefix: str) -> Any:
    """Multiply each channel by a number between 0 and 1 that all of them tell."""
    channels, prefix = x.shape[axis()], f"{prefix}squeeze_excite_"
    y = GlobalAveragePooling2D(keepdims=True, name=f"{prefix}avg_pool")(x)
    kind: dict[str, Any] = {"padding": "same"}
    y = Conv2D(divisible(channels * 0.25), 1, name=f"{prefix}conv", **kind)(y)
    y = ReLU(name=f"{prefix}relu")(y)
    y = Conv2D(channels, 1, name=f"{prefix}conv_1", **kind)(y)
    y = ReLU(6.0)(y + 3.0) * (1.0 / 6.0)
    return Multiply(name=f"{prefix}mul")([x, y])


def _block(x: Any, step: Any, alpha: float, minimal: bool, n: int) -> Any:
    expansion, filters, kernel, stride, weighs, swish = step
    if minimal:
        kernel, weighs, swish = 3, False, False
    filters, around, channels = divisible(filters * alpha), x, x.shape[axis()]
    prefix = f"expanded_conv_{n}_" if n else "expanded_conv_"
    kind: dict[str, Any] = {"padding": "same", "use_bias": False}
    if n:
        wide = divisible(channels * expansion)
        x = Conv2D(wide, 1, name=f"{prefix}expand", **kind)(x)
        x = _active(_normed(x, f"{prefix}expand_bn"), swish)
    if stride == 2:
        x = ZeroPadding2D(same_padding(x, kernel), name=f"{prefix}depthwise_pad")(x)
    padding = "same" if stride == 1 else "valid"
    middle = {"padding": padding, "use_bias": False, "name": f"{prefix}depthwise"}
    x = DepthwiseConv2D(kernel, strides=stride, **middle)(x)
    x = _active(_normed(x, f"{prefix}depthwise_bn"), swish)
    x = _weighed(x, prefix) if weighs else x
    x = Conv2D(filters, 1, name=f"{prefix}project", **kind)(x)
    x = _normed(x, f"{prefix}project_bn")
    if stride == 1 and channels == filters:
        x = Add(name=f"{prefix}add")([around, x])
    return x


def _features(steps: Any, alpha: float, minimal: bool, rescaled: bool) -> Any:
    def features(x: Any) -> Any:
        if rescaled:
            x = Rescaling(scale=1.0 / 127.5, offset=-1.0)(x)
        kind = {"padding": "same", "use_bias": False}
        x = Conv2D(16, 3, strides=2, name="conv", **kind)(x)
        x = _active(_normed(x, "conv_bn"), not minimal)
        for n, step in enumerate(steps):
            x = _block(x, step, alpha, minimal, n)
        last = divisible(6 * x.shape[axis()])
        x = Conv2D(last, 1, name="conv_1", **kind)(x)
        return _active(_normed(x, "conv_1_bn"), not minimal)

    return features


def _top(channels: int, minimal: bool, rate: float) -> Any:
    def top(x: Any, wish: Wish) -> Any:
        x = GlobalAveragePooling2D(keepdims=True)(x)
        x = Conv2D(channels, 1, padding="same", name="conv_2")(x)
        x = _active(x, not minimal)
        x = Dropout(rate)(x) if rate > 0 else x
        x = Conv2D(wish.classes, 1, padding="same", name="logits")(x)
        x = Flatten()(x)
        return Activation(wish.classifier_activation, name="predictions")(x)

    return top


def _variant(called: str, steps: Any, last: int) -> Any:
    def model(
        input_shape: Any = None,
        alpha: float = 1.0,
        minimalistic: bool = False,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        classes: int = 1000,
        pooling: str | None = None,
        dropout_rate: float = 0.2,
        classifier_activation: Any = "softmax",
        include_preprocessing: bool = True,
        name: str = called,
    ) -> Model:
        wish = Wish(
            *(include_top, weights, input_tensor, input_shape, pooling, classes),
            *(classifier_activation, name),
        )
        check_alpha(wish, alpha, (1.0,) if minimalistic else (0.75, 1.0))
        size = called.removeprefix("MobileNetV3").lower()
        plain = "minimalistic_" if minimalistic else ""
        plan = Plan(
            _features(steps, alpha, minimalistic, include_preprocessing),
            size=None,
            file=("mobilenet_v3", f"{size}_{plain}224_{float(alpha)}_float"),
            top=_top(divisible(last * max(alpha, 1.0)), minimalistic, dropout_rate),
            pools=("avg_pool", "max_pool"),
        )
        return assembled(wish, plan)

    size = "of any size, 3 channels"
    return public(model, __name__, called, FAMILY, size, ARGUMENTS)


MobileNetV3Large = _variant("MobileNetV3Large", LARGE, 1280)
MobileNetV3Small = _variant("MobileNetV3Small", SMALL, 1024)
preprocess_input = preprocessing(__name__, "identity")
