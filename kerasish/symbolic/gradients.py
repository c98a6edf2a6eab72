"""Derivatives of expressions, which are expressions again."""

import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import backend, dtypes, ops, tree
from ..graph import (
    FunctionOperation,
    KerasTensor,
    Node,
    Operation,
    is_symbolic,
    op,
    toposort,
)
from ..registry import unique_name
from ..variable import Variable, functional
from .derivatives import FLAT, filled, flows_back, note_shapes, plus
from .function import evaluated, place
from .piece import Piece, variables_of
from .variables import SymbolicVariable, listed, symbolic

__all__ = [
    "DisconnectedInputError",
    "GradientError",
    "Lop",
    "Rop",
    "disconnected_grad",
    "grad",
    "grad_clip",
    "grad_scale",
    "hessian",
    "jacobian",
    "numeric_grad",
    "verify_grad",
]


class DisconnectedInputError(ValueError):
    """Something with respect to which one differentiates has no part in the result."""


class GradientError(ValueError):
    """A gradient differs from finite differences."""


def grad(
    cost: KerasTensor | None,
    wrt: Any,
    consider_constant: Any = None,
    disconnected_inputs: str = "raise",
    known_grads: Any = None,
    return_disconnected: str = "zero",
) -> Any:
    """Return the gradient of a scalar expression, as an expression.

    Args:
        cost: symbolic scalar; None if `known_grads` says all.
        wrt: what to differentiate with respect to: symbolic variables, tensors in the
            middle of the expression, shared variables, `keras.Variable`s such as
            `layer.kernel`; one, or a list or dict of them.
        consider_constant: tensors through which nothing shall flow back.
        disconnected_inputs: what to do if `cost` does not depend on one of `wrt`:
            `"raise"`, `"warn"` or `"ignore"` (the gradient is 0).
        known_grads: pairs (tensor, the gradient that flows back to it).
        return_disconnected: `"zero"` or `"none"`, in place of such a gradient.

    Returns:
        The gradients in the structure of `wrt`, each in the shape of what it is for.

    Raises:
        DisconnectedInputError: see above.
        TypeError: if `cost` is no scalar of a floating dtype.

    Example:
        >>> from kerasish import symbolic as S
        >>> x, y = S.scalars("x", "y")
        >>> gx, gy = S.grad(x**3 * y, [x, y])
        >>> float(gx.eval({x: 2.0, y: 5.0})), float(gy.eval({x: 2.0}))
        (60.0, 8.0)
    """
    starts = _starts(cost, known_grads)
    wanted = list(wrt.values()) if isinstance(wrt, dict) else tree.flatten(wrt)
    for x in wanted:
        _check_wanted(x)
    found = _flow(starts, wanted, list(tree.flatten(consider_constant or [])))
    results = []
    for x in wanted:
        if id(x) not in found:
            _disconnected(x, cost, disconnected_inputs)
            results.append(None if return_disconnected == "none" else _zeros(x))
        else:
            results.append(filled(found[id(x)], symbolic(x)))
    if isinstance(wrt, dict):
        return dict(zip(wrt, results))
    return results if isinstance(wrt, (list, tuple)) else results[0]


def _starts(cost: Any, known_grads: Any) -> list[tuple[KerasTensor, Any]]:
    starts = list(dict(known_grads or {}).items())
    if cost is None and not starts:
        raise ValueError("`grad` needs a `cost` or `known_grads`.")
    if cost is None:
        return starts
    if not is_symbolic(cost):
        raise TypeError(
            f"`cost` is a symbolic scalar, got {cost!r} of type {type(cost).__name__}."
        )
    if cost.ndim or not dtypes.is_float(cost.dtype):
        raise TypeError(
            f"`cost` is a scalar of a floating dtype, but `{cost.name}` (made at "
            f"{place(cost)}) is {cost.dtype} of shape {cost.shape}. Sum or average it, "
            "or use `jacobian`."
        )
    return [*starts, (cost, 1)]


def _check_wanted(x: Any) -> None:
    if not (is_symbolic(x) or isinstance(x, Variable)):
        raise TypeError(
            f"`wrt` are symbolic tensors and variables, got {x!r} of type "
            f"{type(x).__name__}."
        )
    if not dtypes.is_float(x.dtype):
        raise TypeError(f"`{x.name}` is {x.dtype}: there is no derivative by it.")


