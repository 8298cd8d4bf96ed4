"""What becomes of two numbers, a and b, that are parameters in a step of their own."""

import torch
from torch import nn

import gradviz


def judged(step):
    """Return the verdicts of ``a`` and ``b``, and whether one cannot be known."""
    model = nn.ParameterDict({"a": torch.tensor(0.3712346), "b": torch.tensor(0.9123457)})
    x = torch.rand(3, requires_grad=True)
    with gradviz.trace() as trace:
        loss = step(model["a"], model["b"], x)
    parameters = trace.report(loss, {"": model}).parameters
    return [(str(one.verdict), one.uncertain) for one in parameters.values()]


def snap(array):
    """Round an array in place to quarters."""
    array[:] = (array * 4).round() / 4
