"""What switched autograd off is told apart: a block, a function, inference mode."""

from functools import partial

import pytest
import torch
from traced import X, cut, report_of, verdict

from gradviz.graph import GRAD_MODES, CutKind, Verdict


def under(switch):
    def step(net):
        with switch():
            hidden = net.first(X)
        return net.last(hidden.clone()).square().mean()

    return report_of(step)


@pytest.mark.parametrize(
    ("switch", "kind"),
    [
        (torch.no_grad, CutKind.NO_GRAD),
        (partial(torch.set_grad_enabled, False), CutKind.SET_GRAD_ENABLED),
        (torch.inference_mode, CutKind.INFERENCE_MODE),
    ],
)
def test_it_is_written_as_a_person_writes_it_and_names_the_block(switch, kind):
    found = cut(under(switch))
    assert (found.kind, found.operation) == (kind, GRAD_MODES[kind])
    assert found.block is not None
    assert "with switch()" in found.block.code


def test_a_switch_that_leaves_autograd_on_cuts_nothing():
    assert verdict(under(torch.enable_grad)) is Verdict.REACHED
    assert verdict(under(partial(torch.set_grad_enabled, True))) is Verdict.REACHED
