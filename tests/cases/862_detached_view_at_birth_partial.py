"""detached view at birth partial."""
import torch
from torch import nn
import torch.nn.functional as F
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(6, 4)
        self.shared = self.emb.weight.detach()

    def forward(self, i):
        return self.emb(i) @ self.shared.T


def step():
    torch.manual_seed(0)
    model = Net()
    return F.cross_entropy(model(torch.arange(4)), torch.arange(4)), model


EXPECT = {"emb.weight": "reached"}
CUTS = [("detach", "self.shared = self.emb.weight.detach()")]
PARTIAL = ["emb.weight"]
