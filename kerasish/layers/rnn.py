"""A cell, carried over time."""

from typing import Any

from .. import backend, ops, tree
from ..graph import Tensor
from ..variable import Variable, state
from .cells import Cell, SimpleRNNCell, map_sizes, shape_of
from .layer import Layer
from .stacked_cells import (
    StackedRNNCells,
    call_cell,
    check_cell,
    initial_state,
    output_size_of,
)

__all__ = ["RNN"]

Shape = tuple[int | None, ...]


class _States(list[Variable]):
    """The variables of a stateful layer: state, and no weights."""


class RNN(Layer):
    """Apply a cell to each step of a sequence, carrying its states along.

    ``output[t], states = cell(input[t], states)``. Where the mask is False the step is
    skipped: states stay, and the output is that of the step before.

    Args:
        cell: a cell, or a list of cells to stack. A cell is a layer (or object) with
            `call(input, states) -> (output, new states)` and `state_size`: an integer,
            or a list with one for each state, in which a tuple is the shape of a state
            with more axes; `output_size` (default: the first of
            `state_size`) and `get_initial_state(batch_size)` are optional.
        return_sequences: whether to return the outputs of all steps, not of the last.
        return_state: whether to return the last states, too.
        go_backwards: whether to go from the last step to the first; outputs are in the
            order in which they are made.
        stateful: whether each batch begins with the states in which the one before
            ended (see `reset_state`); needs a known batch size.
        unroll: whether to write the loop out: more to compile, no loop at run time.
            Needs a known number of steps.
        zero_output_for_mask: whether the output of skipped steps is 0.

    Call arguments:
        sequences: `(batch, time, ...)`.
        initial_state: list of states to begin with; default zeros.
        mask: `(batch, time)`, False for steps to skip.
        training: passed on to the cell.

    Returns:
        `(batch, units)`, or `(batch, time, units)` with `return_sequences`; with
        `return_state` a tuple of this and the states.

    Raises:
        ValueError: the cell lacks something, or states do not fit.

    Example:
        >>> class Sum(keras.Layer):
        ...     state_size = 2
        ...     def call(self, inputs, states):
        ...         return inputs + states[0], [inputs + states[0]]
        >>> np.asarray(keras.layers.RNN(Sum())(np.ones((1, 5, 2)))).tolist()
        [[5.0, 5.0]]
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        check_cell(cell, f"The `cell` of layer `{self.name}`")
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self._states = _States()
        self.supports_masking = True

    # --- shapes and states ------------------------------------------------------------

    def build(self, sequences_shape: Shape, initial_state_shape: Any = None) -> None:
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
        if self.stateful:
            if sequences_shape[0] is None:
                raise ValueError(
                    f"Layer `{self.name}` is stateful, so the batch size must be "
                    f"known, but the input's shape is {tuple(sequences_shape)}. Give "
                    "it, e.g. by `Input(batch_shape=(32, 10, 8))`."
                )
            self._states = _States(
                Variable(value, None, self.variable_dtype, False, name="rnn_state")
                for value in tree.flatten(self.get_initial_state(sequences_shape[0]))
            )

    @property
    def state_size(self) -> Any:
        """The size of each state, a list."""
        sizes = self.cell.state_size
        return list(sizes) if isinstance(sizes, (list, tuple)) else [sizes]

    @property
    def states(self) -> Any:
        """Variables with the states of a stateful layer, in the cell's structure."""
        if not self._states:
            return None
        variables = iter(self._states)
        return map_sizes(lambda _: next(variables), self.state_size)

    @property
    def variables(self) -> list[Variable]:
        """All variables, the states of a stateful layer included."""
        return [*super().variables, *self._states]

    def get_initial_state(self, batch_size: int | None) -> list[Any]:
        """Return the states before the first step, as the cell says them."""
        return initial_state(self.cell, batch_size, self.compute_dtype)

    def reset_state(self) -> None:
        """Let the next batch begin with states of 0, as the first did."""
        if self._states:
            first = self.get_initial_state(self._states[0].shape[0])
            for variable, value in zip(self._states, tree.flatten(first), strict=True):
                variable.assign(value)

    reset_states = reset_state

    def compute_output_shape(
        self, sequences_shape: Shape, initial_state_shape: Any = None
    ) -> Any:
        kept = 2 if self.return_sequences else 1
        output = (*sequences_shape[:kept], *shape_of(output_size_of(self.cell)))
        if not self.return_state:
            return output
        batch = sequences_shape[0]
        states = map_sizes(lambda n: (batch, *shape_of(n)), self.state_size)
        return (output, *states)

    def compute_mask(self, _: Any, mask: Any) -> Any:
        mask = tree.flatten(mask)[0] if self.return_sequences else None
        return [mask, *(None for _ in self.state_size)] if self.return_state else mask

    # --- running ----------------------------------------------------------------------

    def call(
        self,
        sequences: Tensor,
        initial_state: Any = None,
        mask: Any = None,
        training: bool = False,
    ) -> Any:
        first = self._first_states(sequences, initial_state)
        mask = tree.flatten(mask)[0]
        if self.unroll and state.inferring and sequences.shape[1] in backend.STAND_INS:
            raise ValueError(
                f"Layer `{self.name}` is to be unrolled, so the number of steps must "
                "be known. Give it in the shape of the input, or set `unroll=False`."
            )
        outputs, last, states = self.inner_loop(sequences, first, mask, training)
        if not state.inferring:  # where the batch may have any size
            for variable, value in zip(self._states, tree.flatten(states)):
                variable.assign(value)
        results = (outputs if self.return_sequences else last, *states)
        results = tree.map_structure(self._in_own_type, results)
        return results if self.return_state else results[0]

    def _in_own_type(self, x: Tensor) -> Tensor:
        return backend.cast(x, self.compute_dtype)

    def _first_states(self, sequences: Tensor, given: Any) -> list[Any]:
        """The states to begin with, in the structure and type that the cell has."""
        batch = sequences.shape[0]
        usual = self.get_initial_state(batch)
        if given is None:
            kept = [] if state.inferring else [v.value for v in self._states]
            given = kept or usual
        found, wanted = tree.flatten(given), tree.flatten(usual)
        shapes = [tuple(x.shape) for x in found]
        if shapes != [tuple(x.shape) for x in wanted]:
            raise ValueError(
                f"Layer `{self.name}` begins with states of shapes "
                f"{[tuple(x.shape) for x in wanted]}, but "
                + (
                    f"its batch size is {shapes[0][0]} since it is stateful: the batch "
                    f"has {batch} rows."
                    if self._states and shapes[0][0] != batch
                    else f"`initial_state` has the shapes {shapes}."
                )
            )
        cast = [backend.cast(x, backend.dtype_name(y)) for x, y in zip(found, wanted)]
        return tree.pack_sequence_as(usual, cast)

    def inner_loop(
        self, sequences: Tensor, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, Any]:
        """Return the outputs (None unless they are wanted), the last, and the states.

        Args:
            sequences: `(batch, time, ...)`.
            initial_state: list of states.
            mask: `(batch, time)` or None.
            training: whether dropout is active.
        """
        inputs = ops.swapaxes(sequences, 0, 1)
        if mask is not None:
            mask = ops.cast(ops.swapaxes(mask, 0, 1), "bool")
            mask = ops.any(ops.reshape(mask, (*mask.shape[:2], -1)), -1)
        loop = self._loop_of_gates if self._splits() else self._loop_of_calls
        outputs, last, states = loop(inputs, initial_state, mask, training)
        if self.return_sequences:
            outputs = ops.flip(outputs, 0) if self.go_backwards else outputs
            outputs = ops.swapaxes(outputs, 0, 1)
        return outputs, last, states

    def _splits(self) -> bool:
        """Whether the cell's step may be taken apart: it is one of ours as it is."""
        cell = self.cell
        own = (Cell.call, SimpleRNNCell.call)
        return (
            isinstance(cell, Cell)
            and type(cell).call in own
            and cell.compute_dtype == self.compute_dtype
        )

    def _loop_of_gates(
        self, inputs: Tensor, first: list[Any], mask: Any, training: bool
    ) -> tuple[Any, Any, Any]:
        cell = self.cell
        drawn = cell.masks(inputs[0], first[0]) if training else (None, None)

        def step(product: Any, states: Any, x: Any, keep: Any) -> tuple[Any, Any]:
            output, new = cell.advance(x, states, product, drawn[1])
            new = _kept(keep, new, states)
            output = self._masked(keep, output, states[0])
            return new, output if self.return_sequences else None

        states, outputs = backend.recurrence(
            step,
            first,
            cell.project,
            inputs,
            cell.weights_of_inputs(drawn[0]),
            cell.multiply,
            cell.weights_of_states(drawn[1] is not None),
            mask,
            reverse=self.go_backwards,
            unroll=self.unroll,
        )
        end = None if mask is None else mask[0 if self.go_backwards else -1]
        return outputs, self._masked(end, states[0], states[0]), states

    def _loop_of_calls(
        self, inputs: Tensor, first: list[Any], mask: Any, training: bool
    ) -> tuple[Any, Any, Any]:
        def step(carry: Any, now: Any) -> tuple[Any, Any]:
            states, before = carry
            x, keep = now
            output, new = call_cell(self.cell, x, states)
            new = new if isinstance(new, (list, tuple)) else [new]
            new = tree.pack_sequence_as(states, tree.flatten(new))
            new = _kept(keep, new, states)
            output = self._masked(keep, output, before)
            return (new, None if before is None else output), output

        before = None if mask is None else self._output_before(inputs, first)
        (states, _), outputs = ops.scan(
            step,
            (first, before),
            (inputs, mask),
            reverse=self.go_backwards,
            unroll=inputs.shape[0] if self.unroll and inputs.shape[0] else 1,
        )
        return outputs, outputs[0 if self.go_backwards else -1], states

    def _output_before(self, inputs: Tensor, first: list[Any]) -> Any:
        """What the first steps return if they are skipped."""
        shape = (inputs.shape[1], *shape_of(output_size_of(self.cell)))
        start = tree.flatten(first)[0]
        same = tuple(start.shape) == shape
        return start if same else ops.zeros(shape, self.compute_dtype)

    def _masked(self, keep: Any, output: Any, before: Any) -> Any:
        if keep is None:
            return output
        if self.zero_output_for_mask:
            before = ops.zeros_like(output)
        return _kept(keep, output, before)


def _kept(keep: Any, new: Any, old: Any) -> Any:
    """`new` where `keep` says so, else `old`; for each tensor of a structure."""
    if keep is None:
        return new

    def choose(a: Any, b: Any) -> Any:
        return ops.where(ops.reshape(keep, (-1, *[1] * (a.ndim - 1))), a, b)

    return tree.map_structure(choose, new, old)
