"""Layers that can be quantized: their weights in integers, and products of those."""

import math
from dataclasses import dataclass
from typing import Any

from .. import dtype_policies, ops, registry
from ..graph import Tensor
from ..quantizers import (
    AbsMaxQuantizer,
    QuantizationConfig,
    abs_max_quantize,
    abs_max_quantize_grouped_with_zero_point,
    pack_int4,
    unpack_int4,
)
from .lora import Adaptable
from .quantization import INTEGERS

__all__ = ["Form", "QuantizedLayer", "einsum_form", "einsum_parts", "rounded_inputs"]


@dataclass
class Form:
    """How a weight lies in few bits.

    As a matrix its rows are what products sum over, with one scale (and zero) for a
    block of rows in a column. 8-bit weights keep their shape.

    Args:
        shape: of the weight in floats.
        summed: the axes that products sum over.
        scale: shape of the scales of 8-bit weights.
        order: of the other axes in those scales.
        packed: the axis of the matrix along which two numbers share a byte.
        flipped: whether matrix, scales and zeros are kept with columns first.
    """

    shape: tuple[int, ...]
    summed: tuple[int, ...]
    scale: tuple[int, ...]
    order: tuple[int, ...] = (0,)
    packed: int = 1
    flipped: bool = False

    @property
    def kept(self) -> tuple[int, ...]:
        """The axes that products do not sum over."""
        return tuple(i for i in range(len(self.shape)) if i not in self.summed)

    def sizes(self, axes: tuple[int, ...]) -> tuple[int, ...]:
        """Return the sizes of these axes."""
        return tuple(self.shape[i] for i in axes)

    @property
    def sorted(self) -> bool:
        """Whether each column of the matrix is summed over by products."""
        return self.flipped or self.summed == tuple(range(len(self.summed)))

    @property
    def rows(self) -> int:
        """How many numbers each product sums over."""
        return math.prod(self.sizes(self.summed))

    def matrix(self, weight: Tensor) -> Tensor:
        """Return a weight as a matrix: for files of Keras, its numbers in a row."""
        if self.flipped:
            return ops.transpose(weight)
        return ops.reshape(weight, (self.rows, -1))

    def weight(self, matrix: Tensor) -> Tensor:
        """Undo `matrix`."""
        return (
            ops.transpose(matrix) if self.flipped else ops.reshape(matrix, self.shape)
        )

    def turned(self, array: Tensor) -> Tensor:
        """Turn between the matrix and how it is kept."""
        return ops.transpose(array) if self.flipped and array.ndim == 2 else array

    def encoded(self, weight: Tensor, mode: str, size: int, quantizer: Any) -> list:
        """Return integers, scales and, with blocks, zeros, as they are kept.

        Args:
            weight: floats.
            mode: `"int8"` or `"int4"`.
            size: rows of a block; -1: all, without zeros.
            quantizer: in place of the usual way of rounding.
        """
        if mode == "int8":
            quantize = quantizer or AbsMaxQuantizer(axis=self.summed)
            integers, scale = quantize(weight)
            scale = ops.transpose(ops.reshape(scale, self.sizes(self.kept)), self.order)
            return [integers, ops.reshape(scale, self.scale)]
        matrix = self.matrix(weight)
        if size > 0:
            integers, *rest = abs_max_quantize_grouped_with_zero_point(matrix, size)
        else:
            quantize = quantizer or (lambda x: abs_max_quantize(x, 0, (-8, 7)))
            integers, scale = quantize(matrix)
            rest = [ops.reshape(scale, (-1,))]
        packed = pack_int4(integers, axis=self.packed)[0]
        return [self.turned(x) for x in (packed, *rest)]

    def shapes(self, mode: str, size: int) -> list[tuple[int, ...]]:
        """Return the shapes of what `encoded` returns."""
        if mode == "int8":
            return [self.shape, self.scale]
        columns = math.prod(self.sizes(self.kept))
        packed = [self.rows, columns]
        packed[self.packed] = -(-packed[self.packed] // 2)
        blocks = (-(-self.rows // size), columns)
        found = [tuple(packed), *([blocks] * 2 if size > 0 else [(columns,)])]
        return [s[::-1] if self.flipped else s for s in found]


class QuantizedLayer(Adaptable):
    """A layer whose main weight can be turned into integers of 8 or 4 bits.

    A subclass says in `forms` how its weights lie, and in `multiply` what it does with
    the main one.
    """

    quantizable_modes = INTEGERS
    quantization_config: Any
    g_idx: Any = None
    _kernel: Any
    _embeddings: Any
    embeddings_scale: Any

    def _set_lora(self, rank: Any, alpha: Any, quantization_config: Any) -> None:
        super()._set_lora(rank, alpha, None)
        if isinstance(quantization_config, dict):
            quantization_config = registry.deserialize_keras_object(quantization_config)
        if not isinstance(quantization_config, QuantizationConfig | None):
            raise ValueError(
                f"`quantization_config` of layer `{self.name}` must be `None` or a "
                f"QuantizationConfig, not {quantization_config!r}."
            )
        self.quantization_config = quantization_config

    def forms(self) -> dict[str, Form]:
        """How each quantized weight lies, by its name; the main one first."""
        raise NotImplementedError

    def multiply(self, inputs: Tensor, weight: Tensor) -> Tensor:
        """Return the product of the layer's inputs and the main weight."""
        raise NotImplementedError

    # --- building ---------------------------------------------------------------------

    def _attribute(self, name: str) -> str:
        return f"_{name}" if name == self.adapted else name

    def _add_main(self, shape: tuple[int, ...]) -> None:
        """In `build`: make the main weight, in few bits if the policy says so."""
        self._main_shape = shape
        if self.quantization_mode is not None:
            self._check_mode(self.quantization_mode)
            self._add_integers(self.adapted, self.forms()[self.adapted])
            self.is_quantized = True
            return
        weight = self.add_weight(
            name=self.adapted,
            shape=shape,
            initializer=getattr(self, f"{self.adapted}_initializer"),
            regularizer=getattr(self, f"{self.adapted}_regularizer"),
            constraint=getattr(self, f"{self.adapted}_constraint"),
        )
        setattr(self, self._attribute(self.adapted), weight)

    @property
    def _block_size(self) -> int:
        return getattr(dtype_policies.of(self), "block_size", -1)

    def _add_integers(self, name: str, form: Form) -> None:
        mode = self.quantization_mode or ""
        for ending, shape in zip(
            ("", "_scale", "_zero"), form.shapes(mode, self._block_size)
        ):
            second = name != self.adapted and ending == "_zero"
            variable = self.add_weight(
                name=f"{name}{ending}",
                shape=shape,
                initializer="ones" if ending == "_scale" else "zeros",
                # zeros of a second weight are floats in files of Keras
                dtype=None if "_scale" in ending or second else "int8",
                trainable=False,
                autocast=ending == "_scale",
            )
            setattr(self, self._attribute(f"{name}{ending}"), variable)
        if mode == "int4" and self._block_size > 0 and self.g_idx is None:
            self.g_idx = self.add_weight(
                name="g_idx",
                shape=(form.rows,),
                initializer=lambda shape, dtype: ops.cast(
                    ops.arange(form.rows) // self._block_size, dtype
                ),
                dtype="float32",
                trainable=False,
                autocast=False,
            )

    # --- quantizing -------------------------------------------------------------------

    def _quantize(self, config: Any) -> None:
        name = f"{config.policy_mode}_from_{dtype_policies.of(self).name}"
        policy = dtype_policies.get(name)
        size = getattr(policy, "block_size", -1)
        forms = self.forms()
        encoded = {
            name: form.encoded(
                getattr(self, self._attribute(name)).value,
                config.mode,
                size,
                config.weight_quantizer,
            )
            for name, form in forms.items()
        }
        self.is_quantized = True
        self.quantization_config = config
        self.dtype_policy = policy
        for name, form in forms.items():
            delattr(self, self._attribute(name))
            self._add_integers(name, form)
            self._assign(name, encoded[name])

    def _assign(self, name: str, encoded: list[Tensor]) -> None:
        for ending, value in zip(("", "_scale", "_zero"), encoded):
            getattr(self, self._attribute(f"{name}{ending}")).assign(value)

    @property
    def inputs_quantizer(self) -> Any:
        """What turns inputs of products into integers; `None`: they stay floats."""
        usual = AbsMaxQuantizer() if self.quantization_mode == "int8" else None
        return QuantizationConfig.activation_quantizer_or_default(
            self.quantization_config, usual
        )

    # --- computing --------------------------------------------------------------------

    def _integers(self, name: str) -> Tensor:
        """Return a quantized weight as integers, in the shape that it had as floats."""
        kept = getattr(self, self._attribute(name))
        if self.quantization_mode == "int8":
            return kept
        form = self.forms()[name]
        length = form.rows if form.packed == 0 else math.prod(form.sizes(form.kept))
        return form.weight(unpack_int4(form.turned(kept.value), length, form.packed))

    def _floats(self, name: str) -> Tensor:
        """Return about what a quantized weight was before."""
        form = self.forms()[name]
        scale = getattr(self, f"{name}_scale")
        integers = ops.cast(self._integers(name), self.compute_dtype)
        if self.quantization_mode == "int8":
            sizes = form.sizes(form.kept)
            scale = ops.reshape(scale, [sizes[i] for i in form.order])
            back = sorted(range(len(sizes)), key=lambda i: form.order[i])
            scale = ops.transpose(scale, back)
            return integers / ops.expand_dims(scale, form.summed)
        matrix = form.matrix(integers)
        zero = getattr(self, f"{name}_zero", None)
        if zero is None:
            return form.weight(matrix / scale)
        block = ops.cast(self.g_idx, "int32")
        zero = ops.cast(ops.take(form.turned(zero), block, axis=0), self.compute_dtype)
        scale = ops.take(form.turned(scale), block, axis=0)
        return form.weight((matrix - zero) * scale)

    def _effective(self, weight: Any) -> Any:
        if self.is_quantized:
            return self._integers(self.adapted)
        return super()._effective(weight)

    def product(self, inputs: Tensor) -> Tensor:
        """Return `multiply(inputs, main weight)`, in the layer's mode."""
        if not self.is_quantized:
            return self.multiply(inputs, getattr(self, self.adapted))
        outputs = self._quantized_product(inputs)
        if self.lora_enabled:
            outputs = outputs + self.multiply(inputs, self._low_rank())
        return outputs

    def quantized_call(self, *args: Any, **kwargs: Any) -> Any:
        """Return what `call` does; of quantized layers only."""
        return self.call(*args, **kwargs)

    def _multiplied(self) -> tuple[str, bool]:
        """Name of the weight that products are made with, and whether transposed."""
        return self.adapted, False

    def _quantized_product(self, inputs: Tensor) -> Tensor:
        name, transposed = self._multiplied()
        floats, integers = self._floats(name), self._integers(name)
        if transposed:
            floats, integers = ops.transpose(floats), ops.transpose(integers)
        quantizer, form = self.inputs_quantizer, self.forms()[name]
        four = self.quantization_mode == "int4"
        if quantizer is None or (four and not form.sorted):
            return self.multiply(inputs, floats)
        dtype = self.compute_dtype
        scale = ops.convert_to_tensor(getattr(self, f"{name}_scale"))
        if four:
            sizes = form.sizes(form.kept)
            scale = ops.transpose(ops.reshape(scale, sizes), form.order)
            scale = ops.reshape(scale, form.scale)

        @ops.custom_gradient
        def rounded(inputs: Tensor) -> Any:
            rough, factor = self._rounded_inputs(inputs, quantizer)
            outputs = ops.cast(self.multiply(rough, integers), dtype)
            outputs = outputs / (factor * scale)

            def gradient(*upstream: Tensor) -> Tensor:
                return self.multiply_back(upstream[0], floats)

            return outputs, gradient

        return rounded(inputs)

    def _rounded_inputs(self, inputs: Tensor, quantizer: Any) -> tuple[Tensor, Tensor]:
        """Return the inputs as integers, and their scales as outputs lie."""
        return quantizer(inputs)

    def multiply_back(self, upstream: Tensor, weight: Tensor) -> Tensor:
        """Return the gradient of `multiply` with respect to its inputs."""
        raise NotImplementedError

    def _low_rank(self) -> Tensor:
        scale = self.lora_alpha / self.lora_rank
        return scale * ops.matmul(self._lora_a, self._lora_b)

    # --- files ------------------------------------------------------------------------

    @property
    def variable_serialization_spec(self) -> dict[str | None, list[str]]:
        """By mode of quantization, the names of weights in the order of files."""
        first, *others = self.forms()
        bias = ["bias"] if hasattr(self, "bias") else []
        return {
            None: [first, *bias, *others],
            "int8": [first, *bias, f"{first}_scale"]
            + [f"{n}{ending}" for n in others for ending in ("", "_scale")],
            "int4": [first, *bias, f"{first}_scale", f"{first}_zero", "g_idx"]
            + [f"{n}{ending}" for n in others for ending in ("", "_scale", "_zero")],
        }

    def _kept_in_files(self) -> dict[str, Any]:
        names = self.variable_serialization_spec[self.quantization_mode]
        found = {n: getattr(self, self._attribute(n), None) for n in names}
        return {n: variable for n, variable in found.items() if variable is not None}

    def save_own_variables(self, store: Any) -> None:
        """Write the weights; a low-rank product is merged into the weight it adapts."""
        if not self.is_quantized:
            return super().save_own_variables(store)
        kept = self._kept_in_files()
        if self.lora_enabled:
            name = self.adapted
            merged = self._floats(name) + self._low_rank()
            given = getattr(self.quantization_config, "weight_quantizer", None)
            encoded = self.forms()[name].encoded(
                merged, self.quantization_mode or "", self._block_size, given
            )
            kept |= dict(zip((name, f"{name}_scale", f"{name}_zero"), encoded))
        for index, value in enumerate(kept.values()):
            store[str(index)] = ops.convert_to_numpy(value)

    def load_own_variables(self, store: Any) -> None:
        """Read the weights; a low-rank product starts again from zero."""
        if not self.is_quantized:
            return super().load_own_variables(store)
        kept = self._kept_in_files()
        if len(store.keys()) != len(kept):
            raise ValueError(
                f"Layer `{self.name}`, quantized as {dtype_policies.of(self).name!r}, "
                f"keeps {len(kept)} arrays in files: {[*kept]}; the store has "
                f"{len(store.keys())}. Quantize the layer after loading floats."
            )
        for index, variable in enumerate(kept.values()):
            variable.assign(store[str(index)])
        if self.lora_enabled:
            self._lora_b.assign(ops.zeros_like(self._lora_b))


def _aligned(array: Tensor, letters: str, output: str) -> Tensor:
    """Return `array`, its axes named by `letters`, so that it broadcasts as `output`.

    Args:
        array: has only axes of the output; `letters` may start with `...`.
        letters: a letter for each axis.
        output: the letters of the result; others get size 1.
    """
    found = "".join(c for c in output.removeprefix("...") if c in letters)
    dots = "..." if "..." in letters else ""
    array = ops.einsum(f"{letters}->{dots}{found}", array)
    plain = output.removeprefix("...")
    missing = [i - len(plain) for i, c in enumerate(plain) if c not in letters]
    return ops.expand_dims(array, missing) if missing else array


def einsum_parts(equation: str) -> tuple[str, str, str]:
    """Return the letters of input, kernel and output of an equation."""
    left, output = equation.split("->")
    inputs, kernel = left.split(",")
    return inputs, kernel, output


def einsum_form(name: str, equation: str, shape: tuple[int, ...]) -> Form:
    """Return how the kernel of an einsum lies in few bits."""
    _, kernel, output = einsum_parts(equation)
    if output.endswith("..."):
        raise NotImplementedError(
            f"Layer `{name}` cannot be quantized: in its equation {equation!r} `...` "
            "stands last. Name those axes."
        )
    plain = output.removeprefix("...")
    kept = [letter for letter in kernel if letter in plain]
    order = [kept.index(letter) for letter in plain if letter in kept]
    scale = [shape[kernel.index(c)] if c in kernel else 1 for c in plain]
    summed = [i for i, letter in enumerate(kernel) if letter not in plain]
    return Form(shape, tuple(summed), tuple(scale), tuple(order))


def rounded_inputs(
    equation: str, inputs: Tensor, quantizer: Any
) -> tuple[Tensor, Tensor]:
    """Return inputs of an einsum as integers, and their scales as its outputs lie."""
    letters, _, output = einsum_parts(equation)
    plain = letters.removeprefix("...")
    summed = [i - len(plain) for i, c in enumerate(plain) if c not in output]
    rough, scale = quantizer(inputs, axis=tuple(summed))
    kept = "".join(c for c in letters if c == "." or c in output)
    return rough, _aligned(ops.squeeze(scale, tuple(summed)), kept, output)
