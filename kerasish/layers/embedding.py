"""A table of vectors, looked up by index."""

from typing import Any

from .. import backend, constraints, dtypes, initializers, ops, regularizers
from ..graph import Tensor
from ..quantizers import unpack_int4
from ..variable import state
from .quantized import Form, QuantizedLayer

__all__ = ["Embedding", "ReversibleEmbedding"]


class Embedding(QuantizedLayer):
    """Turn indices into trained vectors: ``output[..., :] = embeddings[input[...]]``.

    Args:
        input_dim: number of rows of the table, the largest index plus one.
        output_dim: length of each vector.
        embeddings_initializer: how the table starts.
        embeddings_regularizer: penalty on the table that is added to the loss.
        embeddings_constraint: applied to the table after each update.
        mask_zero: whether index 0 is padding, which later layers shall skip; the mask
            is `input != 0`.
        weights: initial table, an array or a list of one.
        lora_rank, lora_alpha: low-rank adaptation, as in `Dense`.
        quantization_config: for `quantize`, how the table becomes integers.

    Input: indices of any shape. Output: that shape with `output_dim` appended.

    Raises:
        ValueError: a size is not positive; in eager mode, an index is negative or not
            below `input_dim` (compiled code cannot raise: there the result is NaN).

    Example:
        >>> table = np.array([[0, 1], [2, 3], [4, 5]])
        >>> layer = keras.layers.Embedding(3, 2, weights=table)
        >>> np.asarray(layer(np.array([[2, 0]]))).tolist()
        [[[4.0, 5.0], [0.0, 1.0]]]
    """

    adapted = "embeddings"

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for argument, size in (("input_dim", input_dim), ("output_dim", output_dim)):
            if not isinstance(size, int) or size <= 0:
                raise ValueError(
                    f"`{argument}` of layer `{self.name}` must be a positive integer, "
                    f"not {size!r}."
                )
        self.input_dim = input_dim
        self.output_dim = output_dim
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        # Indices stay whole: half precision would round those above 256.
        self.autocast = False
        self._set_lora(lora_rank, lora_alpha, quantization_config)
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) else [weights])

    def build(self, input_shape: Any = None) -> None:
        self._add_main((self.input_dim, self.output_dim))
        self._apply_lora()

    @property
    def embeddings(self) -> Any:
        """The table in use, of shape `(input_dim, output_dim)`."""
        return self._effective(self._embeddings)

    def call(self, inputs: Tensor) -> Tensor:
        self._check_range(inputs)
        indices = ops.cast(inputs, "int32")
        if self.is_quantized:
            return self._quantized_vectors(indices)
        return ops.cast(ops.take(self.embeddings, indices, axis=0), self.compute_dtype)

    def forms(self) -> dict[str, Form]:
        shape = (self.input_dim, self.output_dim)
        return {"embeddings": Form(shape, (1,), shape[:1], packed=0, flipped=True)}

    def _quantized_vectors(self, indices: Tensor) -> Tensor:
        """Look up integers, and make vectors of those that were asked for."""
        zero = getattr(self, "embeddings_zero", None)
        integers = ops.take(self._embeddings, indices, axis=0)
        if self.quantization_mode == "int4":
            integers = unpack_int4(integers, self.output_dim, axis=-1)
        integers = ops.cast(integers, self.compute_dtype)
        scale = ops.take(self.embeddings_scale, indices, axis=0)
        if zero is None:
            vectors = integers / scale[..., None]
        else:
            block = ops.cast(self.g_idx, "int32")
            zero = ops.take(ops.take(zero, indices, axis=0), block, axis=-1)
            scale = ops.take(scale, block, axis=-1)
            vectors = (integers - ops.cast(zero, self.compute_dtype)) * scale
        if self.lora_enabled:
            rows = ops.take(self._lora_a, indices, axis=0)
            low_rank = self.lora_alpha / self.lora_rank * ops.matmul(rows, self._lora_b)
            vectors = vectors + low_rank
        return ops.cast(vectors, self.compute_dtype)

    def _check_range(self, inputs: Tensor) -> None:
        """Refuse indices outside the table, where their values can be seen."""
        if state.inferring:
            return
        try:
            indices = backend.to_numpy(inputs)
        except TypeError:  # being compiled: there are no values yet
            return
        if indices.size and (indices.min() < 0 or indices.max() >= self.input_dim):
            raise ValueError(
                f"Layer `{self.name}` has rows 0 to {self.input_dim - 1}, but the "
                f"indices it got are between {indices.min()} and {indices.max()}. "
                "`input_dim` must be the largest index plus one."
            )

    def compute_mask(self, inputs: Tensor, mask: Any = None) -> Any:
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("weights", None)
        config["activity_regularizer"] = regularizers.serialize(
            self.activity_regularizer
        )
        return config


