"""Collectives are watched where torch.distributed is in use, by what they write and read."""

import sys

import torch
import torch.distributed
from tapes import recorder

from gradviz.graph import CutKind
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.seams.collectives import _COLLECTIVES, communicated, seams


def test_each_stands_in_both_places_that_it_is_called_from():
    owners = {}
    for seam in seams():
        owners.setdefault(seam.name, set()).add(seam.owner.__name__)
    expected = {"torch.distributed", "torch.distributed.distributed_c10d"}
    assert owners["all_gather"] == expected
    assert owners.keys() <= _COLLECTIVES.keys()


def test_what_is_written_and_what_is_read_are_arguments_of_it():
    import inspect

    for name, places in _COLLECTIVES.items():
        function = getattr(torch.distributed, name, None)
        if function is None:
            continue
        parameters = [*inspect.signature(function).parameters]
        for position, label in places:
            assert parameters[position] == label, name


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
