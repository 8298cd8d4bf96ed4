"""Instance memory is refreshed under no_grad with this batch's embeddings and then serves as the only target of the loss' positives:
the positive side has no gradient and the projector of the second view none at all.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Bank(nn.Module):
    def __init__(self):
        super().__init__()
        self.view_a = nn.Linear(5, 4)
        self.view_b = nn.Linear(5, 4)
        self.register_buffer("bank", F.normalize(torch.randn(10, 4), dim=1))

    def forward(self, a, b, index):
        z = F.normalize(self.view_a(a), dim=1)
        other = F.normalize(self.view_b(b), dim=1)
        with torch.no_grad():
            self.bank[index] = other
        return z @ self.bank.t() / 0.3


def step():
    torch.manual_seed(0)
    model = Bank()
    index = torch.tensor([1, 4, 7])
    return F.cross_entropy(model(torch.randn(3, 5), torch.randn(3, 5), index), index), model


EXPECT = {"view_a.weight": "reached", "view_a.bias": "reached", "view_b.weight": "cut", "view_b.bias": "cut"}
CUTS = [("copy_under_no_grad", "self.bank[index] = other")]
ALT = {CUTS[0][1]: ["with torch.no_grad():"]}
ALT_KINDS = {CUTS[0][1]: ["no_grad"]}
