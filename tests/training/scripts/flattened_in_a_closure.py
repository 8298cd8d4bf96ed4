# the flat vector is in a closure only
import torch
from torch import nn
def flattened(model):
    slots = [(m, n, p.shape) for m in model.modules() for n, p in list(m._parameters.items()) if p is not None]
    vector = torch.cat([m._parameters.pop(n).detach().ravel() for m, n, _ in slots]).requires_grad_(True)
    def forward(x):
        pieces = vector.split([s.numel() for _, _, s in slots])
        for (m, n, s), piece in zip(slots, pieces):
            m.__dict__[n] = piece.view(s)
        return model(x)
    return forward
def main():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 6), nn.SiLU(), nn.Linear(6, 2))
    opt = torch.optim.AdamW(model.parameters(), lr=1e-3)
    forward = flattened(model)
    for _ in range(5):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(forward(torch.randn(10, 6)), torch.arange(10) % 2)
        loss.backward()
        opt.step()
    print(loss.item())
main()
