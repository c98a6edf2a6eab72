"""`import keras` and `from tensorflow import keras` for scripts that are not ours."""

import importlib
import importlib.machinery
import sys
import types
from typing import Any

__all__ = ["install_as_keras", "uninstall_as_keras"]

# What imports begin with -> the package that answers.
ROOTS = {"keras": "kerasish", "tensorflow.keras": "kerasish"}


class Finder:
    """Answers imports of `keras.x` and `tensorflow.keras.x` with `kerasish.x`."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Return a spec for what begins with one of `ROOTS`."""
        ours = _ours(fullname)
        if ours is None or (ours != "kerasish" and not _there(ours)):
            return None
        loader: Any = self
        return importlib.machinery.ModuleSpec(fullname, loader, is_package=True)

    def create_module(self, spec: Any) -> None:
        """Let the import system make a module, which is not used."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Put the real module in the place of the one made for the import."""
        name = module.__spec__.name  # type: ignore[union-attr]
        sys.modules[name] = importlib.import_module(_ours(name) or "kerasish")


class TensorFlow(types.ModuleType):
    """Stands for TensorFlow as far as `keras` goes."""

    def __getattr__(self, name: str) -> Any:
        if name == "keras":
            return sys.modules["kerasish"]
        raise AttributeError(
            f"module 'tensorflow' has no attribute {name!r}: it stands for TensorFlow, "
            "which is not there, and has nothing but `keras` "
            "(`kerasish.install_as_keras` put it there). Use `keras.ops`."
        )


_finder = Finder()


def install_as_keras() -> None:
    """Let `import keras` and `from tensorflow import keras` give kerasish.

    For scripts that cannot be changed: call it before they import anything. All module
    paths work, such as `keras.layers.core` or `tensorflow.keras.backend`. It is not
    TensorFlow: `import tensorflow as tf` gives a module with nothing but `tf.keras`.
    An installed Keras or TensorFlow is hidden, for this process only, until
    `uninstall_as_keras` is called.

    Raises:
        RuntimeError: if Keras or TensorFlow was imported already.

    Example:
        ``import kerasish; kerasish.install_as_keras()``, then ``from tensorflow.keras
        .layers import Dense``.
    """
    if _finder in sys.meta_path:
        return
    there = [name for name in ("keras", "tensorflow") if name in sys.modules]
    if there:
        raise RuntimeError(
            f"`install_as_keras` comes too late: {' and '.join(there)} was imported "
            "already, and what was imported from there stays. Call it first, in a "
            "fresh process."
        )
    sys.meta_path.insert(0, _finder)
    stand_in = TensorFlow("tensorflow", "Stands for TensorFlow: only `keras` is here.")
    stand_in.__path__ = []
    stand_in.__spec__ = importlib.machinery.ModuleSpec("tensorflow", None)
    sys.modules["tensorflow"] = stand_in


def uninstall_as_keras() -> None:
    """Undo `install_as_keras`: from now on imports find what is installed."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
        for name in [n for n in sys.modules if n == "tensorflow" or _ours(n)]:
            del sys.modules[name]


def _ours(name: str) -> str | None:
    """The module of ours that answers for a name, None if none does."""
    for root, package in ROOTS.items():
        if name == root or name.startswith(root + "."):
            return package + name.removeprefix(root)
    return None


def _there(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return False
    return True
