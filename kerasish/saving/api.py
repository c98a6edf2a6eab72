"""The four functions that save and load, whatever the format."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import h5py

from .. import documents
from ..registry import CustomObjectScope, described, deserialize_keras_object
from ..variable import setting, undrawn
from . import (
    archive,
    assets,
    eras,
    foresight,
    hdf5,
    legacy_config,
    legacy_h5,
    safetensors,
    shards,
    weights_h5,
)
from .atomic import replacing
from .report import LoadReport

__all__ = [
    "existing",
    "file_format",
    "load_model",
    "load_weights",
    "opened_arrays",
    "opened_model",
    "save_model",
    "save_weights",
]

# How many numbers a model may have beside those that its file holds: states that are
# not saved, metrics, and of each weight an optimizer's slots.
SPARE, SLOTS = 2**20, 8
HDF5_ENDINGS = (".h5", ".hdf5")
HDF5_MAGIC, ZIP_MAGIC = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
# What may come of a config in which something is wrong.
UNCLEAR = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
KINDS = {
    "hdf5": "an HDF5 file",
    "index": "an index of shards",
    "safetensors": "a safetensors file",
    "zip": "a `.keras` archive",
}


def save_model(
    model: Any,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    zipped: bool | None = None,
    **kwargs: Any,
) -> None:
    """Save architecture, weights, compile arguments and optimizer state in one file.

    The file is written beside the old one and takes its place when it is whole.

    Args:
        model: a built model.
        filepath: ending in `.keras` (zip archive) or `.h5`, `.hdf5`; real Keras 3 reads
            both.
        overwrite: if False and the file exists, a terminal is asked, else it is an
            error.
        zipped: None or True; archives that are folders are not written.
        include_optimizer: False leaves out how the model is trained.

    Raises:
        ValueError: for another ending; for parts of the model that could not be loaded
            again, such as a lambda for a loss.
        FileExistsError: if the file exists and may not be overwritten.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> keras.saving.save_model(model, "model.keras")
        >>> keras.saving.load_model("model.keras").output_shape
        (None, 1)
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    if kwargs:
        raise TypeError(
            f"`save_model` got unknown arguments {sorted(kwargs)}; it takes "
            "`overwrite`, `zipped` and `include_optimizer`."
        )
    path = os.fspath(filepath)
    if not path.endswith((".keras", *HDF5_ENDINGS)):
        raise ValueError(
            "`filepath` must end in `.keras` or `.h5` for a whole model (`.weights.h5` "
            f"with `save_weights` for the weights alone), got {path!r}."
        )
    if zipped is False:
        raise ValueError(
            "`zipped=False` is not offered: a model is saved as one file, so that "
            "there is always a whole one. Leave it out."
        )
    if not _may_write(path, overwrite):
        return
    _require_built(model)
    serialized = _serialize(model, include_optimizer)
    if not path.endswith(".keras"):
        assets.refuse(model)
    with replacing(path) as new:
        if path.endswith(".keras"):
            archive.save(new, model, serialized)
        else:
            with hdf5.created(new) as file:
                legacy_h5.save(file, model, serialized)


def _serialize(model: Any, include_optimizer: bool) -> dict[str, Any]:
    """Return the config; what could not be loaded again is refused now."""
    way_out = ""
    try:
        with foresight.named() as named:
            serialized = described(model)
            if include_optimizer and model.compiled:
                way_out = (
                    " Or save without how it is trained: `include_optimizer=False`."
                )
                serialized["compile_config"] = model.get_compile_config()
        foresight.check_constructors(model)
        foresight.check_names(named.values())
        documents.check(serialized)
    except (ValueError, NotImplementedError) as error:
        raise ValueError(
            f"Model `{model.name}` cannot be saved so that it could be loaded again. "
            f"{foresight.culprit(model)}{error}{way_out}"
        ) from error
    return serialized


def _require_built(model: Any) -> None:
    if not model.built:
        raise ValueError(
            f"Model `{model.name}` has no weights yet, so there is nothing to save. "
            "Call it on data, give it an `Input`, or call its `build(input_shape)`."
        )


