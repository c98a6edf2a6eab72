"""LSTMs whose states are images: products with weights are convolutions."""

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..graph import Tensor
from .cells import LSTMCell
from .input_spec import InputSpec
from .recurrent import _OfGates
from .windows import Ranked

__all__ = ["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"]

Shape = tuple[int | None, ...]
Sizes = int | Sequence[int]


class ConvLSTMCell(LSTMCell, Ranked):
    """A step of a convolutional LSTM; `rank` is the number of axes of space.

    The input is convolved as the arguments say, the state with a kernel of the same
    size, so that its shape stays.
    """

    filters: int
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation_rate: tuple[int, ...]
    padding: str

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
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
        kwargs.pop("implementation", None)
        super(LSTMCell, self).__init__(**kwargs)
        self._take(arguments)

    def _check_size(self, arguments: dict[str, Any]) -> None:
        self._check_count("filters", self.filters)
        for name in ("kernel_size", "strides", "dilation_rate"):
            setattr(self, name, self._numbers(arguments[name], name))
        self._set_data_format(self.data_format)
        self.axis = self._channel_axis
        self._check_windows(("valid", "same"))
        self.units = self.filters  # what it is to an LSTM
        self.state_size = [None, None]  # known once the cell is built

    def state_shape(self, step_shape: Shape) -> Shape:
        """Return the shape of a state without its batch axis, from that of a step."""
        space = step_shape[:-1] if self.axis == -1 else step_shape[1:]
        if None in space or step_shape[0 if self.axis == 1 else -1] is None:
            raise ValueError(
                f"The input of layer `{self.name}` must have known sizes but for batch "
                f"and time, but each step has the shape {tuple(step_shape)}: its "
                "states are as large as what the convolution gives."
            )
        sizes = []
        for n, kernel, stride, rate in zip(
            space, self.kernel_size, self.strides, self.dilation_rate, strict=True
        ):
            lost = 0 if self.padding == "same" else rate * (kernel - 1)
            sizes.append((n - lost + stride - 1) // stride)  # type: ignore[operator]
        if self.axis == 1:
            return (self.filters, *sizes)
        return (*sizes, self.filters)

    def build(self, input_shape: Shape) -> None:
        self.state_size = [self.state_shape(input_shape[1:])] * 2
        self.output_size = self.state_size[0]
        channels, gates = input_shape[self.axis], self.filters * self.gates
        for name, size in (("kernel", channels), ("recurrent_kernel", self.filters)):
            shape: Any = (*self.kernel_size, size, gates)
            initializer = getattr(self, f"{name.removesuffix('_kernel')}_initializer")
            setattr(self, name, self._weight(name, shape, initializer))
        self._build_bias((gates,))

    def _masks_at_once(self) -> int:
        return self.gates

    def multiply(self, x: Tensor, weight: Tensor) -> Tensor:
        return ops.conv(x, weight, 1, "same", self.data_format)

    def _input_bias(self) -> Any:
        ones = (1,) * (self.rank if self.axis == 1 else 0)
        return ops.reshape(self.bias, (-1, *ones))

    def project(self, inputs: Tensor, consts: dict[str, Any]) -> Tensor:
        lead, step = inputs.shape[: -self.rank - 1], inputs.shape[-self.rank - 1 :]
        parts = [
            ops.conv(
                ops.reshape(inputs * mask, (-1, *step)),
                kernel,
                self.strides,
                self.padding,
                self.data_format,
                self.dilation_rate,
            )
            for mask, kernel in zip(consts["masks"] or [1], consts["kernels"])
        ]
        outputs = parts[0] if len(parts) == 1 else ops.concatenate(parts, self.axis)
        if consts["bias"] is not None:
            outputs = outputs + consts["bias"]
        return ops.reshape(outputs, (*lead, *outputs.shape[1:]))


class _ConvLSTM(_OfGates):
    of = ConvLSTMCell
    rank: int

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        self._begin(dict(locals()) | {"rank": self.rank}, kwargs)
        self.input_spec = InputSpec(ndim=self.rank + 3)

    def compute_output_shape(
        self, sequences_shape: Shape, initial_state_shape: Any = None
    ) -> Any:
        state = self.cell.state_shape(sequences_shape[2:])
        output = (*sequences_shape[: 2 if self.return_sequences else 1], *state)
        one = (sequences_shape[0], *state)
        return (output, one, one) if self.return_state else output


class ConvLSTM1D(_ConvLSTM):
    """An LSTM over sequences of sequences: its products are 1D convolutions.

    Args: those of `ConvLSTM2D`, with one number, or a tuple of one, along the axis.

    Call arguments:
        sequences: `(batch, time, steps, channels)`, or with "channels_first"
            `(batch, time, channels, steps)`; only batch and time may be unknown.
        initial_state: list of two states, `(batch, new steps, filters)`.
        mask: `(batch, time)`, False for steps to skip.
        training: whether dropout is active.

    Returns:
        `(batch, new steps, filters)`, with `time` as the second axis if
        `return_sequences`; with `return_state` a tuple of this and the two states.

    Raises:
        ValueError: an argument or the input's shape is not as described.

    Example:
        >>> keras.layers.ConvLSTM1D(4, 3)(np.ones((2, 5, 8, 3))).shape
        (2, 6, 4)
    """

    rank = 1


class ConvLSTM2D(_ConvLSTM):
    """An LSTM over sequences of images: its products are 2D convolutions.

    Args:
        filters: number of channels of the states and of the output.
        kernel_size: cells along each axis: one number, or one for each.
        strides, padding, dilation_rate: of the convolution of inputs, as in `Conv2D`;
            that of states keeps their shape.
        data_format: "channels_last" or "channels_first"; default from the settings.
        activation: function of the new state, tanh unless given; `None` is none.
        recurrent_activation: function of the gates, sigmoid unless given.
        use_bias: whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights of
            inputs and states and the bias start.
        unit_forget_bias: whether the bias of the gate that forgets starts at 1.
        kernel_regularizer, recurrent_regularizer, bias_regularizer,
            activity_regularizer: penalties on weights and output.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to the weights
            after each update.
        dropout: share of the inputs set to 0 in training, the same in all steps.
        recurrent_dropout: the same for the state.
        seed: integer that makes dropout repeatable.
        return_sequences, return_state, go_backwards, stateful: as in `RNN`.

    Call arguments:
        sequences: `(batch, time, rows, columns, channels)`, or with "channels_first"
            `(batch, time, channels, rows, columns)`; only batch and time may be
            unknown.
        initial_state: list of two states, `(batch, new rows, new columns, filters)`.
        mask: `(batch, time)`, False for steps to skip.
        training: whether dropout is active.

    Returns:
        `(batch, new rows, new columns, filters)`, with `time` as the second axis if
        `return_sequences`; with `return_state` a tuple of this and the two states.

    Raises:
        ValueError: an argument or the input's shape is not as described.

    Reference: Shi et al., 2015, "Convolutional LSTM Network: A Machine Learning
    Approach for Precipitation Nowcasting".

    Example:
        >>> layer = keras.layers.ConvLSTM2D(4, 3, return_sequences=True)
        >>> layer(np.ones((2, 5, 8, 8, 3))).shape
        (2, 5, 6, 6, 4)
    """

    rank = 2


class ConvLSTM3D(_ConvLSTM):
    """An LSTM over sequences of volumes: its products are 3D convolutions.

    Args: those of `ConvLSTM2D`, with one number, or three, along the axes.

    Call arguments:
        sequences: `(batch, time, x, y, z, channels)`, or with "channels_first"
            `(batch, time, channels, x, y, z)`; only batch and time may be unknown.
        initial_state: list of two states, `(batch, new x, new y, new z, filters)`.
        mask: `(batch, time)`, False for steps to skip.
        training: whether dropout is active.

    Returns:
        `(batch, new x, new y, new z, filters)`, with `time` as the second axis if
        `return_sequences`; with `return_state` a tuple of this and the two states.

    Raises:
        ValueError: an argument or the input's shape is not as described.

    Example:
        >>> keras.layers.ConvLSTM3D(2, 3)(np.ones((1, 2, 4, 4, 4, 3))).shape
        (1, 2, 2, 2, 2)
    """

    rank = 3
