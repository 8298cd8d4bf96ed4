"""A compiled model under ``gradviz run``.

Traced as it is written, and compiled again once that is over.
"""

import pytest

COMPILED = """
import torch
from torch import nn
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = nn.Linear(4, 4), nn.Linear(4, 1)
    def forward(self, x):
        return self.head(self.encoder(x).detach())
net = Net()
model = torch.compile({what}, backend="eager")
optimizer = torch.optim.Adam(net.parameters())
for step in range(3):
    optimizer.zero_grad()
    loss = model(torch.randn(2, 4)).pow(2).mean()
    loss.backward()
    optimizer.step()
    print(loss.item(), torch._dynamo.utils.counters["stats"]["unique_graphs"])
"""


@pytest.mark.parametrize(
    ("what", "name", "said"),
    [
        ("net", "net", "The model is compiled; it was traced"),
        ("lambda x: net(x)", "net", "torch.compile was called; what it compiles was traced"),
    ],
)
def test_compiled_code_is_traced_eagerly_that_is_said_and_then_it_runs_compiled(
    scripts, what, name, said
):
    scripts.write("train.py", COMPILED.format(what=what))
    ran = scripts.run("--backward", "1", "train.py")
    assert [line.split()[1] for line in ran.out.splitlines()] == ["0", "1", "1"]
    assert (
        f"  cut       {name}.encoder.* (2 tensors, 20 values)\n            by detach() at"
        " train.py:10:" in ran.said
    )
    note = f"  note {said} eagerly, through torch.compiler.set_stance('force_eager').".split()
    assert " ".join(note) in " ".join(ran.said.split())


def test_between_the_calls_that_are_watched_it_runs_compiled(scripts):
    script = COMPILED.format(what="net").replace("range(3)", "range(6)")
    scripts.write("train.py", script)
    ran = scripts.run("--every", "2", "train.py")
    # The first two steps show how many calls one has
    assert [line.split()[1] for line in ran.out.splitlines()] == ["0", "0", "1", "1", "1", "1"]
