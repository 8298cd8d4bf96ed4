"""What numpy writes into the memory of a tensor is a value that it computed."""

import numpy as np
import torch
from traced import X, cut, report_of, verdict

from gradviz.graph import CutKind, Verdict


def test_a_live_value_that_is_written_through_an_array_is_cut_there():
    def step(net):
        memory = torch.zeros(4, 3)
        memory.numpy()[:] = net.first(X).detach().numpy()
        return net.last(memory).sum()

    assert cut(report_of(step)).kind in (CutKind.DETACH, CutKind.NUMPY)


def test_a_constant_that_is_written_is_no_value_of_the_net():
    def step(net):
        memory = torch.zeros(4, 3)
        memory.numpy()[:] = np.eye(4, 3)
        return net.last(net.first(X) + memory).sum()

    report = report_of(step)
    assert verdict(report) is Verdict.REACHED
    assert not report.cuts
