"""Callbacks, driven by hand beside those of Keras and by real training."""

import copy
import inspect
import itertools
import json
import math
import pickle
import warnings

import keras
import numpy as np
import pytest

from kerasish import callbacks as ours
from kerasish.callbacks.callback import Callback

theirs = keras.callbacks
NAMES = sorted(set(ours.__all__) - {"LazyLogs", "LearningRateFinder"})


class Optimizer:
    def __init__(self, rate=0.1):
        self.learning_rate = rate


class StubModel:
    """As much of a model as callbacks touch; its weights tell the epoch."""

    stop_training = False

    def __init__(self, rate=0.1):
        self.optimizer = Optimizer(rate)
        self.metrics = []
        self.epoch = None
        self.saved = []

    def get_weights(self):
        return [self.epoch]

    def set_weights(self, weights):
        self.epoch = weights[0]

    def save(self, path, overwrite):
        self.saved.append(("model", path, overwrite))

    def save_weights(self, path, overwrite):
        self.saved.append(("weights", path, overwrite))


def drive(callback, logs, steps=1):
    """Run the hooks of a training whose epochs give these logs; return the model."""
    model = StubModel()
    callback.set_params({"verbose": 0, "epochs": len(logs), "steps": steps})
    callback.set_model(model)
    callback.on_train_begin({})
    seen = []
    for epoch, row in enumerate(logs):
        model.epoch = epoch
        row = dict(row)
        callback.on_epoch_begin(epoch, {})
        for batch in range(steps):
            callback.on_train_batch_begin(batch, {})
            callback.on_train_batch_end(batch, dict(row))
        callback.on_epoch_end(epoch, row)
        seen.append(row)
        if model.stop_training:
            break
    callback.on_train_end({})
    model.seen = seen
    return model


def random_logs(seed, epochs=25):
    draw = np.random.default_rng(seed)
    values = np.cumsum(draw.normal(-0.05, 0.3, epochs)) + 3
    return [
        {"loss": float(np.float32(v)), "accuracy": float(np.float32(-v))}
        for v in values
    ]


@pytest.mark.parametrize("name", NAMES)
def test_signatures_of_every_method_are_those_of_keras(name):
    mine, other = getattr(ours, name), getattr(theirs, name)
    assert (
        inspect.signature(mine).parameters.keys()
        == inspect.signature(other).parameters.keys()
    )
    for method in dir(other):
        if method[0] == "_" or not callable(getattr(other, method)):
            continue
        mine_parameters = [
            (p.name, p.default)
            for p in inspect.signature(getattr(mine, method)).parameters.values()
        ]
        other_parameters = [
            (p.name, p.default)
            for p in inspect.signature(getattr(other, method)).parameters.values()
        ]
        assert mine_parameters == other_parameters, method


EARLY = [
    {"monitor": monitor, "patience": patience, "min_delta": delta, **more}
    for monitor, patience, delta, more in itertools.product(
        ("loss", "accuracy"),
        (0, 1, 4),
        (0, 0.3, -0.1),
        (
            {},
            {"baseline": 2.5},
            {"restore_best_weights": True},
            {"restore_best_weights": True, "baseline": -3.0, "start_from_epoch": 3},
        ),
    )
]


@pytest.mark.parametrize("config", EARLY, ids=str)
def test_early_stopping_equals_keras(config):
    config = {"mode": "max" if config["monitor"] == "accuracy" else "auto", **config}
    for seed in range(3):
        logs = random_logs(seed)
        mine, other = ours.EarlyStopping(**config), theirs.EarlyStopping(**config)
        models = [drive(callback, logs) for callback in (mine, other)]
        for name in ("wait", "stopped_epoch", "best_epoch", "best_weights"):
            assert getattr(mine, name) == getattr(other, name), name
        assert mine.best == pytest.approx(other.best)
        assert models[0].stop_training == models[1].stop_training
        assert models[0].epoch == models[1].epoch
        assert len(models[0].seen) == len(models[1].seen)


