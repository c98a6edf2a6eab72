"""Rows of the catalogue for colours and tones: name, arguments, shapes, other fields.

The inputs are normal numbers, so the value range is -4 to 4 here.
"""

from typing import Any

__all__ = ["CASES"]

IMAGES = (3, 5, 6, 3)
RANGE = {"value_range": (-4, 4)}
SEED = RANGE | {"seed": 3}
ALONE = {"seed": 3}
FIRST = {"data_format": "channels_first"}
CHANNELS_FIRST = (3, 3, 5, 6)

CASES: list[tuple[str, dict[str, Any], Any, dict[str, Any]]] = [
    ("RandomBrightness", {"factor": 0.5} | SEED, IMAGES, {"free": 3}),
    ("RandomBrightness", {"factor": (0.1, 0.3), "seed": 3}, IMAGES, {}),
    ("RandomColorDegeneration", {"factor": 0.5} | SEED, IMAGES, {"free": 3}),
    (
        "RandomColorDegeneration",
        {"factor": [0.2, 1]} | SEED | FIRST,
        CHANNELS_FIRST,
        {},
    ),
    ("RandomHue", {"factor": 0.5} | SEED, IMAGES, {"free": 3}),
    # In other value ranges Keras's saturation may be more than 1, so that its colours
    # leave the range; this row only takes saturation away.
    (
        "RandomSaturation",
        {"factor": (0.1, 0.4), "value_range": (0, 255), "seed": 3},
        IMAGES,
        {"free": 3},
    ),
    ("RandomGrayscale", {"factor": 0.4} | ALONE, IMAGES, {"free": 3}),
    ("RandomGrayscale", {"factor": 0.6} | ALONE | FIRST, CHANNELS_FIRST, {}),
    ("RandomContrast", {"factor": 0.5} | SEED, IMAGES, {"free": 3}),
    ("RandomContrast", {"factor": (0.2, 0.4)} | SEED, IMAGES, {}),
    ("RandomInvert", {} | SEED, IMAGES, {"free": 3}),
    ("RandomInvert", {"factor": (0.5, 0.6)} | SEED | FIRST, CHANNELS_FIRST, {}),
    ("RandomPosterization", {"factor": 4} | SEED, IMAGES, {"free": 3}),
    ("RandomPosterization", {"factor": (2, 5)} | SEED, IMAGES, {}),
    (
        "Solarization",
        {"addition_factor": 0.3, "threshold_factor": 0.6} | SEED,
        IMAGES,
        {"free": 3},
    ),
    ("Solarization", {"threshold_factor": (0, 0.9)} | SEED, IMAGES, {}),
    ("AutoContrast", RANGE, IMAGES, {"free": 3}),
    # Keras counts the tones of all images of a batch together.
    ("Equalization", RANGE, (1, 5, 6, 3), {"free": 3}),
    ("Equalization", {"bins": 5} | RANGE | FIRST, (1, 3, 5, 6), {}),
    ("RandomSharpness", {"factor": 0.9} | SEED, IMAGES, {"free": 3}),
    ("RandomSharpness", {"factor": (0.2, 0.5)} | SEED | FIRST, CHANNELS_FIRST, {}),
    ("RandomGaussianBlur", {} | SEED, IMAGES, {"free": 3}),
    (
        "RandomGaussianBlur",
        {"factor": (0.4, 0.8), "sigma": (0.2, 2), "kernel_size": (3, 5)} | SEED,
        IMAGES,
        {},
    ),
    ("RandomErasing", {} | SEED, IMAGES, {}),
    (
        "RandomErasing",
        {"factor": (0.7, 0.9), "scale": 0.6, "fill_value": 3.0} | SEED,
        IMAGES,
        {},
    ),
    ("CutMix", {} | ALONE, IMAGES, {}),
    ("CutMix", {"factor": (0.2, 0.4)} | ALONE | FIRST, CHANNELS_FIRST, {}),
    ("MixUp", {} | ALONE, IMAGES, {"free": 3}),
    ("MixUp", {"alpha": 2.0} | ALONE, IMAGES, {}),
    (
        "RandomColorJitter",
        {"brightness_factor": 0.3, "contrast_factor": 0.2} | SEED,
        IMAGES,
        {"free": 3},
    ),
    (
        "ContrastLimitedAdaptiveHistogramEqualization",
        {"tile_grid_size": (2, 3)} | RANGE,
        IMAGES,
        {"free": 3},
    ),
    (
        "ContrastLimitedAdaptiveHistogramEqualization",
        {"clip_limit": 0, "tile_grid_size": [3, 7]} | RANGE | FIRST,
        CHANNELS_FIRST,
        {},
    ),
    (
        "AugMix",
        {"num_chains": 1, "chain_depth": 1, "all_ops": False} | SEED,
        (1, 8, 8, 3),
        {},
    ),
    ("RandAugment", {"num_ops": 3, "factor": 0.4} | SEED, (1, 8, 8, 3), {}),
]
