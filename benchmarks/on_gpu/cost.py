"""What a traced step costs on the device."""

import contextlib
import functools
import statistics
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

import gradviz

from . import device
from .device import Row

ALLOWED = 1.05  # of a plain step of GPT-2


def cost() -> Iterator[Row]:
    """A traced step of GPT-2 small against the plain step: forward, backward and AdamW."""
    try:
        import transformers
    except ImportError:
        yield "cost of GPT-2", "transformers is not installed", None
        return
    transformers.logging.set_verbosity_error()
    torch.manual_seed(0)
    small = {} if device.is_cuda() else {"n_layer": 2, "n_embd": 96, "vocab_size": 500}
    config = transformers.GPT2Config(**small)
    model = transformers.GPT2LMHeadModel(config).train().to(device.name())
    optimizer = torch.optim.AdamW(model.parameters(), 1e-5, fused=True)
    on_gpu = ((32, 1024, ALLOWED), (8, 1024, None), (1, 64, None))
    sizes = on_gpu if device.is_cuda() else ((1, 16, None),)
    for rows, length, bound in sizes:
        ids = torch.randint(0, config.vocab_size, (rows, length), device=device.name())
        ratios, seconds = _ratios(functools.partial(_train, model, optimizer, ids))
        for way, ratio in ratios.items():
            most = f", at most {bound}" if bound and way == "traced" else ""
            yield (
                f"GPT-2, {rows} x {length} tokens, {way} to plain{most}",
                f"{ratio:.3f} (plain {seconds * 1e3:.1f} ms)",
                ratio <= bound if most else None,
            )


def _train(model: nn.Module, optimizer: torch.optim.Optimizer, ids: Tensor) -> None:
    with torch.autocast(device.name(), torch.bfloat16):
        loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()


def _ratios(train: Callable[[], None]) -> tuple[dict[str, float], float]:
    """Return how long a step takes to the plain one, each way, and the plain step's seconds.

    The ways take turns; a ratio is the median over the turns.
    """
    turns = 15 if device.is_cuda() else 2
    ways: dict[str, Callable[[], contextlib.AbstractContextManager[object]]] = {
        "plain": contextlib.nullcontext,
        "traced": gradviz.trace,
        "traced with values": lambda: gradviz.trace(values=True),
    }
    spent: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(turns + 2):
        for way, opened in ways.items():
            device.wait()
            start = time.perf_counter()
            with opened():
                train()
            device.wait()
            if turn > 1:
                spent[way].append(time.perf_counter() - start)
    plain = spent.pop("plain")
    ratios = {
        way: statistics.median(one / other for one, other in zip(times, plain, strict=True))
        for way, times in spent.items()
    }
    return ratios, statistics.median(plain)
