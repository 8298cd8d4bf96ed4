"""What is offered, what is left alone, and what is said of it."""

import html
import json
import re
import subprocess
import textwrap

import pytest

from gradviz.errors import GradvizError, OutputError
from gradviz.mending.mend import mend
from gradviz.mending.own import is_own
from gradviz.mending.patches import write
from gradviz.mending.text import render

HEAD = (
    "import os\nimport time\nimport torch\nimport torch.nn.functional as F\nfrom torch import"
    " nn\n\n\n"
)
BROKEN = """
    def step():
        torch.manual_seed(0)
        model = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Linear(3, 1), "c": nn.Linear(2, 1)})
        h = model["a"](torch.ones(4, 2)).detach()
        extra = model["c"](torch.ones(4, 2)).mean().item()
        return model["b"](h).mean() + extra, model
"""
MEANT = {
    "a target network": (
        """
        def step():
            model = nn.ModuleDict({"online": nn.Linear(2, 1), "target": nn.Linear(2, 1)})
            with torch.no_grad():
                goal = model["target"](torch.ones(4, 2))
            return F.mse_loss(model["online"](torch.ones(4, 2)), goal), model
        """
    ),
    "a twin that is never named": (
        """
        def step():
            model = nn.ModuleDict({"fast": nn.Linear(2, 1), "slow": nn.Linear(2, 1)})
            with torch.no_grad():
                goal = model["slow"](torch.ones(4, 2))
            return F.mse_loss(model["fast"](torch.ones(4, 2)), goal), model
        """
    ),
    "the discriminator's step": (
        """
        def step():
            model = nn.ModuleDict({"generator": nn.Linear(2, 3), "critic": nn.Linear(3, 1)})
            fake = model["generator"](torch.randn(4, 2)).detach()
            return model["critic"](fake).mean() - model["critic"](torch.randn(4, 3)).mean(), model
        """
    ),
    "a parameter that is moved towards another by hand": (
        """
        def step():
            model = nn.ModuleDict({"quick": nn.Linear(2, 3), "calm": nn.Linear(2, 3)})
            model["calm"].requires_grad_(False)
            for a, b in zip(model["quick"].parameters(), model["calm"].parameters()):
                b.data = 0.9 * b.data + 0.1 * a.data
            x = torch.ones(4, 2)
            return F.mse_loss(model["quick"](x), model["calm"](x)), model
        """
    ),
    "a flag": (
        """
        def features(layer, x, frozen):
            h = layer(x)
            if frozen:
                h = h.detach()
            return h


        def step():
            model = nn.ModuleDict({"body": nn.Linear(2, 3), "head": nn.Linear(3, 1)})
            return model["head"](features(model["body"], torch.ones(4, 2), True)).mean(), model
        """
    ),
    "truncated backpropagation through time": (
        """
        def step():
            model = nn.ModuleDict({"cell": nn.RNNCell(2, 3), "head": nn.Linear(3, 1)})
            h = torch.zeros(4, 3)
            for _ in range(3):
                h = model["cell"](torch.ones(4, 2), h)
                h = h.detach() if _ == 0 else h
            return model["head"](h).mean(), model
        """
    ),
    "what the optimizer does not hold": (
        """
        def step():
            model = nn.ModuleDict({"body": nn.Linear(2, 3), "head": nn.Linear(3, 1)})
            optimizer = torch.optim.SGD(model["head"].parameters(), lr=0.1)
            with torch.no_grad():
                h = model["body"](torch.ones(4, 2))
            loss = model["head"](h).mean()
            loss.backward()
            optimizer.step()
            return loss, model
        """
    ),
}


@pytest.mark.parametrize("program", MEANT.values(), ids=MEANT.keys())
def test_a_stop_gradient_on_purpose_is_left_alone_unless_asked_for(mended, program):
    found = mended(program)
    assert found.report.mends == ()
    assert any(each.meant for each in found.tried)
    assert b"diff --git" not in render(found)
    assert b"--all tries it too" in render(found)
    assert mended(program, meant=True).report.mends


@pytest.mark.parametrize(
    "command", [["git", "apply", "-"], ["patch", "-p1", "--batch"]], ids=["git", "patch"]
)
def test_everything_that_is_printed_is_one_patch(mended, tmp_path, nursery, command):
    found = mended(BROKEN)
    said = render(found)
    assert len(found.report.mends) == 2
    (stage,) = found.stages
    subprocess.run(command, cwd=tmp_path, input=said, capture_output=True, check=True)
    (after,) = stage.after.values()
    assert (tmp_path / "train.py").read_bytes() == after
    again = mend("train.py:step", cost=False, nursery=nursery)
    assert {str(one.verdict) for one in again.report.parameters.values()} == {"reached"}
    assert b"Nothing to fix was found." in render(again)


