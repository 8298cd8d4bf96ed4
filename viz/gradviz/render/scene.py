"""From a report to what its picture shows.

Items and lines, the frames around them, and what is written above.

A small graph is drawn whole, a large one folded; either way the boxes of the fold become items
here, and nowhere else.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gradviz.facts.findings import Findings
from gradviz.folding.boxes import Box, BoxKind, Folded, View
from gradviz.folding.shown import shown
from gradviz.graph import NodeKind, Verdict
from gradviz.render.changes import Changes
from gradviz.render.items import TIMES, item_of, relative, repeated, size_of
from gradviz.render.names import by_module
from gradviz.render.sentences import headline, listing, printable, wording
from gradviz.render.sketch import Item, Sketch, SketchLine, short, spine_first
from gradviz.render.training import why_reached_in_vain

DETACHED = 12  # unused parameters that are shown beside a whole graph; more are only counted
WORTH_A_FRAME = 4  # things in it; the names of fewer say where they are


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnFrame:
    """A frame of the picture. Read-only.

    Attributes:
        key: Its identifier.
        parent: Key of the frame around it; None at the top.
        name: What is written on it first.
        aside: What follows the name in plain type.
        classes: Its verdict, where all parameters in it share one, and whether it stands for
            several modules.
    """

    key: str
    parent: str | None
    name: str
    aside: str
    classes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a picture shows. Read-only.

    Attributes:
        is_whole: Every node is drawn by itself.
        sketch: Items and lines, then what went.
        frames: In the order of their numbers.
        frame_of: Keys of the frames that items stand in, by the keys of the items.
        back: Lines of a loop, which go against the flow.
        title: The headline.
        note: What is folded, in sentences.
    """

    is_whole: bool
    sketch: Sketch
    frames: tuple[DrawnFrame, ...] = ()
    frame_of: Mapping[str, str]
    back: frozenset[SketchLine] = frozenset()
    title: str
    note: str = ""


def scene(
    report: Findings, view: View, changes: Changes | None = None, *, tried: str = ""
) -> Scene:
    """Return what a picture of ``report`` shows.

    Args:
        report: What to draw.
        view: How much of it; a small graph is drawn whole.
        changes: What to mark, in a picture of what is new in ``report``.
        tried: A sentence on what an engine gave up before; then the graph is folded, however small.
    """
    idle = why_reached_in_vain(report.training, report.parameters)
    marks = {**idle, **changes.words} if changes else idle
    folded = shown(report.graph, report.parameters, view, marks, smaller=bool(tried))
    return _Framing(report, folded, idle).scene(tried, changes)


def _unused(report: Findings) -> Iterator[Box]:
    """Yield boxes for parameters that the graph lacks, a module to a box."""
    names = [
        name for name, parameter in report.parameters.items() if parameter.verdict is Verdict.UNUSED
    ]
    drawn = {node.name for node in report.graph.nodes if node.kind is NodeKind.PARAMETER}
    beside = [name for name in names if name not in drawn]
    groups = by_module(beside, report.parameters) if len(beside) <= DETACHED else {}
    for number, (path, alike) in enumerate(groups.items()):
        parameters = [report.parameters[name] for name in alike]
        yield Box(
            kind=BoxKind.PARAMETER,
            key=f"u{number}",
            path=path if path in alike else f"{path}.*",
            shape=parameters[0].shape if len(parameters) == 1 else None,
            parameters=len(parameters),
            numel=sum(parameter.numel for parameter in parameters),
            verdicts=((Verdict.UNUSED, len(parameters)),),
            marked=tuple(alike),
        )


