"""An interrupted training goes on, number for number, in another process."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from resuming import ALL, CASES, EPOCHS

import kerasish

if kerasish.config.backend() != "jax" or sys.platform == "win32":
    pytest.skip("needs JAX and fork", allow_module_level=True)

SCRIPT = Path(__file__).with_name("resuming.py")
HALF = EPOCHS // 2
# Compiling is most of the time; run the file without this to test optimized programs.
QUICK = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
# Backups: how often, and where the training is interrupted.
INTERRUPTED = {
    "each epoch": ("epoch", (HALF, 1)),
    "end of an epoch": ("epoch", (HALF - 1, None)),
    "each batch": (1, (HALF, 1)),
    "batches": (3, (HALF - 1, 1)),
}
# Backups: how often, whether two are kept, and what the process did last: a step of an
# epoch, or some call of a function that saving uses.
KILLED = {
    "before a backup": ("epoch", False, ("step", (0, 2))),
    "in an epoch": ("epoch", False, ("step", (HALF, 2))),
    "at a batch": (1, False, ("step", (1, 3))),
    "at the first writing": ("epoch", False, ("write", 1)),
    "at writing": ("epoch", False, ("write", 50)),
    "at writing a batch": (3, False, ("write", 70)),
    "at the disk": ("epoch", False, ("fsync", 5)),
    "before it is there": ("epoch", False, ("replace", 3)),
    "when it is there": ("epoch", False, ("_sync_folder", 2)),
    "between two": ("epoch", True, ("replace", 5)),
    "with the one before": ("epoch", True, ("write", 80)),
    "at the end": ("epoch", False, ("step", (EPOCHS - 1, None))),
    "when all is done": ("epoch", True, ("unlink", 2)),
}


def hows_of(name):
    """The interruptions of a case; the one whose programs cannot be shared has one."""
    return dict([*INTERRUPTED.items()][: 1 if "nobody" in name else None])


def ran(jobs, **environment):
    """Run jobs in a process of their own; return their answers."""
    lines = "".join(json.dumps(job) + "\n" for job in jobs)
    command = [sys.executable, str(SCRIPT)]
    done = subprocess.run(
        command,
        input=lines,
        capture_output=True,
        text=True,
        env={**os.environ, **QUICK, **environment},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """`{(case, how): outcome}`: one process trains and dies, another goes on."""
    root = tmp_path_factory.mktemp("runs")
    before, after = [], []
    for name in ALL:
        path = str(root / name)
        hows = hows_of(name)
        for freq in {None, *(freq for freq, _ in hows.values())}:
            job = {"name": name, "path": path, "freq": freq, "how": freq}
            before.append({**job, "action": "straight"})
        if name in CASES:
            before.append({"action": "half", "name": name, "path": path})
            before.append({"action": "checkpointed", "name": name, "path": path})
            before.append({"action": "checkpointed_within", "name": name, "path": path})
        for how, (freq, where) in hows.items():
            job = {"name": name, "path": f"{path} {how}", "freq": freq, "how": how}
            before.append({**job, "action": "interrupted", "where": where})
            after.append({**job, "action": "resumed"})
    # All run the same programs: one compiles them.
    cache = {
        "JAX_COMPILATION_CACHE_DIR": str(root / "programs"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    found = {}
    for job, answer in zip(before, ran(before, **cache), strict=True):
        if job["action"] == "straight":
            found[job["name"], job["freq"]] = answer
        endings = {
            "half": (".h5", ".keras"),
            "checkpointed": (".checkpoint",),
            "checkpointed_within": (".batch",),
        }
        for ending in endings.get(job["action"], ()):
            more = {"ending": ending, "how": ending, "action": "other_half"}
            after.append({**job, **more})
    deaths = []
    for how, (freq, double, kill) in KILLED.items():
        path = str(root / f"killed {how}")
        job = {"name": "adam", "path": path, "freq": freq, "how": how, "double": double}
        deaths.append({**job, "action": "killed", "kill": kill})
        after.append({**job, "action": "resumed"})
    found["deaths"] = ran(deaths, **cache)
    for job, answer in zip(after, ran(after, **cache), strict=True):
        found[job["name"], job["how"]] = answer
    return found


def assert_goes_on(found, whole):
    assert found["numbers"] == whole["numbers"]
    first = EPOCHS - len(found["epochs"]) if not found["epochs"] else found["epochs"][0]
    assert found["epochs"] == whole["epochs"][first:]
    for key, values in found["history"].items():
        if "learning_rate" not in key:
            assert values == whole["history"][key][first:], key


FILES = [".h5", ".keras", ".checkpoint", ".batch"]


@pytest.mark.parametrize(
    "name,how",
    [
        (name, how)
        for name in ALL
        for how in [*(FILES if name in CASES else ()), *hows_of(name)]
    ],
)
def test_goes_on_as_if_never_interrupted(name, how, runs):
    # A backup after so many batches is another program, which may round otherwise.
    freq = INTERRUPTED[how][0] if how in INTERRUPTED else None
    assert_goes_on(runs[name, how], runs[name, freq])


@pytest.mark.parametrize("how", KILLED)
def test_goes_on_after_a_kill(how, runs):
    assert set(runs["deaths"]) == {signal.SIGKILL}
    found, whole = runs["adam", how], runs["adam", KILLED[how][0]]
    assert_goes_on(found, whole)
    left = {"before a backup": 4, "between two": 2, "at the end": 1}
    assert len(found["epochs"]) == left.get(how, len(found["epochs"]))


def small(units=1):
    model = kerasish.Sequential([kerasish.Input((1,)), kerasish.layers.Dense(units)])
    model.compile("sgd", "mse")
    return model


def trained(folder, epochs, units=1, **options):
    backup = kerasish.callbacks.BackupAndRestore(folder, **options)
    x, y = np.ones((4, 1)), np.ones((4, units))
    history = small(units).fit(x, y, epochs=epochs, callbacks=[backup], verbose=0)
    return history.epoch


def test_damaged_and_foreign_backups(tmp_path):
    keep = {"double_checkpoint": True, "delete_checkpoint": False}
    assert trained(tmp_path, 2, **keep) == [0, 1]
    warned = pytest.warns(UserWarning, match="Shapes in the file")
    with warned, pytest.raises(ValueError, match=r"\(1, 2\)"):
        trained(tmp_path, 3, units=2, double_checkpoint=True)
    latest = tmp_path / "latest.weights.h5"
    latest.write_bytes(latest.read_bytes()[:999])
    with pytest.warns(UserWarning, match="goes on from the backup before it"):
        assert trained(tmp_path, 2, **keep) == [1]
    (tmp_path / "mine.txt").touch()
    assert trained(tmp_path, 2) == []
    assert os.listdir(tmp_path) == ["mine.txt"]


@pytest.mark.parametrize("folder,freq", [("", 1), ("x", "x"), ("x", -1), ("x", 2.5)])
def test_wrong_arguments(folder, freq):
    with pytest.raises(ValueError, match=r"backup_dir|save_freq"):
        kerasish.callbacks.BackupAndRestore(folder, freq)


def saved_half(path):
    model = small()
    plateau = kerasish.callbacks.ReduceLROnPlateau("loss", patience=9)
    x, y = np.ones((4, 1)), np.ones(4)
    model.fit(x, y, epochs=2, callbacks=[plateau], verbose=0)
    model.save(path)
    return x, y


def forged(path, change):
    """Rewrite the JSON of the run in a `.h5` file."""
    with h5py.File(path, "r+") as file:
        run = json.loads(file["kerasish/run"][()].tobytes())
        change(run)
        del file["kerasish/run"]
        text = json.dumps(run).encode()
        file["kerasish/run"] = np.frombuffer(text, "uint8")


@pytest.mark.parametrize(
    "change",
    [
        lambda run: run.pop("step"),
        lambda run: run.update(epoch="2"),
        lambda run: run.update(epoch=-1),
        lambda run: run["callbacks"].update(ReduceLROnPlateau=[1]),
        lambda run: run.update(metrics=[{"array": 0}, {"array": 0}]),
        lambda run: run.update(metrics=[{"array": "../../model_weights"}]),
    ],
)
def test_a_forged_run_is_refused(change, tmp_path):
    saved_half(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        del file["kerasish/arrays"]
        file["kerasish/arrays/0"] = np.zeros(2)
    forged(tmp_path / "m.h5", change)
    with pytest.raises(ValueError, match=r"The file is (damaged|refused): "):
        kerasish.saving.load_model(tmp_path / "m.h5")


def test_a_model_file_says_nothing_to_callbacks_that_it_does_not_know(tmp_path):
    x, y = saved_half(tmp_path / "m.h5")
    odd = {"CSVLogger": {"position": 1}, "Other": {"wait": 3}}
    forged(tmp_path / "m.h5", lambda run: run["callbacks"].update(odd))
    forged(
        tmp_path / "m.h5", lambda run: run["callbacks"]["ReduceLROnPlateau"].pop("best")
    )
    model = kerasish.saving.load_model(tmp_path / "m.h5")
    log = tmp_path / "log.csv"
    log.write_text("epoch,loss\n0,1.0\n")
    told = [kerasish.callbacks.CSVLogger(log, append=True)]
    model.fit(x, y, epochs=3, initial_epoch=2, callbacks=told, verbose=0)
    assert log.read_text().startswith("epoch,loss\n0,1.0\n")


def test_callbacks_begin_anew_where_the_file_did_not_end(tmp_path):
    x, y = saved_half(tmp_path / "m.h5")
    forged(
        tmp_path / "m.h5",
        lambda run: run["callbacks"]["ReduceLROnPlateau"].update(wait=8, best=-1.0),
    )
    for initial, rate in ((0, 0.01), (1, 0.01), (2, 0.001)):
        model = kerasish.saving.load_model(tmp_path / "m.h5")
        plateau = kerasish.callbacks.ReduceLROnPlateau("loss", patience=9)
        how = {"epochs": initial + 1, "initial_epoch": initial, "verbose": 0}
        model.fit(x, y, callbacks=[plateau], **how)
        assert float(model.optimizer.learning_rate) == pytest.approx(rate)


def test_a_model_file_has_no_second_weights(tmp_path):
    model, x, y = small(300), np.ones((4, 1)), np.ones((4, 300))
    stop = kerasish.callbacks.EarlyStopping("loss", restore_best_weights=True)
    saver = kerasish.callbacks.ModelCheckpoint(str(tmp_path / "m.keras"))
    model.fit(x, y, epochs=2, callbacks=[stop, saver], verbose=0)
    model.save(tmp_path / "after.keras")
    again = kerasish.saving.load_model(tmp_path / "m.keras")
    assert "best_weights" not in again._last_run["callbacks"]["EarlyStopping"]
    with pytest.warns(UserWarning, match="not the weights of that epoch"):
        again.fit(x, y, epochs=3, initial_epoch=2, callbacks=[stop], verbose=0)
