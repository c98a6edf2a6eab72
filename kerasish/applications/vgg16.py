"""VGG: stacks of small convolutions (Simonyan and Zisserman, 2014).

Example:
    >>> vgg = keras.applications.vgg16
    >>> model = vgg.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    >>> model.output_shape
    (None, 1, 1, 512)
"""

from typing import Any

from ..layers import Conv2D, Dense, Flatten, MaxPooling2D
from .building import Plan, Wish, classifier, standard
from .imagenet_utils import decode_predictions, preprocessing

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]

FAMILY = """five blocks of convolutions of 3 x 3, and three dense layers.
    Simonyan and Zisserman, https://arxiv.org/abs/1409.1556. Images are prepared by
    `preprocess_input` beside it."""


def _features(depths: tuple[int, ...]) -> Any:
    def features(x: Any) -> Any:
        for block, (depth, filters) in enumerate(zip(depths, (64, 128, 256, 512, 512))):
            for n in range(depth):
                name = f"block{block + 1}_conv{n + 1}"
                x = Conv2D(filters, 3, activation="relu", padding="same", name=name)(x)
            x = MaxPooling2D(2, strides=2, name=f"block{block + 1}_pool")(x)
        return x

    return features


def _top(x: Any, wish: Wish) -> Any:
    x = Flatten(name="flatten")(x)
    x = Dense(4096, activation="relu", name="fc1")(x)
    x = Dense(4096, activation="relu", name="fc2")(x)
    return classifier(x, wish)


def vgg(home: str, name: str, depths: tuple[int, ...]) -> Any:
    """Return the function for blocks of these depths."""
    plan = Plan(_features(depths), file=(name.lower(),), top=_top)
    return standard(home, name, name.lower(), FAMILY, plan)


VGG16 = vgg(__name__, "VGG16", (2, 2, 3, 3, 3))
preprocess_input = preprocessing(__name__, "caffe")
