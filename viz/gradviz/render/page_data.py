"""What the page has to know of a loss, in columns.

One list per property, so that the file is small.

The script shows this and never works it out: what a reader is told is written here.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from operator import itemgetter, ne
from typing import Any, TypeVar

from gradviz.causes import explain, has_raised
from gradviz.causes.raised import has_failed
from gradviz.facts.findings import Findings
from gradviz.facts.neutral import still_severed
from gradviz.facts.training import Training
from gradviz.folding.concern import concern_of
from gradviz.folding.first_view import first_view
from gradviz.folding.outline import outline
from gradviz.folding.tree import GroupSort
from gradviz.graph import Cut, Parameter, Place, Verdict
from gradviz.render.items import ALARM, idle_words, repeated, sizes_of
from gradviz.render.page_boxes import (
    BoxLine,
    Tally,
    group_lines,
    mark_lines,
    name_in,
    row_words,
    tensor_lines,
    title_line,
)
from gradviz.render.page_patches import PagePatch, patches_of
from gradviz.render.page_things import SORTS, PageGraph, PageThing, page_graph
from gradviz.render.page_tree import PageTree, flat, summed
from gradviz.render.sentences import (
    began,
    begins_in,
    cut_at,
    headline,
    is_known_unused,
    listing,
    note_text,
    printable,
    severed_by,
    why_unused,
    word_of,
    wording,
)
from gradviz.render.sketch import NAMELESS, short
from gradviz.render.source import lines_near
from gradviz.render.text_width import columns
from gradviz.render.training import why_reached_in_vain
from gradviz.system.short_places import file_and_line

_T = TypeVar("_T")

VERDICTS = tuple(Verdict)

_COLUMNS = (
    "sort", "text", "local", "lines", "scope", "shape", "at", "caller", "parameter", "verdict",
    "pruned",
)  # fmt: skip
_OF_PARAMETERS = (
    "also", "verdict", "partial", "numel", "norm", "reason", "cuts", "optimized",
    "switched",
)  # fmt: skip


def loss_data(
    report: Findings, patches: Sequence[PagePatch] = (), training: Training | None = None
) -> dict[str, Any]:
    """Return what the page has to know of one loss, ready for JSON.

    Args:
        report: Of the loss.
        patches: Changes of the user's code whose effect was measured.
        training: What became of the parameters in the end.
    """
    return _Loss(report, patches, training).data()


class _Table(dict[Any, int]):
    """Gives everything that occurs often a number, so that it is in the file once.

    The values, each with its number.
    """

    def __missing__(self, value: Any) -> int:
        number = self[value] = len(self)
        return number

    def all(self) -> list[Any]:
        """Return the values in the order of their numbers."""
        return list(self)


class _Loss:
    """Writes the columns of one loss."""

    def __init__(
        self, report: Findings, patches: Sequence[PagePatch], training: Training | None
    ) -> None:
        self._report = report
        self._patches = patches
        self._words = wording([report])
        fates = training.parameters if training else ()
        self._trained = {
            fate.name for fate in fates if fate.trains and fate.mover in (None, "gradient")
        }
        self._idle = why_reached_in_vain(training, report.parameters)
        self._drawn: PageGraph = page_graph(report, self._idle)
        self._strings, self._places, self._boxes, self._tallies = (_Table() for _ in range(4))
        self._numbers = {name: number for number, name in enumerate(report.parameters)}
        self._plain: dict[str, int] = {}  # boxes of operations, by their names
        self._counts: dict[Tally, tuple[int, int]] = {}

    def data(self) -> dict[str, Any]:
        drawn, report = self._drawn, self._report
        in_outline = [kind.in_outline for kind in drawn.kinds]
        root = outline(
            [in_outline[number] for number in drawn.numbers],
            [(source, target) for source, target, _ in drawn.lines],
            {tuple(path.split(".")): kind for path, kind in report.graph.classes.items()},
            drawn.equal,
        )
        of_kinds = [
            concern_of(kind.verdict, severs=kind.sort == "mark", fails=bool(kind.idle))
            for kind in drawn.kinds
        ]
        concerns = [of_kinds[number] for number in drawn.numbers]
        tree = flat(root, first_view(root, concerns.__getitem__))
        rows = self._rows(tree)
        data = {
            "name": printable(report.loss),
            "headline": headline(report) + ".",
            "failed": int(has_failed(report.cuts, report.notes)),
            "notes": [note_text(note) for note in report.notes],
            "things": len(drawn.numbers),
            "nodes": {
                name: _column([*map(itemgetter(number), rows)])
                for number, name in enumerate(_COLUMNS)
            },
            "lines": _lines(drawn.lines),
            "tree": tree.numbers,
            "groups": self._groups(tree),
            "open": tree.opened,
            "parameters": self._parameters(),
            "cuts": self._cuts(),
            "marks": self._marks(),
            "began": began(report),
            "made": -1 if report.place is None else self._place(report.place),
            "places": [self._place_row(*place) for place in self._places.all()],
            "boxes": self._boxes.all(),
            "tallies": self._tallies.all(),
        }
        strings = [printable(text) for text in self._strings.all()]  # last, once all are met
        wide = {str(i): columns(text) for i, text in enumerate(strings) if not text.isascii()}
        return data | {"strings": strings, "wide": wide}

    def _marks(self) -> dict[str, tuple[int, ...]]:
        """Return the cuts of each mark, by its number."""
        cuts = {number: kind.cuts for number, kind in enumerate(self._drawn.kinds) if kind.cuts}
        return {str(i): cuts[kind] for i, kind in enumerate(self._drawn.numbers) if kind in cuts}

    def _rows(self, tree: PageTree) -> list[tuple[int, ...]]:
        """Return the columns of each thing; -1 for what it lacks."""
        kinds, numbers = self._drawn.kinds, self._drawn.numbers
        rows: list[tuple[int, ...]] = [()] * len(numbers)
        # Of each kind, by the path of the group that it is shown in
        rows_in: dict[tuple[str, ...], dict[int, tuple[int, ...]]] = {}
        for group in tree.groups:
            own = rows_in.setdefault(group.path, {})
            for child in group.children:
                if isinstance(child, int):
                    row = own.get(numbers[child])
                    if row is None:
                        row = own[numbers[child]] = self._row(kinds[numbers[child]], group.path)
                    rows[child] = row
        return rows

    def _row(self, thing: PageThing, path: tuple[str, ...]) -> tuple[int, ...]:
        shown = name_in(path, thing.name) if thing.is_tensor else thing.name
        strings, node, shape = self._strings, thing.node, thing.shape
        is_short = shown != thing.name or not shown
        place, caller = (node.place, node.caller) if node else (None, None)
        return (
            SORTS.index(thing.sort),
            strings[thing.name],
            strings[printable(shown) or NAMELESS] if is_short else -1,
            self._lines(thing, shown),
            strings[node.scope] if node else -1,
            strings[_sizes(shape)] if shape is not None else -1,
            self._place(place) if place else -1,
            self._place(caller) if caller else -1,
            self._numbers[thing.parameter.name] if thing.parameter else -1,
            VERDICTS.index(thing.verdict) if thing.verdict is not None else -1,
            1 if node and node.pruned else -1,
        )

    def _lines(self, thing: PageThing, shown: str) -> int:
        """Return the number of the box of a thing."""
        if thing.sort != "op":
            return self._box(self._lines_of(thing, shown))
        if shown not in self._plain:
            self._plain[shown] = self._box(self._lines_of(thing, shown))
        return self._plain[shown]

    def _lines_of(self, thing: PageThing, shown: str) -> tuple[BoxLine, ...]:
        if thing.sort == "mark":
            first = self._report.cuts[thing.cuts[0]] if thing.cuts else None
            place = thing.node.place if thing.node else None
            return mark_lines(shown, Place(first.file, first.line) if first else place)
        if thing.verdict is None:
            return (BoxLine(short(shown) or NAMELESS),)
        word = word_of(thing.parameter) if thing.parameter else str(thing.verdict)
        if thing.sort == "stub":
            return tensor_lines(shown, thing.verdict, f"{word}, shared")
        partial = ", partial" if thing.parameter and thing.parameter.partial else ""
        outside = "outside the model" if thing.sort == "leaf" else ""
        words = f"{word}{partial}", _sizes(thing.shape), outside
        lines = tensor_lines(shown, thing.verdict, " ".join(filter(None, words)))
        return (*lines, BoxLine(idle_words(1, 1), ALARM)) if thing.idle else lines

    def _box(self, lines: Iterable[BoxLine]) -> int:
        """Return the number of a box with these lines: text, mark, aside, whether of a cut."""
        texts = self._strings
        return self._boxes[
            tuple(
                (
                    (texts[line.text], line.mark, texts[line.aside], int(line.is_cut))
                    if line.mark or line.aside
                    else (texts[line.text],)
                )
                for line in lines
            )
        ]

    def _groups(self, tree: PageTree) -> list[list[Any]]:
        """Return the rows of all groups.

        A row holds sort, name, path, times, class, the name where the group is shown, the words
        of its line in the tree, what is in it, its box while closed, its title while open.
        """
        rows = []
        tallies = summed(tree, self._drawn, self._report.parameters.values())
        for group, kind, tally in zip(tree.groups, self._classes(tree), tallies, strict=True):
            name = printable(group.name)
            shown = repeated(name or NAMELESS, group.times)
            rows.append(
                [
                    str(group.sort),
                    name,
                    printable(".".join(group.path)),
                    group.times,
                    self._strings[kind],
                    self._strings[shown],
                    *self._words_of(tally),
                    self._box(group_lines(shown, kind, tally, len(group.children), self._words)),
                    self._box((title_line(shown, kind),)),
                ]
            )
        return rows

    def _words_of(self, tally: Tally) -> tuple[int, int]:
        """Return the numbers of the words of what is in a group, and of how much there is."""
        if tally not in self._counts:
            words = self._strings[row_words(tally, self._words)]
            self._counts[tally] = words, self._tallies[tally.row()]
        return self._counts[tally]

    def _classes(self, tree: PageTree) -> list[str]:
        """Return the class of each module, or that which all modules of a run or part share."""
        # Of what a run or part consists of, the modules in its parts included
        within: list[set[str]] = [set() for _ in tree.groups]
        names = self._report.graph.classes
        for number in range(len(tree.groups) - 1, -1, -1):
            group = tree.groups[number]
            own = {names.get(".".join(group.path), "")} if group.path else set()
            if group.sort is GroupSort.MODULE:
                within[number] = own
            if number:
                outer = within[tree.parents[number]]
                outer |= within[number] if group.sort is GroupSort.PART else own
        return [classes.pop() if len(classes) == 1 else "" for classes in within]

    def _parameters(self) -> dict[str, Any]:
        rows = []
        positions = {cut: position for position, cut in enumerate(self._report.cuts)}
        for name, parameter in self._report.parameters.items():
            norm, switched = parameter.gradient_norm, parameter.frozen_at or parameter.thawed_at
            rows.append(
                (
                    [printable(other) for other in parameter.names if other != name],
                    VERDICTS.index(parameter.verdict),
                    int(parameter.partial),
                    parameter.numel,
                    None if norm is None else f"{norm:.4g}",
                    self._strings[self._why(parameter)],
                    [positions[cut] for cut in parameter.cuts if cut in positions],
                    None if parameter.optimized is None else int(parameter.optimized),
                    self._place(switched) if switched else -1,
                )
            )
        return {name: _column([row[i] for row in rows]) for i, name in enumerate(_OF_PARAMETERS)}

    def _why(self, parameter: Parameter) -> str:
        idle = self._idle.get(parameter.name)
        return _reason(parameter) + (f" It does not train: {idle}." if idle else "")

    def _cuts(self) -> list[dict[str, Any]]:
        cuts = self._report.cuts
        return [
            self._cut(cut, still)
            for cut, still in zip(cuts, still_severed(self._report.graph, cuts), strict=True)
        ]

    def _cut(self, cut: Cut, still: Sequence[str]) -> dict[str, Any]:
        explanation = explain(cut)
        return {
            "kind": str(cut.kind),
            "operation": printable(cut.operation),
            "at": self._place(Place(cut.file, cut.line, cut.code)) if cut.file else -1,
            "caller": self._place(cut.caller) if cut.caller else -1,
            "scope": printable(cut.scope),
            "also": [self._place(place) for place in cut.also],
            "parameters": self._numbers_of(cut.parameters),
            "still": self._numbers_of(still),
            "severs": severed_by(cut, self._report.parameters),
            "meaning": explanation.meaning,
            "mend": explanation.mend,
            "library": int(cut.inside_library),
            "raised": int(has_raised(cut)),
            "elsewhere": int(self._trained.issuperset(cut.parameters) and bool(cut.parameters)),
            "near": _code_near(cut),
            "patches": patches_of(cut, self._patches),
        }

    def _numbers_of(self, names: Iterable[str]) -> list[int]:
        return [self._numbers[name] for name in names if name in self._numbers]

    def _place(self, place: Place) -> int:
        """Return the number of a place."""
        return self._places[(place.file, place.line, place.code, place.function)]

    def _place_row(self, file: str, line: int, code: str, function: str) -> tuple[int, ...]:
        """Return file, line, code, function, and the file's name with the line."""
        texts = self._strings
        return texts[file], line, texts[code], texts[function], texts[file_and_line(file, line)]


