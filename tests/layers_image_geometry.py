"""Rows of the catalogue for layers that cut, resize and move images."""

from typing import Any

__all__ = ["CASES"]

X, SINGLE, FIRST = (3, 6, 5, 2), (6, 5, 2), (3, 2, 6, 5)
SEED = {"seed": 3}
CONSTANT = {"fill_mode": "constant", "fill_value": 0.5}
NEAREST = {"interpolation": "nearest"}
CHANNELS = {"data_format": "channels_first"}
SMALL, LARGE, BYTES = (
    {"height": 3, "width": 2},
    {"height": 8, "width": 3},
    {"dtype": "int32"},
)
CROP = {"crop_to_aspect_ratio": True}
PAD = {"pad_to_aspect_ratio": True}
MOVES = {"height_factor": 0.3, "width_factor": (-0.1, 0.4)}
# Keras cannot read its own config of one number: it is stored as (-f, f).
SLANTS = {"x_factor": (0.0, 0.3), "y_factor": (0.1, 0.4)}
Case = tuple[str, dict[str, Any], Any, dict[str, Any]]

CASES: list[Case] = [
    ("Rescaling", {"scale": 0.5}, X, {"free": 4} | BYTES),
    ("Rescaling", {"scale": [2.0, 0.5], "offset": (1.0, -1.0)}, X, {"free": 3}),
    ("CenterCrop", SMALL, X, {}),
    ("CenterCrop", LARGE | CHANNELS, FIRST, {}),
    ("CenterCrop", SMALL, SINGLE, {"free": 0}),
    ("Resizing", SMALL | NEAREST, X, {"free": 3}),
    ("Resizing", SMALL | {"antialias": True} | CHANNELS, FIRST, {}),
    ("Resizing", LARGE | CROP | {"interpolation": "bicubic"}, X, {}),
    ("Resizing", LARGE | PAD | {"fill_value": 2.0}, SINGLE, {"free": 0}),
    ("RandomCrop", SMALL | SEED, X, {}),
    ("RandomCrop", SMALL | SEED | CHANNELS, FIRST, {}),
    ("RandomFlip", SEED, X, {"free": 3} | BYTES),
    ("RandomFlip", {"mode": "vertical"} | SEED | CHANNELS, FIRST, {}),
    ("RandomFlip", {"mode": "horizontal"} | SEED, SINGLE, {"free": 0}),
    ("RandomRotation", {"factor": 0.3} | SEED, X, {}),
    ("RandomRotation", {"factor": (0.1, 0.2)} | SEED | CHANNELS, FIRST, {}),
    ("RandomRotation", {"factor": 0.5} | SEED | CONSTANT, SINGLE, {"free": 0}),
    ("RandomTranslation", MOVES | SEED, X, {}),
    ("RandomTranslation", MOVES | SEED | CONSTANT | CHANNELS, FIRST, {}),
    ("RandomZoom", {"height_factor": 0.3} | SEED, X, {}),
    ("RandomZoom", MOVES | SEED | {"fill_mode": "wrap"} | CHANNELS, FIRST, {}),
    ("RandomShear", SLANTS | SEED, X, {}),
    ("RandomShear", SLANTS | SEED | {"fill_mode": "nearest"} | CHANNELS, FIRST, {}),
    ("RandomPerspective", SEED, X, {}),
    ("RandomPerspective", {"factor": (0.5, 0.9), "scale": 0.4} | SEED, X, {}),
    ("RandomPerspective", {"fill_value": 0.5} | SEED | CHANNELS, FIRST, {}),
    # So small that no cell moves: Keras moves all cells along one diagonal.
    (
        "RandomElasticTransform",
        {"factor": (0.5, 0.9), "scale": 0.4, "value_range": (-4, 4)} | SEED | NEAREST,
        X,
        {},
    ),
    ("MaxNumBoundingBoxes", {"max_number": 3}, X, {}),
]
