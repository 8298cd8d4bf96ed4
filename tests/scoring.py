"""Holds a report against the labels of a case.

``test_cases.py`` and ``matrix.py`` both judge by it.

A case is a training step distilled from a real situation. ``step()`` returns ``(loss, model)``;
``EXPECT`` gives the verdict of each parameter, ``CUTS`` the kind and the source line of everything
that severs a route. ``ALT`` and ``ALT_KINDS`` hold answers that are as good, ``LIBRARY_CUTS`` lines
that may be named and need not be, ``PARTIAL`` the parameters of which one route is alive and
another severed. ``SINCE`` is the first torch that the labels hold for, where an older one computes
something else.
"""

import importlib.util
import linecache
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import torch

import gradviz

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
UNSEEN = {}
FIGURES = ("verdicts", "lines", "kinds", "partial")


def load(path):
    spec = importlib.util.spec_from_file_location("case_" + path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def holds_here(case):
    """Say whether a case's labels hold for the torch that runs."""
    return numbers(torch.__version__) >= numbers(getattr(case, "SINCE", "0"))


def numbers(version):
    return tuple(int(part) for part in version.split("+")[0].split(".")[:2] if part.isdigit())


def judged(case, own_backward=True):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="gradviz stopped watching")
        try:
            with gradviz.trace() as trace:
                loss, model = case.step()
                if own_backward and loss.requires_grad:
                    loss.backward()
        finally:
            torch.set_grad_enabled(True)
        return trace.report(loss, model)


@dataclass
class Score:
    """What a report says rightly of a case, counted, and what it says wrongly, a sentence each.

    Attributes:
        right, listed: For each of FIGURES, how many the report has right and how many the case
            lists.
        false: How many lines it names that sever nothing.
        complaints: Sentences.
    """

    right: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))
    listed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))
    false: int = 0
    complaints: list[str] = field(default_factory=list)

    def count(self, figure, right, complaint):
        self.listed[figure] += 1
        self.right[figure] += bool(right)
        if not right:
            self.complaints.append(complaint)


def score(case, path, report):
    """Hold a report against a case."""
    found = Score()
    for name, verdict in case.EXPECT.items():
        said = str(report.parameters[name].verdict)
        found.count("verdicts", said == verdict, f"{name} is {verdict}, said {said}")
    _score_lines(found, case, path, report)
    partial = set(getattr(case, "PARTIAL", ()))
    if partial or getattr(case, "BUG", True) is False:
        for name in case.EXPECT:
            said = report.parameters[name].partial
            found.count(
                "partial", said == (name in partial), f"{name} is {'not ' if said else ''}partial"
            )
    return found


def _score_lines(found, case, path, report):
    named = {}
    for cut in report.cuts:
        if cut.file and Path(cut.file).resolve() == path:
            named.setdefault(linecache.getline(str(path), cut.line).strip(), set()).add(
                str(cut.kind)
            )
    alternatives = getattr(case, "ALT", {})
    for kind, line in case.CUTS:
        hits = [text for text in (line, *alternatives.get(line, ())) if text in named]
        found.count("lines", hits, f"not named: {line}")
        if hits:
            said = set().union(*(named[text] for text in hits))
            found.count(
                "kinds",
                said & _good_kinds(case, kind, line),
                f"{line} is {kind}, said {sorted(said)}",
            )
    allowed = {line for _, line in case.CUTS} | {
        text for texts in alternatives.values() for text in texts
    }
    false = sorted(named.keys() - allowed - set(getattr(case, "LIBRARY_CUTS", ())))
    found.false = len(false)
    found.complaints += [f"severs nothing: {line}" for line in false]


def _good_kinds(case, kind, line):
    kinds = {kind, *getattr(case, "ALT_KINDS", {}).get(line, ())}
    return kinds.union(*(SAME_KIND.get(other, ()) for other in kinds))
