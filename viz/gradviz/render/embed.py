"""From the SVG of a layout engine to one that is fit to embed.

In a page beside others, on a light ground or a dark one.

It has a viewBox and no size, a title and a description for those who cannot see it, identifiers and
style rules that reach nothing outside it, a style sheet for both schemes, a ground of its own that
goes with the scheme, no script and no outside font. The headline stands above the graph, then the
legend.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from gradviz.findings import Findings
from gradviz.graph import Verdict
from gradviz.render.marks import draw_mark
from gradviz.render.scene import DrawnFrame, Scene
from gradviz.render.sentences import (
    MEANINGS,
    base_name,
    began,
    counted,
    cut_at,
    listing,
    printable,
    starred,
)
from gradviz.render.sketch import Item, Sketch, look_of
from gradviz.render.style import FONTS, GHOST, INK, LOOKS, LOSS, OP, RING, STROKES, Look
from gradviz.render.text_width import width, wrapped

SVG = "http://www.w3.org/2000/svg"
MARGIN = 10.0
NARROWEST = 416.0  # a headline needs some room
NARROWEST_FRAMED = 620.0  # where modules are told by their whole path
WIDEST_TEXT = 760.0
HEADLINE, SMALL = 14.0, 10.5  # font sizes
SWATCH = 24.0, 15.0  # of the legend
PILE = 3, 6  # how far the frames below the upmost one look out
TINT = 0.07  # opacity of a frame; frames inside frames add up
# From the bottom: what is written on a frame lies above the lines that pass there
_LAYERS = ("edge", "cluster", "node")
AROUND = 4.0  # how far a ring is from what it is around
CHAMFER = 9.0  # what an octagon lacks at the corners of its box


def embed(laid_out: str, report: Findings, scene: Scene) -> str:
    """Return the picture of ``report`` around the graph in ``laid_out``, an engine's SVG of
    ``scene``.
    """
    content, title, note = scene.sketch, scene.title, scene.note
    frames = {frame.key: frame for frame in scene.frames}
    picture = ElementTree.fromstring(laid_out)
    prefix = f"gradviz-{hashlib.sha256((laid_out + title).encode()).hexdigest()[:8]}"
    graph, graph_width, graph_height = _graph(picture)
    _clean(graph, prefix, content, frames)

    wide = max(graph_width, NARROWEST_FRAMED if frames else NARROWEST)
    root = Element("svg", {"xmlns": SVG, "id": prefix, "class": "gradviz", "role": "img"})
    root.set("aria-labelledby", f"{prefix}-title {prefix}-desc")
    root.set("font-family", FONTS)
    SubElement(root, "title", {"id": f"{prefix}-title"}).text = title
    SubElement(root, "desc", {"id": f"{prefix}-desc"}).text = " ".join(
        filter(None, [_description(report), note])
    )
    SubElement(root, "style").text = _style_sheet(
        f"#{prefix}", framed=bool(frames), ringed=any(item.change for item in content.items)
    )
    y = _paragraph(root, title, wide, MARGIN, HEADLINE, "headline")
    if note:
        y = _paragraph(root, note, wide, y, SMALL, "note")
    y = _legend(root, _entries(content), wide, y)
    graph.set(
        "transform",
        f"translate({_number(MARGIN + (wide - graph_width) / 2)} {_number(y)})"
        f" {graph.get('transform', '')}".strip(),
    )
    root.append(graph)
    root.set("viewBox", f"0 0 {_number(wide + 2 * MARGIN)} {_number(y + graph_height + MARGIN)}")
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _graph(picture: Element) -> tuple[Element, float, float]:
    """The group that holds the graph, and its size. Without the ground that some engines paint."""
    for element in picture.iter():
        element.tag = element.tag.rpartition("}")[2]
    _, _, wide, high = map(float, picture.get("viewBox", "0 0 0 0").split())
    graph = picture.find("g")
    assert graph is not None
    for ground in (*graph.findall("polygon"), *graph.findall("title")):
        graph.remove(ground)
    return graph, wide, high


def _clean(graph: Element, prefix: str, content: Sketch, frames: Mapping[str, DrawnFrame]) -> None:
    items = {item.key: item for item in content.items}
    graph.set("id", f"{prefix}-graph")
    edges = 0
    for group in graph.findall("g"):
        _unwrap_links(group)
        title = group.find("title")
        key = group.get("id", "")
        if "node" in group.get("class", "").split():
            item = items[key]
            for shape in group:
                if shape.tag not in ("title", "text"):
                    shape.set("class", "outline" if shape.get("fill") == "none" else "shape")
                if shape.tag == "polygon" and look_of(item).shape == "octagon":
                    shape.set("points", _points(*_corners(shape), CHAMFER))
            if item.change:
                _ring(group, *_extent(group))
            _write(group, item)
            if title is not None:
                title.text = item.about
        elif key in frames:
            _write_frame(group, frames[key].name, frames[key].aside)
            if title is not None:
                group.remove(title)
        else:
            edges += 1
            key = f"e{edges}"
            if title is not None:
                group.remove(title)
        group.set("id", f"{prefix}-{key}")
    graph[:] = sorted(
        graph, key=lambda child: _LAYERS.index(child.get("class", "").partition(" ")[0])
    )


def _unwrap_links(group: Element) -> None:
    """A tooltip makes engines wrap what they draw into a link.

    The title of the group does what is wanted of it.
    """
    for child in list(group):
        if child.tag == "g" and child.find("a") is not None:
            position = list(group).index(child)
            group.remove(child)
            for offset, inner in enumerate(child.iter()):
                if inner.tag not in ("g", "a"):
                    group.insert(position + offset, inner)


def _write(group: Element, item: Item) -> None:
    """Put the lines of an item in the place of those that were laid out for them."""
    for number, (text, line) in enumerate(zip(group.findall("text"), item.lines, strict=True)):
        text.text = line
        text.set("class", "name" if number < item.names else "detail")
        _fit(text)
        if number == 0 and item.aside:
            _set_aside(group, text, item.aside)
        draw_mark(group, text)


def _write_frame(group: Element, name: str, said: str) -> None:
    """Write on a frame; one that stands for several lies on a pile."""
    for position, shape in enumerate(list(group)):
        if shape.tag in ("path", "polygon"):
            shape.set("class", "frame")
            if "run" in group.get("class", "").split():
                for offset in PILE:
                    group.insert(
                        position,
                        Element(
                            shape.tag,
                            {
                                **shape.attrib,
                                "class": "pile",
                                "transform": f"translate({offset} {-offset})",
                            },
                        ),
                    )
    text = group.find("text")
    if text is not None:
        text.text = name + said
        text.set("class", "name")
        _fit(text)
        if said:
            _set_aside(group, text, said)


def _set_aside(group: Element, text: Element, aside: str) -> None:
    """Write the end of a centred text as a text of its own, which is not bold."""
    content, size, middle = (
        text.text or "",
        float(text.get("font-size", "0")),
        float(text.get("x", "0")),
    )
    name = content.removesuffix(aside)
    rest = Element("text", {**text.attrib, "class": "aside"})
    for part, own, x in (
        (text, name, middle - width(aside) * size / 2),
        (rest, aside, middle + width(name) * size / 2),
    ):
        part.text = own
        part.set("x", _number(x))
        part.attrib.pop("textLength", None)
        _fit(part)
    group.insert(list(group).index(text) + 1, rest)


def _fit(text: Element) -> None:
    """Hold a text to the width that the layout gave it, whatever font is found in the end."""
    for name in ("font-family", "{http://www.w3.org/XML/1998/namespace}space", "fill"):
        text.attrib.pop(name, None)
    content = text.text or ""
    if content.isascii() and len(content) > 1:
        size = float(text.get("font-size", "0"))
        text.set("textLength", _number(width(content) * size))
        text.set("lengthAdjust", "spacingAndGlyphs")


def _text(parent: Element, content: str, x: float, y: float, size: float, name: str) -> Element:
    text = SubElement(
        parent,
        "text",
        {"class": name, "x": _number(x), "y": _number(y), "font-size": _number(size)},
    )
    text.text = content
    _fit(text)
    return text


def _paragraph(
    root: Element, sentences: str, wide: float, y: float, size: float, name: str
) -> float:
    """Write text of any length below ``y`` and return where it ends."""
    group = SubElement(root, "g", {"class": name})
    columns = int(min(wide, WIDEST_TEXT) / (width("m") * size))
    y += size
    for line in wrapped(sentences, columns):
        _text(group, line, MARGIN, y, size, name)
        y += size * 1.3
    return y


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of the legend.

    A sample of a node (its look) or of a line (its stroke), and what it means.
    """

    name: str
    meaning: str
    look: Look | None = None


