"""Every kind of edit mends a step that it is for.

What is printed, applied by git, gives what was said.
"""

import contextlib
import importlib.util
import subprocess
import textwrap
import warnings

import pytest
import torch

from gradviz.mending.mend import mend
from gradviz.mending.patches import patch
from gradviz.mending.text import render

HEAD = """\
import copy, math
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import Variable


"""
STEPS = {
    "drop .detach()": """
        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
            h = model[0](torch.ones(4, 2)).detach()
            return model[1](h).mean(), model
        """,
    "drop .detach_()": """
        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
            h = model[0](torch.ones(4, 2))
            h.detach_()
            return model[1](h).mean(), model
        """,
    "drop .data": """
        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
            return model[1](model[0](torch.ones(4, 2)).data).mean(), model
        """,
    "drop .item()": """
        def step():
            model = nn.ParameterDict({"scale": torch.ones(()), "w": torch.ones(3)})
            return (model["w"] * 2).sum() + 3 * model["scale"].item(), model
        """,
    "drop float()": """
        def step():
            model = nn.ParameterDict({"scale": torch.ones(()), "w": torch.ones(3)})
            return (model["w"] * 2).sum() * float(model["scale"]), model
        """,
    "drop .detach().cpu().numpy()": """
        def step():
            model = nn.Linear(2, 3)
            values = model(torch.ones(4, 2)).detach().cpu().numpy()
            return torch.as_tensor(values * 2).sum() + 0 * model.weight.sum(), model
        """,
    "do the arithmetic in torch, and not in math": """
        def step():
            model = nn.ParameterDict({"scale": torch.ones(()), "w": torch.ones(3)})
            return (model["w"] * 2).sum() * math.exp(model["scale"]), model
        """,
    "stack the tensors with torch.stack": """
        def step():
            model = nn.Linear(2, 3)
            losses = [row.sum() for row in model(torch.ones(4, 2))]
            return torch.tensor(losses, requires_grad=True).sum(), model
        """,
    "drop Variable()": """
        def step():
            model = nn.Linear(2, 3)
            loss = model(torch.ones(4, 2)).mean()
            loss = Variable(loss, requires_grad=True)
            return loss, model
        """,
    "drop nn.Parameter()": """
        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
            prompt = nn.Parameter(model[0](torch.ones(4, 2)))
            return model[1](prompt).mean(), model
        """,
    "drop with torch.no_grad()": """
        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
            with torch.no_grad():
                h = model[0](torch.ones(4, 2))
            return model[1](h).mean(), model
        """,
    "take a statement out of with torch.inference_mode()": """
        def step():
            model = nn.ModuleList([nn.Linear(2, 3), nn.Linear(3, 1)])
            ema = nn.Linear(2, 3)
            with torch.inference_mode():
                y = ema(torch.ones(4, 2)).sum().item()
                h = model[0](torch.ones(4, 2))
            return model[1](h.clone()).mean() + y, model
        """,
    "drop the decorator @torch.no_grad()": """
        @torch.no_grad()
        def features(layer, x):
            return layer(x)


        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
            return model[1](features(model[0], torch.ones(4, 2))).mean(), model
        """,
    "drop the call that switches grad mode off": """
        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
            torch.set_grad_enabled(False)
            h = model[0](torch.ones(4, 2))
            torch.set_grad_enabled(True)
            return model[1](h).mean(), model
        """,
    "checkpoint with use_reentrant=False": """
        from torch.utils.checkpoint import checkpoint


        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
            h = checkpoint(model[0], torch.ones(4, 2), use_reentrant=True)
            return model[1](h).mean(), model
        """,
    "take the derivative with create_graph=True": """
        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
            x = torch.ones(4, 2, requires_grad=True)
            slope = torch.autograd.grad(model(x).sum(), x)[0]
            return model(x).mean() + slope.square().sum(), model
        """,
    "have autograd go through the forward of the Function, in the place of its backward": """
        class Scale(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, scale):
                ctx.save_for_backward(scale)
                return x * scale

            @staticmethod
            def backward(ctx, g):
                return g * ctx.saved_tensors[0], None


        def step():
            model = nn.ParameterDict({"scale": torch.ones(3), "w": torch.ones(3)})
            return Scale.apply(model["w"], model["scale"]).sum(), model
        """,
    "have state_dict() keep the history": """
        def step():
            model = nn.Linear(2, 3)
            loss = model(torch.ones(4, 2)).mean()
            return loss + sum(value.norm() for value in model.state_dict().values()), model
        """,
    "draw with rsample()": """
        def step():
            model = nn.ParameterDict({"mean": torch.zeros(3), "w": torch.ones(3)})
            z = torch.distributions.Normal(model["mean"], 1.0).sample()
            return (model["w"] * z).sum(), model
        """,
    "scale a range from 0 to 1": """
        def step():
            model = nn.ParameterDict({"near": torch.zeros(()), "far": torch.ones(()), "w": torch.ones(8)})
            depth = torch.linspace(model["near"], model["far"], 8)
            return (model["w"] * depth).sum(), model
        """,
    "drop the freeze": """
        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
            model[0].requires_grad_(False)
            loss = model(torch.ones(4, 2)).mean()
            model[0].requires_grad_(True)
            return loss, model
        """,
    "drop the hook": """
        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
            h = model[0](torch.ones(4, 2))
            h.register_hook(lambda g: g * 0)
            return model[1](h).mean(), model
        """,
    "let the comparison pass gradient as a sigmoid does": """
        def step():
            model = nn.ParameterDict({"threshold": torch.zeros(()), "w": torch.arange(3.0)})
            keep = (torch.arange(3.0) > model["threshold"]).float()
            return (model["w"] * keep).sum(), model
        """,
    "let gradient pass round() straight through": """
        def step():
            model = nn.ParameterDict({"x": torch.rand(3), "w": torch.ones(3)})
            return (model["w"] * torch.round(model["x"])).sum(), model
        """,
    "let gradient pass the cast straight through": """
        def step():
            model = nn.ParameterDict({"x": torch.rand(3) * 9, "w": torch.ones(3)})
            return (model["w"] * model["x"].long()).sum(), model
        """,
    "look it up by one-hot rows that pass gradient": """
        def step():
            model = nn.ModuleDict({"policy": nn.Linear(2, 4), "embed": nn.Embedding(4, 3)})
            action = model["policy"](torch.rand(5, 2)).argmax(-1)
            return (model["embed"](action) * torch.rand(3)).sum(), model
        """,
    "weigh what is chosen by its score": """
        def step():
            model = nn.ModuleDict({"score": nn.Linear(2, 1), "out": nn.Linear(2, 1)})
            x = torch.rand(6, 2)
            s = model["score"](x).squeeze(-1)
            best = s.topk(3).indices
            return model["out"](x[best]).mean(), model
        """,
    "make the operand safe where it is not taken": """
        def step():
            model = nn.ParameterDict({"x": torch.tensor([0.0, 1.0, 4.0])})
            x = model["x"]
            return torch.where(x > 0, torch.sqrt(x), torch.zeros_like(x)).sum(), model
        """,
    "clear the gradients before backward()": """
        def step():
            model = nn.Linear(2, 3)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            loss = model(torch.ones(4, 2)).mean()
            loss.backward()
            optimizer.zero_grad()
            optimizer.step()
            return loss, model
        """,
    "make the optimizer after the model is complete": """
        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            model[1] = nn.Linear(3, 2)
            loss = model(torch.ones(4, 2)).mean()
            loss.backward()
            optimizer.step()
            return loss, model
        """,
    "hand the optimizer what it does not hold": """
        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
            optimizer = torch.optim.SGD(model[0].parameters(), lr=0.1)
            loss = model(torch.ones(4, 2)).mean()
            loss.backward()
            optimizer.step()
            return loss, model
        """,
    "keep the modules in a ModuleList": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = [nn.Linear(2, 2), nn.Linear(2, 2)]
                self.head = nn.Linear(2, 1)

            def forward(self, x):
                for layer in self.layers:
                    x = layer(x)
                return self.head(x)


        def step():
            model = Net()
            return model(torch.ones(4, 2)).mean(), model
        """,
}  # fmt: skip
STEPS_IN_OTHER_WORDS = {
    "a gate that goes through a list": (
        "drop torch.tensor(), then drop .tolist()",
        """
        class Gate(nn.Module):
            def __init__(self):
                super().__init__()
                self.body, self.gate, self.head = nn.Linear(3, 4), nn.Linear(3, 4), nn.Linear(4, 1)

            def forward(self, x):
                weight = torch.tensor(self.gate(x).sigmoid().tolist())
                return self.head(weight * self.body(x))


        def step():
            model = Gate()
            return model(torch.randn(5, 3)).pow(2).mean(), model
        """,
    ),
    "a method under inference_mode": (
        "drop the decorator @torch.inference_mode()",
        """
        class Encoder(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv1d(2, 3, 1)

            @torch.inference_mode()
            def encode(self, x):
                return self.conv(x).mean(-1)

            def forward(self, x):
                return self.encode(x).clone()


        def step():
            model = nn.Sequential(Encoder(), nn.Linear(3, 1))
            return model(torch.randn(4, 2, 6)).abs().mean(), model
        """,
    ),
    "a list of losses made a leaf": (
        "stack the tensors with torch.stack",
        """
        def step():
            model = nn.ModuleList([nn.Linear(2, 1) for _ in range(3)])
            x = torch.randn(4, 2)
            losses = [part(x).pow(2).mean() for part in model]
            total = torch.tensor(losses, requires_grad=True)
            return total.sum(), model
        """,
    ),
    "a logarithm that where leaves out": (
        "make the operand safe where it is not taken",
        """
        def step():
            model = nn.Linear(2, 3)
            with torch.no_grad():
                model.bias.fill_(0)
                model.weight.fill_(0)
            p = model(torch.ones(4, 2))
            mask = p > 0
            return torch.where(mask, torch.log(p), p).mean(), model
        """,
    ),
    "a head replaced for fine-tuning": (
        "make the optimizer after the model is complete",
        """
        def step():
            net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 10))
            opt = torch.optim.AdamW(net.parameters(), lr=1e-3)
            net[2] = nn.Linear(4, 2)
            loss = F.cross_entropy(net(torch.randn(4, 3)), torch.tensor([0, 1, 0, 1]))
            opt.zero_grad()
            loss.backward()
            opt.step()
            return loss, net
        """,
    ),
    "a part in none of two groups": (
        "hand the optimizer what it does not hold",
        """
        def step():
            net = nn.ModuleDict({"body": nn.Linear(3, 4), "head": nn.Linear(4, 1)})
            net["gain"] = nn.Linear(1, 1)
            body, head = net["body"].parameters(), net["head"].parameters()
            opt = torch.optim.SGD([{"params": body}, {"params": head, "lr": 1.0}], lr=0.1)
            loss = net["gain"](net["head"](net["body"](torch.randn(4, 3)))).mean()
            loss.backward()
            opt.step()
            return loss, net
        """,
    ),
    "experts in a plain dictionary": (
        "keep the modules in a ModuleDict",
        """
        class Experts(nn.Module):
            def __init__(self):
                super().__init__()
                self.router = nn.Linear(2, 2)
                self.experts = {"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)}

            def forward(self, x):
                share = self.router(x).softmax(-1)
                outs = [expert(x) for expert in self.experts.values()]
                return sum(share[:, i : i + 1] * out for i, out in enumerate(outs))


        def step():
            model = Experts()
            return model(torch.randn(4, 2)).pow(2).mean(), model
        """,
    ),
    "a code rounded down": (
        "let gradient pass floor() straight through",
        """
        def step():
            model = nn.ModuleDict({"enc": nn.Linear(3, 4), "dec": nn.Linear(4, 3)})
            x = torch.randn(5, 3)
            code = torch.floor(model["enc"](x) * 4) / 4
            return F.mse_loss(model["dec"](code), x), model
        """,
    ),
    "a bank that is written by .data": (
        "drop .data",
        """
        class Bank(nn.Module):
            def __init__(self):
                super().__init__()
                self.proj = nn.Linear(3, 2)
                self.register_buffer("bank", torch.zeros(4, 2))

            def forward(self, x):
                z = self.proj(x)
                self.bank[: len(x)] = z.data
                return self.bank.pow(2).sum()


        def step():
            model = Bank()
            return model(torch.randn(3, 3)), model
        """,
    ),
    "a switch that an argument sets": (
        "drop the call that switches grad mode off",
        """
        def features(net, x, train=False):
            torch.set_grad_enabled(train)
            h = net(x)
            torch.set_grad_enabled(True)
            return h


        def step():
            model = nn.ModuleDict({"net": nn.Linear(2, 3), "head": nn.Linear(3, 1)})
            return model["head"](features(model["net"], torch.randn(4, 2))).mean(), model
        """,
    ),
    "a score that a function works out by numpy": (
        "do all of overlap() in torch",
        """
        def overlap(p, mask):
            p = p.detach().cpu().numpy()
            mask = mask.numpy().astype(np.float32)
            both = np.dot(p, mask.T).sum(axis=-1)
            return torch.tensor(1 - np.mean(both) / (p.max() + np.std(p)))


        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid())
            return overlap(model(torch.randn(4, 2)), torch.ones(4, 3)), model
        """,
    ),
    "a mean of a list of losses": (
        "drop .item(), then do the arithmetic in torch, and not in np",
        """
        def step():
            model = nn.ModuleDict({"a": nn.Linear(2, 1), "b": nn.Linear(2, 1)})
            losses = []
            for name in ("a", "b"):
                losses.append(model[name](torch.ones(4, 2)).square().mean().item())
            return np.mean(losses) + model["a"].bias.sum(), model
        """,
    ),
    "one grad mode around two writes": (
        "drop with torch.no_grad()",
        """
        def step():
            model = nn.ParameterDict({"w": torch.ones(3), "gain": torch.ones(3)})
            model["shift"] = nn.Parameter(torch.zeros(3))
            h = model["w"] * 2
            with torch.no_grad():
                h.mul_(model["gain"])
                h.add_(model["shift"])
            return h.square().mean(), model
        """,
    ),
    "words chosen and made one-hot rows": (
        "let the one-hot rows pass gradient as their scores do",
        """
        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
            words = model[0](torch.randn(4, 2)).argmax(-1)
            return model[1](F.one_hot(words, 3).float()).square().mean(), model
        """,
    ),
    "an expert that is called by its number": (
        "weigh what is chosen by its score",
        """
        def step():
            torch.manual_seed(0)
            model = nn.ModuleDict({"router": nn.Linear(3, 2)})
            model["experts"] = nn.ModuleList([nn.Linear(3, 1), nn.Linear(3, 1)])
            total = 0
            for row in torch.randn(6, 3):
                number = model["router"](row).argmax().item()
                total = total + model["experts"][number](row).square().sum()
            return total, model
        """,
    ),
    "an adapter merged by a write": (
        "use what is computed, and leave model.weight as it is",
        """
        def step():
            model = nn.Linear(3, 3)
            model.a = nn.Parameter(torch.rand(3, 1))
            model.weight.data += model.a @ model.a.T
            return model(torch.ones(2, 3)).square().mean(), model
        """,
    ),
    "weights from a vector": (
        "call net with the parts of the vector, and leave its parameters as they are",
        """
        def step():
            hyper, net = nn.Linear(2, 8), nn.Linear(3, 2)
            nn.utils.vector_to_parameters(hyper(torch.ones(2)), net.parameters())
            return net(torch.ones(4, 3)).square().mean(), nn.ModuleList([hyper, net])
        """,
    ),
    "a slice by a computed bound": (
        "weigh what the slice keeps by its distance from the bound",
        """
        def step():
            model = nn.Linear(2, 5)
            model.span = nn.Parameter(torch.tensor(2.4))
            return model(torch.ones(4, 2))[:, : int(model.span)].square().mean(), model
        """,
    ),
    "a number through its text": (
        "use the value itself, and not the number in its text",
        """
        def step():
            model = nn.Linear(2, 1)
            model.scale = nn.Parameter(torch.tensor(0.5))
            text = "{:.6f}".format(model.scale.item())
            return model(torch.ones(4, 2)).square().mean() * float(text), model
        """,
    ),
    "a gradient that a backward inside the step leaves": (
        "take the derivative with create_graph=True",
        """
        def step():
            model = nn.Linear(2, 1)
            x = torch.rand(4, 2, requires_grad=True)
            model(x).square().sum().backward(inputs=[x])
            return x.grad.square().mean() + model.bias.square().sum(), model
        """,
    ),
    "accuracy for a loss": (
        "let the comparison pass gradient as the probability does, then drop loss.requires_grad ="
        " True",
        """
        def step():
            model = nn.Linear(2, 3)
            hits = model(torch.randn(4, 2)).argmax(1)
            loss = 1 - (hits == torch.tensor([0, 1, 2, 0])).float().mean()
            loss.requires_grad = True
            return loss, model
        """,
    ),
}
TWICE = """
def step():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    h = model[0](torch.ones(4, 2)).detach()
    h = h * 2
    h = Variable(h.data)
    return model[1](h).mean(), model
