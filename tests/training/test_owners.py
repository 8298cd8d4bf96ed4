"""Which module held which parameter under which name, and which line put it there."""

import sys

import pytest
import torch
from torch import nn

from gradviz.training.owners import Owners


@pytest.fixture
def owners():
    made = Owners()
    made.begin()
    yield made
    made.end()


def test_a_parameter_has_the_name_that_its_place_has(owners):
    net = nn.ModuleDict({"body": nn.Sequential(nn.Linear(2, 2))})
    weight = net["body"][0].weight
    assert owners.name_of(id(weight), {id(net): "net"}) == "net.body.0.weight"
    assert owners.name_of(id(weight), {}) is None
    assert owners.is_of_module(id(weight))
    assert not owners.is_of_module(id(torch.ones(1)))


def test_what_stands_where_another_stood_was_put_there_by_a_line(owners):
    net = nn.Linear(2, 2)
    old = net.weight
    net.weight = nn.Parameter(torch.zeros(2, 2))
    place = owners.replaced_at(id(net.weight), id(old), {id(net): "net"})
    assert place.code == "net.weight = nn.Parameter(torch.zeros(2, 2))"


def test_what_is_tied_elsewhere_still_was_replaced_where_it_stood(owners):
    net, head = nn.Embedding(3, 2), nn.Linear(2, 3, bias=False)
    head.weight = old = net.weight
    moment = owners.moment()
    net.weight = nn.Parameter(torch.zeros(3, 2))
    assert owners.put_in_place_of(id(net.weight), moment) == id(old)
    assert owners.put_in_place_of(id(net.weight), owners.moment()) is None
    assert owners.put_in_place_of(id(head.weight), moment) is None
    place = owners.replaced_at(id(net.weight), id(old), {})
    assert place.code == "net.weight = nn.Parameter(torch.zeros(3, 2))"


def test_a_module_that_was_replaced_replaces_its_parameters(owners):
    net = nn.Sequential(nn.Linear(2, 2))
    old = net[0].weight
    net[0] = nn.Linear(2, 2)
    place = owners.replaced_at(id(net[0].weight), id(old), {id(net): "net"})
    assert place.code == "net[0] = nn.Linear(2, 2)"


def test_what_came_into_a_model_later_was_born_later(owners):
    first = nn.Linear(2, 2)
    moment = owners.moment()
    net = nn.Sequential(nn.Linear(2, 2))
    assert owners.born(id(first.weight)) < moment < owners.born(id(net[0].weight))
    assert owners.born(id(torch.ones(1))) is None


def test_what_came_when_nobody_looked_was_born_after_the_last_look(owners):
    first, late = nn.Linear(2, 2), nn.Parameter(torch.ones(1))
    owners.end()
    moment = owners.moment()
    owners.came([first.weight, late])
    assert owners.born(id(first.weight)) < owners.born(id(late)) < moment
    owners.keep(())
    assert owners.born(id(late)) is None


def test_the_line_that_made_a_frozen_parameter_is_known(owners):
    frozen = nn.Parameter(torch.ones(1), requires_grad=False)
    owners.created(frozen, sys._getframe())
    assert owners.frozen_at(id(frozen)).code == "owners.created(frozen, sys._getframe())"
    live = nn.Parameter(torch.ones(1))
    owners.created(live, sys._getframe())
    assert owners.frozen_at(id(live)) is None


def test_a_module_inside_itself_has_an_end(owners):
    net = nn.Linear(2, 2)
    net._modules["again"] = net
    owners._module(net, "again", net)
    assert owners.name_of(id(net.weight), {}) is None
    assert owners.born(id(net.weight)) is not None


def test_nothing_is_taken_note_of_once_it_has_ended():
    owners = Owners()
    owners.begin()
    owners.end()
    net = nn.Linear(2, 2)
    assert not owners.is_of_module(id(net.weight))


def test_the_outermost_module_that_had_a_parameter_is_known_as_long_as_it_is_there(owners):
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 2)))
    weight = net[0][0].weight
    del net[0][0].weight
    assert owners.outermost(id(weight)) is net
    del net
    assert owners.outermost(id(weight)) is None
