"""Conditions in expressions: `switch` element by element, `ifelse` lazily."""

from collections.abc import Callable, Sequence
from typing import Any

from .. import dtypes, ops, tree
from ..graph import KerasTensor, Node, Operation, is_symbolic
from ..registry import unique_name
from ..variable import Variable
from .function import place
from .piece import Piece
from .variables import listed, symbolic

__all__ = ["ifelse", "switch"]


def switch(condition: Any, ift: Any, iff: Any) -> Any:
    """Return, element by element, `ift` where the condition holds, else `iff`.

    Both are computed; see `ifelse`. The same as `ops.where`.

    Example:
        >>> from kerasish import symbolic as S
        >>> x = S.vector("x")
        >>> print(S.switch(x > 0, x, -x).eval({x: [-1.0, 2.0]}))
        [1. 2.]
    """
    return ops.where(condition, ift, iff)


class IfElse(Operation):
    """One of two expressions, whichever a condition says; the other is not computed.

    Args:
        branches: two lists of expressions, equal in dtypes and ranks.
        known: tensors within them whose values shall be passed.
    """

    def __init__(
        self,
        branches: Sequence[Sequence[KerasTensor]],
        known: Sequence[KerasTensor] = (),
    ) -> None:
        super().__init__(unique_name("ifelse"))
        self.branches, self.known = branches, list(known)
        self.pieces = [Piece(known, branch) for branch in branches]
        captured = [t for piece in self.pieces for t in piece.captured]
        self.captured = list({id(t): t for t in captured}.values())

    @property
    def variables(self) -> list[Variable]:
        """Return the variables that the branches read."""
        return [v for piece in self.pieces for v in piece.variables]

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> list[KerasTensor]:
        """Return a tensor for each pair of expressions."""
        found = []
        for a, b in zip(*self.branches):
            shape = [m if m == n else None for m, n in zip(a.shape, b.shape)]
            found.append(KerasTensor(shape, a.dtype))
            found[-1].open_sizes = True
        return found

    def call(self, condition: Any, *values: Any) -> list[Any]:
        """Compute one branch from values of `known` and `captured`."""
        known = values[: len(self.known)]
        held = dict(zip(map(id, self.captured), values[len(self.known) :]))

        def branch(piece: Piece) -> Callable[[], list[Any]]:
            return lambda: piece.run(known, [held[id(t)] for t in piece.captured])

        return ops.cond(condition, *map(branch, self.pieces))

    def opened(self, node: Node, wanted: list[Any]) -> Node:
        """Return the same call, with tensors of `wanted` that are within as inputs."""
        inside = {
            id(t)
            for piece in self.pieces
            for n in piece.order
            for t in tree.flatten(n.outputs)
        }
        known = [x for x in wanted if id(x) in inside]
        if not known:
            return node
        again = IfElse(self.branches, known)
        inputs = (node.args[0], *known, *again.captured)
        copy = Node.__new__(Node)
        copy.__dict__.update(node.__dict__)
        copy.operation, copy.args = again, inputs
        copy.inputs = [x for x in inputs if is_symbolic(x)]
        return copy


def ifelse(
    condition: Any, then_branch: Any, else_branch: Any, name: str | None = None
) -> Any:
    """Return one of two expressions, whichever the condition says.

    Only that one is computed, also in the gradient.

    Args:
        condition: symbolic scalar: true, or a number that is not 0.
        then_branch, else_branch: expressions or numbers, or lists of as many; each
            pair of the same rank; dtypes are promoted.
        name: for messages.

    Example:
        >>> from kerasish import symbolic as S
        >>> x = S.scalar("x")
        >>> step = S.ifelse(x > 0, 1.0, 0.0)
        >>> float(step.eval({x: 0.5})), float(step.eval({x: -0.5}))
        (1.0, 0.0)
    """
    several = isinstance(then_branch, (list, tuple))
    pairs = [listed(then_branch), listed(else_branch)]
    if len(pairs[0]) != len(pairs[1]):
        raise ValueError(
            f"The branches of `ifelse` have {len(pairs[0])} and {len(pairs[1])} parts."
        )
    if is_symbolic(condition) and condition.ndim:
        raise ValueError(
            f"The condition of `ifelse`, `{condition.name}` (made at "
            f"{place(condition)}), has shape {condition.shape}; it must be a scalar. "
            "Element by element chooses `switch`."
        )
    sides: list[list[KerasTensor]] = [[], []]
    for a, b in zip(*pairs):
        dtype = dtypes.result_type(*(_dtype(x) for x in (a, b)))
        a, b = (_branch(x, dtype) for x in (a, b))
        if a.ndim != b.ndim:
            raise ValueError(
                f"The branches of `ifelse` have shapes {a.shape} and {b.shape}; their "
                "ranks must agree."
            )
        sides[0].append(a)
        sides[1].append(b)
    operation = IfElse(sides)
    if name:
        operation.name = name
    found = operation.symbolic_call(symbolic(condition), *operation.captured)
    return found if several else found[0]


def _dtype(x: Any) -> Any:
    return type(x) if isinstance(x, (bool, int, float)) else x.dtype


def _branch(x: Any, dtype: str) -> KerasTensor:
    if not is_symbolic(x):
        x = symbolic(x, dtype)
    return x if x.dtype == dtype else ops.cast(x, dtype)
