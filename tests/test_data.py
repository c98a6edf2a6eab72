"""Every kind of input becomes arrays or a stream of batches; bad ones are refused."""

import inspect
import itertools
import os
import threading
import warnings
from collections import OrderedDict, UserDict, namedtuple

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from numbers_dataset import Numbers

from kerasish import backend, config, data, tree
from kerasish.data import ArrayData, BatchStream, PyDataset, adapt
from kerasish.data.dataset import Fetcher

X = np.arange(20.0).reshape(10, 2)
Y = np.arange(10)


def shapes(structure):
    return tree.map_structure(
        lambda a: None if a is None else tuple(a.shape), structure
    )


# Kinds of input


class Tensor:
    """Behaves like a torch tensor that asks for gradients."""

    dtype = "torch.float32"

    def __init__(self, array):
        self.array = array

    def detach(self):
        return self

    cpu = float = detach

    def numpy(self):
        return self.array

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("call detach first")


class HasArray:
    shape = (10, 2)

    def __array__(self, dtype=None, copy=None):
        return X


class Polars:
    """Behaves like a polars frame."""

    columns = ["a", "b"]
    shape = (10, 2)

    def to_numpy(self):
        return X


FRAME = pd.DataFrame(X, columns=["a", "b"])
KINDS = {
    "array": X,
    "lists": X.tolist(),
    "tuples": tuple(map(tuple, X.tolist())),
    "float32": X.astype("float32"),
    "long double": X.astype(np.longdouble),
    "fortran": np.asfortranarray(X),
    "strided": np.repeat(X, 2, axis=1)[:, ::2],
    "big endian": X.astype(">f8"),
    "object": X.astype(object),
    "masked, nothing masked": np.ma.masked_array(X),
    "matrix": scipy.sparse.csr_matrix(X),
    "frame": FRAME,
    "mixed frame": FRAME.assign(a=FRAME["a"].astype("int64")),
    "polars": Polars(),
    "torch": Tensor(X),
    "__array__": HasArray(),
    "list of numpy rows": [list(map(np.float32, row)) for row in X],
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_array_is_the_same_array(kind):
    found = data.to_array(KINDS[kind])
    assert type(found) is np.ndarray and found.dtype == "float32"
    np.testing.assert_array_equal(found, X.astype("float32"))


def test_arrays_of_the_backend_stay_as_they_are():
    array = backend.asarray(X, "float32")
    found = data.to_arrays({"a": [array]}, "x")
    kept = found["a"][0]
    # On the NumPy backend it may be another view, but never a copy.
    assert kept is array or np.shares_memory(kept, array)
    rows = adapt(array, Y, shuffle=True).take(np.array([3, 1]))
    assert type(rows[0]) is type(kept)
    assert np.asarray(rows[0]).tolist() == X[[3, 1]].tolist()


@pytest.mark.parametrize(
    "given,expected",
    [
        ("float64", "float32"),
        ("float32", "float32"),
        ("float16", "float16"),
        ("int64", "int32"),
        ("uint64", "uint32"),
        ("int16", "int16"),
        ("uint8", "uint8"),
        ("bool", "bool"),
        ("complex128", "complex64"),
    ],
)
def test_dtypes(given, expected):
    assert data.to_array(X.astype(given)).dtype == expected


def test_bfloat16_stays():
    array = np.asarray(backend.asarray([1.0, 2.0], "float32")).astype(
        np.asarray(backend.asarray(0.0, "bfloat16")).dtype
    )
    assert data.to_array(array).dtype.name == "bfloat16"


def test_floatx_decides(monkeypatch):
    monkeypatch.setitem(config._settings, "floatx", "float16")
    assert data.to_array(X).dtype == "float16"


def test_series_are_columns_but_weights_are_not():
    found = adapt(FRAME, pd.Series(Y), pd.Series(Y * 1.0))
    assert shapes(found.arrays) == ((10, 2), (10, 1), (10,))


def test_structures_keep_their_form():
    Pair = namedtuple("Pair", "left right")
    found = data.to_arrays(
        {"a": [X, (X[:, 0], None)], "b": Pair(X.tolist(), Y), "c": UserDict(q=X)}, "x"
    )
    assert shapes(found) == {
        "a": [(10, 2), ((10,), None)],
        "b": Pair((10, 2), (10,)),
        "c": {"q": (10, 2)},
    }
    assert isinstance(data.to_arrays(OrderedDict(b=X, a=X), "x"), dict)
    # A list of arrays is several inputs, lists of numbers are one array.
    assert shapes(data.to_arrays([X, X], "x")) == [(10, 2), (10, 2)]
    assert shapes(data.to_arrays([[0, 1], [1, 0]], "x")) == (2, 2)
    assert shapes(data.to_arrays([[[1, 2], [3, 4]], X], "x")) == [(2, 2), (10, 2)]
    assert shapes(data.to_arrays([True, False], "x")) == (2,)


@given(st.integers(0, 3), st.integers(1, 4), st.data())
@settings(max_examples=30, deadline=None)
def test_nested_lists_of_numbers_are_what_numpy_makes_of_them(depth, size, draw):
    array = np.array(
        draw.draw(
            st.lists(
                st.integers(-9, 9),
                min_size=size ** (depth + 1),
                max_size=size ** (depth + 1),
            )
        )
    ).reshape((size,) * (depth + 1))
    np.testing.assert_array_equal(data.to_arrays(array.tolist(), "x"), array)


class Frame:
    def __init__(self, values, columns):
        self.values, self.columns, self.shape = values, columns, values.shape

    def to_numpy(self):
        return self.values


BAD = [
    ((X, Y[:5]), ValueError, "Data cardinality is ambiguous.*`x` has 10, `y` has 5"),
    (([X, X[:4]], Y), ValueError, r"`x\[1\]` has 4.*several inputs; `np.stack\(x\)`"),
    (({"a": X}, {"b": Y[:3]}), ValueError, r"`x\['a'\]` has 10, `y\['b'\]` has 3"),
    ((X, Y, np.ones(9)), ValueError, "`sample_weight` has 9"),
    ((X[:0], Y[:0]), ValueError, "The data are empty: `x` has 0 samples"),
    (([], []), ValueError, "The data are empty: `x`"),
    ((None,), ValueError, "There are no data: `x` is None"),
    ((3.0,), ValueError, "`x` is a single number"),
    ((np.array(["a", "b"]), [0, 1]), ValueError, "`x` holds strings"),
    ((X, ["cat"] * 10), ValueError, r"`y` holds strings.*np.unique\(labels"),
    (
        (X, pd.Series(["cat"] * 10)),
        ValueError,
        "`y` has dtype object.*'cat'.*np.unique",
    ),
    (
        (pd.DataFrame({"n": [1.0, 2], "s": ["u", "v"]}), [0, 1]),
        ValueError,
        "column 's' holds 'u'",
    ),
    (
        (np.array([[1, None]], object), [0]),
        ValueError,
        "column 1 holds None of type `NoneType`",
    ),
    (
        (np.array(["2020-01-01"], "datetime64[D]"), [0]),
        ValueError,
        "tensors cannot have",
    ),
    ((np.zeros(3, [("a", "f4")]), [0] * 3), ValueError, "tensors cannot have"),
    (([[1, 2], [3]], [0, 1]), ValueError, "row 0 has 2 values and row 1 has 1"),
    (([[1, 2], 3], [0, 1]), ValueError, "not rectangular"),
    (
        (np.array([2**40]), [0]),
        ValueError,
        "`x` has integers from 1099511627776.*int32",
    ),
    ((np.ma.masked_array([1.0, 2.0], [0, 1]), [0, 1]), ValueError, "1 masked values"),
    ((scipy.sparse.csr_matrix((10**6, 10**4)), None), ValueError, "sparse matrix.*GiB"),
    ((object(),), TypeError, "`x` should be an array.*type `object`"),
    ((X, {"a": object()}), TypeError, r"`y\['a'\]` should be an array"),
    (("abc",), TypeError, "`x` should be an array.*'abc'"),
]


@pytest.mark.parametrize("arguments,kind,text", BAD)
def test_bad_data_are_refused_by_name(arguments, kind, text):
    with pytest.raises(kind, match=text):
        adapt(*arguments)


@pytest.mark.parametrize("name", ["batch_size", "steps"])
@pytest.mark.parametrize(
    "value,kind",
    [
        (0, ValueError),
        (-1, ValueError),
        (2.5, TypeError),
        ("3", TypeError),
        (True, TypeError),
    ],
)
def test_bad_counts(name, value, kind):
    with pytest.raises(kind, match=f"`{name}` must be"):
        adapt(X, Y, **{name: value})


def test_shuffle_is_a_truth_value():
    with pytest.raises(
        ValueError, match="`shuffle` must be True or False, not 'batch'"
    ):
        adapt(X, shuffle="batch")


# Arrays


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    "batch_size,sizes", [(3, [3, 3, 3, 1]), (None, [10]), (5, [5, 5])]
)
def test_batches_of_arrays(shuffle, batch_size, sizes):
    found = adapt(X, Y, batch_size=batch_size, shuffle=shuffle, seed=5)
    assert isinstance(found, ArrayData) and found.steps == len(sizes)
    seen = []
    for epoch in (0, 1, 1):
        batches = list(found.batches(epoch))
        assert [len(x) for x, _, _ in batches] == sizes
        assert all((x[:, 0] == 2 * y).all() and w is None for x, y, w in batches)
        seen.append(np.concatenate([y for _, y, _ in batches]))
        assert sorted(seen[-1]) == Y.tolist()
        np.testing.assert_array_equal(seen[-1], found.order(epoch))
    assert (seen[1] == seen[2]).all()
    assert (seen[0] == seen[1]).all() == (not shuffle)


