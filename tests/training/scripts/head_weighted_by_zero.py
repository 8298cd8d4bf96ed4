import torch
from torch import nn

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.cls = nn.Linear(8, 3)
        self.box = nn.Linear(8, 4)

    def forward(self, x):
        h = torch.relu(self.body(x))
        return self.cls(h), self.box(h)


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=0.01)
w = {"cls": 1.0, "box": 0.0}
for i in range(8):
    x, y, b = torch.randn(16, 4), torch.randint(0, 3, (16,)), torch.randn(16, 4)
    c, p = net(x)
    l1 = nn.functional.cross_entropy(c, y)
    l2 = nn.functional.smooth_l1_loss(p, b)
    loss = l1 + 0.0 * l2
    opt.zero_grad()
    loss.backward()
    opt.step()
