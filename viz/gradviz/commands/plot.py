"""``gradviz plot``: the numbers of a saved run as a picture, or in words."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradviz.commands.options import output_option
from gradviz.commands.printing import read, write
from gradviz.errors import OutputError, ReportFileError
from gradviz.system.misplaced import RUN

if TYPE_CHECKING:
    from gradviz.reports import Report
    from gradviz.series.data import Series


@click.command(
    short_help="Plot how much gradient each block got over a run.",
    epilog="Example: gradviz plot run.json -o flow.svg",
)
@click.argument("file", type=click.Path(path_type=Path), metavar="RUN.json")
@output_option("Where to write: .svg or .txt.")
@click.option(
    "--scheme",
    type=click.Choice(("auto", "light", "dark")),
    default="auto",
    show_default=True,
    help="Colours of the picture.",
)
def plot(file: Path, output: Path | None, scheme: str) -> None:
    """Plot how much gradient each block got over the calls of a run, from the file that 'gradviz
    run --every N -o RUN.json' writes.

    The file may be read while the run goes on. Without -o a sparkline of each block is printed.
    """
    from gradviz.render.scheme import in_scheme
    from gradviz.render.series_svg import render_series_svg
    from gradviz.render.series_text import render_series

    if output is not None and output.suffix.lower() not in (".svg", ".txt"):
        raise OutputError(
            f"unknown format: {output.name!r} (a plot is written to a name that ends in .svg or"
            " .txt)"
        )
    series = _series(read(file, RUN))
    if output is None:
        click.echo(render_series(series), nl=False)
        return
    is_text = output.suffix.lower() == ".txt"
    write(
        output, render_series(series) if is_text else in_scheme(render_series_svg(series), scheme)
    )


def _series(report: "Report") -> "Series":
    from gradviz.render.series_of import series_of

    series = series_of(report)
    if series is None:
        raise ReportFileError(
            "this report has no gradient of any parameter to plot: write one with 'gradviz run"
            " --every N -o RUN.json'"
        )
    return series
