"""The report of one loss: what the analysis found, as plain data that knows how to show itself.

The methods hand over to ``gradviz.render`` when they are called, so that building a report pulls in no renderer.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from gradviz.fold import View
from gradviz.graph import Cut, Graph, Leaf, Parameters, Place
from gradviz.training.facts import Training

if TYPE_CHECKING:
    from rich.text import Text

    from gradviz.notebook import Page

_USUAL = View()


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of the gradient of one loss, for every parameter. Read-only.

    Attributes:
        loss: Name of the loss: ``"loss"``, or the key it was given under.
        place: Where the loss was made; of a call that a run watched, where backward() was called.
        parameters: Every parameter of the model by name, in the model's order.
        cuts: What severs, in a stable order; those behind which a parameter lies.
        unregistered: Leaves outside the model that gradient reaches.
        graph: The graph, with verdicts, pruned parts and cuts marked.
        notes: What else is worth knowing, a sentence each.
        losses: Where several losses were given, one report for each by name; else empty.
        torch: Version of torch that ran the step.
        training: Whether the parameters train; None where nothing was watched that could tell.
    """

    loss: str = "loss"
    place: Place | None = None
    parameters: Parameters = field(default_factory=lambda: Parameters(()))
    cuts: tuple[Cut, ...] = ()
    unregistered: tuple[Leaf, ...] = ()
    graph: Graph = field(default_factory=lambda: Graph((), ()))
    notes: tuple[str, ...] = ()
    losses: "Mapping[str, Report]" = field(default_factory=dict)
    torch: str = ""
    training: Training | None = None

    def __str__(self) -> str:
        """Return the explanation: in colour for a terminal that is not told NO_COLOR, else plain."""
        from gradviz.render.text import render_coloured, render_text

        coloured = sys.stdout is not None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
        return render_coloured(self) if coloured else render_text(self)

    def __rich__(self) -> "Text":
        from gradviz.render.text import styled

        return styled(self)

    def to_dot(self, *, view: View = _USUAL) -> str:
        """Return the drawing as DOT source, folded as in :meth:`to_svg`."""
        from gradviz.render.svg import drawing

        return str(drawing(self, view).source)

    def to_svg(self, path: str | PathLike[str] | None = None, *, engine: str = "auto", view: View = _USUAL) -> str:
        """Return the picture as SVG, and write it to ``path`` if one is given. A large graph is folded, and the picture says so.

        Args:
            path: Where to write it. A name that ends in ``.png`` or ``.pdf`` gets a picture of that
                format, which ``dot`` draws.
            engine: ``"auto"`` (``dot`` if it is on PATH, else the embedded one), ``"dot"`` or ``"embedded"``.
            view: How much is folded, and on which ground: ``gradviz.View(budget=300)``,
                ``gradviz.View(open=("layers.3.*",))``, ``gradviz.View(scheme="dark")``.

        Raises:
            OutputError: The file cannot be written, or its name is that of another format.
            EngineError: No engine could draw it.
        """
        from gradviz.render.formats import save_picture
        from gradviz.render.svg import render_svg

        text = render_svg(self, view, engine=engine)
        if path is not None:
            save_picture(self, Path(path), text, view=view)
        return text

    def to_json(self, path: str | PathLike[str] | None = None) -> str:
        """Return the report as JSON, and write it to ``path`` if one is given.

        Raises:
            OutputError: The file cannot be written.
        """
        from gradviz.render.files import write
        from gradviz.render.json import render_json

        text = render_json(self)
        if path is not None:
            write(Path(path), text)
        return text

    def to_html(self, path: str | PathLike[str] | None = None) -> str:
        """Return one self-contained page of HTML to explore the graph in, and write it to ``path`` if one is given.

        Raises:
            OutputError: The file cannot be written.
        """
        from gradviz.render.files import write
        from gradviz.render.html import render_html

        text = render_html(self)
        if path is not None:
            write(Path(path), text)
        return text

    def page(self, *, height: int = 640) -> "Page":
        """Return what a notebook shows as the page, in a sandboxed frame of ``height`` pixels."""
        from gradviz.notebook import Page

        return Page(self, height)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from gradviz.notebook import mimebundle

        return mimebundle(self)
