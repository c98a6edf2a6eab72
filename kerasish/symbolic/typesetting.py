"""Expressions as formulas in LaTeX: `latex`."""

import re
from typing import Any

from .formula import (
    AND,
    ANY,
    CALL,
    COMPARE,
    OPERATORS,
    OR,
    POWER,
    PRODUCT,
    SUM,
    UNARY,
    XOR,
    Operators,
    Style,
    lines_of,
)

__all__ = ["latex"]

LATEX_OPERATORS: Operators = {
    **OPERATORS,
    "less_equal": (r"%s \le %s", COMPARE, OR, OR),
    "greater_equal": (r"%s \ge %s", COMPARE, OR, OR),
    "equal": ("%s = %s", COMPARE, OR, OR),
    "not_equal": (r"%s \ne %s", COMPARE, OR, OR),
    "logical_or": (r"%s \lor %s", OR, OR, XOR),
    "logical_xor": (r"%s \oplus %s", XOR, XOR, AND),
    "logical_and": (r"%s \land %s", AND, AND, SUM),
    "logical_not": (r"\lnot %s", UNARY, UNARY),
    "multiply": (r"%s \cdot %s", PRODUCT, PRODUCT, POWER),
    "divide": (r"\frac{%s}{%s}", POWER, ANY, ANY),
    "reciprocal": (r"\frac{1}{%s}", POWER, ANY),
    "floor_divide": (r"\left\lfloor\frac{%s}{%s}\right\rfloor", CALL, ANY, ANY),
    "mod": (r"%s \bmod %s", PRODUCT, PRODUCT, UNARY),
    "matmul": (r"%s \, %s", PRODUCT, PRODUCT, UNARY),
    "dot": (r"%s \, %s", PRODUCT, PRODUCT, UNARY),
    "outer": (r"%s \otimes %s", PRODUCT, PRODUCT, UNARY),
    "power": ("%s^{%s}", POWER, CALL, ANY),
    "square": ("%s^{2}", POWER, CALL),
    "transpose": (r"%s^\top", POWER, CALL),
    "exp": ("e^{%s}", POWER, ANY),
    "sqrt": (r"\sqrt{%s}", CALL, ANY),
    "rsqrt": (r"\frac{1}{\sqrt{%s}}", POWER, ANY),
    "abs": (r"\left|%s\right|", CALL, ANY),
    "floor": (r"\left\lfloor %s\right\rfloor", CALL, ANY),
    "ceil": (r"\left\lceil %s\right\rceil", CALL, ANY),
    "sum": (r"\sum %s", PRODUCT, PRODUCT),
    "prod": (r"\prod %s", PRODUCT, PRODUCT),
    "mean": (r"\overline{%s}", CALL, ANY),
    "where": (
        r"\begin{cases} %2$s & \text{if } %1$s \\ %3$s & \text{else}\end{cases}",
        *(CALL, ANY, ANY, ANY),
    ),
}
_GREEK = """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi
    rho sigma tau phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi
    Omega""".split()
_KNOWN = {
    **{name: rf"\{name}" for name in "sin cos tan sinh cosh tanh max min det".split()},
    **{f"arc{name}": rf"\arc{name}" for name in ("sin", "cos", "tan")},
    "log": r"\ln",
    "maximum": r"\max",
    "minimum": r"\min",
    "sigmoid": r"\sigma",
}


def _latex_name(name: str) -> str:
    name = re.sub(r"^([a-zA-Z])(\d+)$", r"\1_\2", name)
    head, *rest = name.split("_") if not name.startswith("_") else [name]
    text = rf"\{head}" if head in _GREEK else head
    if len(head) > 1 and head not in _GREEK:
        text = rf"\mathrm{{{head}}}".replace("_", r"\_")
    return text + (f"_{{{','.join(rest)}}}" if rest else "")


def _latex_function(name: str) -> str:
    plain = name.replace("_", r"\_")
    return _KNOWN.get(name, rf"\operatorname{{{plain}}}")


LATEX = Style(
    *(LATEX_OPERATORS, r"\left(%s\right)", _latex_name, _latex_function),
    *(r"%s\left(%s\right)", "%s_{%s}", r"\text{%s}=%s"),
)


def latex(expression: Any, share: bool = False) -> str:
    r"""Returns an expression as a formula in LaTeX, as notebooks show it.

    Args:
        expression: a symbolic tensor, or a nest of them.
        share: as for `pp`.

    Example:
        >>> x, w = keras.KerasTensor((), name="x"), keras.KerasTensor((), name="w_1")
        >>> print(keras.symbolic.latex(keras.ops.exp(-x) / keras.ops.sqrt(1 + w)))
        \frac{e^{-x}}{\sqrt{1 + w_{1}}}
    """
    lines = lines_of(expression, share, LATEX, "%s &= %s")
    if len(lines) == 1:
        return lines[0]
    body = " \\\\\n".join([*lines[:-1], f"& {lines[-1]}"])
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"
