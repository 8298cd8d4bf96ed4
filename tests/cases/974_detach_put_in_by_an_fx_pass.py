"""A pass of torch.fx puts a detach into a graph: the line that anybody can open is the one that calls the module.   Source: no thread (torch.fx)"""
import torch
from torch import nn
import torch.fx


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 1)

    def forward(self, x):
        return self.b(self.a(x))


def stop_after(module, name):
    traced = torch.fx.symbolic_trace(module)
    node = next(n for n in traced.graph.nodes if n.target == name)
    with traced.graph.inserting_after(node):
        stop = traced.graph.call_method("detach", (node,))
    node.replace_all_uses_with(stop, delete_user_cb=lambda user: user is not stop)
    traced.recompile()
    return traced


def step():
    torch.manual_seed(0)
    model = M()
    net = stop_after(model, "a")
    y = net(torch.randn(4, 3))
    return y.square().mean(), model


EXPECT = {"a.weight": "cut", "a.bias": "cut", "b.weight": "reached", "b.bias": "reached"}
CUTS = [("detach", "y = net(torch.randn(4, 3))")]
