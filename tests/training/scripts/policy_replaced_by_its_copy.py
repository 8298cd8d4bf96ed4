import copy

import torch
from torch import nn


class Agent:
    def __init__(self):
        self.policy = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 3))
        decayed = [p for p in self.policy.parameters() if p.dim() > 1]
        others = [p for p in self.policy.parameters() if p.dim() == 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": decayed}, {"params": others, "weight_decay": 0.0}], lr=1e-2
        )
        self.initial = copy.deepcopy(self.policy)

    def reset(self):
        self.policy = copy.deepcopy(self.initial)

    def learn(self, x, y):
        loss = nn.functional.cross_entropy(self.policy(x), y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


torch.manual_seed(0)
agent = Agent()
agent.reset()
for _ in range(4):
    agent.learn(torch.randn(6, 4), torch.randint(0, 3, (6,)))
