"""The one graph: symbolic tensors, recorded calls, evaluation.

Functional models, shape inference, summaries, pictures and the symbolic functions all
work on it. `@op` lets a plain function take symbolic tensors: the call is recorded as a
`Node`, and the shape of its result comes from running the function abstractly.
"""

import functools
import importlib
import inspect
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from . import backend, dtypes, registry, tree
from .names import users_line
from .operators import Operators
from .variable import Variable, abstract

__all__ = ["KerasTensor", "Operation", "Tensor", "Tensors", "is_symbolic", "op"]

if TYPE_CHECKING:
    Tensor: TypeAlias = Any
    Tensors: TypeAlias = Sequence[Any]
else:

    class Tensor:
        """Annotation of a parameter that takes an array or a symbolic tensor."""

    class Tensors:
        """Annotation of a parameter that takes a sequence of tensors."""


class KerasTensor(Operators):
    """A tensor that is known by shape and dtype only: a node of the graph.

    Args:
        shape: tuple of sizes, None where unknown.
        dtype: name of the dtype.
        name: default `"keras_tensor"`, `"keras_tensor_1"` ...

    Example:
        >>> x = keras.KerasTensor((None, 3))
        >>> keras.ops.mean(x, axis=1).shape
        (None,)
    """

    def __init__(
        self,
        shape: Sequence[int | None],
        dtype: str = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
    ) -> None:
        if sparse or ragged:
            raise ValueError("Sparse and ragged tensors are not supported; use masks.")
        self.shape: tuple[int | None, ...] = tuple(shape)
        self.dtype = dtypes.standardize_dtype(dtype)
        self.name = name or registry.unique_name("keras_tensor")
        self.sparse, self.ragged, self.record_history = False, False, record_history
        self.node: Node | None = None  # the call that gave it
        self._keras_mask: Any = None

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    rank = ndim

    def reshape(self, newshape: Any) -> Any:
        """The same as `ops.reshape`."""
        return registry.namespace("ops")["reshape"](self, newshape)

    def squeeze(self, axis: Any = None) -> Any:
        """The same as `ops.squeeze`."""
        return registry.namespace("ops")["squeeze"](self, axis)

    def eval(self, inputs_to_values: Any = None) -> Any:
        """Compute the value: `x.eval({y: 2.0})`. See `kerasish.symbolic`."""
        home = importlib.import_module("kerasish.symbolic")  # which stands above
        return home.evaluated(self, inputs_to_values)

    @property
    def _keras_history(self) -> tuple[Any, int, int]:
        """(operation, which of its calls, which of the call's outputs)."""
        if self.node is None:
            raise ValueError(f"Symbolic tensor `{self.name}` belongs to no call.")
        operation = self.node.operation
        outputs = [id(t) for t in tree.flatten(self.node.outputs)]
        return operation, operation.nodes.index(self.node), outputs.index(id(self))

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            known = not name.startswith("_") and name in registry.namespace("ops")
            raise AttributeError(
                f"A symbolic tensor has no attribute {name!r}."
                + f" Write `ops.{name}(x)` in place of `x.{name}()`." * known
            )

    def _refuse(self, what: str) -> Any:
        raise ValueError(
            f"The symbolic tensor `{self.name}` of shape {self.shape} has no values "
            f"yet, so {what} is not possible. Use `kerasish.ops` functions, or put the "
            "code into the `call` of a layer."
        )

    symbolic = True
    # Whether its unknown sizes may be those of other tensors, as in formulas; in models
    # they are the sizes of batches and sequences, which have nothing to do with others.
    open_sizes = False

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kw: Any) -> Any:
        """`array + tensor` and `np.sin(tensor)` are the ops of those names."""
        found = registry.namespace("ops").get(ufunc.__name__)
        if method != "__call__" or found is None or kw:
            return self._refuse(f"NumPy's `{ufunc.__name__}`")
        return found(*args)

    def __array__(self, *_: Any, **__: Any) -> Any:
        return self._refuse("making an array of it (as NumPy functions do)")

    def __bool__(self) -> bool:
        return self._refuse("using it as a condition")

    def __iter__(self) -> Any:
        return self._refuse("iterating over it")

    def __float__(self) -> float:
        return self._refuse("converting it to a number")

    def __int__(self) -> int:
        return self._refuse("converting it to a number")


def is_symbolic(x: Any) -> bool:
    """Say whether `x` is a symbolic tensor."""
    return isinstance(x, KerasTensor)


def any_symbolic(items: Iterable[Any]) -> bool:
    """Say whether a symbolic tensor stands anywhere in nested lists and dicts."""
    for x in items:
        kind = type(x)
        if kind is list or kind is tuple:
            if any_symbolic(x):
                return True
        elif kind is dict:
            if any_symbolic(x.values()):
                return True
        elif isinstance(x, KerasTensor):
            return True
    return False


