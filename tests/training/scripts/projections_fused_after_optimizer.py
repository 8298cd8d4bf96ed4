# three projections are fused into one weight after the optimizer was made
import torch
from torch import nn
torch.manual_seed(0)
class Attention(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.q, self.k, self.v = nn.Linear(d, d, bias=False), nn.Linear(d, d, bias=False), nn.Linear(d, d, bias=False)
        self.out = nn.Linear(d, d)
        self.qkv = None
    def fuse(self):
        weight = torch.cat([self.q.weight.data, self.k.weight.data, self.v.weight.data])
        self.qkv = nn.Parameter(weight)
        del self.q, self.k, self.v
    def forward(self, x):
        if self.qkv is None:
            q, k, v = self.q(x), self.k(x), self.v(x)
        else:
            q, k, v = nn.functional.linear(x, self.qkv).chunk(3, -1)
        return self.out(nn.functional.scaled_dot_product_attention(q, k, v))
model = Attention(8)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
model.fuse()
for _ in range(5):
    optimizer.zero_grad()
    loss = model(torch.randn(2, 5, 8)).square().mean()
    loss.backward()
    optimizer.step()
print(loss.item())
