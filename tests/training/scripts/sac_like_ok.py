import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)

actor = nn.Linear(3, 2)
critic = nn.Linear(5, 1)
log_alpha = torch.zeros(1, requires_grad=True)
oa = torch.optim.Adam(actor.parameters(), lr=1e-3)
oc = torch.optim.Adam(critic.parameters(), lr=1e-3)
ol = torch.optim.Adam([log_alpha], lr=1e-3)
for _ in range(4):
    s = torch.randn(8, 3)
    with torch.no_grad():
        a = actor(s).tanh()
    lc = (critic(torch.cat([s, a], 1)) - torch.randn(8, 1)).pow(2).mean()
    oc.zero_grad()
    lc.backward()
    oc.step()
    out = actor(s)
    logp = -out.pow(2).sum(1, keepdim=True)
    la = (log_alpha.exp().detach() * logp - critic(torch.cat([s, out.tanh()], 1))).mean()
    oa.zero_grad()
    la.backward()
    oa.step()
    ll = -(log_alpha * (logp + 1).detach()).mean()
    ol.zero_grad()
    ll.backward()
    ol.step()
