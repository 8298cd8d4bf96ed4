"""weights sliced from data at birth."""
import torch
from torch import nn
import torch.nn.functional as F
class Split(nn.Module):
    def __init__(self):
        super().__init__()
        self.joint = nn.Parameter(torch.randn(6, 4))
        self.q, self.k = self.joint.data[:3], self.joint[3:]
        self.out = nn.Linear(3, 2)

    def forward(self, x):
        att = torch.softmax((x @ self.q.T) @ (x @ self.k.T).T, -1)
        return self.out(att @ x[:, :3])


def step():
    torch.manual_seed(0)
    model = Split()
    return F.cross_entropy(model(torch.randn(5, 4)), torch.randint(2, (5,))), model


EXPECT = {"joint": "reached", "out.weight": "reached", "out.bias": "reached"}
CUTS = [("data", "self.q, self.k = self.joint.data[:3], self.joint[3:]")]
PARTIAL = ["joint"]
