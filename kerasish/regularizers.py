"""Regularizers: penalties on weights or outputs, added to the loss."""

import math
from typing import Any

from . import legacy, ops, registry
from .graph import Tensor, op

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


class Regularizer(registry.Configurable):
    """Base of all regularizers: a configurable function of a tensor.

    Subclasses define `__call__(x)`, which returns the penalty, a scalar. Any function
    of that kind will do as well.

    Example:
        >>> class Largest(keras.regularizers.Regularizer):
        ...     def __call__(self, x):
        ...         return keras.ops.max(keras.ops.abs(x))
        >>> float(Largest()(np.array([1.0, -3.0])))
        3.0
    """

    def __init__(self) -> None:
        """Subclasses store their arguments under the arguments' names."""

    def __call__(self, x: Tensor) -> Any:
        """Return the penalty: none."""
        return 0.0


def _factor(name: str, value: Any) -> float:
    """Return a regularization factor as a float, None as 0."""
    value = 0.0 if value is None else value
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, str) or not 0 <= number < math.inf:
        raise ValueError(
            f"Invalid value for argument `{name}`: expected a non-negative, finite "
            f"number, got {value!r}."
        )
    return number


class L1L2(Regularizer):
    """Sum of both penalties: `l1 * sum(|x|) + l2 * sum(x^2)`.

    Args:
        l1: float, factor of the absolute values.
        l2: float, factor of the squares.

    Raises:
        ValueError: for a factor that is no non-negative number.

    Example:
        >>> float(keras.regularizers.L1L2(l1=1.0, l2=0.5)(np.array([-2.0, 1.0])))
        5.5
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1, self.l2 = _factor("l1", l1), _factor("l2", l2)

    def __call__(self, x: Tensor) -> Any:
        """Return the penalty, a scalar of the dtype of `x`."""
        if not (self.l1 or self.l2):
            return ops.zeros((), dtype=x.dtype)
        penalty: Any = 0.0
        if self.l1:
            penalty += self.l1 * ops.sum(ops.abs(x))
        if self.l2:
            penalty += self.l2 * ops.sum(ops.square(x))
        return penalty


class L1(Regularizer):
    """Penalty `l1 * sum(|x|)`, which drives weights to zero.

    Args:
        l1: float.

    Raises:
        ValueError: for a factor that is no non-negative number.

    Example:
        >>> float(keras.regularizers.L1(0.5)(np.array([-2.0, 1.0])))
        1.5
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor("l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Tensor) -> Any:
        """Return the penalty, a scalar of the dtype of `x`."""
        return self.l1 * ops.sum(ops.abs(x))


class L2(Regularizer):
    """Penalty `l2 * sum(x^2)`, which keeps weights small.

    Args:
        l2: float.

    Raises:
        ValueError: for a factor that is no non-negative number.

    Example:
        >>> float(keras.regularizers.L2(0.5)(np.array([-2.0, 1.0])))
        2.5
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor("l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Tensor) -> Any:
        """Return the penalty, a scalar of the dtype of `x`."""
        return self.l2 * ops.sum(ops.square(x))


class OrthogonalRegularizer(Regularizer):
    """Penalty on matrices whose rows (or columns) are not orthogonal to each other.

    `factor` times the mean, over pairs of different rows, of the absolute cosine of
    the angle between them.

    Args:
        factor: float.
        mode: `"rows"` or `"columns"`.

    Raises:
        ValueError: for an unknown mode, or when called on anything but a matrix.

    Example:
        >>> penalty = keras.regularizers.OrthogonalRegularizer(factor=1.0)
        >>> round(float(penalty(np.array([[3.0, 0.0], [3.0, 4.0]]))), 4)
        0.6
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor("factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(
                "Invalid value for argument `mode`: expected 'rows' or 'columns', got "
                f"{mode!r}." + registry.did_you_mean(mode, ("rows", "columns"))
            )
        self.mode = mode

    def __call__(self, inputs: Tensor) -> Any:
        """Return the penalty, a scalar."""
        if len(inputs.shape) != 2:
            raise ValueError(
                "OrthogonalRegularizer takes a matrix, a tensor of rank 2; got "
                f"inputs.shape={tuple(inputs.shape)}."
            )
        rows = inputs if self.mode == "rows" else ops.transpose(inputs)
        return self.factor * _mean_cosine(rows)


@op
def _mean_cosine(rows: Tensor) -> Tensor:
    """Mean of the absolute cosines of the angles between different rows."""
    unit = ops.normalize(rows, axis=1)
    cosines = ops.abs(ops.matmul(unit, ops.transpose(unit)))
    size = rows.shape[0]
    others = cosines * (1.0 - ops.eye(size, dtype=cosines.dtype))
    return ops.sum(others) / max(size * (size - 1), 1)


l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

_CLASSES = (L1, L1L2, L2, OrthogonalRegularizer, Regularizer)
_NAMES: dict[str, Any] = {
    **{cls.__name__: cls for cls in _CLASSES},
    "l1": L1,
    "l1_l2": L1L2,
    "l1l2": L1L2,
    "l2": L2,
    "orthogonal_regularizer": OrthogonalRegularizer,
    "regularizer": Regularizer,
}

get, _, deserialize = registry.accessors("regularizer", _NAMES)


def serialize(regularizer: Any) -> dict[str, Any]:
    """Turn a regularizer into a config of plain values.

    Args:
        regularizer: a regularizer, or a function that serves as one.

    Raises:
        ValueError: for a lambda or an object without `get_config`.

    Example:
        >>> keras.regularizers.serialize(keras.regularizers.L2())["class_name"]
        'L2'
    """
    return registry.serialize_keras_object(regularizer)


registry.add_namespace("regularizers", {name: globals()[name] for name in __all__})

__getattr__ = legacy.attributes(__name__)
