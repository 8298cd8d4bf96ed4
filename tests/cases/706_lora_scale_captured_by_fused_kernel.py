"""A fused LoRA kernel is an autograd Function that reads the learned scale from the layer object."""
import torch
from torch import nn


class FusedLora(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, a, b, layer):
        ctx.save_for_backward(x, a, b)
        ctx.scale = layer.scale.detach()
        return x @ a @ b * layer.scale

    @staticmethod
    def backward(ctx, g):
        x, a, b = ctx.saved_tensors
        g = g * ctx.scale
        return g @ b.T @ a.T, x.T @ g @ b.T, (x @ a).T @ g, None


class Lora(nn.Module):
    def __init__(self):
        super().__init__()
        self.lora_a = nn.Parameter(torch.randn(4, 2))
        self.lora_b = nn.Parameter(torch.randn(2, 4))
        self.scale = nn.Parameter(torch.tensor(0.5))

    def forward(self, x):
        return FusedLora.apply(x, self.lora_a, self.lora_b, self)


def step():
    torch.manual_seed(0)
    model = Lora()
    return model(torch.randn(3, 4)).square().mean(), model


EXPECT = {"lora_a": "reached", "lora_b": "reached", "scale": "cut"}
CUTS = [("custom_function", "return FusedLora.apply(x, self.lora_a, self.lora_b, self)")]
ALT = {CUTS[0][1]: ["return x @ a @ b * layer.scale", "ctx.scale = layer.scale.detach()"]}
ALT_KINDS = {CUTS[0][1]: ["detach", "no_grad"]}
