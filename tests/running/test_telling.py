"""The words of a run, from calls made by hand."""

import math
from dataclasses import replace

import pytest
from calls_by_hand import call

from gradviz.facts.parameters import Parameters
from gradviz.graph import (
    Cut,
    CutKind,
    Leaf,
    Parameter,
    Place,
    Unused,
    UnusedReason,
    Verdict,
    Zero,
)
from gradviz.running.calls import OptimizerStep
from gradviz.running.telling import Teller, call_line

DETACH = Cut(kind=CutKind.DETACH, operation="detach()", file="a.py", line=3, code="h = h.detach()")


@pytest.fixture
def teller():
    return Teller()


def of(number, *parameters, **fields):
    """Return a call over some parameters."""
    made = call(number)
    return replace(made, report=replace(made.report, parameters=Parameters(parameters)), **fields)


def test_a_call_is_headed_by_its_number_loss_and_line():
    assert call_line(call(2)) == "backward 2, loss at train.py:7: loss.backward()"
    inner = replace(call(2), when="epoch 1", caller=Place("own.py", 4, "fit()"))
    assert call_line(inner) == (
        "backward 2 in epoch 1, loss at train.py:7: loss.backward(), called at own.py:4: fit()"
    )


def lines(text):
    return [line.split(None, 1) for line in text.splitlines()[1:]]


def test_what_is_reached_cut_unused_and_zero_is_told_in_its_own_lines(teller):
    zero = Zero(operation="round", why="its derivative is zero everywhere", place=Place("a.py", 5))
    text = teller.tell_call(
        of(
            1,
            Parameter(name="a", verdict=Verdict.REACHED),
            Parameter(name="b", verdict=Verdict.CUT, cuts=(DETACH,)),
            Parameter(name="c", verdict=Verdict.UNUSED),
            Parameter(name="d", verdict=Verdict.ZERO, zero=zero),
        )
    )
    assert [label for label, _ in lines(text)] == [
        "reached",
        "zero",
        "from",
        "why",
        "cut",
        "by",
        "unused",
    ]
    assert "by detach() at a.py:3: h = h.detach()" in text
    assert "not part of this loss" in text


def test_a_value_that_left_torch_is_not_called_unused(teller):
    text = teller.tell_call(of(1, Parameter(name="a", verdict=Verdict.UNUSED, uncertain=True)))
    assert "whether their values went into this loss cannot be seen" in text
    assert "not part" not in text


def test_what_went_into_another_loss_is_told_so_though_this_one_cannot_be_seen(teller):
    other = Unused(reason=UnusedReason.OTHER_LOSS, place=Place("a.py", 7))
    unclear = Parameter(name="a", verdict=Verdict.UNUSED, uncertain=True, unused=other)
    text = teller.tell_call(of(1, unclear))
    assert "it went into another loss, whose backward() ran at a.py:7" in text
    assert text.rstrip().endswith("whether into this one too cannot be seen")


def test_what_is_reached_beside_the_model_at_one_line_is_told_together(teller):
    place = Place("a.py", 5)
    scale, other = Leaf(name="", shape=(), place=place), Leaf(name="", shape=(2,), place=place)
    made = of(1, Parameter(name="a", verdict=Verdict.REACHED))
    text = teller.tell_call(
        replace(made, report=replace(made.report, unregistered=(scale, other, scale, scale)))
    )
    assert [told for label, told in lines(text) if label == "also"] == [
        "reached: 3 tensors, each a single value that is no model's parameter at a.py:5",
        "reached: a tensor of 2 values that is no model's parameter at a.py:5",
    ]


def test_what_is_severed_on_one_of_two_routes_is_told_beside_what_is_reached(teller):
    partial = Parameter(name="a", verdict=Verdict.REACHED, partial=True, cuts=(DETACH,))
    text = teller.tell_call(of(1, partial))
    assert "one route is cut, another is alive, often on purpose" in text


