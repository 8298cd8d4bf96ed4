"""One page of HTML that holds a report of any size: the graph to open and close, to search and to walk through.

The page is a single file with nothing outside it and a content security policy that allows its own script and style by their hashes
alone. The report goes into it as JSON, in which no character that HTML knows is left, so a name is never more than text. The script
shows verdicts and never works them out: what a reader is told is written here.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from gradviz.blocks import by_block
from gradviz.causes import explain
from gradviz.graph import Cut, Edge, Node, NodeKind, Parameter, Place, Verdict
from gradviz.render.embed import LINES
from gradviz.render.marks import GLYPHS
from gradviz.render.outline import Group, Thing, first_view, outline
from gradviz.render.outline import Sort as GroupSort
from gradviz.render.sentences import MEANINGS, began, cut_at, headline, listing, printable, where
from gradviz.render.sketch import Item, Sort, sketch
from gradviz.render.style import FONTS, GHOST, INK, LOOKS, LOSS, OP, SCISSORS, STROKES, Look, Stroke
from gradviz.reports import Report
from gradviz.several import is_of_calls
from gradviz.version import __version__

if TYPE_CHECKING:
    from jinja2 import Template

VERDICTS = tuple(Verdict)
_SORTS = ("loss", "op", "mark", "parameter", "leaf", "stub")  # of a node; the numbers are known to app.js
_COLUMNS = ("sort", "text", "scope", "shape", "at", "caller", "parameter", "verdict", "pruned")
_STROKES = tuple(STROKES)


def render_html(report: Report) -> str:
    """Return the page. The same report gives the same bytes."""
    report = by_block(report)
    losses = [*report.losses.values()] if is_of_calls(report) else [report, *report.losses.values()]
    data = {
        "version": __version__,
        "verdicts": [{"word": str(verdict), "meaning": MEANINGS[verdict], "mark": LOOKS[verdict].mark} for verdict in VERDICTS],
        "looks": {name: _look(look) for name, look in _looks().items()},
        "strokes": [
            {"name": name, "meaning": LINES[name], "dashes": _dashes(stroke), "width": stroke.width} for name, stroke in STROKES.items()
        ],
        "glyphs": {mark: path for mark, (_, path) in GLYPHS.items()},
        "ghost": GHOST,
        "notes": [printable(note) for note in report.notes if note not in losses[-1].notes] if losses[0] is not report else [],
        "losses": [_Loss(each).data() for each in losses],
    }
    style, script = _style(), _resource("app.js")
    return _template().render(
        title=headline(report), style=style, script=script, style_hash=_hash(style), script_hash=_hash(script), data=_json(data)
    )


class _Strings:
    """A table of strings that occur often, so that each is in the file once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self._numbers)
        return number

    def all(self) -> list[str]:
        return [printable(text) for text in self._numbers]


