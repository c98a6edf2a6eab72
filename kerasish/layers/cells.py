"""Cells: what a recurrent layer does in one step of time."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import activations, constraints, initializers, ops, random, regularizers
from ..graph import Tensor
from ..variable import Variable, state
from .layer import Layer

__all__ = ["Cell", "GRUCell", "LSTMCell", "SimpleRNNCell"]

Shape = tuple[int | None, ...]
Masks = list[Any] | None
Product = Callable[..., Any]

_FIND: dict[str, Callable[[Any], Any]] = {
    "activation": activations.get,
    "initializer": initializers.get,
    "regularizer": regularizers.get,
    "constraint": constraints.get,
    "dropout": lambda rate: min(1.0, max(0.0, rate)),
}


class Cell(Layer):
    """A cell of gates: what goes into them is ``inputs·kernel + state·recurrent``.

    A subclass says how its `gates` numbers become the next state. The work is split so
    that a loop over time need not repeat all of it: `project` treats the inputs, of
    one step or of all; `weights` are the matrices by which states are multiplied;
    `advance` does one step, and gets ``project(x) + left · weights[k]`` by calling
    `product(k, left, x)`, where x or k and left may be None.

    In training `dropout` sets inputs to 0 and `recurrent_dropout` states, the same ones
    in all steps of a sequence; with recurrent dropout each gate has masks of its own.
    """

    gates: int
    rank = 1  # axes of one step's input
    axis = -1  # along which the gates lie
    units: int
    use_bias: bool
    activation: Any
    dropout: float
    recurrent_dropout: float
    seed: int | None
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    # The masks of calls outside of a layer, and the trace in which they were drawn.
    _kept: dict[str, tuple[Any, Masks]]

    def _take(self, arguments: dict[str, Any]) -> None:
        """Store the arguments of the constructor, names of functions as functions."""
        for name, value in arguments.items():
            if name not in ("self", "kwargs", "__class__"):
                find = _FIND.get(name.rpartition("_")[2])
                setattr(self, name, value if find is None else find(value))
        self._check_size(arguments)
        self.seed_generator = random.SeedGenerator(self.seed)
        self._kept = {}

    def _check_size(self, arguments: dict[str, Any]) -> None:
        if not isinstance(self.units, int) or self.units <= 0:
            raise ValueError(
                f"`units` of layer `{self.name}` must be a positive integer, not "
                f"{self.units!r}."
            )
        self.state_size: Any = self.units
        self.output_size: Any = self.units

    # --- weights ----------------------------------------------------------------------

    def build(self, input_shape: Shape) -> None:
        features = input_shape[-1]
        if features is None:
            raise ValueError(
                f"The last axis of the input of layer `{self.name}` must be known, but "
                f"its shape is {tuple(input_shape)}."
            )
        size = self.units * self.gates
        self.kernel = self._weight("kernel", (features, size), self.kernel_initializer)
        self.recurrent_kernel = self._weight(
            "recurrent_kernel", (self.units, size), self.recurrent_initializer
        )
        self._build_bias((size,))

    def _build_bias(self, shape: tuple[int, ...]) -> None:
        self.bias = None
        if self.use_bias:
            self.bias = self._weight("bias", shape, self._first_bias)

    def _first_bias(self, shape: Any, dtype: Any = None) -> Any:
        return self.bias_initializer(shape, dtype=dtype)

    def _weight(self, name: str, shape: tuple[int, ...], initializer: Any) -> Variable:
        kind = name.removesuffix("_kernel")
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer,
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
        )

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Return the states before the first step: zeros of shape `(batch, units)`."""
        return [
            zeros(batch_size, n, self.compute_dtype) for n in sizes_in(self.state_size)
        ]

    # --- dropout ----------------------------------------------------------------------

    def draw(self, kind: str, like: Tensor, count: int = 1) -> Masks:
        """Draw masks by the rate of `kind`; None if it drops nothing (or all)."""
        rate = getattr(self, kind)
        if not 0 < rate < 1:
            return None
        ones = ops.ones_like(like)
        return [random.dropout(ones, rate, seed=self.seed_generator)
                for _ in range(count)]  # fmt: skip

    def _masks_at_once(self) -> int:
        return self.gates if self.recurrent_dropout > 0 else 1

    def masks(self, inputs: Tensor, hidden: Tensor) -> tuple[Masks, Masks]:
        """Draw the masks of the inputs and of the states, for one sequence."""
        count = self._masks_at_once()
        drawn = self.draw("dropout", inputs, count)
        return drawn, self.draw("recurrent_dropout", hidden, count)

    def _keep(self, kind: str, like: Tensor) -> Masks:
        """The masks of calls one by one: the same until they are reset."""
        trace, masks = self._kept.get(kind, (None, None))
        if masks is None or trace is not state.redirect:
            masks = self.draw(kind, like, self._masks_at_once())
            self._kept[kind] = (state.redirect, masks)
        return masks

    def get_dropout_mask(self, step_input: Tensor) -> Any:
        """Return the mask of the inputs (a list with one for each gate)."""
        return _single(self._keep("dropout", step_input))

    def get_recurrent_dropout_mask(self, step_input: Tensor) -> Any:
        """Return the mask of the states (a list with one for each gate)."""
        return _single(self._keep("recurrent_dropout", step_input))

    def reset_dropout_mask(self) -> None:
        """Let the next call draw a new mask of the inputs."""
        self._kept.pop("dropout", None)

    def reset_recurrent_dropout_mask(self) -> None:
        """Let the next call draw a new mask of the states."""
        self._kept.pop("recurrent_dropout", None)

    # --- one step ---------------------------------------------------------------------

    def weights_of_states(self, per_gate: bool) -> list[Any]:
        """Return the matrices of `product`, of all gates at once or one for each."""
        kernel = ops.convert_to_tensor(self.recurrent_kernel)
        return ops.split(kernel, self.gates, -1) if per_gate else [kernel]

    def multiply(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return states times a weight."""
        return ops.matmul(x, weight)

    def weights_of_inputs(self, masks: Masks = None) -> dict[str, Any]:
        """Return what `project` needs besides the inputs."""
        kernel = ops.convert_to_tensor(self.kernel)
        per_gate = masks is not None and len(masks) > 1
        return {
            "masks": masks,
            "kernels": ops.split(kernel, self.gates, -1) if per_gate else [kernel],
            "bias": self._input_bias() if self.use_bias else None,
        }

    def project(self, inputs: Tensor, consts: dict[str, Any]) -> Tensor:
        """Return what the inputs, of one step or of several, contribute."""
        masks = consts["masks"] or [1]
        parts = [
            self.multiply(ops.reshape(inputs * mask, (-1, inputs.shape[-1])), kernel)
            for mask, kernel in zip(masks, consts["kernels"], strict=True)
        ]
        outputs = parts[0] if len(parts) == 1 else ops.concatenate(parts, -1)
        outputs = ops.reshape(outputs, (*inputs.shape[:-1], -1))
        return outputs if consts["bias"] is None else outputs + consts["bias"]

    def _input_bias(self) -> Any:
        return ops.convert_to_tensor(self.bias)

    def advance(
        self, x: Tensor, states: Sequence[Any], product: Product, masks: Masks
    ) -> tuple[Any, list[Any]]:
        """Return the output and the next states, from what `project` returned."""
        raise NotImplementedError

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> Any:
        return self._step(inputs, states, training)

    def _step(self, inputs: Tensor, states: Any, training: bool) -> Any:
        listed = list(states) if isinstance(states, (list, tuple)) else [states]
        masks: tuple[Masks, Masks] = (None, None)
        if training:
            kept = self._keep("dropout", inputs)
            masks = kept, self._keep("recurrent_dropout", listed[0])
        weights = self.weights_of_states(masks[1] is not None)

        consts = self.weights_of_inputs(masks[0])

        def product(k: int | None, left: Any = None, x: Any = None) -> Any:
            result = 0 if x is None else self.project(x, consts)
            return result if k is None else result + self.multiply(left, weights[k])

        output, new = self.advance(inputs, listed, product, masks[1])
        return output, new if isinstance(states, (list, tuple)) else new[0]


def shape_of(size: Any) -> tuple[int, ...]:
    """Return a size, an integer or a shape, as a shape."""
    return tuple(size) if isinstance(size, (list, tuple)) else (size,)


def map_sizes(fn: Callable[[Any], Any], sizes: Any, outermost: bool = True) -> Any:
    """Map over what a cell says of its states: lists of sizes, integers or shapes.

    The sizes of several states may stand in a tuple, too; further in it is a shape.
    """
    if isinstance(sizes, list) or (outermost and isinstance(sizes, tuple)):
        return [map_sizes(fn, size, False) for size in sizes]
    return fn(sizes)


def sizes_in(sizes: Any) -> list[Any]:
    """Return all sizes that stand in a cell's `state_size`, in order."""
    found: list[Any] = []
    map_sizes(found.append, sizes)
    return found


def zeros(batch_size: int | None, size: Any, dtype: str) -> Tensor:
    """Return states of 0."""
    if batch_size is None:
        raise ValueError("`get_initial_state` needs `batch_size`, the number of rows.")
    return ops.zeros((batch_size, *shape_of(size)), dtype)


def _single(masks: Masks) -> Any:
    return masks[0] if masks is not None and len(masks) == 1 else masks


def gate_products(
    x: Any, hidden: Tensor, product: Product, masks: Masks, axis: int = -1
) -> Tensor:
    """Return ``hidden · weights`` for all gates, side by side; and x projected."""
    if masks is None:
        return product(0, hidden, x)
    parts = [product(k, hidden * mask) for k, mask in enumerate(masks)]
    result = parts[0] if len(parts) == 1 else ops.concatenate(parts, axis)
    return result if x is None else result + product(None, None, x)


class SimpleRNNCell(Cell):
    """A step of a fully connected recurrence: ``h' = tanh(x·W + h·U + b)``.

    Args:
        units: size of the state and of the output.
        activation: function, or name of one; `None` is no activation.
        use_bias: whether to add b.
        kernel_initializer, recurrent_initializer, bias_initializer: how W, U and b
            start.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on them.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to them after
            each update.
        dropout: share of the inputs set to 0 in training, the same in all steps.
        recurrent_dropout: the same for h.
        seed: integer that makes dropout repeatable.

    Call arguments:
        sequence: `(batch, features)`.
        states: `[h]`, `(batch, units)`.

    Returns:
        `(h', [h'])`.

    Raises:
        ValueError: `units` is no positive integer.

    Example:
        >>> cell = keras.layers.SimpleRNNCell(1, None, kernel_initializer="ones",
        ...                                   recurrent_initializer="ones")
        >>> output, states = cell(np.ones((1, 2)), [np.full((1, 1), 5.0)])
        >>> np.asarray(output).tolist()
        [[7.0]]
    """

    gates = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        arguments = dict(locals())
        super().__init__(**kwargs)
        self._take(arguments)

    def call(self, sequence: Tensor, states: Any, training: bool = False) -> Any:
        return self._step(sequence, states, training)

    def advance(
        self, x: Tensor, states: Sequence[Any], product: Product, masks: Masks
    ) -> tuple[Any, list[Any]]:
        hidden = self.activation(gate_products(x, states[0], product, masks))
        return hidden, [hidden]


class LSTMCell(Cell):
    """A step of a long short-term memory, which carries a hidden state h and a cell c.

    With ``i, f, g, o = split(x·W + h·U + b)``::

        c' = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h' = sigmoid(o) * tanh(c')

    Args:
        units: size of each state and of the output.
        activation: function in place of tanh; `None` is no activation.
        recurrent_activation: function in place of sigmoid.
        use_bias: whether to add b.
        kernel_initializer, recurrent_initializer, bias_initializer: how W, U and b
            start.
        unit_forget_bias: whether b starts at 1 for the gate f.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on them.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to them after
            each update.
        dropout: share of the inputs set to 0 in training, the same in all steps.
        recurrent_dropout: the same for h.
        seed: integer that makes dropout repeatable.

    Call arguments:
        inputs: `(batch, features)`.
        states: `[h, c]`, each `(batch, units)`.

    Returns:
        `(h', [h', c'])`.

    Raises:
        ValueError: `units` is no positive integer.

    Reference: Hochreiter & Schmidhuber, 1997, "Long Short-Term Memory".

    Example:
        >>> cell = keras.layers.LSTMCell(3)
        >>> output, states = cell(np.ones((2, 4)), cell.get_initial_state(2))
        >>> output.shape, [s.shape for s in states]
        ((2, 3), [(2, 3), (2, 3)])
    """

    gates = 4
    unit_forget_bias: bool
    recurrent_activation: Any

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        arguments = dict(locals())
        kwargs.pop("implementation", None)  # of Keras 2: how it was computed
        super().__init__(**kwargs)
        self._take(arguments)
        self.state_size = [self.units, self.units]

    def _first_bias(self, shape: Any, dtype: Any = None) -> Any:
        if not self.unit_forget_bias:
            return super()._first_bias(shape, dtype)
        units = shape[0] // self.gates
        draw = self.bias_initializer
        first, rest = draw((units,), dtype=dtype), draw((2 * units,), dtype=dtype)
        parts = [first, np.ones_like(first), rest]
        return np.concatenate(parts)

    def advance(
        self, x: Tensor, states: Sequence[Any], product: Product, masks: Masks
    ) -> tuple[Any, list[Any]]:
        hidden, cell = states
        x = gate_products(x, hidden, product, masks, self.axis)
        i, f, new, o = ops.split(x, 4, self.axis)
        kept = self.recurrent_activation(f) * cell
        cell = kept + self.recurrent_activation(i) * self.activation(new)
        hidden = self.recurrent_activation(o) * self.activation(cell)
        return hidden, [hidden, cell]


class GRUCell(Cell):
    """A step of a gated recurrent unit.

    With ``z, r = sigmoid(x·W + h·U + b)`` (for the first two thirds of the weights)
    and the last third, written W', U', b'::

        g = tanh(x·W' + b' + r * (h·U' + b''))    if reset_after (b has two rows)
        g = tanh(x·W' + b' + (r * h)·U')          otherwise
        h' = z * h + (1 - z) * g

    Args:
        units: size of the state and of the output.
        activation: function in place of tanh; `None` is no activation.
        recurrent_activation: function in place of sigmoid.
        use_bias: whether to add b.
        kernel_initializer, recurrent_initializer, bias_initializer: how W, U and b
            start.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on them.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to them after
            each update.
        dropout: share of the inputs set to 0 in training, the same in all steps.
        recurrent_dropout: the same for h.
        reset_after: whether r acts after the product with U' (as in cuDNN) or before.
        seed: integer that makes dropout repeatable.

    Call arguments:
        inputs: `(batch, features)`.
        states: `[h]`, `(batch, units)`.

    Returns:
        `(h', [h'])`.

    Raises:
        ValueError: `units` is no positive integer.

    Reference: Cho et al., 2014, "Learning Phrase Representations using RNN
    Encoder-Decoder for Statistical Machine Translation".

    Example:
        >>> cell = keras.layers.GRUCell(3)
        >>> output, states = cell(np.ones((2, 4)), cell.get_initial_state(2))
        >>> output.shape, [s.shape for s in states]
        ((2, 3), [(2, 3)])
    """

    gates = 3
    reset_after: bool
    recurrent_activation: Any

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        arguments = dict(locals())
        kwargs.pop("implementation", None)  # of Keras 2: how it was computed
        super().__init__(**kwargs)
        self._take(arguments)

    def _build_bias(self, shape: tuple[int, ...]) -> None:
        super()._build_bias((2, *shape) if self.reset_after else shape)

    def _input_bias(self) -> Any:
        bias = ops.convert_to_tensor(self.bias)
        if not self.reset_after:
            return bias
        # What is added to the gates z and r need not wait for the loop.
        rest = ops.concatenate([bias[1, : -self.units], bias[1, -self.units :] * 0])
        return bias[0] + rest

    def weights_of_states(self, per_gate: bool) -> list[Any]:
        weights = super().weights_of_states(per_gate)
        if self.reset_after or per_gate:
            return weights
        return ops.split(weights[0], [2 * self.units], -1)

    def advance(
        self, x: Tensor, states: Sequence[Any], product: Product, masks: Masks
    ) -> tuple[Any, list[Any]]:
        hidden, size = states[0], 2 * self.units
        x = product(None, None, x)
        if self.reset_after:
            inner = gate_products(None, hidden, product, masks)
            z, r = self._open(x[..., :size] + inner[..., :size])
            last = inner[..., size:]
            if self.bias is not None:
                last = last + ops.convert_to_tensor(self.bias)[1, size:]
            new = self.activation(x[..., size:] + r * last)
        else:
            early = None if masks is None else masks[:2]
            inner = gate_products(None, hidden, product, early)
            z, r = self._open(x[..., :size] + inner)
            last = r * hidden if masks is None else r * hidden * masks[2]
            new = self.activation(x[..., size:] + product(2 if masks else 1, last))
        hidden = z * hidden + (1 - z) * new
        return hidden, [hidden]

    def _open(self, x: Tensor) -> Any:
        return ops.split(self.recurrent_activation(x), 2, -1)
