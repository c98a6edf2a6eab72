"""Numbers in few bits: for weights, and for products of weights and inputs."""

import inspect
from typing import Any

from .. import registry
from .configs import (
    AWQConfig,
    Float8QuantizationConfig,
    GPTQConfig,
    Int4QuantizationConfig,
    Int8QuantizationConfig,
    QuantizationConfig,
)
from .functions import (
    abs_max_quantize,
    abs_max_quantize_grouped_with_zero_point,
    compute_float8_amax_history,
    compute_float8_scale,
    fake_quant_with_min_max_vars,
    pack_int4,
    quantize_and_dequantize,
    unpack_int4,
)
from .quantizer import AbsMaxQuantizer, Quantizer

__all__ = [
    "AWQConfig",
    "AbsMaxQuantizer",
    "Float8QuantizationConfig",
    "GPTQConfig",
    "Int4QuantizationConfig",
    "Int8QuantizationConfig",
    "QuantizationConfig",
    "Quantizer",
    "abs_max_quantize",
    "abs_max_quantize_grouped_with_zero_point",
    "compute_float8_amax_history",
    "compute_float8_scale",
    "deserialize",
    "fake_quant_with_min_max_vars",
    "get",
    "pack_int4",
    "quantize_and_dequantize",
    "serialize",
    "unpack_int4",
]

_classes = {
    name: thing for name, thing in list(globals().items()) if inspect.isclass(thing)
}
registry.add_namespace("quantizers", {k: _classes[k] for k in __all__ if k in _classes})
_named = _classes | {"abs_max_quantizer": AbsMaxQuantizer}
_get, serialize, deserialize = registry.accessors("quantizer", _named)


def get(identifier: Any, **kwargs: Any) -> Any:
    """Return a quantizer from its name, config, class or itself.

    Args:
        identifier: what to look up; `None` gives `None`.
        **kwargs: arguments for a class that is meant by itself or by its name.

    Raises:
        ValueError: `identifier` means no quantizer.

    Example:
        >>> keras.quantizers.get("abs_max_quantizer", axis=0).axis
        (0,)
    """
    if isinstance(identifier, str):
        identifier = _named.get(identifier, identifier)
    if kwargs and inspect.isclass(identifier):
        return identifier(**kwargs)
    return _get(identifier)