class Node:
    """One recorded call: `operation(*args, **kwargs)` gave `outputs`.

    Attributes:
        inputs: the symbolic tensors among the arguments, in order.
        outputs: a symbolic tensor, or a nest of them.
    """

    def __init__(
        self, operation: "Operation", args: Any, kwargs: Any, outputs: Any
    ) -> None:
        self.operation, self.args, self.kwargs = operation, args, kwargs
        self.inputs = [x for x in tree.flatten((args, kwargs)) if is_symbolic(x)]
        self.outputs = outputs
        self._users_line = users_line()
        for tensor in tree.flatten(outputs):
            if is_symbolic(tensor):
                tensor.node = self
        operation.nodes.append(self)

    @property
    def where(self) -> str:
        """The line of the user's code that made the call."""
        return self._users_line

    def __repr__(self) -> str:
        return f"<{self.operation.name} of {', '.join(t.name for t in self.inputs)}>"

    def fill(self, look_up: Callable[[Any], Any]) -> tuple[Any, Any]:
        """Return args and kwargs with each symbolic tensor replaced."""

        def swap(x: Any) -> Any:
            return look_up(x) if is_symbolic(x) else x

        return tree.map_structure(swap, (self.args, self.kwargs))


class Operation:
    """Something that can be called on tensors and recorded in the graph.

    Subclasses write `call`. Applied to symbolic tensors the call is recorded.

    Args:
        name: unique within a model; default from the class.

    Example:
        >>> class Double(keras.Operation):
        ...     def call(self, x):
        ...         return x * 2
        >>> Double()(keras.KerasTensor((None, 3))).shape
        (None, 3)
    """

    nodes: list[Node]
    name: str

    def __init__(self, name: str | None = None) -> None:
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(
                f"`name` of a {type(self).__name__} must be a string without '/', "
                f"got {name!r}."
            )
        self.name = name or registry.unique_name(type(self).__name__)
        self.nodes = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any_symbolic(args) or any_symbolic(kwargs.values()):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs."""
        raise NotImplementedError(f"{type(self).__name__} must define `call`.")

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Record the call; return symbolic outputs."""
        outputs = self.compute_output_spec(*args, **kwargs)
        Node(self, args, kwargs, outputs)
        return outputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs as symbolic tensors, from an abstract run of `call`."""
        return infer_call(self.call, args, kwargs)

    @property
    def input(self) -> Any:
        """The symbolic tensor(s) of the only recorded call."""
        tensors = self._only_node("input").inputs
        return tensors[0] if len(tensors) == 1 else list(tensors)

    @property
    def output(self) -> Any:
        """The symbolic result of the only recorded call."""
        return self._only_node("output").outputs

    def _only_node(self, what: str) -> Node:
        if len(self.nodes) != 1:
            raise AttributeError(
                f"`{self.name}` was called on symbolic tensors {len(self.nodes)} "
                f"times, so it has no single `{what}`."
            )
        return self.nodes[0]


class FunctionOperation(Operation):
    """One recorded call of an op, with a name of its own in the model."""

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        super().__init__(name or registry.unique_name(function.__name__.lstrip("_")))
        self.function = function

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Call the op."""
        return self.function(*args, **kwargs)

    def __deepcopy__(self, memo: Any) -> "FunctionOperation":
        return FunctionOperation(self.function, self.name)


