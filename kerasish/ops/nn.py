"""The ops that only neural networks use, under the name that Keras gives the group."""

from . import activation, attention, convolution, crossentropy, ctc, normalization
from .activation import *  # noqa: F403
from .attention import *  # noqa: F403
from .convolution import *  # noqa: F403
from .crossentropy import *  # noqa: F403
from .ctc import *  # noqa: F403
from .normalization import *  # noqa: F403
from .patches import depth_to_space, fold, space_to_depth, unfold  # noqa: F401

__all__ = [
    *("depth_to_space", "fold", "space_to_depth", "unfold"),
    *activation.__all__,
    *attention.__all__,
    *convolution.__all__,
    *crossentropy.__all__,
    *ctc.__all__,
    *normalization.__all__,
]
