"""Why the last steps of an optimizer find no gradient at a parameter."""

import pytest

from gradviz.facts.evidence import Look, Touch
from gradviz.graph import Cut, CutKind, Parameter, Place, Verdict, Zero
from gradviz.training.stopping import Stopping, why_stopped

HERE, THERE = Place("train.py", 7, "net.zero_grad()"), Place("train.py", 9)


def said(verdict, **more):
    return Parameter(name="p", verdict=verdict, **more)


def look(touch=None, gradient=None):
    return Look(optimizer="opt", gradient=gradient, touch=touch)


def touch(place, *, scales=False):
    return Touch(operation="grad", scales=scales, place=place)


REACHED = {4: said(Verdict.REACHED), 5: said(Verdict.REACHED)}


def test_what_arrives_and_is_gone_at_every_step_is_cleared_by_the_line_they_have_in_common():
    stopped = why_stopped(REACHED, [(4, look(touch(HERE))), (5, look(touch(HERE))), (5, look())])
    assert (stopped.why, stopped.place) == ("cleared", HERE)
    stopped = why_stopped(REACHED, [(4, look(touch(HERE))), (5, look(touch(THERE)))])
    assert (stopped.why, stopped.place) == ("cleared", None)


def test_arithmetic_that_leaves_nothing_clips():
    stopped = why_stopped(REACHED, [(5, look(touch(HERE, scales=True), gradient=0.0))])
    assert (stopped.why, stopped.place) == ("clipped", HERE)


@pytest.mark.parametrize(
    ("verdicts", "looks"),
    [
        (REACHED, [(4, look(touch(HERE))), (5, look(gradient=0.3))]),  # a step has some
        (REACHED, []),
        (REACHED, [(3, look())]),  # no step follows what brings it
        ({**REACHED, 6: said(Verdict.CUT)}, [(5, look(touch(HERE))), (6, look())]),
        ({}, [(5, look())]),
    ],
)
def test_it_is_not_known_where_a_step_has_gradient_or_calls_differ(verdicts, looks):
    assert why_stopped(verdicts, looks) is None


def test_zeros_begin_where_all_calls_say_so():
    zero = Zero(operation="mul", why="", place=HERE)
    assert why_stopped({4: said(Verdict.ZERO, zero=zero)}, []).place == HERE
    other = Zero(operation="mul", why="", place=THERE)
    calls = {4: said(Verdict.ZERO, zero=zero), 5: said(Verdict.ZERO, zero=other)}
    assert (why_stopped(calls, []).why, why_stopped(calls, []).place) == ("zero", None)


def test_of_several_losses_before_a_step_the_one_that_brings_something_decides():
    unused = said(Verdict.UNUSED)
    verdicts = {4: said(Verdict.REACHED), 5: unused, 6: said(Verdict.REACHED), 7: unused}
    looks = [(5, look(touch(HERE))), (7, look(touch(HERE)))]
    assert (why_stopped(verdicts, looks).why, why_stopped(verdicts, looks).place) == (
        "cleared",
        HERE,
    )
    fed = [(5, look(touch(HERE))), (7, look(gradient=0.3))]
    assert why_stopped(verdicts, fed) is None


def test_a_loss_that_no_step_has_followed_yet_does_not_decide():
    cut = said(Verdict.CUT)
    assert why_stopped({4: cut, 5: cut, 6: said(Verdict.REACHED)}, [(5, look())]).why == "cut"
    assert why_stopped({4: cut, 5: said(Verdict.REACHED)}, [(4, look()), (5, look(HERE))]) is None


def test_a_cut_that_calls_had_before_is_not_what_stops_it():
    usual, new = (
        Cut(kind=CutKind.DETACH, operation="detach()", file="gan.py", line=n) for n in (8, 9)
    )
    judged = said(Verdict.CUT, cuts=(usual,))
    later = {4: said(Verdict.UNUSED), 5: judged, 6: said(Verdict.CUT, cuts=(new,))}
    stopped = why_stopped(later, [(6, look())], [judged, said(Verdict.REACHED)])
    assert (stopped.why, stopped.cut) == ("cut", new)
    stopped = why_stopped({4: judged}, [(4, look())], [judged, said(Verdict.REACHED)])
    assert (stopped.why, stopped.cut) == ("cut", None)


def test_a_reason_for_which_no_line_is_known_has_no_cut_either():
    assert Stopping("unused") == Stopping("unused", cut=None, place=None)
