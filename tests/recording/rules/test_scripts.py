"""What a script does is told by its graph: what passes, what severs, what is not used."""

import pytest
import torch
from traced import cut, through, verdict

from gradviz.facts.blocks import cuts_by_block
from gradviz.graph import CutKind, Verdict

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def passes():
    @torch.jit.script
    def scaled(x):
        return torch.tanh(x) * 2

    return scaled


@pytest.fixture(scope="module")
def severs():
    @torch.jit.script
    def held(x):
        return x.detach() * 2

    return held


def test_what_passes_gradient_is_reached(passes):
    assert verdict(through(passes)) is Verdict.REACHED


def test_what_severs_is_named_and_said_to_be_in_a_script(severs):
    found = cut(through(severs))
    assert (found.kind, found.operation) == (CutKind.DETACH, "detach() in TorchScript")


def test_a_block_of_compiled_text_is_named_where_the_text_stands_and_where_it_is_called():
    unit = torch.jit.CompilationUnit("""
def mix(h):
    with torch.no_grad():
        context = h.mean(0) * 2
    return context
""")
    (found,) = cuts_by_block([cut(through(lambda hidden: unit.mix(hidden)))])
    assert (found.kind, found.code) == (CutKind.NO_GRAD, "with torch.no_grad():")
    assert [place.code for place in found.within] == ["context = h.mean(0) * 2"]
    assert "unit.mix(hidden)" in found.caller.code


def test_text_whose_line_stands_twice_is_named_by_the_line_that_calls_it():
    unit = torch.jit.CompilationUnit("""
def double(h):
    y = h.detach()
    return y * 2

def triple(h):
    y = h.detach()
    return y * 3
""")
    found = cut(through(lambda hidden: unit.double(hidden)))
    assert "unit.double(hidden)" in found.code
