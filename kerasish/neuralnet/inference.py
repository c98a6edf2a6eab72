"""What the weights are worth: intervals, generalized weights, fitted values."""

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from .. import backend, ops
from ..graph import Tensor
from .network import Plan, double_precision

__all__ = ["Intervals", "confidence_interval", "generalized_weights", "prediction"]


RCOND = 1.5e-8  # of the generalised inverse: the root of what 64 bits can tell


class Intervals(NamedTuple):
    """Confidence intervals of all weights.

    Attributes:
        lower: for each repetition a list of matrices, as `NeuralNet.weights`; NaN for
            weights that are excluded.
        upper: the same.
        nic: the network information criterion of each repetition.
    """

    lower: list[list[np.ndarray]]
    upper: list[list[np.ndarray]]
    nic: np.ndarray


def confidence_interval(x: Any, alpha: float = 0.05) -> Intervals:
    """Bounds of the weights, as White's theory of misspecified models has them.

    With `A` the mean Hessian of the cases' errors, `B` the mean outer product of their
    gradients, `V = A⁻¹ B A⁻¹` and n cases, the bounds are
    `w ± z(1 - alpha / 2) sqrt(diag(V) / n)`; NIC is `error + trace(B A⁻¹)`. The
    derivatives are exact, for any number of layers; where `A` has no inverse, as with
    units that do the same, the generalised one is taken.

    Args:
        x: what `neuralnet` returned.
        alpha: one minus the coverage.

    Raises:
        ValueError: if `alpha` is not between 0 and 1.

    Reference: White 1989, "Learning in artificial neural networks: a statistical
    perspective"; Murata, Yoshizawa and Amari 1994, "Network information criterion".

    Example:
        >>> rng = np.random.default_rng(0)
        >>> a = rng.normal(size=50)
        >>> data = {"a": a, "y": 2 * a + rng.normal(size=50)}
        >>> nn = keras.neuralnet.neuralnet("y ~ a", data, hidden=0)
        >>> low, high, _ = keras.neuralnet.confidence_interval(nn)
        >>> bool(low[0][0][1, 0] < 2 < high[0][0][1, 0])
        True
    """
    if not 0 < alpha < 1:
        raise ValueError(f"`alpha` must be between 0 and 1, got {alpha!r}.")
    plan, z = x._plan, NormalDist().inv_cdf(1 - alpha / 2)
    lower, upper = (np.full_like(x._whole, np.nan) for _ in range(2))
    nic = []
    derivatives = _derivatives(plan, x.covariate, x.response)
    for i, weights in enumerate(x._whole):
        free = weights[plan.free]
        hessian, each = derivatives(free)
        inverse = np.linalg.pinv(hessian, rcond=RCOND, hermitian=True)
        shares = each @ inverse  # the mean of their squares is the diagonal of V
        half = z * np.sqrt(np.mean(shares**2, axis=0) / len(each))
        lower[i, plan.free], upper[i, plan.free] = free - half, free + half
        nic.append(x.errors[i] + np.sum(shares * each) / len(each))
    return Intervals(x._as_matrices(lower), x._as_matrices(upper), np.array(nic))


