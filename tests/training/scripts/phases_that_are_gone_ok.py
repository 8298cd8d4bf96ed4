# Each phase builds a model and an optimizer of its own, and leaves nothing of them.
import torch
from torch import nn
import torch.nn.functional as F


def pretrain():
    coder = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 4))
    adam = torch.optim.Adam(coder.parameters(), lr=1e-2)
    for _ in range(7):
        x = torch.randn(8, 4)
        adam.zero_grad()
        F.mse_loss(coder(x), x).backward()
        adam.step()


def folds():
    for _ in range(3):
        classifier = nn.Linear(4, 2)
        sgd = torch.optim.SGD(classifier.parameters(), lr=0.1)
        for _ in range(5):
            sgd.zero_grad()
            F.cross_entropy(classifier(torch.randn(8, 4)), torch.arange(8) % 2).backward()
            sgd.step()


torch.manual_seed(0)
pretrain()
folds()
model = nn.Linear(4, 1)
final = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for _ in range(5):
    final.zero_grad()
    model(torch.randn(8, 4)).square().mean().backward()
    final.step()
