"""What a report says, in English sentences that every format shares.

Nothing here lays out or colours. A name that cannot be printed is shown with its backslash escapes,
so a sentence is one line.
"""

import os
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gradviz.facts.blocks import by_block
from gradviz.facts.findings import Findings
from gradviz.graph import (
    Cut,
    CutKind,
    Leaf,
    NodeKind,
    Parameter,
    Place,
    Unused,
    UnusedReason,
    Verdict,
    Zero,
)
from gradviz.render.names import by_module, join_siblings
from gradviz.system.short_places import file_and_line
from gradviz.system.voice import printable as printable

MEANINGS = {
    Verdict.REACHED: "gradient arrives",
    Verdict.ZERO: "the gradient that arrives is all zero",
    Verdict.FROZEN: "requires_grad is False",
    Verdict.CUT: "no route back is left",
    Verdict.UNUSED: "not used by this loss",
}


class Word(NamedTuple):
    """What a verdict is called where it is shown, and what that means."""

    name: str
    meaning: str


WORDS = {verdict: Word(str(verdict), meaning) for verdict, meaning in MEANINGS.items()}
NOT_REACHED = "not reached"

_CLAUSES = 2  # of one sort; the rest is counted
OFTEN = "often on purpose"  # of a cut on one route of a parameter that another one reaches
ROOM = 72  # characters for the names of what is no cut; where they need more, they are counted


def headline(report: Findings) -> str:
    """Return the result in one sentence, without a full stop.

    ``"2 of 6 parameters get gradient; detach_() at article.py:31 cuts off f1 and f2"``
    """
    report = by_block(report)
    clauses = [count_reached(report), *_outside_clauses(report), *_cut_clauses(report)]
    clauses += [*_frozen_clauses(report), *_zero_clauses(report), *_unused_clauses(report)]
    return "; ".join(clauses)


def starred(names: Iterable[str], among: Iterable[str]) -> tuple[str, ...]:
    """Return ``names`` with a module in place of its parameters wherever all of them are there, and
    how many those are.

    >>> names = ["f1.weight", "f1.bias", "f2.weight", "f2.bias"]
    >>> starred(["f1.weight", "f1.bias", "f2.bias"], names)
    ('f1.* (2 parameters)', 'f2.bias')
    """
    return tuple(
        path if path in members else f"{path}.* ({counted(len(members), 'parameter')})"
        for path, members in by_module(names, among).items()
    )


def listing(items: Sequence[str], limit: int = 3) -> str:
    """Return ``items`` as an enumeration; what exceeds ``limit`` is counted.

    >>> listing(["f1", "f2"]), listing(["a", "b", "c", "d", "e"])
    ('f1 and f2', 'a, b, c and 2 more')
    """
    shown = (
        list(items) if len(items) <= limit + 1 else [*items[:limit], f"{len(items) - limit} more"]
    )
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]])) if shown else ""


