"""Batches that come one after the other: the same numbers, none lost, nothing left."""

import itertools
import threading

import keras
import numpy as np
import pytest
from training_models import FIT, X, Y, assert_same, each_batch, net, result

import kerasish
from kerasish import callbacks
from kerasish.data import streaming

pytestmark = pytest.mark.usefixtures("quick_compilation")

WEIGHTS = np.linspace(0.5, 1.5, 10, dtype="float32")


@pytest.fixture
def little_memory(monkeypatch):
    """A machine in which no data fit on the device."""

    def large(arrays):
        return True

    monkeypatch.setattr(kerasish.training.loop, "is_large", large)


# --- arrays too large for the device -------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": False},
        {"sample_weight": WEIGHTS, "validation_split": 0.3},
        {"callbacks": [each_batch()], "batch_size": 5},
    ],
    ids=["shuffled", "in order", "weighted and validated", "watched"],
)
def test_large_arrays_train_like_small_ones(options, request):
    small = result(net(dropout=0.5), **options)
    request.getfixturevalue("little_memory")
    # Another program: XLA may round its exponentials in another way.
    assert_same(small, result(net(dropout=0.5), **options), exact=False)


def test_large_arrays_are_evaluated_like_small_ones(request):
    small = net().evaluate(X, Y, **FIT)
    request.getfixturevalue("little_memory")
    assert net().evaluate(X, Y, **FIT) == small


def test_what_is_large_depends_on_the_free_memory(monkeypatch):
    data = (np.zeros((2**12, 2**12), "uint8"), None)  # 16 MiB
    for free, large in ((2**20, True), (2**24, True), (2**26, False)):
        monkeypatch.setattr(kerasish.backend, "free_memory", lambda free=free: free)
        assert streaming.is_large(data) is large
    monkeypatch.setattr(kerasish.backend, "free_memory", lambda: 0)
    assert not streaming.is_large((data[0][1:], None))  # too small to ask
    on_device = kerasish.ops.convert_to_tensor(data[0])
    assert kerasish.config.backend() == "numpy" or not streaming.is_large(on_device)


def test_the_free_memory_of_the_host_is_found():
    free = streaming._free_host_memory()
    assert free is None or free > 2**20
    assert (kerasish.backend.free_memory() or 1) > 0


# --- generators ----------------------------------------------------------------------


class Endless:
    """A generator of batches that counts them and notes who asks."""

    def __init__(self, reuse=False):
        self.count, self.threads, self.reuse = 0, set(), reuse
        self.x, self.y = X[:4].copy(), Y[:4].copy()

    def __iter__(self):
        return self

    def __next__(self):
        start = (self.count % 2) * 4
        self.count += 1
        self.threads.add(threading.get_ident())
        if not self.reuse:
            return X[start : start + 4], Y[start : start + 4]
        self.x[:], self.y[:] = X[start : start + 4], Y[start : start + 4]
        return self.x, self.y


STEPS = {"steps_per_epoch": 5, "epochs": 2, "verbose": 0}


@pytest.mark.parametrize("watched", [False, True])
def test_no_batch_is_taken_that_is_not_trained_on(watched):
    batches, model = Endless(), net()
    model.fit(batches, callbacks=[each_batch()] * watched, **STEPS)
    assert batches.count == 10 == int(model.optimizer.iterations)

    def stop(batch, logs):
        model.stop_training = batch == 2

    stopping = callbacks.LambdaCallback(on_train_batch_end=stop)
    model.fit(batches, callbacks=[stopping], **STEPS)
    assert batches.count == 13 == int(model.optimizer.iterations)
    assert batches.threads == {threading.get_ident()}


def test_a_generator_may_use_its_arrays_again():
    fresh, reused = net(), net()
    history = fresh.fit(Endless(), **STEPS).history
    again = reused.fit(Endless(reuse=True), **STEPS).history
    assert_same((history, fresh.get_weights()), (again, reused.get_weights()))


def test_a_generator_may_use_the_model():
    model, seen = net(), []

    def batches():
        for x, y in Endless():
            seen.append(model.predict(x, verbose=0).sum())
            yield x, y

    model.fit(batches(), **STEPS)
    expected, other = [], net()
    for x, y in itertools.islice(Endless(), 10):
        expected.append(other.predict(x, verbose=0).sum())
        other.train_on_batch(x, y)
    np.testing.assert_allclose(seen, expected, rtol=1e-6)


def test_an_error_comes_after_the_hooks_of_the_batch_before_with_its_own_trace():
    def broken():
        yield X[:4], Y[:4]
        yield X[4:8], Y[4:8]
        raise OSError("the disk is gone")

    done, model = [], net()
    watch = callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: done.append(b))
    with pytest.raises(OSError, match="the disk is gone") as caught:
        model.fit(broken(), callbacks=[watch], **STEPS)
    assert caught.traceback[-1].name == "broken"
    assert done == [0, 1] and int(model.optimizer.iterations) == 2
    model.fit(X, Y, **FIT)


class Halves(kerasish.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        if index == self.bad:
            raise OSError("the disk is gone")
        return X[index * 5 : index * 5 + 5], Y[index * 5 : index * 5 + 5]

    bad = -1


@pytest.mark.parametrize("bad", [-1, 1])
def test_workers_end_with_the_training(bad):
    before = set(threading.enumerate())
    data = Halves(workers=2)
    data.bad = bad
    model = net()
    if bad < 0:
        model.fit(data, epochs=3, verbose=0)
    else:
        with pytest.raises(OSError, match="the disk is gone"):
            model.fit(data, epochs=3, verbose=0)
    assert set(threading.enumerate()) == before


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("library", [keras, kerasish], ids=["Keras", "ours"])
def test_another_fit_begins_another_pass(library):
    x = np.ones((4, 2), "float32")
    model = library.Sequential([library.Input((2,)), library.layers.Dense(1)])
    model.compile("sgd", "mse")
    seen = []
    watch = library.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(batch)
    )
    given = {"batch_size": 1, "epochs": 3, "steps_per_epoch": 3, "verbose": 0}
    for _ in range(2):
        model.fit(x, x[:, :1], callbacks=[watch], **given)
    assert seen == [0, 1, 2, 0, 0, 1, 2] * 2
