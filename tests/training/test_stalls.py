"""What steps have moved and find without gradient later is told, with what cuts it off."""

import math

import pytest
import torch
from torch import nn

from gradviz.graph import Cut, CutKind, Parameter, Verdict
from gradviz.training.stalls import Stalls, in_mode

EARLIER = dict.fromkeys((1, 2, 3), Parameter(name="p", verdict=Verdict.REACHED))
DETACH = Cut(kind=CutKind.DETACH, operation="detach()", file="train.py", line=7, code="h.detach()")


def stalls(fed, steps=16, watched=3, make=torch.optim.SGD, zeros=False):
    """Step a parameter that gets gradient at the steps ``fed`` says, and else none or ``zeros``.
    Return what tells of it, the optimizer, the parameter and the steps at which it was found to
    have stalled.
    """
    parameter = nn.Parameter(torch.ones(2))
    optimizer = make([parameter], lr=0.1)
    told, noted = Stalls(), []
    told.tell = lambda _, count: noted.append((step, count))
    for step in range(1, steps + 1):
        parameter.grad = torch.ones(2) if fed(step) else torch.zeros(2) if zeros else None
        optimizer.step()
        if step == watched:
            told.begin(optimizer, step, watched, {id(parameter)})
        if step > watched:
            told.after(optimizer, step, calls=watched)
    return told, optimizer, parameter, noted


def stopped(fed, *later, steps=16, **more):
    told, optimizer, parameter, _ = stalls(fed, steps, **more)
    verdicts = {**EARLIER, **dict(enumerate(later, 4))}
    return told.stopped(id(optimizer), steps, id(parameter), parameter, verdicts)


def cut(*cuts):
    return Parameter(name="p", verdict=Verdict.CUT, cuts=cuts)


def test_it_is_found_once_after_three_steps_without_gradient():
    assert stalls(lambda step: step <= 3)[3] == [(6, 1)]
    assert stalls(lambda step: step <= 10)[3] == [(13, 1)]
    assert stalls(lambda step: step <= 14)[3] == []


def test_what_gets_gradient_now_and_then_is_not_found():
    assert stalls(lambda step: step % 3 == 0)[3] == []


def test_what_is_frozen_is_not_found():
    parameter = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    told = Stalls()
    told.tell = lambda *_: None
    told.begin(optimizer, 3, 3, {id(parameter)})
    parameter.requires_grad_(False)
    told.after(optimizer, 9, calls=3)
    assert not told.stalled


def test_who_begins_a_trace_does_so_in_the_grad_mode_of_the_script():
    modes = []
    for mode in (True, False):
        in_mode(mode, lambda: modes.append(torch.is_grad_enabled()))
    assert modes == [True, False]
    assert torch.is_grad_enabled()


def test_later_calls_that_cut_it_off_tell_the_line_and_how_many_steps():
    told = stopped(lambda step: step <= 10, cut(DETACH), cut(DETACH))
    assert told.why == "cut"
    assert (told.steps, told.cut, told.place.line) == (6, DETACH, 7)


def test_cuts_at_two_lines_have_no_line_in_common():
    other = Cut(kind=CutKind.DETACH, operation="detach()", file="train.py", line=9)
    told = stopped(lambda step: step <= 10, cut(DETACH), cut(other))
    assert told.why == "cut"
    assert (told.cut, told.place) == (None, None)


def test_what_no_loss_uses_any_more_is_not_cut():
    told = stopped(lambda step: step <= 10, Parameter(name="p", verdict=Verdict.UNUSED))
    assert told.why == "unused"


def test_what_trains_again_has_not_stopped():
    assert stopped(lambda step: step <= 5 or step >= 12, cut(DETACH)) is None
    assert stopped(lambda step: step in (1, 9), cut(DETACH)) is None  # it takes turns


def test_where_no_call_came_it_has_stopped_only_where_autograd_was_left_off():
    told, optimizer, parameter, _ = stalls(lambda step: step <= 3)
    assert told.stopped(id(optimizer), 16, id(parameter), parameter, EARLIER) is None
    told.left_at = "a line"
    assert told.stopped(id(optimizer), 16, id(parameter), parameter, EARLIER).place == "a line"


@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.Adam])
def test_zeros_that_are_left_of_an_earlier_gradient_are_none(make):
    assert stalls(lambda step: step <= 10, make=make, zeros=True)[3] == [(13, 1)]
    told = stopped(lambda step: step <= 10, cut(DETACH), make=make, zeros=True)
    assert (told.steps, told.why, told.has_zeros) == (6, "cut", True)


def test_zeros_now_and_then_are_a_turn_and_no_stall():
    def fed(step):
        return step % 9 != 0 and step < 12

    assert stalls(fed, zeros=True, steps=40)[3] == []
    assert stopped(lambda step: step not in (8, 9, 10), cut(DETACH), zeros=True) is None


def test_steps_that_find_zeros_are_looked_at_until_there_is_gradient():
    told, optimizer, *_ = stalls(lambda step: step <= 14, zeros=True)
    assert told.due(id(optimizer), 16) == 17
    told, optimizer, *_ = stalls(lambda step: True, zeros=True)
    assert told.due(id(optimizer), 16) == math.inf


def test_a_stall_among_calls_that_are_all_watched_is_judged_by_those_after_the_last_gradient():
    parameter = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    told, verdicts = Stalls(), {}
    for step in range(1, 13):
        parameter.grad = torch.ones(2) if step <= 6 else None
        verdicts[step] = Parameter(name="p", verdict=Verdict.REACHED) if step <= 6 else cut(DETACH)
        optimizer.step()
        told.begin(optimizer, step, step, {id(parameter)})
        told.after(optimizer, step, calls=step)
    assert told.stopped(id(optimizer), 12, id(parameter), parameter, verdicts).steps == 6


@pytest.mark.parametrize("zeros", [False, True])
def test_of_what_is_gone_by_the_end_the_last_look_tells(zeros):
    verdicts = {**EARLIER, 4: cut(DETACH)}
    told, optimizer, parameter, _ = stalls(lambda step: step <= 10, 40, zeros=zeros)
    gone = told.stopped(id(optimizer), 41, id(parameter), None, verdicts)
    assert (gone.steps, gone.as_of) == (30, (40, 41))
    assert told.stopped(id(optimizer), 48, id(parameter), None, verdicts) is None  # too long ago
    told, optimizer, parameter, _ = stalls(lambda step: not 10 < step < 30, 40, zeros=zeros)
    assert told.stopped(id(optimizer), 41, id(parameter), None, verdicts) is None


def test_steps_without_gradient_are_looked_at_until_some_comes():
    told, optimizer, *_ = stalls(lambda step: step <= 10)
    assert told.due(id(optimizer), 16) == 17
    told, optimizer, *_ = stalls(lambda step: step <= 5 or step >= 12)
    assert told.due(id(optimizer), 16) == math.inf


def test_what_only_the_first_call_brought_gradient_to_is_a_beginning():
    told, optimizer, parameter, _ = stalls(lambda step: step <= 1)
    verdicts = {1: EARLIER[1], 2: cut(DETACH), 3: cut(DETACH), 4: cut(DETACH)}
    assert told.stopped(id(optimizer), 16, id(parameter), parameter, verdicts) is None


def test_what_steps_have_moved_again_and_again_was_trained_though_one_call_alone_was_watched():
    told, optimizer, parameter, _ = stalls(lambda step: step <= 10)
    verdicts = {3: EARLIER[3], 4: cut(DETACH), 5: cut(DETACH)}
    assert told.stopped(id(optimizer), 16, id(parameter), parameter, verdicts).steps == 6
