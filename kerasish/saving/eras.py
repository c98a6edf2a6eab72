"""What configs of Keras 1, Keras 2 and tf.keras say, in the words of Keras 3.

The tables, here and in `legacy.words`, tell what became of classes and arguments;
`modern` and `compile_arguments` read them. What is in no table and not known to the
class today is an error that names it, unless `HARMLESS` says with which values it never
changed a number.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from .. import ops, registry
from ..legacy.words import CLASSES, exchanged, harmless, join, merged, taken_by, today
from . import era_graphs

__all__ = ["compile_arguments", "inner", "is_old", "modern", "parts"]

# Classes that are gone, and what to do.
GONE = {
    "CuDNNGRU": "Its weights lie in another order than those of `GRU`.",
    "CuDNNLSTM": "Its weights lie in another order than those of `LSTM`.",
    "Deconvolution2D": "It was given the shape of its output: use `Conv2DTranspose`.",
    "Deconvolution3D": "It was given the shape of its output: use `Conv3DTranspose`.",
    "Highway": "Write it with two `Dense` layers.",
    "LocallyConnected1D": "Its weights are not shared between places.",
    "LocallyConnected2D": "Its weights are not shared between places.",
    "MaxoutDense": "Write it with `Dense`, `Reshape` and `ops.max`.",
    "ParametricSoftplus": "",
    "SReLU": "",
}
# Arguments that came later, with what the layer did before; by old class.
ADDED: dict[str, dict[str, Any]] = {
    "GRU": {"reset_after": False},
    "GRUCell": {"reset_after": False},
    "SyncBatchNormalization": {"synchronized": True},
}
# Objects of Keras 1, whose configs have `name` in place of `class_name`.
NAMED = {
    "ActivityRegularizer": "L1L2",
    "L1L2Regularizer": "L1L2",
    "WeightRegularizer": "L1L2",
    "MaxNorm": "MaxNorm",
    "NonNeg": "NonNeg",
    "UnitNorm": "UnitNorm",
}
# Losses and metrics that say in `fn` what they are.
WRAPPERS = ("LossFunctionWrapper", "MeanMetricWrapper")
# Versions of Keras that were not part of TensorFlow.
STANDALONE = re.compile(r"0\..*|1\..*|2\.[0-3]\.\d+")
COMPILE = {
    *("loss_weights", "run_eagerly", "steps_per_execution", "jit_compile"),
    "auto_scale_loss",
}
# What `compile` took once -> values which changed no number.
COMPILE_HARMLESS: dict[str, tuple[Any, ...]] = {
    "from_serialized": (True, False),
    "pss_evaluation_shards": (0, "auto"),
    "sample_weight_mode": (),
    "target_tensors": (),
}


@registry.register_keras_serializable("keras2")
def hard_sigmoid(x: Any) -> Any:
    """Return clip(x / 5 + 1 / 2, 0, 1), which Keras 1 and 2 called `hard_sigmoid`.

    Keras 3 gives that name to clip(x / 6 + 1 / 2, 0, 1), so models of before that are
    given this function.

    Example:
        >>> from kerasish.saving import eras
        >>> np.asarray(eras.hard_sigmoid(np.array([-3.0, 0.0, 3.0]))).tolist()
        [0.0, 0.5, 1.0]
    """
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


# --- models and layers ---------------------------------------------------------------


def is_old(config: Any, version: str | None = None) -> bool:
    """Say whether a config was written before Keras 3.

    Args:
        config: of a model.
        version: the version of Keras that wrote it, if the file says.
    """
    if version is None and isinstance(config, dict):
        version = config.get("keras_version")
    if isinstance(version, str) and version:
        return version.split(".")[0] in ("0", "1", "2")
    inner = config.get("config") if isinstance(config, dict) else config
    if isinstance(inner, list):
        return True
    layers = inner.get("layers") if isinstance(inner, dict) else None
    if not isinstance(layers, list):
        return isinstance(inner, dict) and "batch_input_shape" in inner
    return any(isinstance(layer, dict) and is_old(layer, "") for layer in layers)


def modern(config: Any, version: str | None = None) -> Any:
    """Spell the config of a model or layer as `deserialize_keras_object` expects it.

    Args:
        config: of any era, with or without modules.
        version: the version of Keras that wrote it, if the file says.

    Raises:
        ValueError: for what is not there today, with the layer's name.

    Example:
        >>> from kerasish.saving import eras
        >>> dense = {"name": "d", "output_dim": 3, "init": "uniform", "bias": True}
        >>> old = {"class_name": "Dense", "config": dense, "keras_version": "1.2.2"}
        >>> eras.modern(old)["config"]["units"]
        3
    """
    old = is_old(config, version)
    if isinstance(config, list):
        config = {"class_name": "Sequential", "config": config}
    try:
        return _layer(config, old)
    except (TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError(
            "The config is damaged: it could not be read as one of a model. "
            f"{type(error).__name__}: {error}"
        ) from error


def parts(config: dict[str, Any]) -> tuple[Any, Callable[[], dict[str, Any] | None]]:
    """Return a model's config and a function that returns how it was compiled."""
    old = is_old(config)
    config = dict(config) if isinstance(config, dict) else config
    compiled = config.pop("compile_config", None) if isinstance(config, dict) else None

    def training() -> dict[str, Any] | None:
        return compile_arguments(compiled) if old and compiled else compiled

    return (modern(config) if old else config), training


