"""RL: the action drawn with multinomial is embedded and scored; the policy gets nothing from the score."""
import torch
from torch import nn


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.policy = nn.Linear(3, 4)
        self.embed = nn.Embedding(4, 3)

    def forward(self, s):
        a = torch.multinomial(self.policy(s).softmax(-1), 1).squeeze(1)
        return (self.embed(a) * s).sum(1)


def step():
    torch.manual_seed(0)
    model = Agent()
    return -model(torch.randn(8, 3)).mean(), model


EXPECT = {"policy.weight": "cut", "policy.bias": "cut", "embed.weight": "reached"}
CUTS = [("non_differentiable", "a = torch.multinomial(self.policy(s).softmax(-1), 1).squeeze(1)")]
