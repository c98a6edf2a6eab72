"""The base of all initializers, and what they share."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend, registry
from ..dtypes import standardize_dtype

Shape = Sequence[int]


def astype(values: Any, dtype: Any) -> np.ndarray:
    """Cast to a dtype name; those that NumPy lacks come from the backend."""
    name = standardize_dtype(dtype)
    if name.startswith(("bfloat", "float8")):
        with backend.eager():
            return backend.to_numpy(backend.asarray(values, name))
    return np.asarray(values).astype(name, copy=False)


def check_choice(name: str, value: Any, choices: Sequence[Any]) -> None:
    """Raise a ValueError unless the argument `name` has one of these values."""
    if value not in choices:
        raise ValueError(
            f"Invalid value for argument `{name}`: expected one of "
            f"{', '.join(map(repr, choices))}, got {value!r}."
            + registry.did_you_mean(value, [c for c in choices if c])
        )


class Initializer(registry.Configurable):
    """Base of all initializers: a configurable function of a shape and a dtype.

    Subclasses define `__call__(shape, dtype=None)`, which returns an array. What they
    are constructed with is their config.

    Example:
        >>> class Twos(keras.Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return np.full(shape, 2, dtype)
        >>> keras.Variable(Twos(), shape=(2,)).numpy().tolist()
        [2.0, 2.0]
    """

    def __init__(self) -> None:
        """Subclasses store their arguments under the arguments' names."""

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        """Return an array of this shape and dtype (None: `floatx()`)."""
        raise NotImplementedError(
            f"Initializer `{type(self).__name__}` must define "
            "`__call__(self, shape, dtype=None)`."
        )

    def clone(self) -> Any:
        """Return another initializer of the same config."""
        return self.from_config(self.get_config())
