"""Which models may be padded, and which of their calls compiled.

Padding is for models whose rows have nothing to do with each other. That is known of
graphs in which each step is one of our own and listed here: to keep the batch axis
first, and to treat it row by row when it does not train.
"""

from numbers import Number
from typing import Any

import numpy as np

from .. import registry, tree
from ..graph import FunctionOperation, Node, is_symbolic
from ..layers.layer import Layer
from ..masks import get_mask

__all__ = ["holds_arrays", "kind_of", "padded", "rows_are_apart"]

_RANKS = "1D 2D 3D".split()
# Layers that treat each row by itself, whatever their arguments, unless `axis` is 0.
_APART = {
    *"InputLayer Dense Embedding Masking Identity Flatten Reshape Permute".split(),
    *"RepeatVector Activation ReLU LeakyReLU PReLU ELU Softmax".split(),
    *"Dropout GaussianNoise GaussianDropout AlphaDropout".split(),
    *(f"SpatialDropout{n}" for n in _RANKS),
    *"BatchNormalization LayerNormalization GroupNormalization".split(),
    *"RMSNormalization UnitNormalization ActivityRegularization".split(),
    *"Add Subtract Multiply Average Maximum Minimum Concatenate".split(),
    *(f"Conv{n}{kind}" for n in _RANKS for kind in ("", "Transpose")),
    *(f"{kind}Conv{n}" for n in _RANKS[:2] for kind in ("Depthwise", "Separable")),
    *(f"{kind}Pooling{n}" for n in _RANKS for kind in ("Average", "Max")),
    *(f"Global{kind}Pooling{n}" for n in _RANKS for kind in ("Average", "Max")),
    *(f"{kind}{n}" for n in _RANKS for kind in ("Cropping", "UpSampling")),
    *(f"ZeroPadding{n}" for n in _RANKS),
    *"Rescaling SimpleRNN GRU LSTM Normalization CategoryEncoding".split(),
}
# Ops of numbers and of tensors of one rank.
_ELEMENTWISE = "add subtract multiply true_divide divide maximum minimum".split()


def rows_are_apart(model: Any) -> bool:
    """Say whether each row of the outputs is known to depend on its row alone.

    Args:
        model: made of our own classes and functions only.
    """
    graph = getattr(model, "_graph", None)
    return graph is not None and all(map(_is_apart, graph.run_order))


def _is_apart(node: Node) -> bool:
    operation = node.operation
    ends = [*node.inputs, *tree.flatten(node.outputs)]
    if any(len(t.shape) < 2 or t.shape[0] is not None for t in ends):
        return False
    rest = [x for x in tree.flatten((node.args, node.kwargs)) if not is_symbolic(x)]
    if isinstance(operation, FunctionOperation):
        known = operation.function.__name__ in _ELEMENTWISE
        one_rank = len({len(t.shape) for t in node.inputs}) == 1
        return known and one_rank and all(isinstance(x, Number) for x in rest)
    if any(x is not None for x in rest):
        return False  # `training=True`, for instance
    if hasattr(operation, "_graph"):
        return rows_are_apart(operation)
    rank = len(ends[0].shape)
    axes = [axis % rank for axis in tree.flatten(getattr(operation, "axis", -1))]
    known = isinstance(operation, Layer) and type(operation).__name__ in _APART
    return known and 0 not in axes and _calls_known(operation)


def _calls_known(layer: Any) -> bool:
    """Say whether the functions that a layer calls are activations, by last axis."""
    known = registry.namespace("activations").values()
    used = [
        getattr(layer, name, None) for name in ("activation", "recurrent_activation")
    ]
    parts = all(map(_calls_known, layer._layers))  # cells
    return parts and all(fn is None or fn in known for fn in used)


def holds_arrays(model: Any) -> bool:
    """Say whether NumPy arrays, which may be changed in place, are part of a model."""
    layers = model._flatten_layers()
    held = [x for layer in layers for x in layer._look().leaves]
    graphs = [layer._graph for layer in layers if getattr(layer, "_graph", None)]
    nodes = [node for graph in graphs for node in graph.run_order]
    held += tree.flatten([(node.args, node.kwargs) for node in nodes])
    return any(isinstance(x, np.ndarray) for x in held)


def padded(x: Any, unit: int, most: int | None = None) -> tuple[Any, int | None]:
    """Repeat the last row until there are `unit` times a power of two of them.

    Args:
        x: array, or nest of arrays with as many rows; parts may be None.
        unit: factor.
        most: rows that are enough in any case.

    Returns:
        `(x, rows)` with the number of rows that it had, None if none was added.
    """
    rows = len(next(a for a in tree.flatten(x) if a is not None))
    room = unit << (-(-rows // unit) - 1).bit_length()
    room = room if most is None else max(rows, min(room, most))
    if room == rows:
        return x, None

    def pad(a: Any) -> Any:
        if a is None:
            return None
        a = np.asarray(a)
        return np.concatenate([a, np.broadcast_to(a[-1:], (room - rows, *a.shape[1:]))])

    return tree.map_structure(pad, x), rows


def kind_of(x: Any, array: type) -> Any:
    """What of an input decides which program runs; None if it must not be compiled.

    Args:
        x: array, or nest of them.
        array: the class of arrays that are not traced.
    """
    nest = type(x)
    if nest in (np.ndarray, array):
        plain = x.dtype.kind in "biuf" and get_mask(x) is None
        return (x.shape, x.dtype) if plain else None
    if nest not in (list, tuple, dict):
        return None
    keys = tuple(x) if nest is dict else ()
    kinds = [kind_of(part, array) for part in (x.values() if nest is dict else x)]
    return None if None in kinds else (nest, keys, *kinds)
