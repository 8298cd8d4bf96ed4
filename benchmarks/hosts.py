"""What gradviz says of ranks on two hosts, of a rank that dies, lags or hangs, and of a 2 x 2 mesh.

    python benchmarks/hosts.py [PART ...]

    shared     two hosts with a folder that both see: one table of all ranks
    apart      two hosts without one: each tells of its own, and `gradviz merge` gives the table
    killed     a rank that is killed in its second call
    lags       a rank that comes to each call, and to the end, three seconds after the other
    hangs      a rank that does not come to its second call, until the others give up
    mesh       tensor parallel layers under FSDP2, on a mesh of 2 x 2
    pipeline   two stages that hand activations and gradients to each other

A host is a network namespace of its own; two of them are joined by a pair of interfaces. That needs
root and the command ip, and what needs it is said to be skipped where they are missing. Prints a
table, and returns 1 where something does not hold.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

SECONDS = 180  # that one run may take
PORT = "29511"  # every port of a host that was made a moment ago is free
Row = tuple[str, str, bool]  # what was looked at, what was said, and whether it is as it should be

HEADS = """
import datetime, glob, os, signal, sys, time, torch
import torch.distributed as dist
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk, self.left, self.right = nn.Linear(3, 3), nn.Linear(3, 1), nn.Linear(3, 1)
    def forward(self, x, rank):
        return (self.left if rank % 2 == 0 else self.right)(self.trunk(x))
way = sys.argv[1:]
dist.init_process_group("gloo", timeout=datetime.timedelta(seconds=15 if way == ["hangs"] else 120))
rank = dist.get_rank()
model = nn.parallel.DistributedDataParallel(Net(), find_unused_parameters=True)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(2):
    optimizer.zero_grad()
    loss = model(torch.randn(4, 3), rank).pow(2).mean()
    if way == ["lags"] and rank == 1:
        time.sleep(3)
    if step == 1 and way and way != ["lags"]:  # the other is in its call by then
        loss.register_hook(lambda gradient: open(f"in_call_{rank}", "w").close())
    if step == 1 and rank == 1 and way and way != ["lags"]:
        while not glob.glob("in_call_*"): time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL) if way == ["killed"] else time.sleep(600)
    loss.backward()
    optimizer.step()
dist.destroy_process_group()
if way == ["lags"] and rank == 1:
    time.sleep(3)
"""

MESH = """
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.up, self.down, self.spare = (nn.Linear(4, 4) for _ in range(4))
    def forward(self, x):
        return self.down(self.up(self.stem(x).detach()).relu())
dist.init_process_group("gloo")
torch.manual_seed(0)
mesh = init_device_mesh("cpu", (2, 2), mesh_dim_names=("data", "tensor"))
model = Net()
plan = {"up": ColwiseParallel(), "down": RowwiseParallel()}
parallelize_module(model, mesh["tensor"], plan)
fully_shard(model, mesh=mesh["data"])
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    optimizer.zero_grad()
    loss = model(torch.randn(4, 4)).pow(2).mean()
    loss.backward()
    optimizer.step()
