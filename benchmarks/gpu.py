"""What has to hold on a GPU, in one script that takes a few minutes, and writes a table.

    python benchmarks/gpu.py [--cpu] [-o gpu.md] [--only cases,cost]

    --cpu    run on the CPU what it can run: it shows that the script works, nothing of a GPU
    --only   these checks alone, by the names of their functions

Each check is by itself: what fails is said, and the next one runs. The cases and the healthy
programs of ``tests/`` run with the GPU as torch's default device; what torch itself refuses there
is counted and left out. GPT-2 needs transformers, the layers of 8 and of 4 bits need bitsandbytes.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from on_gpu import device, kinds, step, tests
from on_gpu.cost import cost
from on_gpu.device import Row

CHECKS: tuple[Callable[[], Iterator[Row]], ...] = (
    step.optimizers,
    step.mixed,
    step.halves,
    step.synchronisations,
    step.memory,
    step.births,
    step.leaving,
    kinds.graphs,
    kinds.streams,
    kinds.few_bits,
    kinds.sharded,
    cost,
    kinds.compiled,
    kinds.attention,
    kinds.scripts,
    tests.programs,
    tests.cases,
)


def main() -> int:
    """Run every check, write the table, and return 1 where one does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--only", default="", help="these checks alone")
    parser.add_argument("-o", type=Path, help="write the table here, too")
    options = parser.parse_args()
    if options.cpu:
        device.choose("cpu")
    elif not torch.cuda.is_available():
        print("not measured: there is no GPU (--cpu runs what a CPU can)")
        return 0
    only = options.only.split(",") if options.only else [check.__name__ for check in CHECKS]
    name = torch.cuda.get_device_name() if device.is_cuda() else "CPU"
    lines, good = [f"| {name}, torch {torch.__version__} | | |", "| --- | --- | --- |"], True
    start = time.monotonic()
    for check in CHECKS:
        if check.__name__ not in only:
            continue
        try:
            rows = list(check())
        except Exception as error:
            traceback.print_exc()
            rows = [(check.__name__, device.worded(error), False)]
        for what, figure, holds in rows:
            word = "not tried" if holds is None else "ok" if holds else "MISSED"
            good = good and holds is not False
            lines.append(f"| {what} | {figure} | {word} |")
            print(lines[-1], flush=True)
        print(f"    {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
        if options.o:
            options.o.write_text("\n".join(lines) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
