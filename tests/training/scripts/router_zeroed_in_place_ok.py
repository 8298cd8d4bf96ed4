"""One of six experts at a time, and gradients set to zero in place: what is not chosen keeps zeros."""

import torch
from torch import nn


def main():
    torch.manual_seed(0)
    experts, router = nn.ModuleList(nn.Linear(4, 1) for _ in range(6)), nn.Linear(4, 6)
    optimizer = torch.optim.Adam([*experts.parameters(), *router.parameters()], lr=1e-2)
    for _ in range(150):
        x = torch.randn(1, 4)
        shares = router(x).softmax(-1)
        chosen = int(shares.multinomial(1))
        loss = (experts[chosen](x) * shares[0, chosen] - x.sum()).square().mean()
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()


main()
