"""What each module keeps for a backward, and what a freeze of the largest would give back.

The script is run again for each of them, up to the same backward call. Imports no torch.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from gradviz.errors import GradvizError
from gradviz.mending.laboratory import Laboratory, Nursery, begun
from gradviz.mending.order import Experiment, Order
from gradviz.mending.outcome import Failure, KeptMemory, Part, check

CHANGES = ("freeze", "no_grad")
_LEAST = 8  # modules that are wanted, where the model has as many
_CHANGED = 3  # of them that are changed, the largest


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """What one change of one module did. Read-only.

    Attributes:
        bytes: What autograd keeps less than without it; None where the run failed.
        stopped: How many parameters outside the module the graph no longer leads to.
        failure: Why there is nothing to count.
    """

    bytes: int | None = None
    stopped: int = 0
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A module, and what it keeps. Read-only.

    Attributes:
        path: Its name, as reports have it; empty for what runs in no module.
        bytes: What autograd keeps of what ran in it.
        itself: What ran in modules inside it stands in rows of its own.
        changes: What became of it by each of :data:`CHANGES`; empty where nothing was tried.
    """

    path: str
    bytes: int
    itself: bool = False
    changes: tuple[GivenBack, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a script's modules keep for one backward call. Read-only.

    Attributes:
        kept: What was counted, of the script as it is.
        backward: Number of the call.
        rows: The modules, the largest first; together they keep all that is kept.
        repeatable: Two runs of the script as it is keep the same; else nothing was changed.
        runs: How often the script was run.
    """

    kept: KeptMemory
    backward: int
    rows: tuple[Row, ...]
    repeatable: bool
    runs: int


def costs(
    script: str,
    arguments: tuple[str, ...],
    *,
    module: bool = False,
    backward: int = 1,
    timeout: float = 60.0,
    nursery: Nursery | None = None,
) -> Costs:
    """Count what each module of a script keeps for a backward call, and try what the three largest
    would give back. Return both.

    Args:
        script: Its file.
        arguments: What it is called with.
        module: ``script`` is the name of a module, as in ``python -m``.
        backward: Number of the call.
        timeout: Seconds that one run may take.
        nursery: Where runs are born, if there is one already.

    Raises:
        GradvizError: The script as it is cannot be run up to that call.
    """
    order = Order(step=script, folder=os.getcwd(), arguments=arguments, module=module)
    with begun(nursery) as own, Laboratory(order, timeout, own) as laboratory:
        outcome, again = (laboratory.count(Experiment(backward=backward)) for _ in range(2))
        for ran in (outcome, again):
            check(script, ran)
        kept = outcome.kept
        if kept is None:
            raise GradvizError(f"{script}: nothing was counted")
        repeatable = kept == again.kept
        rows: list[Row] = []
        for part, row in _rows(kept.parts):
            changes: tuple[GivenBack, ...] = ()
            can_change = part.runs_first >= 0 and not row.itself and row.path
            if repeatable and can_change and sum(bool(other.changes) for other in rows) < _CHANGED:
                changes = tuple(
                    _given_back(laboratory, kept, part, backward, change) for change in CHANGES
                )
            rows.append(Row(path=row.path, bytes=row.bytes, itself=row.itself, changes=changes))
        return Costs(
            kept=kept,
            backward=backward,
            rows=tuple(rows),
            repeatable=repeatable,
            runs=laboratory.trials,
        )


def _given_back(
    laboratory: Laboratory, kept: KeptMemory, part: Part, backward: int, change: str
) -> GivenBack:
    outcome = laboratory.count(
        Experiment(backward=backward, change=change, runs_first=part.runs_first, path=part.path_in)
    )
    if outcome.failure is not None or outcome.kept is None:
        return GivenBack(failure=outcome.failure or Failure(kind="died"))
    return GivenBack(
        bytes=kept.bytes - outcome.kept.bytes,
        stopped=kept.reached - part.reached - outcome.kept.reached,
    )


def _rows(parts: Sequence[Part]) -> list[tuple[Part, Row]]:
    """Return modules that keep something, the largest first: of the model the largest is opened
    until there are some, or nothing is left to open.
    """
    sizes = [part.bytes for part in parts]
    inner: dict[int, list[int]] = {}
    for number in range(len(parts) - 1, 0, -1):  # what lies in a module stands behind it
        parent = parts[number].parent
        inner.setdefault(parent, []).insert(0, number)
        if parent >= 0:
            sizes[parent] += sizes[number]
    closed = [number for number in inner.get(-1, []) if sizes[number]]
    rows = [(parts[0], Row(path="", bytes=sizes[0]))] if sizes[0] else []
    opened: list[tuple[Part, Row]] = []
    while len(closed) + len(opened) < _LEAST:
        largest = max(
            (number for number in closed if any(sizes[child] for child in inner.get(number, []))),
            key=lambda number: sizes[number],
            default=None,
        )
        if largest is None:
            break
        place = closed.index(largest)
        closed[place : place + 1] = [child for child in inner[largest] if sizes[child]]
        if parts[largest].bytes:
            own = Row(path=parts[largest].path, bytes=parts[largest].bytes, itself=True)
            opened.append((parts[largest], own))
    rows += opened
    rows += [
        (parts[number], Row(path=parts[number].path, bytes=sizes[number])) for number in closed
    ]
    return sorted(rows, key=lambda row: -row[1].bytes)
