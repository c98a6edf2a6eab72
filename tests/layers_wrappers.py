"""Rows of the catalogue for layers that hold others: name, arguments, shapes ..."""

from typing import Any

from layers_recurrent import ALL_WEIGHTS, BOTH, CELLS, SEQUENCES, UNITS, Inner

__all__ = ["CASES"]

X, FRAMES, IMAGE = (3, 4, 2), (2, 3, 4, 2), (2, 5, 4, 3)
MASKED = {"mask": (3, 4)}
LONG = {"free": 2}


def _named(name: str, **kwargs: Any) -> Inner:
    return Inner(name, kwargs | {"name": "within"})


def _both(layer: Inner, **kwargs: Any) -> dict[str, Any]:
    return {"layer": layer, **kwargs}


LSTM = _named("LSTM", **UNITS)
GRUS = _named("GRU", **UNITS, **SEQUENCES)
BACK = Inner("SimpleRNN", UNITS | SEQUENCES | {"go_backwards": True, "name": "back"})
WAYS = "Bidirectional"
TIME = "TimeDistributed"
NORM = "SpectralNormalization"

CASES: list[tuple[str, dict[str, Any], Any, dict[str, Any]]] = [
    (WAYS, _both(LSTM), X, LONG | MASKED),
    (WAYS, _both(GRUS), X, LONG | MASKED),
    (WAYS, _both(GRUS, merge_mode="sum"), X, MASKED),
    (WAYS, _both(GRUS, merge_mode="mul"), X, {}),
    (WAYS, _both(LSTM, merge_mode="ave"), X, {}),
    (WAYS, _both(GRUS, backward_layer=BACK), X, MASKED),
    (WAYS, _both(_named("LSTM", **UNITS, **ALL_WEIGHTS, unroll=True)), X, {}),
    (WAYS, _both(_named("GRU", **UNITS, **BOTH, **SEQUENCES)), X, MASKED),
    (WAYS, _both(_named("RNN", cell=CELLS, **SEQUENCES)), X, LONG),
    (TIME, _both(_named("Dense", **UNITS)), X, LONG | MASKED),
    (TIME, _both(_named("Dense", units=2, kernel_regularizer="l2")), FRAMES, LONG),
    (TIME, _both(_named("Conv1D", filters=2, kernel_size=2)), FRAMES, LONG),
    (TIME, _both(_named("LSTM", **UNITS)), FRAMES, {"free": 3, "mask": (2, 3, 4)}),
    (TIME, _both(_named("Dropout", rate=0.4, seed=2)), X, LONG),
    (TIME, _both(_named("BatchNormalization", momentum=0.5)), X, MASKED),
    (TIME, _both(_named(TIME, layer=_named("Dense", **UNITS))), FRAMES, {"free": 3}),
    (NORM, _both(_named("Dense", **UNITS)), (4, 6), {}),
    (
        NORM,
        _both(_named("Conv2D", filters=2, kernel_size=2), power_iterations=3),
        IMAGE,
        {"free": 3},
    ),
    # Keras cannot build one whose layers have weights.
    (
        "Pipeline",
        {"layers": [Inner("ELU", {"name": "a"}), Inner("ReLU", {"name": "b"})]},
        X,
        LONG,
    ),
]
