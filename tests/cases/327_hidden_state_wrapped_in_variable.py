"""Old code wraps the encoder's last state in Variable before it starts the decoder; today that makes a detached tensor, and the
encoder of the seq2seq model never trains.   Source: no thread (idiom of torch 0.3)"""
import torch
from torch import nn
from torch.autograd import Variable
import torch.nn.functional as F


class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.GRU(3, 5, batch_first=True)
        self.decoder = nn.GRU(3, 5, batch_first=True)
        self.out = nn.Linear(5, 3)

    def forward(self, src, tgt):
        _, state = self.encoder(src)
        state = Variable(state, requires_grad=True)
        y, _ = self.decoder(tgt, state)
        return self.out(y)


def step():
    torch.manual_seed(0)
    model = Seq2Seq()
    src, tgt = torch.randn(2, 4, 3), torch.randn(2, 4, 3)
    return F.mse_loss(model(src, tgt[:, :3]), tgt[:, 1:]), model


_gru = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
EXPECT = {f"encoder.{k}": "cut" for k in _gru}
EXPECT.update({f"decoder.{k}": "reached" for k in _gru})
EXPECT.update({"out.weight": "reached", "out.bias": "reached"})
CUTS = [("new_tensor", "state = Variable(state, requires_grad=True)")]
ALT_KINDS = {CUTS[0][1]: ["detach"]}
UNREGISTERED = 1
