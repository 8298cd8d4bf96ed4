"""A tangent beside a value without a history is followed by what each call does to it."""

import pytest
import torch
from traced import X, report_of, verdict

from gradviz.graph import Verdict


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda x, w: x * w, Verdict.CUT),
        (lambda x, w: (x * w).detach() + x, Verdict.UNUSED),
        (lambda x, w: x / w, Verdict.CUT),
        (lambda x, w: torch.cat([x, w]).sum(0, keepdim=True), Verdict.UNUSED),
        (lambda x, w: (x + w) * x, Verdict.CUT),
        (lambda x, w: (x + w).exp(), Verdict.CUT),
        (lambda x, w: torch.cat([x * w, x])[:, torch.tensor([2, 0])], Verdict.CUT),
        (lambda x, w: torch.cat([x + w, x])[:, torch.tensor([2, 0])], Verdict.UNUSED),
        (lambda x, w: x[w[0].argsort()], Verdict.CUT),
        (lambda x, w: torch.func.vmap(lambda row: row * w[0])(x), Verdict.CUT),
        (lambda x, w: torch.nn.functional.linear(input=x, weight=w), Verdict.CUT),
        (lambda x, w: x.clone().mul_(w), Verdict.CUT),
    ],
)
def test_a_tangent_has_what_its_derivative_needs(change, expected):
    def step(net):
        with torch.no_grad():
            slope = torch.func.jvp(lambda x: change(x, net.first.weight), (X[:3],), (X[1:],))[1]
        return (slope.clone().sum() * net.last.weight).sum()

    assert verdict(report_of(step)) is expected
