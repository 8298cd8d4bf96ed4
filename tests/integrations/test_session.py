"""What every callback takes is checked as it is made, and a training run is watched to its end."""

import pytest
import torch
from torch import nn

from gradviz.errors import OutputError
from gradviz.integrations.session import Reporting, Session, _inner
from gradviz.running import backwards
from gradviz.running.settings import Settings


@pytest.mark.parametrize("backward", [(), (0,), (3, -1)])
def test_numbers_of_calls_count_from_1(backward):
    with pytest.raises(ValueError, match="count from 1"):
        Reporting(backward)


def test_a_file_whose_name_tells_no_format_is_refused(tmp_path):
    with pytest.raises(OutputError, match="unknown format"):
        Reporting(output=tmp_path / "report.xyz")


def test_the_optimizer_inside_of_what_wraps_it_is_taken():
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)

    class Wrapper:
        pass

    outer, inner = Wrapper(), Wrapper()
    outer.optimizer, inner.optimizer = inner, optimizer
    assert _inner(inner) is optimizer
    assert _inner(optimizer) is optimizer


def test_a_run_is_watched_and_nothing_stays_watched_after_it():
    net = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    session, backward = Session(Settings(backward=(1,), one_voice=True)), torch.Tensor.backward
    session.begin(net, lambda: [optimizer])
    try:
        assert backwards.is_watched()
        net(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    finally:
        session.end()
    assert not backwards.is_watched()
    assert torch.Tensor.backward is backward


def test_the_end_of_what_never_began_is_nothing():
    Session(Settings()).end()
