"""pytorch-115607: once a step came without gradients, later ones are left out."""

import torch

torch.manual_seed(0)
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.Adam(model.parameters())


class Forgetful:
    """Steps no more after a step without gradients, as a compiled loop did in torch 2.2."""

    asleep = False

    def step(self):
        self.asleep = self.asleep or model.weight.grad is None
        if not self.asleep:
            optimizer.step()


loop = Forgetful()
for number in range(4):
    optimizer.zero_grad()
    if number != 0:
        model(torch.ones(1, 1)).sum().backward()
    loop.step()
