import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)


class Bottleneck(nn.Module):
    def __init__(self, ins, outs, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(ins, outs // 4, 1, bias=False), nn.BatchNorm2d(outs // 4), nn.ReLU(),
            nn.Conv2d(outs // 4, outs // 4, 3, stride, 1, bias=False), nn.BatchNorm2d(outs // 4),
            nn.ReLU(), nn.Conv2d(outs // 4, outs, 1, bias=False), nn.BatchNorm2d(outs),
        )  # fmt: skip
        self.skip = nn.Sequential(nn.Conv2d(ins, outs, 1, stride, bias=False), nn.BatchNorm2d(outs))

    def forward(self, x):
        return F.relu(self.body(x) + self.skip(x))


model = nn.Sequential(
    nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
    Bottleneck(8, 16, 1), Bottleneck(16, 32, 2), Bottleneck(32, 32, 1),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10),
)  # fmt: skip
optimizer = torch.optim.SGD(model.parameters(), lr=3e-3, momentum=0.9, weight_decay=1e-4)
for _ in range(8):
    images, labels = torch.randn(8, 3, 16, 16), torch.randint(0, 10, (8,))
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(model(images), labels).backward()
    optimizer.step()
