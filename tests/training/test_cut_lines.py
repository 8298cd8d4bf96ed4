"""Of the lines that sever a parameter, the one that makes a term of the loss constant is named."""

from dataclasses import replace

from gradviz.facts.evidence import ConstantTerm, Evidence
from gradviz.facts.training import Fate
from gradviz.graph import Cut, CutKind, Parameter, Place, Verdict
from gradviz.training.cut_lines import named_by_terms

ADVANTAGE = Cut(kind=CutKind.DETACH, operation="detach()", file="a2c.py", line=12)
VALUE = replace(ADVANTAGE, line=13, code="value = adv.detach().pow(2).mean()")
CRITIC = Evidence(
    name="v", verdicts=(Parameter(name="v", verdict=Verdict.CUT, cuts=(ADVANTAGE, VALUE)),)
)
FATE = Fate(name="v", trains=False, why="cut", file="a2c.py", line=12)


def line(term, fate=FATE, seen=CRITIC):
    terms = [ConstantTerm(("v",), Place("a2c.py", term))] if term else []
    (named,) = named_by_terms([fate], [seen], terms)
    return named.line, named.code


def test_the_line_of_a_constant_term_is_named_before_one_that_may_be_meant():
    assert line(13) == (13, VALUE.code)
    assert line(12) == line(None) == line(20) == (12, None)


def test_a_line_in_a_library_is_named_by_the_one_that_calls_it():
    call = Place("train.py", 5, "loss = lib.value(v)")
    cut = replace(VALUE, file="lib.py", caller=call)
    seen = replace(CRITIC, verdicts=(replace(CRITIC.verdicts[0], cuts=(ADVANTAGE, cut)),))
    (named,) = named_by_terms([FATE], [seen], [ConstantTerm(("v",), call)])
    assert (named.file, named.line, named.code) == ("train.py", 5, call.code)


def test_what_does_not_train_for_another_reason_keeps_its_line():
    assert line(13, replace(FATE, why="cleared")) == (12, None)
