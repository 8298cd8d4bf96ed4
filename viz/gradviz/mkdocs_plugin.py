"""The MkDocs plugin ``gradviz``.

The picture or the report of a step, made while the documentation is built.

A fenced block names a function that returns ``(loss, model)`` or a loss, and the arguments for it,
or holds a program that leaves them:

    ```gradviz gradviz.article:step mode=detach
    ```

``format`` is one or several of ``svg text``, and ``alt`` takes the place of the headline as the
alternative text.
"""

import hashlib
import re
import shlex
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File, Files
from mkdocs.utils import get_relative_url

from gradviz.errors import GradvizError
from gradviz.folding.boxes import View
from gradviz.render.scheme import in_scheme
from gradviz.render.sentences import headline
from gradviz.render.text import render_text

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

    from gradviz.reports import Report

FORMATS = ("svg", "text")
WIDTH = 78  # columns of text that a page has room for

_BLOCK = re.compile(
    r"^(?P<fence>`{3,})gradviz(?P<words>[^\n`]*)\n(?P<program>.*?)^(?P=fence)[ \t]*$",
    re.DOTALL | re.MULTILINE,
)


class GradvizPlugin(BasePlugin):  # type: ignore[type-arg,no-untyped-call]  # there is nothing to configure
    """Replaces the fenced blocks of a page by what became of the gradients."""

    def on_page_markdown(
        self, markdown: str, *, page: "Page", config: "MkDocsConfig", files: Files
    ) -> str:
        """Return a page in which every block is replaced by what tracing it showed.

        Raises:
            PluginError: One cannot be traced; names the document and the line.
        """
        whole = page.file.content_string
        # Lines of front matter
        before = (
            whole[: whole.rfind(markdown.rstrip())].count("\n") if markdown.strip() in whole else 0
        )

        def replaced(match: re.Match[str]) -> str:
            line = before + markdown[: match.start()].count("\n") + 1
            try:
                options, report = _traced(match, page.file.src_uri, line, Path(config["docs_dir"]))
                return "\n\n".join(
                    _shown(report, format, options, page, config, files)
                    for format in options["format"].split()
                )
            except (GradvizError, ValueError) as error:
                raise PluginError(f"{page.file.src_uri}:{line}: gradviz: {error}") from error

        return _BLOCK.sub(replaced, markdown)


def _traced(
    match: re.Match[str], document: str, line: int, folder: Path
) -> "tuple[dict[str, str], Report]":
    """Return the options of a block, and the report on its step."""
    from gradviz.running.steps import trace_function, trace_program

    words = shlex.split(match["words"])
    names = [word for word in words if "=" not in word]
    arguments = dict(word.split("=", 1) for word in words if "=" in word)
    options = {"format": arguments.pop("format", "svg"), "alt": arguments.pop("alt", "")}
    wrong = [format for format in options["format"].split() or [""] if format not in FORMATS]
    if wrong:
        raise GradvizError(f"unknown format: {wrong[0]!r} (choose from {', '.join(FORMATS)})")
    program = match["program"].splitlines()
    if (len(names) == 1) == bool(program) or len(names) > 1:
        raise GradvizError("give either one function, package.module:function, or a program below")
    if program:
        if arguments:
            raise GradvizError(
                f"{next(iter(arguments))}= is handed to a function, and there is none here"
            )
        return options, trace_program(program, document, line)
    file, colon, function = names[0].rpartition(":")
    name = (
        f"{(folder / document).parent / file}{colon}{function}"
        if file.endswith(".py")
        else names[0]
    )
    return options, trace_function(name, **arguments)


def _shown(
    report: "Report",
    format: str,
    options: dict[str, str],
    page: "Page",
    config: "MkDocsConfig",
    files: Files,
) -> str:
    if format == "text":
        return f"```text\n{render_text(report, width=WIDTH)}```"
    svg = report.to_svg(engine="embedded", view=View(transparent=True))
    light, dark = (
        _add_picture(in_scheme(svg, scheme), page, config, files) for scheme in ("light", "dark")
    )
    alt = escape(options["alt"] or f"{headline(report)}.")
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{dark}"><img alt="{alt}"'
        f' src="{light}"></picture>'
    )


def _add_picture(svg: str, page: "Page", config: "MkDocsConfig", files: Files) -> str:
    """Add a picture to the site under a name that follows from its content.

    Return where it is, seen from the page.
    """
    uri = f"gradviz/{hashlib.sha256(svg.encode()).hexdigest()[:16]}.svg"
    if uri not in files.src_uris:
        files.append(File.generated(config, uri, content=svg))
    return get_relative_url(uri, page.url)
