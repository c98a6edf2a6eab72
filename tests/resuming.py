"""The other processes of `test_resume.py`: they train, save, load, and die when told.

Reads jobs from the standard input, one JSON object a line, and answers each with a
line: whether it came to its end. A job with `kill` runs in a fork.
"""

import importlib
import json
import os
import signal
import sys
import warnings

import numpy as np

import kerasish as keras
from kerasish import callbacks, layers, optimizers
from kerasish.saving import atomic, hdf5

ROWS, BATCH, EPOCHS = 14, 4, 4  # batches of 4, 4, 4 and 2
draw = np.random.default_rng(5)
X = draw.normal(size=(ROWS, 3)).astype("float32")
Y = (X @ [1.0, -2.0, 0.5] > 0).astype("float32")[:, None]


@keras.saving.register_keras_serializable("resuming")
class Shaking(layers.Layer):
    """Draws from the generator that belongs to nobody."""

    def call(self, x):
        return x + 0.1 * keras.random.normal(keras.ops.shape(x))


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return -(-ROWS // BATCH)

    def __getitem__(self, i):
        rows = slice(i * BATCH, (i + 1) * BATCH)
        return X[rows], Y[rows]


def net(optimizer, *middle, dtype=None):
    last = layers.Dense(1, "sigmoid", dtype="float32")
    hidden = [layers.Dense(8, "tanh", dtype=dtype), *middle]
    model = keras.Sequential([keras.Input((3,)), *hidden, last])
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    return model


def decaying():
    return optimizers.schedules.ExponentialDecay(0.05, 3, 0.9)


def reducing(monitor="loss"):
    return callbacks.ReduceLROnPlateau(
        monitor, factor=0.5, patience=2, min_delta=10, cooldown=0
    )


def adam(**options):
    return net(
        optimizers.Adam(0.05, **options),
        layers.BatchNormalization(),
        layers.Dropout(0.3),
    )


def mixed(policy):
    return net(optimizers.Adam(0.01), layers.Dropout(0.3), dtype=policy)


# What makes the model, the callbacks, and the arguments of `fit`.
CASES = {
    "adam": (adam, lambda: [reducing()], {}),
    "schedule": (
        lambda: net(
            optimizers.Adam(decaying()),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
        ),
        list,
        {},
    ),
    "validation": (
        lambda: net(optimizers.SGD(0.1, 0.9, nesterov=True), layers.GaussianNoise(0.2)),
        lambda: [callbacks.EarlyStopping(patience=3), reducing("val_loss")],
        {"validation_data": (X[:5], Y[:5])},
    ),
    "stopping": (
        lambda: net(optimizers.SGD(0.1, 0.9), layers.GaussianDropout(0.2)),
        lambda: [callbacks.EarlyStopping("loss", min_delta=10, patience=2)],
        {"validation_split": 0.25},
    ),
    "float16": (
        lambda: mixed("mixed_float16"),
        lambda: [callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.7)],
        {},
    ),
    "bfloat16": (lambda: mixed("mixed_bfloat16"), lambda: [reducing()], {}),
    "accumulating": (lambda: adam(gradient_accumulation_steps=3), list, {}),
    "data set": (adam, lambda: [reducing()], {"x": Batches}),
    "steps": (adam, list, {"steps_per_epoch": 2}),
    "nobody's generator": (
        lambda: net(optimizers.SGD(0.1), Shaking()),
        lambda: [reducing()],
        {},
    ),
}
# These are exact only if the training is not ended and begun again.
UNENDED = {
    "best weights": (
        CASES["validation"][0],
        lambda: [callbacks.EarlyStopping(patience=2, restore_best_weights=True)],
        CASES["validation"][2],
    ),
    "averages": (lambda: adam(use_ema=True, ema_momentum=0.9), list, {}),
}
ALL = CASES | UNENDED


class Interrupted(Exception):
    pass


class Stop(callbacks.Callback):
    """Ends all after `step` batches of an epoch; the epoch itself if `step` is None."""

    def __init__(self, epoch, step, act):
        super().__init__()
        self.where, self.act, self.epoch = (epoch, step), act, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def uses(self, hook):
        batches = "batch" in hook
        return super().uses(hook) and (self.where[1] is not None or not batches)

    def on_train_batch_begin(self, batch, logs=None):
        if (self.epoch, batch) == self.where:
            self.act()

    def on_epoch_end(self, epoch, logs=None):
        if (epoch, None) == self.where:
            self.act()


