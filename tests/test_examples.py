"""The examples run, and reach the numbers that they promise."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parent.parent / "examples"


@pytest.fixture
def example(monkeypatch, tmp_path):
    """`example(name)`: the example's module; it writes into a temporary folder."""
    pytest.importorskip("sklearn", reason="the examples' data come with scikit-learn")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def test_every_example_is_tested():
    tested = Path(__file__).read_text(encoding="utf-8")
    assert not [p.stem for p in FOLDER.glob("*.py") if f'"{p.stem}' not in tested]


def test_xor_in_28_lines(tmp_path):
    path = FOLDER / "xor_28_lines.py"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 28
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent)}
    done = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        check=True,
    )
    error = re.search(r"squared error ([0-9.]+)", done.stdout)
    assert error is not None and float(error[1]) < 0.02


def test_iris(example):
    assert example("iris").main(verbose=0) > 0.9


def test_digits(example):
    assert example("digits").main(verbose=0) > 0.97


def test_sine(example):
    assert example("sine").main() < 0.05
    assert Path("sine.png").stat().st_size > 1000


def test_save_and_load(example, tmp_path):
    assert example("save_and_load").main(tmp_path) == 0


def test_functional_multi_io(example):
    digit, same = example("functional_multi_io").main()
    assert digit > 0.85 and same > 0.85


def test_logic_gates_show_table_weights_and_curve(example, capsys):
    gates = example("logic_gates")
    gates.plot(gates.main())
    shown = capsys.readouterr().out
    assert shown.count("learned") == 6 and shown.count("cost ") == 5
    assert "neuron 0: w = (" in shown
    assert Path("logic_gates.png").stat().st_size > 1000


@pytest.mark.parametrize("gate", ["AND", "OR", "NAND", "XOR"])
def test_gates_are_learnt_from_any_seed(example, gate):
    import kerasish

    gates = example("logic_gates")
    hidden = 8 if gate == "XOR" else 0
    trained = gates.network(hidden)
    start = [v.numpy() for v in trained.optimizer.variables]
    for seed in range(20):
        kerasish.utils.set_random_seed(seed)
        # One compiled model serves all seeds: fresh weights, fresh optimizer.
        trained.set_weights(gates.network(hidden).get_weights())
        fresh = [np.zeros(v.shape, v.dtype) for v in trained.optimizer.variables]
        fresh[: len(start)] = start
        for variable, value in zip(trained.optimizer.variables, fresh, strict=True):
            variable.assign(value)
        gates.train(trained, gates.GATES[gate])
        answers = trained.predict(gates.INPUTS, verbose=0).ravel() > 0.5
        assert answers.tolist() == (gates.GATES[gate] > 0.5).tolist(), seed
