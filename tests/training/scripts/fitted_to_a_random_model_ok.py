import torch
from torch import nn
torch.manual_seed(0)
class Law(nn.Module):
    """The law to be learned."""
    def __init__(self):
        super().__init__(); self.w=nn.Parameter(torch.randn(3,1)); self.b=nn.Parameter(torch.randn(1))
    def forward(self,x): return x@self.w+self.b
target=Law(); net=nn.Linear(3,1); opt=torch.optim.SGD(net.parameters(), lr=.05)
for _ in range(30):
    x=torch.randn(16,3)
    loss=(net(x)-target(x)).square().mean()
    opt.zero_grad(); loss.backward(); opt.step()
print(loss.item())
