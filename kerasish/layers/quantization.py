"""Quantization: layers whose main weights are kept in 8 or 4 bits, or multiply so.

`Quantizable` is what all layers know of it: that they cannot be quantized. Those that
can derive from `QuantizedLayer` in `quantized.py`.
"""

import re
from collections.abc import Callable
from typing import Any

from .. import dtype_policies
from ..quantizers.configs import of_policy, resolve

__all__ = ["INTEGERS", "Quantizable", "QuantizableModel"]

INTEGERS = ("int8", "int4")  # the modes there are


class Quantizable:
    """The part of a layer that is asked to quantize itself."""

    is_quantized = False
    quantizable_modes: tuple[str, ...] = ()  # which `mode`s a layer knows
    name: str
    built: bool

    @property
    def quantization_mode(self) -> str | None:
        """The mode of the layer's dtype policy, such as `"int8"`; `None` without."""
        return dtype_policies.of(self).quantization_mode

    def quantize(
        self, mode: str | None = None, type_check: bool = True, config: Any = None
    ) -> None:
        """Turn the layer's main weights into ones of few bits, for good.

        Args:
            mode: `"int8"` or `"int4"`.
            type_check: whether subclasses of layers of this package are refused: they
                may use the weights in ways that are not known here.
            config: a `QuantizationConfig`, in place of `mode` or besides.

        Raises:
            ValueError: the layer is not built, or quantized already; the arguments
                contradict each other.
            NotImplementedError: layers of this kind cannot be quantized.
        """
        config = resolve(mode, config, dtype_policies.MODES)
        kind = type(self)
        if not self.built:
            raise ValueError(
                f"Layer `{self.name}` ({kind.__name__}) has no weights to quantize: "
                "call it on data, or `build(input_shape)` it, first."
            )
        if self.is_quantized:
            policy = dtype_policies.of(self).name
            raise ValueError(f"Layer `{self.name}` is quantized already: {policy!r}.")
        known = [cls for cls in kind.__mro__ if cls.__module__.startswith("kerasish.")]
        if not self.quantizable_modes or (type_check and kind is not known[0]):
            raise NotImplementedError(
                f"Layer `{self.name}` ({kind.__name__}) cannot be quantized: "
                + (
                    f"it is your own kind of {known[0].__name__}; pass "
                    "`type_check=False` if its `call` does not use the weights itself."
                    if self.quantizable_modes
                    else "only Dense, EinsumDense, Embedding and ReversibleEmbedding "
                    "can."
                )
            )
        self._check_mode(config.mode)
        self._quantize(config)

    def quantize_by_policy(self, policy: Any) -> None:
        """Quantize as a dtype policy says, which the layer is given next."""
        self.quantize(config=of_policy(policy))

    def _check_mode(self, mode: str) -> None:
        if mode in self.quantizable_modes:
            return
        why = f"the modes of {type(self).__name__} are {self.quantizable_modes}"
        if not self.quantizable_modes:
            why = f"layers have the modes {INTEGERS}"
        if mode in ("gptq", "awq"):
            why = (
                "rounding weights by how a model answers a dataset is not implemented; "
                f"use 'int4' with blocks, which needs no data ({why})"
            )
        raise NotImplementedError(
            f"Layer `{self.name}` cannot be quantized as {mode!r}: {why}."
        )

    def _quantize(self, config: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no `_quantize`.")


Filters = str | list[str] | Callable[[Any], bool] | None


class QuantizableModel(Quantizable):
    """The part of a model that has its layers quantized."""

    _flatten_layers: Callable[..., list[Any]]

    def quantize(  # type: ignore[override]
        self,
        mode: str | None = None,
        config: Any = None,
        filters: Filters = None,
        **kwargs: Any,
    ) -> None:
        """Quantize all layers that can be.

        What stays in floats trains on: biases, other layers, and low-rank products
        (`layer.enable_lora`). A model that was trained before is best compiled again,
        for an optimizer without slots of the weights that are gone.

        Args:
            mode: `"int8"` or `"int4"`.
            config: a `QuantizationConfig`, in place of `mode` or besides.
            filters: which layers: a regular expression for their names or a list of
                such, or a function of the layer that says whether; default: all.

        Raises:
            ValueError: the model or one of its layers is not built, or a layer is
                quantized already.

        Example:
            >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
            >>> model.quantize("int8")
            >>> model.layers[0].kernel.dtype
            'int8'
        """
        if unknown := set(kwargs) - {"type_check"}:
            raise ValueError(f"`quantize` has no arguments {sorted(unknown)}.")
        config = resolve(mode, config, dtype_policies.MODES)
        if config.mode not in INTEGERS:
            self._check_mode(config.mode)
        wanted = _wanted(filters)
        inner = self._flatten_layers(include_self=False)
        unbuilt = [layer.name for layer in [self, *inner] if not layer.built]
        if unbuilt:
            raise ValueError(
                f"Model `{self.name}` cannot be quantized, since these are not built: "
                f"{unbuilt}. Call the model on data first."
            )
        for layer in inner:
            if config.mode in layer.quantizable_modes and wanted(layer):
                try:
                    layer.quantize(config=config, **kwargs)
                except NotImplementedError:
                    continue  # a user's own kind of a layer of ours


def _wanted(filters: Filters) -> Callable[[Any], bool]:
    if filters is None:
        return lambda layer: True
    if callable(filters):
        return filters
    patterns = [filters] if isinstance(filters, str) else filters
    if not isinstance(patterns, (list, tuple)) or not all(
        isinstance(pattern, str) for pattern in patterns
    ):
        raise ValueError(
            "`filters` of `quantize` must be a regular expression, a list of such or a "
            f"function, not {filters!r}."
        )
    return lambda layer: any(re.search(pattern, layer.name) for pattern in patterns)
