"""VGG19: VGG with nineteen layers of weights (Simonyan and Zisserman, 2014)."""

from .imagenet_utils import decode_predictions, preprocessing
from .vgg16 import vgg

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]

VGG19 = vgg(__name__, "VGG19", (2, 2, 4, 4, 4))
preprocess_input = preprocessing(__name__, "caffe")
