"""What is expected, held against reports that are built by hand: no torch."""

import subprocess
import sys

import pytest

from expected import TUNED, report
from gradviz.errors import ExpectationError
from gradviz.expecting.expectations import expect, violations
from gradviz.facts.parameters import Parameters
from gradviz.graph import Graph, Parameter, Verdict
from gradviz.reports import Report


def failures(report, *, traced=True, **words):
    """The violations, shortly: which parameters, what was expected, what was found."""
    found = violations(report, expect(**words), traced=traced)
    return [(one.parameters or one.pattern, one.expected, str(one.actual)) for one in found]


def test_what_is_as_expected_gives_no_violation():
    assert failures(TUNED, reached="head.*", frozen="backbone.*", cut=[], unused=[]) == []
    assert failures(TUNED, frozen=["*.bias", "backbone.weight"]) == []


def test_what_is_not_mentioned_must_be_reached():
    assert failures(TUNED) == [(("backbone.weight", "backbone.bias"), "reached", "frozen")]
    assert failures(TUNED, frozen="*.bias") == [(("backbone.weight",), "reached", "frozen")]


def test_a_freeze_that_was_undone_is_told():
    undone = report(backbone__weight="reached", backbone__bias="frozen", head__weight="reached")
    assert failures(undone, frozen="backbone.*") == [(("backbone.weight",), "frozen", "reached")]


def test_with_rest_any_only_what_is_said_counts_and_a_list_that_is_given_is_complete():
    assert failures(TUNED, reached="head.*", rest="any") == []
    assert failures(TUNED, cut=[], unused=[], rest="any") == []
    assert failures(TUNED, frozen=[], rest="any") == [
        (("backbone.weight", "backbone.bias"), "not frozen", "frozen")
    ]
    assert failures(TUNED, frozen="backbone.bias", rest="any") == [
        (("backbone.weight",), "not frozen", "frozen")
    ]


def test_a_pattern_with_an_exclamation_mark_leaves_out():
    adapted = report(backbone__weight="frozen", backbone__adapter="reached", head__weight="reached")
    assert failures(adapted, frozen=["backbone.*", "!backbone.adapter"]) == []
    assert failures(adapted, frozen="backbone.*") == [(("backbone.adapter",), "frozen", "reached")]


@pytest.mark.parametrize("variable", ["model", "trainer.model", "t.nets[0]"])
@pytest.mark.parametrize("written", ["", "variable"])
def test_a_pattern_matches_with_and_without_the_variable_of_the_model(variable, written):
    names = {"backbone.0.weight": Verdict.FROZEN, "head.weight": Verdict.REACHED}
    run = Report(
        parameters=Parameters(
            tuple(Parameter(name=f"{variable}.{name}", verdict=one) for name, one in names.items())
        ),
        graph=Graph((), (), {variable: "Net", f"{variable}.backbone": "Sequential"}),
    )
    front = f"{variable}." if written else ""
    patterns = {"frozen": [f"{front}backbone.*"], "reached": f"{front}head.*"}
    assert failures(run, **patterns) == []
    assert failures(run, frozen=[f"{front}backbone.*", f"!{front}backbone.0.*"]) == [
        ((f"{variable}.backbone.0.weight",), "reached", "frozen")
    ]
    # A part further in has to be named in full
    assert failures(run, **patterns, cut="0.weight")[-1] == ("0.weight", "cut", "")


def test_a_module_is_no_variable_of_a_model():
    deep = Report(
        parameters=Parameters((Parameter(name="encoder.head.weight", verdict=Verdict.REACHED),)),
        graph=Graph((), (), {"": "Net", "encoder": "Encoder", "encoder.head": "Linear"}),
    )
    assert failures(deep, reached="head.*") == [("head.*", "reached", "")]


def test_a_name_that_matches_as_it_is_hides_those_without_their_variable():
    both = Report(
        parameters=Parameters(
            (
                Parameter(name="encoder.head.weight", verdict=Verdict.FROZEN),
                Parameter(name="decoder.encoder.head.weight", verdict=Verdict.REACHED),
            )
        ),
        graph=Graph((), (), {"encoder": "Net", "decoder": "Net", "decoder.encoder": "Net"}),
    )
    assert failures(both, frozen="encoder.*") == []


def test_a_pattern_that_matches_nothing_fails_and_says_what_may_be_meant():
    (violation,) = violations(TUNED, expect(frozen=["backbone.*", "backbon.*"]))
    assert (violation.pattern, violation.expected, violation.meant) == (
        "backbon.*",
        "frozen",
        "backbone.*",
    )
    assert failures(TUNED, frozen=["backbone.*", "!nothing"]) == [("!nothing", "frozen", "")]


def test_a_tied_parameter_answers_to_each_of_its_names():
    tied = Parameter(
        name="embed.weight", names=("embed.weight", "head.weight"), verdict=Verdict.REACHED
    )
    assert failures(Report(parameters=Parameters((tied,))), reached="head.*", rest="any") == []


def test_two_words_for_one_parameter_are_refused_with_the_way_out():
    with pytest.raises(
        ExpectationError,
        match=r"head.weight is claimed by reached='head.\*' and by frozen='\*': .* '!head.weight'",
    ):
        violations(TUNED, expect(reached="head.*", frozen="*"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            {"frozn": "x"},
            r"unknown expectation: 'frozn' \(choose from reached, .*; did you mean frozen\?\)",
        ),
        ({"rest": "all"}, r"unknown rest: 'all' \(choose from reached, any\)"),
        ({"cut": 3}, r"cut: 3 is no pattern"),
        ({"cut": ["a", None]}, r"cut: None is no pattern"),
    ],
)
def test_what_cannot_be_expected_is_refused(words, message):
    with pytest.raises(ExpectationError, match=message):
        expect(**words)


def test_a_report_without_parameters_does_not_pass_for_one_that_is_as_expected():
    with pytest.raises(
        ExpectationError, match=r"no parameters to hold: give the model along with the loss"
    ):
        violations(Report(), expect())


def test_zero_is_not_reached_unless_it_is_expected():
    lora = report(lora_A="zero", lora_B="reached")
    assert failures(lora) == [(("lora_A",), "reached", "zero")]
    assert failures(lora, zero="*lora_A*") == []
    assert failures(lora, zero=[], rest="any") == [(("lora_A",), "not zero", "zero")]


def test_partial_is_looked_at_only_where_it_is_said():
    whole, partial = (
        Parameter(name=name, verdict=Verdict.REACHED, partial=name == "b") for name in "ab"
    )
    both = Report(parameters=Parameters((whole, partial)))
    assert failures(both) == []
    assert failures(both, partial=[]) == [(("b",), "not partial", "partial")]
    assert failures(both, partial="b") == []
    assert failures(both, partial="*") == [(("a",), "partial", "not partial")]


def test_without_a_trace_cut_and_unused_pass_for_each_other():
    unused = report(stem__weight="unused", head__weight="reached")
    assert failures(unused, cut="stem.*", traced=False) == []
    assert failures(unused, cut="stem.*") == [(("stem.weight",), "cut", "unused")]
    assert failures(unused, frozen="stem.*", traced=False) == [
        (("stem.weight",), "frozen", "unused")
    ]


@pytest.fixture(autouse=True)
def _outside_of_a_workflow(monkeypatch):
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)


def test_no_torch_is_needed_to_hold_a_report():
    code = (
        "import sys, gradviz.expecting.expectations, gradviz.render.violations, gradviz.tracing.assertions; assert"
        " 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
