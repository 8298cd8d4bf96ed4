"""What ``gradviz mend`` prints: each problem, the patch that mends it best, and what that was measured to do.

The patches are bytes, for they quote files whose encoding and line ends are the user's. What stands between them is passed over by
``git apply`` and ``patch``.
"""

import os
import textwrap
from collections.abc import Iterator
from pathlib import Path

from gradviz.graph import Place
from gradviz.mending.cost import Cost
from gradviz.mending.effect import Effect
from gradviz.mending.mend import Mending, Tried
from gradviz.mending.patches import folder_of, patch
from gradviz.mending.problems import Problem, best
from gradviz.render.sentences import counted, listing, path_and_line, printable, starred

_WIDTH = 100
_LABEL = 10


def render(found: Mending, *, alternatives: bool = False) -> bytes:
    """Return everything that was found, as it is printed."""
    blocks = [block for each in found.tried for block in _tried(found, each, alternatives=alternatives)]
    blocks += _together(found)
    blocks.append(_text(_last(found)))
    return b"\n".join(blocks)


def _tried(found: Mending, tried: Tried, *, alternatives: bool) -> Iterator[bytes]:
    if tried.meant:
        return
    title = _title(found, tried.problem)
    if tried.by is not None:
        yield _text([title, *_labelled("mended", f"by the patch for {_place(tried.by.places[0])}")])
        return
    if not tried.mends:
        yield _text([title, *_labelled("no patch", "no change that gradviz knows brought the gradient back without harm")])
        return
    for mend in tried.mends if alternatives else tried.mends[:1]:
        lines = [title, *_labelled("patch", ", then ".join(mend.titles)), *_where(mend.sources)]
        yield _text(lines) + b"\n" + patch(found.originals, mend.sources)
        yield _text([*_effect(found, mend.effect, soft=mend.soft), *_cost(mend.cost)])
    others = len(tried.mends) - 1
    if others and not alternatives:
        yield _text(_labelled("others", f"{counted(others, 'other change')} did it too; --alternatives prints them"))


def _title(found: Mending, problem: Problem) -> str:
    names = listing(starred(problem.parameters, best(found.report)))
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
    among = best(found.report)
    lines: list[str] = []
    for names, words in (
        (effect.reached, "gradient reaches {}; before, none did"),
        (effect.mended, "{}: gradient arrives by the severed route too"),
        (effect.held, "{}: the optimizer's step moves it; before, it did not"),
        (effect.came, "{}: a parameter of the model now, and gradient reaches it"),
        (effect.gone, "{}: no parameter of the model any more, for it is computed"),
    ):
        if names:
            lines += _labelled("effect" if not lines else "", words.format(listing(starred(names, {**among, **dict.fromkeys(names)}))))
    lines += _labelled("", _compared(found, effect))
    if soft:
        lines += _labelled("caution", "this makes up a gradient where there is none: what the parameters learn changes")
    return lines


def _compared(found: Mending, effect: Effect) -> str:
    if not effect.repeatable:
        return "two runs of the unchanged step differ, so nothing is said of the loss and the other gradients"
    loss = (
        "the loss of this step is the same to the bit"
        if effect.same_loss
        else f"the loss of this step goes from {effect.loss[0]} to {effect.loss[1]}"
    )
    if not effect.changed:
        return f"{loss}, and no other gradient changes"
    return f"{loss}; the gradient of {listing(starred(effect.changed, best(found.report)))} changes too"


def _cost(cost: Cost | None) -> list[str]:
    return [] if cost is None else _labelled("cost", cost.sentence)


def _together(found: Mending) -> list[bytes]:
    if len(found.mends) < 2:
        return []
    if found.together is None or found.effect is None:
        return [_text(["The patches do not go together: apply one, and run gradviz mend again."])]
    soft = any(each.soft for each in found.mends)
    return [_text(["All patches together, as --apply writes them:", *_effect(found, found.effect, soft=soft)])]


def _last(found: Mending) -> list[str]:
    lines = []
    meant = [each.problem for each in found.tried if each.meant]
    if meant:
        places = listing([f"{each.operation} at {_place(each.places[0])}" for each in meant])
        lines += textwrap.wrap(printable(f"Left alone, as it looks meant: {places}. --all tries it too."), _WIDTH)
    if not found.tried:
        lines.append("Nothing to mend was found.")
    runs = f"The step was run {counted(found.trials, 'time')}"
    if found.script:
        runs += "; what the script writes to disk it wrote each time"
    return [*lines, f"{runs}."]


def _labelled(label: str, text: str) -> list[str]:
    wrapped = textwrap.wrap(printable(text), _WIDTH - _LABEL - 2, break_long_words=False, break_on_hyphens=False)
    return [f"  {label.ljust(_LABEL) if number == 0 else ' ' * _LABEL}{line}" for number, line in enumerate(wrapped)]


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