def infer_call(fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Return what `fn(*args, **kwargs)` would: symbolic tensors in place of arrays."""
    inputs = [x for x in tree.flatten((args, kwargs)) if is_symbolic(x)]

    def concrete(*values: Any) -> Any:
        rest = iter(values)

        def swap(x: Any) -> Any:
            return next(rest) if is_symbolic(x) else x

        filled, named = tree.map_structure(swap, (args, kwargs))
        return fn(*filled, **named)

    specs = [backend.Spec(t.shape, t.dtype) for t in inputs]
    open_sizes = any(t.open_sizes for t in inputs)
    with abstract():
        if not open_sizes:
            return _tensors(backend.infer(concrete, specs))
        found = _tensors(_infer_open(concrete, specs, (args, kwargs)))
    for tensor in tree.flatten(found):
        if is_symbolic(tensor):
            tensor.open_sizes = True
    return found


def _infer_open(fn: Callable[..., Any], specs: list["backend.Spec"], given: Any) -> Any:
    """`backend.infer` where unknown sizes may have to equal known ones."""
    try:
        return backend.infer(fn, specs)
    except (TypeError, ValueError, IndexError) as error:
        shapes = [getattr(x, "shape", ()) for x in tree.flatten(given)]
        sizes = {size for shape in shapes for size in shape} - {None}
        axes = [(i, k) for i, s in enumerate(specs) for k in _unknown(s.shape)]
        for count in range(1, len(axes) + 1 if len(axes) < 4 else 3):
            for chosen in itertools.combinations(axes, count):
                for values in itertools.product(sorted(sizes), repeat=count):
                    known = dict(zip(chosen, values))
                    try:
                        return backend.infer(fn, _filled(specs, known))
                    except (TypeError, ValueError, IndexError):
                        continue
        raise error


def _unknown(shape: Sequence[int | None]) -> list[int]:
    return [axis for axis, size in enumerate(shape) if size is None]


def _filled(specs: list["backend.Spec"], known: dict[Any, int]) -> list["backend.Spec"]:
    return [
        backend.Spec(
            tuple(known.get((i, k), size) for k, size in enumerate(spec.shape)),
            spec.dtype,
        )
        for i, spec in enumerate(specs)
    ]


def _tensors(specs: Any) -> Any:
    if isinstance(specs, backend.Spec):
        return KerasTensor(*specs)
    if isinstance(specs, dict):
        return {key: _tensors(spec) for key, spec in specs.items()}
    if isinstance(specs, tuple) and hasattr(specs, "_fields"):
        return type(specs)(*map(_tensors, specs))
    if isinstance(specs, (list, tuple)):
        return type(specs)(map(_tensors, specs))
    return specs


def op(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Let `fn` take symbolic tensors (the call is recorded), lists and variables.

    Parameters annotated `Tensor` get lists, tuples and variables as arrays, the
    elements of those annotated `Tensors` likewise.
    """
    single, several = _tensor_parameters(fn)
    parameters = inspect.signature(fn).parameters.items()
    by_name = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
    names = [name for name, parameter in parameters if parameter.kind not in by_name]

    @functools.wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        if any_symbolic(args) or (kwargs and any_symbolic(kwargs.values())):
            return FunctionOperation(call).symbolic_call(*args, **kwargs)
        if kwargs:
            for name, x in kwargs.items():
                if type(x) in _CONVERTED:
                    kwargs[name] = _convert(x, name, single, several)
        for x in args:
            if type(x) in _CONVERTED:
                named = zip(args, (*names, *names[-1:] * len(args)))
                args = tuple(
                    _convert(x, name, single, several) if type(x) in _CONVERTED else x
                    for x, name in named
                )
                break
        return fn(*args, **kwargs)

    call.tensor_parameters = (single, several)  # type: ignore[attr-defined]
    return call


_CONVERTED = (list, tuple, Variable)


def _tensor_parameters(fn: Callable[..., Any]) -> tuple[set[str], set[str]]:
    single, several = set(), set()
    for name, parameter in inspect.signature(fn, eval_str=True).parameters.items():
        kinds = getattr(parameter.annotation, "__args__", (parameter.annotation,))
        if Tensor in kinds:
            single.add(name)
        if Tensors in kinds:
            several.add(name)
    return single, several


def _convert(x: Any, name: str, single: set[str], several: set[str]) -> Any:
    if isinstance(x, Variable):
        return x.value
    if name in several:
        return [_convert(e, "", {""}, several) for e in x]
    if name in single:
        return _array_of(x)
    return x


def _array_of(x: Any) -> Any:
    """An array of numbers, or of nested lists that may hold arrays and variables."""
    if isinstance(x, Variable):
        return x.value
    if not isinstance(x, (list, tuple)):
        return x
    if any(hasattr(leaf, "shape") for leaf in tree.flatten(x)):
        return backend.xp.stack([backend.asarray(_array_of(e)) for e in x])
    return backend.asarray(x)


def toposort(
    outputs: Iterable[KerasTensor], known: Iterable[KerasTensor] = ()
) -> list[Node]:
    """Nodes in an order in which they can run, going no deeper than `known`."""
    order: list[Node] = []
    done: set[int] = set()
    stop = {id(tensor) for tensor in known}
    stack: list[tuple[Node, bool]] = []
    for tensor in reversed(list(outputs)):
        if id(tensor) not in stop and tensor.node is not None:
            stack.append((tensor.node, False))
    while stack:  # depth first without recursion: graphs may be thousands deep
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif id(node) not in done:
            done.add(id(node))
            stack.append((node, True))
            for tensor in reversed(node.inputs):
                if id(tensor) not in stop and tensor.node is not None:
                    stack.append((tensor.node, False))
    return order


def evaluate(
    nodes: Iterable[Node],
    values: dict[int, Any],
    call: Callable[[Node, Any, Any], Any] | None = None,
) -> None:
    """Run `nodes` in order. `values` maps id(tensor) to a value and is filled.

    Args:
        call: `call(node, args, kwargs)` in place of calling the node's operation.
    """
    for node in nodes:
        args, kwargs = node.fill(lambda x: values[id(x)])
        if call is None:
            results = node.operation(*args, **kwargs)
        else:
            results = call(node, args, kwargs)
        values.update(zip(map(id, tree.flatten(node.outputs)), tree.flatten(results)))
