"""A report as JSON and back.

``read_findings(render_json(findings)) == findings``, and two runs of the same step give the same
bytes.

A field that holds its default is left out of nodes, edges and places, so that large graphs stay
small; the fields that a reader looks for first are always there (``_ALWAYS``). A parameter's cuts
are positions in the list of cuts beside it. Numbers that JSON does not know (nan, inf) are strings.
"""

import dataclasses
import json
import math
import re
import types
import typing
import weakref
from collections.abc import Mapping
from enum import StrEnum
from functools import cache, partial
from typing import Any

from gradviz.errors import ReportFileError
from gradviz.facts.calls import CallKind, CallName, StepNote
from gradviz.facts.findings import Findings
from gradviz.facts.parameters import Parameters
from gradviz.facts.training import Alarm, Fate, OptimizerSteps, Training
from gradviz.graph import Cut, Graph, Leaf, NodeKind, NotFinite, Parameter, Place
from gradviz.series.data import Line, Series
from gradviz.system.collector import holding
from gradviz.version import __version__

FORMAT = 2
_READ = (1, 2)  # the first has no "training"
_DEPTH = 3  # of the graph of one of several backwards


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _StepMark:
    """Which note is on a step, and what is known of that step."""

    note: int
    alarm: bool
    calls: tuple[int, ...]


_ALWAYS: Mapping[type, tuple[str, ...]] = {
    Parameter: ("shape", "numel", "verdict", "partial", "cuts"),
    Cut: ("file", "line", "code", "scope", "parameters"),
    Series: ("calls", "watched", "losses", "parameters"),
    Line: ("name", "numel", "norms", "ratios", "zeros", "turns"),
    Training: tuple(field.name for field in dataclasses.fields(Training)),
    Fate: tuple(field.name for field in dataclasses.fields(Fate)),
    OptimizerSteps: tuple(field.name for field in dataclasses.fields(OptimizerSteps)),
    Alarm: tuple(field.name for field in dataclasses.fields(Alarm)),
}

# The graphs alive that were written, by id()
_graphs: dict[int, tuple[weakref.ref[Graph], str]] = {}


@holding
def render_json(report: Findings) -> str:
    """Return the report as JSON, a parameter, cut, node or edge to a line."""
    document: dict[str, Any] = {"format": FORMAT, "gradviz": __version__, "torch": report.torch}
    document["backwards"] = [
        _backward(index, loss) for index, loss in enumerate(report.losses.values() or [report])
    ]
    if report.losses:
        document["together"] = _backward(0, report)
    if report.training is not None:
        document["training"] = _training(report.training)
    if report.series is not None:
        document["series"] = _encode(report.series)
    return _spread(document, 0) + "\n"


@holding
def read_findings(text: str) -> Findings:
    """Return what ``render_json`` wrote.

    Raises:
        ReportFileError: It is not JSON, not a report, of a later format, or something in it is
            missing or of the wrong kind.
    """
    document = read_document(text)
    torch = _decode(str, document.get("torch", ""), "torch")
    reports = [
        _read_backward(entry, torch, f"backwards[{i}]")
        for i, entry in enumerate(_items(document, "backwards", "report"))
    ]
    more = {
        "training": _read_training(document.get("training")),
        "series": _decode(Series | None, document.get("series"), "series"),
    }
    if "together" in document:
        whole = _read_backward(document["together"], torch, "together")
        return dataclasses.replace(
            whole, losses={report.loss: report for report in reports}, **more
        )
    if len(reports) != 1:
        raise ReportFileError(f'broken report: {len(reports)} backwards, but no "together"')
    return dataclasses.replace(reports[0], **more)


