"""Collectives are watched where torch.distributed is in use, by what they write and read."""

import torch.distributed

from gradviz.recording.seams.collectives import _COLLECTIVES, seams


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
