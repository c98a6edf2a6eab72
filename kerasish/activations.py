"""Activation functions: element by element, or (softmax and kin) along one axis.

Most are `keras.ops` functions under their public name here; only what Keras spells
differently as an activation is defined in this file.
"""

from typing import Any

from . import ops, registry
from .graph import Tensor, op
from .ops import (
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]


@op
def relu(
    x: Tensor,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Tensor:
    """Rectify: keep `x` above the threshold, bound it by `max_value`.

    `min(x, max_value)` where `x > threshold`, else `negative_slope * (x - threshold)`.

    Args:
        x: tensor of any shape; integers stay integers unless a slope is given.
        negative_slope: float, slope below the threshold.
        max_value: float, the largest result; None: no bound.
        threshold: float, where the function starts to pass `x`.

    Returns:
        Tensor of the shape and dtype of `x`.

    Example:
        >>> y = keras.activations.relu([-10.0, 0.0, 3.0, 9.0], 0.1, max_value=6)
        >>> np.asarray(y).tolist()
        [-1.0, 0.0, 3.0, 6.0]
    """
    if threshold == 0 and max_value is None:
        return ops.leaky_relu(x, negative_slope) if negative_slope else ops.relu(x)
    passed = (
        ops.where(x > threshold, x, ops.zeros_like(x)) if threshold else ops.relu(x)
    )
    if max_value is not None:
        passed = ops.minimum(passed, max_value)
    if not negative_slope:
        return passed
    return passed - negative_slope * ops.relu(threshold - x)


@op
def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """Gaussian error linear unit: `x * P(Z <= x)` for a standard normal `Z`.

    Args:
        x: tensor of any shape.
        approximate: use `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))` instead.

    Returns:
        Tensor of the shape of `x`.

    Reference:
        Hendrycks and Gimpel, 2016, https://arxiv.org/abs/1606.08415

    Example:
        >>> np.round(keras.activations.gelu([-1.0, 0.0, 1.0]), 3).tolist()
        [-0.15..., 0.0, 0.841...]
    """
    return ops.gelu(x, approximate=approximate)


@op
def mish(x: Tensor) -> Tensor:
    """Smooth, self-regularized rectifier: `x * tanh(softplus(x))`.

    Args:
        x: tensor of any shape.

    Returns:
        Tensor of the shape of `x`.

    Reference:
        Misra, 2019, https://arxiv.org/abs/1908.08681

    Example:
        >>> round(float(keras.activations.mish(1.0)), 4)
        0.8651
    """
    return x * ops.tanh(ops.softplus(x))


@op
def exponential(x: Tensor) -> Tensor:
    """`e` to the power `x`.

    Args:
        x: tensor of any shape.

    Returns:
        Tensor of the shape of `x`.

    Example:
        >>> float(keras.activations.exponential(0.0))
        1.0
    """
    return ops.exp(x)


def linear(x: Any) -> Any:
    """Return `x` as it is: the activation of layers that have none.

    Example:
        >>> keras.activations.linear(3.0)
        3.0
    """
    return x


swish = silu
hard_swish = hard_silu

_FUNCTIONS = (
    *(celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu),
    *(hard_tanh, leaky_relu, linear, log_sigmoid, log_softmax, mish, relu, relu6),
    *(selu, sigmoid, silu, soft_shrink, softmax, softplus, softsign, sparse_plus),
    *(sparse_sigmoid, sparsemax, squareplus, tanh, tanh_shrink, threshold),
)
_NAMES: dict[str, Any] = {
    **{function.__name__: function for function in _FUNCTIONS},
    "swish": silu,
    "hard_swish": hard_silu,
}

_get, _serialize, deserialize = registry.accessors("activation function", _NAMES)


def get(identifier: Any) -> Any:
    """Return the activation function that is meant.

    Args:
        identifier: a name, a function or layer, a config as of `serialize`, or None
            for `linear`.

    Raises:
        ValueError: if there is no activation of that name.

    Example:
        >>> keras.activations.get("relu") is keras.activations.relu
        True
    """
    return linear if identifier is None else _get(identifier)


def serialize(activation: Any) -> Any:
    """Return the name of an activation function of ours, a config of anything else.

    Args:
        activation: function, or an object with `get_config`.

    Returns:
        str or dict, as `deserialize` takes it.

    Raises:
        ValueError: for a lambda or an object without `get_config`.

    Example:
        >>> keras.activations.serialize(keras.activations.relu)
        'relu'
    """
    if activation in _FUNCTIONS:
        return activation.__name__
    return _serialize(activation)


registry.add_namespace("activations", {name: globals()[name] for name in __all__})
