"""One step of training, evaluation and prediction: what users override."""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

from .. import tree
from ..data import unpack_x_y_sample_weight
from ..layers.owner import unique
from ..random import default_generator
from ..variable import Variable, state
from .compiled import total
from .gradients import value_and_gradients
from .stateless import Stateless

__all__ = ["Steps"]


class Steps(Stateless):
    """The steps, the loss and the metrics of a model."""

    optimizer: Any
    _compiled: Any

    @property
    def metrics(self) -> list[Any]:
        """The loss's mean, the metrics of `compile`, and those of layers."""
        found: list[Any] = []
        if self._compiled is not None:
            found.append(self._compiled.loss_tracker)
            if self._compiled.metrics is not None:
                found.append(self._compiled.metrics)
            if self._compiled.loss is not None:
                found += self._compiled.loss.metrics
        return found + super().metrics  # type: ignore[misc]

    @property
    def metrics_names(self) -> list[str]:
        """Names of `metrics`."""
        return [metric.name for metric in self.metrics]

    @property
    def metrics_variables(self) -> list[Variable]:
        """Variables of `metrics`."""
        return [v for metric in self.metrics for v in metric.variables]

    def reset_metrics(self) -> None:
        """Begin all metrics anew."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """Return the results of all metrics by name."""
        found: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.current_value()
            if isinstance(result, dict):
                found.update(result)
            else:
                found[metric.name] = result
        return found

    # --- one step; override these to train differently --------------------------------

    def train_step(self, data: Any) -> dict[str, Any]:
        """Train on one batch.

        Override it, in this form or as `train_step(self, state, data)`, where `state`
        is (trainable, non-trainable, optimizer, metrics values) and `(logs, state)` is
        returned.

        Args:
            data: `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

        Returns:
            Logs: name -> value.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)

        def forward() -> tuple[Any, Any, Any]:
            y_pred = self._call_for_training(x, True)
            loss = self._compute_loss(x, y, y_pred, sample_weight, True)
            scaled = loss if self.optimizer is None else self.optimizer.scale_loss(loss)
            return scaled, loss, y_pred

        (_, loss, y_pred), gradients = self.value_and_gradients(forward)
        variables = self.trainable_variables  # type: ignore[attr-defined]
        if variables:
            self.optimizer.apply(gradients, variables)
        elif any(layer.is_quantized for layer in self._flatten_layers()):  # type: ignore[attr-defined]
            warnings.warn(
                f"Model `{self.name}` has nothing left to train: quantized weights "  # type: ignore[attr-defined]
                "stay as they are. Call `enable_lora(rank)` of its layers before.",
                stacklevel=2,
            )
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Evaluate on one batch; see `train_step`."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self._call_for_training(x, False)
        loss = self._compute_loss(x, y, y_pred, sample_weight, False)
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """Return the outputs for one batch."""
        return self._call_for_training(unpack_x_y_sample_weight(data)[0], False)

    def value_and_gradients(self, fn: Callable[[], Any]) -> tuple[Any, list[Any]]:
        """Run `fn` and differentiate what it returns by the trainable variables.

        Args:
            fn: takes nothing, returns the loss or `(loss, anything else)`.

        Returns:
            `(what fn returned, gradients in the order of trainable_variables)`.
        """
        trained = self.trainable_variables  # type: ignore[attr-defined]
        others = [*self.non_trainable_variables, *self.metrics_variables]  # type: ignore[attr-defined]
        others.append(default_generator().state)
        return value_and_gradients(fn, trained, unique(others))

    def _call_for_training(self, x: Any, training: bool) -> Any:
        taken = inspect.signature(type(self).call).parameters  # type: ignore[attr-defined]
        options = {"training": training} if "training" in taken else {}
        outputs = self(x, **options)  # type: ignore[operator]
        if outputs is None:
            raise ValueError(
                f"`call` of {type(self).__name__} returned None. Is there a `return`?"
            )
        return outputs

    def _track_loss(self, loss: Any, x: Any) -> None:
        if self._compiled is not None:
            rows = next(a for a in tree.flatten(x) if a is not None).shape[0]
            self._compiled.loss_tracker.update_state(loss, sample_weight=rows)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the total loss of a batch: `compile`'s, `add_loss` and penalties.

        Override it to compute another; `self._loss_tracker`'s mean follows by itself.
        """
        values = []
        if self._compiled is not None and self._compiled.loss is not None:
            loss = self._compiled.loss(y, y_pred, sample_weight)
            if loss is not None:
                values.append(loss)
        values += self.losses  # type: ignore[attr-defined]
        if not values and not state.inferring and training:
            warnings.warn(
                f"Model `{self.name}` has nothing to minimise: `compile` got no "  # type: ignore[attr-defined]
                "`loss`, and no layer called `add_loss`.",
                stacklevel=2,
            )
        return total(values)

    def _compute_loss(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool
    ) -> Any:
        """Call `compute_loss`, which users may override without `training`."""
        taken = inspect.signature(self.compute_loss).parameters
        kinds = [p.kind for p in taken.values()]
        options = {}
        if "training" in taken or inspect.Parameter.VAR_KEYWORD in kinds:
            options["training"] = training
        return self.compute_loss(
            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **options
        )

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Update the metrics of `compile` with a batch; return all results."""
        if self._compiled is not None and self._compiled.metrics is not None:
            self._compiled.metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    @property
    def _loss_tracker(self) -> Any:
        """The metric that averages the loss."""
        return None if self._compiled is None else self._compiled.loss_tracker
