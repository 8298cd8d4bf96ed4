"""What a collective wrote comes from what went in, and is severed there."""

import sys

import torch
from tapes import recorder

from gradviz.graph import CutKind
from gradviz.recording.inputs import inputs_of
from gradviz.recording.rules.communicated import communicated


def test_each_tensor_that_was_written_has_it():
    watch = recorder()
    live = torch.ones(2, requires_grad=True) * 2
    outs = [torch.zeros(2), torch.zeros(2)]
    communicated(watch, "all_gather", outs, [live], sys._getframe())
    for out in outs:
        ((number, alive),) = inputs_of(watch, (out,), {})
        assert watch.tape.calls[number].kind is CutKind.COLLECTIVE
        assert not alive


def test_of_plain_numbers_nothing_is_noted():
    watch = recorder()
    out = torch.zeros(2)
    communicated(watch, "all_gather", [out], [torch.ones(2)], sys._getframe())
    assert inputs_of(watch, (out,), {}) == ()
