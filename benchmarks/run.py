"""Measure kerasish against its peers; write figures, table and plot into docs/.

    python benchmarks/run.py [workload...] [--peers keras jax] [--rounds 2] [--quick]

Each contender runs in a process of its own, in alternating rounds. Without workloads,
all of them run. A peer that is not installed is left out. `--quick` only tries whether
everything runs: it does little work and writes no files, unless `--out` says where.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import registry, report  # noqa: E402
from benchmarks.targets import TARGETS  # noqa: E402

LIMIT = 600  # seconds for one process
# Modules are compiled once, as on a user's machine; settings do not matter.
NOT_PASSED_ON = ("PYTHONDONTWRITEBYTECODE", "KERASISH_COMPILATION_CACHE")
PICTURE = "![Ratios of all workloads; how time grows with size](benchmarks.svg)"


def installed(contender: str) -> bool:
    """Is its library here?"""
    library = contender.split()[0]
    return importlib.util.find_spec(library) is not None


def run(workload: str, contender: str, quick: bool) -> dict:
    """Run one contender in a process of its own; return its measures."""
    command = [sys.executable, "-m", "benchmarks.contender", workload, contender]
    environment = {
        **{k: v for k, v in os.environ.items() if k not in NOT_PASSED_ON},
        "KERAS_BACKEND": "jax",
        "BENCHMARK_START": str(time.time()),
    }
    done = subprocess.run(
        command + ["quick"] * quick,
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(
            (done.stderr.strip() or "no output").splitlines()[-1].replace(str(ROOT), "")
        )
    return json.loads(done.stdout.splitlines()[-1])


def rounds_of(workload: str, contender: str, rounds: int) -> int:
    """All rounds for those whom a target names, one for the others."""
    named = {t.against for t in TARGETS if t.workload == workload}
    ours = contender == "kerasish" and bool(named)
    return rounds if ours or {contender, contender.split()[0]} & named else 1


def measure(workload: str, peers: list[str], rounds: int, quick: bool) -> dict:
    """Measure one workload; each second round goes backwards."""
    contenders = [
        name
        for name in registry.load(workload).contenders
        if name.split()[0] in ["kerasish", *peers]
    ]
    missing = {name: "not installed" for name in contenders if not installed(name)}
    measures: dict = {}
    start = time.perf_counter()
    for number in range(rounds):
        for name in contenders[:: -1 if number % 2 else 1]:
            if name in missing or number >= rounds_of(workload, name, rounds):
                continue
            print(f"round {number + 1}: {workload} by {name}", file=sys.stderr)
            try:
                found = run(workload, name, quick)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                missing[name] = f"failed: {error}"
                print(f"  {missing[name]}", file=sys.stderr)
                continue
            for what, measured in found.items():
                kept = measures.setdefault(what, {}).setdefault(name, measured)
                if kept is not measured:
                    kept["times"] += measured["times"]
    took = time.perf_counter() - start
    return {"measures": measures, "missing": missing, "took": took}


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", nargs="*", metavar="workload", default=[])
    parser.add_argument("--peers", nargs="*", default=list(report.PEERS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="only try that it runs")
    parser.add_argument("--out", type=Path, help="folder; docs/ without --quick")
    options = parser.parse_args(arguments)
    for given, known in (
        (options.workloads, registry.NAMES),
        (options.peers, report.PEERS),
    ):
        if unknown := sorted(set(given) - set(known)):
            parser.error(f"{unknown} unknown; there are {', '.join(known)}")
    options.workloads = options.workloads or registry.NAMES
    if options.quick:
        options.rounds = 1
    elif options.out is None:
        options.out = ROOT / "docs"
    return options


def earlier(file: Path, described: dict[str, str]) -> dict:
    """What stands in the file already, if it is of an equal machine."""
    if not file.exists():
        return {}
    found = json.loads(file.read_text(encoding="utf-8"))
    return found["results"] if found["machine"] == described else {}


def write(folder: Path, results: dict, described: dict, text: str) -> None:
    """JSON, the picture if matplotlib is here, the generated part of the page."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"machine": described, "results": results}
    (folder / "benchmarks.json").write_text(
        json.dumps(whole, indent=1) + "\n", encoding="utf-8"
    )
    if importlib.util.find_spec("matplotlib"):
        from benchmarks import plot

        plot.draw(results, folder / "benchmarks.svg")
        text += f"\n\n{PICTURE}"
    page = folder / "benchmarks.md"
    if not page.exists():
        page.write_text(f"{report.BEGIN}{report.END}\n", encoding="utf-8")
    report.put_into(page, text)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, write."""
    options = options_of(arguments)
    described = report.machine()
    results = earlier(options.out / "benchmarks.json", described) if options.out else {}
    for name in options.workloads:
        results[name] = measure(name, options.peers, options.rounds, options.quick)
    results = {name: results[name] for name in registry.NAMES if name in results}
    titles = {name: registry.load(name).title for name in results}
    text = report.markdown(results, titles, described)
    print("Figures of a quick run mean nothing.\n" * options.quick + text)
    if options.out:
        write(options.out, results, described, text)


if __name__ == "__main__":
    main()
