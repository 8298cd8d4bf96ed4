"""A function that somebody put in the place of torch's runs once."""

import sys

import torch

from gradviz.recording.replaced import original_of


def mine(self, *args, **kwargs):
    return torch.Tensor.relu(self)


def test_torch_s_own_functions_are_what_they_are():
    frame = sys._getframe()
    for function in (torch.Tensor.mul, torch.relu, torch.Tensor.backward, torch.nn.functional.relu):
        assert original_of(function, frame) is function


def test_what_stands_for_a_method_in_c_is_that_method(monkeypatch):
    original = torch.Tensor.sigmoid
    monkeypatch.setattr(torch.Tensor, "sigmoid", mine, raising=False)
    found = original_of(mine, sys._getframe())
    assert found(torch.zeros(1)).tolist() == original(torch.zeros(1)).tolist() == [0.5]


def test_a_function_of_the_user_s_that_stands_for_nothing_is_itself():
    assert original_of(mine, sys._getframe()) is mine
