"""What is compared of the teacher and the student."""

from collections.abc import Callable
from numbers import Real
from typing import Any

from .. import losses, ops, registry, tree
from ..graph import Tensor

__all__ = ["DistillationLoss", "FeatureDistillation", "LogitsDistillation"]


class DistillationLoss(registry.Configurable):
    """Base of the losses of a `Distiller`; override `compute_loss`.

    Example:
        >>> class Difference(keras.distillation.DistillationLoss):
        ...     def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
        ...         return keras.ops.mean(abs(teacher_outputs - student_outputs))
        >>> float(Difference().compute_loss(np.ones((2, 3)), np.zeros((2, 3))))
        1.0
    """

    def compute_loss(
        self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any
    ) -> Tensor:
        """Return the loss, a scalar, of two outputs of one structure."""
        raise NotImplementedError(
            f"{type(self).__name__} must override `compute_loss(self, teacher_outputs, "
            "student_outputs)`."
        )

    def validate_outputs(self, teacher_outputs: Any, student_outputs: Any) -> None:
        """Raise a ValueError unless both have one structure."""
        tree.assert_same_structure(teacher_outputs, student_outputs)

    def validate_model_compatibility(self, teacher: Any, student: Any) -> None:
        """Raise a ValueError if the loss cannot be used with the models."""

    def _mean(
        self,
        loss: Any,
        compare: Callable[[Any, Any, Any], Any],
        teacher: Any,
        student: Any,
    ) -> Tensor:
        """Sum over the outputs of the mean of `compare(loss, teacher's, student's)`."""
        self.validate_outputs(teacher, student)
        ends = tree.flatten(teacher), tree.flatten(student)
        each = tree.flatten(loss) if tree.is_nested(loss) else [loss] * len(ends[0])
        if len(each) != len(ends[0]):
            raise ValueError(
                f"`loss` of {type(self).__name__} holds {len(each)} losses, but there "
                f"are {len(ends[0])} outputs."
            )
        values = []
        for one, t, s in zip(each, *ends):
            if one is None:
                continue
            if tuple(t.shape) != tuple(s.shape):
                raise ValueError(
                    f"{type(self).__name__} compares arrays of one shape; the "
                    f"teacher's has shape {tuple(t.shape)}, the student's "
                    f"{tuple(s.shape)}."
                )
            values.append(ops.mean(compare(one, t, s)))
        return sum(values[1:], values[0])


def _losses(given: Any) -> Any:
    """The losses by their names, or as they are."""
    found = tree.map_structure(losses.get, given)
    if all(loss is None for loss in tree.flatten(found)):
        raise ValueError("At least one `loss` must not be None.")
    return found


class FeatureDistillation(DistillationLoss):
    """Compares what two layers return: `loss(teacher's features, student's)`.

    Args:
        loss: name, function or object; or a structure of them like the features.
        teacher_layer_name: a layer of the teacher; None: the outputs of the model.
        student_layer_name: likewise of the student.

    Reference: Romero et al. 2015, arXiv:1412.6550.

    Example:
        >>> loss = keras.distillation.FeatureDistillation("mse", "block", "block")
        >>> float(loss.compute_loss(np.ones((2, 3)), np.zeros((2, 3))))
        1.0
    """

    def __init__(
        self,
        loss: Any = "mse",
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
    ) -> None:
        self.loss = _losses(loss)
        self.teacher_layer_name = teacher_layer_name
        self.student_layer_name = student_layer_name

    def compute_loss(
        self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any
    ) -> Tensor:
        return self._mean(
            self.loss, lambda loss, t, s: loss(t, s), teacher_outputs, student_outputs
        )

    def validate_model_compatibility(self, teacher: Any, student: Any) -> None:
        names = self.teacher_layer_name, self.student_layer_name
        for kind, model, name in zip(("teacher", "student"), (teacher, student), names):
            if name is None:
                continue
            if model.inputs is None:
                raise ValueError(
                    f"FeatureDistillation needs a Functional or Sequential {kind} to "
                    f"find the layer {name!r} in; {model.name!r} is a "
                    f"{type(model).__name__}. Without layer names the outputs of the "
                    "models are compared."
                )
            try:
                model.get_layer(name)
            except ValueError as error:
                raise ValueError(f"In {kind} model: {error}") from error


class LogitsDistillation(DistillationLoss):
    """Compares the outputs of the models, which are logits, at a temperature.

    `T² · KL(softmax(teacher / T) ‖ softmax(student / T))`, and likewise with
    categorical crossentropy. Other losses see `teacher / T` and `student / T`.

    Args:
        temperature: T, positive; the higher, the more the unlikely classes count.
        loss: name, function or object; or a structure of them like the outputs.

    Raises:
        ValueError: if `temperature` is no positive number.

    Reference: Hinton et al. 2015, arXiv:1503.02531.

    Example:
        >>> loss = keras.distillation.LogitsDistillation(temperature=2.0)
        >>> logits = np.array([[2.0, 0.0]]), np.array([[0.0, 2.0]])
        >>> round(float(loss.compute_loss(*logits)), 4)
        1.8485
    """

    temperature: float
    loss: Any

    def __init__(self, temperature: float = 3.0, loss: Any = "kl_divergence") -> None:
        if isinstance(temperature, bool) or not isinstance(temperature, Real):
            raise ValueError(
                f"`temperature` must be a number, got {temperature!r} of type "
                f"{type(temperature).__name__}."
            )
        if temperature <= 0:
            raise ValueError(f"`temperature` must be positive, got {temperature!r}.")
        self.temperature = temperature
        self.loss = _losses(loss)

    def compute_loss(
        self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any
    ) -> Tensor:
        return self._mean(self.loss, self._compare, teacher_outputs, student_outputs)

    def _compare(self, loss: Any, teacher: Tensor, student: Tensor) -> Tensor:
        t, s = (x / self.temperature for x in (teacher, student))
        kinds = (losses.KLDivergence, losses.CategoricalCrossentropy)
        functions = (losses.kl_divergence, losses.categorical_crossentropy)
        if loss not in functions and not isinstance(loss, kinds):
            return loss(t, s)
        if not getattr(loss, "from_logits", False):
            s = ops.softmax(s)
        return loss(ops.softmax(t), s) * self.temperature**2
