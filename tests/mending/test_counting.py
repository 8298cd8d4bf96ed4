"""What each module keeps for a backward is counted up to the call that was asked for."""

import pytest
import torch
from torch import nn

from gradviz.mending.counting import Counting
from gradviz.mending.order import Experiment

FLOAT = 4


def counted(backward=1, **experiment):
    """Count a script of two backward calls over a net of two layers."""
    net = nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 2))
    counting, calls = Counting(Experiment(backward=backward, **experiment)), []
    with counting:
        try:
            for _ in range(2):
                net(torch.ones(4, 3)).square().sum().backward()
                calls.append(1)
        except SystemExit:
            pass
    return counting.kept, len(calls)


def test_the_script_ends_at_the_call_that_was_asked_for():
    assert counted(backward=1)[1] == 0
    kept, calls = counted(backward=2)
    assert calls == 1
    assert kept.code == "net(torch.ones(4, 3)).square().sum().backward()"
    assert counted(backward=3) == (None, 2)


def test_each_module_has_what_it_keeps_and_lies_in_another():
    kept, _ = counted()
    by_path = {part.path: part for part in kept.parts}
    assert by_path["net.0"].bytes == 4 * 3 * FLOAT
    assert by_path["net.1"].bytes == 4 * 5 * FLOAT
    assert by_path[""].bytes == 4 * 2 * FLOAT  # the square, in no module
    assert kept.parts[by_path["net.0"].parent].path == "net"
    assert kept.reached == 4


@pytest.mark.parametrize("change", ["freeze", "no_grad"])
def test_a_module_that_is_changed_keeps_less(change):
    whole, _ = counted()
    changed, _ = counted(change=change, runs_first=0, path="0")
    assert changed.bytes < whole.bytes
    assert changed.reached == 2


def test_hooks_and_grad_mode_are_as_they_were():
    counted(change="no_grad", runs_first=0, path="0")
    assert torch.is_grad_enabled()
    loss = nn.Linear(1, 1)(torch.ones(1, 1)).sum()
    loss.backward()
