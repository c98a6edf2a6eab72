"""Calls of the ops of convolution and pooling: name, arguments, options."""

from typing import Any

import numpy as np

__all__ = ["CALLS"]


def _floats(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype("float32")


LINE, IMAGE, CUBE = _floats(2, 7, 4), _floats(2, 7, 6, 4), _floats(2, 4, 5, 3, 2)
KERNEL = _floats(3, 2, 4, 6)
FIRST: dict[str, Any] = {"data_format": "channels_first"}
SAME: dict[str, Any] = {"padding": "same"}
TIES = np.round(IMAGE)
INTEGERS = np.round(9 * LINE).astype("int32")

CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("conv", (LINE, _floats(3, 4, 5)), {}),
    ("conv", (LINE, _floats(2, 4, 5), 3, "same"), {}),
    ("conv", (LINE, _floats(3, 4, 2)), SAME | {"dilation_rate": 2}),
    ("conv", (LINE, _floats(1, 4, 5), 2), {}),
    ("conv", (IMAGE, KERNEL), {}),
    ("conv", (IMAGE, KERNEL, (2, 1), "same"), {}),
    ("conv", (IMAGE, KERNEL), {"dilation_rate": (1, 2)}),
    ("conv", (IMAGE, _floats(3, 2, 2, 6)), SAME),
    ("conv", (IMAGE, _floats(3, 2, 1, 8), 2), {}),
    ("conv", (IMAGE, _floats(3, 2, 7, 6), 2, "same"), FIRST),
    ("conv", (CUBE, _floats(2, 3, 1, 2, 3), 2), SAME),
    ("conv", (IMAGE.astype("float16"), KERNEL.astype("float16")), {"_tolerance": 0.05}),
    ("depthwise_conv", (LINE, _floats(3, 4, 1), 2), {}),
    ("depthwise_conv", (IMAGE, _floats(3, 3, 4, 1)), SAME),
    ("depthwise_conv", (IMAGE, _floats(3, 3, 4, 2), 2), SAME),
    ("depthwise_conv", (IMAGE, _floats(3, 2, 7, 2)), FIRST | {"dilation_rate": 2}),
    ("separable_conv", (LINE, _floats(3, 4, 2), _floats(1, 8, 3)), SAME),
    (
        "separable_conv",
        (IMAGE, _floats(3, 3, 4, 2), _floats(1, 1, 8, 5), 2),
        {"_tolerance": 5e-5},
    ),
    ("separable_conv", (IMAGE, _floats(3, 2, 7, 1), _floats(1, 1, 7, 5)), FIRST),
    ("conv_transpose", (LINE, _floats(3, 5, 4)), {}),
    ("conv_transpose", (LINE, _floats(2, 5, 4), 3), {}),
    ("conv_transpose", (LINE, _floats(5, 5, 4), 2, "same"), {"dilation_rate": 2}),
    ("conv_transpose", (LINE, _floats(4, 5, 4)), SAME | {"dilation_rate": 2}),
    ("conv_transpose", (LINE, _floats(3, 5, 4), 2, "same", 1), {}),
    ("conv_transpose", (INTEGERS, INTEGERS[:, :2], 3), {}),
    ("conv_transpose", (IMAGE, _floats(3, 2, 5, 4), 2, "same"), {}),
    ("conv_transpose", (IMAGE, _floats(3, 2, 5, 4), (1, 2), "valid", (0, 1)), {}),
    ("conv_transpose", (IMAGE, _floats(4, 4, 3, 7), 2, "same"), FIRST),
    ("conv_transpose", (CUBE, _floats(2, 2, 3, 1, 2), 2), SAME),
    *(
        (name, *call)
        for name in ("max_pool", "average_pool")
        for call in (
            ((LINE, 2, 2), {}),
            ((LINE, 3, 1), SAME),
            ((IMAGE, 2), {"_": "keras"}),  # Keras fails without strides
            ((IMAGE, (2, 3), (2, 3), "same"), {}),
            ((IMAGE, 3, 2), SAME),
            ((IMAGE, (3, 2), (1, 3)), FIRST),
            ((TIES, 2, 2), {}),
            ((TIES, 3, 2), {}),
            ((CUBE, 2, 2), SAME),
        )
    ),
    *(
        (f"adaptive_{kind}_pool", *call)
        for kind in ("max", "average")
        for call in (
            ((LINE, 3), {}),
            ((INTEGERS, 3), {}),
            ((IMAGE, (3, 2)), {}),
            ((IMAGE, 4), FIRST),
            ((CUBE, (2, 3, 1)), {}),
        )
    ),
]
