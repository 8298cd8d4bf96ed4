"""Graph net: attention over edges normalises adj._values() by hand."""
import torch
from torch import nn


class Gat(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(3, 1)
        self.lin = nn.Linear(3, 2)

    def forward(self, x, index):
        s = self.score(x[index[0]]).squeeze(-1)
        adj = torch.sparse_coo_tensor(index, s.exp(), (3, 3)).coalesce()
        w = adj._values() / adj._values().sum()
        return torch.zeros(3, 2).index_add(0, adj.indices()[0], w[:, None] * self.lin(x)[adj.indices()[1]])


def step():
    torch.manual_seed(0)
    model = Gat()
    index = torch.tensor([[0, 1, 2, 2], [1, 2, 0, 1]])
    return model(torch.randn(3, 3), index).square().mean(), model


EXPECT = {"score.weight": "cut", "score.bias": "cut", "lin.weight": "reached", "lin.bias": "reached"}
CUTS = [("detach", "w = adj._values() / adj._values().sum()")]
ALT_KINDS = {CUTS[0][1]: ["data"]}
