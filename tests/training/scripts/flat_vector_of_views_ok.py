import torch
torch.manual_seed(0)


class FlatModel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = torch.nn.Embedding(10, 6)
        self.head = torch.nn.Linear(6, 10)

    def forward(self, ids):
        return self.head(self.emb(ids))


def flatten(model):
    params = [p for p in model.parameters()]
    total = sum(p.numel() for p in params)
    flat = torch.zeros(total, requires_grad=True)
    flat.grad = torch.zeros(total)
    start = 0
    with torch.no_grad():
        for p in params:
            end = start + p.numel()
            flat[start:end].copy_(p.reshape(-1))
            p.data = flat.data[start:end].view_as(p.data)
            p.grad = flat.grad[start:end].view_as(p.data)
            start = end
    return flat


model = FlatModel()
flat = flatten(model)
optimizer = torch.optim.Adam([flat], lr=0.01)
ids, target = torch.randint(10, (32,)), torch.randint(10, (32,))
for step in range(5):
    optimizer.zero_grad(set_to_none=False)
    loss = torch.nn.functional.cross_entropy(model(ids), target)
    loss.backward()
    optimizer.step()
    print(step, loss.item())
