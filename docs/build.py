"""Renders docs/ and an API reference from the docstrings into a folder of static HTML.

    python docs/build.py [folder]        # default: site/

Hand-written pages are Markdown. A link to a file of the repository outside docs/ leads
to a page with its source; `<!-- code: path -->` puts the source in its place. Any link
that leads nowhere ends the build with an error.
"""

import html
import importlib
import inspect
import os
import posixpath
import re
import sys
import types
from pathlib import Path, PurePosixPath

import markdown
from pygments.formatters import HtmlFormatter

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
sys.path.insert(0, str(ROOT))

EXTENSIONS = ["tables", "fenced_code", "codehilite", "toc", "sane_lists"]
CONFIGS = {"codehilite": {"guess_lang": False}, "toc": {"toc_depth": "2-3"}}
LANGUAGES = {".py": "python", ".toml": "toml", "": "text"}
NAV = [
    ("", ["index.md", "getting_started.md"]),
    ("Guide", [f"guide/{x}.md" for x in "models training saving backends".split()]),
    ("Examples", [f"examples/{path.name}" for path in DOCS.glob("examples/*.md")]),
    ("Reference", ["api/index.md", "differences.md", "architecture.md"]),
]
ORDER = "logic_gates xor_28_lines iris digits sine".split()  # easy examples first


# --- the API reference, as Markdown ---------------------------------------------------


def namespaces():
    """Return the public modules: name below `kerasish` (`""`: itself) -> module."""
    found = {"": importlib.import_module("kerasish")}
    waiting = [""]
    while waiting:
        above = waiting.pop()
        for name in found[above].__all__:
            if isinstance(getattr(found[above], name), types.ModuleType):
                full = f"{above}.{name}".strip(".")
                found[full] = getattr(found[above], name)
                waiting.append(full)
    return dict(sorted(found.items()))


def page_of(namespace):
    return f"api/{namespace or 'kerasish'}.md"


def homes(spaces):
    """Return id(object) -> (namespace, name) under which it is described."""
    found = {}
    for space in sorted(spaces, key=lambda s: (s == "", s.count("."), s)):
        names = [n for n in spaces[space].__all__ if describable(spaces[space], n)]
        for name in sorted(names, key=lambda n: not is_named(spaces[space], n)):
            found.setdefault(id(getattr(spaces[space], name)), (space, name))
    return found


def describable(module, name):
    thing = getattr(module, name)
    return callable(thing) and not isinstance(thing, types.ModuleType)


def is_named(module, name):
    return getattr(getattr(module, name), "__name__", "") == name


def signature(thing, name):
    """Return `name(a, b=1)` as code, one argument a line where it is long."""
    try:
        found = inspect.signature(thing)
    except (TypeError, ValueError):
        return name
    text = clean(str(found))
    if len(name) + len(text) > 84 and found.parameters:
        lines = "".join(f"    {clean(str(p))},\n" for p in found.parameters.values())
        text = f"(\n{lines}){text[text.rindex(')') + 1 :]}"
    return f"{name}{text}"


def clean(text):
    text = re.sub(r"<(?:function|class|bound method) '?([\w.]+).*?>", r"\1", text)
    text = re.sub(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])", "", text)
    return re.sub(r"'(\w+)'", r"\1", text) if "'" in text and "->" in text else text


def first_line(thing):
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")


def described(doc):
    """Turn a docstring into Markdown: arguments as a list, examples as code."""
    parts, section, items = [], "", []
    for line in f"{doc}\n\nEnd:".splitlines():
        if match := re.fullmatch(r"([A-Z][A-Za-z ]+):(.*)", line):
            parts.append(render_section(section, items))
            section, items = match[1], [match[2].strip()] if match[2].strip() else []
        else:
            items.append(line)
    return "\n\n".join(filter(None, parts))


