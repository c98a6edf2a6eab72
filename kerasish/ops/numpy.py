"""The ops that NumPy has too, under the name that Keras gives the group."""

from . import (
    arithmetic,
    creation,
    elementwise,
    indexing,
    logic,
    nan_reduction,
    product,
    reduction,
    shaping,
    statistics,
)
from .arithmetic import *  # noqa: F403
from .control import vectorize  # noqa: F401
from .conversion import array, copy, ndim, size, view  # noqa: F401
from .creation import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .indexing import *  # noqa: F403
from .linalg import slogdet  # noqa: F401
from .logic import *  # noqa: F403
from .nan_reduction import *  # noqa: F403
from .product import *  # noqa: F403
from .reduction import *  # noqa: F403
from .shaping import *  # noqa: F403
from .statistics import *  # noqa: F403

__all__ = [
    *("array", "copy", "ndim", "size", "slogdet", "vectorize", "view"),
    *arithmetic.__all__,
    *creation.__all__,
    *elementwise.__all__,
    *indexing.__all__,
    *logic.__all__,
    *nan_reduction.__all__,
    *product.__all__,
    *reduction.__all__,
    *shaping.__all__,
    *statistics.__all__,
]
