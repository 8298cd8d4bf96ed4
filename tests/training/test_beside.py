import torch
from torch import nn

from gradviz.graph import Leaf, Place
from gradviz.training.beside import BesideModels

AT = Place("train.py", 3, "x * scale")
LEAVES = (Leaf(name="leaf (3)", shape=(3,), place=AT),)


class Net(nn.Linear):
    scale: torch.Tensor


def net_with_scale() -> Net:
    net = Net(3, 3)
    net.__dict__["scale"] = torch.ones(3, requires_grad=True)
    return net


def call(beside: BesideModels, net: Net) -> None:
    (net(torch.ones(2, 3)) * net.scale).sum().backward()
    beside.called({"net.scale": net.scale}, LEAVES, {"net": net})


def found(beside: BesideModels, *held: torch.Tensor) -> list[str]:
    return [own.name for own in beside.unregistered(frozenset(map(id, held)))]


def test_what_gets_more_gradient_at_each_call_and_stays_as_it_was_is_found():
    beside, net = BesideModels(), net_with_scale()
    call(beside, net)
    assert found(beside) == []
    call(beside, net)
    (own,) = beside.unregistered(frozenset())
    assert (own.name, own.in_module, own.place) == ("net.scale", True, AT)


def test_what_an_optimizer_holds_by_now_is_not():
    beside, net = BesideModels(), net_with_scale()
    call(beside, net)
    call(beside, net)
    assert found(beside, net.scale) == []


def test_what_somebody_takes_the_gradient_of_is_not():
    beside, net = BesideModels(), net_with_scale()
    call(beside, net)
    call(beside, net)
    beside.taken((net.scale,))
    assert found(beside) == []


def test_what_is_moved_between_calls_is_not():
    beside, net = BesideModels(), net_with_scale()
    call(beside, net)
    net.scale.data += 1
    call(beside, net)
    assert found(beside) == []


def test_what_is_made_anew_or_gets_its_gradient_anew_is_not():
    beside, net = BesideModels(), net_with_scale()
    call(beside, net)
    net.scale.grad = None
    call(beside, net)
    assert found(beside) == []


def test_what_gets_zeros_is_not():
    beside, net = BesideModels(), net_with_scale()
    for _ in range(2):
        (net(torch.ones(2, 3)) * net.scale * 0).sum().backward()
        beside.called({"net.scale": net.scale}, LEAVES, {"net": net})
    assert found(beside) == []