@pytest.mark.parametrize(
    "patience,cooldown,min_lr,delta",
    [
        (1, 0, 0.0, 1e-4),
        (2, 3, 0.0, 0.2),
        (1, 1, 0.01, 0.0),
        (3, 0, 0.2, 0.5),
    ],
)
def test_reduce_on_plateau_equals_keras(patience, cooldown, min_lr, delta, capsys):
    config = {
        "monitor": "loss",
        "factor": 0.3,
        "patience": patience,
        "verbose": 1,
        "cooldown": cooldown,
        "min_lr": min_lr,
        "min_delta": delta,
    }
    printed = []
    for seed in range(3):
        rates = []
        for kind in (ours, theirs):
            callback = kind.ReduceLROnPlateau(**config)
            model = drive(callback, random_logs(seed))
            rates.append([row["learning_rate"] for row in model.seen])
            assert callback.in_cooldown() == (callback.cooldown_counter > 0)
            printed.append(capsys.readouterr().out)
        assert rates[0] == pytest.approx(rates[1])
        assert printed[-2].split() == printed[-1].split()


@pytest.mark.parametrize(
    "schedule",
    [
        lambda epoch: 0.5 / (epoch + 1),
        lambda epoch, rate: rate * 0.9,
        lambda epoch, rate=3.0: np.float32(rate / 2),
    ],
)
def test_learning_rate_scheduler_equals_keras(schedule, capsys):
    seen, printed = [], []
    for kind in (ours, theirs):
        model = drive(
            kind.LearningRateScheduler(schedule, verbose=1), [{"loss": 1.0}] * 4
        )
        seen.append([row["learning_rate"] for row in model.seen])
        printed.append(capsys.readouterr().out.split())
    assert seen[0] == pytest.approx(seen[1])
    assert [word[:8] for word in printed[0]] == [word[:8] for word in printed[1]]


@pytest.mark.parametrize("append,separator", [(False, ","), (True, ";")])
@pytest.mark.parametrize("validation", [False, True])
def test_csv_logger_writes_what_keras_writes(tmp_path, append, separator, validation):
    logs = [{"loss": 1 / 3, "mae": 2.0}, {"loss": 0.25, "mae": float("nan")}]
    if validation:
        logs[1]["val_loss"] = 1e-9
    texts = []
    for kind in (ours, theirs):
        path = tmp_path / f"{kind.__name__}.csv"
        for _ in range(2):
            drive(kind.CSVLogger(str(path), separator=separator, append=append), logs)
        texts.append(path.read_text())
    assert texts[0] == texts[1]
    assert len(texts[0].splitlines()) == (5 if append else 3)


CHECKPOINTS = [
    {"filepath": "{epoch:02d}-{loss:.2f}.keras"},
    {"filepath": "a.keras", "save_best_only": True, "monitor": "loss"},
    {
        "filepath": "a.keras",
        "save_best_only": True,
        "monitor": "accuracy",
        "mode": "max",
    },
    {"filepath": "{epoch}-{batch}.keras", "save_freq": 2},
    {"filepath": "a.weights.h5", "save_weights_only": True, "save_freq": 5},
    {
        "filepath": "a.h5",
        "save_best_only": True,
        "monitor": "loss",
        "save_freq": 4,
        "initial_value_threshold": 3.1,
    },
]


