"""Monitoring around the loss: NaN check, best-so-far comparison, a metric on argmax, print of the tensor, gradient norm by
autograd.grad with retain_graph. None of it enters the loss.   Source: no thread (idiom)"""
import io
import math
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 5)
        self.out = nn.Linear(5, 2)

    def forward(self, x):
        return self.out(torch.relu(self.body(x)))


def step():
    torch.manual_seed(0)
    model = Net()
    best, log = math.inf, []
    y = torch.tensor([0, 1, 0, 1, 1])
    logits = model(torch.randn(5, 4))
    loss = F.cross_entropy(logits, y)
    if torch.isnan(loss) or not math.isfinite(loss):
        raise FloatingPointError("loss is not finite")
    if loss < best:
        best = float(loss)
    log.append((logits.argmax(1) == y).float().mean().item())
    log.append(logits.detach().softmax(-1).numpy().max())
    log.append(torch.autograd.grad(loss, model.out.weight, retain_graph=True)[0].norm().item())
    print(loss, logits, best, file=io.StringIO())
    return loss, model


EXPECT = {"body.weight": "reached", "body.bias": "reached", "out.weight": "reached", "out.bias": "reached"}
CUTS = []
BUG = False
