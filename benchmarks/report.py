"""Medians, ratios and tables of what was measured.

Results are `{workload: {"measures": {measure: {contender: {"times", "part"}}},
"missing": {contender: reason}, "took": seconds}}`.
"""

import importlib.metadata
import math
import os
import platform
import statistics
from collections.abc import Iterable
from pathlib import Path

from .targets import TARGETS, Medians

PEERS = ("keras", "jax", "torch", "flax", "sklearn")
NAMES = {
    "kerasish": "kerasish",
    "keras": "Keras",
    "jax": "by hand in JAX",
    "torch": "PyTorch",
    "flax": "Flax NNX",
    "sklearn": "scikit-learn",
}
PACKAGES = "jax jaxlib keras torch flax optax scikit-learn numpy h5py".split()
# Measures that are no seconds of work, or that only the scaling table shows.
HIDDEN = ("loss", "peak MiB")
# Where data come from a file, loading scikit-learn would blur the first epoch.
NO_FIRST_EPOCH = ("xor", "and_or", "iris", "digits")


def medians(result: dict) -> Medians:
    """Median of each measure by each contender; `jax` is the better of its variants.

    The better variant is the faster one; for memory, the one whose `fit` is faster.
    """
    found: Medians = {}
    for measure, contenders in result["measures"].items():
        found[measure] = {
            name: statistics.median(times["times"])
            for name, times in contenders.items()
        }
    for measure, numbers in found.items():
        variants = [name for name in numbers if name.startswith("jax")]
        if variants:
            decides = found.get("fit", {}) if measure == "peak MiB" else numbers
            best = min(variants, key=lambda name: decides.get(name, numbers[name]))
            numbers["jax"] = numbers[best]
    return found


def scaled(result: dict, measure: str, contender: str) -> bool:
    """Was only a part of the work done?"""
    contenders = result["measures"][measure]
    return any(
        times["part"] < 1
        for name, times in contenders.items()
        if name.startswith(contender)
    )


