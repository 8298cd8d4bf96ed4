"""The Sphinx directive ``gradviz``.

The picture or the report of a step, made while the documentation is built.

    .. gradviz:: package.module:function
       :mode: detach
       :format: svg
       :caption: What it shows.
       :alt: What it shows, for those who cannot see it.

The function returns ``(loss, model)`` or a loss; ``:mode:`` is handed to it as ``mode``.
``:before:`` names another function, and shows what differs from it; ``:depth:`` says how deep
modules are opened. In place of a name, the content may be a program that leaves ``loss``, and
``model`` if it has one. ``:format:`` is one or several of ``svg text table``; the table has a
column for each loss. HTML shows the picture in the scheme of the page, LaTeX a PDF where Graphviz's
``dot`` is installed, everything else the report as text.
"""

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.addnodes import only
from sphinx.util.docutils import SphinxDirective

from gradviz.comparing.diff import compare
from gradviz.errors import GradvizError
from gradviz.folding.boxes import View
from gradviz.layout import lay_out
from gradviz.render.changes import changes
from gradviz.render.difference import render_difference
from gradviz.render.names import fold_names
from gradviz.render.scheme import in_scheme
from gradviz.render.sentences import fate_of, headline
from gradviz.render.svg import drawing, render_svg
from gradviz.render.text import render_text
from gradviz.system import atomic
from gradviz.system.grouped import grouped
from gradviz.version import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from gradviz.reports import Report

FORMATS = ("svg", "text", "table")
WIDTH = 78  # columns of text that a page has room for

STYLE = """\
img.gradviz{max-width:100%;height:auto}
img.gradviz-dark{display:none}
[data-theme=dark] img.gradviz-light{display:none}
[data-theme=dark] img.gradviz-dark{display:inline}
@media (prefers-color-scheme:dark){
[data-theme=auto] img.gradviz-light{display:none}
[data-theme=auto] img.gradviz-dark{display:inline}
}
"""


def formats(argument: str) -> tuple[str, ...]:
    """Return the formats that the option ``:format:`` asks for.

    Raises:
        ValueError: It asks for none, or for one that there is not.
    """
    given = tuple(argument.split())
    wrong = next((form for form in given if form not in FORMATS), None)
    if wrong is not None or not given:
        raise ValueError(f"unknown format: {wrong or ''!r} (choose from {', '.join(FORMATS)})")
    return given


