"""What progress looks like in a pipe, in a terminal, in a log."""

import inspect
import io
import logging
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import keras
import pytest

from kerasish import config
from kerasish.callbacks import CallbackList, LazyLogs, Progbar, ProgbarLogger, progress


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


class Clock:
    """Stands for the module `time`; each look at it takes `step` seconds."""

    def __init__(self, step):
        self.now, self.step = 0.0, step

    def monotonic(self):
        self.now += self.step
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock(0.001)
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.fixture
def open_terminal(monkeypatch):
    """A function, since pytest itself changes `sys.stdout` after the fixtures."""

    def start():
        out = Terminal()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setenv("COLUMNS", "100")
        return out

    return start


def train(epochs=2, steps=12, verbose=1, bulk=False, stop=None, **more):
    """Run the hooks of a training as the loop calls them."""
    callbacks = CallbackList(
        add_progbar=True, verbose=verbose, epochs=epochs, steps=steps
    )
    callbacks.on_train_begin()
    logs = {
        "accuracy": 0.98,
        "loss": 0.1234,
        "val_accuracy": 0.5,
        "val_loss": 1e-5,
        **more,
    }
    if bulk:
        for first in range(0, epochs, bulk):
            count = min(bulk, epochs - first)
            callbacks.extend(
                first, {key: [value] * count for key, value in logs.items()}
            )
    else:
        for epoch in range(stop or epochs):
            callbacks.on_epoch_begin(epoch)
            for step in range(1, (steps or 12) + 1):
                callbacks.progress(step, LazyLogs(lambda: {"loss": 0.5}))
            callbacks.on_test_begin()
            callbacks.progress(3, {"loss": 9.0})
            callbacks.on_test_end({"loss": 9.0})
            callbacks.on_epoch_end(epoch, logs)
    callbacks.on_train_end(logs)


LINE = (
    r"Epoch {0}/2 - 12/12 - \d+\.\ds - loss: 0\.1234 - accuracy: 0\.9800"
    r" - val_loss: 1\.0000e-05 - val_accuracy: 0\.5000"
)


@pytest.mark.parametrize("verbose", [1, 2, "auto", True])
@pytest.mark.parametrize("bulk", [False, 2])
def test_a_pipe_gets_one_plain_line_an_epoch(capsys, verbose, bulk):
    train(verbose=verbose, bulk=bulk)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for number, line in enumerate(lines, 1):
        assert re.fullmatch(LINE.format(number), line), line


def test_verbose_0_is_silent(capsys):
    train(verbose=0)
    train(verbose=0, bulk=2)
    assert capsys.readouterr().out == ""


def test_a_real_pipe_has_no_control_characters(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from kerasish.callbacks import CallbackList, Progbar\n"
        "c = CallbackList(add_progbar=True, verbose=1, epochs=3, steps=500)\n"
        "c.on_train_begin()\n"
        "for e in range(3):\n"
        "    c.on_epoch_begin(e)\n"
        "    for s in range(1, 501): c.progress(s, {'loss': 1.0})\n"
        "    c.on_epoch_end(e, {'loss': 1.0})\n"
        "c.on_train_end()\n"
        "bar = Progbar(500)\n"
        "for s in range(500): bar.add(1)\n"
    )
    run = [sys.executable, "-W", "error", str(script)]
    root = Path(__file__).parents[1]
    done = subprocess.run(
        run, capture_output=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    text = done.stdout.decode()
    assert len(text.splitlines()) == 4
    assert not re.search(r"[^\n\x20-\x7e]", text)


@pytest.mark.parametrize("bulk", [False, 1, 7, 100_000])
def test_many_epochs_leave_few_lines_and_always_the_last(capsys, clock, bulk):
    train(epochs=2000, steps=1, bulk=bulk)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("Epoch 2000/2000 - 1/1 - ")
    assert len(lines) <= clock.now / progress.LINE_EVERY + 2
    assert bulk == 100_000 or len(lines) > 1


def test_a_training_that_stops_early_shows_its_last_epoch(capsys, clock):
    train(epochs=2000, steps=1, stop=3)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" - ")[0] for line in lines] == ["Epoch 1/2000", "Epoch 3/2000"]


def test_a_hundred_epochs_show_each(capsys):
    train(epochs=100, steps=1)
    assert len(capsys.readouterr().out.splitlines()) == 100


def test_unknown_number_of_steps(capsys):
    train(epochs=1, steps=None)
    assert " - 12/12 - " in capsys.readouterr().out
    train(epochs=1, steps=None, bulk=1)
    assert re.match(r"Epoch 1/1 - \d", capsys.readouterr().out)


def test_evaluate_and_predict_have_a_line(capsys):
    callbacks = CallbackList(add_progbar=True, verbose=1, epochs=1, steps=4)
    callbacks.on_test_begin()
    callbacks.progress(2, {"loss": 1.0})
    callbacks.on_test_end({"accuracy": 1.0, "loss": 0.25})
    callbacks.on_predict_begin()
    callbacks.on_predict_end()
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"4/4 - \d\.\ds - loss: 0.2500 - accuracy: 1.0000", first)
    assert re.fullmatch(r"4/4 - \d\.\ds", second)


