"""dtype policies: which type layers compute in and which they keep weights in."""

import re
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np

from . import backend, dtypes, ops, registry
from .config import DTypePolicy, dtype_policy, set_dtype_policy
from .graph import is_symbolic
from .masks import get_mask, set_mask
from .variable import Variable

__all__ = [
    "AWQDTypePolicy",
    "DTypePolicy",
    "DTypePolicyMap",
    "FloatDTypePolicy",
    "GPTQDTypePolicy",
    "Int4DTypePolicy",
    "QuantizedDTypePolicy",
    "QuantizedFloat8DTypePolicy",
    "deserialize",
    "dtype_policy",
    "get",
    "serialize",
    "set_dtype_policy",
]

MODES = ("int8", "float8", "int4", "gptq", "awq")


class FloatDTypePolicy(DTypePolicy):
    """The same as `DTypePolicy`, under its older name."""


class QuantizedDTypePolicy(DTypePolicy):
    """A policy for layers whose weights are kept in few bits.

    Args:
        mode: `"int8"`, `"int4"` (one scale per channel) or `"float8"`.
        source_name: name of the policy of the layer before it was quantized, which
            says what it computes in; default: the policy that layers have.

    Example:
        >>> policy = keras.dtype_policies.QuantizedDTypePolicy("int8", "float32")
        >>> policy.name, policy.quantization_mode, policy.compute_dtype
        ('int8_from_float32', 'int8', 'float32')
    """

    # What stands in a mode besides its name, by slashes, with what may be there.
    parts: Mapping[str, str] = {}

    def __init__(self, mode: str, source_name: str | None = None) -> None:
        kind, *numbers = str(mode).split("/")
        if kind not in MODES:
            raise ValueError(
                f"`mode` of a {type(self).__name__} must start with one of {MODES}, "
                f"not be {mode!r}."
            )
        if source_name is None:
            source_name = dtype_policy().name
        super().__init__(source_name)
        if kind in ("int8", "int4") and self.compute_dtype == "float16":
            raise ValueError(
                f"`mode` {mode!r} needs the range of numbers of float32 or bfloat16: a "
                f"layer of policy {source_name!r} cannot be quantized so."
            )
        self.source_name = source_name
        self.name = f"{mode}_from_{source_name}"
        self.quantization_mode: str | None = kind
        self._mode = mode
        self._set_parts(mode, numbers)

    def _set_parts(self, mode: str, numbers: list[str]) -> None:
        wanted = "/".join([str(self.quantization_mode), *self.parts])
        fits = len(numbers) == len(self.parts) and all(
            re.fullmatch(allowed, number)
            for number, allowed in zip(numbers, self.parts.values())
        )
        if not fits:
            allowed = "".join(f"; {k} matches {v}" for k, v in self.parts.items())
            raise ValueError(
                f"`mode` of a {type(self).__name__} must be {wanted!r}{allowed}. "
                f"Received: {mode!r}."
            )
        for name, number in zip(self.parts, numbers):
            setattr(self, name, int(number))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"mode": self._mode, "source_name": self.source_name}


class QuantizedFloat8DTypePolicy(QuantizedDTypePolicy):
    """A policy for layers that multiply in eight-bit floats, and train in them.

    Args:
        mode: `"float8"`.
        source_name: as for `QuantizedDTypePolicy`.
        amax_history_length: over how many steps the largest values are looked at.
    """

    def __init__(
        self, mode: str, source_name: str | None = None, amax_history_length: int = 1024
    ) -> None:
        super().__init__(mode, source_name)
        if not isinstance(amax_history_length, int) or amax_history_length < 1:
            raise TypeError(
                "`amax_history_length` must be a positive integer, not "
                f"{amax_history_length!r}."
            )
        self.amax_history_length = amax_history_length

    default_amax_history_length = 1024

    def get_config(self) -> dict[str, Any]:
        length = {"amax_history_length": self.amax_history_length}
        return super().get_config() | length


_SIZE = r"-1|[1-9]\d*"


