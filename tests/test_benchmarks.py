"""The benchmark suite: its arithmetic, its tables, and that a contender runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import measure, plot, registry, report, run  # noqa: E402
from benchmarks.targets import TARGETS, Target  # noqa: E402

WORKLOADS = {name: registry.load(name) for name in registry.NAMES}


def times(*numbers, part=1.0):
    return {"times": list(numbers), "part": part}


RESULT = {
    "measures": {
        "fit": {
            "kerasish": times(1.0, 3.0, 2.0),
            "keras": times(5000.0, part=0.1),
            "jax step": times(9.0),
            "jax scan": times(8.0),
        },
        "peak MiB": {
            "kerasish": times(100.0),
            "jax step": times(50.0),
            "jax scan": times(70.0),
        },
    },
    "missing": {"torch": "not installed"},
    "took": 90,
}
TITLES = {name: workload.title for name, workload in WORKLOADS.items()}


@pytest.mark.parametrize("name", registry.NAMES)
def test_each_workload_has_both_sides_and_known_peers(name):
    libraries = {contender.split()[0] for contender in WORKLOADS[name].contenders}
    assert {"kerasish", "keras", "jax"} <= libraries <= {"kerasish", *report.PEERS}


def test_each_target_names_a_workload_and_a_contender_of_it():
    for target in TARGETS:
        names = {name.split()[0] for name in WORKLOADS[target.workload].contenders}
        assert target.against in {None, *names}, target


def test_medians_take_the_better_variant_and_its_memory():
    found = report.medians(RESULT)
    assert found["fit"]["kerasish"] == 2.0
    assert found["fit"]["jax"] == 8.0
    assert found["peak MiB"]["jax"] == 70.0


@pytest.mark.parametrize(
    "target, figure, met",
    [
        (Target("w", "fit", "keras", 2000, least=True), 2500.0, True),
        (Target("w", "fit", "keras", 2501, least=True), 2500.0, False),
        (Target("w", "fit", "jax", 0.3), 0.25, True),
        (Target("w", "fit", "jax", 0.2), 0.25, False),
        (Target("w", "fit", "jax", 0.2, plus=0.4), 0.2, True),
        (Target("w", "fit", None, 2.0), 2.0, True),
        (Target("w", "peak MiB", "jax", 1.1), 100 / 70, False),
        (Target("w", "fit", "kerasish", 5, than="peak MiB"), 0.02, True),
    ],
)
def test_a_target_is_judged(target, figure, met):
    assert target.judge(report.medians(RESULT)) == (pytest.approx(figure), met)
    assert f"{target.limit:,g}" in target.words()


def test_a_target_without_measurements_is_not_judged():
    assert Target("w", "fit", "torch", 1).judge(report.medians(RESULT)) is None
    assert Target("w", "else", None, 1).judge(report.medians(RESULT)) is None


def test_the_page_has_ratios_stars_verdicts_and_gaps():
    text = report.markdown({"xor": RESULT}, TITLES, {"processors": "2"})
    line = next(line for line in text.splitlines() if "60,000 steps: fit" in line)
    cells = [cell.strip() for cell in line.strip("| ").split("|")]
    assert cells[1:6] == ["2.00 s", "2,500 ×*", "4.00 ×", "–", "–"]
    assert "keras / ours ≥ 2,000: 2,500 ✓" in cells[-1]
    assert "ours / jax ≤ 0.3: 0.250 ✓" in cells[-1]
    assert "Machine: processors 2." in text
    assert "took 1.5 minutes. Targets met: 2 of 2 measured." in text
    assert "- PyTorch: not installed (XOR, 60,000 steps)" in text


@pytest.mark.parametrize(
    "value, words",
    [(123.4, "123 s"), (2.0, "2.00 s"), (0.0123, "12.3 ms"), (4e-5, "40.0 µs")],
)
def test_seconds_have_three_digits_and_a_unit(value, words):
    assert report.seconds(value) == words


def test_slope_of_a_power():
    assert report.slope({1: 3.0, 10: 300.0, 100: 30000.0}) == pytest.approx(2)


def test_the_picture_is_drawn_and_is_the_same_again(tmp_path):
    curve = {f"rows = {n}": {"kerasish": times(n / 10)} for n in (1, 10)}
    results = {"xor": RESULT, "scaling": {"measures": curve, "missing": {}, "took": 1}}
    assert "| rows | 1 … 10 | 1.00 | – | – |" in report.markdown(results, TITLES, {})
    for name in ("one.svg", "two.svg"):
        plot.draw(results, tmp_path / name)
    one = (tmp_path / "one.svg").read_bytes()
    assert one == (tmp_path / "two.svg").read_bytes()
    assert b"<svg" in one


def test_only_what_is_between_the_marks_changes(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"a\n{report.BEGIN}old{report.END}\nb\n", encoding="utf-8")
    report.put_into(page, "new")
    report.put_into(page, "newer")
    text = page.read_text(encoding="utf-8")
    assert text == f"a\n{report.BEGIN}\n\nnewer\n\n{report.END}\nb\n"
    assert report.BEGIN in (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")


def test_a_part_is_scaled_to_the_whole():
    job = measure.Job(
        lambda rows: (None, None),
        rows=10,
        batch=2,
        epochs=8,
        small={"epochs": 2},
        parts={"keras": {"rows": 5, "epochs": 4}},
    )
    assert (job.of("kerasish", False).epochs, job.of("kerasish", False).part) == (8, 1)
    part = job.of("keras", False)
    assert (part.rows, part.epochs, part.part) == (5, 4, 0.25)
    quick = job.of("keras", True)
    assert (quick.rows, quick.epochs, quick.part) == (10, 2, 1)
    assert measure.timed(lambda: None, 3, part=1e-9)["times"][2] > 0


def test_unknown_names_are_told(capsys):
    with pytest.raises(SystemExit):
        run.options_of(["xor", "xnor"])
    assert "['xnor'] unknown; there are xor," in capsys.readouterr().err


def test_figures_of_another_machine_are_not_kept(tmp_path):
    file = tmp_path / "benchmarks.json"
    assert run.earlier(file, {}) == {}
    file.write_text(json.dumps({"machine": {"a": "1"}, "results": {"xor": 1}}))
    assert run.earlier(file, {"a": "1"}) == {"xor": 1}
    assert run.earlier(file, {"a": "2"}) == {}


def test_the_command_runs(tmp_path):
    command = [sys.executable, "benchmarks/run.py", "xor", "--quick"]
    command += ["--peers", "jax", "--out", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "benchmarks.json").read_text(encoding="utf-8"))
    result = found["results"]["xor"]
    assert result["missing"] == {}
    losses = report.medians(result)["loss"]
    assert losses["kerasish"] == pytest.approx(losses["jax"], rel=0.2)
    assert "| XOR, 60,000 steps: fit |" in done.stdout
    assert (tmp_path / "benchmarks.svg").exists()
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert page.count(run.PICTURE) == 1
