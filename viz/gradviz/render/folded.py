"""The picture of a graph too large to be drawn node by node: folded, in frames, in the look of the small picture.

What is folded is said in it: how many nodes stand in how many boxes, and what would open more of them.
"""

from collections import Counter, defaultdict
from contextlib import suppress
from itertools import zip_longest

import graphviz

from gradviz.errors import EngineError
from gradviz.findings import Findings
from gradviz.folding.boxes import Box, BoxKind, Folded, View
from gradviz.folding.fold import fold
from gradviz.graph import Cut, Verdict
from gradviz.layout import lay_out
from gradviz.render import text_width
from gradviz.render.attributes import FONT, SIZE, edge_attributes, label, node_attributes, ringed
from gradviz.render.changes import Changes
from gradviz.render.embed import embed
from gradviz.render.names import abbreviated
from gradviz.render.sentences import counted, cut_at, headline, listing, printable, verdict_words, where
from gradviz.render.sketch import NAMELESS, Item, Line, Sketch, Sort, short
from gradviz.render.style import INK, LOOKS, NOUGHT, OP, SCISSORS

PATIENCE = 20.0  # seconds for one layout; a folded graph takes a hundredth of it
WIDE = 1400.0  # units that fit on a page
FEWEST = 8  # boxes of the last attempt
WORTH_A_FRAME = 4  # things in it; the names of fewer say where they are
TIMES = "\u00d7"


