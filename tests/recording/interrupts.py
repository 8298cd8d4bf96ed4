"""Interrupts a step, its trace, its report and what is written of it, and looks at what is left.

Python runs a signal handler where a function begins and after each call, and so does what is here:
at the first such moment, the second, and so on. ``python tests/recording/interrupts.py 5000`` also
lets a timer choose 5,000 moments for each way of working.
"""

import collections
import gc
import inspect
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import torch
import torch.nn.modules.module as modules
import torch.optim.optimizer as optimizers
from torch import nn
from torch.nn import functional as F

import gradviz
from gradviz.render.formats import save
from gradviz.running.backwards import Watch
from gradviz.running.names import Found
from gradviz.running.settings import Settings

OWNERS = [
    nn.Parameter,
    nn.Module,
    torch,
    torch.autograd,
    torch.autograd.Variable,
    torch.optim.Optimizer,
    torch.overrides,
    torch.Tensor,
]


class Net(nn.Module):
    """Switches grad mode, leaves torch, makes a Parameter, and calls functions of torch that are
    written in Python.
    """

    def __init__(self):
        super().__init__()
        self.a, self.b, self.norm = nn.Linear(8, 8), nn.Linear(8, 8), nn.LayerNorm(8)

    def forward(self, x):
        h = self.a(x)
        with torch.no_grad():
            kept = self.b(h)
            with torch.enable_grad():
                h = h + 1
        for _ in range(2):
            h = self.norm(self.b(h)).tanh() + kept * h.mean().item()
        return F.softmax(F.dropout(h + nn.Parameter(h), 0.5), -1) * float(
            h.sum()
        ) + F.cross_entropy(h, h.argmax(-1))


class Descent(torch.optim.Optimizer):
    """Steps without switching grad mode, which torch's own optimizers may leave off where they are
    interrupted.
    """

    def step(self):
        for parameter in self.param_groups[0]["params"]:
            parameter.data.add_(parameter.grad, alpha=-0.1)


def nothing(model, x, folder):
    with gradviz.trace():
        pass


def trace(model, x, folder):
    with gradviz.trace():
        model(x).sum()


def backward(model, x, folder):
    with gradviz.trace() as watched:
        loss = model(x).sum()
        loss.backward()
        torch.optim.SGD(model.parameters(), 0.1).step()
    watched.report(loss, model)


def report(model, x, folder):
    with gradviz.trace() as watched:
        loss = model(x).sum()
    watched.report(loss, model, backward=True)


def write(model, x, folder):
    with gradviz.trace() as watched:
        loss = model.a(x).sum()
    found = watched.report(loss, model.a)
    for name in ("g.json", "g.html", "g.txt", "g.dot"):
        found.to_json(folder / name) if name.endswith("json") else save(found, folder / name)


def run(model, x, folder):
    """What ``gradviz run`` does in a process, to its end.

    A backward call is told of, and another trains on.
    """
    optimizer = Descent(model.a.parameters(), {})
    found = Found({"model": model.a}, {"optimizer": optimizer})
    watch = Watch(
        Settings(backward=(1,), outputs=(str(folder / "g.txt"),)),
        find=lambda frame: found,
        voice=lambda text, *, alarm=False: None,
    )
    WATCHES[:] = [watch]
    watch.begin()
    for _ in range(2):
        model.a(x).sum().backward()
        optimizer.step()
    watch.end()


WAYS = {way.__name__: way for way in (nothing, trace, backward, report, write, run)}
WATCHES = []


class InterruptError(Exception):
    """What a handler of the user's may raise.

    A failure of gradviz's own is an ``Exception`` as well.
    """


class Moments:
    """Counts the moments at which a handler may run, and has it run at one of them."""

    def __init__(self, at=0):
        self.at, self.count = at, 0

    def __call__(self, frame, event, argument):
        # Perhaps only to be closed, where none runs
        resumed = frame.f_lasti > 0 and frame.f_code.co_flags & inspect.CO_GENERATOR
        if event == "c_return" or (event == "call" and not resumed):
            self.count += 1
            if self.count == self.at:
                signal.raise_signal(signal.SIGALRM)


