"""Ops and layers on the NumPy backend: what does not run there is listed, no more.

All is tried in one process of its own, with that backend, and compared here with JAX.
"""

import os
import pickle
import re
import subprocess
import sys

import jax
import numpy as np
import numpy_coverage as coverage
import pytest
import test_ops

from kerasish import backend, tree

pytestmark = pytest.mark.usefixtures("quick_compilation")


def tried(folder):
    """The outcomes on NumPy, from a process that loads neither JAX nor Keras."""
    file = folder / "outcomes"
    subprocess.run(
        [sys.executable, coverage.__file__, file],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=True,
    )
    return pickle.loads(file.read_bytes())


def names(found):
    """Of the ops and layers, without the numbers of their cases."""
    return {name.rpartition("-")[0] for name in found}


def problem(name, compare, *args):
    """A list of `name` and what is wrong with it, or of nothing."""
    try:
        compare(*args)
    except AssertionError as error:
        return [f"{name}: {error}"]
    return []


def wrong_ops(found):
    """Values and gradients that are not those of JAX."""
    wrong, of_jax = [], test_ops.results(test_ops.no_reference)
    for name, row, make in coverage.cases():
        if row is None or not name.startswith("ops.") or make().random:
            continue
        theirs, slopes = test_ops.unless_raised(of_jax[id(row)][0])
        ours = found[name]["call"][0]
        ours = ours if len(ours) != 1 else ours[0]
        ours, theirs = (test_ops.comparable(row.name, x) for x in (ours, theirs))
        wrong += problem(name, test_ops.assert_equal, ours, theirs, row.tolerance)
        if len(slopes):
            ours = found[name]["gradient"][0]
            tolerance = 10 * row.tolerance
            wrong += problem(name, test_ops.assert_equal, ours, slopes, tolerance)
    return wrong


def of_layers():
    """The last case of each layer that is not about images, by its name."""
    last = {}
    for name, row, make in coverage.cases():
        if name.startswith("layers.") and hasattr(row, "shapes"):
            last[row.name] = name, make
    cases = {name: make() for name, make in last.values()}
    return {name: c for name, c in cases.items() if not (c.random or c.images)}


def wrong_layers(found, close):
    wrong, cases = [], list(of_layers().items())
    for start in range(0, len(cases), 50):  # compiled together: faster
        piece = cases[start : start + 50]

        def run(inputs, piece=piece):
            return [case.call(x) for (_, case), x in zip(piece, inputs)]

        results = jax.jit(run)([case.values for _, case in piece])
        for (name, _), theirs in zip(piece, results):
            ours = found[name]["call"][0]
            wrong += problem(name, close, ours, tree.flatten(theirs), 1e-4, 1e-5)
            kinds = [[str(x.dtype) for x in tree.flatten(y)] for y in (ours, theirs)]
            wrong += [] if kinds[0] == kinds[1] else [f"{name}: dtypes {kinds}"]
    return wrong


def wrong_shapes(found):
    """Symbolic results that are not what the call gave."""
    wrong = []
    for name, ways in found.items():
        symbols = ways.get("symbolic", (None, ""))[0] or []
        for (shape, dtype), real in zip(symbols, ways["call"][0] if symbols else []):
            known = [real.shape[i] if n is None else n for i, n in enumerate(shape)]
            if (tuple(known), dtype) != (real.shape, backend.dtype_name(real)):
                wrong.append(f"{name}: {shape} {dtype}, not {real.shape} {real.dtype}")
    return wrong


def wrong_slopes(found):
    """Gradients of another dtype, or that are not finite or not the slopes measured."""
    wrong = []
    for name, ways in found.items():
        for g in ways.get("gradient", (None, ""))[0] or []:
            finite = np.isfinite(g).all() or name.startswith("ops.")  # as JAX's are
            if g.dtype.name != "float32" or not finite:
                wrong.append(f"{name}: gradient {g}")
        slope, measured = ways.get("slopes", (None, ""))[0] or (0, 0)
        if not abs(slope - measured) <= 1e-4 * max(1, abs(slope)):
            wrong.append(f"{name}: slope {slope}, measured {measured}")
    return wrong


def wrong_words(found):
    """What layers on the host make of texts and numbers."""
    wrong = []
    for name, row, _ in coverage.cases():
        if hasattr(row, "expected"):
            ours = np.asarray(found[name]["call"][0][0])
            expected = np.asarray(row.expected)
            if ours.dtype.kind == "f":
                same = np.allclose(ours, expected)
            else:
                same = ours.tolist() == expected.tolist()
            wrong += [] if same else [f"{name}: {ours}"]
    return wrong


def test_what_does_not_run_is_listed_and_the_rest_is_right(tmp_path, close):
    found = tried(tmp_path)
    assert {f"ops.{name}" for name in test_ops.all_ops()} - names(found) == set()
    listed = coverage.EXCEPTIONS.read_text(encoding="utf-8")
    assert coverage.listing(coverage.failures(found)) == listed, (
        "what runs on NumPy has changed: mend it, or run python tests/numpy_coverage.py"
    )
    wrong = [*wrong_ops(found), *wrong_layers(found, close), *wrong_shapes(found)]
    wrong += [*wrong_slopes(found), *wrong_words(found)]
    assert not wrong, "\n".join(wrong)


def test_the_guide_has_the_list():
    page = coverage.PAGE.read_text(encoding="utf-8")
    rows = page.partition(coverage.START)[2].partition(coverage.END)[0]
    assert rows == coverage.table(coverage.EXCEPTIONS.read_text(encoding="utf-8"))


def test_the_guide_names_the_contract():
    page = coverage.PAGE.read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    named = {word for row in rows for word in re.findall(r"`(\w+)`", row)}
    assert set(backend.CONTRACT) - named == set()


def test_a_failure_would_be_listed():
    why = {
        "ops.b(1)": "TypeError: no b. At all.",
        "ops.a(2)": "TypeError: no b. At all.",
    }
    text = coverage.listing(why)
    assert text == "TypeError: no b. At all.\n    ops.a(2)\n    ops.b(1)\n"
    assert "| `ops.a(2)` | no b |\n| `ops.b(1)` | no b |\n" in coverage.table(text)
