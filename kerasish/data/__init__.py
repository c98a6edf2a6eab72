"""Data adapters: every kind of input becomes arrays or an iterator of batches."""

from .arrays import check_rows, named_leaves, to_array, to_arrays
from .batches import Dataset, from_rows
from .checks import check_finite, nonfinite
from .dataset import PyDataset
from .feed import ArrayData, Batch, BatchStream, adapt, is_source
from .shuffle import epoch_orders
from .split import (
    pack_x_y_sample_weight,
    train_validation_split,
    unpack_x_y_sample_weight,
)
from .texts import HostData, text_arrays
from .weights import weigh_classes

__all__ = [
    "ArrayData",
    "Batch",
    "BatchStream",
    "Dataset",
    "HostData",
    "PyDataset",
    "adapt",
    "check_finite",
    "check_rows",
    "epoch_orders",
    "from_rows",
    "is_source",
    "named_leaves",
    "nonfinite",
    "pack_x_y_sample_weight",
    "text_arrays",
    "to_array",
    "to_arrays",
    "train_validation_split",
    "unpack_x_y_sample_weight",
    "weigh_classes",
]
