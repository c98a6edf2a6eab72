"""What a run costs, in counts that do not depend on the machine's mood.

Compilations, calls of compiled programs, waits of the host, arrays fetched from the
device and arrays sent to it.
"""

import itertools

import jax
import numpy as np
import pytest

import kerasish
from kerasish import backend, callbacks, layers
from kerasish.training import loop, replay, sharing

if kerasish.config.backend() != "jax":
    pytest.skip("nothing is compiled", allow_module_level=True)

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
Y = np.array([[0], [1], [1], [0]], "float32")
EPOCHS = 64
KINDS = ("compiled", "called", "waited", "fetched", "sent")


@pytest.fixture
def count(monkeypatch):
    """`count(run)` returns how often each of `KINDS` happened while it ran."""
    counts = dict.fromkeys(KINDS, 0)

    def counting(kind, fn, when=lambda *args: True):
        def counted(*args, **kwargs):
            counts[kind] += bool(when(*args))
            return fn(*args, **kwargs)

        return counted

    def is_host(x, *_):
        return not isinstance(x, (jax.Array, kerasish.Variable))

    def is_device(x, *_):
        return isinstance(x, jax.Array)

    wrapped = {
        (sharing.Compiled, "_trace"): "compiled",
        (sharing.Compiled, "__call__"): "called",
        (backend, "block"): "waited",
    }
    for (place, name), kind in wrapped.items():
        monkeypatch.setattr(place, name, counting(kind, getattr(place, name)))
    sent = counting("sent", backend.asarray, is_host)
    monkeypatch.setattr(backend, "asarray", sent)
    for name in ("asarray", "array"):
        fetched = counting("fetched", getattr(np, name), is_device)
        monkeypatch.setattr(np, name, fetched)
    # As far ahead as may be, whatever the machine's speed.
    monkeypatch.setattr(loop, "BUDGET", 1e9)
    monkeypatch.setattr(replay, "SAVED", 1e9)
    monkeypatch.setattr(replay, "LONGEST", 1e9)
    monkeypatch.setattr(loop, "WORTH_COMPILING", 1)
    monkeypatch.setattr(loop, "PATIENCE", 1e9)

    def count(run):
        counts.update(dict.fromkeys(KINDS, 0))
        run()
        return tuple(counts.values())

    return count


def net():
    model = kerasish.Sequential(
        [kerasish.Input((2,)), layers.Dense(8, "tanh"), layers.Dense(1, "sigmoid")]
    )
    model.compile("sgd", "mse", metrics=["accuracy"])
    return model


def change(model, logs):
    model.optimizer.learning_rate = 0.1


def generator(model, hooks=lambda model: None):
    batches = itertools.repeat((X, Y))
    model.fit(
        batches, steps_per_epoch=EPOCHS, epochs=1, callbacks=hooks(model), verbose=0
    )


def hook(name, act=lambda model, logs: None):
    def made(model):
        def watch(number, logs):
            act(model, logs)

        return [callbacks.LambdaCallback(**{name: watch})]

    return made


def read(model, logs):
    logs["loss"]


def fit(hooks=lambda model: None, **options):
    def run(model):
        given = {"epochs": EPOCHS, "batch_size": 4, "verbose": 0, **options}
        model.fit(X, Y, callbacks=hooks(model), **given)

    return run


def evaluate(model):
    model.evaluate(X, Y, verbose=0)


def predict(rows):
    x = np.zeros((rows, 2), "float32")
    return lambda model: model.predict(x, batch_size=4, verbose=0)


# What to run; the most compilations of the first time; and of the second: calls, waits,
# arrays fetched (two logs for each call) and sent (data; the orders of the rows).
RUNS = {
    "fit": (fit(), 1, (4, 3, 8, 4)),
    "fit, shuffled": (fit(batch_size=2), 1, (4, 3, 8, 8)),
    "each epoch": (fit(hook("on_epoch_end")), 1, (7, 0, 14, 4)),
    "each epoch, logs": (fit(hook("on_epoch_end", read)), 1, (7, 0, 14, 4)),
    "each batch": (fit(hook("on_train_batch_end")), 1, (7, 0, 14, 4)),
    "each batch, logs": (
        fit(hook("on_train_batch_end", read), batch_size=2),
        *(1, (8, 0, 16, 12)),
    ),
    "each epoch changes the rate": (
        fit(hook("on_epoch_end", change)),
        *(1, (EPOCHS, 0, 3 * EPOCHS, 2 * EPOCHS + 4)),
    ),
    "validation": (fit(validation_data=(X, Y)), 1, (4, 3, 16, 8)),
    "validation, each epoch": (
        fit(hook("on_epoch_end"), validation_data=(X, Y)),
        *(1, (7, 0, 28, 8)),
    ),
    "validation, each batch": (
        fit(hook("on_train_batch_end"), validation_data=(X, Y)),
        *(2, (2 * EPOCHS, EPOCHS, 4 * EPOCHS, 8)),
    ),
    "generator": (generator, 1, (EPOCHS, 1, 2, 2)),
    "generator, each batch": (
        lambda model: generator(model, hook("on_train_batch_end")),
        *(1, (EPOCHS, 1, 2, 2)),
    ),
    "evaluate": (evaluate, 1, (1, 1, 2, 4)),
    "predict": (predict(4), 1, (1, 0, 1, 0)),
    "predict, many batches": (predict(130), 1, (33, 0, 33, 1)),
    "train_on_batch": (lambda model: model.train_on_batch(X, Y), 1, (1, 0, 2, 4)),
}


@pytest.mark.parametrize("name", RUNS)
def test_runs_cost_no_more_than(name, count):
    sharing.forget()
    run, compiled, again = RUNS[name]
    model = net()
    found = count(lambda: run(model))
    assert found[0] <= compiled, found
    other = net()  # of the same make
    assert count(lambda: run(other))[0] == 0 or "predict" in name
    found = count(lambda: run(model))
    assert all(a <= b for a, b in zip(found[1:], again, strict=True)), found
    assert found[0] == 0 or "predict" in name, found
