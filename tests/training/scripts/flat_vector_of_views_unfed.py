import torch

torch.manual_seed(0)
net = torch.nn.ModuleDict({"a": torch.nn.Linear(5, 5), "b": torch.nn.Linear(5, 1)})
weights = [*net.parameters()]
master = torch.nn.Parameter(torch.nn.utils.parameters_to_vector(weights).detach().clone())
torch.nn.utils.vector_to_parameters(master, weights)
opt = torch.optim.AdamW([master], lr=0.05, weight_decay=0.0)
for _ in range(6):
    opt.zero_grad()
    error = net["b"](net["a"](torch.randn(8, 5)).relu()) - 1
    error.square().mean().backward()
    opt.step()
    net.zero_grad()
