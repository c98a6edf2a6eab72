"""A model that trains a student on a teacher's outputs."""

from collections.abc import Sequence
from typing import Any

from .. import ops, tree
from ..graph import Tensor
from ..metrics import Mean
from ..models import Functional, Model
from .losses import DistillationLoss

__all__ = ["Distiller"]

OUTPUTS = ""  # under which the outputs stand beside the features of layers


class Features:
    """The outputs of a model and of some of its layers, in one pass."""

    def __init__(self, model: Any, names: Sequence[str | None]) -> None:
        self.model, self.extractor = model, None
        ends = {
            node.operation.name: node.outputs
            for node in (model._graph.run_order if any(names) else ())
            if node.operation.name in names
        }
        if ends:
            self.extractor = Functional(model.input, {**ends, OUTPUTS: model.output})
        self.kept: dict[str, Any] = {}  # of the last pass

    def __call__(self, inputs: Any, **options: Any) -> dict[str, Any]:
        if self.extractor is None:
            return {OUTPUTS: self.model(inputs, **options)}
        return self.extractor(inputs, **options)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "kept": {}}


class Distiller(Model):
    """Trains a student to do its task and to be like a teacher.

    `loss = student_loss_weight · student's loss + (1 − student_loss_weight) ·
    Σ weight · distillation loss`. The teacher is frozen. Calling the distiller, and
    `predict`, is calling the student.

    Args:
        teacher: a trained model.
        student: the model to train, with inputs and outputs of the same shapes.
        distillation_losses: a `DistillationLoss` or a list of them.
        distillation_loss_weights: a number for each; None: all 1.
        student_loss_weight: between 0 and 1.
        name: of the model.

    Raises:
        ValueError: if the models do not fit each other or a loss, or for weights that
            do not fit the losses.

    Example:
        >>> teacher, student = (keras.Sequential([keras.Input((4,)),
        ...     keras.layers.Dense(units, "relu"), keras.layers.Dense(3)])
        ...     for units in (32, 2))
        >>> distiller = keras.distillation.Distiller(teacher, student,
        ...     keras.distillation.LogitsDistillation(temperature=2.0))
        >>> loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        >>> distiller.compile("adam", loss)
        >>> history = distiller.fit(np.ones((8, 4)), np.zeros(8), verbose=0)
        >>> sorted(history.history)
        ['distillation_loss', 'loss', 'student_loss', 'total_loss']
    """

    def __init__(
        self,
        teacher: Any,
        student: Any,
        distillation_losses: Any,
        distillation_loss_weights: Any = None,
        student_loss_weight: float = 0.5,
        name: str = "distiller",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        _check_models(teacher, student)
        self.distillation_losses = _as_losses(distillation_losses)
        for loss in self.distillation_losses:
            loss.validate_model_compatibility(teacher, student)
        self.distillation_loss_weights = _as_weights(
            distillation_loss_weights, len(self.distillation_losses)
        )
        if not isinstance(student_loss_weight, int | float):
            raise ValueError(
                "`student_loss_weight` must be a number, got "
                f"{type(student_loss_weight).__name__}."
            )
        if not 0 <= student_loss_weight <= 1:
            raise ValueError(
                "`student_loss_weight` must be between 0 and 1, got "
                f"{student_loss_weight}."
            )
        self.student_loss_weight = student_loss_weight
        teacher.trainable = False
        self.teacher, self.student = teacher, student
        self._teacher_features = Features(teacher, self._names("teacher"))
        self._student_features = Features(student, self._names("student"))
        self.student_loss_tracker = Mean(name="student_loss")
        self.distillation_loss_tracker = Mean(name="distillation_loss")
        self.total_loss_tracker = Mean(name="total_loss")

    def _names(self, kind: str) -> list[Any]:
        """The layer that each loss looks at, None for the outputs."""
        losses = self.distillation_losses
        return [getattr(loss, f"{kind}_layer_name", None) for loss in losses]

    def compile(  # type: ignore[override]
        self, optimizer: Any = "adam", loss: Any = None, metrics: Any = None,
        **kwargs: Any
    ) -> None:  # fmt: skip
        """Say how to train the student; see `Model.compile`.

        Args:
            optimizer: of the student.
            loss: of the student on the targets.
            metrics: of the student.
            **kwargs: further arguments of `Model.compile`.

        Raises:
            ValueError: if there is no loss, though it has a weight.
        """
        if loss is None and self.student_loss_weight > 0:
            raise ValueError(
                "'loss' cannot be `None`: the student's task needs one. To learn from "
                "the teacher alone, set `student_loss_weight=0`."
            )
        super().compile(optimizer, loss, metrics=metrics, **kwargs)

    def call(  # type: ignore[override]
        self, inputs: Any, training: Any = None, **kwargs: Any
    ) -> Any:
        """Return the outputs of the student."""
        if self._student_features.extractor is None:
            return self.student(inputs, training=training, **kwargs)
        found = self._student_features(inputs, training=training, **kwargs)
        self._student_features.kept = found
        return found[OUTPUTS]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the weighted sum of the losses; see the class."""
        share, own, distilled = self.student_loss_weight, ops.zeros(()), ops.zeros(())
        if share > 0 and y is not None:
            own = super().compute_loss(x, y, y_pred, sample_weight, training)
        if share < 1:
            distilled = self._distillation_loss(x, y_pred, training)
        total = share * own + (1 - share) * distilled
        rows = tree.flatten(x)[0].shape[0]
        self.student_loss_tracker.update_state(own, rows)
        self.distillation_loss_tracker.update_state(distilled, rows)
        self.total_loss_tracker.update_state(total, rows)
        return total

    def _distillation_loss(self, x: Any, y_pred: Any, training: bool) -> Tensor:
        kept, self._student_features.kept = self._student_features.kept, {}
        if kept.get(OUTPUTS, None) is not y_pred:
            kept = {OUTPUTS: y_pred}
            if self._student_features.extractor is not None:
                kept = self._student_features(x, training=training) | kept
        learnt = self._teacher_features(x, training=False)
        learnt = tree.map_structure(ops.stop_gradient, learnt)
        total = ops.zeros(())
        names = zip(self._names("teacher"), self._names("student"))
        weights = self.distillation_loss_weights
        for loss, weight, (t, s) in zip(self.distillation_losses, weights, names):
            value = loss.compute_loss(learnt[t or OUTPUTS], kept[s or OUTPUTS])
            total = total + weight * value
        return total


def _check_models(teacher: Any, student: Any) -> None:
    for kind, model in (("Teacher", teacher), ("Student", student)):
        if not isinstance(model, Model):
            raise ValueError(f"{kind} must be a model, got {type(model).__name__}.")
    for end in ("inputs", "outputs"):
        theirs, own = (getattr(model, end) for model in (teacher, student))
        if theirs is None or own is None:
            continue  # known at the first batch
        for what in ("shape", "dtype"):
            if what == "dtype" and end == "inputs":
                continue
            t, s = ([getattr(x, what) for x in xs] for xs in (theirs, own))
            if t != s:
                raise ValueError(
                    f"Teacher and student {end[:-1]} {what}s are incompatible. "
                    f"Teacher: {t}, Student: {s}; they must be the same."
                )


def _as_losses(given: Any) -> list[Any]:
    if given is None:
        raise ValueError(
            "'distillation_losses' cannot be `None`. Give a distillation loss, such as "
            "`LogitsDistillation()`, or a list of them."
        )
    found = list(given) if isinstance(given, (list, tuple)) else [given]
    for loss in found:
        if not isinstance(loss, DistillationLoss):
            raise ValueError(
                "`distillation_losses` must be of the class `DistillationLoss`, such "
                f"as `LogitsDistillation()`; got {loss!r}."
            )
    return found


def _as_weights(given: Any, count: int) -> list[float]:
    if given is None:
        return [1.0] * count
    found = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(found) != count:
        raise ValueError(
            f"Number of `distillation_loss_weights` ({len(found)}) must match the "
            f"number of `distillation_losses` ({count})."
        )
    return found
