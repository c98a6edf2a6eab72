"""What `neuralnet` gives: the weights of all repetitions, and what they say."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend, ops
from .. import config as settings
from ..layers import Dense, Input
from ..models import Sequential
from ..optimizers import Rprop
from . import inference, plots
from .formula import Frame, covariates_of
from .network import Plan, double_precision

__all__ = ["NeuralNet", "weight_names"]

_KERAS = {"logistic": "sigmoid", "sse": "mse", "ce": "binary_crossentropy"}


def weight_names(
    plan: Plan, inputs: Sequence[str], outputs: Sequence[str]
) -> list[str]:
    """Return the names of all weights, such as `"age.to.1layhid1"`."""
    names, before = [], list(inputs)
    for number, units in enumerate(plan.sizes[1:], 1):
        here = [f"{number}layhid{i + 1}" for i in range(units)]
        here = list(outputs) if number == len(plan.sizes) - 1 else here
        names += [f"{a}.to.{b}" for b in here for a in ("Intercept", *before)]
        before = here
    return names


@functools.lru_cache(maxsize=32)
def _layers(plan: Plan, _: str) -> Any:
    """A compiled function of weights and covariates: the outputs of all layers."""

    def layers(free: Any, x: Any) -> list[Any]:
        hidden, sums = plan.sums(free, x)
        return [*hidden, plan.output(sums)]

    return backend.jit(layers)


class NeuralNet:
    """A trained network of `neuralnet`, in all its repetitions.

    Repetitions are counted from 0, in the order in which they began; those that did not
    reach the threshold are left out.

    Attributes:
        call: the arguments of `neuralnet`.
        covariate, response: float64 matrices, a row for each case.
        model_list: names: `{"response": [...], "variables": [...]}`.
        weights: for each repetition a list of matrices (inputs + 1, units), one for
            each layer, with the intercepts first. Excluded weights are 0 there.
        startweights: the same, before the training.
        net_result: for each repetition the outputs, (cases, responses).
        result_matrix: name -> array with a number for each repetition: `error`,
            `reached.threshold`, `steps`, `aic` and `bic` (with `likelihood`), and each
            weight (NaN, if it is excluded). `pandas.DataFrame` takes it as it is.
    """

    def __init__(
        self, call: dict[str, Any], data: Frame, plan: Plan, fitted: Any, first: Any
    ) -> None:
        self.call = call
        self.covariate, self.response, covariates, responses = data
        self.model_list = {"response": responses, "variables": covariates}
        self._plan = plan
        kept = fitted.done
        self._whole = fitted.weights[kept]
        self.weights = self._as_matrices(self._whole)
        self.startweights = self._as_matrices(first[kept])
        self.result_matrix = self._table(fitted, kept)
        self.net_result = [o[-1] for o in self._outputs(self.covariate)]

    def _table(self, fitted: Any, kept: np.ndarray) -> dict[str, np.ndarray]:
        error = fitted.errors[kept]
        table = {"error": error, "reached.threshold": fitted.reached[kept]}
        table["steps"] = fitted.steps[kept]
        if self.call["likelihood"]:
            constants = sum(value != 0 for _, value in self._plan.excluded)
            count = len(self._plan.free) + constants
            table["aic"] = 2 * error + 2 * count
            table["bic"] = 2 * error + np.log(len(self.response)) * count
        left_out = {place for place, value in self._plan.excluded if value == 0}
        for place, name in enumerate(self.weight_names):
            column = self._whole[:, place]
            table[name] = np.full(len(column), np.nan) if place in left_out else column
        return table

    @property
    def weight_names(self) -> list[str]:
        """Names of the weights in their order: `["Intercept.to.1layhid1", ...]`."""
        names = self.model_list
        return weight_names(self._plan, names["variables"], names["response"])

    @property
    def errors(self) -> np.ndarray:
        """The error of each repetition."""
        return self.result_matrix["error"]

    @property
    def best(self) -> int:
        """The repetition with the least error."""
        return self._number("best")

    def _number(self, rep: Any) -> int:
        count = len(self.weights)
        if not count:
            raise ValueError(
                "No repetition reached the threshold, so there are no weights. Train "
                "again with a larger `stepmax` or `threshold`."
            )
        if rep == "best":
            return int(np.argmin(self.errors))
        if isinstance(rep, bool) or rep not in range(-count, count):
            raise ValueError(
                f"`rep` must be 'best' or a number below {count}, the number of "
                f"repetitions that reached the threshold; got {rep!r}."
            )
        return rep % count

    def _as_matrices(self, whole: np.ndarray) -> list[list[np.ndarray]]:
        layers = self._plan.matrices(whole)
        return [[layer[i].T.copy() for layer in layers] for i in range(len(whole))]

    def _outputs(self, x: np.ndarray) -> list[list[np.ndarray]]:
        """The outputs of all layers in each repetition."""
        if not len(self._whole):
            return []
        with double_precision():
            free = backend.asarray(self._whole[:, self._plan.free])
            layers = _layers(self._plan, settings.backend())(free, backend.asarray(x))
            found = [backend.to_numpy(layer) for layer in layers]
        return [[layer[i] for layer in found] for i in range(len(self._whole))]

    def predict(
        self, newdata: Any = None, rep: Any = "best", all_units: bool = False
    ) -> Any:
        """Return the outputs of a repetition for new cases.

        Args:
            newdata: a table with the covariates; or a matrix with a column for each, in
                the order of `model_list`; None: the cases of the training.
            rep: a number, or `"best"`.
            all_units: return what each layer gives instead: a list, covariates first.

        Returns:
            (cases, responses), float64.
        """
        rep, x = self._number(rep), self.covariate
        if newdata is not None:
            x = covariates_of(newdata, self.model_list["variables"])
        layers = self._outputs(x)[rep]
        return [x, *layers] if all_units else layers[-1]

    def compute(self, covariate: Any, rep: Any = "best") -> dict[str, Any]:
        """Return `neurons`, what each layer gets, and `net_result`, what comes out.

        Args:
            covariate: as `newdata` of `predict`.
            rep: as there.

        Returns:
            `neurons`: a list of matrices whose first column is 1, for the intercept.
        """
        *inner, last = self.predict(covariate, rep, all_units=True)
        ones = np.ones((len(last), 1))
        neurons = [np.concatenate([ones, layer], axis=1) for layer in inner]
        return {"neurons": neurons, "net_result": last}

    @functools.cached_property
    def generalized_weights(self) -> list[np.ndarray]:
        """For each repetition `(∂o/∂x) / (o (1 - o))`: (cases, responses, covariates).

        With logistic outputs that is by how much a covariate changes the log-odds; it
        means nothing for outputs outside of (0, 1).
        """
        return inference.generalized_weights(self)

    def confidence_interval(self, alpha: float = 0.05) -> inference.Intervals:
        """See `kerasish.neuralnet.confidence_interval`."""
        return inference.confidence_interval(self, alpha)

    def prediction(self, list_glm: Any = None) -> dict[str, dict[str, np.ndarray]]:
        """See `kerasish.neuralnet.prediction`."""
        return inference.prediction(self, list_glm)

    def plot(self, rep: Any = "best", **options: Any) -> Any:
        """See `kerasish.neuralnet.plot`."""
        return plots.plot(self, rep, **options)

    def gwplot(self, *args: Any, **options: Any) -> Any:
        """See `kerasish.neuralnet.gwplot`."""
        return plots.gwplot(self, *args, **options)

    def to_model(self, rep: Any = "best") -> Sequential:
        """Return a repetition as a compiled `Sequential`, of 32 bits like all models.

        Its loss is the mean where the error here is the sum (and not halved, for sse).
        """
        plan, rep = self._plan, self._number(rep)
        acts = [plan.act] * (len(plan.sizes) - 2) + [plan.output_act]
        model = Sequential([Input((plan.sizes[0],))])
        for units, act in zip(plan.sizes[1:], acts):
            known = _KERAS.get(act, act) if isinstance(act, str) else act
            model.add(Dense(units, activation=known))
        model.set_weights([a for m in self.weights[rep] for a in (m[1:], m[0])])
        err: Any = plan.err

        def loss(y_true: Any, y_pred: Any) -> Any:
            return ops.sum(err(y_pred, ops.cast(y_true, y_pred.dtype)), axis=-1)

        model.compile(Rprop(), _KERAS[err] if isinstance(err, str) else loss)
        return model

    def __repr__(self) -> str:
        """The repetitions, the best first."""
        shown = ("error", "aic", "bic", "reached.threshold", "steps")
        keys = [key for key in shown if key in self.result_matrix]
        rows = [["rep", *keys]]
        for i in np.argsort(self.errors, kind="stable"):
            numbers = [self.result_matrix[key][i] for key in keys]
            rows.append([str(i), *[f"{number:.6g}" for number in numbers]])
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = ["  ".join(c.rjust(w) for c, w in zip(row, widths)) for row in rows]
        layers = "-".join(map(str, self._plan.sizes))
        head = f"NeuralNet {layers}: {self.call['formula']}"
        return "\n".join([head, *lines])
