"""An interrupted training goes on, number for number, in another process."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

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
        for how, (freq, where) in hows.items():
            job = {"name": name, "path": f"{path} {how}", "freq": freq, "how": how}
            before.append({**job, "action": "interrupted", "where": where})
            after.append({**job, "action": "resumed"})
    found = {}
    for job, answer in zip(before, ran(before), strict=True):
        if job["action"] == "straight":
            found[job["name"], job["freq"]] = answer
        endings = {"half": (".h5", ".keras"), "checkpointed": (".checkpoint",)}
        for ending in endings.get(job["action"], ()):
            more = {"ending": ending, "how": ending, "state": answer}
            after.append({**job, **more, "action": "other_half"})
    deaths = []
    for how, (freq, double, kill) in KILLED.items():
        path = str(root / f"killed {how}")
        job = {"name": "adam", "path": path, "freq": freq, "how": how, "double": double}
        deaths.append({**job, "action": "killed", "kill": kill})
        after.append({**job, "action": "resumed"})
    # All of the dead run the same programs: one compiles them.
    cache = {
        "JAX_COMPILATION_CACHE_DIR": str(root / "programs"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    found["deaths"] = ran(deaths, **cache)
    for job, answer in zip(after, ran(after), strict=True):
        found[job["name"], job["how"]] = answer
    return found


def assert_goes_on(found, whole):
    assert found["numbers"] == whole["numbers"]
    first = EPOCHS - len(found["epochs"]) if not found["epochs"] else found["epochs"][0]
    assert found["epochs"] == whole["epochs"][first:]
    for key, values in found["history"].items():
        if "learning_rate" not in key:
            assert values == whole["history"][key][first:], key


FILES = [".h5", ".keras", ".checkpoint"]


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
