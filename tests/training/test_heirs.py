"""What was made of the values of parameters, as the graph of a loss shows it."""

import torch
from torch import nn

import gradviz
from gradviz.facts.training import Heir
from gradviz.training.heirs import find_heirs


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


def test_a_leaf_holds_values_as_they_were_or_what_was_computed_of_them():
    with gradviz.trace() as trace:
        kept, used = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2))
        vector = nn.Parameter(kept.detach().reshape(-1).clone())
        image = used.exp().detach().requires_grad_()
        heirs = heirs_of(vector.sum() + image.sum(), {"kept": kept, "used": used}, trace)
    assert heirs["kept"].is_copy
    assert not heirs["used"].is_copy
