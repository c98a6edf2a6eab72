"""Names and objects: looking up by name, serializing to configs and back.

The public namespaces (`layers`, `losses`, ...) enter their objects in one closed table.
Loading finds classes and functions there, among registered objects and in
`custom_objects`, and nowhere else: no module is ever imported because a file names it.
"""

import importlib
import inspect
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import numpy as np

from . import documents
from .names import did_you_mean as did_you_mean
from .names import get_uid as get_uid
from .names import reset_names as reset_names
from .names import to_snake_case as to_snake_case
from .names import unique_name as unique_name

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "register_keras_serializable",
    "serialize_keras_object",
]

# The namespaces whose names a config may mention, and what Keras calls their module.
NAMESPACES = {
    **{
        name: f"keras.{name}"
        for name in "activations constraints distillation initializers layers losses "
        "metrics ops optimizers optimizers.schedules random regularizers".split()
    },
    "applications.convnext": "keras.src.applications.convnext",
    "applications.inception_resnet_v2": "keras.src.applications.inception_resnet_v2",
    "models": "keras",
}
_tables: dict[str, dict[str, Any]] = {}
_home: dict[int, tuple[str, str]] = {}  # id(object) -> (namespace, public name)
_registered: dict[str, Any] = {}
_registered_names: dict[int, str] = {}
_local = threading.local()


def add_namespace(name: str, objects: Mapping[str, Any]) -> None:
    """Enter the public names of a namespace in the table; each does it once."""
    _tables[name] = dict(objects)
    for public, thing in objects.items():
        if id(thing) not in _home or getattr(thing, "__name__", "") == public:
            _home[id(thing)] = (name, public)


def namespace(name: str) -> dict[str, Any]:
    """Return the table of one of our own namespaces, loading it if need be."""
    if name not in _tables:
        if name not in NAMESPACES:
            raise ValueError(f"There is no namespace {name!r}.")
        importlib.import_module(f"kerasish.{name}")
    return _tables[name]


# --- registered and custom objects ---------------------------------------------------


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[Any], Any]:
    """Decorate a class or function so that files may name it.

    Args:
        package: prefix that keeps names of different projects apart.
        name: default: the object's own.

    Example:
        >>> @keras.saving.register_keras_serializable("shop")
        ... def double(x):
        ...     return 2 * x
        >>> keras.saving.get_registered_name(double)
        'shop>double'
    """

    def register(thing: Any) -> Any:
        full = f"{package}>{name or thing.__name__}"
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise ValueError(
                f"Cannot register class {thing.__name__}: it needs a `get_config` "
                "method to be serializable."
            )
        _registered[full] = thing
        _registered_names[id(thing)] = full
        return thing

    return register


def get_custom_objects() -> dict[str, Any]:
    """Return the process-wide dict of custom objects; put names in to have them found.

    Example:
        >>> "no_such_object" in keras.saving.get_custom_objects()
        False
    """
    return _registered


def get_registered_name(obj: Any) -> str:
    """Return the name an object is registered by, else its own."""
    getattr(_local, "names", {})[id(obj)] = obj  # which saving looks at
    return _registered_names.get(id(obj), getattr(obj, "__name__", ""))


