"""``python -m gradviz.mending.nursery``.

Has torch imported once, and gives each trial a process of its own that is forked from there.

It reads one order a line from standard input and answers each with a line: ``done``, ``timeout`` or
``died``. It computes nothing itself, so that a fork finds no threads. Where there is no fork it
takes one order and runs it itself.
"""

import gc
import json
import os
import signal
import sys
import time
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path

from gradviz.causes.packages import GROUP, installed
from gradviz.mending.order import Order

_PAUSE = 0.005


def main() -> None:
    """Answer orders until there are no more."""
    import torch

    from gradviz.mending import trial
    from gradviz.recording.reading import functions

    # What each fork would do anew: the first optimizer imports half of torch, the first trace looks
    # for Functions and for packages with causes, whose code runs in forks alone, and a collection
    # of what there was before copies each page that it touches
    torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    functions.applied(sys._getframe())
    if not entry_points(group=GROUP):
        installed()
    gc.collect()
    for line in sys.stdin:
        request = json.loads(line)
        if hasattr(os, "fork"):
            answer = _forked(trial, request)
        else:
            _run(trial, request)
            answer = "done"
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _forked(trial: object, request: dict[str, object]) -> str:
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            _silence()
            _run(trial, request)
        finally:
            os._exit(0)
    answer = _wait(child, float(str(request["timeout"])))
    with suppress(OSError):  # what it started ends with it
        os.killpg(child, signal.SIGKILL)
    if answer == "timeout":
        with suppress(OSError):
            os.waitpid(child, 0)
    return answer


def _run(trial: object, request: dict[str, object]) -> None:
    order = Order.from_text(str(request["order"]))
    outcome = trial.perform(order)  # type: ignore[attr-defined]
    Path(order.result).write_text(outcome.to_text(), encoding="utf-8")


def _silence() -> None:
    """Let nothing that the step prints, or asks for, reach the parent."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)


def _wait(child: int, timeout: float) -> str:
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "done" if status == 0 else "died"
        time.sleep(_PAUSE)
    return "timeout"


if __name__ == "__main__":
    main()
