import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(10, 6)
        self.out = nn.Linear(6, 12)

    def forward(self, x):
        return self.out(self.emb(x))


def resize(lm, n):
    old = lm.emb
    new = nn.Embedding(n, old.embedding_dim)
    new.weight.data[: old.num_embeddings] = old.weight.data
    lm.emb = new


lm = LM()
opt = torch.optim.SGD(lm.parameters(), lr=0.1)
resize(lm, 12)
for _ in range(4):
    ids = torch.randint(0, 12, (4, 5))
    loss = F.cross_entropy(lm(ids).flatten(0, 1), ids.flatten())
    opt.zero_grad()
    loss.backward()
    opt.step()
