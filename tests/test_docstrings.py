"""Every public thing is documented, and every example in a docstring runs."""

import doctest
import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import kerasish

pytestmark = pytest.mark.usefixtures("quick_compilation")

# Modules whose import needs what a plain installation lacks: none so far.
SKIPPED: dict[str, str] = {}
MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(kerasish.__path__, "kerasish.")
    if name not in SKIPPED
]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


class Finder(doctest.DocTestFinder):
    """Takes an object for its module's own also where a decorator wraps it."""

    def _from_module(self, module, thing):
        if isinstance(thing, property):
            return True
        return getattr(thing, "__module__", None) == module.__name__


@pytest.mark.parametrize("name", ["kerasish", *MODULES])
def test_examples_run(name, monkeypatch, tmp_path):
    module = importlib.import_module(name)
    monkeypatch.chdir(tmp_path)  # some examples write files
    failures = []
    for test in Finder(exclude_empty=True).find(module):
        test.globs.update(keras=kerasish, np=np)
        output: list[str] = []
        runner = doctest.DocTestRunner(verbose=False, optionflags=FLAGS)
        if runner.run(test, out=output.append).failed:
            failures.append("".join(output))
    assert not failures, "\n".join(failures)


def public_things():
    """Each public callable of each module's `__all__`, under its first name."""
    seen = {}
    for name in ["kerasish", *MODULES]:
        module = importlib.import_module(name)
        for attribute in getattr(module, "__all__", ()):
            thing = getattr(module, attribute)
            ours = getattr(thing, "__module__", "") or ""
            if callable(thing) and ours.startswith("kerasish"):
                seen.setdefault(id(thing), (f"{name}.{attribute}", thing))
    return sorted(seen.values(), key=lambda pair: pair[0])


def undocumented(path, thing):
    """The thing itself and, of a class, the public methods that it defines."""
    if not (thing.__doc__ or "").strip():
        yield path
    if inspect.isclass(thing):
        for name, member in vars(thing).items():
            function = getattr(member, "__func__", member)
            function = getattr(function, "fget", function)
            if name[0] == "_" or not inspect.isfunction(function):
                continue
            # an override is documented where the method was introduced
            if not (inspect.getdoc(getattr(thing, name)) or "").strip():
                yield f"{path}.{name}"


def test_everything_public_has_a_docstring():
    missing = [item for pair in public_things() for item in undocumented(*pair)]
    assert not missing, "\n".join(missing)
