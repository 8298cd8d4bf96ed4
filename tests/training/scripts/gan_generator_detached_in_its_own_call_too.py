import torch
from torch import nn

torch.manual_seed(0)
netG = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 8))
netD = nn.Sequential(nn.Linear(8, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
optimizerD = torch.optim.Adam(netD.parameters(), lr=1e-3)
optimizerG = torch.optim.Adam(netG.parameters(), lr=1e-3)
criterion = nn.BCEWithLogitsLoss()
real, fakes, ones, zeros = torch.randn(5, 8), torch.randn(5, 4), torch.ones(5, 1), torch.zeros(5, 1)
for _ in range(3):
    optimizerD.zero_grad()
    criterion(netD(real), ones).backward()
    fake = netG(fakes)
    criterion(netD(fake.detach()), zeros).backward()
    optimizerD.step()
    optimizerG.zero_grad()
    score = netD(fake.detach().requires_grad_())
    criterion(score, ones).backward()
    optimizerG.step()
