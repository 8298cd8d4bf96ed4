import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Linear(4, 6)
        self.classifier = nn.Linear(6, 2)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.classifier(self.backbone(x).relu()) * self.scale


model = Model()
chosen = [p for n, p in model.named_parameters() if not n.endswith(("weight", "bias"))]
opt = torch.optim.Adam(chosen, lr=1e-3)
for _ in range(4):
    loss = F.cross_entropy(model(torch.randn(8, 4)), torch.randint(0, 2, (8,)))
    opt.zero_grad()
    loss.backward()
    opt.step()
