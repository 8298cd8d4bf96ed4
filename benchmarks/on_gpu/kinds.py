"""What is done in another way on a GPU: graphs, streams, compiled code, attention, few bits."""

import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import gradviz

from . import device
from .device import Row
from .net import Net, is_right, says_what_trains, watched


def graphs() -> Iterator[Row]:
    """CUDA graphs of the user's are captured, replayed and made of callables, and left alone."""
    if not device.is_cuda():
        yield "CUDA graphs", "not on a CPU", None
        return
    torch.manual_seed(0)
    results = [_captured(traced) for traced in (False, True)]
    yield "a whole step captured in a trace", "", all(map(torch.equal, *results))
    callables = []
    for traced in (False, True):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1)).to(device.name())
        x = torch.randn(4, 8, device=device.name())
        made = torch.cuda.make_graphed_callables(model, (x,))
        with watched(traced) as trace:
            loss = made(x).square().mean()
            loss.backward()
        callables.append([p.grad.clone() for p in model.parameters()])
    same = all(map(torch.equal, *callables))
    yield "make_graphed_callables: same gradients", str(same), same
    said = {str(p.verdict) for p in trace.report(loss, model).parameters.values()}
    yield "make_graphed_callables: verdicts", ", ".join(sorted(said)), said == {"reached"}


