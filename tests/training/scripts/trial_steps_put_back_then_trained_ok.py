import copy, torch
from torch import nn
torch.manual_seed(1)
net = nn.Linear(4, 2)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
start = copy.deepcopy(net.state_dict())
for step in range(40):
    if step < 5:
        net.load_state_dict(start)
    opt.zero_grad()
    net(torch.randn(6, 4)).square().mean().backward()
    opt.step()
print(net.weight.sum().item())
