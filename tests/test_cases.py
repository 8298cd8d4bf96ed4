"""Every case in ``cases/``.

Its verdicts, the lines that sever, their kinds, the partial flags, and nothing named that severs
nothing; the terms of its loss that move nothing; and that a trace changes nothing in it.
"""

import warnings
from pathlib import Path

import pytest

from gradviz.facts.constant_terms import find_constant_terms
from gradviz.folding.boxes import View
from gradviz.reports import read_json
from scoring import UNSEEN, holds_here, judged, load, score
from untouched import run_both_ways

CASES = sorted((Path(__file__).parent / "cases").glob("[0-9]*.py"))

# By number: what stands in the line of the term that moves nothing
CONSTANT_TERMS = {
    "002": "adv.item()",
    "003": "torch.tensor(losses)",
    "004": "(diff > thresh)",
    "018": "q.detach()",
    "301": "float(kl)",
    "305": "np.fft.rfft",
    "306": "torch.as_tensor(array",
    "342": "torch.autograd.grad(",
    "413": "self.vgg(fake)",
    "423": ".detach()",
}


@pytest.fixture(scope="module", params=CASES, ids=lambda path: path.name)
def path(request):
    return request.param


@pytest.fixture(scope="module")
def case(path):
    return load(path)


@pytest.fixture(scope="module")
def report(case):
    return judged(case)


@pytest.fixture(scope="module")
def both_ways(path, case):
    """What a trace without a backward changes, and its report."""
    # The second run of a script gives other last bits than its first, traced or not: each run
    # compiles its own.
    text = path.read_text()
    step = case.step if "torch.jit" not in text else lambda: load(path).step()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="gradviz stopped watching")
        return run_both_ways(step, ordered="Thread" not in text)


def test_a_case_is_judged_as_its_labels_say(path, case, report):
    if not holds_here(case):
        pytest.skip(f"its labels hold from torch {case.SINCE} on")
    complaints = score(case, path.resolve(), report).complaints
    assert bool(complaints) == (path.name in UNSEEN), "\n".join(complaints)
    assert read_json(report.to_json()) == report


def test_its_graph_can_be_drawn_folded_and_as_a_page(report):
    for depth in (None, 0):
        assert report.to_dot(view=View(depth=depth)).startswith("digraph")
    assert report.to_html().endswith("</html>\n")


def test_it_has_a_constant_term_only_where_it_is_its_fault(path, case, report):
    terms = find_constant_terms(report.graph)
    expected = CONSTANT_TERMS.get(path.stem[:3])
    if expected is not None:
        assert [expected in term.place.code for term in terms] == [True]
    elif path.stem.endswith("_ok") or getattr(case, "BUG", True) is False:
        assert not terms


def test_it_computes_traced_what_it_computes_untraced(both_ways):
    changes, _ = both_ways
    assert not changes, "\n".join(changes)


def test_before_backward_nothing_is_said_that_only_a_backward_tells(case, both_ways):
    _, report = both_ways
    told = {name: str(parameter.verdict) for name, parameter in report.parameters.items()}
    assert "zero" not in told.values()
    wrong = {
        name: told[name]
        for name, verdict in case.EXPECT.items()
        if told[name] != verdict and verdict != "zero"
    }
    assert all(
        told == "reached" and verdict in ("cut", "unused")
        for told, verdict in ((wrong[name], case.EXPECT[name]) for name in wrong)
    )
    assert len(wrong) < len(case.EXPECT)


@pytest.mark.parametrize("name", UNSEEN)
def test_of_what_cannot_be_seen_a_note_says_so_and_names_the_line(name):
    case = load(Path(__file__).parent / "cases" / name)
    report = judged(case)
    for parameter, verdict in case.EXPECT.items():
        if report.parameters[parameter].verdict != verdict:
            assert any(
                name in note and parameter in note and "cannot be seen" in note
                for note in report.notes
            )
