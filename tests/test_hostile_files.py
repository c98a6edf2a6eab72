"""Files from anybody: each is refused in words of ours, soon, and without harm."""

import json
import subprocess
import sys
from pathlib import Path

import hostile_files
import pytest

CHILDREN = 2
IDS = [" | ".join(case) for case in hostile_files.CASES]


@pytest.fixture(scope="module")
def results():
    """What came of all cases, in children of limited memory."""
    run = [sys.executable, hostile_files.__file__]
    children = [
        subprocess.Popen([*run, str(n), str(CHILDREN)], stdout=-1, stderr=-1)
        for n in range(CHILDREN)
    ]
    found = {}
    for child in children:
        out, errors = child.communicate(timeout=300)
        assert child.returncode == 0, errors.decode()[-3000:]
        found |= json.loads(out)
    return found


def test_the_catalogue_is_large_and_names_every_advisory():
    assert len(set(IDS)) == len(IDS) > 1000
    known = """CVE-2024-3660 CVE-2025-1550 CVE-2025-8747 CVE-2025-9905 CVE-2025-9906
        CVE-2025-12058 CVE-2026-0897 CVE-2026-1462 CVE-2026-12479 CVE-2026-12481
        GHSA-hqp4-2352-xf5r"""
    assert not [name for name in known.split() if not any(name in i for i in IDS)]
    # What no layer here does is refused by name: no file of words is ever read.
    assert len([i for i in IDS if i.startswith("CVE-2025-12058")]) >= 3 * 7
    fetched = Path(__file__).with_name("test_get_file.py").read_text()
    others = "CVE-2024-55459 CVE-2025-12060 CVE-2025-12638 GHSA-hqp4-2352-xf5r"
    assert not [name for name in others.split() if name not in fetched]
    # CVE-2026-1669 and GHSA-27f4-p4xq-cxg8 are links out of a file, also where weights
    # alone are loaded; the rest are archives that `get_file` unpacks: test_get_file.py
    for technique in ("external_link", "external_group", "external_storage", "virtual"):
        for file, doors in hostile_files.DOORS.items():
            assert all(f"{technique} | {file} | {door}" in IDS for door in doors)


@pytest.mark.parametrize("name", IDS)
def test_hostile_files_are_refused(name, results):
    result = results[name]
    assert not result["touched"]
    assert result["seconds"] < 2
    assert result["mebibytes"] < 200
    assert not hostile_files.CANARY.exists() and not Path("/tmp/canary").exists()
    key, _, door = name.rpartition(" | ")
    if not result["kind"]:
        skipped = door == "skip_mismatch" and any(
            "kipped" in w for w in result["warned"]
        )
        assert skipped or key in hostile_files.HARMLESS
        return
    assert result["kind"] in ("ValueError", "TypeError")
    assert len(result["text"]) > 20