class _Loss:
    """What the page has to know of one loss, in columns: one list per property, so that a large graph stays a small file."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._nodes = report.graph.nodes
        self._strings = _Strings()
        self._places: dict[tuple[int, int, int, int], int] = {}
        self._numbers = {name: number for number, name in enumerate(report.parameters)}
        self._into: dict[int, list[Edge]] = {}
        for edge in report.graph.edges:
            self._into.setdefault(edge.target, []).append(edge)
        self._rows: list[dict[str, Any]] = []
        self._things: list[Thing] = []
        self._by_key: dict[str, int] = {}
        self._lines: list[tuple[int, int, int]] = []

    def data(self) -> dict[str, Any]:
        """Return it, ready for JSON."""
        self._draw()
        root = outline(self._things, ((source, target) for source, target, _ in self._lines))
        opened = first_view(root, lambda number: self._rows[number]["sort"] == _SORTS.index("mark"))
        tree, groups, open_ = _flat(root, opened)
        columns = {name: [row.get(name, -1) for row in self._rows] for name in _COLUMNS}
        report = self._report
        return {
            "name": printable(report.loss),
            "headline": headline(report) + ".",
            "notes": [printable(note) for note in report.notes],
            "nodes": {name: column[0] if len(set(column)) == 1 < len(column) else column for name, column in columns.items()},
            "lines": [list(column) for column in zip(*self._lines, strict=True)] or [[], [], []],
            "tree": tree,
            "groups": [self._group(group) for group in groups],
            "open": open_,
            "parameters": self._parameters(),
            "cuts": [self._cut(cut) for cut in report.cuts],
            "marks": {str(number): row["cuts"] for number, row in enumerate(self._rows) if row.get("cuts")},
            "began": began(report),
            "made": -1 if report.place is None else self._place(report.place),
            "places": [list(place) for place in self._places],
            "strings": self._strings.all(),  # last, once all are met
        }

    def _group(self, group: Group) -> list[Any]:
        kinds = {group.path} if group.sort is GroupSort.MODULE else {child.path for child in group.children if isinstance(child, Group)}
        classes = {self._report.graph.classes.get(".".join(path), "") for path in kinds - {()}}
        kind = self._strings(classes.pop() if len(classes) == 1 else "")
        return [str(group.sort), printable(group.name), printable(".".join(group.path)), group.times, kind]

    def _draw(self) -> None:
        """Take the nodes and lines of the drawing, and place every tensor where it is used."""
        content = sketch(self._report)
        users: dict[str, list[str]] = {}
        for line in content.lines:
            users.setdefault(line.source, []).append(line.target)
        stroke = {(line.source, line.target): _STROKES.index(line.stroke) for line in content.lines}
        items = {item.key: item for item in content.items if not item.key.startswith("u")}
        shared: dict[int, None] = {}
        for key, item in items.items():
            node = self._node_of(key)
            if item.sort is not Sort.TENSOR:
                self._add(key, item, node, _path(node.scope))
                continue
            own, using = _path(node.name)[:-1], [_path(self._node_of(user).scope) for user in users.get(key, ())]
            if "_" in key:
                shared[node.index] = None
                self._add(key, item, node, using[0], stub=True)
            elif own in using or not using:
                self._add(key, item, node, own)
            elif len(using) == 1:
                self._add(key, item, node, using[0])
            else:
                shared[node.index] = None
        for (source, target), kind in stroke.items():
            if source not in self._by_key or self._elsewhere(source, target):
                stub = f"{source}_{target}"
                node = self._node_of(source)
                self._add(stub, items[source], node, _path(self._node_of(target).scope), stub=True)
                source = stub
            self._lines.append((self._by_key[source], self._by_key[target], kind))
        for index in shared:
            node = self._nodes[index]
            self._tensor(node.name, node, _path(node.name)[:-1])
        drawn = {row["parameter"] for row in self._rows if "parameter" in row}
        for name, number in self._numbers.items():
            if number not in drawn:
                self._tensor(name, None, _path(name)[:-1])
        self._lines.sort()

    def _elsewhere(self, source: str, target: str) -> bool:
        """A parameter that is drawn in one module and used in another too."""
        thing = self._things[self._by_key[source]]
        return thing.is_tensor and thing.path != self._things[self._by_key[target]].path

    def _node_of(self, key: str) -> Node:
        numbers = re.findall(r"\d+", key)
        return self._nodes[int(numbers[-1] if key.startswith("cut") else numbers[0])]

    def _add(self, key: str, item: Item, node: Node, path: tuple[str, ...], *, stub: bool = False) -> None:
        if item.sort is Sort.TENSOR:
            self._by_key[key] = self._tensor(node.name, node, path, stub=stub)
            return
        row: dict[str, Any] = {"sort": _SORTS.index(item.sort)}
        name = node.name or node.operation
        if item.sort is Sort.MARK:
            name = item.lines[0].removeprefix(SCISSORS).strip()
            row |= {"cuts": self._cuts_at(node), "verdict": VERDICTS.index(Verdict.CUT)}
        self._by_key[key] = self._row(row, name, node, path)

    def _tensor(self, name: str, node: Node | None, path: tuple[str, ...], *, stub: bool = False) -> int:
        parameter = self._report.parameters.get(name) if node is None or node.kind is NodeKind.PARAMETER else None
        verdict = parameter.verdict if parameter else node.verdict if node and node.verdict else Verdict.REACHED
        sort = "stub" if stub else "parameter" if parameter else "leaf"
        row: dict[str, Any] = {"sort": _SORTS.index(sort), "verdict": VERDICTS.index(verdict)}
        shape = parameter.shape if parameter else node.shape if node else None
        if shape is not None:
            row["shape"] = self._strings(f"({', '.join(map(str, shape))})")
        if parameter:
            row["parameter"] = self._numbers[parameter.name]
        return self._row(row, name, node, path, is_tensor=True)

    def _row(self, row: dict[str, Any], name: str, node: Node | None, path: tuple[str, ...], *, is_tensor: bool = False) -> int:
        row["text"] = self._strings(name)
        if node is not None:
            row["scope"] = self._strings(node.scope)
            if node.pruned:
                row["pruned"] = 1
            if node.place:
                row["at"] = self._place(node.place)
            if node.caller:
                row["caller"] = self._place(node.caller)
        known = name.rpartition(".")[2] if is_tensor else name
        label = (row["sort"], known, row.get("shape"), row.get("verdict"), row.get("pruned"), bool(row.get("cuts")))
        self._rows.append(row)
        self._things.append(Thing(path, known, label, is_tensor))
        return len(self._rows) - 1

    def _cuts_at(self, node: Node) -> list[int]:
        """The cuts that a mark stands for: those of the edges into its node, or else the nearest behind it."""
        ways, seen, found = [node.index], {node.index}, []
        for index in ways:
            for edge in self._into.get(index, ()):
                if edge.severed:
                    found.append(edge.cut)
                elif not edge.gradient and edge.source not in seen:
                    seen.add(edge.source)
                    ways.append(edge.source)
            if found and index == node.index:
                break
        return [cut for cut in dict.fromkeys(found) if cut is not None]

    def _parameters(self) -> dict[str, list[Any]]:
        columns: dict[str, list[Any]] = {
            name: [] for name in ("name", "also", "verdict", "partial", "numel", "norm", "reason", "cuts", "optimized", "switched")
        }
        positions = {cut: position for position, cut in enumerate(self._report.cuts)}
        for name, parameter in self._report.parameters.items():
            others = [printable(other) for other in parameter.names if other != name]
            columns["name"].append(printable(name))
            columns["also"].append(others)
            columns["verdict"].append(VERDICTS.index(parameter.verdict))
            columns["partial"].append(int(parameter.partial))
            columns["numel"].append(parameter.numel)
            columns["norm"].append(None if parameter.gradient_norm is None else f"{parameter.gradient_norm:.4g}")
            columns["reason"].append(self._strings(_reason(parameter)))
            columns["cuts"].append([positions[cut] for cut in parameter.cuts if cut in positions])
            switched = parameter.frozen_at or parameter.thawed_at
            columns["switched"].append(self._place(switched) if switched else -1)
            columns["optimized"].append(None if parameter.optimized is None else int(parameter.optimized))
        return columns

    def _cut(self, cut: Cut) -> dict[str, Any]:
        explanation = explain(cut)
        return {
            "kind": str(cut.kind),
            "operation": printable(cut.operation),
            "at": self._place(Place(cut.file, cut.line, cut.code)) if cut.file else -1,
            "caller": self._place(cut.caller) if cut.caller else -1,
            "scope": printable(cut.scope),
            "also": [self._place(place) for place in cut.also],
            "parameters": [self._numbers[name] for name in cut.parameters if name in self._numbers],
            "meaning": explanation.meaning,
            "mend": explanation.mend,
            "library": int(cut.inside_library),
        }

    def _place(self, place: Place) -> int:
        key = (self._strings(place.file), place.line, self._strings(place.code), self._strings(place.function))
        return self._places.setdefault(key, len(self._places))


def _reason(parameter: Parameter) -> str:
    """Say in a sentence or two why a parameter has its verdict."""
    cuts = listing([cut_at(cut) for cut in parameter.cuts])
    match parameter.verdict:
        case Verdict.CUT:
            return f"Its value went into the loss, but no route back is left: severed by {cuts or 'an operation that is not known'}."
        case Verdict.FROZEN:
            at = f": set at {where(parameter.frozen_at.file, parameter.frozen_at.line)}" if parameter.frozen_at else ""
            return f"requires_grad is False, so it keeps no gradient{at}."
        case Verdict.UNUSED:
            return "Its value did not go into this loss."
        case Verdict.ZERO:
            said = "A route exists, and the gradient that arrives is all zero."
            if parameter.zero:
                place = f" at {where(parameter.zero.place.file, parameter.zero.place.line)}" if parameter.zero.place else ""
                said += f" It begins in {parameter.zero.operation}{place}: {parameter.zero.why.rstrip('.')}."
                said += " It is so in this step, and passes once training goes on." if parameter.zero.passing else ""
        case _:
            said = "A gradient arrives that is not zero."
    return said + (f" Another route is severed by {cuts}." if parameter.partial else "")


def _path(scope: str) -> tuple[str, ...]:
    return tuple(scope.split(".")) if scope else ()


def _flat(root: Group, opened: Iterable[Group]) -> tuple[list[int], list[Group], list[int]]:
    """The tree as numbers: a thing, or -n for a group followed by the n numbers that are in it. Groups apart, in the order met.

    Returns:
        The numbers; the groups; which of them are open at first.
    """
    is_open = {id(group) for group in opened}
    numbers: list[int] = []
    groups: list[Group] = []
    open_: list[int] = []
    ends: list[tuple[Group, int]] = []
    waiting: list[int | Group | None] = [root]
    while waiting:
        child = waiting.pop()
        if child is None:
            _, start = ends.pop()
            numbers[start] = start + 1 - len(numbers)
        elif isinstance(child, int):
            numbers.append(child)
        else:
            if id(child) in is_open:
                open_.append(len(groups))
            groups.append(child)
            ends.append((child, len(numbers)))
            numbers.append(0)
            waiting.append(None)
            waiting.extend(reversed(child.children))
    return numbers, groups, open_


def _looks() -> Mapping[str, Look]:
    return {**{str(verdict): LOOKS[verdict] for verdict in VERDICTS}, "op": OP, "loss": LOSS}


def _look(look: Look) -> dict[str, Any]:
    dashes = [float(length) for length in look.dashes.split()] if look.dashes else []
    return {"octagon": look.shape == "octagon", "dashes": dashes, "width": look.width, "borders": look.borders, "mark": look.mark}


def _dashes(stroke: Stroke) -> list[float]:
    return [float(length) for length in stroke.dashes.split()] if stroke.dashes else []


def _style() -> str:
    """The style sheet, with the colours of both schemes as variables."""

    def variables(scheme: int) -> str:
        paints = {name: look.dark if scheme else look.light for name, look in _looks().items()}
        colours = {"ground": INK[scheme].fill, "ink": INK[scheme].stroke}
        colours |= {f"{name}-{part}": getattr(paint, part) for name, paint in paints.items() for part in ("fill", "stroke")}
        colours |= {f"line-{name}": stroke.dark if scheme else stroke.light for name, stroke in STROKES.items()}
        return "".join(f"--{name}:{colour};" for name, colour in colours.items())

    mono = f"--mono:{FONTS};"
    return f":root{{{mono}{variables(0)}}}\n@media (prefers-color-scheme:dark){{:root{{{variables(1)}}}}}\n" + _resource("style.css")


@cache
def _resource(name: str) -> str:
    return files("gradviz.render").joinpath("page", name).read_text(encoding="utf-8")


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    return Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True).from_string(_resource("page.html"))


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _json(data: Any) -> str:
    """JSON for a script element: ASCII, and nothing that HTML could take for a tag, a comment or an entity."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