def test_the_cut_beside_a_route_that_brings_zeros_alone_is_told(teller):
    both = Parameter(name="a", verdict=Verdict.ZERO, partial=True, cuts=(DETACH,))
    alone = Parameter(name="b", verdict=Verdict.ZERO)
    text = teller.tell_call(of(1, both, alone))
    assert ": one route is cut, another brings zeros" in text
    assert "by detach()" in text
    assert "partial" not in teller.tell_call(of(1, alone))


def test_a_cut_that_is_told_already_is_not_told_again_of_what_has_another_route(teller):
    partial = Parameter(name="a", verdict=Verdict.REACHED, partial=True, cuts=(DETACH,))
    cut = Parameter(name="b", verdict=Verdict.CUT, cuts=(DETACH,))
    text = teller.tell_call(of(1, partial, cut))
    assert "one route is cut there too, another is alive" in text
    assert text.count("by detach()") == 1


@pytest.mark.parametrize("others", [0, 20])
def test_what_is_hardly_a_stop_gradient_on_purpose_is_told_first_and_in_any_case(teller, others):
    argmin = replace(
        DETACH, kind=CutKind.NON_DIFFERENTIABLE, operation="argmin()", line=9, code="i = d.argmin()"
    )
    partial = Parameter(name="a", verdict=Verdict.REACHED, partial=True, cuts=(DETACH, argmin))
    zeros = [
        Parameter(
            name=f"z{number}",
            verdict=Verdict.ZERO,
            zero=Zero(operation="round", why="flat", place=Place("a.py", number)),
        )
        for number in range(others)
    ]
    told = teller.tell_call(of(1, partial, *zeros)).splitlines()
    assert len(told) <= 12
    places = [place for place, line in enumerate(told) if "by argmin()" in line]
    assert places
    assert all(place > places[0] for place, line in enumerate(told) if "by detach()" in line)


def test_a_call_that_says_the_same_again_refers_to_the_first(teller):
    cut = Parameter(name="b", verdict=Verdict.CUT, cuts=(DETACH,))
    reached = Parameter(name="a", verdict=Verdict.REACHED)
    assert len(teller.tell_call(of(1, reached, cut)).splitlines()) > 2
    again = teller.tell_call(of(2, reached, cut))
    assert again.startswith("backward 2, loss at train.py:7, as in backward 1: ")
    assert len(again.splitlines()) == 1


def test_a_healthy_call_and_step_that_repeat_themselves_are_one_short_line(teller):
    reached = Parameter(name="a", verdict=Verdict.REACHED)
    step = OptimizerStep(optimizer="opt", kind="SGD", calls=(1,), held=("a",))
    assert teller.tell_call(of(1, reached))
    assert teller.tell_step(step, [of(1, reached)])
    assert teller.tell_call(of(2, reached)) == "backward 2: as in backward 1\n"
    assert teller.tell_step(replace(step, calls=(2,)), [of(2, reached)]) == ""
    other = replace(step, calls=(3,), held=("a", "b"))
    assert teller.tell_step(other, [of(3, reached)])


def test_a_run_to_its_end_tells_repeats_three_times_and_then_at_every_tenfold():
    teller = Teller(to_the_end=True)
    told = [
        number
        for number in range(1, 103)
        if teller.tell_call(of(number, Parameter(name="a", verdict=Verdict.REACHED)))
    ]
    assert told == [1, 2, 3, 4, 11, 101]


def test_a_zero_that_went_or_stayed_is_told_at_the_next_call_of_the_line(teller):
    def zero(name, verdict):
        return Parameter(name=name, verdict=verdict)

    teller.tell_call(of(1, zero("a", Verdict.ZERO), zero("b", Verdict.ZERO)))
    text = teller.tell_call(of(2, zero("a", Verdict.REACHED), zero("b", Verdict.ZERO)))
    assert "reached now; zero at backward 1" in text
    assert "zero at backward 1 too" in text


