"""The words of ``gradviz run``.

A backward call in a few lines, a step in one, an alarm in as many as it takes.

What is by design is a line, not a list: a frozen tower, a network that is no part of this loss.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gradviz.causes import explain
from gradviz.graph import Cut, Parameter, Place, Verdict, Zero
from gradviz.render.adapters import fold, trainable
from gradviz.render.names import abbreviated
from gradviz.render.sentences import (
    counted,
    leaf_name,
    listing,
    path_and_line,
    printable,
    verdict_counts,
    why_unused,
)
from gradviz.running import brief
from gradviz.running.calls import Call, Step

_STAYS = (Verdict.FROZEN, None)  # what is no thawing
MOST_PLACES = 3  # that sever one route in series, one by one
_FIRST_REPEATS = 3  # of one call that are told
MOST = 6  # groups of names on a line, before the rest is only counted
_LABEL = 10
_IN_LIST = re.compile(r"(.+)\.(\w+)\[(.+?)\].*")  # "net.layers[0]", as running.names calls it


class Teller:
    """Tells of the calls and steps of one process as they come.

    What it has told before, of the same line, it says in a word. Of a run that is watched to its
    end it does so at the first times and then at every tenfold, so that the text stays short.
    """

    def __init__(self, *, verbose: bool = False, to_the_end: bool = False) -> None:
        self._verbose, self._to_the_end = verbose, to_the_end
        self._last: dict[tuple[str, str], Call] = {}  # by kind and line
        self._told: dict[tuple[str, ...], str] = {}  # where the reader finds it
        self._repeats: Counter[tuple[str, ...]] = Counter()

    def tell_call(self, call: Call) -> str:
        """Return what a call reached, what it did not, and why; empty where it repeats itself."""
        line = (call.kind, str(call.place))
        details = _details(call, verbose=self._verbose)
        here = f"in {call.kind} {call.number}"
        content = (*line, *details)
        known = self._told.setdefault(content, here)
        first = headline(call)
        since = [*_since(call, self._last.get(line))]
        self._last[line] = call
        if (self._to_the_end or len(details) > 1) and details and known != here:
            first, details = _repeated(call, known), []
            self._repeats[content] += 1
            is_worth_a_line = not self._to_the_end or _is_told(self._repeats[content])
            if not since and not is_worth_a_line:
                return ""
        return "\n".join([first, *details, *since]) + "\n"

    def tell_step(self, step: Step, calls: Sequence[Call]) -> str:
        """Return what steps next, led by the alarm where there is one.

        What explains an alarm is told once. Empty, in a run that is watched to its end, where all
        is as well as before.
        """
        first, *details = _step(step, calls)
        here = f"after backward {_numbers(step.calls)}"
        fed = "" if step.starved else _fed(step)
        known = self._told.setdefault((step.optimizer, fed, *details), here)
        if step.starved and known != here:
            first, details = f"{first}, as {known}", []
        elif self._to_the_end and known != here:
            return ""
        return "\n".join([first, *details]) + "\n"


def _is_told(times: int) -> bool:
    """Say whether a reader is told of a repetition: the first three, then the 10th, the 100th."""
    return times <= _FIRST_REPEATS or str(times).rstrip("0") == "1"


def _details(call: Call, *, verbose: bool = False) -> list[str]:
    report = call.report
    sections = [[_line("raised", call.failed)] if call.failed else []]
    for verdict, tell in _TELL.items():
        chosen = [
            parameter for parameter in report.parameters.values() if parameter.verdict is verdict
        ]
        sections.append([*tell(call, chosen)] if chosen else [])
    if not report.parameters:
        sections.append([_line("", "no parameters were found")])
    sections.append(
        [
            _line(
                "also reached", f"{leaf_name(leaf)} that is no model's parameter" + _at(leaf.place)
            )
            for leaf in report.unregistered[:3]
        ]
    )
    sections.append([_line("note", note) for note in report.notes])
    # As often as not a stop-gradient that is meant
    sections.append([*_partial(call, verbose=verbose)])
    return (
        [line for lines in sections for line in lines]
        if verbose
        else brief.shortened(sections, _line("more", ""))
    )


def headline(call: Call) -> str:
    """Return ``"backward 2, errD_fake at main.py:245: errD_fake.backward()"``."""
    told = (
        f"{call.kind} {call.number}{f' in {call.when}' if call.when else ''},"
        f" {call.report.loss}{_at(call.place)}"
    )
    if call.caller is not None:
        told += f", called{_at(call.caller)}"
    return printable(told)


def _repeated(call: Call, known: str) -> str:
    """Return a call of which there is nothing new to say, in one line."""
    name = f"{call.kind} {call.number}{f' in {call.when}' if call.when else ''}, {call.report.loss}"
    at = f" at {path_and_line(call.place)}" if call.place else ""
    return printable(f"{name}{at}, as {known}: {verdict_counts(call.report)}")


def lead(step: Step, calls: Sequence[Call]) -> str:
    """Return the step in a sentence, for the notes of a saved report."""
    return _step(step, calls)[0]


def _step(step: Step, calls: Sequence[Call]) -> list[str]:
    lines = []
    who = f"{step.optimizer} ({step.kind})" if step.optimizer != step.kind else step.kind
    after = f"after backward {_numbers(step.calls)}"
    steps = "is about to step" if step.prevented else "steps"
    last = calls[-1]
    if step.starved:
        lines.append(
            f"ALARM: {who} {steps} {counted(len(step.starved), 'parameter')} that no gradient"
            f" reached, {after}"
        )
        lines += _starved(step.starved, calls)
    else:
        lines.append(f"{who} {steps} {after}: {_fed(step)}")
    if step.stale:
        lines.append(
            _line("stale", f"{_names(step.stale, last)}: it steps what stood there before")
        )
    if step.zero:
        lines.append(
            _line(
                "zero", f"{_names(step.zero, last)}: what arrived is all zero{_again(step, calls)}"
            )
        )
    if step.older:
        lines.append(
            _line(
                "older",
                f"{_names(step.older, last)}: stepped by a gradient that these calls did not bring:"
                " an older one, or other ranks'",
            )
        )
    if step.idle:
        lines.append(
            _line(
                "idle",
                f"{_names(step.idle, last)}: {_why_idle(step.idle, calls)}",
            )
        )
    for owner, names in step.extra.items():
        several = " and " in owner
        holds = (
            f"{owner} {'hold them, and do' if several else 'holds them, and does'} not step here"
            if owner
            else "no optimizer holds them"
        )
        lines.append(_line("extra", f"{_names(names, last)}: gradient arrives; {holds}"))
        lines += [] if owner else _listed(names, last.roots)
    return lines


def _why_idle(names: Sequence[str], calls: Sequence[Call]) -> str:
    parameters = [call.report.parameters.get(name) for call in calls for name in names]
    if any(one is not None and one.verdict is Verdict.CUT for one in parameters):
        return "severed from this loss; an earlier one reached them"
    return "not part of this loss; another loss trains them"


def _listed(names: Iterable[str], roots: Iterable[str]) -> Iterator[str]:
    """Say why an optimizer of a module's parameters() does not hold what stands in a plain list or
    dict of that module.
    """
    modules = tuple(roots)
    said: dict[str, None] = {}
    for root in modules:
        found = _IN_LIST.fullmatch(root)
        if (
            found
            and any(root.startswith(f"{other}.") for other in modules)
            and any(name.startswith(f"{root}.") for name in names)
        ):
            module, attribute, key = found.groups()
            kind, registers = (
                ("list", "nn.ModuleList") if key.isdigit() else ("dict", "nn.ModuleDict")
            )
            said[
                f"{module}.{attribute} is a plain {kind}, which {module}.parameters() leaves out:"
                f" {registers} registers it"
            ] = None
    yield from (_line("", each) for each in said)


def _fed(step: Step) -> str:
    got = len(step.held) - len(step.zero) - len(step.older) - len(step.idle) - len(step.frozen)
    if step.stale:
        return (
            f"gradient reached {got} of its parameters, and others that it holds are stale"
            if got
            else "no gradient reached its parameters, which are stale"
        )
    if not step.held:
        return "none of its parameters is known"
    if got == len(step.held):
        return (
            "gradient reached all its parameters"
            if got > 1
            else "gradient reached its only parameter"
        )
    if len(step.frozen) == len(step.held):
        who = (
            f"all its {len(step.held)} parameters are"
            if len(step.held) > 1
            else "its only parameter is"
        )
        return f"{who} frozen, so this changes nothing"
    frozen = (
        f", {len(step.frozen)} {'is' if len(step.frozen) == 1 else 'are'} frozen"
        if step.frozen
        else ""
    )
    return f"gradient reached {got} of its {len(step.held)} parameters{frozen}"


def _again(step: Step, calls: Sequence[Call]) -> str:
    return (
        f", as in each of the {len(step.calls)} calls"
        if len(step.calls) > 1 and len(calls) == len(step.calls)
        else ""
    )


def _starved(names: Iterable[str], calls: Sequence[Call]) -> Iterator[str]:
    """What kept gradient from each: the cut, or that it is no part of the loss."""
    explained = set()
    by_cuts: dict[tuple[Cut, ...], list[str]] = {}
    for name in names:
        cuts = tuple(
            dict.fromkeys(
                cut
                for call in calls
                if name in call.report.parameters
                for cut in call.report.parameters[name].cuts
            )
        )
        by_cuts.setdefault(cuts, []).append(name)
    for cuts, group in by_cuts.items():
        yield _line("not trained", _names(group, calls[-1]))
        for cut in cuts:
            yield from _cut(cut)
            if explain(cut) not in explained:
                explained.add(explain(cut))
                yield _line("means", explain(cut).meaning)
                yield _line("fix", explain(cut).mend)
        told = [
            call.report.parameters[name]
            for call in calls
            for name in group
            if name in call.report.parameters
        ]
        unclear = any(one.uncertain for one in told)
        if not cuts and unclear:
            yield _line("", "whether their values went into the loss cannot be seen")
        elif not cuts:
            yield _line(
                "",
                (
                    "their values did not go into the loss"
                    if len(group) > 1
                    else "its value did not go into the loss"
                ),
            )


def _reached(call: Call, chosen: Sequence[Parameter]) -> Iterator[str]:
    yield _line("reached", _names([one.name for one in chosen], call))


def _partial(call: Call, *, verbose: bool) -> Iterator[str]:
    """What is reached on one route and severed on another.

    Lines in libraries only counted, unless asked for.
    """
    partial: dict[tuple[Cut, ...], list[str]] = {}
    inside: dict[str, list[Cut]] = {}
    for one in call.report.parameters.values():
        if one.partial and one.verdict is Verdict.REACHED:
            own = tuple(cut for cut in one.cuts if verbose or not brief.is_of_a_library(cut))
            if own:
                partial.setdefault(own, []).append(one.name)
            else:
                inside[one.name] = list(one.cuts)
    for cuts, names in partial.items():
        yield _line("partial", f"{_names(names, call)}: one route is severed, another is alive")
        for cut in cuts:
            yield from _cut(cut)
    if inside:
        lines = {(cut.file, cut.line) for cuts in inside.values() for cut in cuts}
        who = counted(len(inside), "parameter")
        yield _line(
            "partial",
            f"{who}: one route is severed in {counted(len(lines), 'line')} of libraries, another is"
            " alive",
        )


def _zero(call: Call, chosen: Sequence[Parameter]) -> Iterator[str]:
    begins: dict[Zero | None, list[str]] = {}
    for one in chosen:
        begins.setdefault(one.zero, []).append(one.name)
    for zero, names in begins.items():
        yield _line("zero", f"{_names(names, call)}: a route is there, what arrives is all zero")
        if zero is not None:
            yield _line("", f"from {zero.operation.replace('_', ' ')}{_at(zero.place)}")
            yield _line("why", zero.why)


def _since(call: Call, earlier: Call | None) -> Iterator[str]:
    """Say of the zeros of the last call at the same line whether they stayed."""
    if earlier is None:
        return
    zero = [name for name, one in earlier.report.parameters.items() if one.verdict is Verdict.ZERO]
    now = {name: one.verdict for name, one in call.report.parameters.items()}
    gone = [name for name in zero if now.get(name) is Verdict.REACHED]
    stayed = [name for name in zero if now.get(name) is Verdict.ZERO]
    thawed = [
        name
        for name, one in earlier.report.parameters.items()
        if one.verdict is Verdict.FROZEN and now.get(name) not in _STAYS
    ]
    if thawed:
        lines = dict.fromkeys(
            place
            for name in thawed
            if (place := call.report.parameters[name].thawed_at) is not None
        )
        at = next(iter(lines), None) if len(lines) == 1 else None
        yield _line(
            "thawed",
            f"{_names(thawed, call)}: frozen at backward"
            f" {earlier.number}{_at(at) and f', thawed{_at(at)}'}",
        )
    if gone:
        yield _line(
            "no longer zero",
            f"{_names(gone, call)}, reached now; zero at backward {earlier.number}",
        )
    if stayed:
        yield _line("stays", f"{_names(stayed, call)}: zero at backward {earlier.number} too")


def _severed(call: Call, chosen: Sequence[Parameter]) -> Iterator[str]:
    groups: dict[tuple[Cut, ...], list[str]] = {}
    for one in chosen:
        groups.setdefault(one.cuts, []).append(one.name)
    for cuts, names in groups.items():
        yield _line("cut", _names(names, call))
        for position, cut in enumerate(cuts):
            yield from _cut(cut, "and in parallel by" if position else "by")
        if call.failed:  # no step follows that would tell what fixes it
            yield from (
                _line("fix", mend) for mend in dict.fromkeys(explain(cut).mend for cut in cuts)
            )


def _cut(cut: Cut, by: str = "by") -> Iterator[str]:
    code = f": {brief.code(cut.code)}" if cut.code else ""
    yield _line("", f"{by} {cut.operation} at {path_and_line(cut)}{code}")
    if cut.caller is not None and str(cut.caller) != f"{cut.file}:{cut.line}":
        yield _line("", f"called{_at(cut.caller)}")
    for place in cut.also[:MOST_PLACES]:
        yield _line("", f"and in series{_at(place)}")
    if cut.also[MOST_PLACES:]:
        yield _line("", f"and in series at {counted(len(cut.also) - MOST_PLACES, 'more line')}")


def _unused(call: Call, chosen: Sequence[Parameter]) -> Iterator[str]:
    few = len({one.unused for one in chosen}) <= MOST_PLACES
    reasons: dict[str, list[str]] = {}
    for one in chosen:
        reasons.setdefault(_why_unused(one, in_full=few), []).append(one.name)
    for why, names in reasons.items():
        yield _line("unused", f"{_names(names, call)}: {why}")


def _why_unused(parameter: Parameter, *, in_full: bool) -> str:
    """Return why one is unused, or only that it is; of a value that left torch not even that."""
    if parameter.uncertain:
        return "whether their values went into this loss cannot be seen"
    if parameter.unused is None or not in_full:
        return "not part of this loss"
    return why_unused(parameter.unused) + _at(parameter.unused.place)


def _frozen(call: Call, chosen: Sequence[Parameter]) -> Iterator[str]:
    for root, parameters in _by_root(chosen).items():
        among = _by_root(call.report.parameters.values())[root]
        size, whole = (sum(one.numel for one in some) for some in (parameters, among))
        share = (
            f"{len(parameters)} of {len(among)} parameters"
            if len(among) > len(parameters)
            else f"all {len(among)} parameters"
        )
        words = trainable(among)
        yield _line(
            "frozen",
            f"{root}: {share} ({abbreviated(size)} of {abbreviated(whole)}"
            f" values){'; ' if words else ''}{words}",
        )
        by_line: dict[Place, list[str]] = {}
        for one in parameters:
            if one.frozen_at is not None:
                by_line.setdefault(one.frozen_at, []).append(one.name)
        for place, names in [*by_line.items()][:MOST_PLACES]:
            who = _names(names, call) if len(names) < len(parameters) else ""
            yield _line("", f"{who}{_at(place)}".strip())
        if len(by_line) > MOST_PLACES:
            yield _line("", f"and at {counted(len(by_line) - MOST_PLACES, 'more line')}")


def _by_root(parameters: Iterable[Parameter]) -> Mapping[str, list[Parameter]]:
    roots: dict[str, list[Parameter]] = {}
    for one in parameters:
        parts = one.name.split(".")
        root = ".".join(parts[:2]) if parts[0] == "self" and len(parts) > 2 else parts[0]
        roots.setdefault(root, []).append(one)
    return roots


_TELL = {
    Verdict.REACHED: _reached,
    Verdict.ZERO: _zero,
    Verdict.CUT: _severed,
    Verdict.FROZEN: _frozen,
    Verdict.UNUSED: _unused,
}


def _names(names: Iterable[str], call: Call) -> str:
    return tell_names(names, call.report.parameters, call.roots)


def tell_names(
    names: Iterable[str], among: Mapping[str, Parameter], roots: Iterable[str] = ()
) -> str:
    """Return some parameters in few words: whole modules, runs of blocks, adapters.

    What is more than a line is counted.
    """
    groups = fold(names, among, roots)
    shown = [str(group) for group in groups[:MOST]]
    rest = sum(group.parameters for group in groups[MOST:])
    return ", ".join(shown) + (f" and {counted(rest, 'more parameter')}" if rest else "")


def _at(place: Place | None) -> str:
    if place is None:
        return ""
    return f" at {path_and_line(place)}" + (f": {brief.code(place.code)}" if place.code else "")


def _line(label: str, text: str) -> str:
    return printable(
        f"  {label.ljust(_LABEL)}{text}" if len(label) < _LABEL else f"  {label}: {text}"
    )


def _numbers(numbers: Sequence[int]) -> str:
    return listing([str(number) for number in numbers], limit=6)
