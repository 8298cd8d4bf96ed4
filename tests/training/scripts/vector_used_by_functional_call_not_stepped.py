import torch
from torch.func import functional_call

torch.manual_seed(2)
net = torch.nn.Sequential(torch.nn.Linear(3, 6), torch.nn.SiLU(), torch.nn.Linear(6, 2))
start = torch.nn.utils.parameters_to_vector(net.parameters())
vector = torch.nn.Parameter(start.detach().clone())
layout = [(name, w.shape) for name, w in net.named_parameters()]
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)


def forward(x):
    pieces = vector.split([shape.numel() for _, shape in layout])
    own = {name: piece.view(shape) for (name, shape), piece in zip(layout, pieces)}
    return functional_call(net, own, (x,))


for _ in range(4):
    optimizer.zero_grad()
    forward(torch.randn(5, 3)).square().mean().backward()
    optimizer.step()
