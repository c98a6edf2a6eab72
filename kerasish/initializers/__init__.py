"""Initializers: the first values of weights.

They draw from NumPy's generators, so that weights are the same numbers on each backend,
cost no compilation and never depend on a trace. A seed makes each call give the same
values; without one, each call draws anew from a process-wide generator, which
`seed_default` (and so `keras.utils.set_random_seed`) sets.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import legacy, registry
from .constant import STFT, Constant, Identity, Ones, Zeros
from .drawn import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    draw_seed,
    seed_default,
)
from .initializer import Initializer, Shape, astype

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFT",
    "STFTInitializer",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

IdentityInitializer = Identity
OrthogonalInitializer = Orthogonal
STFTInitializer = STFT
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
stft = STFT
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

_CLASSES = (
    *(Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Identity),
    *(Initializer, LecunNormal, LecunUniform, Ones, Orthogonal, RandomNormal),
    *(RandomUniform, STFT, TruncatedNormal, VarianceScaling, Zeros),
)
_NAMES: dict[str, Any] = {
    **{cls.__name__: cls for cls in _CLASSES},
    **{registry.to_snake_case(cls.__name__): cls for cls in _CLASSES},
    "IdentityInitializer": Identity,
    "OrthogonalInitializer": Orthogonal,
    "STFTInitializer": STFT,
    "normal": RandomNormal,
    "one": Ones,
    "uniform": RandomUniform,
    "zero": Zeros,
}

_get, _, deserialize = registry.accessors("initializer", _NAMES)


def get(identifier: Any) -> Any:
    """Return the initializer that is meant.

    Args:
        identifier: a name, an initializer or its class, any function of a shape and a
            dtype, a config as of `serialize`, an array of the very values, or None.

    Raises:
        ValueError: if it means no initializer.

    Example:
        >>> keras.initializers.get("zeros")
        <Zeros>
    """
    if hasattr(identifier, "__array__") and not callable(identifier):
        return _given(identifier)
    return _get(identifier)


def _given(values: Any) -> Callable[..., np.ndarray]:
    """Return the initializer whose values are an array, for its shape alone."""
    values = np.asarray(values)

    def given(shape: Shape, dtype: Any = None) -> np.ndarray:
        if tuple(shape) != values.shape:
            raise ValueError(
                f"An array of shape {values.shape} was given as initializer of a "
                f"weight of shape {tuple(shape)}; they must be the same."
            )
        return astype(values, dtype)

    return given


def serialize(initializer: Any) -> dict[str, Any]:
    """Turn an initializer into a config of plain values.

    Args:
        initializer: an initializer, or a function that serves as one.

    Raises:
        ValueError: for a lambda or an object without `get_config`.

    Example:
        >>> keras.initializers.serialize(keras.initializers.Zeros())["class_name"]
        'Zeros'
    """
    return registry.serialize_keras_object(initializer)


registry.add_namespace("initializers", {name: globals()[name] for name in __all__})

__getattr__ = legacy.attributes(__name__)
