"""Tensors: their memory, what they are views of, how often they were written to."""

import pytest
import torch

from gradviz.recording import torch_inside


def test_tensors_that_share_memory_have_one_address():
    tensor = torch.ones(4)
    address = torch_inside.storage_address(tensor)
    assert address == torch_inside.storage_address(tensor[2:].detach())
    assert address != torch_inside.storage_address(torch.ones(4))
    assert torch_inside.implementation(tensor) != torch_inside.implementation(tensor[:])


def test_a_tensor_without_memory_raises_as_torch_does():
    with pytest.raises((NotImplementedError, RuntimeError)):
        torch_inside.storage_address(torch.eye(2).to_sparse())


def test_there_is_no_data_behind_what_is_on_the_meta_device():
    assert torch_inside.has_data(torch.ones(1).untyped_storage())
    assert not torch_inside.has_data(torch.ones(1, device="meta").untyped_storage())
    assert not torch_inside.has_data(torch.ones(0).untyped_storage())


def test_a_view_knows_its_base():
    tensor = torch.ones(4)
    assert torch_inside.view_base(tensor[1:][1:]) is tensor
    assert torch_inside.view_base(tensor) is None


def test_writes_are_counted_and_the_count_is_put_back():
    tensor = torch.ones(1)
    before = torch_inside.version(tensor)
    tensor.add_(1)
    assert torch_inside.version(tensor) == before + 1
    torch_inside.set_version(tensor, before)
    assert torch_inside.version(tensor) == before
    torch_inside.set_version(tensor, None)
    assert torch_inside.version(tensor) == before


def test_detach_is_torchs_own_whatever_a_script_has_put_in_its_place(monkeypatch):
    weight = torch.ones(1, requires_grad=True)
    monkeypatch.setattr(torch.Tensor, "detach", lambda tensor: None, raising=False)
    assert not torch_inside.detach(weight).requires_grad
