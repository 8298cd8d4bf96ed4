"""RL: the encoder is shared; `act` is decorated with inference_mode for the rollout and its embedding is reused by the learner."""
import torch
from torch import nn


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(3, 4)
        self.value = nn.Linear(4, 1)

    @torch.inference_mode()
    def embed(self, obs):
        return torch.relu(self.encoder(obs))


def step():
    torch.manual_seed(0)
    model = Agent()
    z = model.embed(torch.randn(5, 3)).clone()
    return (model.value(z) - 1).square().mean(), model


EXPECT = {"encoder.weight": "cut", "encoder.bias": "cut", "value.weight": "reached", "value.bias": "reached"}
CUTS = [("inference_mode", "return torch.relu(self.encoder(obs))")]
ALT = {CUTS[0][1]: ["@torch.inference_mode()"]}
