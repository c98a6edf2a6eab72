"""Variables and `functional`: state that plain code changes and pure code carries."""

import copy
import operator
import pickle
import threading

import keras
import numpy as np
import pytest

import kerasish
from kerasish import backend
from kerasish.variable import Variable, functional, setting

NUMPY = kerasish.config.backend() == "numpy"


# --- making --------------------------------------------------------------------------

INITIAL = [1, 1.5, True, [1, 2], [[1.0, 2.0]], np.arange(3), np.ones(2, "float16"),
           np.array([True]), np.uint8(3)]  # fmt: skip


@pytest.mark.parametrize("value", INITIAL, ids=str)
def test_first_values_equal_those_of_keras(value):
    mine, theirs = kerasish.Variable(value), keras.Variable(value)
    assert (mine.shape, mine.dtype, mine.ndim) == (
        theirs.shape,
        keras.backend.standardize_dtype(theirs.dtype),
        theirs.ndim,
    )
    assert mine.numpy().tolist() == np.asarray(theirs).tolist()
    assert mine.size == np.size(value)


@pytest.mark.parametrize(
    "initializer", ["ones", lambda shape, dtype: np.ones(shape, dtype),
                    kerasish.initializers.Ones()],
)  # fmt: skip
def test_initializers_make_the_first_value(initializer):
    v = Variable(initializer, (2, 3), dtype="float16", trainable=False, name="w")
    assert (v.shape, v.dtype, v.trainable) == ((2, 3), "float16", False)
    assert (v.name, v.path, v.numpy().sum()) == ("w", "w", 6)


def test_names_count_and_paths_follow_the_scope():
    kerasish.utils.clear_session()
    assert [Variable(0).name for _ in range(3)] == [
        "variable",
        "variable_1",
        "variable_2",
    ]
    with kerasish.name_scope("outer"), kerasish.name_scope("inner"):
        v = Variable(0.0, name="w")
    assert (v.name, v.path) == ("w", "outer/inner/w")
    assert Variable(0.0, name="w").path == "w"


MISTAKES = [
    (lambda: Variable("ones"), "needs a `shape`"),
    (lambda: Variable("glorot_unifrom", (2,)), "Did you mean `glorot_uniform`"),
    (lambda: Variable("ones", (None, 2), name="w"), "`w`.*known size.*\\(None, 2\\)"),
    (lambda: Variable(0, name="a/b"), "no '/', got 'a/b'"),
    (lambda: Variable(0, aggregation="max"), "`aggregation`.*'max'"),
    (lambda: Variable([1.0, 2.0], name="w").assign([1.0]), r"`w`.*\(2,\).*\(1,\)"),
    (lambda: Variable([1.0, 2.0], name="w").assign_add(1.0 * np.ones(3)), "."),
]


@pytest.mark.parametrize("call, text", MISTAKES)
def test_mistakes_are_named(call, text):
    with pytest.raises((ValueError, TypeError), match=text):
        call()


# --- reading and assigning -----------------------------------------------------------


def test_assigning_keeps_shape_and_dtype():
    v = Variable([1.0, 2.0])
    for value in ([3, 4], np.array([3, 4]), Variable([3, 4]), kerasish.ops.ones(2) * 3):
        returned = v.assign(value)
        assert np.asarray(returned)[0] == 3 and v.dtype == "float32"
    assert np.asarray(v.assign_add([1, 1])).tolist() == [4, 4]
    assert np.asarray(v.assign_sub(Variable([1, 2]))).tolist() == [3, 2]
    counter = Variable(0)
    counter.assign(2.9)
    assert (int(counter), counter.dtype) == (2, "int32")


def test_arrays_that_users_hold_are_theirs():
    """Neither sees the other's changes: NumPy's memory is copied in and out."""
    for size in (1, 64, 4096):  # large, aligned arrays are those that could be shared
        array = np.ones(size, "float32")
        v = Variable(array)
        array[0] = 5
        assert v.numpy()[0] == 1
        v.assign(array)
        array[0] = 7
        assert v.numpy()[0] == 5
        v.numpy()[0] = 9
        assert v.numpy()[0] == 5


def test_a_compiled_step_overwrites_only_arrays_that_nobody_holds():
    given = backend.asarray(np.ones(3, "float32"))
    v = Variable(given)
    double = backend.jit(lambda x: x * 2.0, donate=(0,))
    v.replace(double(v.private()))
    held = v.value
    v.replace(double(v.private()))
    v.replace(double(v.private()))
    assert np.asarray(given).tolist() == [1, 1, 1]
    assert np.asarray(held).tolist() == [2, 2, 2]
    assert v.numpy().tolist() == [8, 8, 8]


