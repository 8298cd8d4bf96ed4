"""Runs scripts in forks of one process that has imported torch, which takes most of the time of a
short script.

``gradviz run`` begins in the fork as at the command line: the same command, options, environment and
start-up; only where it would turn into a new Python, the fork goes on. What this cannot show (the
wait for torch's import, Python's own options, modules, tracebacks) is tested in processes that begin
cold. A program that changes torch before it imports gradviz runs in a fork of a process that has
imported torch alone.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import multiprocessing.process
import os
import runpy
import subprocess
import sys
import tempfile
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

import warm_children


class Server:
    """The process that forks, as the tests see it."""

    def __init__(self) -> None:
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", "import warm; warm.serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parent,
            env=environment,
            text=True,
        )

    def run(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        *,
        stdin: str = "",
        together: bool = False,
        bare: bool = False,
        children: bool = False,
    ) -> tuple[int, str, str]:
        """Run a command of Python's; return its exit code, its output and its standard error.

        The output has both where they are wanted together, in the order in which they came.
        ``bare`` where it is to find gradviz not imported yet; ``children`` where the Python
        processes that it starts are to be forks as well.
        """
        with tempfile.TemporaryDirectory() as held:
            names = ("in", "out", "out" if together else "err")
            streams = [Path(held, name) for name in names]
            streams[0].write_text(stdin)
            code = self._ask(command, folder, streams, environment, bare, children)
            out, err = (stream.read_text() for stream in streams[1:])
        return code, out, "" if together else err

    def _ask(
        self,
        command: Sequence[str],
        folder: Path,
        streams: Sequence[Path],
        environment: Mapping[str, str],
        bare: bool,
        children: bool,
    ) -> int:
        request = {
            "bare": bare,
            "command": list(command),
            "folder": str(folder),
            "streams": [str(stream) for stream in streams],
            "environment": dict(environment),
            "children": children,
        }
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@functools.cache
def server() -> Server:
    """Return the one server of this process."""
    started = Server()
    atexit.register(started.close)
    return started


def completed(
    command: Sequence[str | Path],
    folder: Path | None = None,
    *,
    bare: bool = False,
    children: bool = False,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run a command of Python's to its end, in this folder unless another is given.

    ``bare`` and ``children`` as in ``Server.run``. ``environment`` is what its environment has beside that of this process.
    """
    arguments = [str(argument) for argument in command]
    whole = {**os.environ, **environment}
    where = folder or Path.cwd()
    return subprocess.CompletedProcess(
        arguments, *server().run(arguments, where, whole, bare=bare, children=children)
    )


def run(command: Sequence[str], *, stdout: object, check: bool) -> subprocess.CompletedProcess[str]:
    """Run a command as ``subprocess`` would, in this folder; what it prints goes to ``stdout``."""
    code, out, _ = server().run(command, Path.cwd(), os.environ, together=True)
    print(out, end="", file=stdout)
    return subprocess.CompletedProcess(command, code)


# What a script needs of gradviz
USED = (
    "gradviz.cli",
    "gradviz.expecting.checking",
    "gradviz.mending.laboratory",
    "gradviz.render.command_line",
    "gradviz.running.backwards",
)


def look_at_modules() -> None:
    """Have gradviz find out now whose each module and each custom Function is, and read the code of
    those who call this, and no fork again.
    """
    from gradviz.recording.reading import functions
    from gradviz.running import variables

    list(variables.spaces(sys._getframe()))
    functions.applied(sys._getframe())


def hide_from_the_collector() -> None:
    """Let no collection, and no list of all objects, touch what there is now.

    There are some hundred thousand, and in a fork each page that is touched is copied. None is the
    user's, so nothing counts as frozen before a program freezes something itself.
    """
    freeze = _FREEZING[0]

    def freeze_more() -> None:
        gc.freeze, gc.get_freeze_count = _FREEZING
        freeze()

    gc.collect()
    freeze()
    gc.freeze, gc.get_freeze_count = freeze_more, lambda: 0


_FREEZING = gc.freeze, gc.get_freeze_count


def serve() -> None:
    """Fork for each request, and answer with the exit code. In a fork, does not return there."""
    ending = Ending()
    atexit.register(ending.leave)  # the first, and so the last that is called
    importlib.import_module("torch._dynamo")
    hide_from_the_collector()
    requests, answers = os.pipe(), os.pipe()
    if os.fork() == 0:
        os.dup2(requests[0], 0)
        os.dup2(answers[1], 1)
        for end in (*requests, *answers):
            os.close(end)
        return _answer(ending)
    os.close(requests[0])
    os.close(answers[1])
    for name in USED:
        importlib.import_module(name)
    look_at_modules()
    hide_from_the_collector()
    with open(requests[1], "w") as bare, open(answers[0]) as answered:
        return _answer(ending, bare, answered)


