"""R's `neuralnet` for Python: a perceptron from a formula, with its statistics."""

from typing import Any

from .inference import Intervals, confidence_interval, prediction
from .plots import gwplot, plot
from .result import NeuralNet
from .training import neuralnet

__all__ = [
    "Intervals",
    "NeuralNet",
    "compute",
    "confidence_interval",
    "gwplot",
    "neuralnet",
    "plot",
    "predict",
    "prediction",
]


def predict(
    object: NeuralNet, newdata: Any = None, rep: Any = "best", all_units: bool = False
) -> Any:
    """Return what a network of `neuralnet` gives; see `NeuralNet.predict`.

    Example:
        >>> data = {"a": [0.0, 1.0, 2.0], "y": [1.0, 3.0, 5.0]}
        >>> nn = keras.neuralnet.neuralnet("y ~ a", data, hidden=0, threshold=1e-6)
        >>> keras.neuralnet.predict(nn, {"a": [10.0]}).round(3).tolist()
        [[21.0]]
    """
    return object.predict(newdata, rep, all_units)


def compute(x: NeuralNet, covariate: Any, rep: Any = "best") -> dict[str, Any]:
    """Return what each layer gets, and what comes out; see `NeuralNet.compute`.

    Example:
        >>> data = {"a": [0.0, 1.0, 2.0], "y": [1.0, 3.0, 5.0]}
        >>> nn = keras.neuralnet.neuralnet("y ~ a", data, hidden=0, threshold=1e-6)
        >>> keras.neuralnet.compute(nn, {"a": [10.0]})["neurons"][0].tolist()
        [[1.0, 10.0]]
    """
    return x.compute(covariate, rep)
