"""A patch is held against the step without it: what it brings, what it changes, what it harms."""

from dataclasses import replace

from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Graph, Parameter, Verdict
from gradviz.mending.effect import effect_of
from gradviz.mending.outcome import CallBits, Failure, TrialOutcome
from gradviz.mending.problems import Problem
from gradviz.reports import Report

CUT = Cut(kind=CutKind.DETACH, operation="detach()", file="a.py", line=1)
PROBLEM = Problem(kind="detach", operation="detach()", places=(), parameters=("a",))


def outcome(gradients=None, *, loss="00", finite=True, cuts=None, **verdicts):
    parameters = tuple(
        Parameter(
            name=name,
            names=(name,),
            verdict=Verdict(verdict),
            cuts=(CUT,) * (cuts or {}).get(name, 0),
            partial=verdict == "reached" and bool((cuts or {}).get(name)),
        )
        for name, verdict in verdicts.items()
    )
    report = Report(parameters=Parameters(parameters), graph=Graph((), ()))
    bits = CallBits(loss=loss, value=loss, gradients=gradients or {}, finite=finite)
    return TrialOutcome(text=report.to_json(), calls=(bits,))


BEFORE = outcome({"a": None, "b": "1"}, a="cut", b="reached")


def effect(after, before=BEFORE, problem=PROBLEM, *, repeatable=True, soft=False):
    return effect_of(before, after, problem, repeatable=repeatable, soft=soft)


def test_what_is_reached_now_is_gained():
    found = effect(outcome({"a": "7", "b": "1"}, a="reached", b="reached"))
    assert found.reached == found.gained == ("a",)
    assert found.changed == ()
    assert found.same_loss


def test_what_else_changes_is_said():
    found = effect(outcome({"a": "7", "b": "2"}, loss="01", a="reached", b="reached"))
    assert found.changed == ("b",)
    assert not found.same_loss
    assert found.loss == ("00", "01")


def test_a_patch_that_does_nothing_or_harms_has_no_effect():
    assert effect(BEFORE) is None
    assert effect(outcome({"a": "7", "b": None}, a="reached", b="cut")) is None
    assert effect(outcome({"a": "7"}, finite=False, a="reached", b="reached")) is None
    assert effect(TrialOutcome(failure=Failure(kind="ValueError"))) is None
    assert effect(TrialOutcome()) is None


def test_names_that_went_and_came_are_said():
    found = effect(outcome({"a": "7", "c": "1"}, a="reached", c="reached"))
    assert (found.gone, found.came) == (("b",), ("c",))
    assert found.gained == ("a", "c")


def test_a_severed_route_is_mended_where_fewer_are_severed_and_the_gradient_moved():
    before = outcome({"a": "1"}, cuts={"a": 1}, a="reached")
    assert effect(outcome({"a": "2"}, a="reached"), before).mended == ("a",)
    assert effect(outcome({"a": "1"}, a="reached"), before) is None
    assert effect(outcome({"a": "2"}, cuts={"a": 1}, a="reached"), before) is None


def test_a_made_up_gradient_mends_where_it_moves_though_the_cut_stays():
    before = outcome({"a": "1"}, cuts={"a": 1}, a="reached")
    after = outcome({"a": "2"}, cuts={"a": 1}, a="reached")
    assert effect(after, before, soft=True).mended == ("a",)


def test_nan_that_is_gone_makes_the_gradients_finite():
    problem = Problem(kind="not_finite", operation="sqrt", places=(), parameters=("a",))
    before = outcome({"a": "nan"}, finite=False, a="reached")
    assert effect(outcome({"a": "1"}, a="reached"), before, problem).finite == ("a",)


def test_a_parameter_that_was_written_over_may_be_left_and_is_said_to_be():
    problem = replace(PROBLEM, kind="data", feeds=frozenset({"b"}))
    after = outcome({"a": "7", "b": None}, a="reached", b="unused")
    found = effect(after, problem=problem)
    assert found.left == ("b",)
    assert found.changed == ()
    assert effect(after) is None
    assert effect(after, problem=replace(problem, feeds=frozenset())) is None
