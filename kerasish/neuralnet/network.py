"""The perceptron of `neuralnet` for many sets of weights at once, as pure functions.

Weights have two axes: (repetitions, all weights of a network that are free). One set is
the vector of R's `neuralnet`: layer by layer, unit by unit, the intercept first.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from .. import backend, ops
from .. import config as settings
from ..graph import Tensor

__all__ = ["Plan", "double_precision"]

Function = Callable[..., Any]
ACTIVATIONS: dict[str, Function] = {
    "linear": lambda x: x,
    "logistic": ops.sigmoid,
    "relu": ops.relu,
    "tanh": ops.tanh,
}


@contextmanager
def double_precision() -> Iterator[None]:
    """Compute in 64 bits, and leave the process's default as it was.

    A gradient of 0.01 in a sum over all rows is often less than what 32 bits can tell.
    The default is of the process, so other threads see it meanwhile.
    """
    before = settings.floatx()
    settings.set_floatx("float64")
    try:
        yield
    finally:
        settings.set_floatx(before)


class Plan(NamedTuple):
    """A network and its error, without the weights.

    Attributes:
        sizes: covariates, units of each hidden layer, responses.
        act: a key of `ACTIVATIONS`, or a function; of the hidden layers.
        output_act: the same, of the outputs.
        err: `"sse"`, `"ce"`, or a function of (output, response).
        excluded: positions of the weights that do not learn -> their values.
    """

    sizes: tuple[int, ...]
    act: str | Function
    output_act: str | Function
    err: str | Function
    excluded: tuple[tuple[int, float], ...] = ()

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """(inputs + 1, units) of each layer."""
        return [(a + 1, b) for a, b in zip(self.sizes, self.sizes[1:])]

    @property
    def size(self) -> int:
        """Number of all weights."""
        return sum(a * b for a, b in self.shapes)

    @property
    def free(self) -> np.ndarray:
        """Positions of the weights that learn."""
        fixed = [place for place, _ in self.excluded]
        return np.setdiff1d(np.arange(self.size), fixed)

    def whole(self, free: Tensor) -> Tensor:
        """Return all weights, from those that learn."""
        if not self.excluded:
            return free
        places, values = zip(*self.excluded)
        fixed = ops.zeros_like(free[:, :1]) + ops.cast(np.array(values), free.dtype)
        order = np.argsort(np.concatenate([self.free, places]))
        return ops.take(ops.concatenate([free, fixed], axis=1), order, axis=1)

    def matrices(self, whole: Any) -> list[Any]:
        """Return the weights of each layer: (repetitions, units, inputs + 1)."""
        found, begin = [], 0
        for rows, units in self.shapes:
            part = whole[:, begin : begin + rows * units]
            found.append(part.reshape(-1, units, rows))  # of arrays of NumPy, too
            begin += rows * units
        return found

    def sums(self, free: Tensor, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return the outputs of the hidden layers, and the sums of the output units.

        Args:
            free: weights that learn, (repetitions, weights).
            x: covariates, (rows, covariates), or with an axis of repetitions before.

        Returns:
            Arrays (repetitions, rows, units).
        """
        act = ACTIVATIONS[self.act] if isinstance(self.act, str) else self.act
        outputs: list[Tensor] = []
        sums = x
        for number, matrix in enumerate(self.matrices(self.whole(free))):
            if number:
                outputs.append(act(sums))
                x = outputs[-1]
            slopes = ops.transpose(matrix[:, :, 1:], (0, 2, 1))
            sums = ops.matmul(x, slopes) + matrix[:, None, :, 0]
        return outputs, sums

    def output(self, sums: Tensor) -> Tensor:
        """Return the outputs of the network from the sums of its output units."""
        act = self.output_act
        return ACTIVATIONS[act](sums) if isinstance(act, str) else act(sums)

    def errors(self, free: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Return the error of each repetition, summed over rows and responses."""
        sums = self.sums(free, x)[1]
        if (self.err, self.output_act) == ("ce", "logistic"):
            each = ops.softplus(sums) - y * sums  # finite where the output is 0 or 1
        else:
            each = self.distance(self.output(sums), y)
        return ops.sum(each, axis=(1, 2))

    def distance(self, output: Tensor, y: Tensor) -> Tensor:
        """Return the error of each output, elementwise."""
        if self.err == "sse":
            return 0.5 * ops.square(y - output)
        if self.err == "ce":
            one, zero = (ops.log(ops.maximum(p, 1e-300)) for p in (output, 1 - output))
            return -(y * one + (1 - y) * zero)
        assert callable(self.err)
        return self.err(output, y)

    def gradients(self, free: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return the errors of the repetitions and their gradients."""

        def total(values: list[Tensor]) -> tuple[Tensor, Tensor]:
            errors = self.errors(values[0], x, y)
            return ops.sum(errors), errors

        (_, errors), (gradient,) = backend.value_and_grad(total)([free])
        return errors, gradient