"""


@pytest.mark.parametrize("title", STEPS)
def test_a_patch_applied_gives_what_was_said(tmp_path, monkeypatch, nursery, title):
    found = mended(tmp_path, monkeypatch, nursery, STEPS[title], cost=False)
    assert title in [name for mend in found.report.mends for name in mend.titles]
    for each in found.report.mends:
        held_against_torch(tmp_path, each, found)


@pytest.mark.parametrize(
    ("titles", "program"), STEPS_IN_OTHER_WORDS.values(), ids=STEPS_IN_OTHER_WORDS
)
def test_the_best_patch_is_the_same_edit_where_the_fault_is_written_otherwise(
    tmp_path, monkeypatch, nursery, titles, program
):
    found = mended(tmp_path, monkeypatch, nursery, program, cost=False)
    (only,) = found.report.mends
    assert ", then ".join(only.titles) == titles
    assert f" fix {titles} " in " ".join(render(found).decode().split())
    held_against_torch(tmp_path, only, found)


def test_what_is_severed_twice_in_series_is_mended_by_both_edits_together(
    tmp_path, monkeypatch, nursery
):
    found = mended(tmp_path, monkeypatch, nursery, TWICE, cost=False)
    (only,) = found.report.mends
    assert len(only.titles) > 1
    assert set(only.effect.reached) == {"0.weight", "0.bias"}
    held_against_torch(tmp_path, only, found)


@pytest.mark.parametrize(
    "line",
    [
        "np.where(h.detach().numpy() > 0, h.detach().numpy(), 0.1)",
        "np.maximum(h.detach().numpy(), 0.5 * h.detach().numpy())",
        "np.tanh(h.detach().numpy()) * np.exp(h.detach().numpy())",
    ],
)
def test_what_numpy_computes_of_a_value_taken_twice_is_computed_by_torch(
    tmp_path, monkeypatch, nursery, line
):
    program = f"""
        def step():
            model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
            h = model[0](torch.ones(4, 2))
            return model[1](torch.from_numpy({line})).mean(), model
        """
    found = mended(tmp_path, monkeypatch, nursery, program, cost=False)
    (only,) = found.report.mends
    assert set(only.effect.reached) == {"0.weight", "0.bias"}
    held_against_torch(tmp_path, only, found)


def mended(folder, monkeypatch, nursery, program, **options):
    (folder / "train.py").write_text(HEAD + textwrap.dedent(program).lstrip())
    monkeypatch.chdir(folder)
    return mend("train.py:step", meant=True, nursery=nursery, **options)


def held_against_torch(folder, mend, found):
    """Hold what was said of a patch against two runs of plain torch, without it and with it as git
    applies it.
    """
    file = folder / "train.py"
    before = run(file)
    original = file.read_bytes()
    diff = patch(found.originals, mend.sources)
    assert original not in diff
    done = subprocess.run(
        ["git", "apply", "-"], cwd=folder, input=diff, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    after = run(file)
    file.write_bytes(original)
    effect = mend.effect
    assert effect.repeatable
    assert effect.same_loss == torch.equal(before[0], after[0])
    for name in effect.reached:
        assert before[1][name] is None or not before[1][name].any()
        assert after[1][name].any()
    for name in effect.mended:
        assert before[1][name].isnan().any() or not torch.equal(before[1][name], after[1][name])
        assert after[1][name].isfinite().all()
    assert all(after[1][name] is None for name in effect.left)
    meant = {*effect.gained, *effect.left, *mend.problem.parameters}
    for name in before[1].keys() & after[1].keys() - meant:
        assert (name in effect.changed) == (not same(before[1][name], after[1][name]))


def same(one, other):
    return one is other if one is None or other is None else torch.equal(one, other)


def run(file):
    spec = importlib.util.spec_from_file_location("train", file)
    module = importlib.util.module_from_spec(spec)
    exec(compile(file.read_text(), str(file), "exec"), module.__dict__)
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loss, model = module.step()
        if loss.requires_grad and all(one.grad is None for one in model.parameters()):
            with contextlib.suppress(RuntimeError):  # the step ran it itself
                loss.backward()
    torch.set_grad_enabled(True)
    return loss.detach(), {name: one.grad for name, one in model.named_parameters()}
