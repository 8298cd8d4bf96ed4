"""The backward calls that a saved report holds."""

import pytest
from calls_by_hand import call

from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Parameter, Verdict
from gradviz.reports import Report
from gradviz.running.calls import BackwardCall
from gradviz.running.kept import KeptCalls


@pytest.fixture
def kept():
    return KeptCalls()


def test_a_call_is_new_where_a_verdict_in_it_is(kept):
    assert kept.take(call(1, a="reached"))
    assert not kept.take(call(2, a="reached"))
    assert kept.take(call(3, a="cut"))
    assert kept.take(call(4, line=8, a="cut"))
    assert kept.take(call(5, kind="torch.autograd.grad", a="cut"))
    assert kept.reported == 5


def test_a_call_is_new_where_another_line_cuts(kept):
    def cut_at(number, line):
        cut = Cut(kind=CutKind.DETACH, operation="detach()", file="train.py", line=line)
        parameter = Parameter(name="a", verdict=Verdict.CUT, cuts=(cut,))
        return BackwardCall(number=number, report=Report(parameters=Parameters((parameter,))))

    assert kept.take(cut_at(1, 3))
    assert not kept.take(cut_at(2, 3))
    assert kept.take(cut_at(3, 4))


def numbers(kept):
    return [kept_call.number for kept_call in kept.calls]


def test_of_many_calls_the_first_the_last_and_those_with_news_stay(kept):
    dropped = []
    for number in range(1, 10):
        verdict = "cut" if number == 4 else "reached"
        kept.take(call(number, a=verdict))
        dropped.append(kept.drop())
    assert dropped == [None] * 6 + [1, 1, 2]
    assert numbers(kept) == [1, 4, 6, 7, 8, 9]


def test_where_every_call_brings_news_the_oldest_but_the_first_goes(kept):
    for number in range(1, 8):
        kept.take(call(number, line=number, a="reached"))
    assert kept.drop() == 1
    assert numbers(kept) == [1, 3, 4, 5, 6, 7]


def test_with_a_call_the_sentences_in_the_middle_go(kept):
    kept.leads = [str(number) for number in range(7)]
    for number in range(1, 8):
        kept.take(call(number, a="reached"))
    kept.drop()
    assert kept.leads == ["0", "1", "5", "6"]


@pytest.mark.parametrize(
    ("verdict", "optimized", "may"),
    [
        ("reached", True, True),
        ("zero", True, True),
        ("cut", True, False),
        ("reached", False, False),
        ("reached", None, False),
    ],
)
def test_an_optimizer_may_step_where_it_holds_what_gradient_was_brought_to(
    kept, verdict, optimized, may
):
    assert not kept.may_step
    kept.take(call(1, optimized=optimized, a=verdict))
    assert kept.may_step is may


def test_earlier_calls_are_backwards_with_a_lower_number(kept):
    calls = [call(1), call(2, kind="torch.autograd.grad"), call(2), call(3)]
    for made in calls:
        kept.take(made)
    assert list(kept.earlier(3)) == [calls[0], calls[2]]


def test_without_a_call_the_report_says_so(kept):
    report = kept.report(None, None)
    assert report.notes == ("No backward call was seen.",)
    assert not report.losses


def test_one_call_is_the_whole_report_and_is_named_by_its_number(kept):
    kept.take(call(1, a="reached", notes=("odd",)))
    report = kept.report(None, None)
    assert report.loss == "backward 1, loss"
    assert report.losses == {}
    assert report.notes == ("No optimizer has stepped yet.", "odd")


def test_of_several_calls_the_last_leads_and_each_is_a_loss(kept):
    kept.take(call(1, a="reached"))
    kept.take(call(2, a="cut"))
    kept.leads.append("opt steps")
    report = kept.report(None, None)
    assert list(report.losses) == ["backward 1, loss", "backward 2, loss"]
    assert report.losses["backward 1, loss"].loss == "backward 1, loss"
    assert report.parameters["a"].verdict is Verdict.CUT
    assert report.notes == ("opt steps",)
