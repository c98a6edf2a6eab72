"""Attention of one head, without projections: dot products or a sum under a tanh."""

from typing import Any

from .. import ops, random
from ..graph import Tensor
from ..variable import Variable
from .layer import Layer

__all__ = ["AdditiveAttention", "Attention"]


class Attention(Layer):
    """Average values, weighted by how well their keys agree with each query.

    ``output = softmax(scores) @ value``, with ``scores = scale * query @ keyᵀ`` or, if
    `score_mode` is `"concat"`, ``weight * sum(tanh(scale * (query + key)))``.

    Args:
        use_scale: whether `scale` is trained; else it is 1.
        score_mode: `"dot"` or `"concat"`.
        dropout: share of the weights that is dropped in training.
        seed: integer that makes dropout repeatable.

    Call arguments:
        inputs: list of query `(batch, T, size)`, value `(batch, S, features)` and
            perhaps key `(batch, S, size)`; the key is the value if not given.
        mask: list of masks of query `(batch, T)` and value `(batch, S)`, or `None`s.
            Values whose mask is false get no weight; outputs of queries whose mask is
            false are 0. Masks that travel with the inputs are found by themselves.
        return_attention_scores: whether to return the weights, too.
        use_causal_mask: whether query i sees the values 0 to i only.

    Output: `(batch, T, features)`; the weights are `(batch, T, S)`.

    Raises:
        ValueError: inputs or masks are no such lists, or an argument is not as told.

    Reference: Luong et al., 2015, "Effective Approaches to Attention-based Neural
    Machine Translation".

    Example:
        >>> query, value = np.array([[[0.5]]]), np.array([[[1.0], [3.0]]])
        >>> output = keras.layers.Attention()([query, value])
        >>> print(np.round(np.asarray(output), 3))
        [[[2.462]]]
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ValueError(
                f"`score_mode` of layer `{self.name}` must be 'dot' or 'concat', not "
                f"{score_mode!r}."
            )
        if not 0 <= dropout <= 1:
            raise ValueError(
                f"`dropout` of layer `{self.name}` must be a number between 0 and 1. "
                f"Received: {dropout!r}."
            )
        self.use_scale = use_scale
        self.score_mode = score_mode
        self.dropout = dropout
        self.seed = seed
        if dropout > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self._check_list("inputs", input_shape)
        self.scale: Variable | None = None
        self.concat_score_weight: Variable | None = None
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(
                (), "ones", name="concat_score_weight"
            )

    def _check_list(self, what: str, given: Any) -> None:
        if not isinstance(given, (list, tuple)) or len(given) not in (2, 3):
            raise ValueError(
                f"`{what}` of layer `{self.name}` ({type(self).__name__}) must be a "
                f"list [query, value] or [query, value, key]. Received: {given!r}."
            )

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        if mask is not None:
            self._check_list("mask", mask)
        query_mask, value_mask = (None, None) if mask is None else mask[:2]
        query, value, key = (*inputs, inputs[1])[:3]
        scores = self._scores(query, key)
        if value_mask is not None:
            value_mask = ops.expand_dims(ops.cast(value_mask, "bool"), -2)
        if use_causal_mask:
            visible = ops.tri(scores.shape[-2], scores.shape[-1], dtype="bool")
            value_mask = visible if value_mask is None else visible & value_mask
        if value_mask is not None:
            # Half the lowest number: the maximum can still be subtracted from it.
            low = -3e4 if self.compute_dtype == "float16" else -1e38
            scores = ops.where(value_mask, scores, ops.cast(low, scores.dtype))
        weights = ops.softmax(scores)
        if training and self.dropout > 0:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        output = ops.matmul(weights, value)
        if query_mask is not None:
            output = output * ops.expand_dims(ops.cast(query_mask, output.dtype), -1)
        return (output, weights) if return_attention_scores else output

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        """Say how well each query agrees with each key: (batch, T, S)."""
        scale = 1 if self.scale is None else self.scale
        if self.concat_score_weight is None:
            return scale * ops.matmul(query, ops.swapaxes(key, -1, -2))
        total = ops.tanh(scale * _pairwise_sum(query, key))
        return self.concat_score_weight * ops.sum(total, axis=-1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return None
        self._check_list("mask", mask)
        return mask[0]


class AdditiveAttention(Attention):
    """Average values, weighted by a score of query plus key.

    ``output = softmax(scores) @ value`` with
    ``scores = sum(scale * tanh(query + key))``.

    Args:
        use_scale: whether `scale`, a number for each feature, is trained; else it is 1.
        dropout: share of the weights that is dropped in training.
        **kwargs: `seed`, as in `Attention`.

    Inputs, call arguments and outputs are those of `Attention`.

    Raises:
        ValueError: inputs or masks are no such lists.

    Reference: Bahdanau et al., 2014, "Neural Machine Translation by Jointly Learning to
    Align and Translate".

    Example:
        >>> query, value = np.array([[[9.0]]]), np.array([[[1.0], [-9.0]]])
        >>> layer = keras.layers.AdditiveAttention(use_scale=False)
        >>> print(np.round(np.asarray(layer([query, value])), 3))
        [[[-1.689]]]
    """

    def __init__(
        self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        self._check_list("inputs", input_shape)
        self.scale = None
        if self.use_scale:
            size = input_shape[0][-1]
            self.scale = self.add_weight((size,), "glorot_uniform", name="scale")

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        scale = 1 if self.scale is None else self.scale
        return ops.sum(scale * ops.tanh(_pairwise_sum(query, key)), axis=-1)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["score_mode"]
        return config


def _pairwise_sum(query: Tensor, key: Tensor) -> Tensor:
    """Sum of each query and each key: (batch, T, S, size)."""
    return ops.expand_dims(query, -2) + ops.expand_dims(key, -3)
