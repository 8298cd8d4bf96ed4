"""What parameters are called, now and before, by identity."""

import pytest
import torch
from torch import nn

from gradviz.facts.training import Heir
from gradviz.graph import Parameter, Verdict
from gradviz.judging.model_names import names_of
from gradviz.training.identities import Identities, _successors
from gradviz.training.optimizers import Optimizers
from gradviz.training.owners import Owners


def reported(*names):
    return {name: Parameter(name=name, verdict=Verdict.REACHED) for name in names}


@pytest.fixture
def identities():
    return Identities(Owners())


def test_a_parameter_that_was_reported_on_has_its_name_and_its_size(identities):
    net = nn.Linear(2, 3)
    roots = {"net": net}
    tensors = identities.take(reported("net.weight"), names_of(roots), roots)
    assert [*map(id, tensors)] == [id(net.weight)]
    assert identities.names == {id(net.weight): "net.weight"}
    assert identities.numels == {"net.weight": 6}
    assert [*map(id, identities.parameters())] == [id(net.weight), id(net.bias)]


def test_models_are_held_weakly(identities):
    roots = {"net": nn.Linear(2, 3)}
    identities.take(reported("net.weight"), names_of(roots), roots)
    roots.clear()
    assert [*identities.parameters()] == []


def test_what_is_gone_is_forgotten(identities):
    net = nn.Linear(2, 3)
    roots = {"net": net}
    identities.take(reported("net.weight", "net.bias"), names_of(roots), roots)
    identities.keep({id(net.bias)})
    assert identities.names == {id(net.bias): "net.bias"}


def test_a_tensor_that_left_its_model_keeps_its_name_unless_another_stands_there(identities):
    net, roots = nn.Linear(2, 3), {}
    roots["net"] = net
    names = ("net.weight", "net.bias")
    identities.take(reported(*names), names_of(roots), roots)
    old = net.weight
    net.weight = nn.Parameter(old.detach().clone())
    after = {"net": net, "parameter 1": old}
    assert identities.renamed(after, names_of(after)) == {"net": net}
    del net.weight
    without = {"net": net, "parameter 1": old}
    assert identities.renamed(without, names_of(without)).keys() == {"net", "net.weight"}


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (["a.weight", "a.bias"], ["a.weight"]),
        (["a.weight_g", "a.weight_v", "a.bias"], ["a.weight_g", "a.weight_v"]),
        (["a.parametrizations.weight.original"], ["a.parametrizations.weight.original"]),
        (["b.weight"], []),
    ],
)
def test_where_a_parameter_stood_it_stands_or_what_it_is_made_of(now, found):
    assert _successors("a.weight", now) == found


def test_what_went_with_its_module_is_gone_unless_an_optimizer_holds_it(identities):
    optimizers = Optimizers(lambda optimizer, number: None)
    layers = [nn.Linear(2, 3), nn.Linear(3, 1)]
    roots = {"net": nn.Sequential(*layers)}
    identities.take(reported("net.0.weight"), names_of(roots), roots)
    keys = {id(parameter) for parameter in layers[1].parameters()}
    roots.clear()
    assert identities.gone(optimizers) == frozenset()  # the layers are still there
    held = list(layers.pop().parameters())
    assert identities.gone(optimizers) == keys
    optimizer = torch.optim.SGD(held, lr=0.1)
    optimizers.record(optimizer)
    assert identities.gone(optimizers) == frozenset()


def test_what_joins_a_model_is_told_from_a_model_that_is_new(identities):
    net = nn.Sequential(nn.Linear(2, 2))
    identities.take(reported("net.0.weight", "net.0.bias"), names_of({"net": net}), {"net": net})
    assert identities.joined == []
    net.append(nn.Linear(2, 2, bias=False))
    other = nn.Linear(1, 1)
    roots = {"net": net, "other": other}
    names = ("net.0.weight", "net.0.bias", "net.1.weight", "other.weight", "other.bias")
    identities.take(reported(*names), names_of(roots), roots)
    assert [id(one) for one in identities.joined] == [id(net[1].weight)]


def test_what_stands_where_an_optimizer_s_own_stood_is_stale_in_that_optimizer(identities):
    net = nn.Linear(2, 3)
    roots, names = {"net": net}, ("net.weight", "net.bias")
    identities.take(reported(*names), names_of(roots), roots)
    optimizers = Optimizers(lambda *_: None)
    one, other = (torch.optim.SGD([own], 0.1) for own in (net.weight, net.bias))
    net.weight = nn.Parameter(net.weight.detach().clone())
    identities.take(reported(*names), names_of(roots), roots)
    assert identities.stale_in(other, optimizers) == []
    assert identities.stale_in(one, optimizers) == ["net.weight"]
    assert identities.stale_in(other, optimizers) == []


def test_what_was_made_of_a_parameter_that_no_model_has_is_inherited_where_it_is_held():
    owners = Owners()
    owners.begin()
    net = nn.Linear(2, 3)
    owners.end()
    identities, optimizers = Identities(owners), Optimizers(lambda *_: None)
    flat, old = nn.Parameter(torch.ones(9)), [*net.parameters()]
    roots, names = {"net": net, "flat": flat}, ("net.weight", "net.bias", "flat")
    tensors = identities.take(reported(*names), names_of(roots), roots)
    net._parameters.clear()
    heirs = dict.fromkeys(names[:2], Heir("flat", None))
    optimizers.made(torch.optim.SGD(old, lr=0.1), None, 0)
    holding = torch.optim.SGD(old, lr=0.1)
    optimizers.made(holding, None, 0)
    identities.inherit(tensors, heirs, optimizers)
    assert not identities.is_inherited(id(old[0]), optimizers)
    holding.add_param_group({"params": [flat]})
    assert identities.is_inherited(id(old[0]), optimizers)
    assert not identities.is_inherited(id(flat), optimizers)