def counted(count: int, noun: str) -> str:
    """Return ``"1 parameter"``, ``"2 parameters"``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def agreeing(count: int, singular: str, plural: str) -> str:
    """Return the word that agrees with so many things.

    >>> agreeing(1, "is", "are"), agreeing(2, "is", "are")
    ('is', 'are')
    """
    return singular if count == 1 else plural


def verdict_counts(report: Findings) -> str:
    """Return the number of parameters by verdict: ``"6 parameters, 4 reached and 2 frozen"``."""
    verdicts = Counter(map(word_of, report.parameters.values()))
    return (
        f"{counted(len(report.parameters), 'parameter')},"
        f" {listing([f'{count} {verdict}' for verdict, count in verdicts.most_common()], 5)}"
    )


def portion(count: int, total: int, word: str) -> str:
    """Return the word alone where it holds for all, else with their number; empty where for none.

    >>> portion(3, 3, "cut"), portion(2, 3, "cut"), portion(0, 3, "cut")
    ('cut', '2 cut', '')
    """
    return "" if not count else str(word) if count == total else f"{count} {word}"


def verdict_words(
    counts: Mapping[Verdict, int],
    partial: int = 0,
    *,
    words: Mapping[Verdict, Word] = WORDS,
) -> list[str]:
    """Return how many parameters have which verdict, and how many of them are partial.

    Args:
        counts: How many have which.
        partial: How many are partial.
        words: What the verdicts are called.

    >>> verdict_words({Verdict.REACHED: 3, Verdict.CUT: 1}, 2), verdict_words({Verdict.CUT: 4})
    (['3 reached', '1 cut', '2 partial'], ['cut'])
    """
    total = sum(counts.values())
    fates = [portion(count, total, words[verdict].name) for verdict, count in counts.items()]
    return [word for word in (*fates, portion(partial, total, "partial")) if word]


def fate_of(parameter: Parameter) -> str:
    """Return the verdict on a parameter, and whether it is partial."""
    return f"{parameter.verdict}, partial" if parameter.partial else str(parameter.verdict)


def severed_by(cut: Cut, parameters: Mapping[str, Parameter]) -> str:
    """Say what a cut takes away: all routes of some parameters, one of the routes of others."""
    behind = [parameters[name] for name in cut.parameters if name in parameters]
    pruned = sum(parameter.verdict is Verdict.CUT for parameter in behind)
    partial = sum(parameter.partial for parameter in behind)
    clauses = [f"cuts off {counted(pruned, 'parameter')}"] if pruned else []
    clauses += [f"one route of {counted(partial, 'parameter')}"] if partial else []
    return ", ".join(clauses) or f"{counted(len(behind), 'parameter')} behind it"


def count_reached(report: Findings) -> str:
    """Return ``"74 of 76 parameters get gradient"``."""
    total = len(report.parameters)
    reached = sum(parameter.verdict is Verdict.REACHED for parameter in report.parameters.values())
    if not total:
        return "No parameters were given"
    if total == 1:
        return f"The only parameter gets {'' if reached else 'no '}gradient"
    if reached == total:
        return f"All {total:,} parameters get gradient"
    return (
        f"{f'{reached:,}' if reached else 'None'} of {total:,} parameters"
        f" {'get' if reached > 1 else 'gets'} gradient"
    )


def began(report: Findings) -> str:
    """Say what there is at the place of a report.

    A run knows the line of a backward call, a step that of its loss.
    """
    made = next(
        (node.place for node in report.graph.nodes if node.kind is NodeKind.OPERATION), None
    )
    return "The loss was made" if report.place == made else "backward() was called"


def path_and_line(place: Place | Cut) -> str:
    """Return ``"nets/train.py:12"``.

    Below an installed package, the current folder or that of the script, else in full.
    """
    path = Path(place.file)
    root = next(filter(path.is_relative_to, _roots()), None)
    path = path if root is None else path.relative_to(root)
    return printable(f"{path}:{place.line}" if place.file else "a line that is not known")


def note_text(note: str) -> str:
    """Return a note as it is printed: the lines that it names as :func:`path_and_line` names them.

    A note is kept with full paths, as what reads a saved report may run in another folder.
    """
    for root in _roots():
        note = note.replace(f" at {root}".rstrip(os.sep) + os.sep, " at ")
    return printable(note)


def _roots() -> tuple[Path, ...]:
    """Return the folders below which a path is printed from there on, the first that fits."""
    return Path(sysconfig.get_path("purelib")), Path.cwd(), *_script_folder()


def _script_folder() -> list[Path]:
    """Return the folder of the script that runs; nothing where gradviz itself is what runs."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    file = file or next(iter(sys.argv), "")  # what ends a run comes after Python took __file__ away
    folder = Path(file).absolute().parent if file else Path(__file__).parent
    return [] if Path(__file__).is_relative_to(folder) else [folder]


def is_known_unused(parameter: Parameter) -> bool:
    """Say whether an unused parameter was seen to be: without a trace it may be cut as well."""
    return not parameter.uncertain and (
        parameter.unused is None or parameter.unused.reason is not UnusedReason.UNKNOWN
    )


def word_of(parameter: Parameter) -> str:
    """Return the word for what became of a parameter: its verdict, or ``"not reached"`` where it
    may be cut as well as unused.
    """
    is_open = parameter.verdict is Verdict.UNUSED and not is_known_unused(parameter)
    return NOT_REACHED if is_open else str(parameter.verdict)


