"""Data from files and series; what Keras 1 and 2 had here is in `kerasish.legacy`."""

from ..legacy import attributes
from ..utils import (
    image_dataset_from_directory,
    text_dataset_from_directory,
    timeseries_dataset_from_array,
)
from . import image, sequence

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]

__getattr__ = attributes(__name__)
