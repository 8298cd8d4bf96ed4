import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(10, 6)
        self.head = nn.Linear(6, 10, bias=False)
        self.head.weight = self.emb.weight
        self.optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        self.apply(self.fill)

    def fill(self, module):
        if isinstance(module, nn.Embedding):
            module.weight = nn.Parameter(0.1 * torch.randn_like(module.weight))


lm = LM()
for _ in range(3):
    ids = torch.randint(0, 10, (4, 5))
    loss = F.cross_entropy(lm.head(lm.emb(ids)).flatten(0, 1), ids.flatten())
    lm.optimizer.zero_grad()
    loss.backward()
    lm.optimizer.step()
