"""What the page writes in its boxes, and how much there is in a group that is closed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gradviz.graph import Place, Verdict
from gradviz.render.items import ALARM, idle_words
from gradviz.render.names import tensors
from gradviz.render.sentences import WORDS, Word, counted, portion, verdict_words
from gradviz.render.sketch import NAMELESS, short
from gradviz.render.style import LOOKS, SCISSORS
from gradviz.system.short_places import file_and_line

VERDICTS = tuple(Verdict)
LONGEST_TITLE = 48  # characters of a name above a group that is open

_WORST_FIRST = (Verdict.CUT, Verdict.ZERO, Verdict.UNUSED, Verdict.FROZEN, Verdict.REACHED)


@dataclass(frozen=True, slots=True)
class BoxLine:
    """A line of a box. Read-only.

    Attributes:
        text: What it says.
        mark: The sign in front of it, or none.
        aside: What follows in plain type.
        is_cut: It says that something is severed, and has the colour of that.
    """

    text: str
    mark: str = ""
    aside: str = ""
    is_cut: bool = False


class Tally(NamedTuple):
    """How much there is in a group.

    Attributes:
        reached, zero, frozen, cut, unused: How many parameters have each verdict, in the order of
            :class:`Verdict`.
        partial: How many parameters have a severed route beside a live one.
        elements: Numbers in these parameters.
        operations: How many operations there are.
        marks: How many marks of cuts.
        pruned: How many things would have received gradient.
        idle: How many parameters do not train although gradient reaches them.
    """

    reached: int = 0
    zero: int = 0
    frozen: int = 0
    cut: int = 0
    unused: int = 0
    partial: int = 0
    elements: int = 0
    operations: int = 0
    marks: int = 0
    pruned: int = 0
    idle: int = 0

    @property
    def verdicts(self) -> tuple[int, ...]:
        """How many parameters have each verdict."""
        return self[: len(VERDICTS)]

    @property
    def parameters(self) -> int:
        """How many parameters there are."""
        return sum(self.verdicts)

    def row(self) -> tuple[int, ...]:
        """Return the numbers in the order of the attributes, without the last."""
        return self[:-1]


def together(tallies: Iterable[Tally]) -> Tally:
    """Return what is in several groups."""
    return Tally(*map(sum, zip(*tallies, strict=True)))


def name_in(path: Sequence[str], name: str) -> str:
    """Return the name of a tensor without the path of the group that it is shown in."""
    prefix = f"{'.'.join(path)}."
    return name.removeprefix(prefix) if path and len(name) > len(prefix) else name


def group_lines(
    name: str, kind: str, tally: Tally, entries: int, words: Mapping[Verdict, Word] = WORDS
) -> tuple[BoxLine, ...]:
    """Return what is written in the box of a closed group.

    Args:
        name: What the group is called where it is shown.
        kind: The class of the module, or empty.
        tally: What is in it.
        entries: How many things and groups stand in it directly.
        words: What the verdicts are called.
    """
    lines = [BoxLine(short(name), aside=_class(kind))]
    if tally.parameters:
        present = {verdict: n for verdict, n in zip(VERDICTS, tally.verdicts, strict=True) if n}
        mark = LOOKS[next(iter(present))].mark if len(present) == 1 else ""
        size = tensors(tally.parameters, tally.elements)
        fates = verdict_words(present, tally.partial, words=words)
        if len(fates) == 1:  # A line less: more boxes on the first screen
            lines.append(BoxLine(f"{fates[0]} ({size})", mark))
        else:
            lines += [BoxLine(size), BoxLine(", ".join(fates), mark)]
    elif tally.operations > 1:
        lines.append(BoxLine(counted(tally.operations, "operation")))
    elif not tally.operations:
        lines.append(BoxLine("1 box" if entries == 1 else f"{entries} boxes"))
    if tally.marks:
        lines.append(BoxLine(f"{counted(tally.marks, 'cut')} inside", SCISSORS, is_cut=True))
    if tally.idle:
        lines.append(BoxLine(idle_words(tally.idle, tally.parameters), ALARM))
    return tuple(lines)


def title_line(name: str, kind: str) -> BoxLine:
    """Return what is written above a group that is open."""
    return BoxLine(short(name, LONGEST_TITLE), aside=_class(kind))


def _class(kind: str) -> str:
    return f": {short(kind)}" if kind else ""


def row_words(tally: Tally, words: Mapping[Verdict, Word] = WORDS) -> str:
    """Return what the tree says of a group: its cuts, or what does not train, or its worst
    verdict.
    """
    if tally.marks:
        return f"{counted(tally.marks, 'cut')} inside"
    if tally.idle:
        return portion(tally.idle, tally.parameters, "not trained")
    counts = dict(zip(VERDICTS, tally.verdicts, strict=True))
    worst = next((verdict for verdict in _WORST_FIRST if counts[verdict]), None)
    if worst is None:
        return ""
    partial = portion(tally.partial, tally.parameters, "partial")
    if partial and worst is Verdict.REACHED:  # the swatch says reached
        return partial
    fate = portion(counts[worst], tally.parameters, words[worst].name)
    return ", ".join(filter(None, [fate, partial]))


def mark_lines(name: str, place: Place | None) -> tuple[BoxLine, ...]:
    """Return what is written in the mark of a cut: the operation and its line."""
    at = [BoxLine(file_and_line(place.file, place.line))] if place and place.file else []
    return (BoxLine(short(name), SCISSORS), *at)


def tensor_lines(name: str, verdict: Verdict, words: str) -> tuple[BoxLine, ...]:
    """Return what is written in the box of a parameter or leaf: its name and its ``words``."""
    return BoxLine(short(name) or NAMELESS), BoxLine(words, LOOKS[verdict].mark)
