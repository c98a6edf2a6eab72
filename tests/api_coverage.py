"""How much of Keras's public API is here, name by name.

    python -m tests.api_coverage            # report, from the root of the repository
    python -m tests.api_coverage --golden   # write tests/keras_api.txt anew

`keras_api.txt` is a list of facts that the second command writes from the Keras that is
installed (`KERAS_BACKEND=jax`): the version, then each public name with its signature
(`= other name` where the same object has an earlier name) and, for a class, the public
members that its public base classes do not have. The report needs no Keras.

`api_exceptions.txt` is written by hand: reasons, and below each the names that are not
here, or differ, because of it. `keras.x.*` stands for a namespace of which nothing is
here, `keras.Class.member` for a member of a class.
"""

import ast
import fnmatch
import functools
import importlib
import inspect
import re
import sys
import types
from pathlib import Path

import kerasish

GOLDEN = Path(__file__).with_name("keras_api.txt")
EXCEPTIONS = Path(__file__).with_name("api_exceptions.txt")
VARIADIC = ("*args", "**kwargs")
# What the constructors of most classes pass on to their bases by `**kwargs`.
PASSED_ON = {"name", "dtype", "trainable", "activity_regularizer", "autocast"}


def attention():
    layer = kerasish.layers.MultiHeadAttention(1, 1)
    layer.build((None, 1, 1), (None, 1, 1))
    return layer


def model():
    made = kerasish.Sequential([kerasish.layers.Dense(1)])
    made.compile()
    return made


# What makes an instance where members are set or served in other ways than `self.x = `.
INSTANCES = {
    "keras.Model": model,
    "keras.layers.ConvLSTM1D": lambda: kerasish.layers.ConvLSTM1D(1, 1),
    "keras.layers.ConvLSTM2D": lambda: kerasish.layers.ConvLSTM2D(1, 1),
    "keras.layers.ConvLSTM3D": lambda: kerasish.layers.ConvLSTM3D(1, 1),
    "keras.layers.GRU": lambda: kerasish.layers.GRU(1),
    "keras.layers.LSTM": lambda: kerasish.layers.LSTM(1),
    "keras.layers.MultiHeadAttention": attention,
    "keras.layers.SimpleRNN": lambda: kerasish.layers.SimpleRNN(1),
}


def resolve(root, name):
    """Return the thing called `keras.some.name` below `root`, or None."""
    found = root
    for part in name.split(".")[1:]:
        if not hasattr(found, part):
            if not isinstance(found, types.ModuleType):
                return None
            try:
                importlib.import_module(f"{found.__name__}.{part}")
            except ImportError:
                return None
        found = getattr(found, part)
    return found


def text_of(default):
    """A default as text: literals as Python writes them, other things by their name."""
    try:
        ast.literal_eval(repr(default))
        return repr(default)
    except (ValueError, SyntaxError):
        name = getattr(default, "__name__", None) or type(default).__name__
        return f"<{name}>"


def signature(thing):
    """The parameters as a list of texts: `x`, `axis=-1`, `*`, `**kwargs`."""
    if inspect.isclass(thing):
        thing = thing.__init__
        if thing is object.__init__:
            return []
    try:
        parameters = list(inspect.signature(thing).parameters.values())
    except (TypeError, ValueError):
        return []
    found, star = [], False
    for p in parameters:
        if p.name == "self":
            continue
        if p.kind is p.VAR_POSITIONAL:
            found.append("*args")
        elif p.kind is p.VAR_KEYWORD:
            found.append("**kwargs")
        else:
            if p.kind is p.KEYWORD_ONLY and not star and "*args" not in found:
                found.append("*")
            star = star or p.kind is p.KEYWORD_ONLY
            has_default = p.default is not p.empty
            found.append(f"{p.name}={text_of(p.default)}" if has_default else p.name)
    return found


def public(module, name="keras"):
    """Yield `(name, thing)` of all public things, namespace by namespace."""
    names = sorted(n for n in dir(module) if n[0] != "_")
    things = {n: getattr(module, n) for n in names}
    for n, thing in things.items():
        if not isinstance(thing, types.ModuleType):
            yield f"{name}.{n}", thing
    for n, thing in things.items():
        # `keras.src` holds the things themselves; modules of other packages are imports
        if isinstance(thing, types.ModuleType) and (
            n != "src" and thing.__name__ == f"{name}.{n}"
        ):
            yield from public(thing, f"{name}.{n}")


def golden_lines(keras):
    """Lines of `keras_api.txt`."""
    first, classes = {}, set()
    listed = list(public(keras))
    for _, thing in listed:
        classes |= {thing} if inspect.isclass(thing) else set()
    yield keras.__version__
    for name, thing in listed:
        known = first.setdefault(id(thing), name)
        if known != name:
            yield f"{name}\t= {known}"
            continue
        parts = [name, "; ".join(signature(thing))]
        if inspect.isclass(thing):
            bases = [base for base in thing.__mro__[1:] if base in classes]
            known = {member for base in bases for member in dir(base)}
            own = {m for m in dir(thing) if m[0] != "_"} - known
            parts.append(" ".join(sorted(own)))
        yield "\t".join(parts)


