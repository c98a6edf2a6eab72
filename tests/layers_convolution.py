"""Rows of the catalogue for convolution, pooling and the edges of images."""

from typing import Any

__all__ = ["CASES"]

LINE, IMAGE, CUBE = (2, 7, 4), (2, 5, 6, 4), (2, 3, 4, 5, 2)
FIRST = {"data_format": "channels_first"}
SAME = {"padding": "same"}
ALL_WEIGHTS = {
    "kernel_regularizer": "l2",
    "bias_regularizer": "l1",
    "kernel_constraint": "non_neg",
    "bias_constraint": "max_norm",
    "kernel_initializer": "he_normal",
    "bias_initializer": "ones",
    "activity_regularizer": "l2",
}
PARTS = {
    "depthwise_regularizer": "l2",
    "depthwise_constraint": "non_neg",
    "depthwise_initializer": "he_normal",
    "bias_initializer": "ones",
}
MIXED = {"pointwise_regularizer": "l1", "pointwise_constraint": "max_norm"}

Case = tuple[str, dict[str, Any], Any, dict[str, Any]]


def _cases(
    name: str, common: dict[str, Any], *cases: tuple[Any, dict[str, Any]]
) -> list[Case]:
    """One for each (shape, arguments besides the common ones)."""
    return [(name, common | more, shape, {}) for shape, more in cases]


SMALL = {"filters": 3, "kernel_size": 2}

CASES: list[Case] = [
    *_cases(
        "Conv1D",
        SMALL,
        (LINE, ALL_WEIGHTS | {"activation": "relu"}),
        (LINE, {"padding": "causal", "dilation_rate": 2}),
        (LINE, FIRST | SAME | {"strides": 3, "use_bias": False}),
        (LINE, FIRST | {"padding": "causal"}),
    ),
    *_cases(
        "Conv2D",
        SMALL,
        (IMAGE, {"activation": "relu", "kernel_size": (3, 2)}),
        (IMAGE, SAME | {"strides": (2, 1), **ALL_WEIGHTS}),
        (IMAGE, {"groups": 2, "filters": 4, "dilation_rate": (1, 2)}),
        (IMAGE, FIRST | SAME),
        (IMAGE, {"lora_rank": 1, "lora_alpha": 2}),
    ),
    *_cases("Conv3D", SMALL, (CUBE, {}), (CUBE, SAME | {"strides": (1, 2, 1)})),
    *_cases(
        "Conv1DTranspose",
        SMALL,
        (LINE, {"strides": 3, **ALL_WEIGHTS}),
        (LINE, SAME | {"strides": 2, "kernel_size": 4}),
        (LINE, FIRST | {"dilation_rate": 2}),
    ),
    *_cases(
        "Conv2DTranspose",
        SMALL,
        (IMAGE, {"activation": "tanh", "use_bias": False}),
        (IMAGE, SAME | {"strides": (2, 1), "kernel_size": 3}),
        (IMAGE, {"strides": 2, "output_padding": (1, 0)}),
        (IMAGE, FIRST | SAME | {"strides": 2, "output_padding": 1}),
    ),
    *_cases("Conv3DTranspose", SMALL, (CUBE, {}), (CUBE, SAME | {"strides": 2})),
    *_cases(
        "DepthwiseConv1D",
        {"kernel_size": 3},
        (LINE, PARTS | {"depth_multiplier": 2}),
        (LINE, SAME | {"strides": 2}),
    ),
    *_cases(
        "DepthwiseConv2D",
        {"kernel_size": (3, 2)},
        (IMAGE, SAME | PARTS | {"activation": "relu"}),
        (IMAGE, {"strides": 2, "depth_multiplier": 2}),
        (IMAGE, FIRST | {"dilation_rate": (2, 1), "use_bias": False}),
    ),
    *_cases(
        "SeparableConv1D",
        SMALL,
        (LINE, PARTS | MIXED | {"depth_multiplier": 2}),
        (LINE, {"strides": 2}),
    ),
    *_cases(
        "SeparableConv2D",
        SMALL,
        (IMAGE, SAME | {"strides": 2, "activation": "relu"}),
        (IMAGE, FIRST | PARTS | MIXED | {"use_bias": False}),
    ),
    *(
        case
        for kind in ("Max", "Average")
        for case in (
            *_cases(
                f"{kind}Pooling1D",
                {"pool_size": 2},
                (LINE, {}),
                (LINE, SAME | {"strides": 3}),
            ),
            *_cases(
                f"{kind}Pooling2D",
                {"pool_size": (2, 3)},
                (IMAGE, {}),
                (IMAGE, SAME | {"strides": (1, 2)}),
                (IMAGE, FIRST | SAME),
            ),
            *_cases(f"{kind}Pooling3D", {"pool_size": 2}, (CUBE, {}), (CUBE, SAME)),
            *_cases(f"Global{kind}Pooling1D", {}, (LINE, {}), (LINE, FIRST)),
            *_cases(f"Global{kind}Pooling2D", {}, (IMAGE, FIRST | {"keepdims": True})),
            *_cases(f"Global{kind}Pooling3D", {}, (CUBE, {}), (CUBE, FIRST)),
            *_cases(f"Adaptive{kind}Pooling1D", {"output_size": 3}, (LINE, {})),
            *_cases(
                f"Adaptive{kind}Pooling2D", FIRST, (IMAGE, {"output_size": (2, 3)})
            ),
            *_cases(f"Adaptive{kind}Pooling3D", {"output_size": 2}, (CUBE, {})),
        )
    ),
    ("GlobalAveragePooling1D", {}, LINE, {"mask": (2, 7)}),
    *_cases("Cropping1D", {}, (LINE, {}), (LINE, {"cropping": (0, 2)})),
    *_cases(
        "Cropping2D",
        {},
        (IMAGE, {"cropping": ((1, 0), (2, 1))}),
        (IMAGE, {"cropping": (2, 1), **FIRST}),
    ),
    *_cases("Cropping3D", {}, (CUBE, {"cropping": 1}), (CUBE, {})),
    *_cases("ZeroPadding1D", {}, (LINE, {}), (LINE, {"padding": (0, 2), **FIRST})),
    *_cases(
        "ZeroPadding2D",
        {},
        (IMAGE, {"padding": ((1, 0), (2, 1))}),
        (IMAGE, {"padding": (1, 2), **FIRST}),
    ),
    *_cases("ZeroPadding3D", {}, (CUBE, {}), (CUBE, {"padding": 2})),
    *_cases("UpSampling1D", {}, (LINE, {"size": 3})),
    *_cases(
        "UpSampling2D",
        {},
        (IMAGE, {}),
        (IMAGE, {"interpolation": "bilinear", "size": (2, 3)}),
        (IMAGE, {"interpolation": "bicubic", **FIRST}),
        (IMAGE, {"interpolation": "lanczos3"}),
        (IMAGE, {"interpolation": "lanczos5"}),
    ),
    *_cases("UpSampling3D", {}, (CUBE, {"size": (1, 2, 3)}), (CUBE, FIRST)),
]
