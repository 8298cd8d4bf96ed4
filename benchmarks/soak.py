"""What long use, threads, interrupts, a full disk and two writers do to gradviz, and it to them.

    python benchmarks/soak.py [PART ...]

    steps        2,000 traced steps: memory, open files and time stay as they are
    threads      8 threads with a trace each, at once: each is judged by its own program
    interrupts   5,000 interrupts of a trace, a report, what is written and a run: nothing is left
    disk         a disk that fills: one line, the file from before whole, and training goes on
    writers      two processes that write one file: whoever reads it finds a whole report

Prints a table, and returns 1 where something does not hold.
"""

import gc
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import nn

import gradviz

TESTS = Path(__file__).parents[1] / "tests"
STEPS, THREADS, ROUNDS, INTERRUPTS, WRITES = 2_000, 8, 25, 5_000, 200
Row = tuple[str, str, bool]  # what was looked at, the figure, and whether it is as it should be


class Net(nn.Module):
    """Three layers; which of them is detached can be chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))

    def forward(self, x: torch.Tensor, cut: int) -> torch.Tensor:
        """Return the loss, with the output of layer ``cut`` detached."""
        for number, layer in enumerate(self.layers):
            x = layer(x).tanh()
            if number == cut:
                x = x.detach()
        return x.square().mean()


def step(net: Net, optimizer: torch.optim.Optimizer, cut: int) -> gradviz.Report:
    """Trace a step of training, and return its report."""
    optimizer.zero_grad()
    with gradviz.trace() as trace:
        loss = net(torch.randn(4, 8), cut)
        loss.backward()
        optimizer.step()
    return trace.report(loss, net)


def by_itself(net: Net, optimizer: torch.optim.Optimizer) -> None:
    """Do some steps without gradviz: they take longer too while the machine is busy."""
    for _ in range(10):
        optimizer.zero_grad()
        net(torch.randn(4, 8), -1).backward()
        optimizer.step()


def is_right(report: gradviz.Report, cut: int) -> bool:
    """Say whether the layers up to ``cut`` are cut, and the others reached."""
    return all(
        parameter.verdict == ("cut" if int(name.split(".")[1]) <= cut else "reached")
        for name, parameter in report.parameters.items()
    )


def resident() -> int:
    """Return the memory of this process in KiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def steps() -> Iterator[Row]:
    """Compare the second quarter of many steps with the last."""
    net = Net()
    optimizer = torch.optim.Adam(net.parameters())
    times, memory, objects, files, wrong = [], [], [], [], 0
    for number in range(STEPS):
        traced = time.process_time()
        report = step(net, optimizer, number % 3 - 1)
        plain = time.process_time()
        by_itself(net, optimizer)
        times.append((plain - traced) / (time.process_time() - plain))
        wrong += not is_right(report, number % 3 - 1)
        del report
        if number % 50 == 49:
            gc.collect()
            memory.append(resident())
            objects.append(len(gc.get_objects()))
            files.append(len(os.listdir("/proc/self/fd")))
    quarter = len(memory) // 4
    early, late = (
        statistics.median(part) for part in (memory[quarter : 2 * quarter], memory[-quarter:])
    )
    yield "verdicts that are wrong", f"{wrong} of {STEPS:,} steps", not wrong
    yield (
        "memory, second quarter and last",
        f"{early / 1024:.1f} and {late / 1024:.1f} MiB",
        late < early + 2048,
    )
    first, last = (
        statistics.median(part) for part in (objects[quarter : 2 * quarter], objects[-quarter:])
    )
    yield "Python objects", f"{first:,.0f} and {last:,.0f}", last <= first + 100
    yield "open files", f"{files[0]} and {files[-1]}", files[0] == files[-1]
    quarter = STEPS // 4
    ratio = statistics.median(times[-quarter:]) / statistics.median(times[quarter : 2 * quarter])
    yield "traced step to plain ones, last to second quarter", f"{ratio:.2f}", ratio < 1.15


def threads() -> Iterator[Row]:
    """Trace in several threads at once; each has a program of its own."""
    wrong: list[str] = []
    together = threading.Barrier(THREADS)

    def work(number: int) -> None:
        net = Net()
        optimizer = torch.optim.SGD(net.parameters(), 0.1)
        together.wait()
        for turn in range(ROUNDS):
            try:
                if not is_right(
                    step(net, optimizer, (number + turn) % 3 - 1), (number + turn) % 3 - 1
                ):
                    wrong.append("verdict")
            except Exception as error:
                wrong.append(repr(error))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    total = THREADS * ROUNDS
    yield (
        f"{THREADS} threads, a trace each",
        f"{len(wrong)} of {total} steps wrong {wrong[:1] or ''}",
        not wrong,
    )
    left = torch.overrides._get_current_function_mode_stack()
    yield "modes that are left", str(len(left)), not left


