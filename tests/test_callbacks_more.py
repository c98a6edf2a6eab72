"""Callbacks that speak to others or change what is trained, and bars in notebooks."""

import http.server
import json
import os
import sys
import threading
import types
import urllib.parse

import keras
import numpy as np
import pytest

import kerasish
from kerasish import callbacks, layers, optimizers
from kerasish.callbacks import progress

pytestmark = pytest.mark.usefixtures("quick_compilation")

draw = np.random.default_rng(3)
X = draw.normal(size=(8, 2)).astype("float32")
Y = X @ np.float32([[1.0], [-2.0]]) + 0.5


def net(library, optimizer, *more):
    first = library.Input((2,)), library.layers.Dense(1, name="first")
    model = library.Sequential([*first, *more], name="net")
    model.compile(optimizer, "mse")
    weights = [np.float32([[0.5], [0.25]]), np.float32([0.1])]
    model.set_weights(weights + model.get_weights()[2:])
    return model


# --- moving averages ------------------------------------------------------------------


def averaged(library, swap, **options):
    """What callbacks see of the weights, and what is found, with averages swapped."""

    class Look(library.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.seen = []

        def look(self, *_, **__):
            self.seen.append(self.model.get_weights()[0].ravel())

        on_epoch_begin = on_test_begin = on_test_end = on_epoch_end = look
        on_train_end = look

    optimizer = library.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5, **options)
    model = net(library, optimizer)
    told = library.callbacks.SwapEMAWeights(swap)
    looks = Look(), Look()
    history = model.fit(
        *(X, Y),
        batch_size=4,
        epochs=2,
        shuffle=False,
        verbose=0,
        validation_data=(X[:4], Y[:4]),
        callbacks=[looks[0], told, looks[1]],
    )
    if library is kerasish:  # Keras on JAX loses the parameters here
        kernel, bias = model.get_weights()
        model.set_weights([np.ones((2, 1)), np.ones(1)])
        found = model.evaluate(X, Y, verbose=0, callbacks=[told])
        assert found == pytest.approx(np.mean((X @ kernel + bias - Y) ** 2))
        assert model.get_weights()[0].tolist() == [[1.0], [1.0]]
        said = model.predict(X, verbose=0, callbacks=[told])
        np.testing.assert_allclose(said, X @ kernel + bias, rtol=1e-5)
        assert model.get_weights()[1].tolist() == [1.0]
    return [history.history, looks[0].seen, looks[1].seen]


@pytest.mark.parametrize(
    "swap,options", [(False, {}), (True, {"ema_overwrite_frequency": 3})]
)
def test_averages_are_swapped_as_by_keras(swap, options, close):
    close(averaged(kerasish, swap, **options), averaged(keras, swap, **options))


def test_averages_must_be_there():
    model = net(kerasish, "sgd")
    with pytest.raises(ValueError, match=r"made with `use_ema=True`. `sgd` has use_"):
        model.evaluate(X, Y, verbose=0, callbacks=[callbacks.SwapEMAWeights()])
    model = net(kerasish, optimizers.SGD(use_ema=True))
    plain = model.evaluate(X, Y, verbose=0)  # nothing was averaged yet
    told = [callbacks.SwapEMAWeights()]
    assert model.evaluate(X, Y, verbose=0, callbacks=told) == plain


