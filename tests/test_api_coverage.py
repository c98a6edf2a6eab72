"""Keras's public names: those that are not here, or differ, stand in one table."""

import api_coverage
import pytest


@pytest.fixture(scope="module")
def found():
    return api_coverage.compare()


def test_each_exception_is_listed_once(found):
    patterns = [pattern for pattern, _ in api_coverage.read_exceptions()]
    for name, problem in found.items():
        listed = [p for p in patterns if api_coverage.covers(p, name)]
        if problem:
            assert len(listed) == 1, (
                f"{name} ({problem}) is in api_exceptions.txt as {listed}"
            )
        else:
            assert not listed, f"{name} is here now: take out {listed}"


def test_each_entry_speaks_of_a_name(found):
    for pattern, _ in api_coverage.read_exceptions():
        of_keras = any(api_coverage.covers(pattern, name) for name in found)
        assert of_keras, f"nothing of Keras is called {pattern}, or it is here now"


@pytest.mark.parametrize("space", "activations random tree ops.linalg".split())
def test_namespaces_that_are_complete(space, found):
    names = [n for n in found if n.startswith(f"keras.{space}.") and found[n]]
    assert not names


def test_the_list_is_that_of_keras():
    keras = pytest.importorskip("keras")
    lines = api_coverage.GOLDEN.read_text(encoding="utf-8").splitlines()
    if keras.__version__ != lines[0]:
        pytest.skip(f"the list was made from Keras {lines[0]}")
    assert list(api_coverage.golden_lines(keras)) == lines


@pytest.mark.parametrize(
    "theirs, ours, problem",
    [
        ("x", "x; y=1", ""),
        ("x; name=None", "x; **kwargs", ""),
        ("*args; **kwargs", "x; y", ""),
        ("x; y=1", "*args; **kwargs", ""),
        ("x; y=1", "x; y=1.0", ""),
        ("x; y=<relu>", "x; y=<relu>", ""),
        ("x; *; y=1", "x; y=1", ""),
        ("x; y=1", "x", "lacks `y`"),
        ("x; y=1", "x; **kwargs", "lacks `y`"),
        ("x; y=1", "x; y=2", "`y` is `2`, not `1`"),
        ("x; y=1", "x; y", "`y` is `required`, not `1`"),
        ("x; y=None", "x; y=<relu>", "`y` is `<relu>`, not `None`"),
        ("x", "x; y", "needs `y`"),
        ("x; y", "y; x", "order is ['y', 'x'], not ['x', 'y']"),
        ("x; y=1", "x; *; y=1", "order is ['x'], not ['x', 'y']"),
        ("x; y=1", "x; z=1; y=1", "order is ['x', 'z', 'y'], not ['x', 'y']"),
        ("x; **kwargs", "x", "lacks `**kwargs`"),
        ("*args", "", "lacks `*args`"),
    ],
)
def test_signatures_are_compared(theirs, ours, problem):
    theirs, ours = ([p for p in text.split("; ") if p] for text in (theirs, ours))
    assert api_coverage.differences(theirs, ours) == problem


def test_signatures_are_read():
    def function(x, y=(1, 2), *, z="a", call=len, **kwargs):
        return x, y, z, call, kwargs

    class Class:
        def __init__(self, *args, a):
            pass

    wanted = ["x", "y=(1, 2)", "*", "z='a'", "call=<len>", "**kwargs"]
    assert api_coverage.signature(function) == wanted
    assert api_coverage.signature(Class) == ["*args", "a"]
    assert api_coverage.signature(object) == []


def test_the_report(capsys):
    api_coverage.report()
    out = capsys.readouterr().out
    assert "keras.activations" in out and "100.0%" in out and "NO REASON" not in out
