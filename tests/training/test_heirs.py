"""What was made of the values of parameters, as the graph of a loss shows it."""

import copy

import torch
from torch import nn

import gradviz
from gradviz.facts.training import Heir
from gradviz.training.heirs import find_copies, find_heirs, find_rebound


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


def test_the_parameters_of_a_deep_copy_are_copies_made_at_its_line():
    with gradviz.trace() as trace:
        first = nn.Linear(3, 2)
        second = copy.deepcopy(first)
        loss = second(torch.ones(1, 3)).sum()
        loss.backward()
    copies = find_copies(trace.report(loss, {"first": first, "second": second}).graph)
    assert {name: original for name, (original, _) in copies.items()} == {
        "second.weight": "first.weight",
        "second.bias": "first.bias",
    }
    assert {place.code for _, place in copies.values()} == {"second = copy.deepcopy(first)"}


def test_two_models_of_the_same_shapes_are_no_copies():
    with gradviz.trace() as trace:
        first, second = nn.Linear(3, 2), nn.Linear(3, 2)
        loss = (second(torch.ones(1, 3)) - first(torch.ones(1, 3)).detach()).sum()
        loss.backward()
    assert not find_copies(trace.report(loss, {"first": first, "second": second}).graph)


def rebound(update):
    """Return what is found in the second call of a script that trains ``w`` so."""
    w = torch.ones(3, requires_grad=True)
    with gradviz.trace() as trace:
        for _ in range(2):
            loss = (w * torch.arange(3.0)).square().sum()
            loss.backward()
            last, w = w, update(w)
        return find_rebound(trace.report(loss, {"w": last}).graph)


def test_a_tensor_less_its_gradient_is_the_tensor_anew():
    found = rebound(lambda w: (w - 0.1 * w.grad).detach().requires_grad_())
    assert found["w"].code.endswith("requires_grad_())")
    assert "w" in rebound(lambda w: torch.nn.Parameter(w.data - 0.1 * w.grad / w.grad.norm()))


def test_what_is_made_of_other_things_is_another():
    assert not rebound(lambda w: torch.ones(3, requires_grad=True))
    assert not rebound(lambda w: w.detach().clone().requires_grad_())
    assert not rebound(lambda w: (0.1 * w.grad).detach().requires_grad_())
