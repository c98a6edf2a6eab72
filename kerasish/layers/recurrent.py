"""Recurrent layers that bring their cells along."""

import inspect
from typing import Any

from .. import legacy, registry, regularizers
from .cells import Cell, GRUCell, LSTMCell, SimpleRNNCell
from .input_spec import InputSpec
from .rnn import RNN

__all__ = ["GRU", "LSTM", "SimpleRNN"]


class _OfGates(RNN):
    """A recurrent layer that makes its cell itself, and has the cell's arguments."""

    of: type[Cell]

    def _begin(self, arguments: dict[str, Any], kwargs: dict[str, Any]) -> None:
        """Make the cell and store the rest, from the arguments of the constructor."""
        shared = ("dtype", "trainable", "implementation")
        cell_kwargs = {k: v for k, v in kwargs.items() if k in shared}
        if self.of is not SimpleRNNCell:
            kwargs.pop("implementation", None)
        of_cell = inspect.signature(self.of.__init__).parameters
        given = {k: v for k, v in arguments.items() if k in of_cell}
        given = {k: v for k, v in given.items() if k not in ("self", "kwargs")}
        name = registry.to_snake_case(self.of.__name__)
        cell = self.of(**given, **cell_kwargs, name=name)
        of_layer = inspect.signature(RNN.__init__).parameters
        options = {k: v for k, v in arguments.items() if k in of_layer}
        del options["self"], options["kwargs"]
        if "use_cudnn" in arguments:
            self.use_cudnn = arguments["use_cudnn"]
        RNN.__init__(
            self,
            cell,
            **options,
            activity_regularizer=arguments["activity_regularizer"],
            **kwargs,
        )
        self.input_spec = InputSpec(ndim=self.cell.rank + 2)

    def __getattr__(self, name: str) -> Any:
        # What the constructor passed on to the cell stands there.
        cell = self.__dict__.get("cell")
        if cell is not None and name in inspect.signature(self.of.__init__).parameters:
            return getattr(cell, name)
        raise AttributeError(
            f"{type(self).__name__!r} object has no attribute {name!r}"
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config["activity_regularizer"] = regularizers.serialize(
            self.activity_regularizer
        )
        for name in ("cell", "use_cudnn"):
            config.pop(name, None)
        if self.of is SimpleRNNCell and self.seed is None:
            del config["seed"]  # Keras has none here
        return config


class SimpleRNN(_OfGates):
    """A fully connected recurrent layer: ``h[t] = tanh(x[t]·W + h[t-1]·U + b)``.

    Args:
        units: size of the state and of the output.
        activation: function of the new state, tanh unless given; `None` is none.
        use_bias: whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights of
            inputs and states and the bias start.
        kernel_regularizer, recurrent_regularizer, bias_regularizer,
            activity_regularizer: penalties on weights and output.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to the weights
            after each update.
        dropout: share of the inputs set to 0 in training, the same in all steps.
        recurrent_dropout: the same for the state.
        seed: integer that makes dropout repeatable.
        return_sequences, return_state, go_backwards, stateful, unroll: as in `RNN`.

    Call arguments:
        sequences: `(batch, time, features)`.
        initial_state: list of one state, `(batch, units)`; default zeros.
        mask: `(batch, time)`, False for steps to skip.
        training: whether dropout is active.

    Returns:
        `(batch, units)`, or `(batch, time, units)` with `return_sequences`; with
        `return_state` a tuple of this and the states.

    Raises:
        ValueError: `units` is no positive integer; the input or a state does not fit.

    Example:
        >>> layer = keras.layers.SimpleRNN(1, None, kernel_initializer="ones",
        ...                                recurrent_initializer="ones")
        >>> np.asarray(layer(np.array([[[1.0], [2.0], [3.0]]]))).tolist()
        [[6.0]]
    """

    of = SimpleRNNCell

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        self._begin(dict(locals()), kwargs)


class LSTM(_OfGates):
    """A long short-term memory: the recurrence of `LSTMCell`.

    Args:
        units: size of the state and of the output.
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
        return_sequences, return_state, go_backwards, stateful, unroll: as in `RNN`.
        use_cudnn: must be a boolean or "auto"; there is one way to compute here.

    Call arguments:
        sequences: `(batch, time, features)`.
        initial_state: list of two states, each `(batch, units)`; default zeros.
        mask: `(batch, time)`, False for steps to skip.
        training: whether dropout is active.

    Returns:
        `(batch, units)`, or `(batch, time, units)` with `return_sequences`; with
        `return_state` a tuple of this and the states.

    Raises:
        ValueError: `units` is no positive integer; the input or a state does not fit.

    Reference: Hochreiter & Schmidhuber, 1997, "Long Short-Term Memory".

    Example:
        >>> layer = keras.layers.LSTM(4, return_sequences=True, return_state=True)
        >>> output, hidden, cell = layer(np.ones((2, 5, 3)))
        >>> output.shape, hidden.shape, cell.shape
        ((2, 5, 4), (2, 4), (2, 4))
    """

    of = LSTMCell

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
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        self._begin(dict(locals()), kwargs)


class GRU(_OfGates):
    """A gated recurrent unit: the recurrence of `GRUCell`.

    Args:
        units: size of the state and of the output.
        activation: function of the new state, tanh unless given; `None` is none.
        recurrent_activation: function of the gates, sigmoid unless given.
        use_bias: whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights of
            inputs and states and the bias start.
        kernel_regularizer, recurrent_regularizer, bias_regularizer,
            activity_regularizer: penalties on weights and output.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to the weights
            after each update.
        dropout: share of the inputs set to 0 in training, the same in all steps.
        recurrent_dropout: the same for the state.
        seed: integer that makes dropout repeatable.
        return_sequences, return_state, go_backwards, stateful, unroll: as in `RNN`.
        reset_after: whether a gate resets the state after its product or before.
        use_cudnn: must be a boolean or "auto"; there is one way to compute here.

    Call arguments:
        sequences: `(batch, time, features)`.
        initial_state: list of one state, `(batch, units)`; default zeros.
        mask: `(batch, time)`, False for steps to skip.
        training: whether dropout is active.

    Returns:
        `(batch, units)`, or `(batch, time, units)` with `return_sequences`; with
        `return_state` a tuple of this and the states.

    Raises:
        ValueError: `units` is no positive integer; the input or a state does not fit.

    Reference: Cho et al., 2014, "Learning Phrase Representations using RNN
    Encoder-Decoder for Statistical Machine Translation".

    Example:
        >>> layer = keras.layers.GRU(4, return_sequences=True)
        >>> layer(np.ones((2, 5, 3))).shape
        (2, 5, 4)
    """

    of = GRUCell

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
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        self._begin(dict(locals()), kwargs)


# `RNN` and the cells were here once.
__getattr__ = legacy.attributes(__name__)