def render_folded(report: Findings, view: View, *, engine: str = "auto", tried: str = "", changes: Changes | None = None) -> str:
    """Return the folded picture of ``report`` as an SVG that is fit to embed.

    Where the engine gives up, the graph is folded further, and the picture says so.

    Args:
        report: What to draw.
        view: How much of it.
        engine: One of :data:`gradviz.layout.ENGINES`.
        tried: A sentence on what an engine gave up before.
        changes: What to mark, in a picture of what is new in ``report``.

    Raises:
        EngineError: No engine could draw even the smallest.
    """
    while True:
        picture = _Picture(report, view, tried, changes)
        try:
            laid_out = _narrow(picture.dot(measured=True), engine)
        except EngineError:
            if len(picture.folded.boxes) <= FEWEST or (tried and view.budget <= FEWEST):
                raise
            tried = f"{len(picture.folded.boxes):,} boxes could not be laid out, so more is folded. "
            view = View(budget=max(FEWEST, min(view.budget, len(picture.folded.boxes)) // 3))
            continue
        return embed(laid_out, report, picture.sketch, title=picture.title, frames=picture.frames, note=picture.note)


def _narrow(dot: graphviz.Digraph, engine: str) -> str:
    """Lay out in the way that is not too wide: frames one below the other, or else, what is in them.

    What is in a frame and linked by way of something outside stands side by side, unless ranks go across frames.
    """
    laid_out = lay_out(dot.source, engine=engine, timeout=PATIENCE).decode()
    if _width(laid_out) <= WIDE:
        return laid_out
    dot.graph_attr["newrank"] = "true"
    with suppress(EngineError):
        return min(laid_out, lay_out(dot.source, engine=engine, timeout=PATIENCE).decode(), key=_width)
    return laid_out


def _width(svg: str) -> float:
    return float(svg.partition('viewBox="')[2].split()[2])


def folded_drawing(report: Findings, view: View, changes: Changes | None = None) -> graphviz.Digraph:
    """Return the folded picture for Graphviz to carry, with headline and note above it."""
    picture = _Picture(report, view, changes=changes)
    dot = picture.dot(measured=False)
    dot.graph_attr["bgcolor"] = INK[0].fill  # its colours are those of the light scheme
    text = [*text_width.wrapped(picture.title, 60), *text_width.wrapped(picture.note, 60)]
    dot.attr(label=label(text), labelloc="t", labeljust="l", fontname=FONT, fontsize=str(SIZE + 3))
    return dot


class _Picture:
    """A folded report as a sketch with frames, and these as DOT.

    Attributes:
        folded: What is drawn.
        title: The headline.
        sketch: Its boxes and links as items and lines, then what went.
        frames: What is written on every frame, by its key: its name, and what is said of it.
        note: What is folded, in sentences.
    """

    def __init__(self, report: Findings, view: View, tried: str = "", changes: Changes | None = None) -> None:
        self._report = report
        self.title = changes.headline if changes else headline(report)
        marks = changes.words if changes else {}
        self.folded = fold(report.graph, report.parameters, budget=view.budget, depth=view.depth, open=view.open, marks=marks)
        self._drawn = _frames_drawn(self.folded)  # by the number of any frame: that of the drawn one in its place
        self._around = {
            number: self._frame(self.folded.frames[number].parent) for number in set(self._drawn.values()) if number is not None
        }
        self._sums: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._sum_up()
        content = Sketch(
            tuple(self._item(number, box) for number, box in enumerate(self.folded.boxes)),
            tuple(Line(source=f"b{link.source}", target=f"b{link.target}", stroke=str(link.way)) for link in self.folded.links),
        )
        self.sketch = changes.mark(content) if changes else content
        self.frames = {f"f{number}": self._frame_label(number) for number in sorted(self._around)}
        self.note = tried + _note(self.folded)

    def dot(self, *, measured: bool) -> graphviz.Digraph:
        """Return the graph in DOT; with stand-ins for the texts if they are ``measured`` here and written in later."""
        dot = graphviz.Digraph()
        dot.graph_attr.update(bgcolor="transparent", pad="0.05", nodesep="0.2", ranksep="0.17", rankdir="TB", outputorder="edgesfirst")
        dot.graph_attr.update(fontname=FONT, fontsize=str(SIZE), nslimit="4")
        dot.node_attr.update(fontname=FONT, fontsize=str(SIZE), margin="0.11,0.06", height="0.3")
        dot.edge_attr.update(arrowsize="0.7")
        parts: dict[int | None, graphviz.Digraph] = {None: dot}
        for number in sorted(self._around):
            text = "".join(self.frames[f"f{number}"])
            part = parts[number] = graphviz.Digraph(f"cluster_{number}")
            part.attr(id=f"f{number}", label=label(text_width.stand_ins([text]) if measured else [text]), labeljust="l", margin="9")
            part.attr(style="rounded", color=OP.light.stroke, fontcolor=INK[0].stroke, **{"class": self._frame_classes(number)})
        frames = (self._frame(box.frame) for box in self.folded.boxes)
        for item, frame in zip_longest(self.sketch.items, frames):
            instead = {"shape": "box", "label": label(text_width.stand_ins(item.lines))} if measured else ringed(item)
            parts[frame].node(item.key, **{**node_attributes(item), **instead})
        for number in sorted(self._around, reverse=True):
            parts[self._around[number]].subgraph(parts[number])
        for line, link in zip(self.sketch.lines, self.folded.links, strict=True):
            back = {"constraint": "false"} if link.source < link.target else {}  # of a loop: the boxes are in the order of the flow
            dot.edge(line.source, line.target, **edge_attributes(line), **back)
        return dot

    def _frame(self, number: int | None) -> int | None:
        return None if number is None else self._drawn[number]

    def _frame_classes(self, number: int) -> str:
        """Its verdict, where all parameters in it share one, and whether it stands for several modules."""
        verdicts = [verdict for verdict in Verdict if self._sums[number][verdict]]
        names = [str(verdicts[0])] if len(verdicts) == 1 else []
        return " ".join(["module", *names, *(["run"] if self.folded.frames[number].modules > 1 else [])])

    def _sum_up(self) -> None:
        """Count what lies in every frame, also in the frames inside."""
        for box in self.folded.boxes:
            number = self._frame(box.frame)
            while number is not None and not box.stub:
                self._sums[number].update({"parameters": box.parameters, "numel": box.numel})
                self._sums[number].update({str(verdict): count for verdict, count in box.verdicts})
                number = self._around[number]

    def _frame_label(self, number: int) -> tuple[str, str]:
        frame, sums = self.folded.frames[number], self._sums[number]
        name = short(_relative(frame.path, self._path(self._around[number])))
        size = _size(sums["parameters"], sums["numel"])
        said = " \u00b7 ".join(filter(None, [short(frame.class_name), size]))
        return _times(name, frame.modules * frame.calls), f": {said}" if frame.class_name else f" \u00b7 {said}" if said else ""

    def _path(self, number: int | None) -> str:
        return "" if number is None else self.folded.frames[number].path

    def _item(self, number: int, box: Box) -> Item:
        key = f"b{number}"
        around = self._path(self._frame(box.frame))
        verdict = box.verdicts[0][0] if len(box.verdicts) == 1 else None
        name = _times(short(_relative(box.path, around)), self._unsaid(box.frame)) if box.path else ""
        if box.kind is BoxKind.PARAMETER:
            name = "" if box.path.endswith("*") and box.parameters > 1 else name or NAMELESS
        match box.kind:
            case BoxKind.LOSS:
                return Item(key=key, sort=Sort.LOSS, lines=(name,), about=f"{printable(box.path)}: backward() starts here")
            case BoxKind.CUT:
                return self._mark(key, box)
            case BoxKind.OPERATION:
                stretch = box.stretch or (box,)
                lines = (*(_times(short(each.operation), each.times) for each in stretch), *([name] if name else []))
                about = ", ".join(map(_about, stretch)) + (f" in {box.path}" if box.path else "")
                return Item(key=key, sort=Sort.OPERATION, lines=lines, names=len(stretch), about=printable(about), pruned=box.pruned)
            case BoxKind.LEAF:
                lines = (name, "outside the model")
                return Item(key=key, sort=Sort.TENSOR, lines=lines, about=f"{printable(box.path)}: {lines[1]}", verdict=verdict)
            case _:
                return self._module(key, box, name, verdict)

    def _module(self, key: str, box: Box, name: str, verdict: Verdict | None) -> Item:
        """A module, or a parameter."""
        if box.operation:
            name = short(f"{name}.{box.operation}()".lstrip("."))
        size = _size(box.parameters, box.numel, box.shape) if box.kind is BoxKind.PARAMETER else _size(box.parameters, box.numel)
        told = _verdicts(box)
        if not told and box.kind is BoxKind.MODULE:
            told = [counted(box.nodes // self._repetitions(box), "operation")]
        name = _times(name, box.times * box.calls) if name else ""
        aside = f": {short(box.class_name)}" if name and box.class_name else ""
        lines = tuple(filter(None, [name + aside, size, *told]))
        about = "; ".join(filter(None, [_times(box.path, box.times * box.calls), box.class_name, size, ", ".join(told)]))
        sort = Sort.TENSOR if verdict else Sort.OPERATION
        return Item(
            key=key,
            sort=sort,
            lines=lines,
            aside=aside,
            about=printable(about),
            verdict=verdict,
            pruned=box.pruned,
            parameters=box.marked,
        )

    def _unsaid(self, number: int | None) -> int:
        """How many equal modules a box is for, beyond what the frames say that are drawn around it."""
        times = 1
        while number is not None and number not in self._around:
            times *= self.folded.frames[number].modules
            number = self.folded.frames[number].parent
        return times

    def _repetitions(self, box: Box) -> int:
        return box.times * (1 if box.frame is None else self.folded.frames[box.frame].times)

    def _mark(self, key: str, box: Box) -> Item:
        cuts = [self._report.cuts[index] for index in box.cuts if index < len(self._report.cuts)]
        first = cuts[0] if cuts else Cut(kind=box.operation, operation=box.operation)  # type: ignore[arg-type]
        more = f"and {len(cuts) - 1} more" if cuts[1:] else ""
        behind = list(dict.fromkeys(name for cut in cuts for name in cut.parameters))
        pruned = sum(self._report.parameters[name].verdict is Verdict.CUT for name in behind if name in self._report.parameters)
        lines = (
            f"{SCISSORS} {short(first.operation)}" + (f" {TIMES}{box.nodes}" if box.nodes > 1 else ""),
            *filter(None, [short(where(first.file, first.line)), more]),
            *([f"prunes {counted(pruned, 'parameter')}"] if pruned else []),
        )
        about = f"cut: {'; '.join(map(cut_at, cuts or [first]))}" + (f": {printable(first.code)}" if first.code else "")
        return Item(key=key, sort=Sort.MARK, operation=box.operation, lines=lines, about=about, verdict=Verdict.CUT, cuts=tuple(cuts))


def _frames_drawn(folded: Folded) -> dict[int, int | None]:
    """For every frame the one that is drawn for it: itself, or one around it where there is too little in it."""
    things = Counter(box.frame for box in folded.boxes)
    drawn: dict[int, int | None] = {}
    kept = set()
    for number in reversed(range(len(folded.frames))):  # the inner before the outer
        frame = folded.frames[number]
        if things[number] >= WORTH_A_FRAME or (frame.modules > 1 and things[number] > 1):
            kept.add(number)
        things[frame.parent] += 1 if number in kept else things[number]
    for number, frame in enumerate(folded.frames):
        drawn[number] = number if number in kept else None if frame.parent is None else drawn[frame.parent]
    return drawn


def _about(operation: Box) -> str:
    place = operation.place
    return _times(operation.operation, operation.times) + (f" at {where(place.file, place.line)}" if place else "")


def _relative(path: str, around: str) -> str:
    return path[len(around) :].lstrip(".") if around and (path == around or path.startswith(f"{around}.")) else path


def _times(name: str, times: int) -> str:
    return f"{name} {TIMES}{times:,}" if times > 1 else name


def _size(parameters: int, numel: int, shape: tuple[int, ...] | None = None) -> str:
    """How many parameters and elements: ``"2 parameters, 1.5 k"``."""
    if not parameters:
        return ""
    if parameters == 1 and shape is not None:
        return f"({', '.join(map(str, shape))})"
    return f"{counted(parameters, 'parameter')}, {abbreviated(numel)}"


def _verdicts(box: Box) -> list[str]:
    """How many parameters have which verdict, a line each; the word alone where all have the same."""
    words = verdict_words(dict(box.verdicts), box.partial)
    if len(box.verdicts) == 1:
        return [f"{LOOKS[box.verdicts[0][0]].mark} {', '.join(words)}".strip()]
    marks = [LOOKS[verdict].mark for verdict, _ in box.verdicts]
    marks = ["" if mark == NOUGHT else mark for mark in marks]  # a 0 before a number is no mark
    return [f"{mark} {word}".strip() for mark, word in zip_longest(marks, words, fillvalue="")]


def _note(folded: Folded) -> str:
    """What is folded, and how to see more."""
    boxes = len(folded.boxes)
    said = f"Folded: {folded.nodes:,} operations and parameters in {boxes} boxes."
    if any(frame.modules > 1 for frame in folded.frames) or any(box.times > 1 for box in folded.boxes):
        said += f" {TIMES}n: n equal ones drawn as one."
    if folded.closed:
        said += f" Closed are {listing([printable(path) for path in folded.closed], 2)}; --open, --depth and --budget open more."
    return said
