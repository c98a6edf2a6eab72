"""Laws of the ops, each over all rows of the catalogue; and what no row can say."""

import functools
import inspect
import operator
import os
import warnings

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from ops_catalogue import ROWS

import kerasish
from kerasish import backend, ops, tree
from kerasish.graph import is_symbolic

pytestmark = pytest.mark.usefixtures("quick_compilation")

NUMPY = os.environ.get("KERASISH_BACKEND") == "numpy"

# Ops that are functions of functions or have no row for another reason; tested below.
WITHOUT_ROW = set(
    """associative_scan cond custom_gradient fori_loop jvp map scan switch vectorize
    vectorized_map while_loop""".split()
)
# What the NumPy backend cannot do, with the reason.
NUMPY_LACKS: dict[str, str] = {}


def names(rows):
    counts = {}
    for row in rows:
        counts[row.name] = counts.get(row.name, 0) + 1
        yield f"{row.name}-{counts[row.name]}"


def rows(*laws, at_most=99):
    """Parametrize by the rows for which some laws hold, by so many of each op."""
    chosen = []
    for row, name in zip(ROWS, names(ROWS)):
        lacks = NUMPY and NUMPY_LACKS.get(row.name)
        marks = [pytest.mark.skip(lacks)] if lacks else []
        within = int(name.split("-")[1]) <= at_most
        if within and all(getattr(row, law) for law in laws):
            chosen.append(pytest.param(row, id=name, marks=marks))
    return pytest.mark.parametrize("row", chosen)


def find(namespace, name):
    """The op of that name, which may have a dot."""
    return operator.attrgetter(name)(namespace)


def all_ops():
    return [*ops.__all__, *(f"image.{name}" for name in ops.image.__all__)]


def is_array(x):
    return isinstance(x, np.ndarray)


def differentiable(x):
    return is_array(x) and x.dtype == np.float32


def replaced(row, values, which):
    """The row's arguments with the arrays for which `which` holds replaced in order."""
    values = iter(values)
    return keras.tree.map_structure(
        lambda x: next(values) if which(x) else x, (row.args, row.kwargs)
    )


def dtype_of(x):
    return jnp.dtype(x.dtype).name if hasattr(x, "dtype") else type(x).__name__


def weighted(outputs, xp):
    """One number that depends on each float in the outputs, on each differently."""
    total = 0.0
    for output in keras.tree.flatten(outputs):
        if dtype_of(output).startswith(("float", "bfloat")):
            weights = np.cos(np.arange(int(np.prod(output.shape)), dtype="float32"))
            total = total + xp.sum(output * weights.reshape(output.shape))
    return total


def has_gradient(row, outputs):
    inputs = [x for x in tree.flatten((row.args, row.kwargs)) if differentiable(x)]
    floats = [x for x in tree.flatten(outputs) if dtype_of(x)[:2] in ("fl", "bf")]
    return row.grad and inputs and floats


def keras_op(row):
    if not row.keras:
        return None

    def convert(x):
        return jnp.asarray(x) if is_array(x) else x

    def call(values, which):
        args, kwargs = replaced(row, values, which)
        args, kwargs = keras.tree.map_structure(convert, (args, kwargs))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return find(keras.ops, row.name)(*args, **kwargs)

    return call


def our_op(row):
    def call(values, which):
        args, kwargs = replaced(row, values, which)
        return find(ops, row.name)(*args, **kwargs)

    return call


def arrays(row, which=is_array):
    return [x for x in tree.flatten((row.args, row.kwargs)) if which(x)]


def outcome(call, row, values, xp, gradient):
    """Outputs and, where there are any, gradients; or what was raised."""
    if call is None:
        return None
    try:
        outputs = call(values, is_array)
        if not has_gradient(row, outputs):
            return outputs, ()
        chosen = [v for v, x in zip(values, arrays(row)) if differentiable(x)]
        derivative = gradient(lambda v: weighted(call(v, differentiable), xp))
        return outputs, derivative(chosen)
    except Exception as error:
        return error


@functools.cache
def results(reference=keras_op):
    """For each row the outcome with ours and with Keras; compiled in large pieces.

    One compilation of many ops takes far less time than many of one.
    """
    found = {}
    compiled = [row for row in ROWS if row.jit]
    for start in range(0, len(compiled), 50):
        found |= piece(compiled[start : start + 50], reference)
    for row in ROWS:
        if not row.jit:
            ours = outcome(our_op(row), row, arrays(row), backend.xp, our_gradient)
            theirs = outcome(reference(row), row, arrays(row), jnp, jax.grad)
            found[id(row)] = ours, theirs
    return found


def no_reference(row):
    """In the place of `keras_op`, for those who need the outcomes of ours alone."""