def raising():
    raise Interrupted


def dying():
    os.kill(os.getpid(), signal.SIGKILL)


def fresh(name):
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(7)
    make, _, _ = ALL[name]
    return make()


def fit(model, name, more=(), epochs=EPOCHS, initial=0, callbacks=None):
    _, given, options = ALL[name]
    if "x" in options:
        data = {"x": options["x"]()}
    else:
        data = {"x": X, "y": Y, "batch_size": BATCH, **options}
    told = given() if callbacks is None else callbacks
    model.fit(
        **data,
        epochs=epochs,
        initial_epoch=initial,
        verbose=0,
        callbacks=[*told, *more],
    )
    return told


def outcome(model):
    """All numbers of a model, as they are in memory."""
    variables = [*model.variables, *model.optimizer.variables]
    return {
        "numbers": [v.numpy().tobytes().hex() for v in variables],
        "epochs": model.history.epoch,
        "history": {k: [x.hex() for x in v] for k, v in model.history.history.items()},
    }


def straight(name, path, freq, **_):
    model = fresh(name)
    fit(model, name, [callbacks.BackupAndRestore(path, freq)] if freq else [])
    return outcome(model)


def half(name, path, **_):
    """Train half of the epochs, save in both formats."""
    model = fresh(name)
    fit(model, name, epochs=EPOCHS // 2)
    for ending in ".h5", ".keras":
        model.save(path + ending)


def other_half(name, path, ending, **_):
    """Go on with callbacks that are new, in a process that is new."""
    model = keras.saving.load_model(path + ending)
    fit(model, name, initial=EPOCHS // 2)
    return outcome(model)


def checkpointed(name, path, **_):
    """Take checkpoints; what is trained after them does not count."""
    saver = callbacks.ModelCheckpoint(path + "-{epoch}.keras")
    fit(fresh(name), name, [saver])
    os.rename(f"{path}-{EPOCHS // 2}.keras", path + ".checkpoint")


def checkpointed_within(name, path, **_):
    """Take checkpoints within epochs; one of the epoch behind the middle counts."""
    saver = callbacks.ModelCheckpoint(path + "-{epoch}-{batch}.h5", save_freq=1)
    fit(fresh(name), name, [saver])
    os.rename(f"{path}-{EPOCHS // 2 + 1}-2.h5", path + ".batch")


def interrupted(name, path, freq, where, **_):
    backup = callbacks.BackupAndRestore(path, freq)
    try:
        fit(fresh(name), name, [backup, Stop(*where, raising)])
    except Interrupted:
        return None
    raise AssertionError("it was not interrupted")


def resumed(name, path, freq, **_):
    model = fresh(name)
    fit(model, name, [callbacks.BackupAndRestore(path, freq)])
    assert not os.path.exists(path)
    return outcome(model)


def killed(name, path, freq, kill, double, **_):
    """Die before a step, or at some call of a function that saving uses."""
    place, count = kill
    where = count if place == "step" else (-1, -1)
    if place != "step":
        owner = {"write": hdf5, "_sync_folder": atomic}.get(place, os)
        inner, left = getattr(owner, place), [count]

        def counted(*args, **kwargs):
            left[0] -= 1
            return inner(*args, **kwargs) if left[0] else dying()

        setattr(owner, place, counted)
    backup = callbacks.BackupAndRestore(path, freq, double)
    fit(fresh(name), name, [backup, Stop(*where, dying)])


def main():
    importlib.import_module("jax")  # once for all forks; nothing is computed before
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message="os.fork")
    warnings.filterwarnings("ignore", message=".*float16.*")
    for line in sys.stdin:
        job = json.loads(line)
        action = globals()[job["action"]]
        if job["action"] == "killed":
            pid = os.fork()
            if not pid:
                action(**job)
                os._exit(0)
            answer = os.WTERMSIG(os.waitpid(pid, 0)[1])
        else:
            answer = action(**job)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