dist.destroy_process_group()
"""

PIPELINE = """
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.pipelining import PipelineStage, ScheduleGPipe
dist.init_process_group("gloo")
rank = dist.get_rank()
torch.manual_seed(rank)
class Stage(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.spare = nn.Linear(4, 4), nn.Linear(4, 4)
    def forward(self, x):
        return self.layer(x).tanh()
model = Stage()
stage = PipelineStage(model, rank, 2, torch.device("cpu"))
schedule = ScheduleGPipe(stage, n_microbatches=2, loss_fn=lambda y, t: (y - t).pow(2).mean())
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    optimizer.zero_grad()
    x = torch.ones(4, 4)
    schedule.step(x) if rank == 0 else schedule.step(target=x)
    optimizer.step()
dist.destroy_process_group()
"""

EVEN, ODD = "reached  unused ", "unused   reached"


class Host:
    """Where a command runs: in a namespace with an address, or here."""

    def __init__(self, folder: Path, name: str = "", interface: str = "") -> None:
        self.folder, self.interface = folder, interface
        self._prefix = ["ip", "netns", "exec", name] if name else []

    def start(self, *command: str, temporary: Path) -> "subprocess.Popen[str]":
        """Start a command in the folder, with a temporary directory of its own."""
        temporary.mkdir(exist_ok=True)
        environment = {**os.environ, "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"}
        if self.interface:
            environment["GLOO_SOCKET_IFNAME"] = self.interface
        return subprocess.Popen(
            [*self._prefix, *command],
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )


@contextmanager
def two_hosts(folder: Path) -> Iterator[tuple[Host, Host]]:
    """Yield two namespaces, 10.77.0.1 and 10.77.0.2, which see each other and nobody else."""
    with ExitStack() as stack:
        names = [f"gradviz{number}-{os.getpid()}" for number in (1, 2)]
        for name in names:
            ip("netns", "add", name)
            stack.callback(ip, "netns", "del", name)
        first, second = (f"gv{number}x{os.getpid()}" for number in (1, 2))
        ip(
            "link",
            "add",
            first,
            "netns",
            names[0],
            "type",
            "veth",
            "peer",
            second,
            "netns",
            names[1],
        )
        for number, (name, interface) in enumerate(zip(names, (first, second), strict=True), 1):
            ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", interface)
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "link", "set", interface, "up")
        yield Host(folder, names[0], first), Host(folder, names[1], second)


def ip(*arguments: str) -> None:
    """Run the command ip."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def has_hosts() -> bool:
    """Say whether namespaces can be made here."""
    try:
        with tempfile.TemporaryDirectory() as folder, two_hosts(Path(folder)):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def torchrun(*options: str) -> list[str]:
    """Return the command that starts ranks."""
    return [sys.executable, "-m", "torch.distributed.run", *options]


def on_two_hosts(folder: Path, *, shared: bool) -> str:
    """Run two ranks on each of two hosts; return what they all said."""
    (folder / "heads.py").write_text(HEADS)
    with two_hosts(folder) as hosts:
        running = [
            host.start(
                *torchrun("--nnodes=2", "--nproc-per-node=2", f"--node-rank={number}"),
                *("--master-addr=10.77.0.1", f"--master-port={PORT}"),
                *("-m", "gradviz", "run", "--backward", "1", "-o", "report.json", "heads.py"),
                temporary=folder / ("both" if shared else f"host{number}"),
            )
            for number, host in enumerate(hosts)
        ]
        return "".join(process.communicate(timeout=SECONDS)[1] for process in running)


def here(folder: Path, script: str, ranks: int, *arguments: str) -> str:
    """Run ranks on this host; return what they said."""
    (folder / "train.py").write_text(script)
    gradviz = [sys.executable, "-m", "gradviz", "run", "--children", "--backward", "1,2"]
    options = ["--standalone", f"--nproc-per-node={ranks}", "train.py", *arguments]
    process = Host(folder).start(
        *gradviz, "-o", "report.json", "torchrun", *options, temporary=folder / "here"
    )
    return process.communicate(timeout=SECONDS)[1]


def says(what: str, said: str, *lines: str) -> Row:
    """Return whether each line was said."""
    missing = [line for line in lines if line not in said]
    return what, "as it should be" if not missing else f"not said: {missing}\n{said}", not missing


TABLE = (
    "4 of 6 parameters differ between ranks",
    f"  differ    {EVEN}  {EVEN}  model.module.left.* (2 tensors, 4 values)",
    f"  differ    {ODD}  {ODD}  model.module.right.* (2 tensors, 4 values)",
    "  same      reached  reached  reached  reached  model.module.trunk.* (2 tensors, 12 values)",
)


def shared(folder: Path) -> Iterator[Row]:
    """Run on two hosts that share a folder."""
    yield says("one table of four ranks", on_two_hosts(folder, shared=True), *TABLE)


def apart(folder: Path) -> Iterator[Row]:
    """Run on two hosts that share nothing, and merge what they saved."""
    said = on_two_hosts(folder, shared=False)
    yield says("the first host's ranks", said, "ranks 2..3 did not come to this call")
    reports = sorted(str(path) for path in folder.glob("report.rank*.json"))
    merge = [sys.executable, "-m", "gradviz", "merge", *reports]
    merged = subprocess.run(merge, check=False, text=True, capture_output=True)
    yield says("gradviz merge", merged.stdout + merged.stderr, *TABLE)


def killed(folder: Path) -> Iterator[Row]:
    """Kill a rank."""
    said = here(folder, HEADS, 2, "killed")
    yield says("what came before", said, "4 of 6 parameters differ between ranks")
    yield says("the call that it did not come to", said, "rank 1 did not come to this call")


def lags(folder: Path) -> Iterator[Row]:
    """Let a rank come late to each call."""
    said = here(folder, HEADS, 2, "lags")
    both = "backward 1 and 2 at train.py:26: 4 of 6 parameters differ between ranks"
    yield says("both calls, in one table", said, both)


def hangs(folder: Path) -> Iterator[Row]:
    """Let a rank hang while the others wait for it."""
    said = here(folder, HEADS, 2, "hangs")
    yield says("what came before", said, "4 of 6 parameters differ between ranks")
    yield says("the call that it did not come to", said, "rank 1 did not come to this call")


def mesh(folder: Path) -> Iterator[Row]:
    """Train on a mesh."""
    said = here(folder, MESH, 4)
    yield says("no rank differs", said, "every rank saw the same")
    yield says("reached", said, "model.up.*", "model.down.*")
    yield says(
        "cut, with its line", said, "by detach() at train.py:13: return self.down(self.up(self.stem"
    )
    yield says("unused", said, "model.spare.*")


def pipeline(folder: Path) -> Iterator[Row]:
    """Train two stages."""
    said = here(folder, PIPELINE, 2)
    yield says("each stage's layer", said, "model.layer.*")
    yield says("unused", said, "model.spare.*")


PARTS: dict[str, Callable[[Path], Iterator[Row]]] = {
    part.__name__: part for part in (shared, apart, killed, lags, hangs, mesh, pipeline)
}


def main(names: list[str]) -> int:
    """Run the parts that are named, or all; return the exit status."""
    if unknown := set(names) - set(PARTS):
        print(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
        return 2
    right, can = True, has_hosts()
    for name in names or PARTS:
        if name in ("shared", "apart") and not can:
            print(f"{name:10}skipped: network namespaces need root and the command ip")
            continue
        with tempfile.TemporaryDirectory() as folder:
            for what, figure, holds in PARTS[name](Path(folder)):
                print(f"{name:10}{what:36}{figure}", flush=True)
                right = right and holds
    return int(not right)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
