"""Models that are hard to find.

The collector is told to look away, they hold themselves, or are shared over and over.
"""

SCRIPT = """\
import gc
import torch
from torch import nn

model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1))
opt = torch.optim.SGD(model.parameters(), 0.1)
{before}
for step in range(3):
    model(torch.randn(4, 3)).pow(2).mean().backward()
    opt.step()
    opt.zero_grad()
    {after}
"""


def test_models_are_found_after_the_collector_is_frozen(scripts):
    for moment in ({"before": "gc.freeze()", "after": ""}, {"before": "", "after": "gc.freeze()"}):
        said = scripts.run(scripts.write("train.py", SCRIPT.format(**moment))).said
        assert (
            said.count("reached   model.* (4 tensors, 16 values)")
            + said.count(": as in backward 1\n")
            == 3
        )
        assert "no parameters were found" not in said


def test_a_module_inside_itself_and_one_shared_without_end_are_found(scripts):
    script = scripts.write(
        "train.py",
        """\
        import torch
        from torch import nn

        class Inside(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = nn.Linear(3, 1)
                self.itself = self

            def forward(self, x):
                return self.layer(x)

        class Twice(nn.Module):
            def __init__(self, inner):
                super().__init__()
                self.a = self.b = inner

            def forward(self, x):
                return self.a(x)

        inside, deep = Inside(), nn.Linear(3, 3)
        for _ in range(40):
            deep = Twice(deep)
        inside(deep(torch.randn(2, 3))).sum().backward()
        """,
    )
    ran = scripts.run(script)
    assert ran.code == 0
    assert "inside.* (2 tensors, 4 values)" in ran.said
    assert "stopped watching" not in ran.said


def test_one_call_is_called_what_it_is_called_among_several(scripts):
    import json

    names = []
    for calls in (1, 2):
        text = (
            f"import torch\nw = torch.nn.Linear(2, 1)\nfor _ in range({calls}):\n   "
            " w(torch.ones(1, 2)).sum().backward()\n"
        )
        scripts.run("-o", "report.json", scripts.write("train.py", text))
        names.append(
            json.loads((scripts.folder / "report.json").read_text())["backwards"][0]["loss"]
        )
    assert names[0] == names[1]
