# What measures is a single layer in evaluation mode, registered beside what is trained.
import torch
from torch import nn

torch.manual_seed(0)
agent = nn.ModuleDict({"actor": nn.Linear(4, 2), "critic": nn.Linear(2, 1)})
agent["critic"].eval()
optimizer = torch.optim.Adam(agent["actor"].parameters(), lr=1e-2)
for _ in range(5):
    value = agent["critic"](agent["actor"](torch.randn(8, 4)).tanh()).mean()
    optimizer.zero_grad()
    (-value).backward()
    optimizer.step()
