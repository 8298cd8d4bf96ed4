"""Each comparison is written by the name of its function, and explained as a comparison."""

import operator

import pytest
import torch
from traced import cut, through

from gradviz.causes import explain
from gradviz.graph import CutKind

OF_TWO = "gt lt ge le eq ne greater less greater_equal less_equal isclose logical_and logical_or"
OF_ONE = "logical_not isnan isfinite"


def compared(report, operation):
    found = cut(report)
    assert (found.kind, found.operation) == (CutKind.NON_DIFFERENTIABLE, operation)
    assert explain(found).meaning.startswith("A comparison gives True or False")


@pytest.mark.parametrize("name", OF_TWO.split())
def test_a_function_of_two_is_a_comparison(name):
    other = torch.full((4, 3), 0.1)
    compared(through(lambda hidden: getattr(torch, name)(hidden, other)), f"{name}()")


@pytest.mark.parametrize("name", OF_ONE.split())
def test_a_question_about_one_is_a_comparison(name):
    compared(through(getattr(torch, name)), f"{name}()")


@pytest.mark.parametrize("name", ["gt", "lt", "ge", "le", "eq", "ne"])
def test_a_sign_between_two_is_a_comparison(name):
    report = through(lambda hidden: getattr(operator, name)(hidden, 0.1))
    assert cut(report).operation in (f"{name}()", f"__{name}__()")
    compared(report, cut(report).operation)
