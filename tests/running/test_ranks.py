"""Several processes that train together: what each reached, put together into one table.

With gloo, for real.
"""

import json
from pathlib import Path

import pytest

from gradviz.running.ranks import Left, matrix, trained

DDP = """
import glob, os, sys, time, torch
import torch.distributed as dist
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk, self.left, self.right = nn.Linear(3, 3), nn.Linear(3, 1), nn.Linear(3, 1)
    def forward(self, x, rank):
        return (self.left if rank % 2 == 0 else self.right)(self.trunk(x))
dist.init_process_group("gloo")
torch.manual_seed(0)
rank, way = dist.get_rank(), sys.argv[1]
model = nn.parallel.DistributedDataParallel(Net(), find_unused_parameters=way == "unused", static_graph=way == "static")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(2):
    optimizer.zero_grad()
    loss = model(torch.randn(4, 3), rank).pow(2).mean()
    if way == "static" and step == 1:  # one ends when the others are in their call
        loss.register_hook(lambda gradient: open(f"in_call_{rank}", "w").close())
        while rank == 1 and len(glob.glob("in_call_*")) < dist.get_world_size() - 1: time.sleep(0.01)
        rank == 1 and os._exit(7)
    loss.backward()
    optimizer.step(), way == "static" and dist.barrier()  # each has said by now what it saw
dist.destroy_process_group()
"""

FSDP = """
import os, torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.trunk, self.head, self.spare = (nn.Linear(4, 4) for _ in range(4))
    def forward(self, x):
        h = self.stem(x).detach()
        return self.head(self.trunk(h).relu())
dist.init_process_group("gloo")
torch.manual_seed(0)
model = Net()
mesh = init_device_mesh("cpu", (dist.get_world_size(),))
for layer in (model.trunk, model.head):
    fully_shard(layer, mesh=mesh)
fully_shard(model, mesh=mesh)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    optimizer.zero_grad()
    loss = model(torch.randn(4, 4)).pow(2).mean()
    loss.backward()
    optimizer.step()
    gradients = [None if p.grad is None else p.grad.to_local().tolist() for p in model.parameters()]
    os.write(1, f"{dist.get_rank()} {loss.item()} {gradients}\\n".encode())  # whole, whatever the other rank writes
dist.destroy_process_group()
"""


@pytest.fixture
def scripts(rank_scripts):
    """A folder to run scripts in whose ranks are forks of a process that has imported torch."""
    return rank_scripts


def torchrun(ranks):
    # standalone: it holds its port from the moment on in which it finds that this is free
    return "torchrun", "--standalone", "--nproc-per-node", str(ranks)


def table(ranks):
    even, odd = "reached  unused   ", "unused   reached  "
    return [
        "gradviz: backward 1 at ddp.py:23: 4 of 6 parameters differ between ranks",
        "            " + "   ".join(f"rank {rank}" for rank in range(ranks)),
        f"  differ    {even * (ranks // 2)}model.module.left.* (2 tensors, 4 values)",
        f"  differ    {odd * (ranks // 2)}model.module.right.* (2 tensors, 4 values)",
        f"  same      {'reached  ' * ranks}model.module.trunk.* (2 tensors, 12 values)",
    ]


def test_two_ranks_are_put_together_into_a_matrix_that_explains_what_ddp_raises(scripts):
    scripts.write("ddp.py", DDP)
    ran = scripts.run("--children", "-o", "report.json", *torchrun(2), "ddp.py", "plain")
    assert ran.code == 1
    assert "Expected to have finished reduction" in ran.err
    assert "  unused so far: model.module." in ran.said
    assert ran.err.splitlines()[-8:] == [
        *table(2),
        (
            "  means     DistributedDataParallel waits on every rank for a gradient of every"
            " parameter. It is for"
        ),
        (
            "            these 4 that it says 'Expected to have finished reduction';"
            " find_unused_parameters=True"
        ),
        "            waits for no unused one.",
    ]
    assert sorted(path.name for path in scripts.folder.glob("report*")) == [
        "report.rank0.json",
        "report.rank1.json",
    ]
    page = Path(__file__).parents[2] / "docs" / "how-to" / "frameworks.md"
    assert "\n".join(ran.err.splitlines()[-7:]).replace("ddp.py", "train.py") in page.read_text()


