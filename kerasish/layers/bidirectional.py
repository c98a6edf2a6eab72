"""A recurrent layer that walks a sequence in both directions."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend, ops, registry, tree
from ..graph import Tensor
from .layer import Layer

__all__ = ["Bidirectional"]

Shape = tuple[int | None, ...]
_MERGES = {
    "concat": lambda y, back: ops.concatenate([y, back], -1),
    "sum": ops.add,
    "mul": ops.multiply,
    "ave": lambda y, back: (y + back) / 2,
}


class Bidirectional(Layer):
    """Run a recurrent layer forwards and a second one backwards; merge the outputs.

    With `return_sequences` both outputs of a step stand at that step, and those of
    masked steps are 0.

    Args:
        layer: a recurrent layer (`RNN`, `LSTM` ...); a copy of it walks forwards.
        merge_mode: "concat" (along the last axis), "sum", "mul", "ave", or None: no
            merging.
        weights: values of the weights to begin with: those of `layer`, then those of
            the backward layer.
        backward_layer: walks backwards (`go_backwards=True`); default: a copy of
            `layer` with weights of its own.

    Call arguments:
        sequences: `(batch, time, ...)`.
        initial_state: list of states: those of the forward layer, then as many of the
            backward layer; default zeros.
        mask: `(batch, time)`, False for steps to skip.
        training: whether dropout is active.

    Returns:
        The merged outputs (without merging: those of both); with `return_state` a tuple
        of them, the states of the forward layer and those of the backward layer.

    Raises:
        ValueError: `layer` is not recurrent; the two layers do not fit together;
            `merge_mode` is unknown.

    Reference: Schuster & Paliwal, 1997, "Bidirectional Recurrent Neural Networks".

    Example:
        >>> layer = keras.layers.Bidirectional(keras.layers.LSTM(4))
        >>> layer(np.ones((2, 5, 3))).shape
        (2, 8)
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Sequence[Any] | None = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if merge_mode not in (*_MERGES, None):
            raise ValueError(
                f"`merge_mode` of layer `{self.name}` must be one of {[*_MERGES]} or "
                f"None, not {merge_mode!r}."
            )
        self._check_recurrent(layer, "layer")
        self.forward_layer = _copy(layer, "forward_")
        if backward_layer is None:
            self.backward_layer = _copy(
                layer, "backward_", go_backwards=not layer.go_backwards
            )
        else:
            self._check_recurrent(backward_layer, "backward_layer")
            self.backward_layer = backward_layer
        self._check_pair()
        self.merge_mode = merge_mode
        self._given = None if weights is None else list(weights)
        self.stateful = layer.stateful
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        if self.return_sequences:  # a step that is skipped adds nothing to the merge
            self.forward_layer.zero_output_for_mask = True
            self.backward_layer.zero_output_for_mask = True
        self.input_spec = getattr(layer, "input_spec", None)
        self.supports_masking = True

    def _check_recurrent(self, layer: Any, argument: str) -> None:
        needed = ("go_backwards", "return_sequences", "return_state", "stateful")
        lacking = [name for name in needed if not hasattr(layer, name)]
        if not isinstance(layer, Layer) or lacking:
            raise ValueError(
                f"`{argument}` of layer `{self.name}` must be a recurrent layer, such "
                f"as `LSTM(8)`, not {layer!r}"
                + (f", which lacks {lacking}." if isinstance(layer, Layer) else ".")
            )

    def _check_pair(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                f"The two layers of `{self.name}` must go in different directions, but "
                f"`go_backwards` is {forward.go_backwards} in both: make "
                "`backward_layer` with `go_backwards=True`."
            )
        for name in ("stateful", "return_sequences", "return_state"):
            ours, other = getattr(forward, name), getattr(backward, name)
            if ours != other:
                raise ValueError(
                    f"`{name}` must be the same in both layers of `{self.name}`, but "
                    f"it is {ours} in `layer` and {other} in `backward_layer`."
                )

    # --- state ------------------------------------------------------------------------

    def build(self, sequences_shape: Shape, initial_state_shape: Any = None) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
        if self._given is not None:
            self.set_weights([np.asarray(w) for w in self._given])
            self._given = None

    @property
    def states(self) -> Any:
        """Variables with the states of stateful layers: forwards, then backwards."""
        if not self.forward_layer.states:
            return None
        return (*self.forward_layer.states, *self.backward_layer.states)

    def reset_state(self) -> None:
        """Let the next batch begin with states of 0, as the first did."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    # --- running ----------------------------------------------------------------------

    def call(
        self,
        sequences: Tensor,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
    ) -> Any:
        starts = self._halves(initial_state)
        results = []
        layers = (self.forward_layer, self.backward_layer)
        for layer, start in zip(layers, starts):
            outputs = layer(
                sequences, initial_state=start, mask=mask, training=training
            )
            results.append(outputs if self.return_state else (outputs,))
        (y, *states), (back, *others) = results
        if self.return_sequences:
            back = ops.flip(back, 1)
        both = (y, back)
        merged = both if self.merge_mode is None else (_MERGES[self.merge_mode](*both),)
        merged = tuple(backend.cast(x, self.compute_dtype) for x in merged)
        if self.return_state:
            return (*merged, *states, *others)
        return merged if self.merge_mode is None else merged[0]

    def _halves(self, states: Any) -> tuple[Any, Any]:
        """The states to begin with, of each layer."""
        if states is None:
            return None, None
        count = len(tree.flatten(states))
        if not isinstance(states, (list, tuple)) or count % 2:
            raise ValueError(
                f"`initial_state` of layer `{self.name}` must be a list of an even "
                "number of states, first those of the forward layer, then those of the "
                f"backward layer, but it holds {count}."
            )
        half = len(states) // 2
        return list(states[:half]), list(states[half:])

    def compute_mask(self, _: Any, mask: Any) -> Any:
        mask = tree.flatten(mask)[0] if self.return_sequences else None
        return (mask, mask) if self.merge_mode is None else mask

    # --- config -----------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": registry.serialize_keras_object(self.dtype_policy),
            "merge_mode": self.merge_mode,
            "layer": registry.serialize_keras_object(self.forward_layer),
            "backward_layer": registry.serialize_keras_object(self.backward_layer),
        }


def _copy(layer: Any, prefix: str, **changes: Any) -> Any:
    """A layer with the config of `layer`, named after it; with weights of its own."""
    config = layer.get_config() | changes
    base = config["name"].removeprefix("forward_").removeprefix("backward_")
    return type(layer).from_config(config | {"name": prefix + base})
