"""What becomes of two parameters, a and b, in a step of their own."""

import torch
from torch import nn

import gradviz


def judged(step):
    """Return the verdicts of ``a`` and ``b``, and whether they are cut in part."""
    model = nn.ParameterDict({"a": torch.rand(4, 3), "b": torch.rand(4, 3)})
    with gradviz.trace() as trace:
        loss = step(model["a"], model["b"])
    parameters = trace.report(loss, model).parameters
    return [(str(one.verdict), one.partial) for one in parameters.values()]
