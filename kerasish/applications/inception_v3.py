"""Inception: paths of different reach side by side (Szegedy and others, 2015)."""

from typing import Any

from ..layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    MaxPooling2D,
)
from .building import Plan, axis, standard
from .imagenet_utils import decode_predictions, preprocessing

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]

FAMILY = """blocks of paths of different reach, whose results are joined.
    Szegedy and others, https://arxiv.org/abs/1512.00567. Images are prepared by
    `preprocess_input` beside it."""


def convolved(
    x: Any,
    filters: int,
    rows: int,
    columns: int | None = None,
    padding: str = "same",
    stride: int = 1,
    name: str | None = None,
) -> Any:
    """A convolution, batch normalization and relu."""
    normed, active = (f"{name}_bn", f"{name}_ac") if name else (None, None)
    kind: dict[str, Any] = {"padding": padding, "use_bias": False, "name": name}
    x = Conv2D(filters, (rows, columns or rows), strides=stride, **kind)(x)
    x = BatchNormalization(axis=axis(), scale=False, name=normed)(x)
    return Activation("relu", name=active)(x)


def path(x: Any, *steps: Any) -> Any:
    """Convolutions one after the other; each is (filters, rows, columns if others)."""
    for step in steps:
        x = convolved(x, *step)
    return x


def halved(x: Any, filters: int) -> Any:
    """A convolution of 3 x 3 that leaves half of the rows and columns."""
    return convolved(x, filters, 3, padding="valid", stride=2)


def joined(paths: list[Any], name: str | None = None) -> Any:
    """The channels of all paths."""
    return Concatenate(axis=axis(), name=name)(paths)


def stem(x: Any) -> Any:
    """The layers before the first block, an eighth of the rows and columns."""
    x = convolved(halved(x, 32), 32, 3, padding="valid")
    x = MaxPooling2D(3, strides=2)(convolved(x, 64, 3))
    x = convolved(x, 80, 1, padding="valid")
    x = convolved(x, 192, 3, padding="valid")
    return MaxPooling2D(3, strides=2)(x)


def pooled_path(x: Any, filters: int) -> Any:
    """The mean of the neighbours, mixed."""
    x = AveragePooling2D(3, strides=1, padding="same")(x)
    return convolved(x, filters, 1)


def small(x: Any, first: int, pooled: int, name: str) -> Any:
    """The block of paths of 5 x 5 and twice 3 x 3."""
    paths = [
        path(x, (first, 1)),
        path(x, (48, 1), (64, 5)),
        path(x, (64, 1), (96, 3), (96, 3)),
        pooled_path(x, pooled),
    ]
    return joined(paths, name)


def _seven(x: Any, filters: int, name: str) -> Any:
    across, down = (filters, 1, 7), (filters, 7, 1)
    paths = [
        path(x, (192, 1)),
        path(x, (filters, 1), across, (192, 7, 1)),
        path(x, (filters, 1), down, across, down, (192, 1, 7)),
        pooled_path(x, 192),
    ]
    return joined(paths, name)


def _wide(x: Any, n: int) -> Any:
    one = path(x, (320, 1))
    three = path(x, (384, 1))
    split = [path(three, (384, 1, 3)), path(three, (384, 3, 1))]
    three = joined(split, f"mixed9_{n}")
    double = path(x, (448, 1), (384, 3))
    split = [path(double, (384, 1, 3)), path(double, (384, 3, 1))]
    double = joined(split)
    return joined([one, three, double, pooled_path(x, 192)], f"mixed{9 + n}")


def _features(x: Any) -> Any:
    x = stem(x)
    for n, pooled in enumerate((32, 64, 64)):
        x = small(x, 64, pooled, f"mixed{n}")
    paths = [halved(x, 384), halved(path(x, (64, 1), (96, 3)), 96)]
    x = joined([*paths, MaxPooling2D(3, strides=2)(x)], "mixed3")
    for n, filters in enumerate((128, 160, 160, 192), 4):
        x = _seven(x, filters, f"mixed{n}")
    paths = [
        halved(path(x, (192, 1)), 320),
        halved(path(x, (192, 1), (192, 1, 7), (192, 7, 1)), 192),
        MaxPooling2D(3, strides=2)(x),
    ]
    x = joined(paths, "mixed8")
    return _wide(_wide(x, 0), 1)


InceptionV3 = standard(
    __name__,
    "InceptionV3",
    "inception_v3",
    FAMILY,
    Plan(_features, size=299, smallest=75, file=("inception_v3",)),
)
preprocess_input = preprocessing(__name__, "tf")
