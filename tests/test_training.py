"""The training engine: however the work is cut, the numbers are the same."""

import pickle
import threading

import keras
import numpy as np
import pytest
from training_models import (
    FIT,
    X,
    Y,
    assert_same,
    each_batch,
    each_epoch,
    linear,
    net,
    result,
    traces,
)

import kerasish
from kerasish import callbacks, layers, ops, optimizers

pytestmark = pytest.mark.usefixtures("quick_compilation")

NUMPY = kerasish.config.backend() == "numpy"


# --- one law: the cut does not matter ------------------------------------------------


@pytest.mark.parametrize("shuffle, dropout", [(True, 0.5), (False, 0.0)])
def test_epochs_in_bulk_equal_epochs_and_batches_one_by_one(shuffle, dropout):
    bulk = result(net(dropout=dropout), shuffle=shuffle)
    for watcher in (each_epoch, each_batch):
        cut = result(net(dropout=dropout), shuffle=shuffle, callbacks=[watcher()])
        assert_same(bulk, cut)
    again = net(dropout=dropout)
    parts = [again.fit(X, Y, shuffle=shuffle, epochs=e, **FIT) for e in (1, 3, 1)]
    joined = {k: [v for p in parts for v in p.history[k]] for k in parts[0].history}
    assert_same(bulk, (joined, again.get_weights()))


def test_running_eagerly_gives_the_same():
    compiled = result(net(dropout=0.5), epochs=1)
    eager = result(net(dropout=0.5, run_eagerly=True), epochs=1)
    no_jit = result(net(dropout=0.5, jit_compile=False), epochs=1)
    assert_same(compiled, eager, exact=False)
    assert_same(eager, no_jit)


def test_validation_does_not_disturb_training():
    plain = result(net(dropout=0.5))
    history, weights = result(net(dropout=0.5), validation_data=(X[:5], Y[:5]))
    trained = {k: v for k, v in history.items() if not k.startswith("val_")}
    assert_same(plain, (trained, weights))
    assert len(history["val_loss"]) == 5


def test_streams_equal_arrays():
    def batches():
        for start in range(0, 10, 4):
            yield X[start : start + 4], Y[start : start + 4]

    class Data(kerasish.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, i):
            return X[4 * i : 4 * i + 4], Y[4 * i : 4 * i + 4]

    def endless():
        while True:
            yield from batches()

    arrays = result(net(dropout=0.5), shuffle=False, epochs=2)
    options = {"epochs": 2, "verbose": 0, "shuffle": False}
    for source, more in ((Data(), {}), (list_of(batches), {}),
                         (endless(), {"steps_per_epoch": 3})):  # fmt: skip
        model = net(dropout=0.5)
        history = model.fit(source, **options, **more).history
        assert_same(arrays, (history, model.get_weights()), exact=False)


def list_of(batches):
    """An iterable that can start again, as a loader."""
    return type("Loader", (), {"__iter__": lambda self: batches()})()


def test_a_batch_at_a_time_equals_fit():
    arrays = result(net(), shuffle=False, epochs=1)
    model, losses = net(), []
    for start in range(0, 10, 4):
        batch = X[start : start + 4], Y[start : start + 4]
        tested = model.test_on_batch(*batch, return_dict=True)
        logs = model.train_on_batch(*batch, return_dict=True)  # of this batch alone
        np.testing.assert_allclose(list(logs.values()), list(tested.values()), 1e-5)
        losses += [logs["loss"]] * len(batch[0])
    history = {**arrays[0], "loss": [np.mean(losses)]}
    assert_same(arrays, (history, model.get_weights()), exact=False)
    outputs = model.predict(X, verbose=0)
    np.testing.assert_allclose(model.predict_on_batch(X), outputs, rtol=1e-6)
    assert len(model.test_on_batch(X, Y)) == 2


def test_two_halves_with_a_pickle_between_equal_the_whole():
    whole = result(net(dropout=0.5), epochs=4)
    model = net(dropout=0.5)
    first, _ = result(model, epochs=2)
    model = pickle.loads(pickle.dumps(model))
    second, weights = result(model, epochs=4, initial_epoch=2)
    assert_same(whole, ({k: first[k] + second[k] for k in first}, weights))


