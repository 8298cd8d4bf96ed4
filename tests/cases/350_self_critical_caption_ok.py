"""Self-critical sequence training: tokens drawn with multinomial, reward from the token lists, gradient through log-probabilities.
Source: no thread (SCST idiom)"""
import torch
from torch import nn


class Captioner(nn.Module):
    def __init__(self):
        super().__init__()
        self.image = nn.Linear(4, 6)
        self.vocab = nn.Linear(6, 5)


def reward(tokens):
    return torch.tensor([float(len(set(row))) for row in tokens.tolist()])


def step():
    torch.manual_seed(0)
    model = Captioner()
    h = torch.tanh(model.image(torch.randn(4, 4)))
    logp = model.vocab(h).log_softmax(-1)
    sampled = torch.multinomial(logp.exp(), 3, replacement=True)
    greedy = logp.argmax(-1, keepdim=True)
    advantage = (reward(sampled) - reward(greedy)).unsqueeze(1)
    return -(advantage * logp.gather(1, sampled)).mean(), model


EXPECT = {"image.weight": "reached", "image.bias": "reached", "vocab.weight": "reached", "vocab.bias": "reached"}
CUTS = [("non_differentiable", "sampled = torch.multinomial(logp.exp(), 3, replacement=True)"),
        ("argmax/index", "greedy = logp.argmax(-1, keepdim=True)")]
ALT_KINDS = {CUTS[0][1]: ["argmax/index"]}
PARTIAL = list(EXPECT)
BUG = False
