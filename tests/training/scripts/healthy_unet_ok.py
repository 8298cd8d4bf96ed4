import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)


def block(ins, outs):
    return nn.Sequential(
        nn.Conv2d(ins, outs, 3, padding=1),
        nn.BatchNorm2d(outs),
        nn.ReLU(),
        nn.Conv2d(outs, outs, 3, padding=1),
        nn.BatchNorm2d(outs),
        nn.ReLU(),
    )


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = (8, 16, 32, 64)
        self.down = nn.ModuleList([block(1, 8), *(block(a, 2 * a) for a in sizes[:-1])])
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * a, a, 2, 2) for a in (32, 16, 8))
        self.merge = nn.ModuleList(block(2 * a, a) for a in (32, 16, 8))
        self.head = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        skips = []
        for number, layer in enumerate(self.down):
            x = layer(F.max_pool2d(x, 2) if number else x)
            skips.append(x)
        skips.pop()
        for up, merge in zip(self.up, self.merge):
            x = merge(torch.cat([skips.pop(), up(x)], 1))
        return self.head(x)


model = UNet()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for _ in range(8):
    images = torch.randn(2, 1, 32, 32)
    loss = F.binary_cross_entropy_with_logits(model(images), (images > 1).float())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
