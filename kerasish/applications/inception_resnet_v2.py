"""Inception with ways around its blocks (Szegedy and others, 2016)."""

from typing import Any

from .. import registry
from ..layers import Activation, Conv2D, Layer, MaxPooling2D
from .building import Plan, axis, standard
from .imagenet_utils import decode_predictions, preprocessing
from .inception_v3 import convolved, halved, joined, path, small, stem

__all__ = ["InceptionResNetV2", "decode_predictions", "preprocess_input"]

FAMILY = """blocks of paths of different reach, scaled and added to what came in.
    Szegedy and others, https://arxiv.org/abs/1602.07261. Images are prepared by
    `preprocess_input` beside it."""
# The paths of each kind of block: steps of (filters, rows, columns if others).
PATHS: dict[str, list[list[tuple[int, ...]]]] = {
    "block35": [[(32, 1)], [(32, 1), (32, 3)], [(32, 1), (48, 3), (64, 3)]],
    "block17": [[(192, 1)], [(128, 1), (160, 1, 7), (192, 7, 1)]],
    "block8": [[(192, 1)], [(192, 1), (224, 1, 3), (256, 3, 1)]],
}


class CustomScaleLayer(Layer):
    """Add to the first of two tensors a multiple of the second: `a + scale b`.

    Args:
        scale: the factor.
    """

    def __init__(self, scale: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: Any) -> Any:
        """Return the sum."""
        return inputs[0] + self.scale * inputs[1]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the first."""
        return tuple(input_shape[0])


def _block(x: Any, kind: str, n: int, scale: float, activated: bool = True) -> Any:
    name = f"{kind}_{n}"
    new = joined([path(x, *steps) for steps in PATHS[kind]], f"{name}_mixed")
    filters = x.shape[axis()]
    new = Conv2D(filters, 1, padding="same", name=f"{name}_conv")(new)
    x = CustomScaleLayer(scale)([x, new])
    return Activation("relu", name=f"{name}_ac")(x) if activated else x


def _features(x: Any) -> Any:
    x = small(stem(x), 96, 64, "mixed_5b")
    for n in range(1, 11):
        x = _block(x, "block35", n, 0.17)
    paths = [halved(x, 384), halved(path(x, (256, 1), (256, 3)), 384)]
    x = joined([*paths, MaxPooling2D(3, strides=2)(x)], "mixed_6a")
    for n in range(1, 21):
        x = _block(x, "block17", n, 0.1)
    paths = [
        halved(path(x, (256, 1)), 384),
        halved(path(x, (256, 1)), 288),
        halved(path(x, (256, 1), (288, 3)), 320),
    ]
    x = joined([*paths, MaxPooling2D(3, strides=2)(x)], "mixed_7a")
    for n in range(1, 11):
        x = _block(x, "block8", n, 0.2 if n < 10 else 1.0, activated=n < 10)
    return convolved(x, 1536, 1, name="conv_7b")


InceptionResNetV2 = standard(
    __name__,
    "InceptionResNetV2",
    "inception_resnet_v2",
    FAMILY,
    Plan(_features, size=299, smallest=75, file=("inception_resnet_v2",)),
)
preprocess_input = preprocessing(__name__, "tf")
registry.add_namespace(
    "applications.inception_resnet_v2", {"CustomScaleLayer": CustomScaleLayer}
)
