"""Process-wide settings: float type, epsilon, image layout, backend, logging.

Settings come, first found first used, from a call in code, an environment variable
and the user's file `~/.kerasish/kerasish.json` (folder moved by `KERASISH_HOME`).
Nothing here imports an array library.
"""

import importlib
import json
import os
from pathlib import Path
from typing import Any

__all__ = [
    "backend",
    "compilation_cache",
    "disable_doctor",
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_doctor",
    "enable_flash_attention",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "enable_unsafe_deserialization",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_doctor_enabled",
    "is_flash_attention_enabled",
    "is_interactive_logging_enabled",
    "is_nnx_enabled",
    "is_traceback_filtering_enabled",
    "max_epochs",
    "max_steps_per_epoch",
    "set_backend",
    "set_compilation_cache",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_max_epochs",
    "set_max_steps_per_epoch",
]

FLOATX = ("bfloat16", "float16", "float32", "float64")
FORMATS = ("channels_last", "channels_first")
BACKENDS = ("jax", "numpy")


def home() -> Path:
    """Return the folder of the user's settings and caches; it need not exist."""
    return Path(os.environ.get("KERASISH_HOME", Path.home() / ".kerasish"))


def _choice(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"`{name}` must be one of {allowed}, not {value!r}.")
    return value


def _positive(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise ValueError(f"`{name}` must be a positive number, not {value!r}.")
    return float(value)


def _read_file() -> dict[str, Any]:
    """Read the user's settings file; each mistake in it is named."""
    path = home() / "kerasish.json"
    if not path.is_file():
        return {}
    keys = ("floatx", "epsilon", "image_data_format", "backend", "compilation_cache")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"The settings file {path} is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise ValueError(f"The settings file {path} must hold an object of {keys}.")
    unknown = [key for key in found if key not in keys]
    if unknown:
        raise ValueError(
            f"The settings file {path} has unknown keys {unknown}; known are {keys}."
        )
    try:
        if "floatx" in found:
            _choice("floatx", found["floatx"], FLOATX)
        if "epsilon" in found:
            _positive("epsilon", found["epsilon"])
        if "image_data_format" in found:
            _choice("image_data_format", found["image_data_format"], FORMATS)
        for key in ("backend", "compilation_cache"):
            if not isinstance(found.get(key, ""), str):
                raise ValueError(f"`{key}` must be a string, not {found[key]!r}.")
    except ValueError as error:
        raise ValueError(f"In the settings file {path}: {error}") from None
    return found


def _initial_backend(from_file: str | None) -> str:
    ours = os.environ.get("KERASISH_BACKEND")
    if ours:
        return ours
    keras = os.environ.get("KERAS_BACKEND")
    if keras in BACKENDS:
        return keras
    return from_file or "jax"


_file = _read_file()
_settings: dict[str, Any] = {
    "floatx": _file.get("floatx", "float32"),
    "epsilon": float(_file.get("epsilon", 1e-7)),
    "image_data_format": _file.get("image_data_format", "channels_last"),
    "backend": _initial_backend(_file.get("backend")),
    "compilation_cache": os.environ.get("KERASISH_COMPILATION_CACHE")
    or _file.get("compilation_cache"),
    "doctor": os.environ.get("KERASISH_DOCTOR", "1") != "0",
    "dtype_policy": None,
    "interactive_logging": True,
    "traceback_filtering": True,
    "flash_attention": False,
    "unsafe_deserialization": False,
    "max_epochs": None,
    "max_steps_per_epoch": None,
}
# Called with the new value when a setting changes; `backend/__init__` listens.
listeners: dict[str, Any] = {}


def _change(name: str, value: Any) -> None:
    if name in listeners:
        listeners[name](value)
    _settings[name] = value


def backend() -> str:
    """Return the name of the active backend, `"jax"` unless chosen otherwise.

    Example:
        >>> keras.config.backend() in ("jax", "numpy")
        True
    """
    return _settings["backend"]


def set_backend(backend: str) -> None:
    """Switch the backend of the process.

    Models and variables made before hold arrays of the old backend: make them anew.

    Args:
        backend: `"jax"`, `"numpy"`, the dotted name of an importable module that
            keeps the contract of `kerasish.backend`, or the name of an entry point of
            the group `kerasish.backends`.
    """
    _change("backend", backend)


def compilation_cache() -> str | None:
    """Return the folder that keeps compiled programs between processes, if any."""
    return _settings["compilation_cache"]


def set_compilation_cache(folder: str | os.PathLike[str] | None) -> None:
    """Keep compiled programs in a folder, so that the next process finds them.

    A script that ran before starts without compiling: see the guide to training. The
    environment variable `KERASISH_COMPILATION_CACHE` and the key `compilation_cache` of
    the settings file say the same.

    Args:
        folder: made if need be; only you should be able to write there, since what it
            holds is run. None: keep nothing.
    """
    _change("compilation_cache", None if folder is None else os.fspath(folder))


def floatx() -> str:
    """Return the default float type, `"float32"` unless set otherwise.

    Example:
        >>> keras.config.floatx()
        'float32'
    """
    return _settings["floatx"]


def set_floatx(value: str) -> None:
    """Set the default float type; `"float64"` switches 64-bit numbers on in JAX too.

    Args:
        value: `"bfloat16"`, `"float16"`, `"float32"` or `"float64"`.

    Raises:
        ValueError: for any other value.
    """
    _change("floatx", _choice("floatx", value, FLOATX))


def epsilon() -> float:
    """Return the small number that keeps divisions and logarithms finite, 1e-7.

    Example:
        >>> keras.config.epsilon()
        1e-07
    """
    return _settings["epsilon"]


def set_epsilon(value: float) -> None:
    """Set the number that `epsilon()` returns; it must be positive."""
    _settings["epsilon"] = _positive("epsilon", value)


def image_data_format() -> str:
    """Return the default image layout, `"channels_last"` or `"channels_first"`."""
    return _settings["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Set the layout that image layers use when none is given."""
    _settings["image_data_format"] = _choice("data_format", data_format, FORMATS)


class DTypePolicy:
    """Which dtype a layer computes in and which its weights are stored in.

    Args:
        name: a dtype such as `"float32"` (both are that), `"mixed_float16"` or
            `"mixed_bfloat16"` (compute in 16 bits, keep weights in float32); default:
            that of the policy that layers have.

    Example:
        >>> policy = keras.DTypePolicy("mixed_bfloat16")
        >>> policy.compute_dtype, policy.variable_dtype
        ('bfloat16', 'float32')
    """

    name: str
    quantization_mode: str | None = None

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = dtype_policy().name
        if not isinstance(name, str) or not name:
            raise TypeError(f"`name` of a dtype policy must be a string, not {name!r}.")
        self.name = name
        if name in ("mixed_float16", "mixed_bfloat16"):
            self.compute_dtype, self.variable_dtype = name[6:], "float32"
        elif name in KNOWN_DTYPES:
            self.compute_dtype = self.variable_dtype = name
        else:
            raise ValueError(
                f"Cannot read {name!r} as a dtype policy: it should be a dtype such as "
                '"float32", or "mixed_float16" or "mixed_bfloat16".'
            )

    def convert_input(self, x: Any, autocast: bool, dtype: str) -> Any:
        """Return an input of a layer as an array; floats as `dtype`, if `autocast`."""
        return _policies().converted(x, autocast, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "DTypePolicy":
        """Make the policy that `get_config` described."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<{type(self).__name__} "{self.name}">'


KNOWN_DTYPES = (
    *("float16", "bfloat16", "float32", "float64", "bool", "string"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float8_e4m3fn", "float8_e5m2", "complex64", "complex128"),
)


def _policies() -> Any:
    """The module of all policies, which needs more than settings."""
    return importlib.import_module("kerasish.dtype_policies")


def dtype_policy() -> DTypePolicy:
    """Return the policy of layers that are given no dtype: `floatx()` unless set."""
    return _settings["dtype_policy"] or DTypePolicy(floatx())


def set_dtype_policy(policy: "DTypePolicy | str | None") -> None:
    """Set the policy of layers made from now on.

    Args:
        policy: a `DTypePolicy` or its name, for instance `"mixed_bfloat16"`; None: the
            default again.
    """
    if policy is None:
        _settings["dtype_policy"] = None
        return
    if isinstance(policy, str):
        policy = _policies().get(policy)
    if not isinstance(policy, DTypePolicy):
        raise ValueError(
            f"`policy` must be a DTypePolicy or the name of one, not {policy!r}."
        )
    _settings["dtype_policy"] = policy


def is_interactive_logging_enabled() -> bool:
    """Say whether progress is shown on standard output (else through `logging`)."""
    return _settings["interactive_logging"]


def enable_interactive_logging() -> None:
    """Show progress on standard output: the default."""
    _settings["interactive_logging"] = True


def disable_interactive_logging() -> None:
    """Send progress to Python's `logging` and print nothing."""
    _settings["interactive_logging"] = False


def is_traceback_filtering_enabled() -> bool:
    """Say whether tracebacks leave out the library's own frames."""
    return _settings["traceback_filtering"]


def enable_traceback_filtering() -> None:
    """Leave the library's own frames out of tracebacks: the default."""
    _settings["traceback_filtering"] = True


def disable_traceback_filtering() -> None:
    """Keep the library's own frames in tracebacks, for those who work on it."""
    _settings["traceback_filtering"] = False


def is_doctor_enabled() -> bool:
    """Say whether `fit` warns of what keeps a model from learning."""
    return _settings["doctor"]


def enable_doctor() -> None:
    """Let `fit` warn of what keeps a model from learning: the default."""
    _settings["doctor"] = True


def disable_doctor() -> None:
    """Let `fit` warn of nothing; the variable `KERASISH_DOCTOR=0` does the same.

    `model.diagnose` works all the same.
    """
    _settings["doctor"] = False


def is_flash_attention_enabled() -> bool:
    """Say whether attention may use a fused kernel where the device has one."""
    return _settings["flash_attention"]


def enable_flash_attention() -> None:
    """Let attention use a fused kernel where the device has one."""
    _settings["flash_attention"] = True


def disable_flash_attention() -> None:
    """Keep attention on the plain formula."""
    _settings["flash_attention"] = False


def is_nnx_enabled() -> bool:
    """Say whether Flax NNX holds the variables: never, they are kerasish's own."""
    return False


def enable_unsafe_deserialization() -> None:
    """Make `safe_mode=False` the default of loading.

    Even then a file can only name what the process already holds; no code is run.
    """
    _settings["unsafe_deserialization"] = True


def is_unsafe_deserialization_enabled() -> bool:
    """Say whether `enable_unsafe_deserialization` was called."""
    return _settings["unsafe_deserialization"]


def max_epochs() -> int | None:
    """Return the upper limit of every `fit`'s epochs, None if there is none."""
    return _settings["max_epochs"]


def set_max_epochs(max_epochs: int | None) -> None:
    """Limit the epochs of every `fit` in the process, for smoke tests."""
    _settings["max_epochs"] = max_epochs


def max_steps_per_epoch() -> int | None:
    """Return the upper limit of the steps of an epoch, None if there is none."""
    return _settings["max_steps_per_epoch"]


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limit the steps of every epoch (and of evaluate and predict)."""
    _settings["max_steps_per_epoch"] = max_steps_per_epoch
