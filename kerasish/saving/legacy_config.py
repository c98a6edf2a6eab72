"""Configs of models and of their training, as the layout of all eras spells them."""

from collections.abc import Callable
from typing import Any

import h5py

from ..registry import get_registered_object, namespace
from . import eras, hdf5

__all__ = ["model_config", "to_legacy", "training", "training_config"]

# Metrics whose meaning depends on the outputs.
BY_SHAPE = ("accuracy", "acc", "crossentropy", "ce")


def to_legacy(serialized: dict[str, Any]) -> dict[str, Any]:
    """Spell the config of a model or layer as this layout does: without modules."""
    inner = serialized["config"]
    model = serialized["class_name"] != "Pipeline"  # a layer, though it has layers
    if model and isinstance(inner, dict) and isinstance(inner.get("layers"), list):
        inner = {**inner, "layers": [to_legacy(layer) for layer in inner["layers"]]}
    name = serialized.get("registered_name") or serialized["class_name"]
    if name == "GroupQueryAttention":  # Keras takes the class's own name here
        name = "GroupedQueryAttention"
    kept = {k: v for k, v in serialized.items() if k in ("name", "inbound_nodes")}
    return {"class_name": name, "config": inner, **kept}


def training_config(compiled: dict[str, Any]) -> dict[str, Any]:
    """Turn compile arguments into the form in which this layout keeps them."""
    config = {key: _plain(value) for key, value in compiled.items()}
    config["loss"] = _long_names(config.get("loss"))
    config["optimizer_config"] = config.pop("optimizer")
    return config


def _plain(value: Any) -> Any:
    """Objects without their modules, functions by their names."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "function":
        return value["config"]
    if isinstance(value.get("class_name"), str) and "config" in value:
        return to_legacy(value)
    return {key: _plain(item) for key, item in value.items()}


def _long_names(loss: Any) -> Any:
    """Write "mse" as "mean_squared_error": Keras cannot load its own short names."""
    if isinstance(loss, (list, tuple)):
        return [_long_names(item) for item in loss]
    if isinstance(loss, dict) and "class_name" not in loss:
        return {key: _long_names(item) for key, item in loss.items()}
    if isinstance(loss, str):
        return getattr(namespace("losses").get(loss), "__name__", loss)
    return loss


def model_config(file: h5py.File) -> dict[str, Any]:
    """Return the model's config, as `deserialize_keras_object` expects it."""
    if (found := hdf5.text(file, "model_config")) is None:
        raise ValueError(
            "The file holds weights but no model. Make the model in code and use "
            "`load_weights`."
        )
    config = hdf5.document(found, "`model_config`")
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ValueError("The file is damaged: `model_config` describes no model.")
    return eras.modern(config, hdf5.text(file, "keras_version"))


def training(file: h5py.File) -> dict[str, Any] | None:
    """Return the compile arguments that a file keeps, None if it has none."""
    if (found := hdf5.text(file, "training_config")) is None:
        return None
    config = hdf5.document(found, "`training_config`")
    if not isinstance(config, dict):
        raise ValueError("The file is damaged: `training_config` is not a dict.")
    config = eras.compile_arguments(config, hdf5.text(file, "keras_version"))
    for key in ("loss", "metrics", "weighted_metrics"):
        if key in config:
            space = "losses" if key == "loss" else "metrics"
            try:
                config[key] = _known(config[key], namespace(space)["get"])
            except ValueError as error:
                raise ValueError(f"In `{key}`: {error}") from error
    return config


def _known(value: Any, get: Callable[[str], Any]) -> Any:
    """Find out now what strings mean, since the custom objects are at hand now."""
    if isinstance(value, list):
        return [_known(item, get) for item in value]
    if isinstance(value, dict) and "class_name" not in value:
        return {key: _known(item, get) for key, item in value.items()}
    if not isinstance(value, str) or value in BY_SHAPE:
        return value
    if get_registered_object(value) is not None:
        return {"class_name": "function", "config": value}
    get(value)  # which raises if there is none
    return value
