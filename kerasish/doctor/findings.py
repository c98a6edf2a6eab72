"""What the doctor says: one table of texts, findings as records, the report."""

import html
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["TEXTS", "DoctorWarning", "Finding", "Report", "finding"]

# Code -> what was found, what to do. The guide says how each limit was chosen.
TEXTS = {
    # --- data
    "refused": (
        "`fit` would refuse these data: {error}",
        "Mend this first; what depends on it was not looked at.",
    ),
    "not_finite": (
        "`{name}` has {count} values that are NaN or infinite, in {bad_rows} of "
        "{rows} rows; the first is in row {row}.",
        "Drop these rows or fill the gaps.",
    ),
    "constant_columns": (
        "{count} of {columns} columns of `{name}` are the same in all {rows} rows, the "
        "first is column {column}, always {value:.4g}.",
        "Leave them out: they say nothing about the rows.",
    ),
    "large_inputs": (
        "`{name}` goes from {low:.4g} to {high:.4g}, and the model does not scale it.",
        "Begin the model with `layers.Rescaling(1 / {most:.4g})`, or divide the data.",
    ),
    "unscaled_inputs": (
        "The columns of `{name}` differ {ratio:.0f}-fold in scale: column {narrow} "
        "spans {least:.4g}, column {wide} {most:.4g}.",
        "Begin the model with a `layers.Normalization` that is adapted to the data.",
    ),
    "unscaled_targets": (
        "The targets have the mean {mean:.4g} and the standard deviation "
        "{deviation:.4g}: a network starts near 0 and 1.",
        "Train on `(y - y.mean()) / y.std()`, and turn predictions back.",
    ),
    "class_imbalance": (
        "Class {rare} has {fewest} rows, class {frequent} has {most} of {rows}.",
        'Pass `class_weight="balanced"` to `fit`.',
    ),
    "sorted_labels": (
        "`validation_split` takes the last {tail} rows, whose labels differ from "
        "those of the {head} rows before: distance {distance:.2f} on a scale from 0 "
        "(alike) to 1 (no label in common).",
        'Let it shuffle: `validation_split={{"fraction": {fraction:.3g}, '
        '"shuffle": True}}`.',
    ),
    # --- labels, outputs, loss, metrics
    "label_range": (
        "The targets go from {low:.4g} to {high:.4g}, `{loss}` expects 0 to 1.",
        "Bring them there: -1 and 1 by `y = (y + 1) / 2`.",
    ),
    "softmax_of_one": (
        "The output has {units} unit and `softmax`, so it is 1.0 whatever the input.",
        'Use `activation="sigmoid"` with `binary_crossentropy`.',
    ),
    "loss_expects_logits": (
        "The output went through `{activation}` already{now}, and `{loss}` with "
        "`from_logits=True` applies it again.",
        "Leave out `from_logits=True`.",
    ),
    "loss_expects_probabilities": (
        "`{loss}` expects probabilities, but the output is not limited to 0 to 1{now}.",
        "Make the loss with `from_logits=True`.",
    ),
    "squared_error_of_classes": (
        "`{loss}` compares a linear output with {classes} classes.",
        "Use `{better}` as the loss, with the activation `softmax`.",
    ),
    "accuracy_of_regression": (
        "The metric `{metric}` counts equal values, but {share:.0%} of the targets are "
        "no whole numbers.",
        'Use `metrics=["mae"]`: how far off predictions are.',
    ),
    "out_of_reach": (
        "{share:.0%} of the targets ({low:.4g} to {high:.4g}) lie outside what the "
        "output's activation `{activation}` can give.",
        "Leave out the last activation: `activation=None`.",
    ),
    # --- the model and how it learns
    "frozen": (
        "None of the model's {weights} weights is trainable.",
        "Set `trainable = True` on the model, or on the layers to train.",
    ),
    "dead_units": (
        "{dead} of {units} `relu` units give 0 for all of {rows} rows, so no gradient "
        "reaches them.",
        'Use `activation="leaky_relu"`, whose slope is nowhere 0.',
    ),
    "saturated_units": (
        "{share:.0%} of the values of `{activation}` lie at its ends, where its slope "
        "is nearly 0.",
        "Make the weights anew, smaller: the default `glorot_uniform` suits "
        "`{activation}`.",
    ),
    "duplicated_units": (
        "{same} of {units} units have the same weights and get the same gradients, so "
        "they stay copies of each other.",
        "Initialize the kernel at random (`glorot_uniform`), not with a constant.",
    ),
    "vanishing_gradients": (
        "The gradient is {ratio:.1e} times as large as in the last layer (root mean "
        "squares {first:.1e} and {last:.1e}).",
        'Use `activation="relu"` in the hidden layers.',
    ),
    "exploding_gradients": (
        "The gradient has the norm {norm:.2g}, the weights {size:.2g}: one update of "
        "`SGD({rate:.1g})` would replace them.",
        "Clip gradients: `clipnorm=1.0` in the optimizer.",
    ),
    "learning_rate_low": (
        "With the learning rate {rate:.1e} an update changes no kernel by more than "
        "{ratio:.1e} of its norm, and the loss of {loss:.3g} is near chance "
        "({chance:.3g}).",
        "Set `learning_rate={better:.0e}`.",
    ),
    "learning_rate_high": (
        "With the learning rate {rate:.1e} one update raises the loss on these very "
        "rows from {loss:.3g} to {after:.3g}.",
        "Set `learning_rate={better:.0e}`.",
    ),
    "constant_predictions": (
        "After {updates} updates all {rows} rows get nearly the same output: its "
        "standard deviation is {deviation:.2g}, that of the targets {wanted:.2g}.",
        "Make the model anew with another seed, and look at the findings besides.",
    ),
    "few_updates": (
        "{updates} updates so far ({epochs} epochs of {steps} batches in the last "
        "`fit`), and the loss of {loss:.3g} is near chance ({chance:.3g}).",
        "Train longer: `epochs={better}`.",
    ),
    "loss_at_chance": (
        "After {updates} updates the loss is {loss:.4g}; a model that ignores its "
        "input gets {chance:.4g}.",
        "{advice}",
    ),
    "diverged": (
        "The loss rose from {first:.4g} to {last:.4g} in {updates} updates.",
        "Make the learning rate ten times lower.",
    ),
}