def test_steps_go_on_where_the_last_epoch_stopped():
    stream = adapt(X, Y, batch_size=3, steps=2)
    assert isinstance(stream, BatchStream) and stream.steps == 2
    sizes = [[len(x) for x, _, _ in stream.epoch()] for _ in range(3)]
    assert sizes == [[3, 3], [3, 1], [3, 3]]  # as Keras does
    assert isinstance(adapt(X, Y, batch_size=3, steps=4), ArrayData)


def test_too_many_steps_warn_in_each_epoch():
    stream = adapt(X, Y, batch_size=3, steps=6)
    for _ in range(2):
        with pytest.warns(UserWarning, match="ran out of data after 4 of 6 batches"):
            assert len(list(stream.epoch())) == 4
    assert not stream.exhausted


# The order of shuffling


@pytest.mark.parametrize("rows", [1, 2, 3, 64, 65, 1000])
def test_orders_are_permutations_and_depend_on_seed_and_epoch_only(rows):
    orders = data.epoch_orders(2**63 + 5, 0, 6, rows)
    assert orders.shape == (6, rows) and orders.dtype == np.int32
    assert (np.sort(orders, axis=1) == np.arange(rows)).all()
    np.testing.assert_array_equal(orders[4:], data.epoch_orders(2**63 + 5, 4, 2, rows))
    if rows > 60:
        others = data.epoch_orders(2**63 + 6, 0, 6, rows)
        distinct = {tuple(order) for order in (*orders, *others)}
        assert len(distinct) == 12


