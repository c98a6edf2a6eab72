"""Symbolic scalars, vectors and matrices; a function of three variables, derived."""

import numpy as np

from kerasish import ops
from kerasish import symbolic as S


def scalars():
    """Add two floats that come later."""
    x, y = S.scalars("x", "y")
    add = S.function([x, y], x + y)
    print(f"x + y at 1.5 and 2.5: {add(1.5, 2.5):.1f}")
    return add(1.5, 2.5)


def vectors_and_matrices():
    """A quadratic form: its value, and its slope by the vector."""
    v, a = S.vector("v"), S.matrix("A")
    form = ops.dot(v, ops.matmul(a, v))
    compute = S.function([v, a], [ops.matmul(a, v), form, S.grad(form, v)])
    found = compute([1.0, 2.0], [[2.0, 1.0], [0.0, 3.0]])
    for name, value in zip(("A v", "v A v", "its slope"), found):
        print(f"{name}: {value}")
    return found


def three_variables():
    """sinh(x⁷ + exp(y arccosh z)) and its three derivatives at (1, 0.5, 2)."""
    x, y, z = S.scalars("x", "y", "z")
    f = ops.sinh(x**7 + ops.exp(y * ops.arccosh(z)))
    formulas = [f, *S.grad(f, [x, y, z])]
    compute = S.function([x, y, z], formulas)
    found = compute(1.0, 0.5, 2.0)
    for name, formula, value in zip(("f", "by x", "by y", "by z"), formulas, found):
        print(f"{name:4} = {value:7.4f} = {S.pp(formula)}")
    return found


def by_hand(x, y, z):
    """The same value and derivatives by the chain rule."""
    power = np.exp(y * np.arccosh(z))
    outer = np.cosh(x**7 + power)
    return [
        np.sinh(x**7 + power),
        outer * 7 * x**6,
        outer * power * np.arccosh(z),
        outer * power * y / np.sqrt(z**2 - 1),
    ]


def main():
    """Evaluate everything; return it."""
    found = scalars(), vectors_and_matrices(), three_variables()
    print("as by hand:", np.allclose(found[2], by_hand(1.0, 0.5, 2.0), rtol=1e-5))
    return found


if __name__ == "__main__":
    main()
