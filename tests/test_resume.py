"""An interrupted training goes on, number for number, in another process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from resuming import ALL, CASES, EPOCHS

import kerasish

if kerasish.config.backend() != "jax" or sys.platform == "win32":
    pytest.skip("needs JAX and fork", allow_module_level=True)

SCRIPT = Path(__file__).with_name("resuming.py")
HALF = EPOCHS // 2
# Backups: how often, and where the training is interrupted.
INTERRUPTED = {
    "each epoch": ("epoch", (HALF, 1)),
    "end of an epoch": ("epoch", (HALF - 1, None)),
    "each batch": (1, (HALF, 1)),
    "batches": (3, (HALF - 1, 1)),
}
FREQUENCIES = sorted({freq for freq, _ in INTERRUPTED.values()}, key=str)


def ran(jobs):
    """Run jobs in a process of their own; return their answers."""
    lines = "".join(json.dumps(job) + "\n" for job in jobs)
    command = [sys.executable, str(SCRIPT)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """`{(case, how): outcome}`: one process trains and dies, another goes on."""
    root = tmp_path_factory.mktemp("runs")
    before, after = [], []
    for name in ALL:
        path = str(root / name)
        for freq in None, *FREQUENCIES:
            job = {"name": name, "path": path, "freq": freq, "how": freq}
            before.append({**job, "action": "straight"})
        if name in CASES:
            before.append({"action": "half", "name": name, "path": path})
            before.append({"action": "checkpointed", "name": name, "path": path})
        for how, (freq, where) in INTERRUPTED.items():
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
    for job, answer in zip(after, ran(after), strict=True):
        found[job["name"], job["how"]] = answer
    return found


def assert_goes_on(found, whole):
    assert found["numbers"] == whole["numbers"]
    first = whole["epochs"].index(found["epochs"][0])
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
        for how in [*(FILES if name in CASES else ()), *INTERRUPTED]
    ],
)
def test_goes_on_as_if_never_interrupted(name, how, runs):
    # A backup after so many batches is another program, which may round otherwise.
    freq = INTERRUPTED[how][0] if how in INTERRUPTED else None
    assert_goes_on(runs[name, how], runs[name, freq])