BINARY = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "gt",
          "ge", "eq", "ne"]  # fmt: skip


@pytest.mark.parametrize("name", BINARY)
def test_operators_equal_those_of_numpy(name):
    act = getattr(operator, name)
    a, b = np.array([5.0, 2.0, 3.0], "float32"), np.array([2.0, 2.0, 4.0], "float32")
    v, w = Variable(a), Variable(b)
    for left, right in ((v, w), (v, b), (a, w), (v, kerasish.ops.array(b))):
        assert np.asarray(act(left, right)).tolist() == act(a, b).tolist(), name
    assert np.asarray(act(v, 2.0)).tolist() == act(a, 2.0).tolist()
    if name not in ("eq", "ne", "lt", "le", "gt", "ge"):
        assert np.asarray(act(2.0, v)).tolist() == act(np.float32(2.0), a).tolist()


def test_other_operators():
    v, m = Variable([1.0, -2.0]), Variable([[1.0, 2.0], [3.0, 4.0]])
    found = [-v, abs(v), +v, m @ v, v @ m, v[0], m[:, 1], m[..., :1]]
    a, b = v.numpy(), m.numpy()
    expected = [-a, abs(a), a, b @ a, a @ b, a[0], b[:, 1], b[..., :1]]
    for mine, numpys in zip(found, expected, strict=True):
        assert np.asarray(mine).tolist() == numpys.tolist()
    flag, number = Variable([True, False]), Variable([6, 3])
    assert np.asarray(~flag).tolist() == [False, True]
    assert np.asarray(flag & True).tolist() == [True, False]
    # as in Keras these are logical for integers too
    assert np.asarray(number ^ 1).tolist() == [False, False]
    assert (float(Variable(1.5)), int(Variable(2)), bool(Variable(0))) == (
        1.5,
        2,
        False,
    )
    assert [10, 20, 30][Variable(1)] == 20
    assert len(m) == 2 and [np.asarray(row).tolist() for row in m] == b.tolist()
    assert np.asarray(m).tolist() == np.array(m).tolist() == b.tolist()
    with pytest.raises(TypeError, match="not one number"):
        bool(v)
    with pytest.raises(TypeError, match="no length"):
        len(Variable(1.0))
    assert "path=w, shape=(2,), dtype=float32, value=[1. 2.]" in repr(
        Variable([1.0, 2.0], name="w")
    )


@pytest.mark.parametrize(
    "how", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]
)
def test_copies_and_pickles(how):
    v = Variable([1.0, 2.0], trainable=False, name="w")
    other = how(v)
    v.assign([3.0, 4.0])
    assert other.numpy().tolist() == [1.0, 2.0]
    assert (other.name, other.trainable, other.dtype) == ("w", False, "float32")
    other.assign_add([1.0, 1.0])
    assert v.numpy().tolist() == [3.0, 4.0]


def test_autocast():
    v, fixed = Variable([1.0]), Variable([1.0], autocast=False)
    number = Variable([1])
    with setting(autocast="float16"):
        types = [backend.dtype_name(x.value) for x in (v, fixed, number)]
        v.assign_add([2.0**-12])  # too little for float16: adds to the full value
    assert types == ["float16", "float32", "int32"]
    assert v.numpy() == [1 + 2.0**-12] and backend.dtype_name(v.value) == "float32"


# --- functional ----------------------------------------------------------------------


def test_functional_is_pure():
    v, w = Variable(1.0), Variable([1.0, 2.0])

    def step(x, scale=1.0):
        v.assign_add(x)
        w.assign(w * v * scale)
        return v + 0.0

    pure = functional(step, [v, w])
    for _ in range(2):
        result, (a, b) = pure([10.0, np.ones(2)], 5.0, scale=2.0)
        assert (float(result), float(a)) == (15, 15)
        assert np.asarray(b).tolist() == [30, 30]
    assert (float(v), w.numpy().tolist()) == (1, [1, 2])
    with pytest.raises(ValueError, match=r"Expected 2 values.*got 1"):
        pure([1.0])


def test_functional_leaves_variables_alone_when_the_code_fails():
    v = Variable(1.0)

    def fail():
        v.assign(2.0)
        raise KeyError("stop")

    with pytest.raises(KeyError):
        functional(fail, [v])([5.0])
    assert float(v) == 1
    v.assign(3.0)
    assert float(v) == 3