@pytest.mark.parametrize(("norm", "says"), [(math.nan, False), (math.inf, False), (0.5, True)])
def test_what_was_zero_and_is_not_finite_now_is_not_told_as_reached(teller, norm, says):
    teller.tell_call(of(1, Parameter(name="a", verdict=Verdict.ZERO)))
    reached = Parameter(name="a", verdict=Verdict.REACHED, gradient_norm=norm)
    assert ("no longer zero" in teller.tell_call(of(2, reached))) == says


@pytest.mark.parametrize("rounding", [True, False])
def test_what_was_zero_and_is_rounding_now_is_still_no_gradient(teller, rounding):
    teller.tell_call(of(1, Parameter(name="a", verdict=Verdict.ZERO)))
    reached = Parameter(name="a", verdict=Verdict.REACHED, gradient_norm=1e-9, rounding=rounding)
    assert ("no longer zero" in teller.tell_call(of(2, reached))) != rounding


def test_what_was_thawed_is_told_with_its_line(teller):
    teller.tell_call(of(1, Parameter(name="a", verdict=Verdict.FROZEN)))
    thawed = Parameter(name="a", verdict=Verdict.REACHED, thawed_at=Place("a.py", 8, "thaw()"))
    assert "frozen at backward 1, thawed at a.py:8: thaw()" in teller.tell_call(of(2, thawed))


@pytest.mark.parametrize("field", ["stale", "zero"])
def test_what_is_stale_or_gets_only_zeros_is_told_once(teller, field):
    calls = [of(1, Parameter(name="b", verdict=Verdict.ZERO))]
    step = replace(OptimizerStep(optimizer="opt", kind="SGD", calls=(1,)), **{field: ("b",)})
    assert "b" in teller.tell_step(step, calls).splitlines()[1]
    (again,) = teller.tell_step(replace(step, calls=(2,)), calls).splitlines()
    assert again.endswith(", as after backward 1")
    other = teller.tell_step(replace(step, calls=(3,), **{field: ("b", "c")}), calls)
    assert len(other.splitlines()) == 2


def test_an_alarm_of_a_step_is_explained_once(teller):
    cut = Parameter(name="b", verdict=Verdict.CUT, cuts=(DETACH,))
    calls = [of(1, cut)]
    step = OptimizerStep(optimizer="opt", kind="SGD", calls=(1,), held=("b",), starved=("b",))
    first = teller.tell_step(step, calls)
    again = teller.tell_step(replace(step, calls=(2,)), calls)
    assert first.startswith("ALARM: opt (SGD) steps 1 parameter that no gradient reached")
    assert len(first.splitlines()) > 1
    assert again.splitlines() == [
        "ALARM: opt (SGD) steps 1 parameter that no gradient reached, after backward 2, as after"
        " backward 1"
    ]


def test_a_run_says_once_that_a_cut_on_one_route_is_often_on_purpose(teller):
    other = replace(DETACH, line=9)
    said = [
        teller.tell_call(
            of(number, Parameter(name="a", verdict=Verdict.REACHED, partial=True, cuts=(cut,)))
        )
        for number, cut in enumerate((DETACH, other), 1)
    ]
    assert ["often on purpose" in text for text in said] == [True, False]
    assert ["another is alive" in text for text in said] == [True, True]


def test_a_number_taken_on_one_route_is_not_called_often_on_purpose(teller):
    number = replace(DETACH, kind=CutKind.ITEM, operation="item()")
    partial = Parameter(name="a", verdict=Verdict.REACHED, partial=True, cuts=(number,))
    assert "another is alive\n" in teller.tell_call(of(1, partial))


def test_zeros_that_stay_in_a_run_to_its_end_are_told_as_rarely_as_all_that_repeats_itself():
    teller = Teller(to_the_end=True)
    zero = Parameter(name="a", verdict=Verdict.ZERO)
    told = [number for number in range(1, 13) if teller.tell_call(of(number, zero))]
    assert told == [1, 2, 3, 4, 11]
