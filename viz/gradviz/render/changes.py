"""What a picture of a difference adds to that of the report after it.

A ring and a word for what changed or came, and what went.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gradviz.comparing.diff import Difference
from gradviz.facts.blocks import cuts_by_block
from gradviz.facts.findings import Findings
from gradviz.graph import Cut, Parameter, Verdict
from gradviz.render.names import fold_names
from gradviz.render.sentences import counted, cut_at, fate_of, listing, printable
from gradviz.render.sketch import Item, Sketch, Sort, short
from gradviz.render.style import SCISSORS
from gradviz.system.grouped import grouped
from gradviz.system.short_places import file_and_line

MOST = 8  # things that went, of one kind; more are counted
CLAUSES = 3  # of the headline
NAMES = 3  # of a clause


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What to mark. Read-only.

    Attributes:
        headline: What changed, in a sentence without a full stop.
        words: Of parameters by their new name: what is new about them.
        came: Cuts that came.
        went: What went, as items to be drawn beside the graph.
    """

    headline: str
    words: Mapping[str, str] = field(default_factory=dict)
    came: frozenset[Cut] = frozenset()
    went: tuple[Item, ...] = ()

    def mark(self, content: Sketch) -> Sketch:
        """Return ``content`` with what is new about its items, and with what went."""
        return Sketch((*map(self._marked, content.items), *self.went), content.lines)

    def _marked(self, item: Item) -> Item:
        words = Counter(self.words[name] for name in item.parameters if name in self.words)
        notes = [
            word
            if len(item.parameters) == 1
            else f"{count} {word.replace('was ', 'were ', 1) if count > 1 else word}"
            for word, count in words.items()
        ]
        if any(cut in self.came for cut in item.cuts):
            notes.append("new")
        if not notes:
            return item
        change = "came" if all(word.endswith("new") for word in notes) else "changed"
        return replace(
            item,
            lines=(*item.lines, *notes),
            about=f"{item.about}; {', '.join(notes)}",
            change=change,
        )


def changes(difference: Difference, before: Findings, after: Findings) -> Changes:
    """Return what to mark in a picture of ``after``."""
    words = {change.after.name: f"was {fate_of(change.before)}" for change in difference.changed}
    words |= {parameter.name: "new" for parameter in difference.came}
    return Changes(
        headline="; ".join(_clauses(difference, before, after))
        or "Nothing that the gradients depend on differs",
        words=words,
        came=frozenset(cuts_by_block(difference.cuts_came)),
        went=(
            *_cuts_gone(cuts_by_block(difference.cuts_went)),
            *_parameters_gone(difference.went, before),
        ),
    )


def _clauses(difference: Difference, before: Findings, after: Findings) -> list[str]:
    ways = grouped(
        ((fate_of(change.before), fate_of(change.after)), change.after.name)
        for change in difference.changed
    )
    clauses = []
    for (old, new), names in ways.items():
        folded = _named(names, after)
        was, now = ("was", "is") if len(folded) == 1 and " " not in folded[0] else ("were", "are")
        clauses.append(f"{listing(folded)} {was} {old} and {now} {new}")
    for some, among, verb in ((difference.came, after, "came"), (difference.went, before, "went")):
        if some:
            clauses.append(
                f"{listing(_named([parameter.name for parameter in some], among))} {verb}"
            )
    for cuts, verb in ((difference.cuts_came, "came"), (difference.cuts_went, "went")):
        clauses += [f"{cut_at(cut)} {verb}" for cut in cuts_by_block(cuts)]
    rest = len(clauses) - CLAUSES
    return clauses if rest <= 1 else [*clauses[:CLAUSES], f"{counted(rest, 'more change')}"]


def _named(names: Sequence[str], report: Findings) -> list[str]:
    """Return the modules or parameters that are meant.

    Their number, where they are too many for a headline.
    """
    groups = [
        printable(group.pattern.removesuffix(".*"))
        for group in fold_names(names, report.parameters)
    ]
    return groups if len(groups) <= NAMES else [counted(len(names), "parameter")]


def _cuts_gone(cuts: Sequence[Cut]) -> Iterator[Item]:
    for number, cut in enumerate(cuts[:MOST]):
        lines = (
            f"{SCISSORS} {short(cut.operation)}",
            *filter(None, [short(file_and_line(cut.file, cut.line))]),
            "gone",
        )
        yield _gone(f"gone_{number}", Sort.MARK, lines, f"{cut_at(cut)}: gone", Verdict.CUT)
    if cuts[MOST:]:
        rest = counted(len(cuts) - MOST, "more cut")
        yield _gone(
            "gone_more", Sort.MARK, (f"{SCISSORS} {rest}", "gone"), f"{rest}: gone", Verdict.CUT
        )


def _parameters_gone(went: Iterable[Parameter], before: Findings) -> Iterator[Item]:
    by_verdict = grouped((parameter.verdict, parameter.name) for parameter in went)
    groups = [
        (verdict, group)
        for verdict, names in by_verdict.items()
        for group in fold_names(names, before.parameters)
    ]
    for number, (verdict, group) in enumerate(groups[:MOST]):
        count = [counted(group.parameters, "parameter")] if group.parameters > 1 else []
        lines = (short(group.pattern), *count, f"gone, was {verdict}")
        yield _gone(
            f"went_{number}",
            Sort.TENSOR,
            lines,
            f"{printable(str(group))}, {verdict}: gone",
            verdict,
        )
    if groups[MOST:]:
        rest = counted(sum(group.parameters for _, group in groups[MOST:]), "more parameter")
        yield _gone("went_more", Sort.TENSOR, (rest, "gone"), f"{rest}: gone", groups[-1][0])


def _gone(key: str, sort: Sort, lines: tuple[str, ...], about: str, verdict: Verdict) -> Item:
    return Item(
        key=key, sort=sort, lines=lines, about=about, verdict=verdict, pruned=True, change="went"
    )
