"""What the stack says is worked out once for each place, and is the same object there."""

import sys

import torch
from torch import nn

from gradviz.recording.reading.stacks import Stacks


class Net(nn.Module):
    def __init__(self, stacks):
        super().__init__()
        self.stacks, self.inner = stacks, nn.Identity()

    def forward(self, x):
        self.said = self.stacks.look_around(sys._getframe())
        return x


def test_a_loop_gets_the_same_answer_and_another_line_another():
    stacks = Stacks(lambda module: 0)
    first, second = (stacks.look_around(sys._getframe()) for _ in range(2))
    other = stacks.look_around(sys._getframe())
    assert first is second
    assert other is not first
    assert other.spot != first.spot


def test_the_innermost_module_is_told_by_its_number_and_not_held():
    numbers = {}
    stacks = Stacks(lambda module: numbers.setdefault(id(module), len(numbers) + 5))
    net = Net(stacks)
    net(torch.ones(1))
    assert net.said.spot.module == 5
    assert net.said.module is None


def test_outside_of_any_module_there_is_none():
    assert Stacks(lambda module: 0).look_around(sys._getframe()).spot.module == -1


def test_blocks_of_one_place_are_alike_and_those_of_two_are_not():
    stacks = Stacks(lambda module: 0)
    alike = [stacks.look_at_switch(sys._getframe()).like for _ in range(2)]
    assert alike[0] is alike[1]
    assert stacks.look_at_switch(sys._getframe()).like is not alike[0]
