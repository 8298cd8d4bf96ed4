"""Whether the weights that DistributedDataParallel holds are alike on all ranks after a step.

It keeps them so where each backward goes through its forward, and each rank does the same to the
gradients. No rank asks another: each leaves three numbers for each parameter.
"""

import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from gradviz.errors import GradvizError
from gradviz.facts.training import Alarm
from gradviz.recording.reading import alive
from gradviz.render.json import read_findings
from gradviz.render.sentences import counted, listing
from gradviz.running import rank
from gradviz.running.children import own_file
from gradviz.running.settings import Settings
from gradviz.system import owned

if TYPE_CHECKING:  # whoever started the ranks reads what they left, and may be without torch
    from gradviz.training.looking import Glance

_MOST = 3  # steps
_APART = 0.01  # of what the step moved, from which on weights differ: rounding is far below that
_AVERAGES = "torch.distributed.algorithms.model_averaging.averagers"  # weights drift by design
_MEANS = (
    "DistributedDataParallel keeps weights alike only where each backward goes through its forward,"
    " and all ranks do the same to gradients and weights."
)
_MEND = (
    "Call the wrapped model and not its module, and clip or change gradients on every rank or on"
    " none."
)
Marks = dict[str, tuple[float, float, float]]  # two sums of a parameter, and how far it moved


class Replicas:
    """What the first steps of this rank left of the weights that it shares with others."""

    def __init__(self) -> None:
        self._steps: list[dict[int, tuple[float, float, float]]] = []

    def stepped(self, glances: Sequence["Glance"]) -> None:
        """Take note of the weights after a step."""
        if rank.current() is None or len(self._steps) >= _MOST or _AVERAGES in sys.modules:
            return
        shared = _shared()
        marks = {glance.key: _mark(glance) for glance in glances if glance.key in shared}
        if marks:
            self._steps.append(marks)

    def leave(self, names: Mapping[int, str], where: Path | None) -> None:
        """Leave them in the folder where the ranks of this run meet; nowhere without one."""
        own = rank.current()
        if own is not None and where is not None and self._steps and owned.folder(where):
            steps = [
                {names[key]: mark for key, mark in marks.items() if key in names}
                for marks in self._steps
            ]
            owned.write(where / file_of(own.own), json.dumps(steps).encode())


def file_of(number: int) -> str:
    """Return the name of the file in which a rank leaves its weights."""
    return f"weights_{number}.json"


def _shared() -> set[int]:
    """Return the identities of what DistributedDataParallel is to keep alike."""
    parallel = sys.modules.get("torch.nn.parallel.distributed")
    if parallel is None:
        return set()
    wrapped = alive.of_kinds(parallel.DistributedDataParallel)
    return {
        id(parameter)
        for wrapper in wrapped
        for name, parameter in wrapper.module.named_parameters()
        if name not in getattr(wrapper, "parameters_to_ignore", ())
    }


def _mark(glance: "Glance") -> tuple[float, float, float]:
    before, after = (part[: glance.spread].double() for part in (glance.sample, glance.after))
    waves = after.new_ones(after.numel()).cumsum(0).cos()
    moved = float((after - before).norm()) if before.numel() == after.numel() else math.inf
    return float(after.sum()), float(after @ waves), moved


def apart(ranks: Sequence[Sequence[Marks]]) -> tuple[int, list[str]]:
    """Return after which step the weights of ranks differ first, and which; 0 where they never do.

    Args:
        ranks: What each left of its first steps.
    """
    for number, marks in enumerate(zip(*ranks, strict=False), 1):
        names = [name for name in marks[0] if all(name in own for own in marks)]
        differ = [name for name in names if _differ([own[name] for own in marks])]
        if differ:
            return number, differ
    return 0, []


def _differ(marks: Sequence[tuple[float, float, float]]) -> bool:
    moved = max(mark[2] for mark in marks)
    spans: list[float] = [max(values) - min(values) for values in zip(*marks, strict=True)]
    return moved > 0 and max(spans[:2]) > _APART * moved


def alarm_in(where: Path, settings: Settings) -> str:
    """Return the alarm about weights that differ between the ranks that left theirs in a folder,
    and add it to what these ranks wrote.
    """
    ranks: dict[int, list[Marks]] = {}
    for path in sorted(where.glob("weights_*.json")):
        with suppress(OSError, ValueError, TypeError):
            data = owned.read(path)
            if data is not None:
                ranks[int(path.stem.removeprefix("weights_"))] = json.loads(data)
    number, names = apart(list(ranks.values())) if len(ranks) > 1 else (0, [])
    if not names:
        return ""
    if settings.alarms:
        Path(f"{settings.alarms}-{os.getpid()}-ranks").touch()
    alarm = Alarm(why="ranks_differ", parameters=tuple(names), means=_MEANS, mend=_MEND)
    for output, rank_number in product(settings.outputs, ranks):
        _add(alarm, own_file(output, f"rank{rank_number}"))
    return (
        f"gradviz: ALARM: after step {number} the weights of"
        f" {counted(len(names), 'parameter')} differ between ranks: {listing(names, 6)}\n"
        f"  means     {_MEANS}\n"
        f"  fix       {_MEND}\n"
    )


def _add(alarm: Alarm, path: Path) -> None:
    """Add an alarm to the report that a rank wrote, where that can be read again: as JSON."""
    if path.suffix != ".json":
        return
    from gradviz.render.formats import save  # not for every run: what draws is large

    with suppress(OSError, GradvizError):
        report = read_findings(path.read_text(encoding="utf-8"))
        if report.training is not None:
            training = replace(report.training, alarms=(*report.training.alarms, alarm))
            save(replace(report, training=training), path)
