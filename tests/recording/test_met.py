"""Which memory was met."""

import gc

import torch

from gradviz.recording.met import Met


def test_memory_is_new_once_by_whatever_tensor():
    met, tensor = Met(), torch.ones(4)
    assert met.is_new(tensor)
    assert not met.is_new(tensor)
    assert not met.is_new(tensor[2:])
    assert met.is_new(torch.ones(4))


def test_memory_that_something_beside_torch_may_write_is_new_again():
    met, first, second = Met(), torch.ones(4), torch.ones(4)
    met.is_new(first), met.is_new(second)
    met.forget(first[1:])
    assert met.is_new(first)
    assert not met.is_new(second)
    met.forget_all()
    assert met.is_new(first)
    assert met.is_new(second)


def test_a_tensor_without_memory_of_its_own_is_never_new():
    met, sparse = Met(), torch.eye(2).to_sparse()
    assert not met.is_new(sparse)
    met.forget(sparse)


def test_nothing_is_kept_of_memory_that_is_gone():
    met = Met()
    met.is_new(torch.ones(4))
    gc.collect()
    assert met._storages == {}
