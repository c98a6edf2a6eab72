"""Formulas, trees and pictures of symbolic expressions; formulas read back."""

import random
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_visualization import arrows, boxes, overlap, sound

import kerasish as keras
from kerasish import backend, graph, ops
from kerasish import symbolic as S
from kerasish.symbolic.formula import calls_below, title
from kerasish.visualization import plot_expression

NUMPY = keras.config.backend() == "numpy"
X, Y, Z = S.scalars("x", "y", "z")
V = S.vector("v", shape=(3,))
M = S.matrix("m", shape=(3, 3))
U = S.tensor("u", dtype="uint8")
I = S.tensor("i", dtype="int32", shape=(2,))  # noqa: E741
W = S.shared(np.array([1.0, -2.0, 0.5], "float32"), "w")
KNOWN = {t.name: t for t in (X, Y, Z, V, M, U, I, W)}
VALUES = {
    "x": np.float32(1.5),
    "y": np.float32(-0.75),
    "z": np.float32(2.0),
    "v": np.array([0.5, -1.0, 2.0], "float32"),
    "m": np.arange(9, dtype="float32").reshape(3, 3) / 8 - 0.5,
    "u": np.uint8(3),
    "i": np.array([2, 0], "int32"),
    "w": W.get_value(),
}
TWO = np.arange(3, dtype="float32") / 3

