"""What a run says and writes of its calls and steps, from calls made by hand."""

import json
import os

import pytest
import torch
from calls_by_hand import call

from gradviz.running import rank
from gradviz.running.account import Account
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
    run = account(output=str(file))
    assert not file.exists()
    for number in (1, 2):
        run.call(call(number, a="reached"))
        assert len(json.loads(file.read_text())["backwards"]) == number


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
    run, rounds = account(output=str(tmp_path / "g.json")), Rounds()
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
    notes = json.loads((tmp_path / "g.json").read_text())["backwards"][0]["notes"]
    assert notes[0] == run.kept.leads[0]


def test_where_children_are_not_counted_nothing_is_said_of_calls_unseen(account):
    run = account()
    run.say_unseen(0, "it trains by hand", was_on=True)
    assert run.told == []