def test_orders_never_change_between_versions():
    assert data.epoch_orders(0, 0, 2, 6).tolist() == EXPECTED_ORDERS
    assert (
        data.epoch_orders(-1, 0, 1, 6).tolist()
        == data.epoch_orders(2**64 - 1, 0, 1, 6).tolist()
    )


EXPECTED_ORDERS = [[1, 2, 0, 5, 3, 4], [0, 2, 5, 4, 3, 1]]


def test_orders_are_even():
    # How often each row comes at each place: chi-squared against evenness.
    rows, epochs = 8, 40_000
    orders = data.epoch_orders(1, 0, epochs, rows)
    counts = np.stack(
        [np.bincount(orders[:, place], minlength=rows) for place in range(rows)]
    )
    expected = epochs / rows
    assert ((counts - expected) ** 2 / expected).sum() < 49 + 5 * np.sqrt(2 * 49)
    # Neighbouring epochs and neighbouring seeds agree no more often than by chance.
    other = data.epoch_orders(2, 0, epochs, rows)
    for agree in (orders[1:] == orders[:-1], orders == other):
        assert abs(agree.mean() - 1 / rows) < 0.005


# Streams


def gen(count=3, y=True, size=4):
    for _ in range(count):
        yield (X[:size], Y[:size]) if y else (X[:size],)


