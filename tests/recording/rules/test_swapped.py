"""Two tensors that exchange what they are exchange where they come from."""

import torch
from tapes import call

from gradviz.graph import CutKind
from gradviz.recording.rules.swapped import swapped
from gradviz.recording.tape import Tape


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
