"""Where arrays live and computations run."""

from contextlib import AbstractContextManager
from typing import Any

from . import backend

__all__ = ["device"]


def device(device_name: str) -> AbstractContextManager[Any]:
    """Run what stands in the context on a device.

    Args:
        device_name: `"cpu"`, `"cpu:0"`, `"gpu:0"` ...

    Raises:
        ValueError: if there is no such device; the message lists those that are.

    Example:
        >>> with keras.device("cpu:0"):
        ...     x = keras.ops.ones((2,))
        >>> np.asarray(x).tolist()
        [1.0, 1.0]
    """
    return backend.device(device_name)
