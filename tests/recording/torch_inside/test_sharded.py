"""What FSDP does to keep parameters in pieces is no part of the step."""

import pytest
import torch
import torch.distributed as dist
from torch import nn

import gradviz

fsdp = pytest.importorskip(
    "torch.distributed.fsdp", reason="this torch was built without distributed"
)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.below, self.above, self.idle = (
            nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(3)
        )

    def forward(self, x):
        return self.above(self.below(x).detach())


@pytest.fixture(scope="module")
def group():
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("originals", [True, False])
def test_the_upkeep_of_a_flat_parameter_severs_nothing(group, originals):
    policy = fsdp.wrap.ModuleWrapPolicy({nn.Sequential})
    net = fsdp.FullyShardedDataParallel(
        Net(), auto_wrap_policy=policy, use_orig_params=originals, device_id=torch.device("cpu")
    )
    with gradviz.trace() as trace:
        loss = net(torch.ones(2, 4)).pow(2).mean()
        loss.backward()
    report = trace.report(loss, net)
    told = {
        next(part for part in name.split(".") if not part.startswith("_")): (
            str(one.verdict),
            one.partial,
        )
        for name, one in report.parameters.items()
    }
    assert told == {"above": ("reached", False), "below": ("cut", False), "idle": ("unused", False)}
    assert [(str(cut.kind), cut.code) for cut in report.cuts] == [
        ("detach", "return self.above(self.below(x).detach())")
    ]
    assert report.cuts[0].parameters == tuple(name for name in report.parameters if "below" in name)
    assert report.notes == ()


@pytest.mark.filterwarnings("ignore")
def test_of_parameters_that_go_in_as_one_each_is_told_by_its_own_gradient(group):
    net = fsdp.FullyShardedDataParallel(Net(), use_orig_params=True, device_id=torch.device("cpu"))
    with gradviz.trace() as trace:
        loss = net(torch.ones(2, 4)).pow(2).mean()
        loss.backward()
    report = trace.report(loss, net)
    verdicts = {
        next(part for part in name.split(".") if not part.startswith("_")): str(found.verdict)
        for name, found in report.parameters.items()
    }
    assert verdicts == {"above": "reached", "below": "zero", "idle": "zero"}
    assert all(found.gradient_norm is None for found in report.parameters.values())