def wording(reports: Iterable[Findings]) -> Mapping[Verdict, Word]:
    """Return the word and the meaning of each verdict where all of ``reports`` is shown."""
    parameters = [
        parameter
        for report in reports
        for parameter in report.parameters.values()
        if parameter.verdict is Verdict.UNUSED
    ]
    names = {word_of(parameter) for parameter in parameters}
    if NOT_REACHED not in names:
        return WORDS
    if len(names) > 1:
        return {**WORDS, Verdict.UNUSED: Word("unused", "not used by this loss, as far as known")}
    reasons = {parameter.unused.reason for parameter in parameters if parameter.unused}
    ending = "a trace tells" if UnusedReason.UNKNOWN in reasons else "not known which"
    return {**WORDS, Verdict.UNUSED: Word(NOT_REACHED, f"cut or unused, {ending}")}


_NO_CALL = "no call of its module was seen"
_WHY_UNUSED = {
    UnusedReason.UNKNOWN: "cut or unused: a trace tells",
    UnusedReason.NEVER_READ: "no call took it in",
    UnusedReason.NEVER_CALLED: _NO_CALL,
    UnusedReason.OTHER_LOSS: "it went into another loss",
    UnusedReason.NOT_RUN: f"{_NO_CALL}; the call that did not run is",
    UnusedReason.MADE_OF_USED: "this loss uses what it was made of",
    UnusedReason.COPIED: f"{_NO_CALL}; a copy of it, which is no part of the model, ran in its"
    " place, last",
    UnusedReason.DROPPED: "what came of it is no part of this loss; it was used last",
}


def why_unused(unused: Unused) -> str:
    """Say why a value did not go into the loss: ``"no call of its module was seen"``."""
    words = _WHY_UNUSED[unused.reason]
    if unused.reason is UnusedReason.NEVER_CALLED and unused.twin:
        times = in_times(unused.times)
        return f"{words}; {unused.twin}, which is built like it, was called {times}, last"
    if unused.reason is UnusedReason.OTHER_LOSS and unused.place:
        return f"{words}, whose backward() ran"
    return words


def leaf_name(leaf: Leaf) -> str:
    """Return what a tensor outside the model is called.

    ``"a 2 x 16 tensor"``, ``"a tensor of 3 values"``.
    """
    if len(leaf.shape) == 1:
        return f"a tensor of {counted(leaf.shape[0], 'value')}"
    return f"a {' x '.join(map(str, leaf.shape))} tensor" if leaf.shape else "a single value"


_OFTEN_MEANT = frozenset(
    (
        CutKind.DETACH,
        CutKind.NO_GRAD,
        CutKind.SET_GRAD_ENABLED,
        CutKind.INFERENCE_MODE,
        CutKind.GRAD_WITHOUT_GRAPH,
    )
)


def often_meant(cuts: Iterable[Cut]) -> str:
    """Return ``", often on purpose"`` of cuts on one route that all are such as people write to
    stop gradient; empty of a number, an array, a copy or a choice, which lose it unasked.
    """
    return f", {OFTEN}" if all(cut.kind in _OFTEN_MEANT for cut in cuts) else ""


def is_asked(cut: Cut) -> bool:
    """Say whether a cut is one that is written for its own sake, as a stop-gradient is."""
    return cut.kind is CutKind.DETACH


def cut_at(cut: Cut) -> str:
    """Return ``"detach_() at article.py:31"``, or the operation alone where no line is known."""
    place = file_and_line(cut.file, cut.line)
    return printable(f"{cut.operation} at {place}" if place else cut.operation)


def _named(names: Iterable[str], report: Findings) -> list[str]:
    paths = by_module(names, report.parameters)
    named = [
        printable(".".join(path))
        for path in join_siblings({tuple(path.split(".")): (1, 0) for path in paths})
    ]
    # A number alone reads as a count: "0 is frozen"
    return [f"{name}.*" if name.isdecimal() else name for name in named]


def _subject(names: Sequence[str], report: Findings) -> tuple[str, str]:
    """Return the parameters as the subject of a clause, and its verb."""
    paths = _named(names, report)
    names_listed = listing(paths)
    return (
        (names_listed, "is" if len(paths) == 1 else "are")
        if len(names_listed) <= ROOM
        else (str(len(names)), "are")
    )