def _answer(ending: "Ending", bare: TextIO | None = None, answered: TextIO | None = None) -> None:
    """Answer each request, or have the other process answer what is asked of it."""
    for line in iter(sys.stdin.readline, ""):
        request = json.loads(line)
        if request.pop("bare") and bare is not None:
            print(line, end="", file=bare, flush=True)
            print(answered.readline(), end="", flush=True)
            continue
        child = os.fork()
        if child == 0:
            if bare is not None:
                bare.close()
                answered.close()
            with ending:
                become(**request)
            return
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(status, flush=True)


class Ending:
    """Leaves a fork when Python has printed what ended it and has called all that waits for its end.

    What follows, the taking apart of every module, takes longer than most scripts.
    """

    def __init__(self) -> None:
        self._leave = os._exit
        self._status: int | None = 0

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: object) -> None:
        """Keep the exit code that Python gives for what ended the script, where that is simple."""
        if isinstance(error, SystemExit):
            code = error.code
            self._status = 0 if code is None else code & 0xFF if isinstance(code, int) else 1
        elif error is not None:
            self._status = 1 if isinstance(error, Exception) else None

    def leave(self) -> None:
        if self._status is not None:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):
                    stream.flush()
            self._leave(self._status)


def become(
    command: list[str],
    folder: str,
    streams: list[str],
    environment: dict[str, str],
    children: bool,
) -> None:
    """Go on as another command of Python's."""
    for number, stream in enumerate(streams):
        file = os.open(stream, os.O_RDWR | os.O_CREAT | os.O_APPEND * (number > 0))
        os.dup2(file, number)
        os.close(file)
    child = warm_children.open_nursery() if children else None
    if child is not None:
        command, folder, environment = child
        while command[1] in ("-u", "-P", "-B"):  # Python's own options
            del command[1]
    os.chdir(folder)
    multiprocessing.process.ORIGINAL_DIR = folder  # as if it were imported here
    _change_environment(environment)
    sys.orig_argv = command
    arguments = command[1:]
    if child is not None:
        sys.stdout.reconfigure(line_buffering=True)
        _begin_if_followed()
    if arguments[:2] == ["-m", "gradviz"]:
        arguments = _as_gradviz(arguments[2:])
    if arguments[0] == "-m":
        _run_module(arguments[1:])
    else:
        _run_script(arguments)


def _begin_if_followed() -> None:
    """Do what Python's start-up does in a process that ``gradviz run`` follows."""
    from gradviz.running import process

    process.begin()


def _change_environment(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _as_gradviz(arguments: list[str]) -> list[str]:
    """Do what ``gradviz`` does; ``run`` up to where it has turned into Python with a script.

    What runs the trials of ``mend`` is a fork as well.
    """
    from gradviz.cli import main
    from gradviz.mending import laboratory
    from gradviz.running import process

    class NewPython(BaseException):
        """What the command turns into, or starts."""

    def turn_into(_, command, environment):
        raise NewPython(command, environment)

    def call(command, env):
        child = os.fork()
        if child == 0:
            raise NewPython(command, env)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    laboratory.subprocess = types.SimpleNamespace(**vars(subprocess) | {"Popen": _forked})
    before = os.execve, subprocess.call
    os.execve, subprocess.call = turn_into, call
    try:
        main(arguments)
    except NewPython as new:
        command, environment = new.args
    finally:
        os.execve, subprocess.call = before
    _change_environment(environment)
    sys.orig_argv = command
    process.begin()
    return command[1:]


def _forked(command: list[str], *, env: dict[str, str], **options: object) -> subprocess.Popen[str]:
    """Start a module of Python's, ``python -P -m module``, without starting Python."""

    def begin() -> None:
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # one of these is awaited until it is closed
        _change_environment(env)
        del sys.path[0]  # as -P says
        _run_module(command[3:])
        os._exit(0)

    sys.stdout.flush()  # or the fork has it too
    assert command[1:3] == ["-P", "-m"]
    return subprocess.Popen(command, preexec_fn=begin, **options)


def _run_module(arguments: list[str]) -> None:
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


def _run_script(arguments: list[str]) -> None:
    main = sys.modules["__main__"]
    for name in [name for name in vars(main) if name not in ("__name__", "__builtins__")]:
        del vars(main)[name]
    main.__spec__ = None
    if arguments[0] == "-c":
        source, file, folder, sys.argv = arguments[1], "<string>", "", ["-c", *arguments[2:]]
    elif arguments[0] == "-":
        source, file, folder, sys.argv = sys.stdin.buffer.read(), "<stdin>", "", arguments
        main.__file__ = file
    else:
        source, file, sys.argv = Path(arguments[0]).read_bytes(), arguments[0], arguments
        folder = os.path.dirname(os.path.abspath(file))
        main.__file__ = file
    sys.path[0] = folder
    exec(compile(source, file, "exec"), vars(main))
