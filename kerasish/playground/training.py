"""The network behind a page: a compiled Keras model, trained a few epochs at a time."""

import math
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .. import backend, layers, models, ops, optimizers, regularizers, utils
from ..datasets import points
from ..graph import Tensor
from ..variable import Variable
from . import script
from .state import FEATURES, RATES, State

__all__ = ["BIAS", "Session", "features", "samples"]

SAMPLES = 500
EDGE = 6.0  # the plane that is shown is [-6, 6] × [-6, 6]
FINE, COARSE = 90, 30  # pixels of the large map's side, and of a unit's
BIAS = -1  # the row of a bias, below those of the kernel
MOST_EVENTS = 2000  # changes that a script repeats
EPSILON = 1e-7  # probabilities are kept so far from 0 and 1 in logarithms

FEATURE: dict[str, Callable[[Any, Any], Any]] = {
    "x1": lambda x1, x2: x1,
    "x2": lambda x1, x2: x2,
    "x1x1": lambda x1, x2: x1 * x1,
    "x2x2": lambda x1, x2: x2 * x2,
    "x1x2": lambda x1, x2: x1 * x2,
    "sinx1": lambda x1, x2: np.sin(x1),
    "sinx2": lambda x1, x2: np.sin(x2),
}
OPTIMIZER: dict[str, Callable[[float], Any]] = {
    "sgd": optimizers.SGD,
    "momentum": partial(optimizers.SGD, momentum=0.9),
    "rmsprop": optimizers.RMSprop,
    "adam": optimizers.Adam,
}
# Seeds are drawn one after the other from what all threads share.
_drawing = threading.Lock()


class Penalty(regularizers.Regularizer):
    """L1 or L2 whose factor is a variable, so that a change compiles nothing anew.

    Args:
        kind: `"l1"` or `"l2"`.
        strength: the factor.
    """

    def __init__(self, kind: str, strength: Variable) -> None:
        self.kind, self.strength = kind, strength

    def __call__(self, x: Tensor) -> Any:
        """Return the penalty, a scalar."""
        size = ops.abs(x) if self.kind == "l1" else ops.square(x)
        return self.strength.value * ops.sum(size)


def features(names: list[str], x: np.ndarray) -> np.ndarray:
    """Return the inputs of the network for points `(n, 2)`."""
    return np.stack([FEATURE[name](*x.T) for name in names], axis=1)


def samples(state: State, count: int = SAMPLES) -> Any:
    """Return `(x, y), (x_test, y_test)` of a state."""
    noise, share = int(state["noise"]) / 100, round(1 - int(state["train"]) / 100, 2)
    return points.load_data(state["data"], count, noise, share, int(state["seed"]))


def _plane(side: int) -> np.ndarray:
    """The centres of a map's pixels, row by row from the top."""
    across = (np.arange(side, dtype="float32") + 0.5) / side * 2 * EDGE - EDGE
    x1, x2 = np.meshgrid(across, -across)
    return np.stack([x1.ravel(), x2.ravel()], axis=1)


