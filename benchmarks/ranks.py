"""The table of many ranks from their saved reports.

    python benchmarks/ranks.py

Simulated on files: up to 1,024 ranks of a model with 1,137 parameters, each with a report of its
own, as `gradviz merge` reads them; a head is unused on every seventh rank, and the norms differ on
all. Each number of ranks is read in a process of its own. Needs Linux, which tells its peak.

Bounds: 1,024 ranks in 10 s of processor time and 1 GB, and an exponent of at most 1.1 in ranks.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from scale import exponent
from torch import nn

import gradviz

RANKS = (64, 128, 256, 512, 1_024)
LAYERS = 568  # two parameters each, and one more
SECONDS, GIB, ALLOWED = 10.0, 1.0, 1.1
READ = """
import sys, time
from pathlib import Path
from gradviz.running.merging import merged
files = sorted(Path(sys.argv[1]).glob("*.json"))[: int(sys.argv[2])]
start = time.process_time()
text = merged(files).text()
spent = time.process_time() - start
assert text.count("\\n") <= 20, text
status = Path("/proc/self/status").read_text()
print(spent, int(status.split("VmHWM:")[1].split()[0]) / 2**20)
"""


class Net(nn.Module):
    """A deep net with a head that some ranks leave out."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(nn.Linear(4, 4) for _ in range(LAYERS - 1)))
        self.left, self.right = nn.Linear(4, 1), nn.Linear(4, 1, bias=False)

    def forward(self, x: torch.Tensor, odd: bool) -> torch.Tensor:
        """Return the loss of a rank."""
        h = self.layers(x)
        return (self.right(h) if odd else self.left(h) + self.right(h)).sum()


def report(odd: bool) -> str:
    """Return the report of one rank as JSON, with a step of an optimizer."""
    torch.manual_seed(0)
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with gradviz.trace() as trace:
        loss = net(torch.ones(2, 4), odd)
        loss.backward()
        optimizer.step()
    return trace.report(loss, net).to_json()


def write(folder: Path) -> tuple[int, int]:
    """Write a report for every rank; return how many parameters one has, and its size in bytes."""
    texts = [report(odd=False), report(odd=True)]
    for rank in range(RANKS[-1]):
        own = re.sub(r'(?<="gradient_norm": )(?=[0-9])', f"1{rank}", texts[rank % 7 == 6])
        (folder / f"report.rank{rank:04}.json").write_text(own)
    return len(json.loads(texts[0])["backwards"][0]["parameters"]), len(texts[0])


def main() -> int:
    """Measure, print, and return 1 where a bound does not hold."""
    with tempfile.TemporaryDirectory() as name:
        parameters, size = write(Path(name))
        print(f"{parameters:,} parameters a rank, {size / 2**20:.2f} MiB a report")
        times, memory = [], []
        for ranks in RANKS:
            done = subprocess.run(
                [sys.executable, "-c", READ, name, str(ranks)],
                capture_output=True,
                text=True,
                check=True,
            )
            spent, peak = map(float, done.stdout.split())
            times.append(spent)
            memory.append(peak)
            print(f"{ranks:6,} ranks {spent:8.2f} s {peak * 1024:8.0f} MiB", flush=True)
    slope = exponent(RANKS, times)
    good = times[-1] <= SECONDS and memory[-1] <= GIB and slope <= ALLOWED
    print(
        f"at most {SECONDS:.0f} s and {GIB:.0f} GiB; exponent {slope:.2f}, at most {ALLOWED} "
        f" {'ok' if good else 'MISSED'}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
