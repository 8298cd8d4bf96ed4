"""The formats that a report can be written in, told by the name of the file."""

from collections.abc import Callable, Mapping
from pathlib import Path

from gradviz.comparing.diff import Difference
from gradviz.errors import OutputError
from gradviz.facts.findings import Findings
from gradviz.folding.boxes import View
from gradviz.layout import lay_out
from gradviz.render import difference as words
from gradviz.render import files
from gradviz.render.changes import changes
from gradviz.render.files import write
from gradviz.render.html import render_html
from gradviz.render.json import render_json
from gradviz.render.svg import drawing, render_svg
from gradviz.render.text import for_terminal

_USUAL = View()


def _svg(report: Findings, engine: str, view: View) -> str:
    return render_svg(report, view, engine=engine)


def _html(report: Findings, engine: str, view: View) -> str:
    return render_html(report)


def _json(report: Findings, engine: str, view: View) -> str:
    return render_json(report)


def _dot(report: Findings, engine: str, view: View) -> str:
    return str(drawing(report, view).source)


def _text(report: Findings, engine: str, view: View) -> str:
    return for_terminal(report)


def _picture(format: str) -> Callable[[Findings, str, View], bytes]:
    """Return a format that only ``dot`` can draw."""

    def draw(report: Findings, engine: str, view: View) -> bytes:
        return lay_out(_dot(report, engine, view), engine=engine, format=format)

    return draw


FORMATS: Mapping[str, Callable[[Findings, str, View], str | bytes]] = {
    ".svg": _svg,
    ".html": _html,
    ".json": _json,
    ".dot": _dot,
    ".txt": _text,
    ".png": _picture("png"),
    ".pdf": _picture("pdf"),
}
PICTURES = (".svg", ".dot", ".png", ".pdf")


def check(path: Path) -> None:
    """See that ``path`` names a format, and a file in a folder that is there, before the work that
    would be lost.

    Raises:
        OutputError: It does not.
    """
    files.check(path)
    if path.suffix.lower() not in FORMATS:
        raise OutputError(
            f"unknown format: {path.name!r} (the name must end in one of {', '.join(FORMATS)})"
        )


def save(
    report: Findings,
    path: Path,
    *,
    engine: str = "auto",
    view: View = _USUAL,
    command: str = "",
) -> None:
    """Write the report to ``path``, in the format that its name ends in.

    Args:
        report: What is written.
        path: Where.
        engine: What lays out a picture.
        view: How much a picture shows.
        command: What made it, for the corner of a page.

    Raises:
        OutputError: The format is unknown, or the file cannot be written.
        EngineError: No engine could draw it.
    """
    check(path)
    ending = path.suffix.lower()
    if ending == ".html":
        write(path, render_html(report, command=command))
    else:
        write(path, FORMATS[ending](report, engine, view))


def save_picture(report: Findings, path: Path, svg: str, *, view: View = _USUAL) -> None:
    """Write a picture to ``path``: ``svg``, unless the name ends in ``.png`` or ``.pdf``.

    Raises:
        OutputError: The name ends in something else, or the file cannot be written.
        EngineError: ``dot``, which draws the other formats, is not there.
    """
    ending = path.suffix.lower()
    if ending in (".png", ".pdf"):
        write(path, FORMATS[ending](report, "auto", view))
    elif ending in ("", ".svg"):
        write(path, svg)
    else:
        raise OutputError(
            f"cannot write {path.name!r} as a picture: the name must end in .svg, .png or .pdf"
        )


def save_difference(
    difference: Difference,
    before: Findings,
    after: Findings,
    path: Path,
    *,
    engine: str = "auto",
    view: View = _USUAL,
) -> None:
    """Write what differs between two reports to ``path``, in the format that its name ends in.

    As a picture, or in words.

    Raises:
        OutputError: The format is unknown, or the file cannot be written.
        EngineError: No engine could draw it.
    """
    check(path)
    ending = path.suffix.lower()
    content: str | bytes
    if ending == ".json":
        content = words.render_difference_json(difference)
    elif ending == ".txt":
        content = words.render_difference(difference, before, after)
    else:
        part, old, new = words.pictured(difference, before, after)
        marks = changes(part, old, new)
        if ending in (".svg", ".html"):
            content = render_svg(new, view, engine=engine, changes=marks)
            if ending == ".html":
                content = words.render_difference_html(
                    content, marks.headline, words.render_difference(difference, before, after)
                )
        else:
            content = str(drawing(new, view, marks).source)
            if ending != ".dot":
                content = lay_out(content, engine=engine, format=ending[1:])
    write(path, content)
