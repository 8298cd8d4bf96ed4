"""A report as text that explains.

What gets gradient, what severs the rest and what usually mends it, what is calmly so.

Everything is folded by module, so that a model of thousands of parameters still fits a screen.
``render_text`` returns plain text, ``styled`` the same lines for a rich console.
"""

import os
import sys
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gradviz.causes import Explanation, explain, has_raised, is_plain
from gradviz.facts.blocks import by_block
from gradviz.facts.findings import Findings
from gradviz.facts.training import Training
from gradviz.graph import Cut, CutKind, Leaf, Parameter, Place, Verdict
from gradviz.render.adapters import fold
from gradviz.render.sentences import (
    NOT_REACHED,
    begins_in,
    count_reached,
    counted,
    headline,
    is_asked,
    is_known_unused,
    leaf_name,
    listing,
    note_text,
    often_meant,
    path_and_line,
    printable,
    why_unused,
    word_of,
)
from gradviz.render.text_calm import Calm
from gradviz.render.training import is_told, lines, note_on_size, sentence
from gradviz.system.grouped import grouped
from gradviz.system.voice import PROSE_WIDTH

if TYPE_CHECKING:
    from rich.text import Text

WIDTH = PROSE_WIDTH
MOST_LINES = 12  # before what is calmly so has a line each
MOST_GROUPS = 12  # of one kind, before the rest is only counted
MOST_PLACES = 4  # where the same route is severed again, before the rest is only counted