class Loader:
    """Behaves like a torch DataLoader: batches are lists of tensors."""

    def __len__(self):
        return 3

    def __iter__(self):
        for start in range(3):
            yield [Tensor(X[start : start + 2]), Tensor(Y[start : start + 2])]


def test_a_generator_serves_once():
    stream = adapt(gen())
    assert shapes(stream.peek()) == ((4, 2), (4,), None)
    assert stream.steps is None
    batches = list(stream.epoch())
    assert len(batches) == 3 and batches[0][0].dtype == "float32"
    assert stream.exhausted
    with pytest.warns(UserWarning, match="ran out of data after 0 batches"):
        assert list(stream.epoch()) == []
    with pytest.raises(ValueError, match="The data are used up"):
        stream.peek()


def test_a_generator_goes_on_over_epochs_of_steps():
    stream = adapt(gen(5), steps=2)
    assert [len(list(stream.epoch())) for _ in range(2)] == [2, 2]
    with pytest.warns(UserWarning, match="after 1 of 2 batches"):
        assert len(list(stream.epoch())) == 1
    assert stream.exhausted


def test_a_generator_that_ends_with_the_last_step_does_not_warn():
    stream = adapt(gen(4), steps=2)
    assert [len(list(stream.epoch())) for _ in range(2)] == [2, 2]


def test_readiness_for_another_epoch():
    stream = adapt(gen(3), steps=2)
    assert stream.ready() and len(list(stream.epoch())) == 2 and stream.ready()
    with pytest.warns(UserWarning, match="after 1 of 2"):
        assert len(list(stream.epoch())) == 1
    with pytest.warns(UserWarning, match="after 0 of 2"):
        assert not stream.ready()
    assert adapt(Loader()).ready()


def test_endless_generators():
    stream = adapt(((X[:1] + i, Y[:1]) for i in itertools.count()), steps=3)
    assert [float(x[0, 0]) for x, _, _ in stream.epoch()] == [0, 1, 2]
    assert [float(x[0, 0]) for x, _, _ in stream.epoch()] == [3, 4, 5]


def test_loaders_start_again():
    stream = adapt(Loader())
    assert stream.steps == stream.num_batches == 3
    for _ in range(2):
        stream.peek()
        assert [y.tolist() for _, y, _ in stream.epoch()] == [[0, 1], [1, 2], [2, 3]]


def test_iterables_of_unknown_length_start_again():
    class Batches:
        def __iter__(self):
            return gen(2)

    stream = adapt(Batches())
    assert [len(list(stream.epoch())) for _ in range(3)] == [2, 2, 2]
    stream = adapt(Batches(), steps=2)
    assert [len(list(stream.epoch())) for _ in range(3)] == [2, 2, 2]


@pytest.mark.parametrize(
    "batch,expected",
    [
        (X[:4], ((4, 2), None, None)),
        ((X[:4],), ((4, 2), None, None)),
        (({"a": X[:4]}, Y[:4], np.ones(4)), ({"a": (4, 2)}, (4,), (4,))),
        (([X[:4], X[:4]], [Y[:4]]), ([(4, 2), (4, 2)], [(4,)], None)),
        ((pd.DataFrame(X[:4]), Y[:4].tolist()), ((4, 2), (4,), None)),
    ],
)
def test_forms_of_batches(batch, expected):
    assert shapes(next(iter(adapt(iter([batch])).epoch()))) == expected


BAD_BATCHES = [
    (
        [X[:4], Y[:4]],
        ValueError,
        "generator must yield a tuple.*batch 1 is a list of 2",
    ),
    ((X, Y, Y, Y), ValueError, r"In batch 1 of the data: .*found a tuple of 4"),
    ((), ValueError, "found a tuple of 0"),
    ((X[:4], Y[:3]), ValueError, "In batch 1 .*`x` has 4, `y` has 3"),
    ((X[:0], Y[:0]), ValueError, "In batch 1 .*empty"),
    ((object(), Y), TypeError, "In batch 1 .*`x` should be an array"),
    (None, ValueError, "In batch 1 .*no data"),
]


