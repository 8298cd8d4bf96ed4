"""``gradviz merge``: what each rank saved, put together into one table."""

from pathlib import Path

import click

from gradviz.commands.options import output_option
from gradviz.commands.printing import write
from gradviz.errors import OutputError, ReportFileError
from gradviz.system.misplaced import REPORT, way_out


@click.command(
    short_help="Put the reports of many ranks into one table.",
    epilog="Example: gradviz merge report.rank*.json -o ranks.txt",
)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="REPORT.json..."
)
@output_option("Where to write: .txt or .json.")
def merge(files: tuple[Path, ...], output: Path | None) -> None:
    """Put the reports that ranks saved into one table: which parameter is reached on which rank.

    For ranks that share no folder, such as those of two machines: each saves its own report, and
    the files are put together wherever they are brought. A file is named for its rank, as 'gradviz
    run -o report.json' does: report.rank3.json. Where one of the names has no rank in it, ranks are
    counted in the order of the files.
    """
    from gradviz.render.files import check
    from gradviz.running.merging import merged

    for misplaced in filter(None, (way_out(str(file), REPORT) for file in files)):
        raise ReportFileError(misplaced)
    if output is not None:
        if output.suffix.lower() not in (".txt", ".json"):
            raise OutputError(
                f"unknown format: {output.name!r} (the table is written to a name that ends in .txt"
                " or .json)"
            )
        check(output)
    ranks = merged(files)
    if output is None:
        click.echo(ranks.text(), nl=False)
        return
    write(output, ranks.json() if output.suffix.lower() == ".json" else ranks.text())
