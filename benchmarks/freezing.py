"""What the ways to freeze cost where it matters.

ResNet-50 and GPT-2 small with the lower half fixed, and the article's net.

    python benchmarks/freezing.py [--runs 7] [--svg FILE]

Random weights, one thread, processor time; the ways take turns. The lower half is fixed: ResNet up
to the end of its second stage, GPT-2 up to the end of the sixth of its twelve blocks.
"""

import argparse
from pathlib import Path

import models
import torch
import torch.nn.functional as F
import transformers

from gradviz.costing.article import costs
from gradviz.costing.freezing import ways
from gradviz.costing.measure import measure
from gradviz.costing.table import LEGEND, text


def resnet(batch):
    """ResNet-50 on images of 64 x 64, fixed up to its second stage."""
    torch.manual_seed(0)
    model = transformers.ResNetForImageClassification(
        transformers.ResNetConfig(num_labels=10)
    ).train()
    images, labels = torch.randn(batch, 3, 64, 64), torch.arange(batch) % 10
    return (
        model,
        "resnet.encoder.stages.1",
        lambda: F.cross_entropy(model(pixel_values=images).logits, labels),
    )


def gpt2(batch):
    """GPT-2 small on 32 tokens, fixed up to its sixth block."""
    torch.manual_seed(0)
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config()).train()
    ids = torch.randint(0, 50257, (batch, 32))
    return model, "transformer.h.5", lambda: model(input_ids=ids, labels=ids).loss


CASES = {
    "ResNet-50, batch 2": (resnet, 2),
    "ResNet-50, batch 8": (resnet, 8),
    "GPT-2 small, batch 1": (gpt2, 1),
    "GPT-2 small, batch 4": (gpt2, 4),
}


def main() -> None:
    """Print a table for each case, and draw the plot where a file is named."""
    assert models  # which says what is missing, and ends, without transformers
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--svg", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tables = {"The article's net": costs()}
    for title, (make, batch) in CASES.items():
        model, layer, forward = make(batch)
        tables[title] = measure(ways(model, layer, forward), arguments.runs)
        del model, forward
    for title, table in tables.items():
        print(f"{title}\n{text(table)}")
    print(LEGEND)
    if arguments.svg is not None:
        arguments.svg.write_text(plot(tables), encoding="utf-8")


def plot(tables):
    """Return bars of the median step time and of the saved memory, each as a share of what freezing
    nothing takes, as SVG.
    """
    width, row, left = 720, 16, 190
    parts, y = [], 30
    for title, table in tables.items():
        base = table["none"]
        parts.append(f'<text x="10" y="{y}" class="t">{title}</text>')
        for name, cost in table.items():
            y += row
            time = (cost.forward.median + cost.backward.median) / (
                base.forward.median + base.backward.median
            )
            memory = cost.saved / base.saved
            parts.append(f'<text x="20" y="{y}">{name}</text>')
            for place, (share, kind) in enumerate(((time, "a"), (memory, "b"))):
                x = left + place * 270
                parts.append(
                    f'<rect x="{x}" y="{y - 10}" width="{200 * min(share, 1.15):.1f}" height="11"'
                    f' class="{kind}"/>'
                )
                parts.append(
                    f'<text x="{x + 200 * min(share, 1.15) + 4:.1f}" y="{y}">{100 * share:.0f}'
                    " %</text>"
                )
        y += 2 * row
    style = (
        "text{font:11px"
        " sans-serif;fill:#1f2328}.t{font-weight:bold}.a{fill:#0b5cad}.b{fill:#00664b}"
        "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.a{fill:#79b8ff}.b{fill:#4fd1a5}}"
    )
    head = (
        f'<text x="{left}" y="14" class="t">time of a step</text><text x="{left + 270}" y="14"'
        ' class="t">saved for backward</text>'
    )
    title = "Time and memory of each way to freeze, as a share of freezing nothing"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}"'
        f' role="img"><title>{title}</title>'
        f"<style>{style}</style>{head}{''.join(parts)}</svg>\n"
    )


if __name__ == "__main__":
    main()
