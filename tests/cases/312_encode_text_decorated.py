"""encode_text was written for zero-shot evaluation and carries @torch.no_grad(); the training loop
calls it too, so the text tower of the contrastive loss never trains.   Source: cf. haotian-liu/LLaVA#1449"""
import torch
from torch import nn
import torch.nn.functional as F


class Clip(nn.Module):
    def __init__(self):
        super().__init__()
        self.visual = nn.Linear(6, 4)
        self.token = nn.Embedding(9, 5)
        self.text_projection = nn.Parameter(torch.randn(5, 4) * 0.3)
        self.logit_scale = nn.Parameter(torch.tensor(1.0))

    @torch.no_grad()
    def encode_text(self, ids):
        h = self.token(ids).mean(1)
        return F.normalize(h @ self.text_projection, dim=-1)

    def forward(self, image, ids):
        v = F.normalize(self.visual(image), dim=-1)
        t = self.encode_text(ids)
        return self.logit_scale.exp() * v @ t.t()


def step():
    torch.manual_seed(0)
    model = Clip()
    logits = model(torch.randn(4, 6), torch.randint(0, 9, (4, 3)))
    y = torch.arange(4)
    return (F.cross_entropy(logits, y) + F.cross_entropy(logits.t(), y)) / 2, model


EXPECT = {"visual.weight": "reached", "visual.bias": "reached", "token.weight": "cut", "text_projection": "cut",
          "logit_scale": "reached"}
CUTS = [("no_grad", "h = self.token(ids).mean(1)"), ("no_grad", "return F.normalize(h @ self.text_projection, dim=-1)")]
ALT = {c[1]: ["@torch.no_grad()", "def encode_text(self, ids):", "t = self.encode_text(ids)"] for c in CUTS}
