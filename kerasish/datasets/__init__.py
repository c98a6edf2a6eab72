"""Data sets: Keras's own, read from its cache or fetched, and small ones that are here.

Each module has `load_data(...)`, which returns `(x_train, y_train), (x_test, y_test)`.
`gates`, `iris` and `points` need no network.
"""

from . import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    gates,
    imdb,
    iris,
    mnist,
    points,
    reuters,
)

__all__ = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "gates",
    "imdb",
    "iris",
    "mnist",
    "points",
    "reuters",
]
