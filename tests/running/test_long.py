"""A script may run for long before its first backward call.

What it did then is not kept for ever.
"""

import torch
from torch import nn

import gradviz
from gradviz.recording import tape


def test_a_long_rollout_is_forgotten_and_the_step_after_it_is_judged_right(monkeypatch):
    monkeypatch.setattr(tape, "MOST", 400)
    torch.manual_seed(0)
    policy, value = nn.Linear(4, 2), nn.Linear(4, 1)
    kept = []
    with gradviz.trace() as trace:
        for _ in range(600):
            x = torch.randn(1, 4)
            with torch.no_grad():
                kept.append((value(x), policy(x).argmax().item() * 0.5))
            policy(x).argmax().item()
        old, number = kept[0]
        baseline = value(torch.randn(3, 4)).detach()
        loss = (policy(torch.randn(3, 4)).sum() - baseline.sum() - old - number).sum()
    sizes = len(trace._tape.calls), len(trace._tape.steps), len(trace._tape.lines)
    assert max(sizes) <= 1200
    report = trace.report(loss, {"policy": policy, "value": value})
    assert {name: one.verdict.value for name, one in report.parameters.items()} == {
        "policy.weight": "reached",
        "policy.bias": "reached",
        "value.weight": "cut",
        "value.bias": "cut",
    }
    assert [cut.operation for cut in report.cuts if "value.weight" in cut.parameters] == [
        "detach()"
    ]
