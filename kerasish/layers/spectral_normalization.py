"""Keep the largest singular value of a layer's kernel at 1."""

from typing import Any

from .. import initializers, ops
from ..graph import Tensor
from ..variable import Variable, setting
from .wrappers import Wrapper

__all__ = ["SpectralNormalization"]


class SpectralNormalization(Wrapper):
    """Divide a layer's kernel by its largest singular value, in training.

    With the kernel as a matrix W of shape (rest, last axis) and a vector u that is
    kept from step to step, each step of the power iteration is::

        v = normalize(u·Wᵀ);  u = normalize(v·W)

    and the kernel becomes ``W / (v·W·uᵀ)``. Outside of training nothing changes.

    Args:
        layer: has a weight `kernel` or `embeddings`.
        power_iterations: how many steps to do in each call.

    Call arguments:
        inputs: those of the layer.
        training: whether to normalize.

    Returns:
        What the layer returns.

    Raises:
        ValueError: `power_iterations` is no positive integer; the layer has no kernel.

    Reference: Miyato et al., 2018, "Spectral Normalization for Generative Adversarial
    Networks".

    Example:
        >>> layer = keras.layers.SpectralNormalization(
        ...     keras.layers.Dense(1, kernel_initializer="ones"))
        >>> np.asarray(layer(np.ones((1, 4)), training=True)).tolist()
        [[2.0]]
    """

    kernel: Variable

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        if not isinstance(power_iterations, int) or power_iterations <= 0:
            raise ValueError(
                f"`power_iterations` of layer `{self.name}` must be a positive "
                f"integer, not {power_iterations!r}."
            )
        self.power_iterations = power_iterations

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        kernels = (getattr(self.layer, n, None) for n in ("kernel", "embeddings"))
        found = [x for x in kernels if isinstance(x, Variable)]
        if not found:
            raise ValueError(
                f"Layer `{self.name}` normalizes the weight `kernel` or `embeddings` "
                f"of the layer within, but {self.layer!r} has neither."
            )
        self.kernel = found[0]
        self.vector_u = self.add_weight(
            shape=(1, self.kernel.shape[-1]),
            initializer=initializers.TruncatedNormal(stddev=0.02),
            dtype=self.kernel.dtype,
            trainable=False,
            name="vector_u",
        )

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if training:
            with setting(autocast=None):
                vector, kernel = self.normalized_weights()
                self.vector_u.assign(vector)
                self.kernel.assign(kernel)
        return self._in_own_type(self.layer(inputs))

    def normalized_weights(self) -> tuple[Tensor, Tensor]:
        """Return the next u, `(1, n)`, and the kernel divided by its norm."""
        kernel, u = self.kernel.value, self.vector_u.value
        matrix = ops.reshape(kernel, (-1, self.kernel.shape[-1]))
        for _ in range(self.power_iterations):
            v = _normalized(ops.matmul(u, ops.transpose(matrix)))
            u = _normalized(ops.matmul(v, matrix))
        u, v = ops.stop_gradient(u), ops.stop_gradient(v)
        norm = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))
        return u, kernel / ops.reshape(norm, ())


def _normalized(x: Tensor) -> Tensor:
    return x / ops.sqrt(ops.maximum(ops.sum(x * x), 1e-12))
