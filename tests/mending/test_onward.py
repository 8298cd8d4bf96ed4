"""A patch is offered where the step also runs when it runs again, and not where it raises then."""

import pytest

from gradviz.mending.text import render

NET = """
import builtins

net = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Linear(3, 1)})
params = [*net.parameters()]
x = torch.ones(4, 2)
"""
OUTLIVES = {
    "a memo of a function": """
        memo = {}

        def step():
            if "scale" not in memo:
                memo["scale"] = float(net["a"](x).mean())
            return (net["b"](torch.ones(4, 3)) * memo["scale"]).pow(2).mean(), net
        """,
    "the state of a recurrent step": """
        h = torch.zeros(4, 3)

        def step():
            global h
            h = torch.tanh(net["a"](x) + h).detach()
            return net["b"](h).pow(2).mean(), net
        """,
    "a history that a script adds up": """
        optimizer = torch.optim.SGD(params, lr=0.1)
        history = []
        for i in range(3):
            history.append(net["a"](x).mean().item())
            loss = (net["b"](torch.ones(4, 3)) * sum(history)).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        """,
}
LASTS = {
    "a function that computes it anew": """
        def step():
            memo = {"scale": float(net["a"](x).mean())}
            return (net["b"](torch.ones(4, 3)) * memo["scale"]).pow(2).mean(), net
        """,
    "a function that runs its own backward": """
        def step():
            loss = net["b"](net["a"](x).detach()).pow(2).mean()
            loss.backward()
            return loss, net
        """,
    "a function that can be run once": """
        once = iter([1])

        def step():
            next(once)
            return net["b"](net["a"](x).detach()).pow(2).mean(), net
        """,
    "a script that fails later by itself": """
        optimizer = torch.optim.SGD(params, lr=0.1)
        for i in range(3):
            loss = net["b"](net["a"](x).detach()).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            assert i < 2
        """,
}


def _step(program):
    return "train.py:step" if "def step" in program else "train.py"


def _lines(program):
    return NET + program.replace("\n        ", "\n")


@pytest.mark.parametrize("program", OUTLIVES.values(), ids=OUTLIVES.keys())
def test_no_patch_is_offered_with_which_a_later_step_raises(mended, program):
    found = mended(_lines(program), _step(program), meant=True)
    assert found.stages == ()
    assert found.report.mends == ()
    said = " ".join(render(found).decode().split())
    assert "and the step raises RuntimeError" in said
    assert "(Trying to backward through the graph a second time; what a run keeps" in said


@pytest.mark.parametrize("program", LASTS.values(), ids=LASTS.keys())
def test_a_patch_is_offered_where_later_steps_are_as_they_were(mended, program):
    (stage,) = mended(_lines(program), _step(program)).stages
    assert set(stage.effect.reached) == {"a.weight", "a.bias"} or {
        name.rpartition("net.")[2] for name in stage.effect.reached
    } == {"a.weight", "a.bias"}


WRITES = {
    "open": 'open("written", "w").close()',
    "torch.save": 'torch.save(net.state_dict(), "written")',
    "os.mkdir": 'os.mkdir("written")',
    "a program": 'os.system("touch written")',
    "within an except": (
        'try:\n    open("written", "w").close()\nexcept builtins.Exception:\n    pass'
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_script_runs_on_to_where_it_first_writes_after_its_step(mended, tmp_path, write):
    program = f"""
optimizer = torch.optim.SGD(params, lr=0.1)
open("before", "w").close()
loss = net["b"](net["a"](x).detach()).pow(2).mean()
loss.backward()
optimizer.step()
{write}
raise ValueError("never reached")
"""
    (stage,) = mended(NET + program, "train.py").stages
    assert stage.effect.same_loss
    assert (tmp_path / "before").exists()
    assert not (tmp_path / "written").exists()
