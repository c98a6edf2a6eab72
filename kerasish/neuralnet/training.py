"""`neuralnet`: arguments checked, a network planned, trained and told about."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..names import did_you_mean
from . import fitting
from .fitting import ALGORITHMS, Search
from .formula import Frame, frame
from .network import ACTIVATIONS, Plan
from .result import NeuralNet, weight_names

__all__ = ["neuralnet"]

LIMITS = {"min": 1e-10, "max": 0.1}
FACTORS = {"minus": 0.5, "plus": 1.2}


def neuralnet(
    formula: str,
    data: Any,
    hidden: int | Sequence[int] = 1,
    threshold: float = 0.01,
    stepmax: int = 100_000,
    rep: int = 1,
    startweights: Any = None,
    learningrate_limit: Mapping[str, float] | None = None,
    learningrate_factor: Mapping[str, float] | None = None,
    learningrate: float | None = None,
    lifesign: str = "none",
    lifesign_step: int = 1000,
    algorithm: str = "rprop+",
    err_fct: str | Callable[..., Any] = "sse",
    act_fct: str | Callable[..., Any] = "logistic",
    output_act_fct: str | Callable[..., Any] = "logistic",
    linear_output: bool = True,
    exclude: Any = None,
    constant_weights: Any = None,
    likelihood: bool = False,
    seed: int | None = None,
) -> NeuralNet:
    """Trains a multi-layer perceptron on a table, as R's `neuralnet` does.

    The error is a sum over all cases, and a step looks at all of them. A repetition
    ends where the largest absolute partial derivative is at most `threshold`. All
    repetitions train side by side in one compiled program, in 64 bits; each rests when
    it has arrived. Meanwhile the process's default float is float64.

    Args:
        formula: `"y1 + y2 ~ x1 + x2"`; `.` stands for all other columns, `-x` takes one
            away, a name with other signs stands in backticks. A response of text, bools
            or a pandas category becomes a column of 0 and 1 for each class;
            `species == "setosa"` is one for that class.
        data: dict of columns, `DataFrame`, or structured array.
        hidden: units of the hidden layer, or of each; 0: none.
        threshold: see above.
        stepmax: a repetition that needs more steps is left out, with a warning.
        rep: number of repetitions.
        startweights: the first weights, as numbers in the order of `weight_names` or as
            matrices like `NeuralNet.weights`; or a list of these for several
            repetitions. Others are drawn from the standard normal distribution.
        learningrate_limit: `{"min": 1e-10, "max": 0.1}`: of the steps of the resilient
            algorithms, which begin with 0.1.
        learningrate_factor: `{"minus": 0.5, "plus": 1.2}`: by which they change.
        learningrate: of `"backprop"`, which needs it.
        lifesign: what is printed: `"none"`, `"minimal"` (the result of each repetition)
            or `"full"` (also how many have arrived, every `lifesign_step` steps).
        lifesign_step: see there.
        algorithm: `"rprop+"`, `"rprop-"`, `"sag"`, `"slr"` (see
            `keras.optimizers.Rprop`) or `"backprop"`, `w -= learningrate * gradient`.
        err_fct: `"sse"`, `½ (y - o)²`; `"ce"`, `-(y ln o + (1 - y) ln(1 - o))`; or a
            function of (output, response), elementwise, of `keras.ops`.
        act_fct: `"logistic"`, `"tanh"`, `"relu"` or a function, of the hidden units.
        output_act_fct: the same, of the outputs, if not `linear_output`.
        linear_output: whether the outputs are the sums themselves.
        exclude: weights that are left out: positions (from 0), names such as
            `"age.to.1layhid1"`, or triples (layer, input, unit), each from 0, where
            input 0 is the intercept.
        constant_weights: values at which the first of the excluded weights stay; the
            others are 0.
        likelihood: whether the error is a negative log-likelihood, so that there are
            `aic = 2 error + 2 k` and `bic = 2 error + k ln n`, with k weights.
        seed: of the first weights; None: drawn, see `keras.utils.set_random_seed`.

    Raises:
        ValueError: for an argument that is not as said here, and a formula or column
            that cannot be used.

    Reference: Günther and Fritsch 2010, "neuralnet: Training of Neural Networks", The R
    Journal 2(1).

    Example:
        >>> data = {"a": [0, 0, 1, 1], "b": [0, 1, 0, 1], "xor": [0, 1, 1, 0]}
        >>> nn = keras.neuralnet.neuralnet("xor ~ a + b", data, hidden=2, rep=5, seed=1)
        >>> nn.predict({"a": [1, 1], "b": [0, 1]}).ravel() > 0.5
        array([ True, False])
        >>> nn.weight_names[:3]
        ['Intercept.to.1layhid1', 'a.to.1layhid1', 'b.to.1layhid1']
    """
    call = dict(locals())
    table = frame(formula, data)
    search = _search(call)
    plan = _plan(table, call)
    _require(_whole(rep, 1), "rep", "a whole number from 1", rep)
    first = fitting.start(plan, startweights, rep, seed)
    fitted = fitting.fit(plan, search, table.covariate, table.response, first)
    result = NeuralNet(call, table, plan, fitted, first)
    fitting.report(search, fitted, repr(result).splitlines())
    return result


def _require(good: Any, name: str, text: str, value: Any) -> None:
    if not good:
        raise ValueError(f"`{name}` must be {text}; got {value!r}.")


def _whole(value: Any, least: int) -> bool:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and value >= least


def _one_of(name: str, value: Any, known: Sequence[str], also: str = "") -> Any:
    if not (value in known if isinstance(value, str) else also and callable(value)):
        hint = did_you_mean(value, known)
        _require(False, name, f"one of {list(known)}{also}.{hint}", value)
    return value


def _pair(name: str, given: Any, default: dict[str, float]) -> tuple[float, float]:
    pair = {**default, **(given or {})}
    keys = [*default]
    good = [*pair] == keys and 0 < pair[keys[0]] < pair[keys[1]]
    _require(good, name, f"a dict such as {default}, the lesser first", given)
    return pair[keys[0]], pair[keys[1]]


def _search(call: dict[str, Any]) -> Search:
    """How to look for the weights, from the arguments of `neuralnet`."""
    algorithm = _one_of("algorithm", call["algorithm"], ALGORITHMS)
    rate = call["learningrate"]
    if (algorithm == "backprop") != (rate is not None):
        raise ValueError(
            "`learningrate` belongs to algorithm 'backprop', which needs it; others "
            f"have `learningrate_limit`. Got {algorithm!r} with learningrate={rate!r}."
        )
    for name in ("threshold", "learningrate"):
        value = call[name]
        _require(value is None or value > 0, name, "a positive number", value)
    for name in ("stepmax", "lifesign_step"):
        _require(_whole(call[name], 1), name, "a whole number from 1", call[name])
    return Search(
        algorithm,
        float(call["threshold"]),
        int(call["stepmax"]),
        float(rate or 0.0),
        _pair("learningrate_limit", call["learningrate_limit"], LIMITS),
        _pair("learningrate_factor", call["learningrate_factor"], FACTORS),
        _one_of("lifesign", call["lifesign"], ("none", "minimal", "full")),
        int(call["lifesign_step"]),
    )


def _plan(table: Frame, call: dict[str, Any]) -> Plan:
    """The network, from the arguments of `neuralnet`."""
    hidden = call["hidden"]
    layers = [hidden] if np.ndim(hidden) == 0 else list(hidden)
    layers = [] if layers == [0] else layers
    good = all(_whole(units, 1) for units in layers)
    _require(good, "hidden", "numbers of units such as 3 or (3, 2), or 0", hidden)
    known = [name for name in ACTIVATIONS if name != "linear"]
    also = " or a function"
    act = _one_of("act_fct", call["act_fct"], known, also)
    output = _one_of("output_act_fct", call["output_act_fct"], known, also)
    output = "linear" if call["linear_output"] else output
    err = _one_of("err_fct", call["err_fct"], ("sse", "ce"), also)
    if err == "ce":
        _check_ce(table, output)
    columns = table.covariate.shape[1], table.response.shape[1]
    sizes = (columns[0], *map(int, layers), columns[1])
    plan = Plan(sizes, act, output, err)
    return plan._replace(excluded=_excluded(plan, table, call))


def _check_ce(table: Frame, output: Any) -> None:
    if output in ("linear", "tanh", "relu"):
        raise ValueError(
            "err_fct='ce' needs outputs between 0 and 1: set `linear_output=False` and "
            f"`output_act_fct='logistic'`. The outputs are {output!r}."
        )
    for name, column in zip(table.response_names, table.response.T):
        if column.min() < 0 or column.max() > 1:
            raise ValueError(
                "err_fct='ce' needs responses from 0 to 1; column "
                f"`{name}` is from {column.min():g} to {column.max():g}. Use 'sse', or "
                "make it a column of text to have one response for each class."
            )


def _excluded(
    plan: Plan, table: Frame, call: dict[str, Any]
) -> tuple[tuple[int, float], ...]:
    """Positions and values of the weights that do not learn."""
    given, constants = call["exclude"], call["constant_weights"]
    given = [] if given is None else [given] if isinstance(given, str) else list(given)
    names = weight_names(plan, table.covariate_names, table.response_names)
    places = [_position(one, plan, names) for one in given]
    values = [] if constants is None else np.atleast_1d(constants).tolist()
    if len(values) > len(places) or len(set(places)) < len(places):
        raise ValueError(
            f"`constant_weights` has {len(values)} values for the {len(places)} "
            "weights of `exclude`, where each may stand once."
        )
    if len(places) == plan.size:
        raise ValueError("`exclude` leaves no weight to train.")
    values += [0.0] * (len(places) - len(values))
    return tuple(sorted(zip(places, map(float, values))))


def _position(one: Any, plan: Plan, names: list[str]) -> int:
    """Where a weight stands in the vector of all."""
    if isinstance(one, str):
        if one not in names:
            hint = did_you_mean(one, names)
            raise ValueError(f"`exclude`: there is no weight {one!r}.{hint}")
        return names.index(one)
    if np.ndim(one) == 0 and 0 <= one < plan.size:
        return int(one)
    if np.shape(one) == (3,) and 0 <= one[0] < len(plan.shapes):
        rows, units = plan.shapes[one[0]]
        if 0 <= one[1] < rows and 0 <= one[2] < units:
            before = sum(a * b for a, b in plan.shapes[: one[0]])
            return int(before + one[2] * rows + one[1])
    raise ValueError(
        f"`exclude` must hold positions below {plan.size}, names, or triples (layer, "
        f"input, unit) within the shapes {plan.shapes}; got {one!r}."
    )