def _may_write(path: str, overwrite: bool) -> bool:
    if overwrite or not os.path.exists(path):
        return True
    if not sys.stdin or not sys.stdin.isatty():
        raise FileExistsError(
            f"{path!r} exists. Pass `overwrite=True` to replace it, or another path."
        )
    return input(f"{path} exists. Overwrite it? [y/n] ").strip().lower() == "y"


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Load a model that kerasish or Keras 3 saved; the content tells the format.

    Args:
        filepath: an HDF5 file or a `.keras` archive.
        custom_objects: name -> class or function that the file may name.
        compile: whether to restore how it is trained, with the optimizer's state.
        safe_mode: for Keras's sake; code in a file is never run, also with False.

    Returns:
        The model. If only the training part could not be understood, it is not compiled
        and a warning says what it was.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, refused, or names something unknown.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.save("model.h5")
        >>> keras.saving.load_model("model.h5").count_params()
        3
    """
    scope = CustomObjectScope(custom_objects)
    with scope, opened_model(existing(filepath)) as whole, undrawn():
        numbers = hdf5.surveyed(whole.file).numbers
        with setting(allowance=numbers + SPARE):
            model = _make(whole.config)
        whole.layout.load_layers(whole.file, model)
        legacy_h5.load_state(whole.file, model)
        whole.assets(model)
        if compile:
            with setting(allowance=SLOTS * numbers + SPARE):
                _compile(model, whole)
    return model


def _nothing(model: Any) -> None:
    """What there is of layers' own files in a format without them."""


@dataclass
class Whole:
    """An open file with a whole model.

    Args:
        config: of the model, for `deserialize_keras_object`.
        training: returns the compile arguments, None if there are none.
        file: the arrays.
        layout: the module that knows how they lie there.
        made: what an archive says of its making.
        assets: hands the files of layers to those of a model.
    """

    config: dict[str, Any]
    training: Callable[[], dict[str, Any] | None]
    file: h5py.File
    layout: Any
    made: dict[str, str]
    assets: Callable[[Any], None] = _nothing


@contextmanager
def opened_model(path: str) -> Iterator[Whole]:
    """Open a file that holds a whole model."""
    if file_format(path) == "zip":
        with archive.opened(path) as opened:
            config, training = eras.parts(archive.config(opened))
            with archive.weights(opened) as file:
                made = archive.metadata(opened)
                files = partial(archive.load_assets, opened)
                yield Whole(config, training, file, weights_h5, made, files)
    else:
        with opened_arrays(path) as file:
            config = legacy_config.model_config(file)
            training = partial(legacy_config.training, file)
            yield Whole(config, training, file, legacy_h5, {})


