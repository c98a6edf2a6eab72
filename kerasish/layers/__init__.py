"""Layers: functions with weights, the parts that models are made of."""

from typing import Any

from .. import legacy, registry
from ..legacy import arguments
from . import borders, convolution, pooling
from .activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from .attention import AdditiveAttention, Attention
from .bidirectional import Bidirectional
from .borders import *  # noqa: F403
from .cells import GRUCell, LSTMCell, SimpleRNNCell
from .conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from .convolution import *  # noqa: F403
from .dense import Dense, EinsumDense
from .dropout import (
    ActivityRegularization,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from .embedding import Embedding, ReversibleEmbedding
from .foreign import TFSMLayer, TorchModuleWrapper
from .function import Identity, Lambda
from .input import Input, InputLayer
from .input_spec import InputSpec
from .jax_layer import FlaxLayer, JaxLayer
from .layer import Layer
from .masking import Masking
from .merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from .multi_head_attention import GroupedQueryAttention as GroupQueryAttention
from .multi_head_attention import MultiHeadAttention
from .normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)
from .pipeline import Pipeline
from .pooling import *  # noqa: F403
from .preprocessing import (
    audio,
    blur,
    colour,
    elastic,
    geometry,
    mixing,
    policies,
    resizing,
    tone,
)
from .preprocessing.audio import *  # noqa: F403
from .preprocessing.blur import *  # noqa: F403
from .preprocessing.category_encoding import CategoryEncoding
from .preprocessing.colour import *  # noqa: F403
from .preprocessing.discretization import Discretization
from .preprocessing.elastic import *  # noqa: F403
from .preprocessing.geometry import *  # noqa: F403
from .preprocessing.hashing import HashedCrossing, Hashing
from .preprocessing.lookup import IntegerLookup, StringLookup
from .preprocessing.mixing import *  # noqa: F403
from .preprocessing.normalization import Normalization
from .preprocessing.policies import *  # noqa: F403
from .preprocessing.resizing import *  # noqa: F403
from .preprocessing.text_vectorization import TextVectorization
from .preprocessing.tone import *  # noqa: F403
from .recurrent import GRU, LSTM, SimpleRNN
from .reshaping import Flatten, Permute, RepeatVector, Reshape
from .rnn import RNN
from .serialization import deserialize, serialize
from .spectral_normalization import SpectralNormalization
from .stacked_cells import StackedRNNCells
from .time_distributed import TimeDistributed
from .wrappers import Wrapper

# Second names, as pairs of what the first and the second begin with.
_ALIASES = [
    *(("Conv", "Convolution"), ("SeparableConv", "SeparableConvolution")),
    *(("MaxPooling", "MaxPool"), ("AveragePooling", "AvgPool")),
    *(("GlobalMaxPooling", "GlobalMaxPool"), ("GlobalAveragePooling", "GlobalAvgPool")),
]
_SECOND_NAMES = {
    second + name.removeprefix(first): name
    for name in (*convolution.__all__, *pooling.__all__)
    for first, second in _ALIASES
    if name.startswith(first)
}
globals().update({second: globals()[name] for second, name in _SECOND_NAMES.items()})
for _name in ("Convolution2D", "Convolution3D", "SeparableConvolution2D"):
    globals()[_name] = arguments.spelling(globals()[_name], _name)

__all__ = [
    *("Layer", "InputSpec", "Input", "InputLayer"),
    *("Dense", "EinsumDense", "Embedding"),
    *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"),
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
    *("GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization"),
    *("Flatten", "Reshape", "Permute", "RepeatVector", "Masking"),
    *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"),
    *("Concatenate", "Dot"),
    *("add", "subtract", "multiply", "average", "maximum", "minimum"),
    *("concatenate", "dot"),
    *("BatchNormalization", "LayerNormalization", "GroupNormalization"),
    *("RMSNormalization", "UnitNormalization"),
    *("RNN", "SimpleRNN", "LSTM", "GRU", "SimpleRNNCell", "LSTMCell", "GRUCell"),
    *("StackedRNNCells", "Wrapper", "Bidirectional", "TimeDistributed"),
    *("SpectralNormalization", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
    *("Pipeline", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"),
    *("Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention"),
    *("ReversibleEmbedding", "Identity", "Lambda", "deserialize", "serialize"),
    *("Normalization", "Discretization", "CategoryEncoding", "Hashing"),
    *("HashedCrossing", "IntegerLookup", "StringLookup", "TextVectorization"),
    *(*geometry.__all__, *resizing.__all__),
    *(*colour.__all__, *tone.__all__, *blur.__all__, *mixing.__all__),
    *(*policies.__all__, *audio.__all__, *elastic.__all__),
    *(*convolution.__all__, *pooling.__all__, *borders.__all__, *_SECOND_NAMES),
]

registry.add_namespace("layers", {name: globals()[name] for name in __all__})

arguments.accept(
    [globals()[n] for n in __all__ if n[0].isupper() and n not in ("Input", "Layer")],
    arguments.layer_arguments,
)
__getattr__ = legacy.attributes(__name__)