class Session:
    """A network in training, and what was done to it.

    Args:
        state: what to build.

    Example:
        >>> from kerasish.playground import Session, parse
        >>> session = Session(parse({"layers": "3", "optimizer": "adam"}))
        >>> session.model.count_params() - 1  # the penalty's factor is a variable, too
        13
    """

    def __init__(self, state: State) -> None:
        self.state = self.first = state
        self.epoch, self.fresh = 0, True
        self.events: list[tuple[Any, ...]] = []
        self.data = samples(state)
        x, x_test = (features(state.features, split[0]) for split in self.data)
        plane = features(state.features, _plane(FINE))
        self._inputs = x
        self._seen = backend.asarray(np.concatenate([plane, x, x_test]))
        self._few = backend.asarray(features(state.features, _plane(COARSE)))
        self._strength = Variable(float(state["strength"]), trainable=False)
        with _drawing:
            utils.set_random_seed(int(state["seed"]))
            self.model = self._build(state)
            self._fit(0)  # the order of the rows is drawn here
        hidden = [layer.output for layer in self.model.layers[:-1]]
        self._eye = models.Model(self.model.inputs, hidden) if hidden else None

    def _build(self, state: State) -> Any:
        made = [self._dense(size, state["activation"]) for size in state.layers]
        made.append(self._dense(1, "sigmoid" if state.classifies else "linear"))
        made[0].strength = self._strength  # a layer's variable is the model's, too
        model = models.Sequential([layers.Input((len(state.features),)), *made])
        optimizer = OPTIMIZER[state["optimizer"]](float(state["rate"]))
        model.compile(optimizer, "binary_crossentropy" if state.classifies else "mse")
        return model

    def _dense(self, size: int, activation: str) -> Any:
        kind = self.first["penalty"]
        penalty = None if kind == "none" else Penalty(kind, self._strength)
        return layers.Dense(size, activation, kernel_regularizer=penalty)

    # --- what changes it --------------------------------------------------------------

    def _fit(self, epochs: int) -> None:
        y = self.data[0][1]
        size = int(self.state["batch"])
        self.model.fit(self._inputs, y, batch_size=size, epochs=epochs, verbose=0)

    def train(self, epochs: int) -> None:
        """Train for some epochs."""
        self._fit(epochs)
        self.epoch, self.fresh = self.epoch + epochs, False
        self._tell("fit", int(self.state["batch"]), epochs)

    def edit(self, layer: int, row: int, column: int, value: float) -> None:
        """Give a weight a value; row `BIAS` is the bias of unit `column`.

        Raises:
            ValueError: if there is no such weight.
        """
        known = 0 <= layer < len(self.model.layers)
        found = self.model.layers[layer if known else 0]
        rows, columns = found.kernel.shape
        if not (known and BIAS <= row < rows and 0 <= column < columns):
            raise ValueError(
                f"There is no weight at `layer` {layer}, `row` {row}, `column` "
                f"{column}."
            )
        variable = found.bias if row == BIAS else found.kernel
        values = variable.numpy().copy()
        values[column if row == BIAS else (row, column)] = value
        variable.assign(values)
        self._tell("edit", layer, row, column, value)

    def change(self, state: State) -> bool:
        """Take the state on if the network can stay; return whether it can."""
        old, self.state = self.state, state
        if any(state[name] != old[name] for name in state if name not in RATES):
            self.state = old
            return False
        if state["batch"] != old["batch"]:
            self.fresh = True
        if state["rate"] != old["rate"]:
            self.model.optimizer.learning_rate = float(state["rate"])
            self._tell("rate", float(state["rate"]))
        if state["strength"] != old["strength"] and state["penalty"] != "none":
            self._strength.assign(float(state["strength"]))
            self._tell("strength", float(state["strength"]))
        return True

    def _tell(self, kind: str, *values: Any) -> None:
        """Note an event; epochs in a row, and rates in a row, are one."""
        last = self.events[-1] if self.events else ("",)
        if kind == "fit" and last[:2] == ("fit", values[0]):
            self.events[-1] = ("fit", values[0], last[2] + values[1])
        elif kind == last[0] and kind in ("rate", "strength"):
            self.events[-1] = (kind, *values)
        elif len(self.events) < MOST_EVENTS:
            self.events.append((kind, *values))
        else:
            raise ValueError(
                f"After {MOST_EVENTS} changes the script would be too long: reset."
            )

    # --- what is seen -----------------------------------------------------------------

    def script(self) -> str:
        """Return the program that does the same."""
        return script.write(self.first, self.events)

    def losses(self, outputs: np.ndarray) -> list[float | None]:
        """Return the losses on train and test, without penalty; None for NaN."""
        at, found = 0, []
        for _, y in self.data:
            p, at = outputs[at : at + len(y), 0].astype("float64"), at + len(y)
            if self.state.classifies:
                p = np.clip(np.where(y > 0, p, 1 - p), EPSILON, 1 - EPSILON)
                loss = float(-np.log(p).mean())
            else:
                loss = float(np.square(p - y).mean())
            found.append(loss if math.isfinite(loss) else None)
        return found

    def picture(self) -> tuple[dict[str, Any], bytes]:
        """Return the numbers on the page, and the maps: bytes 0 to 254, 127 is zero.

        Maps of the hidden units are `COARSE`² bytes each, unit by unit; the output's,
        `FINE`², is the last.
        """
        hidden = self._eye.predict_on_batch(self._few) if self._eye else []
        last = self.model.predict_on_batch(self._seen)
        train, test = self.losses(last[FINE * FINE :])
        last = last[: FINE * FINE]
        maps = [_scaled(units) for units in hidden]
        maps.append(_shades(2 * last - 1 if self.state.classifies else last, 1.0))
        numbers = {
            "epoch": self.epoch,
            "losses": [train, test],
            "kernels": [_plain(layer.kernel) for layer in self.model.layers],
            "biases": [_plain(layer.bias) for layer in self.model.layers],
        }
        return numbers, b"".join(maps)

    def scene(self) -> tuple[dict[str, Any], bytes]:
        """Return what stays while the network does; the bytes are maps of all features.

        Points are `[x1, x2, y]` with y from -1 to 1.
        """
        scale = 2 if self.state.classifies else 1
        splits = [
            np.column_stack([x, y * scale - (scale - 1)]).round(3).tolist()
            for x, y in self.data
        ]
        plane = _scaled(features(list(FEATURES), _plane(COARSE)))
        return {"points": splits, "sides": [FINE, COARSE], "edge": EDGE}, plane


def _scaled(units: np.ndarray) -> bytes:
    """Maps of several units, each with a scale of its own where it exceeds 1."""
    scales = np.maximum(np.abs(np.nan_to_num(units)).max(axis=0), 1.0)
    return _shades(units.T, scales[:, None])


def _shades(values: np.ndarray, scale: Any) -> bytes:
    unit = np.clip(np.nan_to_num(values / scale), -1, 1)
    return np.rint(unit * 127 + 127).astype("uint8").tobytes()


def _plain(variable: Variable) -> Any:
    """Numbers for JSON, which knows no NaN."""
    values = variable.numpy()
    if np.isfinite(values).all():
        return values.astype("float64").round(5).tolist()
    found = values.astype(object)
    found[~np.isfinite(values)] = None
    return found.tolist()
