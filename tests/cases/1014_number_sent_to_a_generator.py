"""A number is sent to a generator, which gives it back a little later."""
import torch
from torch import nn
import torch.nn.functional as F



class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.tensor([0.3731, 0.8123, -0.4417]))
        self.b = nn.Linear(3, 3)

def collector():
    value = 0.0
    while True:
        got = yield value
        if got is not None:
            value = got + 1



def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(4, 3)
    a = torch.tanh(model.a)
    g = collector()
    next(g)
    g.send(a[0].item())
    k = next(g)
    loss = F.mse_loss(model.b(x) * k, torch.zeros(4, 3))
    return loss, model


EXPECT = {"a": "cut", "b.weight": "reached", "b.bias": "reached"}
CUTS = [('item', 'g.send(a[0].item())')]
ALT = {'g.send(a[0].item())': ['k = next(g)']}
ALT_KINDS = {line: ["item", "numpy", "detach", "new_tensor", "data", "no_grad", "non_differentiable", "custom_function"] for _, line in CUTS}
BUG = True
