"""From the SVG of a layout engine to one that is fit to embed.

In a page beside others, on a light ground or a dark one.

It has a viewBox and no size, a title and a description for those who cannot see it, identifiers and
style rules that reach nothing outside it, a style sheet for both schemes, a ground of its own that
goes with the scheme, no script and no outside font. The headline stands above the graph, then the
legend.
"""

import hashlib
from collections.abc import Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from gradviz.facts.findings import Findings
from gradviz.graph import Verdict
from gradviz.render.legend import add_legend, entries_of
from gradviz.render.marks import draw_mark
from gradviz.render.scene import DrawnFrame, Scene
from gradviz.render.sentences import (
    Word,
    began,
    counted,
    cut_at,
    listing,
    printable,
    starred,
    wording,
)
from gradviz.render.sketch import Item, Sketch, look_of
from gradviz.render.style import FONTS, style_sheet
from gradviz.render.svg_parts import (
    CHAMFER,
    MARGIN,
    add_notch,
    add_paragraph,
    add_ring,
    brief,
    extent,
    fit,
    points_of,
)
from gradviz.render.text_width import width
from gradviz.system.short_places import base_name

SVG = "http://www.w3.org/2000/svg"
NARROWEST = 416.0  # a headline needs some room
NARROWEST_FRAMED = 620.0  # where modules are told by their whole path
HEADLINE, SMALL = 14.0, 10.5  # font sizes
PILE = 3, 6  # how far the frames below the upmost one look out
# From the bottom: what is written on a frame lies above the lines that pass there
_LAYERS = ("edge", "cluster", "node")


def embed(laid_out: str, report: Findings, scene: Scene) -> str:
    """Return the picture of ``report`` around the graph in ``laid_out``, an engine's SVG of
    ``scene``.
    """
    words = wording([report])
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
        filter(None, [_description(report, words), note])
    )
    SubElement(root, "style").text = style_sheet(
        f"#{prefix}", framed=bool(frames), ringed=any(item.change for item in content.items)
    )
    y = add_paragraph(root, title, wide, MARGIN, HEADLINE, "headline")
    if note:
        y = add_paragraph(root, note, wide, y, SMALL, "note")
    y = add_legend(root, entries_of(content, words), wide, y)
    graph.set(
        "transform",
        f"translate({brief(MARGIN + (wide - graph_width) / 2)} {brief(y)})"
        f" {graph.get('transform', '')}".strip(),
    )
    root.append(graph)
    root.set("viewBox", f"0 0 {brief(wide + 2 * MARGIN)} {brief(y + graph_height + MARGIN)}")
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _graph(picture: Element) -> tuple[Element, float, float]:
    """Return the group that holds the graph, and its size. Without the ground that some engines
    paint.
    """
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
            _clean_node(group, items[key])
            if title is not None:
                title.text = items[key].about
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


def _clean_node(group: Element, item: Item) -> None:
    """Give the box of an item its classes, its marks and its text."""
    area = extent(*group)
    for shape in group:
        if shape.tag not in ("title", "text"):
            shape.set("class", "outline" if shape.get("fill") == "none" else "shape")
        if shape.tag == "polygon" and look_of(item).shape == "octagon":
            shape.set("points", points_of(extent(shape), CHAMFER))
    if item.partial:
        add_notch(group, area)
    if item.change:
        add_ring(group, area)
    _write(group, item)


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
    for position, (text, line) in enumerate(zip(group.findall("text"), item.lines, strict=True)):
        text.text = line
        text.set("class", "name" if position < item.names else "detail")
        fit(text)
        if position == 0 and item.aside:
            _set_aside(group, text, item.aside)
        draw_mark(group, text)


def _write_frame(group: Element, name: str, aside: str) -> None:
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
        text.text = name + aside
        text.set("class", "name")
        fit(text)
        if aside:
            _set_aside(group, text, aside)


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
        part.set("x", brief(x))
        part.attrib.pop("textLength", None)
        fit(part)
    group.insert(list(group).index(text) + 1, rest)


def _description(report: Findings, words: Mapping[Verdict, Word]) -> str:
    """Return the report for those who cannot see the picture."""
    sentences = [
        "The autograd graph of one backward call, the loss at the bottom, the parameters above."
    ]
    for verdict in Verdict:
        names = [
            name for name, parameter in report.parameters.items() if parameter.verdict is verdict
        ]
        if names:
            paths = [printable(path) for path in starred(names, report.parameters)]
            word, meaning = words[verdict]
            sentences.append(f"{word.capitalize()} ({meaning}): {listing(paths, 12)}.")
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