# What is written, and the formula of it. Each is read back, too.
FORMULAS = [
    # precedence and associativity
    (2 * ops.exp(X) + X**2, "2 * exp(x) + x ** 2"),
    (-(X**2), "-x ** 2"),
    ((-X) ** 2, "(-x) ** 2"),
    ((X - Y) - Z, "x - y - z"),
    (X - (Y - Z), "x - (y - z)"),
    (X - (Y + Z), "x - (y + z)"),
    (X + (Y + Z), "x + (y + z)"),
    (X / Y / Z, "x / y / z"),
    (X / (Y * Z), "x / (y * z)"),
    (X % (Y * Z), "x % (y * z)"),
    (X % Y * Z, "x % y * z"),
    (X * (Y % Z), "x * (y % z)"),
    (X // Y, "x // y"),
    ((X + Y) * Z, "(x + y) * z"),
    (X**2**Z, "x ** 2 ** z"),
    ((X**Z) ** 3, "(x ** z) ** 3"),
    (2**-X, "2 ** -x"),
    ((-2) ** ops.round(X), "(-2) ** round(x)"),
    (M @ M @ V, "m @ m @ v"),
    (M @ (M @ V), "m @ (m @ v)"),
    (M @ (2 * V), "m @ (2 * v)"),
    # signs stand where they read best
    (-(X * Y), "-x * y"),
    (-(X % Y), "-(x % y)"),
    (ops.negative(-X), "-(-x)"),
    (X + -Y, "x - y"),
    (X - -Y, "x + y"),
    (X + (-2.0), "x - 2.0"),
    (X - (-2.5) * Y, "x + 2.5 * y"),
    (X + (-Y) * Z / 3, "x - y * z / 3"),
    (Z - (-(X + Y)), "z + (x + y)"),
    (X * -Y, "x * -y"),
    (U + -U, "u + -u"),
    (7 * (X * Y), "7 * x * y"),
    (7 * (0.5 * X), "7 * (0.5 * x)"),
    (-(-2 * X) * Y * (3 * X), "2 * x * y * 3 * x"),
    # comparisons and logic
    ((X < Y) & (Y > 0) | (X >= Z), "(x < y) & (y > 0) | (x >= z)"),
    (((X < Y) | (Y > 0)) & (X <= Z), "((x < y) | (y > 0)) & (x <= z)"),
    (~(X < Y) ^ (X > 0), "~(x < y) ^ (x > 0)"),
    (ops.less(ops.cast(X < Y, "int32"), 1), 'cast(x < y, "int32") < 1'),
    (ops.equal(X, Y + 1), "x == y + 1"),
    (X != Y, "x != y"),
    # calls, subscripts, constants
    (ops.absolute(X - Y), "abs(x - y)"),
    (ops.square(X + 1), "(x + 1) ** 2"),
    (ops.sum(M, axis=1), "sum(m, axis=1)"),
    (ops.sum(M, axis=(0, 1), keepdims=True), "sum(m, axis=(0, 1), keepdims=True)"),
    (V[0], "v[0]"),
    (M[:, 1:3], "m[:, 1:3]"),
    (M[..., None, ::2], "m[..., None, ::2]"),
    (M[I], "m[i]"),
    (M[np.array([0, 2])], "m[[0, 2]]"),
    ((M + M)[0, -1], "(m + m)[0, -1]"),
    (ops.where(X > 0, X, 1.0), "where(x > 0, x, 1.0)"),
    (ops.split(M, 3, axis=1)[1], "split(m, 3, axis=1)[1]"),
    (ops.concatenate([V, 2 * V], axis=-1), "concatenate([v, 2 * v], axis=-1)"),
    (ops.reshape(M, (9,)), "reshape(m, (9,))"),
    (ops.einsum("ij,j->i", M, V), 'einsum("ij,j->i", m, v)'),
    (V * W, "v * w"),
    (V + TWO, "v + [0.0, 0.33333334, 0.6666667]"),
    (V + np.array([1, -2, 3], "int8"), 'v + array([1, -2, 3], dtype="int8")'),
    (X * np.float32(0.1), "x * 0.1"),
    (X * 1e-8, "x * 1e-08"),
    (X * float("-inf"), "x * -inf"),
    (ops.maximum(V, np.inf), "maximum(v, inf)"),
]


def computed(expression):
    """The value of an expression, call by call."""
    values = {id(t): backend.asarray(VALUES[t.name]) for t in KNOWN.values()}
    graph.evaluate(graph.toposort([expression]), values)
    return backend.to_numpy(values[id(expression)])


@pytest.mark.parametrize(("expression", "text"), FORMULAS, ids=[f[1] for f in FORMULAS])
def test_formulas(expression, text):
    assert S.pp(expression) == text
    again = S.parse(text, KNOWN)
    assert S.pp(again) == text
    assert (again.shape, again.dtype) == (expression.shape, expression.dtype)


def test_formulas_compute_the_same_where_they_are_read_with_values():
    for expression, text in FORMULAS[::3]:
        value = backend.to_numpy(S.parse(text, VALUES))
        np.testing.assert_allclose(value, computed(expression), 1e-6, err_msg=text)
    assert float(S.parse("2 * x", {"x": 3})) == 6


# --- the law: what is read back is the same -------------------------------------------

NUMBERS = {"x": Fraction(3, 2), "y": Fraction(-5, 3), "z": Fraction(2, 7)}


def unknown(name, *args):
    """A function that nothing is known of: some number for each argument."""
    return Fraction(random.Random(f"{name} {args}").randint(-(10**6), 10**6), 97)


def raised(a, b):
    small = b.denominator == 1 and 0 <= b <= 3
    return a ** int(b) if small else unknown("power", a, b)


EXACT = {  # calls of the graph, in exact arithmetic
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "floor_divide": lambda a, b: Fraction(a // b),
    "mod": lambda a, b: a % b,
    "power": raised,
    "negative": lambda a: -a,
    "square": lambda a: a * a,
    "abs": abs,
    "exp": lambda a: unknown("exp", a),
    "maximum": max,
    "less": lambda a, b: a < b,
    "greater_equal": lambda a, b: a >= b,
    "not_equal": lambda a, b: a != b,
    "logical_and": lambda a, b: a and b,
    "logical_or": lambda a, b: a or b,
    "logical_xor": lambda a, b: a != b,
    "logical_not": lambda a: not a,
    "where": lambda c, a, b: a if c else b,
}


def exactly(expression):
    """The value in exact arithmetic; None where it divides by 0."""
    values = {id(t): NUMBERS[t.name] for t in (X, Y, Z)}

    def call(node, args, kwargs):
        args = [x if isinstance(x, bool) else Fraction(x) for x in args]
        return EXACT[title(node.operation)](*args, **kwargs)

    try:
        graph.evaluate(graph.toposort([expression]), values, call)
    except ZeroDivisionError:
        return None
    return values[id(expression)]


def made(op, *args):
    """Apply an op; at least one argument is a variable."""
    args = list(args)
    if not any(isinstance(x, graph.KerasTensor) for x in args):
        args[0] = X
    return getattr(ops, op)(*args)


ARITHMETIC = "add subtract multiply divide floor_divide mod power maximum".split()
COMPARING, LOGIC = ["less", "not_equal"], ["logical_and", "logical_or", "logical_xor"]
ALONE = ["negative", "square", "abs", "exp"]


def pairs():
    """Each operator within each operator, on each side."""
    truth = [X < Y, ops.not_equal(Y, Z), ops.logical_not(X < Z)]
    truth += [getattr(ops, name)(X < Y, Y < Z) for name in LOGIC]
    numbers = [getattr(ops, name)(X, Y) for name in ARITHMETIC]
    numbers += [getattr(ops, name)(X) for name in ALONE] + [-2, -0.5]
    for inner in numbers:
        for name in ARITHMETIC + COMPARING:
            yield made(name, inner, Z)
            yield made(name, Z, inner)
        yield from (made(name, inner) for name in ALONE)
    for inner in truth:
        for name in (*LOGIC, "not_equal"):
            yield made(name, inner, X < Z)
            yield made(name, X < Z, inner)
        yield ops.logical_not(inner)
        yield ops.where(inner, X, Y) + 1


def test_each_operator_within_each_is_read_back_with_the_same_value():
    for expression in pairs():
        text = S.pp(expression)
        assert exactly(S.parse(text, KNOWN)) == exactly(expression), text


@st.composite
def expressions(draw, levels=4):
    """Expressions over numbers, five calls deep at most."""
    if levels < 0 or draw(st.integers(0, levels + 1)) == 0:
        return draw(st.sampled_from([X, Y, Z, 2, -3, 0.5, -1.25]))
    below = expressions(levels - 1)
    name = draw(st.sampled_from([*ARITHMETIC[:6], *ARITHMETIC, "negative", *ALONE, ""]))
    if name:
        return made(name, *(draw(below) for _ in range(1 + (name in ARITHMETIC))))
    condition = made(draw(st.sampled_from(COMPARING)), draw(below), draw(below))
    return ops.where(condition, draw(below), draw(below))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.builds(made, st.sampled_from(ALONE), expressions()), st.booleans())
def test_what_is_printed_is_read_back_with_the_same_value(expression, share):
    text = S.pp(expression, share=share)
    assert exactly(S.parse(text, KNOWN)) == exactly(expression), text


# --- large expressions ----------------------------------------------------------------


def test_what_is_used_twice_can_have_a_line_of_its_own():
    a, b = ops.exp(X * Y), ops.split(M, 3, axis=1)
    text = S.pp(a / (1 + a) + b[0] * b[1], share=True)
    assert text.splitlines() == [
        "t1 = exp(x * y)",
        "t2 = split(m, 3, axis=1)",
        "t1 / (1 + t1) + t2[0] * t2[1]",
    ]
    taken = S.scalar("t1")
    assert S.pp(ops.exp(taken) ** ops.exp(X + 1), share=True) == (
        "exp(t1) ** exp(x + 1)"
    )
    both = ops.exp(X + taken)
    assert S.pp(both**both, share=True).splitlines()[0] == "t2 = exp(x + t1)"
    assert S.pp([X, {"a": X + 1}]) == '[x, {"a": x + 1}]'


def test_formulas_do_not_explode():
    e = X
    for _ in range(40):  # 2 ** 40 calls, if written out
        e = e * e + 1
    lines = S.pp(e).splitlines()
    assert len(lines) == 40 and lines[1] == "t2 = t1 * t1 + 1"
    assert len(calls_below(S.parse(S.pp(e), KNOWN))) == 80
    e = X
    for _ in range(400):
        e = -e
    text = S.pp(e)
    assert max(map(len, text.splitlines())) < 200
    assert len(calls_below(S.parse(text, KNOWN))) == 400
    assert len(S.debugprint(e, file="str").splitlines()) == 401
    assert len(calls_below(S.parse(" + ".join(["y"] + ["x"] * 200), KNOWN))) == 200


def test_names_in_formulas():
    other = S.scalar("x")
    assert S.pp(X + other) == "x + x_2"
    odd = keras.KerasTensor((), name="1 odd-name")
    assert S.pp(odd * 2) == "_1_odd_name * 2"
    assert S.pp(S.parse("_1_odd_name * 2", {"1 odd-name": odd})) == "_1_odd_name * 2"
    dense = keras.layers.Dense(2, name="dense")
    q = dense(V[None]) * dense.bias
    assert S.pp(q) == "dense(v[None]) * dense.bias"
    held = {"v": V, "dense": dense, "dense/bias": dense.bias}
    assert S.pp(S.parse(S.pp(q), held)) == S.pp(q)
    big = ops.sum(V * np.zeros((7, 3), "float32"))
    assert S.pp(big) == "sum(v * <array float32 (7, 3)>)"
    with pytest.raises(ValueError, match="too large to be written out"):
        S.parse(S.pp(big), KNOWN)
    assert S.pp(keras.ops.map(ops.exp, V)) == "map(<function exp>, v)"


def test_latex():
    e = -ops.exp(-X) / ops.sqrt(1 + Y**2) + 2 * ops.abs(X) * (Z - 1)
    assert S.latex(e) == (
        r"\frac{-e^{-x}}{\sqrt{1 + y^{2}}} + 2 \cdot \left|x\right| \cdot "
        r"\left(z - 1\right)"
    )
    alpha, w1 = S.scalar("alpha"), S.vector("w1")
    assert S.latex(ops.sigmoid(alpha * w1)[0]) == (
        r"\sigma\left(\alpha \cdot w_{1}\right)_{0}"
    )
    a = ops.exp(X + Y)
    assert S.latex(a / (1 + a), share=True).splitlines() == [
        r"\begin{aligned}",
        r"t_{1} &= e^{x + y} \\",
        r"& \frac{t_{1}}{1 + t_{1}}",
        r"\end{aligned}",
    ]


# --- gradients, conditions, loops -----------------------------------------------------

SLOPES = [  # expression, variable, its derivative as one writes it
    (X**3, X, "3 * x ** 2"),
    (ops.sigmoid(X), X, "sigmoid(x) * (1 - sigmoid(x))"),
    (ops.tanh(X * Y), X, "(1 - tanh(x * y) ** 2) * y"),
    (Y * ops.log(X) + (1 - Y) * ops.log(1 - X), X, "y / x - (1 - y) / (1 - x)"),
    (X / Y, Y, "-x / y ** 2"),
    (ops.log(ops.sum(ops.exp(V))), V, "exp(v) / sum(exp(v))"),
    (ops.sum((M @ V) ** 2), V, "2 * (m @ v) @ m"),
    (ops.exp(ops.sin(X)), X, "exp(sin(x)) * cos(x)"),
    (
        ops.sinh(X**7 + ops.exp(Y * ops.arccosh(Z))),
        X,
        "7 * cosh(x ** 7 + exp(y * arccosh(z))) * x ** 6",
    ),
]


@pytest.mark.parametrize(("cost", "wrt", "text"), SLOPES, ids=[s[2] for s in SLOPES])
def test_derivatives_read_as_one_writes_them(cost, wrt, text):
    assert S.pp(S.grad(cost, wrt)) == text


def test_conditions_and_loops():
    chosen = S.ifelse(X > 0, ops.exp(X), 0.0) + 1
    assert S.pp(chosen) == "ifelse(x > 0, exp(x), 0.0) + 1"
    assert S.pp(S.parse(S.pp(chosen), KNOWN)) == S.pp(chosen)
    k, v = S.iscalar("k"), S.vector("v")
    powers, _ = S.scan(lambda p, a: p * a, outputs_info=v, non_sequences=v, n_steps=k)
    assert S.pp(powers[-1]) == "scan(y[t-1] * v, y[-1]=v, n_steps=k)[-1]"
    sums, _ = S.scan(lambda a, p: p + a * X, v, 0.0)
    assert S.pp(sums) == "scan(y[t-1] + v[t] * x, v, y[-1]=0.0)"
    assert S.pp(S.jacobian(V**2, V)) == "jacobian(v ** 2, v)"
    assert S.debugprint([chosen, sums], file="str", ids="int").splitlines() == [
        "add [id 0]",
        " ├─ ifelse [id 1]",
        " │  ├─ greater [id 2]",
        " │  │  ├─ x [id 3]",
        " │  │  └─ 0",
        " │  ├─ then: exp [id 4]",
        " │  │  └─ x [id 3]",
        " │  └─ else: 0.0 [id 5]",
        " └─ 1",
        "scan [id 6]",
        " ├─ v [id 7]",
        " └─ first: 0.0 [id 8]",
        "",
        "Inner graphs:",
        "",
        "scan [id 6]",
        " y[t] ← add [id 9]",
        "  ├─ y[t-1] [id 10]",
        "  └─ multiply [id 11]",
        "     ├─ v[t] [id 12]",
        "     └─ x [id 3]",
    ]


# --- texts that are no formulas -------------------------------------------------------

REFUSED = [
    ("2 * epx(x)", "Unknown function `epx` (line 1, column 5). Did you mean `exp`?"),
    ("v + xx", "Unknown name `xx`; variables are `x`, "),
    ("exp", "`exp` is a function: write `exp(...)`"),
    ("x.__class__", "`Attribute` has no place in a formula; values have no attributes"),
    ("().__class__.__bases__", "`Attribute` has no place"),
    ("exp.__globals__", "Unknown name `exp.__globals__`"),
    ("__import__('os').system('touch hacked')", "Unknown function `...`"),
    ("open('hacked', 'w')", "Unknown function `open`"),
    ("(lambda: x)()", "Unknown function"),
    ("[a for a in x]", "`ListComp` has no place"),
    ("f'{x}'", "`JoinedStr` has no place"),
    ("(q := 3)", "`NamedExpr` has no place"),
    ("x if y else z", "write `where(condition, a, b)`"),
    ("x < y < z", "write `(a < b) & (b < c)`"),
    ("x and y", "write `&` and `|`"),
    ("not x", "write `~` for `not`"),
    ("x is y", "`Is` has no place"),
    ("x << 2", "`LShift` has no place"),
    ("exp(*v)", "Stars have no place"),
    ("exp(**v)", "Stars have no place"),
    ("{x: 1}", "Keys of a dict"),
    ("b'a'", "Bytes have no place"),
    ("import os", "The last line must be a formula"),
    ("t = 3", "The last line must be a formula"),
    ("x = 3\nx", "`x` is a variable"),
    ("t = s = 3\nx", "A line before the formula is `name = ...`"),
    ("t.a = 3\nx", "What gets a value is a plain name"),
    ("x +", "This is no formula: invalid syntax (line 1, column 4)"),
    ("t1 = exp(x)\nt1 +* 2", "(line 2, column 5)"),
    ("äöü + q", "Unknown name `äöü`"),
    ("x\0", "This is no formula"),
    ("\ud800", "This is no formula"),
    ("", "The formula is empty"),
    ("sum(m, axes=1)", "got an unexpected keyword argument 'axes'"),
    ("split(m, 3)[7]", "There is no part 7"),
    # NumPy tries
    ("zeros((100000, 100000))", "(line 1, column 1)" if NUMPY else "10000000000 elem"),
    ("(" * 300 + "x" + ")" * 300, "too many nested parentheses"),
    ("-" * 200 + "x", "nested deeper than 150 levels"),
    ("~" * 20000 + "x", "nested too deeply"),
    ("x" + "+x" * 30000, "60001 characters, more than the 50000"),
    ("1" * 5000, "This is no formula"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[t[0][:20] for t in REFUSED])
def test_texts_that_are_refused(text, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError) as caught:
        S.parse(text, KNOWN)
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_errors_of_formulas_show_the_place():
    with pytest.raises(ValueError) as caught:
        S.parse("x +\\\n 2 * epx(y)", {"x": X, "y": Y})
    assert str(caught.value).splitlines()[1:] == ["     2 * epx(y)", "         ^^^"]
    with pytest.raises(TypeError, match="`text` is a formula, got int"):
        S.parse(3, {})


# --- trees ----------------------------------------------------------------------------


def test_trees():
    h = ops.exp(M @ np.ones((3, 1), "float32"))
    h.name = "hidden"
    e = h * 2 + ops.sum(h[:, 0:1], axis=1)
    lines = S.debugprint(e, file="str", print_type=True).splitlines()
    assert lines == [
        "add [id A] <float32 (3, 3)>",
        " ├─ multiply [id B] <float32 (3, 1)>",
        " │  ├─ exp [id C] 'hidden' <float32 (3, 1)>",
        " │  │  └─ matmul [id D] <float32 (3, 1)>",
        " │  │     ├─ m [id E] <float32 (3, 3)>",
        " │  │     └─ [[1.0], [1.0], [1.0]]",
        " │  └─ 2",
        " └─ sum{axis=1} [id F] <float32 (3,)>",
        "    └─ get_item[:, 0:1] [id G] <float32 (3, 1)>",
        "       └─ exp [id C] 'hidden' <float32 (3, 1)>",
        "          └─ ···",
    ]
    stopped = S.debugprint(e, file="str", ids="", stop_on_name=True)
    assert "matmul" not in stopped and "exp 'hidden'" in stopped
    assert S.debugprint(e, depth=2, file="str", ids="int").splitlines() == [
        "add [id 0]",
        " ├─ multiply [id 1]",
        " └─ sum{axis=1} [id 2]",
    ]
    assert f"[id {id(h)}]" in S.debugprint(e, file="str", ids="id")
    with pytest.raises(ValueError, match="`ids` is"):
        S.debugprint(e, ids="no")


def test_trees_of_functions(capsys):
    parts = ops.split(M, 3, axis=1)
    f = S.function([M], {"loss": ops.sum(parts[1])}, updates=[(W, W - 1.0)])
    assert S.debugprint(f) is None
    assert capsys.readouterr().out.splitlines() == [
        "loss: sum [id A]",
        " └─ split{axis=1}.1 [id B]",
        "    ├─ m [id C]",
        "    └─ 3",
        "w ← subtract [id D]",
        " ├─ w [id E]",
        " └─ 1.0",
    ]
    many = [ops.exp(S.scalar(f"a{i}")) for i in range(20)]
    assert "[id BA]" in S.debugprint(many, file="str")  # 26 in base 26


# --- pictures -------------------------------------------------------------------------


def network():
    x, t = S.matrix("x", shape=(None, 3)), S.matrix("t", shape=(None, 1))
    v = S.shared(np.ones((3, 1), "float32"), "v")
    p = ops.sigmoid(ops.tanh(x * W) @ v)
    loss = -ops.mean(t * ops.log(p) + (1 - t) * ops.log(1 - p))
    return S.function([x, t], {"loss": loss}, updates=[(v, v - S.grad(loss, v))])


def loop():
    v = S.vector("v")
    powers, _ = S.scan(lambda a, p: p * a * X, v, 1.0)
    return ops.exp(X) + powers[-1]


def calls():
    parts = ops.split(M, 3, axis=1)
    long = ops.where(V > 0.0, V, 1.0) + np.full((1, 3), 1 / 3)
    return [parts[0] * parts[2], ops.cast(long, "int32"), S.ifelse(X > 0, X, 2.0)]


PICTURES = {  # what is drawn -> texts that are there, number of arrows
    "powers": (lambda: X**2 * X**2, {"x", "**", "2", "*", "()", "result"}, 7),
    "calls": (
        calls,
        {"split", "axis=1", "(3, 1)", "(3,) bool", "ifelse", '"int32"'},
        0,
    ),
    "network": (network, {"loss", "new v", "@", "shared", "(None, 3)", "mean"}, 0),
    "loop": (loop, {"scan", "v[t]", "y[t-1]", "x", "[-1]", "1.0"}, 0),
    "slope": (lambda: S.grad(X**7 * ops.exp(Y), X), {"7", "exp", "constant"}, 0),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(name):
    make, wanted, count = PICTURES[name]
    expression = make()
    picture = plot_expression(expression)
    texts = sound(picture)
    assert wanted <= set(texts)
    assert not [pair for pair in combinations(boxes(picture), 2) if overlap(*pair)]
    assert not count or len(arrows(picture)) == count
    plain = plot_expression(expression, show_shapes=False)
    assert not {text for text in sound(plain) if text.startswith("(None")}


def test_what_pictures_refuse_and_write(tmp_path):
    with pytest.raises(TypeError, match="`expression` is a symbolic tensor"):
        plot_expression(3.0)
    plot_expression(X + 1, tmp_path / "sum.svg")
    assert (tmp_path / "sum.svg").read_text().startswith("<svg")
    closed = plot_expression(loop(), expand=False)
    assert "v[t]" not in sound(closed) and "scan" in sound(closed)