class GradvizDirective(SphinxDirective):
    """Trace a step and show what became of its gradients."""

    optional_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {
        "mode": directives.unchanged_required,
        "before": directives.unchanged_required,
        "depth": directives.nonnegative_int,
        "format": formats,
        "caption": directives.unchanged_required,
        "alt": directives.unchanged_required,
        "hide-code": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        """Trace the step, and return what every builder is to show of it.

        Raises:
            docutils.parsers.rst.DirectiveError: It cannot be traced or drawn. The error points to
                the directive.
        """
        if bool(self.arguments) == bool(self.content):
            raise self.error(
                "gradviz: give either a function, as in '.. gradviz:: package.module:function', or"
                " a program below"
            )
        try:
            report = self._function(self.arguments[0]) if self.arguments else self._program()
            shown = self._shown(
                report, self._function(self.options["before"]) if "before" in self.options else None
            )
        except GradvizError as error:
            raise self.error(f"gradviz: {error}") from error
        if self.content and "hide-code" not in self.options:
            code = "\n".join(self.content)
            shown.insert(0, nodes.literal_block(code, code, language="python"))
        return shown

    def _function(self, name: str) -> "Report":
        from gradviz.running.steps import trace_function

        file, colon, function = name.rpartition(":")
        if file.endswith(".py"):
            path = Path(self.env.relfn2path(file)[1])
            name = f"{path}{colon}{function}"
            self.env.note_dependency(str(path))
        report = trace_function(
            name, **({"mode": self.options["mode"]} if "mode" in self.options else {})
        )
        module = sys.modules.get(file)
        if module is not None and module.__file__:
            self.env.note_dependency(module.__file__)
        return report

    def _program(self) -> "Report":
        from gradviz.running.steps import trace_program

        if "mode" in self.options:
            raise self.error("gradviz: :mode: is handed to a function, and there is none here")
        document = str(self.env.doc2path(self.env.docname, base=False))
        return trace_program(list(self.content), document, self._lines_before())

    def _lines_before(self) -> int:
        """Return how many lines of the document come before the content.

        reStructuredText counts from its beginning, MyST from the directive.
        """
        document = (
            Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8").splitlines()
        )
        content = [line.strip() for line in self.content]
        for before in (self.content_offset, self.lineno + self.content_offset):
            if [line.strip() for line in document[before : before + len(content)]] == content:
                return int(before)
        return int(self.content_offset)

    def _shown(self, report: "Report", before: "Report | None") -> list[nodes.Node]:
        look = _Look(report, before, View(depth=self.options.get("depth"), transparent=True))
        ways: dict[str, Callable[[_Look], list[nodes.Node]]] = {
            "svg": self._picture,
            "text": self._text,
            "table": _table,
        }
        return [
            node for format in self.options.get("format", ("svg",)) for node in ways[format](look)
        ]

    def _picture(self, look: "_Look") -> list[nodes.Node]:
        """Return the picture where it can be shown, the text elsewhere."""
        svg = look.svg(self.config.gradviz_engine)
        pictures = [
            self._image(look, in_scheme(svg, scheme).encode(), "svg", scheme)
            for scheme in ("light", "dark")
        ]
        shown: list[nodes.Node] = [
            _only(
                "html",
                self._framed(pictures[:1] if self.env.app.builder.name == "epub" else pictures),
            )
        ]
        if shutil.which("dot"):
            pdf = lay_out(look.dot(), engine="dot", format="pdf")
            # the bytes of a PDF hold the time it was made, so its name is taken from what it shows
            picture = self._image(look, pdf, "pdf", "light", named_after=look.dot().encode())
            return [
                *shown,
                _only("latex", self._framed([picture])),
                _only("not html and not latex", *self._text(look)),
            ]
        return [*shown, _only("not html", *self._text(look))]

    def _image(
        self, look: "_Look", data: bytes, ending: str, scheme: str, named_after: bytes | None = None
    ) -> nodes.image:
        """Write a picture under a name that follows from its content, and return its node. Builds
        side by side then write the same.
        """
        name = hashlib.sha256(named_after or data).hexdigest()[:16]
        path = Path(self.env.doctreedir) / "gradviz" / f"{name}.{ending}"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic.replace(path, data)
        uri = "/" + Path(os.path.relpath(path, self.env.srcdir)).as_posix()
        alt = self.options.get("alt") or f"{look.headline}."
        image = nodes.image("", uri=uri, alt=alt, classes=["gradviz", f"gradviz-{scheme}"])
        size = re.search(rb'viewBox="0 0 ([\d.]+) ', data) if ending == "svg" else None
        if size:
            image["width"] = f"{round(float(size[1]))}px"
        return image

    def _framed(self, pictures: Sequence[nodes.image]) -> nodes.Node:
        """Return the pictures, with the caption below them."""
        figure = nodes.figure("", *pictures)
        if "caption" in self.options:
            inline, messages = self.state.inline_text(self.options["caption"], self.lineno)
            figure += [nodes.caption(self.options["caption"], "", *inline), *messages]
        self.set_source_info(figure)
        return figure

    @staticmethod
    def _text(look: "_Look") -> list[nodes.Node]:
        text = look.text()
        return [nodes.literal_block(text, text, language="none")]


class _Look:
    """What is shown: a report, or what differs from the one before it."""

    def __init__(self, report: "Report", before: "Report | None", view: View) -> None:
        self.report, self._before, self._view = report, before, view
        self._difference = None if before is None else compare(before, report)
        self._changes = (
            None
            if before is None or self._difference is None
            else changes(self._difference, before, report)
        )
        self.headline = self._changes.headline if self._changes else headline(report)

    def svg(self, engine: str) -> str:
        return render_svg(self.report, self._view, engine=engine, changes=self._changes)

    def dot(self) -> str:
        return str(drawing(self.report, self._view, self._changes).source)

    def text(self) -> str:
        if self._before is None or self._difference is None:
            return render_text(self.report, width=WIDTH)
        return render_difference(self._difference, self._before, self.report)


def _only(expression: str, *children: nodes.Node) -> nodes.Node:
    return only("", *children, expr=expression)


def _table(look: _Look) -> list[nodes.Node]:
    """Return a table of the verdicts: a row for the parameters that share them, a column for each
    loss.
    """
    report = look.report
    losses = report.losses or {report.loss: report}
    alike = grouped(
        (tuple(fate_of(own.parameters[name]) for own in losses.values()), name)
        for name in report.parameters
    )
    rows = [
        [str(group), *spellings]
        for spellings, names in alike.items()
        for group in fold_names(names, report.parameters)
    ]
    titles = ["parameter", *losses]
    columns = [
        nodes.colspec(colwidth=max(map(len, column))) for column in zip(titles, *rows, strict=True)
    ]
    head = nodes.thead("", _row(titles))
    body = nodes.tbody("", *map(_row, rows))
    return [nodes.table("", nodes.tgroup("", *columns, head, body, cols=len(columns)))]


def _row(cells: Sequence[str]) -> nodes.Node:
    return nodes.row("", *(nodes.entry("", nodes.paragraph(cell, cell)) for cell in cells))


def _add_style(app: "Sphinx") -> None:
    """Put the few rules of the pictures among the static files."""
    if app.builder.format == "html":
        folder = Path(app.doctreedir) / "gradviz" / "static"
        folder.mkdir(parents=True, exist_ok=True)
        atomic.replace(folder / "gradviz.css", STYLE.encode())
        app.config.html_static_path.append(str(folder))
        app.add_css_file("gradviz.css")


def setup(app: "Sphinx") -> Mapping[str, Any]:
    """Register the directive, and return what Sphinx asks of an extension."""
    app.add_directive("gradviz", GradvizDirective)
    app.add_config_value("gradviz_engine", "auto", "env", str)
    app.connect("builder-inited", _add_style)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
