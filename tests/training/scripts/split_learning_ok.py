import torch
from torch import nn
torch.manual_seed(0)
client, server = nn.Sequential(nn.Linear(4, 6), nn.ReLU()), nn.Linear(6, 1)
oc = torch.optim.SGD(client.parameters(), lr=0.05)
os_ = torch.optim.SGD(server.parameters(), lr=0.05)
for step in range(12):
    x = torch.randn(8, 4)
    h = client(x)
    sent = h.detach().requires_grad_()
    loss = (server(sent).squeeze(1) - x.sum(1)).pow(2).mean()
    os_.zero_grad()
    loss.backward()
    os_.step()
    oc.zero_grad()
    h.backward(sent.grad)
    oc.step()
