"""The warm-up net's state is saved as a numpy array and loaded with from_numpy when the next batch starts: the recurrent net trains,
the warm-up net cannot.   Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Stateful(nn.Module):
    def __init__(self):
        super().__init__()
        self.warm = nn.Linear(3, 4)
        self.gru = nn.GRU(3, 4, batch_first=True)
        self.out = nn.Linear(4, 1)
        self.saved = None

    def start(self, x):
        self.saved = torch.tanh(self.warm(x.mean(1))).unsqueeze(0).detach().numpy().copy()

    def forward(self, x):
        y, _ = self.gru(x, torch.from_numpy(self.saved))
        return self.out(y[:, -1])


def step():
    torch.manual_seed(0)
    model = Stateful()
    first, second = torch.randn(2, 5, 3), torch.randn(2, 5, 3)
    model.start(first)
    return F.mse_loss(model(second), torch.randn(2, 1)), model


EXPECT = {f"gru.{k}": "reached" for k in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")}
EXPECT.update({"warm.weight": "cut", "warm.bias": "cut", "out.weight": "reached", "out.bias": "reached"})
CUTS = [("detach", "self.saved = torch.tanh(self.warm(x.mean(1))).unsqueeze(0).detach().numpy().copy()")]
ALT_KINDS = {CUTS[0][1]: ["numpy"]}
