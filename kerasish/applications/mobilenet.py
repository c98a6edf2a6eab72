"""MobileNet: depthwise convolutions for small devices (Howard and others, 2017).

Example:
    >>> mobilenet = keras.applications.mobilenet
    >>> model = mobilenet.MobileNet(
    ...     input_shape=(32, 32, 3), alpha=0.25, weights=None, classes=10
    ... )
    >>> model.name, model.output_shape
    ('mobilenet_0.25_32', (None, 10))
"""

from typing import Any

from ..layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    ReLU,
    Reshape,
    ZeroPadding2D,
)
from ..models import Model
from .building import Plan, Wish, assembled, axis, image_shape, public, spatial
from .imagenet_utils import decode_predictions, preprocessing

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]

FAMILY = """depthwise convolutions, then ones of 1 x 1, again and again.
    Howard and others, https://arxiv.org/abs/1704.04861. Images are prepared by
    `preprocess_input` beside it."""
ARGUMENTS = """
        alpha: factor of the numbers of channels.
        depth_multiplier: channels that each depthwise convolution makes of one.
        dropout: rate before the top."""
SIZES = (128, 160, 192, 224)


def trained_size(wish: Wish, sizes: tuple[int, ...]) -> int:
    """Return the size of images by default: of those that were trained the given."""
    given = spatial(wish.input_shape) if wish.input_shape is not None else (None,)
    square = len(set(given)) == 1 and given[0] in sizes
    return given[0] if square and given[0] is not None else sizes[-1]


def check_alpha(wish: Wish, alpha: float, alphas: tuple[float, ...]) -> None:
    """Refuse an `alpha` that there are no weights for.

    Raises:
        ValueError: if it is another one.
    """
    if wish.weights == "imagenet" and alpha not in alphas:
        raise ValueError(
            f"There are weights 'imagenet' for `alpha` {alphas}, got {alpha!r}."
        )


def _ready(x: Any, name: str) -> Any:
    x = BatchNormalization(axis=axis(-1), name=f"{name}_bn")(x)
    return ReLU(6.0, name=f"{name}_relu")(x)


def _block(x: Any, filters: int, multiplier: int, stride: int, n: int) -> Any:
    kind: dict[str, Any] = {"use_bias": False, "name": f"conv_dw_{n}"}
    if stride == 1:
        kind["padding"] = "same"
    else:
        x = ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{n}")(x)
    x = DepthwiseConv2D(3, strides=stride, depth_multiplier=multiplier, **kind)(x)
    x = _ready(x, f"conv_dw_{n}")
    name = f"conv_pw_{n}"
    x = Conv2D(filters, 1, padding="same", use_bias=False, name=name)(x)
    return _ready(x, name)


def _features(alpha: float, multiplier: int) -> Any:
    def features(x: Any) -> Any:
        kind = {"padding": "same", "use_bias": False}
        x = Conv2D(int(32 * alpha), 3, strides=2, name="conv1", **kind)(x)
        x = _ready(x, "conv1")
        filters = (64, 128, 128, 256, 256, *[512] * 6, 1024, 1024)
        for n, count in enumerate(filters, 1):
            stride = 2 if n in (2, 4, 6, 12) else 1
            x = _block(x, int(count * alpha), multiplier, stride, n)
        return x

    return features


def _top(rate: float) -> Any:
    def top(x: Any, wish: Wish) -> Any:
        x = GlobalAveragePooling2D(keepdims=True)(x)
        x = Dropout(rate, name="dropout")(x)
        x = Conv2D(wish.classes, 1, padding="same", name="conv_preds")(x)
        x = Reshape((wish.classes,), name="reshape_2")(x)
        return Activation(wish.classifier_activation, name="predictions")(x)

    return top


def MobileNet(
    input_shape: Any = None,
    alpha: float = 1.0,
    depth_multiplier: int = 1,
    dropout: float = 0.001,
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
        *(classifier_activation, name or "mobilenet"),
    )
    check_alpha(wish, alpha, (0.25, 0.5, 0.75, 1.0))
    if weights == "imagenet" and depth_multiplier != 1:
        raise ValueError(
            "The weights 'imagenet' need `depth_multiplier=1`, got "
            f"{depth_multiplier!r}."
        )
    size = trained_size(wish, SIZES)
    texts = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}
    plan = Plan(
        _features(alpha, depth_multiplier),
        size=size,
        file=("mobilenet", texts.get(alpha, ""), str(size)),
        top=_top(dropout),
    )
    rows = spatial(image_shape(wish, plan))[0]
    wish.name = name or f"mobilenet_{alpha:0.2f}_{rows}"
    return assembled(wish, plan)


public(MobileNet, __name__, "MobileNet", FAMILY, others=ARGUMENTS)
preprocess_input = preprocessing(__name__, "tf")
