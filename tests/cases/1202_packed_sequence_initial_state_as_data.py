"""A learned initial state is handed to a GRU over a packed sequence through .data, so it never trains.
Source: no thread (idiom)"""
import torch
from torch import nn


from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.init = nn.Parameter(torch.randn(1, 1, 4))
        self.rnn = nn.GRU(3, 4, batch_first=True)
        self.out = nn.Linear(4, 2)

    def forward(self, x, n):
        h0 = self.init.data.expand(1, x.size(0), 4).contiguous()
        packed = pack_padded_sequence(x, n, batch_first=True, enforce_sorted=False)
        y, h = self.rnn(packed, h0)
        y, _ = pad_packed_sequence(y, batch_first=True)
        return self.out(y)


def step():
    torch.manual_seed(0)
    model = Net()
    return model(torch.randn(3, 5, 3), torch.tensor([5, 2, 3])).square().mean(), model


EXPECT = {'init': 'cut', 'rnn.weight_ih_l0': 'reached', 'rnn.weight_hh_l0': 'reached', 'rnn.bias_ih_l0': 'reached', 'rnn.bias_hh_l0': 'reached', 'out.weight': 'reached', 'out.bias': 'reached'}
CUTS = [('data', 'h0 = self.init.data.expand(1, x.size(0), 4).contiguous()')]