class ReversibleEmbedding(Embedding):
    """An embedding that also goes back: from vectors to a score for each index.

    Forwards ``output[..., :] = embeddings[input[...]]``. With `reverse=True`
    ``output = input @ embeddingsᵀ``, or `input @ reverse_embeddings` if they are not
    tied.

    Args:
        input_dim: number of rows of the table, the largest index plus one.
        output_dim: length of each vector.
        tie_weights: whether one table serves both ways.
        embeddings_initializer: how the tables start.
        embeddings_regularizer: penalty on the table that is added to the loss.
        embeddings_constraint: applied to the table after each update.
        mask_zero: whether index 0 is padding.
        reverse_dtype: dtype in which the scores are computed; that of the input and of
            the layer if not given.
        logit_soft_cap: c: scores become ``c * tanh(score / c)``.
        **kwargs: further arguments of `Embedding`.

    Call arguments:
        inputs: indices of any shape; with `reverse`, vectors `(..., output_dim)`.
        reverse: whether to go back.

    Output: `(..., output_dim)`; with `reverse`, `(..., input_dim)`.

    Raises:
        ValueError: as `Embedding`.

    Reference: Press & Wolf, 2016, "Using the Output Embedding to Improve Language
    Models".

    Example:
        >>> table = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
        >>> layer = keras.layers.ReversibleEmbedding(3, 2, weights=table)
        >>> np.asarray(layer(np.array([[1.0, 0.0]]), reverse=True)).tolist()
        [[0.0, 2.0, 4.0]]
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        self.tie_weights = tie_weights  # `build` may be called by the base
        self._reversed = False  # the last call, whose mask may be asked for
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            **kwargs,
        )
        self.reverse_dtype = reverse_dtype
        self.logit_soft_cap = logit_soft_cap

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        if not self.tie_weights and self.is_quantized:
            self._add_integers("reverse_embeddings", self.forms()["reverse_embeddings"])
        elif not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                name="reverse_embeddings",
                shape=(self.output_dim, self.input_dim),
                initializer=self.embeddings_initializer,
            )

    def call(self, inputs: Tensor, reverse: bool = False) -> Tensor:
        self._reversed = reverse
        if not reverse:
            return super().call(inputs)
        if self.reverse_dtype is not None:
            inputs = ops.cast(inputs, self.reverse_dtype)
        if self.is_quantized:
            scores = self._quantized_product(inputs)
        else:
            scores = self.multiply(inputs, self._table())
        if self.logit_soft_cap is not None:
            scores = self.logit_soft_cap * ops.tanh(scores / self.logit_soft_cap)
        return scores

    def _table(self) -> Tensor:
        """The floats that go back, of shape `(output_dim, input_dim)`."""
        if self.tie_weights:
            return ops.transpose(self.embeddings)
        return self.reverse_embeddings

    def _multiplied(self) -> tuple[str, bool]:
        if self.tie_weights:
            return "embeddings", True
        return "reverse_embeddings", False

    def multiply(self, inputs: Tensor, weight: Tensor) -> Tensor:
        if not dtypes.is_float(backend.dtype_name(weight)):  # a product of integers
            return ops.matmul(inputs, weight)
        dtype = self.reverse_dtype or self.compute_dtype
        weight = ops.cast(ops.cast(weight, self.compute_dtype), dtype)
        return ops.matmul(inputs, weight)

    def multiply_back(self, upstream: Tensor, weight: Tensor) -> Tensor:
        return ops.matmul(
            upstream, ops.transpose(ops.cast(weight, backend.dtype_name(upstream)))
        )

    def forms(self) -> dict[str, Form]:
        found = super().forms()
        if not self.tie_weights:
            shape = (self.output_dim, self.input_dim)
            found["reverse_embeddings"] = Form(shape, (0,), shape[1:], packed=0)
        return found

    def compute_mask(self, inputs: Tensor, mask: Any = None) -> Any:
        return None if self._reversed else super().compute_mask(inputs, mask)
