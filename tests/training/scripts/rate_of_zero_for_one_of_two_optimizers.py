import torch
from torch import nn
torch.manual_seed(0)
gen, dis = nn.Linear(3, 4), nn.Linear(4, 1)
args = {"lr_g": 1e-3, "lr_d": 0}
opt_g = torch.optim.Adam(gen.parameters(), lr=args["lr_g"])
opt_d = torch.optim.Adam(dis.parameters(), lr=args["lr_d"])
for step in range(20):
    fake, real = gen(torch.randn(8, 3)), torch.randn(8, 4) + 1
    opt_d.zero_grad()
    (dis(fake.detach()).mean() - dis(real).mean()).backward()
    opt_d.step()
    opt_g.zero_grad()
    (-dis(fake).mean()).backward()
    opt_g.step()
