"""What ``gradviz mend`` prints.

Each problem, the patch that mends it best, and what that was measured to do.

The patches are bytes, for they quote files whose encoding and line ends are the user's. What stands
between them is passed over by ``git apply`` and ``patch``.
"""

import os
import re
import textwrap
from pathlib import Path

from gradviz.graph import Place
from gradviz.mending.cost import PatchCost
from gradviz.mending.effect import Effect
from gradviz.mending.mend import Mending, Stage, Tried
from gradviz.mending.patches import folder_of, patch
from gradviz.mending.problems import Problem, best
from gradviz.mending.search import Mend
from gradviz.mending.words import named, sentences_of
from gradviz.render.sentences import counted, listing, path_and_line, printable

_WIDTH = 100
_LABEL = 10


def render(mending: Mending, *, alternatives: bool = False) -> bytes:
    """Return everything that was found, as it is printed."""
    blocks = [_text(_tried(mending, attempt)) for attempt in mending.tried if not attempt.meant]
    blocks += [_stage(mending, stage) for stage in mending.stages]
    if alternatives:
        blocks += [
            _alternative(mending, mend) for attempt in mending.tried for mend in attempt.mends[1:]
        ]
    blocks.append(_text(_last(mending, alternatives=alternatives)))
    return b"\n".join(blocks)


def _tried(mending: Mending, tried: Tried) -> list[str]:
    title = _title(mending, tried.problem)
    if tried.by is not None:
        return [
            title,
            *_labelled(
                "fix",
                f"with the patch for {_place(tried.by.places[0])}, gradient reaches them; this line"
                " stays as it is",
            ),
        ]
    if not tried.mends:
        return [
            title,
            *_labelled("no patch", _why_none(tried)),
        ]
    first = tried.mends[0]
    goes = any(first in stage.mends for stage in mending.stages)
    later = (
        ""
        if goes
        else (
            "; not in the patch below, with which it does not go together: run gradviz mend again"
            " when that is applied"
        )
    )
    return [title, *_labelled("fix", ", then ".join(first.titles) + later)]


def _why_none(tried: Tried) -> str:
    why = "no change that gradviz knows brought the gradient back without harm"
    if tried.refused is None:
        return why
    mend, failure = tried.refused
    place = f" at {_place(Place(failure.file, failure.line, ''))}" if failure.line else ""
    message = re.split(r"[.:] | \(", failure.message)[0]
    kept = "; what a run keeps for the next holds its graph" if "second time" in message else ""
    return (
        f"{why}: {', then '.join(mend.titles)}, and the step raises {failure.kind}{place} when it"
        f" runs again ({message}{kept})"
    )


def _stage(mending: Mending, stage: Stage) -> bytes:
    lines = _where(stage.after)
    if stage is not mending.stages[0]:
        lines = [*_labelled("on top", "what follows is made on the patch above"), *lines]
    measured = _text([*_effect(mending, stage.effect, soft=stage.soft), *_cost(stage.cost)])
    head = _text(lines) + b"\n" if lines else b""
    return head + patch(stage.before, stage.after) + b"\n" + measured


def _alternative(mending: Mending, mend: Mend) -> bytes:
    lines = _labelled(
        "instead", f"{', then '.join(mend.titles)}, for {_place(mend.problem.places[0])}"
    )
    diff = patch(mending.originals, mend.sources)
    return (
        _text(lines) + b"\n" + diff + b"\n" + _text(_effect(mending, mend.effect, soft=mend.soft))
    )


def _title(mending: Mending, problem: Problem) -> str:
    names = (
        problem.operation
        if problem.kind == "unregistered"
        else named(problem.parameters, best(mending.report))
    )
    place = _place(problem.places[0])
    is_copied = problem.operation == "copy"
    words = {
        "zero": f"The gradient is zero from {problem.operation} at {place} on",
        "not_finite": f"{problem.operation} at {place} gives NaN or infinity",
        "unregistered": f"Not in parameters(), used at {place}",
        "not_held": (
            f"Copied at {place} of what the optimizer holds"
            if is_copied
            else f"Left out of the optimizer that was made at {place}"
        ),
        "stale": f"Replaced at {place} after the optimizer was made",
        "cleared": f"Gradient cleared at {place}, before the step",
        "in_place": f"Changed in place at {place}, so that backward() raised an error",
        "hook": f"The gradient is replaced by {problem.operation} at {place}",
    }
    title = words.get(problem.kind, f"Cut by {problem.operation} at {place}")
    return printable(f"{title}: {names}" if names else title)


def _place(place: Place) -> str:
    return path_and_line(place)


def _where(files: object) -> list[str]:
    folder = folder_of(files)  # type: ignore[arg-type]
    if folder == Path(os.path.realpath(".")):
        return []
    return _labelled("apply in", printable(str(folder)))


def _effect(mending: Mending, effect: Effect, *, soft: bool) -> list[str]:
    sentences = sentences_of(effect, mending.report, soft=soft)
    return [line for label, sentence in sentences for line in _labelled(label, sentence)]


def _cost(cost: PatchCost | None) -> list[str]:
    return [] if cost is None else _labelled("cost", cost.sentence)


def _last(mending: Mending, *, alternatives: bool) -> list[str]:
    lines = []
    others = sum(len(attempt.mends) - 1 for attempt in mending.tried if attempt.mends)
    if others and not alternatives:
        lines.append(
            f"{counted(others, 'other change')} worked too: --alternatives prints"
            f" {'it' if others == 1 else 'them'}."
        )
    meant = [attempt.problem for attempt in mending.tried if attempt.meant]
    if meant:
        places = listing(
            [f"{problem.operation} at {_place(problem.places[0])}" for problem in meant]
        )
        lines += textwrap.wrap(
            printable(f"Left alone, as it looks meant: {places}. --all tries it too."), _WIDTH
        )
    if not mending.tried:
        lines += textwrap.wrap(f"Nothing to fix was found{_where_looked(mending)}.", _WIDTH)
    runs = f"The step was run {counted(mending.trials, 'time')}"
    if mending.script:
        runs += "; what the script writes to disk it wrote each time"
    return [*lines, f"{runs}."]


def _labelled(label: str, text: str) -> list[str]:
    wrapped = textwrap.wrap(
        printable(text), _WIDTH - _LABEL - 2, break_long_words=False, break_on_hyphens=False
    )
    return [
        f"  {label.ljust(_LABEL) if number == 0 else ' ' * _LABEL}{line}"
        for number, line in enumerate(wrapped)
    ]


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def _where_looked(mending: Mending) -> str:
    if not mending.script:
        return ""
    if mending.backward:
        return f" in backward {mending.backward}"
    return " up to the first step; gradviz run watches all of a script, --backward looks at a call"