def our_gradient(fn):
    run = backend.value_and_grad(lambda values: (fn(values), ()))
    return lambda values: run([backend.asarray(v) for v in values])[1]


def piece(chosen, reference):
    errors = {}

    def kept(key, value):
        if isinstance(value, Exception):
            errors[key] = value
            return None
        return value

    def run(inputs):
        outcomes = []
        for row, values in zip(chosen, inputs):
            theirs = outcome(reference(row), row, values, jnp, jax.grad)
            ours = None
            if not NUMPY:
                ours = outcome(our_op(row), row, values, backend.xp, our_gradient)
            outcomes.append((kept((id(row), 0), ours), kept((id(row), 1), theirs)))
        return outcomes

    found = {}
    inputs = jax.device_put([arrays(row) for row in chosen])
    for row, (ours, theirs) in zip(chosen, jax.jit(run)(inputs)):
        if NUMPY:
            ours = outcome(our_op(row), row, arrays(row), backend.xp, our_gradient)
        found[id(row)] = (
            errors.get((id(row), 0), ours),
            errors.get((id(row), 1), theirs),
        )
    return found


def assert_equal(ours, theirs, tolerance, dtypes=True):
    ours, theirs = tree.flatten(ours), keras.tree.flatten(theirs)
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs):
        if isinstance(other, (str, bool, int)):
            assert mine == other
            continue
        if dtypes:
            assert backend.dtype_name(mine) == dtype_of(other)
        kind = "complex128" if np.asarray(other).dtype.kind == "c" else "float64"
        mine, other = np.asarray(mine).astype(kind), np.asarray(other).astype(kind)
        np.testing.assert_allclose(mine, other, rtol=tolerance, atol=tolerance)


def comparable(name, outputs):
    """Decompositions are unique only up to signs; some orders are free."""
    if name in ("qr", "svd", "eigh", "eig"):
        return [np.abs(np.asarray(x)) for x in tree.flatten(outputs)]
    return np.asarray(outputs)[..., 1] if name == "argpartition" else outputs


def unless_raised(result):
    if isinstance(result, Exception):
        raise result
    return result


@rows("keras")
def test_values_and_dtypes_equal_keras(row):
    ours, theirs = map(unless_raised, results()[id(row)])
    plain = row.name not in ("qr", "svd", "eigh", "eig", "argpartition")
    assert_equal(
        comparable(row.name, ours[0]),
        comparable(row.name, theirs[0]),
        row.tolerance,
        dtypes=plain,
    )


@rows("keras", "grad")
def test_gradients_equal_keras(row):
    ours, theirs = map(unless_raised, results()[id(row)])
    assert_equal(ours[1], theirs[1], 10 * row.tolerance)  # none where all are integers


@rows(at_most=1)
def test_eager_call_with_lists_equals_compiled(row):
    def as_list(x):
        usual = is_array(x) and x.dtype.name in ("float32", "int32", "bool")
        return x.tolist() if row.lists and usual else x

    args, kwargs = tree.map_structure(as_list, (row.args, row.kwargs))
    outputs = comparable(row.name, find(ops, row.name)(*args, **kwargs))
    compiled = unless_raised(results()[id(row)][0])[0]
    assert_equal(outputs, comparable(row.name, compiled), 10 * row.tolerance)


def symbolic(x, unknown):
    if not is_array(x) or x.ndim == 0:
        return x
    batch = unknown and x.shape[0] == 2
    dtype = backend.dtype_name(backend.asarray(x))
    return kerasish.KerasTensor((None, *x.shape[1:]) if batch else x.shape, dtype)


@rows("symbolic")
def test_symbolic_shape_is_real_shape(row):
    real = tree.flatten(unless_raised(results()[id(row)][0])[0])
    for unknown in (False, True) if row.batch else (False,):
        args, kwargs = tree.map_structure(
            lambda x, unknown=unknown: symbolic(x, unknown), (row.args, row.kwargs)
        )
        if not any(map(is_symbolic, tree.flatten((args, kwargs)))):
            pytest.skip("no tensor among the arguments")
        inferred = tree.flatten(find(ops, row.name)(*args, **kwargs))
        assert len(inferred) == len(real)
        for spec, value in zip(inferred, real):
            assert spec.dtype == backend.dtype_name(value)
            assert len(spec.shape) == len(value.shape)
            known = [(s, n) for s, n in zip(spec.shape, value.shape) if s is not None]
            assert all(s == n for s, n in known)
            assert unknown or len(known) == len(spec.shape)


def test_each_op_has_a_row():
    tested = {row.name for row in ROWS} | WITHOUT_ROW
    assert set(all_ops()) - tested == set()