class Int4DTypePolicy(QuantizedDTypePolicy):
    """A policy for weights of four bits with a scale for each block of rows.

    Args:
        mode: `"int4/<block_size>"`; -1 is one block of all rows.
        source_name: as for `QuantizedDTypePolicy`.

    Example:
        >>> keras.dtype_policies.get("int4/64_from_float32").block_size
        64
    """

    parts = {"block_size": _SIZE}
    block_size: int


class GPTQDTypePolicy(QuantizedDTypePolicy):
    """A policy for weights found by GPTQ.

    Args:
        mode: `"gptq/<weight_bits>/<group_size>"`, with 2, 3, 4 or 8 bits.
        source_name: as for `QuantizedDTypePolicy`.
    """

    parts = {"weight_bits": "2|3|4|8", "group_size": _SIZE}


class AWQDTypePolicy(QuantizedDTypePolicy):
    """A policy for weights found by AWQ.

    Args:
        mode: `"awq/4/<group_size>"`.
        source_name: as for `QuantizedDTypePolicy`.
    """

    parts = {"weight_bits": "4", "group_size": _SIZE}


_OF_MODE: dict[str, type[QuantizedDTypePolicy]] = {
    "int8": QuantizedDTypePolicy,
    "int4": Int4DTypePolicy,
    "float8": QuantizedFloat8DTypePolicy,
    "gptq": GPTQDTypePolicy,
    "awq": AWQDTypePolicy,
}


class DTypePolicyMap(DTypePolicy, MutableMapping[str, DTypePolicy]):
    """Policies by path of layers, for the layers within a layer or model.

    Args:
        default_policy: for all other layers; `None`: the policy that layers have.
        policy_map: path of a layer, or a regular expression that matches the whole of
            it -> policy.

    Example:
        >>> policies = keras.dtype_policies.DTypePolicyMap("float32")
        >>> policies["encoder/.*"] = "mixed_bfloat16"
        >>> policies["encoder/dense"].compute_dtype, policies["head"].compute_dtype
        ('bfloat16', 'float32')
    """

    def __init__(
        self, default_policy: Any = None, policy_map: dict[str, Any] | None = None
    ) -> None:
        if isinstance(default_policy, DTypePolicyMap):
            raise ValueError("`default_policy` cannot be a `DTypePolicyMap` itself.")
        if not isinstance(policy_map or {}, dict):
            raise TypeError(f"`policy_map` must be a dict, not {policy_map!r}.")
        self._given = default_policy
        self.default_policy = get(default_policy)
        self._policies = {k: get(v) for k, v in (policy_map or {}).items()}
        self.name = f"map_{self.default_policy.name}"
        self.compute_dtype = self.default_policy.compute_dtype
        self.variable_dtype = self.default_policy.variable_dtype
        self.quantization_mode = self.default_policy.quantization_mode

    def __getitem__(self, path: str) -> DTypePolicy:
        if path in self._policies:
            return self._policies[path]
        found = [key for key in self._policies if re.fullmatch(key, path)]
        if len(found) > 1:
            raise ValueError(
                f"Path {path!r} matches several keys of the DTypePolicyMap: {found}. "
                "Write them so that each path matches one at most."
            )
        return self._policies[found[0]] if found else self.default_policy

    def __setitem__(self, path: str, policy: Any) -> None:
        if not isinstance(path, str):
            raise TypeError(f"A key of a DTypePolicyMap is a string, not {path!r}.")
        if path in self._policies:
            raise ValueError(
                f"The DTypePolicyMap has {self._policies[path]} for {path!r} already; "
                "delete it first."
            )
        self._policies[path] = get(policy)

    def __delitem__(self, path: str) -> None:
        del self._policies[path]

    def __contains__(self, path: object) -> bool:
        return path in self._policies

    def __len__(self) -> int:
        return len(self._policies)

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def __eq__(self, other: object) -> bool:
        alike = isinstance(other, DTypePolicyMap) and self._policies == other._policies
        return alike and self.default_policy == other.default_policy  # type: ignore

    __hash__ = None  # type: ignore[assignment]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        policies = {k: serialize(v) for k, v in self._policies.items()}
        given = self._given and get(self._given).name
        return {"default_policy": given, "policy_map": policies}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "DTypePolicyMap":
        """Make the map that `get_config` described."""
        return cls(config.get("default_policy"), config.get("policy_map"))

    def __repr__(self) -> str:
        policies = {k: v.name for k, v in self._policies.items()}
        return f"<DTypePolicyMap default={self.default_policy.name!r}, {policies}>"


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
        made = deserialize(identifier)
        if isinstance(made, DTypePolicy):
            return made
    if isinstance(identifier, str):
        return _named(identifier)
    from_dtype = getattr(identifier, "__name__", None) or getattr(
        identifier, "name", None
    )
    if from_dtype is None:
        raise ValueError(f"Cannot read {identifier!r} as a dtype policy.")
    return DTypePolicy(str(from_dtype))


