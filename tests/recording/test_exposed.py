"""Memory that was given out is known to have been written by something beside torch."""

import sys

import numpy as np
import torch

from gradviz.recording.exposed import Exposed

SITE = (sys._getframe().f_code, 0)


def changed(exposed, *tensors):
    return [*map(id, (tensor for tensor, _ in exposed.changed(tensors)))]


def test_a_write_through_an_array_is_seen_once():
    tensor, exposed = torch.zeros(4), Exposed()
    array = tensor.numpy()
    exposed.expose(tensor, SITE, 7)
    assert changed(exposed, tensor) == []
    array[1] = 1.0
    assert changed(exposed, tensor) == [id(tensor)]
    assert changed(exposed, tensor) == []


def test_a_write_of_torch_is_none():
    tensor, exposed = torch.zeros(4), Exposed()
    exposed.expose(tensor, SITE, 7)
    tensor.add_(1)
    exposed.wrote(tensor)
    assert changed(exposed, tensor) == []


def test_a_view_in_a_list_is_looked_at_as_well():
    tensor, exposed = torch.zeros(4), Exposed()
    exposed.expose(tensor, SITE, 7)
    tensor.numpy()[3] = 1.0
    view = tensor[:2]
    assert changed(exposed, [view]) == [id(view)]


def test_of_memory_that_is_large_some_pieces_are_kept():
    tensor, exposed = torch.zeros(100_000), Exposed()
    exposed.expose(tensor, SITE, 7)
    np.asarray(tensor)[:] = 1.0
    assert changed(exposed, tensor) == [id(tensor)]


def test_another_tensor_over_the_same_memory_is_known_by_the_call_that_gave_it_out():
    tensor, exposed = torch.zeros(4), Exposed()
    array = tensor.numpy()
    exposed.expose(tensor, SITE, 7)
    assert exposed.given_out(torch.from_numpy(array)) == 7
    assert exposed.given_out(torch.zeros(4)) == 0


def test_memory_that_is_gone_is_forgotten():
    exposed = Exposed()
    tensor = torch.zeros(4)
    exposed.expose(tensor, SITE, 7)
    del tensor
    assert not exposed.windows


def test_what_has_no_memory_here_is_not_given_out():
    exposed = Exposed()
    exposed.expose(torch.zeros(4, device="meta"), SITE, 7)
    assert not exposed.windows
    assert exposed.given_out(torch.zeros(4, device="meta")) == 0