def _disconnected(x: Any, cost: Any, what: str) -> None:
    if what not in ("raise", "warn", "ignore"):
        raise ValueError(
            f"`disconnected_inputs` is 'raise', 'warn' or 'ignore', got {what!r}."
        )
    name = "The cost" if cost is None else f"`{cost.name}`"
    line = f" (made at {place(x)})" if is_symbolic(x) else ""
    text = (
        f"{name} does not depend on `{x.name}`{line}, so its gradient is 0. If that is "
        'meant, pass disconnected_inputs="ignore".'
    )
    if what == "raise":
        raise DisconnectedInputError(text)
    if what == "warn":
        warnings.warn(text, stacklevel=3)


def _zeros(x: Any) -> KerasTensor:
    return filled(0, symbolic(x))


def _flow(
    starts: Sequence[tuple[KerasTensor, Any]], wanted: list[Any], blocked: list[Any]
) -> dict[int, Any]:
    """Return what flows back to each of `wanted`, by its id."""
    found: dict[int, Any] = {}
    shut = {id(x) for x in blocked}
    for tensor, value in starts:
        found[id(tensor)] = plus(found.get(id(tensor), 0), value)
    order = _order([t for t, _ in starts], wanted)
    touched = {id(x) for x in wanted} - shut
    relevant = []
    for node in order:
        if _is_flat(node):
            continue
        if any(id(x) in touched for x in (*node.inputs, *variables_of(node))):
            relevant.append(node)
            outputs = [t for t in tree.flatten(node.outputs) if is_symbolic(t)]
            touched |= {id(t) for t in outputs if dtypes.is_float(t.dtype)} - shut
    note_shapes(t for node in order for t in tree.flatten(node.outputs))
    for node in reversed(relevant):
        upstream = [found.get(id(t)) for t in tree.flatten(node.outputs)]
        if all(g is None for g in upstream):
            continue
        for target, flow in _back_through(node, upstream, touched):
            if isinstance(flow, (int, float)) and flow == 0:
                found.setdefault(id(target), 0)
            else:
                found[id(target)] = plus(found.get(id(target), 0), flow)
    return {id(x): found[id(x)] for x in wanted if id(x) in found}


def _order(ends: list[KerasTensor], wanted: list[Any]) -> list[Node]:
    """Return the calls before `ends`.

    Where gradients by tensors within a branch are wanted, these become inputs.
    """
    opened: dict[int, Node] = {}
    inner: list[KerasTensor] = []
    order = toposort(ends)
    for node in order:
        opens = getattr(node.operation, "opened", None)
        if opens is not None:
            opened[id(node)] = opens(node, wanted)
            inner += opened[id(node)].operation.known  # type: ignore[attr-defined]
    if inner:
        order = toposort([*inner, *ends])
    return [opened.get(id(node), node) for node in order]


def _is_flat(node: Node) -> bool:
    return getattr(node.operation, "function", None) in FLAT


def _back_through(
    node: Node, upstream: list[Any], touched: set[int]
) -> list[tuple[Any, Any]]:
    """Return (what, the gradient that flows back to it) of one call."""
    single = is_symbolic(node.outputs)
    if single and isinstance(node.operation, FunctionOperation):
        function = node.operation.function
        bound = inspect.signature(function).bind(*node.args, **node.kwargs)
        given = {
            name: symbolic(x) if isinstance(x, Variable) else x
            for name, x in bound.arguments.items()
        }
        flows = flows_back(function, upstream[0], node.outputs, given)
        if flows is not None:
            pairs = zip(bound.arguments.values(), flows)
            return [(x, flow) for x, flow in pairs if id(x) in touched]
    targets = [x for x in (*node.inputs, *variables_of(node)) if id(x) in touched]
    targets = list({id(x): x for x in targets}.values())
    outputs = tree.flatten(node.outputs)
    full = [filled(g, t) if g is not None else None for g, t in zip(upstream, outputs)]
    pullback = Pullback(node, targets, [g is not None for g in full])
    flows = pullback(*node.inputs, *(g for g in full if g is not None))
    return list(zip(targets, flows))