def _named(name: str) -> DTypePolicy:
    mode, parted, source = name.partition("_from_")
    if not parted:
        return DTypePolicy(name)
    family = _OF_MODE.get(mode.split("/")[0], QuantizedDTypePolicy)
    if mode == "int4":  # without blocks
        family = QuantizedDTypePolicy
    return family(mode, source)


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """Turn a policy into a config."""
    return registry.serialize_keras_object(dtype_policy)


def deserialize(config: dict[str, Any], custom_objects: Any = None) -> DTypePolicy:
    """Make a policy from what `serialize` returned."""
    return registry.deserialize_keras_object(config, custom_objects)


def converted(x: Any, autocast: bool, dtype: str) -> Any:
    """Return an input of a layer as an array; floats as `dtype`, if `autocast`.

    Text, Python numbers and what is no array at all stay as they are.
    """
    if isinstance(x, np.ndarray) and x.dtype.kind in "OSU":
        return x  # text, for layers that look things up
    if backend.is_array(x) or is_symbolic(x):
        mask = get_mask(x)
    elif hasattr(x, "__array__") and not isinstance(x, (Variable, np.generic)):
        x, mask = backend.asarray(x), None
    else:
        return x
    name = x.dtype if is_symbolic(x) else backend.dtype_name(x)
    if autocast and dtypes.is_float(name) and name != dtype:
        x = ops.cast(x, dtype)
        set_mask(x, mask)
    return x


class Held:
    """The attribute `dtype_policy` of layers: names become policies when it is set.

    Reading it is reading the layer's dictionary.
    """

    def __set__(self, layer: Any, value: Any) -> None:
        held, policy = layer.__dict__.get("dtype_policy"), get(value)
        before = of(layer).quantization_mode if held is not None else None
        if before and layer.is_quantized and policy.quantization_mode != before:
            raise ValueError(
                f"Layer `{layer.name}` is quantized as {of(layer).name!r}: its policy "
                f"cannot become {policy.name!r}, since the weights it had are gone. "
                "Make a new layer."
            )
        if layer.built and policy.quantization_mode and not layer.is_quantized:
            layer.quantize_by_policy(policy)
        if isinstance(held, DTypePolicyMap) and not isinstance(policy, DTypePolicyMap):
            if layer.path in held:
                del held[layer.path]
            held[layer.path] = policy
        else:
            layer.__dict__["dtype_policy"] = policy


def of(layer: Any) -> DTypePolicy:
    """Return the policy of a layer, which a map gives by the layer's path."""
    held: DTypePolicy = layer.__dict__["dtype_policy"]
    return held[layer.path] if isinstance(held, DTypePolicyMap) else held


registry.add_namespace(
    "dtype_policies",
    {name: thing for name, thing in globals().items() if name.endswith("Policy")}
    | {"DTypePolicyMap": DTypePolicyMap},
)
registry.add_namespace(
    "", {"DTypePolicy": DTypePolicy, "FloatDTypePolicy": FloatDTypePolicy}
)
