"""EfficientNetV2: whole convolutions first, depthwise ones later (Tan and Le, 2021)."""

import math
from typing import Any

from ..layers import Activation, Normalization
from ..layers.preprocessing.resizing import Rescaling
from ..models import Model
from .building import Plan, Wish, assembled, axis, public
from .efficientnet import DROPPED, Blocks, mobile_block, weighed_top
from .imagenet_utils import DEVIATION, MEAN, decode_predictions, preprocessing

__all__ = [
    *(f"EfficientNetV2{name}" for name in ("B0", "B1", "B2", "B3", "L", "M", "S")),
    "decode_predictions",
    "preprocess_input",
]

FAMILY = """blocks as EfficientNet's; the first have whole convolutions.
    Tan and Le, https://arxiv.org/abs/2104.00298. The model takes pixels from 0 to
    255."""
ARGUMENTS = """
        include_preprocessing: begin with layers that scale the pixels."""
# how many blocks, channels, expansion, stride of the first, whether convolved whole
Stages = list[tuple[int, int, int, int, bool]]
BASE: Stages = [(1, 16, 1, 1, True), (2, 32, 4, 2, True), (2, 48, 4, 2, True)]
BASE += [(3, 96, 4, 2, False), (5, 112, 6, 1, False), (8, 192, 6, 2, False)]
SMALL: Stages = [(2, 24, 1, 1, True), (4, 48, 4, 2, True), (4, 64, 4, 2, True)]
SMALL += [(6, 128, 4, 2, False), (9, 160, 6, 1, False), (15, 256, 6, 2, False)]
MEDIUM: Stages = [(3, 24, 1, 1, True), (5, 48, 4, 2, True), (5, 80, 4, 2, True)]
MEDIUM += [(7, 160, 4, 2, False), (14, 176, 6, 1, False), (18, 304, 6, 2, False)]
MEDIUM += [(5, 512, 6, 1, False)]
LARGE: Stages = [(4, 32, 1, 1, True), (7, 64, 4, 2, True), (7, 96, 4, 2, True)]
LARGE += [(10, 192, 4, 2, False), (19, 224, 6, 1, False), (25, 384, 6, 2, False)]
LARGE += [(7, 640, 6, 1, False)]


def _whole_block(
    blocks: Blocks,
    x: Any,
    filters: int,
    expansion: int,
    stride: int,
    rate: float,
    prefix: str,
) -> Any:
    around, channels, wide = x, x.shape[axis()], expansion != 1
    if wide:
        name = f"{prefix}expand_conv"
        x = blocks.convolved(x, channels * expansion, 3, name, strides=stride)
        x = blocks.normed(x, f"{prefix}expand_bn", f"{prefix}expand_activation")
    size, step = (1, 1) if wide else (3, stride)
    x = blocks.convolved(x, filters, size, f"{prefix}project_conv", strides=step)
    x = blocks.normed(x, f"{prefix}project_bn")
    if not wide:
        x = Activation("silu", name=f"{prefix}project_activation")(x)
    if stride == 1 and channels == filters:
        x = blocks.added(x, around, rate, prefix)
    return x


def _rescaled(x: Any, base: bool) -> Any:
    """Scale as the weights of ImageNet were trained."""
    if not base:
        return Rescaling(1.0 / 128.0, offset=-1)(x)
    x = Rescaling(1.0 / 255.0)(x)
    variance = [s**2 for s in DEVIATION]
    return Normalization(mean=list(MEAN), variance=variance, axis=axis())(x)


def _rounded(number: float) -> int:
    """Round a number of channels to a multiple of 8, here also by more than a tenth."""
    return int(number + 4) // 8 * 8


def _features(
    stages: Stages, width: float, depth: float, rescaled: bool, stem: int
) -> Any:
    blocks = Blocks(momentum=0.9)

    def features(x: Any) -> Any:
        x = _rescaled(x, stages is BASE) if rescaled else x
        x = blocks.convolved(x, _rounded(stem * width), 3, "stem_conv", strides=2)
        x = blocks.normed(x, "stem_bn", "stem_activation")
        repeats = [math.ceil(depth * stage[0]) for stage in stages]
        done, total = 0, sum(stage[0] for stage in stages)
        for stage, (_, channels, expansion, stride, whole) in enumerate(stages, 1):
            filters = _rounded(channels * width)
            for n in range(repeats[stage - 1]):
                prefix = f"block{stage}{chr(97 + n)}_"
                rate, step = DROPPED * done / total, 1 if n else stride
                rest = (expansion, step, rate, prefix)
                if whole:
                    x = _whole_block(blocks, x, filters, *rest)
                else:
                    x = mobile_block(blocks, x, filters, 3, *rest, padded=False)
                done += 1
        x = blocks.convolved(x, _rounded(1280 * width), 1, "top_conv")
        return blocks.normed(x, "top_bn", "top_activation")

    return features


def _variant(
    kind: str, stages: Stages, size: int, width: float = 1.0, depth: float = 1.0
) -> Any:
    stem = 32 if stages is BASE else stages[0][1]

    def model(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        include_preprocessing: bool = True,
        name: str = f"efficientnetv2-{kind.lower()}",
    ) -> Model:
        wish = Wish(
            *(include_top, weights, input_tensor, input_shape, pooling, classes),
            *(classifier_activation, name),
        )
        plan = Plan(
            _features(stages, width, depth, include_preprocessing, stem),
            size=size,
            file=("efficientnet_v2", kind.lower()),
            top=weighed_top(
                0.2,
                bias_initializer={"class_name": "Constant", "config": {"value": 0.0}},
            ),
            pools=("avg_pool", "max_pool"),
        )
        return assembled(wish, plan)

    called = f"EfficientNetV2{kind}"
    text = f"{size} x {size}, 3 channels"
    return public(model, __name__, called, FAMILY, text, ARGUMENTS)


EfficientNetV2B0 = _variant("B0", BASE, 224)
EfficientNetV2B1 = _variant("B1", BASE, 240, 1.0, 1.1)
EfficientNetV2B2 = _variant("B2", BASE, 260, 1.1, 1.2)
EfficientNetV2B3 = _variant("B3", BASE, 300, 1.2, 1.4)
EfficientNetV2S = _variant("S", SMALL, 384)
EfficientNetV2M = _variant("M", MEDIUM, 480)
EfficientNetV2L = _variant("L", LARGE, 480)
preprocess_input = preprocessing(__name__, "identity")
