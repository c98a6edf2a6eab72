"""What older scripts write, each old name in one place, and what it is called today.

`MODULES` maps the module paths of Keras 1, Keras 2 and tf.keras to the namespaces that
hold their names now. `legacy.names` has the names that namespaces had once, and
`legacy.words` the arguments; model files of those ages are read with these, too.
Whatever is used of all this says once, by a `LegacyWarning`, what is preferred.
"""

import functools
import importlib
import importlib.machinery
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

from ..names import did_you_mean
from .names import GONE, NAMES

__all__ = ["MODULES", "LegacyWarning", "attributes", "prefer"]

# Old module -> the namespaces in which its names are looked for, in this order.
MODULES: dict[str, tuple[str, ...]] = {
    "backend.common": ("backend",),
    "callbacks.callbacks": ("callbacks",),
    "callbacks.tensorboard_v1": ("callbacks",),
    "engine": ("layers", "models", "utils"),
    "engine.base_layer": ("layers",),
    "engine.input_layer": ("layers",),
    "engine.network": ("models",),
    "engine.saving": ("models",),
    "engine.sequential": ("models",),
    "engine.topology": ("layers", "models", "utils"),
    "engine.training": ("models",),
    "initializations": ("initializers",),
    "layers.advanced_activations": ("layers",),
    "layers.containers": ("models",),
    "layers.convolutional": ("layers",),
    "layers.convolutional_recurrent": ("layers",),
    "layers.core": ("layers",),
    "layers.cudnn_recurrent": ("layers",),
    "layers.dense_attention": ("layers",),
    "layers.embeddings": ("layers",),
    "layers.experimental": ("layers",),
    "layers.experimental.preprocessing": ("layers",),
    "layers.local": ("layers",),
    "layers.merge": ("layers",),
    "layers.noise": ("layers",),
    "layers.normalization_v2": ("layers",),
    "layers.recurrent": ("layers",),
    "layers.wrappers": ("layers",),
    "legacy.interfaces": (),
    "legacy.models": ("layers", "models"),
    "legacy.saving": ("legacy.configs",),
    "objectives": ("losses",),
    "preprocessing.text": ("legacy.text",),
    "utils.conv_utils": ("utils",),
    "utils.data_utils": ("utils",),
    "utils.generic_utils": ("utils",),
    "utils.io_utils": ("utils",),
    "utils.layer_utils": ("utils",),
    "utils.legacy": ("legacy.configs",),
    "utils.losses_utils": ("losses",),
    "utils.multi_gpu_utils": ("utils",),
    "utils.np_utils": ("utils",),
    "utils.training_utils": ("utils",),
    "utils.vis_utils": ("utils",),
    "utils.visualize_util": ("utils",),
    "wrappers.scikit_learn": ("legacy.scikit_learn",),
}
# Public in Keras 3, too, or what they hold says itself what is preferred.
TODAY = {"legacy.saving", "preprocessing.text", "utils.legacy"}


class LegacyWarning(FutureWarning):
    """A name or an argument of an older Keras was used; the text says what to use.

    Example:
        >>> import warnings
        >>> warnings.simplefilter("ignore", keras.legacy.LegacyWarning)
    """


_told: set[str] = set()
_INSIDE = ("kerasish", "importlib")


def prefer(old: str, new: str) -> None:
    """Say once in a process that `old` is out of date, and what is preferred."""
    if old in _told:
        return
    _told.add(old)
    level, frame = 1, sys._getframe(0)
    while (place := frame.f_globals.get("__name__", "").split(".")[0]) in _INSIDE:
        level += place == "kerasish"  # frames of importlib are not counted
        if frame.f_back is None:
            break
        frame = frame.f_back
    text = f"From before Keras 3: {old}. It works; preferred is {new}."
    warnings.warn(text, LegacyWarning, stacklevel=level)


def _load(path: str) -> Any:
    """Return a module, or what stands in one, from its path below `kerasish`."""
    home, _, name = path.rpartition(".")
    return getattr(importlib.import_module(f"kerasish.{home}".rstrip(".")), name)


def old_name(space: str, name: str) -> Any:
    """Return what a namespace once called `name`.

    Raises:
        AttributeError: if it never did, or the thing is gone; with what to do.
    """
    full = f"{space}.{name}".lstrip(".")
    if "." in space and space in MODULES and name[0] != "_":  # a file of today, too
        for other in MODULES[space]:
            home = importlib.import_module(f"kerasish.{other}")
            if name in dir(home):
                return getattr(home, name)
    path = NAMES.get(space, {}).get(name)
    if path is not None:
        prefer(f"`{full}`", f"`{path.replace('legacy.layers.', 'layers.')}`")
        return _load(path)
    if full in MODULES:
        return importlib.import_module(f"kerasish.{full}")
    if full in GONE:
        raise AttributeError(f"`keras.{full}` is gone. {GONE[full]}")
    module = sys.modules.get(f"kerasish.{space}".rstrip("."))
    raise AttributeError(
        f"module 'kerasish.{space}' has no attribute {name!r}.".replace(".'", "'", 1)
        + did_you_mean(name, [n for n in dir(module) if n[0] != "_"])
    )


def attributes(module: str) -> Callable[[str], Any]:
    """Return the `__getattr__` (PEP 562) of a namespace that had other names once."""
    return functools.partial(old_name, module.partition(".")[2])


class OldModule(types.ModuleType):
    """A module path of an older Keras: its names are those of today's namespaces."""

    def __getattr__(self, name: str) -> Any:
        path = self.__name__.partition(".")[2]
        spaces = MODULES[path]
        if f"{path}.{name}" in MODULES:
            return importlib.import_module(f"{self.__name__}.{name}")
        for space in () if name.startswith("__") else spaces:
            try:
                found = getattr(importlib.import_module(f"kerasish.{space}"), name)
            except (AttributeError, ModuleNotFoundError):
                continue
            if path not in TODAY:
                prefer(f"`{path}`", f"`{space}`")
            return found
        return old_name(path, name)

    def __dir__(self) -> list[str]:
        spaces = MODULES[self.__name__.partition(".")[2]]
        modules = [importlib.import_module(f"kerasish.{space}") for space in spaces]
        return sorted({name for module in modules for name in dir(module)})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`layers.merge` is a module of Keras 2 and a function of Keras 1."""
        if self.__name__ != "kerasish.layers.merge":
            raise TypeError(f"The module `{self.__name__}` is no function.")
        return _load("legacy.layers.merge")(*args, **kwargs)


class Finder:
    """Finds `kerasish.layers.core` and its like, which no file holds."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Return a spec for the old modules, None for all others."""
        package, _, name = fullname.partition(".")
        if package != "kerasish" or name not in MODULES:
            return None
        loader: Any = self
        return importlib.machinery.ModuleSpec(fullname, loader, is_package=True)

    def create_module(self, spec: Any) -> types.ModuleType:
        """Make the module, which looks its names up when they are asked for."""
        return OldModule(spec.name, "Names of an older Keras: see `kerasish.legacy`.")

    def exec_module(self, module: types.ModuleType) -> None:
        """Do nothing: there is no code."""


def __getattr__(name: str) -> Any:  # PEP 562: the parts are loaded at first use
    path = f"{__name__}.{name}"
    if name[0] != "_" and importlib.machinery.PathFinder.find_spec(path, __path__):
        return importlib.import_module(path)
    return old_name("legacy", name)
