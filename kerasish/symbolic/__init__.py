"""Symbolic expressions: formulas that can be compiled, differentiated and looked at.

The graph under functional models, used by itself: variables of every rank and dtype,
`shared` state, `function` with updates and givens, gradients that are expressions
again, loops, random streams, formulas printed and parsed. Operators and all functions
of `keras.ops`, layers and models work on symbolic variables.

Example:
    >>> from kerasish import symbolic as S
    >>> x = S.scalar("x")
    >>> y = x**3 - 2.0 * x
    >>> float(S.function([x], S.grad(y, x))(2.0))
    10.0
"""

from typing import Any

from .. import ops
from ..names import did_you_mean
from .cloning import clone
from .control import ifelse, switch
from .folds import foldl, foldr, map, reduce
from .formula import pp
from .function import Compiled, In, evaluated, function
from .gradients import (
    DisconnectedInputError,
    GradientError,
    Lop,
    Rop,
    disconnected_grad,
    grad,
    grad_clip,
    grad_scale,
    hessian,
    jacobian,
    numeric_grad,
    verify_grad,
)
from .loops import scan, until
from .modes import Mode, MonitorMode, NanGuardMode, Profile
from .parsing import parse
from .printing import debugprint
from .streams import RandomStreams
from .typesetting import latex
from .variables import (
    CONSTRUCTORS,
    Shared,
    SymbolicVariable,
    constant,
    shared,
    tensor,
)

globals().update(CONSTRUCTORS)

__all__ = [
    "Compiled",
    "DisconnectedInputError",
    "GradientError",
    "In",
    "Lop",
    "Mode",
    "MonitorMode",
    "NanGuardMode",
    "Profile",
    "RandomStreams",
    "Rop",
    "Shared",
    "SymbolicVariable",
    "clone",
    "constant",
    "debugprint",
    "disconnected_grad",
    "evaluated",
    "foldl",
    "foldr",
    "function",
    "grad",
    "grad_clip",
    "grad_scale",
    "hessian",
    "ifelse",
    "jacobian",
    "latex",
    "map",
    "numeric_grad",
    "parse",
    "pp",
    "reduce",
    "scan",
    "shared",
    "switch",
    "tensor",
    "until",
    "verify_grad",
    *CONSTRUCTORS,
]


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}."
        + did_you_mean(name, __all__)
        + f" Of `keras.ops` there is `ops.{name}`." * (name in _ops)
    )


_ops = frozenset(ops.__all__)
