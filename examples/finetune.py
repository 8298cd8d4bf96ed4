"""A fine-tuning run: an encoder trained with ``--pretrain`` learns a second task, with a new head.

The encoder's features are computed under no_grad. The new ``norm`` was put there too, and never
trains. With ``--mended`` the encoder is frozen, and the norm trains.
"""

import argparse
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy

TOKENS, LENGTH, WIDTH = 8, 12, 16


class Classifier(nn.Module):
    """A small transformer, a norm and a head."""

    def __init__(self, classes):
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, nhead=2, dim_feedforward=32, dropout=0.0, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, classes)

    def encode(self, tokens):
        return self.encoder(self.embedding(tokens)).mean(1)

    def features(self, tokens):
        return self.norm(self.encode(tokens))

    def forward(self, tokens):
        return self.head(self.features(tokens))


class FineTuned(Classifier):
    """The encoder is trained already, and its features are constants."""

    @torch.no_grad()
    def features(self, tokens):
        return super().features(tokens)


class Mended(Classifier):
    """The encoder is trained already, and frozen."""

    def __init__(self, classes):
        super().__init__(classes)
        self.embedding.requires_grad_(False)
        self.encoder.requires_grad_(False)


def batches(steps, label):
    """Random sequences with their labels."""
    for _ in range(steps):
        tokens = torch.randint(TOKENS, (32, LENGTH))
        yield tokens, label(tokens)


def many_zeros(tokens):
    """The first task."""
    return ((tokens == 0).sum(1) > 1).long()


def how_many_small(tokens):
    """The second task."""
    return (tokens < 2).sum(1).clamp(max=3)


def train(model, label, steps):
    """Train what is not frozen."""
    optimizer = torch.optim.AdamW(
        [each for each in model.parameters() if each.requires_grad], lr=0.01
    )
    for step, (tokens, labels) in enumerate(batches(steps, label), 1):
        optimizer.zero_grad()
        loss = cross_entropy(model(tokens), labels)
        loss.backward()
        optimizer.step()
        if step in (1, steps):
            print(f"step {step}: loss {loss.item():.1f}")


def step(mode="broken"):
    """One step, for gradviz to look at."""
    torch.manual_seed(0)
    model = (Mended if mode == "mended" else FineTuned)(4)
    tokens, labels = next(batches(1, how_many_small))
    return cross_entropy(model(tokens), labels), model


def mended():
    """The same step, mended."""
    return step("mended")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--pretrain", action="store_true", help="train the encoder first, and save it"
    )
    parser.add_argument("--mended", action="store_true")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    if arguments.pretrain:
        model = Classifier(2)
        train(model, many_zeros, steps=30)
        torch.save(
            {
                name: value
                for name, value in model.state_dict().items()
                if not name.startswith(("head", "norm"))
            },
            "encoder.pt",
        )
    elif not Path("encoder.pt").exists():
        parser.error("there is no encoder.pt yet: run it with --pretrain first")
    else:
        model = (Mended if arguments.mended else FineTuned)(4)
        model.load_state_dict(torch.load("encoder.pt"), strict=False)
        train(model, how_many_small, steps=100)
