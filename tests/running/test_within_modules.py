import pytest
import torch
from torch import nn

from gradviz.running.within_modules import names_within


def test_what_a_module_holds_at_any_depth_and_does_not_register_has_the_name_of_the_way_there():
    net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2)))
    experts, scale = [nn.Linear(2, 2), nn.Linear(2, 2)], torch.ones(2, requires_grad=True)
    net[1].__dict__["experts"] = experts
    net[1][0].__dict__["scales"] = {"a": [scale]}
    wanted = {id(experts[1]), id(scale), id(nn.Linear(2, 2))}
    assert names_within({"net": net}, wanted) == {
        id(experts[1]): "net.1.experts[1]",
        id(scale): "net.1.0.scales['a'][0]",
    }


def test_what_a_module_registers_is_named_by_others():
    net = nn.Sequential(nn.Linear(2, 2))
    assert names_within({"net": net}, {id(net[0]), id(net[0].weight)}) == {}


def test_a_module_that_holds_itself_ends():
    net = nn.Sequential(nn.Linear(2, 2))
    net.__dict__["own"] = [net]
    other = nn.Linear(2, 2)
    assert names_within({"net": net}, {id(other)}) == {}


MIXTURE = """
import torch
from torch import nn

class Mixture(nn.Module):
    def __init__(self):
        super().__init__()
        self.experts = [nn.Linear(4, 4) for _ in range(3)]

    def forward(self, x):
        return sum(expert(x) for expert in self.experts)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.mixture = nn.Linear(4, 4), Mixture()

    def forward(self, x):
        return self.mixture(self.body(x)).sum()

torch.manual_seed(0)
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    net(torch.randn(3, 4)).backward()
    optimizer.step()
    optimizer.zero_grad()
"""


def test_experts_in_a_plain_list_of_an_inner_module_are_named_in_an_alarm(scripts):
    scripts.write("train.py", MIXTURE)
    said = scripts.run("train.py").err
    assert "net.mixture.experts is a plain list, which net.mixture.parameters() leaves out" in said
    assert "ALARM: net.mixture.* (6): no optimizer holds them" in said
    assert "Use nn.ModuleList or nn.ModuleDict in its place." in said


def test_experts_in_a_module_list_give_no_alarm(scripts):
    listed = "nn.ModuleList(nn.Linear(4, 4) for _ in range(3))"
    scripts.write("train.py", MIXTURE.replace("[nn.Linear(4, 4) for _ in range(3)]", listed))
    ran = scripts.run("train.py")
    assert "ALARM" not in ran.err
    assert "All 8 parameters train." in ran.err


def test_a_single_teacher_hidden_in_a_list_of_an_inner_module_gives_no_alarm(scripts):
    hidden = MIXTURE.replace("for _ in range(3)]", "for _ in range(1)]")
    scripts.write("train.py", hidden)
    assert "ALARM" not in scripts.run("train.py").said


SCRIPT = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 3)
        self.scale = torch.ones(3, requires_grad=True)

    def forward(self, x):
        return self.f(x) * self.scale

torch.manual_seed(0)
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(4):
    net(torch.randn(3, 3)).pow(2).mean().backward()
    optimizer.step()
    optimizer.zero_grad()
"""
COLLOCATION = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(1, 1, bias=False)
        self.x = torch.linspace(1, 2, 5).view(5, 1).requires_grad_()

    def loss(self):
        y = self.f(self.x) ** 2
        return (torch.autograd.grad(y.sum(), self.x, create_graph=True)[0] - 3).pow(2).mean()

torch.manual_seed(0)
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
for _ in range(4):
    net.loss().backward()
    optimizer.step()
    optimizer.zero_grad()
"""
MOVED = SCRIPT.replace(
    "    optimizer.step()\n", "    optimizer.step()\n    net.scale.data -= 0.1 * net.scale.grad\n"
)
GIVEN = SCRIPT.replace("net.parameters()", "[*net.parameters(), net.scale]")


@pytest.fixture
def said(scripts):
    def run(text: str) -> str:
        scripts.write("train.py", text)
        return scripts.run("train.py").err

    return run


def test_a_plain_attribute_that_is_to_train_is_an_alarm_at_the_line_that_sets_it(said):
    text = said(SCRIPT)
    assert (
        "ALARM: net.scale: no nn.Parameter, so no optimizer holds it\n"
        "  code      train.py:9: self.scale = torch.ones(3, requires_grad=True)\n"
    ) in text
    assert (
        "All 2 parameters train; net.scale is no nn.Parameter, so no optimizer holds it: gradient"
        " arrives, and it stays as it is."
    ) in text


@pytest.mark.parametrize("text", [COLLOCATION, MOVED, GIVEN], ids=["input", "moved", "given"])
def test_an_input_and_what_is_trained_otherwise_are_none(said, text):
    text = said(text)
    assert "ALARM" not in text
    assert "no nn.Parameter" not in text