def inner(config: Any) -> Any:
    """Spell what the `from_config` of a model is handed, if it is of an earlier era."""
    whole = {"class_name": "Functional", "config": config}
    return modern(whole)["config"] if is_old(whole) else config


def _layer(entry: Any, old: bool) -> Any:
    """Spell the config of one layer, or of a model with all that is in it."""
    if not isinstance(entry, dict) or not isinstance(entry.get("class_name"), str):
        return entry
    name, inner = entry["class_name"], entry.get("config")
    made = {"module": "keras.layers", "registered_name": None, **entry}
    if ">" in name:
        made |= {"module": None, "registered_name": name}
        made["class_name"] = name.rsplit(">", 1)[1]
    elif name == "GroupedQueryAttention":  # the class's own name, in `.h5`
        made["class_name"] = "GroupQueryAttention"
    elif "module" not in entry and not old and isinstance(inner, dict):
        made |= _operation(name, inner)
    if old and isinstance(inner, list):
        inner = {"layers": inner}
        if isinstance(entry.get("name"), str):
            inner["name"] = entry["name"]
    if isinstance(inner, dict):
        if isinstance(inner.get("layers"), list) and name != "Merge":
            inner = _model(inner, old)
        elif name == "Lambda":
            inner = _lambda(inner)
        elif old and registry.get_registered_object(name) is None:
            made.pop("build_config", None)  # the first call builds it
            made["class_name"], inner = _arguments(name, inner)
    return {**made, "config": inner}


def _operation(name: str, inner: dict[str, Any]) -> dict[str, Any]:
    """Return the module of an op, of which `.h5` files tell the class alone.

    Some layers have the same names; their configs say more.
    """
    if name == "function" and {"call", "settings"} <= set(inner):
        return {"module": "kerasish.function"}
    of_layers = {"trainable", "dtype", "layers", "batch_shape"}
    if of_layers & set(inner) or registry.get_registered_object(name) is not None:
        return {}
    if name in ("ReLU", "Mish"):
        return {"module": "keras.src.activations.activations"}
    known = name.lower() in _OPS
    return {"module": "keras.src.ops.numpy"} if known else {}


# Ops by their classes in small letters; some classes have names of their own.
_OPS = {name.replace("_", "") for name in ops.__all__}
_OPS |= {"batchnorm", "layernorm", "rmsnorm"}


def _model(config: dict[str, Any], old: bool) -> dict[str, Any]:
    layers = config["layers"]
    if old and "output_layers" not in config:
        layers = _with_input(layers)
    if old:
        layers = [era_graphs.operation(layer) for layer in layers]
    config = {**config, "layers": [_layer(layer, old) for layer in layers]}
    return era_graphs.graph(config) if old and "output_layers" in config else config


def _with_input(layers: list[Any]) -> list[Any]:
    """Begin a stack with the input whose shape its first layer was given."""
    first = layers[0]["config"] if layers else None
    if not isinstance(first, dict) or layers[0]["class_name"] == "InputLayer":
        return layers
    if not (shape := first.get("batch_input_shape")):
        return layers
    whole = layers[0]["class_name"] == "Embedding"
    config = {
        "name": f"{first['name']}_input",
        "batch_shape": shape,
        "dtype": "int32" if whole else first.get("input_dtype"),
    }
    return [{"class_name": "InputLayer", "config": config}, *layers]


