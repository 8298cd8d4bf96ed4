"""Healthy models raise nothing in their first hundred steps.

    python benchmarks/healthy.py [--steps N] [name ...]

Each is trained by a script of its own under ``gradviz run --every 10 --values``: GPT-2, ResNet-50,
an LSTM, a ViT, a U-Net, LoRA, a GAN and a PINN, small enough for a CPU, with the optimizer and the
learning rate that are usual for them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

HEAD = """
import sys, torch
import torch.nn.functional as F
from torch import nn
torch.manual_seed(0)
torch.set_num_threads(1)
steps = int(sys.argv[1])
"""
GPT2 = """
import transformers
config = transformers.GPT2Config(vocab_size=211, n_positions=32, n_embd=64, n_layer=12, n_head=4)
model = transformers.GPT2LMHeadModel(config).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=6e-4, weight_decay=0.1)
warmup = torch.optim.lr_scheduler.LinearLR(optimizer, 1e-3, 1.0, total_iters=20)
for _ in range(steps):
    ids = torch.randint(0, 211, (4, 32))
    loss = model(input_ids=ids, labels=ids).loss
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    warmup.step()
"""
RESNET50 = """
import transformers
model = transformers.ResNetForImageClassification(transformers.ResNetConfig(num_labels=10)).train()
rate = 0.1 * 8 / 256  # as it goes with the batch
optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, weight_decay=1e-4)
for _ in range(steps):
    images, labels = torch.randn(8, 3, 64, 64), torch.randint(0, 10, (8,))
    loss = F.cross_entropy(model(pixel_values=images).logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
LSTM = """
class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(300, 32, padding_idx=0)
        self.lstm = nn.LSTM(32, 48, num_layers=2, bidirectional=True, batch_first=True, dropout=0.1)
        self.head = nn.Linear(96, 12)

    def forward(self, x):
        return self.head(self.lstm(self.words(x))[0])

model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for _ in range(steps):
    x = torch.randint(1, 300, (8, 40))
    x[:, 30:] = 0
    labels = (x % 12).masked_fill(x == 0, -100)
    loss = F.cross_entropy(model(x).flatten(0, 1), labels.flatten(), ignore_index=-100)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
"""
VIT = """
import transformers
config = transformers.ViTConfig(
    hidden_size=64, num_hidden_layers=8, num_attention_heads=4, intermediate_size=128,
    image_size=32, patch_size=8, num_labels=10,
)
model = transformers.ViTForImageClassification(config).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
for _ in range(steps):
    images, labels = torch.randn(8, 3, 32, 32), torch.randint(0, 10, (8,))
    loss = F.cross_entropy(model(pixel_values=images).logits, labels, label_smoothing=0.1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
UNET = """
def block(ins, outs):
    return nn.Sequential(
        nn.Conv2d(ins, outs, 3, padding=1), nn.BatchNorm2d(outs), nn.ReLU(),
        nn.Conv2d(outs, outs, 3, padding=1), nn.BatchNorm2d(outs), nn.ReLU(),
    )

class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = (8, 16, 32, 64)
        self.down = nn.ModuleList([block(1, 8), *(block(a, 2 * a) for a in sizes[:-1])])
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * a, a, 2, 2) for a in (32, 16, 8))
        self.merge = nn.ModuleList(block(2 * a, a) for a in (32, 16, 8))
        self.head = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        skips = []
        for number, layer in enumerate(self.down):
            x = layer(F.max_pool2d(x, 2) if number else x)
            skips.append(x)
        skips.pop()
        for up, merge in zip(self.up, self.merge):
            x = merge(torch.cat([skips.pop(), up(x)], 1))
        return self.head(x)

model = UNet()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for _ in range(steps):
    images = torch.randn(2, 1, 32, 32)
    loss = F.binary_cross_entropy_with_logits(model(images), (images > 1).float())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
