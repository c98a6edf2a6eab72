"""The Python program that does what was done on the page."""

from typing import Any

from .state import State

__all__ = ["write"]

FEATURE = {
    "x1": "x1",
    "x2": "x2",
    "x1x1": "x1 * x1",
    "x2x2": "x2 * x2",
    "x1x2": "x1 * x2",
    "sinx1": "np.sin(x1)",
    "sinx2": "np.sin(x2)",
}
OPTIMIZER = {
    "sgd": "SGD({rate})",
    "momentum": "SGD({rate}, momentum=0.9)",
    "rmsprop": "RMSprop({rate})",
    "adam": "Adam({rate})",
}
WIDE = 88  # characters of a line
FRAME = '''\
"""{data} points, {size}, {epochs} epochs: from the playground of kerasish."""

import numpy as np

import kerasish as keras

keras.utils.set_random_seed({seed})
(x, y), (x_test, y_test) = keras.datasets.points.load_data(
    "{data}", samples=500, noise={noise}, test_split={split}, seed={seed}
)


def features(points):
    x1, x2 = points.T
    return np.stack([{features}], axis=1)

{edit}
model = keras.Sequential(
    [
        keras.Input(({inputs},)),
{layers}
    ]
)
model.compile(keras.optimizers.{optimizer}, {loss})

{events}

loss = keras.losses.get({loss})
for name, points, wanted in (("train", x, y), ("test", x_test, y_test)):
    outputs = model.predict(features(points), verbose=0)[:, 0]
    print(f"{{name}} loss {{float(loss(wanted, outputs)):.6f}}")
'''
EDIT = """
def edit(layer, place, value):
    weights = model.layers[layer].get_weights()  # [kernel, bias]
    weights[len(place) == 1][place] = value
    model.layers[layer].set_weights(weights)

"""


def write(state: State, events: list[tuple[Any, ...]]) -> str:
    """Return the program for a state and what happened since.

    Args:
        state: at the beginning.
        events: `("fit", batch size, epochs)`, `("rate", value)`, `("strength", value)`
            and `("edit", layer, row, column, value)`, in order; row -1 is the bias.
    """
    penalty, sizes = state["penalty"], [*state.layers, 1]
    activations = [state["activation"]] * len(state.layers)
    activations.append("sigmoid" if state.classifies else "linear")
    return FRAME.format(
        data=state["data"],
        size="-".join(map(str, [len(state.features), *sizes])),
        epochs=sum(event[2] for event in events if event[0] == "fit"),
        seed=state["seed"],
        noise=int(state["noise"]) / 100,
        split=round(1 - int(state["train"]) / 100, 2),
        features=", ".join(FEATURE[name] for name in state.features),
        edit=EDIT if any(event[0] == "edit" for event in events) else "",
        inputs=len(state.features),
        layers="\n".join(
            _layer(size, activation, penalty, float(state["strength"]))
            for size, activation in zip(sizes, activations)
        ),
        optimizer=OPTIMIZER[state["optimizer"]].format(rate=float(state["rate"])),
        loss='"binary_crossentropy"' if state.classifies else '"mse"',
        events="\n".join(_event(penalty, *event) for event in events)
        or "# not trained yet",
    )


def _layer(size: int, activation: str, penalty: str, strength: float) -> str:
    inside = f'{size}, "{activation}"'
    if penalty != "none":
        regularizer = f"keras.regularizers.{penalty.upper()}({strength})"
        inside += f", kernel_regularizer={regularizer}"
    line = f"        keras.layers.Dense({inside}),"
    if len(line) <= WIDE:
        return line
    return f"        keras.layers.Dense(\n            {inside}\n        ),"


def _event(penalty: str, kind: str, *values: Any) -> str:
    if kind == "fit":
        size, epochs = values
        return (
            f"model.fit(features(x), y, batch_size={size}, epochs={epochs}, verbose=0)"
        )
    if kind == "rate":
        return f"model.optimizer.learning_rate = {values[0]}"
    if kind == "strength":
        return (
            "for layer in model.layers:\n"
            f"    layer.kernel_regularizer.{penalty} = {values[0]}"
        )
    layer, row, column, value = values
    place = f"({column},)" if row < 0 else f"({row}, {column})"
    return f"edit({layer}, {place}, {value})"
