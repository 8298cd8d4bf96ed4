"""Every case in ``cases/``: its verdicts, the lines that sever, their kinds, the partial flags, and nothing named that severs nothing.

A case is a training step distilled from a real situation. ``step()`` returns ``(loss, model)``; ``EXPECT`` gives the verdict of each
parameter, ``CUTS`` the kind and the source line of everything that severs a route. ``ALT`` and ``ALT_KINDS`` hold answers that are as good,
``LIBRARY_CUTS`` lines that may be named and need not be, ``PARTIAL`` the parameters of which one route is alive and another severed.
"""

import importlib.util
import linecache
import warnings
from pathlib import Path

import pytest
import torch

import gradviz
from gradviz.render.json import read_json

CASES = sorted((Path(__file__).parent / "cases").glob("[0-9]*.py"))
SAME_KIND = {
    "argmax/index": {"non_differentiable", "argmax", "index"},
    "comparison": {"non_differentiable"},
    "integer_cast": {"non_differentiable"},
    "detach_": {"detach"},
    "set_grad_enabled": {"no_grad"},
    "inference_mode": {"no_grad"},
    "copy_under_no_grad": {"no_grad"},
    "deepcopy": {"new_tensor", "data"},
    "checkpoint": {"no_grad", "custom_function"},
}


def load(path):
    spec = importlib.util.spec_from_file_location("case_" + path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def good_kinds(case, kind, line):
    kinds = {kind, *getattr(case, "ALT_KINDS", {}).get(line, ())}
    return kinds.union(*(SAME_KIND.get(other, ()) for other in kinds))


def complaints(case, path, report):
    """Return what a report says wrongly of a case, a sentence each."""
    found = []
    for name, verdict in case.EXPECT.items():
        if str(report.parameters[name].verdict) != verdict:
            found.append(f"{name} is {verdict}, said {report.parameters[name].verdict}")

    named = {}
    for cut in report.cuts:
        if cut.file and Path(cut.file).resolve() == path:
            named.setdefault(linecache.getline(str(path), cut.line).strip(), set()).add(str(cut.kind))
    alternatives = getattr(case, "ALT", {})
    for kind, line in case.CUTS:
        hits = [text for text in (line, *alternatives.get(line, ())) if text in named]
        if not hits:
            found.append(f"not named: {line}")
        elif not any(named[text] & good_kinds(case, kind, line) for text in hits):
            found.append(f"{line} is {kind}, said {sorted(set().union(*(named[text] for text in hits)))}")
    allowed = {line for _, line in case.CUTS} | {text for texts in alternatives.values() for text in texts}
    found += [f"severs nothing: {line}" for line in sorted(named.keys() - allowed - set(getattr(case, "LIBRARY_CUTS", ())))]

    partial = set(getattr(case, "PARTIAL", ()))
    if partial or getattr(case, "BUG", True) is False:
        said = {name for name in case.EXPECT if report.parameters[name].partial}
        found += [f"{name} is partial" for name in sorted(partial - said)]
        found += [f"{name} is not partial" for name in sorted(said - partial)]
    return found


UNSEEN = {
    "328_float_tensor_of_level_weights.py": "torch.FloatTensor([...]) reads its elements in C++, where no trace sees them come back",
}


def judged(case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="gradviz stopped watching")
        try:
            with gradviz.trace() as trace:
                loss, model = case.step()
        finally:
            torch.set_grad_enabled(True)
        return trace.report(loss, model)


def as_parameter(path):
    marks = [pytest.mark.xfail(strict=True, reason=UNSEEN[path.name])] if path.name in UNSEEN else []
    return pytest.param(path, id=path.name, marks=marks)


@pytest.mark.parametrize("path", [as_parameter(path) for path in CASES])
def test_a_case_is_judged_as_its_labels_say(path):
    case = load(path)
    report = judged(case)
    found = complaints(case, path.resolve(), report)
    assert not found, "\n".join(found)
    assert read_json(report.to_json()) == report


@pytest.mark.parametrize("name", UNSEEN)
def test_of_what_cannot_be_seen_a_note_says_so_and_names_the_line(name):
    case = load(Path(__file__).parent / "cases" / name)
    report = judged(case)
    for parameter, verdict in case.EXPECT.items():
        if report.parameters[parameter].verdict != verdict:
            assert any(name in note and parameter in note and "cannot be seen" in note for note in report.notes)
