import torch
from torch import nn

torch.manual_seed(0)


class Extractor(nn.Module):
    def __init__(self, requires_grad=True):
        super().__init__()
        self.requires_grad = requires_grad
        self.slices = nn.Linear(4, 4)

    def forward(self, x):
        return self.slices(x).relu()


extractor = Extractor().eval()
for parameter in extractor.parameters():
    parameter.requires_grad = False
net = nn.Linear(4, 4)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(6):
    x = torch.randn(8, 4)
    loss = (extractor(net(x)) - extractor(x)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
