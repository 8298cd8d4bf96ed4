"""Whether somebody has read from what an optimizer is given is seen, and nothing is read."""

import itertools

import pytest
import torch
from torch import nn

from gradviz.recording.generators import has_begun

NET, OTHER = nn.Linear(2, 2), nn.Linear(3, 3)
ITERATORS = {
    "parameters": NET.parameters,
    "filter": lambda: filter(lambda weight: weight.requires_grad, NET.parameters()),
    "map": lambda: map(torch.Tensor.detach, NET.parameters()),
    "chain": lambda: itertools.chain(NET.parameters(), OTHER.parameters()),
    "chain.from_iterable": lambda: itertools.chain.from_iterable(
        net.parameters() for net in (NET, OTHER)
    ),
    "filter over chain": lambda: filter(torch.is_tensor, itertools.chain(NET.parameters())),
}


@pytest.mark.parametrize("made", ITERATORS.values(), ids=ITERATORS)
def test_a_generator_has_begun_once_something_was_taken_from_it(made):
    fresh, begun, all_of_it = made(), made(), list(made())
    assert not has_begun(fresh)
    assert len(list(fresh)) == len(all_of_it)  # looking at it took nothing
    next(begun)
    assert has_begun(begun)
    assert has_begun([{"params": begun, "lr": 0.1}])
    assert len(list(begun)) == len(all_of_it) - 1


def test_what_can_be_read_again_never_has_begun():
    assert not has_begun(list(NET.parameters()))
    assert not has_begun([{"params": NET.parameters()}, {"params": [NET.weight]}])
    assert not has_begun(None)
