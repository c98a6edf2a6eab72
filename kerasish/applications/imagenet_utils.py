"""Preparing images for models, and reading their predictions."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .. import backend, config, ops
from ..graph import is_symbolic
from ..registry import did_you_mean
from .building import fetched
from .files import CLASSES

__all__ = ["decode_predictions", "preprocess_input"]

# Red, green, blue: means and deviations of the pixels of ImageNet, from 0 to 1.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BGR_MEAN = (103.939, 116.779, 123.68)
MODES = {
    "caffe": "red, green, blue become blue, green, red, minus ImageNet's mean of each",
    "tf": "x / 127.5 - 1, so from -1 to 1",
    "torch": "x / 255, minus ImageNet's mean of each channel, over its deviation",
    "identity": "nothing: these models begin with layers that do it",
}


def preprocess_input(
    x: Any, data_format: str | None = None, mode: str = "caffe"
) -> Any:
    """Turn pixels from 0 to 255 into what models were trained on.

    Args:
        x: images (..., rows, columns, 3), or with the channels before the rows: an
            array, a tensor, or symbolic. It is left as it is.
        data_format: `"channels_last"`, `"channels_first"`; default: the configured one.
        mode: `"caffe"` (blue, green, red, minus the mean of each), `"tf"` (from -1 to
            1) or `"torch"` (from 0 to 1, minus the mean, over the deviation).

    Returns:
        Floats of the same shape; of NumPy arrays a NumPy array.

    Raises:
        ValueError: for another mode or data format.

    Example:
        >>> pixel = np.array([[[0, 127.5, 255]]])
        >>> prepare = keras.applications.imagenet_utils.preprocess_input
        >>> prepare(pixel, mode="tf").tolist()
        [[[-1.0, 0.0, 1.0]]]
    """
    if mode not in ("caffe", "tf", "torch"):
        raise ValueError(
            f"`mode` must be 'caffe', 'tf' or 'torch', got {mode!r}."
            + did_you_mean(mode, MODES)
        )
    data_format = data_format or config.image_data_format()
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            "`data_format` must be 'channels_last' or 'channels_first', got "
            f"{data_format!r}."
        )
    x = _floats(x)
    if mode == "tf":
        return x / 127.5 - 1.0
    first = data_format == "channels_first"
    shape = (3, 1, 1) if first else (3,)

    def each(values: tuple[float, ...]) -> Any:
        return np.asarray(values, _dtype(x)).reshape(shape)

    if mode == "torch":
        return (x / 255.0 - each(MEAN)) / each(DEVIATION)
    x = x[..., ::-1, :, :] if first else x[..., ::-1]
    return x - each(BGR_MEAN)


def _floats(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        floating = np.issubdtype(x.dtype, np.floating)
        return x if floating else x.astype(config.floatx())
    x = x if is_symbolic(x) else ops.convert_to_tensor(x)
    return x if backend.is_float_dtype(_dtype(x)) else ops.cast(x, config.floatx())


def _dtype(x: Any) -> str:
    return x.dtype if is_symbolic(x) else backend.dtype_name(x)


def preprocessing(home: str, mode: str) -> Callable[..., Any]:
    """Return the function that a family is prepared with."""

    def preprocess_input(x: Any, data_format: str | None = None) -> Any:
        if mode == "identity":
            return x
        return globals()["preprocess_input"](x, data_format, mode)

    preprocess_input.__module__ = home
    preprocess_input.__qualname__ = "preprocess_input"
    preprocess_input.__doc__ = f"""Prepare images: {MODES[mode]}.

    Args:
        x: images of pixels from 0 to 255: an array, a tensor, or symbolic.
        data_format: default: the configured one.

    Returns:
        Images of the same shape.
    """
    return preprocess_input


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, float]]]:
    """Name the likeliest classes of ImageNet.

    The names come from `imagenet_class_index.json` in the folder `models` of the cache
    (`~/.kerasish`), which is fetched and verified if it is not there.

    Args:
        preds: probabilities of shape (images, 1000).
        top: how many classes of each image.

    Returns:
        For each image a list of (WordNet's number, name, probability).

    Raises:
        ValueError: for another shape.
        FileNotFoundError: if the file is neither there nor to be had.
    """
    preds = np.asarray(preds) if isinstance(preds, (list, tuple)) else preds
    shape = tuple(getattr(preds, "shape", ()))
    if len(shape) != 2 or shape[1] != 1000:
        raise ValueError(
            "`decode_predictions` needs probabilities of shape (images, 1000), got "
            f"shape {shape}. Only models with `classes=1000` tell ImageNet's apart."
        )
    values = backend.to_numpy(preds)
    names = _names()
    best = np.argsort(-values, axis=1, kind="stable")[:, :top]
    return [
        [(*names[str(k)], float(row[k])) for k in kept]
        for row, kept in zip(values, best)
    ]


def _names() -> dict[str, tuple[str, str]]:
    """Return the number and the name of each class by its index."""
    place, known = CLASSES
    name = place.split("/")[-1]
    own = config.home() / "models" / name
    path = own if own.is_file() else Path(fetched(name, place, known))
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict) or not all(str(k) in found for k in range(1000)):
        raise ValueError(
            f"{str(path)!r} is damaged: it should map '0' ... '999' to pairs of a "
            "number and a name."
        )
    return {key: tuple(pair) for key, pair in found.items()}
