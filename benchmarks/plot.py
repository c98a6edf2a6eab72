"""The picture: ratios of all workloads, and how time grows with size."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

from . import report

MARKS = {"keras": "o", "jax": "D", "torch": "s", "flax": "^", "sklearn": "v"}


def ratios(results: dict) -> dict[str, dict[str, float]]:
    """Row of the main table -> peer -> their time over ours."""
    found = {}
    for workload, result in results.items():
        for measure, numbers in report.medians(result).items():
            ours = numbers.get("kerasish")
            if ours and report.shown(workload, measure) and "MiB" not in measure:
                found[f"{workload}: {measure}"] = {
                    peer: numbers[peer] / ours for peer in MARKS if peer in numbers
                }
    return found


def draw_ratios(axes, rows: dict[str, dict[str, float]]) -> None:
    """One line for each row, one mark for each peer."""
    for peer, mark in MARKS.items():
        points = [(r[peer], y) for y, r in enumerate(rows.values()) if peer in r]
        if points:
            axes.plot(*zip(*points), mark, label=report.NAMES[peer], ms=5)
    axes.axvline(1, color="grey", lw=1)
    axes.set(xscale="log", xlabel="their time / ours", yticks=range(len(rows)))
    axes.set_yticklabels(rows, fontsize=8)
    axes.invert_yaxis()
    axes.grid(axis="both", alpha=0.3)
    axes.legend(fontsize=8)


def draw_scaling(axes, axis: str, lined: dict[str, dict[float, float]]) -> None:
    """Straight lines on a log-log plot."""
    for name, points in lined.items():
        mark = MARKS.get(name, "*")
        label = f"{report.NAMES[name]}: slope {report.slope(points):.2f}"
        axes.plot(*zip(*sorted(points.items())), mark + "-", ms=4, label=label)
    axes.set(xscale="log", yscale="log", xlabel=axis, ylabel="seconds")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)


def draw(results: dict, path: Path) -> None:
    """Write the picture as SVG."""
    rows = ratios(results)
    scaling = report.curves(results["scaling"]) if "scaling" in results else {}
    height = 1 + max(0.28 * len(rows), 3)
    with pyplot.rc_context({"svg.hashsalt": "kerasish"}):
        figure = pyplot.figure(figsize=(11, height), layout="constrained")
        grid = figure.add_gridspec(max(len(scaling), 1), 2, width_ratios=(3, 2))
        draw_ratios(figure.add_subplot(grid[:, 0]), rows)
        for place, (axis, lined) in enumerate(scaling.items()):
            draw_scaling(figure.add_subplot(grid[place, 1]), axis, lined)
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)
