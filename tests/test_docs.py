"""The site can be built: every page is reachable, every link leads somewhere, and the
reference has every public name.
"""

import importlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from posixpath import dirname, join, normpath
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


class Page(HTMLParser):
    """Links and anchors of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.links += [found[key] for key in ("href", "src") if key in found]
        self.anchors |= {found["id"]} if "id" in found else set()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Folder of the built site, and its pages by their paths."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-W", "error", ROOT / "docs/build.py", folder]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.*")}
    pages = {
        name: Page(path.read_text(encoding="utf-8"))
        for name, path in files.items()
        if name.endswith(".html")
    }
    return files, pages


def internal(pages):
    """Yield `(page, link, file, anchor)` of each link within the site."""
    for name, page in pages.items():
        for link in page.links:
            if not re.match("[a-z]+:", link):
                path, _, anchor = link.partition("#")
                file = normpath(join(dirname(name), path)) if path else name
                yield name, link, file, anchor


def test_links_lead_somewhere(site):
    files, pages = site
    dead = [
        f"{page}: {link}"
        for page, link, file, anchor in internal(pages)
        if file not in files or (anchor and anchor not in pages[file].anchors)
    ]
    assert not dead, "\n".join(dead)


def test_each_page_is_reachable_from_the_first(site):
    _, pages = site
    to = {}
    for page, _, file, _ in internal(pages):
        to.setdefault(page, set()).add(file)
    reached = ["index.html"]
    for page in reached:  # grows
        reached += [x for x in sorted(to.get(page, ())) if x not in reached]
    assert set(pages) <= set(reached), set(pages) - set(reached)


def public_names():
    """Yield `(module, name)` of each public name of each public namespace."""
    waiting = ["kerasish"]
    for name in waiting:  # grows
        module = importlib.import_module(name)
        for public in module.__all__:
            yield name, public
            if isinstance(getattr(module, public), ModuleType):
                waiting.append(f"{name}.{public}")


def test_the_reference_has_every_public_name(site):
    files, _ = site
    texts = {}
    missing = []
    for module, name in public_names():
        file = f"api/{module.partition('.')[2] or 'kerasish'}.html"
        if file not in texts:
            texts[file] = files[file].read_text(encoding="utf-8")
        if f"<code>{name}</code>" not in texts[file]:
            missing.append(f"{module}.{name}")
    assert not missing, "\n".join(missing)


def test_each_example_has_a_page_and_each_page_a_place_in_the_index():
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    for script in (ROOT / "examples").glob("*.py"):
        page = f"examples/{script.stem}.md"
        assert f"({page})" in index
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert f"<!-- code: ../../examples/{script.name} -->" in text
