import torch
from torch import nn


class Robust:
    def __init__(self, backbone, head):
        self.backbone, self.head = backbone, head
        self.opt = torch.optim.Adam(head.parameters(), 1e-2)

    def train_step(self, x, y):
        kept = {name: value.clone() for name, value in self.backbone.state_dict().items()}
        for weight in self.backbone.parameters():
            weight.data.mul_(1 + 0.1 * torch.randn_like(weight))
        loss = nn.functional.mse_loss(self.head(self.backbone(x).tanh()), y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        self.backbone.load_state_dict(kept)
        return loss.item()


torch.manual_seed(0)
backbone, head = nn.Linear(5, 7), nn.Linear(7, 1)
robust = Robust(backbone, head)
for _ in range(7):
    x = torch.randn(16, 5)
    print(robust.train_step(x, x.sum(1, keepdim=True)))
