"""What leads a report, from what was seen of parameters and optimizers, made by hand."""

from dataclasses import replace

import pytest

from gradviz.facts.evidence import ConstantTerm, Evidence, Look, Stepper, Touch
from gradviz.facts.training import Thresholds
from gradviz.graph import Cut, CutKind, Parameter, Place, Verdict
from gradviz.training.judging import judge

STEP = Place("train.py", 9, "optimizer.step()")


def parameter(name, verdict="reached", **fields):
    return Parameter(name=name, verdict=Verdict(verdict), shape=(2, 2), **fields)


def seen(name, *verdicts, looks=(), **fields):
    verdicts = tuple(parameter(name, verdict) for verdict in verdicts or ("reached",))
    return Evidence(name=name, numel=4, verdicts=verdicts, looks=looks, **fields)


def look(gradient=0.5, **fields):
    fields = {"moved": 4, "compared": 4, "ratio": 0.01, "lr": 0.1, "place": STEP, **fields}
    return Look(optimizer="optimizer", gradient=gradient, norm=gradient, **fields)


def holding(*names, steps=2, **fields):
    return Stepper(**{"name": "optimizer", "kind": "SGD", "steps": steps, "held": names, **fields})


def alarms(evidence, *steppers, ended=True, **more):
    found = judge(evidence, list(steppers), 2, ended=ended, **more).alarms
    return {alarm.why: alarm.parameters for alarm in found}


def test_an_optimizer_all_of_whose_parameters_are_frozen_changes_nothing():
    evidence = [seen("a", "frozen", "frozen"), seen("b", "frozen", "frozen")]
    assert alarms(evidence, holding("a", "b")) == {"frozen": ("a", "b")}


def test_one_frozen_among_others_is_meant():
    evidence = [seen("a", "frozen"), seen("b", looks=(look(),))]
    assert alarms(evidence, holding("a", "b")) == {}


def test_an_optimizer_that_got_zeros_in_every_call_is_an_alarm_and_in_one_call_none():
    assert alarms([seen("a", "zero", "zero", looks=(look(0.0, moved=0),))], holding("a")) == {
        "zero": ("a",)
    }
    once = [seen("a", "zero", looks=(look(0.0, moved=0),))]
    assert "zero" not in alarms(once, holding("a"), ended=False)


def test_gradient_that_no_optimizer_is_there_for_is_one_where_it_comes_again_and_again():
    again = [seen("a", "reached", "reached", "reached", drift=False)]
    assert alarms(again) == {"no_step": ("a",)}
    assert alarms(again, ended=False) == {}
    assert alarms([seen("a", "reached", drift=False)]) == {}
    # Each of a model of its own, as in tests
    assert alarms([seen("a", "reached", "reached", "reached")]) == {}


def test_what_is_thawed_in_a_watched_call_and_not_held_is_an_alarm_unless_it_is_frozen_again():
    trains = seen("m.b", looks=(look(),))
    thawed = seen("m.a", "frozen", "frozen", "reached", thawed=True, drift=False)
    assert alarms([thawed, trains], holding("m.b")) == {"not_held": ("m.a",)}
    toggled = seen("m.a", "frozen", "reached", "frozen", thawed=True, drift=False)
    assert alarms([toggled, trains], holding("m.b")) == {}


def test_a_term_that_is_constant_is_an_alarm_for_what_an_optimizer_holds():
    evidence = [seen("a", looks=(look(),)), seen("b")]
    terms = [ConstantTerm(("a", "b"), Place("train.py", 4))]
    assert alarms(evidence, holding("a"), terms=terms)["constant_term"] == ("a",)


@pytest.mark.parametrize(("line", "whys"), [(4, ["constant_term"]), (7, ["constant_term", "cut"])])
def test_what_a_line_cuts_off_that_makes_a_term_constant_is_one_alarm(line, whys):
    cut = Cut(kind=CutKind.DETACH, operation="detach()", file="train.py", line=line)
    verdict = Parameter(name="a", verdict=Verdict.CUT, cuts=(cut,), shape=(2, 2))
    unfed = look(None, moved=0)
    evidence = [Evidence(name="a", numel=4, verdicts=(verdict, verdict), looks=(unfed, unfed))]
    terms = [ConstantTerm(("a",), Place("train.py", 4))]
    assert list(alarms(evidence, holding("a"), terms=terms)) == whys


def test_a_step_that_throws_a_parameter_away_explodes():
    thrown = look(1e6, ratio=5000.0, change=10.0)
    assert "exploding" in alarms([seen("a", looks=(thrown,))], holding("a"))
    small = replace(thrown, change=0.01)  # a bias that began near zero
    assert "exploding" not in alarms([seen("a", looks=(small,))], holding("a"))
    high = Thresholds(exploding=1e9)
    assert "exploding" not in alarms([seen("a", looks=(thrown,))], holding("a"), thresholds=high)


def test_what_another_loss_trains_is_none():
    evidence = [seen("a", looks=(look(),)), seen("d", "unused")]
    assert alarms(evidence, holding("a")) == {}


def test_held_and_unused_by_the_end_it_is():
    evidence = [
        seen("a", looks=(look(),)),
        seen("b", "unused", looks=(look(None, moved=0),), drift=False),
    ]
    assert alarms(evidence, holding("a", "b")) == {"unused": ("b",)}


def test_one_step_with_a_gradient_scaled_to_nothing_may_begin_a_warm_up():
    scaled = Touch(operation="mul_", scales=True, place=STEP)
    step = look(0.0, moved=0, touch=scaled)
    assert alarms([seen("a", looks=(step,))], holding("a"), ended=False) == {}
    assert alarms([seen("a", looks=(step, step))], holding("a"), ended=False) == {"clipped": ("a",)}
    assert alarms([seen("a", looks=(step,))], holding("a", steps=1)) == {"clipped": ("a",)}
    assert alarms([seen("a", looks=(step, look()))], holding("a")) == {}


def test_an_operation_without_a_derivative_is_why_no_optimizer_steps():
    evidence = [seen("a"), seen("b")]
    idle = holding("a", "b", steps=0)
    assert alarms(evidence, idle) == {"not_stepped": ("a", "b")}
    terms = [ConstantTerm(("a",), Place("train.py", 4))]
    assert alarms(evidence, idle, underivable=terms) == {"cut": ("a",)}


def test_every_alarm_says_what_mends_it():
    (alarm,) = judge([seen("a", "frozen", "frozen")], [holding("a")], 2, ended=True).alarms
    assert alarm.mend.endswith(".")
    assert alarm.means.endswith(".")
    assert alarm.mend != alarm.means


@pytest.mark.parametrize("size", [1e-7, 1e-12])
def test_what_gets_only_rounding_is_not_to_be_stepped_further(size):
    faint = look(size, moved=0)
    evidence = [seen("a", looks=(look(),)), seen("n.b", looks=(faint,))]
    assert list(alarms(evidence, holding("a", "n.b")).values()) == [("n.b",)]
    evidence[1] = replace(evidence[1], rounding=True)
    assert alarms(evidence, holding("a", "n.b")) == {}
    unstepped = [replace(own, looks=(replace(faint, lr=0.0),)) for own in evidence]
    assert "too_small" in alarms(unstepped, holding("a", "n.b"))
