"""A picture is a size and a list of simple shapes, written as SVG or drawn as PNG."""

import base64
import html
import struct
import zlib
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Picture"]

INK, PALE = "#222222", "#767676"
# Okabe and Ito, "Color Universal Design" (2008): told apart by colour-blind readers.
PALETTE = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7"),
    *("#E69F00", "#56B4E9", "#8A7A00", "#000000"),
)

# Widths of DejaVu Sans, the widest of the fonts that a viewer falls back to, per size.
_WIDTHS = {
    **dict.fromkeys("ijl|'", 0.3),
    **dict.fromkeys(" .,:;!I/\\[]()ftr-", 0.4),
    **dict.fromkeys("mMWw@%→×…—#+=<>~", 0.9),
    **dict.fromkeys("ABCDEFGHJKLNOPQRSTUVXYZ&", 0.74),
}


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return about how wide a text is, rather too much than too little."""
    wide = sum(_WIDTHS.get(c, 0.64 if ord(c) < 0x2E80 else 1.0) for c in text)
    return wide * size * (1.12 if bold else 1.0)


def shorten(text: str, size: float, room: float) -> str:
    """Return as much of the text as `room` holds, with `…` for the rest."""
    if text_width(text, size) <= room:
        return text
    while text and text_width(text + "…", size) > room:
        text = text[:-1]
    return text + "…"


class Rect(NamedTuple):
    """A rectangle; `title` is shown where the mouse rests on it."""

    x: float
    y: float
    width: float
    height: float
    fill: str = "none"
    stroke: str = "none"
    line: float = 1.0
    radius: float = 0.0
    title: str = ""


class Circle(NamedTuple):
    """A disc about (x, y)."""

    x: float
    y: float
    radius: float
    fill: str = "none"
    stroke: str = "none"
    line: float = 1.0
    title: str = ""


class Line(NamedTuple):
    """A line through points; filled and without a stroke it is a polygon."""

    points: Sequence[tuple[float, float]]
    stroke: str = INK
    line: float = 1.0
    dashed: bool = False
    fill: str = "none"
    title: str = ""


class Text(NamedTuple):
    """A text; `y` is the base line, `anchor` what stands at `x`."""

    x: float
    y: float
    text: str
    size: float = 12.0
    anchor: str = "start"
    fill: str = INK
    bold: bool = False
    turn: float = 0.0  # degrees, clockwise, about (x, y)

    def box(self) -> tuple[float, float, float, float]:
        """Return (left, top, right, bottom), estimated, of a text that is upright."""
        wide = text_width(self.text, self.size, self.bold)
        left = {"start": 0.0, "middle": -wide / 2, "end": -wide}[self.anchor]
        corners = [(left, -0.8 * self.size), (left + wide, 0.22 * self.size)]
        if self.turn:  # a quarter to the left
            corners = [(y, -x) for x, y in corners]
        (a, b), (c, d) = corners
        low, high = sorted((b, d))
        return self.x + min(a, c), self.y + low, self.x + max(a, c), self.y + high


class Image(NamedTuple):
    """Pixels, an array of bytes (height, width, 3), stretched over a rectangle."""

    x: float
    y: float
    width: float
    height: float
    pixels: np.ndarray
    smooth: bool = False


def moved(shape: Any, x: float, y: float) -> Any:
    """Return a shape that stands elsewhere."""
    if isinstance(shape, Line):
        return shape._replace(points=[(a + x, b + y) for a, b in shape.points])
    return shape._replace(x=shape.x + x, y=shape.y + y)


class Picture:
    """Shapes on white ground. A notebook shows it; `save` writes it.

    Args:
        width: in pixels.
        height: in pixels.
        shapes: list of `Rect`, `Circle`, `Line`, `Text`, `Image`.
        title: what the picture shows, for those who cannot see it.

    Example:
        >>> history = keras.callbacks.History()
        >>> history.extend(0, {"loss": [0.5, 0.25]})
        >>> picture = history.plot()
        >>> picture.to_svg()[:4]
        '<svg'
    """

    def __init__(
        self, width: float, height: float, shapes: Sequence[Any], title: str = ""
    ) -> None:
        self.width, self.height, self.title = width, height, title
        self.shapes = list(shapes)

    def to_svg(self) -> str:
        """Return the picture as the text of an SVG file."""
        size = f'width="{_n(self.width)}" height="{_n(self.height)}"'
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 '
            f'{_n(self.width)} {_n(self.height)}" role="img" '
            'font-family="DejaVu Sans, Verdana, Helvetica, sans-serif">'
        )
        ground = f'<rect {size} fill="#ffffff"/>'
        drawn = [_SVG[type(shape)](shape) for shape in self.shapes]
        return "\n".join([head + _title(self.title), ground, *drawn, "</svg>\n"])

    def _repr_svg_(self) -> str:
        return self.to_svg()

    def __str__(self) -> str:
        """The texts of the picture, line by line, for a terminal."""
        texts = [shape for shape in self.shapes if isinstance(shape, Text)]
        texts.sort(key=lambda text: (round(text.y / 6), text.x))
        lines = [
            "  ".join(text.text for text in row)
            for _, row in groupby(texts, lambda text: round(text.y / 6))
        ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Picture {self.width:.0f}x{self.height:.0f}: {self.title}>"

    def save(self, path: Any, dpi: float = 200) -> None:
        """Write the picture.

        Args:
            path: ends in `.svg`; or in `.png` or `.pdf`, which need matplotlib
                (`pip install "kerasish[plot]"`).
            dpi: pixels per inch of a PNG, where 96 is the size that SVG has.

        Raises:
            ValueError: if the ending is none of these.
            ImportError: without matplotlib.
        """
        ending = Path(path).suffix.lower()
        if ending not in (".svg", ".png", ".pdf"):
            raise ValueError(
                f"Pictures are saved as .svg, or with the extra `plot` as .png and "
                f".pdf; got the path {str(path)!r}."
            )
        if ending == ".svg":
            Path(path).write_text(self.to_svg(), encoding="utf-8")
            return
        most = 2**16 * 96 / max(self.width, self.height)  # what matplotlib can draw
        _canvas(self, path).print_figure(str(path), dpi=min(dpi, 0.99 * most))


def _n(number: float) -> str:
    """A number with at most two decimals, the same on each machine."""
    return f"{round(float(number), 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def _title(text: str) -> str:
    return f"<title>{_clean(text)}</title>" if text else ""


def _clean(text: str) -> str:
    return html.escape(_printable(text))


def _printable(text: str) -> str:
    """The text without the control characters that XML forbids."""
    text = "".join(" " if c < " " or c in "\ufffe\uffff" else c for c in text)
    return text.encode("utf-8", "replace").decode()


def _paint(shape: Any) -> str:
    text = f'fill="{shape.fill}"'
    if shape.stroke != "none":
        text += f' stroke="{shape.stroke}" stroke-width="{_n(shape.line)}"'
    return text


def _element(name: str, attributes: str, title: str) -> str:
    if title:
        return f"<{name} {attributes}>{_title(title)}</{name}>"
    return f"<{name} {attributes}/>"


def _svg_rect(r: Rect) -> str:
    place = f'x="{_n(r.x)}" y="{_n(r.y)}" width="{_n(r.width)}" height="{_n(r.height)}"'
    corner = f' rx="{_n(r.radius)}"' if r.radius else ""
    return _element("rect", f"{place}{corner} {_paint(r)}", r.title)


def _svg_circle(c: Circle) -> str:
    place = f'cx="{_n(c.x)}" cy="{_n(c.y)}" r="{_n(c.radius)}"'
    return _element("circle", f"{place} {_paint(c)}", c.title)


def _svg_line(line: Line) -> str:
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in line.points)
    dashes = ' stroke-dasharray="5 4"' if line.dashed else ""
    name = "polyline" if line.fill == "none" else "polygon"
    return _element(name, f'points="{points}" {_paint(line)}{dashes}', line.title)


def _svg_text(t: Text) -> str:
    place = f'x="{_n(t.x)}" y="{_n(t.y)}" font-size="{_n(t.size)}" fill="{t.fill}"'
    if t.anchor != "start":
        place += f' text-anchor="{t.anchor}"'
    if t.bold:
        place += ' font-weight="bold"'
    if t.turn:
        place += f' transform="rotate({_n(t.turn)} {_n(t.x)} {_n(t.y)})"'
    return f'<text {place} xml:space="preserve">{_clean(t.text)}</text>'


def _svg_image(i: Image) -> str:
    place = f'x="{_n(i.x)}" y="{_n(i.y)}" width="{_n(i.width)}" height="{_n(i.height)}"'
    pixels = i.pixels
    if not i.smooth:  # no viewer smooths what has the size of the screen's pixels
        for axis, size in enumerate((i.height, i.width)):
            times = max(1, -int(-size // pixels.shape[axis]))
            pixels = np.repeat(pixels, times, axis=axis)
    data = base64.b64encode(png_bytes(pixels)).decode()
    return (
        f'<image {place} preserveAspectRatio="none" '
        f'href="data:image/png;base64,{data}"/>'
    )


_SVG: dict[type, Callable[[Any], str]] = {
    Rect: _svg_rect,
    Circle: _svg_circle,
    Line: _svg_line,
    Text: _svg_text,
    Image: _svg_image,
}


def png_bytes(pixels: np.ndarray) -> bytes:
    """Return an array of bytes (height, width, 3) as a PNG file (ISO/IEC 15948)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), "uint8")  # each row: filter 0, its bytes
    rows[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            chunk(b"IEND", b""),
        ]
    )


