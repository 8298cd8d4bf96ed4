"""What ``gradviz mend`` prints.

Each problem, the patch that mends it best, and what that was measured to do.

The patches are bytes, for they quote files whose encoding and line ends are the user's. What stands
between them is passed over by ``git apply`` and ``patch``.
"""

import os
import textwrap
from pathlib import Path

from gradviz.graph import Place
from gradviz.mending.cost import Cost
from gradviz.mending.effect import Effect
from gradviz.mending.mend import Mending, Stage, Tried
from gradviz.mending.patches import folder_of, patch
from gradviz.mending.problems import Problem, best
from gradviz.mending.search import Mend
from gradviz.mending.words import named, sentences_of
from gradviz.render.sentences import counted, listing, path_and_line, printable

_WIDTH = 100
_LABEL = 10


def render(found: Mending, *, alternatives: bool = False) -> bytes:
    """Return everything that was found, as it is printed."""
    blocks = [_text(_tried(found, each)) for each in found.tried if not each.meant]
    blocks += [_stage(found, each) for each in found.stages]
    if alternatives:
        blocks += [_alternative(found, mend) for each in found.tried for mend in each.mends[1:]]
    blocks.append(_text(_last(found, alternatives=alternatives)))
    return b"\n".join(blocks)


def _tried(found: Mending, tried: Tried) -> list[str]:
    title = _title(found, tried.problem)
    if tried.by is not None:
        return [title, *_labelled("mended", f"by what mends {_place(tried.by.places[0])}")]
    if not tried.mends:
        return [
            title,
            *_labelled(
                "no patch", "no change that gradviz knows brought the gradient back without harm"
            ),
        ]
    best_one = tried.mends[0]
    goes = any(best_one in stage.mends for stage in found.stages)
    later = (
        ""
        if goes
        else (
            "; not in the patch below, with which it does not go together: run gradviz mend again"
            " when that is applied"
        )
    )
    return [title, *_labelled("fix", ", then ".join(best_one.titles) + later)]


def _stage(found: Mending, stage: Stage) -> bytes:
    lines = _where(stage.after)
    if stage is not found.stages[0]:
        lines = [*_labelled("on top", "what follows is made on the patch above"), *lines]
    said = _text([*_effect(found, stage.effect, soft=stage.soft), *_cost(stage.cost)])
    head = _text(lines) + b"\n" if lines else b""
    return head + patch(stage.before, stage.after) + b"\n" + said


def _alternative(found: Mending, mend: Mend) -> bytes:
    lines = _labelled(
        "instead", f"{', then '.join(mend.titles)}, for {_place(mend.problem.places[0])}"
    )
    diff = patch(found.originals, mend.sources)
    return _text(lines) + b"\n" + diff + b"\n" + _text(_effect(found, mend.effect, soft=mend.soft))


def _title(found: Mending, problem: Problem) -> str:
    names = named(problem.parameters, best(found.report))
    place = _place(problem.places[0])
    words = {
        "zero": f"The gradient is zero from {problem.operation} at {place} on",
        "not_finite": f"{problem.operation} at {place} gives NaN or infinity",
        "unregistered": f"Not in parameters(), used at {place}",
        "not_held": f"No optimizer holds it, see {place}",
        "stale": f"The optimizer holds what was replaced at {place}",
        "cleared": f"The gradient is cleared before the step at {place}",
        "hook": f"The gradient is replaced by {problem.operation} at {place}",
    }
    said = words.get(problem.kind, f"Cut by {problem.operation} at {place}")
    return printable(f"{said}: {names}" if names else said)


def _place(place: Place) -> str:
    return path_and_line(place)


def _where(files: object) -> list[str]:
    folder = folder_of(files)  # type: ignore[arg-type]
    if folder == Path(os.path.realpath(".")):
        return []
    return _labelled("apply in", printable(str(folder)))


def _effect(found: Mending, effect: Effect, *, soft: bool) -> list[str]:
    sentences = sentences_of(effect, found.report, soft=soft)
    return [line for label, sentence in sentences for line in _labelled(label, sentence)]


def _cost(cost: Cost | None) -> list[str]:
    return [] if cost is None else _labelled("cost", cost.sentence)


def _last(found: Mending, *, alternatives: bool) -> list[str]:
    lines = []
    others = sum(len(each.mends) - 1 for each in found.tried if each.mends)
    if others and not alternatives:
        lines.append(
            f"{counted(others, 'other change')} worked too: --alternatives prints"
            f" {'it' if others == 1 else 'them'}."
        )
    meant = [each.problem for each in found.tried if each.meant]
    if meant:
        places = listing([f"{each.operation} at {_place(each.places[0])}" for each in meant])
        lines += textwrap.wrap(
            printable(f"Left alone, as it looks meant: {places}. --all tries it too."), _WIDTH
        )
    if not found.tried:
        lines.append("Nothing to mend was found.")
    runs = f"The step was run {counted(found.trials, 'time')}"
    if found.script:
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
