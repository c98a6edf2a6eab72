"""Rematerialization: compute again for the gradient what was not kept, to save memory.

Training keeps what each layer computes on the way, until the gradient is computed. What
is rematerialized keeps its inputs only and is computed a second time then: about a
third more work for less memory.
"""

import functools
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

from . import backend, tree
from .graph import Operation, infer_call, op
from .masks import get_mask, set_mask
from .variable import Redirect, Variable, redirected, state

__all__ = ["RematScope", "remat"]

MODES = ("full", "activations", "larger_than", "list_of_layers", None)


class _Open(threading.local):
    def __init__(self) -> None:
        self.scopes: list[RematScope] = []


_open = _Open()


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function's inner results be computed again for the gradient, not kept.

    The results are the same. The NumPy backend keeps everything.

    Args:
        f: function of tensors that returns a nest of tensors; it may read and assign
            variables. For layers use a `RematScope`.

    Returns:
        A function with the same arguments.

    Raises:
        TypeError: `f` cannot be called.

    Example:
        >>> wave = keras.remat(lambda x, times: np.float32(times) * keras.ops.sin(x))
        >>> np.asarray(wave(np.zeros(2, "float32"), times=3)).tolist()
        [0.0, 0.0]
    """
    if not callable(f):
        raise TypeError(f"`f` of `remat` must be callable, not {f!r}.")

    def rematerialized(*args: Any, **kwargs: Any) -> Any:
        return _run(lambda: f(*args, **kwargs))

    return functools.update_wrapper(op(rematerialized), f)


def _run(fn: Callable[[], Any]) -> Any:
    """What `fn` returns, rematerialized; what it assigns, it assigns.

    What it reads, arrays of an enclosing trace too, comes in as inputs of its own.
    """
    assigned: list[Variable] = []

    def pure() -> Any:
        with redirected(Redirect({}, capture=True)) as redirect:
            result = fn()
        assigned[:] = redirect.assigned.values()
        return result, [redirect.values[id(v)] for v in assigned]

    result, values = backend.remat(pure)()
    for variable, value in zip(assigned, values):
        variable.assign(value)
    return result


class RematScope:
    """Layers that are made within are rematerialized whenever they are called.

    What a layer is made with counts, not where it is called. A scope within another one
    takes its place. Files hold nothing of it: load a model within a scope, too.

    Args:
        mode: what is computed again:

            - `"full"`: all that the layers compute, models included;
            - `"activations"`: the function `activation` of layers that have one;
            - `"larger_than"`: layers whose outputs, with all of a batch, have more than
              `output_size_threshold` numbers;
            - `"list_of_layers"`: the layers of these names;
            - None: nothing.
        output_size_threshold: for `"larger_than"`.
        layer_names: list of names, for `"list_of_layers"`.

    Raises:
        ValueError: an unknown mode; names that are no list.

    Example:
        >>> with keras.RematScope("larger_than", output_size_threshold=10_000):
        ...     model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> model.predict(np.zeros((2, 8)), verbose=0).shape
        (2, 4)
    """

    def __init__(
        self,
        mode: str | None = "full",
        output_size_threshold: int = 1024,
        layer_names: Sequence[str] | None = None,
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"`mode` of a RematScope is one of {MODES}, not {mode!r}.")
        if isinstance(layer_names, str):
            raise ValueError(
                f"`layer_names` of a RematScope is a list, not {layer_names!r}: write "
                f"`[{layer_names!r}]`."
            )
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = list(layer_names or [])

    def __enter__(self) -> "RematScope":
        _open.scopes.append(self)
        return self

    def __exit__(self, *exception: Any) -> None:
        _open.scopes.pop()

    def covers(self, layer: Any, args: Any, kwargs: Any) -> bool:
        """Say whether all that a call of `layer` computes is computed again."""
        if self.mode == "larger_than":
            return _output_size(layer, args, kwargs) > self.output_size_threshold
        return self.mode == "full" or layer.name in self.layer_names


def current_scope() -> RematScope | None:
    """Return the scope that layers are made in at present, None if it does nothing."""
    scope = _open.scopes[-1] if _open.scopes else None
    return scope if scope is not None and scope.mode is not None else None


def call(layer: Any, args: Any, kwargs: Any) -> Any:
    """Return `layer.call(*args, **kwargs)`, as the scope says that it was made in."""
    scope = layer._remat_scope
    if scope is not None and not state.inferring:
        if scope.mode == "activations":
            return _call_with_activation(layer, args, kwargs)
        if scope.covers(layer, args, kwargs):
            return _call(layer, args, kwargs)
    return layer.call(*args, **kwargs)


def _output_size(layer: Any, args: Any, kwargs: Any) -> int:
    """How many numbers the outputs have."""
    # The trial run tells each layer its shapes, here with the size of this batch.
    known = [(inner, inner._output_shapes) for inner in layer._flatten_layers()]
    outputs = infer_call(layer.call, args, kwargs)
    for inner, shapes in known:
        inner._output_shapes = shapes
    return sum(math.prod(x.shape) for x in tree.flatten(outputs))


def _call(layer: Any, args: Any, kwargs: Any) -> Any:
    """The layer's call, with the losses and masks that it leaves behind."""
    before = {id(inner): len(inner._losses) for inner in layer._flatten_layers()}

    def run() -> Any:
        outputs = layer.call(*args, **kwargs)
        losses = []
        for inner in layer._flatten_layers():
            start = before.get(id(inner), 0)
            losses.append(inner._losses[start:])
            del inner._losses[start:]
        return outputs, losses, tree.map_structure(get_mask, tree.flatten(outputs))

    outputs, losses, masks = _run(run)
    for inner, new in zip(layer._flatten_layers(), losses):
        inner._losses += new
    for x, mask in zip(tree.flatten(outputs), masks):
        set_mask(x, mask)
    return outputs


class _Again:
    """A function that is rematerialized, which tells so."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn

    def __call__(self, *args: Any) -> Any:
        return _run(lambda: self.fn(*args))


def _call_with_activation(layer: Any, args: Any, kwargs: Any) -> Any:
    """The layer's call, for which its activation is a rematerialized one."""
    attributes = vars(layer)
    activation = attributes.get("activation")
    if not callable(activation) or isinstance(activation, (Operation, _Again)):
        return layer.call(*args, **kwargs)
    try:
        attributes["activation"] = _Again(activation)
        return layer.call(*args, **kwargs)
    finally:
        attributes["activation"] = activation
