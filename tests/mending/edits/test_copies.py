"""A copy of a module is shared where it is only called, and else hands its gradient on."""

import copy

import torch
from edited import edited
from torch import nn

from gradviz.mending.edits.copies import first_order, shared

CALLED = "def f(x):\n    fast = copy.deepcopy(net)\n    return fast(x)\n"
ADAPTED = CALLED.replace("return", "adapt(fast.parameters())\n    return")


def test_a_copy_that_is_only_called_is_the_module_itself():
    assert edited(shared, CALLED, 2, "deepcopy") == [CALLED.replace("copy.deepcopy(net)", "net")]


def test_a_copy_whose_parameters_are_moved_or_that_is_a_model_of_a_script_is_never_shared():
    assert edited(shared, ADAPTED, 2, "deepcopy") == []
    text = "fast = copy.deepcopy(net)\ny = fast(x)\n"
    assert edited(shared, text, 1, "deepcopy") == edited(first_order, text, 1, "deepcopy") == []


def test_an_adapted_copy_computes_with_its_own_numbers_and_hands_its_gradient_on():
    (after,) = edited(first_order, ADAPTED, 2, "deepcopy")
    net, x = nn.Linear(2, 1), torch.ones(3, 2)
    names = {"torch": torch, "copy": copy, "net": net, "adapt": _double}
    exec(after, names)
    result = names["f"](x)
    assert torch.allclose(result, 2 * net(x))
    result.sum().backward()
    assert net.weight.grad.tolist() == [[3.0, 3.0]]


def _double(parameters):
    for parameter in parameters:
        parameter.data.mul_(2)
