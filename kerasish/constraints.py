"""Constraints: what weights are projected to after each update."""

from collections.abc import Sequence
from typing import Any

from . import legacy, ops, registry
from .config import epsilon
from .graph import Tensor

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

Axis = int | Sequence[int] | None


class Constraint(registry.Configurable):
    """Base of all constraints: a configurable function from a weight to a weight.

    Subclasses define `__call__(w)`. Any function of that kind will do as well.

    Example:
        >>> class Rounded(keras.constraints.Constraint):
        ...     def __call__(self, w):
        ...         return keras.ops.round(w)
        >>> np.asarray(Rounded()(np.array([0.2, 1.7]))).tolist()
        [0.0, 2.0]
    """

    def __init__(self) -> None:
        """Subclasses store their arguments under the arguments' names."""

    def __call__(self, w: Tensor) -> Any:
        """Return the weight as it is."""
        return w


def _norms(w: Tensor, axis: Axis) -> Any:
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


class MaxNorm(Constraint):
    """Vectors longer than `max_value` are scaled down to it.

    Args:
        max_value: float.
        axis: axis or axes along which a vector lies. Of a `Dense` kernel
            (inputs, units) 0, of a convolution's kernel `[0, 1, 2]`; None: the whole
            weight is one vector.

    Example:
        >>> w = keras.constraints.MaxNorm(1.0)(np.array([[3.0, 0.3], [4.0, 0.4]]))
        >>> np.round(np.asarray(w, "float64"), 4).tolist()
        [[0.6, 0.3], [0.8, 0.4]]
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Tensor) -> Any:
        """Return the weight with its vectors bounded; shape and dtype stay."""
        w = ops.convert_to_tensor(w)
        norms = _norms(w, self.axis)
        return w * ops.clip(norms, 0, self.max_value) / (epsilon() + norms)


class MinMaxNorm(Constraint):
    """Vectors are scaled so that their lengths lie between two values.

    The new length is `rate * clip(length, min_value, max_value) + (1 - rate) * length`.

    Args:
        min_value: float.
        max_value: float.
        rate: float in (0, 1]; 1 enforces the bounds at once, less moves towards them.
        axis: axis or axes along which a vector lies, see `MaxNorm`.

    Example:
        >>> w = keras.constraints.MinMaxNorm(1.0, 2.0)(np.array([[3.0], [4.0]]))
        >>> np.round(np.asarray(w, "float64"), 4).tolist()
        [[1.2], [1.6]]
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: Axis = 0,
    ) -> None:
        self.min_value, self.max_value = min_value, max_value
        self.rate, self.axis = rate, axis

    def __call__(self, w: Tensor) -> Any:
        """Return the weight with its vectors scaled; shape and dtype stay."""
        w = ops.convert_to_tensor(w)
        norms = _norms(w, self.axis)
        bounded = ops.clip(norms, self.min_value, self.max_value)
        wanted = self.rate * bounded + (1 - self.rate) * norms
        return w * wanted / (epsilon() + norms)


class NonNeg(Constraint):
    """Negative numbers become zero.

    Example:
        >>> np.asarray(keras.constraints.NonNeg()(np.array([-1.0, 2.0]))).tolist()
        [0.0, 2.0]
    """

    def __call__(self, w: Tensor) -> Any:
        """Return `max(w, 0)`."""
        return ops.maximum(ops.convert_to_tensor(w), 0)


class UnitNorm(Constraint):
    """Vectors are scaled to length one.

    Args:
        axis: axis or axes along which a vector lies, see `MaxNorm`.

    Example:
        >>> w = keras.constraints.UnitNorm()(np.array([[3.0], [4.0]]))
        >>> np.round(np.asarray(w, "float64"), 4).tolist()
        [[0.6], [0.8]]
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Tensor) -> Any:
        """Return the weight with its vectors scaled; shape and dtype stay."""
        w = ops.convert_to_tensor(w)
        return w / (epsilon() + _norms(w, self.axis))


max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

_CLASSES = (Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm)
_NAMES: dict[str, Any] = {
    **{cls.__name__: cls for cls in _CLASSES},
    **{registry.to_snake_case(cls.__name__): cls for cls in _CLASSES},
}

get, _, deserialize = registry.accessors("constraint", _NAMES)


def serialize(constraint: Any) -> dict[str, Any]:
    """Turn a constraint into a config of plain values.

    Args:
        constraint: a constraint, or a function that serves as one.

    Raises:
        ValueError: for a lambda or an object without `get_config`.

    Example:
        >>> keras.constraints.serialize(keras.constraints.NonNeg())["class_name"]
        'NonNeg'
    """
    return registry.serialize_keras_object(constraint)


registry.add_namespace("constraints", {name: globals()[name] for name in __all__})

__getattr__ = legacy.attributes(__name__)
