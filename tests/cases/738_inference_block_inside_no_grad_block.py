"""Nested: an inference_mode block in a no_grad block; the retriever runs in the inner, the reranker in the outer one."""
import torch
from torch import nn


def step():
    torch.manual_seed(0)
    model = nn.ModuleDict({"retriever": nn.Linear(3, 3), "reranker": nn.Linear(3, 3), "reader": nn.Linear(3, 1)})
    q = torch.randn(4, 3)
    with torch.no_grad():
        with torch.inference_mode():
            d = model["retriever"](q)
        r = model["reranker"](q)
    return model["reader"](r + d.clone()).square().mean(), model


EXPECT = {"retriever.weight": "cut", "retriever.bias": "cut", "reranker.weight": "cut", "reranker.bias": "cut",
          "reader.weight": "reached", "reader.bias": "reached"}
CUTS = [("inference_mode", 'd = model["retriever"](q)'), ("no_grad", 'r = model["reranker"](q)')]