class Bench:
    """Interrupts one way of working, and says what is left otherwise than it was."""

    def __init__(self, way, folder, error=KeyboardInterrupt):
        torch.manual_seed(0)
        self.model, self.x, self.way, self.folder, self.error = (
            Net(),
            torch.randn(4, 8),
            WAYS[way],
            Path(folder),
            error,
        )
        self.raised = 0
        signal.signal(signal.SIGALRM, self.interrupt)
        self.work()
        self.before = self.state()

    def interrupt(self, number, frame):
        self.raised += 1
        raise self.error

    def work(self):
        self.way(self.model, self.x, self.folder)

    def moments(self):
        """How many moments there are, once what is done only once has been."""
        for _ in range(3):
            counter = Moments()
            sys.setprofile(counter)
            try:
                self.work()
            finally:
                sys.setprofile(None)
        return counter.count

    def at(self, moment):
        """Interrupt at one moment; return what is wrong afterwards, and where it was."""

        def stop():
            sys.setprofile(None)

        return self._interrupted(lambda: sys.setprofile(Moments(moment)), stop)

    def after(self, seconds):
        """Interrupt after some time."""
        return self._interrupted(
            lambda: signal.setitimer(signal.ITIMER_REAL, seconds),
            lambda: signal.setitimer(signal.ITIMER_REAL, 0),
        )

    def _interrupted(self, begin, end):
        before, caught, place = self.raised, 0, ""
        try:
            try:
                begin()
                self.work()
            finally:
                end()
        except self.error as error:
            caught = 1
            place = " < ".join(
                f"{os.path.basename(one.filename)}:{one.lineno}"
                for one in traceback.extract_tb(error.__traceback__)[:-4:-1]
            )
        except BaseException as error:
            return [f"turned into {error!r}"], str(error)
        for watch in WATCHES:
            watch.end()  # as the process does where the script ends
        wrong = [name for name, value in self.state().items() if value != self.before[name]]
        if caught != self.raised - before:
            wrong.append("swallowed")
        torch.set_grad_enabled(True)
        gc.enable()
        for path in self.left():
            path.unlink()
        for parameter in self.model.parameters():
            parameter.grad = None
        return wrong, place

    def left(self):
        return [path for path in self.folder.iterdir() if path.name[:2] != "g."]

    def state(self):
        return {
            "patched": [dict(vars(owner)) for owner in OWNERS],
            "modes": torch.overrides._get_current_function_mode_stack(),
            "grad mode": torch.is_grad_enabled(),
            "collection": gc.isenabled(),
            "hooks": [len(one._backward_hooks or ()) for one in self.model.parameters()],
            "files": sorted(path.name for path in self.left()),
            "a trace": gradviz.tracing.trace._watching.__dict__.get("trace"),
            "step hooks": [
                len(optimizers._global_optimizer_pre_hooks),
                len(optimizers._global_optimizer_post_hooks),
            ],
            "module hooks": [
                len(modules._global_parameter_registration_hooks),
                len(modules._global_module_registration_hooks),
            ],
            "watchers": len(gradviz.recording.seams.watcher.users),
        }


def main(times):
    for error in (KeyboardInterrupt, InterruptError):
        for way in WAYS:
            bench = Bench(way, tempfile.mkdtemp(prefix="gradviz-interrupts-"), error)
            moments = bench.moments()
            _tell(
                way,
                f"of {moments} moments",
                bench,
                (bench.at(moment) for moment in range(1, moments + 1, max(1, moments // times))),
            )
            start = time.perf_counter()
            for _ in range(5):
                bench.work()
            duration = (time.perf_counter() - start) / 5
            _tell(way, "by a timer", bench, _by_timer(bench, duration, times))


def _by_timer(bench, duration, times):
    while bench.raised < times:
        yield bench.after(random.random() * duration * 1.1 + 1e-6)


def _tell(way, how, bench, results):
    bench.raised = 0
    found = collections.Counter(
        f"{wrong}: {place}" for wrongs, place in results for wrong in wrongs
    )
    print(
        f"{way}, {bench.error.__name__}: {bench.raised} {how}, {found.total()} wrong",
        *found.most_common(8),
        sep="\n   ",
        flush=True,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