def _derivatives(plan: Plan, x: np.ndarray, y: np.ndarray) -> Any:
    """A function of weights: the mean Hessian, and the gradient of each case.

    Each case, and each row of the Hessian, is a repetition with the same weights: one
    gradient gives all of them.
    """
    each = backend.jit(plan.gradients)
    count = len(plan.free)

    def rows(copies: Tensor, x: Tensor, y: Tensor) -> Tensor:
        def slopes(values: list[Tensor]) -> tuple[Tensor, tuple[()]]:
            return ops.sum(ops.eye(count) * plan.gradients(values[0], x, y)[1]), ()

        return backend.value_and_grad(slopes)([copies])[1][0]

    compiled = backend.jit(rows)

    def derivatives(free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with double_precision():
            inputs, outputs = (backend.asarray(a, "float64") for a in (x, y))
            copies = backend.asarray(np.tile(free, (len(y), 1)), "float64")
            one_each = each(copies, inputs[:, None], outputs[:, None])[1]
            gradients = backend.to_numpy(one_each)
            rows_of = backend.asarray(np.tile(free, (count, 1)), "float64")
            hessian = backend.to_numpy(compiled(rows_of, inputs, outputs))
        return (hessian + hessian.T) / (2 * len(y)), gradients

    return derivatives


def generalized_weights(x: Any) -> list[np.ndarray]:
    """The log-odds slopes of each case, for `NeuralNet.generalized_weights`."""
    plan, found = x._plan, []
    if not len(x._whole):
        return []
    logistic = plan.output_act == "logistic"  # whose log-odds are the sums

    def slopes(number: Any, free: Tensor, covariate: Tensor) -> tuple[Tensor, Tensor]:
        def total(values: list[Tensor]) -> tuple[Tensor, Tensor]:
            sums = plan.sums(free, values[0])[1]
            output = sums if logistic else plan.output(sums)
            output = ops.take(output, number, axis=2)
            return ops.sum(output), output

        (_, output), (slope,) = backend.value_and_grad(total)([covariate])
        return output, slope

    compiled = backend.jit(slopes)
    with double_precision():
        free = backend.asarray(x._whole[:, plan.free])
        covariate = backend.asarray(np.tile(x.covariate, (len(x._whole), 1, 1)))
        for number in range(plan.sizes[-1]):
            which = backend.asarray(number, "int32")
            arrays = compiled(which, free, covariate)
            output, slope = (backend.to_numpy(a) for a in arrays)
            with np.errstate(all="ignore"):
                divisor = 1.0 if logistic else (output * (1 - output))[:, :, None]
                found.append(slope / divisor)
    return list(np.stack(found, axis=2))


def prediction(
    x: Any, list_glm: Mapping[str, Any] | None = None
) -> dict[str, dict[str, np.ndarray]]:
    """Fitted values side by side, for each distinct row of covariates.

    Args:
        x: what `neuralnet` returned.
        list_glm: name -> another fitted model, whose `predict` takes the matrix of
            covariates: of scikit-learn, say.

    Returns:
        Tables, name -> column: `"data"` with the covariates, the mean of each response
        and, for the table, `"data.error"`, the error of taking these means; `"rep0"`,
        ... with what the repetitions give; and a table for each other model.

    Example:
        >>> data = {"a": [0, 0, 1, 1], "y": [0, 1, 1, 1]}
        >>> nn = keras.neuralnet.neuralnet("y ~ a", data, hidden=0)
        >>> tables = keras.neuralnet.prediction(nn)
        >>> tables["data"]["y"].tolist(), tables["data"]["data.error"].tolist()
        ([0.5, 1.0], [0.25])
        >>> tables["rep0"]["y"].round(1).tolist()
        [0.5, 1.0]
    """
    rows, group = np.unique(x.covariate, axis=0, return_inverse=True)
    group = group.ravel()
    totals = np.zeros((len(rows), x.response.shape[1]))
    np.add.at(totals, group, x.response)
    means = totals / np.bincount(group)[:, None]
    with double_precision():
        both = (backend.asarray(a, "float64") for a in (means[group], x.response))
        error = backend.to_numpy(ops.sum(x._plan.distance(*both)))
    names = x.model_list["response"]
    covariates = dict(zip(x.model_list["variables"], rows.T))

    def table(columns: Any) -> dict[str, np.ndarray]:
        columns = np.asarray(columns, "float64").reshape(len(rows), -1)
        return {**covariates, **dict(zip(names, columns.T))}

    found = {"data": {**table(means), "data.error": np.array([float(error)])}}
    for number, layers in enumerate(x._outputs(rows)):
        found[f"rep{number}"] = table(layers[-1])
    for name, model in (list_glm or {}).items():
        found[name] = table(model.predict(rows))
    return found
