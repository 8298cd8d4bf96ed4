import torch
from torch import nn
torch.manual_seed(1)
class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.out = nn.Embedding(9, 4), nn.Linear(4, 9, bias=False)
    def tie(self):
        self.out.weight = nn.Parameter(self.emb.weight.detach().clone())
        self.emb.weight = self.out.weight
    def forward(self, x):
        return self.out(self.emb(x))
lm = LM()
opt = torch.optim.SGD(lm.parameters(), lr=0.1)
lm.tie()
for _ in range(4):
    ids = torch.randint(0, 9, (12,))
    opt.zero_grad()
    nn.functional.cross_entropy(lm(ids), ids).backward()
    opt.step()
print(lm.out.weight.sum().item())