class Pullback(Operation):
    """What flows back through one call, found by the backend.

    Args:
        template: the call.
        targets: the inputs and variables whose gradients are wanted.
        given: for each output of the call whether a gradient flows back to it.
    """

    def __init__(self, template: Node, targets: list[Any], given: list[bool]) -> None:
        super().__init__(unique_name(f"gradient_of_{template.operation.name}"))
        self.template, self.targets, self.given = template, targets, given
        self.lengths = getattr(template.operation, "lengths", 0)

    @property
    def variables(self) -> list[Variable]:
        """Return the variables that the call reads."""
        return variables_of(self.template)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> list[KerasTensor]:
        """Return a tensor like each target."""
        found = [KerasTensor(x.shape, x.dtype) for x in self.targets]
        for x in found:
            x.open_sizes = True
        return found

    def call(self, *values: Any) -> list[Any]:
        """Return the gradients of the targets.

        Args:
            *values: inputs of the call, then the gradients of its outputs.
        """
        node, variables = self.template, self.variables
        inputs = dict(zip(map(id, node.inputs), values))
        upstream = values[len(node.inputs) :]
        own = [v.value for v in variables]
        held = {id(v): value for v, value in zip(variables, own)}

        def objective(now: list[Any]) -> tuple[Any, None]:
            mine = dict(zip(map(id, self.targets), now))
            state = [mine.get(id(v), held[id(v)]) for v in variables]
            run = functional(lambda: self._outputs(inputs | mine), variables)
            rest = iter(upstream)
            total = 0.0
            for y, has in zip(run(state)[0], self.given):
                if has:
                    total = total + ops.sum(y * next(rest))
            return total, None

        everything = inputs | held
        start = [everything[id(x)] for x in self.targets]
        return list(backend.value_and_grad(objective)(start)[1])

    def _outputs(self, values: dict[int, Any]) -> list[Any]:
        args, kwargs = self.template.fill(lambda t: values[id(t)])
        return tree.flatten(self.template.operation(*args, **kwargs))


# --- more than one number ------------------------------------------------------------


class Jacobian(Operation):
    """The derivatives of each element of an expression.

    Args:
        piece: from what one differentiates by to the expression.
        wrt: a symbolic tensor or a variable.
    """

    def __init__(self, piece: Piece, wrt: Any) -> None:
        super().__init__(unique_name("jacobian"))
        self.piece, self.wrt, self.pieces = piece, wrt, [piece]

    @property
    def variables(self) -> list[Variable]:
        """Return the variables that the expression reads."""
        return self.piece.variables

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> KerasTensor:
        """Return a tensor of both shapes, one after the other."""
        shape = (*self.piece.outputs[0].shape, *self.wrt.shape)
        found = KerasTensor(shape, self.wrt.dtype)
        found.open_sizes = True
        return found

    def call(self, *values: Any) -> Any:
        """Return the Jacobian for values of `wrt` and what the piece needs besides."""
        given = len(self.piece.given)
        variables = self.variables
        state = [v.value for v in variables]

        def run(now: Any) -> Any:
            inside = [now if v is self.wrt else x for v, x in zip(variables, state)]
            inputs = [now] if given else []
            pure = functional(
                lambda: self.piece.run(inputs, values[given:])[0], variables
            )
            return pure(inside)[0]

        places = [i for i, v in enumerate(variables) if v is self.wrt]
        start = values[0] if given else state[places[0]]
        shape = tuple(run(start).shape)
        size = int(np.prod(shape))

        def row(direction: Any) -> Any:
            def total(now: list[Any]) -> tuple[Any, None]:
                return ops.sum(run(now[0]) * direction), None

            return backend.value_and_grad(total)([start])[1][0]

        directions = ops.reshape(ops.eye(size, dtype=str(start.dtype)), (size, *shape))
        return ops.reshape(backend.vmap(row)(directions), (*shape, *start.shape))


def jacobian(expression: KerasTensor, wrt: Any, **options: Any) -> Any:
    """Return the derivatives of each element of an expression.

    J[i..., j...] = ∂ expression[i...] / ∂ wrt[j...].

    Args:
        expression: symbolic tensor of any shape.
        wrt: as for `grad`.
        **options: `disconnected_inputs` as for `grad`.

    Example:
        >>> from kerasish import symbolic as S
        >>> x = S.vector("x")
        >>> print(S.jacobian(x**2, x).eval({x: [1.0, 2.0]}))
        [[2. 0.]
         [0. 4.]]
    """
    if not is_symbolic(expression):
        raise TypeError(f"`expression` is a symbolic tensor, got {expression!r}.")
    if expression.ndim == 0:
        return grad(expression, wrt, **options)
    if isinstance(wrt, dict):
        return {key: jacobian(expression, x, **options) for key, x in wrt.items()}
    if isinstance(wrt, (list, tuple)):
        return [jacobian(expression, x, **options) for x in wrt]
    _check_wanted(wrt)
    tensor = is_symbolic(wrt)
    piece = Piece([wrt] if tensor else [], [expression], outside=tensor)
    if not (piece.order or expression is wrt) or not (
        tensor or any(v is wrt for v in piece.variables)
    ):
        _disconnected(wrt, expression, options.get("disconnected_inputs", "raise"))
        return ops.zeros_like(Jacobian(piece, wrt).compute_output_spec())
    operation = Jacobian(piece, wrt)
    return operation.symbolic_call(*piece.given, *piece.captured)


