"""A short trial of all learning rates, to choose one."""

import warnings
from typing import Any

import numpy as np

from .. import random
from ..visualization.axes import Axes, spread
from ..visualization.picture import INK, PALETTE, Circle, Line, Picture, Text
from .callback import Callback, Logs
from .schedule import optimizers_of

__all__ = ["LearningRateFinder"]


class LearningRateFinder(Callback):
    """Trains with a learning rate that grows from batch to batch, and suggests one.

    The rate of batch number `i` is `min * (max / min) ** (i / (steps - 1))`. The trial
    ends when the loss runs away. Then the model, its optimizer, and the random
    generators are as they were before: nothing has been learnt.

    The suggestion is the rate about which the loss falls fastest per decade; or a tenth
    of that at which its moving average is least.

    Args:
        min_learning_rate: the first rate, positive.
        max_learning_rate: the last one, larger.
        steps: number of batches, at least 10.
        suggest: `"steepest"` or `"minimum"`.
        smoothing: weight of the past in the moving average, from 0 to less than 1.
        stop_factor: the loss has run away when, smoothed, it is more than so many
            times the least so far, or not finite.

    Attributes:
        rates, losses: arrays: the rate and the loss of each batch.
        smoothed: the moving average of the losses.
        suggestion: the rate; None if the loss never fell.

    Raises:
        ValueError: for an argument out of its range; in training, for an optimizer
            whose learning rate is not a number.

    Reference: Smith 2017, "Cyclical Learning Rates", arXiv:1506.01186.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> finder = keras.callbacks.LearningRateFinder(1e-4, 100.0, steps=50)
        >>> x = np.linspace(-1, 1, 64)[:, None]
        >>> 0.01 < finder.find(model, x, 3 * x, batch_size=16) < 2
        True
        >>> model.optimizer.learning_rate = finder.suggestion
    """

    def __init__(
        self,
        min_learning_rate: float = 1e-7,
        max_learning_rate: float = 10.0,
        steps: int = 100,
        suggest: str = "steepest",
        smoothing: float = 0.9,
        stop_factor: float = 4.0,
    ) -> None:
        super().__init__()
        for name, value, right in (
            ("min_learning_rate", min_learning_rate, min_learning_rate > 0),
            (
                "max_learning_rate",
                max_learning_rate,
                max_learning_rate > min_learning_rate,
            ),
            ("steps", steps, steps >= 10),
            ("suggest", suggest, suggest in ("steepest", "minimum")),
            ("smoothing", smoothing, 0 <= smoothing < 1),
            ("stop_factor", stop_factor, stop_factor > 1),
        ):
            if not right:
                raise ValueError(
                    "`LearningRateFinder` needs 0 < min_learning_rate < "
                    "max_learning_rate, steps >= 10, suggest of 'steepest' and "
                    "'minimum', 0 <= smoothing < 1 and stop_factor > 1. Received: "
                    f"{name}={value!r}"
                )
        self.min_learning_rate = min_learning_rate
        self.max_learning_rate = max_learning_rate
        self.steps = steps
        self.suggest = suggest
        self.smoothing = smoothing
        self.stop_factor = stop_factor
        self._forget()

    def _forget(self) -> None:
        self.rates = self.losses = self.smoothed = np.zeros(0)
        self.suggestion: float | None = None
        self._kept: list[tuple[Any, np.ndarray]] = []

    def find(self, model: Any, x: Any, y: Any = None, **options: Any) -> float | None:
        """Try a compiled model on data; return the suggestion.

        Args:
            model: the model; it is afterwards as before.
            x, y: what `fit` is given; few rows are seen more than once.
            **options: further arguments of `fit`: `batch_size`, `sample_weight` ...
        """
        told = [*options.pop("callbacks", ()), self]
        given = {"verbose": 0, "epochs": self.steps, **options, "callbacks": told}
        try:
            with warnings.catch_warnings():  # that the loss runs away is no wonder
                expected = "The loss is|kerasish doctor"
                warnings.filterwarnings("ignore", message=expected)
                model.fit(x, y, **given)
        finally:
            self._restore()
            model.stop_training = False
        return self.suggestion

    def on_train_begin(self, logs: Logs = None) -> None:
        """Keep all that training changes."""
        self._forget()
        model = self.model
        variables = [*model.variables, *model.optimizer.variables]
        variables += model.metrics_variables
        if random.default_state() is not None:
            variables.append(random.default_generator().state)
        self._kept = [(v, np.array(v.numpy())) for v in variables]
        self._epochs_done = model._epochs_done

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Set the rate of the batch; its loss is to be its own, not a mean."""
        span = self.max_learning_rate / self.min_learning_rate
        rate = self.min_learning_rate * span ** (len(self.losses) / (self.steps - 1))
        for _, optimizer in optimizers_of(self.model):
            try:
                optimizer.learning_rate = rate
            except TypeError as error:
                raise ValueError(
                    "`LearningRateFinder` needs an optimizer whose `learning_rate` is "
                    f"a number: compile with one first. {error}"
                ) from error
        self.rates = np.append(self.rates, rate)
        self.model.reset_metrics()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Take down the loss; end when it has run away."""
        self.losses = np.append(self.losses, (logs or {})["loss"])
        count = len(self.losses)
        # Each average weighs all losses so far, the late ones more.
        weights = self.smoothing ** np.arange(count)[::-1]
        mean = np.average(self.losses, weights=weights)
        self.smoothed = np.append(self.smoothed, mean)
        least = self.smoothed.min()
        ran_away = count >= 10 and mean > least + (self.stop_factor - 1) * abs(least)
        if count == self.steps or ran_away or not np.isfinite(mean):
            self.model.stop_training = True

    def on_train_end(self, logs: Logs = None) -> None:
        """Give all its value back; look at the losses."""
        self._restore()
        self.suggestion = self._suggested()

    def _restore(self) -> None:
        if self._kept:
            for variable, value in self._kept:
                variable.assign(value)
            self.model._epochs_done = self._epochs_done
            self._kept = []

    def _suggested(self) -> float | None:
        count = int(np.isfinite(self.smoothed).sum())
        end = int(np.argmin(self.smoothed[:count])) + 1 if count else 0
        rates, losses = np.log10(self.rates[:end]), self.losses[:end]
        if self.suggest == "minimum":
            return float(10 ** (rates[-1] - 1)) if end > 1 else None
        # Straight lines through a fifth of the losses each: noise evens out.
        half = max(2, self.steps // 10)
        slopes = [
            np.polyfit(
                rates[i - half : i + half + 1], losses[i - half : i + half + 1], 1
            )
            for i in range(half, end - half)
        ]
        falls = [slope for slope, _ in slopes]
        if not falls or min(falls) >= 0:
            return None
        return float(10 ** rates[half + int(np.argmin(falls))])

    def plot(self) -> Picture:
        """Draw the losses over the rates, their moving average, and the suggestion.

        Returns:
            A `Picture`: a notebook shows it, `save(path)` writes it.

        Raises:
            ValueError: before a trial.
        """
        if not len(self.losses):
            raise ValueError("`LearningRateFinder` has no losses yet: call `find`.")
        lowest = int(np.nanargmin(self.smoothed)) + 1  # what ran away would flatten it
        rates = np.log10(self.rates)
        ends = float(rates[0]), float(rates[-1])
        axes = Axes(62, 20, 420, 230, ends, spread(self.losses[:lowest]))
        shapes = axes.frame("learning rate, its power of 10", "loss")
        shown = self.losses <= axes.up[1]
        dots = [axes.point(*pair) for pair in zip(rates[shown], self.losses[shown])]
        shapes += [Circle(x, y, 2, PALETTE[0], "none") for x, y in dots]
        mean = [p for p in zip(rates, self.smoothed) if p[1] <= axes.up[1]]
        shapes.append(Line([axes.point(*p) for p in mean], PALETTE[1], 2))
        if self.suggestion is not None:
            x, y = axes.point(float(np.log10(self.suggestion)), axes.up[1])
            shapes.append(Line([(x, y), (x, y + axes.height)], INK, 1, True))
            label = f"suggestion {self.suggestion:.2g}"
            shapes.append(Text(x - 6, y + 16, label, 12, "end"))
        return Picture(500, 300, shapes, "A trial of learning rates")
