"""The words of ``gradviz run``.

A backward call in a few lines, a step in one, an alarm in as many as it takes.

What is by design is a line, not a list: a frozen tower, a network that is no part of this loss.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gradviz.causes import RAISED, explain
from gradviz.graph import Cut, Leaf, Parameter, Verdict
from gradviz.judging.cancelled import HARMLESS
from gradviz.render.adapters import trainable
from gradviz.render.names import abbreviated
from gradviz.render.sentences import (
    OFTEN,
    begins_in,
    counted,
    is_asked,
    leaf_name,
    note_text,
    often_meant,
    path_and_line,
    printable,
    verdict_counts,
    why_unused,
)
from gradviz.running.calls import BackwardCall, OptimizerStep
from gradviz.running.phrases import (
    MOST_PLACES,
    at_line,
    below,
    cut_lines,
    is_of_a_library,
    line,
    names_in,
    numbers_in_words,
    shortened,
)
from gradviz.running.step_words import reach_in_words, step_lines
from gradviz.system.grouped import grouped

_NOT_THAWED = (Verdict.FROZEN, None)
_FIRST_REPEATS = 3  # of one call that are told
_RARELY = " (from here on of such calls only the 10th, the 100th and so on is told)"


class Teller:
    """Tells of the calls and steps of one process as they come.

    What it has told before, of the same line, it says in a word. Of a run that is watched to its
    end it does so at the first times and then at every tenfold, so that the text stays short.
    """

    def __init__(self, *, verbose: bool = False, to_the_end: bool = False) -> None:
        self._verbose, self._to_the_end = verbose, to_the_end
        self._last: dict[tuple[str, str], BackwardCall] = {}  # by kind and line
        self._places: dict[tuple[str, ...], str] = {}  # where the reader finds it
        self._repeats: Counter[tuple[str, ...]] = Counter()
        self._freezes: dict[str, str] = {}  # what froze, and the call of which it was told
        self._has_said_often = False
        self._is_rare = False  # it was said that not every repetition is told
        self._before = 0  # lines of the call that was told of last

    def tell_call(self, call: BackwardCall) -> str:
        """Return what a call reached, what it did not, and why; empty where it repeats itself."""
        spot = (call.kind, str(call.place))
        details = _details(call, verbose=self._verbose)
        place_in_text = f"in {call.name.short}"
        content = (*spot, *details)
        earlier = self._places.setdefault(content, place_in_text)
        first = call_line(call)
        since = [*_since(call, self._last.get(spot))]
        self._last[spot] = call
        if details and earlier != place_in_text:
            first, details = _repeated(call, earlier, alone=self._to_the_end), []
            self._repeats[content] += 1
            is_worth_a_line = not self._to_the_end or _is_told(self._repeats[content])
            is_news = any(not text.startswith(line("stays", "")) for text in since)
            if not is_news and not is_worth_a_line:
                return ""
            if self._to_the_end and self._repeats[content] == _FIRST_REPEATS and not self._is_rare:
                first, self._is_rare = first + _RARELY, True
        details = [*self._saying_once(details)]
        if not self._verbose:
            details = [*self._without_known_freezes(details, call.name.short)]
        lines = [first, *details, *since]
        self._before = len(lines)
        return "\n".join(lines) + "\n"

    def _saying_once(self, details: Iterable[str]) -> Iterator[str]:
        """Yield lines, of which one alone says that a cut is often on purpose."""
        for text in details:
            yield text.replace(f", {OFTEN}", "") if self._has_said_often else text
            self._has_said_often = self._has_said_often or OFTEN in text

    def _without_known_freezes(self, details: Iterable[str], call: str) -> Iterator[str]:
        """Yield lines; in place of several that were told to freeze before, where that was."""
        repeated: list[str] = []
        is_of_frozen = False
        for text in (*details, ""):
            is_place = is_of_frozen and text.startswith(line("", ""))
            earlier = self._freezes.setdefault(text, call) if is_place else call
            if earlier != call:
                repeated.append(text)
                continue
            if repeated and not is_place:
                yield from _referred(repeated, [self._freezes[place] for place in repeated])
                repeated = []
            is_of_frozen = is_place or text.startswith(line("frozen", ""))
            if text:
                yield text

    def tell_step(self, step: OptimizerStep, calls: Sequence[BackwardCall]) -> str:
        """Return what steps next, led by the alarm where there is one.

        What explains an alarm, what is stale and what gets only zeros is told once. Empty where
        all is as well as before.
        """
        first, *details = step_lines(step, calls)
        place_in_text = f"after backward {numbers_in_words(step.calls)}"
        fed = "" if step.starved else reach_in_words(step)
        earlier = self._places.setdefault(
            (step.optimizer, *step.held, fed, *details), place_in_text
        )
        is_again = earlier != place_in_text
        if is_again:
            is_ill = step.starved or ((step.stale or step.zero) and not self._to_the_end)
            if not is_ill:
                return ""
            first, details = f"{first}, as {earlier}", []
        lines = [first, *details]
        if not self._verbose:
            lines = below(lines, self._before, line("more", ""), *map(_margin, ("means", "fix")))
        return "\n".join(lines) + "\n"


def _margin(label: str) -> str:
    return line(label, "")


def _referred(repeated: Sequence[str], calls: Sequence[str]) -> Iterator[str]:
    """Yield lines that a reader knows; of more than one only the calls where they stand."""
    if len(repeated) < 2:
        yield from repeated
    else:
        yield line("", f"by lines told in {' and '.join(dict.fromkeys(calls))}")


def _is_told(times: int) -> bool:
    """Say whether a reader is told of a repetition: the first three, then the 10th, the 100th."""
    return times <= _FIRST_REPEATS or str(times).rstrip("0") == "1"


def _details(call: BackwardCall, *, verbose: bool = False) -> list[str]:
    report = call.report
    rewritten = [note for note in report.notes if call.failed and "changed in place" in note]
    sections = [
        [line("raised", call.failed), *(line("", note_text(note)) for note in rewritten)]
        if call.failed
        else []
    ]
    for verdict, tell in _TELL.items():
        chosen = [
            parameter for parameter in report.parameters.values() if parameter.verdict is verdict
        ]
        sections.append([*tell(call, chosen)] if chosen else [])
    if not report.parameters:
        sections.append([line("", "no parameters were found")])
    sections.append([*_also_reached(report.unregistered)])
    notes = [
        note
        for note in report.notes
        if note not in rewritten
        and not (call.failed and note.startswith(RAISED))
        and not note.endswith(HARMLESS)
    ]
    sections.append([line("note", note_text(note)) for note in notes])
    # As often as not a stop-gradient that is meant; so that the first cut is told, it stands alone
    partial = [*_severed_beside_zeros(call), *_partial(call, verbose=verbose)]
    sections += [partial[:1], partial[1:2], partial[2:]]
    return (
        [line for lines in sections for line in lines]
        if verbose
        else shortened(sections, line("more", ""))
    )


def call_line(call: BackwardCall) -> str:
    """Return ``"backward 2, errD_fake at main.py:245: errD_fake.backward()"``."""
    text = (
        f"{call.name.short}{f' in {call.when}' if call.when else ''},"
        f" {call.report.loss}{at_line(call.place)}"
    )
    if call.caller is not None:
        text += f", called{at_line(call.caller)}"
    return printable(text)


def _repeated(call: BackwardCall, earlier: str, *, alone: bool) -> str:
    """Return a call of which there is nothing new to say, in one line.

    Args:
        call: The call.
        earlier: Where a reader finds what is the same.
        alone: The line may stand far from there, and says what it is about.
    """
    name = f"{call.name.short}{f' in {call.when}' if call.when else ''}"
    verdicts = {parameter.verdict for parameter in call.report.parameters.values()}
    if not (alone or call.failed or verdicts & {Verdict.CUT, Verdict.ZERO}):
        return printable(f"{name}: as {earlier}")
    at = f" at {path_and_line(call.place)}" if call.place else ""
    return printable(f"{name}, {call.report.loss}{at}, as {earlier}: {verdict_counts(call.report)}")


def _reached(call: BackwardCall, chosen: Sequence[Parameter]) -> Iterator[str]:
    yield line("reached", names_in([parameter.name for parameter in chosen], call))


def _also_reached(leaves: Sequence[Leaf]) -> Iterator[str]:
    """Yield what is reached and belongs to no model, the alike of one line together."""
    alike = Counter(
        f"{leaf_name(leaf)} that is no model's parameter"
        f"{f', made{at_line(leaf.made)}' if leaf.made else at_line(leaf.place)}"
        for leaf in leaves
    )
    for text, count in [*alike.items()][:3]:
        yield line("also reached", text if count == 1 else f"{count} tensors, each {text}")


def _severed_beside_zeros(call: BackwardCall) -> Iterator[str]:
    """Yield the cuts that are all that keeps more than zeros from what gets zeros alone."""
    zero = (
        parameter
        for parameter in call.report.parameters.values()
        if parameter.verdict is Verdict.ZERO
    )
    behind = grouped((parameter.cuts, parameter.name) for parameter in zero if parameter.partial)
    for cuts, names in behind.items():
        if own := [cut for cut in cuts if not is_of_a_library(cut)]:
            yield line(
                "partial", f"{names_in(names, call)}: one route is cut, another brings zeros"
            )
            for cut in sorted(own, key=is_asked):
                yield from cut_lines(cut, most=0)


def _partial(call: BackwardCall, *, verbose: bool) -> Iterator[str]:
    """Yield what is reached on one route and severed on another.

    Lines in libraries only counted, unless asked for.
    """
    full_cuts = {
        cut
        for parameter in call.report.parameters.values()
        if parameter.verdict is Verdict.CUT
        for cut in parameter.cuts
    }
    partial: dict[tuple[Cut, ...], list[str]] = {}
    inside: dict[str, list[Cut]] = {}
    for parameter in call.report.parameters.values():
        if parameter.partial and parameter.verdict is Verdict.REACHED:
            own = tuple(cut for cut in parameter.cuts if verbose or not is_of_a_library(cut))
            if own:
                partial.setdefault(own, []).append(parameter.name)
            else:
                inside[parameter.name] = list(parameter.cuts)
    for cuts, names in sorted(partial.items(), key=lambda group: all(map(is_asked, group[0]))):
        same = full_cuts.issuperset(cuts)
        how = " there too, another is alive" if same else f", another is alive{often_meant(cuts)}"
        yield line("partial", f"{names_in(names, call)}: one route is cut{how}")
        for cut in () if same else sorted(cuts, key=is_asked):  # what is hardly meant comes first
            yield from cut_lines(cut, most=0)
    if inside:
        lines = {(cut.file, cut.line) for cuts in inside.values() for cut in cuts}
        who = counted(len(inside), "parameter")
        yield line(
            "partial",
            f"{who}: one route is cut in {counted(len(lines), 'line')} of libraries, another is"
            f" alive{often_meant(cut for cuts in inside.values() for cut in cuts)}",
        )


def _zero(call: BackwardCall, chosen: Sequence[Parameter]) -> Iterator[str]:
    begins = grouped((parameter.zero, parameter.name) for parameter in chosen)
    for zero, names in begins.items():
        yield line("zero", f"{names_in(names, call)}: gradient arrives, and all of it is zero")
        if zero is not None:
            yield line("", f"from {begins_in(zero)}{at_line(zero.place)}")
            yield line("why", note_text(zero.why))


def _since(call: BackwardCall, earlier: BackwardCall | None) -> Iterator[str]:
    """Say of the zeros of the last call at the same line whether they stayed."""
    if earlier is None:
        return
    zero = [
        name
        for name, parameter in earlier.report.parameters.items()
        if parameter.verdict is Verdict.ZERO
    ]
    now = {name: parameter.verdict for name, parameter in call.report.parameters.items()}
    gone = [
        name
        for name in zero
        if now.get(name) is Verdict.REACHED
        and not call.report.parameters[name].rounding
        and math.isfinite(call.report.parameters[name].gradient_norm or 0.0)
    ]
    stayed = [name for name in zero if now.get(name) is Verdict.ZERO]
    thawed = [
        name
        for name, parameter in earlier.report.parameters.items()
        if parameter.verdict is Verdict.FROZEN and now.get(name) not in _NOT_THAWED
    ]
    if thawed:
        lines = dict.fromkeys(
            place
            for name in thawed
            if (place := call.report.parameters[name].thawed_at) is not None
        )
        at = next(iter(lines), None) if len(lines) == 1 else None
        yield line(
            "thawed",
            f"{names_in(thawed, call)}: frozen at backward"
            f" {earlier.number}{at_line(at) and f', thawed{at_line(at)}'}",
        )
    if gone:
        yield line(
            "no longer zero",
            f"{names_in(gone, call)}, reached now; zero at backward {earlier.number}",
        )
    if stayed:
        yield line("stays", f"{names_in(stayed, call)}: zero at backward {earlier.number} too")


def _severed(call: BackwardCall, chosen: Sequence[Parameter]) -> Iterator[str]:
    groups = grouped((parameter.cuts, parameter.name) for parameter in chosen)
    for cuts, names in groups.items():
        yield line("cut", names_in(names, call))
        for position, cut in enumerate(cuts):
            yield from cut_lines(cut, "on another route by" if position else "by")
        if call.failed:  # no step follows that would tell what fixes it
            yield from (
                line("fix", mend) for mend in dict.fromkeys(explain(cut).mend for cut in cuts)
            )


def _unused(call: BackwardCall, chosen: Sequence[Parameter]) -> Iterator[str]:
    few = len({parameter.unused for parameter in chosen}) <= MOST_PLACES
    reasons = grouped((_why_unused(parameter, in_full=few), parameter.name) for parameter in chosen)
    for why, names in reasons.items():
        yield line("unused", f"{names_in(names, call)}: {why}")


def _why_unused(parameter: Parameter, *, in_full: bool) -> str:
    """Return why one is unused, or only that it is; of a value that left torch not even that."""
    if parameter.unused is None or not in_full:
        if parameter.uncertain:
            return "whether their values went into this loss cannot be seen"
        return "not part of this loss"
    why = why_unused(parameter.unused) + at_line(parameter.unused.place)
    return f"{why}; whether into this one too cannot be seen" if parameter.uncertain else why


def _frozen(call: BackwardCall, chosen: Sequence[Parameter]) -> Iterator[str]:
    for root, parameters in _by_root(chosen).items():
        among = _by_root(call.report.parameters.values())[root]
        size, whole = (sum(parameter.numel for parameter in some) for some in (parameters, among))
        share = (
            f"{len(parameters)} of {len(among)} parameters"
            if len(among) > len(parameters)
            else f"all {len(among)} parameters"
        )
        words = trainable(among)
        yield line(
            "frozen",
            f"{root}: {share} ({abbreviated(size)} of {abbreviated(whole)}"
            f" values){'; ' if words else ''}{words}",
        )
        by_line = grouped(
            ((parameter.frozen_at, parameter.frozen_from), parameter.name)
            for parameter in parameters
            if parameter.frozen_at is not None
        )
        for (place, caller), names in [*by_line.items()][:MOST_PLACES]:
            who = names_in(names, call) if len(names) < len(among) else ""
            yield line("", f"{who}{at_line(place)}".strip())
            if caller is not None:
                yield line("", f"called{at_line(caller)}")
        if len(by_line) > MOST_PLACES:
            yield line("", f"and at {counted(len(by_line) - MOST_PLACES, 'more line')}")


def _by_root(parameters: Iterable[Parameter]) -> Mapping[str, list[Parameter]]:
    paths = ((parameter.name.split("."), parameter) for parameter in parameters)
    return grouped(
        (".".join(path[:2]) if path[0] == "self" and len(path) > 2 else path[0], parameter)
        for path, parameter in paths
    )


_TELL = {
    Verdict.REACHED: _reached,
    Verdict.ZERO: _zero,
    Verdict.CUT: _severed,
    Verdict.FROZEN: _frozen,
    Verdict.UNUSED: _unused,
}
