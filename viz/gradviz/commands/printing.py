"""Reports as commands read and print them."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from gradviz.errors import ReportFileError
from gradviz.folding.boxes import View
from gradviz.system.misplaced import REPORT, likely, way_out
from gradviz.system.voice import say

if TYPE_CHECKING:
    from rich.console import Console

    from gradviz.reports import Report


class UnreadError(Exception):
    """Nobody reads standard output any more.

    Of a BrokenPipeError click and rich make exit status 1, which means something else here.
    """


@contextmanager
def shown(file: Path) -> Iterator[None]:
    """Show what a file says, or say that it cannot be shown: what it says may be in order piece by
    piece and make no sense together.
    """
    try:
        yield
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        if isinstance(error, OSError | UnicodeError):
            raise
        raise ReportFileError(
            f"broken report: what {str(file)!r} says of its graph cannot be shown ({error!r})"
        ) from error


def read(file: Path, wanted: str = REPORT) -> "Report":
    """Return the report that a file holds.

    Raises:
        ReportFileError: It holds none; ``wanted`` is what the command takes.
    """
    from gradviz.reports import read_json

    misplaced = way_out(str(file), wanted)
    if misplaced:
        raise ReportFileError(misplaced)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        if isinstance(error, FileNotFoundError):
            meant = likely(str(file))
            writes = "gradviz run -o report.json train.py writes one"
            reason = f"there is no such file; {f'did you mean {meant}?' if meant else writes}"
        raise ReportFileError(f"cannot read {str(file)!r}: {reason}") from None
    try:
        return read_json(text)
    except ReportFileError as error:
        raise ReportFileError(f"cannot read {str(file)!r}: {error}") from None


def finish(report: "Report", output: Path | None, engine: str, view: View) -> None:
    """Print the report, or write it where the user said."""
    from gradviz.render.command_line import command_line
    from gradviz.render.formats import save
    from gradviz.render.text import styled

    say_what_draws_nothing(view, output)
    if output is None:
        console = console_of_output()
        console.print(
            styled(report, width=console.width if console.is_terminal else None),
            end="",
            soft_wrap=True,
        )
    else:
        save(report, output, engine=engine, view=view, command=command_line())
        say_wrote(output)


def say_what_draws_nothing(
    view: View, output: Path | None, pictures: Sequence[str] | None = None
) -> None:
    """Say which options about a picture were given in vain, as none is drawn.

    Args:
        view: What the options say of a picture.
        output: The file that is written; None where the answer is printed.
        pictures: Endings of files that the options act upon; unless given, those of all pictures.
    """
    from gradviz.render.formats import PICTURES

    endings = PICTURES if pictures is None else pictures
    if output is not None and output.suffix.lower() in endings:
        return
    usual = View()
    given = [
        f"--{field.name}"
        for field in fields(View)
        if getattr(view, field.name) != getattr(usual, field.name)
    ]
    if given:
        change = "changes" if len(given) == 1 else "change"
        page = output is not None and output.suffix.lower() == ".html"
        way = "; in the page a click opens a module" if page else ""
        say(
            f"gradviz: {' and '.join(given)} {change} nothing here: it takes -o with a picture"
            f" ({' '.join(endings)}){way}\n"
        )


def write(path: Path, content: str) -> None:
    """Write ``content`` to ``path``, and say so."""
    from gradviz.render import files

    files.write(path, content)
    say_wrote(path)


def say_wrote(path: Path) -> None:
    """Say on standard error that ``path`` is written."""
    say(f"gradviz: wrote {path}\n", sys.stderr)


def console_of_output() -> "Console":
    """Return standard output, in colour where it is a terminal and NO_COLOR is not set."""
    from rich.console import Console

    class Ours(Console):
        def on_broken_pipe(self) -> None:
            raise UnreadError

    plain = bool(os.environ.get("NO_COLOR")) or not sys.stdout.isatty()
    return Ours(color_system=None if plain else "auto", highlight=False, soft_wrap=True)
