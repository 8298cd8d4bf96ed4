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
from typing import Any

import click

from gradviz.commands.check import check, doctor
from gradviz.commands.example import example
from gradviz.commands.options import example_line
from gradviz.commands.plot import plot
from gradviz.commands.printing import UnreadError
from gradviz.commands.reports import diff, draw, show
from gradviz.commands.run import run
from gradviz.costing.command import compare
from gradviz.errors import GradvizError
from gradviz.mending.command import mend
from gradviz.running.command import merge
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
    except (click.ClickException, GradvizError) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else str(error)
        status = _refuse(" ".join(message.split()))
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
