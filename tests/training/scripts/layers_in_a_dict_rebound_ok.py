import torch

torch.manual_seed(0)
layers = {
    "in": torch.randn(4, 6).mul_(0.3).requires_grad_(),
    "out": torch.randn(6, 1).mul_(0.3).requires_grad_(),
}
for epoch in range(9):
    x = torch.randn(32, 4)
    loss = (torch.relu(x @ layers["in"]) @ layers["out"] - x[:, :1]).square().mean()
    loss.backward()
    layers = {
        key: (value.detach() - 0.05 * value.grad).requires_grad_()
        for key, value in layers.items()
    }
