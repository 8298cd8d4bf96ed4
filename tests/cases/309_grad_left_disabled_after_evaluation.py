"""The evaluation helper calls torch.set_grad_enabled(False) as a function and nobody turns it on again: the next training loss
does not require grad.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 6)
        self.b = nn.Linear(6, 2)

    def forward(self, x):
        h = torch.relu(self.a(x))
        return self.b(h)


def evaluate(model, x, y):
    torch.set_grad_enabled(False)
    model.eval()
    accuracy = (model(x).argmax(-1) == y).float().mean().item()
    model.train()
    return accuracy


def step():
    torch.manual_seed(0)
    model = Net()
    x, y = torch.randn(6, 4), torch.tensor([0, 1, 0, 1, 0, 1])
    evaluate(model, x, y)
    return F.cross_entropy(model(x), y), model


EXPECT = {"a.weight": "cut", "a.bias": "cut", "b.weight": "cut", "b.bias": "cut"}
CUTS = [("set_grad_enabled", "h = torch.relu(self.a(x))"), ("set_grad_enabled", "return self.b(h)")]
ALT = {c[1]: ["torch.set_grad_enabled(False)", "return F.cross_entropy(model(x), y), model"] for c in CUTS}
RAISES = "element 0 of tensors does not require grad and does not have a grad_fn"
