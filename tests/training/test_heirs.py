"""What was made of the values of parameters, as the graph of a loss shows it."""

import torch
from torch import nn

import gradviz
from gradviz.training.heirs import Heir, find_heirs


def heirs_of(loss, model, trace):
    loss.backward()
    return find_heirs(trace.report(loss, model).graph)


def test_a_leaf_made_of_parameters_stands_for_them():
    with gradviz.trace() as trace:
        net = nn.Linear(2, 2)
        old = {"weight": net.weight, "bias": net.bias}
        flat = nn.Parameter(torch.cat([p.data.flatten() for p in old.values()]))
        heirs = heirs_of(flat.square().sum(), {**old, "flat": flat}, trace)
    assert heirs.keys() == old.keys()
    assert {heir.name for heir in heirs.values()} == {"flat"}
    assert "flat = nn.Parameter(" in heirs["weight"].place.code


def test_a_leaf_without_a_name_stands_for_them_too():
    with gradviz.trace() as trace:
        old = nn.Parameter(torch.ones(2))
        made = old.detach().clone().requires_grad_()
        heirs = heirs_of(made.sum(), {"old": old}, trace)
    assert heirs["old"].name == ""
    assert "detach().clone()" in heirs["old"].place.code


def test_what_gets_gradient_itself_or_is_cut_off_for_good_has_no_heir():
    with gradviz.trace() as trace:
        own, cut = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
        heirs = heirs_of((own * cut.detach()).sum(), {"own": own, "cut": cut}, trace)
    assert heirs == {}
    assert Heir("").place is None
