# models: net
import torch
from torch import nn

CAUSAL = torch.full((3, 3), -torch.inf).triu(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(4, 3)
        self.causal = nn.Parameter(CAUSAL.clone(), requires_grad=False)
        self.bias = nn.Parameter(torch.tensor([0.0, 0.5, -torch.inf]))

    def forward(self, x):
        return ((self.score(x) + self.bias).softmax(-1).unsqueeze(1) + self.causal).softmax(-1)


torch.manual_seed(0)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
for _ in range(12):
    loss = net(torch.randn(8, 4))[:, 2, 1].log().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
