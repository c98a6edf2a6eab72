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

from .cloning import clone
from .formula import latex, pp
from .function import Compiled, In, evaluated, function
from .modes import Mode, MonitorMode, NanGuardMode, Profile
from .parsing import parse
from .printing import debugprint
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
    "In",
    "Mode",
    "MonitorMode",
    "NanGuardMode",
    "Profile",
    "Shared",
    "SymbolicVariable",
    "clone",
    "constant",
    "debugprint",
    "evaluated",
    "function",
    "latex",
    "parse",
    "pp",
    "shared",
    "tensor",
    *CONSTRUCTORS,
]


def __getattr__(name: str) -> Any:  # tells type checkers of the constructors
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
