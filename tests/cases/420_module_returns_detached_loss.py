"""The model returns a dict whose "loss" was detached for the logger; the trainer backwards the entry it finds there.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x, y):
        logits = self.fc(x)
        losses = {"ce": F.cross_entropy(logits, y), "reg": logits.pow(2).mean()}
        total = sum(losses.values())
        return {"loss": total.detach(), **losses}


def step():
    torch.manual_seed(0)
    model = Model()
    out = model(torch.randn(3, 4), torch.tensor([0, 1, 2]))
    return out["loss"], model


EXPECT = {"fc.weight": "cut", "fc.bias": "cut"}
CUTS = [("detach", 'return {"loss": total.detach(), **losses}')]
RAISES = "element 0 of tensors does not require grad and does not have a grad_fn"