def test_of_four_ranks_one_that_ends_early_is_said(scripts):
    scripts.write("ddp.py", DDP)
    ran = scripts.run("--children", "--backward", "1,2", *torchrun(4), "ddp.py", "static")
    assert ran.code == 1
    assert "\n".join(table(4)) in ran.err
    last = ran.err.splitlines()[-1]
    assert (
        last == "  missing   rank 1 did not come to this call, or left nothing here: it has ended"
        " before, or runs elsewhere"
    )


def test_ranks_that_are_each_run_on_their_own_are_put_together_too(scripts):
    scripts.write("ddp.py", DDP)
    ran = scripts.python(
        "-m",
        "torch.distributed.run",
        *torchrun(2)[1:],
        "-m",
        "gradviz",
        "run",
        "--backward",
        "1",
        "ddp.py",
        "unused",
    )
    assert ran.code == 0
    assert "\n".join(table(2)) in ran.err
    assert ran.err.count(table(2)[0]) == 1
    assert (
        "  older     model.module.right.* (2 tensors, 4 values): stepped by a gradient that these"
        " calls did not bring" in ran.err
    )
    assert "ALARM" not in ran.err  # DDP fills .grad of what this rank never reached


@pytest.mark.parametrize("by", ["gradviz", "torchrun"])
def test_weights_that_drift_apart_are_an_alarm_whoever_starts_the_ranks(scripts, by):
    raw = "loss = model.module(torch.randn(4, 3), rank).pow(2).mean()"
    scripts.write("ddp.py", DDP.replace("loss = model(torch.randn(4, 3), rank).pow(2).mean()", raw))
    if by == "gradviz":
        ran = scripts.run("--children", *torchrun(2), "ddp.py", "unused")
    else:
        command = "-m", "torch.distributed.run", *torchrun(2)[1:], "-m", "gradviz", "run"
        ran = scripts.python(*command, "-o", "report.json", "ddp.py", "unused")
        report = json.loads((scripts.folder / "report.rank1.json").read_text())
        assert "ranks_differ" in [alarm["why"] for alarm in report["training"]["alarms"]]
    assert ran.code == 0
    assert ran.err.count("gradviz: ALARM: after step 1 the weights of") == 1
    assert "stopped watching" not in ran.err


def test_fsdp2_is_told_by_the_named_parameters(scripts):
    scripts.write("fsdp.py", FSDP)
    plain = scripts.python("-m", "torch.distributed.run", *torchrun(2)[1:], "fsdp.py")
    ran = scripts.run("--children", "-o", "report.json", *torchrun(2), "fsdp.py")
    assert (ran.code, sorted(ran.out.splitlines())) == (0, sorted(plain.out.splitlines()))
    for rank in range(2):
        report = json.loads((scripts.folder / f"report.rank{rank}.json").read_text())
        for backward in report["backwards"]:
            verdicts = {
                one["name"]: one["verdict"]
                for one in backward["parameters"]
                if one["name"].endswith("weight")
            }
            assert verdicts == {
                "model.stem.weight": "cut",
                "model.trunk.weight": "reached",
                "model.head.weight": "reached",
                "model.spare.weight": "unused",
            }
            assert [(cut["line"], cut["parameters"]) for cut in backward["cuts"]] == [
                (12, ["model.stem.weight", "model.stem.bias"])
            ]
            assert not backward["unregistered"]
    assert "gradviz: backward 1 and 2 at fsdp.py:25: every rank saw the same" in ran.err