LINES = {
    "gradient": "gradient flows",
    "severed": "gradient stops",
    "pruned": "cut off",
    "frozen": "value only",
    "value": "value only, needs no gradient",
}
CHANGES = {"changed": "new or changed", "went": "gone"}


def _entries(content: Sketch) -> list[_Entry]:
    """What occurs, and nothing else."""
    verdicts = {item.verdict for item in content.items}
    strokes = {line.stroke for line in content.lines}
    entries = [
        _Entry(str(verdict), f"{verdict}: {MEANINGS[verdict]}", LOOKS[verdict])
        for verdict in Verdict
        if verdict in verdicts
    ]
    changes = {
        "went" if item.change == "went" else "changed" for item in content.items if item.change
    }
    entries += [
        _Entry(change, meaning, OP) for change, meaning in CHANGES.items() if change in changes
    ]
    return entries + [
        _Entry(stroke, meaning) for stroke, meaning in LINES.items() if stroke in strokes
    ]


def _legend(root: Element, entries: list[_Entry], wide: float, y: float) -> float:
    """Draw the legend, in as many rows as it needs, and return where it ends."""
    group = SubElement(root, "g", {"class": "legend"})
    x, (across, high), gap, row = MARGIN, SWATCH, 18.0, 20.0
    room = min(wide, WIDEST_TEXT)
    widths = [across + 7 + width(entry.meaning) * SMALL for entry in entries]
    first_line = next((number for number, entry in enumerate(entries) if entry.look is None), 0)
    # Nodes and lines apart, unless one row does
    breaks = {first_line} if sum(widths) + gap * (len(widths) - 1) > room else set()
    for number, (entry, needed) in enumerate(zip(entries, widths, strict=True)):
        if x > MARGIN and (number in breaks or x + needed > MARGIN + room):
            x, y = MARGIN, y + row
        sample = SubElement(group, "g")
        if entry.name in CHANGES:
            sample.set("class", f"node {entry.name}")
            _ring(sample, x + AROUND, y + AROUND, x + across - AROUND, y + high - AROUND)
        elif entry.look is None:
            _line_sample(sample, entry.name, x, y, across, high)
        else:
            _node_sample(sample, entry.name, entry.look, x, y, across, high)
        _text(sample, entry.meaning, x + across + 7, y + high / 2 + SMALL * 0.34, SMALL, "meaning")
        x += needed + gap
    return y + row + 6 if entries else y