def test_functional_compiles_and_differentiates():
    v, count = Variable(3.0), Variable(0)

    def square():
        count.assign_add(1)
        return v * v

    pure = functional(square, [v, count])

    def objective(values):
        result, new = pure(values)
        return result, new

    run = backend.jit(lambda a, n: backend.value_and_grad(
        lambda values: objective([values[0], n]))([a]))  # fmt: skip
    (value, new), (gradient,) = run(backend.asarray(4.0), backend.asarray(7))
    assert (float(value), float(gradient), int(new[1])) == (16, 8, 8)
    assert (float(v), int(count)) == (3, 0)


def test_functional_nests():
    v, w = Variable(1.0), Variable(2.0)

    def inner():
        v.assign(v + w)  # w is the outer one's
        return v * 10

    def outer(x):
        w.assign(x)
        result, new = functional(inner, [v])([v.value])
        before = v + 0.0
        v.assign(new[0])
        return result, before

    (result, before), (a, b) = functional(outer, [v, w])([5.0, 0.0], 7.0)
    assert [float(x) for x in (result, before, a, b)] == [120, 5, 12, 7]
    assert (float(v), float(w)) == (1, 2)


@pytest.mark.skipif(NUMPY, reason="the NumPy backend does not trace")
def test_unknown_variables_inside_a_trace_are_refused():
    known, unknown = Variable(1.0), Variable(2.0, name="stray")
    read = backend.jit(functional(lambda: known + unknown, [known]))
    with pytest.raises(
        RuntimeError, match=r"`stray` is read inside a compiled.*frozen"
    ):
        read([1.0])
    write = backend.jit(functional(lambda x: unknown.assign(x), [known]))
    with pytest.raises(RuntimeError, match=r"`stray` is assigned.*would be lost"):
        write([1.0], 2.0)
    assert float(unknown) == 2 and float(known) == 1


def test_unknown_variables_are_refused_without_a_trace_too():
    known, unknown = Variable(1.0), Variable(2.0, name="stray")
    with pytest.raises(RuntimeError, match=r"`stray` is read"):
        functional(lambda: known + unknown, [known])([1.0])


def test_variables_made_inside_are_ones_own():
    """A variable that a function makes for itself can be read and assigned in it."""
    known = Variable(1.0)
    made = []

    def make():
        made.append(Variable(2.0))
        return known + 1.0

    assert float(functional(make, [known])([5.0])[0]) == 6
    assert float(made[0]) == 2


def test_another_thread_sees_nothing_of_a_trace():
    v = Variable(1.0)
    seen, inside, done = [], threading.Event(), threading.Event()

    def look():
        inside.wait(20)
        seen.append(float(v.value))
        v.assign(4.0)
        seen.append(float(v.value))
        done.set()

    def traced(x):
        v.assign(v * x)
        inside.set()
        assert done.wait(20)
        return v * 1.0

    thread = threading.Thread(target=look)
    thread.start()
    result, new = backend.jit(functional(traced, [v]))(
        [backend.asarray(10.0)], backend.asarray(3.0)
    )
    thread.join()
    assert seen == [1.0, 4.0]
    assert (float(result), float(new[0]), float(v)) == (30, 30, 4)


# --- StatelessScope ------------------------------------------------------------------


def test_stateless_scope_equals_that_of_keras():
    found = []
    for library in (keras, kerasish):
        v, w = library.Variable(1.0), library.Variable([1.0, 2.0])
        with library.StatelessScope([(v, 5)]) as scope:
            v.assign_add(1.0)
            w.assign([7.0, 8.0])
            inner = float(v.value)
        numbers = [inner, float(scope.get_current_value(v)), float(v.value)]
        arrays = [scope.get_current_value(w), w.value]
        found.append((numbers, [np.asarray(a).tolist() for a in arrays]))
    assert found[0] == found[1] == ([6, 6, 1], [[7, 8], [1, 2]])


def test_stateless_scope_mistakes():
    v = Variable([1.0, 2.0], name="w")
    with pytest.raises(ValueError, match="pairs \\(Variable, value\\)"):
        kerasish.StatelessScope([(1.0, v)])
    with pytest.raises(ValueError, match=r"`w` has shape \(2,\).*\(3,\)"):
        kerasish.StatelessScope([(v, np.ones(3))])
