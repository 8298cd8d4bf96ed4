import torch
from torch import nn

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 6)
        self.fc = nn.Linear(6, 2)

    def reset(self, classes):
        self.fc = nn.Linear(6, classes)

    def forward(self, x):
        return self.fc(self.body(x).relu())


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for classes in (2, 3):
    if classes == 3:
        net.reset(classes)
    for _ in range(6):
        loss = nn.functional.cross_entropy(net(torch.randn(8, 4)), torch.randint(0, classes, (8,)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
