"""The norms that a trace measures are, to the last bit of float64, those of hooks set by hand.

Whatever it is that runs the backward.
"""

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import gradviz
import warm

X = torch.linspace(-1, 1, 24).reshape(6, 4)
Norms = dict[str, list[float]]
Step = Callable[[nn.Module], Tensor]


def norm(gradient: Tensor) -> float:
    return float(torch.linalg.vector_norm(gradient.to_dense(), dtype=torch.float64))


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 9), nn.Tanh(), nn.Linear(9, 7), nn.GELU(), nn.Linear(7, 1))


def by_hand(model: nn.Module) -> Norms:
    """Set a hook on each parameter; return what each will have taken down."""
    norms: Norms = {}
    for name, parameter in model.named_parameters():
        parameter.register_hook(
            lambda gradient, name=name: norms.setdefault(name, []).append(norm(gradient))
        )
    return norms


def plain(model: nn.Module) -> Tensor:
    loss = model(X).square().mean()
    loss.backward()
    return loss


def accumulated(model: nn.Module) -> Tensor:
    (model(X).sum() * 3).backward()
    return plain(model)


def scaled(model: nn.Module) -> Tensor:
    scaler, optimizer = torch.amp.GradScaler("cpu"), torch.optim.SGD(model.parameters(), lr=0.01)
    loss = scaler.scale(model(X).square().mean())
    loss.backward()
    scaler.step(optimizer)
    scaler.update()
    return loss


def lbfgs(model: nn.Module) -> Tensor:
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=3)
    losses: list[Tensor] = []

    def closure() -> Tensor:
        optimizer.zero_grad()
        losses.append(plain(model))
        return losses[-1]

    optimizer.step(closure)
    return losses[-1]


