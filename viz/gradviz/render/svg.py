"""The picture: the autograd graph as torchviz draws it, with verdicts, cuts and what they prune on top."""

from collections.abc import Mapping
from dataclasses import replace

import graphviz

from gradviz.blocks import by_block
from gradviz.errors import EngineError
from gradviz.findings import Findings
from gradviz.folding.boxes import View
from gradviz.layout import lay_out
from gradviz.render import text_width
from gradviz.render.attributes import FONT, SIZE, edge_attributes, label, node_attributes, ringed
from gradviz.render.changes import Changes
from gradviz.render.embed import embed
from gradviz.render.folded import PATIENCE, folded_drawing, render_folded
from gradviz.render.scheme import in_scheme, without_ground
from gradviz.render.sentences import headline
from gradviz.render.sketch import Sketch, Sort, sketch, spine
from gradviz.render.style import INK
from gradviz.render.torchviz_drawing import draw

NOT_WHOLE = "The whole graph could not be laid out, so it is folded. "
_USUAL = View()


def render_svg(report: Findings, view: View = _USUAL, *, engine: str = "auto", changes: Changes | None = None) -> str:
    """Return the picture of ``report`` as a standalone SVG that is fit to embed.

    Args:
        report: What to draw; folded, unless it is small.
        view: How much to fold, and on which ground.
        engine: One of :data:`gradviz.layout.ENGINES`.
        changes: What to mark, in a picture of what is new in ``report``.

    Raises:
        EngineError: No engine could draw it.
    """
    picture = in_scheme(_in_both_schemes(report, view, engine, changes), view.scheme)
    return without_ground(picture) if view.transparent else picture


def _in_both_schemes(report: Findings, view: View, engine: str, changes: Changes | None) -> str:
    report = by_block(report)
    if not view.shows_all_of(report.graph):
        return render_folded(report, view, engine=engine, changes=changes)
    content = sketch(report) if changes is None else changes.mark(sketch(report))
    # engines count the bytes of a text, measure it in another font, or blow an octagon up around it: they get boxes of plain letters
    dot = _styled(content, {item.key: {"shape": "box", "label": label(text_width.stand_ins(item.lines))} for item in content.items})
    try:
        laid_out = lay_out(dot.source, engine=engine, timeout=PATIENCE)
    except EngineError:
        return render_folded(report, replace(view, budget=len(report.graph.nodes) // 3), engine=engine, tried=NOT_WHOLE, changes=changes)
    return embed(laid_out.decode(), report, content, title=changes.headline if changes else headline(report))


def drawing(report: Findings, view: View | None = None, changes: Changes | None = None) -> graphviz.Digraph:
    """Return the picture of ``report`` for Graphviz to carry: the same graph with the headline above it; folded only by a ``view``."""
    report = by_block(report)
    if view is not None and not view.shows_all_of(report.graph):
        return folded_drawing(report, view, changes)
    content = sketch(report) if changes is None else changes.mark(sketch(report))
    title = changes.headline if changes else headline(report)
    dot = _styled(content, {item.key: ringed(item) for item in content.items})
    dot.graph_attr["bgcolor"] = INK[0].fill  # its colours are those of the light scheme
    dot.attr(label=label(text_width.wrapped(title, 60)), labelloc="t", labeljust="l", fontname=FONT, fontsize=str(SIZE + 3))
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
