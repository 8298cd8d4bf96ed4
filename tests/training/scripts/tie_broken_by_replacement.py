import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(10, 6)
        self.head = nn.Linear(6, 10, bias=False)
        self.head.weight = self.emb.weight

    def forward(self, x):
        return self.head(self.emb(x))


lm = LM()
opt = torch.optim.SGD(lm.parameters(), lr=0.1)
lm.head.weight = nn.Parameter(lm.head.weight.detach().clone())  # "untie for export"
for _ in range(3):
    ids = torch.randint(0, 10, (4, 5))
    loss = F.cross_entropy(lm(ids).flatten(0, 1), ids.flatten())
    opt.zero_grad()
    loss.backward()
    opt.step()