class DoctorWarning(UserWarning):
    """What `fit` says of something that is almost certainly a mistake."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        code: its name, one of the keys of `TEXTS`.
        problem: what was found, with the numbers.
        suggestion: what to do.
        evidence: the numbers by name.
        layer: path of the layer, None if it is about the data or the whole model.
    """

    code: str
    problem: str
    suggestion: str
    evidence: dict[str, Any]
    layer: str | None = None

    def __str__(self) -> str:
        where = f"layer `{self.layer}`: " if self.layer else ""
        return f"{where}{self.problem} {self.suggestion}"


def finding(code: str, layer: str | None = None, /, **evidence: Any) -> Finding:
    """Return the finding of that code; the evidence fills its texts."""
    problem, suggestion = (text.format(**evidence) for text in TEXTS[code])
    return Finding(code, problem, suggestion, evidence, layer)


@dataclass
class Report:
    """What `model.diagnose` returns: true if there are findings; prints as a table.

    Attributes:
        model: the model's name.
        rows: how many rows were looked at.
        findings: list of `Finding`, what to mend first in front.
        notes: what could not be looked at, and why.
    """

    model: str
    rows: int
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def codes(self) -> list[str]:
        """The codes of the findings."""
        return [found.code for found in self.findings]

    def __bool__(self) -> bool:
        return bool(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __repr__(self) -> str:
        count = len(self.findings)
        lines = [f"Model `{self.model}`, {self.rows} rows: {count or 'no'} finding(s)"]
        wide = max((len(code) for code in self.codes), default=0)
        for found in self.findings:
            where = f"layer `{found.layer}`: " if found.layer else ""
            lines += [f"  {found.code:{wide}}  {where}{found.problem}"]
            lines += [f"  {'':{wide}}  -> {found.suggestion}"]
        return "\n".join([*lines, *(f"  Note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        def line(cells: Any, tag: str = "td") -> str:
            inner = (f"<{tag}>{html.escape(str(x or ''))}</{tag}>" for x in cells)
            return f"<tr>{''.join(inner)}</tr>"

        heads = line(("Finding", "Layer", "Evidence", "Suggestion"), "th")
        body = (line((f.code, f.layer, f.problem, f.suggestion)) for f in self.findings)
        title = html.escape(repr(self).split("\n")[0])
        notes = "".join(f"<br>{html.escape(note)}" for note in self.notes)
        return f"<b>{title}</b><table>{heads}{''.join(body)}</table>{notes}"