def row(cells: Iterable[str]) -> str:
    """A line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def number(value: float) -> str:
    """Three significant digits."""
    if not value or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def seconds(value: float) -> str:
    """With a unit that suits."""
    for unit, size in (("s", 1), ("ms", 1e-3)):
        if abs(value) >= size:
            return f"{number(value / size)} {unit}"
    return f"{number(value * 1e6)} µs"


def ratio(result: dict, found: Medians, measure: str, peer: str) -> str:
    """Their time over ours, with a star where it was scaled; their memory itself."""
    ours, theirs = (found[measure].get(name) for name in ("kerasish", peer))
    if theirs is None:
        return "–"
    if "MiB" in measure:
        return number(theirs)
    star = "*" if scaled(result, measure, peer) else ""
    shown = f"{number(theirs / ours)} ×" if ours else seconds(theirs)
    return shown + star


def verdicts(workload: str, measure: str, found: Medians) -> str:
    """Each target of a measure, what was reached, and whether it is met."""
    lines = []
    for target in TARGETS:
        if (target.workload, target.measure) != (workload, measure):
            continue
        judged = target.judge(found)
        if judged is None:
            lines.append(f"{target.words()}: not measured")
        else:
            figure, met = judged
            lines.append(f"{target.words()}: {number(figure)} {'✓' if met else '✗'}")
    return "<br>".join(lines)


def shown(workload: str, measure: str) -> bool:
    """Is it a row of the main table?"""
    if workload == "scaling" or measure in HIDDEN:
        return False
    return measure != "first epoch" or workload not in NO_FIRST_EPOCH


def times_table(results: dict, titles: dict[str, str]) -> str:
    """The main table."""
    heads = ["workload", "kerasish", *(NAMES[peer] for peer in PEERS), "targets"]
    lines = [row(heads), row("---" for _ in heads)]
    for workload, result in results.items():
        found = medians(result)
        for measure in found:
            if not shown(workload, measure):
                continue
            ours = found[measure].get("kerasish")
            unit = number if "MiB" in measure else seconds
            star = "*" if scaled(result, measure, "kerasish") else ""
            cells = [
                f"{titles[workload]}: {measure}",
                "–" if ours is None else unit(ours) + star,
                *(ratio(result, found, measure, peer) for peer in PEERS),
                verdicts(workload, measure, found),
            ]
            lines.append(row(cells))
    return "\n".join(lines)


def memory_table(results: dict, titles: dict[str, str]) -> str:
    """Peak memory of each process in MiB."""
    names = ["kerasish", *PEERS]
    heads = ["peak memory, MiB", *(NAMES[name] for name in names), "targets"]
    lines = [row(heads), row("---" for _ in heads)]
    for workload, result in results.items():
        found = medians(result)
        peaks = found.get("peak MiB", {})
        cells = (f"{peaks[name]:,.0f}" if name in peaks else "–" for name in names)
        verdict = verdicts(workload, "peak MiB", found)
        lines.append(row([titles[workload], *cells, verdict]))
    return "\n".join(lines)


def slope(points: dict[float, float]) -> float:
    """Of the least-squares line through the logarithms: 1 is proportional."""
    x, y = ([math.log(value) for value in side] for side in zip(*points.items()))
    return statistics.linear_regression(x, y).slope


def curves(result: dict) -> dict[str, dict[str, dict[float, float]]]:
    """Of the scaling workload: axis -> contender -> size -> seconds."""
    found: dict[str, dict[str, dict[float, float]]] = {}
    for measure, contenders in medians(result).items():
        axis, _, size = measure.partition(" = ")
        if size:
            for name, time in contenders.items():
                if " " not in name:
                    curve = found.setdefault(axis, {}).setdefault(name, {})
                    curve[float(size)] = time
    return found


def scaling_table(result: dict) -> str:
    """Slopes on the log-log plot."""
    names = ["kerasish", "keras", "jax"]
    heads = ["time grows with", "sizes", *(NAMES[name] for name in names)]
    lines = [row(heads), row("---" for _ in heads)]
    for axis, lined in curves(result).items():
        sizes = next(iter(lined.values()))
        slopes = (
            f"{slope(lined[name]):.2f}" if len(lined.get(name, ())) > 1 else "–"
            for name in names
        )
        lines.append(row([axis, f"{min(sizes):g} … {max(sizes):g}", *slopes]))
    return "\n".join(lines)


def missing(results: dict, titles: dict[str, str]) -> str:
    """Who was left out where, and why."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for workload, result in results.items():
        for name, reason in result["missing"].items():
            reasons.setdefault((name, reason), []).append(titles[workload])
    return "\n".join(
        f"- {NAMES.get(name, name)}: {reason} ({'; '.join(where)})"
        for (name, reason), where in reasons.items()
    )


def met(results: dict) -> tuple[int, int]:
    """How many targets are met, and of how many measured."""
    judged = [
        verdict
        for target in TARGETS
        if target.workload in results
        and (verdict := target.judge(medians(results[target.workload])))
    ]
    return sum(good for _, good in judged), len(judged)


def machine() -> dict[str, str]:
    """What was measured on: nothing that tells whose machine it is."""
    found = {
        "processors": str(os.cpu_count()),
        "architecture": platform.machine(),
        "system": platform.system(),
        "Python": platform.python_version(),
    }
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def markdown(results: dict, titles: dict[str, str], described: dict[str, str]) -> str:
    """All that is generated in `docs/benchmarks.md`."""
    good, judged = met(results)
    minutes = sum(result["took"] for result in results.values()) / 60
    parts = [
        "Machine: " + ", ".join(f"{k} {v}" for k, v in described.items()) + ".",
        f"Measuring took {minutes:.1f} minutes. "
        f"Targets met: {good} of {judged} measured.",
        times_table(results, titles),
        memory_table(results, titles),
    ]
    if "scaling" in results:
        parts.append(scaling_table(results["scaling"]))
    if left_out := missing(results, titles):
        parts.append("Left out:\n\n" + left_out)
    return "\n\n".join(parts)


BEGIN, END = "<!-- measured -->", "<!-- end of what was measured -->"


def put_into(page: Path, text: str) -> None:
    """Replace what stands between the two marks."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
