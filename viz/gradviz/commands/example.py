"""``gradviz example``: the article's net under a freeze strategy."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradviz.commands.options import OneOf, example_line, output_options
from gradviz.commands.printing import console_of_output, say_what_draws_nothing, say_wrote, write
from gradviz.facts.strategies import LAYERS, MODES
from gradviz.folding.boxes import View
from gradviz.system.voice import printable

if TYPE_CHECKING:
    from rich.console import Console

    from gradviz.article import Outcome


_OUTPUTS = Path("outputs")  # the folder of the pictures in a checkout


@click.command(
    short_help="Trace a small net under a freeze strategy, and draw it.",
    epilog=example_line("example --mode detach"),
)
@click.option(
    "--mode", type=OneOf("mode", MODES), default="none", show_default=True, help="How to freeze."
)
@click.option(
    "--at",
    type=OneOf("layer", LAYERS),
    default="f2",
    show_default=True,
    help="The layer to freeze, or to detach after.",
)
@click.option("--all", "every", is_flag=True, help="Every mode, side by side.")
@click.option("--cost", is_flag=True, help="With --all: measure what every mode costs, too.")
@click.option(
    "--format",
    "form",
    type=OneOf("format", ("text", "markdown")),
    default="text",
    show_default=True,
    help="How to print the answer.",
)
@output_options
def example(
    mode: str,
    at: str,
    every: bool,
    cost: bool,
    form: str,
    output: Path | None,
    engine: str,
    view: View,
) -> None:
    """Trace a network of three layers, f1 -> f2 -> f3, while a part of it is kept from training.

    Draws the graph of the step and says for every parameter what gradient it gets and what cuts
    it off. Without -o it writes article-MODE.svg, into the folder outputs where there is one.
    With --format markdown it writes two pictures, for light and for dark pages.
    """
    if cost and not every:
        raise click.UsageError("--cost measures every mode against the others: give --all too")
    modes = MODES if every else (mode,)
    files = _files(modes, output, form, every=every)

    from gradviz import article
    from gradviz.render.formats import save

    plain = article.follow("none", at)
    outcomes = [
        plain if mode_name == "none" else article.follow(mode_name, at) for mode_name in modes
    ]
    if form == "markdown":
        for outcome in outcomes:
            click.echo(_markdown(outcome, files[outcome.mode], engine, view))
        return
    say_what_draws_nothing(view, files[modes[0]])
    for outcome in outcomes:
        save(outcome.report, files[outcome.mode], engine=engine, view=view)
        say_wrote(files[outcome.mode])
    console = console_of_output()
    if every:
        _print_side_by_side(console, outcomes)
    else:
        _print_outcome(console, outcomes[0])
    for outcome in outcomes:
        if outcome.mode != "none":
            prefix = f"{outcome.mode}: " if every else ""
            console.print(
                f"{prefix}{article.comparison(outcome, plain)}", markup=False, soft_wrap=True
            )
    if cost:
        from gradviz.costing.article import table

        console.print(table(at), markup=False, soft_wrap=True, end="")


def _files(modes: Sequence[str], output: Path | None, form: str, *, every: bool) -> dict[str, Path]:
    """Return the file to write for each mode."""
    from gradviz.render.formats import check as check_format

    if every and output is not None:
        raise click.UsageError(
            "--all writes a file for every mode, so it does not go with -o; leave one of them out"
        )
    folder = _OUTPUTS if _OUTPUTS.is_dir() else Path()
    files = {mode_name: output or folder / f"article-{mode_name}.svg" for mode_name in modes}
    for path in files.values():
        check_format(path)
        if form == "markdown" and path.suffix != ".svg":
            raise click.UsageError(
                "--format markdown shows an SVG: give -o a name that ends in .svg, not"
                f" {path.name!r}"
            )
    return files


def _print_outcome(console: "Console", outcome: "Outcome") -> None:
    from gradviz.render.sentences import headline

    console.print(headline(outcome.report), style="bold", markup=False)
    _print_table(console, _rows(outcome))


def _rows(outcome: "Outcome") -> list[tuple[str, str, str, str]]:
    """Return a table of what became of every parameter, its titles first."""
    from gradviz.facts.blocks import by_block
    from gradviz.render.sentences import path_and_line

    rows = [("parameter", "verdict", "gradient", "cut by")]
    for name, parameter in by_block(outcome.report).parameters.items():
        cuts = "; ".join(
            f"{cut.operation} at {path_and_line(cut)}: {printable(cut.code)}"
            for cut in parameter.cuts
        )
        rows.append((name, str(parameter.verdict), _gradient(outcome.gradients[name]), cuts))
    return rows


def _markdown(outcome: "Outcome", path: Path, engine: str, view: View) -> str:
    """Write the two pictures beside ``path``, and return the Markdown that shows them."""
    from gradviz.render.markdown import render_markdown
    from gradviz.render.scheme import in_scheme

    svg = outcome.report.to_svg(engine=engine, view=view)
    files = {scheme: path.with_name(f"{path.stem}-{scheme}.svg") for scheme in ("light", "dark")}
    for scheme, file in files.items():
        write(file, in_scheme(svg, scheme))
    return render_markdown(
        outcome.report,
        light=files["light"].as_posix(),
        dark=files["dark"].as_posix(),
        rows=_rows(outcome),
    )


def _print_side_by_side(console: "Console", outcomes: Sequence["Outcome"]) -> None:
    rows = [("parameter", *(outcome.mode for outcome in outcomes))]
    for name in outcomes[0].report.parameters:
        cells = (
            f"{_gradient(outcome.gradients[name])} {outcome.report.parameters[name].verdict}"
            for outcome in outcomes
        )
        rows.append((name, *cells))
    _print_table(console, rows)


def _gradient(entries: Sequence[float] | None) -> str:
    """Return the entries of a gradient, or the one number that all of them are."""
    if entries is None:
        return "None"
    numbers = [f"{entry:g}" for entry in entries]
    return numbers[0] if len(set(numbers)) == 1 else f"[{', '.join(numbers)}]"


def _print_table(console: "Console", rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need to be, the first row as their titles.

    Lines are never cut short.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for position, row in enumerate(rows):
        line = "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        console.print(line, style="dim" if position == 0 else _colour(line), markup=False)


def _colour(line: str) -> str:
    return next((colour for word, colour in _COLOURS.items() if f" {word} " in f"{line} "), "")


_COLOURS = {"cut": "red", "frozen": "blue", "zero": "yellow"}