def _canvas(picture: Picture, path: Any) -> Any:
    """The same shapes, drawn by matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            f'{str(path)!r} needs matplotlib: `pip install "kerasish[plot]"`; or save '
            "the picture as .svg, which needs nothing."
        ) from error
    figure = Figure(figsize=(picture.width / 96, picture.height / 96))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, picture.width)
    axes.set_ylim(picture.height, 0)
    axes.axis("off")
    for order, shape in enumerate(picture.shapes):
        _mpl_draw(axes, shape, order)
    return FigureCanvasAgg(figure)


def _mpl_draw(axes: Any, shape: Any, order: int) -> None:
    from matplotlib import patches

    if isinstance(shape, Text):
        axes.text(
            *(shape.x, shape.y, _printable(shape.text).replace("$", r"\$")),
            size=0.75 * shape.size,
            color=shape.fill,
            ha={"start": "left", "middle": "center", "end": "right"}[shape.anchor],
            va="baseline",
            weight="bold" if shape.bold else "normal",
            rotation=-shape.turn,
            rotation_mode="anchor",
            zorder=order,
        )
        return
    if isinstance(shape, Image):
        box = (shape.x, shape.x + shape.width, shape.y + shape.height, shape.y)
        how = "bilinear" if shape.smooth else "nearest"
        axes.imshow(
            shape.pixels, extent=box, aspect="auto", interpolation=how, zorder=order
        )
        return
    look: dict[str, Any] = {
        "facecolor": shape.fill,
        "edgecolor": shape.stroke,
        "linewidth": 0.75 * shape.line,
        "zorder": order,
    }
    if isinstance(shape, Circle):
        axes.add_patch(patches.Circle((shape.x, shape.y), shape.radius, **look))
    elif isinstance(shape, Line):
        look["linestyle"] = (0, (5, 4)) if shape.dashed else "solid"
        closed = shape.fill != "none"
        axes.add_patch(patches.Polygon(list(shape.points), closed=closed, **look))
    elif shape.radius:
        style = f"round,pad=0,rounding_size={shape.radius}"
        corner, size = (shape.x, shape.y), (shape.width, shape.height)
        axes.add_patch(patches.FancyBboxPatch(corner, *size, boxstyle=style, **look))
    else:
        size = (shape.width, shape.height)
        axes.add_patch(patches.Rectangle((shape.x, shape.y), *size, **look))
