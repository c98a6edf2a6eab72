"""Rows of the catalogue for recurrent layers: name, arguments, shapes, other fields."""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["CASES", "Inner"]


@dataclass(frozen=True)
class Inner:
    """A layer among the arguments of another."""

    name: str
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name}({','.join(f'{k}={v}' for k, v in self.kwargs.items())})"

    __repr__ = __str__


X = (3, 4, 2)
MASKED = {"mask": (3, 4)}
LONG = {"free": 2}
ALL_WEIGHTS = {
    "kernel_regularizer": "l2",
    "recurrent_regularizer": "l1",
    "bias_regularizer": "l1",
    "kernel_constraint": "non_neg",
    "recurrent_constraint": "unit_norm",
    "bias_constraint": "max_norm",
    "kernel_initializer": "he_normal",
    "recurrent_initializer": "glorot_normal",
    "bias_initializer": "ones",
}
SEQUENCES = {"return_sequences": True}
BACKWARDS = {"go_backwards": True}
ZERO = {"zero_output_for_mask": True}
DROPOUT = {"dropout": 0.4, "seed": 3}
BOTH = DROPOUT | {"recurrent_dropout": 0.3}
UNITS = {"units": 3}
FILMS = {1: (2, 3, 6, 2), 2: (2, 3, 5, 4, 2), 3: (2, 2, 3, 3, 4, 2)}
KERNEL = {"filters": 2, "kernel_size": 2}
FIRST = {"data_format": "channels_first"}


def _each(name: str) -> list[tuple[str, dict[str, Any], Any, dict[str, Any]]]:
    """What all layers of gates can do."""
    return [
        (name, UNITS, X, LONG),
        (name, UNITS | SEQUENCES, X, LONG | MASKED),
        (name, UNITS | SEQUENCES | BACKWARDS, X, MASKED),
        (name, UNITS | ZERO | {"use_bias": False}, X, MASKED),
        (name, UNITS | {"unroll": True, "activation": "softsign"}, X, {}),
        (name, UNITS | SEQUENCES | ALL_WEIGHTS, X, {}),
    ]


CELLS = [Inner("LSTMCell", UNITS), Inner("GRUCell", {"units": 2, "use_bias": False})]

CASES: list[tuple[str, dict[str, Any], Any, dict[str, Any]]] = [
    *_each("SimpleRNN"),
    *_each("LSTM"),
    *_each("GRU"),
    ("LSTM", UNITS | DROPOUT, X, {}),
    ("LSTM", UNITS | BOTH | {"unit_forget_bias": False}, X, MASKED),
    ("GRU", UNITS | DROPOUT, X, {}),
    ("GRU", UNITS | BOTH | SEQUENCES, X, MASKED),
    ("GRU", UNITS | {"reset_after": False, "activation": "softplus"}, X, MASKED),
    ("GRU", UNITS | BOTH | {"reset_after": False}, X, {}),
    ("RNN", {"cell": Inner("SimpleRNNCell", UNITS)}, X, LONG),
    ("RNN", {"cell": CELLS} | SEQUENCES, X, LONG),
    ("RNN", {"cell": CELLS} | BACKWARDS, X, {}),
    ("RNN", {"cell": Inner("StackedRNNCells", {"cells": CELLS[::-1]})}, X, {}),
    *((f"ConvLSTM{n}D", KERNEL, FILMS[n], LONG) for n in (1, 2, 3)),
    *((f"ConvLSTM{n}D", KERNEL | FIRST | SEQUENCES, FILMS[n], LONG) for n in (1, 2, 3)),
    ("ConvLSTM1D", KERNEL | DROPOUT | {"strides": 2, "padding": "same"}, FILMS[1], {}),
    ("ConvLSTM1D", KERNEL | BOTH | SEQUENCES | BACKWARDS, FILMS[1], {}),
    ("ConvLSTM2D", KERNEL | ALL_WEIGHTS | {"dilation_rate": 2}, FILMS[2], {}),
    (
        "ConvLSTM2D",
        {"filters": 3, "kernel_size": (2, 3), "strides": (1, 2), "use_bias": False}
        | {"activation": None, "recurrent_activation": "hard_sigmoid"}
        | FIRST,
        (2, 3, 2, 5, 4),
        {},
    ),
]
