import torch
from torch import multiprocessing, nn


def work(seed, net):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    for _ in range(4):
        optimizer.zero_grad()
        loss = net(torch.randn(8, 4)).pow(2).mean()
        loss.backward()
        net.zero_grad()
        optimizer.step()


if __name__ == "__main__":
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    net.share_memory()
    for seed in range(2):
        worker = multiprocessing.get_context("fork").Process(target=work, args=(seed, net))
        worker.start()
        worker.join()
    print(f"{sum(p.double().sum().item() for p in net.parameters()):.12f}")