def read_document(text: str) -> dict[str, Any]:
    """Return the object that a report file holds, of which nothing but the format was looked at.

    Raises:
        ReportFileError: It is not JSON, not a report, or of a later format.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReportFileError(f"not a gradviz report: it is not JSON ({error})") from None
    if not isinstance(document, dict) or "format" not in document:
        raise ReportFileError('not a gradviz report: there is no "format" in it')
    if document["format"] not in _READ:
        raise ReportFileError(
            f"unknown report format: {document['format']!r} (this is gradviz {__version__}, which"
            f" reads {' and '.join(map(str, _READ))}; the file was written by gradviz"
            f" {document.get('gradviz')})"
        )
    return document


def _training(training: Training) -> dict[str, Any]:
    encoded: dict[str, Any] = _encode(training)
    encoded["optimizers"] = [
        {("class" if key == "kind" else key): value for key, value in optimizer.items()}
        for optimizer in encoded["optimizers"]
    ]
    return encoded


def _read_training(entry: Any) -> Training | None:
    if entry is None:
        return None
    optimizers = _items(entry, "optimizers", "training")
    plain = [
        {("kind" if key == "class" else key): value for key, value in optimizer.items()}
        for optimizer in optimizers
        if isinstance(optimizer, dict)
    ]
    training: Training = _decode(Training, {**entry, "optimizers": plain}, "training")
    return training


def _backward(index: int, report: Findings) -> dict[str, Any]:
    """Return one loss as JSON. Its place is spread over the entry: file, line, code, function."""
    places = {cut: position for position, cut in enumerate(report.cuts)}
    parameters = []
    for parameter in report.parameters.values():
        entry = _encode(parameter)
        entry["cuts"] = [places[cut] if cut in places else _encode(cut) for cut in parameter.cuts]
        parameters.append(entry)
    step_notes = [
        _encode(_StepMark(note=position, alarm=note.alarm, calls=note.calls))
        for position, note in enumerate(report.notes)
        if isinstance(note, StepNote)
    ]
    place = {"file": None, "line": None} if report.place is None else _encode(report.place)
    return {
        "index": index,
        **place,
        "loss": report.loss,
        **({"call": _encode(report.call)} if report.call else {}),
        "parameters": parameters,
        "cuts": _encode(report.cuts),
        "unregistered": _encode(report.unregistered),
        **({"births": _encode(report.births)} if report.births else {}),
        "notes": list(report.notes),
        **({"step_notes": step_notes} if step_notes else {}),
        "graph": report.graph,
    }


def _read_backward(entry: Any, torch: str, where: str) -> Findings:
    cuts = _decode(tuple[Cut, ...], _items(entry, "cuts", where), f"{where}.cuts")
    parameters = []
    for i, item in enumerate(_items(entry, "parameters", where)):
        path = f"{where}.parameters[{i}]"
        references = _items(item, "cuts", path)
        own = [
            cuts[r] if type(r) is int and 0 <= r < len(cuts) else _decode(Cut, r, f"{path}.cuts")
            for r in references
        ]
        parameters.append(
            dataclasses.replace(_decode(Parameter, {**item, "cuts": []}, path), cuts=tuple(own))
        )
    place = None
    if entry.get("file") is not None:
        place = _decode(
            Place,
            {key: entry[key] for key in ("file", "line", "code", "function") if key in entry},
            where,
        )
    graph = _decode(Graph, entry.get("graph"), f"{where}.graph")
    _check_graph(graph, len(cuts), f"{where}.graph")
    loss = _decode(str, entry.get("loss"), f"{where}.loss")
    return Findings(
        loss=loss,
        call=call_of(entry, loss, where),
        place=place,
        parameters=Parameters(tuple(parameters)),
        cuts=cuts,
        unregistered=_decode(
            tuple[Leaf, ...], _items(entry, "unregistered", where), f"{where}.unregistered"
        ),
        births=_decode(tuple[NotFinite, ...], entry.get("births", []), f"{where}.births"),
        graph=graph,
        notes=_read_notes(entry, where),
        torch=torch,
    )


def call_of(entry: Mapping[str, Any], loss: str, where: str) -> CallName | None:
    """Return the call that an entry of ``"backwards"`` is about; None where no run was watched.

    Args:
        entry: As it was read.
        loss: Its name.
        where: What an error names.

    Raises:
        ReportFileError: The call is not written as it should be.
    """
    return _decode(CallName, entry["call"], f"{where}.call") if "call" in entry else call_in(loss)


def _read_notes(entry: Any, where: str) -> tuple[str, ...]:
    notes = _decode(tuple[str, ...], entry.get("notes", []), f"{where}.notes")
    if "step_notes" not in entry:
        return tuple(map(note_in, notes))
    read = list(notes)
    for i, item in enumerate(_items(entry, "step_notes", where)):
        path = f"{where}.step_notes[{i}]"
        mark = _decode(_StepMark, item, path)
        if not 0 <= mark.note < len(notes):
            raise ReportFileError(f"broken report: {path} belongs to a note that is not there")
        read[mark.note] = StepNote(notes[mark.note], alarm=mark.alarm, calls=mark.calls)
    return tuple(read)


def _check_graph(graph: Graph, cuts: int, where: str) -> None:
    """Hold the promises of :class:`Graph` that renderers count on."""
    for position, node in enumerate(graph.nodes):
        if node.index != position:
            raise ReportFileError(
                f"broken report: {where}.nodes[{position}] has index {node.index}"
            )
    for position, edge in enumerate(graph.edges):
        if not (0 <= edge.source < len(graph.nodes) and 0 <= edge.target < len(graph.nodes)):
            raise ReportFileError(
                f"broken report: {where}.edges[{position}] leads to a node that is not there"
            )
        if edge.gradient and graph.nodes[edge.target].kind not in (
            NodeKind.OPERATION,
            NodeKind.LOSS,
        ):
            raise ReportFileError(
                f"broken report: {where}.edges[{position}] passes gradient on from a leaf, where"
                " gradient ends"
            )
        if edge.cut is not None and not 0 <= edge.cut < cuts:
            raise ReportFileError(
                f"broken report: {where}.edges[{position}] belongs to a cut that is not there"
            )


def _encode(value: Any) -> Any:
    """Return plain JSON data for the frozen data of ``gradviz.graph``."""
    if value is None or type(value) in (str, int, bool):  # most of what there is
        return value
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if not dataclasses.is_dataclass(value):
        return value
    items = ((name, default, getattr(value, name)) for name, default in _fields(value.__class__))
    return {
        name: _encode(item)
        for name, default, item in items
        if item is not default and item != default
    }


@cache
def _fields(cls: type) -> tuple[tuple[str, Any], ...]:
    """Return the fields of a dataclass, each with what need not be written.

    Its default, or what no value is equal to.
    """
    always = _ALWAYS.get(cls, ())
    return tuple(
        (field.name, dataclasses.MISSING if field.name in always else _default(field))
        for field in dataclasses.fields(cls)
    )


def _default(field: "dataclasses.Field[Any]") -> Any:
    return (
        field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    )


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _decode(hint: Any, value: Any, where: str) -> Any:
    """Return ``value`` as what ``hint`` says: the way back from ``_encode``.

    Raises:
        ReportFileError: It cannot be made into that.
    """
    origin = typing.get_origin(hint)
    if origin is types.UnionType:
        inner = next(option for option in typing.get_args(hint) if option is not types.NoneType)
        return None if value is None else _decode(inner, value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise _wrong("a list", value, where)
        inner = typing.get_args(hint)[0]
        return tuple(_decode(inner, item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is Mapping:
        if not isinstance(value, dict):
            raise _wrong("an object", value, where)
        inner = typing.get_args(hint)[1]
        return {key: _decode(inner, item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise _wrong("an object", value, where)
        hints = _hints(hint)
        try:
            return hint(
                **{
                    key: _decode(hints[key], item, f"{where}.{key}")
                    for key, item in value.items()
                    if key in hints
                }
            )
        except TypeError as error:
            raise ReportFileError(f"broken report: {where}: {error}") from None
    if hint is float and isinstance(value, str) and value in ("nan", "inf", "-inf"):
        return float(value)
    if isinstance(hint, type) and issubclass(hint, StrEnum) and value in list(hint):
        return hint(value)
    if type(value) is hint:
        return value
    raise _wrong(hint.__name__, value, where)


def _items(entry: Any, key: str, where: str) -> list[Any]:
    if not isinstance(entry, dict):
        raise _wrong("an object", entry, where)
    if not isinstance(entry.get(key), list):
        raise _wrong("a list", entry.get(key), f"{where}.{key}")
    return list(entry[key])


def _wrong(expected: str, value: Any, where: str) -> ReportFileError:
    given = json.dumps(value)
    return ReportFileError(
        f"broken report: {where} is {given if len(given) <= 60 else given[:57] + '...'}, and not"
        f" {expected}"
    )


def _spread(value: Any, depth: int) -> str:
    """Return JSON that is spread over lines down to the items of the lists in a backward, each of
    which takes one line.
    """
    if isinstance(value, Graph):
        return _graph(value).replace("\n" + " " * _DEPTH, "\n" + " " * depth)
    if (
        not value
        or not isinstance(value, list | dict)
        or depth > (4 if isinstance(value, list) else 3)
    ):
        return json.dumps(value)
    indent = " " * (depth + 1)
    if isinstance(value, dict):
        lines = [
            f"{indent}{json.dumps(key)}: {_spread(item, depth + 1)}" for key, item in value.items()
        ]
        return "{\n" + ",\n".join(lines) + "\n" + indent[1:] + "}"
    return (
        "[\n"
        + ",\n".join(indent + _spread(item, depth + 1) for item in value)
        + "\n"
        + indent[1:]
        + "]"
    )


def _graph(graph: Graph) -> str:
    """Return a graph as it is written in one of several backwards.

    Once, for a run writes its file again with every call.
    """
    key = id(graph)
    if key not in _graphs:
        text = _spread(_encode(graph), _DEPTH)
        # It is C that forgets it, which no interrupt comes into
        _graphs[key] = weakref.ref(graph, partial(_graphs.pop, key)), text
    return _graphs[key][1]


# What report files of earlier versions hold in words alone, and later ones in fields too.


_CALL = re.compile(
    rf"(?P<kind>{'|'.join(map(re.escape, CallKind))}) (?P<number>\d+), (?P<loss>.*)", re.DOTALL
)
_AFTER = re.compile(r"after backward (\d+(?:, \d+)*(?: and \d+)?)")


def call_in(loss: str) -> CallName | None:
    """Return the call that the name of a loss tells of; None where it is a loss and no more.

    >>> call_in("backward 2, errG").number
    2
    """
    call = _CALL.fullmatch(loss)
    return call and CallName(CallKind(call["kind"]), int(call["number"]), call["loss"])


def note_in(text: str) -> str:
    """Return a note with the calls it tells of, where it is an alarm on a step; else as it is."""
    numbered = _AFTER.search(text) if text.startswith("ALARM") else None
    if numbered is None:
        return text
    calls = tuple(int(number) for number in re.findall(r"\d+", numbered[1]))
    return StepNote(text, alarm=True, calls=calls)
