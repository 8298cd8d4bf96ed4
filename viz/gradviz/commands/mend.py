"""``gradviz mend``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradviz.commands.options import module_option, output_option, timeout_option
from gradviz.commands.printing import say_wrote, write
from gradviz.errors import GradvizError, OutputError
from gradviz.system.voice import say

if TYPE_CHECKING:
    from gradviz.mending.mend import Mending


@click.command(
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
    short_help="Find a patch that brings lost gradient back.",
    epilog="Example: gradviz mend steps.py:step",
)
@click.option(
    "--all", "meant", is_flag=True, help="Also try what looks like a stop-gradient on purpose."
)
@click.option(
    "--alternatives", is_flag=True, help="Print every change that worked, not the best alone."
)
@click.option(
    "--apply",
    "applied",
    is_flag=True,
    help="Write the patch into your files; where two are printed, the first.",
)
@output_option(
    "Write the page of the report too, with each patch behind a button.", metavar="FILE.html"
)
@timeout_option("What one run may take.")
@module_option("STEP")
@click.option(
    "--backward", default="", metavar="NUMBERS", help="Of a script, the backward calls to look at."
)
@click.option(
    "--no-cost", "free", is_flag=True, help="Do not measure what a patch costs in time and memory."
)
@click.argument("step")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
def mend(
    step: str,
    arguments: tuple[str, ...],
    module: bool,
    meant: bool,
    alternatives: bool,
    applied: bool,
    output: Path | None,
    timeout: float,
    backward: str,
    free: bool,
) -> None:
    """Find a patch that brings lost gradient back, measured by running the step again with it.

    STEP is a function as in 'gradviz show' (also file.py:function), or a script, which is run with
    ARGUMENTS up to the first step of every optimizer. Every run has a process of its own and the
    same seed; your files stay as they are unless --apply is given. What is printed is taken by 'git
    apply' and 'patch -p1'. A patch that was not measured is never shown, nor one with which the
    step raises when it runs again: a script runs on for up to 10 seconds, or to where it writes.
    """
    from gradviz.mending.mend import mend as find
    from gradviz.mending.text import render

    if output is not None:
        _check(output)
    is_script = module or step.endswith(".py")
    if is_script:
        _say_what_goes_to_the_script(step, arguments)
    elif arguments:
        own = [argument for argument in arguments if argument in _options()]
        hint = f"; write {' '.join(own)} before it" if own else ""
        raise click.UsageError(f"only a script takes arguments, and {step!r} is none{hint}")
    if is_script and not module and not Path(step).is_file():
        raise GradvizError(f"there is no file {step!r}")
    if is_script:
        say(
            "gradviz: running the script several times, with each change and without\n",
            sys.stderr,
        )
    mending = find(
        step,
        arguments,
        module=module,
        backward=backward,
        timeout=timeout,
        meant=meant,
        cost=not free,
    )
    _print(render(mending, alternatives=alternatives))
    if output is not None:
        _write_page(mending, output)
    if applied:
        _apply(mending)


def _check(output: Path) -> None:
    """See that a page can be written, before the step is run many times.

    Raises:
        OutputError: It cannot.
    """
    from gradviz.render.files import check

    check(output)
    if output.suffix.lower() != ".html":
        raise OutputError(
            f"cannot write {output.name!r}: -o writes a page, whose name ends in .html; the patch"
            " goes to standard output"
        )


def _write_page(mending: "Mending", output: Path) -> None:
    from gradviz.render.command_line import command_line
    from gradviz.render.html import render_html

    report = mending.report
    patches = [mend.on_page(report) for mend in report.mends]
    write(output, render_html(report, command=command_line(), patches=patches))


def _options() -> list[str]:
    return [option for parameter in mend.params for option in parameter.opts if option[0] == "-"]


def _say_what_goes_to_the_script(step: str, arguments: Sequence[str]) -> None:
    """Tell who wrote an option of this command after the script that the script gets it."""
    for option in arguments:
        if option in _options():
            say(
                f"gradviz: {option} goes to the script, as it stands after it; for gradviz: gradviz"
                f" mend {option} {step}\n",
                sys.stderr,
            )


def _apply(mending: "Mending") -> None:
    from gradviz.mending.patches import write as write_patch

    for stage in mending.stages[:1]:
        for path in write_patch(stage.before, stage.after):
            say_wrote(path)


def _print(data: bytes) -> None:
    """Print bytes as they are, where standard output takes bytes."""
    out = sys.stdout
    raw = getattr(out, "buffer", None)
    if raw is None:
        out.write(data.decode("utf-8", "replace"))
        return
    out.flush()
    raw.write(data)
    raw.flush()
