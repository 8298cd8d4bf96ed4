"""``gradviz check`` and ``gradviz doctor``: what is as it should be."""

import difflib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradviz.commands.options import OneOf, example_line
from gradviz.commands.printing import read
from gradviz.graph import Verdict

if TYPE_CHECKING:
    from gradviz.expecting.expectations import Violation
    from gradviz.facts.findings import Findings
    from gradviz.reports import Report


def expectation_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each word that can be expected of a parameter."""
    from gradviz.expecting.expectations import RESTS, WORDS

    command = click.option(
        "--rest",
        type=OneOf("rest", RESTS),
        help="What all other parameters are meant to be; by default reached.",
    )(command)
    for word in reversed(WORDS):
        meant = "train, their values to move" if word == "trains" else f"be {word}"
        command = click.option(
            f"--{word}",
            multiple=True,
            metavar="PATTERN",
            help=f"Parameters meant to {meant}, such as 'head.*'.",
        )(command)
    return command


@click.command(
    context_settings={"ignore_unknown_options": True},
    short_help="Check a step against what is expected of it.",
    epilog=example_line("check train.py --reached 'head.*' --frozen 'backbone.*' --lr 0.1"),
)
@click.argument("step", required=False, metavar="[STEP]")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
@expectation_options
@click.option(
    "--loss",
    metavar="NAME",
    help="Of several losses or calls, the one to check; without it all of them together.",
)
@click.option(
    "--backward",
    metavar="NUMBERS",
    help=(
        "Of a script, the backward calls to check; by default those up to the first step of every"
        " optimizer."
    ),
)
@click.option(
    "--format",
    "form",
    type=OneOf("format", ("text", "github", "sarif")),
    default="text",
    show_default=True,
    help="How to print the answer.",
)
def check(step: str | None, arguments: tuple[str, ...], form: str, **given: Any) -> None:
    """Check a step against what is expected of it, from the options and from [tool.gradviz] in
    pyproject.toml.

    STEP is a function as in 'gradviz show' (also file.py:function), a saved report, or a script.
    A script is run with ARGUMENTS until each of its optimizers has made a step, or to the last of
    the backward calls asked for. An optimizer that it makes after that is not looked at: --backward
    goes on to it. An option takes the place of what pyproject.toml says for that
    word. Options that gradviz does not have go to the script; those that both have go to it after
    --.

    A pattern may leave out the variable of the model, which leads the names of a script:
    'backbone.*' means 'model.backbone.0.weight' too. What no pattern mentions must be reached; an
    empty pattern, as in --cut '', says that there is none. Whether parameters move is checked where
    --trains names them. Exits with 1 where a parameter is not as expected.
    """
    from gradviz.expecting.checking import held, read_settings
    from gradviz.expecting.expectations import violations
    from gradviz.facts.several import of_loss

    options: dict[str, Any] = {
        key: tuple(filter(None, value)) if isinstance(value, tuple) else value
        for key, value in given.items()
        if value not in (None, ())
    }
    settings = read_settings(Path.cwd())
    # After the two dashes, where pyproject.toml names the step
    if step is not None and step.startswith("-"):
        arguments, step = (step, *arguments), None
    step = step or settings.get("step")
    if step is None:
        raise click.UsageError(
            "nothing to check: give a function, a script, a saved report, or step in"
            " [tool.gradviz], as in gradviz check train.py"
        )
    if not step.endswith(".py"):
        if arguments:
            _refuse_unknown(arguments)
            raise click.UsageError(f"only a script takes arguments, and {step!r} is none")
        if "backward" in options:
            raise click.UsageError(
                f"only a script has backward calls to choose from, and {step!r} is none (--loss"
                " chooses from a report)"
            )
    everything = held(settings, options, options.get("loss", settings.get("loss")))
    report = _step(step, arguments, options.get("backward", settings.get("backward", "")))
    results = [
        (loss, part := of_loss(report, loss), violations(part, expectations))
        for loss, expectations in everything
    ]
    _print(results, form)
    if form == "text":
        asked = any(expectations.trains is not None for _, expectations in everything)
        _print_training(report, asked=asked)
    if any(wrong for _, _, wrong in results):
        sys.exit(1)


def _print(results: "Sequence[tuple[str | None, Findings, list[Violation]]]", form: str) -> None:
    """Print what is not as expected, of each loss."""
    from gradviz.render.sentences import verdict_counts
    from gradviz.render.violations import render_github, render_violations

    if form == "sarif":
        from gradviz.render.sarif import render_sarif

        click.echo(render_sarif([(part, wrong) for _, part, wrong in results]), nl=False)
        return
    for place, (loss, part, wrong) in enumerate(results):
        if place and (wrong or results[place - 1][2]):
            click.echo()
        of = f"{loss}: " if loss is not None and len(results) > 1 else ""
        if not wrong:
            click.echo(f"{of}As expected: {verdict_counts(part)}.")
            continue
        if form == "github":
            click.echo(render_github(part, wrong), nl=False)
        click.echo(f"{of}{render_violations(part, wrong, as_options=True)}", nl=False)


def _print_training(report: "Report", *, asked: bool) -> None:
    """Print what does not train, where an alarm says so that no verdict tells, and how to have that
    checked where nobody ``asked``.
    """
    from gradviz.render.training import sentence

    by_verdict = {str(verdict) for verdict in Verdict}
    training = report.training
    if training and any(alarm.why not in by_verdict for alarm in training.alarms):
        click.echo(f"\n{sentence(training)}")
        if not asked:
            click.echo("This is not checked: --trains '*' says that all parameters are meant to.")


def _refuse_unknown(arguments: Sequence[str]) -> None:
    """Refuse an option that is a slip of one that there is."""
    names = [name for parameter in check.params for name in parameter.opts if name.startswith("--")]
    for option in arguments:
        if option.startswith("-"):
            close = difflib.get_close_matches(option.partition("=")[0], names, n=1, cutoff=0.7)
            if close:
                raise click.NoSuchOption(option.partition("=")[0], possibilities=close)


def _step(step: str, arguments: Sequence[str], backward: str) -> "Report":
    """Return the report on what ``gradviz check`` was given."""
    if step.endswith(".json"):
        return read(Path(step))
    from gradviz.running.steps import trace_function, trace_script

    return trace_script(step, arguments, backward) if step.endswith(".py") else trace_function(step)


@click.command(
    short_help="Say which versions run, and whether known steps are judged rightly.",
    epilog=example_line("doctor"),
)
def doctor() -> None:
    """Say which versions run, which parts of torch gradviz does not know, and whether it judges
    known steps rightly.

    Exits with 1 where an answer is wrong.
    """
    from gradviz.commands.doctor import examine

    examination = examine()
    click.echo(str(examination))
    if examination.wrong:
        sys.exit(1)