_LABEL = 10
_Reason = TypeVar("_Reason")
_STYLES = {
    "headline": "bold",
    "cut": "bold red",
    "title": "bold",
    "code": "cyan",
    "name": "",
    "": "",
}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line or paragraph: how far in, a word in the margin of its body, and what it is.

    Code and names are never wrapped.
    """

    text: str = ""
    style: str = ""
    indent: int = 0
    label: str = ""


def render_text(
    report: Findings, *, width: int | None = None, about: Collection[str] | None = None
) -> str:
    """Return the report as plain text.

    Args:
        report: What to tell.
        about: Names of the parameters to explain; None explains all.
        width: Columns that prose is wrapped to; ``WIDTH`` unless given. Code, names and places are
            never broken.
    """
    rows = _rows(report, width or WIDTH, None if about is None else frozenset(about))
    return "\n".join(text for _, _, text in rows) + "\n"


def render_summary(report: Findings) -> str:
    """Return the result in at most ten lines, the last without a line break.

    What a prompt shows of a report.
    """
    rows = []
    words = {name: word_of(parameter) for name, parameter in report.parameters.items()}
    label = max(_LABEL, len(NOT_REACHED) + 2) if NOT_REACHED in words.values() else _LABEL
    for word in (*map(str, Verdict), NOT_REACHED):
        groups = [
            str(group)
            for group in fold([name for name in words if words[name] == word], report.parameters)
        ]
        if groups:
            rows.append(f"  {word:<{label}}{printable(listing(groups))}")
    cuts = [
        f"  {'by':<{label}}{printable(f'{cut.operation} at {path_and_line(cut)}')}"
        for cut in report.cuts[:2]
    ]
    shown = f"  print(report) explains, report.to_html({'page.html'!r}) shows the graph"
    return "\n".join([f"{headline(report)}.", *rows, *cuts, shown])


def styled(report: Findings, *, width: int | None = None) -> "Text":
    """Return the same lines as a rich text, in colour where the console that prints it has any."""
    from rich.text import Text

    text = Text()
    for style, margin, words in _rows(report, width or WIDTH):
        text.append(words[:margin], "dim").append(words[margin:] + "\n", _STYLES[style])
    return text


def render_coloured(report: Findings) -> str:
    """Return the same lines with the codes of the terminal, wrapped to its width."""
    from rich.console import Console

    console = Console(force_terminal=True)
    with console.capture() as captured:
        console.print(styled(report, width=min(WIDTH, console.width)), end="", soft_wrap=True)
    return captured.get()


def for_terminal(report: Findings) -> str:
    """Return the lines in colour for a terminal that is not told NO_COLOR, else plain."""
    coloured = sys.stdout is not None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return render_coloured(report) if coloured else render_text(report)


def _rows(
    report: Findings, width: int, about: frozenset[str] | None = None
) -> list[tuple[str, int, str]]:
    """Return the lines as they are printed, each with its style and the length of its margin.

    What is calmly so has a line each where the whole would be long.
    """
    for is_brief in (False, True):
        rows = [
            (line.style, margin, text)
            for line in _report(report, about, is_brief=is_brief)
            for margin, text in _wrapped(line, width)
        ]
        if len(rows) <= MOST_LINES:
            break
    return rows


def _report(report: Findings, about: frozenset[str] | None, *, is_brief: bool) -> Iterator[_Line]:
    report = by_block(report)
    if not report.losses:
        yield from _one_loss(report, about, is_brief=is_brief)
    for position, (name, loss) in enumerate(report.losses.items()):
        if position:
            yield _Line()
        yield _Line(f"Loss {name}", "title")
        yield from _one_loss(loss, about, is_brief=is_brief)
    if report.training is not None and about is None:
        yield from _training(report.training)


def _one_loss(report: Findings, about: frozenset[str] | None, *, is_brief: bool) -> Iterator[_Line]:
    parameters = [
        parameter
        for parameter in report.parameters.values()
        if about is None or parameter.name in about
    ]
    cuts = [cut for cut in report.cuts if about is None or not about.isdisjoint(cut.parameters)]
    pruning = [cut for cut in cuts if _names(report, cut, Verdict.CUT)]
    aside = [cut for cut in cuts if cut not in pruning and _is_told_aside(report, cut)]

    yield _Line(count_reached(report) + ".", "headline")
    explained: set[Explanation] = set()
    for cut in pruning:
        yield from _cut(report, cut, explained)
    calm = Calm.of(report, aside, parameters) if is_brief else Calm()
    aside = [cut for cut in aside if cut not in calm.cuts]
    calmed = {parameter.name for parameter in calm.parameters}
    shown = [parameter for parameter in parameters if parameter.name not in calmed]
    yield from _asides(report, aside, explained)
    yield from _zeros(report, shown)
    yield from _frozen(report, shown)
    yield from _unused(report, shown)
    yield from _optimized(report, parameters)
    yield from _leaves([leaf for leaf in report.unregistered if leaf not in calm.leaves])
    for note in report.notes:
        yield _Line()
        yield _Line(note_text(note), indent=2, label="note")
    if summary := [*calm.lines(report.parameters)]:
        yield from [_Line(), *map(_Line, summary)]


def _is_told_aside(report: Findings, cut: Cut) -> bool:
    is_library = not cut.parameters or cut.inside_library
    return not is_library and not _is_zero_by_hook(report, cut)


def _asides(report: Findings, cuts: Sequence[Cut], explained: set[Explanation]) -> Iterator[_Line]:
    if cuts:
        yield _Line()
        yield _Line(
            "Cut on one route, alive on another."
            + " That is often on purpose, as a stop-gradient." * bool(often_meant(cuts)),
            "title",
        )
    for cut in sorted(cuts, key=is_asked):  # what is hardly meant comes first
        yield from _aside(report, cut, explained)


def _optimized(report: Findings, parameters: Iterable[Parameter]) -> Iterator[_Line]:
    """Yield what no optimizer holds, unless it is told with what trains, and what one holds in
    vain.
    """
    trainable = (Verdict.REACHED, Verdict.ZERO)
    forgotten = [p.name for p in parameters if p.optimized is False and p.verdict in trainable]
    if report.training is None:
        yield from _titled(report, "Not in any optimizer, so they keep their values:", forgotten)
    idle = [p.name for p in parameters if p.optimized and p.verdict is Verdict.FROZEN]
    yield from _titled(report, "In an optimizer, though frozen:", idle)


def _leaves(leaves: Sequence[Leaf]) -> Iterator[_Line]:
    if leaves:
        yield _Line()
        yield _Line("Gradient also reaches tensors that are not parameters of the model:", "title")
    by_place = grouped((leaf.place, leaf_name(leaf)) for leaf in leaves)
    for place, names in by_place.items():
        yield _Line(listing(names) + (f" at {path_and_line(place)}" if place else ""), indent=2)
        if place and place.code:
            yield _Line(place.code, "code", indent=6)


def _is_zero_by_hook(report: Findings, cut: Cut) -> bool:
    """Say whether a hook leaves nothing of the gradient behind it, as the zeros tell already."""
    return cut.kind is CutKind.HOOK and all(
        report.parameters[name].verdict is Verdict.ZERO
        for name in cut.parameters
        if name in report.parameters
    )


def _training(training: Training) -> Iterator[_Line]:
    """Yield the last paragraph: whether the parameters train, and what was to train and does
    not.
    """
    yield _Line()
    answer = sentence(training)
    alarms = [[*lines(alarm, training)] for alarm in training.alarms]
    is_one = bool(alarms) and is_told(alarms[0][0][1], answer, training)
    yield _Line(f"ALARM: {answer}", "cut") if is_one else _Line(answer, "headline")
    for (_, first), *rest in alarms:
        if not is_one:
            yield _Line(f"ALARM: {first}", "cut")
        for label, words in rest:
            yield _Line(words, "code" if label == "code" else "", 2, label)
    compared = note_on_size(training)
    if compared:
        yield _Line(compared, indent=2, label="note")


def _cut(report: Findings, cut: Cut, explained: set[Explanation]) -> Iterator[_Line]:
    explanation = explain(cut)
    yield _Line()
    yield from _operation(cut, "" if has_raised(cut) else "Cut by ", "cut")
    yield from _groups(report, _names(report, cut, Verdict.CUT), "cuts off")
    others = [
        name
        for name in cut.parameters
        if name in report.parameters and report.parameters[name].verdict is not Verdict.CUT
    ]
    yield from _groups(report, others, "partial")
    for place in cut.also[:MOST_PLACES]:
        yield _Line(_at(place, WIDTH - 2 - _LABEL), indent=2, label="also at")
    if cut.also[MOST_PLACES:]:
        yield _Line(f"... and {len(cut.also) - MOST_PLACES} more lines", indent=2, label=" ")
    if explanation not in explained:
        explained.add(explanation)
        yield _Line(explanation.meaning, indent=2, label="means")
        yield _Line(explanation.mend, indent=2, label="fix")


def _aside(report: Findings, cut: Cut, explained: set[Explanation]) -> Iterator[_Line]:
    yield from _operation(cut, indent=2)
    yield from _groups(report, cut.parameters, "behind it", indent=4)
    explanation = explain(cut)
    # What a stop-gradient is need not be said
    if not is_plain(cut) and explanation not in explained:
        explained.add(explanation)
        yield _Line(explanation.meaning, indent=4, label="means")
        yield _Line(explanation.mend, indent=4, label="fix")


def _operation(cut: Cut, prefix: str = "", style: str = "", indent: int = 0) -> Iterator[_Line]:
    yield _Line(
        f"{prefix}{cut.operation} at {path_and_line(cut)}"
        + (f", in {cut.scope}" if cut.scope else ""),
        style,
        indent,
    )
    if cut.code:
        yield _Line(cut.code, "code", indent + 4)
    if cut.within:
        ran = [
            path_and_line(place) + (f": {place.code}" if place.code and not cut.within[1:] else "")
            for place in cut.within[:MOST_PLACES]
        ]
        yield _Line(f"ran in it: {listing(ran, limit=MOST_PLACES)}", indent=indent + 2)
    if cut.caller:
        yield _Line(f"called at {_at(cut.caller, WIDTH - indent - 12)}", indent=indent + 2)


def _at(place: Place | Cut, room: int) -> str:
    """Return a line with its code, where both fit into so many columns; else the line alone."""
    at = path_and_line(place)
    return f"{at}: {place.code}" if place.code and len(at) + 2 + len(place.code) <= room else at


def _zeros(report: Findings, parameters: Iterable[Parameter]) -> Iterator[_Line]:
    begins = _by_reason(parameters, Verdict.ZERO, lambda parameter: parameter.zero)
    if begins:
        yield _Line()
        yield _Line("Zero: gradient comes back to them, and all of it is zero.", "title")
    for zero, names in begins.items():
        yield from _groups(report, names)
        if zero is None:
            continue
        at = f" at {path_and_line(zero.place)}" if zero.place else ""
        yield _Line(f"it begins in {begins_in(zero)}{at}: {note_text(zero.why)}", indent=4)
        if zero.place and zero.place.code:
            yield _Line(zero.place.code, "code", indent=8)
        if zero.passing:
            yield _Line("It is so until that factor moves.", indent=4)


def _frozen(report: Findings, parameters: Iterable[Parameter]) -> Iterator[_Line]:
    lines = _by_reason(
        parameters, Verdict.FROZEN, lambda parameter: (parameter.frozen_at, parameter.frozen_from)
    )
    if lines:
        yield _Line()
        yield _Line("Frozen: requires_grad is False, so they keep no gradient.", "title")
    for (place, caller), names in lines.items():
        yield from _groups(report, names)
        if place is not None:
            yield _Line(f"frozen at {path_and_line(place)}", indent=4)
            if place.code:
                yield _Line(place.code, "code", indent=8)
        if caller is not None:
            yield _Line(f"called at {_at(caller, WIDTH - 14)}", indent=4)


def _unused(report: Findings, parameters: Sequence[Parameter]) -> Iterator[_Line]:
    """Yield those whose values were seen to stay out of the loss, and those that nothing came back
    to.
    """
    certain = [parameter for parameter in parameters if is_known_unused(parameter)]
    unseen = [parameter for parameter in parameters if not is_known_unused(parameter)]
    yield from _why_unused(report, certain, "Unused: their values did not go into this loss.")
    yield from _why_unused(report, unseen, "Not reached: no gradient comes back to them.")


def _why_unused(report: Findings, parameters: Iterable[Parameter], title: str) -> Iterator[_Line]:
    reasons = _by_reason(parameters, Verdict.UNUSED, lambda parameter: parameter.unused)
    if reasons:
        yield _Line()
        yield _Line(title, "title")
    for unused, names in reasons.items():
        yield from _groups(report, names)
        if unused is None:
            continue
        at = f" at {path_and_line(unused.place)}" if unused.place else ""
        yield _Line(why_unused(unused) + at, indent=4)
        if unused.place is not None and unused.place.code:
            yield _Line(unused.place.code, "code", indent=8)


def _by_reason(
    parameters: Iterable[Parameter], verdict: Verdict, reason: Callable[[Parameter], _Reason]
) -> dict[_Reason, list[str]]:
    """Return the names of the parameters of one verdict, those with the same reason together."""
    return grouped(
        (reason(parameter), parameter.name)
        for parameter in parameters
        if parameter.verdict is verdict
    )


def _titled(report: Findings, title: str, names: list[str]) -> Iterator[_Line]:
    if names:
        yield _Line()
        yield _Line(title, "title")
        yield from _groups(report, names)


def _groups(
    report: Findings, names: Iterable[str], label: str = "", indent: int = 2
) -> Iterator[_Line]:
    groups = fold(names, report.parameters)
    for position, group in enumerate(groups[:MOST_GROUPS]):
        yield _Line(str(group), "name", indent, label if position == 0 else label and " ")
    if len(groups) > MOST_GROUPS:
        rest = sum(group.parameters for group in groups[MOST_GROUPS:])
        yield _Line(f"and {counted(rest, 'more parameter')}", indent=indent, label=label and " ")


def _names(report: Findings, cut: Cut, verdict: Verdict) -> list[str]:
    return [
        name
        for name in cut.parameters
        if name in report.parameters and report.parameters[name].verdict is verdict
    ]


def _wrapped(line: _Line, width: int) -> Iterator[tuple[int, str]]:
    """Yield the lines that ``line`` takes, each with the length of its margin."""
    margin = " " * line.indent + (line.label.ljust(_LABEL) if line.label else "")
    text = printable(line.text)
    if line.style in ("code", "name") or len(margin) + len(text) <= width:
        yield len(margin), (margin + text).rstrip()
        return
    body = textwrap.wrap(
        text, max(width - len(margin), 30), break_long_words=False, break_on_hyphens=False
    )
    for position, part in enumerate(body):
        yield len(margin), (margin if position == 0 else " " * len(margin)) + part
