"""Runs a script as Python would, because it is Python that runs it.

This process turns into ``python script.py ...``.

So ``sys.argv``, ``sys.path``, ``__main__``, signals, exit code, tracebacks and whatever else a
script can notice are Python's own. What goes along is one environment variable and one folder at
the front of PYTHONPATH, whose start-up file takes both away again.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from gradviz.errors import GradvizError
from gradviz.running import startup
from gradviz.running.settings import VARIABLE, Settings
from gradviz.system.misplaced import FUNCTION, SCRIPT, kind_of, likely, way_out
from gradviz.system.voice import say

_PYTHON = re.compile(r"python(\d(\.\d+)?)?(\.exe)?")
_PROGRAMS = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe")  # how those of Linux, Windows and macOS begin


def run(
    script: str,
    arguments: Sequence[str],
    settings: Settings,
    *,
    module: bool = False,
    fail_on_alarm: bool = False,
) -> NoReturn:
    """Run a script, or a module, with its arguments; ``-`` for one that comes through standard
    input. Does not return.

    The exit code is the script's, or 1 for alarms where that was asked.

    Raises:
        GradvizError: There is no such script, or it is none.
    """
    stdin = not module and script == "-"
    is_file = not module and not stdin
    if is_file and not os.path.exists(script):
        script = _command(script)
    if is_file:
        _refuse_what_is_no_script(script)
    command = [
        sys.executable,
        *_own_options(sys.orig_argv[1:]),
        *(["-m"] if module else []),
        script,
        *arguments,
    ]
    before = os.environ.get("PYTHONPATH")
    folders = [str(Path(startup.__file__).parent), *([before] if before else [])]
    folder = tempfile.mkdtemp(prefix="gradviz-") if settings.children else ""
    # A process of its own for the script, whose exit code is looked at
    stays = fail_on_alarm or os.name != "posix"
    alarms = os.path.join(tempfile.mkdtemp(prefix="gradviz-"), "alarms") if fail_on_alarm else ""
    settings = replace(
        settings,
        path=before,
        root=0 if stays else os.getpid(),
        folder=folder,
        alarms=alarms,
        stdin=stdin,
    )
    environment = {
        **os.environ,
        VARIABLE: settings.to_text(),
        "PYTHONPATH": os.pathsep.join(folders),
    }
    _say_to_who_waits(script, settings)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # full, closed, or never open
            stream.flush()
    if not stays:
        os.execve(sys.executable, command, environment)
    status = subprocess.call(command, env=environment)
    if alarms:
        raised = os.listdir(os.path.dirname(alarms))
        status = status or int(bool(raised))
        shutil.rmtree(os.path.dirname(alarms), ignore_errors=True)
    sys.exit(status if status >= 0 else 128 - status)


def _say_to_who_waits(script: str, settings: Settings) -> None:
    """Say on a terminal what runs: until torch is imported and traced, nothing else is said."""
    with suppress(OSError, ValueError, AttributeError):  # closed, or never open
        if settings.quiet or not sys.stderr.isatty():
            return
        by_number = not (settings.until_stable or settings.until_stepped)
        first = settings.every or (settings.backward[0] if by_number else 1)
        what = "the script from standard input" if settings.stdin else script
        say(f"gradviz: runs {what}; the first report comes with backward {first}\n")


def _refuse_what_is_no_script(script: str) -> None:
    """Raise a GradvizError that says the way out, unless Python can run a file."""
    if _PYTHON.fullmatch(os.path.basename(script)) and not os.path.isdir(script):
        raise GradvizError(
            f"cannot run {script!r}: gradviz runs a script with the Python that it is installed in;"
            f" leave {script!r} out, as in gradviz run train.py or gradviz run -m package.train"
        )
    is_runnable = os.path.isfile(os.path.join(script, "__main__.py"))
    misplaced = "" if is_runnable else way_out(script, SCRIPT)
    if misplaced and (os.path.exists(script) or kind_of(script) == FUNCTION):
        raise GradvizError(misplaced)
    if not os.path.exists(script):
        meant = likely(script)
        way = f"did you mean {meant}?" if meant else f"a module is gradviz run -m {script}"
        way = f"the folder is {os.getcwd()}" if script.endswith(".py") and not meant else way
        raise GradvizError(f"cannot run {script!r}: there is no such file; {way}")
    begins = b""
    if os.path.isfile(script):
        with suppress(OSError), open(script, "rb") as file:  # Python says what is unreadable
            begins = file.read(4)
    if begins.startswith(_PROGRAMS):
        raise GradvizError(f"cannot run {script!r}: it is a program, and no Python script")


def _command(name: str) -> str:
    """Return the Python script that a command is (``torchrun``, ``accelerate``).

    The name itself where it is none.
    """
    path = os.pathsep.join((os.path.dirname(sys.executable), *os.get_exec_path()))
    program = None if os.path.dirname(name) else shutil.which(name, path=path)
    if program is None:
        return name
    with open(program, "rb") as file:
        begins = file.readline(256)
    return program if begins.startswith(b"#!") and b"python" in begins else name


def _own_options(arguments: Sequence[str]) -> list[str]:
    """Return the options that Python itself was given for this process.

    ``python -X dev -m gradviz run ...``.
    """
    options: list[str] = []
    for argument in arguments:
        if options[-1:] not in (["-W"], ["-X"]) and (
            not argument.startswith("-") or argument in ("-", "-m", "-c")
        ):
            break
        options.append(argument)
    return options
