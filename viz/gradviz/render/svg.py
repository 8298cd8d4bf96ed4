"""The picture.

The autograd graph as torchviz draws it, or folded, with verdicts, cuts and what they prune on top.
"""

from contextlib import suppress
from dataclasses import replace

import graphviz

from gradviz.errors import EngineError
from gradviz.facts.blocks import by_block
from gradviz.facts.findings import Findings
from gradviz.folding.boxes import View
from gradviz.layout import lay_out
from gradviz.render.changes import Changes
from gradviz.render.dot import to_carry, to_lay_out
from gradviz.render.embed import embed
from gradviz.render.scene import Scene, scene
from gradviz.render.scheme import in_scheme, without_ground
from gradviz.system.collector import holding

PATIENCE = 20.0  # seconds for one layout; a folded graph takes a hundredth of it
WIDE = 1400.0  # units that fit on a page
FEWEST = 8  # boxes of the last attempt
NOT_WHOLE = "The whole graph could not be laid out, so it is folded. "
_USUAL = View()


@holding
def render_svg(
    report: Findings, view: View = _USUAL, *, engine: str = "auto", changes: Changes | None = None
) -> str:
    """Return the picture of ``report`` as a standalone SVG that is fit to embed.

    Where the engine gives up, the graph is folded further, and the picture says so.

    Args:
        report: What to draw; folded, unless it is small.
        view: How much to fold, and on which ground.
        engine: One of :data:`gradviz.layout.ENGINES`.
        changes: What to mark, in a picture of what is new in ``report``.

    Raises:
        EngineError: No engine could draw even the smallest.
    """
    report = by_block(report)
    shown, laid_out = _laid_out(report, view, engine, changes)
    picture = in_scheme(embed(laid_out, report, shown), view.scheme)
    return without_ground(picture) if view.transparent else picture


def drawing(
    report: Findings, view: View | None = None, changes: Changes | None = None
) -> graphviz.Digraph:
    """Return the picture of ``report`` for Graphviz to carry.

    The same graph with the headline above it; folded only by a ``view``.
    """
    report = by_block(report)
    everything = View(budget=max(len(report.graph.nodes), 1))
    return to_carry(scene(report, view or everything, changes))


def _laid_out(
    report: Findings, view: View, engine: str, changes: Changes | None
) -> tuple[Scene, str]:
    """Return what is shown and an engine's SVG of it: as much as the engine can lay out."""
    tried = ""
    while True:
        shown = scene(report, view, changes, tried=tried)
        try:
            return shown, _lay_out(shown, engine)
        except EngineError:
            if shown.is_whole:
                tried = NOT_WHOLE
                view = replace(view, budget=len(report.graph.nodes) // 3)
                continue
            boxes = sum(item.change != "went" for item in shown.sketch.items)
            if boxes <= FEWEST or (tried and view.budget <= FEWEST):
                raise
            tried = f"{boxes:,} boxes could not be laid out, so more is folded. "
            view = replace(
                view, budget=max(FEWEST, min(view.budget, boxes) // 3), depth=None, open=()
            )


def _lay_out(shown: Scene, engine: str) -> str:
    """Return the picture that is laid out in the way that is not too wide.

    Frames one below the other, or else, what is in them.

    What is in a frame and linked by way of something outside stands side by side, unless ranks go
    across frames.
    """
    dot = to_lay_out(shown)
    laid_out = lay_out(dot.source, engine=engine, timeout=PATIENCE).decode()
    if shown.is_whole or _width(laid_out) <= WIDE:
        return laid_out
    dot.graph_attr["newrank"] = "true"
    with suppress(EngineError):
        return min(
            laid_out, lay_out(dot.source, engine=engine, timeout=PATIENCE).decode(), key=_width
        )
    return laid_out


def _width(svg: str) -> float:
    return float(svg.partition('viewBox="')[2].split()[2])
