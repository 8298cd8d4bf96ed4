import torch
from torch import nn

torch.manual_seed(0)


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, a, b):
        return self.embed(a), self.embed(b)


net = Siamese()
opt = torch.optim.Adam(net.parameters(), lr=0.01)
for i in range(6):
    a, b, same = torch.randn(16, 8), torch.randn(16, 8), torch.randint(0, 2, (16,)).float()
    ea, eb = net(a, b)
    d = nn.functional.pairwise_distance(ea, eb)
    loss = (same * d.square() + (1 - same) * torch.relu(1.0 - d).square()).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
