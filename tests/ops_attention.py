"""Calls of `dot_product_attention` for the catalogue: arguments, options."""

from typing import Any

import numpy as np

__all__ = ["CALLS"]


def _floats(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-2, 2, shape).astype("float32")


QUERY, KEY, VALUE = (_floats(2, 3, 4, 5, seed=i) for i in range(3))
FEW_KEYS, FEW_VALUES = _floats(2, 6, 2, 5, seed=3), _floats(2, 6, 2, 5, seed=4)
BIAS = _floats(2, 4, 3, 3, seed=5)
SEEN = np.random.default_rng(6).uniform(size=(2, 1, 3, 3)) < 0.6
SEEN[0, 0, 1] = False  # a query that may look at nothing

Q3 = (QUERY, KEY, VALUE)
CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    (Q3, {}),
    (Q3, {"bias": BIAS, "scale": 0.3}),
    (Q3, {"mask": SEEN}),
    (Q3, {"mask": SEEN, "bias": BIAS, "is_causal": True}),
    (Q3, {"is_causal": True, "flash_attention": False}),
    ((QUERY, FEW_KEYS, FEW_VALUES), {}),
    ((QUERY, FEW_KEYS[:, :, :1], FEW_VALUES[:, :, :1]), {"is_causal": True}),
]
