"""How a report shows itself in a notebook: the picture and the text by itself, the page in a frame when it is asked for."""

from contextlib import suppress
from dataclasses import dataclass
from html import escape

from gradviz.errors import EngineError
from gradviz.findings import Findings
from gradviz.render.html import render_html
from gradviz.render.sentences import headline
from gradviz.render.svg import render_svg
from gradviz.render.text import for_terminal


def mimebundle(report: Findings) -> dict[str, str]:
    """Return what a notebook may show, by MIME type: the text, and the picture if an engine can draw it."""
    bundle = {"text/plain": for_terminal(report)}
    with suppress(EngineError):
        bundle["image/svg+xml"] = render_svg(report)
    return bundle


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a report in a frame of its own, which reaches nothing of the notebook around it. Read-only.

    Attributes:
        report: What to show.
        height: Of the frame, in pixels.
    """

    report: Findings
    height: int = 640

    def _repr_html_(self) -> str:
        page = escape(render_html(self.report))
        style = f"width:100%;height:{int(self.height)}px;border:1px solid #8b949e;border-radius:6px"
        return f'<iframe title="{escape(headline(self.report))}" sandbox="allow-scripts" style="{style}" srcdoc="{page}"></iframe>'

    def __repr__(self) -> str:
        return for_terminal(self.report)
