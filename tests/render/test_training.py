"""Whether parameters train, in a sentence."""

from dataclasses import replace

import pytest

from gradviz.causes.raised import REFUSALS
from gradviz.facts.training import WHYS, Alarm, Fate, Training
from gradviz.render.training import (
    NOT_KNOWN,
    in_words,
    lines,
    note_on_size,
    other_clauses,
    sentence,
    taken_back,
)


def fate(name, why=None, **fields):
    return Fate(name=name, numel=4, trains=why is None, why=why, optimizer="opt", **fields)


def training(*fates, **fields):
    return Training(**{"parameters": fates, "steps": 2, "backwards": 2, **fields})


def test_where_no_optimizer_stepped_nothing_is_known():
    assert NOT_KNOWN in sentence(None)
    unknown = replace(fate("a"), trains=None)
    assert sentence(training(unknown, steps=0)) == (
        f"No optimizer stepped while it was watched, so {NOT_KNOWN}."
    )


@pytest.mark.parametrize(
    ("fates", "words"),
    [
        ([fate("a")], "The only parameter trains."),
        ([fate("a"), fate("b")], "All 2 parameters train."),
        ([fate("a"), fate("b", "frozen")], "1 of 2 parameters trains; b is frozen."),
    ],
)
def test_how_many_train(fates, words):
    assert sentence(training(*fates)) == words


@pytest.mark.parametrize("why", WHYS)
def test_every_reason_has_words_for_one_and_for_several(why):
    for names in ("b",), ("b", "c"):
        text = sentence(
            training(fate("a"), *(fate(name, why, file="t.py", line=3) for name in names))
        )
        assert text.endswith(".")
        assert why not in text or "_" not in why


def test_an_alarm_about_what_trains_is_told_beside():
    term = Alarm(why="constant_term", parameters=("a",), file="t.py", line=3, code="loss += c")
    cleared = Alarm(why="cleared", parameters=("b",), file="t.py", line=5)
    assert sentence(training(fate("a"), alarms=(term, term, cleared))) == (
        "The only parameter trains; a term of the loss at t.py:3 moves nothing."
    )
    explodes = Alarm(why="exploding", parameters=("a",), file="t.py", line=8)
    assert sentence(training(fate("a"), fate("b"), alarms=(explodes,))) == (
        "All 2 parameters train; a: its gradient explodes, and the step at t.py:8 throws it far"
        " away."
    )


def test_of_many_reasons_the_first_are_told_and_the_rest_is_counted():
    whys = ("cut", "unused", "zero", "cleared", "stale")
    text = sentence(training(fate("z"), *(fate(f"p{n}", why) for n, why in enumerate(whys))))
    assert text.endswith("2 more do not.")


def test_what_moves_and_not_by_its_gradient_is_said():
    text = sentence(training(fate("a"), fate("b", mover="weight decay")))
    assert text.startswith("1 of 2 parameters trains; b is moved by weight decay alone")
    text = sentence(training(fate("a"), fate("b", mover="rounding")))
    assert text.startswith("1 of 2 parameters trains; b is moved, though what arrives is no more")
    copied = training(fate("a"), fate("b", mover="hand, no gradient"))
    assert sentence(copied) == "1 of 2 parameters trains; b is written without gradient."
    laid = training(fate("a"), fate("b", mover="memory", moved_with="a"))
    assert sentence(laid) == (
        "1 of 2 parameters trains; b is moved with a, whose memory it shares: no step uses a"
        " gradient of its own."
    )
    some, every = fate("a", mover="gradient"), fate("b", mover="hand")
    assert sentence(training(some, every)) == "All 2 parameters train; b by hand."
    assert sentence(training(every)) == "The only parameter trains, by hand."
    assert in_words(fate("b", mover="hand")) == "trains, written by hand"
    assert in_words(fate("b", "cut")) == "does not train (cut off from the loss)"
    assert in_words(fate("b", "later")) == "does not train (later)"  # as a later version says it
    assert in_words(replace(fate("b"), trains=None)) == "not known to train"


def test_what_is_no_alarm_has_its_reason_in_a_sentence():
    alarm = Alarm(why="cut", parameters=("b",))
    whole = training(fate("a"), fate("b", "cut"), fate("c", "frozen"), alarms=(alarm,))
    assert other_clauses(whole) == ["c is frozen."]


def test_an_alarm_has_its_line_its_meaning_and_what_mends_it():
    alarm = Alarm(
        why="cut", parameters=("b",), file="t.py", line=3, code="h.detach()", means="M.", mend="F."
    )
    told = [*lines(alarm, training(fate("a"), fate("b", "cut")))]
    assert [margin for margin, _ in told] == ["", "code", "means", "fix"]
    assert told[1][1] == "t.py:3: h.detach()"


def test_an_alarm_that_does_not_hold_any_more_is_taken_back():
    assert taken_back(["a"], training(fate("a"))).startswith("a trains by a later step")


def test_how_much_of_a_large_parameter_was_compared_is_said():
    large = replace(fate("a"), compared=4096, numel=10**6)
    assert "by up to 4,096" in note_on_size(training(large))
    assert note_on_size(training(fate("a", compared=4))) == ""


def test_where_nothing_could_move_what_gradient_came_to_no_number_is_given():
    unknown, zero = replace(fate("a"), trains=None), fate("b", "zero")
    text = sentence(training(unknown, zero, steps=0))
    assert text.startswith(f"No optimizer stepped while it was watched, so {NOT_KNOWN}; b does not")
    assert sentence(training(fate("a"), unknown, zero, steps=0)).startswith("1 of 3")
    assert sentence(training(fate("a", "not_held"), zero, steps=0)).startswith("0 of 2")


def test_where_a_backward_raised_an_error_nothing_is_called_cut_off():
    means = REFUSALS[0].explanation.meaning
    alarm = Alarm(why="cut", parameters=("a", "b"), file="t.py", line=8, code="h", means=means)
    fates = [replace(fate(name, "cut"), file="t.py", line=8) for name in "ab"]
    remark = "backward() raised an error at t.py:14, which ended the script"
    told = training(*fates, alarms=(alarm,), remarks=(remark,))
    assert sentence(told) == f"0 of 2 parameters train; {remark}."
    (_, title), *_rest = lines(alarm, told)
    assert title == "a and b: backward() raised an error over what is done at t.py:8"
    assert "cut off from the loss at t.py:8" in sentence(replace(told, remarks=()))
