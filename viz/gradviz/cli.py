"""The ``gradviz`` command. ``gradviz --help`` imports no torch.

Every command imports what it needs in its body.

Exit status: 0 done; 1 gradient problems that the user asked to be told about; 2 could not run, said
in one line. Names, verdicts and lines of code go to standard output, progress and warnings to
standard error.
"""

import difflib
import errno
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradviz.costing.command import compare
from gradviz.errors import GradvizError
from gradviz.folding.boxes import PICTURE, SCHEMES, View
from gradviz.layout import ENGINES
from gradviz.mending.command import mend
from gradviz.plotting import plot
from gradviz.running.command import merge
from gradviz.strategies import LAYERS, MODES
from gradviz.version import __version__
from gradviz.voice import printable, say

if TYPE_CHECKING:
    from rich.console import Console

    from gradviz.article import Outcome
    from gradviz.reports import Report


_OUTPUTS = Path("outputs")  # the one folder that is made, where the user names no file


def _example(line: str) -> str:
    """Return the end of a help text: a command that is right as it stands."""
    return f"Example: gradviz {line}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Args:
        arguments: In place of ``sys.argv[1:]``.
    """
    if not _has_a_folder():
        sys.exit(_refuse("the working directory is gone: change to one that is there"))
    if sys.stdout is None:
        sys.stdout = _Closed()
    elif isinstance(sys.stdout, io.TextIOWrapper):
        # What knows few characters (ASCII) writes the others as escapes
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = gradviz.main(arguments, prog_name="gradviz", standalone_mode=False)
        if sys.stdout is not None and not sys.stdout.closed:
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        say(f"{error.format_message()}\n", sys.stderr)
        status = 2
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        status = _refuse("this command needs torch, which is not installed: pip install torch")
    except (click.ClickException, GradvizError) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else str(error)
        status = _refuse(" ".join(message.split()))
    except (click.Abort, KeyboardInterrupt):
        status = 130
    except (BrokenPipeError, _UnreadError):  # who read it has seen enough
        status = _refuse("")
    except OSError as error:
        if error.errno not in _UNWRITABLE or error.filename is not None:
            raise
        status = _refuse(
            f"cannot write to standard output: {error.strerror}. Send it elsewhere, or name a file"
            " with -o"
        )
    sys.exit(status if isinstance(status, int) else 0)


_UNWRITABLE = (errno.ENOSPC, errno.EBADF, errno.EIO, errno.EAGAIN)


class _UnreadError(Exception):
    """Nobody reads standard output any more.

    Of a BrokenPipeError click and rich make exit status 1, which means something else here.
    """


class _Commands(click.Group):
    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _unread():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _unread():
            return super().invoke(ctx)


@contextmanager
def _unread() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise _UnreadError from error


class _Closed(io.TextIOBase):
    """Standard output that was closed before Python began."""

    def write(self, text: str) -> int:
        """Refuse."""
        raise OSError(errno.EBADF, "it is closed")


def _has_a_folder() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def _refuse(message: str) -> int:
    """Say in one line what could not be done, and see to it that nothing is left for Python to fail
    to write at the end.
    """
    if message:
        say(f"gradviz: {printable(message)}\n", sys.stderr)
    if isinstance(sys.stdout, io.TextIOWrapper):
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            return 2
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 2


class OneOf(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """One of some words.

    Another is answered with what was given, what there is, and the word that was likely meant.
    """

    def __init__(self, name: str, words: Sequence[str]) -> None:
        self.name, self.words = name, words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Let a known word pass."""
        if value in self.words:
            return str(value)
        close = difflib.get_close_matches(str(value), self.words, n=1, cutoff=0.7)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise click.UsageError(
            f"unknown {self.name}: {value!r} (choose from {', '.join(self.words)}{meant})"
        )

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Show the words themselves in the help."""
        return f"[{'|'.join(self.words)}]"


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``-o``, ``--engine`` and how a large graph is folded, the same everywhere."""
    engine = click.option(
        "--engine",
        type=OneOf("engine", ENGINES),
        default="auto",
        show_default=True,
        help="What lays out the picture.",
    )
    output = click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=(
            "Where to write; the name tells the format: .svg .html .json .dot .txt, and .png .pdf"
            " where dot is installed."
        ),
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
    ground = click.option("--transparent", is_flag=True, help="Leave out the ground of a picture.")
    return output(engine(budget(depth(opened(scheme(ground(_with_view(command))))))))


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


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="gradviz")
def gradviz() -> None:
    """Say for every parameter of a PyTorch model whether gradient reaches it, and which line of
    code stopped it.
    """


