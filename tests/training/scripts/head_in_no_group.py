# Two groups chosen by name, for another library's name of the head.
import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.head = nn.Linear(4, 3)

    def forward(self, images):
        return self.head(self.stem(images).mean((2, 3)))


torch.manual_seed(0)
net = Classifier()
stem = [p for name, p in net.named_parameters() if name.startswith("stem")]
fc = [p for name, p in net.named_parameters() if name.startswith("fc")]
sgd = torch.optim.SGD([{"params": group} for group in (stem, fc) if group], lr=0.1)
for _ in range(5):
    sgd.zero_grad()
    scores = net(torch.randn(8, 1, 6, 6))
    nn.functional.cross_entropy(scores, torch.arange(8) % 3).backward()
    sgd.step()