class _Framing:
    """Puts the boxes of a fold into frames.

    Those that are worth one, by the number of any frame of the fold.
    """

    def __init__(self, report: Findings, folded: Folded, idle: Mapping[str, str]) -> None:
        self._report, self._folded, self._idle = report, folded, idle
        self._drawn = _frames_drawn(folded)
        self._words = wording([report])
        shown = sorted(number for number in set(self._drawn.values()) if number is not None)
        self._parents = {number: self._frame(folded.frames[number].parent) for number in shown}
        self._sums: dict[int, Counter[str]] = {number: Counter() for number in shown}
        self._sum_up()

    def scene(self, tried: str, changes: Changes | None) -> Scene:
        folded = self._folded
        boxes = [(box.key or f"b{number}", box) for number, box in enumerate(folded.boxes)]
        beside = [(box.key, box) for box in _unused(self._report)] if folded.is_whole else []
        lines = [
            SketchLine(
                source=boxes[link.source][0], target=boxes[link.target][0], stroke=str(link.way)
            )
            for link in folded.links
        ]
        items = [self._item(key, box) for key, box in (*boxes, *beside)]
        content = Sketch(tuple(items), tuple(lines))
        if folded.is_whole:
            content = spine_first(content)
        frames = [(key, self._frame(box.frame)) for key, box in boxes]
        return Scene(
            is_whole=folded.is_whole,
            sketch=changes.mark(content) if changes else content,
            frames=tuple(map(self._drawn_frame, self._parents)),
            frame_of={key: f"f{frame}" for key, frame in frames if frame is not None},
            back=frozenset(
                line
                for line, link in zip(lines, folded.links, strict=True)
                if link.source < link.target and not folded.is_whole
            ),
            title=changes.headline if changes else headline(self._report),
            note="" if folded.is_whole else tried + _note(folded),
        )

    def _frame(self, number: int | None) -> int | None:
        return None if number is None else self._drawn[number]

    def _path(self, number: int | None) -> str:
        return "" if number is None else self._folded.frames[number].path

    def _item(self, key: str, box: Box) -> Item:
        frame_path = self._path(self._frame(box.frame))
        turns = 1 if box.frame is None else self._folded.frames[box.frame].times
        return item_of(
            box,
            key,
            self._report,
            words=self._words,
            frame_path=frame_path,
            unsaid=self._unsaid(box.frame),
            repetitions=box.times * turns,
            idle=self._idle,
        )

    def _unsaid(self, number: int | None) -> int:
        """How many equal modules a box is for, beyond what the frames say that are drawn
        around it.
        """
        times = 1
        while number is not None and number not in self._parents:
            times *= self._folded.frames[number].modules
            number = self._folded.frames[number].parent
        return times

    def _sum_up(self) -> None:
        """Count what lies in every frame, also in the frames inside."""
        for box in self._folded.boxes:
            number = self._frame(box.frame)
            while number is not None and not box.stub:
                self._sums[number].update({"parameters": box.parameters, "numel": box.numel})
                self._sums[number].update({str(verdict): count for verdict, count in box.verdicts})
                number = self._parents[number]

    def _drawn_frame(self, number: int) -> DrawnFrame:
        frame, sums, parent = self._folded.frames[number], self._sums[number], self._parents[number]
        size = size_of(sums["parameters"], sums["numel"])
        words = " \u00b7 ".join(filter(None, [short(frame.class_name), size]))
        verdicts = [str(verdict) for verdict in Verdict if sums[verdict]]
        classes = [
            "module",
            *(verdicts if len(verdicts) == 1 else []),
            *(["run"] if frame.modules > 1 else []),
        ]
        return DrawnFrame(
            key=f"f{number}",
            parent=None if parent is None else f"f{parent}",
            name=repeated(
                short(relative(frame.path, self._path(parent))), frame.modules * frame.calls
            ),
            aside=f": {words}" if frame.class_name else f" \u00b7 {words}" if words else "",
            classes=" ".join(classes),
        )


def _frames_drawn(folded: Folded) -> dict[int, int | None]:
    """Return for every frame the one that is drawn for it.

    Itself, or one around it where there is too little in it.
    """
    things = Counter(box.frame for box in folded.boxes)
    drawn: dict[int, int | None] = {}
    kept = set()
    for number in reversed(range(len(folded.frames))):  # the inner before the outer
        frame = folded.frames[number]
        if things[number] >= WORTH_A_FRAME or (frame.modules > 1 and things[number] > 1):
            kept.add(number)
        things[frame.parent] += 1 if number in kept else things[number]
    for number, frame in enumerate(folded.frames):
        drawn[number] = (
            number if number in kept else None if frame.parent is None else drawn[frame.parent]
        )
    return drawn


def _note(folded: Folded) -> str:
    """Return what is folded, and how to see more."""
    boxes = len(folded.boxes)
    note = f"Folded: {folded.nodes:,} operations and parameters in {boxes} boxes."
    if any(frame.modules > 1 for frame in folded.frames) or any(
        box.times > 1 for box in folded.boxes
    ):
        note += f" {TIMES}n: n equal ones drawn as one."
    if folded.closed:
        note += (
            f" Closed are {listing([printable(path) for path in folded.closed], 2)}; --open,"
            " --depth and --budget open more."
        )
    return note
