"""Classes and arguments of layers in the words of Keras 1, Keras 2 and tf.keras.

One table for the model files of those ages (`saving.eras`) and for their scripts
(`legacy.arguments`).
"""

import inspect
from collections.abc import Container
from typing import Any

# Classes that have another name today.
CLASSES = {
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "ThresholdedReLU": "ReLU",
    "TimeDistributedDense": "Dense",
}
# The `mode` of Keras 1's Merge.
MERGES = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
    "dot": "Dot",
}
# Old argument -> its names today; the first that the class takes is meant.
ARGUMENTS = {
    "W_constraint": ("kernel_constraint", "embeddings_constraint"),
    "W_regularizer": ("kernel_regularizer", "embeddings_regularizer"),
    "U_regularizer": ("recurrent_regularizer",),
    "alpha": ("negative_slope",),
    "atrous_rate": ("dilation_rate",),
    "b_constraint": ("bias_constraint",),
    "b_regularizer": ("bias_regularizer",),
    "batch_input_shape": ("batch_shape",),
    "beta_init": ("beta_initializer",),
    "bias": ("use_bias",),
    "border_mode": ("padding",),
    "concat_axis": ("axis",),
    "dim_ordering": ("data_format",),
    "dot_axes": ("axes",),
    "dropout_U": ("recurrent_dropout",),
    "dropout_W": ("dropout",),
    "filter_length": ("kernel_size",),
    "forget_bias_init": ("unit_forget_bias",),
    "gamma_init": ("gamma_initializer",),
    "init": (
        *("kernel_initializer", "embeddings_initializer", "alpha_initializer"),
        "pointwise_initializer",
    ),
    "inner_activation": ("recurrent_activation",),
    "inner_init": ("recurrent_initializer",),
    "input_dtype": ("dtype",),
    "length": ("size",),
    "nb_filter": ("filters",),
    "output_dim": ("units",),
    "p": ("rate",),
    "pool_length": ("pool_size",),
    "sigma": ("stddev",),
    "stride": ("strides",),
    "subsample": ("strides",),
    "subsample_length": ("strides",),
    "theta": ("threshold",),
}
# One argument today that was several.
JOINED = {
    ("nb_row", "nb_col"): "kernel_size",
    ("kernel_dim1", "kernel_dim2", "kernel_dim3"): "kernel_size",
}
# Values of old arguments that have another name today.
VALUES: dict[str, dict[Any, Any]] = {
    "dim_ordering": {"th": "channels_first", "tf": "channels_last", "default": None},
    "forget_bias_init": {"one": True, "ones": True, "zero": False, "zeros": False},
    "activation": {"softmax_v2": "softmax", "sigmoid_v2": "sigmoid"},
    "constraint": {"maxnorm": "max_norm", "nonneg": "non_neg", "unitnorm": "unit_norm"},
}
# Arguments that are gone -> the values with which they changed no number; None: any.
HARMLESS: dict[str, tuple[Any, ...] | None] = {
    "adjustment": (None,),
    "batch_input_shape": None,  # of a layer; the model's input has it, too
    "causal": (False,),
    "consume_less": None,
    "dropout": (0, None),  # of Keras 1's Embedding
    "dynamic": (False,),
    "fused": None,
    "groups": (1,),
    "implementation": None,
    "input_dim": None,
    "input_length": None,
    "kernel_constraint": None,  # of depthwise convolutions, which never used it
    "kernel_initializer": None,
    "kernel_regularizer": None,
    "key_shape": None,
    "mode": (0,),
    "noise_shape": (None,),
    "query_shape": None,
    "ragged": (False, None),
    "sparse": (False, None),
    "stateful": (False,),
    "time_major": (False, None),
    "type_spec": (None,),
    "value_shape": None,
    "virtual_batch_size": (None,),
    "zero_output_for_mask": (False,),
}
# Taken by each layer.
COMMON = {"name", "trainable", "dtype", "autocast", "activity_regularizer"}


def taken_by(cls: type) -> set[str]:
    """The arguments that a layer's class takes."""
    names = set(COMMON)
    for base in cls.__mro__:
        if "__init__" in vars(base):
            parameters = inspect.signature(vars(base)["__init__"]).parameters
            names |= set(parameters)
            if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
                break
    return names - {"self", "kwargs", "args"}


def today(key: str, taken: Container[str]) -> str | None:
    """The name that an argument has today, None if it has none."""
    names = (key,) if key in taken else ARGUMENTS.get(key, ())
    return next((name for name in names if name in taken), None)


def join(config: dict[str, Any], taken: Container[str]) -> None:
    """Put what was several arguments once into one."""
    for parts, whole in JOINED.items():
        if parts[0] in config and parts[0] not in taken:
            config[whole] = [config.pop(part) for part in parts]


def harmless(key: str, value: Any) -> bool:
    """Say whether an argument that is gone never changed a number with that value."""
    values = HARMLESS.get(key, ())
    return values is None or value in values


def exchanged(key: str, value: Any, where: str) -> Any:
    """Return a value by its name today."""
    if key == "border_mode" and value not in ("valid", "same", "causal"):
        raise ValueError(f"{where} has `border_mode`={value!r}, which is gone.")
    table = VALUES.get(key) or VALUES.get(key.rsplit("_", 1)[-1], {})
    return table.get(value, value) if isinstance(value, str) else value


def merged(where: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Keras 1 had one class for all ways to merge."""
    mode = config.get("mode")
    if mode not in MERGES or config.get("layers"):
        raise ValueError(
            f"{where} has `mode`={mode!r}"
            + (" and holds its inputs' layers" if config.get("layers") else "")
            + ", which is not understood. Make the model in code and use "
            "`load_weights`."
        )
    kept = {"concat": "concat_axis", "dot": "dot_axes"}.get(mode)
    return MERGES[mode], {
        key: value
        for key, value in config.items()
        if key in ("name", "trainable", kept)
    }
