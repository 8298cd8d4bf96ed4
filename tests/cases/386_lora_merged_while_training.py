"""LoRA layer merges B @ A into the frozen weight through .data at every forward, training or not: the adapter's gradient is gone
and the delta is added again each time.   Source: cf. microsoft/LoRA#59 (train and eval merging)"""
import torch
from torch import nn
import torch.nn.functional as F


class LoRALinear(nn.Linear):
    def __init__(self, n_in, n_out, r=2):
        super().__init__(n_in, n_out)
        self.weight.requires_grad = False
        self.lora_A = nn.Parameter(torch.randn(r, n_in) * 0.1)
        self.lora_B = nn.Parameter(torch.randn(n_out, r) * 0.1)
        self.merge_weights = True

    def forward(self, x):
        if self.merge_weights:
            self.weight.data += (self.lora_B @ self.lora_A) * 0.5
        return F.linear(x, self.weight, self.bias)


def step():
    torch.manual_seed(0)
    model = nn.Sequential(LoRALinear(4, 5), nn.GELU(), nn.Linear(5, 2))
    return F.cross_entropy(model(torch.randn(6, 4)), torch.tensor([0, 1, 0, 1, 0, 1])), model


EXPECT = {"0.weight": "frozen", "0.lora_A": "cut", "0.lora_B": "cut", "0.bias": "reached", "2.weight": "reached", "2.bias": "reached"}
CUTS = [("data", "self.weight.data += (self.lora_B @ self.lora_A) * 0.5")]
ALT_KINDS = {CUTS[0][1]: ["copy_under_no_grad"]}
