"""What is to be reached: rows of a table, and how a row is judged."""

from dataclasses import dataclass

Medians = dict[str, dict[str, float]]  # measure -> contender -> number


@dataclass(frozen=True)
class Target:
    """`at least`: their time over ours; `at most`: ours over theirs.

    Without `against`, ours is compared with the limit itself; `than` names another
    measure of theirs. `plus` seconds are granted.
    """

    workload: str
    measure: str
    against: str | None
    limit: float
    least: bool = False
    than: str | None = None
    plus: float = 0.0

    def judge(self, medians: Medians) -> tuple[float, bool] | None:
        """The figure and whether it meets the target; None without measurements."""
        ours = medians.get(self.measure, {}).get("kerasish")
        if self.against is None:
            return None if ours is None else (ours, ours <= self.limit)
        theirs = medians.get(self.than or self.measure, {}).get(self.against)
        if ours is None or theirs is None:
            return None
        figure = theirs / ours if self.least else (ours - self.plus) / theirs
        return figure, figure >= self.limit if self.least else figure <= self.limit

    def words(self) -> str:
        """The target as the table shows it."""
        if self.against is None:
            return f"≤ {self.limit:g}"
        other = f"{self.against}'s {self.than}" if self.than else self.against
        if self.least:
            return f"{other} / ours ≥ {self.limit:,g}"
        spare = f" + {self.plus:g} s" if self.plus else ""
        return f"ours / {other} ≤ {self.limit:g}{spare}"


def pair(workload: str, measure: str, keras: float | None, jax: float | None) -> list:
    """How many times Keras's speed, and what part of the time by hand in JAX."""
    return [
        *([Target(workload, measure, "keras", keras, True)] if keras else []),
        *([Target(workload, measure, "jax", jax)] if jax else []),
    ]


TARGETS: list[Target] = [
    *pair("xor", "fit", 2000, 0.3),
    *pair("and_or", "fit", 400, 0.8),
    *pair("iris", "fit", 9, 1.05),
    *pair("digits", "fit", 9, 1.05),
    *pair("mlp", "first epoch", 1.5, 1.05),
    *pair("mlp_dropout", "fit", 1.3, 1.0),
    *pair("cnn", "fit", 2.5, 0.4),
    Target("cnn", "fit", "torch", 1.0, True),
    *pair("cnn", "first epoch", 2, 1.05),
    *pair("lstm", "fit", 1.15, 0.8),
    *pair("transformer", "fit", 1.15, 1.0),
    *pair("transformer", "first epoch", 1.8, 1.05),
    *pair("predict", "predict one row", 5, 1.5),
    *pair("predict", "call the model", 12, 1.7),
    *pair("predict", "predict all", 2, 1.05),
    *pair("predict", "evaluate", 1.8, 1.05),
    *pair("generator", "0 ms a batch", 1.1, 1.05),
    *pair("generator", "5 ms a batch", None, 1.05),
    *pair("callbacks", "per epoch", 100, 0.5),
    *pair("callbacks", "per batch", 2, 1.3),
    *pair("import", "process", 8, None),
    *pair("first_use", "process", 2, None),
    Target("first_use", "process", "jax", 1.0, plus=0.1),
    *pair("h5", "save", 1.5, 1.2),
    *pair("h5", "load", 4, 2),
    *pair("build_fit", "300 loops", 10, None),
    Target("build_fit", "growth, MiB a loop", None, 0.1),
    *pair("replicas", "100 networks", 30, 1.2),
    Target("replicas", "100 networks", "kerasish", 5, than="one network"),
    *(
        Target(workload, "peak MiB", "jax", 1.1)
        for workload in ("mlp", "mlp_dropout", "cnn", "lstm", "transformer")
    ),
]
