"""Fully connected layers."""

import re
from collections.abc import Sequence
from typing import Any

from .. import activations, constraints, initializers, ops, regularizers
from ..graph import Tensor
from .input_spec import InputSpec
from .quantized import (
    Form,
    QuantizedLayer,
    einsum_form,
    einsum_parts,
    rounded_inputs,
)

__all__ = ["Dense", "EinsumDense"]

Shape = tuple[int | None, ...]


class Dense(QuantizedLayer):
    """Multiply by a matrix, add a bias, apply an activation.

    ``output = activation(input @ kernel + bias)``

    Args:
        units: positive integer, the size of the last axis of the output.
        activation: function, or name of one; `None` is no activation.
        use_bias: whether to add a bias.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties on
            weights and output that are added to the loss.
        kernel_constraint, bias_constraint: applied to the weights after each update.
        lora_rank: if given, the kernel is frozen and a product of this rank trained
            beside it (see `enable_lora`).
        lora_alpha: strength of that product; `lora_rank` if not given.
        quantization_config: for `quantize`, how inputs and kernel become integers.

    Input: `(batch, ..., features)`. Output: `(batch, ..., units)`.

    Raises:
        ValueError: `units` is no positive integer; the last axis of the input is
            unknown, or not what it was when the layer was built.

    Example:
        >>> layer = keras.layers.Dense(1, kernel_initializer="ones")
        >>> np.asarray(layer(np.array([[1.0, 2.0], [3.0, 4.0]]))).tolist()
        [[3.0], [7.0]]
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        if not isinstance(units, int) or units <= 0:
            raise ValueError(
                f"`units` of layer `{self.name}` must be a positive integer, "
                f"not {units!r}."
            )
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._set_lora(lora_rank, lora_alpha, quantization_config)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        features = input_shape[-1]
        if features is None:
            raise ValueError(
                f"The last axis of the input of layer `{self.name}` must be known, "
                f"but its shape is {tuple(input_shape)}. Give it, e.g. by "
                "`Input((..., features))`."
            )
        self._add_main((features, self.units))
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})
        self._apply_lora()

    @property
    def kernel(self) -> Any:
        """The matrix in use, of shape `(features, units)`."""
        return self._effective(self._kernel)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        outputs = self.product(inputs)
        if self.bias is not None:
            outputs = ops.add(outputs, self.bias)
        return self.activation(outputs)

    def forms(self) -> dict[str, Form]:
        return {"kernel": Form(self._main_shape, (0,), (self.units,))}

    def multiply(self, inputs: Tensor, weight: Tensor) -> Tensor:
        return ops.matmul(inputs, weight)

    def multiply_back(self, upstream: Tensor, weight: Tensor) -> Tensor:
        return ops.matmul(upstream, ops.transpose(weight))


class EinsumDense(QuantizedLayer):
    """A dense layer whose product is any einsum of the input and one kernel.

    ``output = activation(einsum(equation, input, kernel) + bias)``

    Args:
        equation: `"input,kernel->output"`, a letter per axis, the batch axis included;
            `...` may stand first, or last, in input and output.
        output_shape: shape of the output without the batch axis (and without the axes
            under `...`); `None` where the size is the input's.
        activation: function, or name of one; `None` is no activation.
        bias_axes: letters of the output that the bias has; `None` is no bias.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer: penalties that are added to the loss.
        kernel_constraint, bias_constraint: applied to the weights after each update.
        lora_rank, lora_alpha: low-rank adaptation, as in `Dense`.
        gptq_unpacked_column_size: kept in the config only; it belongs to quantization.
        quantization_config: for `quantize`, how inputs and kernel become integers.

    Raises:
        ValueError: the equation is malformed, or its sizes contradict the input's.

    Example:
        >>> layer = keras.layers.EinsumDense(
        ...     "abc,cd->abd", output_shape=(None, 5), bias_axes="d")
        >>> layer(np.ones((2, 3, 4))).shape, layer.kernel.shape, layer.bias.shape
        ((2, 3, 5), (4, 5), (5,))
    """

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.equation = equation
        self.output_shape = (
            (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        )
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.gptq_unpacked_column_size = gptq_unpacked_column_size
        self._set_lora(lora_rank, lora_alpha, quantization_config)

    def build(self, input_shape: Shape) -> None:
        kernel_shape, bias_shape = einsum_weights(
            self.name, self.equation, self.bias_axes, input_shape, self.output_shape
        )
        self._add_main(kernel_shape)
        self.bias = None
        if bias_shape is not None:
            self.bias = self.add_weight(
                name="bias",
                shape=bias_shape,
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(ndim=len(input_shape))
        self._apply_lora()

    @property
    def kernel(self) -> Any:
        """The kernel in use; its axes are those of the equation's middle part."""
        return self._effective(self._kernel)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        outputs = self.product(inputs)
        if self.bias is not None:
            outputs = ops.add(outputs, self.bias)
        return self.activation(outputs)

    def forms(self) -> dict[str, Form]:
        return {"kernel": einsum_form(self.name, self.equation, self._main_shape)}

    def multiply(self, inputs: Tensor, weight: Tensor) -> Tensor:
        return ops.einsum(self.equation, inputs, weight)

    def multiply_back(self, upstream: Tensor, weight: Tensor) -> Tensor:
        inputs, kernel, output = einsum_parts(self.equation)
        return ops.einsum(f"{output},{kernel}->{inputs}", upstream, weight)

    def _rounded_inputs(self, inputs: Tensor, quantizer: Any) -> tuple[Tensor, Tensor]:
        return rounded_inputs(self.equation, inputs, quantizer)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config["activity_regularizer"] = regularizers.serialize(
            self.activity_regularizer
        )
        if self.gptq_unpacked_column_size is None:
            config.pop("gptq_unpacked_column_size", None)
        return config


