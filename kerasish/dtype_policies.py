"""dtype policies: which type layers compute in and which they keep weights in."""

from typing import Any

from . import registry
from .config import DTypePolicy, dtype_policy, set_dtype_policy

__all__ = [
    "DTypePolicy",
    "FloatDTypePolicy",
    "deserialize",
    "dtype_policy",
    "get",
    "serialize",
    "set_dtype_policy",
]

FloatDTypePolicy = DTypePolicy


def get(identifier: Any) -> DTypePolicy:
    """Return a policy from itself, a name, a dtype, a config; None gives the default.

    Raises:
        ValueError: if `identifier` means no policy.

    Example:
        >>> keras.dtype_policies.get("mixed_float16").compute_dtype
        'float16'
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return DTypePolicy(identifier)
    from_dtype = getattr(identifier, "__name__", None) or getattr(
        identifier, "name", None
    )
    if from_dtype is None:
        raise ValueError(f"Cannot read {identifier!r} as a dtype policy.")
    return DTypePolicy(str(from_dtype))


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """Turn a policy into a config."""
    return registry.serialize_keras_object(dtype_policy)


def deserialize(config: dict[str, Any], custom_objects: Any = None) -> DTypePolicy:
    """Make a policy from what `serialize` returned."""
    return registry.deserialize_keras_object(config, custom_objects)


registry.add_namespace(
    "dtype_policies",
    {"DTypePolicy": DTypePolicy, "FloatDTypePolicy": FloatDTypePolicy},
)
