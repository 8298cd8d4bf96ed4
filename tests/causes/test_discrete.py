"""An integer and a choice carry no gradient, and are kinds of their own."""

import pytest
from traced import cut, through

from gradviz.causes import is_plain
from gradviz.graph import CutKind


@pytest.mark.parametrize("name", ["long", "int", "bool", "byte"])
def test_what_becomes_an_integer_is_a_cast(name):
    found = cut(through(lambda hidden: getattr(hidden * 9, name)()))
    assert (found.kind, found.operation) == (CutKind.INTEGER_CAST, f"{name}()")


@pytest.mark.parametrize("name", ["argmax", "argsort", "argmin"])
def test_an_index_is_a_choice(name):
    found = cut(through(lambda hidden: getattr(hidden, name)(1)))
    assert (found.kind, found.operation) == (CutKind.NON_DIFFERENTIABLE, f"{name}()")
    assert is_plain(found)
