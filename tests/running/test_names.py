"""Models and optimizers are called what the script calls them."""

import pytest

LORA = """
import torch
from torch import nn


class Adapter(nn.Module):
    def __init__(self, base):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Parameter(torch.ones(base.in_features, 1))
        self.inner, base.forward = base.forward, self.forward

    def forward(self, x):
        return self.inner(x) + x @ self.down


model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
adapters = [Adapter(layer) for layer in model if isinstance(layer, nn.Linear)]
optimizer = torch.optim.SGD([adapter.down for adapter in adapters], 0.1)
model(torch.ones(5, 3)).pow(2).mean().backward()
optimizer.step()
"""

LOOP = """
import torch
from torch import nn


def configure(first, second):
    opt_first = torch.optim.SGD(first.parameters(), 0.1)
    return [opt_first, torch.optim.SGD(second.parameters(), 0.1)]


class Fitter:
    def fit(self, net):
        self.optimizers = configure(net[0], net[1])
        for _ in range(2):
            for opt in self.optimizers:
                net(torch.ones(4, 2)).mean().backward()
                opt.step()


fitter = Fitter()
fitter.fit(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)))
"""

WRAPPED = """
import torch
from torch import nn


class Wrapper(torch.optim.Optimizer):
    def __init__(self, optimizer):
        self.optimizer = optimizer
        self.param_groups, self.defaults = optimizer.param_groups, {}

    def step(self):
        self.optimizer.step()


class Trainer:
    def __init__(self, model):
        self.model = model
        self.optimizer = Wrapper(torch.optim.SGD(model.parameters(), 0.1))


trainer = Trainer(nn.Linear(2, 1))
trainer.model(torch.ones(4, 2)).mean().backward()
trainer.optimizer.step()
"""


@pytest.fixture
def told(scripts):
    """Return what is said of a script, line by line."""

    def tell(text):
        scripts.write("train.py", text)
        return scripts.run("train.py").said.splitlines()

    return tell


def test_layers_that_adapters_share_keep_the_name_of_their_model(told):
    lines = told(LORA)
    assert "  frozen    model: all 4 parameters (21 of 21 values)" in lines
    assert any("adapters[0..1].down" in line for line in lines)


def test_a_loops_variable_names_no_optimizer_that_something_else_leads_to(told):
    steps = [line for line in told(LOOP) if " steps after " in line]
    names = [line.split()[1] for line in steps]
    assert names == ["opt_first", "fitter.optimizers[1]"]  # the third is as the first


PLAIN = """
import torch
x = torch.ones(3, requires_grad=True)
for power in range(3):
    (x**power).sum().backward(){}
"""


def test_tensors_are_named_where_there_is_neither_a_model_nor_an_optimizer(told):
    assert "  reached   x (3 values)" in told(PLAIN.format(""))
    with_model = PLAIN.format("").replace("x =", "model = torch.nn.Linear(1, 1)\nx =")
    assert not any("reached   x" in line for line in told(with_model))


def test_a_tensor_that_stays_as_it_is_is_an_input(scripts):
    ends = []
    for after in ("", "\n    x.data -= x.grad"):
        scripts.write("train.py", PLAIN.format(after))
        ends.append(scripts.run("train.py").end)
    assert ends[0].endswith("whether parameters train is not known.\n")
    assert ends[1].startswith("gradviz: The only parameter trains, by hand at")


def test_an_optimizer_that_is_wrapped_is_called_as_what_wraps_it(told):
    assert any("gradviz: trainer.optimizer (SGD) steps" in line for line in told(WRAPPED))


def test_a_line_is_told_from_the_folder_of_the_script(scripts, tmp_path_factory):
    script = tmp_path_factory.mktemp("elsewhere") / "train.py"
    script.write_text(WRAPPED)
    assert "loss at train.py:22: trainer.model" in scripts.run(str(script)).said


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ("fast = torch.compile(net, backend='eager')", "net"),
        ("fast = nn.DataParallel(torch.compile(net, backend='eager'))", "net"),
        ("fast = nn.DataParallel(net); del net", "fast"),
        ("fast = nn.Sequential(net)", "fast"),
    ],
)
def test_a_model_that_torch_wraps_keeps_its_own_name_where_it_has_one_still(told, made, name):
    script = f"""
        import torch
        from torch import nn
        net = nn.Linear(3, 1)
        {made}
        optimizer = torch.optim.SGD(fast.parameters(), 0.1)
        fast(torch.ones(5, 3)).pow(2).mean().backward()
        optimizer.step()
    """
    assert f"  reached   {name}.* (2 tensors, 4 values)" in told(script)


SOLVED = """
import sys, types, torch
from torch import nn
solver = types.ModuleType("solver")
solver.__file__ = "/env/lib/site-packages/solver.py"
sys.modules["solver"] = solver
exec('''
from torch import nn
class Solver(nn.Module):
    def __init__(self, field):
        super().__init__()
        self.field = field
    def forward(self, x):
        return self.field(x)
''', vars(solver))
field = nn.Linear(3, 1)
{}
optimizer = torch.optim.SGD(field.parameters(), 0.1)
made(torch.ones(5, 3)).pow(2).mean().backward()
optimizer.step()
"""


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ("made = solver.Solver(field)", "made"),
        ("made = (lambda held: lambda x: held(x))(solver.Solver(field))", "field"),
    ],
)
def test_a_model_that_a_library_wraps_unseen_keeps_its_own_name(told, made, name):
    assert f"  reached   {name}.* (2 tensors, 4 values)" in told(SOLVED.format(made))