def _code_near(cut: Cut) -> list[Any]:
    """Return the number of a line, and it with those near it.

    Nothing where its file does not say so any more.
    """
    first, lines = lines_near(cut.file, cut.line, cut.code)
    return [first, list(lines)] if lines else []


def _column(values: Sequence[_T]) -> Sequence[_T] | dict[str, list[Any]]:
    """Return a column, or each value with how often it comes in a row where that is shorter."""
    changes = sum(map(ne, values, islice(values, 1, None)))
    if 2 * (changes + bool(values)) >= len(values) * 0.7:
        return values
    return {"runs": [part for value, same in groupby(values) for part in (value, len(list(same)))]}


def _lines(lines: Sequence[tuple[int, int, int]]) -> list[Any]:
    """Return how far each source is from the one before, each target from its source; strokes."""
    sources, targets, strokes = zip(*lines, strict=True) if lines else ((), (), ())
    ways = zip((0, *sources), sources, strict=False)
    steps = [source - before for before, source in ways]
    spans = [target - source for source, target in zip(sources, targets, strict=True)]
    return [_column(column) for column in (steps, spans, strokes)]


def _sizes(shape: tuple[int, ...] | None) -> str:
    return "" if shape is None else sizes_of(shape)


def _reason(parameter: Parameter) -> str:
    """Say in a sentence or two why a parameter has its verdict."""
    cuts = listing([cut_at(cut) for cut in parameter.cuts])
    match parameter.verdict:
        case Verdict.CUT:
            by = cuts or "an operation that is not known"
            return f"Its value went into the loss, but no route back is left: cut by {by}."
        case Verdict.FROZEN:
            at = f": set at {_at(parameter.frozen_at)}" if parameter.frozen_at else ""
            return f"requires_grad is False, so it keeps no gradient{at}."
        case Verdict.UNUSED:
            if not is_known_unused(parameter):
                return "No gradient comes back to it: cut or unused, a trace tells."
            why = "" if parameter.unused is None else f": {why_unused(parameter.unused)}"
            at = (
                f" at {_at(parameter.unused.place)}"
                if parameter.unused and parameter.unused.place
                else ""
            )
            return f"Its value did not go into this loss{why}{at}."
        case Verdict.ZERO:
            reason = "A route exists, and the gradient that arrives is all zero."
            reason += _of_zero(parameter)
        case _:
            reason = "A gradient arrives that is not zero."
    return reason + (f" Another route is cut by {cuts}." if parameter.partial else "")


def _of_zero(parameter: Parameter) -> str:
    zero = parameter.zero
    if zero is None:
        return ""
    at = f" at {_at(zero.place)}" if zero.place else ""
    passes = " It is so until that factor moves." if zero.passing else ""
    return f" It begins in {begins_in(zero)}{at}: {note_text(zero.why).rstrip('.')}.{passes}"


def _at(place: Place) -> str:
    return file_and_line(place.file, place.line)
