"""h.detach_() stands inside the time loop instead of after the window: the recurrence never learns across steps, though every
parameter has a gradient.   Source: no thread (idiom; truncated BPTT of length one)"""
import torch
from torch import nn
import torch.nn.functional as F


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(2, 5)
        self.cell = nn.GRUCell(5, 6)
        self.out = nn.Linear(6, 1)

    def forward(self, x):
        h = torch.zeros(x.shape[0], 6)
        for t in range(x.shape[1]):
            h.detach_()
            h = self.cell(torch.tanh(self.embed(x[:, t])), h)
        return self.out(h)


def step():
    torch.manual_seed(0)
    model = Counter()
    x = torch.randn(4, 5, 2)
    return F.mse_loss(model(x), x.sum((1, 2)).unsqueeze(1)), model


EXPECT = {f"{k}": "reached" for k in ("embed.weight", "embed.bias", "cell.weight_ih", "cell.weight_hh", "cell.bias_ih",
                                      "cell.bias_hh", "out.weight", "out.bias")}
CUTS = [("detach_", "h.detach_()")]
PARTIAL = ["embed.weight", "embed.bias", "cell.weight_ih", "cell.weight_hh", "cell.bias_ih", "cell.bias_hh"]
