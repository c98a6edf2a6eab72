"""Rows of the catalogue for attention: name, arguments, shapes, other fields."""

from typing import Any

__all__ = ["CASES"]

# Small sums: in larger ones the order of adding shows. A bias of keys has no gradient.
QUERY, VALUE = (2, 5, 3), (2, 4, 3)
ROOM, OTHER_ROOM = (2, 2, 3, 2), (2, 2, 2, 2)
ALL_WEIGHTS = {
    "kernel_regularizer": "l2",
    "bias_regularizer": "l1",
    "kernel_constraint": "non_neg",
    "bias_constraint": "max_norm",
    "kernel_initializer": "he_normal",
    "bias_initializer": "ones",
    "activity_regularizer": "l2",
}
MANY = "MultiHeadAttention"
SHARED = "GroupQueryAttention"
HEADS = {"num_heads": 2, "key_dim": 1}
GROUPS = {"head_dim": 1, "num_query_heads": 4, "num_key_value_heads": 2}
MASKED = {"mask": [(2, 5), (2, 4)]}
EACH = {"spread": True}  # each input is an argument of its own

CASES: list[tuple[str, dict[str, Any], Any, dict[str, Any]]] = [
    ("Attention", {}, [QUERY, VALUE], {"free": 2}),
    ("Attention", {"use_scale": True}, [QUERY, VALUE, VALUE], MASKED),
    ("Attention", {"score_mode": "concat"}, [QUERY, VALUE], MASKED),
    (
        "Attention",
        {"use_scale": True, "score_mode": "concat", "dropout": 0.4, "seed": 2},
        [QUERY, VALUE],
        {},
    ),
    ("AdditiveAttention", {}, [QUERY, VALUE], {"free": 2} | MASKED),
    ("AdditiveAttention", {"use_scale": False}, [QUERY, VALUE, VALUE], {}),
    ("AdditiveAttention", {"dropout": 0.4, "seed": 2}, [QUERY, VALUE], MASKED),
    (MANY, HEADS, [QUERY, (2, 4, 2)], EACH | {"free": 2}),
    (MANY, HEADS | {"use_bias": False}, [QUERY, VALUE, (2, 4, 3)], EACH),
    (MANY, HEADS | {"output_shape": (2, 3), **ALL_WEIGHTS}, [QUERY, VALUE], EACH),
    (MANY, HEADS | {"attention_axes": 2, "use_bias": False}, [ROOM, OTHER_ROOM], EACH),
    (
        MANY,
        HEADS | {"attention_axes": (2, 1), "use_bias": False},
        [ROOM, OTHER_ROOM],
        EACH,
    ),
    (
        MANY,
        HEADS | {"output_shape": 5, "use_bias": False},
        [ROOM, OTHER_ROOM],
        EACH | {"free": 3},
    ),
    (MANY, HEADS | {"use_gate": True, "sliding_window": 2}, [QUERY, VALUE], EACH),
    (
        MANY,
        HEADS | {"dropout": 0.4, "seed": 3, "use_gate": True},
        [QUERY, VALUE],
        EACH,
    ),
    (SHARED, GROUPS, [QUERY, VALUE], EACH | {"free": 2}),
    (SHARED, GROUPS | {"use_gate": True, **ALL_WEIGHTS}, [QUERY, VALUE], EACH),
    (
        SHARED,
        GROUPS | {"sliding_window": 3, "dropout": 0.4, "seed": 3, "use_bias": False},
        [QUERY, VALUE, VALUE],
        EACH,
    ),
    (
        "ReversibleEmbedding",
        {"input_dim": 5, "output_dim": 3},
        (4, 6),
        {"dtype": "int32", "free": 2},
    ),
    (
        "ReversibleEmbedding",
        {"input_dim": 5, "output_dim": 3, "tie_weights": False}
        | {"embeddings_regularizer": "l2", "embeddings_constraint": "unit_norm"}
        | {"logit_soft_cap": 2.0, "reverse_dtype": "float16"},
        (4, 6),
        {"dtype": "int32"},
    ),
]
