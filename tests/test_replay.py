"""Training ahead of the callbacks: they cannot tell that it happens."""

import pickle

import numpy as np
import pytest
from training_models import FIT, X, Y, assert_same

import kerasish
from kerasish import callbacks, layers
from kerasish.training import loop, program, replay

pytestmark = pytest.mark.usefixtures("quick_compilation")

EPOCHS = 12
KINDS = ("on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end")


def net():
    """A model of our parts alone, so that all of its kind share their programs."""
    kerasish.utils.set_random_seed(3)
    kernel = kerasish.initializers.RandomNormal(stddev=0.5, seed=3)
    model = kerasish.Sequential(
        [
            kerasish.Input((3,)),
            layers.Dropout(0.5, seed=1),
            layers.Dense(1, "sigmoid", kernel_initializer=kernel),
        ]
    )
    optimizer = kerasish.optimizers.SGD(0.5, 0.9)
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    return model


def weights(model):
    return [w.tolist() for w in model.get_weights()]


def change_rate(model):
    model.optimizer.learning_rate = 0.9 * float(model.optimizer.learning_rate)


def change_kernel(model):
    model.layers[-1].kernel.assign(0.5 * model.layers[-1].kernel)


def load(model):
    model.set_weights([0.5 * w for w in model.get_weights()])


def stop(model):
    model.stop_training = True


def fail(model):
    raise RuntimeError("a hook's mistake")


# What a hook does, returning what it saw.
ACTS = {
    "read": weights,
    "read one": lambda model: float(model.optimizer.iterations),
    "rate": change_rate,
    "kernel": change_kernel,
    "load": load,
    "stop": stop,
    "fail": fail,
    "predict": lambda model: model.predict(X, verbose=0).tolist(),
    "call": lambda model: np.asarray(model(X, training=True)).tolist(),
    "evaluate": lambda model: model.evaluate(X, Y, verbose=0),
    "draw": lambda model: np.asarray(kerasish.random.normal((2,))).tolist(),
    "train": lambda model: model.train_on_batch(X[:4], Y[:4]),
    "pickle": lambda model: weights(pickle.loads(pickle.dumps(model))),
}


def run(act, hook, due, epochs=EPOCHS):
    """Train; return what the hook saw, and the outcome."""
    model, seen = net(), []

    def call(number, logs=None):
        seen.append((hook, number, dict(logs or {})))
        if len(seen) in due:
            seen.append(act(model))

    watch = callbacks.LambdaCallback(**{hook: call})
    try:
        model.fit(X, Y, epochs=epochs, callbacks=[watch], **FIT)
    except RuntimeError:
        seen.append("failed")
    return seen, (model.history.history, model.get_weights())


@pytest.fixture(autouse=True)
def bold(monkeypatch):
    """Run ahead as far as trust goes, whatever the machine's speed."""
    monkeypatch.setattr(replay, "SAVED", 1e9)
    monkeypatch.setattr(replay, "LONGEST", 1e9)
    monkeypatch.setattr(loop, "WORTH_COMPILING", 1)


@pytest.mark.parametrize("hook", KINDS)
@pytest.mark.parametrize("name", ACTS)
def test_hooks_see_and_change_what_they_would_without(name, hook, monkeypatch):
    due = {2, 9, 10, 21}
    ahead = run(ACTS[name], hook, due)
    monkeypatch.setattr(
        program, "SMALL_STATE", 0
    )  # one epoch, or batch, after the other
    plain = run(ACTS[name], hook, due)
    assert ahead[0] == plain[0]
    assert_same(ahead[1], plain[1])


@pytest.mark.parametrize("hook", KINDS)
def test_it_does_run_ahead(hook, monkeypatch):
    runs = []
    real = replay.Replay._run
    monkeypatch.setattr(
        replay.Replay, "_run", lambda self, *args: (runs.append(1), real(self, *args))
    )
    run(None, hook, {})
    units = EPOCHS * (3 if "batch" in hook else 1)
    assert 2 <= len(runs) <= units.bit_length() + 2


def test_those_who_read_often_are_not_served_by_running_all_again(monkeypatch):
    counts = []
    real = kerasish.training.program.Program.run

    def counted(self, data, orders=None, epochs=1, *args, **kwargs):
        counts.append(epochs)
        return real(self, data, orders, epochs, *args, **kwargs)

    monkeypatch.setattr(kerasish.training.program.Program, "run", counted)
    run(weights, "on_epoch_end", set(range(200)))
    assert sum(counts) <= 2 * EPOCHS


def test_nothing_is_left_behind():
    model = net()
    rows = []

    def end(epoch, logs):
        rows.append(logs["loss"])
        model.stop_training = epoch == 6

    model.fit(
        X, Y, epochs=99, callbacks=[callbacks.LambdaCallback(on_epoch_end=end)], **FIT
    )
    assert len(rows) == 7
    assert all("_value" in vars(v) for v in model.variables)
