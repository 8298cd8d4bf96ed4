"""Of an optimizer that steps in a run without any backward it is said that nothing came."""

import pytest

SCRIPT = """
import torch
net = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    loss = net(torch.ones(4, 2)).square().mean()
    {between}
    optimizer.step()
print("done")
"""


@pytest.mark.parametrize("between", ["pass", "loss.backward"])
def test_a_forgotten_backward_is_told_with_its_optimizer_and_is_no_alarm(scripts, between):
    scripts.write("train.py", SCRIPT.format(between=between))
    ran = scripts.run("--fail-on-alarm", "train.py")
    assert (ran.code, ran.out) == (0, "done\n")
    assert ran.err == (
        "gradviz: No backward call was seen in this process: SGD, made at train.py:4, stepped 3"
        " times, and no parameter had a gradient.\n"
    )


def test_gradients_that_a_script_writes_itself_are_no_forgotten_backward(scripts):
    by_hand = "for own in net.parameters(): own.grad = torch.ones_like(own)"
    scripts.write("train.py", SCRIPT.format(between=by_hand))
    ran = scripts.run("--fail-on-alarm", "train.py")
    assert (ran.code, ran.out) == (0, "done\n")
    assert "had a gradient" not in ran.err
