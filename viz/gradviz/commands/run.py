"""``gradviz run``: an unmodified script."""

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import click

from gradviz.commands.options import (
    engine_option,
    example_line,
    module_option,
    timeout_option,
)
from gradviz.commands.printing import write
from gradviz.errors import OutputError
from gradviz.system.voice import say


@click.command(
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
    short_help="Run an unmodified script, and report on its backward calls.",
    epilog=example_line("run -o report.html train.py --lr 0.1"),
)
@click.argument("script", metavar="SCRIPT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
@module_option("SCRIPT")
@click.option(
    "--backward",
    default="1,2,3",
    show_default=True,
    metavar="NUMBERS",
    help="Report on these backward calls.",
)
@click.option(
    "--every",
    type=click.IntRange(1),
    metavar="N",
    help="Report on every N-th backward call instead, and on those after it until every"
    " optimizer has stepped.",
)
@click.option(
    "--values",
    is_flag=True,
    help="Measure how much gradient each node gets and passes on: norm, zeros, NaN.",
)
@click.option("--until-stable", is_flag=True, help="Report until no new verdict appears.")
@click.option("--until-stepped", is_flag=True, help="Report until every optimizer has stepped.")
@click.option("--stop", is_flag=True, help="End the script after the last backward call asked for.")
@click.option("--children", is_flag=True, help="Follow the processes that the script starts, too.")
@click.option(
    "--verbose",
    is_flag=True,
    help="Print everything about every call, also lines inside libraries.",
)
@click.option(
    "--fail-on-alarm",
    is_flag=True,
    help="Exit with 1 where the script exits with 0 and there was an alarm.",
)
@click.option(
    "--cost",
    is_flag=True,
    help="Instead of reports: what each module keeps for the first of these calls, and what a"
    " freeze of the three largest gives back, measured by running the script again.",
)
@timeout_option("With --cost: what one run may take.")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write the reports; the name tells the format. May be given for several formats.",
)
@click.option("--quiet", is_flag=True, hidden=True)
@engine_option
def run(
    script: str,
    arguments: tuple[str, ...],
    module: bool,
    backward: str,
    every: int | None,
    values: bool,
    until_stable: bool,
    verbose: bool,
    until_stepped: bool,
    stop: bool,
    children: bool,
    fail_on_alarm: bool,
    cost: bool,
    timeout: float,
    outputs: tuple[Path, ...],
    quiet: bool,
    engine: str,
) -> None:
    """Run an unmodified script as Python would, and report on its backward calls on standard error.

    Options of gradviz stand before SCRIPT; what follows it goes to the script. A SCRIPT of - is
    read from standard input.
    """
    from gradviz.expecting.checking import read_settings, thresholds
    from gradviz.render.command_line import command_line
    from gradviz.running.script import run as run_script
    from gradviz.running.settings import Settings, numbers

    if cost:
        if every or values or until_stable or until_stepped or children or fail_on_alarm:
            raise click.UsageError("--cost takes -m, --backward, --timeout and -o alone")
        number = numbers(backward)[0]
        _print_cost(script, arguments, number, timeout, outputs, module=module)
        return
    if outputs:
        from gradviz.render.formats import check

        for output in outputs:
            check(output)
    _say_what_goes_to_the_script(arguments)
    settings = Settings(
        backward=numbers(backward),
        every=every or 0,
        values=values,
        until_stable=until_stable,
        verbose=verbose,
        until_stepped=until_stepped,
        stop=stop,
        children=children,
        outputs=tuple(os.path.abspath(output) for output in outputs),
        quiet=quiet,
        engine=engine,
        thresholds=thresholds(read_settings(Path.cwd())),
        command=command_line(),
    )
    run_script(script, arguments, settings, module=module, fail_on_alarm=fail_on_alarm)


def _print_cost(
    script: str,
    arguments: tuple[str, ...],
    backward: int,
    timeout: float,
    outputs: tuple[Path, ...],
    *,
    module: bool,
) -> None:
    from gradviz.mending.giving_back import costs
    from gradviz.mending.giving_back_text import as_json, text
    from gradviz.render.files import check

    for output in outputs:
        check(output)
        if output.suffix.lower() != ".json":
            raise OutputError(f"cannot write {output.name!r}: with --cost, -o writes a .json file")
    say("The script is run several times; what it writes to disk it writes each time.\n")
    measured = costs(script, arguments, module=module, backward=backward, timeout=timeout)
    click.echo(text(measured), nl=False)
    for output in outputs:
        write(output, as_json(measured))


def _say_what_goes_to_the_script(arguments: Sequence[str]) -> None:
    """Tell who wrote -o after the script that the script gets it, and how gradviz would."""
    outputs = [pair for pair in pairwise(arguments) if pair[0] in ("-o", "--output")]
    if not outputs:
        return
    from gradviz.render.formats import FORMATS

    for option, value in outputs:
        if Path(value).suffix.lower() in FORMATS:
            say(
                f"gradviz: {option} {value} goes to the script, as it stands after it; for a"
                f" report: gradviz run {option} {value} ...\n"
            )
