"""What several commands take."""

import difflib
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from gradviz.folding.boxes import PICTURE, SCHEMES, View
from gradviz.layout import ENGINES

_Command = TypeVar("_Command", bound=Callable[..., Any])


def example_line(line: str) -> str:
    """Return the end of a help text: a command that is right as it stands."""
    return f"Example: gradviz {line}"


class OneOf(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """One of some words.

    Another is answered with what was given, what there is, and the word that was likely meant.
    """

    def __init__(self, name: str, words: Sequence[str]) -> None:
        self.name, self.words = name, words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return a word that there is; of any other, name the nearest."""
        if value in self.words:
            return str(value)
        close = difflib.get_close_matches(str(value), self.words, n=1, cutoff=0.7)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise click.UsageError(
            f"unknown {self.name}: {value!r} (choose from {', '.join(self.words)}{meant})"
        )

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return how the help writes it: by the words themselves."""
        return f"[{'|'.join(self.words)}]"


def output_option(help: str, metavar: str = "FILE") -> Callable[[_Command], _Command]:
    """Return the option ``-o``, for a command that writes one file."""
    return click.option(
        "-o",
        "--output",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar=metavar,
        callback=_only,
        help=help,
    )


def _only(_: click.Context, __: click.Parameter, paths: tuple[Path, ...]) -> Path | None:
    """Return the file that was named; two are refused, for one would be left out."""
    if len(paths) > 1:
        given = " and ".join(path.name for path in paths)
        raise click.UsageError(f"-o names one file here, and was given {given}")
    return paths[0] if paths else None


def timeout_option(help: str) -> Callable[[_Command], _Command]:
    """Return the option ``--timeout``, for a command that runs a step or script several times."""
    return click.option(
        "--timeout",
        type=click.FloatRange(1),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help=help,
    )


def module_option(argument: str) -> Callable[[_Command], _Command]:
    """Return the option ``-m``, by which ``argument`` names a module."""
    meaning = f"{argument} is the name of a module, as in python -m."
    return click.option("-m", "module", is_flag=True, help=meaning)


engine_option = click.option(
    "--engine",
    type=OneOf("engine", ENGINES),
    default="auto",
    show_default=True,
    help="What lays out the picture.",
)


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``-o``, ``--engine`` and how a large graph is folded, the same everywhere."""
    output = output_option(
        "Where to write; the name tells the format: .svg .html .json .dot .txt, and .png .pdf"
        " where dot is installed."
    )
    budget = click.option(
        "--budget",
        type=click.IntRange(1),
        default=PICTURE,
        show_default=True,
        help="Fold a larger graph to so many boxes.",
    )
    depth = click.option(
        "--depth",
        type=click.IntRange(0),
        help="Open modules down to this depth instead; 0 opens none.",
    )
    opened = click.option(
        "--open",
        "patterns",
        multiple=True,
        metavar="PATTERN",
        help="Open these modules too, such as 'layers.3.*'.",
    )
    scheme = click.option(
        "--scheme",
        type=OneOf("scheme", SCHEMES),
        default="auto",
        show_default=True,
        help="Colours of a picture.",
    )
    ground = click.option(
        "--transparent",
        is_flag=True,
        help="Leave out the background of a picture; choose --scheme for the page around it.",
    )
    return output(engine_option(budget(depth(opened(scheme(ground(_with_view(command))))))))


def _with_view(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let ``command`` take a view where the command line gives its parts."""

    @wraps(command)
    def run(
        *,
        budget: int,
        depth: int | None,
        patterns: tuple[str, ...],
        scheme: str,
        transparent: bool,
        **others: Any,
    ) -> Any:
        view = View(
            budget=budget, depth=depth, open=patterns, scheme=scheme, transparent=transparent
        )
        return command(**others, view=view)

    return run
