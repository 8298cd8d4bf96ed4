"""What a script does is told by its graph: what passes, what severs, what is not used."""

import pytest
import torch
from traced import cut, through, verdict

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
