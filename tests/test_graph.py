"""Symbolic tensors: shapes with unknown axes, recorded calls, evaluation."""

import keras
import numpy as np
import pytest

import kerasish
from kerasish import backend, graph, ops
from kerasish.graph import KerasTensor, Operation, Tensor, Tensors, is_symbolic, op
from kerasish.variable import Variable

NUMPY = kerasish.config.backend() == "numpy"


@op
def blend(x: Tensor, others: Tensors, scale: float = 1.0) -> Tensor:
    """A new op of a user: one function."""
    return sum(others, x) * scale


# --- shapes --------------------------------------------------------------------------

SHAPES = {  # name -> (function of (ops, tensor), input shape)
    "reshape flat": (lambda o, x: o.reshape(x, (-1,)), (None, 3, 4)),
    "reshape by 4": (lambda o, x: o.reshape(x, (-1, 4)), (None, 3, 4)),
    "transpose": (lambda o, x: o.transpose(x), (None, 3)),
    "sum": (lambda o, x: o.sum(x, axis=0), (None, 3)),
    "concatenate": (lambda o, x: o.concatenate([x, x], axis=0), (None, 3)),
    "concatenate last": (lambda o, x: o.concatenate([x, x], axis=-1), (None, 3)),
    "split": (lambda o, x: o.split(x, 2, axis=1), (None, 4)),
    "slice": (lambda o, x: x[:, 1:], (None, 4)),
    "index": (lambda o, x: x[:, 0], (None, 4)),
    "new axis": (lambda o, x: x[:, None], (None, 4)),
    "two unknown": (lambda o, x: o.matmul(x, o.ones((4, 2))), (None, None, 4)),
    "outer": (lambda o, x: o.expand_dims(x, 1) * o.expand_dims(x, 2), (None, 5)),
    "operators": (lambda o, x: -(x**2) + 3.0 * x / 2.0 - 1.0, (None, 5)),
    "compare": (lambda o, x: x > 0.5, (2, None)),
    "argmax": (lambda o, x: o.argmax(x, axis=-1), (None, 7)),
    "one hot": (lambda o, x: o.one_hot(o.cast(x, "int32"), 3), (None, 2)),
    "cast": (lambda o, x: o.cast(x, "float16"), (None,)),
    "stack": (lambda o, x: o.stack([x, x, x], axis=1), (None, 2)),
    "known": (lambda o, x: o.tile(x, (2, 3)), (4, 2)),
    "zero": (lambda o, x: x[:0, :], (3, 2)),
    "scalar": (lambda o, x: o.mean(x), (None, 2)),
    "top k": (lambda o, x: o.top_k(x, 2), (None, 5)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_symbolic_shapes_equal_those_of_keras(name):
    function, shape = SHAPES[name]
    mine = function(kerasish.ops, KerasTensor(shape))
    theirs = function(keras.ops, keras.KerasTensor(shape))
    mine, theirs = kerasish.tree.flatten(mine), keras.tree.flatten(theirs)
    assert [t.shape for t in mine] == [tuple(t.shape) for t in theirs]
    types = [keras.backend.standardize_dtype(t.dtype) for t in theirs]
    assert [t.dtype for t in mine] == types


@pytest.mark.parametrize("name", SHAPES)
def test_recorded_calls_compute_the_same(name, close):
    function, shape = SHAPES[name]
    x = KerasTensor(shape)
    outputs = function(ops, x)
    array = np.linspace(0, 2, int(np.prod([d or 2 for d in shape])), dtype="float32")
    array = array.reshape([d or 2 for d in shape])
    replayed = kerasish.Function(x, outputs)(array)
    direct = function(ops, ops.convert_to_tensor(array))
    replayed, direct = map(kerasish.tree.flatten, (replayed, direct))
    for a, b, symbol in zip(
        replayed, direct, kerasish.tree.flatten(outputs), strict=True
    ):
        close(a, b, rtol=1e-6)
        assert len(symbol.shape) == a.ndim
        assert all(s in (None, r) for s, r in zip(symbol.shape, a.shape, strict=True))


def test_stand_ins_never_show():
    x = KerasTensor((None, 3))
    with pytest.raises((ValueError, TypeError)) as error:
        ops.matmul(x, np.ones((4, 2), "float32"))
    text = str(error.value)
    assert not any(str(size) in text for size in backend.STAND_INS), text


def test_sizes_that_happen_to_be_stand_ins_are_known():
    for size in backend.STAND_INS:
        assert (KerasTensor((None, size)) * 2).shape == (None, size)


def test_operators_on_either_side():
    x, y = KerasTensor((None, 3)), KerasTensor((3,))
    ones, v = np.ones(3, "float32"), Variable(2.0)
    for outcome in (
        x + y,
        1 + x,
        ones * x,
        x @ np.eye(3),
        v - x,
        x / v,
        abs(x),
        ops.array(ones) + x,
    ):
        assert is_symbolic(outcome) and outcome.shape == (None, 3)


# --- recording -----------------------------------------------------------------------


def test_an_op_of_ones_own_is_one_function():
    x = KerasTensor((None, 2), name="x")
    y = blend(x, [x, np.ones(2, "float32")], scale=2.0)
    assert y.shape == (None, 2) and y.node.inputs == [x, x]
    assert y.node.operation.name == "blend"
    assert np.asarray(kerasish.Function(x, y)(np.ones((1, 2)))).tolist() == [[6, 6]]
    # arrays, lists and variables are not recorded
    v = Variable([1.0, 2.0])
    assert np.asarray(blend(v, [v, [1.0, 1.0]])).tolist() == [3, 5]
    assert np.asarray(blend([1.0, 2.0], others=[[v, v]])).tolist() == [[2, 4], [2, 4]]


def test_nodes_know_where_tensors_come_from():
    class Both(Operation):
        def call(self, a, b=None):
            return {"sum": a + b, "parts": [a, b * 2]}

    operation = Both(name="both")
    a, b = KerasTensor((None, 2)), KerasTensor((None, 2))
    out = operation(a, b=b)
    assert out["parts"][1]._keras_history == (operation, 0, 1)
    assert out["sum"]._keras_history == (operation, 0, 2)
    assert operation.input == [a, b] and operation.output is out
    again = operation(b, b=a)
    assert again["sum"]._keras_history[1] == 1
    with pytest.raises(AttributeError, match=r"`both` was called.*2 times.*`output`"):
        _ = operation.output
    with pytest.raises(ValueError, match="belongs to no call"):
        _ = a._keras_history


def test_variables_are_read_when_the_graph_runs():
    v = Variable([1.0, 1.0])
    x = KerasTensor((None, 2))
    function = kerasish.Function(x, x * v)
    v.assign([2.0, 3.0])
    assert np.asarray(function(np.ones((1, 2)))).tolist() == [[2, 3]]


def test_shape_runs_change_nothing():
    count = Variable(0)

    class Counting(Operation):
        def call(self, x):
            count.assign_add(1)
            return x

    operation = Counting()
    operation(KerasTensor((None, 2)))
    assert int(count) == 0
    operation(np.ones((1, 2)))
    assert int(count) == 1


def test_deep_graphs_need_no_recursion():
    x = start = KerasTensor((2,))
    node = ops.add(x, 1.0).node
    for _ in range(5_000):  # as if `x = x + 1` were written 5,000 times
        output = KerasTensor((2,))
        graph.Node(graph.FunctionOperation(ops.add), (x, 1.0), {}, output)
        x = output
    assert len(graph.toposort([x])) == 5_000
    function = kerasish.Function(start, x)
    assert node not in function.run_order
    assert np.asarray(function(np.zeros(2, "float32"))).tolist() == [5_000, 5_000]


def test_a_graph_is_cut_at_its_inputs_and_shared_parts_run_once():
    ran = []

    class Spy(Operation):
        def call(self, x):
            ran.append(self.name)
            return x + 1

    x = KerasTensor((2,))
    middle = Spy(name="first")(x)
    twice = Spy(name="second")(middle)
    total = twice + twice
    ran.clear()
    assert np.asarray(kerasish.Function(x, total)(np.zeros(2))).tolist() == [4, 4]
    assert ran == ["first", "second"]
    ran.clear()
    part = kerasish.Function(middle, [total, middle])
    assert np.asarray(part(np.zeros(2))[0]).tolist() == [2, 2] and ran == ["second"]


# --- what symbolic tensors refuse ----------------------------------------------------

REFUSED = {
    "making an array of it": np.asarray,
    "using it as a condition": bool,
    "iterating over it": list,
    "converting it to a number": float,
    "converting it to a number (int)": int,
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_symbolic_tensor_has_no_values(what):
    x = KerasTensor((None, 3), name="features")
    with pytest.raises(ValueError) as error:
        REFUSED[what](x)
    text = str(error.value)
    assert "`features` of shape (None, 3) has no values yet" in text
    assert what.split(" (")[0] in text and "kerasish.ops" in text


@pytest.mark.skipif(NUMPY, reason="about JAX's own functions")
def test_jax_functions_name_what_they_refuse():
    import jax.numpy as jnp

    with pytest.raises(TypeError, match="KerasTensor"):
        jnp.sin(KerasTensor((None, 3)))


MISTAKES = [
    (lambda: KerasTensor((2,), dtype="float31"), ValueError, "float31"),
    (lambda: KerasTensor((2,), sparse=True), ValueError, "[Ss]parse"),
    (lambda: Operation(name="a/b"), ValueError, "`name`.*without '/'.*'a/b'"),
    (lambda: Operation(name=3), ValueError, "must be a string.*3"),
    (lambda: Operation()(1), NotImplementedError, "Operation must define `call`"),
    (lambda: ops.add(KerasTensor((2, 3)), KerasTensor((2, 4))), Exception, "2, 3|3"),
    (lambda: kerasish.Function(KerasTensor((2,)), np.ones(2)), ValueError,
     "All `outputs` of a model must be symbolic tensors.*ndarray"),
    (lambda: kerasish.Function(KerasTensor((2,)), KerasTensor((2,), name="loose")),
     ValueError, "loose.*depends on none of the inputs"),
    (lambda: kerasish.Function(KerasTensor((2,)), KerasTensor((2,), name="y") + 1),
     ValueError, r"not connected.*name=y.*`add`"),
]  # fmt: skip


@pytest.mark.parametrize("call, kind, text", MISTAKES)
def test_mistakes_are_named(call, kind, text):
    kerasish.utils.clear_session()
    with pytest.raises(kind, match=text):
        call()
