"""The examples run as they stand and reach their numbers; gates learn from any seed."""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import kerasish
from tests.pages import assert_same_numbers

EXAMPLES = Path(__file__).parents[1] / "examples"
pytestmark = pytest.mark.skipif(
    kerasish.config.backend() == "numpy", reason="too slow without compilation"
)


def run(name, monkeypatch, folder, as_script=False):
    """Run an example in an empty folder; return its names."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", [f"{name}.py"])
    path = str(EXAMPLES / f"{name}.py")
    return runpy.run_path(path, run_name="__main__" if as_script else name)


# name -> what `main()` must return
NUMBERS = {
    "digits": lambda accuracy: accuracy > 0.97,
    "iris": lambda accuracy: accuracy > 0.9,
    "sine": lambda error: error < 0.05,
    "save_and_load": lambda difference: difference == 0,
    "lenet": lambda found: (
        min(found["plain"][0], found["lenet"][0]) > 0.96
        and found["lenet"][1] > found["plain"][1]
    ),
    "cifar_cnn": lambda accuracy: accuracy > 0.95,
    "word2vec": lambda right: right > 0.7,
    "lstm_series": lambda share: share < 0.15,
    "seq2seq_addition": lambda right: right > 0.9,
    "vae": lambda losses: losses[0] < 0.93 * losses[1],
    "transformer": lambda losses: losses[0] < 0.65 * losses[1],
    "functional_multi_io": lambda accuracies: min(accuracies) > 0.85,
}


@pytest.mark.parametrize("name", NUMBERS)
def test_example_reaches_its_numbers(name, monkeypatch, tmp_path, capsys):
    found = run(name, monkeypatch, tmp_path)["main"]()
    assert NUMBERS[name](found), found
    assert capsys.readouterr().out.strip()


SURE = 1 / (1 + np.e)  # the sigmoid of −1
POINTS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
POWER = np.exp(0.5 * np.arccosh(2))
BY_HAND = [np.sinh(1 + POWER)] + list(
    np.cosh(1 + POWER) * np.array([7, POWER * np.arccosh(2), POWER * 0.5 / 3**0.5])
)


def learnt_by_hand(targets, steps=30_000, rate=0.01):
    """The weights and the bias of a sigmoid neuron, by the slope of cross-entropy."""
    rows = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1.0]])
    w = np.zeros(3)
    for _ in range(steps):
        w -= rate * rows.T @ (1 / (1 + np.exp(-rows @ w)) - targets)
    return w


# name -> what `main()` must return, from the mathematics. All numbers that these print
# are those which their pages show. (One has no `main`: the lines are its point.)
WORKED = {
    "sigmoid_neuron": lambda found: (
        np.allclose(found[0], [SURE, *(SURE * (1 - SURE) * np.array([0.5, 2, 1]))])
        and np.allclose(found[1]["sine"], [np.sin(POINTS), np.cos(POINTS)])
        and np.allclose(found[1]["tanh"][1], 1 / np.cosh(POINTS) ** 2)
    ),
    "symbolic_expressions": lambda found: (
        found[0] == 4
        and [*found[1][0], found[1][1], *found[1][2]] == [4, 6, 16, 6, 13]
        and np.allclose(found[2], BY_HAND)
    ),
    "mexican_hat": lambda paths: (
        abs(paths["loop, mean"][-1] - 1.4159) < 1e-4
        and len(paths["loop, mean"]) == 401
        and abs(paths["updates, sum"][-1] - 1.4216) < 1e-4
        and len(paths["updates, sum"]) == 301
    ),
    "symbolic_gates": lambda found: (
        found[0] == [0, 0, 0, 1]
        and all(
            np.allclose(column, learnt_by_hand(targets), rtol=1e-3)
            for targets, column in zip(
                ([0, 0, 0, 1], [0, 1, 1, 1]), np.vstack(found[1]["AND OR"][:2]).T
            )
        )
        and np.allclose(found[1]["AND"][0], found[1]["AND OR"][0][:, :1], rtol=1e-3)
    ),
    "symbolic_xor": lambda names: (
        (np.round(names["answers"]) == names["targets"]).all()
        and abs(names["error"] - 0.0015) < 1e-4
    ),
    "preparing_data": lambda left: (
        left["standardised"] < 1e-4 < 0.1 < left["normalised"] < left["raw"]
    ),
    "online_and_batch": lambda above: (
        above["online"][0] < above["mini-batch"][0] < above["batch"][0]
        and above["mini-batch"][9] < above["online"][9] < above["batch"][9]
        and above["batch"][-1] < above["online"][-1] / 100
    ),
    "momentum_and_decay": lambda found: (
        np.hypot(*found[0]["momentum"][50]) < 1e-3 * np.hypot(*found[0]["plain"][50])
        and abs(np.mean(found[1]["0.2"][100:]) - 0.2 / 1.8) < 0.002
        and abs(np.mean(found[1]["0.02"][500:]) - 0.02 / 1.98) < 0.001
        and abs(found[1]["1 / step"][-1] - 1 / 1000) < 1e-4
    ),
    "choosing_a_backend": lambda found: (
        [backend for backend, _ in found.values()] == ["jax"] + ["numpy"] * 3
        and np.ptp([loss for _, loss in found.values()]) < 1e-5
    ),
}


@pytest.mark.parametrize("name", WORKED)
def test_worked_example_prints_what_its_page_shows(name, monkeypatch, tmp_path, capsys):
    names = run(name, monkeypatch, tmp_path)
    found = names["main"]() if "main" in names else names
    assert WORKED[name](found), found
    page = (EXAMPLES.parent / f"docs/examples/{name}.md").read_text(encoding="utf-8")
    shown = re.search(r"^## What a run prints\n.*?```text\n(.*?)```", page, re.M | re.S)
    assert_same_numbers(capsys.readouterr().out, shown[1])


def test_xor_in_28_lines(monkeypatch, tmp_path, capsys):
    names = run("xor_28_lines", monkeypatch, tmp_path, as_script=True)
    losses = names["history"].history["loss"]
    assert len(losses) == 60_000 and losses[-1] < 0.05
    answers = names["model"].predict(names["x"], verbose=0)
    assert (np.round(answers) == names["y"]).all()
    out = capsys.readouterr().out
    assert "60,000 steps in" in out and "squared error 0.0" in out
    lines = (EXAMPLES / "xor_28_lines.py").read_text().splitlines()
    assert len(lines) == 28


def test_gates_as_a_script(monkeypatch, tmp_path, capsys):
    names = run("logic_gates", monkeypatch, tmp_path, as_script=True)
    assert (tmp_path / "logic_gates.png").stat().st_size > 1000
    out = capsys.readouterr().out
    for gate in (*names["GATES"], "AND and OR at once"):
        assert f"\n{gate}" in f"\n{out}"
    assert out.count("w = (") == 3 + 8 + 1 + 2 and "█" in out


def test_there_is_a_test_for_every_example():
    # `torch_backend` is no program: it has a file of tests
    known = {*NUMBERS, *WORKED, "xor_28_lines", "logic_gates", "torch_backend"}
    assert {path.stem for path in EXAMPLES.glob("*.py")} == known


@pytest.fixture(scope="module")
def gates():
    return runpy.run_path(str(EXAMPLES / "logic_gates.py"))


@pytest.mark.parametrize("gate", ["AND", "OR", "XOR", "NAND"])
def test_gates_learn_from_any_seed(gates, gate):
    """One compiled model, 20 times with the weights and slots of a fresh one."""
    hidden = 8 if gate == "XOR" else 0
    model = gates["network"](hidden)
    targets, starts = gates["GATES"][gate], []
    for seed in range(20):
        kerasish.utils.set_random_seed(seed)
        fresh = gates["network"](hidden)
        model.set_weights(fresh.get_weights())
        starts.append(model.get_weights()[0].ravel().tolist())
        for variable in model.optimizer.variables:
            if "learning_rate" not in variable.path:
                variable.assign(np.zeros(variable.shape))
        costs = gates["train"](model, targets)
        answers = model.predict(gates["INPUTS"], verbose=0).ravel()
        assert ((answers > 0.5) == (targets > 0.5)).all(), (seed, answers)
        assert costs[-1] < 0.1 < costs[0]
    assert len({tuple(start) for start in starts}) == 20
