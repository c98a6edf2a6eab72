"""Functions of tensors: the names and meanings of `keras.ops`.

Each op is one function. Given arrays, numbers, nested lists or variables it computes
at once; a call with symbolic tensors is recorded in the graph.
"""

from .. import registry
from . import control, conversion, fourier, image, linalg, nn, numpy, segments
from .activation import *  # noqa: F403
from .arithmetic import *  # noqa: F403
from .attention import *  # noqa: F403
from .control import *  # noqa: F403
from .conversion import *  # noqa: F403
from .convolution import *  # noqa: F403
from .creation import *  # noqa: F403
from .crossentropy import *  # noqa: F403
from .ctc import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .fourier import *  # noqa: F403
from .indexing import *  # noqa: F403
from .linalg import *  # noqa: F403
from .logic import *  # noqa: F403
from .nan_reduction import *  # noqa: F403
from .normalization import *  # noqa: F403
from .patches import depth_to_space, fold, space_to_depth, unfold
from .product import *  # noqa: F403
from .reduction import *  # noqa: F403
from .segments import *  # noqa: F403
from .shaping import *  # noqa: F403
from .statistics import *  # noqa: F403

__all__ = [
    *control.__all__,
    *conversion.__all__,
    *fourier.__all__,
    *linalg.__all__,
    *nn.__all__,
    *numpy.__all__,
    *segments.__all__,
]

registry.add_namespace("ops", {name: globals()[name] for name in __all__})
