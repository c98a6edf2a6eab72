"""Utilities: preparing data, seeds, custom objects, and small things for users."""

from ..callbacks import Progbar
from ..config import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from ..data import PyDataset, pack_x_y_sample_weight, unpack_x_y_sample_weight
from ..dtypes import standardize_dtype
from ..graph import is_symbolic as is_keras_tensor
from ..legacy import attributes
from ..legacy.utils import get_source_inputs
from ..registry import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from ..visualization.model_graph import model_to_dot, plot_model
from . import bounding_boxes
from .config import Config
from .directories import (
    audio_dataset_from_directory,
    image_dataset_from_directory,
    text_dataset_from_directory,
)
from .feature_space import FeatureSpace
from .files import get_file
from .image import array_to_img, img_to_array, load_img, save_img
from .labels import LabelEncoder
from .numerical import normalize, to_categorical
from .seeding import clear_session, set_random_seed
from .sequence import pad_sequences
from .splitting import split_dataset
from .timeseries import timeseries_dataset_from_array

Sequence = PyDataset  # its name in Keras 1 and 2

__all__ = [
    "Config",
    "CustomObjectScope",
    "FeatureSpace",
    "LabelEncoder",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "audio_dataset_from_directory",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

__getattr__ = attributes(__name__)
