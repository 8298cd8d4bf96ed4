"""Runs the scripts of a folder as ``gradviz run`` does, each in a fork of one process that has
imported torch.

Usage: run_scripts.py FOLDER OUT [NAME...]. OUT gets a report NAME.json and what was printed,
NAME.txt, for each.
"""

import atexit
import os
import signal
import sys
import traceback
import types
from pathlib import Path

import torch
import torch._dynamo  # torch.optim imports it

import gradviz.running.backwards  # noqa: F401, so that no fork imports it
from gradviz.running.children import Children
from gradviz.running.process import Process
from gradviz.running.settings import Settings

SECONDS = 120  # that a script may take


def run(script: Path, out: Path) -> None:
    """Run one script to its end, in this process."""
    printed = os.open(out.with_suffix(".txt"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    signal.alarm(SECONDS)
    settings = Settings(output=str(out), root=os.getpid())
    process = Process(settings, Children(settings))
    process.watch()
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__file__ = str(script)
    try:
        exec(compile(script.read_text(), str(script), "exec"), main.__dict__)
    except Exception as error:
        traceback.print_exc()
        sys.last_value = error
    process.end()


def main() -> None:
    """Run them one after the other."""
    torch.set_num_threads(1)
    folder, out, *names = sys.argv[1:]
    for name in names:
        child = os.fork()
        if child == 0:
            try:
                atexit._clear()
                run(Path(folder) / f"{name}.py", Path(out) / f"{name}.json")
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
