"""The picture: the autograd graph as torchviz draws it, with verdicts, cuts and what they prune on top."""

from collections.abc import Mapping, Sequence

import graphviz

from gradviz.layout import lay_out
from gradviz.render import text_width
from gradviz.render.embed import embed
from gradviz.render.sentences import headline
from gradviz.render.sketch import Item, Line, Sketch, Sort, look_of, sketch, spine
from gradviz.render.style import GHOST, INK, STROKES
from gradviz.render.torchviz_drawing import draw
from gradviz.reports import Report

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
    # engines count the bytes of a text, measure it in another font, or blow an octagon up around it: they get boxes of plain letters
    dot = _styled(content, {item.key: {"shape": "box", "label": label(text_width.stand_ins(item.lines))} for item in content.items})
    return embed(lay_out(dot.source, engine=engine).decode(), report, content)


def drawing(report: Report) -> graphviz.Digraph:
    """Return the picture of ``report`` for Graphviz to carry: the same graph with the headline above it."""
    dot = _styled(sketch(report), {})
    dot.graph_attr["bgcolor"] = INK[0].fill  # its colours are those of the light scheme
    dot.attr(label=label(text_width.wrapped(headline(report), 60)), labelloc="t", labeljust="l", fontname=FONT, fontsize=str(SIZE + 3))
    return dot


def _styled(content: Sketch, instead: Mapping[str, Mapping[str, str]]) -> graphviz.Digraph:
    nodes = {item.key: {**node_attributes(item), **instead.get(item.key, {})} for item in content.items}
    straight = set(spine(content))
    edges: dict[tuple[str, str], list[dict[str, str]]] = {}
    for line in content.lines:
        edges.setdefault((line.source, line.target), []).append(edge_attributes(line) | ({"weight": "3"} if line in straight else {}))
    dot = draw(content, nodes, edges)
    dot.graph_attr.update(bgcolor="transparent", pad="0.05", nodesep="0.22", ranksep="0.24", rankdir="TB", outputorder="edgesfirst")
    dot.node_attr.update(fontname=FONT, fontsize=str(SIZE), margin="0.11,0.06", height="0.3")
    dot.edge_attr.update(arrowsize="0.7")
    joined = {key for pair in edges for key in pair}
    for item in content.items:
        if item.sort is not Sort.LOSS and item.key not in joined:
            dot.node(item.key, **nodes[item.key])
    return dot


def node_attributes(item: Item) -> dict[str, str]:
    """Return what Graphviz is told of a node."""
    look = look_of(item)
    border = look.border.replace("solid", "")
    if item.pruned:
        border = "rounded,dashed" if border == "rounded" else "dashed"
    return {
        "id": item.key,
        "class": classes(item),
        "label": label(item.lines),
        "shape": look.shape,
        "style": f"filled,{border}".rstrip(","),
        "fillcolor": look.light.fill + (f"{round(GHOST * 255):02x}" if item.pruned else ""),
        "color": look.light.stroke,
        "fontcolor": INK[0].stroke,
        "penwidth": f"{look.width:g}",
        "peripheries": str(look.borders),
    }


def edge_attributes(line: Line) -> dict[str, str]:
    """Return what Graphviz is told of an edge."""
    stroke = STROKES[line.stroke]
    return {
        "class": line.stroke,
        "color": stroke.light,
        "style": stroke.border,
        "penwidth": f"{stroke.width:g}",
        "dir": "back",
        "arrowtail": stroke.arrow,
    }


def classes(item: Item) -> str:
    """Return the classes of ``item``: its verdict or sort, and whether it was pruned."""
    names = [str(item.sort)] if item.sort is not Sort.TENSOR else []
    return " ".join([*names, *([str(item.verdict)] if item.verdict else []), *(["pruned"] if item.pruned else [])])


def label(lines: Sequence[str]) -> str:
    """Return lines of any text as a label that shows them as they are: Graphviz reads backslashes, entities and angle brackets."""
    escaped = [line.replace("\\", "\\\\").replace("&", "&amp;") for line in lines]
    label: str = graphviz.nohtml("\\n".join(escaped))
    return label