def hessian(cost: KerasTensor, wrt: Any, **options: Any) -> Any:
    """Return the second derivatives of a scalar expression.

    H[i..., j...] = ∂² cost / ∂ wrt[i...] ∂ wrt[j...].

    Args:
        cost: symbolic scalar.
        wrt: as for `grad`; for a list, a list of the Hessians by each alone.
        **options: `disconnected_inputs` as for `grad`.

    Example:
        >>> from kerasish import symbolic as S
        >>> x = S.vector("x")
        >>> print(S.hessian(keras.ops.prod(x), x).eval({x: [2.0, 3.0]}))
        [[0. 1.]
         [1. 0.]]
    """
    if isinstance(wrt, (list, tuple)):
        return [hessian(cost, x, **options) for x in wrt]
    slope = grad(cost, wrt, **options)
    return jacobian(slope, wrt, disconnected_inputs="ignore")


def Lop(f: Any, wrt: Any, eval_points: Any, **options: Any) -> Any:
    """Return row vector × Jacobian: Σᵢ vᵢ ∂fᵢ / ∂wrt.

    Args:
        f: expression or list of them.
        wrt: as for `grad`.
        eval_points: v: for each of `f` a tensor of its shape.
        **options: as for `grad`.

    Example:
        >>> from kerasish import symbolic as S
        >>> x, v = S.vectors("x", "v")
        >>> print(S.Lop(x**2, x, v).eval({x: [1.0, 2.0], v: [1.0, 10.0]}))
        [ 2. 40.]
    """
    pairs = zip(listed(f), listed(eval_points), strict=True)
    return grad(None, wrt, known_grads=list(pairs), **options)


def Rop(f: Any, wrt: Any, eval_points: Any, **options: Any) -> Any:
    """Return Jacobian × vector: Σⱼ ∂f / ∂wrtⱼ vⱼ, the slope of f along v.

    Args:
        f: expression or list of them.
        wrt: one or several, as for `grad`.
        eval_points: v: for each of `wrt` a tensor of its shape.
        **options: as for `grad`.

    Returns:
        For each of `f` a tensor of its shape.

    Example:
        >>> from kerasish import symbolic as S
        >>> x, v = S.vectors("x", "v")
        >>> print(S.Rop(x**2, x, v).eval({x: [1.0, 2.0], v: [1.0, 10.0]}))
        [ 2. 40.]
    """
    # v ↦ vJ is linear, so its own derivative does not depend on where it is taken.
    targets, points = listed(wrt), listed(eval_points)
    results = []
    for expression in listed(f):
        free = ops.zeros_like(expression)
        rows = grad(None, targets, known_grads=[(expression, free)], **options)
        ignore = {"disconnected_inputs": "ignore"}
        pairs = list(zip(rows, points, strict=True))
        results.append(grad(None, free, known_grads=pairs, **ignore))
    return results if isinstance(f, (list, tuple)) else results[0]


# --- ops that change the gradient alone ----------------------------------------------


def disconnected_grad(x: Any) -> Any:
    """Return `x`; nothing flows back through it. The same as `ops.stop_gradient`."""
    return ops.stop_gradient(x)


def _scaled_back(x: Any, change: Callable[[Any], Any]) -> Any:
    own = backend.custom_gradient(lambda x: (x, lambda g: (change(g),)))
    return own(x)


@op
def grad_scale(x: Any, multiplier: float) -> Any:
    """Return `x`; what flows back through it is multiplied by a number.

    Example:
        >>> from kerasish import symbolic as S
        >>> x = S.scalar("x")
        >>> float(S.grad(S.grad_scale(x, -3.0) ** 2, x).eval({x: 1.0}))
        -6.0
    """
    return _scaled_back(x, lambda g: g * multiplier)


