"""A target network follows through .data, after the loss was computed: the loss has nothing of it.   Source: no thread (BYOL idiom)"""
import torch
from torch import nn
import torch.nn.functional as F
class BYOL(nn.Module):
    def __init__(self):
        super().__init__()
        self.online, self.target = nn.Linear(4, 3), nn.Linear(4, 3)
        self.predictor = nn.Linear(3, 3)
        for p in self.target.parameters():
            p.requires_grad = False

    @torch.no_grad()
    def update(self, tau=0.9):
        for p, t in zip(self.online.parameters(), self.target.parameters()):
            t.data = tau * t.data + (1 - tau) * p.data

    def forward(self, a, b):
        p = F.normalize(self.predictor(self.online(a)), dim=-1)
        with torch.no_grad():
            t = F.normalize(self.target(b), dim=-1)
        return 2 - 2 * (p * t).sum(-1).mean()


def step():
    torch.manual_seed(0)
    model = BYOL()
    x = torch.randn(6, 4)
    loss = model(x, x + 0.1 * torch.randn(6, 4))
    model.update()
    return loss, model


EXPECT = {"online.weight": "reached", "online.bias": "reached", "predictor.weight": "reached", "predictor.bias": "reached", "target.weight": "frozen", "target.bias": "frozen"}
CUTS = []
BUG = False
