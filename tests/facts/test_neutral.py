"""What stays cut where one cut is taken for none, held against the step without the line."""

import pytest
import torch
from torch import nn

import gradviz
from gradviz.facts.neutral import still_severed
from gradviz.graph import Cut, CutKind, Graph, Node, NodeKind

NAMES = ("a", "b", "c")


def step(*lines, without=-1):
    """Run lines of a step, the one at a position with what cuts taken out of it."""
    code = "\n".join(
        line.replace(".detach()", "").replace("torch.no_grad()", "nullcontext()")
        if number == without
        else line
        for number, line in enumerate(lines)
    )
    torch.manual_seed(0)
    model = nn.ModuleDict({name: nn.Linear(3, 3, bias=False) for name in NAMES})
    names = {"torch": torch, "x": torch.ones(2, 3), **model}
    exec(compile("from contextlib import nullcontext\n" + code, "step.py", "exec"), names)
    return names["h"].sum(), model


def reached(*lines, without=-1):
    loss, model = step(*lines, without=without)
    loss.backward()
    return {
        name
        for name in NAMES
        if model[name].weight.grad is not None and model[name].weight.grad.any()
    }


STEPS = {
    "one": ("h = a(x).detach()", "h = c(b(h))"),
    "in series": ("h = a(x).detach()", "h = (h * 2).detach()", "h = c(b(h))"),
    "a block behind it": ("h = a(x).detach()", "with torch.no_grad(): h = b(h).relu()", "h = c(h)"),
    "a block around all": ("with torch.no_grad(): h = b(a(x).relu())", "h = c(h)"),
    "beside a block": (
        "h = a(x).detach()",
        "with torch.no_grad(): g = b(h).relu()",
        "h = c(h + g)",
    ),
    "two values, one cut again": (
        "h, k = a(x).detach(), b(x).detach()",
        "h = c(h + k.detach())",
    ),
    "in a loop": ("h = x", "for layer in (a, b): h = (layer(h) + 1).detach()", "h = c(h)"),
}


@pytest.mark.parametrize("lines", STEPS.values(), ids=STEPS)
def test_what_stays_cut_is_what_the_step_without_the_line_leaves_so(lines):
    with gradviz.trace() as trace:
        loss, model = step(*lines)
    report = trace.report(loss, model)
    assert report.cuts
    before = reached(*lines)
    for cut, still in zip(report.cuts, still_severed(report.graph, report.cuts), strict=True):
        number = cut.line - 2
        freed = {name.partition(".")[0] for name in cut.parameters if name not in still}
        assert reached(*lines, without=number) - before == freed - before


def test_a_cut_without_a_line_in_the_graph_leaves_all_behind_it_cut():
    cut = Cut(kind=CutKind.DETACH, operation="detach()", parameters=("w",))
    graph = Graph((Node(index=0, kind=NodeKind.LOSS),), ())
    assert list(still_severed(graph, [cut])) == [("w",)]
