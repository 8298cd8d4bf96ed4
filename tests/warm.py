"""Runs scripts in forks of one process that has imported torch, which takes most of the time of a
short script.

``gradviz run`` begins in the fork as at the command line: the same command, options, environment and
start-up; only where it would turn into a new Python, the fork goes on. What this cannot show (the
wait for torch's import, Python's own options, modules, tracebacks) is tested in processes that begin
cold.
"""

import atexit
import contextlib
import functools
import importlib
import json
import multiprocessing.process
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path


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
    ) -> tuple[int, str, str]:
        """Run a command of Python's; return its exit code, its output and its standard error.

        The output has both where they are wanted together, in the order in which they came.
        """
        with tempfile.TemporaryDirectory() as held:
            names = ("in", "out", "out" if together else "err")
            streams = [Path(held, name) for name in names]
            streams[0].write_text(stdin)
            code = self._ask(command, folder, streams, environment)
            out, err = (stream.read_text() for stream in streams[1:])
        return code, out, "" if together else err

    def _ask(
        self,
        command: Sequence[str],
        folder: Path,
        streams: Sequence[Path],
        environment: Mapping[str, str],
    ) -> int:
        request = {
            "command": list(command),
            "folder": str(folder),
            "streams": [str(stream) for stream in streams],
            "environment": dict(environment),
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


def run(command: Sequence[str], *, stdout: object, check: bool) -> subprocess.CompletedProcess[str]:
    """Run a command as ``subprocess`` would, in this folder; what it prints goes to ``stdout``."""
    code, out, _ = server().run(command, Path.cwd(), os.environ, together=True)
    print(out, end="", file=stdout)
    return subprocess.CompletedProcess(command, code)


def serve() -> None:
    """Fork for each request, and answer with the exit code. In a fork, does not return there."""
    ending = Ending()
    atexit.register(ending.leave)  # the first, and so the last that is called
    for name in ("torch._dynamo", "gradviz.cli", "gradviz.running.backwards"):
        importlib.import_module(name)
    for line in iter(sys.stdin.readline, ""):
        child = os.fork()
        if child == 0:
            with ending:
                become(**json.loads(line))
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
    command: list[str], folder: str, streams: list[str], environment: dict[str, str]
) -> None:
    """Go on as another command of Python's."""
    os.chdir(folder)
    multiprocessing.process.ORIGINAL_DIR = folder  # as if it were imported here
    for number, stream in enumerate(streams):
        file = os.open(stream, os.O_RDWR | os.O_CREAT | os.O_APPEND * (number > 0))
        os.dup2(file, number)
        os.close(file)
    _change_environment(environment)
    arguments = command[1:]
    if arguments[:2] == ["-m", "gradviz"]:
        arguments = _as_gradviz(arguments[2:])
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        _run_script(arguments)


def _change_environment(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _as_gradviz(arguments: list[str]) -> list[str]:
    """Do what ``gradviz`` does; ``run`` up to where it has turned into Python with a script."""
    from gradviz.cli import main
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


def _run_script(arguments: list[str]) -> None:
    sys.argv = arguments
    sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
    main = sys.modules["__main__"]
    for name in [name for name in vars(main) if name not in ("__name__", "__builtins__")]:
        del vars(main)[name]
    main.__file__, main.__spec__ = arguments[0], None
    exec(compile(Path(arguments[0]).read_bytes(), arguments[0], "exec"), vars(main))
