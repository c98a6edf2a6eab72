"""Attention: averages of values, weighted by how well queries and keys agree."""

import math
from typing import Any

from .. import backend, config
from ..graph import Tensor, op
from .conversion import as_float
from .normalization import _wide

__all__ = ["dot_product_attention"]


@op
def dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """Scaled dot-product attention: softmax(scale · query keyᵀ + bias) value, per head.

    The softmax is computed in float32 at least. Where a query may look at no key at
    all, the result is the mean of all values.

    Args:
        query: (batch, T, heads, size).
        key: (batch, S, key heads, size); heads must be a multiple of key heads, each
            of which then serves that many neighbouring heads.
        value: (batch, S, key heads, size).
        bias: added to the scores; broadcasts to (batch, heads, T, S).
        mask: booleans, False where a query must not look; broadcasts likewise.
        scale: default 1 / √size.
        is_causal: whether query i looks at the keys 0 to i only.
        flash_attention: True demands a fused kernel, which needs a GPU and float16 or
            bfloat16; None takes it if `keras.config.enable_flash_attention()` was
            called and it can serve; False never does.
        attn_logits_soft_cap: c: scores become c · tanh(score / c), before the bias.

    Returns:
        (batch, T, heads, size) in the dtype of the query.

    Raises:
        ValueError: if the shapes do not fit as told above.

    Reference:
        [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762)

    Example:
        >>> x = keras.ops.reshape(keras.ops.arange(3.0), (1, 3, 1, 1))
        >>> y = keras.ops.dot_product_attention(x, x, x, is_causal=True)
        >>> print(np.round(np.asarray(y).ravel(), 3))
        [0.    0.731 1.851]
    """
    query, key, value = as_float(query), as_float(key), as_float(value)
    _check_shapes(query.shape, key.shape, value.shape)
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    mask = None if mask is None else backend.asarray(mask, "bool")
    if _fused(query, value, flash_attention, attn_logits_soft_cap):
        return backend.flash_attention(query, key, value, bias, mask, scale, is_causal)
    xp = backend.xp
    if repeats := query.shape[2] // key.shape[2] - 1:
        key, value = (xp.repeat(x, repeats + 1, axis=2) for x in (key, value))
    # Heads first, once: else each of the products, backwards too, would move its own.
    query, key, value = (
        xp.permute_dims(x, (0, 2, 1, 3)) for x in (query * scale, key, value)
    )
    scores = _wide(xp.matmul(query, xp.swapaxes(key, -1, -2)))
    if attn_logits_soft_cap is not None:
        scores = attn_logits_soft_cap * xp.tanh(scores / attn_logits_soft_cap)
    if bias is not None:
        scores = scores + bias
    if is_causal:
        visible = xp.tri(*scores.shape[2:], dtype=bool)
        mask = visible if mask is None else xp.logical_and(mask, visible)
    if mask is not None:
        # Far below all scores, yet far enough from -inf to be subtracted from.
        scores = xp.where(mask, scores, -2e38)
    powers = xp.exp(scores - backend.stop_gradient(xp.max(scores, -1, keepdims=True)))
    result = xp.matmul(backend.cast(powers, backend.dtype_name(value)), value)
    # Divided last: the result is smaller than the weights.
    result = _wide(result) / xp.sum(powers, axis=-1, keepdims=True)
    result = backend.cast(result, backend.dtype_name(value))
    return xp.permute_dims(result, (0, 2, 1, 3))


def _check_shapes(query: Any, key: Any, value: Any) -> None:
    if not len(query) == len(key) == len(value) == 4:
        wrong = "must have 4 axes: (batch, length, heads, size)"
    elif query[0] != key[0] or key[:3] != value[:3] or query[3] != key[3]:
        wrong = "must agree: `query` and `key` in batch and size, `key` and `value` in "
        wrong += "batch, length and heads"
    elif query[2] % key[2]:
        wrong = "must agree: heads of `query` must be a multiple of those of `key`"
    else:
        return
    raise ValueError(
        f"`query`, `key` and `value` of `dot_product_attention` {wrong}. Received "
        f"shapes {tuple(query)}, {tuple(key)}, {tuple(value)}."
    )


def _fused(query: Any, value: Any, wanted: bool | None, soft_cap: Any) -> bool:
    """Say whether the backend's fused kernel is to be used."""
    if wanted and soft_cap is not None:
        raise ValueError(
            "The fused kernel knows no `attn_logits_soft_cap`: leave `flash_attention` "
            "at None or False."
        )
    if wanted is not None or not config.is_flash_attention_enabled():
        return bool(wanted)
    half = backend.dtype_name(query) in ("float16", "bfloat16")
    alike = half and query.shape[-1] == value.shape[-1] and soft_cap is None
    return alike and backend.devices()[0].startswith("gpu")
