"""The ``gradviz`` command. ``gradviz --help`` imports no torch.

Every command imports what it needs in its body.

Exit status: 0 done; 1 gradient problems that the user asked to be told about; 2 could not run, said
in one line. Names, verdicts and lines of code go to standard output, progress and warnings to
standard error.
"""

import errno
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from typing import Any

import click

from gradviz.commands.check import check, doctor
from gradviz.commands.compare import compare
from gradviz.commands.example import example
from gradviz.commands.mend import mend
from gradviz.commands.merge import merge
from gradviz.commands.options import example_line
from gradviz.commands.plot import plot
from gradviz.commands.printing import UnreadError
from gradviz.commands.reports import diff, draw, show
from gradviz.commands.run import run
from gradviz.errors import GradvizError
from gradviz.system.misplaced import command_for
from gradviz.system.voice import printable, say
from gradviz.version import __version__


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
    except click.ClickException as error:
        status = _refuse(" ".join(f"{error.format_message().rstrip('.')}{_way_out(error)}".split()))
    except GradvizError as error:
        status = _refuse(" ".join(str(error).split()))
    except (click.Abort, KeyboardInterrupt):
        status = 130
    except (BrokenPipeError, UnreadError):  # who read it has seen enough
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


class _Commands(click.Group):
    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _unread():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _unread():
            return super().invoke(ctx)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Return the command that is named; of another name, say which was likely meant."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            names = self.list_commands(ctx)
            close = get_close_matches(args[0], names, n=1, cutoff=0.7)
            meant = command_for(args[0]) or "".join(f"gradviz {name}" for name in close)
            way = f"did you mean {meant}?" if meant else f"there is {', '.join(names)}"
            raise click.UsageError(f"No such command {args[0]!r} ({way})")
        return super().resolve_command(ctx, args)


def _way_out(error: click.ClickException) -> str:
    """Return what leads out of a call that its command does not take."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.NoSuchOption):
        others = [
            name
            for name, other in gradviz.commands.items()
            if any(error.option_name in parameter.opts for parameter in other.params)
        ]
        return f"; it is one of gradviz {', '.join(others)}" if others else ""
    if isinstance(error, click.MissingParameter) or "extra argument" in error.message:
        return f". {context.command.epilog}" if context is not None else ""
    return ""


@contextmanager
def _unread() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise UnreadError from error


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


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=example_line("run train.py"),
)
@click.version_option(__version__, prog_name="gradviz")
def gradviz() -> None:
    """Say for every parameter of a PyTorch model whether gradient reaches it, and which line of
    code stopped it.
    """


for command in (example, show, run, plot, draw, check, doctor, diff, compare, mend, merge):
    gradviz.add_command(command)
