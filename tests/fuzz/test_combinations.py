"""Every way to sever, over every kind of operation, read in every way: judged as torch does it.

A combination severs one operation of a parameter, or leaves it live, and uses the result. The truth
is found without gradviz: whether backward() brings a gradient, and whether the loss moves with the
parameter.
"""

import os
import random
from itertools import product

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import gradviz

COMBINATIONS = int(os.environ.get("GRADVIZ_FUZZ", "200"))
OTHERS = int(os.environ.get("GRADVIZ_SEED", "0"))  # any other number gives others first
X = torch.linspace(-1, 1, 9, dtype=torch.float64).reshape(3, 3)


def under_no_grad(operate, source):
    with torch.no_grad():
        return operate(source)


def in_a_function_without_grad(operate, source):
    return torch.no_grad()(operate)(source)


def switched_off_and_on(operate, source):
    torch.set_grad_enabled(False)
    result = operate(source)
    torch.set_grad_enabled(True)
    return result


def in_inference_mode(operate, source):
    with torch.inference_mode():
        return operate(source)


def switched_on_again(operate, source):
    with torch.no_grad(), torch.enable_grad():
        return operate(source)


SEVERERS = {
    "no_grad": under_no_grad,
    "decorator": in_a_function_without_grad,
    "set_grad_enabled": switched_off_and_on,
    "inference_mode": in_inference_mode,
    "enable_grad": switched_on_again,
    "detach before": lambda operate, source: operate(source.detach()),
    "detach after": lambda operate, source: operate(source).detach(),
    "data before": lambda operate, source: operate(source.data),
    "data after": lambda operate, source: operate(source).data,
    "numpy": lambda operate, source: operate(torch.from_numpy(source.detach().numpy())),
    "numpy copy": lambda operate, source: torch.from_numpy(operate(source).detach().numpy().copy()),
    "list": lambda operate, source: torch.tensor(operate(source).tolist(), dtype=torch.float64),
    "live": lambda operate, source: operate(source),
}
OPERATIONS = {
    "nothing": lambda t: t,
    "T": lambda t: t.T,
    "t": lambda t: t.t(),
    "view": lambda t: t.view(9).view(3, 3),
    "reshape": lambda t: t.reshape(9).reshape(3, 3),
    "row": lambda t: t[0],
    "slice": lambda t: t[:, :],
    "ellipsis": lambda t: t[...],
    "expand": lambda t: t[:1].expand(3, 3),
    "unsqueeze": lambda t: t.unsqueeze(0).squeeze(0),
    "permute": lambda t: t.permute(1, 0),
    "narrow": lambda t: t.narrow(0, 0, 3),
    "chunk": lambda t: torch.cat(t.chunk(3)),
    "split": lambda t: torch.cat(t.split(1)[::-1]),
    "unbind": lambda t: torch.stack(t.unbind()),
    "iterate": lambda t: torch.stack(list(t)),
    "diagonal": lambda t: t.diagonal(),
    "as_strided": lambda t: t.as_strided((3, 3), (3, 1)),
    "movedim": lambda t: t.movedim(0, 1),
    "contiguous": lambda t: t.contiguous(),
    "clone": lambda t: t.clone(),
    "to": lambda t: t.to(torch.float64),
    "double": lambda t: t.double(),
    "mul": lambda t: t * 2,
    "tanh": torch.tanh,
    "sum": lambda t: t.sum(0),
    "index": lambda t: t[[2, 0, 1]],
    "matmul": lambda t: t @ t,
}
SOURCES = {
    "parameter": lambda model: model["below"].weight,
    "view": lambda model: model["below"].weight[:],
    "activation": lambda model: model["below"](X),
}


def added_in_place(live, value):
    total = torch.zeros(3, 3, dtype=torch.float64)
    total += value
    return live * total


def copied(live, value):
    buffer = torch.zeros(3, 3, dtype=torch.float64)
    return live + buffer.copy_(value.expand(3, 3))


def set_by_index(live, value):
    both = torch.zeros(2, 3, 3, dtype=torch.float64)
    both[0], both[1] = live, value
    return both


USES = {
    "product": lambda live, value: live * value,
    "linear": lambda live, value: F.linear(live, value.reshape(-1, 3)),
    "cat": lambda live, value: torch.cat([live.flatten(), value.flatten()]),
    "where": lambda live, value: torch.where(live > 0, live, value.expand(3, 3)),
    "computed on": lambda live, value: live * (value.sigmoid() + 1),
    "einsum": lambda live, value: torch.einsum("ij,ij->i", live, value.expand(3, 3)),
    "added in place": added_in_place,
    "copied": copied,
    "set by index": set_by_index,
    "dropped": lambda live, value: live,
}


def built():
    torch.manual_seed(0)
    return nn.ModuleDict(
        {name: nn.Linear(3, 3, dtype=torch.float64) for name in ("below", "above")}
    )


def truth(step):
    """Return the verdict of what lies below by torch alone; None where the step raises."""
    model = built()
    try:
        loss = step(model)
        loss.backward()
    except RuntimeError:  # inference tensors saved for backward, views of them written into
        torch.set_grad_enabled(True)
        return None
    if model["below"].weight.grad is not None:
        return "reached" if model["below"].weight.grad.any() else None
    moves = False
    for size in (0.3, -0.7):
        other = built()
        with torch.no_grad():
            other["below"].weight += size * torch.rand(3, 3, dtype=torch.float64)
        moves = moves or step(other).item() != loss.item()
    return "cut" if moves else "unused"


def judged(step):
    """Return what gradviz says of it, whether in part, and whether a cut is named."""
    model = built()
    with gradviz.trace() as trace:
        loss = step(model)
        loss.backward()
    report = trace.report(loss, model)
    weight = report.parameters["below.weight"]
    return str(weight.verdict), weight.partial, bool(weight.cuts)


@pytest.mark.parametrize("part", range(4))
def test_every_way_to_sever_is_seen_over_every_operation(part):
    every = list(product(SEVERERS, OPERATIONS, SOURCES, USES))
    random.Random(7 + OTHERS).shuffle(every)
    wrong, tried = [], 0
    for names in every[:COMBINATIONS][part::4]:
        sever, operate = SEVERERS[names[0]], OPERATIONS[names[1]]
        source, use = SOURCES[names[2]], USES[names[3]]

        def step(model, sever=sever, operate=operate, source=source, use=use):
            return use(model["above"](X), sever(operate, source(model))).pow(2).sum()

        expected = truth(step)
        if expected is not None:
            tried += 1
            got = judged(step)
            if got != (expected, False, expected == "cut"):
                wrong.append((names, expected, got))
    assert not wrong
    assert tried > COMBINATIONS // 8
