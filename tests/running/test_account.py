"""What a run says and writes of its calls and steps, from calls made by hand."""

import json
import os

import pytest
import torch
from calls_by_hand import call

from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Parameter, Verdict
from gradviz.reports import Report
from gradviz.running import rank
from gradviz.running.account import Account, KeptCalls
from gradviz.running.calls import BackwardCall
from gradviz.running.rounds import Rounds
from gradviz.running.settings import Settings
from gradviz.training.watch import StepWatch


class Told(list):
    """The texts that were said; empty ones left out."""

    def __call__(self, text, *, alarm=False):
        if text:
            self.append(text)


@pytest.fixture
def account(monkeypatch):
    """Make an account of a run; what it says is in ``account.told``."""

    monkeypatch.setattr(rank, "_last", None)

    def make(**settings):
        told = Told()
        made = Account(Settings(root=os.getpid(), **settings), told, StepWatch(), None, None)
        made.told = told
        return made

    return make


def test_a_call_is_told_with_who_speaks(account):
    run = account()
    assert run.call(call(1, a="reached"))
    (text,) = run.told
    assert text.startswith("gradviz: backward 1, loss at train.py:7: loss.backward()\n")


def test_a_call_without_news_is_told_in_a_line_where_news_are_awaited(account):
    run = account(until_stable=True)
    assert run.call(call(1, a="reached", b="cut"))
    assert not run.call(call(2, a="reached", b="cut"))
    assert run.told[1] == "gradviz: backward 2, loss at train.py:7: loss.backward(): nothing new\n"


def test_every_call_is_written_with_all_before_it(account, tmp_path):
    file = tmp_path / "g.json"
    run = account(outputs=(str(file),))
    assert not file.exists()
    for number in (1, 2):
        run.call(call(number, a="reached"))
        assert len(json.loads(file.read_text())["backwards"]) == number


def test_one_run_is_written_in_several_formats(account, tmp_path):
    files = [tmp_path / "g.json", tmp_path / "g.txt"]
    run = account(outputs=tuple(map(str, files)))
    run.call(call(1, a="reached"))
    assert all(file.read_text() for file in files)


def test_of_a_run_to_its_end_old_calls_without_news_are_let_go(account):
    run = account(every=1)
    for number in range(1, 12):
        run.call(call(number, a="reached"))
    assert len(run.kept.calls) == 6
    assert run.kept.reported == 11


def test_an_alarm_leaves_a_file_by_which_others_know(account, tmp_path):
    run = account(alarms=str(tmp_path / "alarm"))
    run.say("all is well\n")
    assert list(tmp_path.iterdir()) == []
    run.say("ALARM: nothing trains\n", alarm=True)
    assert len(list(tmp_path.iterdir())) == 1
    assert run.told == ["gradviz: all is well\n", "gradviz: ALARM: nothing trains\n"]


def test_nothing_is_said_of_nothing(account):
    run = account()
    run.say("")
    assert run.told == []


def test_of_several_ranks_the_first_speaks_where_one_voice_is_asked_for(account, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    silent, loud = account(one_voice=True), account()
    for run in (silent, loud):
        run.say("all is well\n")
    assert silent.told == []
    assert len(loud.told) == 1


def test_a_step_is_told_after_its_calls_and_leads_the_saved_report(account, tmp_path):
    run, rounds = account(outputs=(str(tmp_path / "g.json"),)), Rounds()
    weight = torch.ones(1, requires_grad=True)
    weight.grad = torch.ones(1)
    made = call(1, a="reached")
    made.names[id(weight)] = "a"
    run.call(made)
    rounds.called(1)
    rounds.batch.append(made)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    run.step(optimizer, {"opt": optimizer}, rounds, is_last=True, prevented=False)
    assert run.told[-1].startswith("gradviz: opt (SGD) steps after backward 1")
    assert run.kept.leads[0].startswith("opt (SGD) steps")
    run.trained()  # as after each step: the file is written once for both
    notes = json.loads((tmp_path / "g.json").read_text())["backwards"][0]["notes"]
    assert notes[0] == run.kept.leads[0]


def test_where_children_are_not_counted_nothing_is_said_of_calls_unseen(account):
    run = account()
    run.say_unseen(0, "it trains by hand", was_on=True)
    assert run.told == []


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
