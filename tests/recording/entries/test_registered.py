"""Hooks are known by where torch keeps them and by torch's number of each."""

from collections import OrderedDict

import torch

from gradviz.recording.entries.registered import Registered
from gradviz.recording.reading.where import NOWHERE


def test_what_torch_keeps_the_hooks_on_a_value_in_is_told_once_while_it_is_there():
    registered = Registered()
    value = torch.ones(2, requires_grad=True) * 2
    for _ in range(2):
        registered.on_tensor(7, value.register_hook(print))
    ((number, hooks),) = registered.of_tensors()
    assert (number, len(hooks)) == (7, 2)
    del value, hooks
    assert not list(registered.of_tensors())


def test_of_hooks_on_a_node_the_lines_are_told_that_were_seen():
    registered = Registered()
    registered.on_nodes[3] = NOWHERE
    assert registered.lines(OrderedDict({2: print, 3: print})) == [NOWHERE]
