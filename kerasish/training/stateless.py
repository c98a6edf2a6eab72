"""Training pieces as pure functions, for people who write their own JAX loops."""

from collections.abc import Sequence
from typing import Any

from .. import tree
from ..variable import functional

__all__ = ["Stateless"]


class Stateless:
    """Pure forms of a model's loss; values are in the order of the variable lists."""

    def _state_groups(self: Any, kind: str) -> list[list[Any]]:
        """The variable lists that a step of this kind is given."""
        trained, rest = self.trainable_variables, self.non_trainable_variables
        if kind == "predict":
            return [trained, rest]
        metrics = self.metrics_variables
        seen = {id(v) for v in metrics}
        groups = [trained, [v for v in rest if id(v) not in seen], metrics]
        if kind == "train":
            slots = list(self.optimizer.variables) if self.optimizer else []
            groups.insert(2, slots)
        return groups

    def stateless_compute_loss(
        self: Any,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        metrics_variables: Sequence[Any],
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tuple[Any, tuple[list[Any], list[Any], list[Any]]]:
        """Compute the loss as a pure function of variables.

        Returns:
            `(loss, (trainable, non-trainable, metrics values))`.
        """
        groups = self._state_groups("test")
        pure = functional(self._compute_loss, tree.flatten(groups))
        values = [*trainable_variables, *non_trainable_variables, *metrics_variables]
        loss, new = pure(values, x, y, y_pred, sample_weight, training)
        return loss, tuple(_split(new, groups))  # type: ignore[return-value]

    def compute_loss_and_updates(
        self: Any,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        metrics_variables: Sequence[Any],
        x: Any,
        y: Any,
        sample_weight: Any = None,
        training: bool = False,
        optimizer_variables: Sequence[Any] | None = None,
    ) -> tuple[Any, tuple[Any, Any, list[Any], list[Any]]]:
        """Run the model and its loss: the function to differentiate in `train_step`.

        Returns:
            `(loss, (unscaled loss, y_pred, non-trainable values, metrics values))`; the
            first is scaled where the optimizer scales losses.
        """
        groups = self._state_groups("test")
        slots = list(self.optimizer.variables) if optimizer_variables else []

        def run() -> tuple[Any, Any, Any]:
            y_pred = self._call_for_training(x, training)
            loss = self._compute_loss(x, y, y_pred, sample_weight, training)
            scaled = loss
            if training and self.optimizer is not None:
                scaled = self.optimizer.scale_loss(loss)
            return scaled, loss, y_pred

        pure = functional(run, [*tree.flatten(groups), *slots])
        values = [*trainable_variables, *non_trainable_variables, *metrics_variables]
        (scaled, loss, y_pred), new = pure([*values, *(optimizer_variables or ())])
        _, rest, metrics = _split(new, groups)
        return scaled, (loss, y_pred, rest, metrics)


def _split(values: list[Any], groups: list[list[Any]]) -> list[list[Any]]:
    found, start = [], 0
    for group in groups:
        found.append(list(values[start : start + len(group)]))
        start += len(group)
    return found
