"""Good files changed by chance: an error of ours, or the weights as they were."""

import json
import subprocess
import sys

import fuzz_files

CHILDREN, CASES = 2, 600


def test_files_changed_by_chance_give_an_error_or_do_no_harm():
    run = [sys.executable, fuzz_files.__file__]
    children = [
        subprocess.Popen([*run, str(seed), str(CASES)], stdout=-1, stderr=-1)
        for seed in range(CHILDREN)
    ]
    for child in children:
        out, errors = child.communicate(timeout=300)
        assert child.returncode == 0, errors.decode()[-3000:]  # a crash, or a hang
        found = json.loads(out)
        assert not found["wrong"]
        assert sum(found["results"].values()) == CASES
        assert found["results"]["loaded"] > 0
