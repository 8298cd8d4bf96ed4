"""The picture: the autograd graph as torchviz draws it, with verdicts, cuts and what they prune on top."""

import graphviz

from gradviz.graph import Verdict
from gradviz.layout import lay_out
from gradviz.render import text_width
from gradviz.render.embed import embed
from gradviz.render.sentences import headline
from gradviz.render.sketch import Item, Line, Sketch, Sort, sketch
from gradviz.render.style import LOOKS, LOSS, OP, STROKES, Look
from gradviz.render.torchviz_drawing import draw
from gradviz.report import Report

FONT = "Courier"  # of the names that mean a fixed width, the one that every engine measures right
SIZE = 11  # points, one of which is one unit of the SVG


def render_svg(report: Report, *, engine: str = "auto") -> str:
    """Return the picture of ``report`` as a standalone SVG that is fit to embed.

    Args:
        report: What to draw.
        engine: One of :data:`gradviz.layout.ENGINES`.

    Raises:
        EngineError: No engine could draw it.
    """
    content = sketch(report)
    return embed(lay_out(_styled(content).source, engine=engine).decode(), report, content)


def drawing(report: Report) -> graphviz.Digraph:
    """Return the picture of ``report`` for Graphviz to carry: the same graph with the headline above it."""
    dot = _styled(sketch(report))
    headline_lines = text_width.wrapped(headline(report), 60)
    dot.attr(label=_label(headline_lines), labelloc="t", labeljust="l", fontname=FONT, fontsize=str(SIZE + 3))
    return dot


def _styled(content: Sketch) -> graphviz.Digraph:
    dot = draw(content)
    dot.strict = True  # a second statement on an edge adds to the first
    dot.graph_attr.update(bgcolor="transparent", pad="0.05", nodesep="0.22", ranksep="0.28", rankdir="TB", outputorder="edgesfirst")
    dot.node_attr.update(fontname=FONT, fontsize=str(SIZE), margin="0.11,0.06", height="0.3")
    dot.edge_attr.update(arrowsize="0.7")
    for item in content.items:
        dot.node(item.key, **_node_attributes(item))
    for line in content.lines:
        dot.edge(line.source, line.target, **_edge_attributes(line))
    return dot


def _node_attributes(item: Item) -> dict[str, str]:
    look = look_of(item)
    if item.sort is Sort.ACCUMULATE:
        return {"shape": "point", "width": "0.07", "height": "0.07", "id": item.key, "class": classes(item), "label": "", "tooltip": ""}
    border = look.border if look.border != "solid" else ""
    return {
        "id": item.key,
        "class": classes(item),
        "label": _label(item.lines),
        "width": f"{(text_width.widest(item.lines) * SIZE + 16) / 72:.3f}",
        "shape": look.shape,
        "style": ",".join(filter(None, ["filled", "dashed" if item.pruned and not border == "rounded" else border])),
        "fillcolor": look.light.fill,
        "color": look.light.stroke,
        "fontcolor": "#1f2328",
        "penwidth": f"{look.width:g}",
        "peripheries": str(look.borders),
    }


def _edge_attributes(line: Line) -> dict[str, str]:
    stroke = STROKES[line.stroke]
    return {
        "class": line.stroke,
        "color": stroke.light,
        "style": stroke.border,
        "penwidth": f"{stroke.width:g}",
        "dir": "both" if False else "back",
        "arrowtail": stroke.arrow,
        "arrowhead": "none",
    }


def look_of(item: Item) -> Look:
    """Return how ``item`` looks."""
    if item.verdict is not None:
        return LOOKS[item.verdict]
    return LOSS if item.sort is Sort.LOSS else OP


def classes(item: Item) -> str:
    """Return the classes of ``item``: its verdict or sort, and whether it was pruned."""
    names = [str(item.sort)] if item.sort is not Sort.TENSOR else []
    return " ".join([*names, *([str(item.verdict)] if item.verdict else []), *(["pruned"] if item.pruned else [])])


def _label(lines: list[str] | tuple[str, ...]) -> str:
    """Lines of any text as a label that shows them as they are: Graphviz reads backslashes, entities and angle brackets."""
    escaped = [line.replace("\\", "\\\\").replace("&", "&amp;") for line in lines]
    return graphviz.nohtml("\\n".join(escaped))