def test_ranks_that_saw_the_same_share_a_column_where_there_are_many():
    seen = {"a": ("reached", 1), "b": ("reached", 2)}
    ranks = [
        Left(
            number=1, rank=rank, of=16, verdicts=seen if rank % 8 else {**seen, "b": ("unused", 2)}
        )
        for rank in range(12)
    ]
    ranks.append(Left(number=1, rank=12, of=16))
    assert list(matrix(ranks)) == [
        ": 1 of 2 parameters differ between ranks\n",
        "            ranks 0 and 8         ranks 1..7 and 9..11\n",
        "  differ    unused                reached               b (2 values)\n",
        "  same      reached               reached               a (1 value)\n",
        (
            "  missing   rank 12 began this call and did not come back from it: perhaps waiting for"
            " another rank\n"
        ),
        (
            "  missing   ranks 13..15 did not come to this call, or left nothing here: it has ended"
            " before, or runs elsewhere\n"
        ),
    ]


def test_ranks_on_which_other_parameters_train_are_put_side_by_side(tmp_path):
    for number, why in enumerate(("trains", "stale")):
        (tmp_path / f"trained_{number}.json").write_text(
            json.dumps({"w": (why, 4), "v": ("trains", 2)})
        )
    title, heads, differ, same = trained(tmp_path).splitlines()
    assert title == "gradviz: training: 1 of 2 parameters differ between ranks"
    assert heads.split() == ["rank", "0", "rank", "1"]
    assert differ.split() == ["differ", "trains", "stale", "w", "(4", "values)"]
    assert same.split()[:3] == ["same", "trains", "trains"]
    (tmp_path / "trained_1.json").write_text((tmp_path / "trained_0.json").read_text())
    assert trained(tmp_path) == ""


def test_a_rank_that_holds_no_value_of_a_parameter_contradicts_none(tmp_path):
    for number, whys in enumerate((("trains", "elsewhere"), ("elsewhere", "stale"))):
        fates = {name: (why, 1) for name, why in zip("wv", whys, strict=True)}
        (tmp_path / f"trained_{number}.json").write_text(json.dumps(fates))
    assert trained(tmp_path) == ""
    (tmp_path / "trained_2.json").write_text(json.dumps({"w": ("lost", 1), "v": ("stale", 1)}))
    title, _, differ, same = trained(tmp_path).splitlines()
    assert title == "gradviz: training: 1 of 2 parameters differ between ranks"
    assert differ.split()[:4] == ["differ", "trains", "elsewhere", "lost"]
    assert same.split()[:4] == ["same", "elsewhere", "stale", "stale"]


TWO_OUTPUTS = """
import os, sys, tempfile, torch
import torch.distributed as dist
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk, self.left, self.right = nn.Linear(3, 3), nn.Linear(3, 1), nn.Linear(3, 1)
    def forward(self, x):
        h = self.trunk(x)
        return self.left(h), self.right(h.detach() if "detach" in sys.argv else h)
dist.init_process_group("gloo", rank=0, world_size=1, init_method=f"file://{tempfile.mktemp()}")
model = nn.parallel.DistributedDataParallel(Net(), find_unused_parameters=True)
left, right = model(torch.randn(4, 3))
(left if "one" in sys.argv else left + right).square().mean().backward()
dist.destroy_process_group()
"""


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["one"], ["reached   model.module.trunk.*", "unused    model.module.right.*"]),
        ([], ["reached   model.* (6 tensors"]),
        (["detach"], ["reached   model.* (6 tensors", "partial   model.module.trunk.*"]),
    ],
)
def test_an_output_that_no_loss_takes_is_severed_by_nothing(scripts, arguments, lines):
    scripts.write("train.py", TWO_OUTPUTS)
    said = scripts.run("train.py", *arguments).said
    assert "_DDPSink" not in said
    for line in lines:
        assert f"  {line}" in said
    assert ("partial" in said) == ("detach" in arguments)