def penalised(model: nn.Module) -> Tensor:
    x = X.clone().requires_grad_()
    (slope,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
    loss = model(x).square().mean() + slope.square().sum()
    loss.backward()
    return loss


def recomputed(*, reentrant: bool) -> Step:
    def step(model: nn.Module) -> Tensor:
        x = X.clone().requires_grad_()
        loss = model[4](checkpoint(model[:4], x, use_reentrant=reentrant)).square().mean()
        loss.backward()
        return loss

    return step


def compiled(model: nn.Module) -> Tensor:
    loss = torch.compile(model, backend="aot_eager")(X).square().mean()
    loss.backward()
    return loss


def half(model: nn.Module) -> Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(X).float().square().mean()
    loss.backward()
    return loss


def kept(model: nn.Module) -> Tensor:
    loss = model(X).square().mean()
    loss.backward(create_graph=True)
    return loss


STEPS: dict[str, Step] = {
    "plain": plain,
    "accumulated": accumulated,
    "scaled": scaled,
    "LBFGS": lbfgs,
    "double backward": penalised,
    "create_graph": kept,
    "checkpoint": recomputed(reentrant=False),
    "reentrant checkpoint": recomputed(reentrant=True),
    "compiled": compiled,
    "autocast": half,
}


@pytest.fixture(autouse=True)
def fresh_compiler() -> Iterator[None]:
    yield
    torch._dynamo.reset()


@pytest.mark.filterwarnings("ignore:Using backward")
@pytest.mark.parametrize("values", [False, True])
@pytest.mark.parametrize("name", STEPS)
def test_norms_equal_those_of_hooks_set_by_hand(name: str, values: bool) -> None:
    model = net()
    expected = by_hand(model)
    with gradviz.trace(values=values) as trace:
        loss = STEPS[name](model)
    report = trace.report(loss, model)
    assert not [note for note in report.notes if "watched" in note]
    for parameter, norms in expected.items():
        measured = report.parameters[parameter].gradient_norm
        if values:
            assert measured == norms[-1], parameter
        else:
            assert measured == pytest.approx(norms[-1], rel=1e-6), parameter
    if values:
        leaves = {node.name: node.incoming for node in report.graph.nodes if node.incoming}
        assert {parameter: leaves[parameter][0].norm for parameter in expected} == {
            parameter: norms[-1] for parameter, norms in expected.items()
        }


def test_what_a_scaled_gradient_was_at_its_step_is_unscaled() -> None:
    model = net()
    unscaled = {
        parameter: norm(gradient)
        for (parameter, _), gradient in zip(
            model.named_parameters(),
            torch.autograd.grad(model(X).square().mean(), tuple(model.parameters())),
            strict=True,
        )
    }
    with gradviz.trace(values=True) as trace:
        loss = scaled(model)
    training = trace.report(loss, model).training
    assert training is not None
    # The scale is a power of two
    assert {fate.name: fate.gradient_norm for fate in training.parameters} == pytest.approx(
        unscaled, rel=1e-6
    )


@pytest.mark.parametrize("indices", [[1, 1, 7], [3], [0, 4, 4, 4, 9]])
def test_sparse_rows_count_by_what_they_add_up_to(indices: list[int]) -> None:
    torch.manual_seed(0)
    table = nn.Embedding(10, 5, sparse=True)
    expected = by_hand(table)
    with gradviz.trace(values=True) as trace:
        loss = F.softplus(table(torch.tensor(indices))).sum()
        loss.backward()
    report = trace.report(loss, table)
    assert table.weight.grad is not None
    assert table.weight.grad.is_sparse
    assert report.parameters["weight"].gradient_norm == pytest.approx(
        expected["weight"][0], rel=1e-15
    )


RANKS = """
    import os, sys, torch
    import torch.distributed as dist
    from torch import nn
    import gradviz

    dist.init_process_group("gloo")
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 9), nn.Tanh(), nn.Linear(9, 2))
    x = torch.randn(6, 4, generator=torch.Generator().manual_seed(dist.get_rank()))
    if sys.argv[1] == "ddp":
        whole = nn.parallel.DistributedDataParallel(model)
    else:
        from torch.distributed.fsdp import fully_shard
        from torch.distributed.device_mesh import init_device_mesh
        mesh = init_device_mesh("cpu", (dist.get_world_size(),))
        for layer in (model[0], model[2]):
            fully_shard(layer, mesh=mesh)
        whole = fully_shard(model, mesh=mesh)
    norms = {}
    if sys.argv[1] == "ddp":
        for name, p in model.named_parameters():
            p.register_hook(
                lambda g, name=name: norms.__setitem__(
                    name, torch.linalg.vector_norm(g, dtype=torch.float64).item()
                )
            )
    else:  # what the whole parameters get, before it is scattered
        torch.manual_seed(0)
        alone = nn.Sequential(nn.Linear(4, 9), nn.Tanh(), nn.Linear(9, 2))
        alone(x).square().mean().backward()
        for name, p in alone.named_parameters():
            norms[name] = torch.linalg.vector_norm(p.grad, dtype=torch.float64).item()
    with gradviz.trace(values=True) as trace:
        loss = whole(x).square().mean()
        loss.backward()
    report = trace.report(loss, model)
    measured = {name: p.gradient_norm for name, p in report.parameters.items()}
    print("same" if measured == norms else f"{measured} for {norms}", flush=True)
    dist.barrier()
    dist.destroy_process_group()
"""


@pytest.mark.skipif(not torch.distributed.is_available(), reason="built without distributed")
@pytest.mark.parametrize("how", ["ddp", "fsdp2"])
def test_two_ranks_measure_what_arrives_at_each(how: str, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(textwrap.dedent(RANKS))
    ranks = ["--standalone", "--nproc-per-node", "2", "train.py", how]
    done = warm.completed(
        [sys.executable, "-m", "torch.distributed.run", *ranks], tmp_path, children=True
    )
    assert (done.returncode, done.stdout) == (0, "same\nsame\n"), done.stdout + done.stderr
