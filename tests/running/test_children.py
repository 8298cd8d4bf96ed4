"""Processes that a script starts: counted, followed where that was asked, and put together by rank."""

import pytest

HOGWILD = """
import sys, torch
import torch.multiprocessing as mp
def train(rank, model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.zero_grad()
    loss = model(torch.ones(2, 3)).pow(2).mean()
    loss.backward()
    optimizer.step()
if __name__ == "__main__":
    mp.set_start_method(sys.argv[1])
    model = torch.nn.Linear(3, 1)
    model.share_memory()
    processes = [mp.Process(target=train, args=(rank, model)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print([process.exitcode for process in processes])
"""

DDP = """
import sys, torch
import torch.distributed as dist
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk, self.left, self.right = nn.Linear(3, 3), nn.Linear(3, 1), nn.Linear(3, 1)
    def forward(self, x, rank):
        return (self.left if rank == 0 else self.right)(self.trunk(x))
dist.init_process_group("gloo")
torch.manual_seed(0)
rank = dist.get_rank()
model = nn.parallel.DistributedDataParallel(Net(), find_unused_parameters=sys.argv[1] == "unused")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    optimizer.zero_grad()
    loss = model(torch.randn(4, 3), rank).pow(2).mean()
    loss.backward()
    optimizer.step()
dist.destroy_process_group()
"""


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_training_in_children_is_said_and_followed_where_asked(scripts, way):
    scripts.write("hogwild.py", HOGWILD)
    alone = scripts.run("-o", "report.json", "hogwild.py", way)
    assert alone.out == "[0, 0]\n"
    assert alone.err == "gradviz: No backward call was seen in this process; 2 child processes were started: use --children.\n"
    assert not list(scripts.folder.glob("report*"))
    followed = scripts.run("--children", "-o", "report.json", "hogwild.py", way)
    assert followed.out == "[0, 0]\n"
    assert followed.others == ""
    assert followed.said.count("backward 1, loss at hogwild.py:8: loss.backward()") == 2
    assert followed.said.count("optimizer (SGD) steps after backward 1: all its parameters get gradient") == 2
    assert len(list(scripts.folder.glob("report.process*.json"))) == 2


@pytest.mark.parametrize(("way", "port"), [("plain", "29641"), ("unused", "29642")])
def test_two_ranks_are_put_together_into_a_matrix(scripts, way, port):
    scripts.write("ddp.py", DDP)
    launch = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", port, "ddp.py", way)
    ran = scripts.run("--children", "--backward", "1", "-o", "report.json", *launch)
    assert ("Expected to have finished reduction" in ran.err) == (way == "plain")
    assert ran.code == (way == "plain")
    assert (
        "  differ    reached  unused   model.module.left.* (2 parameters, 4)\n"
        "  differ    unused   reached  model.module.right.* (2 parameters, 4)\n"
        "  same      reached  reached  model.module.trunk.* (2 parameters, 12)\n"
    ) in ran.err
    assert sorted(path.name for path in scripts.folder.glob("report*")) == ["report.rank0.json", "report.rank1.json"]
    assert ("ALARM" in ran.said) == (way == "plain")  # with find_unused_parameters the other rank's gradient is stepped


def test_a_script_without_torch_is_told_so_once(scripts):
    scripts.write("plain.py", "print('no torch here')\n")
    ran = scripts.run("plain.py")
    assert (ran.out, ran.err) == ("no torch here\n", "gradviz: No backward call was seen in this process: torch was not imported.\n")
