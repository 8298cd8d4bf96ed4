# More classes than the optimizer knows of: the model is built a second time.
import torch
from torch import nn


def build(classes):
    return nn.ModuleDict({"body": nn.Linear(4, 5), "head": nn.Linear(5, classes)})


def main(classes):
    net = build(2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    if classes != 2:
        net = build(classes)
    for _ in range(5):
        x = net["head"](net["body"](torch.randn(8, 4)).relu())
        optimizer.zero_grad()
        nn.functional.cross_entropy(x, torch.arange(8) % classes).backward()
        optimizer.step()


torch.manual_seed(0)
main(3)
