"""What differs between two reports, as text and as JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gradviz.diff import Difference
from gradviz.graph import Cut, Parameter
from gradviz.render.names import fold_names
from gradviz.render.sentences import counted, printable
from gradviz.render.text import where
from gradviz.reports import Report


def render_difference(difference: Difference, before: Report, after: Report) -> str:
    """Return the difference as text: verdicts that changed, parameters and cuts that came and went, and what has another name."""
    lines = [*_changed(difference, after)]
    lines += _titled("Came", _folded(difference.came, after.parameters))
    lines += _titled("Went", _folded(difference.went, before.parameters))
    lines += _titled("Cuts that came", _cuts(difference.cuts_came, after.parameters))
    lines += _titled("Cuts that went", _cuts(difference.cuts_went, before.parameters))
    renamed = (f"{_module(each.before)} -> {_module(each.after)} ({counted(each.parameters, 'parameter')})" for each in difference.renamed)
    lines += _titled("Renamed", renamed)
    if not difference:
        lines = ["Nothing that the gradients depend on differs.", *lines]
    return "".join(f"{printable(line)}\n" for line in lines)


def render_difference_json(difference: Difference) -> str:
    """Return the difference as JSON: parameters by their new name, cuts as in a report."""
    document = {
        "format": 1,
        "changed": [
            {"name": change.after.name, "name_before": change.before.name, "before": _fate(change.before), "after": _fate(change.after)}
            for change in difference.changed
        ],
        "came": [{"name": each.name, **_fate(each)} for each in difference.came],
        "went": [{"name": each.name, **_fate(each)} for each in difference.went],
        "cuts_came": [_cut(cut) for cut in difference.cuts_came],
        "cuts_went": [_cut(cut) for cut in difference.cuts_went],
        "renamed": [{"before": each.before, "after": each.after, "parameters": each.parameters} for each in difference.renamed],
    }
    return json.dumps(document, indent=1) + "\n"


def _fate(parameter: Parameter) -> dict[str, str | bool]:
    return {"verdict": str(parameter.verdict), "partial": parameter.partial}


def _cut(cut: Cut) -> dict[str, object]:
    return {
        "kind": str(cut.kind),
        "operation": cut.operation,
        "file": cut.file,
        "line": cut.line,
        "code": cut.code,
        "parameters": list(cut.parameters),
    }


def _said(parameter: Parameter) -> str:
    return f"{parameter.verdict}, partial" if parameter.partial else str(parameter.verdict)


def _changed(difference: Difference, after: Report) -> Iterator[str]:
    """A paragraph for each way in which a verdict changed."""
    ways: dict[tuple[str, str], list[str]] = {}
    for change in difference.changed:
        ways.setdefault((_said(change.before), _said(change.after)), []).append(change.after.name)
    for (old, new), names in ways.items():
        yield f"{old} -> {new}"
        yield from (f"  {group}" for group in fold_names(names, after.parameters))


def _folded(some: Sequence[Parameter], among: Mapping[str, Parameter]) -> Iterator[str]:
    by_verdict: dict[str, list[str]] = {}
    for parameter in some:
        by_verdict.setdefault(_said(parameter), []).append(parameter.name)
    for verdict, names in by_verdict.items():
        yield from (f"{group}: {verdict}" for group in fold_names(names, among))


def _cuts(cuts: Iterable[Cut], among: Mapping[str, Parameter]) -> Iterator[str]:
    for cut in cuts:
        yield f"{cut.operation} at {where(cut)}" + (f": {cut.code}" if cut.code else "")
        yield from (f"  {group}" for group in fold_names(cut.parameters, among))


def _titled(title: str, lines: Iterable[str]) -> list[str]:
    told = [f"  {line}" for line in lines]
    return [title, *told] if told else []


def _module(path: str) -> str:
    return path or "the model"