@pytest.mark.parametrize("config", CHECKPOINTS, ids=str)
def test_model_checkpoint_equals_keras(config, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved, printed = [], []
    for kind in (ours, theirs):
        callback = kind.ModelCheckpoint(verbose=1, **config)
        saved.append(drive(callback, random_logs(1, 7), steps=3).saved)
        printed.append(capsys.readouterr().out)
    assert saved[0] == saved[1] and saved[0]
    assert printed[0].split() == printed[1].split()


def test_checkpoint_keeps_its_best_and_makes_folders(tmp_path):
    path = tmp_path / "deep" / "er.keras"
    callback = ours.ModelCheckpoint(path, "loss", save_best_only=True)
    assert len(drive(callback, [{"loss": 1.0}]).saved) == 1
    assert drive(callback, [{"loss": 2.0}]).saved == []
    assert path.parent.is_dir()


@pytest.mark.parametrize("logs,batch", [([1.0, math.nan], 1), ([math.inf], 0)])
@pytest.mark.parametrize("raise_error", [False, True])
def test_terminate_on_nan_equals_keras(logs, batch, raise_error, capsys):
    results = []
    for kind in (ours, theirs):
        model, callback = StubModel(), kind.TerminateOnNaN(raise_error)
        callback.set_model(model)
        callback.on_train_begin({})
        error = None
        for number, loss in enumerate(logs):
            try:
                callback.on_batch_end(number, {"loss": loss})
            except RuntimeError as caught:
                error = str(caught).split(" Terminating")[0]
        results.append((model.stop_training, error, capsys.readouterr().out))
    assert results[0] == results[1]
    assert f"atch {batch}" in (results[0][1] or results[0][2])


def test_terminate_on_nan_stops_at_progress_and_at_the_epoch(capsys):
    for call in (
        lambda c: c.on_progress(5, ours.LazyLogs(lambda: {"loss": math.nan})),
        lambda c: c.on_epoch_end(0, {"loss": math.inf}),
    ):
        model, callback = StubModel(), ours.TerminateOnNaN()
        callback.set_model(model)
        callback.set_params({"steps": 5})
        callback.on_train_begin()
        call(callback)
        call(callback)
        assert model.stop_training
        assert (
            capsys.readouterr().out == "Batch 4: Invalid loss, terminating training\n"
        )


def test_history_equals_keras_and_takes_epochs_in_bulk():
    logs = [{"loss": 1.0, "mae": 2.0}, {"loss": 0.5, "mae": 1.0, "val_loss": 3.0}]
    mine, other = ours.History(), theirs.History()
    models = [drive(mine, logs), drive(other, logs)]
    assert mine.history == other.history and mine.epoch == other.epoch
    assert models[0].history is mine
    bulk = ours.History()
    bulk.on_train_begin()
    bulk.extend(0, {"loss": [1.0, 0.5], "mae": [2.0, 1.0]})
    bulk.extend(2, {"loss": [0.1], "mae": [0.2]})
    assert bulk.epoch == [0, 1, 2]
    assert bulk.history == {"loss": [1.0, 0.5, 0.1], "mae": [2.0, 1.0, 0.2]}
    empty = ours.History()
    empty.on_epoch_end(4, None)
    assert empty.epoch == [4]


def test_lambda_callback_calls_what_it_was_given():
    calls = []
    hooks = [
        name
        for name in dir(Callback)
        if name.startswith("on_") and "epochs" not in name
    ]
    callback = ours.LambdaCallback(
        **{name: (lambda *a, name=name, **k: calls.append(name)) for name in hooks},
        note=3,
    )
    for name in hooks:
        arguments = ({},) if "begin" in name and "batch" not in name else (0, {})
        getattr(callback, name)(*arguments)
    assert sorted(calls) == sorted(hooks)
    assert callback.note == 3


@pytest.mark.parametrize(
    "monitor,mode,hint",
    [
        ("val_los", "auto", "Did you mean `val_loss`?"),
        ("val_los", "min", "Did you mean `val_loss`?"),
        ("val_lss", "auto", "Did you mean `val_loss`? Names with `val_` need"),
        ("val_loss", "auto", "need `validation_data`"),
        ("accurcy", "max", "Did you mean `accuracy`?"),
    ],
)
@pytest.mark.parametrize(
    "kind", ["EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint"]
)
def test_a_metric_that_is_not_there_is_named_once(kind, monitor, mode, hint, tmp_path):
    row = {"loss": 1.0, "accuracy": 0.5}
    if hint.endswith("`val_loss`?"):
        row["val_loss"] = 1.0
    more = {"filepath": str(tmp_path / "a.keras"), "save_best_only": True}
    more = more if kind == "ModelCheckpoint" else {}
    callback = getattr(ours, kind)(monitor=monitor, mode=mode, **more)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            drive(callback, [row] * 4)
            text = str(caught[0].message)
            assert len(caught) == 1
        except ValueError as error:
            text = str(error)
    assert f"`{kind}` watches the metric `{monitor}`, which is not available" in text
    assert "Available metrics are: `loss`, `accuracy`" in text
    assert hint in text


def test_directions():
    class Metric:
        def __init__(self, name, direction=None, metrics=()):
            self.name, self._direction, self.metrics = name, direction, list(metrics)

    model = StubModel()
    model.metrics = [
        Metric("all", metrics=[Metric("odd", "up"), Metric("bleu", "down")])
    ]
    for monitor, better in {
        "loss": 0,
        "val_loss": 0,
        "out_loss": 0,
        "mae": 0,
        "mean_squared_error": 0,
        "val_accuracy": 2,
        "acc": 2,
        "auc_1": 2,
        "val_odd": 2,
        "bleu": 0,
        "f1_score": 2,
    }.items():
        callback = ours.EarlyStopping(monitor)
        callback.set_model(model)
        assert callback.improved(better, 1) and not callback.improved(2 - better, 1)
    callback = ours.EarlyStopping("colour")
    callback.set_model(model)
    with pytest.raises(
        ValueError, match=r"`colour` is better high or low: pass `mode='max'`"
    ):
        callback.on_epoch_end(0, {"colour": 1.0})


WRONG = [
    (
        lambda: ours.CallbackList([ours.History]),
        TypeError,
        r"class `History` itself: write",
    ),
    (
        lambda: ours.CallbackList(print),
        TypeError,
        r"`LambdaCallback\(on_epoch_end=function",
    ),
    (
        lambda: ours.LambdaCallback(on_epoch_end=3),
        TypeError,
        "function for `on_epoch_end`, not 3",
    ),
    (lambda: ours.LearningRateScheduler(0.1), TypeError, "function `schedule"),
    (
        lambda: ours.ReduceLROnPlateau(factor=1.0),
        ValueError,
        "factor >= 1.0. Received factor=1.0",
    ),
    (lambda: ours.ReduceLROnPlateau(patiens=1), TypeError, "Did you mean `patience`"),
    (
        lambda: ours.ModelCheckpoint("a.txt"),
        ValueError,
        r"end in `.keras`.*filepath=a.txt",
    ),
    (
        lambda: ours.ModelCheckpoint("a.keras", save_weights_only=True),
        ValueError,
        "weights.h5",
    ),
    (
        lambda: ours.ModelCheckpoint("a.keras", save_freq="x"),
        ValueError,
        "save_freq: 'x'",
    ),
    (lambda: ours.ModelCheckpoint("a.keras", save_freq=0), ValueError, "save_freq: 0"),
    (
        lambda: drive(ours.LearningRateScheduler(lambda e: "a"), [{}]),
        ValueError,
        "Got: 'a'",
    ),
    (
        lambda: drive(ours.LearningRateScheduler(lambda e: 1), [{}]),
        ValueError,
        "Got: 1",
    ),
    (
        lambda: drive(ours.ModelCheckpoint("{los}.keras"), [{"loss": 1.0}]),
        KeyError,
        "no `los`.*Did you mean `loss`",
    ),
    (
        lambda: ours.EarlyStopping().set_state({"bst": 1}),
        ValueError,
        r"no state called \['bst'\]",
    ),
]


@pytest.mark.parametrize("call,kind,text", WRONG)
def test_errors_say_what_is_wrong(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


def test_unknown_mode_and_directory_and_missing_optimizer(tmp_path):
    with pytest.warns(UserWarning, match="does not know mode='foo'"):
        assert ours.EarlyStopping(mode="foo").mode == "auto"
    folder = tmp_path / "a.keras"
    folder.mkdir()
    with pytest.raises(OSError, match="existing directory"):
        drive(ours.ModelCheckpoint(folder), [{"loss": 1.0}])
    callback = ours.ReduceLROnPlateau("loss")
    callback.set_model(object())
    with pytest.raises(ValueError, match="no optimizer"):
        callback.on_epoch_end(0, {"loss": 1.0})


def test_several_optimizers(capsys):
    class Several(StubModel):
        def __init__(self):
            super().__init__()
            self.optimizer.optimizers = [Optimizer(1.0), Optimizer(0.1)]
            for name, optimizer in zip("ab", self.optimizer.optimizers, strict=True):
                optimizer.name = name

    callback, model = ours.ReduceLROnPlateau("loss", patience=1, verbose=1), Several()
    callback.set_model(model)
    callback.on_train_begin()
    logs = {"loss": 1.0}
    callback.on_epoch_end(0, logs)
    callback.on_epoch_end(1, logs)
    assert logs["learning_rate_a"] == 1.0
    assert [o.learning_rate for o in model.optimizer.optimizers] == pytest.approx(
        [0.1, 0.01]
    )
    assert "reducing a learning rate to 0.1." in capsys.readouterr().out


@pytest.mark.parametrize(
    "callback",
    [
        ours.EarlyStopping("loss", patience=6),
        ours.ReduceLROnPlateau("loss", patience=2, cooldown=1),
        ours.ModelCheckpoint("a.keras", "loss", save_best_only=True),
    ],
    ids=lambda c: type(c).__name__,
)
def test_state_goes_through_json_and_continues(callback):
    logs = random_logs(4, 12)
    whole = copy.deepcopy(callback)
    first = drive(whole, logs)
    drive(callback, logs[:5])
    state = json.loads(json.dumps(ours.CallbackList([callback]).get_state()))
    fresh = copy.deepcopy(callback)
    resumed, model = ours.CallbackList([fresh]), StubModel()
    model.optimizer.learning_rate = callback.model.optimizer.learning_rate
    resumed.set_model(model)
    resumed.on_train_begin()
    resumed.set_state(state)
    for epoch in range(5, 12):
        if not model.stop_training:
            resumed.on_epoch_end(epoch, logs[epoch])
    assert fresh.get_state() == whole.get_state()
    assert model.stop_training == first.stop_training


def test_states_are_told_apart_and_lost_ones_reported():
    first, second = ours.EarlyStopping("loss"), ours.EarlyStopping("mae")
    callbacks = ours.CallbackList([first, second, ours.History()])
    first.wait, second.wait = 1, 2
    state = callbacks.get_state()
    assert list(state) == ["EarlyStopping", "EarlyStopping_1"]
    assert state["EarlyStopping_1"]["wait"] == 2
    with pytest.warns(UserWarning, match="callback `EarlyStopping_1` which is not in"):
        ours.CallbackList([ours.EarlyStopping("loss")]).set_state(state)


def test_callbacks_are_armed_anew():
    for callback in (
        ours.EarlyStopping("loss", patience=1),
        ours.ReduceLROnPlateau("loss", patience=1),
    ):
        runs = [drive(callback, random_logs(2)) for _ in range(2)]
        assert [len(run.seen) for run in runs] == [len(runs[0].seen)] * 2
        assert runs[0].optimizer.learning_rate == runs[1].optimizer.learning_rate


# What the training loop asks


class OnBatch(Callback):
    def on_batch_end(self, batch, logs=None):
        pass


class OnTestBatch(Callback):
    def on_test_batch_begin(self, batch, logs=None):
        pass


class OnPredictBatch(Callback):
    def on_predict_batch_end(self, batch, logs=None):
        pass


class OnEpoch(Callback):
    def on_epoch_begin(self, epoch, logs=None):
        pass


class OwnHistory(ours.History):
    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)


class OwnCheckpoint(ours.ModelCheckpoint):
    def on_train_batch_end(self, batch, logs=None):
        pass


class Forgetful(Callback):
    def __init__(self):
        pass  # no super().__init__()

    def on_train_end(self, logs=None):
        pass


NEEDS = [  # train batches, test batches, predict batches, epochs
    (Callback, "...."),
    (ours.History, "...."),
    (ours.ProgbarLogger, "...."),
    (Forgetful, "...."),
    (OwnHistory, "...e"),
    (OnEpoch, "...e"),
    (OnBatch, "b..e"),
    (OnTestBatch, ".t.e"),
    (OnPredictBatch, "..p."),
    (ours.TerminateOnNaN, "...e"),
    (ours.EarlyStopping, "...e"),
    (lambda: ours.CSVLogger("x.csv"), "...e"),
    (lambda: ours.ModelCheckpoint("x.keras"), "...e"),
    (lambda: ours.ModelCheckpoint("x.keras", save_freq=4), "b..e"),
    (lambda: OwnCheckpoint("x.keras"), "b..e"),
    (lambda: ours.LambdaCallback(), "...."),
    (lambda: ours.LambdaCallback(on_train_end=print), "...."),
    (lambda: ours.LambdaCallback(on_epoch_end=print), "...e"),
    (lambda: ours.LambdaCallback(on_train_batch_begin=print), "b..e"),
]


@pytest.mark.parametrize("make,expected", NEEDS)
def test_what_the_loop_must_call(make, expected):
    callbacks = ours.CallbackList([make()], add_history=True, add_progbar=True)
    found = (
        callbacks.needs_train_batches,
        callbacks.needs_test_batches,
        callbacks.needs_predict_batches,
        callbacks.needs_epochs,
    )
    assert (
        "".join(n if f else "." for n, f in zip("btpe", found, strict=True)) == expected
    )


def test_list_dispatches_everything_in_order_with_plain_numbers():
    calls = []

    class Spy(Callback):
        def __init__(self, name):
            super().__init__()
            for hook in HOOKS:
                setattr(
                    self, hook, lambda *a, hook=hook: calls.append((name, hook, *a))
                )

    HOOKS = [
        n
        for n in dir(Callback)
        if n.startswith("on_") and n not in ("on_progress", "on_epochs_end")
    ]
    callbacks = ours.CallbackList([Spy("a"), [Spy("b")]])
    for hook in HOOKS:
        calls.clear()
        place = [] if hook.split("_")[1] != "epoch" and "batch" not in hook else [3]
        getattr(callbacks, hook)(
            *place, {"b": np.float32(0.5), "a": {"c": np.int64(2)}}
        )
        logs = {"b": 0.5, "c": 2.0}
        assert calls == [("a", hook, *place, logs), ("b", hook, *place, logs)]
        assert list(calls[0][-1]) == ["c", "b"]
        calls.clear()
        getattr(callbacks, hook)(*place)
        assert calls[0][-1] == {}


def test_list_adds_history_and_bar_once_and_hands_on():
    history, model = ours.History(), StubModel()
    callbacks = ours.CallbackList([history], True, True, model, epochs=3)
    kinds = [type(c).__name__ for c in callbacks.callbacks]
    assert kinds == ["History", "ProgbarLogger"]
    assert model.history is history and history.params == {"epochs": 3}
    assert all(c.model is model for c in callbacks.callbacks)


# Lazy logs


def test_lazy_logs_fetch_once_and_only_when_read():
    fetched = []
    logs = ours.LazyLogs(
        lambda: fetched.append(1) or {"loss": np.float32(0.5), "a": 1.0}
    )
    assert isinstance(logs, dict) and (logs or None) is logs and not fetched
    assert logs["loss"] == 0.5 and type(logs["loss"]) is float
    assert logs["a"] == 1.0 and fetched == [1]


@pytest.mark.parametrize(
    "read",
    [
        dict,
        repr,
        len,
        list,
        sorted,
        json.dumps,
        copy.copy,
        copy.deepcopy,
        lambda d: {**d},
        lambda d: d.get("loss"),
        lambda d: d.get("x", 3),
        lambda d: "a" in d,
        lambda d: list(d.items()),
        lambda d: list(d.keys()),
        lambda d: list(d.values()),
        lambda d: d.copy(),
        lambda d: d | {"z": 1},
        lambda d: {"z": 1} | d,
        lambda d: d == EAGER,
        lambda d: d != EAGER,
        lambda d: d == EAGER,
        lambda d: "{loss:.1f}".format(**d),
        lambda d: f"{d['loss']}",
        lambda d: pickle.loads(pickle.dumps(d)),
        lambda d: d.pop("a"),
        lambda d: list(reversed(d)),
        lambda d: bool(d),
        lambda d: {"q": 0, **d},
        lambda d: (d.update(b=2), dict(d)),
        lambda d: (d.setdefault("n", 1), dict(d)),
        lambda d: (d.__setitem__("lr", 2), dict(d)),
        lambda d: (d.pop("loss"), dict(d)),
        lambda d: json.dumps(d, indent=1),
        lambda d: json.dumps({"logs": d}),
    ],
)
def test_lazy_logs_read_like_a_dictionary(read):
    assert read(ours.LazyLogs(lambda: dict(EAGER))) == read(dict(EAGER))


EAGER = {"a": 1.0, "loss": 0.5}


def test_lazy_logs_pass_through_the_list_unread():
    def fetch():
        raise AssertionError("read")

    callbacks = ours.CallbackList([OnBatch()], add_history=True, add_progbar=True)
    logs = ours.LazyLogs(fetch)
    callbacks.on_train_batch_end(0, logs)
    callbacks.progress(1, logs)


@pytest.mark.parametrize(
    "callback",
    [
        ours.EarlyStopping(),
        ours.History(),
        ours.ModelCheckpoint("a.keras", save_freq=3),
        ours.ReduceLROnPlateau(),
        ours.TerminateOnNaN(),
        ours.ProgbarLogger(),
    ],
    ids=lambda c: type(c).__name__,
)
def test_callbacks_pickle_and_copy(callback):
    for again in (pickle.loads(pickle.dumps(callback)), copy.deepcopy(callback)):
        assert again.get_state() == callback.get_state()
