"""Pictures of what `neuralnet` gives."""

from typing import Any

import numpy as np

from ..visualization.axes import Axes, spread
from ..visualization.network import plot_network
from ..visualization.picture import PALE, Circle, Line, Picture, Text

__all__ = ["gwplot", "plot"]

BEST, WIDTH, HEIGHT = "#D55E00", 420.0, 300.0


def plot(
    x: Any,
    rep: Any = "best",
    max_units: int = 12,
    show_weights: bool = True,
    file: Any = None,
) -> Picture | list[Picture]:
    """Draws a network with its weights, and its error and steps below.

    Args:
        x: what `neuralnet` returned.
        rep: a number, `"best"`, or None for a list of all pictures.
        max_units: of a layer with more, the first ones are drawn.
        show_weights: whether each weight has its number.
        file: a path to save the picture at, too; see `Picture.save`.

    Returns:
        A `Picture`: a notebook shows it.

    Example:
        >>> data = {"a": [0.0, 1.0, 2.0], "y": [1.0, 3.0, 5.0]}
        >>> nn = keras.neuralnet.neuralnet("y ~ a", data, hidden=0, threshold=1e-6)
        >>> print(str(keras.neuralnet.plot(nn)).partition("error")[0])
        1
        1
        a
        2
        y
        input  Dense
        <BLANKLINE>
    """
    if rep is None:
        if file is not None:
            raise ValueError("`file` takes one picture: say which by `rep`.")
        several = range(len(x.weights))
        return [plot(x, i, max_units, show_weights) for i in several]  # type: ignore[misc]
    rep = x._number(rep)
    picture = plot_network(
        x.to_model(rep),
        input_names=x.model_list["variables"],
        output_names=x.model_list["response"],
        max_units=max_units,
        error=float(x.errors[rep]),
        steps=int(x.result_matrix["steps"][rep]),
        show_weights=show_weights,
    )
    if file is not None:
        picture.save(file)
    return picture


def _place(which: Any, names: list[str], argument: str) -> int:
    if which in names:
        return names.index(which)
    if isinstance(which, int) and which in range(len(names)):
        return which
    raise ValueError(
        f"`{argument}` must be one of {names}, or its number from 0; got {which!r}."
    )


def gwplot(
    x: Any,
    rep: Any = None,
    max: float | None = None,
    min: float | None = None,
    file: Any = None,
    selected_covariate: Any = 0,
    selected_response: Any = 0,
    highlight: Any = None,
) -> Picture:
    """Draws the generalized weights of a covariate against the covariate.

    Points along a line that is flat at 0 tell of no effect; a flat one elsewhere of a
    linear effect (on the log-odds); anything else of one that is not linear.

    Args:
        x: what `neuralnet` returned.
        rep: a number or `"best"`; None: all, and the best in colour.
        max: the greatest value shown; default: of what is there.
        min: the least value shown.
        file: a path to save the picture at, too; see `Picture.save`.
        selected_covariate: its name or number.
        selected_response: its name or number.
        highlight: the repetition in colour instead of the best.

    Returns:
        A `Picture`: a notebook shows it.

    Example:
        >>> a = np.linspace(-2, 2, 20)
        >>> data = {"a": a, "y": a > 0.5 * np.sin(9 * a)}
        >>> nn = keras.neuralnet.neuralnet("y ~ a", data, hidden=0,
        ...     linear_output=False, err_fct="ce")
        >>> print(keras.neuralnet.gwplot(nn).title)
        Generalized weights of a for False
    """
    responses, covariates = x.model_list["response"], x.model_list["variables"]
    covariate = _place(selected_covariate, covariates, "selected_covariate")
    response = _place(selected_response, responses, "selected_response")
    best = x._number("best" if highlight is None else highlight)
    chosen = range(len(x.weights)) if rep is None else [x._number(rep)]
    across = x.covariate[:, covariate]
    values = {i: x.generalized_weights[i][:, response, covariate] for i in chosen}
    low, high = spread(np.concatenate([*values.values(), [0.0]]))
    up = (low if min is None else min, high if max is None else max)
    axes = Axes(72, 40, WIDTH, HEIGHT, spread(across), up)
    title = f"Generalized weights of {covariates[covariate]} for {responses[response]}"
    shapes: list[Any] = [Text(72, 26, title, 14, bold=True)]
    shapes += axes.frame(covariates[covariate], "generalized weight")
    if up[0] < 0 < up[1]:
        ends = [axes.point(end, 0.0) for end in axes.across]
        shapes.append(Line(ends, PALE, 1.2, dashed=True))
    for i in sorted(values, key=lambda i: i == best):  # the best above the others
        colour = BEST if i == best else "#999999"
        for a, b in zip(across, values[i]):
            if up[0] <= b <= up[1]:
                where = axes.point(float(a), float(b))
                shapes.append(
                    Circle(*where, 3, colour, title=f"repetition {i}: {b:.4g}")
                )
    picture = Picture(72 + WIDTH + 24, 40 + HEIGHT + 52, shapes, title)
    if file is not None:
        picture.save(file)
    return picture
