"""The formats that a report can be written in, told by the name of the file."""

from collections.abc import Callable, Mapping
from pathlib import Path

from gradviz.diff import Difference
from gradviz.errors import OutputError
from gradviz.fold import View
from gradviz.reports import Report

_USUAL = View()


def _svg(report: Report, engine: str, view: View) -> str:
    return report.to_svg(engine=engine, view=view)


def _html(report: Report, engine: str, view: View) -> str:
    return report.to_html()


def _json(report: Report, engine: str, view: View) -> str:
    return report.to_json()


def _dot(report: Report, engine: str, view: View) -> str:
    return report.to_dot(view=view)


def _text(report: Report, engine: str, view: View) -> str:
    return str(report)


def _picture(format: str) -> Callable[[Report, str, View], bytes]:
    """A format that only ``dot`` can draw."""

    def draw(report: Report, engine: str, view: View) -> bytes:
        from gradviz.layout import lay_out

        return lay_out(report.to_dot(view=view), engine=engine, format=format)

    return draw


FORMATS: Mapping[str, Callable[[Report, str, View], str | bytes]] = {
    ".svg": _svg,
    ".html": _html,
    ".json": _json,
    ".dot": _dot,
    ".txt": _text,
    ".png": _picture("png"),
    ".pdf": _picture("pdf"),
}


def check(path: Path) -> None:
    """See that ``path`` names a format and no folder, before the work that would be lost.

    Raises:
        OutputError: It does not.
    """
    if path.is_dir():
        raise OutputError(f"cannot write {str(path)!r}: it is a folder. Name a file in it, such as {str(path / 'graph.svg')!r}")
    if path.suffix.lower() not in FORMATS:
        raise OutputError(f"unknown format: {path.name!r} (the name must end in one of {', '.join(FORMATS)})")


def save(report: Report, path: Path, *, engine: str = "auto", view: View = _USUAL) -> None:
    """Write the report to ``path``, in the format that its name ends in.

    Raises:
        OutputError: The format is unknown, or the file cannot be written.
        EngineError: No engine could draw it.
    """
    from gradviz.render.files import write

    check(path)
    write(path, FORMATS[path.suffix.lower()](report, engine, view))


def save_picture(report: Report, path: Path, svg: str, *, view: View = _USUAL) -> None:
    """Write a picture to ``path``: ``svg``, unless the name ends in ``.png`` or ``.pdf``.

    Raises:
        OutputError: The name is that of another format, or the file cannot be written.
        EngineError: ``dot``, which draws the other formats, is not there.
    """
    from gradviz.render.files import write

    ending = path.suffix.lower()
    if ending in (".png", ".pdf"):
        write(path, FORMATS[ending](report, "auto", view))
    elif ending in FORMATS and ending != ".svg":
        raise OutputError(f"cannot write {path.name!r} as a picture: the name must end in .svg, .png or .pdf")
    else:
        write(path, svg)


def save_difference(
    difference: Difference, before: Report, after: Report, path: Path, *, engine: str = "auto", view: View = _USUAL
) -> None:
    """Write what differs between two reports to ``path``, in the format that its name ends in: as a picture, or in words.

    Raises:
        OutputError: The format is unknown, or the file cannot be written.
        EngineError: No engine could draw it.
    """
    from gradviz.layout import lay_out
    from gradviz.render import difference as words
    from gradviz.render.changes import changes
    from gradviz.render.files import write
    from gradviz.render.svg import drawing, render_svg

    check(path)
    ending = path.suffix.lower()
    content: str | bytes
    if ending == ".json":
        content = words.render_difference_json(difference)
    elif ending == ".txt":
        content = words.render_difference(difference, before, after)
    else:
        one, old, new = words.pictured(difference, before, after)
        marks = changes(one, old, new)
        if ending in (".svg", ".html"):
            content = render_svg(new, view, engine=engine, changes=marks)
            if ending == ".html":
                content = words.render_difference_html(content, marks.headline, words.render_difference(difference, before, after))
        else:
            content = str(drawing(new, view, marks).source)
            if ending != ".dot":
                content = lay_out(content, engine=engine, format=ending[1:])
    write(path, content)
