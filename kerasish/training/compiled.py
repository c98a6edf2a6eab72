"""What `compile` was told: the losses and metrics of each output, ready to use."""

from typing import Any

from .. import losses, metrics, ops, registry, tree
from ..losses import Loss, LossFunctionWrapper
from ..metrics import Mean, MeanMetricWrapper, Metric
from ..names import to_snake_case
from .checks import check_target_shape
from .outputs import Outputs

__all__ = ["CompileLoss", "CompileMetrics"]

_ACCURACY = ("accuracy", "acc")
_CROSSENTROPY = ("crossentropy", "ce")


def as_loss(given: Any) -> Loss | None:
    """Return a loss object from a string, function or object."""
    found = losses.get(given)
    if found is None or isinstance(found, Loss):
        return found
    name = getattr(found, "__name__", None) or type(found).__name__
    return LossFunctionWrapper(found, name=name)


class CompileLoss:
    """The sum of the outputs' losses, each times its weight.

    Args:
        loss: as `compile` takes it.
        loss_weights: likewise.
    """

    def __init__(self, loss: Any, loss_weights: Any = None) -> None:
        self.given, self.weights_given = loss, loss_weights
        self.metrics: list[Mean] = []
        self.outputs: Outputs | None = None
        self._check_names()

    def _check_names(self) -> None:
        """A misspelt name is an error now, not at the first batch."""
        for entry in tree.flatten(self.given):
            if isinstance(entry, str):
                losses.get(entry)
        weights = self.weights_given
        if not isinstance(weights, (list, tuple, dict, float, int, type(None))):
            raise ValueError(
                "`loss_weights` must be a number, or a list or dict of numbers, "
                f"got {weights!r}."
            )

    def build(self, y_true: Any, y_pred: Any, names: Any) -> None:
        """Fix the order of the outputs, and check targets against outputs."""
        outputs = Outputs(y_pred, names)
        self.losses = [
            as_loss(x) for x in outputs.spread(self.given, "loss", shared=True)
        ]
        self.weights = outputs.spread(self.weights_given, "loss_weights", shared=True)
        used = [loss for loss in self.losses if loss is not None]
        self.outputs = outputs
        self.metrics = []
        if len(used) > 1:
            taken: set[str] = set()
            given = outputs.spread(self.given, "loss", shared=True)
            for i, loss in enumerate(self.losses):
                if loss is not None:
                    called = given[i] if isinstance(given[i], str) else loss.name
                    name = outputs.names[i] or called
                    self.metrics.append(Mean(name=_free(f"{name}_loss", taken)))
        self.check(y_true, y_pred)

    def check(self, y_true: Any, y_pred: Any) -> None:
        """Raise if a target's shape does not go with its output's."""
        assert self.outputs is not None
        targets = self.outputs.spread(y_true, "y")
        for i, output in enumerate(tree.flatten(y_pred)):
            if self.losses[i] is not None:
                label = self.outputs.names[i]
                check_target_shape(targets[i], output, self.losses[i], label)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the total loss; update the means of the outputs' losses."""
        if self.outputs is None:
            self.build(y_true, y_pred, None)
        outputs = self.outputs
        assert outputs is not None
        predictions = tree.flatten(y_pred)
        targets = outputs.spread(y_true, "y")
        sample_weights = outputs.spread(sample_weight, "sample_weight", shared=True)
        total, means = None, iter(self.metrics)
        for i, loss in enumerate(self.losses):
            if loss is None:
                continue
            value = loss(targets[i], predictions[i], sample_weights[i])
            if self.metrics:
                next(means).update_state(value, sample_weight=predictions[i].shape[0])
            weight = self.weights[i]
            value = value if weight is None else value * weight
            total = value if total is None else total + value
        return total


def _free(name: str, taken: set[str]) -> str:
    """Return `name`, with a number if it is taken."""
    free, number = name, 0
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free