def render_section(title, lines):
    text = inspect.cleandoc("\n".join(lines)) if title else "\n".join(lines).strip()
    if not text:
        return ""
    if ">>>" in text:
        body = f"```pycon\n{text}\n```"
    elif title in ("Args", "Attributes", "Raises", "Call arguments"):
        rows = re.split(r"\n(?=\S)", text)
        body = "\n".join("- " + argument(" ".join(row.split())) for row in rows)
    else:
        body = escape(text)
    return f"**{title}**\n\n{body}" if title else body


def argument(row):
    match = re.match(r"(\**[\w., *]+?): (.*)", row)
    return f"`{match[1]}`: {escape(match[2])}" if match else escape(row)


def escape(text):
    """Keep `*` and `_` of formulas outside of backticks from becoming emphasis."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(p if p[:1] == "`" else re.sub(r"([*_<])", r"\\\1", p) for p in pieces)


def entry(name, thing, level=2, qualifier=""):
    """Return the description of one class or function and its methods."""
    lines = [f"{'#' * level} {name} {{: #{qualifier}{name} }}"]
    lines.append(f"```python\n{signature(thing, name)}\n```")
    lines.append(described(inspect.getdoc(thing) or ""))
    if inspect.isclass(thing):
        for method, function in methods(thing):
            anchor = f"{qualifier}{name}."
            lines.append(entry(method, function, level + 1, anchor))
    return "\n\n".join(lines)


def methods(cls):
    """Yield the documented methods of a class and of its bases without a page."""
    seen = set()
    for base in cls.__mro__:
        if base is not cls and id(base) in HOMES:
            break
        for name, member in vars(base).items():
            function = getattr(member, "__func__", member)
            if name[0] == "_" or name in seen or not inspect.isfunction(function):
                continue
            seen.add(name)
            if function.__doc__ and base.__module__.startswith("kerasish"):
                yield name, function


def api_page(space, module):
    title = f"kerasish.{space}" if space else "kerasish"
    head, body, names = [f"# {title}", module.__doc__ or ""], [], module.__all__
    head.append("| Name | |\n| --- | --- |")
    for name in sorted(names, key=str.lower):
        thing = getattr(module, name)
        if isinstance(thing, types.ModuleType):
            inner = f"{space}.{name}".strip(".")
            row = f"[`{name}`]({inner}.md) | {first_line(thing)}"
        elif not describable(module, name):
            row = f"`{name}` | `{thing!r}`"
        else:
            home, own = HOMES[id(thing)]
            link = f"{home or 'kerasish'}.md#{own}" if home != space else f"#{own}"
            row = f"[`{name}`]({link}) | {first_line(thing)}"
            if (home, own) == (space, name):
                body.append(entry(name, thing))
        head[-1] += f"\n| {row.replace('|', '\\|').replace(' \\| ', ' | ', 1)} |"
    return "\n\n".join([*head, *body])


def api_index(spaces):
    lines = [
        "# API reference",
        "Made from the docstrings. In the examples `keras` is kerasish and `np` is "
        "NumPy. The names, arguments and defaults are those of Keras 3; "
        "[Differences](../differences.md) lists what is otherwise.",
    ]
    for space, module in spaces.items():
        title = f"kerasish.{space}" if space else "kerasish"
        lines.append(f"## [{title}]({posixpath.basename(page_of(space))})")
        lines.append(first_line(module))
        own = page_of(space).removeprefix("api/")
        found = [n for n in module.__all__ if describable(module, n)]
        links = [link_to(own, space, module, n) for n in sorted(found, key=str.lower)]
        lines.append(", ".join(links))
    return "\n\n".join(lines)


def link_to(page, space, module, name):
    home, own = HOMES[id(getattr(module, name))]
    return f"[`{name}`]({page if home == space else f'{home}.md'}#{own})"


# --- pages ----------------------------------------------------------------------------


class Site:
    """Renders pages one after the other; links tell which files are needed, too."""

    def __init__(self, folder, pages):
        self.folder, self.pages = Path(folder), dict(pages)
        self.titles = {p: re.search(r"^# (.+)$", t, re.M)[1] for p, t in pages.items()}

    def build(self):
        waiting = list(self.pages)
        for page in waiting:  # grows while links are followed
            self.waiting = waiting
            self.write(page, self.render(page))
        style = HtmlFormatter(style="friendly").get_style_defs(".codehilite")
        dark = HtmlFormatter(style="monokai").get_style_defs(".codehilite")
        css = (DOCS / "style.css").read_text(encoding="utf-8")
        css += f"{style}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
        (self.folder / "style.css").write_text(css, encoding="utf-8")
        return len(waiting)

    def write(self, page, content):
        path = self.folder / html_name(page)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    def render(self, page):
        def source(match):
            path = (DOCS / page).parent / match[1]
            return fenced(path.read_text(encoding="utf-8"), path.suffix)

        text = re.sub(r"<!-- code: (\S+) -->", source, self.pages[page])
        machine = markdown.Markdown(
            extensions=[*EXTENSIONS, "attr_list"], extension_configs=CONFIGS
        )
        body = re.sub(
            r'(href|src)="([^"]+)"',
            lambda m: f'{m[1]}="{self.target(page, html.unescape(m[2]))}"',
            machine.convert(text),
        )
        up = "../" * page.count("/")
        toc = machine.toc if machine.toc.count("<li>") > 1 else ""
        return TEMPLATE.format(
            title=html.escape(self.titles[page]), up=up, nav=self.nav(page), body=body,
            toc=f'<aside>{toc}</aside>' if toc else "",
        )  # fmt: skip

    def target(self, page, link):
        """Return where a link of a page leads on the site."""
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link) or not path:
            return link
        place = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
        if place not in self.pages:
            file = (DOCS / place).resolve()
            if not file.is_file() or ROOT not in file.parents:
                raise SystemExit(f"docs/{page}: the link to {link!r} leads nowhere.")
            if file.suffix in (".png", ".svg"):
                (self.folder / place).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / place).write_bytes(file.read_bytes())
                return link
            place = self.add_source(file)
        here = posixpath.dirname(page) or "."
        there = posixpath.relpath(html_name(place), here)
        return f"{there}#{anchor}" if anchor else there

    def add_source(self, file):
        name = file.relative_to(ROOT).as_posix()
        place = f"source/{name}.md"
        if place not in self.pages:
            text = file.read_text(encoding="utf-8")
            self.pages[place] = f"# {name}\n\n{fenced(text, file.suffix)}"
            self.titles[place] = name
            self.waiting.append(place)
        return place

    def nav(self, page):
        parts = []
        for title, pages in NAV:
            rows = "".join(self.nav_row(page, p) for p in sorted(pages, key=position))
            parts.append((f"<h2>{title}</h2>" if title else "") + f"<ul>{rows}</ul>")
        return "".join(parts)

    def nav_row(self, page, target):
        link = posixpath.relpath(html_name(target), posixpath.dirname(page) or ".")
        here = ' class="here"' if page == target else ""
        title = html.escape(self.titles[target].split(":")[0])
        return f'<li><a{here} href="{link}">{title}</a></li>'


def position(page):
    """Examples from easy to hard, other pages as they stand in `NAV`."""
    stem = PurePosixPath(page).stem
    if not page.startswith("examples/"):
        return 0, ""
    return (ORDER.index(stem) if stem in ORDER else len(ORDER)), stem


def html_name(page):
    return page.removesuffix(".md") + ".html"


def fenced(text, suffix):
    return f"````{LANGUAGES.get(suffix, 'text')}\n{text.rstrip()}\n````"


TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · kerasish</title><link rel="stylesheet" href="{up}style.css"></head>
<body><nav><a class="home" href="{up}index.html">kerasish</a>{nav}</nav>
<main>{body}</main>{toc}</body></html>
"""


def main(folder):
    global HOMES
    spaces = namespaces()
    HOMES = homes(spaces)
    pages = {
        path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(DOCS.rglob("*.md"))
    }
    pages["api/index.md"] = api_index(spaces)
    pages.update((page_of(space), api_page(space, m)) for space, m in spaces.items())
    count = Site(folder, pages).build()
    print(f"{count} pages in {os.path.relpath(folder)}/")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "site").resolve())
