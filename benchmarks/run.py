"""Measure kerasish against its peers: medians over alternating rounds, and ratios."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from workloads import WORKLOADS

HERE = Path(__file__).parent


def measure(workload: str, contender: str) -> dict[str, float]:
    """Run one contender in a process of its own."""
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "BENCHMARK_START": str(time.time()),
        "PYTHONPATH": os.pathsep.join(
            [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
        ),
    }
    command = [sys.executable, str(HERE / "workloads.py"), workload, contender]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{workload} by {contender} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def collect(
    workloads: list[str], peers: list[str], rounds: int
) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Return times: workload -> measure -> contender -> one for each round."""
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for workload in workloads:
        for number in range(rounds):
            for contender in ["kerasish", *peers]:
                print(f"round {number + 1}: {workload} by {contender}", file=sys.stderr)
                for name, seconds in measure(workload, contender).items():
                    times = found.setdefault(workload, {}).setdefault(name, {})
                    times.setdefault(contender, []).append(seconds)
    return found


def table(found: dict[str, dict[str, dict[str, list[float]]]], peers: list[str]) -> str:
    """Markdown: medians of kerasish in seconds, and the ratios of its peers."""
    heads = ["workload", "measure", "kerasish, s", *[f"{p} / kerasish" for p in peers]]
    lines = [
        "| " + " | ".join(heads) + " |",
        "| " + " | ".join("---" for _ in heads) + " |",
    ]
    for workload, measures in found.items():
        for name, times in measures.items():
            ours = statistics.median(times["kerasish"])
            ratios = [f"{statistics.median(times[p]) / ours:.2f}" for p in peers]
            lines.append(
                "| " + " | ".join([workload, name, f"{ours:.3f}", *ratios]) + " |"
            )
    return "\n".join(lines)


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", default=list(WORKLOADS))
    parser.add_argument("--peers", nargs="*", default=["keras", "jax"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", help="file for all the times")
    options = parser.parse_args()
    unknown = set(options.workloads) - set(WORKLOADS)
    if unknown:
        parser.error(f"no workloads {sorted(unknown)}; there are {sorted(WORKLOADS)}")
    found = collect(options.workloads, options.peers, options.rounds)
    print(table(found, options.peers))
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