class Ends(callbacks.Callback):
    """Ends a training as an accident would."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def test_swapped_parameters_and_counts_of_batches_are_resumed(tmp_path):
    def fit(epochs, place, *more):
        kerasish.utils.set_random_seed(1)  # of the order of the rows
        board = callbacks.TensorBoard(tmp_path / place, update_freq=3)
        saver = callbacks.OrbaxCheckpoint(tmp_path / f"{place} orbax", save_freq=5)
        model = net(kerasish, optimizers.SGD(0.1, 0.9, use_ema=True, ema_momentum=0.5))
        told = [callbacks.SwapEMAWeights(True), board, saver, *more]
        model.fit(X, Y, batch_size=4, epochs=epochs, verbose=0, callbacks=told)
        return model.get_weights(), board.get_state(), os.listdir(saver.directory)

    pytest.importorskip("orbax.checkpoint")
    whole = fit(4, "whole")
    assert whole[1:] == ({"_global_train_batch": 8}, ["5"])
    with pytest.raises(KeyboardInterrupt):
        fit(4, "half", callbacks.BackupAndRestore(tmp_path / "backup"), Ends())
    again = fit(4, "half", callbacks.BackupAndRestore(tmp_path / "backup"))
    np.testing.assert_array_equal(again[0][0], whole[0][0])
    assert again[1:] == whole[1:]


# --- servers --------------------------------------------------------------------------


@pytest.fixture
def server():
    """A server of this test; `received` of it is a list of (path, headers, body)."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.received.append((self.path, dict(self.headers), body))
            self.send_response(500 if self.path == "/bad" else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.received = []
    server.root = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_remote_monitor_posts_what_keras_posts(server):
    logs = {"loss": np.float32(0.5), "count": 1, "each": np.array([1.0, 2.0])}
    other = {"send_as_json": True, "headers": {"X-Key": "k"}, "path": "/p"}
    for options in ({}, other):
        callbacks.RemoteMonitor(server.root, **options).on_epoch_end(3, logs)
    wanted = {"epoch": 3, "loss": 0.5, "count": 1, "each": [1.0, 2.0]}
    (path, headers, body), (other, more, text) = server.received
    assert path == "/publish/epoch/end/" and other == "/p"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    [(field, value)] = urllib.parse.parse_qsl(body.decode())
    assert field == "data" and json.loads(value) == wanted == json.loads(text)
    assert more["Content-Type"] == "application/json" and more["X-Key"] == "k"


def test_remote_monitor_warns_of_servers_that_fail(server):
    bad = callbacks.RemoteMonitor(server.root, "/bad")
    with pytest.warns(UserWarning, match=r"could not reach the server .* 500"):
        bad.on_epoch_end(0, {})
    nobody = callbacks.RemoteMonitor("http://127.0.0.1:9")
    with pytest.warns(UserWarning, match="could not reach the server at http"):
        nobody.on_epoch_end(0, {"loss": 1.0})
    with pytest.raises(ValueError, match=r"http.*Received: root='file:///etc'"):
        callbacks.RemoteMonitor("file:///etc")


# --- Orbax ----------------------------------------------------------------------------


def variables(model):
    return [v.numpy() for v in (*model.variables, *model.optimizer.variables)]


def test_orbax_checkpoints_come_back(tmp_path, close, capsys):
    pytest.importorskip("orbax.checkpoint")
    model = net(kerasish, "adam")
    saver = callbacks.OrbaxCheckpoint(tmp_path / "all", max_to_keep=2, verbose=1)
    light = callbacks.OrbaxCheckpoint(
        tmp_path / "light",
        *("loss", 0, True, "max"),
        initial_value_threshold=np.inf,
        save_weights_only=True,
    )
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[saver, light])
    assert sorted(os.listdir(tmp_path / "all")) == ["1", "2"]
    assert not os.listdir(tmp_path / "light")
    assert "Epoch 3: saving checkpoint 2 to " in capsys.readouterr().out
    other = net(kerasish, "adam")
    assert saver.restore(other) == 2
    close(variables(other), variables(model), 0, 0)
    with pytest.raises(FileNotFoundError, match=r"checkpoint 7 .* there are \[1, 2\]"):
        saver.restore(other, 7)
    # A training that begins anew leaves nothing of the one before.
    light.save_best_only = False
    model.fit(X, Y, epochs=1, verbose=0, callbacks=[saver, light])
    assert os.listdir(tmp_path / "all") == ["0"]
    before = variables(other)[2:]
    light.restore(other)
    close(other.get_weights(), model.get_weights(), 0, 0)
    close(variables(other)[2:], before, 0, 0)