def _arguments(name: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return class and arguments of a layer of before Keras 3."""
    where = f"Layer `{config.get('name', '')}` of class {name}"
    if name in GONE:
        raise ValueError(
            f"{where} in the file is of a kind that is gone. {GONE[name]}".rstrip()
        )
    new = CLASSES.get(name, name)
    if name == "Merge":
        new, config = merged(where, config)
    cls = registry.namespace("layers").get(new)
    if not inspect.isclass(cls):
        return new, config  # and whoever looks for the class says that there is none
    taken, made = taken_by(cls), dict(ADDED.get(name, {}))
    config = dict(config)
    join(config, taken)
    if name != "InputLayer":
        config.pop("input_dtype", None)  # that of the layer's own numbers is another
    for key, value in config.items():
        found = today(key, taken)
        if found is not None:
            made[found] = _value(found, exchanged(key, value, where))
        elif not harmless(key, value):
            raise ValueError(
                f"{where} has `{key}`={value!r} in the file. Layers do not have that "
                "argument any more, and without it the model would compute something "
                "else. Make the model in code and use `load_weights`."
            )
    return new, made


def _lambda(config: dict[str, Any]) -> dict[str, Any]:
    """Files hold functions by name, or as byte code, which is never run."""
    function, name = config.get("function"), config.get("name")
    by_name = isinstance(function, str)
    coded = isinstance(function, list) or (
        isinstance(function, dict) and function.get("class_name") == "__lambda__"
    )
    if not by_name and not coded:
        return config
    if coded and (not name or registry.get_registered_object(name) is None):
        raise ValueError(
            f"Layer `{name}` is a Lambda, of which the file holds the function as byte "
            "code, which is never run. Pass the function itself in `custom_objects`, "
            f"under the layer's name: `custom_objects={{{name!r}: function}}`."
        )
    meant = function if by_name else name
    kept = ("name", "trainable", "dtype", "arguments")
    made = {key: config[key] for key in kept if key in config}
    if config.get("output_shape_type", "raw") == "raw":
        made["output_shape"] = config.get("output_shape")
    return {**made, "function": {"class_name": "function", "config": meant}}


# --- values --------------------------------------------------------------------------


def _value(key: str, value: Any) -> Any:
    """Spell the value of a layer's argument; the end of its name tells what it is."""
    if key == "axis" and isinstance(value, list) and len(value) == 1:
        return value[0]
    if key == "cells" and isinstance(value, list):
        return [_layer(cell, True) for cell in value]
    translate = KINDS.get(key.rsplit("_", 1)[-1])
    return translate(value) if translate and value is not None else value


def _policy(value: Any) -> Any:
    """A dtype or policy by its name."""
    if isinstance(value, dict):
        value = value["config"]["name"]
    return None if value in ("infer", "_infer") else value


def _activation(value: Any) -> Any:
    if value == "hard_sigmoid":
        return {"class_name": "function", "config": "keras2>hard_sigmoid"}
    return _layer(value, True)


def _object(module: str) -> Callable[[Any], Any]:
    """Return what spells an object of a module."""

    def spell(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if "class_name" not in value and value.get("name") in NAMED:
            inner = {k: v for k, v in value.items() if k != "name"}
            if "m" in inner:
                inner["max_value"] = inner.pop("m")
            return {
                "module": module,
                "class_name": NAMED[value["name"]],
                "config": inner,
            }
        inner = value.get("config", {})
        if module == "keras.initializers" and isinstance(inner, dict):
            inner = {k: v for k, v in inner.items() if k != "dtype"}
            if inner.get("distribution") == "normal":
                inner["distribution"] = "truncated_normal"
        return {"module": module, **value, "config": inner}

    return spell


KINDS: dict[str, Callable[[Any], Any]] = {
    "activation": _activation,
    "cell": lambda value: _layer(value, True),
    "constraint": _object("keras.constraints"),
    "dtype": _policy,
    "initializer": _object("keras.initializers"),
    "layer": lambda value: _layer(value, True),
    "regularizer": _object("keras.regularizers"),
}


# --- training ------------------------------------------------------------------------


def compile_arguments(
    config: Mapping[str, Any], version: str | None = None
) -> dict[str, Any]:
    """Spell the compile arguments of any era.

    Args:
        config: the arguments in the file.
        version: the version of Keras that wrote it, if the file says.

    Raises:
        ValueError: for arguments that `compile` does not take today.

    Example:
        >>> from kerasish.saving import eras
        >>> sgd = {"class_name": "SGD", "config": {"lr": 0.5, "decay": 0.0}}
        >>> old = {"optimizer_config": sgd, "loss": "mse", "sample_weight_mode": None}
        >>> sorted(eras.compile_arguments(old))
        ['loss', 'optimizer']
    """
    made: dict[str, Any] = {}
    for key, value in config.items():
        if key in ("optimizer", "optimizer_config"):
            made["optimizer"] = _optimizer(value)
            if STANDALONE.fullmatch(version or ""):
                _clip_all(made["optimizer"])
        elif value is None:
            continue
        elif key == "loss":
            made[key] = _judge(value, "keras.losses")
        elif key in ("metrics", "weighted_metrics"):
            made[key] = _judge(_unwrapped(value), "keras.metrics")
        elif key in COMPILE:
            made[key] = value
        elif value not in COMPILE_HARMLESS.get(key, ()):
            raise ValueError(
                f"`{key}`={value!r} is in the file, and `compile` does not take it."
            )
    return made


def _unwrapped(metrics: Any) -> Any:
    """tf.keras writes a list for each output; for one output that is the list."""
    one = isinstance(metrics, list) and len(metrics) == 1
    return metrics[0] if one and isinstance(metrics[0], list) else metrics


def _judge(value: Any, module: str) -> Any:
    """Spell losses and metrics, in any nest."""
    if isinstance(value, list):
        return [_judge(item, module) for item in value]
    if not isinstance(value, dict):
        return value
    if not isinstance(value.get("class_name"), str):
        return {key: _judge(item, module) for key, item in value.items()}
    inner = value.get("config")
    if isinstance(inner, dict):
        inner = dict(inner)
        if inner.get("reduction") == "auto":
            inner["reduction"] = "sum_over_batch_size"
        if "fn" in inner and value["class_name"] in WRAPPERS:
            inner["fn"] = {"class_name": "function", "config": inner["fn"]}
        else:
            inner.pop("fn", None)  # of other classes it is their own
    return _at_home({**value, "config": inner}, module)


def _at_home(value: dict[str, Any], module: str) -> dict[str, Any]:
    """Give a config of ours its module, and one of the user's its registered name."""
    name = value["class_name"]
    if ">" not in name:
        return {"registered_name": None, **value, "module": module}
    plain = name.rsplit(">", 1)[1]
    if name.startswith("Custom>") and registry.get_registered_object(name) is None:
        return {**value, "module": module, "class_name": plain, "registered_name": None}
    return {**value, "module": None, "class_name": plain, "registered_name": name}


def _optimizer(config: Any) -> Any:
    """Spell an optimizer; `lr` and `decay` are understood by the optimizers."""
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        return config
    config = _at_home(config, "keras.optimizers")
    inner = dict(config["config"])
    if config["class_name"].startswith("LossScaleOptimizer"):
        config["class_name"], inner = "LossScaleOptimizer", _loss_scale(inner)
    for key in ("lr", "learning_rate"):
        if isinstance(inner.get(key), dict):
            inner[key] = _at_home(inner[key], "keras.optimizers.schedules")
    if inner.get("epsilon", 0) is None:
        del inner["epsilon"]
    if config["class_name"] == "Nadam" and {"schedule_decay", "decay"} & inner.keys():
        raise ValueError(
            "The optimizer Nadam of before tf.keras 2.11 has another schedule of its "
            "momentum than that of today."
        )
    return {**config, "config": inner}


def _clip_all(optimizer: Any) -> None:
    """Standalone Keras took `clipnorm` for the norm of all gradients together."""
    inner = optimizer.get("config") if isinstance(optimizer, dict) else None
    if isinstance(inner, dict) and "clipnorm" in inner:
        inner["global_clipnorm"] = inner.pop("clipnorm")


def _loss_scale(config: dict[str, Any]) -> dict[str, Any]:
    """Spell the wrapper of tf.keras for 16 bits, of all its versions."""
    config = dict(config)
    if "optimizer" in config:  # until 2.3
        config["inner_optimizer"] = config.pop("optimizer")
        scale = config.pop("loss_scale", None) or {}
        scale = scale.get("config", {}) if isinstance(scale, dict) else {}
        config["initial_scale"] = scale.get("initial_loss_scale", 2.0**15)
        config["dynamic_growth_steps"] = scale.get("increment_period", 2000)
    config["inner_optimizer"] = _optimizer(config["inner_optimizer"])
    return {k: v for k, v in config.items() if v is not None}
