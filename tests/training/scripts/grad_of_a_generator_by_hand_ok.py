import torch

torch.manual_seed(3)
net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
for _ in range(5):
    loss = net(torch.randn(6, 4)).square().mean()
    gradients = torch.autograd.grad(loss, net.parameters())
    with torch.no_grad():
        for weight, gradient in zip(net.parameters(), gradients):
            weight -= 0.1 * gradient