@pytest.mark.parametrize("batch,kind,text", BAD_BATCHES)
def test_bad_batches_are_numbered(batch, kind, text):
    with pytest.raises(kind, match=text):
        list(adapt(iter([(X, Y), batch])).epoch())


def test_what_does_not_go_with_a_stream():
    with pytest.raises(
        ValueError, match="as a generator or iterable, `y` should not be"
    ):
        adapt(gen(), Y)
    with pytest.raises(ValueError, match="as a PyDataset, `sample_weight` should not"):
        adapt(Numbers(), sample_weight=Y)
    with pytest.warns(UserWarning, match="`batch_size=3` is ignored"):
        adapt(gen(), batch_size=3)
    with pytest.raises(ValueError, match="The data are empty: the generator"):
        list(adapt(gen(0)).epoch())
    with pytest.raises(ValueError, match="The data are empty: the generator"):
        adapt(gen(0)).peek()


def test_errors_of_the_generator_come_through():
    def broken():
        yield X, Y
        raise KeyError("my own")

    with pytest.raises(KeyError, match="my own"):
        list(adapt(broken()).epoch())


# PyDataset


def numbers(stream):
    return [int(x[0, 0]) for x, _, _ in stream.epoch()]


def test_datasets_are_shuffled_by_batches():
    stream = adapt(Numbers(), shuffle=True, seed=3)
    orders = [numbers(stream) for _ in range(3)]
    assert orders == data.epoch_orders(3, 0, 3, 6).tolist()
    assert numbers(adapt(Numbers())) == list(range(6))


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_hooks_run_around_each_epoch_and_threads_keep_the_order(workers):
    calls = []

    class Spy(Numbers):
        def on_epoch_begin(self):
            calls.append("begin")

        def on_epoch_end(self):
            calls.append("end")

        def __getitem__(self, index):
            calls.append(threading.current_thread() is threading.main_thread())
            return super().__getitem__(index)

    stream = adapt(Spy(workers=workers, max_queue_size=2))
    stream.peek()
    assert numbers(stream) == numbers(stream) == list(range(6))
    stream.close()
    assert [c for c in calls if isinstance(c, str)] == ["begin", "end"] * 2
    assert calls[0] == "begin" and calls[-1] == "end"
    assert calls.count(workers < 2) == 12


def test_endless_dataset():
    class Endless(Numbers):
        num_batches = None

    stream = adapt(Endless(workers=2), steps=4, shuffle=True)
    assert numbers(stream) + numbers(stream) == list(range(8))
    stream.close()


def test_processes_are_spawned_keep_the_order_and_see_the_epochs():
    dataset = Numbers(workers=2, use_multiprocessing=True, fail=None)
    stream = adapt(dataset)
    pids = set()
    for epoch in range(2):
        batches = list(stream.epoch())
        assert [int(x[0, 0]) for x, _, _ in batches] == list(range(6))
        assert {int(y[0]) for _, y, _ in batches} == {epoch}
        pids |= {int(w[0]) for _, _, w in batches}
    assert os.getpid() not in pids and len(pids) <= 2
    dataset.fail = 2
    with pytest.raises(ZeroDivisionError, match="batch 2 is bad") as caught:
        numbers(stream)
    assert "in __getitem__" in str(caught.value.__cause__)  # the worker's own trace
    stream.close()


def test_errors_in_threads_come_where_the_batch_is_due():
    stream, seen = adapt(Numbers(fail=4, workers=3)), []
    with pytest.raises(ZeroDivisionError, match="batch 4 is bad"):
        for x, _, _ in stream.epoch():
            seen.append(int(x[0, 0]))
    assert seen == [0, 1, 2, 3]
    stream.close()


def test_dataset_that_cannot_travel():
    dataset = Numbers(workers=1, use_multiprocessing=True)
    dataset.function = lambda: None
    fetcher = Fetcher(dataset)
    with pytest.raises(TypeError, match="`Numbers` cannot be sent to worker processes"):
        next(fetcher.batches(range(3)))
    fetcher.close()