LORA = """
import math

class LoRA(nn.Module):
    def __init__(self, base, rank=4):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.a = nn.Parameter(torch.empty(rank, base.in_features))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))

    def forward(self, x):
        return self.base(x) + 2 * x @ self.a.T @ self.b.T

layers = (LoRA(nn.Linear(32, 32)), nn.GELU(), LoRA(nn.Linear(32, 32)), nn.GELU())
model = nn.Sequential(*layers, nn.Linear(32, 5))
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-4)
for _ in range(steps):
    x = torch.randn(16, 32)
    loss = F.cross_entropy(model(x), (x[:, 0] > 0).long())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
GAN = """
G = nn.Sequential(
    nn.ConvTranspose2d(16, 32, 4), nn.BatchNorm2d(32), nn.ReLU(),
    nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
    nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Tanh(),
)
D = nn.Sequential(
    nn.Conv2d(1, 16, 4, 2, 1), nn.LeakyReLU(0.2),
    nn.Conv2d(16, 32, 4, 2, 1), nn.BatchNorm2d(32), nn.LeakyReLU(0.2),
    nn.Conv2d(32, 1, 4), nn.Flatten(),
)
of_g = torch.optim.Adam(G.parameters(), lr=2e-4, betas=(0.5, 0.999))
of_d = torch.optim.Adam(D.parameters(), lr=2e-4, betas=(0.5, 0.999))
ones, zeros = torch.ones(8, 1), torch.zeros(8, 1)
loss_of = nn.BCEWithLogitsLoss()
for _ in range(steps // 2):
    real, fake = torch.rand(8, 1, 16, 16) * 2 - 1, G(torch.randn(8, 16, 1, 1))
    of_d.zero_grad()
    d_loss = loss_of(D(real), ones) + loss_of(D(fake.detach()), zeros)
    d_loss.backward()
    of_d.step()
    of_g.zero_grad()
    g_loss = loss_of(D(fake), ones)
    g_loss.backward()
    of_g.step()
"""
PINN = """
layers = [nn.Linear(2, 20), nn.Tanh()]
for _ in range(4):
    layers += [nn.Linear(20, 20), nn.Tanh()]
model = nn.Sequential(*layers, nn.Linear(20, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

def slope(of, at):
    return torch.autograd.grad(of, at, torch.ones_like(of), create_graph=True)[0]

for _ in range(steps):
    x, t = torch.rand(64, 1) * 2 - 1, torch.rand(64, 1)
    x.requires_grad_()
    t.requires_grad_()
    u = model(torch.cat([x, t], 1))
    u_x = slope(u, x)
    residual = slope(u, t) + u * u_x - 0.01 / torch.pi * slope(u_x, x)
    start = torch.rand(32, 1) * 2 - 1
    begun = model(torch.cat([start, torch.zeros_like(start)], 1)) + torch.sin(torch.pi * start)
    loss = residual.square().mean() + begun.square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
SCRIPTS = {
    "GPT-2": GPT2,
    "ResNet-50": RESNET50,
    "LSTM": LSTM,
    "ViT": VIT,
    "U-Net": UNET,
    "LoRA": LORA,
    "GAN": GAN,
    "PINN": PINN,
}


def started(command: Sequence[str], folder: Path) -> tuple[int, str, str]:
    """Run a command in a folder; return its exit code, its output and its standard error."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def raised(
    name: str,
    steps: int,
    folder: Path,
    *,
    every: int = 10,
    start: Callable[[Sequence[str], Path], tuple[int, str, str]] = started,
) -> list[str]:
    """Train one under ``gradviz run --values``; return what was raised."""
    script, report = folder / "train.py", folder / "report.json"
    script.write_text(HEAD + SCRIPTS[name], encoding="utf-8")
    options = ["--every", str(every), "--values", "-o", str(report)]
    command = [sys.executable, "-m", "gradviz", "run", *options, str(script), str(steps)]
    code, _, err = start(command, folder)
    if code or not report.exists():
        return [f"ended with {code}", *err.splitlines()[-5:]]
    document = json.loads(report.read_text(encoding="utf-8"))
    training = document["training"]
    return [
        *(line for line in err.splitlines() if "ALARM" in line or "warn" in line.lower()),
        *(f"alarm: {alarm['why']} {alarm['parameters'][:3]}" for alarm in training["alarms"]),
        *(
            f"{fate['name']} does not train: {fate['why']}"
            for fate in training["parameters"]
            if fate["trains"] is False and fate["why"] != "frozen"
        ),
        *(
            f"backward {call['index']}: {birth['operation']} gives NaN or infinity"
            for call in document["backwards"]
            for birth in call.get("births", ())
        ),
    ]


def main() -> int:
    """Train each, print what was raised, and return 1 where anything was."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("names", nargs="*", default=list(SCRIPTS))
    asked = parser.parse_args()
    good = True
    for name in asked.names:
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            words = raised(name, asked.steps, Path(folder))
        seconds = time.perf_counter() - began
        print(f"{name:10} {seconds:6.1f} s  {'nothing raised' if not words else 'RAISED'}")
        print("".join(f"    {line}\n" for line in words), end="", flush=True)
        good &= not words
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