def test_names_and_signatures_are_those_of_keras():
    theirs = {name for name in dir(keras.ops) if name[0] != "_"}
    theirs = {name for name in theirs if callable(getattr(keras.ops, name))}
    assert theirs - set(ops.__all__) == set()
    assert set(ops.__all__) <= theirs
    for name in all_ops():
        mine = inspect.signature(find(ops, name)).parameters.values()
        other = inspect.signature(find(keras.ops, name)).parameters.values()
        assert [(p.name, p.default, p.kind) for p in mine] == [
            (p.name, p.default, p.kind) for p in other
        ], name


def test_groups_have_the_names_of_keras():
    for group in ("nn", "numpy", "linalg", "image"):
        theirs = {name for name in dir(getattr(keras.ops, group)) if name[0] != "_"}
        mine = set(getattr(ops, group).__all__)
        assert theirs - mine == set(), group


def test_each_op_has_an_example():
    for name in all_ops():
        assert ">>> " in inspect.getdoc(find(ops, name)), name


def test_sparsemax_is_the_closest_point_of_the_simplex():
    x = np.array([[0.0, 1.0, 1.5], [0.2, 0.1, 0.3], [9.0, 0.0, 0.0]], "float32")
    y = np.asarray(ops.sparsemax(x))
    np.testing.assert_allclose(y.sum(-1), 1, rtol=1e-6)
    np.testing.assert_allclose(y[0], [0, 0.25, 0.75], atol=1e-6)
    np.testing.assert_allclose(y[1], [1 / 3, 0.7 / 3, 1.3 / 3], atol=1e-6)
    assert y[2].tolist() == [1, 0, 0]


def test_sparse_crossentropy_along_another_axis():
    target = np.array([[0, 2]])
    output = np.array([[[0.5, 0.1], [0.25, 0.1], [0.25, 0.8]]], "float32")
    loss = ops.sparse_categorical_crossentropy(target, output, axis=1)
    np.testing.assert_allclose(np.asarray(loss), -np.log([[0.5, 0.8]]), rtol=1e-5)


def test_one_scatter_equals_numpy_for_repeated_places():
    places, values = np.array([[1], [1], [-1]]), np.array([2.0, 3.0, 4.0], "float32")
    for name, ufunc in (("add", np.add), ("mul", np.multiply), ("max", np.maximum)):
        expected = np.ones(4, "float32")
        ufunc.at(expected, places[:, 0], values)
        ours = ops.scatter_update(np.ones(4, "float32"), places, values, reduction=name)
        assert np.asarray(ours).tolist() == expected.tolist()


def test_slices_move_where_they_would_reach_over_the_end():
    x, new = np.arange(5.0, dtype="float32"), np.zeros(3, "float32")
    calls = (
        lambda start: ops.slice(x, start, (3,)),
        lambda start: ops.slice_update(x, start, new),
    )
    for call in calls:
        traced = backend.jit(call)
        for start in (0, 3, 4, -2):
            known = np.asarray(call((start,))).tolist()
            assert np.asarray(traced(np.array([start]))).tolist() == known


OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "-x": lambda a, b: -a,
    "+x": lambda a, b: +a,
    "abs": lambda a, b: abs(a),
    "round": lambda a, b: np.round(a) if isinstance(a, np.ndarray) else round(a),
    "[]": lambda a, b: a[0, 1:],
    "[i]": lambda a, b: a[:, 1],
    "@": lambda a, b: a @ a.T if isinstance(a, np.ndarray) else a @ ops.transpose(a),
    "&": lambda a, b: (a > 2) & (a < b),
    "|": lambda a, b: (a > 2) | (a < b),
    "^": lambda a, b: (a > 2) ^ (a < b),
    "~": lambda a, b: ~(a > 2),
}


@pytest.mark.parametrize("sign", OPERATORS)
def test_operators_of_variables_and_symbolic_tensors(sign):
    run = OPERATORS[sign]
    x = np.array([[1.0, 2.5, 3.25], [4.0, 0.5, 2.0]], "float32")
    for other in (2.0, x[:, ::-1].copy()):
        variable = kerasish.Variable(x)
        tensor = kerasish.KerasTensor(x.shape)
        for a, b, right in ((x, other, False), (other, x, True)):
            if right and sign not in "+ - * / // % **".split():
                continue
            expected = run(a, b)
            ours = run(other, variable) if right else run(variable, other)
            np.testing.assert_allclose(np.asarray(ours), expected, rtol=1e-6)
            if right and isinstance(other, np.ndarray):
                continue  # NumPy's operators refuse symbolic tensors
            spec = run(other, tensor) if right else run(tensor, other)
            assert spec.shape == expected.shape
            assert spec.dtype == expected.dtype.name


