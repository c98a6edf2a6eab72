"""Gradients: autograd's, over `Array`s. Without autograd only computing works."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import tree
from .array import Array, as_dtype, leave

try:
    import autograd.numpy as anp
    from autograd.core import VJPNode, add_outgrads
    from autograd.extend import VSpace, defvjp, defvjp_argnums, primitive
    from autograd.numpy.numpy_boxes import ArrayBox
    from autograd.numpy.numpy_vspaces import ArrayVSpace, ComplexArrayVSpace
    from autograd.tracer import isbox, new_box, toposort, trace_stack
except ImportError:
    anp = None
    ArrayBox = object

    def isbox(x: Any) -> bool:
        """Say whether `x` is traced: never."""
        return False

    def primitive(fn: Callable[..., Any]) -> Callable[..., Any]:
        """Return `fn`: nothing is traced."""
        return fn

    def defvjp(*_: Any, **__: Any) -> None:
        """Forget the gradient of a function."""


class Traced(ArrayBox):
    """An `Array` within a gradient."""

    __slots__ = ("_keras_mask",)  # masks travel with tensors
    __array_ufunc__ = None  # so that Array + Traced comes to Traced

    def __getitem__(self, index: Any) -> Any:
        return ArrayBox.__getitem__(self, tree.map_structure(stop_gradient, index))

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Any:
        """Return the array converted to `dtype`."""
        return cast(self, dtype)

    def view(self, dtype: Any) -> Any:
        """Return the same bits as another dtype: a constant."""
        return stop_gradient(self).view(dtype)

    def __round__(self, digits: int | None = None) -> Any:
        return round(stop_gradient(self), digits)

    def __bool__(self) -> bool:
        return bool(stop_gradient(self))


def _operator(name: str, swap: bool) -> Callable[[Any, Any], Any]:
    def call(x: Any, y: Any) -> Any:
        x, y = stop_gradient(x), stop_gradient(y)
        return getattr(operator, name)(y, x) if swap else getattr(operator, name)(x, y)

    return call


def _deferring(name: str) -> Callable[[Any, Any], Any]:
    """Leave other kinds of operands, variables for instance, to their own methods."""
    known = (ArrayBox, np.ndarray, np.generic, int, float, complex)

    def call(x: Any, y: Any) -> Any:
        if not isinstance(y, known):
            return NotImplemented
        return getattr(ArrayBox, name)(x, y)

    return call


if anp is not None:
    for _name in "add", "sub", "mul", "truediv", "pow", "mod", "matmul":
        setattr(Traced, f"__{_name}__", _deferring(f"__{_name}__"))
        setattr(Traced, f"__r{_name}__", _deferring(f"__r{_name}__"))
    for _name in "eq", "ne", "lt", "le", "gt", "ge":
        setattr(Traced, f"__{_name}__", _deferring(f"__{_name}__"))

for _name in "floordiv", "and_", "or_", "xor":  # their values are piecewise constant
    setattr(Traced, f"__{_name.strip('_')}__", _operator(_name, False))
    setattr(Traced, f"__r{_name.strip('_')}__", _operator(_name, True))


if anp is not None:

    class _Space(ArrayVSpace):
        """Where gradients of `Array`s live: they are `Array`s too."""

        def zeros(self) -> Any:
            return leave(np.zeros(self.shape, self.dtype))

    Traced.register(Array)
    VSpace.register(
        Array, lambda x: (ComplexArrayVSpace if np.iscomplexobj(x) else _Space)(x)
    )


@primitive
def _cast(x: Any, dtype: Any) -> Any:
    return leave(np.asarray(x)).astype(dtype)


defvjp(_cast, lambda ans, x, dtype: lambda g: _cast(g, x.dtype))


def cast(x: Any, dtype: Any) -> Any:
    """Convert `x` to `dtype`; no gradient flows through integers."""
    dtype = as_dtype(dtype)
    if isinstance(x, Array):
        return x if x.dtype == dtype else x.astype(dtype)
    return _cast(stop_gradient(x) if dtype.kind in "biu" else x, dtype)


def stop_gradient(x: Any) -> Any:
    """Return `x` as a constant."""
    while isbox(x):
        x = x._value
    return x


def value_and_grad(
    fn: Callable[[list[Any]], tuple[Any, Any]],
) -> Callable[[Sequence[Any]], tuple[tuple[Any, Any], list[Any]]]:
    """Turn `fn(list) -> (scalar, aux)` into `list -> ((scalar, aux), gradients)`.

    Raises:
        ImportError: when called without autograd.
        NotImplementedError: when called and a function on the way has no gradient.
    """

    def call(values: Sequence[Any], *args: Any) -> tuple[tuple[Any, Any], list[Any]]:
        if anp is None:
            raise ImportError(
                "Gradients on the NumPy backend need the package `autograd`: "
                "`pip install kerasish[numpy]`. Predicting works without it."
            )
        values = [v if isbox(v) else leave(np.asarray(v)) for v in values]
        roots = [VJPNode.new_root() for _ in values]
        with trace_stack.new_trace() as level:
            boxes = [new_box(v, level, root) for v, root in zip(values, roots)]
            result, aux = fn(boxes, *args)

        def release(x: Any) -> Any:
            return x._value if isbox(x) and x._trace == level else x

        value, aux = release(result), tree.map_structure(release, aux)
        if np.shape(stop_gradient(value)) != ():
            raise TypeError(
                "Gradients are of scalars, but `fn` returned shape "
                f"{np.shape(stop_gradient(value))}: take the sum or the mean first."
            )
        if value is result:  # it does not depend on the arguments
            grads: list[Any] = [None] * len(roots)
        else:
            grads = _backward(result._node, roots, value)
        grads = [_finish(g, v) for g, v in zip(grads, values)]
        return (value, aux), grads

    return call


def _finish(gradient: Any, value: Any) -> Any:
    if gradient is None:
        return leave(np.zeros(value.shape, value.dtype))
    return cast(gradient if isbox(gradient) else leave(gradient), value.dtype)


def _backward(end: Any, roots: list[Any], value: Any) -> list[Any]:
    """Pull the derivative back from node `end`; None where it does not reach."""
    one = leave(np.ones((), value.dtype))
    outgrads = {end: (one, False)}
    reached = {}
    for node in toposort(end):
        gradient = reached[node] = outgrads.pop(node)[0]
        for parent, g in zip(node.parents, node.vjp(gradient)):
            outgrads[parent] = add_outgrads(outgrads.get(parent), g)
        if node.parents:
            del reached[node]
    return [reached.get(root) for root in roots]


def custom_gradient(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function say its own gradient.

    Args:
        fn: `fn(*args) -> (output, grad_fn)`; `grad_fn(upstream)` returns the gradient
            of each argument, in a tuple unless there is only one.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        leaves = tree.flatten(args)
        if not any(map(isbox, leaves)):
            return fn(*args, **kwargs)[0]
        structure: list[Any] = []

        @primitive
        def run(*leaves: Any) -> Any:
            output = fn(*tree.pack_sequence_as(args, leaves), **kwargs)[0]
            structure[:] = [tree.map_structure(lambda x: None, output)]
            flat = tree.flatten(output)
            return tuple(flat) if tree.is_nested(output) else flat[0]

        def vjp(argnums: Any, _: Any, leaves: Any, __: Any) -> Any:
            def pull(g: Any) -> Any:
                # Anew, as these leaves may be traced for derivatives of this gradient.
                grad_fn = fn(*tree.pack_sequence_as(args, leaves), **kwargs)[1]
                many = tree.is_nested(structure[0])
                flat = [g[i] for i in range(len(g))] if many else [g]
                grads = grad_fn(tree.pack_sequence_as(structure[0], flat))
                if len(args) == 1 and not _is_tuple_of_one(grads):
                    grads = (grads,)
                flat = tree.flatten(tuple(grads))
                return [_like(flat[i], leaves[i]) for i in argnums]

            return pull

        defvjp_argnums(run, vjp)
        output = run(*leaves)
        if not tree.is_nested(structure[0]):
            return output
        flat = [output[i] for i in range(len(output))]
        return tree.pack_sequence_as(structure[0], flat)

    return call


def _is_tuple_of_one(x: Any) -> bool:
    return isinstance(x, tuple) and len(x) == 1


def _like(gradient: Any, x: Any) -> Any:
    if gradient is None:
        return leave(np.zeros(np.shape(stop_gradient(x)), x.dtype))
    return gradient if isbox(gradient) else leave(np.asarray(gradient))
