"""``gradviz show``, ``draw`` and ``diff``: a report, now or from a file."""

import sys
from pathlib import Path

import click

from gradviz.commands.options import OneOf, example_line, output_options
from gradviz.commands.printing import finish, read, say_what_draws_nothing, say_wrote, shown
from gradviz.folding.boxes import View


@click.command(
    short_help="Trace a function that returns (loss, model), and report.",
    epilog=example_line("show train.py:step -o graph.svg"),
)
@click.argument("function", metavar="PACKAGE.MODULE:FUNCTION")
@click.option(
    "--without",
    metavar="FILE:LINE",
    help="Report as if this line cut nothing: the step is run with a change that undoes the cut.",
)
@output_options
def show(function: str, without: str | None, output: Path | None, engine: str, view: View) -> None:
    """Trace a function that returns (loss, model), or a loss, and report on it."""
    if output is not None:
        from gradviz.render.formats import check

        check(output)
    if without is not None:
        from gradviz.mending.without import report_without

        finish(report_without(function, without), output, engine, view)
        return
    from gradviz.running.steps import trace_function

    report = trace_function(function)
    if output is not None:
        from gradviz.render.sentences import headline

        click.echo(f"{headline(report)}.")
    finish(report, output, engine, view)


@click.command(
    short_help="Draw a saved report again, without the model.",
    epilog=example_line("draw report.json -o graph.svg"),
)
@click.argument("file", type=click.Path(path_type=Path), metavar="REPORT.json")
@output_options
def draw(file: Path, output: Path | None, engine: str, view: View) -> None:
    """Draw a saved report again, in any format and without the model.

    Without -o the report is printed.
    """
    with shown(file):
        finish(read(file), output, engine, view)


@click.command(
    short_help="Say what changed between two saved reports.",
    epilog=example_line("diff before.json after.json -o diff.svg"),
)
@click.argument("before", type=click.Path(path_type=Path), metavar="BEFORE.json")
@click.argument("after", type=click.Path(path_type=Path), metavar="AFTER.json")
@click.option(
    "--format",
    "form",
    type=OneOf("format", ("text", "json")),
    default="text",
    show_default=True,
    help="How to print the answer.",
)
@click.option("--loss", metavar="NAME", help="Of several losses or calls, the one to compare.")
@click.option(
    "--exit-code",
    is_flag=True,
    help="Exit with 1 where anything that the gradients depend on differs.",
)
@output_options
def diff(
    before: Path,
    after: Path,
    form: str,
    loss: str | None,
    exit_code: bool,
    output: Path | None,
    engine: str,
    view: View,
) -> None:
    """Say which verdicts changed from one saved report to another, and which cuts are new or gone.

    Several losses are compared one by one.

    A module with another name and the same parameters is taken for the same one. A picture shows
    the graph of AFTER with a ring around what changed or is new, and beside it what is gone.
    """
    from gradviz.comparing.diff import compare
    from gradviz.facts.several import of_loss
    from gradviz.render.difference import render_difference, render_difference_json
    from gradviz.render.formats import PICTURES, check, save_difference

    if output is not None:
        check(output)
    say_what_draws_nothing(view, output, (*PICTURES, ".html"))
    old, new = (
        read(file) if loss is None else of_loss(read(file), loss) for file in (before, after)
    )
    difference = compare(old, new)
    if output is not None:
        save_difference(difference, old, new, output, engine=engine, view=view)
        say_wrote(output)
    else:
        click.echo(
            (
                render_difference_json(difference)
                if form == "json"
                else render_difference(difference, old, new)
            ),
            nl=False,
        )
    if exit_code and difference:
        sys.exit(1)