@op
def grad_clip(x: Any, lower_bound: float, upper_bound: float) -> Any:
    """Return `x`; what flows back through it is clipped to an interval.

    Example:
        >>> from kerasish import symbolic as S
        >>> x = S.scalar("x")
        >>> float(S.grad(S.grad_clip(x, -1.0, 1.0) ** 2, x).eval({x: 5.0}))
        1.0
    """
    return _scaled_back(x, lambda g: ops.clip(g, lower_bound, upper_bound))


# --- checks --------------------------------------------------------------------------


def numeric_grad(
    f: Callable[..., Any], points: Sequence[Any], eps: float | None = None
) -> list[np.ndarray]:
    """Return the gradients of a function of arrays by central differences.

    (f(x + ε) − f(x − ε)) / 2ε for each number.

    Args:
        f: function of arrays that returns a number.
        points: the arrays.
        eps: ε; default by the dtype: 1e-5 for float64, 1e-2 for float32.

    Example:
        >>> from kerasish import symbolic as S
        >>> slopes = S.numeric_grad(lambda x: (x**3).sum(), [np.array([1.0, 2.0])])
        >>> print(np.round(slopes[0], 4))
        [ 3. 12.]
    """
    arrays = [np.array(x, np.result_type(x, np.float32)) for x in points]
    slopes = []
    for x in arrays:
        step = eps or (1e-5 if x.dtype == np.float64 else 1e-2)
        slope = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            before = x[index]
            ends = []
            for shift in (step, -step):
                x[index] = before + shift
                ends.append((float(f(*arrays)), float(x[index])))
            x[index] = before
            (high, right), (low, left) = ends
            slope[index] = (high - low) / (right - left)
        slopes.append(slope)
    return slopes


def verify_grad(
    fun: Callable[..., Any],
    pt: Sequence[Any],
    n_tests: int = 2,
    rng: Any = None,
    eps: float | None = None,
    abs_tol: float | None = None,
    rel_tol: float | None = None,
) -> None:
    """Compare the gradient of a function of symbolic tensors with finite differences.

    The function's result is projected on random directions.

    Args:
        fun: takes symbolic tensors, returns one.
        pt: arrays: where to compare.
        n_tests: number of directions.
        rng: NumPy generator or seed.
        eps: step of the differences.
        abs_tol, rel_tol: a gradient is right if it meets either; default by the dtype:
            1e-4 for float64, 1e-2 for float32.

    Raises:
        GradientError: naming the argument, the place and both numbers.

    Example:
        >>> from kerasish import symbolic as S
        >>> S.verify_grad(lambda x, y: keras.ops.sin(x) * y, [[0.1, 0.2], [1.0, 2.0]])
    """
    arrays = [np.array(x) for x in pt]
    arrays = [x if x.dtype.kind == "f" else x.astype("float32") for x in arrays]
    arrays = [x.astype(dtypes.canonical(x.dtype.name)) for x in arrays]
    inputs = [SymbolicVariable(x.shape, x.dtype.name) for x in arrays]
    wide = all(x.dtype == np.float64 for x in arrays)
    absolute = abs_tol or (1e-4 if wide else 1e-2)
    relative = rel_tol or (1e-4 if wide else 1e-2)
    result = fun(*inputs)
    draw = np.random.default_rng(rng)
    weight = SymbolicVariable(result.shape, result.dtype, "direction")
    total = ops.sum(result * weight)
    slopes = grad(total, inputs, disconnected_inputs="ignore")
    for _ in range(n_tests):
        known = dict(zip(inputs, arrays))
        shape = evaluated(result, known).shape
        direction = draw.uniform(0.5, 1.5, shape)

        def value(*points: Any, known: Any = None) -> Any:
            return evaluated(total, dict(zip((*inputs, weight), (*points, known))))

        by_differences = numeric_grad(
            lambda *points, direction=direction: value(*points, known=direction),
            arrays,
            eps,
        )
        for i, (slope, wanted) in enumerate(zip(slopes, by_differences)):
            got = evaluated(slope, {**known, weight: direction})
            _compare(i, got, wanted, absolute, relative)


def _compare(i: int, got: Any, wanted: Any, absolute: float, relative: float) -> None:
    off = np.abs(got - wanted)
    scale = np.maximum(np.abs(got) + np.abs(wanted), 1e-8)
    bad = (off > absolute) & (off / scale > relative) | ~np.isfinite(got)
    if bad.any():
        index = tuple(map(int, np.argwhere(bad)[0]))
        raise GradientError(
            f"Gradient of argument {i} at {index}: {got[index]:.6g} by `grad`, "
            f"{wanted[index]:.6g} by finite differences."
        )
