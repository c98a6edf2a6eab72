"""Attention by several heads at once, the heart of a transformer."""

import functools
import math
from collections.abc import Sequence
from typing import Any

from .. import constraints, initializers, ops, regularizers
from ..graph import Tensor
from .activation import Softmax
from .dense import EinsumDense
from .dropout import Dropout
from .layer import Layer

__all__ = ["GroupedQueryAttention", "MultiHeadAttention"]

Shape = tuple[int | None, ...]
PROJECTION = "...c,chd->...hd"
FIND = {
    "initializer": initializers.get,
    "regularizer": regularizers.get,
    "constraint": constraints.get,
}


class _MultiHead(Layer):
    """What attention by several heads is made of, whoever shares keys and values."""

    dropout: float
    use_bias: bool
    use_gate: bool
    sliding_window: int | None
    flash_attention: bool | None
    seed: int | None
    output_regularizer: Any  # of each projection, which `MultiHeadAttention` is not
    attention_axes: tuple[int, ...] | None = (1,)
    output_shape: tuple[int, ...] | None = None
    prefix = ""  # of the attributes with the projections: files have their names
    _gate_dense: EinsumDense

    def _set_common(self, **options: Any) -> None:
        """Check and store the arguments that all such layers have."""
        for name, value in options.items():
            find = FIND.get(name.rsplit("_", 1)[-1])
            setattr(self, name, value if find is None else find(value))
        window = self.sliding_window
        if window is not None and (not isinstance(window, int) or window < 1):
            raise ValueError(
                f"`sliding_window` of layer `{self.name}` must be None or a positive "
                f"integer, not {window!r}."
            )
        if self.flash_attention and self.dropout > 0:
            raise ValueError(
                f"Layer `{self.name}`: the fused kernel has no dropout; set `dropout` "
                "to 0.0 or `flash_attention` to None."
            )
        self.supports_masking = True

    def _positive(self, **sizes: Any) -> None:
        for name, size in sizes.items():
            if not isinstance(size, int) or size < 1:
                raise ValueError(
                    f"`{name}` of layer `{self.name}` must be a positive integer, not "
                    f"{size!r}."
                )

    def _heads(self) -> tuple[int, int, int, int]:
        """Return heads, heads of key and value, size of a key, size of a value."""
        raise NotImplementedError

    # --- building ---------------------------------------------------------------------

    def build(  # type: ignore[override]
        self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None
    ) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        self._check_shapes(query_shape, value_shape, key_shape)
        heads, few, key_size, value_size = self._heads()
        self._add_projection("query", query_shape, heads, key_size)
        self._add_projection("key", key_shape, few, key_size)
        if self.use_gate:
            self._add_projection("gate", query_shape, heads, value_size)
        self._add_projection("value", value_shape, few, value_size)
        self._softmax = Softmax(dtype=self.dtype_policy)
        self._dropout_layer = Dropout(
            self.dropout, seed=self.seed, dtype=self.dtype_policy
        )
        shape = self.output_shape or (query_shape[-1],)
        letters = "opqrstuvwxyz"[: len(shape)]
        self._add_dense(
            "output",
            (*query_shape[:-1], heads, value_size),
            equation=f"...hd,hd{letters}->...{letters}",
            output_shape=shape,
            bias_axes=letters if self.use_bias else None,
            name="attention_output",
        )

    def _check_shapes(self, query: Shape, value: Shape, key: Shape) -> None:
        rank = len(query)
        if not 3 <= rank == len(value) == len(key) or key[:-1] != value[:-1]:
            raise ValueError(
                f"The inputs of layer `{self.name}` must be at least of rank 3 and all "
                "of the same, and those of value and key must agree but for the last "
                f"axis. Received shapes: query {query}, value {value}, key {key}."
            )
        axes = self.attention_axes or tuple(range(1, rank - 1))
        self.attention_axes = tuple(axis % rank for axis in axes)
        if not set(self.attention_axes) <= set(range(1, rank - 1)):
            raise ValueError(
                f"`attention_axes` of layer `{self.name}` must be neither the first "
                f"nor the last of the inputs' {rank} axes. Received: {axes}."
            )

    def _add_projection(self, name: str, shape: Shape, heads: int, size: int) -> None:
        self._add_dense(
            name,
            shape,
            equation=PROJECTION,
            output_shape=(heads, size),
            bias_axes="hd" if self.use_bias else None,
            activation="sigmoid" if name == "gate" else None,
            name=name,
        )

    def _add_dense(self, attribute: str, shape: Shape, **options: Any) -> None:
        weights = {
            f"{kind}_{what}": getattr(self, f"{kind}_{what}")
            for kind in ("kernel", "bias")
            for what in FIND
        }
        dense = EinsumDense(
            **options,
            **weights,
            activity_regularizer=self.output_regularizer,
            dtype=self.dtype_policy,
        )
        dense.supports_masking = True  # masks of the inputs end here, as they should
        dense.build(shape)
        prefix = "_" if attribute == "gate" else self.prefix
        setattr(self, f"{prefix}{attribute}_dense", dense)

    def _dense(self, name: str) -> EinsumDense:
        return getattr(self, f"{self.prefix}{name}_dense")

    def _projections(self, **inputs: Tensor) -> list[Tensor]:
        """Project query, key and value; by one product where they are the same."""
        parts = [self._dense(name) for name in inputs]
        first, *others = inputs.values()
        _, _, key_size, value_size = self._heads()
        alike = key_size == value_size and self.output_regularizer is None
        if not alike or any(x is not first for x in others):
            return [part(x) for part, x in zip(parts, inputs.values())]
        kernel = ops.concatenate([part.kernel for part in parts], axis=1)
        outputs = ops.einsum(PROJECTION, first, kernel)
        if self.use_bias:
            outputs = outputs + ops.concatenate([part.bias for part in parts], axis=0)
        heads, few, *_ = self._heads()
        return ops.split(outputs, (heads, heads + few), axis=-2)

    # --- calling ----------------------------------------------------------------------

    def call(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        query_mask: Tensor | None = None,
        value_mask: Tensor | None = None,
        key_mask: Tensor | None = None,
        attention_mask: Tensor | None = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        if return_attention_scores and self.flash_attention:
            raise ValueError(
                f"Layer `{self.name}`: the fused kernel returns no scores; set "
                "`flash_attention` to None, or do not ask for them."
            )
        key = value if key is None else key
        # Sizes of the axes of queries and of keys, in the order of the scores.
        ours, theirs = (self._arranged(x.shape[:-1]) for x in (query, key))
        paddings = (query_mask, key_mask, value_mask)
        mask = self._mask(ours, theirs, paddings, attention_mask, use_causal_mask)
        parts = self._projections(query=query, key=key, value=value)
        q, k, v = map(self._to_sequence, parts)
        if not (return_attention_scores or (training and self.dropout > 0)):
            context = ops.dot_product_attention(
                q, k, v, mask=mask, flash_attention=self.flash_attention
            )
            return self._output(context, query)
        context, weights = self._weigh(q, k, v, mask)
        output = self._output(context, query)
        if not return_attention_scores:
            return output
        (rest, times), (_, others) = ours, theirs
        shape = (*rest, q.shape[2], *times, *others)
        return output, ops.reshape(weights, shape)

    def _output(self, context: Tensor, query: Tensor) -> Tensor:
        context = self._from_sequence(context, query.shape[:-1])
        if self.use_gate:
            context = context * self._gate_dense(query)
        return self._dense("output")(context)

    def _weigh(self, q: Tensor, k: Tensor, v: Tensor, mask: Any) -> tuple[Any, Any]:
        """Attention in steps: with dropout, and with the weights as a result."""
        if (repeats := q.shape[2] // k.shape[2]) > 1:
            k, v = ops.repeat(k, repeats, axis=2), ops.repeat(v, repeats, axis=2)
        scores = ops.einsum("bthd,bshd->bhts", q * (1 / math.sqrt(q.shape[-1])), k)
        weights = self._softmax(scores, mask=mask)
        dropped = self._dropout_layer(weights)
        return ops.einsum("bhts,bshd->bthd", dropped, v), weights

    # --- masks, and axes beyond (batch, time, features) -------------------------------

    def _arranged(self, axes: Sequence[Any]) -> tuple[tuple[Any, ...], ...]:
        """Part what belongs to an input's axes, features left out: rest, attended."""
        attended = self.attention_axes or ()
        rest = [x for i, x in enumerate(axes) if i not in attended]
        return tuple(rest), tuple(axes[i] for i in attended)

    def _to_sequence(self, x: Tensor) -> Tensor:
        """Make (batch, time, heads, size) of a projection with any number of axes."""
        if len(x.shape) == 4:
            return x
        *axes, heads, size = x.shape
        rest, times = self._arranged(axes)
        order = sum(self._arranged(range(len(axes))), ())
        x = ops.transpose(x, (*order, len(axes), len(axes) + 1))
        return ops.reshape(x, (math.prod(rest), math.prod(times), heads, size))

    def _from_sequence(self, x: Tensor, axes: Sequence[Any]) -> Tensor:
        """Undo `_to_sequence`."""
        if len(axes) == 2:
            return x
        x = ops.reshape(x, (*sum(self._arranged(axes), ()), *x.shape[2:]))
        order = sum(self._arranged(range(len(axes))), ())
        back = sorted(range(len(axes)), key=order.__getitem__)
        return ops.transpose(x, (*back, len(axes), len(axes) + 1))

    def _mask(
        self, ours: Any, theirs: Any, paddings: Any, attention_mask: Any, causal: bool
    ) -> Any:
        """All masks in one that broadcasts to (batch, heads, T, S); None if none."""
        (rest, times), (_, others) = ours, theirs
        masks = self._bands(times, others, causal)
        for number, mask in enumerate(paddings):
            if mask is not None:
                masks.append(self._padding_mask(mask, len(rest), number == 0))
        if attention_mask is not None:
            attention_mask = ops.cast(attention_mask, "bool")
            while len(attention_mask.shape) < len(rest) + 1 + 2 * len(times):
                attention_mask = ops.expand_dims(attention_mask, -2 * len(times) - 1)
            masks.append(attention_mask)
        if not masks:
            return None
        mask = functools.reduce(ops.logical_and, masks)
        if len(rest) == len(times) == 1:
            return mask
        heads = mask.shape[len(rest)] if len(mask.shape) > len(rest) else 1
        mask = ops.broadcast_to(mask, (*rest, heads, *times, *others))
        flat = (math.prod(rest), heads, math.prod(times), math.prod(others))
        return ops.reshape(mask, flat)

    def _padding_mask(self, mask: Any, rest: int, of_query: bool) -> Any:
        """Give a mask of an input's leading axes the axes of the scores."""
        mask = ops.cast(mask, "bool")
        rank = rest + len(self.attention_axes or ())
        while len(mask.shape) < rank:
            mask = ops.expand_dims(mask, -1)
        mask = ops.transpose(mask, sum(self._arranged(range(rank)), ()))
        sizes, ones = mask.shape[rest:], (1,) * (rank - rest)
        ends = (*sizes, *ones) if of_query else (*ones, *sizes)
        return ops.reshape(mask, (*mask.shape[:rest], 1, *ends))

    def _bands(self, times: Any, others: Any, causal: bool) -> list[Any]:
        """Masks of the keys that are neither later nor too far away."""
        if not causal and self.sliding_window is None:
            return []
        if len(times) != 1:
            raise ValueError(
                f"Layer `{self.name}` attends over the axes {self.attention_axes}; a "
                "causal mask or a sliding window needs one axis of time."
            )
        ahead = ops.arange(others[0]) - ops.expand_dims(ops.arange(times[0]), 1)
        masks = [ahead <= 0] if causal else []
        if self.sliding_window is not None:
            masks.append(ops.absolute(ahead) < self.sliding_window)
        return masks

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config["activity_regularizer"] = regularizers.serialize(self.output_regularizer)
        del config["flash_attention"]
        return config


class MultiHeadAttention(_MultiHead):
    """Attention by several heads, each with projections of its own.

    ``output = concat(head_1, ..., head_n) @ W_o`` with
    ``head_i = softmax(query @ Q_i @ (key @ K_i)ᵀ / sqrt(key_dim)) @ (value @ V_i)``.

    Args:
        num_heads: number of heads.
        key_dim: size of projected queries and keys of a head.
        value_dim: size of projected values of a head; `key_dim` if not given.
        dropout: share of the weights that is dropped in training.
        use_bias: whether the projections have biases.
        output_shape: size, or sizes, that take the place of the query's last axis;
            that axis' own size if not given.
        attention_axes: axis, or axes, of the inputs to attend over; all but the first
            and the last if not given.
        sliding_window: query i sees the keys nearer than this only.
        flash_attention: whether to use a fused kernel, as in
            `keras.ops.dot_product_attention`.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties on the
            weights of each projection and its output.
        kernel_constraint, bias_constraint: applied to the weights after each update.
        use_gate: whether to multiply what the heads give by a trained
            ``sigmoid(query @ G_i)``.
        seed: integer that makes dropout repeatable.

    Call arguments:
        query: `(batch, T, features)`, or with more axes.
        value: `(batch, S, value features)`.
        key: `(batch, S, key features)`; the value if not given.
        query_mask, value_mask, key_mask: `(batch, T)` or `(batch, S)`, false where a
            step does not count. Masks that travel with the inputs are found.
        attention_mask: `(batch, T, S)`, or `(batch, num_heads, T, S)`, false where a
            query must not look.
        return_attention_scores: whether to return the weights, too.
        use_causal_mask: whether query i sees the keys 0 to i only.

    Output: `(batch, T, features)`; the weights, before dropout, are
    `(batch, num_heads, T, S)`.

    Raises:
        ValueError: a size is not positive, or the shapes of the inputs do not fit.

    Reference: Vaswani et al., 2017, "Attention Is All You Need"; Qiu et al., 2025,
    "Gated Attention for Large Language Models".

    Example:
        >>> layer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=3)
        >>> x = np.ones((2, 5, 4), "float32")
        >>> y, weights = layer(x, x, return_attention_scores=True)
        >>> y.shape, weights.shape, layer.count_params()
        ((2, 5, 4), (2, 2, 5, 5), 118)
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.value_dim = key_dim if value_dim is None else value_dim
        self._positive(num_heads=num_heads, key_dim=key_dim, value_dim=self.value_dim)
        self.output_shape = _tuple(output_shape)
        self.attention_axes = _tuple(attention_axes)
        self._set_common(
            dropout=dropout,
            use_bias=use_bias,
            sliding_window=sliding_window,
            flash_attention=flash_attention,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            output_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            use_gate=use_gate,
            seed=seed,
        )

    def _heads(self) -> tuple[int, int, int, int]:
        return self.num_heads, self.num_heads, self.key_dim, self.value_dim


class GroupedQueryAttention(_MultiHead):
    """Attention in which several heads of the query share a key and a value.

    As `MultiHeadAttention`, with `num_query_heads` heads, of which each group of
    ``num_query_heads / num_key_value_heads`` neighbours uses one projection of keys and
    values: a smaller memory of them in generating text. Its public name is
    `GroupQueryAttention`.

    Args:
        head_dim: size of the projected queries, keys and values of a head.
        num_query_heads: number of heads.
        num_key_value_heads: number of projections of keys and of values; divides
            `num_query_heads`.
        dropout, use_bias, sliding_window, flash_attention, kernel_initializer,
            bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, use_gate, seed: as
            in `MultiHeadAttention`, and so the call arguments.

    Inputs: `(batch, T, features)` and `(batch, S, features)`. Output: the query's
    shape; the weights are `(batch, num_query_heads, T, S)`.

    Raises:
        ValueError: a size is not positive, or the numbers of heads do not divide.

    Reference: Ainslie et al., 2023, "GQA: Training Generalized Multi-Query Transformer
    Models from Multi-Head Checkpoints".

    Example:
        >>> layer = keras.layers.GroupQueryAttention(3, 4, 2)
        >>> x = np.ones((2, 5, 6), "float32")
        >>> layer(x, x).shape, layer.count_params()
        ((2, 5, 6), 246)
    """

    prefix = "_"

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.head_dim = head_dim
        self.num_query_heads = num_query_heads
        self.num_key_value_heads = num_key_value_heads
        self._positive(
            head_dim=head_dim,
            num_query_heads=num_query_heads,
            num_key_value_heads=num_key_value_heads,
        )
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                f"`num_query_heads` {num_query_heads} of layer `{self.name}` must be a "
                f"multiple of `num_key_value_heads` {num_key_value_heads}."
            )
        self._set_common(
            dropout=dropout,
            use_bias=use_bias,
            sliding_window=sliding_window,
            flash_attention=flash_attention,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            output_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            use_gate=use_gate,
            seed=seed,
        )

    def _heads(self) -> tuple[int, int, int, int]:
        few = self.num_key_value_heads
        return self.num_query_heads, few, self.head_dim, self.head_dim


def _tuple(sizes: int | Sequence[int] | None) -> tuple[int, ...] | None:
    if isinstance(sizes, int):
        return (sizes,)
    return None if sizes is None else tuple(sizes)
