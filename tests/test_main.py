"""`python -m kerasish`: what it prints, and its exit status."""

import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kerasish
from kerasish import commands
from kerasish.__main__ import main

NO_JAX = kerasish.config.backend() != "jax"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dense = kerasish.layers.Dense(2, name="scores")
    model = kerasish.Sequential([kerasish.Input((3,)), dense], name="net")
    model.compile("sgd", "mse")
    model.save("net.keras")
    return model


def test_version_says_all_that_takes_part(capsys):
    assert main(["version"]) == 0
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert rows["kerasish"] == kerasish.__version__
    assert rows["Python"] == platform.python_version()
    assert rows["numpy"] == np.__version__
    assert rows["backend"] == kerasish.config.backend()
    assert "cpu:0" in rows["devices"]
    assert {"jax", "jaxlib", "h5py", "floatx"} <= rows.keys()


def test_a_command_in_a_process_of_its_own():
    command = [sys.executable, "-m", "kerasish", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == kerasish.__version__


@pytest.mark.parametrize("ending", [".h5", ".weights.h5", ".safetensors"])
def test_convert_goes_by_the_ending(folder, ending, capsys):
    assert main(["convert", "net.keras", f"new{ending}"]) == 0
    assert "net, 8 parameters" in capsys.readouterr().out
    other = kerasish.models.clone_model(folder)
    other.load_weights(f"new{ending}")
    for a, b in zip(folder.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert main(["compare", "net.keras", f"new{ending}"]) == 0


def test_convert_keeps_how_the_model_is_trained(folder):
    assert main(["convert", "net.keras", "new.h5"]) == 0
    assert main(["convert", "new.h5", "again.keras"]) == 0
    assert kerasish.saving.load_model("again.keras").loss == "mean_squared_error"


@pytest.mark.skipif(NO_JAX, reason="programs are traced by JAX")
def test_export(folder, capsys):
    assert main(["export", "net.keras", "net.stablehlo"]) == 0
    assert "serve(" in capsys.readouterr().out
    x = np.ones((2, 3), "float32")
    found = kerasish.export.load("net.stablehlo")(x)
    np.testing.assert_allclose(found, folder(x), rtol=1e-6)


# words of a command -> exit status and the line of the error
MISTAKES = {
    "inspect none.keras": (2, "FileNotFoundError: There is no file 'none.keras'."),
    "convert none.keras x.h5": (2, "FileNotFoundError: There is no file"),
    "convert net.keras x.txt": (1, "ValueError: 'x.txt' must end in one of"),
    "convert net.keras net.keras": (1, "are one file"),
    "convert net.weights.h5 x.keras": (1, "ValueError: "),
    "export net.keras x.pb": (1, "ValueError: The format 'tf_saved_model' needs"),
    "export net.keras /": (1, "ValueError: "),
    "run xnor": (1, "There is no example 'xnor'"),
    "run xorr": (1, "Did you mean `xor`"),
}


@pytest.mark.parametrize("words", MISTAKES)
def test_mistakes_take_one_line(folder, words, capsys):
    folder.save_weights("net.weights.h5")
    status, text = MISTAKES[words]
    assert main(words.split()) == status
    error = capsys.readouterr().err
    assert text in error and error.count("\n") == 1


@pytest.mark.parametrize("words", ["", "nothing", "inspect", "version more"])
def test_commands_that_are_not_there(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words.split())
    assert stop.value.code == 2
    assert "usage: python -m kerasish" in capsys.readouterr().err


def test_examples_run_without_the_sources(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(commands, "FOLDER", tmp_path)
    assert main(["examples"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == ["and", "or", "nand", "xor"]
    assert main(["run", "XOR"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[3] for line in lines[2:]] == ["0", "1", "1", "0"]


def test_scripts_of_a_checkout_are_examples(monkeypatch, tmp_path, capsys):
    sources = Path(__file__).parents[1] / "examples"
    assert sources.is_dir() == bool(commands._scripts())
    monkeypatch.setattr(commands, "FOLDER", tmp_path)
    (tmp_path / "hello.py").write_text('"""Says hello."""\nprint("hello", __name__)\n')
    assert main(["examples"]) == 0
    assert "hello                Says hello." in capsys.readouterr().out
    assert main(["run", "hello"]) == 0
    assert capsys.readouterr().out == "hello __main__\n"


def test_an_interrupted_command(monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "version", interrupted)
    assert main(["version"]) == 130