class CompileMetrics(Metric):
    """The metrics of all outputs.

    Args:
        metrics: as `compile` takes them.
        weighted_metrics: likewise; these get the sample weights.
    """

    def __init__(
        self, metrics: Any, weighted_metrics: Any, name: str = "compile_metrics"
    ) -> None:
        super().__init__(name=name)
        for what, given in (
            ("metrics", metrics),
            ("weighted_metrics", weighted_metrics),
        ):
            if given is not None and not isinstance(given, (list, tuple, dict, str)):
                given_type = type(given).__name__
                raise ValueError(
                    f"`{what}` must be a list or dict of metrics, got {given!r} of "
                    f"type {given_type}."
                )
            _check_metric_names(given)
        self._given = (
            ([metrics] if isinstance(metrics, str) else metrics),
            (
                [weighted_metrics]
                if isinstance(weighted_metrics, str)
                else weighted_metrics
            ),
        )
        self.entries: list[tuple[int, str, Metric, bool]] = []
        self.outputs: Outputs | None = None

    def build(self, y_true: Any, y_pred: Any, names: Any, used: Any = None) -> None:
        """Resolve the metrics: what `"accuracy"` means depends on the outputs.

        Args:
            y_true: targets, y_pred: outputs (symbolic tensors will do).
            names: names of the outputs.
            used: the loss of each output; a loss from logits makes metrics so.
        """
        self.outputs = outputs = Outputs(y_pred, names)
        targets, taken = outputs.spread(y_true, "y"), set[str]()
        predictions = tree.flatten(y_pred)
        used = used or [None] * outputs.count
        self.entries = []
        for given, weighted in zip(self._given, (False, True)):
            for i, entry in enumerate(self._of_outputs(given, outputs)):
                for one in entry if isinstance(entry, (list, tuple)) else [entry]:
                    if one is None:
                        continue
                    metric = as_metric(one, targets[i], predictions[i], used[i])
                    prefix, name = outputs.prefix(i), metric.name
                    if weighted and prefix + name in taken:
                        name = f"weighted_{name}"
                    name = _free(prefix + name, taken)
                    self.entries.append((i, name, metric, weighted))

    @staticmethod
    def _of_outputs(given: Any, outputs: Outputs) -> list[Any]:
        if outputs.count == 1 and isinstance(given, (list, tuple)):
            nested = len(given) == 1 and isinstance(given[0], (list, tuple))
            return [given[0] if nested else given]
        if isinstance(given, (list, tuple)) and len(given) != outputs.count:
            raise ValueError(
                f"The model has {outputs.count} outputs: as a list, `metrics` must "
                f"have an entry (or list) for each, got {len(given)}: {given!r}. "
                "A dict by output names may leave some out."
            )
        return outputs.spread(given, "metrics")

    @property
    def metrics(self) -> list[Metric]:
        """The metrics themselves."""
        return [entry[2] for entry in self.entries]

    @property
    def variables(self) -> list[Any]:
        """Variables of all the metrics."""
        return [v for metric in self.metrics for v in metric.variables]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Update each metric with its output's batch."""
        assert self.outputs is not None
        targets = self.outputs.spread(y_true, "y")
        weights = self.outputs.spread(sample_weight, "sample_weight", shared=True)
        predictions = tree.flatten(y_pred)
        for i, _, metric, weighted in self.entries:
            if weighted:
                metric.update_state(targets[i], predictions[i], weights[i])
            else:
                metric.update_state(targets[i], predictions[i])

    def result(self) -> dict[str, Any]:
        """Return the results by name."""
        return {name: metric.current_value() for _, name, metric, _ in self.entries}

    def reset_state(self) -> None:
        """Begin anew."""
        for metric in self.metrics:
            metric.reset_state()

    def get_config(self) -> dict[str, Any]:
        """Not for files: `compile`'s arguments are saved instead."""
        raise NotImplementedError("Save the arguments of `compile` instead.")


def _check_metric_names(given: Any) -> None:
    special = (*_ACCURACY, *_CROSSENTROPY)
    for entry in tree.flatten(given):
        if not isinstance(entry, str) or entry in special:
            continue
        if registry.get_registered_object(entry) is None:
            _metric_object(entry, special)


def _metric_object(entry: str, special: Any) -> Any:
    try:
        return metrics.get(entry)
    except ValueError:
        try:
            return losses.get(entry)  # any loss serves as a metric
        except ValueError:
            known = (*special, *registry.namespace("metrics"))
            hint = registry.did_you_mean(entry, known)
            raise ValueError(f"Unknown metric {entry!r}.{hint}") from None


def as_metric(given: Any, y_true: Any, y_pred: Any, loss: Any) -> Metric:
    """Return a metric object from a string, function or object.

    Args:
        given: what `compile` was told; `"accuracy"` and `"crossentropy"` are chosen
            by the shapes.
        y_true: the output's target, or its symbolic stand-in.
        y_pred: likewise the output.
        loss: the output's loss, which knows whether the output is logits.
    """
    if isinstance(given, Metric):
        return given
    if isinstance(given, str) and given in (*_ACCURACY, *_CROSSENTROPY):
        return _by_shape(given, y_true, y_pred, bool(getattr(loss, "from_logits", 0)))
    found = _metric_object(given, ()) if isinstance(given, str) else metrics.get(given)
    if isinstance(found, Metric):
        if isinstance(given, str):
            found.name = given
        return found
    name = given if isinstance(given, str) else None
    name = name or to_snake_case(getattr(found, "__name__", type(found).__name__))
    return MeanMetricWrapper(found, name=getattr(found, "name", None) or name)


def _by_shape(name: str, y_true: Any, y_pred: Any, from_logits: bool) -> Metric:
    if not hasattr(y_true, "shape"):
        raise ValueError(f"The metric {name!r} needs targets, but `y` is missing.")
    target, output = tuple(y_true.shape), tuple(y_pred.shape)
    binary = not output or output[-1] == 1
    sparse = len(target) < len(output) or (
        len(target) == len(output) and target[-1] == 1 and not binary
    )
    if name in _ACCURACY:
        if binary:
            threshold = 0.0 if from_logits else 0.5
            return metrics.BinaryAccuracy(name=name, threshold=threshold)
        kind = (
            metrics.SparseCategoricalAccuracy if sparse else metrics.CategoricalAccuracy
        )
        return kind(name=name)
    crossentropy = (
        metrics.BinaryCrossentropy
        if binary
        else metrics.SparseCategoricalCrossentropy
        if sparse
        else metrics.CategoricalCrossentropy
    )
    return crossentropy(name=name, from_logits=from_logits)


def total(values: list[Any]) -> Any:
    """Sum of losses, zero for none."""
    if not values:
        return ops.zeros(())
    result = values[0]
    for value in values[1:]:
        result = result + value
    return result