def test_two_threads_train_two_models_at_once():
    def seeded(seed):
        model = net(dropout=0.5, seed=seed)
        model._seed = seed  # else drawn from the generator of the process
        return model

    one_by_one = [result(seeded(seed), epochs=30) for seed in (1, 2)]
    models, found = [seeded(seed) for seed in (1, 2)], {}
    threads = [
        threading.Thread(
            target=lambda i=i: found.update({i: result(models[i], epochs=30)})
        )
        for i in (0, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in (0, 1):
        assert_same(one_by_one[i], found[i])


# --- the numbers themselves ----------------------------------------------------------


def test_short_last_batch_and_loss_are_exact():
    w, losses = np.ones((3, 1)), []
    for start in range(0, 10, 4):
        x, y = X[start : start + 4].astype("f8"), Y[start : start + 4]
        error = x @ w - y
        losses += list(error[:, 0] ** 2)
        w = w - 0.1 * 2 * x.T @ error / len(x)
    model = linear()
    history = model.fit(X, Y, shuffle=False, **FIT)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-5)
    np.testing.assert_allclose(history.history["loss"], [np.mean(losses)], rtol=1e-5)
    expected = np.mean((X @ w - Y) ** 2)
    np.testing.assert_allclose(model.evaluate(X, Y, **FIT), expected, rtol=1e-5)


def test_weights_of_samples_and_classes_multiply():
    weight = np.arange(10.0)
    table = {0: 3.0, 1: 0.5}
    factors = weight * np.where(Y[:, 0] == 0, 3.0, 0.5)
    errors = (X.astype("f8") @ np.ones(3) - Y[:, 0]) ** 2
    model = linear(metrics=["mae"], weighted_metrics=["mse"])
    model.optimizer.learning_rate = 0.0
    logs = model.fit(X, Y, sample_weight=weight, class_weight=table, **FIT).history
    # the loss divides by the rows, a metric by the weights
    np.testing.assert_allclose(logs["loss"], [np.mean(factors * errors)], rtol=1e-5)
    expected = np.sum(factors * errors) / np.sum(factors)
    np.testing.assert_allclose(logs["mse"], [expected], rtol=1e-5)
    np.testing.assert_allclose(logs["mae"], [np.mean(np.sqrt(errors))], rtol=1e-5)
    balanced = model.fit(X, Y, class_weight="balanced", **FIT).history["loss"]
    counts = np.bincount(Y[:, 0].astype(int))[Y[:, 0].astype(int)]
    np.testing.assert_allclose(balanced, [np.mean(errors * 10 / 2 / counts)], rtol=1e-5)


def test_masked_steps_do_not_count():
    ids = np.array([[1, 2, 0, 0], [3, 0, 0, 0], [1, 1, 1, 1]], "int32")
    y = np.array([[0, 1, 1, 1], [1, 0, 0, 0], [0, 0, 1, 1]], "int32")
    found = []
    for k in (keras, kerasish):
        model = k.Sequential(
            [k.layers.Embedding(4, 2, mask_zero=True), k.layers.Dense(2, "softmax")]
        )
        model.build((None, 4))
        model.set_weights(
            [np.arange(8).reshape(4, 2) / 4 - 0.5, np.eye(2), np.zeros(2)]
        )
        model.compile(k.optimizers.SGD(0.5), "sparse_categorical_crossentropy",
                      metrics=["accuracy"], weighted_metrics=["accuracy"])  # fmt: skip
        logs = model.fit(
            ids, y, batch_size=2, shuffle=False, verbose=0, epochs=2
        ).history
        tested = model.evaluate(ids, y, batch_size=2, verbose=0)
        accuracies = [logs.pop("accuracy"), logs.pop("weighted_accuracy")]
        found.append((logs["loss"], model.get_weights(), tested))
    # On JAX Keras's accuracies are 0.5, on TensorFlow these: 4 of the 7 words.
    np.testing.assert_allclose(accuracies, np.full((2, 2), 4 / 7), 1e-6)
    for mine, theirs in zip(found[1], found[0], strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, 1e-4, 1e-5)


def test_statistics_losses_and_penalties_take_part():
    class Penalty(layers.Layer):
        def call(self, x):
            self.add_loss(ops.mean(x) * 0.0 + 1.0)
            return x

    model = kerasish.Sequential(
        [kerasish.Input((3,)), layers.BatchNormalization(), Penalty(),
         layers.Dense(1, kernel_initializer="ones",
                      kernel_regularizer=kerasish.regularizers.L2(1.0))]
    )  # fmt: skip
    model.compile(optimizers.SGD(0.0), "mse")
    loss = model.fit(X, Y, **FIT).history["loss"][0]
    moving = model.layers[0].moving_mean.numpy()
    assert np.abs(moving).max() > 0
    tested = model.evaluate(X, Y, **FIT)
    np.testing.assert_array_equal(model.layers[0].moving_mean.numpy(), moving)
    bare = float(np.mean((model.predict(X, verbose=0) - Y) ** 2))
    np.testing.assert_allclose(tested, bare + 1.0 + 3.0, rtol=1e-5)
    assert loss > 4.0


def test_shuffling_is_a_function_of_seed_and_epoch():
    seen = []

    class Spy(kerasish.Sequential):
        def train_step(self, data):
            seen.append(np.asarray(data[0])[:, 0])
            return super().train_step(data)

    def orders(disturb, **options):
        seen.clear()
        kerasish.utils.set_random_seed(3)
        model = Spy([kerasish.Input((1,)), layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=True)
        rows = np.arange(10.0)[:, None]
        for _ in range(2):
            if disturb:
                np.random.rand(7)
                np.random.seed(99)
            model.fit(rows, rows, epochs=2, **FIT, **options)
        return np.concatenate(seen).reshape(4, 10)

    first = orders(False)
    np.testing.assert_array_equal(np.sort(first), np.tile(np.arange(10), (4, 1)))
    assert len({tuple(row) for row in first}) == 4
    np.testing.assert_array_equal(orders(True), first)
    np.testing.assert_array_equal(
        orders(False, shuffle=False), np.tile(np.arange(10), (4, 1))
    )


# --- compilations --------------------------------------------------------------------


@pytest.mark.skipif(NUMPY, reason="nothing is compiled")
def test_nothing_is_compiled_twice():
    model = net()

    def new(act):
        before = len(traces(model))
        act()
        return len(traces(model)) - before

    def fit(**options):
        return lambda: model.fit(X, Y, **{**FIT, "epochs": 3, **options})

    weights = np.ones(10)
    assert 0 < new(fit()) <= 4  # a full batch and the short one
    assert new(fit()) == 0
    model.optimizer.learning_rate = 0.01
    assert new(fit()) == 0
    assert new(fit(epochs=1)) == 0  # as many epochs as wanted
    assert new(fit(epochs=1, callbacks=[each_batch()])) == 0
    assert new(fit(callbacks=[each_epoch()])) == 0
    assert new(fit(validation_data=(X[:5], Y[:5]))) <= 4  # to evaluate
    assert new(fit(validation_data=(X[:5], Y[:5]))) == 0
    assert new(lambda: model.evaluate(X, Y, **FIT)) <= 4
    assert new(lambda: model.evaluate(X, Y, **FIT)) == 0
    assert new(fit(epochs=1, sample_weight=weights)) <= 4
    assert new(fit(epochs=1, sample_weight=weights)) == 0
    assert new(fit(epochs=1)) == 0  # without weights once more
    assert new(lambda: model.predict(X, **FIT)) <= 2
    assert new(lambda: model.predict(X, **FIT)) == 0
    assert new(lambda: model.predict(X[:6], **FIT)) == 0


@pytest.mark.skipif(NUMPY, reason="nothing is compiled")
def test_weights_in_fit_but_not_in_validation_compile_once():
    model = net()
    options = {**FIT, "epochs": 2, "sample_weight": np.ones(10)}
    for number in range(3):
        model.fit(X, Y, validation_data=(X[:5], Y[:5]), **options)
        if number == 0:
            count = len(traces(model))
    assert len(traces(model)) == count


@pytest.mark.skipif(NUMPY, reason="nothing is compiled")
def test_batches_of_one_size_from_a_stream_compile_once():
    model = net()

    def batches(n):
        for _ in range(n):
            yield X[:4], Y[:4]

    model.fit(batches(4), epochs=2, steps_per_epoch=2, verbose=0)
    count = len(traces(model))
    assert count <= 2
    model.fit(batches(3), verbose=0)
    model.train_on_batch(X[:4], Y[:4])
    assert len(traces(model)) == count


# --- changes between two fits --------------------------------------------------------


def moved(model):
    before = model.get_weights()
    model.fit(X, Y, **FIT)
    pairs = zip(before, model.get_weights(), strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def test_changes_of_the_optimizer_take_effect():
    model = net(optimizers.SGD(1.0), "binary_crossentropy")
    assert moved(model) > 1e-2
    model.optimizer.learning_rate = 0.0
    assert moved(model) == 0
    model.optimizer.learning_rate = 1.0
    model.optimizer.clipnorm = 1e-4
    assert 0 < moved(model) < 1e-3
    model.optimizer.clipnorm = None
    assert moved(model) > 1e-2


def test_changes_of_a_schedule_take_effect():
    constant = optimizers.schedules.PiecewiseConstantDecay
    model = net(optimizers.SGD(constant([1000], [1.0, 1.0])), "binary_crossentropy")
    assert moved(model) > 1e-2
    model.optimizer.learning_rate = constant([1000], [0.0, 0.0])
    assert moved(model) == 0


def test_compiling_again_starts_again():
    model = net()
    result(model)
    model.compile(optimizers.SGD(0.0), "mse", metrics=["mae"])
    assert int(model.optimizer.iterations) == 0
    history, _ = result(model, epochs=1)
    assert sorted(history) == ["loss", "mae"]
    assert [m.name for m in model.metrics] == ["loss", "compile_metrics"]
    wanted = float(np.mean((model.predict(X, verbose=0) - Y) ** 2))
    np.testing.assert_allclose(history["loss"], [wanted], rtol=1e-5)


def test_new_weights_go_into_the_next_fit():
    model = linear()
    model.fit(X, Y, **FIT)
    model.set_weights([np.zeros((3, 1))])
    model.optimizer.learning_rate = 0.0
    loss = model.fit(X, Y, **FIT).history["loss"]
    np.testing.assert_allclose(loss, [np.mean(Y**2)], rtol=1e-6)
    model.layers[0].kernel.assign(np.ones((3, 1)))
    np.testing.assert_allclose(
        model.predict(X, verbose=0), X.sum(1, keepdims=True), 1e-5
    )


# --- arrays, interruptions, warnings -------------------------------------------------


def test_arrays_that_users_hold_stay_valid():
    model = net(dropout=0.5)
    x, y = ops.convert_to_tensor(X), ops.convert_to_tensor(Y)
    held = []
    for _ in range(3):
        held += [v.value for v in (*model.variables, *model.metrics_variables)]
        held += [v.value for v in model.optimizer.variables]
        held += [model(x), model.predict(X, verbose=0)]
        held += list(model.get_metrics_result().values())
        model.fit(x, y, epochs=3, **FIT)
        model.evaluate(x, y, **FIT)
    assert all(np.isfinite(np.asarray(a)).all() for a in (*held, x, y))
    np.testing.assert_array_equal(np.asarray(x), X)


@pytest.fixture(scope="module", params=[False, True], ids=["compiled", "eager"])
def interrupted(request):
    return net(run_eagerly=request.param)


HOOKS = ["on_train_begin", "on_train_batch_end", "on_test_batch_end", "on_epoch_end"]


@pytest.mark.parametrize("hook", HOOKS)
def test_an_interruption_leaves_a_usable_model(interrupted, hook):
    model, calls = interrupted, []

    class Stop(callbacks.Callback):
        pass

    def stop(self, *args):
        calls.append(args)
        if len(calls) == 2 or hook == "on_train_begin":
            raise KeyboardInterrupt

    setattr(Stop, hook, stop)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=4, validation_data=(X, Y), callbacks=[Stop()], **FIT)
    assert all(np.isfinite(w).all() for w in model.get_weights())
    history = model.fit(X, Y, epochs=2, **FIT).history
    assert np.isfinite(history["loss"]).all() and model.predict(X, verbose=0).size == 10


def test_errors_of_a_generator_come_through_and_leave_a_usable_model():
    def broken():
        yield X[:4], Y[:4]
        yield X[:4], Y[:4]
        raise OSError("disk")

    model = net()
    with pytest.raises(OSError, match="disk"):
        model.fit(broken(), verbose=0)
    assert int(model.optimizer.iterations) == 2
    result(model, epochs=1)


def test_nan_in_the_loss_is_told_once_and_training_goes_on():
    model = linear()
    model.optimizer.learning_rate = 1e30
    with pytest.warns(UserWarning, match=r"The loss is (nan|inf) in epoch \d") as seen:
        history = model.fit(X, Y, epochs=12, **FIT)
    assert len(history.history["loss"]) == 12 and len(seen) == 1
    assert "TerminateOnNaN" in str(seen[0].message)


def test_stopping_from_a_callback():
    for hook, expected in (("on_epoch_end", 2), ("on_train_batch_end", 1)):
        model, calls = net(), []

        def stop(step, logs, model=model, calls=calls):
            calls.append(step)
            model.stop_training = step == 1

        history = model.fit(
            X, Y, epochs=9, callbacks=[callbacks.LambdaCallback(**{hook: stop})], **FIT
        )
        assert len(history.history["loss"]) == expected and calls == [0, 1]


def test_one_shot_generators_end_the_training():
    model = net()
    source = ((X[:4], Y[:4]) for _ in range(3))
    with pytest.warns(UserWarning, match="ran out of data"):
        history = model.fit(source, epochs=5, verbose=0)
    assert len(history.history["loss"]) == 1 and int(model.optimizer.iterations) == 3
