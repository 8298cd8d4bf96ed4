import torch
from torch import nn
torch.manual_seed(0)
gen, dis = nn.Linear(3, 4), nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
opt = torch.optim.Adam([*gen.parameters(), *dis.parameters()], lr=1e-3)
bce = nn.functional.binary_cross_entropy_with_logits
for step in range(60):
    z, real = torch.randn(16, 3), torch.randn(16, 4) + 2
    fake = gen(z)
    opt.zero_grad()
    if (step // 5) % 3 == 0:
        bce(dis(fake), torch.ones(16, 1)).backward()
    else:
        (bce(dis(real), torch.ones(16, 1)) + bce(dis(fake.detach()), torch.zeros(16, 1))).backward()
    opt.step()