def test_a_page_in_a_notebook_shows_the_patches_with_what_they_cost_together(
    tmp_path, monkeypatch, nursery
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(HEAD + textwrap.dedent(BROKEN).lstrip())
    found = mend("train.py:step", nursery=nursery)
    page = html.unescape(found.report.page()._repr_html_())
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert [patch["title"] for patch in data["patches"]] == [
        mend.titles[0] for mend in found.report.mends
    ]
    (stage,) = found.stages
    for patch in data["patches"]:
        assert patch["effect"][-1] == f"Cost of the 2 patches together: {stage.cost.sentence}."


def test_what_makes_a_gradient_up_comes_last_and_says_so(mended):
    found = mended("""
        def step():
            model = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Linear(3, 1), "gate": nn.Linear(2, 1)})
            h = model["a"](torch.ones(4, 2)).detach()
            gate = (model["gate"](torch.ones(4, 2)) > -9).float()
            return (gate * model["b"](h)).sum(), model
        """)
    plain, made_up = found.stages
    assert (plain.soft, made_up.soft) == (False, True)
    said = render(found).decode()
    assert said.index("on top") > said.index("diff --git")
    assert "this makes up a gradient where there is none" in said


def test_a_step_that_cannot_be_repeated_is_said_and_nothing_is_called_the_same(mended):
    found = mended("""
        def step():
            model = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Linear(3, 1)})
            x = torch.full((4, 2), float(os.urandom(1)[0]) + time.time() % 1)
            return model["b"](model["a"](x).detach()).mean(), model
        """)
    assert not found.repeatable
    said = render(found).decode()
    assert "two runs of the unchanged step differ" in said
    assert "same to the bit" not in said
    assert set(found.stages[0].effect.reached) == {"a.weight", "a.bias"}


def test_an_unseeded_step_is_repeated_from_one_seed(mended):
    found = mended("""
        import random
        import numpy as np


        def step():
            model = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Linear(3, 1)})
            x = torch.randn(4, 2) * random.random() * float(np.random.rand())
            return model["b"](model["a"](x).detach()).mean(), model
        """)
    assert found.repeatable
    assert found.stages[0].effect.same_loss


def test_a_step_that_takes_too_long_or_fails_is_said_with_the_way_out(mended):
    with pytest.raises(GradvizError, match=r"more than 1 seconds; --timeout gives it more"):
        mended("def step():\n    time.sleep(30)\n", timeout=1.0)
    with pytest.raises(
        GradvizError, match=r"train\.py:step raised ValueError at .*train\.py:9: too small"
    ):
        mended("def step():\n    raise ValueError('too small')\n")
    with pytest.raises(GradvizError, match="no function 'nothing'"):
        mended(BROKEN, "train.py:nothing")


def test_the_files_stay_as_they_are_until_they_are_written(mended, tmp_path):
    found = mended(BROKEN)
    file = tmp_path / "train.py"
    assert file.read_bytes() == next(iter(found.originals.values()))
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__"} == {"train.py"}
    (stage,) = found.stages
    assert write(stage.before, stage.after) == [file.resolve()]
    assert file.read_bytes() == next(iter(stage.after.values()))
    with pytest.raises(OutputError, match="has changed since it was read"):
        write(stage.before, stage.after)


def test_nothing_is_written_where_one_of_the_files_has_changed(tmp_path):
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_bytes(b"a\n")
    other.write_bytes(b"changed\n")
    with pytest.raises(OutputError, match=r"other\.py has changed"):
        write({str(one): b"a\n", str(other): b"b\n"}, {str(one): b"A\n", str(other): b"B\n"})
    assert one.read_bytes() == b"a\n"


def test_a_file_of_a_package_is_nobodys_to_change(tmp_path):
    package = tmp_path / "lib" / "site-packages" / "net.py"
    package.parent.mkdir(parents=True)
    package.write_bytes(b"a\n")
    assert not is_own(str(package))
    assert not is_own(textwrap.__file__)
    assert not is_own(mend.__code__.co_filename)
    with pytest.raises(OutputError, match="belongs to a package"):
        write({str(package): b"a\n"}, {str(package): b"b\n"})


def test_a_script_is_run_up_to_the_first_step_of_its_optimizer(mended, tmp_path):
    found = mended(
        """
        import sys

        model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=float(sys.argv[1]))
        for epoch in range(1000):
            loss = model[1](model[0](torch.ones(4, 2)).detach()).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print("epoch", epoch, __name__, flush=True)
        open("done", "w").close()
        """,
        "train.py",
        arguments=("0.1",),
    )
    (stage,) = found.stages
    assert set(stage.effect.reached) == {"model.0.weight", "model.0.bias"}
    assert stage.effect.same_loss
    assert not (tmp_path / "done").exists()
    assert b"what the script writes to disk it wrote each time" in render(found)


def test_a_fake_that_is_detached_for_both_losses_is_detached_for_the_judge_alone(mended):
    found = mended(
        """
        g, d = nn.Linear(2, 3), nn.Linear(3, 1)
        of_g, of_d = (torch.optim.SGD(model.parameters(), lr=0.1) for model in (g, d))
        for epoch in range(1000):
            fake = g(torch.ones(4, 2)).detach()
            of_d.zero_grad()
            d(fake).mean().backward()
            of_d.step()
            of_g.zero_grad()
            (1 - d(fake)).square().mean().backward()
            of_g.step()
        """,
        "train.py",
    )
    (stage,) = found.stages
    assert stage.effect.reached == ("g.weight", "g.bias")
    assert stage.effect.same_loss
    assert not stage.effect.changed
    patched = render(found).decode()
    assert "+    d(fake.detach()).mean().backward()" in patched
    assert "+    fake = g(torch.ones(4, 2))\n" in patched


def test_of_several_uses_that_may_be_left_attached_the_one_that_trains_is_proposed(mended):
    found = mended(
        """
        body, a, b = nn.Linear(2, 3), nn.Linear(3, 1), nn.Linear(3, 1)
        of_a = torch.optim.SGD([*body.parameters(), *a.parameters()], lr=0.1)
        of_b = torch.optim.SGD(b.parameters(), lr=0.1)
        for epoch in range(1000):
            h = body(torch.ones(4, 2)).detach()
            of_a.zero_grad()
            (1 - a(h)).square().mean().backward()
            of_a.step()
            of_b.zero_grad()
            (2 - b(h)).square().mean().backward()
            of_b.step()
        """,
        "train.py",
    )
    (stage,) = found.stages
    assert stage.effect.trained == ("body.weight", "body.bias")
    assert "+    (2 - b(h.detach())).square().mean().backward()" in render(found).decode()


HELD = {
    "a head that is put on later": (
        "make the optimizer after the model is complete",
        """
        class Trainer:
            def __init__(self):
                self.model = nn.Sequential(nn.Linear(2, 3))
                self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
                self.model.append(nn.Linear(3, 2))
                self.lost = nn.CrossEntropyLoss()

            def fit(self):
                self.optimizer.zero_grad()
                self.lost(self.model(torch.ones(4, 2)), torch.tensor([0, 1, 0, 1])).backward()
                self.optimizer.step()


        Trainer().fit()
        """,
        {"self.model.1.weight", "self.model.1.bias"},
    ),
    "layers that are appended to a list": (
        "keep the modules in a ModuleList",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = []
                for size in (3, 1):
                    self.layers.append(nn.Linear(2 if size == 3 else 3, size))
                self.scale = nn.Parameter(torch.ones(1))

            def forward(self, x):
                for layer in self.layers:
                    x = layer(x)
                return x * self.scale


        net = Net()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        net(torch.ones(4, 2)).mean().backward()
        optimizer.step()
        """,
        {f"net.layers.{number}.{name}" for number in (0, 1) for name in ("weight", "bias")},
    ),
    "a model that is copied when the optimizer is made": (
        "hand the optimizer what it does not hold",
        """
        import copy

        first = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(first.parameters(), lr=0.1)
        second = copy.deepcopy(first)
        second(torch.ones(4, 2)).mean().backward()
        optimizer.step()
        """,
        {"second.weight", "second.bias"},
    ),
}


@pytest.mark.parametrize(("title", "program", "names"), HELD.values(), ids=HELD)
def test_an_optimizer_comes_to_hold_what_it_left_out(mended, title, program, names):
    found = mended(program, "train.py", meant=True)
    (stage,) = found.stages
    assert stage.mends[-1].titles == (title,)
    assert names <= set(stage.effect.held)
    assert stage.effect.same_loss


def test_a_parameter_that_was_cast_before_it_was_kept_is_registered(mended):
    found = mended(
        """
        class Scaled(nn.Module):
            def __init__(self):
                super().__init__()
                self.scale = nn.Parameter(torch.ones(3)).double().half().float()
                self.out = nn.Linear(3, 1)

            def forward(self, x):
                return self.out(x * self.scale)


        def step():
            model = Scaled()
            return model(torch.ones(2, 3)).sum(), model
        """
    )
    (only,) = found.report.mends
    assert only.effect.came == ("scale",)
    assert b"nn.Parameter(torch.ones(3).double().half().float())" in render(found)


@pytest.mark.parametrize(
    ("before", "after"), [("h += 1", "h = h + 1"), ("F.relu(h, inplace=True)", None)]
)
def test_what_spoils_the_backward_of_a_script_is_written_anew(mended, before, after):
    found = mended(
        f"""
        model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
        h = torch.sigmoid(model[0](torch.ones(4, 2))) - 0
        g = torch.sigmoid(h)
        h = g
        {before}
        model[1](h + g).mean().backward()
        """,
        "train.py",
    )
    (stage,) = found.stages
    (text,) = stage.after.values()
    assert (after or "inplace=False").encode() in text
    assert len(stage.effect.reached) == 4


def test_a_module_is_run_as_a_script(mended, tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text(
        HEAD
        + textwrap.dedent("""
            import sys
            from .nets import features

            model = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Linear(3, 1)})
            model["b"](features(model["a"], torch.ones(int(sys.argv[1]), 2))).mean().backward()
        """)
    )
    nets = tmp_path / "package" / "nets.py"
    nets.write_text("def features(layer, x):\n    return layer(x).data\n")
    found = mended("", "package", module=True, arguments=("4",))
    (stage,) = found.stages
    assert found.script
    assert stage.after == {str(nets): b"def features(layer, x):\n    return layer(x)\n"}
    assert set(stage.effect.reached) == {"model.a.weight", "model.a.bias"}


def test_what_is_in_a_module_beside_is_mended_there(mended, tmp_path):
    (tmp_path / "nets.py").write_bytes(b"def features(layer, x):\r\n\treturn layer(x).detach()\r\n")
    found = mended("""
        from nets import features


        def step():
            model = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Linear(3, 1)})
            return model["b"](features(model["a"], torch.ones(4, 2))).mean(), model
        """)
    (stage,) = found.stages
    assert stage.after == {
        str(tmp_path / "nets.py"): b"def features(layer, x):\r\n\treturn layer(x)\r\n"
    }


ACTOR_CRITIC = """
    torch.manual_seed(0)
    body, actor, critic = nn.Linear(2, 3), nn.Linear(3, 2), nn.Linear(3, 1)
    every = [*body.parameters(), *actor.parameters(), *critic.parameters()]
    optimizer = torch.optim.SGD(every, lr=0.1)
    for episode in range(1000):
        h = torch.tanh(body(torch.randn(4, 2)))
        value = critic(h)VALUE
        gap = torch.ones(4, 1) - value
        play = -(F.log_softmax(actor(h), -1)[:, :1] * gap.detach()).mean()
        fit = gapGAP.pow(2).mean()
        optimizer.zero_grad()
        (fit + play).backward()
        optimizer.step()
