"""Truth tables of logic gates: the smallest data sets there are."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..registry import did_you_mean
from .splitting import Split

__all__ = ["load_data"]

_GATES: dict[str, Callable[[np.ndarray], list[Any]]] = {
    "and": lambda x: [x.all(1)],
    "or": lambda x: [x.any(1)],
    "xor": lambda x: [x.sum(1) % 2],
    "nand": lambda x: [~x.all(1)],
    "nor": lambda x: [~x.any(1)],
    "xnor": lambda x: [1 - x.sum(1) % 2],
    "parity": lambda x: [x.sum(1) % 2],
    "majority": lambda x: [2 * x.sum(1) > x.shape[1]],
    # the number of ones, in binary: for two inputs the half adder, for three the full
    "adder": lambda x: [x.sum(1) >> bit & 1 for bit in range(x.shape[1].bit_length())],
}


def load_data(name: str = "xor", inputs: int = 2) -> Split:
    """Return all rows of a truth table.

    Args:
        name: `"and"`, `"or"`, `"xor"`, `"nand"`, `"nor"`, `"xnor"`, `"parity"` (as
            `"xor"`: is the number of ones odd?), `"majority"` (more than half are 1) or
            `"adder"` (the number of ones in binary, lowest bit first: sum and carry).
        inputs: how many inputs the gate has, 1 to 16.

    Returns:
        `(x, y), (x, y)`: the same rows for training and test, since a table is either
        learnt or not; `float32`, `(2**inputs, inputs)` and `(2**inputs, outputs)`.

    Raises:
        ValueError: if there is no such gate, or the number is out of range.

    Example:
        >>> (x, y), _ = keras.datasets.gates.load_data("xor")
        >>> x.tolist(), y.ravel().tolist()
        ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0])
    """
    if name not in _GATES:
        raise ValueError(f"There is no gate {name!r}.{did_you_mean(name, _GATES)}")
    if not 1 <= inputs <= 16:
        raise ValueError(f"`inputs` must be 1 to 16, not {inputs}.")
    numbers = np.arange(2**inputs)[:, None]
    x = numbers >> np.arange(inputs)[::-1] & 1
    y = np.stack(_GATES[name](x.astype(bool)), axis=1).astype("float32")
    return (x.astype("float32"), y), (x.astype("float32"), y.copy())