def test_orbax_says_what_is_wrong(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="`max_to_keep` of `OrbaxCheckpoint`"):
        callbacks.OrbaxCheckpoint(tmp_path, max_to_keep=0)
    with pytest.raises(ValueError, match="`save_freq` of `OrbaxCheckpoint` must be"):
        callbacks.OrbaxCheckpoint(tmp_path, save_freq=0)
    monkeypatch.setitem(sys.modules, "orbax", None)
    monkeypatch.setitem(sys.modules, "orbax.checkpoint", None)
    with pytest.raises(ImportError, match=r"kerasish\[orbax\]"):
        callbacks.OrbaxCheckpoint(tmp_path).on_train_begin()


# --- the learning rate ----------------------------------------------------------------


def test_the_finder_finds_a_rate_and_leaves_no_trace():
    def make():
        kerasish.utils.set_random_seed(5)
        more = layers.BatchNormalization(), layers.Dropout(0.2), layers.Dense(1)
        return net(kerasish, optimizers.SGD(0.05, 0.9), *more)

    x = draw.normal(size=(64, 2))
    y = x @ [[1.0], [3.0]]
    model = make()
    before = variables(model)
    finder = callbacks.LearningRateFinder(1e-5, 100.0, steps=60)
    rate = finder.find(model, x, y, batch_size=16)
    assert 1e-3 < rate < 1 and rate == finder.suggestion
    for mine, theirs in zip(variables(model)[: len(before)], before, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert not model.stop_training and model._epochs_done == 0
    # The same training follows as without the search.
    how = {"batch_size": 16, "epochs": 2, "verbose": 0}
    found = model.fit(x, y, **how).history
    assert found == make().fit(x, y, **how).history

    count = len(finder.losses)
    np.testing.assert_allclose(finder.rates, np.geomspace(1e-5, 100, 60)[:count])
    assert count < 60  # it ran away
    loss = finder.losses[0]  # of one batch each, at the first weights
    assert loss == pytest.approx(finder.smoothed[0]) and loss > finder.losses.min()
    picture = str(finder.plot())
    assert f"suggestion {rate:.2g}" in picture and "learning rate" in picture


def sweep(losses, **options):
    """Let a finder see losses, as training would tell them."""
    finder = callbacks.LearningRateFinder(1e-4, 1.0, steps=len(losses), **options)
    model = net(kerasish, "sgd")
    finder.set_model(model)
    finder.on_train_begin()
    for batch, loss in enumerate(losses):
        finder.on_train_batch_begin(batch)
        assert float(model.optimizer.learning_rate) == pytest.approx(finder.rates[-1])
        finder.on_train_batch_end(batch, {"loss": loss})
        if model.stop_training:
            break
    finder.on_train_end()
    return finder


def test_suggestions():
    rates = np.geomspace(1e-4, 1.0, 41)
    falls_at = 1 - np.tanh(3 * (np.log10(rates) + 2)) / 2  # steepest at 0.01
    assert sweep(falls_at).suggestion == pytest.approx(0.01, rel=0.3)
    bowl = (np.log10(rates) + 1) ** 2 + 0.1
    found = sweep(bowl, suggest="minimum", smoothing=0.0)
    assert found.suggestion == pytest.approx(0.01, rel=0.01)
    assert sweep(np.ones(20)).suggestion is None
    wild = sweep([1.0] * 12 + [np.nan] * 8)
    assert len(wild.losses) == 13 and wild.suggestion is None


def test_finder_arguments():
    for name, value in (("min_learning_rate", 0), ("smoothing", 1), ("steps", 2)):
        with pytest.raises(ValueError, match=f"Received: {name}={value}"):
            callbacks.LearningRateFinder(**{name: value})
    rate = optimizers.schedules.OneCycle(0.1, 10)
    finder = callbacks.LearningRateFinder()
    finder.set_model(net(kerasish, optimizers.SGD(rate)))
    with pytest.raises(ValueError, match="whose `learning_rate` is a number"):
        finder.on_train_batch_begin(0)


def test_one_cycle():
    steps = np.arange(0, 130, 7)
    cycle = optimizers.schedules.OneCycle(0.5, 100, 0.25, 0.1, 0.01, "linear")
    wanted = np.interp(steps, [0, 25, 100], [0.1, 0.5, 0.01])
    found = [float(cycle(int(step))) for step in steps]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    cosine = optimizers.schedules.OneCycle(0.5, 100, 0.25, 0.1, 0.01)
    ways = np.clip([steps / 25, (steps - 25) / 75], 0, 1)
    up, down = (1 - np.cos(np.pi * ways)) / 2
    wanted = np.where(steps < 25, 0.1 + 0.4 * up, 0.5 - 0.49 * down)
    np.testing.assert_allclose(
        [float(cosine(int(step))) for step in steps], wanted, rtol=2e-5
    )
    assert float(optimizers.schedules.OneCycle(0.5, 10, 0)(0)) == 0.5
    again = optimizers.schedules.deserialize(optimizers.schedules.serialize(cosine))
    assert again.get_config() == cosine.get_config() and again(7) == cosine(7)
    for name, value in (("warmup_fraction", 1), ("anneal", "cos"), ("total_steps", 0)):
        given = {"max_learning_rate": 1, "total_steps": 9, name: value}
        with pytest.raises(ValueError, match=name):
            optimizers.schedules.OneCycle(**given)


# --- notebooks ------------------------------------------------------------------------


BARS = "tqdm.auto", "tqdm.autonotebook", "tqdm.notebook"


class Widget:
    """As much of a widget as tqdm's bar for notebooks touches."""

    def __init__(self, *children, **values):
        self.layout = types.SimpleNamespace(flex=None, width=None, visibility=None)
        self.style = types.SimpleNamespace()
        self.children = values.pop("children", children)
        self.value, self.max, self.bar_style = values.get("value", 0), None, ""
        vars(self).update(values)

    def close(self):
        pass


@pytest.fixture
def notebook(monkeypatch):
    """IPython and its widgets, as far as a bar needs them."""

    class ZMQInteractiveShell:
        config = {"IPKernelApp": {}}

    shown = []
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = ZMQInteractiveShell
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = shown.append
    widgets = types.ModuleType("ipywidgets")
    widgets.__version__ = "8.1"
    for name in ("IntProgress", "FloatProgress", "HBox", "HTML"):
        setattr(widgets, name, type(name, (Widget,), {}))
    fakes = {"IPython": ipython, "IPython.display": ipython.display}
    fakes |= {"ipywidgets": widgets, "ipykernel.zmqshell": ipython}
    for name, module in fakes.items():
        monkeypatch.setitem(sys.modules, name, module)
    for name in BARS:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield shown
    for name in BARS:  # made with what was not real
        sys.modules.pop(name, None)


def plain(widget):
    return widget.value.replace("\u2007", " ")


def test_notebooks_have_a_bar_of_widgets(notebook, capsys):
    assert progress._in_notebook()
    bar = kerasish.utils.Progbar(4, interval=0)
    for step in range(1, 5):
        bar.update(step, [("loss", 0.25)])
    [box] = notebook
    left, middle, right = box.children
    assert type(middle).__name__ in ("IntProgress", "FloatProgress")
    assert middle.max == 4 and middle.value == 4 and middle.bar_style == "success"
    assert "4/4" in left.value and "loss: 0.2500" in plain(right)
    assert box.layout.width == "100%"
    model = net(kerasish, "sgd")
    model.fit(X, Y, epochs=2, verbose=1)
    assert len(notebook) == 3 and "Epoch 2/2" in plain(notebook[-1].children[0])
    assert "loss: " in plain(notebook[-1].children[2])
    assert capsys.readouterr().out == ""
