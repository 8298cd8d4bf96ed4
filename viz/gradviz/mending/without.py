"""What if one cut were not there.

The step is run again with a change that takes it away, and its report is the answer.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from gradviz.errors import GradvizError
from gradviz.graph import Place
from gradviz.mending.laboratory import Laboratory, Nursery
from gradviz.mending.order import Order
from gradviz.mending.outcome import check
from gradviz.mending.problems import Problem, problems
from gradviz.mending.search import Search
from gradviz.render.sentences import path_and_line
from gradviz.reports import Report


def report_without(
    step: str, line: str, *, timeout: float = 60.0, nursery: Nursery | None = None
) -> Report:
    """Return the report of a step as it would be without the cut at a line.

    Args:
        step: ``package.module:function`` or ``file.py:function``.
        line: The cut, ``"train.py:31"``: the end of its path and the number of its line.
        timeout: Seconds that one run may take.
        nursery: Where trials are born, if there is one already.

    Raises:
        GradvizError: The step cannot be run, nothing is cut at that line, or no change that gradviz
            knows takes the cut away.
    """
    if nursery is None:
        with Nursery() as own:
            return report_without(step, line, timeout=timeout, nursery=own)
    with Laboratory(Order(step=step, folder=os.getcwd()), timeout, nursery) as laboratory:
        search = Search(laboratory)
        check(step, search.base)
        every = problems(search.base.report)
        problem = _at(line, every)
        if problem is None:
            there = ", ".join(
                dict.fromkeys(path_and_line(candidate.places[0]) for candidate in every)
            )
            raise GradvizError(
                f"nothing is cut at {line} (there are cuts at {there or 'no line of yours'})"
            )
        mends = search.mends(problem)
        if not mends:
            raise GradvizError(
                f"no change that gradviz knows takes {problem.operation} at {line} away, so nobody"
                " can say what would be"
            )
        best = mends[0]
        note = (
            f"Without {problem.operation} at {path_and_line(problem.places[0])}: measured by"
            f" running the step with this change: {', then '.join(best.titles)}."
        )
        padded = {file: _padded(best.before[file], data) for file, data in best.sources.items()}
        outcome = laboratory.run(padded)
        if outcome.failure is not None or any(
            map(_has_moved, best.before.values(), padded.values())
        ):
            outcome = laboratory.run(best.sources)
            note += " Line numbers are those of the changed file."
        return replace(outcome.report, notes=(note, *outcome.report.notes))


def _padded(before: bytes, after: bytes) -> bytes:
    """Return changed source with a blank line for every line that it lacks, so that the others keep
    their numbers.
    """
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    parts: list[bytes] = []
    for _, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        lacking = (end - start) - (last - first)
        parts += [b"\n"] * lacking + new[first:last]
    return b"".join(parts)


def _has_moved(before: bytes, after: bytes) -> bool:
    return before.count(b"\n") != after.count(b"\n")


def _at(line: str, every: Sequence[Problem]) -> Problem | None:
    """Return the problem at a line: what stands there itself goes first, then what ran in it."""
    most = max((len(problem.places) for problem in every), default=0)
    return next(
        (
            problem
            for position in range(most)
            for problem in every
            if position < len(problem.places) and _is_at(problem.places[position], line)
        ),
        None,
    )


def _is_at(place: Place, line: str) -> bool:
    file, _, number = line.rpartition(":")
    path = place.file.replace(os.sep, "/")
    return number == str(place.line) and (
        path == file or path.endswith(f"/{file.replace(os.sep, '/')}")
    )