def interrupts() -> Iterator[Row]:
    """Interrupt every way of working by a timer; needs the suite's own bench for it."""
    folder = next(path.parent for path in TESTS.rglob("interrupts.py"))
    sys.path[:0] = [str(folder)]
    import random

    from interrupts import Bench

    ways = ("trace", "backward", "report", "write", "run")
    for way in ways:
        with tempfile.TemporaryDirectory() as name:
            bench = Bench(way, name)
            start = time.perf_counter()
            for _ in range(5):
                bench.work()
            duration = (time.perf_counter() - start) / 5
            bench.raised, wrong = 0, []
            while bench.raised < INTERRUPTS // len(ways):
                found, place = bench.after(random.random() * duration * 1.1 + 1e-6)
                wrong += [f"{what}: {place}" for what in found]
            told = f"{len(wrong)} of {bench.raised:,} {' '.join(wrong[:1])}"
            yield f"interrupts of: {way}; something left", told.strip(), not wrong
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


TRAIN = """
import torch
net = torch.nn.Linear(200, 1)
optimizer = torch.optim.SGD(net.parameters(), 0.1)
for _ in range(3):
    optimizer.zero_grad()
    net(torch.ones(1, 200)).sum().backward()
    optimizer.step()
print("trained", float(net.bias))
"""


def disk() -> Iterator[Row]:
    """Write where no file may become longer than 600 bytes, as on a disk that is full."""
    torch.manual_seed(0)
    net = Net()
    report = step(net, torch.optim.SGD(net.parameters(), 0.1), 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report.to_json(folder / "report.json")
        (folder / "train.py").write_text(TRAIN)
        for ending in (".svg", ".html", ".json", ".dot", ".txt"):
            target = folder / f"g{ending}"
            target.write_text("before")
            done = full(folder, "draw", "report.json", "-o", target.name, "--engine", "embedded")
            good = (done.returncode, done.stderr.count("\n"), target.read_text()) == (
                2,
                1,
                "before",
            )
            yield f"disk full: draw {ending}", done.stderr.strip()[:60], good
        done = full(folder, "run", "-o", "run.json", "train.py")
        plain = subprocess.run(
            [sys.executable, "train.py"], cwd=folder, capture_output=True, text=True, check=True
        )
        good = done.returncode == 0 and done.stdout.split()[0] == plain.stdout.split()[0]
        yield "disk full: run trains on", done.stderr.strip().splitlines()[-1][:60], good
        left = sorted(
            {path.name for path in folder.iterdir()}
            - {f"g{e}" for e in (".svg", ".html", ".json", ".dot", ".txt")}
            - {"report.json", "train.py"}
        )
        yield "disk full: files that are left", str(left), not left


def full(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run gradviz where no file may grow beyond 600 bytes."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))

    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "gradviz", *command],
        cwd=folder,
        env=environment,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )


WRITE = """
import sys
from pathlib import Path
from gradviz.reports import read_json
report = read_json(Path(sys.argv[1]).read_text())
for _ in range(int(sys.argv[3])):
    report.to_json(sys.argv[2])
"""


def writers() -> Iterator[Row]:
    """Let two processes write one file, and read it all the while."""
    torch.manual_seed(0)
    net, read, broken = Net(), 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(2):
            step(net, torch.optim.SGD(net.parameters(), 0.1), number).to_json(
                folder / f"{number}.json"
            )
        texts = {(folder / f"{number}.json").read_text() for number in range(2)}
        target = folder / "both.json"
        writing = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    WRITE,
                    str(folder / f"{number}.json"),
                    str(target),
                    str(WRITES),
                ]
            )
            for number in range(2)
        ]
        while any(process.poll() is None for process in writing):
            if target.exists():
                read += 1
                broken += target.read_text() not in texts
        left = sorted(path.name for path in folder.iterdir())
        codes = [process.returncode for process in writing]
    yield "two writers: reads that were broken", f"{broken} of {read:,}", not broken and read > 0
    yield (
        "two writers: how they ended, files left",
        f"{codes}, {len(left) - 3}",
        codes == [0, 0] and len(left) == 3,
    )


PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    part.__name__: part for part in (steps, threads, interrupts, disk, writers)
}


def main(names: list[str]) -> int:
    """Run the parts that are named, or all; return 1 where something does not hold."""
    torch.set_num_threads(1)
    good = True
    for name in names or PARTS:
        start = time.monotonic()
        for what, figure, holds in PARTS[name]():
            good = good and holds
            print(f"{what:44} {figure:64} {'ok' if holds else 'MISSED'}", flush=True)
        print(f"  ({name}: {time.monotonic() - start:.0f} s)", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