def test_datasets_without_the_needful():
    class NoLength(PyDataset):
        pass

    class NoSuper(Numbers):
        def __init__(self):
            self.count, self.fail, self.epoch = 2, None, 0

    with pytest.raises(NotImplementedError, match="`NoLength` must define `__len__`"):
        adapt(NoLength())
    with pytest.raises(NotImplementedError, match="must define `__getitem__"):
        NoLength()[0]
    for arguments, name in (
        ({"workers": -1}, "workers"),
        ({"max_queue_size": 0}, "max_queue"),
    ):
        with pytest.raises(ValueError, match=f"`{name}.*at least"):
            Numbers(**arguments)
    assert numbers(adapt(NoSuper())) == [0, 1]


# Class weights


def test_class_weights_as_keras_gives_them():
    y = np.array([0, 2, 1, 1, 0])
    with pytest.warns(UserWarning, match=r"no entry for the classes \[2\] of `y`"):
        found = adapt(X[:5], y, class_weight={0: 3.0, 1: 0.5})
    assert found.sample_weight.tolist() == [3.0, 1.0, 0.5, 0.5, 3.0]
    assert found.sample_weight.dtype == "float32"


@pytest.mark.parametrize(
    "y",
    [
        np.array([0, 1, 1, 1]),
        np.array([0.0, 1, 1, 1]),
        np.array([[0], [1], [1], [1]]),
        np.array([[1, 0], [0, 1], [0, 1], [0, 1]]),
        [0, 1, 1, 1],
        np.array([0, 1, 1, 1], bool),
    ],
    ids=["int", "float", "column", "one-hot", "list", "bool"],
)
@pytest.mark.parametrize(
    "weights", [{0: 2, 1: 3}, [2, 3], np.array([2.0, 3.0]), "balanced"]
)
def test_forms_of_targets_and_weights(y, weights):
    expected = [2, 2 / 3, 2 / 3, 2 / 3] if isinstance(weights, str) else [2, 3, 3, 3]
    found = adapt(X[:4], y, class_weight=weights, sample_weight=[1, 2, 0, 1])
    np.testing.assert_allclose(
        found.sample_weight, np.array(expected) * [1, 2, 0, 1], 1e-6
    )


def test_class_weights_of_sequences():
    y = np.array([[0, 1, 1], [1, 0, 0]])[..., None]
    weights = data.weigh_classes(y, {0: 1, 1: 5}, np.array([1.0, 2.0]))
    assert weights.tolist() == [[1, 5, 5], [10, 2, 2]]


def test_class_weights_of_streams():
    stream = adapt(gen(2, size=2), class_weight={0: 4, 1: 2, 7: 3})
    assert [w.tolist() for _, _, w in stream.epoch()] == [[4, 2], [4, 2]]
    with pytest.raises(ValueError, match=r"balanced.*needs\s+arrays"):
        list(adapt(gen(), class_weight="balanced").epoch())


BAD_CLASS_WEIGHTS = [
    ([Y, Y], {0: 1}, "only supported for models with a single output; `y` has 2"),
    (None, {0: 1}, "`y` has 0"),
    (np.linspace(0, 1, 10), {0: 1}, "needs integer classes, but `y` holds 0.111"),
    (np.ones((10, 3)), {0: 1}, "do not sum up to 1"),
    (Y, "equal", "dictionary, a sequence or \"balanced\", not 'equal'"),
    (Y, {"cat": 1}, "must map integer classes to numbers"),
    (Y, {0: "heavy"}, "must map integer classes to numbers"),
]


@pytest.mark.parametrize("y,weights,text", BAD_CLASS_WEIGHTS)
def test_bad_class_weights(y, weights, text):
    with pytest.raises(ValueError, match=text):
        adapt(X, y, class_weight=weights)


def test_class_weights_for_classes_that_do_not_occur():
    with pytest.warns(
        UserWarning, match=r"entries for the classes \[7\], which do not"
    ):
        adapt(X[:2], Y[:2], class_weight={0: 1, 1: 1, 7: 2})


# Splitting, packing, checking


