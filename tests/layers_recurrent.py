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
]