def _line_sample(
    sample: Element, name: str, x: float, y: float, across: float, high: float
) -> None:
    stroke = STROKES[name]
    sample.set("class", f"edge {name}")
    middle = y + high / 2
    SubElement(
        sample,
        "path",
        {
            "d": (
                f"M{_number(x)},{_number(middle)}"
                f"H{_number(x + across - (7 if stroke.arrow == 'normal' else 0))}"
            ),
            "fill": "none",
            "stroke": stroke.light,
            "stroke-width": _number(stroke.width),
            **({"stroke-dasharray": stroke.dashes} if stroke.dashes else {}),
        },
    )
    if stroke.arrow == "normal":
        tip = x + across
        points = (
            f"{_number(tip)},{_number(middle)} {_number(tip - 8)},{_number(middle - 3)}"
            f" {_number(tip - 8)},{_number(middle + 3)}"
        )
        SubElement(
            sample, "polygon", {"points": points, "fill": stroke.light, "stroke": stroke.light}
        )


def _node_sample(
    sample: Element, name: str, look: Look, x: float, y: float, across: float, high: float
) -> None:
    sample.set("class", f"node {name}")
    corner = CHAMFER / 2 if look.shape == "octagon" else 0.0
    inset = 2.5 if look.borders == 2 else 0.0
    _box(sample, look, x + inset, y + inset, across - 2 * inset, high - 2 * inset, corner, "shape")
    if inset:
        _box(sample, look, x, y, across, high, corner, "outline")
    if look.mark:
        mark = _text(sample, look.mark, x + across / 2, y + high / 2 + 3.7, 10.5, "mark")
        mark.set("text-anchor", "middle")
        draw_mark(sample, mark)


