"""Which model stands where another stood that an optimizer still holds."""

import torch
from torch import nn

from gradviz.judging.model_names import names_of
from gradviz.running.names import is_nameless
from gradviz.running.successors import successors


def with_gradient(module):
    for parameter in module.parameters():
        parameter.grad = torch.ones_like(parameter)
    return module


def found(optimizer, **models):
    old = {
        f"SGD.param_groups[0].params[{position}]": tensor
        for position, tensor in enumerate(optimizer.param_groups[0]["params"])
    }
    roots = {**models, **old}
    return [
        (name, alike)
        for _, name, _, alike in successors(roots, names_of(roots), {"optimizer": optimizer})
    ]


def stepping(module):
    return torch.optim.SGD(module.parameters(), lr=0.1)


def test_nameless_are_the_tensors_that_nothing_leads_to():
    assert is_nameless("SGD.param_groups[0].params[1]")
    assert not is_nameless("model")


def test_a_model_of_the_same_shapes_that_gets_the_gradient_is_the_successor():
    optimizer = stepping(nn.Linear(2, 3))
    assert found(optimizer, model=with_gradient(nn.Linear(2, 3))) == [("model", True)]


def test_one_of_other_sizes_may_be_another_model():
    optimizer = stepping(nn.Linear(2, 3))
    assert found(optimizer, model=with_gradient(nn.Linear(5, 3))) == [("model", False)]


def test_one_without_gradient_and_one_of_two_are_none():
    optimizer = stepping(nn.Linear(2, 3))
    assert found(optimizer, model=nn.Linear(2, 3)) == []
    two = {"a": with_gradient(nn.Linear(2, 3)), "b": with_gradient(nn.Linear(2, 3))}
    assert found(optimizer, **two) == []


def test_what_an_optimizer_steps_with_gradient_is_not_given_up():
    model = with_gradient(nn.Linear(2, 3))
    assert found(stepping(model), other=with_gradient(nn.Linear(2, 3))) == []


def test_one_of_the_same_shapes_may_get_gradient_in_part():
    two = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    with_gradient(two[1])
    assert found(stepping(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))), model=two) == [
        ("model", True)
    ]
    wide = nn.Sequential(nn.Linear(5, 3), with_gradient(nn.Linear(3, 1)))
    assert found(stepping(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))), model=wide) == []
