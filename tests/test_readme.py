"""The Python in README.md and in docs/ runs as it stands."""

import re
from pathlib import Path

import pytest

from tests.pages import assert_same_numbers, assert_same_words

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.M | re.S)
# Pages whose numbers are the same on each machine.
EXACT = """preparing_data online_and_batch momentum_and_decay choosing_a_backend
    sigmoid_neuron symbolic_expressions mexican_hat symbolic_xor symbolic_gates
    symbolic""".split()


def blocks(path):
    """Each block's code, moved down so that an error shows the page's own line, and
    the output that stands right below it, or None.
    """
    text = path.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        yield "\n" * text.count("\n", 0, match.start(1)) + match[1], match[2]


PAGES = [
    path
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if any(blocks(path))
]


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_python_blocks_run_in_order(path, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")  # the width of tables
    namespace = {"__name__": "__main__"}
    for code, shown in blocks(path):
        capsys.readouterr()
        exec(compile(code, str(path), "exec"), namespace)
        if shown is not None:
            same = assert_same_numbers if path.stem in EXACT else assert_same_words
            same(capsys.readouterr().out, shown)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    assert not [x for x in links if "://" not in x and not (ROOT / x).exists()]


def test_the_two_commands_are_there():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^python -m pip install .* && python ", text, re.M)) == 2
