"""ResNet whose blocks normalize first (He and others, 2016)."""

from typing import Any

from ..layers import Add, Conv2D, MaxPooling2D, ZeroPadding2D
from .imagenet_utils import decode_predictions, preprocessing
from .resnet import activated, stem, variants

__all__ = [
    "ResNet50V2",
    "ResNet101V2",
    "ResNet152V2",
    "decode_predictions",
    "preprocess_input",
]

FAMILY = """four stages of blocks that normalize before they convolve.
    He, Zhang, Ren and Sun, https://arxiv.org/abs/1603.05027. Images are prepared by
    `preprocess_input` beside it."""


def _block(x: Any, filters: int, stride: int, first: bool, name: str) -> Any:
    ready = activated(x, f"{name}_preact")
    if first:
        around = Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(ready)
    else:
        around = MaxPooling2D(1, strides=stride)(x) if stride > 1 else x
    x = Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(ready)
    x = activated(x, f"{name}_1")
    x = ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = Conv2D(filters, 3, stride, use_bias=False, name=f"{name}_2_conv")(x)
    x = activated(x, f"{name}_2")
    x = Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    return Add(name=f"{name}_out")([around, x])


def _features(depths: tuple[int, ...]) -> Any:
    def features(x: Any) -> Any:
        x = stem(x, normalized=False)
        for stage, depth in enumerate(depths):
            for n in range(depth):  # the last block of a stage halves, not the first
                stride = 2 if n == depth - 1 and stage < 3 else 1
                name = f"conv{stage + 2}_block{n + 1}"
                x = _block(x, 64 * 2**stage, stride, n == 0, name)
        return activated(x, "post")

    return features


ResNet50V2, ResNet101V2, ResNet152V2 = variants(__name__, "V2", _features, FAMILY)
preprocess_input = preprocessing(__name__, "tf")