# Measured with `fit(validation_split=...)` of Keras 3.15 on ten rows.
@pytest.mark.parametrize("fraction,head", [(0.01, 9), (0.25, 7), (0.3, 7), (0.5, 5)])
def test_validation_split_cuts_where_keras_cuts(fraction, head):
    given = (X.tolist(), {"a": Y, "b": X}, None)
    train, tail = data.train_validation_split(given, fraction)
    assert shapes(train) == ((head, 2), {"a": (head,), "b": (head, 2)}, None)
    np.testing.assert_array_equal(tail[1]["a"], Y[head:])


@pytest.mark.parametrize(
    "arrays,fraction,text",
    [
        ((X, Y, None), 0.99, "contains 10 samples, which is not sufficient"),
        ((X[:1], Y[:1], None), 0.5, "contains 1 samples"),
        ((X, Y, None), 0, "between 0 and 1, not 0"),
        ((X, Y, None), 1.5, "between 0 and 1, not 1.5"),
        ((X, Y, None), -0.1, "between 0 and 1"),
        ((gen(), None, None), 0.2, "only supported for tensors or NumPy arrays"),
        ((X, Y[:3], None), 0.2, "cardinality"),
    ],
)
def test_bad_splits(arrays, fraction, text):
    with pytest.raises(ValueError, match=text):
        data.train_validation_split(arrays, fraction)


@pytest.mark.parametrize(
    "value", [1, (1,), (1, 2), (1, 2, 3), [1, 2], [1], {"a": 1}, None]
)
def test_unpack_equals_keras(value):
    assert data.unpack_x_y_sample_weight(value) == keras.utils.unpack_x_y_sample_weight(
        value
    )


@pytest.mark.parametrize("value", [(1, 2, 3, 4), ()])
def test_unpack_refuses(value):
    with pytest.raises(ValueError, match=f"found a tuple of {len(value)}"):
        data.unpack_x_y_sample_weight(value)


@pytest.mark.parametrize(
    "values", [(1,), ([1],), ((1,),), ({"a": 1},), (1, 2), (1, 2, 3)]
)
def test_pack_equals_keras(values):
    assert data.pack_x_y_sample_weight(*values) == keras.utils.pack_x_y_sample_weight(
        *values
    )
    assert data.pack_x_y_sample_weight(1, None, 2) == (
        1,
        None,
        2,
    )  # Keras drops the weight


@pytest.mark.parametrize(
    "shape,place,text",
    [
        (
            (6,),
            (4,),
            r"`x` has 1 values that are NaN or infinite, in 1 of 6 rows; the first is "
            r"nan in row 4\. ",
        ),
        ((6, 3), (4, 1), "nan in row 4, column 1"),
        ((6, 3, 2), (5, 2, 0), r"nan in row 5, position \(2, 0\)"),
    ],
)
def test_nan_is_located(shape, place, text):
    array = np.ones(shape, "float32")
    array[place] = np.nan
    with pytest.warns(UserWarning, match=text):
        data.check_finite(array)
    with pytest.warns(UserWarning, match=text.replace("`x`", r"`x\['a'\]\[1\]`")):
        data.check_finite({"a": [np.ones(2), backend.asarray(array)]})


def test_finite_data_pass_quietly():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data.check_finite(
            [X, Y, None, np.full(9, 3e38, "float32"), np.array([6e4] * 9, "float16")]
        )
    with pytest.warns(UserWarning, match="`y` has 2 values.*inf in row 0"):
        data.check_finite(np.array([np.inf, -np.inf]), "y")


@pytest.mark.parametrize(
    "name", ["PyDataset", "pack_x_y_sample_weight", "unpack_x_y_sample_weight"]
)
def test_signatures_are_those_of_keras(name):
    mine, other = getattr(data, name), getattr(keras.utils, name)
    pairs = [(mine, other)]
    if inspect.isclass(mine):
        pairs += [
            (getattr(mine, m), getattr(other, m))
            for m in vars(other)
            if m[0] != "_" and inspect.isfunction(vars(other)[m])
        ]
    for a, b in pairs:
        assert [
            (p.name, p.default) for p in inspect.signature(a).parameters.values()
        ] == [(p.name, p.default) for p in inspect.signature(b).parameters.values()]
