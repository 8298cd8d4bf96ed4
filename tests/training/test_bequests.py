"""What stands for parameters that an optimizer holds and no model has any more."""

import pytest
import torch
from torch import nn

from gradviz.facts.training import Heir
from gradviz.graph import Place
from gradviz.training.bequests import Bequests
from gradviz.training.optimizers import Optimizers
from gradviz.training.owners import Owners

HEIRS = dict.fromkeys(("net.weight", "net.bias"), Heir("flat", Place("t.py", 3, "flat = ...")))


class Scene:
    """A layer that was flattened, and an optimizer of its former parameters."""

    def __init__(self):
        owners = Owners()
        owners.begin()
        self.net = nn.Linear(2, 3)
        owners.end()
        self.flat = nn.Parameter(torch.cat([p.data.flatten() for p in self.net.parameters()]))
        self.flat.grad = torch.ones_like(self.flat)
        self.old = dict(self.net.named_parameters(prefix="net"))
        self.named = {**self.old, "flat": self.flat}
        self.names = {id(tensor): name for name, tensor in self.named.items()}
        self.optimizers = Optimizers(lambda key, number: None)
        self.optimizer = self.steps(self.net.parameters())
        self.bequests = Bequests(owners)

    def steps(self, parameters):
        optimizer = torch.optim.SGD(parameters, lr=0.1)
        self.optimizers.made(optimizer, None, 0)
        return optimizer

    def take(self, heirs, there=()):
        self.bequests.take(self.named, there, heirs, self.optimizers)
        return dict(self.bequests.stale(self.names, self.optimizers))


@pytest.fixture
def scene():
    return Scene()


def test_what_was_left_and_what_stands_for_it_are_stale(scene):
    stale = scene.take(HEIRS)
    assert stale.keys() == {"net.weight", "net.bias", "flat"}
    key = id(scene.net.weight)
    assert stale["net.weight"] == (key, id(scene.optimizer))
    assert scene.bequests.line_of(key).line == 3
    assert not scene.bequests.is_inherited(key, scene.names, scene.optimizers)


def test_a_vector_as_large_as_all_that_gets_no_gradient_was_made_of_it(scene):
    assert scene.take({}).keys() == {"net.weight", "net.bias", "flat"}


def test_a_vector_of_another_size_was_not(scene):
    scene.named["flat"] = nn.Parameter(torch.ones(4))
    assert scene.take({}) == {}


def test_what_a_model_has_still_is_not_left(scene):
    assert scene.take(HEIRS, there=set(map(id, scene.net.parameters()))) == {}


def test_what_is_fed_by_hand_is_not_stale(scene):
    scene.take(HEIRS)
    for parameter in scene.net.parameters():
        parameter.grad = torch.ones_like(parameter)
    assert dict(scene.bequests.stale(scene.names, scene.optimizers)) == {}


def test_zeros_feed_nothing(scene):
    for parameter in scene.net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    assert scene.take(HEIRS).keys() == {"net.weight", "net.bias", "flat"}


def test_what_another_optimizer_holds_is_inherited(scene):
    other = scene.steps([scene.flat])
    assert scene.take(HEIRS).keys() == {"net.weight", "net.bias"}
    assert scene.bequests.is_inherited(id(scene.net.bias), scene.names, scene.optimizers)
    assert other.param_groups[0]["params"][0] is scene.flat


def test_what_is_gone_is_forgotten(scene):
    scene.take(HEIRS)
    scene.bequests.keep({id(scene.net.bias)})
    assert not scene.bequests.is_left(id(scene.net.weight))
    assert scene.bequests.is_left(id(scene.net.bias))
