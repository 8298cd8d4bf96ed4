"""What follows from a graph is worked out once, and the picture and the page agree on it."""

import gc
from dataclasses import replace

import pytest
import torch
from graphs import every_verdict
from torch import Tensor, nn

import gradviz
from gradviz.folding import once
from gradviz.folding.boxes import BoxKind
from gradviz.folding.concern import concern_of
from gradviz.folding.first_view import first_view
from gradviz.folding.fold import fold
from gradviz.folding.modules import Rooms
from gradviz.folding.once import modules_of
from gradviz.folding.outline import outline
from gradviz.folding.tree import Group, GroupSort
from gradviz.render.page_things import page_graph

ODD = 3  # which block differs


class Block(nn.Module):
    """Two layers; of an odd one something differs."""

    def __init__(self, odd: str) -> None:
        super().__init__()
        self.up, self.down, self.odd = nn.Linear(4, 4), nn.Linear(4, 4), odd
        if odd == "unused":
            self.gate = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.up(x).relu()
        if self.odd == "cut":
            hidden = hidden.detach()
        if self.odd == "partial":
            hidden = hidden + hidden.detach()
        if self.odd == "operation":
            hidden = hidden * 2
        return self.down(hidden) + (hidden if self.odd == "wired" else x)


class Stack(nn.Module):
    """Blocks one after the other, of which one is odd."""

    def __init__(self, odd: str = "", blocks: int = 8) -> None:
        super().__init__()
        many = [Block(odd if number == ODD else "") for number in range(blocks)]
        self.first = nn.Linear(4, 4)
        if odd == "named":
            for number, block in enumerate(many):
                setattr(self, f"h{number}", block)
        else:
            self.layers = nn.ModuleList(many)
        for block in many[ODD : ODD + 1] if odd == "frozen" else ():
            block.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for block in [*self.children()][1:] if hasattr(self, "h0") else self.layers:
            x = block(x)
        return x.sum()


def report_of(odd: str, blocks: int = 8) -> gradviz.Report:
    model = Stack(odd, blocks)
    held = [p for name, p in model.named_parameters() if f"s.{ODD}." not in name or odd != "held"]
    with gradviz.trace() as trace:
        loss = model(torch.ones(2, 4))
    return trace.report(loss, model, torch.optim.SGD(held, lr=0.1))


def tree_of(report: gradviz.Report) -> tuple[Group, list[Group], set[int]]:
    """Return the page's tree, the groups that are open at first, and which cuts are in sight."""
    drawn = page_graph(report)
    things = [thing.in_outline for thing in drawn.things]
    root = outline(things, [line[:2] for line in drawn.lines], equal=drawn.equal)
    opened = first_view(
        root,
        lambda number: concern_of(
            drawn.things[number].verdict, severs=drawn.things[number].sort == "mark"
        ),
    )
    in_sight = [child for group in opened for child in group.children if isinstance(child, int)]
    return root, opened, {cut for number in in_sight for cut in drawn.things[number].cuts}


def runs_of_page(root: Group) -> set[frozenset[str]]:
    groups, runs = [root], set()
    for group in groups:
        inner = [child for child in group.children if isinstance(child, Group)]
        groups += inner
        if group.sort is GroupSort.RUN:
            runs.add(frozenset(".".join(child.path) for child in inner))
    return runs


def runs_of_picture(report: gradviz.Report) -> set[frozenset[str]]:
    rooms = Rooms(modules_of(report.graph, report.parameters))
    return {
        frozenset(module.path for module in room.members)
        for room in rooms.all
        if room.modules > 1 and room.depth <= 2
    }


ODDITIES = ("", "frozen", "cut", "partial", "wired", "operation", "unused", "held", "named")


@pytest.mark.parametrize("odd", ODDITIES)
def test_picture_and_page_tell_the_same_blocks_as_equal_and_the_odd_one_apart(odd):
    report = report_of(odd)
    runs = runs_of_picture(report)
    assert runs_of_page(tree_of(report)[0]) == runs
    assert sum(map(len, runs)) == (8 if odd in ("", "named") else 7)


@pytest.mark.parametrize("blocks", [2, 5])
def test_they_agree_on_how_many_blocks_are_worth_it(blocks):
    report = report_of("frozen", blocks)
    assert runs_of_page(tree_of(report)[0]) == runs_of_picture(report)


@pytest.mark.parametrize("odd", ["cut", "partial"])
def test_what_severs_is_in_sight_on_both(odd):
    report = report_of(odd, 40)
    drawn = {
        cut
        for box in fold(report.graph, report.parameters).boxes
        if box.kind is BoxKind.CUT
        for cut in box.cuts
    }
    assert drawn == tree_of(report)[2] == set(range(len(report.cuts)))


def test_modules_are_worked_out_once_for_a_report():
    report = every_verdict()
    modules = modules_of(report.graph, report.parameters)
    assert modules_of(report.graph, report.parameters) is modules
    assert modules_of(report.graph, report.parameters, {"f1.weight": "new"}) is not modules


def test_another_graph_has_its_own_and_nothing_is_kept_of_one_that_is_gone():
    report, other = every_verdict(), every_verdict()
    modules = modules_of(report.graph, report.parameters)
    assert modules_of(other.graph, report.parameters) is not modules
    report = replace(report, graph=other.graph)
    del report, other
    gc.collect()
    assert once._kept == []