def _captured(traced: bool) -> list[Tensor]:
    """Capture a step with its optimizer, replay it three times, and return the weights."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1)).to(device.name())
    optimizer = torch.optim.AdamW(model.parameters(), 0.01, capturable=True)
    x = torch.randn(4, 8, device=device.name())

    def train() -> None:
        optimizer.zero_grad(set_to_none=False)
        model(x).square().mean().backward()
        optimizer.step()

    with watched(traced):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                train()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            train()
        for _ in range(3):
            graph.replay()
    return [p.detach().clone() for p in model.parameters()]


def streams() -> Iterator[Row]:
    """A step on a stream of its own, its data copied beside it."""
    if not device.is_cuda():
        yield "streams", "not on a CPU", None
        return
    results = []
    for traced in (False, True):
        torch.manual_seed(0)
        model = Net().to(device.name())
        side = torch.cuda.Stream()
        batch = torch.randn(8, 64).pin_memory()
        with watched(traced) as trace:
            with torch.cuda.stream(side):
                loss = model(batch.to(device.name(), non_blocking=True))
                loss.backward()
            torch.cuda.current_stream().wait_stream(side)
        results.append([p.grad.double().sum().item() for p in model.third.parameters()])
    good = results[0] == results[1] and is_right(trace.report(loss, model))
    yield "a step on a stream of its own: same gradients, verdicts", str(good), good


def compiled() -> Iterator[Row]:
    """A compiled model is judged as it is written, and keeps its numbers."""
    torch.manual_seed(0)
    net = Net().to(device.name())
    model = torch.compile(net, backend="inductor" if device.is_cuda() else "eager")
    x = torch.randn(8, 64, device=device.name())
    model(x).backward()  # compiles
    with gradviz.trace() as trace:
        loss = model(x)
        loss.backward()
    good = is_right(trace.report(loss, net))
    yield "verdicts of a compiled model", str(good), good


def attention() -> Iterator[Row]:
    """The backward of flex_attention and of fused attention, and a cuDNN LSTM."""
    from torch.nn.attention.flex_attention import flex_attention

    attend = torch.compile(flex_attention)
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "fused attention": lambda q: F.scaled_dot_product_attention(q, q, q, is_causal=True)
    }
    if device.is_cuda():  # it has no backward on a CPU
        ways["flex_attention, compiled"] = lambda q: attend(q, q, q)
        ways["flex_attention"] = lambda q: flex_attention(q, q, q)
    for name, way in ways.items():
        grads = []
        for traced in (False, True):
            torch.manual_seed(0)
            model = nn.Linear(64, 64).to(device.name())
            x = torch.randn(2, 4, 128, 64, device=device.name())
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with watched(traced) as trace:
                    loss = way(model(x)).square().mean()
                    loss.backward()
            grads.append(model.weight.grad)
        verdicts = {str(p.verdict) for p in trace.report(loss, model).parameters.values()}
        close = torch.allclose(*grads, rtol=1e-4)
        how = "same bits" if torch.equal(*grads) else "close" if close else "other"
        yield (
            f"{name}: verdicts, gradient",
            f"{', '.join(verdicts)}; {how}",
            verdicts == {"reached"} and close,
        )
    model = nn.LSTM(8, 8, 2, batch_first=True).to(device.name())
    with gradviz.trace() as trace:
        loss = model(torch.randn(2, 5, 8, device=device.name()))[0].square().mean()
        loss.backward()
    verdicts = {str(p.verdict) for p in trace.report(loss, model).parameters.values()}
    yield "LSTM of cuDNN", ", ".join(verdicts), verdicts == {"reached"}


def sharded() -> Iterator[Row]:
    """DDP and FSDP2 of one rank."""
    from torch import distributed
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    distributed.init_process_group(
        "nccl" if device.is_cuda() else "gloo", store=distributed.HashStore(), rank=0, world_size=1
    )
    try:
        mesh = init_device_mesh(device.name(), (1,))
        wrappers: dict[str, Callable[[nn.Module], nn.Module]] = {
            "DDP": lambda model: nn.parallel.DistributedDataParallel(
                model, find_unused_parameters=True
            ),
            "FSDP2": lambda model: fully_shard(model, mesh=mesh),
        }
        for name, wrap in wrappers.items():
            losses = []
            for traced in (False, True):
                torch.manual_seed(0)
                net = Net().to(device.name())
                model = wrap(net)
                optimizer = torch.optim.AdamW(net.made_for(), 0.01)
                x = torch.randn(8, 64, device=device.name())
                for _ in range(2):
                    optimizer.zero_grad()
                    with watched(traced) as trace:
                        loss = model(x)
                        loss.backward()
                        optimizer.step()
                losses.append(loss.item())
            report = trace.report(loss, net)
            good = is_right(report) and says_what_trains(report)
            same = losses[0] == losses[1]
            yield (
                f"{name} of one rank: same loss; verdicts, what trains",
                f"{same}; {is_right(report)}, {says_what_trains(report)}",
                good and same,
            )
    finally:
        distributed.destroy_process_group()


def few_bits() -> Iterator[Row]:
    """Layers of 8 and of 4 bits pass gradient on to the adapter before them."""
    try:
        import bitsandbytes as bnb
    except ImportError:
        yield "layers of 8 and 4 bits", "bitsandbytes is not installed", None
        return
    if not device.is_cuda():
        yield "layers of 8 and 4 bits", "not on a CPU", None
        return
    for name, kind in (("8", bnb.nn.Linear8bitLt), ("4", bnb.nn.Linear4bit)):
        grads = []
        for traced in (False, True):
            torch.manual_seed(0)
            how: dict[str, object] = {"has_fp16_weights": False} if name == "8" else {}
            model = nn.Sequential(nn.Linear(64, 64), kind(64, 64, **how), nn.Linear(64, 8))
            model = model.to(device.name()).half()
            with watched(traced) as trace:
                loss = model(torch.ones(4, 64, device=device.name()).half()).float().square().mean()
                loss.backward()
            grads.append(model[0].weight.grad)
        report = trace.report(loss, model)
        said = {name: str(parameter.verdict) for name, parameter in report.parameters.items()}
        good = said["0.weight"] == "reached" and said["1.weight"] == "frozen"
        same = torch.equal(*grads)
        yield (
            f"a layer of {name} bits: before it, itself; same gradient",
            f"{said['0.weight']}, {said['1.weight']}; {same}",
            good and same,
        )


def scripts() -> Iterator[Row]:
    """``gradviz run`` of a script that uses the GPU ends and prints as Python does."""
    half = "float16" if device.is_cuda() else "bfloat16"
    text = f"""
import torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4)).to("{device.name()}")
opt = torch.optim.AdamW(net.parameters(), 1e-3)
scaler = torch.amp.GradScaler("{device.name()}", enabled={device.is_cuda()})
for step in range(20):
    x = torch.randn(32, 16).to("{device.name()}", non_blocking=True)
    opt.zero_grad(set_to_none=True)
    with torch.autocast("{device.name()}", dtype=torch.{half}):
        loss = net(x).square().mean()
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    scaler.step(opt)
    scaler.update()
    print(step, loss.item())
"""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "train.py"
        script.write_text(text)
        plain, ran = (
            subprocess.run(
                [sys.executable, *way, str(script)], capture_output=True, text=True, check=False
            )
            for way in ((), ("-m", "gradviz", "run"))
        )
    same = plain.stdout == ran.stdout and plain.returncode == ran.returncode == 0
    last = (ran.stderr.strip() or "nothing said").splitlines()[-1]
    yield "gradviz run: same output", str(same), same
    yield "gradviz run: its last sentence", last, "All 4 parameters train" in ran.stderr
