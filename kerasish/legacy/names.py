"""Names that namespaces had in Keras 1, Keras 2 and tf.keras."""

__all__ = ["GONE", "NAMES"]

_LOSSES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "kld": "kl_divergence",
}
_LOSSES |= {old.upper(): new for old, new in _LOSSES.items()}
# Namespace -> old name -> the path below `kerasish` of what it is now.
NAMES: dict[str, dict[str, str]] = {
    "constraints": {
        "maxnorm": "constraints.MaxNorm",
        "nonneg": "constraints.NonNeg",
        "unitnorm": "constraints.UnitNorm",
    },
    "initializers": {
        "normal": "initializers.RandomNormal",
        "one": "initializers.Ones",
        "uniform": "initializers.RandomUniform",
        "zero": "initializers.Zeros",
    },
    "regularizers": {
        "ActivityRegularizer": "regularizers.L1L2",
        "WeightRegularizer": "regularizers.L1L2",
        "activity_l1": "regularizers.L1",
        "activity_l1l2": "regularizers.L1L2",
        "activity_l2": "regularizers.L2",
        "l1l2": "regularizers.L1L2",
    },
    "layers": {
        "AtrousConvolution1D": "legacy.layers.AtrousConvolution1D",
        "AtrousConvolution2D": "legacy.layers.AtrousConvolution2D",
        "CuDNNGRU": "legacy.layers.CuDNNGRU",
        "CuDNNLSTM": "legacy.layers.CuDNNLSTM",
        "Deconvolution2D": "legacy.layers.Deconvolution2D",
        "Deconvolution3D": "legacy.layers.Deconvolution3D",
        "Highway": "legacy.layers.Highway",
        "MaxoutDense": "legacy.layers.MaxoutDense",
        "Merge": "legacy.layers.Merge",
        "Recurrent": "layers.RNN",
        "SyncBatchNormalization": "legacy.layers.SyncBatchNormalization",
        "ThresholdedReLU": "legacy.layers.ThresholdedReLU",
        "TimeDistributedDense": "legacy.layers.TimeDistributedDense",
    },
    "losses": {
        **{old: f"losses.{new}" for old, new in _LOSSES.items()},
        "cosine_proximity": "losses.cosine_similarity",
        "kullback_leibler_divergence": "losses.kl_divergence",
        "logcosh": "losses.log_cosh",
    },
    "metrics": {
        **{old: f"metrics.{new}" for old, new in _LOSSES.items()},
        "kullback_leibler_divergence": "metrics.kl_divergence",
    },
    "models": {"model_from_config": "legacy.models.model_from_config"},
    "utils": {
        "categorical_probas_to_classes": "legacy.utils.categorical_probas_to_classes",
        "count_params": "backend.count_params",
        "plot": "utils.plot_model",
        "print_msg": "legacy.utils.print_msg",
        "print_summary": "legacy.utils.print_summary",
        "probas_to_classes": "legacy.utils.probas_to_classes",
    },
}
# What is gone -> what to do.
GONE = {
    "layers.DenseFeatures": "Use `utils.FeatureSpace`.",
    "layers.LocallyConnected1D": "Its weights are not shared between places: use "
    "`Conv1D`, or write a layer with `ops.einsum` on windows.",
    "layers.LocallyConnected2D": "Its weights are not shared between places: use "
    "`Conv2D`, or write a layer with `ops.einsum` on `ops.image.extract_patches`.",
    "layers.ParametricSoftplus": "Write a layer with two weights and `ops.softplus`.",
    "layers.SReLU": "Use `PReLU`, or `ReLU` with its `max_value` and `threshold`.",
    "models.Graph": "Use the functional `Model(inputs, outputs)`.",
    "models.model_from_yaml": "YAML can run code: use `model_from_json`.",
    "utils.HDF5Matrix": "Read the file with `h5py`, whose data sets `fit` takes.",
    "utils.multi_gpu_model": "Nothing need be wrapped: "
    "`distribution.set_distribution(distribution.DataParallel())` before the model.",
}
