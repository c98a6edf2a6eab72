"""Renders docs/ and an API reference from the docstrings into a folder of static HTML.

    python docs/build.py [folder]        # default: site/

Hand-written pages are Markdown. A link to a file of the repository outside docs/ leads
to a page with its source; `<!-- code: path -->` puts the source in its place. A link
that leads nowhere ends the build with an error.
"""

import html
import re
import shutil
import sys
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

import markdown
import pictures
from pygments.formatters import HtmlFormatter
from reference import Reference

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"

EXTENSIONS = "attr_list codehilite fenced_code sane_lists tables toc".split()
OPTIONS = {"codehilite": {"guess_lang": False}, "toc": {"toc_depth": "2-3"}}
SECTIONS = {"": "", "guide": "Guide", "examples": "Examples", "api": "Reference"}
TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · kerasish</title><link rel="stylesheet" href="{up}style.css"></head>
<body><nav><a class="home" href="{up}index.html">kerasish</a>{nav}</nav>
<main>{body}</main><aside>{toc}</aside></body></html>
"""


class Site:
    """Renders pages; links in them tell which source files become pages, too."""

    def __init__(self, folder, pages):
        self.folder, self.pages = folder, dict(pages)
        linked = re.findall(r"\((\w[\w/]+\.md)\)", pages["index.md"])
        self.order = list(dict.fromkeys(["index.md", *linked]))

    def build(self):
        for page in (waiting := list(self.pages)):
            path = self.folder / html_name(page)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.render(page), encoding="utf-8")
            waiting += [new for new in self.pages if new not in waiting]
        for picture in [*DOCS.rglob("*.png"), *DOCS.rglob("*.svg")]:
            shutil.copy(picture, self.folder / picture.relative_to(DOCS))
        css = (DOCS / "style.css").read_text(encoding="utf-8")
        light, dark = (
            HtmlFormatter(style=name).get_style_defs(".codehilite")
            for name in ("friendly", "monokai")
        )
        css += f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
        (self.folder / "style.css").write_text(css, encoding="utf-8")

    def render(self, page):
        def code(match):
            return source((DOCS / page).parent / match[1])

        def link(match):
            return f'{match[1]}="{self.target(page, html.unescape(match[2]))}"'

        text = re.sub(r"<!-- code: (\S+) -->", code, self.pages[page])
        reader = markdown.Markdown(extensions=EXTENSIONS, extension_configs=OPTIONS)
        body = re.sub(r'(href)="([^"]+)"', link, reader.convert(text))
        return TEMPLATE.format(
            title=html.escape(self.title(page)),
            up="../" * page.count("/"),
            nav=self.nav(page),
            body=body,
            toc=reader.toc if reader.toc.count("<li>") > 1 else "",
        )

    def title(self, page):
        return re.search(r"^# (.+)$", self.pages[page], re.M)[1]

    def target(self, page, link):
        """Return where a link of a page leads on the site."""
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link) or not path:
            return link
        place = normpath(join(dirname(page), path))
        if place not in self.pages:
            file = (DOCS / place).resolve()
            if not file.is_file() or ROOT not in file.parents:
                raise SystemExit(f"docs/{page}: the link {link!r} leads nowhere.")
            name = file.relative_to(ROOT).as_posix()
            place = f"source/{name}.md"
            self.pages.setdefault(place, f"# {name}\n\n{source(file)}")
        there = relpath(html_name(place), dirname(page) or ".")
        return f"{there}#{anchor}" if anchor else there

    def nav(self, page):
        parts = []
        for folder, title in SECTIONS.items():
            own = [p for p in self.order if dirname(p) == folder]
            if folder == "api":
                own += ["differences.md", "benchmarks.md", "architecture.md"]
            elif not folder:
                own = ["index.md", "getting_started.md"]
            rows = "".join(
                f"<li><a{' class=here' * (p == page)} "
                f'href="{relpath(html_name(p), dirname(page) or ".")}">'
                f"{html.escape(self.title(p))}</a></li>"
                for p in own
            )
            parts.append((f"<h2>{title}</h2>" if title else "") + f"<ul>{rows}</ul>")
        return "".join(parts)


def html_name(page):
    return page.removesuffix(".md") + ".html"


def source(file):
    language = {".py": "python", ".toml": "toml"}.get(file.suffix, "text")
    return f"````{language}\n{file.read_text(encoding='utf-8').rstrip()}\n````"


def main(folder):
    sys.path.insert(0, str(ROOT))  # describe the checkout, not what is installed
    pages = {
        path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(DOCS.rglob("*.md"))
    }
    site = Site(folder, pages | Reference().pages())
    site.build()
    pictures.make(DOCS / "guide/pictures.md", site.folder / "guide")
    print(f"{len(site.pages)} pages in {folder}; begin with index.html")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "site").resolve())