"""


@pytest.mark.parametrize(
    ("value", "gap"), [("", ".detach()"), (".detach()", "")], ids=["in its term", "before it"]
)
def test_a_cut_that_makes_a_term_constant_is_mended_before_one_that_may_be_meant(
    mended, value, gap
):
    program = ACTOR_CRITIC.replace("VALUE", value).replace("GAP", gap)
    patches = render(mended(program, "train.py")).decode()
    removed = [line for line in patches.splitlines() if line.startswith("-  ")]
    assert len(removed) == 1
    assert "play" not in removed[0]
    assert "gradient now reaches critic.*" in patches
    assert "reaches body.* (2 tensors, 9 values) by the route that was cut too" in patches


def test_a_rollout_without_gradient_stays_so_where_another_patch_reaches_all_that_it_severs(mended):
    found = mended("""
        def chances(model, x):
            return F.log_softmax(model["pi"](x), -1).detach()

        def step():
            torch.manual_seed(0)
            model = nn.ModuleDict({"pi": nn.Linear(3, 2), "v": nn.Linear(3, 1)})
            x = torch.randn(4, 3)
            with torch.no_grad():
                old = F.log_softmax(model["pi"](x), -1)[0, 0].item()
                gap = 1 - model["v"](x)[0, 0].item()
            new = chances(model, x)
            play = -((new - old).exp() * gap).mean()
            return play + (model["v"](x) - 1).pow(2).mean(), model
        """)
    patches = render(found).decode()
    assert [line for line in patches.splitlines() if line.startswith("-  ")] == [
        '-    return F.log_softmax(model["pi"](x), -1).detach()'
    ]