def get_registered_object(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """Return what is registered under `name`, or None.

    Args:
        name: `"package>name"`, or a plain name of `custom_objects`.
        custom_objects: more names.
        module_objects: names to look at last.
    """
    for table in (*_scopes(), custom_objects, _registered, module_objects):
        if table and name in table:
            return table[name]
    return None


def _scopes() -> list[Mapping[str, Any]]:
    return list(reversed(getattr(_local, "scopes", [])))


class CustomObjectScope:
    """Context in which configs may name more objects.

    Args:
        custom_objects: name -> class or function.

    Example:
        >>> with keras.saving.custom_object_scope({"twice": lambda x: 2 * x}):
        ...     keras.activations.get("twice")(3)
        6
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        self.custom_objects = custom_objects or {}

    def __enter__(self) -> "CustomObjectScope":
        if not hasattr(_local, "scopes"):
            _local.scopes = []
        _local.scopes.append(self.custom_objects)
        return self

    def __exit__(self, *exception: Any) -> None:
        _local.scopes.pop()


custom_object_scope = CustomObjectScope


# --- objects to configs --------------------------------------------------------------


def serialize_keras_object(obj: Any) -> Any:
    """Turn an object into a config of plain, JSON-ready values.

    Args:
        obj: a layer, loss, function ... of ours or the user's, an array, or any nest
            of lists, tuples and dicts of such.

    Returns:
        A dict with `module`, `class_name`, `config` and `registered_name`; plain values
        as they are.

    Raises:
        ValueError: for a lambda or an object without `get_config`.

    Example:
        >>> config = keras.saving.serialize_keras_object(keras.initializers.Zeros())
        >>> config["class_name"], config["config"]
        ('Zeros', {})
    """
    if obj is None or isinstance(obj, (bool, int, float, str)):
        return obj
    if isinstance(obj, (list, tuple)):
        return type(obj)([serialize_keras_object(x) for x in obj])
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, np.generic):
        return obj.item()
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, slice):
        parts = {key: getattr(obj, key) for key in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": serialize_keras_object(parts)}
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode()}}
    if inspect.isroutine(obj) or isinstance(obj, FunctionType):
        return _serialize_function(obj)
    if inspect.isclass(obj):
        raise ValueError(
            f"Cannot serialize the class {obj.__name__} itself; pass an instance."
        )
    if hasattr(obj, "get_config"):
        return _serialize_instance(obj)
    if hasattr(obj, "__array__"):
        array = np.asarray(obj)
        value = {"value": array.tolist(), "dtype": array.dtype.name}
        return {"class_name": "__numpy__", "config": value}
    raise ValueError(
        f"Cannot serialize {obj!r} of type {type(obj).__name__}: it has no "
        "`get_config` method. Two ways out: give its class `get_config` and decorate "
        "it with `@kerasish.saving.register_keras_serializable()`, or pass plain "
        "numbers, strings, lists and dicts to the constructor."
    )


def _serialize_function(fn: Any) -> dict[str, Any]:
    if fn.__name__ == "<lambda>":
        raise ValueError(
            "Cannot serialize a lambda: it could not be loaded again. Use a named "
            "function, decorated with `@kerasish.saving.register_keras_serializable()`."
        )
    return {
        "module": "builtins",
        "class_name": "function",
        "config": get_registered_name(fn),
        "registered_name": "function",
    }


def _serialize_instance(obj: Any) -> dict[str, Any]:
    config = described(obj)
    if getattr(obj, "compiled", False) and hasattr(obj, "get_compile_config"):
        config["compile_config"] = serialize_keras_object(obj.get_compile_config())
    return config


def described(obj: Any) -> dict[str, Any]:
    """Serialize an object without how it is compiled."""
    cls = type(obj)
    module, name = module_and_name(cls)
    config = {
        "module": module,
        "class_name": name,
        "config": serialize_keras_object(obj.get_config()),
        "registered_name": None if is_ours(cls) else get_registered_name(cls),
    }
    build = obj.get_build_config() if hasattr(obj, "get_build_config") else None
    if build is not None:
        config["build_config"] = serialize_keras_object(build)
    return config


def is_ours(thing: Any) -> bool:
    """Say whether a class or function belongs to a public namespace of ours."""
    return id(thing) in _home


def module_and_name(cls: Any) -> tuple[str | None, str]:
    """Return the module and name under which a config mentions a class."""
    if id(cls) in _home:
        space, name = _home[id(cls)]
        return NAMESPACES.get(space, f"keras.{space}".strip(".")), name
    return None, cls.__name__


# --- configs to objects --------------------------------------------------------------


def deserialize_keras_object(
    config: Any,
    custom_objects: Mapping[str, Any] | None = None,
    safe_mode: bool | None = True,
    **kwargs: Any,
) -> Any:
    """Make the object that `serialize_keras_object` described.

    Args:
        config: the dict; or any nest of dicts, plain values.
        custom_objects: name -> class or function that the config may mention.
        safe_mode: kept for Keras's signature; loading never runs code from a config.

    Raises:
        ValueError: if the config names something that is not known.

    Example:
        >>> config = keras.saving.serialize_keras_object(keras.initializers.Ones())
        >>> keras.saving.deserialize_keras_object(config)
        <Ones>
    """
    with CustomObjectScope(custom_objects), looked_at(config):
        return _deserialize(config)


@contextmanager
def looked_at(config: Any) -> Iterator[None]:
    """Check a config before anything is made of it, and give one kind of error.

    Configs are taken apart from the outside inwards: only the whole is looked at.
    """
    if getattr(_local, "looked_at", False):
        yield
        return
    documents.check(config)
    _local.looked_at = True
    try:
        yield
    except (ValueError, Warning):
        raise
    except Exception as error:
        raise (TypeError if isinstance(error, TypeError) else ValueError)(
            "The config could not be turned into an object. "
            f"{type(error).__name__}: {documents.shortened(str(error), 500)}"
        ) from error
    finally:
        _local.looked_at = False


def _deserialize(config: Any) -> Any:
    if isinstance(config, (list, tuple)):
        return type(config)([_deserialize(x) for x in config])
    if not isinstance(config, dict):
        return config
    if not isinstance(config.get("class_name"), str) or "config" not in config:
        return {key: _deserialize(x) for key, x in config.items()}
    name, inner = config["class_name"], config["config"]
    if name in _PLAIN:
        return _plain(name, inner)
    if name == "function" and isinstance(inner, str):
        return _find_function(inner)
    if name in ("function", "__lambda__"):
        raise ValueError(
            "The config holds a lambda as byte code, which is never run. Pass the "
            "function in `custom_objects`."
        )
    module, registered = config.get("module"), config.get("registered_name")
    if not all(isinstance(x, str | None) for x in (module, registered)):
        raise ValueError(
            f"The config of {name[:99]!r} is damaged: `module` and `registered_name` "
            "are names or None."
        )
    return _instance(find_class(name, module, registered), config)


def _instance(cls: Any, config: dict[str, Any]) -> Any:
    if not hasattr(cls, "from_config"):
        raise ValueError(f"Cannot make a {cls!r} from a config: no `from_config`.")
    made = cls.from_config(config["config"])
    build = config.get("build_config")
    if build and hasattr(made, "build_from_config") and not getattr(made, "built", 0):
        made.build_from_config(build)
    compiled = config.get("compile_config")
    if compiled and hasattr(made, "compile_from_config"):
        made.compile_from_config(compiled)
    return made


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "__numpy__": documents.array,
    "__tensor__": documents.array,
    "__bytes__": lambda c: c["value"].encode(),
    "__slice__": lambda c: slice(c["start"], c["stop"], c["step"]),
    "__ellipsis__": lambda c: Ellipsis,
    "__tuple__": lambda c: tuple(_deserialize(c["value"])),
}


def _plain(name: str, config: Any) -> Any:
    try:
        return _PLAIN[name](config)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"The config of a `{name}` is damaged: {documents.shortened(config)}."
        ) from error


def find_class(name: str, module: str | None, registered: str | None = None) -> Any:
    """Return the class that a config means, from the closed table only."""
    for key in (registered, name):
        found = get_registered_object(key) if key else None
        if found is not None:
            return found
    parts = (module or "").split(".")
    named = [s for s in NAMESPACES if s.split(".")[-1] in parts]
    own = registered and ">" in registered  # the user's, so none of our namespaces
    for space in () if own else itertools.chain(named, NAMESPACES, _tables):
        found = (namespace(space) if space in NAMESPACES else _tables[space]).get(name)
        if inspect.isclass(found):
            return found
    raise ValueError(
        f"Unknown class {name[:99]!r} (module {documents.shortened(module)})."
        + did_you_mean(name, (*_registered, *(n for t in _tables.values() for n in t)))
        + " If it is your own, decorate it with "
        "`@kerasish.saving.register_keras_serializable()` or pass it in "
        "`custom_objects`."
    )


def _find_function(name: str) -> Any:
    found = get_registered_object(name)
    if name not in ("deserialize", "get", "serialize"):  # which are no functions of x
        for space in ("activations", "losses", "metrics", "initializers"):
            found = namespace(space).get(name) if found is None else found
        if found is None:
            found = _tables.get("ops", {}).get(name)
    if not callable(found):
        raise ValueError(
            f"Unknown function {name[:99]!r}. If it is your own, decorate it with "
            "`@kerasish.saving.register_keras_serializable()` or pass it in "
            "`custom_objects`."
        )
    return found


def accessors(
    kind: str, names: Mapping[str, Any]
) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """Return the functions `get`, `serialize` and `deserialize` of a namespace.

    Args:
        kind: what the namespace holds, for messages: `"initializer"`.
        names: string -> class or function, aliases included.
    """

    def deserialize(
        config: Any, custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        if isinstance(config, str):
            with CustomObjectScope(custom_objects):
                return get(config)
        if isinstance(config, dict) and not config.get("module"):
            # older files name no module, and some names are a loss and a metric
            own = names.get(config.get("class_name", ""))
            if is_ours(own):
                config = {**config, "module": module_and_name(own)[0]}
        return deserialize_keras_object(config, custom_objects)

    def by_name(name: str) -> Any:
        found = get_registered_object(name, module_objects=names)
        if found is None:
            raise ValueError(
                f"Could not interpret {kind} identifier: {name!r} is unknown."
                + did_you_mean(name, names)
            )
        return found() if inspect.isclass(found) else found

    def get(identifier: Any) -> Any:
        if identifier is None:
            return None
        if isinstance(identifier, str):
            return by_name(identifier)
        if isinstance(identifier, dict):
            return deserialize(identifier)
        if inspect.isclass(identifier):
            return identifier()
        if callable(identifier) or hasattr(identifier, "get_config"):
            return identifier
        raise ValueError(
            f"Could not interpret {kind} identifier: {identifier!r} is neither a "
            "string, a config, a class nor a callable."
        )

    article = "an" if kind[0] in "aeiou" else "a"
    get.__doc__ = f"Return {article} {kind} from its name, config, class or itself."
    deserialize.__doc__ = f"Make {article} {kind} from what `serialize` returned."

    def serialize(obj: Any) -> Any:
        return serialize_keras_object(obj)

    serialize.__doc__ = f"Turn {article} {kind} into a config of plain values."
    return get, serialize, deserialize


# --- configs from constructors -------------------------------------------------------


class Configurable:
    """Base of objects whose config is their constructor's arguments.

    A class of ours stores each argument under the argument's own name, and the config
    is read from there. What a user's class was constructed with is remembered, so it
    needs no `get_config` as long as its arguments can be serialized.
    """

    _arguments: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__new__(cls)
        try:
            bound = inspect.signature(cls.__init__).bind(made, *args, **kwargs)
        except TypeError:  # the constructor itself will say what is wrong
            return made
        bound.apply_defaults()
        made.__dict__["_arguments"] = bound.arguments
        return made

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values."""
        return config_of(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make the object that `get_config` described."""
        return cls(**{k: deserialize_keras_object(v) for k, v in config.items()})

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def config_of(obj: Any, skip: Iterable[str] = ()) -> dict[str, Any]:
    """Return the constructor's arguments of `obj`, serialized, by name."""
    makers = [c for c in type(obj).__mro__ if "__init__" in vars(c)]
    makers = [c for c in makers if c not in (object, Configurable)]
    if "_arguments" in obj.__dict__ and _is_told_by_its_call(type(obj), makers[0]):
        passed = _passed(obj, makers)
        names = [name for name in passed if name not in skip]
        return {name: _serialized(passed[name], name, makers[0]) for name in names}
    config: dict[str, Any] = {}
    for cls in makers:
        parameters = list(inspect.signature(vars(cls)["__init__"]).parameters.values())
        for parameter in parameters[1:]:
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                continue
            if parameter.name not in config and parameter.name not in skip:
                config[parameter.name] = _argument(obj, cls, parameter.name)
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return config


def _is_told_by_its_call(cls: type, maker: type) -> bool:
    """Say whether a user wrote the constructor and left `get_config` to us.

    Then what the constructor was called with is all there is to say; what it passes
    on to our classes is its own affair.
    """
    method = inspect.getmodule(getattr(cls, "get_config", None))
    ours = method is not None and method.__name__.startswith("kerasish.")
    return ours and not maker.__module__.startswith("kerasish.")


def _passed(obj: Any, makers: list[type]) -> dict[str, Any]:
    own, *bases = [inspect.signature(vars(c)["__init__"]).parameters for c in makers]
    passed: dict[str, Any] = {}
    for name, value in list(obj.__dict__["_arguments"].items())[1:]:  # but self
        kind = own[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            common = {"name", "reduction", "dtype"} & {n for p in bases for n in p}
            passed |= {n: getattr(obj, n) for n in sorted(common)} | value
        elif kind is not inspect.Parameter.VAR_POSITIONAL:
            passed[name] = value
        elif value:
            raise NotImplementedError(
                f"{makers[0].__name__} takes `*{name}`, which a config cannot hold by "
                "name: take one list in its place, or write `get_config`."
            )
    return passed


def _argument(obj: Any, cls: type, name: str) -> Any:
    recorded = obj.__dict__.get("_arguments", {})
    if not cls.__module__.startswith("kerasish.") and name in recorded:
        value = recorded[name]
    elif hasattr(obj, name):
        value = getattr(obj, name)
    else:
        raise NotImplementedError(
            f"{cls.__name__} does not keep its constructor argument `{name}`: store it "
            f"as `self.{name}` or write `get_config`."
        )
    return _serialized(value, name, cls)


def _serialized(value: Any, name: str, cls: type) -> Any:
    if callable(value) and _home.get(id(value), ("",))[0] == "activations":
        return _home[id(value)][1]
    try:
        return serialize_keras_object(value)
    except ValueError as error:
        raise ValueError(
            f"Argument `{name}` of {cls.__name__} cannot be saved. {error}"
        ) from None
