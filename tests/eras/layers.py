"""Layers as each era spelled them, beside the same layer of Keras 3.

A row: the layer today, the shape of its input, and for each era its class and the
arguments; what an era wrote with every layer is added by `spelled`.
"""

import numpy as np

RANDOM = {"class_name": "RandomUniform", "config": {"minval": -0.1, "maxval": 0.1}}
GLOROT = {
    "class_name": "VarianceScaling",
    "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "normal", "seed": None},
}
L2_1 = {"name": "L1L2Regularizer", "l1": 0.0, "l2": 0.5}
L2_2 = {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.5}}
POLICY = {"class_name": "Policy", "config": {"name": "float32"}}
OLD_DEPTHWISE = {
    "kernel_initializer": GLOROT,
    "kernel_regularizer": None,
    "kernel_constraint": None,
    "groups": 1,
}

ROWS = {
    "Dense": (
        lambda k: k.layers.Dense(3, "tanh", kernel_regularizer=k.regularizers.L2(0.5)),
        (4,),
        {
            "keras1": (
                "Dense",
                {"output_dim": 3, "init": "glorot_uniform", "activation": "tanh"}
                | {"W_regularizer": L2_1, "b_regularizer": None, "bias": True}
                | {"W_constraint": {"name": "MaxNorm", "m": 2, "axis": 0}}
                | {"b_constraint": None, "input_dim": 4},
            ),
            "keras2": (
                "Dense",
                {"units": 3, "activation": "tanh", "kernel_initializer": GLOROT}
                | {"kernel_regularizer": L2_2, "use_bias": True},
            ),
            "tf2": (
                "Dense",
                {"units": 3, "activation": "tanh", "dtype": POLICY}
                | {"kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.5}}}
                | {"bias_initializer": {"class_name": "Zeros", "config": {}}},
            ),
        },
    ),
    "Conv2D": (
        lambda k: k.layers.Conv2D(5, (3, 2), (2, 1), "same", activation="relu"),
        (8, 7, 3),
        {
            "keras1": (
                "Convolution2D",
                {"nb_filter": 5, "nb_row": 3, "nb_col": 2, "border_mode": "same"}
                | {"subsample": [2, 1], "dim_ordering": "tf", "activation": "relu"}
                | {"init": "he_normal", "bias": True, "W_regularizer": None},
            ),
            "keras2": (
                "Conv2D",
                {"filters": 5, "kernel_size": [3, 2], "strides": [2, 1]}
                | {"padding": "same", "data_format": "channels_last"}
                | {"dilation_rate": [1, 1], "activation": "relu"},
            ),
            "tf2": (
                "Conv2D",
                {"filters": 5, "kernel_size": [3, 2], "strides": [2, 1], "groups": 1}
                | {"padding": "same", "activation": "relu", "dtype": "float32"},
            ),
        },
    ),
    "Conv1D": (
        lambda k: k.layers.Conv1D(4, 3, strides=2),
        (9, 3),
        {
            "keras1": (
                "Convolution1D",
                {"nb_filter": 4, "filter_length": 3, "border_mode": "valid"}
                | {"subsample_length": 2, "input_dim": 3, "input_length": None},
            )
        },
    ),
    "DepthwiseConv2D": (
        lambda k: k.layers.DepthwiseConv2D(3),
        (6, 6, 2),
        {"tf2": ("DepthwiseConv2D", {"kernel_size": [3, 3], **OLD_DEPTHWISE})},
    ),
    "SeparableConv2D": (
        lambda k: k.layers.SeparableConv2D(4, 3),
        (6, 6, 2),
        {
            "keras1": (
                "SeparableConvolution2D",
                {"nb_filter": 4, "nb_row": 3, "nb_col": 3, "border_mode": "valid"}
                | {"subsample": [1, 1], "depth_multiplier": 1, "dim_ordering": "tf"},
            ),
            "tf2": (
                "SeparableConv2D",
                {"filters": 4, "kernel_size": [3, 3], **OLD_DEPTHWISE},
            ),
        },
    ),
    "MaxPooling2D": (
        lambda k: k.layers.MaxPooling2D((2, 3), (1, 2), "same"),
        (6, 7, 2),
        {
            "keras1": (
                "MaxPooling2D",
                {"pool_size": [2, 3], "strides": [1, 2], "border_mode": "same"}
                | {"dim_ordering": "tf"},
            )
        },
    ),
    "BatchNormalization": (
        lambda k: k.layers.BatchNormalization(momentum=0.9, epsilon=0.01),
        (5, 3),
        {
            "keras1": (
                "BatchNormalization",
                {"mode": 0, "momentum": 0.9, "epsilon": 0.01, "axis": -1}
                | {"gamma_regularizer": None, "beta_regularizer": None},
            ),
            "keras2": (
                "BatchNormalization",
                {"momentum": 0.9, "epsilon": 0.01, "axis": -1, "scale": True}
                | {"moving_variance_initializer": {"class_name": "Ones", "config": {}}},
            ),
            "tf2": (
                "BatchNormalization",
                {"momentum": 0.9, "epsilon": 0.01, "axis": [2], "fused": False}
                | {"renorm": False, "virtual_batch_size": None, "adjustment": None},
            ),
        },
    ),
    "LSTM": (
        lambda k: k.layers.LSTM(3, return_sequences=True),
        (5, 4),
        {
            "keras1": (
                "LSTM",
                {"output_dim": 3, "init": "glorot_uniform", "inner_init": "orthogonal"}
                | {"forget_bias_init": "one", "activation": "tanh", "dropout_W": 0.0}
                | {"inner_activation": "sigmoid", "dropout_U": 0.0, "input_dim": 4}
                | {"U_regularizer": None, "consume_less": "cpu", "input_length": 5}
                | {"return_sequences": True, "unroll": False, "stateful": False},
            ),
            "keras2": (
                "LSTM",
                {"units": 3, "activation": "tanh", "recurrent_activation": "sigmoid"}
                | {"return_sequences": True, "implementation": 1},
            ),
            "tf2": (
                "LSTM",
                {"units": 3, "return_sequences": True, "time_major": False}
                | {"implementation": 2, "recurrent_activation": "sigmoid"},
            ),
        },
    ),
    "GRU": (
        lambda k: k.layers.GRU(3, reset_after=False),
        (5, 4),
        {
            "keras1": (
                "GRU",
                {"output_dim": 3, "inner_activation": "sigmoid"}
                | {"consume_less": "mem", "input_dim": 4},
            ),
            "keras2": ("GRU", {"units": 3, "recurrent_activation": "sigmoid"}),
            "tf2": (
                "GRU",
                {"units": 3, "recurrent_activation": "sigmoid", "reset_after": False},
            ),
        },
    ),
    "SimpleRNN": (
        lambda k: k.layers.SimpleRNN(3),
        (5, 4),
        {
            "keras1": ("SimpleRNN", {"output_dim": 3, "inner_init": "orthogonal"}),
            "tf2": ("SimpleRNN", {"units": 3, "zero_output_for_mask": False}),
        },
    ),
    "PReLU": (
        lambda k: k.layers.PReLU(),
        (4,),
        {"keras1": ("PReLU", {"init": "zero"}), "keras2": ("PReLU", {})},
    ),
}
ROWS |= {
    name: (today, shape, {"keras1": first, "keras2": second, "tf2": second})
    for name, today, shape, first, second in [
        (
            *("Dropout", lambda k: k.layers.Dropout(0.3), (4,)),
            ("Dropout", {"p": 0.3}),
            ("Dropout", {"rate": 0.3, "noise_shape": None, "seed": None}),
        ),
        (
            *("GaussianNoise", lambda k: k.layers.GaussianNoise(0.3), (4,)),
            ("GaussianNoise", {"sigma": 0.3}),
            ("GaussianNoise", {"stddev": 0.3}),
        ),
        (
            *("LeakyReLU", lambda k: k.layers.LeakyReLU(0.2), (4,)),
            ("LeakyReLU", {"alpha": 0.2}),
            ("LeakyReLU", {"alpha": 0.2}),
        ),
        (
            *("ThresholdedReLU", lambda k: k.layers.ReLU(threshold=0.7), (4,)),
            ("ThresholdedReLU", {"theta": 0.7}),
            ("ThresholdedReLU", {"theta": 0.7}),
        ),
        (
            *("UpSampling1D", lambda k: k.layers.UpSampling1D(3), (4, 2)),
            ("UpSampling1D", {"length": 3}),
            ("UpSampling1D", {"size": 3}),
        ),
        (
            *("TimeDistributedDense", lambda k: k.layers.Dense(3), (4, 2)),
            ("TimeDistributedDense", {"output_dim": 3, "input_length": 4}),
            ("Dense", {"units": 3}),
        ),
    ]
}


def spelled(row, era, name="layer"):
    """Return class and config of a row, as the first layer of a model."""
    _, shape, eras = ROWS[row]
    kind, arguments = eras[era]
    config = {"name": name, "trainable": True, "batch_input_shape": [None, *shape]}
    if era == "keras1":
        config["input_dtype"] = "float32"
    return kind, {**config, "activity_regularizer": None, **arguments}


def stack(row, era):
    """Return the config of a Sequential model with one layer."""
    kind, config = spelled(row, era)
    layers = [{"class_name": kind, "config": config}]
    if era != "tf2":
        return {"class_name": "Sequential", "config": layers}
    first = {"batch_input_shape": config["batch_input_shape"], "dtype": "float32"}
    first |= {"sparse": False, "ragged": False, "name": "layer_input"}
    layers = [{"class_name": "InputLayer", "config": first}, *layers]
    return {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}


# --- weights -------------------------------------------------------------------------

FIRST_NAMES = {"kernel": "W", "bias": "b", "recurrent_kernel": "U", "alpha": "alphas"}
FIRST_NAMES |= {"moving_mean": "running_mean", "moving_variance": "running_std"}


def stored(layer, era, name="layer"):
    """Return a layer's weights with the names and shapes of an era.

    On TensorFlow, whose names ended in a number; Theano's had none.
    """
    named = {v.path.rsplit("/", 1)[-1]: v.numpy() for v in layer.weights}
    if era != "keras1":
        return {f"{name}/{key}:0": value for key, value in named.items()}
    gates = {"LSTM": ("ifco", "icfo"), "GRU": ("zrh", "zrh")}.get(type(layer).__name__)
    if gates is None:
        if type(layer).__name__ == "Conv1D":
            named["kernel"] = named["kernel"][:, None]
        return {f"{name}_{FIRST_NAMES.get(k, k)}:0": v for k, v in named.items()}
    today, order = gates
    parts = {k: np.split(v, len(today), axis=-1) for k, v in named.items()}
    return {
        f"{name}_{FIRST_NAMES[kind]}_{gate}:0": parts[kind][today.index(gate)]
        for gate in order
        for kind in ("kernel", "recurrent_kernel", "bias")
    }