def _box(
    parent: Element,
    look: Look,
    x: float,
    y: float,
    across: float,
    high: float,
    corner: float,
    name: str,
) -> None:
    SubElement(
        parent,
        "polygon",
        {
            "class": name,
            "points": _points(x, y, x + across, y + high, corner),
            "fill": look.light.fill if name == "shape" else "none",
            "stroke": look.light.stroke,
            "stroke-width": _number(look.width),
            **({"stroke-dasharray": look.dashes} if look.dashes else {}),
        },
    )


def _points(left: float, top: float, right: float, bottom: float, c: float) -> str:
    """The corners of a box, each cut off by ``c``."""
    corners = [
        (left + c, top), (right - c, top), (right, top + c), (right, bottom - c),
        (right - c, bottom), (left + c, bottom), (left, bottom - c), (left, top + c),
    ]  # fmt: skip
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in dict.fromkeys(corners))


def _corners(polygon: Element) -> tuple[float, float, float, float]:
    points = [tuple(map(float, point.split(","))) for point in polygon.get("points", "").split()]
    return (
        min(x for x, _ in points),
        min(y for _, y in points),
        max(x for x, _ in points),
        max(y for _, y in points),
    )


def _ring(group: Element, left: float, top: float, right: float, bottom: float) -> None:
    """Draw a ring around what differs from an earlier report."""
    sizes = {
        "x": left - AROUND,
        "y": top - AROUND,
        "width": right - left + 2 * AROUND,
        "height": bottom - top + 2 * AROUND,
    }
    drawn = {key: _number(size) for key, size in sizes.items()}
    group.append(
        Element(
            "rect",
            {
                "class": "ring",
                **drawn,
                "rx": "6",
                "fill": "none",
                "stroke": RING[0].stroke,
                "stroke-width": "2.5",
            },
        )
    )


def _extent(group: Element) -> tuple[float, float, float, float]:
    """What the shapes of a node take up."""
    said = " ".join(shape.get("points") or shape.get("d") or "" for shape in group)
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", said)]
    return min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])


def _description(report: Findings) -> str:
    """The report for those who cannot see the picture."""
    sentences = [
        "The autograd graph of one backward call, the loss at the bottom, the parameters above."
    ]
    for verdict in Verdict:
        names = [
            name for name, parameter in report.parameters.items() if parameter.verdict is verdict
        ]
        if names:
            paths = [printable(path) for path in starred(names, report.parameters)]
            sentences.append(f"{verdict.capitalize()} ({MEANINGS[verdict]}): {listing(paths, 12)}.")
    for cut in report.cuts:
        code = f", where it says {printable(cut.code)}" if cut.code else ""
        sentences.append(f"Cut: {cut_at(cut)}{code}.")
    if report.unregistered:
        sentences.append(
            f"Outside the model gradient reaches {counted(len(report.unregistered), 'tensor')}."
        )
    if report.place:
        sentences.append(
            f"{began(report)} at {printable(base_name(report.place.file))}:{report.place.line}."
        )
    return " ".join(sentences)


