"""A tensor that is spread over several processes stands for the part of it that lies in this one."""

import pytest
import torch
import torch.distributed as dist
from torch import nn

import gradviz

tensor = pytest.importorskip(
    "torch.distributed.tensor", reason="this torch was built without distributed"
)
parallel = pytest.importorskip("torch.distributed.tensor.parallel")

X = torch.ones(2, 4)


@pytest.fixture(scope="module")
def mesh():
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield dist.device_mesh.init_device_mesh("cpu", (1,))
    dist.destroy_process_group()


@pytest.fixture
def model(mesh):
    """Three layers, of which the last two are tensor parallel."""
    torch.manual_seed(0)
    model = nn.ModuleDict({name: nn.Linear(4, 4) for name in ("stem", "up", "down")})
    parallel.parallelize_module(model["up"], mesh, parallel.ColwiseParallel())
    parallel.parallelize_module(model["down"], mesh, parallel.RowwiseParallel())
    return model


def verdicts(model, step):
    """Return the verdict of each layer, whether in part, and the lines that sever."""
    with gradviz.trace() as trace:
        loss = step(model).sum()
        loss.backward()
    report = trace.report(loss, model)
    layers = {
        name.partition(".")[0]: (str(parameter.verdict), parameter.partial)
        for name, parameter in report.parameters.items()
    }
    return layers, [cut.operation for cut in report.cuts]


def healthy(model):
    return model["down"](model["up"](model["stem"](X)).relu())


def before_the_first(model):
    return model["down"](model["up"](model["stem"](X).detach()).relu())


def between(model):
    return model["down"](model["up"](model["stem"](X)).detach().relu())


def beside_a_live_route(model):
    features = model["stem"](X)
    return model["down"](model["up"](features) + model["up"](features.detach()))


def spread_and_then_severed(model):
    whole = tensor.DTensor.from_local(
        model["stem"](X), dist.device_mesh.init_device_mesh("cpu", (1,))
    )
    return model["down"](model["up"](whole.detach().to_local()))


REACHED, CUT = ("reached", False), ("cut", False)


@pytest.mark.parametrize(
    ("step", "stem", "up"),
    [
        (healthy, REACHED, REACHED),
        (before_the_first, CUT, REACHED),
        (between, CUT, CUT),
        (beside_a_live_route, ("reached", True), REACHED),
        (spread_and_then_severed, CUT, REACHED),
    ],
)
def test_what_goes_in_severed_is_found_behind_the_tensor_that_wraps_it(model, step, stem, up):
    layers, cuts = verdicts(model, step)
    assert layers == {"stem": stem, "up": up, "down": REACHED}
    assert cuts == ([] if step is healthy else ["detach()"])


def test_a_tensor_that_is_wrapped_and_unwrapped_in_one_expression_keeps_its_history(mesh, model):
    def step(model):
        local = tensor.DTensor.from_local(model["stem"](X), mesh, [tensor.Replicate()]).to_local()
        return model["down"](model["up"](local))

    layers, lines = verdicts(model, step)
    assert layers["stem"] == ("reached", False)
    assert lines == []


def test_what_is_detached_after_it_was_unwrapped_is_the_only_line_named(mesh, model):
    def step(model):
        local = tensor.DTensor.from_local(model["stem"](X), mesh, [tensor.Shard(0)]).to_local()
        return model["down"](model["up"](local.detach()))

    layers, lines = verdicts(model, step)
    assert layers["stem"] == ("cut", False)
    assert lines == ["detach()"]