_EQUATION = re.compile(
    r"(?P<left>\.{3})?(?P<input>[a-zA-Z]+)(?P<right>\.{3})?,(?P<kernel>[a-zA-Z]+)"
    r"->(?(left)\.{3})(?P<output>[a-zA-Z]+)(?(right)\.{3})"
)


def einsum_weights(
    name: str,
    equation: str,
    bias_axes: str | None,
    input_shape: Shape,
    output_shape: Shape,
) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """Return the shapes of kernel and bias (`None` without `bias_axes`).

    A letter's size comes from the input where the input has it, else from
    `output_shape`. The bias has size 1 along the axes it is not asked to have.
    """
    where = f"Layer `{name}`, equation {equation!r}"
    match = _EQUATION.fullmatch(equation)
    if match is None or (match["left"] and match["right"]):
        raise ValueError(
            f"{where}: expected the form `ab,bc->ac`, `...b,bc->...c` or "
            "`ab...,bc->ac...`."
        )
    hidden = len(input_shape) - len(match["input"])
    if hidden < 0 or (hidden and not (match["left"] or match["right"])):
        raise ValueError(
            f"{where}: the input must have {len(match['input'])} axes, but its shape "
            f"is {tuple(input_shape)}."
        )
    shown = input_shape[hidden:] if match["left"] else input_shape
    sizes = dict(zip(match["input"], shown, strict=False))
    _add_output_sizes(where, sizes, match, output_shape)
    kernel_shape = _sizes(where, match["kernel"], sizes)
    if bias_axes is None:
        return kernel_shape, None
    if missing := set(bias_axes) - set(match["output"]):
        raise ValueError(
            f"{where}: `bias_axes` {bias_axes!r} names {sorted(missing)}, which the "
            f"output {match['output']!r} does not have."
        )
    first = min(match["output"].index(letter) for letter in bias_axes)
    bias = [
        _sizes(where, letter, sizes)[0] if letter in bias_axes else 1
        for letter in match["output"][first:]
    ]
    return kernel_shape, (*bias, *[1] * (hidden if match["right"] else 0))


def _add_output_sizes(
    where: str, sizes: dict[str, int | None], match: re.Match[str], shape: Shape
) -> None:
    """Complete `sizes` by `output_shape`, after a check that they agree."""
    letters = match["output"] if match["left"] else match["output"][1:]
    if len(letters) != len(shape):
        raise ValueError(
            f"{where}: `output_shape` must give the size of each of the axes "
            f"{letters!r}. Received: {shape}."
        )
    if unknown := set(match["output"]) - set(match["input"] + match["kernel"]):
        raise ValueError(
            f"{where}: the output has the axes {sorted(unknown)}, which neither the "
            "input nor the kernel has."
        )
    for letter, size in zip(letters, shape, strict=True):
        known = sizes.get(letter)
        if None not in (size, known) and size != known:
            raise ValueError(
                f"{where}: axis {letter!r} has size {known} in the input, but "
                f"{size} in `output_shape` {shape}."
            )
        sizes[letter] = size if known is None else known


def _sizes(where: str, letters: str, sizes: dict[str, int | None]) -> tuple[int, ...]:
    """Return the sizes of `letters`, all of which a weight needs."""
    if missing := [letter for letter in letters if sizes.get(letter) is None]:
        raise ValueError(
            f"{where}: the sizes of the axes {missing} of the weights must be known; "
            "give them in the input's shape or in `output_shape`."
        )
    return tuple(sizes[letter] or 0 for letter in letters)