def read_golden():
    """Return `{name: (parameters, members) or the name it is an alias of}`."""
    found = {}
    for line in GOLDEN.read_text(encoding="utf-8").splitlines()[1:]:
        name, parameters, *members = line.split("\t")
        if parameters.startswith("= "):
            found[name] = parameters[2:]
        else:
            own = members[0].split() if members else []
            found[name] = ([p for p in parameters.split("; ") if p], own)
    return found


def split(parameters):
    """Return `(positional, all)`: names, and names with the texts of their defaults."""
    positional, every, star = [], {}, False
    for text in parameters:
        name, _, default = text.partition("=")
        if name == "*" or name in VARIADIC:
            star = True
            continue
        every[name] = default
        if not star:
            positional.append(name)
    return positional, every


def same_default(theirs, ours):
    if theirs == ours or not theirs or not ours:
        return theirs == ours
    if "<" in (theirs[0], ours[0]):
        return False
    return bool(ast.literal_eval(theirs) == ast.literal_eval(ours))


def differences(theirs, ours):
    """What a call that fits the one signature may meet in the other, as a text."""
    if all(p in ours for p in VARIADIC):
        return ""  # takes everything
    their_order, their_all = split(theirs)
    our_order, our_all = split(ours)
    lacks = [
        name
        for name in their_all
        if name not in our_all and not ("**kwargs" in ours and name in PASSED_ON)
    ]
    found = [f"lacks `{name}`" for name in lacks]
    found += [
        f"`{name}` is `{our_all[name] or 'required'}`, not `{default or 'required'}`"
        for name, default in their_all.items()
        if name in our_all and not same_default(default, our_all[name])
    ]
    found += [
        f"needs `{name}`"
        for name, default in our_all.items()
        if name not in their_all and not default and "*args" not in theirs
    ]
    order = [name for name in their_order if name in our_all]
    if our_order[: len(order)] != order and not lacks:
        found.append(f"order is {our_order}, not {order}")
    if "*args" in theirs and "*args" not in ours and not our_order:
        found.append("lacks `*args`")
    if (
        "**kwargs" in theirs
        and "**kwargs" not in ours
        and not set(our_all) - {*their_all}
    ):
        found.append("lacks `**kwargs`")
    return "; ".join(found)


@functools.cache
def source(cls):
    try:
        return inspect.getsource(cls)
    except (OSError, TypeError):
        return ""


def set_in_source(cls):
    """Names that a class or its bases annotates or assigns to `self`."""
    found = set()
    for c in cls.__mro__[:-1]:
        found |= set(getattr(c, "__annotations__", {}))
        found |= set(re.findall(r"self\.(\w+)\s*(?:[:,=]|$)", source(c), re.M))
    return found


def compare():
    """Return `{name: problem}` of Keras's names, "" where there is none."""
    found = {}
    for name, facts in read_golden().items():
        thing = resolve(kerasish, name)
        if thing is None:
            found[name] = "missing"
        elif isinstance(facts, str):  # the first name was compared
            found[name] = ""
        else:
            parameters, members = facts
            found[name] = differences(parameters, signature(thing))
            found.update(lacking(name, thing, members))
    return found


def lacking(name, thing, members):
    """Return `{name.member: "missing"}` of the members that a class lacks."""
    if not inspect.isclass(thing):
        return {}
    left = [m for m in members if m not in {*dir(thing), *set_in_source(thing)}]
    if left and name in INSTANCES:
        instance = INSTANCES[name]()
        left = [m for m in left if not hasattr(instance, m)]
    return {f"{name}.{m}": "missing" for m in left}


def read_exceptions():
    """Return `[(name or pattern, reason)]`."""
    found, reason = [], ""
    for line in EXCEPTIONS.read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            found += [(name, reason) for name in line.split()]
        else:
            reason = line
    return found


def covers(pattern, name):
    """Whether an entry of the table speaks of this name."""
    return fnmatch.fnmatchcase(name, pattern)


def report(write=print):
    """Write the figures of each namespace and the exceptions with their reasons."""
    golden, found, exceptions = read_golden(), compare(), read_exceptions()
    spaces = {}
    for name in golden:
        spaces.setdefault(name.rpartition(".")[0], []).append(name)
    write(f"{'namespace':40} {'good':>5} {'of':>5}")
    for space, names in [*sorted(spaces.items()), ("all", list(golden))]:
        good = sum(not found[name] for name in names)
        write(f"{space:40} {good:5} {len(names):5} {good / len(names):7.1%}")
    write("\nexceptions")
    for name, problem in sorted(found.items()):
        if problem:
            reasons = [why for pattern, why in exceptions if covers(pattern, name)]
            write(f"  {name}: {problem} ({', '.join(reasons) or 'NO REASON'})")


if __name__ == "__main__":
    if "--golden" in sys.argv:
        import keras

        GOLDEN.write_text("\n".join(golden_lines(keras)) + "\n", encoding="utf-8")
    report()
