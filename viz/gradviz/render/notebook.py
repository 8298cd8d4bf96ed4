"""How a report shows itself in a notebook.

The picture and the text by itself, the page in a frame when it is asked for.
"""

from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape

from gradviz.errors import EngineError
from gradviz.facts.findings import Findings
from gradviz.render.html import render_html
from gradviz.render.page_patches import PagePatch
from gradviz.render.sentences import headline
from gradviz.render.svg import render_svg
from gradviz.render.text import for_terminal, render_text

_SCALE = 1.25  # of a picture, so that its text is as large as that of a notebook


def mimebundle(report: Findings) -> dict[str, str]:
    """Return what a notebook may show, by MIME type.

    A few lines, and the picture with the report below if an engine can draw it.
    """
    bundle = {"text/plain": repr(report)}
    with suppress(EngineError):
        svg = render_svg(report)
        wide = round(_SCALE * float(svg.partition('viewBox="0 0 ')[2].split()[0]))
        picture = (
            f'<img style="width:100%;max-width:{wide}px" alt="{escape(headline(report))}"'
            f' src="data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}">'
        )
        text = escape(render_text(report))
        bundle["image/svg+xml"] = svg
        bundle["text/html"] = f'{picture}<pre style="font-family:monospace">{text}</pre>'
    return bundle


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a report in a frame of its own, which reaches nothing of the notebook around it.

    Read-only.

    Attributes:
        report: What to show.
        height: Of the frame, in pixels.
        patches: Changes of the code whose effect was measured, to show with it.
    """

    report: Findings
    height: int = 640
    patches: Sequence[PagePatch] = ()

    def _repr_html_(self) -> str:
        page = escape(render_html(self.report, patches=self.patches))
        style = f"width:100%;height:{int(self.height)}px;border:1px solid #8b949e;border-radius:6px"
        return (
            f'<iframe title="{escape(headline(self.report))}" sandbox="allow-scripts"'
            f' style="{style}" srcdoc="{page}"></iframe>'
        )

    def __repr__(self) -> str:
        return for_terminal(self.report)
