"""Per-sample gradient norms weight the loss: the recipe detaches the parameters, so the weights are constants."""
import torch
from torch import nn
from torch.func import functional_call, grad, vmap


def step():
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    x = torch.randn(6, 3)
    params = {k: v.detach() for k, v in model.named_parameters()}

    def one(p, x):
        return functional_call(model, p, (x[None],)).square().sum()

    g = vmap(grad(one), in_dims=(None, 0))(params, x)
    w = g["weight"].flatten(1).norm(dim=1)
    return (model(x).squeeze(1).square() * w / w.sum()).sum(), model


EXPECT = {"weight": "reached", "bias": "reached"}
CUTS = [("detach", "params = {k: v.detach() for k, v in model.named_parameters()}")]
PARTIAL = ["weight", "bias"]
