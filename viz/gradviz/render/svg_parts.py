"""What pictures are put together from: text, boxes, rings and notches as elements of SVG."""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from gradviz.graph import Verdict
from gradviz.render.style import LOOKS, RING, NodeLook
from gradviz.render.text_width import width, wrapped

MARGIN = 10.0
WIDEST_TEXT = 760.0
AROUND = 4.0  # how far a ring is from what it is around
CHAMFER = 9.0  # what an octagon lacks at the corners of its box
NOTCH = 9.0  # sides of the corner that says partial


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle. Read-only."""

    left: float
    top: float
    right: float
    bottom: float

    def grown(self, by: float) -> "Area":
        """Return it with each side moved outwards."""
        return Area(self.left - by, self.top - by, self.right + by, self.bottom + by)


def fit(text: Element) -> None:
    """Hold a text to the width that the layout gave it, whatever font is found in the end."""
    for name in ("font-family", "{http://www.w3.org/XML/1998/namespace}space", "fill"):
        text.attrib.pop(name, None)
    content = text.text or ""
    if content.isascii() and len(content) > 1:
        size = float(text.get("font-size", "0"))
        text.set("textLength", brief(width(content) * size))
        text.set("lengthAdjust", "spacingAndGlyphs")


def add_text(parent: Element, content: str, x: float, y: float, size: float, name: str) -> Element:
    """Write one line with the class ``name`` and return it."""
    attributes = {"class": name, "x": brief(x), "y": brief(y), "font-size": brief(size)}
    text = SubElement(parent, "text", attributes)
    text.text = content
    fit(text)
    return text


def add_paragraph(
    root: Element, sentences: str, wide: float, y: float, size: float, name: str
) -> float:
    """Write text of any length below ``y`` and return where it ends."""
    group = SubElement(root, "g", {"class": name})
    columns = int(min(wide, WIDEST_TEXT) / (width("m") * size))
    y += size
    for line in wrapped(sentences, columns):
        add_text(group, line, MARGIN, y, size, name)
        y += size * 1.3
    return y


def add_outline(parent: Element, look: NodeLook, area: Area, corner: float, name: str) -> None:
    """Draw a box: its ``"shape"``, which is filled, or an ``"outline"`` around it."""
    shape = {
        "class": name,
        "points": points_of(area, corner),
        "fill": look.light.fill if name == "shape" else "none",
        "stroke": look.light.stroke,
        "stroke-width": brief(look.width),
    }
    dashes = {"stroke-dasharray": look.dashes} if look.dashes else {}
    SubElement(parent, "polygon", {**shape, **dashes})


def points_of(area: Area, corner: float) -> str:
    """Return the corners of a box, each cut off by ``corner``."""
    left, top, right, bottom, c = area.left, area.top, area.right, area.bottom, corner
    points = [
        (left + c, top), (right - c, top), (right, top + c), (right, bottom - c),
        (right - c, bottom), (left + c, bottom), (left, bottom - c), (left, top + c),
    ]  # fmt: skip
    return " ".join(f"{brief(x)},{brief(y)}" for x, y in dict.fromkeys(points))


def add_ring(group: Element, area: Area) -> None:
    """Draw a ring around what differs from an earlier report."""
    ring = area.grown(AROUND)
    sizes = {
        "x": brief(ring.left),
        "y": brief(ring.top),
        "width": brief(ring.right - ring.left),
        "height": brief(ring.bottom - ring.top),
    }
    paint = {"rx": "6", "fill": "none", "stroke": RING[0].stroke, "stroke-width": "2.5"}
    group.append(Element("rect", {"class": "ring", **sizes, **paint}))


def add_notch(group: Element, area: Area) -> None:
    """Fill the upper right corner of a box: one route of what it stands for is severed."""
    right, top = area.right, area.top
    points = (
        f"{brief(right - NOTCH)},{brief(top)} {brief(right)},{brief(top)}"
        f" {brief(right)},{brief(top + NOTCH)}"
    )
    colour = LOOKS[Verdict.CUT].light.stroke
    SubElement(group, "polygon", {"class": "notch", "points": points, "fill": colour})


def extent(*shapes: Element) -> Area:
    """Return what shapes take up."""
    drawn = " ".join(shape.get("points") or shape.get("d") or "" for shape in shapes)
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", drawn)]
    across, down = numbers[::2], numbers[1::2]
    return Area(min(across), min(down), max(across), max(down))


def brief(value: float) -> str:
    """Return a number with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
