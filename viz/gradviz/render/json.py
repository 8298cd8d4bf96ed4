"""A report as JSON and back.

``read_findings(render_json(findings)) == findings``, and two runs of the same step give the same
bytes.

A field that holds its default is left out of nodes, edges and places, so that large graphs stay
small; the fields that a reader looks for first are always there (``ALWAYS``). A parameter's cuts
are positions in the list of cuts beside it. Numbers that JSON does not know (nan, inf) are strings.
"""

import dataclasses
import json
import re
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from gradviz.errors import ReportFileError
from gradviz.facts.calls import CallKind, CallName, StepNote
from gradviz.facts.findings import Findings
from gradviz.facts.parameters import Parameters
from gradviz.facts.training import Alarm, Fate, OptimizerSteps, Training
from gradviz.graph import Cut, Graph, Leaf, NodeKind, NotFinite, Parameter, Place
from gradviz.series.data import Line, Series
from gradviz.system.collector import holding
from gradviz.system.plain import ALWAYS, decode, encode, items_of
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


ALWAYS |= {
    Parameter: ("shape", "numel", "verdict", "partial", "cuts"),
    Cut: ("file", "line", "code", "scope", "parameters"),
    Series: ("calls", "watched", "losses", "parameters"),
    Line: ("name", "numel", "norms", "ratios", "zeros", "turns"),
    Training: tuple(field.name for field in dataclasses.fields(Training)),
    Fate: tuple(field.name for field in dataclasses.fields(Fate)),
    OptimizerSteps: tuple(field.name for field in dataclasses.fields(OptimizerSteps)),
    Alarm: tuple(field.name for field in dataclasses.fields(Alarm)),
}


class _Judged(NamedTuple):
    """The parameters of a backward, beside the cuts that they name by position."""

    parameters: Parameters
    cuts: tuple[Cut, ...]


# What is alive of what was written, by id(), that of the cuts it names, and depth
_written: dict[
    tuple[int, int, int], tuple[weakref.ref[Graph | Parameters], tuple[Cut, ...], str]
] = {}


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
        document["series"] = encode(report.series)
    return _spread(document, 0) + "\n"


@holding
def read_findings(text: str) -> Findings:
    """Return what ``render_json`` wrote.

    Raises:
        ReportFileError: It is not JSON, not a report, of a later format, or something in it is
            missing or of the wrong kind.
    """
    document = read_document(text)
    torch = decode(str, document.get("torch", ""), "torch")
    reports = [
        _read_backward(entry, torch, f"backwards[{i}]")
        for i, entry in enumerate(items_of(document, "backwards", "report"))
    ]
    more = {
        "training": _read_training(document.get("training")),
        "series": decode(Series | None, document.get("series"), "series"),
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
    encoded: dict[str, Any] = encode(training)
    encoded["optimizers"] = [
        {("class" if key == "kind" else key): value for key, value in optimizer.items()}
        for optimizer in encoded["optimizers"]
    ]
    return encoded


def _read_training(entry: Any) -> Training | None:
    if entry is None:
        return None
    optimizers = items_of(entry, "optimizers", "training")
    plain = [
        {("kind" if key == "class" else key): value for key, value in optimizer.items()}
        for optimizer in optimizers
        if isinstance(optimizer, dict)
    ]
    training: Training = decode(Training, {**entry, "optimizers": plain}, "training")
    return training


def _backward(index: int, report: Findings) -> dict[str, Any]:
    """Return one loss as JSON. Its place is spread over the entry: file, line, code, function."""
    step_notes = [
        encode(_StepMark(note=position, alarm=note.alarm, calls=note.calls))
        for position, note in enumerate(report.notes)
        if isinstance(note, StepNote)
    ]
    place = {"file": None, "line": None} if report.place is None else encode(report.place)
    return {
        "index": index,
        **place,
        "loss": report.loss,
        **({"call": encode(report.call)} if report.call else {}),
        "parameters": _Judged(report.parameters, report.cuts),
        "cuts": encode(report.cuts),
        "unregistered": encode(report.unregistered),
        **({"births": encode(report.births)} if report.births else {}),
        "notes": list(report.notes),
        **({"step_notes": step_notes} if step_notes else {}),
        "graph": report.graph,
    }


def _read_backward(entry: Any, torch: str, where: str) -> Findings:
    cuts = decode(tuple[Cut, ...], items_of(entry, "cuts", where), f"{where}.cuts")
    parameters = []
    for i, item in enumerate(items_of(entry, "parameters", where)):
        path = f"{where}.parameters[{i}]"
        references = items_of(item, "cuts", path)
        own = [
            cuts[r] if type(r) is int and 0 <= r < len(cuts) else decode(Cut, r, f"{path}.cuts")
            for r in references
        ]
        parameters.append(
            dataclasses.replace(decode(Parameter, {**item, "cuts": []}, path), cuts=tuple(own))
        )
    place = None
    if entry.get("file") is not None:
        place = decode(
            Place,
            {key: entry[key] for key in ("file", "line", "code", "function") if key in entry},
            where,
        )
    graph = decode(Graph, entry.get("graph"), f"{where}.graph")
    _check_graph(graph, len(cuts), f"{where}.graph")
    loss = decode(str, entry.get("loss"), f"{where}.loss")
    return Findings(
        loss=loss,
        call=call_of(entry, loss, where),
        place=place,
        parameters=Parameters(tuple(parameters)),
        cuts=cuts,
        unregistered=decode(
            tuple[Leaf, ...], items_of(entry, "unregistered", where), f"{where}.unregistered"
        ),
        births=decode(tuple[NotFinite, ...], entry.get("births", []), f"{where}.births"),
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
    return decode(CallName, entry["call"], f"{where}.call") if "call" in entry else call_in(loss)


def _read_notes(entry: Any, where: str) -> tuple[str, ...]:
    notes = decode(tuple[str, ...], entry.get("notes", []), f"{where}.notes")
    if "step_notes" not in entry:
        return tuple(map(note_in, notes))
    read = list(notes)
    for i, item in enumerate(items_of(entry, "step_notes", where)):
        path = f"{where}.step_notes[{i}]"
        mark = decode(_StepMark, item, path)
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


def _spread(value: Any, depth: int) -> str:
    """Return JSON that is spread over lines down to the items of the lists in a backward, each of
    which takes one line.
    """
    if isinstance(value, Graph):
        text = _once(value, (), _DEPTH, lambda: encode(value))
        return text.replace("\n" + " " * _DEPTH, "\n" + " " * depth)
    if isinstance(value, _Judged):
        return _once(*value, depth, lambda: _parameters(*value))
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


def _parameters(parameters: Parameters, cuts: Sequence[Cut]) -> list[dict[str, Any]]:
    """Return parameters as JSON, each with the positions of its cuts."""
    places = {cut: position for position, cut in enumerate(cuts)}
    entries = []
    for parameter in parameters.values():
        entry = encode(parameter)
        entry["cuts"] = [places[cut] if cut in places else encode(cut) for cut in parameter.cuts]
        entries.append(entry)
    return entries


def _once(
    held: Graph | Parameters, cuts: tuple[Cut, ...], depth: int, encoded: Callable[[], Any]
) -> str:
    """Return how something that stays as it is is written, spread as from a depth.

    Worked out once, for a run writes its file again with every call.
    """
    key = id(held), id(cuts), depth
    if key not in _written:
        text = _spread(encoded(), depth)
        # It is C that forgets it, which no interrupt comes into
        _written[key] = weakref.ref(held, partial(_written.pop, key)), cuts, text
    return _written[key][2]


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
