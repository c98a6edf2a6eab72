"""Utilities of Keras 1 and 2."""

import logging
import sys
from typing import Any

import numpy as np

from .. import config
from ..graph import KerasTensor, toposort

__all__ = [
    *("categorical_probas_to_classes", "get_source_inputs", "print_msg"),
    *("print_summary", "probas_to_classes"),
]


def categorical_probas_to_classes(p: Any) -> np.ndarray:
    """Return the place of the largest value of each row.

    Example:
        >>> keras.legacy.utils.categorical_probas_to_classes([[0.1, 0.9]]).tolist()
        [1]
    """
    return np.argmax(p, axis=1)


def probas_to_classes(y_pred: Any) -> np.ndarray:
    """Return the largest of several classes or, of one probability, its rounding.

    Example:
        >>> keras.legacy.utils.probas_to_classes(np.array([[0.7]])).tolist()
        [1.0]
    """
    several = len(y_pred.shape) > 1 and y_pred.shape[1] > 1
    return categorical_probas_to_classes(y_pred) if several else np.round(y_pred[:, 0])


def print_msg(message: str, line_break: bool = True) -> None:
    """Print a message or, where interactive logging is off, log it.

    Example:
        >>> keras.legacy.utils.print_msg("done")
        done
    """
    if config.is_interactive_logging_enabled():
        sys.stdout.write(f"{message}\n" if line_break else message)
        sys.stdout.flush()
    else:
        logging.getLogger("kerasish").info(message)


def print_summary(model: Any, line_length: Any = None, **kwargs: Any) -> None:
    """Print `model.summary()`."""
    model.summary(line_length, **kwargs)


def get_source_inputs(tensor: KerasTensor) -> list[KerasTensor]:
    """Return the symbolic inputs that a tensor is computed from.

    Example:
        >>> x = keras.Input((3,), name="x")
        >>> keras.utils.get_source_inputs(keras.layers.Dense(2)(x))
        [<KerasTensor shape=(None, 3), dtype=float32, name=x>]
    """
    nodes = toposort([tensor])
    made = [t for node in nodes for t in node.inputs if t.node is None]
    sources = [node.outputs for node in nodes if not node.inputs]
    return list({id(t): t for t in (*made, *sources)}.values()) or [tensor]