def _with(report: Findings, verdict: Verdict) -> list[str]:
    return [name for name, parameter in report.parameters.items() if parameter.verdict is verdict]


def _outside_clauses(report: Findings) -> list[str]:
    """Return, where no parameters were given, how many tensors gradient reaches."""
    reached = counted(len(report.unregistered), "tensor")
    return [f"gradient reaches {reached}"] if report.unregistered and not report.parameters else []


def _cut_clauses(report: Findings) -> list[str]:
    pruned = {
        name for name, parameter in report.parameters.items() if parameter.verdict is Verdict.CUT
    }
    clauses = []
    for cut in report.cuts:
        behind = [name for name in cut.parameters if name in pruned]
        partial = [name for name in cut.parameters if name not in pruned]
        if behind:
            clauses.append(f"{cut_at(cut)} cuts off {listing(_named(behind, report))}")
        elif partial and not cut.inside_library:
            routes = f"cuts one of the routes to {listing(_named(partial, report))}"
            often = "" if any(OFTEN in clause for clause in clauses) else often_meant([cut])
            clauses.append(f"{cut_at(cut)} {routes}{often}")
    rest = len(clauses) - _CLAUSES
    return clauses if rest <= 0 else [*clauses[:_CLAUSES], f"{counted(rest, 'more cut')}"]


def _frozen_clauses(report: Findings) -> list[str]:
    frozen = _with(report, Verdict.FROZEN)
    if not frozen:
        return []
    clause = f"{' '.join(_subject(frozen, report))} frozen"
    beyond = _passed_by(report)
    if not beyond:
        return [clause]
    passed = _subject(beyond, report)[0]
    through = "it" if clause.endswith(" is frozen") else "them"
    to = counted(len(beyond), "parameter") if passed == str(len(beyond)) else passed
    return [f"{clause}, and gradient still passes through {through} to {to}"]


def _passed_by(report: Findings) -> list[str]:
    """Return the parameters that gradient reaches through an operation which a frozen parameter
    goes into as well.
    """
    nodes = report.graph.nodes
    graph = report.graph
    beside = {
        edge.target
        for edge in graph.edges
        if not edge.gradient and nodes[edge.source].verdict is Verdict.FROZEN
    }
    # a frozen weight may go through a view first, which takes no gradient and has no way on
    ways = [edge.source for index in beside for edge in graph.into[index] if edge.gradient]
    operations = [index for index in ways if nodes[index].kind is NodeKind.OPERATION]
    behind = graph.before(operations, through=lambda edge: edge.gradient)
    reached = {nodes[index].name for index in behind if nodes[index].kind is NodeKind.PARAMETER}
    return [name for name in _with(report, Verdict.REACHED) if name in reached]


def begins_in(zero: Zero) -> str:
    """Return what the gradient is zero from on, as a noun."""
    return {"zero_factor": "a factor of zero", "hook": "a hook", "sum": "a sum"}.get(
        zero.operation, zero.operation.replace("_", " ")
    )


def _zero_clauses(report: Findings) -> list[str]:
    zero = _with(report, Verdict.ZERO)
    if not zero:
        return []
    who = _subject(zero, report)[0]
    who += " parameters" if who.isdigit() else ""
    clause = f"the gradient of {who} is all zero"
    origins = {report.parameters[name].zero for name in zero}
    if all(origin is not None and origin.passing for origin in origins):
        return [f"{clause} until a factor moves that is still zero"]
    origin = origins.pop() if len(origins) == 1 else None
    if origin is None:
        return [clause]
    place = f" at {file_and_line(origin.place.file, origin.place.line)}" if origin.place else ""
    return [f"{clause} because of {printable(begins_in(origin) + place)}"]


def _unused_clauses(report: Findings) -> list[str]:
    unused = _with(report, Verdict.UNUSED)
    certain = [name for name in unused if is_known_unused(report.parameters[name])]
    unseen = [name for name in unused if not is_known_unused(report.parameters[name])]
    return [
        f"{' '.join(_subject(names, report))} not {word}"
        for names, word in ((certain, "used"), (unseen, "reached"))
        if names
    ]


def in_times(number: int) -> str:
    """Return how often something was: ``"once"``, ``"twice"``, ``"3 times"``."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
