"""Cross-attention to a pooled context of length one: the softmax over a single key is always 1, so queries and keys get zeros while
values train.   Source: cf. davidmrau/mixture-of-experts#27"""
import torch
from torch import nn
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel


class Cross(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(4, 4)
        self.k = nn.Linear(5, 4)
        self.v = nn.Linear(5, 4)
        self.out = nn.Linear(4, 2)

    def forward(self, x, context):
        context = context.mean(1, keepdim=True)
        with sdpa_kernel(SDPBackend.MATH):  # a fused kernel rounds, on some processors to 1e-10
            h = F.scaled_dot_product_attention(self.q(x), self.k(context), self.v(context))
        return self.out((x + h).mean(1))


def step():
    torch.manual_seed(0)
    model = Cross()
    return F.cross_entropy(model(torch.randn(3, 6, 4), torch.randn(3, 7, 5)), torch.tensor([0, 1, 0])), model


EXPECT = {"q.weight": "zero", "q.bias": "zero", "k.weight": "zero", "k.bias": "zero", "v.weight": "reached", "v.bias": "reached",
          "out.weight": "reached", "out.bias": "reached"}
CUTS = []
ZEROS = [("softmax", "h = F.scaled_dot_product_attention(self.q(x), self.k(context), self.v(context))")]