def _style_sheet(root: str, *, framed: bool, ringed: bool) -> str:
    """The style sheet.

    Every rule begins at ``root``, so that none reaches another picture of the same page.
    """
    rules = [
        f"{root}{{background:{INK[0].fill}}}",
        f"{root} text{{font-family:{FONTS};fill:{INK[0].stroke};stroke:none}}",
        f"{root} .name,{root} .headline{{font-weight:bold}}",
        (
            f"{root} .glyph{{fill:none;stroke:{INK[0].stroke};stroke-width:1.5;"
            "stroke-linecap:round;stroke-linejoin:round}"
        ),
        f"{root} .node.pruned .shape{{fill-opacity:{GHOST};stroke-dasharray:5 3}}",
    ]
    looks = {**{str(verdict): look for verdict, look in LOOKS.items()}, "op": OP, "loss": LOSS}
    for name, look in looks.items():
        rules += _node_rules(f"{root} .node.{name}", look.light.fill, look.light.stroke)
        if look.dashes:
            rules.append(f"{root} .node.{name} .shape{{stroke-dasharray:{look.dashes}}}")
    if framed:
        halo = "paint-order:stroke;stroke-width:4;stroke-linejoin:round;stroke-opacity:.8"
        rules += [
            f"{root} .frame{{fill-opacity:{TINT}}}",
            f"{root} .pile{{fill:none}}",
            f"{root} .cluster text{{{halo}}}",
        ]
        rules += _frame_rules(root, dark=False)
    if ringed:
        rules += [
            f"{root} .ring{{fill:none;stroke:{RING[0].stroke}}}",
            f"{root} .went .ring{{stroke-dasharray:6 4}}",
        ]
    for name, stroke in STROKES.items():
        rules += _edge_rules(f"{root} .edge.{name}", stroke.light)
        if stroke.dashes:
            rules.append(f"{root} .edge.{name} path{{stroke-dasharray:{stroke.dashes}}}")
    dark = [
        f"{root}{{background:{INK[1].fill}}}",
        f"{root} text{{fill:{INK[1].stroke}}}",
        f"{root} .glyph{{stroke:{INK[1].stroke}}}",
    ]
    if ringed:
        dark.append(f"{root} .ring{{stroke:{RING[1].stroke}}}")
    for name, look in looks.items():
        dark += _node_rules(f"{root} .node.{name}", look.dark.fill, look.dark.stroke)
    dark += _frame_rules(root, dark=True) if framed else []
    for name, stroke in STROKES.items():
        dark += _edge_rules(f"{root} .edge.{name}", stroke.dark)
    return "\n" + "\n".join([*rules, "@media (prefers-color-scheme:dark){", *dark, "}"]) + "\n"


def _node_rules(selector: str, fill: str, stroke: str) -> list[str]:
    return [
        f"{selector} .shape{{fill:{fill};stroke:{stroke}}}",
        f"{selector} .outline{{fill:none;stroke:{stroke}}}",
    ]


def _frame_rules(root: str, *, dark: bool) -> list[str]:
    """A frame has the colour of the verdict that everything in it shares, unless all is well."""
    looks = {
        "": OP,
        **{
            f".{verdict}": look for verdict, look in LOOKS.items() if verdict is not Verdict.REACHED
        },
    }
    strokes = {name: (look.dark if dark else look.light).stroke for name, look in looks.items()}
    return [
        f"{root} .cluster text{{stroke:{INK[dark].fill}}}",
        *(
            rule
            for name, stroke in strokes.items()
            for rule in (
                f"{root} .cluster{name} .frame{{fill:{stroke};stroke:{stroke}}}",
                f"{root} .cluster{name} .pile{{stroke:{stroke}}}",
            )
        ),
    ]


def _edge_rules(selector: str, stroke: str) -> list[str]:
    return [
        f"{selector} path,{selector} polyline{{stroke:{stroke}}}",
        f"{selector} polygon{{fill:{stroke};stroke:{stroke}}}",
    ]


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