def test_a_terminal_gets_a_live_bar_refreshed_by_time(open_terminal, clock):
    terminal = open_terminal()
    reads = []
    callbacks = CallbackList(add_progbar=True, verbose=1, epochs=2, steps=1000)
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    for step in range(1, 1001):
        callbacks.progress(step, LazyLogs(lambda: reads.append(1) or {"loss": 0.5}))
    callbacks.on_epoch_end(0, {"loss": 0.25, "odd {name}": 1.0})
    drawn = terminal.getvalue()
    assert clock.now > 1
    assert 5 <= len(reads) <= clock.now / progress.REFRESH + 1
    last = re.split("[\r\n]+", drawn.strip())[-1]
    assert re.fullmatch(
        r"Epoch 1/2 1000/1000 \S{20} 1s 1ms/step - loss: 0.2500"
        r" - odd {name}: 1.0000\s*",
        last,
    ), last
    assert drawn.endswith("\n") and drawn.count("\n") == 1
    callbacks.on_epoch_begin(1)
    callbacks.on_epoch_end(1, {"loss": 0.125})
    assert "Epoch 2/2" in terminal.getvalue().splitlines()[-1]


def test_many_epochs_share_a_line_in_a_terminal(open_terminal, clock):
    terminal = open_terminal()
    train(epochs=2000, steps=1)
    lines = terminal.getvalue().split("\n")
    assert len(lines) <= clock.now / progress.LINE_EVERY + 3
    assert "Epoch 2000/2000 1/1" in lines[-2]


def test_a_last_line_wider_than_the_terminal_is_shown_in_full(open_terminal, clock):
    terminal = open_terminal()
    train(epochs=1, steps=5, **{f"metric_{number}": 1.0 for number in range(20)})
    last = terminal.getvalue().split("\n")[-2].split("\r")[-1]
    assert last.startswith("Epoch 1/1 - 5/5 - ") and " - metric_19: 1.0000 - " in last


def test_messages_step_aside_of_the_bar(open_terminal, clock):
    terminal = open_terminal()
    clock.step = 0.2
    callbacks = CallbackList(add_progbar=True, verbose=1, epochs=1, steps=2)
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    callbacks.progress(1, {"loss": 1.0})
    progress.write("early stopping")
    callbacks.on_epoch_end(0, {"loss": 1.0})
    lines = [line.split("\r")[-1] for line in terminal.getvalue().strip().split("\n")]
    assert lines[0] == "early stopping" and lines[-1].startswith("Epoch 1/1 2/2")


def test_notebooks_take_the_automatic_tqdm(monkeypatch):
    class ZMQInteractiveShell:
        config: dict = {}

    fake = types.SimpleNamespace(get_ipython=ZMQInteractiveShell)
    monkeypatch.setitem(sys.modules, "IPython", fake)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert progress._is_live()
    train(epochs=1)
    assert "Epoch 1/1" in sys.stdout.getvalue()


def test_quiet_logging_goes_to_the_logger(caplog, capsys):
    config.disable_interactive_logging()
    try:
        with caplog.at_level(logging.INFO, logger="kerasish"):
            train()
    finally:
        config.enable_interactive_logging()
    assert capsys.readouterr().out == ""
    assert [re.fullmatch(LINE.format(n), r.message) is not None
            for n, r in enumerate(caplog.records, 1)] == [True, True]  # fmt: skip


def test_progbar_shows_the_numbers_that_keras_shows(capsys):
    calls = [
        (3, [("loss", 2.0), ("auc", 0.5)], None),
        (4, [("loss", 1.0), ("auc", 0.75), ("late", 0.0001)], None),
        (8, [("loss", 4.0), ("auc", 0.25)], None),
        (10, None, True),
    ]
    for more in ({"stateful_metrics": ["auc"]}, {"stateless_metrics": ["loss"]}, {}):
        shown = []
        for kind in (Progbar, keras.utils.Progbar):
            bar = kind(10, verbose=2, **more)
            for current, values, finalize in calls:
                bar.update(current, values, finalize=finalize)
            out = capsys.readouterr().out.strip()
            shown.append(dict(re.findall(r"(\w+): (\S+)", out)))
            assert out.startswith("10/10 - ")
        assert shown[0] == shown[1] and shown[0]["loss"] == "2.8750"


def test_progbar_live_and_with_unknown_target(open_terminal, clock):
    terminal = open_terminal()
    bar = Progbar(None, unit_name="file", interval=0.0)
    bar.add(3, [("loss", 1.0)])
    bar.update(5, finalize=True)
    assert "3/Unknown" in terminal.getvalue() and "/file" in terminal.getvalue()
    with pytest.raises(ValueError, match=r"`stateful_metrics`.*but not both"):
        Progbar(1, stateful_metrics=["a"], stateless_metrics=["b"])


@pytest.mark.parametrize("seconds,text", [(5.2, "5s"), (65, "1:05"), (3725, "1:02:05")])
def test_durations(seconds, text):
    assert progress._duration(seconds) == text


@pytest.mark.parametrize(
    "seconds,text", [(2.4, "2s/step"), (0.0123, "12ms/step"), (4e-6, "4us/step")]
)
def test_paces(seconds, text):
    assert progress._pace(seconds, "step") == text


def test_signature_of_progbar():
    for name in ("__init__", "update", "add"):
        mine, other = (
            inspect.signature(getattr(k, name)) for k in (Progbar, keras.utils.Progbar)
        )
        assert [(p.name, p.default) for p in mine.parameters.values()] == [
            (p.name, p.default) for p in other.parameters.values()
        ]


def test_logger_without_params_is_harmless(capsys):
    logger = ProgbarLogger()
    logger.on_train_begin()
    logger.on_epoch_begin(0)
    logger.progress(1, {"loss": 1.0})
    logger.on_epoch_end(0, {"loss": 1.0})
    logger.on_train_end()
    assert re.match(
        r"Epoch 1/Unknown - 1/1 - 0\.0s - loss: 1\.0000", capsys.readouterr().out
    )
