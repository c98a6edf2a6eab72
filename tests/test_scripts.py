"""The promise of a drop-in: Keras scripts give the same numbers with both.

The scripts stand in `tests/scripts/`. Each runs with real Keras, then with kerasish
from the same initial weights; all that it returns must agree to 1e-4.
"""

import importlib
import inspect
from pathlib import Path

import keras
import numpy as np
import pytest

import kerasish

FILES = sorted(
    path.stem
    for path in (Path(__file__).parent / "scripts").glob("*.py")
    if path.stem not in ("__init__", "data")
)


def scripts():
    """All public functions of the files, each a script."""
    found = []
    for file in FILES:
        module = importlib.import_module(f"scripts.{file}")
        for name, function in vars(module).items():
            is_own = getattr(function, "__module__", None) == module.__name__
            if is_own and inspect.isfunction(function) and not name.startswith("_"):
                found.append(pytest.param(function, id=f"{file}-{name}"))
    return found


class Same:
    """Gives the models of a second run the initial weights of the first."""

    def __init__(self):
        self.known, self.used = [], None

    def __call__(self, model):
        if self.used is None:
            self.known.append(model.get_weights())
        else:
            model.set_weights(self.known[self.used])
            self.used += 1
        return model

    def again(self):
        self.used = 0


pytestmark = pytest.mark.usefixtures("quick_compilation", "masks_of_keras")


def run(script, library, same, folder):
    folder.mkdir()
    library.utils.clear_session(free_memory=False)
    library.utils.set_random_seed(11)
    offered = {"same": same, "tmp_path": folder}
    wanted = list(inspect.signature(script).parameters)[1:]
    return script(library, **{name: offered[name] for name in wanted})


def assert_agree(mine, theirs, where):
    """Two trees: equal keys in equal order, numbers to 1e-4, all else equal."""
    if isinstance(theirs, dict):
        assert list(mine) == list(theirs), where
        for key in theirs:
            assert_agree(mine[key], theirs[key], f"{where}[{key!r}]")
    elif isinstance(theirs, (list, tuple)):
        assert isinstance(mine, list) is isinstance(theirs, list), where
        assert len(mine) == len(theirs), where
        for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
            assert_agree(a, b, f"{where}[{i}]")
    elif theirs is None or isinstance(theirs, (str, bool)):
        assert mine == theirs, f"{where}: {mine!r}, Keras {theirs!r}"
    else:
        mine, theirs = np.asarray(mine), np.asarray(theirs)
        assert mine.shape == theirs.shape, where
        np.testing.assert_allclose(mine, theirs, 1e-4, 1e-4, err_msg=where)


# Keras warns of these idioms, which users write all the same.
@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`")
@pytest.mark.parametrize("script", scripts())
def test_script_gives_the_same_numbers(script, tmp_path):
    same = Same()
    theirs = run(script, keras, same, tmp_path / "keras")
    same.again()
    mine = run(script, kerasish, same, tmp_path / "kerasish")
    assert same.used == len(same.known)
    assert_agree(mine, theirs, script.__name__)


def test_there_are_scripts_enough():
    found = scripts()
    assert len(found) >= 44
    assert len({param.id for param in found}) == len(found)
    assert all(inspect.getdoc(param.values[0]) for param in found)