def _make(config: dict[str, Any]) -> Any:
    try:
        model = deserialize_keras_object(config)
    except (TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError(
            "The file's config could not be turned into a model. "
            f"{type(error).__name__}: {str(error)[:500]}"
        ) from error
    if not hasattr(model, "layers"):
        raise ValueError(
            f"The file describes a {type(model).__name__} where a model belongs."
        )
    if not model.built:
        raise ValueError(
            f"The file does not say with which input shape model `{model.name}` was "
            "built. Save it again with a `get_build_config` or an `Input`, or make the "
            "model in code and use `load_weights`."
        )
    return model


def _compile(model: Any, whole: Whole) -> None:
    """Restore how the model is trained, or warn and leave it uncompiled."""
    part, training = "compile arguments", None
    try:
        if not (training := whole.training()):
            return
        model.compile_from_config(training)
        part = "optimizer state"
        whole.layout.load_optimizer(whole.file, model)
    except UNCLEAR as error:
        model._compiled = model.optimizer = None
        if part == "compile arguments" and isinstance(training, dict):
            part += _unclear(training)
        warnings.warn(
            f"The model was loaded, but it is not compiled: the file's {part} could "
            f"not be understood. Call `compile()` before training. {error!s:.2000}",
            stacklevel=3,
        )


def _unclear(training: dict[str, Any]) -> str:
    """Name the compile argument from which nothing could be made."""
    for key, value in training.items():
        try:
            deserialize_keras_object(value)
        except UNCLEAR:
            return f" (`{key}`)"
    return ""


def save_weights(
    model: Any,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    max_shard_size: float | None = None,
    **kwargs: Any,
) -> None:
    """Save the weights, and the optimizer's state where the format has it.

    Args:
        model: a built model.
        filepath: ending in `.weights.h5` (as Keras 3 writes them), in `.h5` or
            `.hdf5` (as all eras of Keras read them), in `.safetensors` (weights alone;
            needs the extra of that name), or in `.weights.json` for shards.
        overwrite: as in `save_model`.
        max_shard_size: most GiB of one file: the weights go to several, and an index.

    Raises:
        ValueError: for another ending, if the model has no weights yet, or if a single
            one is larger than a shard may be.
        ImportError: if the package `safetensors` is needed and not there.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> keras.saving.save_weights(model, "model.weights.h5")
        >>> len(keras.saving.load_weights(model, "model.weights.h5").loaded)
        2
    """
    path = os.fspath(filepath)
    if kwargs:
        raise TypeError(f"`save_weights` got unknown arguments {sorted(kwargs)}.")
    if max_shard_size is not None and path.endswith(".weights.h5"):
        path = path.removesuffix(".weights.h5") + shards.ENDING
        warnings.warn(f"With `max_shard_size` the index is {path!r}.", stacklevel=3)
    sharded = max_shard_size is not None
    endings = (shards.ENDING,) if sharded else (*HDF5_ENDINGS, safetensors.ENDING)
    if not path.endswith(endings):
        raise ValueError(
            "`filepath` must end in `.weights.h5` (or `.h5`, `.hdf5`, `.safetensors`), "
            f"and with `max_shard_size` in `.weights.json`, got {path!r}."
        )
    if not _may_write(path, overwrite):
        return
    _require_built(model)
    if max_shard_size is not None:
        return shards.save_weights(path, model, max_shard_size)
    if path.endswith(safetensors.ENDING):
        return safetensors.save_weights(path, model)
    layout = weights_h5 if path.endswith(".weights.h5") else legacy_h5
    with replacing(path) as new, hdf5.created(new) as file:
        layout.save_weights(file, model)


def load_weights(
    model: Any,
    filepath: str | os.PathLike[str],
    skip_mismatch: bool = False,
    **kwargs: Any,
) -> LoadReport:
    """Load weights from any file that holds some, whole models included.

    Layers and weights are matched by name first, then by order; what does not fit is
    an error that shows both sides, and then nothing is changed.

    Args:
        model: a built model.
        filepath: `.weights.h5`, `.h5`, `.hdf5` or `.keras`; the content tells.
        skip_mismatch: leave weights alone, with a warning, whose shapes differ.
        by_name: load only layers that have one name on both sides (not for files of the
            `.weights.h5` layout, where all names must be there).

    Returns:
        What was `loaded`, what is `missing` from the file, what there is `unexpected`,
        and what was `reshaped` (axes of length one, with a warning); printed, a table.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, refused, or does not fit.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.save_weights("w.weights.h5")
        >>> keras.saving.load_weights(model, "w.weights.h5")
        <LoadReport: 2 loaded, 0 missing, 0 unexpected, 0 reshaped>
    """
    by_name = kwargs.pop("by_name", False)
    if kwargs:
        raise TypeError(f"`load_weights` got unknown arguments {sorted(kwargs)}.")
    path = existing(filepath)
    _require_built(model)
    kind = file_format(path)
    if kind == "safetensors":
        return safetensors.load_weights(path, model, skip_mismatch, by_name)
    if kind == "index":
        _refuse_by_name(by_name, path)
        with shards.opened(path) as (file, *more):
            return weights_h5.load_weights(file, model, skip_mismatch, more)
    with opened_arrays(path) as file:
        if legacy_h5.fits(file):
            report = legacy_h5.load_layers(file, model, skip_mismatch, by_name)
            legacy_h5.load_state(file, model)
            return report
        _refuse_by_name(by_name, path)
        return weights_h5.load_weights(file, model, skip_mismatch)


def _refuse_by_name(by_name: bool, path: str) -> None:
    if by_name:
        raise ValueError(
            f"`by_name=True` needs a file that lists its layers; {path!r} has the "
            "layout of `.weights.h5`, whose names are always looked at."
        )


@contextmanager
def opened_arrays(path: str) -> Iterator[h5py.File]:
    """Open the arrays of a file, of a whole model or of weights alone."""
    kind = file_format(path)
    if kind == "zip":
        with archive.opened(path) as opened, archive.weights(opened) as file:
            yield file
    elif kind != "hdf5":
        raise ValueError(
            f"{path!r} holds weights but no model ({KINDS[kind]}). Make the model in "
            "code and use `load_weights`."
        )
    else:
        with hdf5.opened(path, path) as file:
            yield file


def existing(filepath: str | os.PathLike[str]) -> str:
    """Return the path of a file that is there."""
    path = os.fspath(filepath)
    if not os.path.exists(path):
        raise FileNotFoundError(f"There is no file {path!r}.")
    if os.path.isdir(path):
        raise ValueError(f"{path!r} is a folder; models are loaded from one file.")
    return path


def file_format(path: str) -> str:
    """Tell the format by content: one of `KINDS`."""
    with open(path, "rb") as file:
        start = file.read(9)
    if start.startswith(ZIP_MAGIC):
        return "zip"
    if start.startswith(HDF5_MAGIC) or h5py.is_hdf5(path):
        return "hdf5"
    header = int.from_bytes(start[:8], "little")  # its length, then JSON
    if start[8:] == b"{" and header <= os.path.getsize(path):
        return "safetensors"
    if start.lstrip().startswith(b"{"):
        return "index"
    raise ValueError(
        f"{path!r} is neither an HDF5 file nor a `.keras` archive, nor an index of "
        f"shards, nor a safetensors file; it begins with {start[:8]!r}."
    )
