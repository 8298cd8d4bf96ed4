"""Two tensors that were swapped have each other's history."""

import torch
from traced import X, report_of, verdict

from gradviz.graph import Verdict


def swapped(read):
    def step(net):
        dead, other = net.first(X).detach(), torch.ones(4, 3)
        torch.utils.swap_tensors(dead, other)
        return net.last(other if read == "other" else dead).sum()

    return verdict(report_of(step))


def test_the_value_goes_with_what_it_is():
    assert swapped("other") is Verdict.CUT
    assert swapped("dead") is Verdict.UNUSED
