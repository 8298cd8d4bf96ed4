"""Two tensors that were swapped have each other's history."""

import torch
from tapes import call
from traced import X, report_of, verdict

from gradviz.graph import CutKind, Verdict
from gradviz.recording.seams.swapped import swapped
from gradviz.recording.tape import Tape


def verdict_of(read):
    def step(net):
        dead, other = net.first(X).detach(), torch.ones(4, 3)
        torch.utils.swap_tensors(dead, other)
        return net.last(other if read == "other" else dead).sum()

    return verdict(report_of(step))


def test_the_value_goes_with_what_it_is():
    assert verdict_of("other") is Verdict.CUT
    assert verdict_of("dead") is Verdict.UNUSED


def test_origins_and_aliases_change_places():
    tape = Tape()
    first, second = torch.ones(2), torch.zeros(2)
    number = tape.call(call(tape, 900))
    tape.set_origin(first, number)
    tape.set_alias(second, CutKind.DATA)
    before = tape.tensors.find(first), tape.tensors.find(second)
    torch.utils.swap_tensors(first, second)
    swapped(tape, (first, second), before)
    assert (tape.origin(first), tape.origin(second)) == (None, number)
    assert (tape.alias(first), tape.alias(second)) == (CutKind.DATA, None)


def test_of_tensors_that_nothing_is_known_of_nothing_is_known_afterwards():
    tape = Tape()
    first, second = torch.ones(2), torch.zeros(2)
    swapped(tape, (first, second), (None, None))
    assert tape.origin(first) is tape.origin(second) is None
