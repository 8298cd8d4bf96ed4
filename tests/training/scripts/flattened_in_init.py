# a module flattens its encoder in __init__, the optimizer was made of the encoder before
import torch
from torch import nn
class FlatNet(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net
        self.slots = []
        pieces = []
        for module in net.modules():
            for name, p in list(module.named_parameters(recurse=False)):
                self.slots.append((module, name, p.shape, p.numel()))
                pieces.append(p.detach().reshape(-1))
                delattr(module, name)
        self.flat_param = nn.Parameter(torch.cat(pieces))
    def forward(self, x):
        for (module, name, shape, _), piece in zip(self.slots, self.flat_param.split([s[3] for s in self.slots])):
            setattr(module, name, piece.view(shape))
        return self.net(x)
torch.manual_seed(0)
encoder = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 3))
opt = torch.optim.AdamW(encoder.parameters(), lr=1e-2)
net = FlatNet(encoder)
for _ in range(4):
    out = net(torch.randn(6, 8))
    loss = (out ** 2).mean()
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
print(loss.item())