def test_equality():
    variable, tensor = kerasish.Variable([1.0, 2.0]), kerasish.KerasTensor((2,))
    assert np.asarray(variable == 1.0).tolist() == [True, False]
    assert np.asarray(variable != 1.0).tolist() == [False, True]
    assert tensor == tensor and not tensor == kerasish.KerasTensor((2,))  # noqa: SIM201
    assert (tensor != 0.0).dtype == "bool"  # as in Keras: `ids != 0` makes a mask
    assert tensor in [variable, tensor] and variable is not None
    assert len({variable, tensor}) == 2


def test_symbolic_tensors_have_static_shapes():
    x = kerasish.KerasTensor((None, 3), dtype="int32")
    assert ops.shape(x) == (None, 3)
    assert ops.ndim(x) == 2
    assert ops.size(x) is None
    assert ops.dtype(x) == "int32"
    assert not ops.is_tensor(x)
    assert ops.convert_to_tensor(x) is x
    assert ops.convert_to_tensor(x, "float32").dtype == "float32"
    assert [t.shape for t in ops.nonzero(x)] == [(None,), (None,)]
    assert [t.shape for t in ops.split(x, 3, axis=1)] == [(None, 1)] * 3


ERRORS = [
    ("cast", ([1.0], "bogus"), ValueError, "Invalid dtype: 'bogus'"),
    ("where", ([True], 1), ValueError, "needs both `x1` and `x2`"),
    ("pad", ([1.0], 1, "edge", 3), ValueError, "can only be given with"),
    ("normalize", ([1.0], -1, 0.5), ValueError, "`order` must be an integer"),
    ("glu", ([1.0, 2.0, 3.0],), ValueError, "even size along axis -1"),
    ("det", ([[1.0, 2.0]],), ValueError, r"square matrices .* shape \(1, 2\)"),
    ("cholesky", ([[-1.0]],), ValueError, "positive definite"),
    ("qr", ([[1.0]], "raw"), ValueError, "'reduced' or 'complete'"),
    ("psnr", ([1.0], [1.0, 2.0], 1.0), ValueError, "same shape"),
    ("searchsorted", ([[1.0]], [1.0]), ValueError, "must have one axis"),
    ("scatter_update", ([1.0], [[0]], [1.0], "xx"), ValueError, "got 'xx'"),
    ("binary_crossentropy", ([1.0, 0.0], [0.5]), ValueError, r"got \(2,\) and \(1,\)"),
    ("categorical_crossentropy", (1.0, 1.0), ValueError, "at least one axis"),
    ("sparse_categorical_crossentropy", ([1, 2], [[0.5]]), ValueError, "without the"),
    ("multi_hot", ([1],), ValueError, "needs `num_classes`"),
    ("one_hot", ([1], 2, -1, None, True), ValueError, "Sparse"),
    ("convert_to_tensor", ([1], None, True), ValueError, "Sparse"),
    ("moments", ([1.0], 0, False, True), NotImplementedError, "synchronized"),
    ("histogram", ([[1.0]],), ValueError, "must have one axis"),
    ("histogram", ([1.0], 0), ValueError, "positive integer"),
    ("histogram", ([1.0], 2, (1, 0)), ValueError, "low ≤ high"),
    ("bincount", ([[[1]]],), ValueError, "one or two axes"),
    ("unstack", ([1.0, 2.0], 3), ValueError, "axis of size 2"),
    ("meshgrid", ([1.0],), ValueError, "`indexing`"),
    ("view_as_complex", ([1.0],), ValueError, "last axis of size 2"),
    ("rearrange", ([[1.0]], "a b -> a"), ValueError, "each name once"),
    ("rearrange", ([[1.0]], "a -> a"), ValueError, "1 axes on the left"),
    ("rearrange", ([[1.0]], "a (b c) -> a b c"), ValueError, "do not make up"),
    ("cond", (True, 1, 2), TypeError, "`true_fn` of `cond` must be a function"),
    ("scan", (1, 2), TypeError, "`f` of `scan` must be a function"),
]


@pytest.mark.parametrize("name, args, error, text", ERRORS)
def test_errors_say_what_is_wrong(name, args, error, text):
    options = {"indexing": "zz"} if name == "meshgrid" else {}
    with pytest.raises(error, match=text):
        getattr(ops, name)(*args, **options)


def test_softmax_over_an_axis_of_one_warns():
    with pytest.warns(UserWarning, match="Did you mean `sigmoid`"):
        ops.softmax(np.ones((2, 1), "float32"))


def test_small_values_of_erfc_are_exact():
    x = np.array([0.9, 1.1, 3.0, 6.0, 9.0], "float32")
    expected = np.asarray(keras.ops.erfc(x))
    np.testing.assert_allclose(np.asarray(ops.erfc(x)), expected, rtol=2e-5)
    assert expected[3] > 0
