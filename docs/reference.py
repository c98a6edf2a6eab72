"""The API reference, as Markdown pages made from the docstrings of every namespace."""

import importlib
import inspect
import re
from types import ModuleType

# Titles in docstrings; the first four are followed by a list.
TITLES = ["Args", "Attributes", "Call arguments", "Raises"]
TITLES += ["Example", "Reference", "Returns"]


def namespaces():
    """Return the public modules: name below `kerasish` ("": itself) -> module."""
    found = {"": importlib.import_module("kerasish")}
    for above, module in (waiting := list(found.items())):
        for name in module.__all__:
            if isinstance(thing := getattr(module, name), ModuleType):
                found[f"{above}.{name}".lstrip(".")] = thing
                waiting.append((f"{above}.{name}".lstrip("."), thing))
    return dict(sorted(found.items()))


class Reference:
    """The pages of all namespaces. A thing with several names is described once."""

    def __init__(self):
        self.spaces = namespaces()
        self.homes = {}  # id of a thing -> (namespace, name) where it is described
        for space in sorted(self.spaces, key=lambda s: (s == "", s.count("."), s)):
            things = self.things(space)
            for name in sorted(things, key=lambda n: things[n].__name__ != n):
                self.homes.setdefault(id(things[name]), (space, name))

    def things(self, space):
        """Return the public classes and functions of a namespace by name."""
        module = self.spaces[space]
        names = sorted(module.__all__, key=str.lower)
        return {n: t for n in names if callable(t := getattr(module, n))}

    def link(self, thing, name, space):
        """Return a link to where the thing is described, for the page of `space`."""
        home, own = self.homes[id(thing)]
        page = "" if home == space else f"{home or 'kerasish'}.md"
        return f"[`{name}`]({page}#{own})"

    def pages(self):
        found = {"api/index.md": self.index()}
        for space in self.spaces:
            found[f"api/{space or 'kerasish'}.md"] = self.page(space)
        return found

    def index(self):
        lines = [
            "# API reference",
            "Made from the docstrings. In the examples `keras` is kerasish and `np` is "
            "NumPy. Names, arguments and defaults are those of Keras 3; "
            "[Differences from Keras](../differences.md) lists what is otherwise.",
        ]
        for space, module in self.spaces.items():
            lines.append(f"## [{full_name(space)}]({space or 'kerasish'}.md)")
            names = [self.link(t, n, None) for n, t in self.things(space).items()]
            lines += [first_line(module), ", ".join(names)]
        return "\n\n".join(lines)

    def page(self, space):
        module, things = self.spaces[space], self.things(space)
        rows, entries = ["| Name | |", "| --- | --- |"], []
        for name in sorted(module.__all__, key=str.lower):
            thing = getattr(module, name)
            row = f"`{name}` | `{thing!r}`"
            if isinstance(thing, ModuleType):
                inner = f"{space}.{name}".lstrip(".")
                row = f"[`{name}`]({inner}.md) | {first_line(thing)}"
            elif name in things:
                row = f"{self.link(thing, name, space)} | {escape(first_line(thing))}"
                if self.homes[id(thing)] == (space, name):
                    entries.append(self.entry(name, thing))
            rows.append(f"| {row} |")
        head = [f"# {full_name(space)}", module.__doc__ or "", "\n".join(rows)]
        return "\n\n".join([*head, *entries])

    def entry(self, name, thing, owner=""):
        """Return the description of a class or function, and of the class's methods."""
        lines = [
            f"{'###' if owner else '##'} {name} {{: #{owner}{name} }}",
            f"```python\n{signature(thing, name)}\n```",
            described(inspect.getdoc(thing) or ""),
        ]
        if inspect.isclass(thing):
            found = self.methods(thing).items()
            lines += [self.entry(n, f, f"{name}.") for n, f in found]
        return "\n\n".join(lines)

    def methods(self, cls):
        """Documented methods of a class, and of bases that are described nowhere."""
        found = {}
        for base in cls.__mro__:
            if base is not cls and id(base) in self.homes:
                break
            for name, member in vars(base).items():
                function = getattr(member, "__func__", member)
                documented = inspect.isfunction(function) and function.__doc__
                if documented and name[0] != "_" and "kerasish" in base.__module__:
                    found.setdefault(name, function)
        return found


def full_name(space):
    return f"kerasish.{space}".rstrip(".")


def first_line(thing):
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")


def signature(thing, name):
    """Return `name(a, b=1)`, one argument a line where it is long."""
    try:
        found = inspect.signature(thing)
    except (TypeError, ValueError):
        return name
    parameters = [p for p in found.parameters.values() if p.name not in ("self", "cls")]
    result = ""
    if not inspect.isclass(thing) and found.return_annotation is not found.empty:
        result = f" -> {inspect.formatannotation(found.return_annotation)}"
    bare = found.replace(parameters=parameters, return_annotation=found.empty)
    text = plain(f"{name}{bare}{result}")
    if len(text) <= 88:
        return text
    return plain(
        f"{name}(" + "".join(f"\n    {p}," for p in parameters) + f"\n){result}"
    )


def plain(text):
    """A signature without the modules and addresses of what it mentions."""
    text = re.sub(r"<(?:function|class) '?([\w.]+)[^>]*>", r"\1", text)
    text = re.sub(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])", "", text)
    return re.sub(r"'([A-Z]\w*)'", r"\1", text)


def described(doc):
    """Turn a docstring into Markdown: arguments as a list, examples as code."""
    parts, title, lines = [], "", []
    for line in [*doc.splitlines(), "Returns:"]:
        head = re.match(rf"({'|'.join(TITLES)}):(?: |$)", line)
        if head or (title and line[:1].strip()):  # a new title, or the indent ends
            parts.append(section(title, lines))
            title = head[1] if head else ""
            lines = [line.removeprefix(head[0]) if head else line]
        else:
            lines.append(line)
    return "\n\n".join(parts)


def section(title, lines):
    text = inspect.cleandoc("\n".join(lines)).strip("\n")
    if ">>>" in text:
        body = f"```pycon\n{text}\n```"
    elif title in TITLES[:4]:
        items = [" ".join(item.split()) for item in re.split(r"\n(?=\S)", text)]
        names = re.compile(r"(\**\w+(?:, \**\w+)*): ")
        items = [escape(names.sub(r"`\1`: ", item, count=1)) for item in items]
        body = "\n".join(f"- {item}" for item in items)
    else:
        body = text if "| ---" in text else escape(text)
    return f"**{title}**\n\n{body}" if title else body


def escape(text):
    """Keep `*`, `_`, `<` and `|` outside of backticks from becoming markup."""
    pieces = re.split(r"(``.+?``|`[^`]*`)", text)
    pieces[::2] = [re.sub(r"([*_<|])", r"\\\1", piece) for piece in pieces[::2]]
    return "".join(pieces)
