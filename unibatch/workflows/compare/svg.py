"""Makes a figure of matplotlib a part of a page: its colours become the page's, its text stays text.

Colours follow the page's theme, because each is drawn as a placeholder that becomes a CSS variable. So are texts that
somebody else wrote, such as labels: matplotlib never reads them, so no markup, formula or missing glyph matters.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree as ET

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"

PAINTS = (
    *("surface", "ink", "muted", "grid", "on-fill"),
    *(f"side-{number}" for number in range(6)),
    *(f"outcome-{number}" for number in range(10)),
)
"""The colours of the page that charts use: each is a CSS variable of this name."""

_PLACEHOLDERS = {name: f"#{number:06x}" for number, name in enumerate(PAINTS, 1)}
_VARIABLES = {placeholder: f"var(--{name})" for name, placeholder in _PLACEHOLDERS.items()}
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_REFERENCE = re.compile(r"#([\w.-]+)")
_LABEL = re.compile(r"@(\d+)/(\d+)@")
_FINE = re.compile(r"-?\d+\.\d{3,}")
_PLACES = {"d", "x", "y", "width", "height", "transform"}
_DEFAULT = re.compile(r"(?:font-family:[^;]*|stroke-linejoin: miter|stroke-linecap: butt|text-anchor: start)(?:; )?")

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text
    "text.parse_math": False,
    "path.simplify": False,
    "hatch.linewidth": 1.2,
    "axes.edgecolor": _PLACEHOLDERS["muted"],
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "legend.frameon": False,
    "text.color": _PLACEHOLDERS["ink"],
    "xtick.color": _PLACEHOLDERS["muted"],
    "ytick.color": _PLACEHOLDERS["muted"],
    "grid.color": _PLACEHOLDERS["grid"],
}
"""What matplotlib is told, whatever the user's own settings are."""


def paint(name: str) -> str:
    """What to give matplotlib for a colour of the page."""
    return _PLACEHOLDERS[name]


def label(number: int, width: int) -> str:
    """What to give matplotlib for the label of a side, of which at most ``width`` characters are shown."""
    return f"@{number}/{width}@"


@contextmanager
def settings(salt: str) -> Iterator[None]:
    """Draw with our settings, and with ids that depend on nothing but the drawing and the salt."""
    import matplotlib as mpl  # noqa: PLC0415 - an extra, and it takes long to import

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({**SETTINGS, "svg.hashsalt": salt})
        yield


def inline(figure: Any, name: str, *, title: str, description: str, labels: Sequence[str]) -> str:
    """A figure as an ``svg`` element that can stand in a page.

    Args:
        figure: A figure of matplotlib, drawn in `settings`.
        name: Unique in the page: all its ids begin with it.
        title: What the chart is, in a few words.
        description: What it shows, for those who do not see it.
        labels: The labels of the sides.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    root = ET.fromstring(buffer.getvalue())  # noqa: S314 - our own drawing
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{_SVG}metadata" or child.find(f"{_SVG}style") is not None:
                parent.remove(child)
    _name_apart(root, name)
    for element in root.iter():
        _paint(element)
        if element.text is not None and element.tag == f"{_SVG}text":
            element.text = _LABEL.sub(lambda found: shorten(labels[int(found[1])], int(found[2])), element.text)
        elif element.text is not None:
            element.text = None
        element.tail = None
        for attribute in _PLACES & element.attrib.keys():
            element.set(attribute, _FINE.sub(_rounded, " ".join(element.attrib[attribute].split())))
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title")
    root.set("aria-describedby", f"{name}-desc")
    for tag, text in (("desc", description), ("title", title)):
        element = ET.Element(f"{_SVG}{tag}", {"id": f"{name}-{tag}"})
        element.text = text
        root.insert(0, element)
    ET.register_namespace("", "http://www.w3.org/2000/svg")
    ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    return ET.tostring(root, encoding="unicode")


def _name_apart(root: ET.Element, name: str) -> None:
    """Leave out the ids that nothing refers to, and make the others unique in the page."""
    used = {
        found
        for element in root.iter()
        for value in (*(element.get(key, "") for key in ("style", "clip-path", _HREF)),)
        for found in _REFERENCE.findall(value)
    }
    for element in root.iter():
        own = element.get("id")
        if own is not None and own not in used:
            del element.attrib["id"]
        elif own is not None:
            element.set("id", f"{name}-{own}")
        for key in ("style", "clip-path", _HREF):
            if (value := element.get(key)) is not None:
                element.set(
                    key,
                    _REFERENCE.sub(lambda found: found[0] if found[0] in _VARIABLES else f"#{name}-{found[1]}", value),
                )


def _paint(element: ET.Element) -> None:
    """Make colours the page's, as style: variables are not allowed elsewhere in every browser."""
    style = _DEFAULT.sub("", element.attrib.pop("style", "")).rstrip("; ")
    for key in ("fill", "stroke"):
        if (value := element.attrib.pop(key, None)) is not None:
            style = f"{key}: {value}; {style}".rstrip("; ")
    if style:
        element.set("style", _COLOUR.sub(lambda found: _VARIABLES[found[0]], style))
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]


def _rounded(found: re.Match[str]) -> str:
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


def shorten(text: str, width: int) -> str:
    """As much of a text as fits, with an ellipsis at its end if that is not all."""
    if sum(map(_width, text)) <= width:
        return text
    kept, room = "", width - 1
    for char in text:
        room -= _width(char)
        if room < 0:
            break
        kept += char
    return f"{kept}…"


def _width(char: str) -> int:
    """How many columns a character takes."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
