"""Runs the scripts of a folder as ``gradviz run --children`` does, each in a fork of one process
that has imported torch.

Usage: run_scripts.py [--plain] [--import MODULE]... FOLDER OUT [NAME...]. OUT gets for each script
a report NAME.json (NAME.rank0.json of a rank), what it printed, NAME.out, and its standard error,
NAME.txt. With ``--plain`` it also runs as Python does, which leaves NAME.plain and NAME.err.
"""

import argparse
import atexit
import itertools
import os
import signal
import sys
import tempfile
import traceback
import types
from importlib import import_module
from pathlib import Path

import torch
import torch._dynamo  # torch.optim imports it

import gradviz.running.backwards  # noqa: F401, so that no fork imports it
from gradviz import causes
from gradviz.running.children import Children
from gradviz.running.process import Process
from gradviz.running.settings import Settings

sys.path.insert(1, str(Path(__file__).parents[1]))
import warm

SECONDS = 120  # that a script may take


def run(script: Path, out: Path, *, plain: bool) -> None:
    """Run one script to its end, in this process."""
    for stream, suffix in ((1, ".plain" if plain else ".out"), (2, ".err" if plain else ".txt")):
        os.dup2(os.open(out.with_suffix(suffix), os.O_CREAT | os.O_WRONLY | os.O_TRUNC), stream)
    signal.alarm(SECONDS)
    process = None if plain else watching(out)
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__file__ = str(script)
    try:
        exec(compile(script.read_text(), str(script), "exec"), main.__dict__)
    except Exception as error:
        traceback.print_exc()
        sys.last_value = error
    if process is not None:
        process.end()
    sys.stdout.flush()


def watching(out: Path) -> Process:
    """Watch this process and those that it forks."""
    settings = Settings(
        outputs=(str(out),),
        root=os.getpid(),
        children=True,
        folder=tempfile.mkdtemp(dir=out.parent),
    )
    process = Process(settings, Children(settings))
    process.end_before_exit()
    os.register_at_fork(after_in_child=process.forked)
    process.watch()
    return process


def main() -> None:
    """Run them one after the other."""
    end = os._exit  # as it is before anything watches
    torch.set_num_threads(1)
    options = argparse.ArgumentParser()
    options.add_argument("--plain", action="store_true")
    options.add_argument("--import", dest="modules", action="append", default=[])
    options.add_argument("folder", type=Path)
    options.add_argument("out", type=Path)
    options.add_argument("names", nargs="*")
    given = options.parse_args()
    for module in given.modules:
        import_module(module)
    causes.installed()  # else each fork would look through all packages
    warm.look_at_modules()
    warm.hide_from_the_collector()
    ways = (True, False) if given.plain else (False,)
    for name, plain in itertools.product(given.names, ways):
        child = os.fork()
        if child == 0:
            try:
                atexit._clear()
                run(given.folder / f"{name}.py", given.out / f"{name}.json", plain=plain)
            except BaseException:
                traceback.print_exc()
            finally:
                end(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
