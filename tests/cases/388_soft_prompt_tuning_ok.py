"""Prompt tuning: a soft prompt in front of a frozen language model is the only thing that trains; labels of the prompt positions
are ignored.   Source: no thread (huggingface/peft idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class PromptedLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(10, 6)
        self.rnn = nn.GRU(6, 6, batch_first=True)
        self.lm_head = nn.Linear(6, 10, bias=False)
        self.requires_grad_(False)
        self.prompt = nn.Parameter(self.wte.weight[:3].detach().clone())

    def forward(self, ids):
        x = torch.cat([self.prompt.expand(ids.shape[0], -1, -1), self.wte(ids)], 1)
        y, _ = self.rnn(x)
        return self.lm_head(y)


def step():
    torch.manual_seed(0)
    model = PromptedLM()
    ids = torch.randint(0, 10, (2, 5))
    labels = torch.cat([torch.full((2, 3), -100), ids], 1)
    logits = model(ids)
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100), model


EXPECT = {"wte.weight": "frozen", "lm_head.weight": "frozen", "prompt": "reached"}
EXPECT.update({f"rnn.{k}": "frozen" for k in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")})
CUTS = []
BUG = False