@gradviz.command(
    short_help="Trace a small net under a freeze strategy, and draw it.",
    epilog=_example("example --mode detach"),
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
    help="How to say it.",
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

    Draws the graph of the step and says for every parameter what gradient it gets and what severs
    it. Without -o the picture is written to outputs/article-MODE.svg. With --format markdown there
    are two of it, for light and for dark pages.
    """
    from gradviz.render.formats import check as check_format

    if cost and not every:
        raise click.UsageError("--cost measures every mode against the others: give --all too")
    if output is None:
        with suppress(OSError):
            _OUTPUTS.mkdir()
    if every and output is not None:
        raise click.UsageError(
            "--all writes a file for every mode, so it does not go with -o; leave one of them out"
        )
    modes = MODES if every else (mode,)
    files = {each: output or _OUTPUTS / f"article-{each}.svg" for each in modes}
    for path in files.values():
        check_format(path)
        if form == "markdown" and path.suffix != ".svg":
            raise click.UsageError(
                "--format markdown shows an SVG: give -o a name that ends in .svg, not"
                f" {path.name!r}"
            )

    from gradviz import article
    from gradviz.render.formats import save

    plain = article.follow("none", at)
    outcomes = [plain if each == "none" else article.follow(each, at) for each in modes]
    if form == "markdown":
        for outcome in outcomes:
            click.echo(_markdown(outcome, files[outcome.mode], engine, view))
        return
    for outcome in outcomes:
        save(outcome.report, files[outcome.mode], engine=engine, view=view)
        say(f"Wrote {files[outcome.mode]}\n", sys.stderr)
    console = _console()
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


@gradviz.command(
    short_help="Trace a function that returns (loss, model), and report.",
    epilog=_example("show train.py:step -o graph.svg"),
)
@click.argument("function", metavar="PACKAGE.MODULE:FUNCTION")
@click.option(
    "--without",
    metavar="FILE:LINE",
    help="As if nothing were cut at this line: the step is run with a change that undoes it.",
)
@output_options
def show(function: str, without: str | None, output: Path | None, engine: str, view: View) -> None:
    """Trace a function that returns (loss, model), or a loss, and report on it."""
    if output is not None:
        from gradviz.render.formats import check

        check(output)
    if without is not None:
        from gradviz.mending.without import report_without

        _finish(report_without(function, without), output, engine, view)
        return
    from gradviz.steps import trace_function

    report = trace_function(function)
    if output is not None:
        from gradviz.render.sentences import headline

        click.echo(f"{headline(report)}.")
    _finish(report, output, engine, view)


@gradviz.command(
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
    short_help="Run an unmodified script, and report on its backward calls.",
    epilog=_example("run -o report.html train.py --lr 0.1"),
)
@click.argument("script", metavar="SCRIPT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
@click.option("-m", "module", is_flag=True, help="SCRIPT is the name of a module, as in python -m.")
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
    help="Report on every N-th backward call instead.",
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
    "--verbose", is_flag=True, help="Tell all of every call, also lines inside libraries."
)
@click.option(
    "--fail-on-alarm",
    is_flag=True,
    help="Exit with 1 where the script exits with 0 and there was an alarm.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write the reports; the name tells the format.",
)
@click.option("--output-unnamed", is_flag=True, hidden=True)
@click.option(
    "--engine",
    type=OneOf("engine", ENGINES),
    default="auto",
    show_default=True,
    help="What lays out the picture.",
)
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
    output: Path | None,
    output_unnamed: bool,
    engine: str,
) -> None:
    """Run an unmodified script as Python would, and report on its backward calls on standard error.

    Options of gradviz stand before SCRIPT; what follows it goes to the script.
    """
    from gradviz.running.script import run as run_script
    from gradviz.running.settings import Settings, numbers

    if output is not None:
        from gradviz.render.formats import check

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
        output="" if output is None else os.path.abspath(output),
        names_output=not output_unnamed,
        engine=engine,
    )
    run_script(script, arguments, settings, module=module, fail_on_alarm=fail_on_alarm)


gradviz.add_command(plot)


def _say_what_goes_to_the_script(arguments: Sequence[str]) -> None:
    """Tell who wrote -o after the script that the script gets it, and how gradviz would."""
    from gradviz.render.formats import FORMATS

    for option, value in pairwise(arguments):
        if option in ("-o", "--output") and Path(value).suffix.lower() in FORMATS:
            say(
                f"gradviz: {option} {value} goes to the script, as it stands after it; for a"
                f" report: gradviz run {option} {value} ...\n"
            )


@gradviz.command(
    short_help="Draw a saved report again, without the model.",
    epilog=_example("draw report.json -o graph.svg"),
)
@click.argument("file", type=click.Path(path_type=Path), metavar="REPORT.json")
@output_options
def draw(file: Path, output: Path | None, engine: str, view: View) -> None:
    """Draw a saved report again, in any format and without the model.

    Without -o the report is printed.
    """
    with _shown(file):
        _finish(_read(file), output, engine, view)


def expectation_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each word that can be expected of a parameter."""
    from gradviz.expectations import RESTS, WORDS

    command = click.option(
        "--rest",
        type=OneOf("rest", RESTS),
        help="What all others are meant to be: reached, unless told.",
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


@gradviz.command(
    context_settings={"ignore_unknown_options": True},
    short_help="Hold a step against what is expected of it.",
    epilog=_example("check train.py --reached 'head.*' --frozen 'backbone.*' --lr 0.1"),
)
@click.argument("step", required=False, metavar="[STEP]")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
@expectation_options
@click.option(
    "--loss",
    metavar="NAME",
    help="Of several losses or calls, the one to hold; without it all of them together.",
)
@click.option(
    "--backward",
    metavar="NUMBERS",
    help=(
        "Of a script, the backward calls to hold; unless told, those up to the first step of every"
        " optimizer."
    ),
)
@click.option(
    "--format",
    "form",
    type=OneOf("format", ("text", "github", "sarif")),
    default="text",
    show_default=True,
    help="How to say it.",
)
def check(step: str | None, arguments: tuple[str, ...], form: str, **given: Any) -> None:
    """Hold a step against what is expected of it, from the options and from [tool.gradviz] in
    pyproject.toml.

    STEP is a function as in 'gradviz show' (also file.py:function), a saved report, or a script,
    which is run with ARGUMENTS until each of its optimizers has made a step, or to the last of the
    backward calls asked for. An option takes the place of what pyproject.toml says for that word.
    Options that gradviz does not have go to the script; those that both have go to it after --.

    Exits with 1 where a parameter is not as expected. What no pattern mentions must be reached; an
    empty pattern, as in --cut '', says that there is none.
    """
    from gradviz.checking import held, read_settings
    from gradviz.expectations import violations
    from gradviz.render.sentences import verdict_counts
    from gradviz.render.violations import render_github, render_violations
    from gradviz.several import of_loss

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
            "nothing to check: give a function, a script, a saved report, or step in [tool.gradviz]"
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
    found = [
        (loss, part := of_loss(report, loss), violations(part, expectations))
        for loss, expectations in everything
    ]
    failed = any(wrong for _, _, wrong in found)
    if form == "sarif":
        from gradviz.render.sarif import render_sarif

        click.echo(render_sarif([(part, wrong) for _, part, wrong in found]), nl=False)
        found = []
    for loss, part, wrong in found:
        of = f"{loss}: " if loss is not None and len(everything) > 1 else ""
        if not wrong:
            click.echo(f"{of}As expected: {verdict_counts(part)}.")
            continue
        if form == "github":
            click.echo(render_github(part, wrong), nl=False)
        click.echo(f"{of}{render_violations(part, wrong, as_options=True)}", nl=False)
    if failed:
        sys.exit(1)


def _refuse_unknown(arguments: Sequence[str]) -> None:
    """Refuse an option that is a slip of one that there is."""
    known = [name for parameter in check.params for name in parameter.opts if name.startswith("--")]
    for option in arguments:
        if option.startswith("-"):
            close = difflib.get_close_matches(option.partition("=")[0], known, n=1, cutoff=0.7)
            if close:
                raise click.NoSuchOption(option.partition("=")[0], possibilities=close)


def _step(step: str, arguments: Sequence[str], backward: str) -> "Report":
    """The report on what ``gradviz check`` was given."""
    if step.endswith(".json"):
        return _read(Path(step))
    from gradviz.steps import trace_function, trace_script

    return trace_script(step, arguments, backward) if step.endswith(".py") else trace_function(step)


@gradviz.command(
    short_help="Say which versions run, and whether known steps are judged rightly.",
    epilog=_example("doctor"),
)
def doctor() -> None:
    """Say which versions run, what of torch is not as gradviz knows it, and whether it judges known
    steps rightly.

    Exits with 1 where an answer is wrong.
    """
    from gradviz.doctor import examine

    found = examine()
    click.echo(str(found))
    if found.wrong:
        sys.exit(1)


@gradviz.command(
    short_help="Say what changed between two saved reports.",
    epilog=_example("diff before.json after.json -o diff.svg"),
)
@click.argument("before", type=click.Path(path_type=Path), metavar="BEFORE.json")
@click.argument("after", type=click.Path(path_type=Path), metavar="AFTER.json")
@click.option(
    "--format",
    "form",
    type=OneOf("format", ("text", "json")),
    default="text",
    show_default=True,
    help="How to say it.",
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
    """Say which verdicts changed from one saved report to another, and which cuts came or went.

    Of several losses each is told.

    A module with another name and the same parameters is taken for the same one. A picture shows
    the graph of AFTER with a ring around what changed or came, and beside it what went.
    """
    from gradviz.diff import compare
    from gradviz.render.difference import render_difference, render_difference_json
    from gradviz.render.formats import check, save_difference
    from gradviz.several import of_loss

    if output is not None:
        check(output)
    old, new = (
        _read(file) if loss is None else of_loss(_read(file), loss) for file in (before, after)
    )
    difference = compare(old, new)
    if output is not None:
        save_difference(difference, old, new, output, engine=engine, view=view)
        say(f"Wrote {output}\n", sys.stderr)
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


gradviz.add_command(compare)
gradviz.add_command(mend)
gradviz.add_command(merge)


@contextmanager
def _shown(file: Path) -> Iterator[None]:
    """What a report file says may be in order piece by piece and make no sense together.

    Then it cannot be shown.
    """
    from gradviz.errors import ReportFileError

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


def _read(file: Path) -> "Report":
    """Read a saved report."""
    from gradviz.errors import ReportFileError
    from gradviz.reports import read_json

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ReportFileError(f"cannot read {str(file)!r}: {reason}") from None
    return read_json(text)


def _finish(report: "Report", output: Path | None, engine: str, view: View) -> None:
    """Print the report, or write it where the user said."""
    from gradviz.render.formats import save
    from gradviz.render.text import styled

    if output is None:
        console = _console()
        console.print(
            styled(report, width=console.width if console.is_terminal else None),
            end="",
            soft_wrap=True,
        )
    else:
        save(report, output, engine=engine, view=view)
        say(f"Wrote {output}\n", sys.stderr)


def _console() -> "Console":
    """Standard output, in colour where it is a terminal and NO_COLOR is not set."""
    from rich.console import Console

    class Ours(Console):
        def on_broken_pipe(self) -> None:
            raise _UnreadError

    plain = bool(os.environ.get("NO_COLOR")) or not sys.stdout.isatty()
    return Ours(color_system=None if plain else "auto", highlight=False, soft_wrap=True)


def _print_outcome(console: "Console", outcome: "Outcome") -> None:
    from gradviz.render.sentences import headline

    console.print(headline(outcome.report), style="bold", markup=False)
    _print_table(console, _rows(outcome))


def _rows(outcome: "Outcome") -> list[tuple[str, str, str, str]]:
    """A table of what became of every parameter, its titles first."""
    from gradviz.blocks import by_block
    from gradviz.render.sentences import path_and_line

    rows = [("parameter", "verdict", "gradient", "severed by")]
    for name, parameter in by_block(outcome.report).parameters.items():
        cuts = "; ".join(
            f"{cut.operation} at {path_and_line(cut)}: {printable(cut.code)}"
            for cut in parameter.cuts
        )
        rows.append((name, str(parameter.verdict), _gradient(outcome.gradients[name]), cuts))
    return rows


def _markdown(outcome: "Outcome", path: Path, engine: str, view: View) -> str:
    """Write the two pictures beside ``path``, and return the Markdown that shows them."""
    from gradviz.render.files import write
    from gradviz.render.markdown import render_markdown
    from gradviz.render.scheme import in_scheme

    svg = outcome.report.to_svg(engine=engine, view=view)
    files = {scheme: path.with_name(f"{path.stem}-{scheme}.svg") for scheme in ("light", "dark")}
    for scheme, file in files.items():
        write(file, in_scheme(svg, scheme))
        say(f"Wrote {file}\n", sys.stderr)
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
    """The entries of a gradient, or the one number that all of them are."""
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
